//! `shell`: all commands on one connection.
//!
//! On a terminal: a line that can be edited, a history that is kept, completion from the live server. From a file or a
//! pipe: a command a line. Paths may be relative to a place that `cd` sets, and while that is the root, to wherever the
//! server finds them (QEMU takes the end of a path).
//!
//! Ctrl-C ends what is under way, not the shell; a connection that is lost is made anew for the next command.

mod complete;
mod editor;
mod line;
mod place;

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use qomet::nearest;
use qomet_qmp::{Client, ClientError, Options};

use super::arguments::{self, Command, Connection};
use super::report::Failure;
use super::session::Session;
use super::{Done, describe, execute, types, value};
use crate::arguments::{Describe, Types};
use crate::console::Console;
use crate::host;
use crate::outcome::Outcome;
use crate::text::shown;
use editor::{Editor, Read as Given};
use place::Place;

// What help says first.
/// Paths may be relative to where 'cd' went; JSON and 'quoted text' are one word.
#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, disable_version_flag = true)]
struct Line {
    #[command(subcommand)]
    command: Word,
}

/// What a line may begin with.
#[derive(Debug, Subcommand)]
enum Word {
    /// The commands that the program has too.
    #[command(flatten)]
    Client(Command),
    /// List the server's types
    Types(Types),
    /// Explain one of the server's types or properties
    Describe(Describe),
    /// Go to an object: paths that do not begin with a slash are relative to it
    Cd {
        /// Where to; '..' is one up
        #[arg(value_name = "PATH", default_value = "/")]
        path: String,
    },
    /// Tell where relative paths begin
    Pwd,
    /// Leave; the server goes on
    #[command(visible_alias = "quit")]
    Exit,
}

/// What follows a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Go(Outcome),
    Leave,
}

/// The state of the shell.
pub(super) struct Shell {
    session: Session,
    place: Place,
    options: Options,
    cancel: Arc<AtomicBool>,
}

/// Runs the command.
pub(super) fn run(session: Session, console: &mut Console) -> Done {
    let mut options = session.client.options().clone();
    let cancel = Arc::new(AtomicBool::new(false));
    options.cancel = Some(Arc::clone(&cancel));
    let is_interactive = console.is_interactive();
    if is_interactive {
        // Without it, Ctrl-C ends the program, as it should where nobody types.
        host::raise_on_interrupt(&cancel).map_err(|trouble| Failure::usage(trouble.0, ""))?;
    }
    let mut shell = Shell { session, place: Place::default(), options, cancel };
    shell.session.client.set_cancel(shell.options.cancel.clone());
    if !is_interactive {
        return Ok(shell.follow(console));
    }
    let greeting = shell.session.client.greeting();
    let ((major, minor, micro), package) = (greeting.version, shown(greeting.package.trim()));
    let program = match package.as_str() {
        qomet if qomet.starts_with("qomet") => {
            format!("{qomet}, which speaks QMP as QEMU {major}.{minor}.{micro}")
        }
        "" => format!("QEMU {major}.{minor}.{micro}"),
        package => format!("QEMU {major}.{minor}.{micro} ({package})"),
    };
    console.print(&format!("connected to {program}; 'help' lists the commands, Tab completes\n"));
    shell.talk(console)
}

impl Shell {
    /// Reads lines from a terminal.
    fn talk(self, console: &mut Console) -> Done {
        let address = self.session.client.address().clone();
        let mut editor = Editor::new(self, console).map_err(|error| Failure::usage(error, ""))?;
        loop {
            let given = editor.read(&address, console);
            match given {
                Given::Line(line) => {
                    if editor.with(|shell| shell.execute(&line, console)) == Next::Leave {
                        break;
                    }
                }
                Given::Nothing => {}
                Given::End => break,
                Given::Broken(why) => return Err(Failure::usage(why, "")),
            }
        }
        Ok(Outcome::Fine)
    }

    /// Reads lines from what is no terminal.
    fn follow(mut self, console: &mut Console) -> Outcome {
        let mut text = String::new();
        if let Err(error) = BufReader::new(console.input().take(u64::from(u32::MAX))).read_lines(&mut text) {
            return Failure::usage(format!("cannot read standard input: {error}"), "").show(console);
        }
        let mut outcome = Outcome::Fine;
        for line in text.lines() {
            match self.execute(line, console) {
                Next::Leave => break,
                Next::Go(Outcome::Fine) => {}
                Next::Go(failed) => outcome = failed,
            }
        }
        outcome
    }

