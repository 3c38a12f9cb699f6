//! Objects that are created together or not at all.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use compact_str::{CompactString, format_compact};

use super::claims::Claim;
use super::context::Surroundings;
use super::graph::{self, Graph};
use super::update::Update;
use super::{Journal, Model, ProbeContext, Progress, RealizeContext, Services, Use};
use crate::error::{About, Diagnostic, Diagnostics, Failed, ModelErrorKind};
use crate::object::{AnyDraft, ObjectRef};
use crate::tree::check_revision;

/// How far a check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only the texts that objects come from; of the objects nothing.
    Syntax,
    /// Each object by itself.
    Schema,
    /// Ids and links between the objects.
    Graph,
    /// What the host has; it is only read.
    Host,
}

/// Drafts that are created together or not at all.
pub struct Batch {
    model: Model,
    place: Destination,
    drafts: Vec<Box<dyn AnyDraft>>,
    /// Ids of objects that could not even become drafts: links to them are not judged.
    reserved: Vec<About>,
    /// Users of the objects who are no drafts.
    outside: Vec<Use>,
    /// How far it was checked.
    checked: Option<Level>,
    /// The first draft of which something was reported before it came here, once that was looked at.
    damaged: Option<usize>,
    /// In what order the drafts are realized, where that is not the order in which they were given.
    order: Option<Vec<usize>>,
    /// Proof that something about the batch was refused; then it is not created.
    refused: Option<Failed>,
    shared: Services,
    /// The revision without which nothing is created.
    revision: Option<u64>,
    /// Whether the drafts may be objects that there are; then how they are related, once that is known.
    updates: bool,
    update: Option<Box<Update>>,
    applied: bool,
    /// For those who asked for it, and else for nobody: then it need not be on the heap.
    watched: OnceLock<Arc<Progress>>,
    /// The ids, once they are taken.
    claimed: Option<Claim>,
    unwatched: Progress,
}

/// Where the objects of a batch go.
pub(super) enum Destination {
    /// Those of a user go below `/objects`, and have ids.
    User,
    /// Those of a program go below any object, and may have any name.
    Program(ObjectRef),
}

impl Destination {
    /// The parent of what is made.
    pub(super) fn parent<'a>(&'a self, model: &'a Model) -> &'a ObjectRef {
        match self {
            Destination::User => model.objects(),
            Destination::Program(parent) => parent,
        }
    }

    /// Checks an id or name.
    pub(super) fn check_name(&self, name: &str) -> Result<(), Diagnostic> {
        if matches!(self, Destination::User) {
            return crate::tree::check_id(name);
        }
        if name.is_empty() || name.contains('/') {
            return Err(ModelErrorKind::InvalidName { what: "object", name: name.to_owned() }.into());
        }
        Ok(())
    }
}

impl Batch {
    pub(super) fn new(model: Model, place: Destination, drafts: Vec<Box<dyn AnyDraft>>) -> Self {
        Batch {
            model,
            place,
            drafts,
            reserved: Vec::new(),
            outside: Vec::new(),
            checked: None,
            damaged: None,
            order: None,
            refused: None,
            shared: Services::default(),
            revision: None,
            updates: false,
            update: None,
            applied: false,
            watched: OnceLock::new(),
            claimed: None,
            unwatched: Progress::new(),
        }
    }

    /// The model in which they would be created.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The drafts.
    #[must_use]
    pub fn drafts(&self) -> &[Box<dyn AnyDraft>] {
        &self.drafts
    }

