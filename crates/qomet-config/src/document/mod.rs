//! Documents: files of bags, checked together and created together.
//!
//! The one check engine: `check`, `run` and whoever else turns text into objects goes through
//! [`Documents::plan`]. Texts become tapes (syntax), bags become drafts (schema), and the model's
//! [`Batch`](qomet::Batch) does the rest (graph, host). A pass reports everything it can see; what only follows from
//! something reported is withheld.
//!
//! Places cost nothing while all is well: the model's diagnostics say which bag and property they are about, and
//! only then is the place looked up on the tape (`place`).

mod bag;
#[cfg(test)]
mod large_tests;
mod piece;
mod place;
mod sensitive;
mod shape;

use std::sync::Arc;

use qomet::{
    AnyDraft, Batch, Diagnostic, Diagnostics, Failed, Level, Model, ObjectRef, Progress, TypeRegistry,
};

use crate::import::{self, Found};
use crate::ini;
use crate::line::Help;
use crate::source::{Form, Source, Sources};
use crate::tape::{Dialect, Leniency, Node, Tape, TapeInput};
use piece::Piece;

/// Texts that are checked together.
#[derive(Debug, Default)]
pub struct Documents {
    sources: Sources,
    /// Where in the sources bags stand.
    pieces: Vec<Piece>,
    others: Vec<String>,
}

/// What creating the objects of some documents would do. It holds what it needs to do that.
pub struct Plan<'d> {
    sources: &'d Sources,
    tapes: Vec<Tape<'d>>,
    batch: Batch,
    diagnostics: Vec<Diagnostic>,
    proof: Option<Failed>,
}

impl Documents {
    /// No text yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file: JSON that is one bag, a list of bags, or `{"objects": [bags]}`; or, as its content shows, sections
    /// of a `-readconfig` file. `name` is what diagnostics call it.
    pub fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let source = self.source(name, bytes, Form::File);
        let text = self.sources.get(source).map_or("", Source::text);
        if ini::is_ini(text) {
            self.others.extend(ini::others(text));
        }
        self.pieces.push(Piece::document(source, text));
    }

    /// Adds a line that is one bag: `key=value` in a dialect of QEMU, or JSON if it begins with `{`. The JSON of a line
    /// is as strict as QEMU's.
    pub fn add_line(&mut self, name: &str, line: impl Into<Vec<u8>>, dialect: Dialect) {
        let source = self.source(name, line, Form::Line);
        let text = self.sources.get(source).map_or("", Source::text);
        self.pieces.push(Piece::line(source, text, dialect));
    }

    /// Adds the objects of a command line of QEMU, pasted with its quotes: the arguments of `-object`, which are lines in
    /// the dialect `opts` or JSON. Everything else is [`left_alone`](Self::left_alone).
    pub fn add_command_line(&mut self, name: &str, text: impl Into<Vec<u8>>) {
        let text = text.into();
        let form = if text.contains(&b'\n') { Form::File } else { Form::Line };
        let source = self.source(name, text, form);
        let found = import::command_line(self.sources.get(source).map_or("", Source::text));
        self.take(source, found);
    }

    fn take(&mut self, source: u32, found: Found) {
        for (kind, place) in found.mistakes {
            self.sources.add_mistake(source, kind, place);
        }
        self.others.extend(found.others);
        self.pieces.extend(found.objects.into_iter().map(|taken| Piece::argument(source, taken)));
    }

    /// What else stood in the texts and was not looked at: options of a command line, sections that are no objects, in
    /// order. Their values are not told.
    #[must_use]
    pub fn left_alone(&self) -> &[String] {
        &self.others
    }

    fn source(&mut self, name: &str, bytes: impl Into<Vec<u8>>, form: Form) -> u32 {
        let mut report = Diagnostics::new();
        let source = self.sources.add_as(name, bytes, form, &mut report);
        // Every plan says it.
        let _ = report.take();
        source
    }

    /// What help a line asks for, if one does; then it is not meant to be created.
    #[must_use]
    pub fn help(&self, registry: &TypeRegistry) -> Option<Help> {
        let asked = self.pieces.iter().find_map(|piece| piece.help(&self.sources));
        let known = |help: &Help| {
            help.type_name
                .as_deref()
                .is_some_and(|name| registry.get(name).is_some_and(|class| class.is_user_creatable()))
        };
        match asked {
            Some(help) if help.type_name.is_none() || known(&help) => Some(help),
            Some(help) if !help.strict => Some(Help { type_name: None, ..help }),
            _ => None,
        }
    }

    /// Adds a document that a program sent as a part of a message of QEMU's protocol: a document like one of a file, in
    /// the syntax of the protocol.
    pub fn add_sent(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let source = self.source(name, bytes, Form::File);
        self.pieces.push(Piece::sent(source));
    }

    /// The texts, for showing diagnostics.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Checks everything up to `level` without touching anything.
    #[must_use]
    pub fn plan(&self, model: &Model, level: Level) -> Plan<'_> {
        let mut report = Diagnostics::new();
        let sources = &self.sources;
        for source in sources.iter() {
            let _ = source.report_again(&mut report);
        }
        let mut reader = bag::Reader::new(model.registry());
        let mut tapes = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let before = report.len();
            let tape = piece.parse(sources, &mut report);
            let mut input = TapeInput::new(tape.root(), piece.leniency(), &mut report);
            shape::each_bag(tape.root(), &mut input, &mut |bag, input| reader.read(bag, input));
            if report.since(before).iter().any(Diagnostic::is_error) {
                piece.name_other_dialect(model.registry(), sources, report.since(before));
            }
            tapes.push(tape);
        }
        let bag::Reader { drafts, lost, failed, .. } = reader;
        let mut batch = model.batch(drafts);
        if let Some(reported) = report.proof() {
            lost.into_iter().for_each(|about| batch.reserve(about, reported));
        }
        batch.check(level, &mut report);
        let proof = report.proof().or(failed).or_else(|| tapes.iter().find_map(Tape::failed));
        let mut plan = Plan { sources, tapes, batch, diagnostics: Vec::new(), proof };
        plan.keep(&mut report);
        plan
    }
}

