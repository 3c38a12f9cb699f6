//! JSON: text to a tape, and values to text.
//!
//! [`Tape::parse`] reads a text once, reports every mistake of syntax and goes on; [`JsonOutput`] is the visitor that
//! writes.
//!
//! Not here: what members a document or bag has, and duplicate names (whoever reads a struct sees them).
//!
//! Why not serde_json: it stops at the first mistake, knows places only by line and column of where it noticed,
//! and building its `Value` costs several times the parsing. serde_json still writes reports.

mod escape;
mod output;
mod parse;
mod recover;
mod recover_brackets;
mod recover_string;
mod scan;
#[cfg(test)]
mod tests;

pub(crate) use escape::unescape;
pub use output::JsonOutput;

use qomet::{Diagnostics, Place};

use crate::line::Context;
use crate::source::{Source, Sources, TEXT_LIMIT, widen};
use crate::syntax_error::SyntaxErrorKind;
use crate::tape::Tape;
use parse::Parser;

/// What the text may contain beside JSON, and how deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// `// …` and `/* … */`.
    pub comments: bool,
    /// A comma before a closing bracket.
    pub trailing_commas: bool,
    /// `'…'` for `"…"`.
    pub single_quotes: bool,
    /// How many brackets may stand inside each other.
    pub max_depth: usize,
}

impl Syntax {
    /// Files that people write: comments and trailing commas.
    pub const DOCUMENT: Syntax =
        Syntax { comments: true, trailing_commas: true, single_quotes: false, max_depth: 128 };
    /// JSON as RFC 8259 has it.
    pub const STRICT: Syntax =
        Syntax { comments: false, trailing_commas: false, single_quotes: false, max_depth: 128 };
    /// What QEMU takes in `-object` and over its protocol: single quotes too, and 1024 levels.
    pub const QEMU: Syntax =
        Syntax { comments: false, trailing_commas: false, single_quotes: true, max_depth: 1024 };
}

impl<'a> Tape<'a> {
    /// Parses one of the sources. What is wrong is reported; the rest is on the tape, with damaged places marked.
    #[must_use]
    pub fn parse(
        sources: &'a Sources,
        source: u32,
        syntax: Syntax,
        diagnostics: &mut Diagnostics,
    ) -> Tape<'a> {
        match sources.get(source) {
            Some(from) if !from.is_unusable() => Parser::new(from, source, syntax, diagnostics).run(),
            other => Tape::damaged(source, other.and_then(Source::failed)),
        }
    }

    /// Parses a text that stands in no [`Sources`], such as a message of a protocol. Its places are those of source
    /// number 0.
    #[must_use]
    pub fn of(text: &'a str, syntax: Syntax, diagnostics: &mut Diagnostics) -> Tape<'a> {
        if text.len() < TEXT_LIMIT {
            return Parser::over(text, syntax, diagnostics).run();
        }
        let kind = SyntaxErrorKind::TooLong { length: text.len(), limit: TEXT_LIMIT };
        Tape::damaged(0, Some(diagnostics.report(kind)))
    }

    /// Parses a text that was taken out of another one.
    pub(crate) fn taken(context: Context<'a>, syntax: Syntax, diagnostics: &mut Diagnostics) -> Tape<'a> {
        let before = diagnostics.len();
        let tape = Tape::of(context.text, syntax, diagnostics);
        let Context { source, origin, .. } = context;
        let moved = |place: Place| match origin {
            Some(origin) => origin.place(source, widen(place.start), widen(place.end)),
            None => Place { source, ..place },
        };
        for one in diagnostics.since(before) {
            one.set_place(one.place().map(moved));
            one.related_mut().iter_mut().for_each(|related| related.place = related.place.map(moved));
        }
        Tape { source, origin, ..tape }
    }
}