    /// Set this to cancel [`create`](Self::create).
    #[must_use]
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        self.progress().cancel_flag()
    }

    /// How far [`create`](Self::create) has come. What is kept of it outlives the batch.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        let watched = || {
            let progress = Progress::new();
            // Objects that were checked have announced what they will do.
            progress.expect(self.unwatched.total());
            Arc::new(progress)
        };
        self.watched.get_or_init(watched).clone()
    }

    /// Has the batch tell `progress`, which somebody made before there was a batch. To be called before anything else.
    pub fn report_to(&mut self, progress: Arc<Progress>) {
        progress.expect(self.work().total());
        self.watched = OnceLock::from(progress);
    }

    /// Takes the ids of the objects, so that nobody else can until the batch is created or dropped:
    /// [`create`](Self::create) does it, too, but may run later, on another thread. Ids have to be
    /// [checked](Self::check) before, up to the graph.
    ///
    /// # Errors
    /// The proof that it was reported that one is taken.
    pub fn claim_ids(&mut self, report: &mut Diagnostics) -> Result<(), Failed> {
        if self.claimed.is_none() {
            self.claimed = Some(self.reserve_names(report)?);
        }
        Ok(())
    }

    pub(super) fn work(&self) -> &Progress {
        self.watched.get().map_or(&self.unwatched, |watched| watched)
    }

    /// Has [`create`](Self::create) refuse if the model has another revision. It is compared before anything is done,
    /// and again under the lock under which the objects enter the tree.
    pub fn expect_revision(&mut self, revision: u64) {
        self.revision = Some(revision);
    }

    /// The drafts may have the ids of objects that there are.
    pub(super) fn begin_update(&mut self, revision: u64) {
        self.revision = Some(revision);
        self.updates = true;
        self.applied = true;
    }

    /// Says how the drafts relate to the objects that there are.
    pub(super) fn set_update(&mut self, update: Update) {
        self.update = Some(Box::new(update));
    }

    /// The drafts, each after those that it links to, once the graph has been checked.
    pub(super) fn order_of_drafts(&self) -> Vec<usize> {
        self.order.clone().unwrap_or_else(|| (0..self.drafts.len()).collect())
    }

    /// The object that a draft is or becomes without being made.
    fn standing(&self, at: usize) -> Option<&ObjectRef> {
        self.update.as_ref()?.standing(at)
    }

    /// Says that the objects come from documents that may be applied again: then they may be pruned.
    pub fn count_as_applied(&mut self) {
        self.applied = true;
    }

    /// Says that the batch was meant to have an object that could not even become a draft, so that links to it are
    /// not reported as a second mistake. The batch cannot be created.
    pub fn reserve(&mut self, about: About, reported: Failed) {
        self.reserved.push(about);
        self.refused = Some(reported);
    }

    /// Says who, outside of any model, is going to use objects of the batch: they are judged as if they had links.
    /// To be called before the graph is [checked](Self::check).
    pub fn expect_use(&mut self, user: Use) {
        self.outside.push(user);
    }

    /// Checks everything up to `level`; all that can be seen is reported. What was checked before is not checked
    /// again: what it refused stays refused. `create` makes the same checks.
    pub fn check(&mut self, level: Level, report: &mut Diagnostics) {
        let mut found = Diagnostics::new();
        self.check_anew(level, &mut found);
        self.refused = self.refused.or(found.proof());
        report.extend(found.take());
    }

    fn check_anew(&mut self, level: Level, report: &mut Diagnostics) {
        let (schema, links) = (
            level >= Level::Schema && self.checked < Some(Level::Schema),
            level >= Level::Graph && self.checked < Some(Level::Graph),
        );
        let mut graph = links.then(|| Graph::new(&self.model, &self.place, &self.drafts, self.updates));
        // One look at each draft: a large batch is far more than a cache holds.
        for (at, draft) in self.drafts.iter().enumerate().filter(|_| schema || links) {
            let name = draft.id().map(|id| self.place.check_name(id));
            let is_named = name.as_ref().is_some_and(Result::is_ok);
            if schema {
                let before = report.len();
                draft.check(report);
                if let Some(Err(problem)) = name {
                    let _ = report.report(problem.with_property("id"));
                }
                if report.len() > before {
                    complete(report.since(before), &**draft);
                }
                if draft.damaged().is_some() && self.damaged.is_none() {
                    self.damaged = Some(at);
                }
            }
            if let Some(graph) = &mut graph {
                graph.add(at, &self.drafts, is_named, report);
            }
        }
        if let Some(graph) = graph {
            self.order = graph.check(&self.drafts, &self.reserved, &self.outside, report);
        }
        if level >= Level::Host && self.checked < Some(Level::Host) {
            self.probe(report);
        }
        self.checked = self.checked.max(Some(level));
    }

    /// Announces every draft, then probes every draft. A draft whose id is missing or taken goes by its number, so
    /// that what else is wrong with it shows too.
    fn probe(&self, report: &mut Diagnostics) {
        let mut numbers: Vec<Option<CompactString>> = Vec::new();
        // Who read the drafts may have reported of one that it has no id.
        if report.errors() > 0 || self.damaged.is_some() {
            let mut seen = std::collections::HashSet::new();
            for (number, draft) in self.drafts.iter().enumerate() {
                let is_own = draft.id().is_some_and(|id| seen.insert(id));
                numbers.push((!is_own).then(|| format_compact!("#{number}")));
            }
        }
        // Else by its own id.
        let number = |at: usize| numbers.get(at).and_then(Option::as_deref).unwrap_or_default();
        let to_be_made = || self.drafts.iter().enumerate().filter(|(at, _)| self.standing(*at).is_none());
        for (at, draft) in to_be_made() {
            draft.announce(&mut self.probe_context(number(at), report));
        }
        for (at, draft) in to_be_made() {
            let mut found = Diagnostics::new();
            draft.probe(&mut self.probe_context(number(at), &mut found));
            if found.is_empty() {
                continue;
            }
            let before = report.len();
            report.extend(found.take().into_iter().filter(|one| !draft.withholds(one)));
            complete(report.since(before), &**draft);
        }
        graph::check_needs(&self.drafts, &|at| self.around(number(at)), report);
    }

    fn probe_context<'a>(&'a self, id: &'a str, report: &'a mut Diagnostics) -> ProbeContext<'a> {
        ProbeContext { around: self.around(id), report }
    }

    fn around<'a>(&'a self, id: &'a str) -> Surroundings<'a> {
        let services = &self.model.inner.services;
        let update = self.update.as_deref();
        Surroundings { id, services, batch: &self.shared, progress: self.work(), update }
    }

    /// Checks everything, then creates every object, in the order of the drafts.
    ///
    /// # Errors
    /// The proof that something was reported; then nothing was created, and what had been done is undone.
    pub fn create(mut self, report: &mut Diagnostics) -> Result<Vec<ObjectRef>, Failed> {
        if self.checked < Some(Level::Schema) {
            self.damaged = self.drafts.iter().position(|draft| draft.damaged().is_some());
        }
        if self.refused.is_some() || self.damaged.is_some() {
            let damaged = self.damaged.and_then(|at| self.drafts.get(at));
            let about = damaged.map(|draft| draft.about()).unwrap_or_default();
            return Err(report.report(Diagnostic::new(ModelErrorKind::AlreadyRefused).with_about(about)));
        }
        if let Err(problem) = check_revision(self.revision, self.model.revision()) {
            return Err(report.report(problem));
        }
        let before = report.len();
        self.check(Level::Host, report);
        if let Some(reported) = self.refused {
            return Err(reported);
        }
        self.claim_ids(report)?;
        let order = self.order.take();
        let order: Option<Vec<usize>> =
            order.map(|order| order.into_iter().filter(|at| self.standing(*at).is_none()).collect());
        let mut journal = Journal::new();
        let mut made = Vec::with_capacity(self.drafts.len());
        if let Some(watched) = self.watched.get() {
            watched.begin();
        }
        let done = self.realize(order.as_deref(), &mut made, &mut journal, report);
        let done = done.and_then(|()| self.set_live(&made, &mut journal, report));
        if let Err(failed) = done {
            // Dependents first, then what they needed; then what had been done outside.
            while let Some(object) = made.pop() {
                drop(object);
            }
            report.extend(journal.undo());
            return Err(failed);
        }
        let objects = match order {
            None => made,
            Some(order) => {
                let mut made: Vec<(usize, ObjectRef)> = order.into_iter().zip(made).collect();
                made.sort_unstable_by_key(|(at, _)| *at);
                made.into_iter().map(|(_, object)| object).collect()
            }
        };
        let gone = match self.enter(&objects) {
            Ok(gone) => gone,
            Err(problem) => {
                drop(objects);
                let failed = report.report(problem);
                report.extend(journal.undo());
                return Err(failed);
            }
        };
        journal.commit();
        // Outside of every lock; it may take long.
        drop(gone);
        if let Some(update) = &mut self.update {
            update.let_go();
        }
        for warning in report.since(before).iter().filter(|one| !one.is_error()) {
            self.model.warn(warning);
        }
        Ok(match &self.update {
            None => objects,
            Some(update) => update.with_standing(objects),
        })
    }

    /// Takes the names of what is to be made, so that nobody else can.
    fn reserve_names(&self, report: &mut Diagnostics) -> Result<Claim, Failed> {
        let to_be_made = self.drafts.iter().enumerate().filter(|(at, _)| self.standing(*at).is_none());
        let ids = to_be_made.filter_map(|(_, draft)| draft.id());
        let is_leaving = |id: &str| self.update.as_ref().is_some_and(|update| update.is_leaving(id));
        Claim::take(&self.model, self.place.parent(&self.model), ids, &is_leaving, report)
    }

    /// Puts what was made into the tree, and takes out what goes.
    fn enter(&self, objects: &[ObjectRef]) -> crate::error::Result<Vec<ObjectRef>> {
        if let Some(update) = &self.update {
            return update.commit(&self.model, self.place.parent(&self.model), self.revision, objects);
        }
        // The names were reserved, so what may fail is that the parent went meanwhile, or the revision.
        let mut change = self.model.inner.tree.change();
        change.check_revision(self.revision)?;
        change.add(self.place.parent(&self.model), objects)?;
        Ok(Vec::new())
    }

    /// The object that a path means to the batch: one that was made, else one that there is.
    fn find(&self, made: &[ObjectRef], ids: &Ids, path: &str) -> crate::error::Result<ObjectRef> {
        let id = path.strip_prefix("/objects/").unwrap_or(path);
        match ids.get(id).and_then(|at| made.get(*at)) {
            Some(object) => Ok(object.clone()),
            None => self.model.resolve(path),
        }
    }

    /// Sets the live properties of objects that there are.
    fn set_live(
        &mut self,
        made: &[ObjectRef],
        journal: &mut Journal,
        report: &mut Diagnostics,
    ) -> Result<(), Failed> {
        let Some(mut update) = self.update.take() else { return Ok(()) };
        let ids: Ids = made.iter().enumerate().map(|(at, object)| (object.name().into(), at)).collect();
        let done = update.set(self, &|path| self.find(made, &ids, path), journal, report);
        self.update = Some(update);
        done
    }

    /// Realizes the drafts, each after those it needs, and puts them into `made`. `order` is of those that have no object
    /// yet; where it is not given, they are realized in their own order.
    fn realize(
        &mut self,
        order: Option<&[usize]>,
        made: &mut Vec<ObjectRef>,
        journal: &mut Journal,
        report: &mut Diagnostics,
    ) -> Result<(), Failed> {
        // Only where there are links there is an order.
        let mut ids = order.map(|_| Ids::default());
        let drafts = std::mem::take(&mut self.drafts);
        let Some(order) = order else {
            let mut drafts = drafts.into_iter().enumerate();
            let mut to_be_made = drafts.by_ref().filter(|(at, _)| self.standing(*at).is_none());
            return to_be_made
                .try_for_each(|(_, draft)| self.realize_one(draft, &mut ids, made, journal, report));
        };
        let mut drafts: Vec<Option<Box<dyn AnyDraft>>> = drafts.into_iter().map(Some).collect();
        let mut in_order = order.iter().filter_map(|at| drafts.get_mut(*at).and_then(Option::take));
        in_order.try_for_each(|draft| self.realize_one(draft, &mut ids, made, journal, report))
    }

    fn realize_one(
        &self,
        mut draft: Box<dyn AnyDraft>,
        ids: &mut Option<Ids>,
        made: &mut Vec<ObjectRef>,
        journal: &mut Journal,
        report: &mut Diagnostics,
    ) -> Result<(), Failed> {
        let id = CompactString::from(draft.id().unwrap_or_default());
        if let Some(ids) = ids {
            graph::resolve_links(&mut *draft, &|path| self.find(made, ids, path).ok(), report)?;
            ids.insert(id.clone(), made.len());
        }
        let bag = draft.bag();
        if let Err(cancelled) = self.work().check_cancelled() {
            return Err(report.report(cancelled.with_about(draft.about())));
        }
        let mut warnings = Diagnostics::new();
        let around = self.around(&id);
        let cx = &mut RealizeContext { around, journal, warnings: &mut warnings, applied: self.applied };
        let type_name = draft.class().name();
        let object = draft.realize(Some(self.place.parent(&self.model).clone()), &id, cx);
        if !warnings.is_empty() {
            let about = About { object: Some(id), type_name: Some(type_name.into()), property: None, bag };
            report.extend(warnings.take().into_iter().map(|warning| warning.with_about(about.clone())));
        }
        made.push(object.map_err(|problem| report.report(problem))?);
        Ok(())
    }
}

/// Where among what was made the object with an id is.
type Ids = HashMap<CompactString, usize, foldhash::fast::RandomState>;

/// Fills in whom the diagnostics are about.
fn complete(diagnostics: &mut [Diagnostic], draft: &dyn AnyDraft) {
    if diagnostics.is_empty() {
        return;
    }
    let about = draft.about();
    for diagnostic in diagnostics {
        for related in diagnostic.related_mut() {
            if related.about.bag.is_none() && related.about.object.is_none() {
                let property = related.about.property.take();
                related.about = About { property, ..about.clone() };
            }
        }
        let own = diagnostic.about_mut();
        own.object = own.object.take().or_else(|| about.object.clone());
        own.type_name = own.type_name.take().or_else(|| about.type_name.clone());
        own.bag = own.bag.or(about.bag);
    }
}
