//! A text in which bags stand, and its syntax.
//!
//! Most sources are one piece. The one place that knows which syntaxes there are; each makes a tape, and from there on nobody
//! asks.

use qomet::{About, Diagnostic, Diagnostics, Related, TypeRegistry};

use super::read_bag;
use crate::import::Taken;
use crate::ini;
use crate::json::Syntax;
use crate::line::{self, Context, Help};
use crate::source::{Source, Sources};
use crate::tape::{Dialect, Leniency, Tape};

/// A piece of a source.
#[derive(Debug)]
pub(super) struct Piece {
    source: u32,
    language: Language,
    /// The text, if it does not stand in the source as it is.
    taken: Option<Taken>,
}

/// In which syntax it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    /// JSON as people write it in files.
    Json,
    /// JSON as QEMU takes it in place of a line.
    StrictJson,
    /// JSON as QEMU's protocol takes it, but with the values of documents.
    Sent,
    /// A line.
    Line(Dialect),
    /// Sections.
    Ini,
}

impl Piece {
    /// A file: its content says of which kind.
    pub(super) fn document(source: u32, text: &str) -> Piece {
        let language = if ini::is_ini(text) { Language::Ini } else { Language::Json };
        Piece { source, language, taken: None }
    }

    /// Whether it is a file of sections.
    pub(super) fn is_sections(&self) -> bool {
        self.language == Language::Ini
    }

    /// A part of a message.
    pub(super) fn sent(source: u32) -> Piece {
        Piece { source, language: Language::Sent, taken: None }
    }

    /// A line, or JSON in place of one.
    pub(super) fn line(source: u32, text: &str, dialect: Dialect) -> Piece {
        let language = if text.starts_with('{') { Language::StrictJson } else { Language::Line(dialect) };
        Piece { source, language, taken: None }
    }

    /// An argument of `-object`.
    pub(super) fn argument(source: u32, taken: Taken) -> Piece {
        let line = Self::line(source, &taken.text, Dialect::Opts);
        Piece { taken: Some(taken), ..line }
    }

    /// How its values may be spelt.
    pub(super) fn leniency(&self) -> Leniency {
        match self.language {
            Language::StrictJson => Leniency::Strict,
            Language::Json | Language::Sent | Language::Line(_) | Language::Ini => Leniency::Lenient,
        }
    }

    /// The tape of it.
    pub(super) fn parse<'d>(&'d self, sources: &'d Sources, report: &mut Diagnostics) -> Tape<'d> {
        let Some(context) = self.context(sources) else {
            return Tape::damaged(self.source, sources.get(self.source).and_then(Source::failed));
        };
        match self.language {
            Language::Json => Tape::parse(sources, self.source, Syntax::DOCUMENT, report),
            Language::StrictJson if self.taken.is_some() => Tape::taken(context, Syntax::QEMU, report),
            Language::StrictJson | Language::Sent => Tape::parse(sources, self.source, Syntax::QEMU, report),
            Language::Line(dialect) => line::parse(context, dialect, report).0,
            Language::Ini => ini::parse(context, report),
        }
    }

    fn context<'d>(&'d self, sources: &'d Sources) -> Option<Context<'d>> {
        let source = sources.get(self.source).filter(|source| !source.is_unusable())?;
        Some(match &self.taken {
            None => Context { text: source.text(), source: self.source, origin: None },
            Some(taken) => Context { text: &taken.text, source: self.source, origin: Some(&taken.origin) },
        })
    }

    /// The help it asks for.
    pub(super) fn help(&self, sources: &Sources) -> Option<Help> {
        let Language::Line(dialect) = self.language else { return None };
        let mut said = Diagnostics::new();
        let help = line::parse(self.context(sources)?, dialect, &mut said).1;
        let _ = said.take();
        help
    }

    /// Says with the first mistake that the other dialect would take the line, if it would.
    pub(super) fn name_other_dialect(
        &self,
        registry: &TypeRegistry,
        sources: &Sources,
        found: &mut [Diagnostic],
    ) {
        // Whoever pastes a command line has no choice.
        let (Language::Line(dialect), None) = (self.language, &self.taken) else { return };
        let (other, Some(context)) = (dialect.other(), self.context(sources)) else { return };
        let mut said = Diagnostics::new();
        let tape = line::parse(context, other, &mut said).0;
        let draft = read_bag(tape.root(), registry, Leniency::Lenient, &mut said);
        if let Some(draft) = draft {
            draft.check(&mut said);
        }
        let refused = said.errors() > 0;
        let _ = said.take();
        if let Some(first) = found.iter_mut().find(|one| one.is_error()).filter(|_| !refused) {
            let label = format!("the dialect '{}' takes this line (--dialect {0})", other.as_str());
            first.related_mut().push(Related { label, about: About::default(), place: None });
        }
    }
}