    /// Runs a line.
    fn execute(&mut self, text: &str, console: &mut Console) -> Next {
        self.cancel.store(false, Ordering::Relaxed);
        let words = match line::words(text) {
            Ok(words) => words,
            Err(what) => return Next::Go(Failure::usage(what, "").show(console)),
        };
        if words.first().is_none_or(|word| word.starts_with('#')) {
            return Next::Go(Outcome::Fine);
        }
        let matches = command(console.width()).try_get_matches_from(words);
        let mut word = match matches.and_then(|matches| Line::from_arg_matches(&matches)) {
            Ok(line) => line.command,
            Err(message) => return Next::Go(refuse(&message, console)),
        };
        if matches!(word, Word::Exit) {
            return Next::Leave;
        }
        let done = self.refresh().and_then(|()| {
            self.place.apply(&mut word);
            self.run(&word, console)
        });
        let outcome = done.unwrap_or_else(|failure| failure.show(console));
        self.tell_events(console);
        Next::Go(outcome)
    }

    fn run(&mut self, word: &Word, console: &mut Console) -> Done {
        let connection = match word {
            Word::Client(command) => command.connection(),
            Word::Types(types) => &types.connection,
            Word::Describe(describe) => &describe.connection,
            Word::Cd { .. } | Word::Pwd | Word::Exit => &Connection { connect: None, timeout: None },
        };
        if connection.connect.is_some() || connection.timeout.is_some() {
            return Err(Failure::usage(
                "the shell has a connection already",
                "leave it and start another one",
            ));
        }
        match word {
            Word::Client(command) => execute(command, &mut self.session, console),
            Word::Types(arguments) => types::types(&mut self.session, arguments, console),
            Word::Describe(arguments) => describe::describe(&mut self.session, arguments, console),
            Word::Cd { path } => self.place.go(&mut self.session, path),
            Word::Pwd => {
                console.print(&format!("{}\n", shown(self.place.path())));
                Ok(Outcome::Fine)
            }
            Word::Exit => Ok(Outcome::Fine),
        }
    }

    /// Connects anew where the connection is of no use any more.
    fn refresh(&mut self) -> Result<(), Failure> {
        if self.session.client.failure().is_some() {
            let client = Client::connect(self.session.client.address(), self.options.clone())?;
            self.session.reconnect(client);
        }
        Ok(())
    }

    /// Tells what the server said without being asked.
    fn tell_events(&mut self, console: &mut Console) {
        // Ctrl-C has ended what it was to end.
        self.cancel.store(false, Ordering::Relaxed);
        if self.session.client.failure().is_some() {
            return;
        }
        loop {
            match self.session.client.next_event(Some(Duration::ZERO)) {
                Ok(Some(event)) => {
                    let data =
                        if event.data.is_null() { String::new() } else { value::show(&event.data, None) };
                    let name = console.paint().alert(&shown(&event.name));
                    console.print(&format!("event {name} {data}\n"));
                }
                Ok(None) | Err(ClientError::Interrupted) => return,
                Err(error) => {
                    Failure::from(error).show(console);
                    return;
                }
            }
        }
    }
}

/// Tells what is wrong with a line, or shows the help that it asks for.
fn refuse(message: &clap::Error, console: &mut Console) -> Outcome {
    let unknown = message
        .get(ContextKind::InvalidSubcommand)
        .filter(|_| message.kind() == ErrorKind::InvalidSubcommand);
    let Some(name) = unknown.map(ToString::to_string) else { return console.clap(message) };
    let names = commands();
    let help = match nearest(&name, names.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean '{meant}'?"),
        None => "'help' lists the commands".to_owned(),
    };
    Failure::rejected("unknown-command", format!("there is no command '{name}'"), help).show(console)
}

/// All of a stream as text, whatever its bytes.
trait ReadLines: Read {
    fn read_lines(self, text: &mut String) -> std::io::Result<()>;
}

impl<R: BufRead> ReadLines for R {
    fn read_lines(mut self, text: &mut String) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        *text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(())
    }
}

/// The grammar of a line. The address is not part of it.
fn command(width: usize) -> clap::Command {
    let hide = |command: clap::Command| {
        let has = |name: &str| command.get_arguments().any(|argument| argument.get_id() == name);
        let (connect, timeout) = (has("connect"), has("timeout"));
        let about = command.get_about().map(|about| about.to_string().replace(" (--connect)", ""));
        let command = command.about(about.unwrap_or_default());
        let command =
            if connect { command.mut_arg("connect", |argument| argument.hide(true)) } else { command };
        if timeout { command.mut_arg("timeout", |argument| argument.hide(true)) } else { command }
    };
    let whole =
        Line::command().term_width(width).mut_subcommands(hide).mut_subcommand("shell", |it| it.hide(true));
    arguments::EXAMPLES.iter().fold(whole, |whole, (name, examples)| {
        let examples = examples.split("\n\nExit code").next().unwrap_or_default().replace("{bin} ", "");
        whole.mut_subcommand(*name, |command| command.after_help(examples))
    })
}

/// The names of all commands, for completion.
fn commands() -> Vec<String> {
    let named = |command: &clap::Command| command.get_name().to_owned();
    let mut names: Vec<String> =
        command(100).get_subcommands().filter(|it| !it.is_hide_set()).map(named).collect();
    names.push("help".to_owned());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_a_line_is_consistent() {
        command(100).debug_assert();
    }
}
