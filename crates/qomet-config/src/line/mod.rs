//! Lines of `key=value`, in QEMU's two dialects.
//!
//! [`Tape::line`] makes a tape of a line; `keyval` and `opts` are the dialects, one file each. A mistake in one pair
//! does not hide the next. A line can also ask for help.
//!
//! Not here: what the words mean (that depends on what is asked for: see `tape`), and JSON, which may stand in place of a
//! line: whoever has the line looks at its first character.

mod keyval;
mod opts;
#[cfg(test)]
mod tests;

pub(crate) use keyval::key;
use qomet::{Diagnostic, Diagnostics, Failed};

use crate::source::{TEXT_LIMIT, narrow};
use crate::syntax_error::{MISTAKES_LIMIT, SyntaxErrorKind};
use crate::tape::{Builder, Clash, Dialect, Origin, Tape, Token};

/// What somebody wants to know who writes `help` or `?` in place of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// The type whose properties are wanted; none if the types are.
    pub type_name: Option<String>,
    /// Whether a type that there is not is a mistake; otherwise the types are shown.
    pub strict: bool,
}

/// Where a line stands.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The line.
    pub(crate) text: &'a str,
    /// The number of its source.
    pub(crate) source: u32,
    /// Whence it was taken, if it does not stand in the source as it is.
    pub(crate) origin: Option<&'a Origin>,
}

impl<'a> Tape<'a> {
    /// Parses a line that stands in no [`Sources`](crate::Sources), such as an argument of a command. Its places are
    /// those of source number 0. What is wrong is reported; the rest is on the tape.
    #[must_use]
    pub fn line(text: &'a str, dialect: Dialect, diagnostics: &mut Diagnostics) -> (Tape<'a>, Option<Help>) {
        parse(Context { text, source: 0, origin: None }, dialect, diagnostics)
    }
}

/// Parses a line.
pub(crate) fn parse<'a>(
    context: Context<'a>,
    dialect: Dialect,
    diagnostics: &mut Diagnostics,
) -> (Tape<'a>, Option<Help>) {
    let mut report = Reporter::new(context, diagnostics);
    let length = context.text.len();
    if length >= TEXT_LIMIT {
        report.at(0, 0, SyntaxErrorKind::TooLong { length, limit: TEXT_LIMIT });
        return (Tape::damaged(context.source, report.failed), None);
    }
    let mut builder = Builder::new(context.text);
    let help = match dialect {
        Dialect::Keyval => keyval::read(context.text, &mut builder, &mut report),
        Dialect::Opts => opts::read(context.text, &mut builder, &mut report),
    };
    let mut tokens = Vec::new();
    let clashes = builder.finish(0, length, &mut tokens);
    report.clashes(clashes);
    let help = help.filter(|_| report.failed.is_none());
    (report.tape(tokens, dialect), help)
}

/// Reports the mistakes of one text of pairs.
pub(crate) struct Reporter<'a, 'd> {
    context: Context<'a>,
    mistakes: usize,
    pub(crate) failed: Option<Failed>,
    diagnostics: &'d mut Diagnostics,
}

impl<'a, 'd> Reporter<'a, 'd> {
    pub(crate) fn new(context: Context<'a>, diagnostics: &'d mut Diagnostics) -> Self {
        Reporter { context, mistakes: 0, failed: None, diagnostics }
    }

    /// Reports a mistake at a range of the text.
    pub(crate) fn at(&mut self, start: usize, end: usize, kind: SyntaxErrorKind) {
        if self.is_exhausted() {
            return;
        }
        self.mistakes += 1;
        let kind = if self.is_exhausted() { SyntaxErrorKind::TooManyMistakes } else { kind };
        let place = match self.context.origin {
            Some(origin) => origin.place(self.context.source, start, end),
            None => qomet::Place { source: self.context.source, start: narrow(start), end: narrow(end) },
        };
        self.failed = Some(self.diagnostics.report(Diagnostic::new(kind).at(place)));
    }

    /// Whether there were so many mistakes that the rest is not looked at.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.mistakes > MISTAKES_LIMIT
    }

    /// Reports pairs that contradict each other.
    pub(crate) fn clashes(&mut self, clashes: impl IntoIterator<Item = Clash>) {
        for clash in clashes {
            let text =
                |start: usize, end: usize| self.context.text.get(start..end).unwrap_or_default().to_owned();
            match clash {
                Clash::Inconsistent { start, end } => {
                    let key = text(start, end);
                    self.at(start, end, SyntaxErrorKind::InconsistentKeys { key });
                }
                Clash::Missing { start, end, index } => {
                    let key = text(start, end);
                    self.at(start, end, SyntaxErrorKind::MissingElement { key, index });
                }
            }
        }
    }

    /// The tape of what was read.
    pub(crate) fn tape(self, tokens: Vec<Token>, dialect: Dialect) -> Tape<'a> {
        let Context { text, source, origin } = self.context;
        Tape { text, source, tokens, failed: self.failed, too_deep: None, dialect, origin }
    }
}

/// Whether a word asks for help.
fn is_help(word: &str) -> bool {
    matches!(word, "help" | "?")
}

/// The value that starts at `start`: behind its last byte, and whether a comma in it is doubled.
fn value_end(text: &str, start: usize) -> (usize, bool) {
    let bytes = text.as_bytes();
    let (mut at, mut doubled) = (start, false);
    while let Some(comma) = bytes.get(at..).and_then(|rest| memchr::memchr(b',', rest)) {
        at += comma;
        if bytes.get(at + 1) != Some(&b',') {
            return (at, doubled);
        }
        (at, doubled) = (at + 2, true);
    }
    (text.len(), doubled)
}
