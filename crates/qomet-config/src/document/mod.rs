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
mod place;
mod sensitive;
mod shape;

use qomet::{AnyDraft, Batch, Diagnostic, Diagnostics, Failed, Level, Model, ObjectRef, TypeRegistry};

use crate::json::{JsonInput, Leniency, Node, Syntax, Tape};
use crate::source::Sources;

/// Texts that are checked together.
#[derive(Debug, Default)]
pub struct Documents {
    sources: Sources,
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

    /// Adds a text: one bag, a list of bags, or `{"objects": [bags]}`. `name` is what diagnostics call it.
    pub fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let mut report = Diagnostics::new();
        self.sources.add(name, bytes, &mut report);
        // Every plan says it.
        let _ = report.take();
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
        let tapes: Vec<Tape<'_>> = (0u32..)
            .zip(sources.iter())
            .map(|(source, _)| Tape::parse(sources, source, Syntax::DOCUMENT, &mut report))
            .collect();
        let mut reader = bag::Reader::new(model.registry());
        for tape in &tapes {
            let mut input = JsonInput::new(tape.root(), Leniency::Lenient, &mut report);
            shape::each_bag(tape.root(), &mut input, &mut |bag, input| reader.read(bag, input));
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
    let mut reader = bag::Reader::new(registry);
    reader.read(bag, &mut JsonInput::new(bag, leniency, report));
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
