//! The line that is edited: keys, history, where completion is asked. All of `rustyline` is here.

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use qomet_qmp::ServerAddress;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Context, Helper};

use super::Shell;
use super::complete::complete;
use super::line::is_confidential;
use crate::console::{Console, Paint};
use crate::host;
use crate::text::shown;

/// So many lines are kept.
const LINES: usize = 2000;

/// What was typed.
pub(super) enum Read {
    Line(String),
    /// The line was given up.
    Nothing,
    /// Ctrl-D.
    End,
    /// The terminal fails.
    Broken(String),
}

/// A terminal with a shell behind it.
pub(super) struct Editor {
    lines: rustyline::Editor<Assistant, FileHistory>,
    shell: Rc<RefCell<Shell>>,
    history: Option<PathBuf>,
}

/// Who completes and colours.
struct Assistant {
    shell: Rc<RefCell<Shell>>,
    paint: Paint,
}

impl Editor {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It cannot be had.
    pub(super) fn new(shell: Shell, console: &Console) -> Result<Self, String> {
        let failed = |error: ReadlineError| format!("cannot edit lines on this terminal: {error}");
        let paint = console.paint();
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .color_mode(if paint.is_plain() { ColorMode::Disabled } else { ColorMode::Enabled })
            .history_ignore_space(true)
            .max_history_size(LINES)
            .map_err(failed)?
            .build();
        let mut lines = rustyline::Editor::with_config(config).map_err(failed)?;
        let shell = Rc::new(RefCell::new(shell));
        lines.set_helper(Some(Assistant { shell: Rc::clone(&shell), paint }));
        // Without a history the shell is as good as with one.
        let history = host::state_file("history");
        if let Some(file) = &history {
            let _ = lines.load_history(file);
        }
        Ok(Editor { lines, shell, history })
    }

    /// Lets the shell do something.
    pub(super) fn with<T>(&mut self, act: impl FnOnce(&mut Shell) -> T) -> T {
        act(&mut self.shell.borrow_mut())
    }

    /// Reads a line.
    pub(super) fn read(&mut self, address: &ServerAddress, console: &Console) -> Read {
        let name = match address {
            ServerAddress::Unix(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            ServerAddress::Tcp { .. } => address.to_string(),
        };
        let place = self.with(|shell| shell.place.path().to_owned());
        let (plain, paint) = (format!("{}:{}> ", shown(&name), shown(&place)), console.paint());
        let styled = paint.name(&plain);
        match self.lines.readline(&(plain, styled)) {
            Ok(line) => {
                if !line.trim().is_empty() && !is_confidential(&line) {
                    let kept = self.lines.add_history_entry(line.as_str()).unwrap_or(false);
                    if let (true, Some(file)) = (kept, &self.history) {
                        let _ = self.lines.append_history(file);
                    }
                }
                Read::Line(line)
            }
            Err(ReadlineError::Interrupted) => Read::Nothing,
            Err(ReadlineError::Eof) => Read::End,
            Err(error) => Read::Broken(format!("cannot read from the terminal: {error}")),
        }
    }
}

impl Helper for Assistant {}

impl Validator for Assistant {}

impl Hinter for Assistant {
    type Hint = String;
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let Ok(mut shell) = self.shell.try_borrow_mut() else { return Ok((pos, Vec::new())) };
        let Shell { session, place, .. } = &mut *shell;
        if session.client.failure().is_some() {
            return Ok((pos, Vec::new()));
        }
        Ok(complete(session, place, line.get(..pos).unwrap_or_default()))
    }
}

impl Highlighter for Assistant {
    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        Cow::Owned(self.paint.name(candidate))
    }
}
