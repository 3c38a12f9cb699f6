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
mod language;
#[cfg(test)]
mod large_tests;
mod piece;
mod place;
mod repair;
mod sensitive;
mod setting;
mod shape;
mod users;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use qomet::{
    AnyDraft, Batch, Diagnostic, Diagnostics, Failed, Level, Model, ModelPlan, ObjectRef, PlanOptions,
    Progress, Step, TypeRegistry, Use,
};

use crate::import::{self, Found};
use crate::ini;
use crate::line::Help;
use crate::source::{Form, Source, Sources};
use crate::tape::{Dialect, Leniency, Node, Tape, TapeInput};
use crate::write::{Language, Writer};
use piece::Piece;
use repair::Repairs;
pub(crate) use shape::each_bag;
pub(crate) use users::UserOption;

/// Texts that are checked together.
#[derive(Debug, Default)]
pub struct Documents {
    sources: Sources,
    /// Where in the sources bags stand.
    pieces: Vec<Piece>,
    /// Options of command lines that may use the objects, those of each line together.
    users: Vec<Vec<(UserOption, Piece)>>,
    /// Users that the caller knows of.
    uses: Vec<Use>,
    others: Vec<String>,
}

/// What creating the objects of some documents, or making a model what they say, would do. It holds what it needs to do that.
pub struct Plan<'d> {
    documents: &'d Documents,
    sources: &'d Sources,
    tapes: Vec<Tape<'d>>,
    work: Work,
    diagnostics: Vec<Diagnostic>,
    proof: Option<Failed>,
    /// Whether the texts could be read as a whole: a plan of a part of them would mislead.
    is_whole: bool,
}

/// What there is to do.
enum Work {
    /// Everything is created.
    Create(Batch),
    /// The model is made what the documents say.
    Update(ModelPlan),
    /// It is done, or was never possible.
    Done(Model),
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
        let piece = Piece::document(source, text);
        if piece.is_sections() {
            self.others.extend(ini::others(text));
        }
        self.pieces.push(piece);
        if let Some((kind, place)) = language::other(text) {
            self.sources.refuse(source, kind, place);
        }
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

    /// Adds the objects of a libvirt domain: those in `<qemu:commandline>`, and the memory backends that libvirt makes of
    /// `<memoryBacking>` and `<numa>`. Everything else is [`left_alone`](Self::left_alone).
    pub fn add_libvirt(&mut self, name: &str, text: impl Into<Vec<u8>>) {
        let source = self.source(name, text, Form::File);
        let found = import::libvirt(self.sources.get(source).map_or("", Source::text));
        self.take(source, found);
    }

    fn take(&mut self, source: u32, found: Found) {
        for (kind, place) in found.mistakes {
            self.sources.add_mistake(source, kind, place);
        }
        self.others.extend(found.others);
        let users = found.users.into_iter();
        self.users.push(users.map(|(option, taken)| (option, Piece::argument(source, taken))).collect());
        self.pieces.extend(found.objects.into_iter().map(|taken| Piece::argument(source, taken)));
    }

    /// Adds a text in which no bags stand, such as an argument that names some, so that diagnostics can point into it. Returns
    /// the number of the source.
    pub fn add_argument(&mut self, name: &str, text: impl Into<Vec<u8>>) -> u32 {
        self.source(name, text, Form::Line)
    }

    /// Says who, outside of any model, is going to use an object of the documents: see [`Batch::expect_use`].
    pub fn expect_use(&mut self, user: Use) {
        self.uses.push(user);
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
        let (tapes, mut batch, failed) = self.read(model, level, &mut report);
        if level >= Level::Graph {
            self.expect_users(&mut batch, &mut report);
        }
        batch.check(level, &mut report);
        self.finish(tapes, Work::Create(batch), failed, report)
    }