/// Reads one bag, `{"qom-type": …, "id": …, …}`, to be created by whoever asked. Reports all that is wrong with it
/// by itself; what could be read of it is returned even then, and refuses to be created.
#[must_use]
pub fn read_bag(
    bag: Node<'_>,
    registry: &TypeRegistry,
    leniency: Leniency,
    report: &mut Diagnostics,
) -> Option<Box<dyn AnyDraft>> {
    read_bag_beside(bag, &[], registry, leniency, report)
}

/// The same, where other members may stand between the properties; those are left to the caller.
#[must_use]
pub fn read_bag_beside(
    bag: Node<'_>,
    beside: &[&'static str],
    registry: &TypeRegistry,
    leniency: Leniency,
    report: &mut Diagnostics,
) -> Option<Box<dyn AnyDraft>> {
    let mut reader = bag::Reader::new(registry);
    reader.beside = beside;
    reader.read(bag, &mut TapeInput::new(bag, leniency, report));
    reader.drafts.pop()
}

impl Plan<'_> {
    /// What was found, in the order of the texts.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether nothing is refused. There may be warnings.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.proof.is_none()
    }

    /// The objects that would be created, as far as they could be read.
    #[must_use]
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Has creating refuse if the model has another revision: see [`Batch::expect_revision`].
    pub fn expect_revision(&mut self, revision: u64) {
        self.batch.expect_revision(revision);
    }

    /// Has creating tell how far it has come: see [`Batch::report_to`].
    pub fn report_to(&mut self, progress: Arc<Progress>) {
        self.batch.report_to(progress);
    }

    /// Creates every object, or none. Returns the objects, and everything there is to say.
    ///
    /// # Errors
    /// The proof that something is refused; then nothing was created and nothing is left behind.
    pub fn create(mut self) -> (Result<Vec<ObjectRef>, Failed>, Vec<Diagnostic>) {
        let mut report = Diagnostics::new();
        report.extend(std::mem::take(&mut self.diagnostics));
        let result = match self.proof {
            Some(reported) => Err(reported),
            None => {
                let model = self.batch.model().clone();
                let batch = std::mem::replace(&mut self.batch, model.batch(Vec::new()));
                batch.create(&mut report)
            }
        };
        self.keep(&mut report);
        (result, self.diagnostics)
    }

    /// Looks up the places of what was reported and puts it in order.
    fn keep(&mut self, report: &mut Diagnostics) {
        let mut found = report.take();
        if !found.is_empty() {
            sensitive::hide(self.batch.model().registry(), &self.tapes, self.sources);
            place::locate(&self.tapes, &mut found);
            sensitive::conceal(&mut found, self.sources);
            found.sort_by_key(|one| one.place().map_or((u32::MAX, 0), |place| (place.source, place.start)));
        }
        self.diagnostics = found;
    }
}