    /// Checks everything, and compares it with the objects that there are: what it takes to make the model what the
    /// documents say. Nothing is touched.
    #[must_use]
    pub fn update(&self, model: &Model, options: PlanOptions) -> Plan<'_> {
        let mut report = Diagnostics::new();
        let (tapes, batch, failed) = self.read(model, Level::Host, &mut report);
        // Only what was refused stands in the way; a part of the documents must not be taken for the whole.
        let is_whole = report.errors() == 0 && failed.is_none();
        let mut plan = model.plan(batch, options, &mut report);
        if is_whole {
            plan.check_host(&mut report);
        }
        Plan { is_whole, ..self.finish(tapes, Work::Update(plan), failed, report) }
    }

    /// Tells the batch who else uses its objects.
    fn expect_users(&self, batch: &mut Batch, report: &mut Diagnostics) {
        self.uses.iter().cloned().for_each(|one| batch.expect_use(one));
        for options in &self.users {
            let found = users::find(options, &self.sources);
            found.uses.into_iter().for_each(|one| batch.expect_use(one));
            for (kind, place) in found.mistakes {
                let _ = report.report(Diagnostic::new(kind).at(place));
            }
        }
    }

    /// From texts to drafts, of which there are none where only the syntax is wanted. Also the proof that something of a
    /// draft or a text is refused.
    fn read(
        &self,
        model: &Model,
        level: Level,
        report: &mut Diagnostics,
    ) -> (Vec<Tape<'_>>, Batch, Option<Failed>) {
        let sources = &self.sources;
        for source in sources.iter() {
            let _ = source.report_again(report);
        }
        let mut reader = bag::Reader::new(model.registry());
        let mut tapes = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let before = report.len();
            let tape = piece.parse(sources, report);
            if level > Level::Syntax {
                let mut input = TapeInput::new(tape.root(), piece.leniency(), report);
                shape::each_bag(tape.root(), &mut input, &mut |bag, input| reader.read(bag, input));
            }
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
        let failed = failed.or_else(|| tapes.iter().find_map(Tape::failed));
        (tapes, batch, failed)
    }

    fn finish<'d>(
        &'d self,
        tapes: Vec<Tape<'d>>,
        work: Work,
        failed: Option<Failed>,
        mut report: Diagnostics,
    ) -> Plan<'d> {
        let proof = report.proof().or(failed);
        let mut plan = Plan {
            documents: self,
            sources: &self.sources,
            tapes,
            work,
            diagnostics: Vec::new(),
            proof,
            is_whole: true,
        };
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

    /// What was found, for whoever needs nothing else.
    #[must_use]
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// Hides sensitive values in the texts from whoever [shows](Source::shown_text) them. What has diagnostics did it already.
    pub fn hide_sensitive(&self) {
        sensitive::hide(self.model().registry(), &self.tapes, self.sources);
    }

    /// Whether nothing is refused. There may be warnings.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.proof.is_none()
    }

    /// The objects as they should be, as far as they could be read.
    #[must_use]
    pub fn drafts(&self) -> &[Box<dyn AnyDraft>] {
        match &self.work {
            Work::Create(batch) => batch.drafts(),
            Work::Update(plan) => plan.batch().drafts(),
            Work::Done(_) => &[],
        }
    }

    /// What happens to each object of an [update](Documents::update); nothing is said of what is only created, nor where
    /// not all bags could be read.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match &self.work {
            Work::Update(plan) if self.is_whole => plan.steps(),
            Work::Update(_) | Work::Create(_) | Work::Done(_) => &[],
        }
    }

    /// The revision of the model that the plan is about.
    #[must_use]
    pub fn revision(&self) -> u64 {
        match &self.work {
            Work::Update(plan) => plan.revision(),
            Work::Create(_) | Work::Done(_) => self.model().revision(),
        }
    }

    /// Has [`carry_out`](Self::carry_out) refuse if the model has another revision: see [`Batch::expect_revision`].
    pub fn expect_revision(&mut self, revision: u64) {
        match &mut self.work {
            Work::Create(batch) => batch.expect_revision(revision),
            Work::Update(plan) => plan.expect_revision(revision),
            Work::Done(_) => {}
        }
    }

    /// Has [`carry_out`](Self::carry_out) tell how far it has come: see [`Batch::report_to`].
    pub fn report_to(&mut self, progress: Arc<Progress>) {
        match &mut self.work {
            Work::Create(batch) => batch.report_to(progress),
            Work::Update(plan) => plan.report_to(progress),
            Work::Done(_) => {}
        }
    }

    /// Writes the bags in another language, or the same. What is written reads back as the same bags, and is as short as
    /// the language has it.
    ///
    /// # Errors
    /// Something is refused, or the language cannot say something; then what is reported is in
    /// [`diagnostics`](Self::diagnostics), to which this adds.
    pub fn write(&mut self, language: Language) -> Result<String, Failed> {
        if let Some(reported) = self.proof {
            return Err(reported);
        }
        let model = self.model().clone();
        let mut writer = Writer::new(model.registry(), language);
        let mut said = Diagnostics::new();
        for (piece, tape) in self.documents.pieces.iter().zip(&self.tapes) {
            let mut input = TapeInput::new(tape.root(), piece.leniency(), &mut said);
            shape::each_bag(tape.root(), &mut input, &mut |bag, input| writer.bag(bag, input));
        }
        // Warnings, which were said before.
        let _ = said.take();
        let mut report = Diagnostics::new();
        report.extend(std::mem::take(&mut self.diagnostics));
        report.extend(std::mem::take(&mut writer.refused));
        let text = writer.finish();
        self.proof = report.proof();
        self.keep(&mut report);
        self.proof.map_or(Ok(text), Err)
    }

    /// Set this to cancel [`carry_out`](Self::carry_out).
    #[must_use]
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        match &self.work {
            Work::Create(batch) => batch.cancel_flag(),
            Work::Update(plan) => plan.batch().cancel_flag(),
            Work::Done(_) => Arc::default(),
        }
    }

    /// Does all of it, or nothing. Returns the objects of the documents, and everything there is to say.
    ///
    /// # Errors
    /// The proof that something is refused; then everything is as before and nothing is left behind.
    pub fn carry_out(mut self) -> (Result<Vec<ObjectRef>, Failed>, Vec<Diagnostic>) {
        let mut report = Diagnostics::new();
        report.extend(std::mem::take(&mut self.diagnostics));
        let done = Work::Done(self.model().clone());
        let result = match (self.proof, std::mem::replace(&mut self.work, done)) {
            (Some(reported), _) => Err(reported),
            (None, Work::Create(mut batch)) => {
                batch.count_as_applied();
                batch.create(&mut report)
            }
            (None, Work::Update(plan)) => plan.apply(&mut report),
            (None, Work::Done(_)) => Ok(Vec::new()),
        };
        self.keep(&mut report);
        (result, self.diagnostics)
    }

    fn model(&self) -> &Model {
        match &self.work {
            Work::Create(batch) => batch.model(),
            Work::Update(plan) => plan.batch().model(),
            Work::Done(model) => model,
        }
    }

    /// Looks up the places of what was reported and puts it in order.
    fn keep(&mut self, report: &mut Diagnostics) {
        let mut found = report.take();
        if !found.is_empty() {
            sensitive::hide(self.model().registry(), &self.tapes, self.sources);
            let mut bags = place::bags(&self.tapes);
            place::locate(&mut bags, &mut found);
            let (registry, drafts) = (self.model().registry(), self.drafts());
            Repairs { registry, sources: self.sources, drafts, bags: &bags }.make(&mut found);
            sensitive::conceal(&mut found, self.sources);
            found.sort_by_key(|one| one.place().map_or((u32::MAX, 0), |place| (place.source, place.start)));
        }
        self.diagnostics = found;
    }
}
