//! Objects that are created together or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use compact_str::CompactString;

use super::context::Surroundings;
use super::{Journal, Model, ProbeContext, RealizeContext, Services, graph};
use crate::error::{About, Diagnostic, Diagnostics, Failed, ModelErrorKind};
use crate::object::{AnyDraft, ObjectRef};

/// How far a check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
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
    /// How far it was checked, and the order of creation.
    checked: Option<(Level, Vec<usize>)>,
    /// Proof that something about the batch was refused; then it is not created.
    refused: Option<Failed>,
    shared: Services,
    cancel: Arc<AtomicBool>,
}

/// Where the objects of a batch go.
pub(super) struct Destination {
    pub(super) parent: ObjectRef,
    /// A user's objects have ids; a program's may have any name.
    pub(super) by_user: bool,
}

impl Destination {
    /// Checks an id or name.
    pub(super) fn check_name(&self, name: &str) -> Result<(), Diagnostic> {
        if self.by_user {
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
            checked: None,
            refused: None,
            shared: Services::default(),
            cancel: Arc::default(),
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
        self.cancel.clone()
    }

    /// Says that the batch was meant to have an object that could not even become a draft, so that links to it are
    /// not reported as a second mistake. The batch cannot be created.
    pub fn reserve(&mut self, about: About, reported: Failed) {
        self.reserved.push(about);
        self.refused = Some(reported);
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
        let (done, mut order) = match self.checked.take() {
            Some((done, order)) => (Some(done), order),
            None => (None, Vec::new()),
        };
        if done.is_none() {
            for draft in &self.drafts {
                let before = report.len();
                draft.check(report);
                complete(report.since(before), &**draft);
            }
        }
        if level >= Level::Graph && done < Some(Level::Graph) {
            order = graph::check(&self.model, &self.place, &self.drafts, &self.reserved, report);
        }
        if level >= Level::Host && done < Some(Level::Host) {
            self.probe(report);
        }
        self.checked = Some((done.map_or(level, |done| done.max(level)), order));
    }

    /// Announces every draft, then probes every draft. A draft whose id is missing or taken goes by its number, so
    /// that what else is wrong with it shows too.
    fn probe(&self, report: &mut Diagnostics) {
        let mut seen = std::collections::HashSet::new();
        let odd = report.errors() > 0;
        let names: Vec<CompactString> = self
            .drafts
            .iter()
            .enumerate()
            .map(|(number, draft)| match draft.id() {
                Some(id) if !odd || seen.insert(id) => id.into(),
                _ => compact_str::format_compact!("#{number}"),
            })
            .collect();
        for (draft, name) in self.drafts.iter().zip(&names) {
            draft.announce(&mut self.probe_context(name, report));
        }
        for (draft, name) in self.drafts.iter().zip(&names) {
            let mut found = Diagnostics::new();
            draft.probe(&mut self.probe_context(name, &mut found));
            if found.is_empty() {
                continue;
            }
            let before = report.len();
            report.extend(found.take().into_iter().filter(|one| !draft.withholds(one)));
            complete(report.since(before), &**draft);
        }
    }

    fn probe_context<'a>(&'a self, id: &'a str, report: &'a mut Diagnostics) -> ProbeContext<'a> {
        ProbeContext { around: self.around(id), report }
    }

    fn around<'a>(&'a self, id: &'a str) -> Surroundings<'a> {
        Surroundings { id, services: &self.model.inner.services, batch: &self.shared }
    }

    /// Checks everything, then creates every object, in the order of the drafts.
    ///
    /// # Errors
    /// The proof that something was reported; then nothing was created, and what had been done is undone.
    pub fn create(mut self, report: &mut Diagnostics) -> Result<Vec<ObjectRef>, Failed> {
        let damaged = self.drafts.iter().find(|draft| draft.damaged().is_some());
        if self.refused.is_some() || damaged.is_some() {
            let about = damaged.map(|draft| draft.about()).unwrap_or_default();
            return Err(report.report(Diagnostic::new(ModelErrorKind::AlreadyRefused).with_about(about)));
        }
        self.check(Level::Host, report);
        if let Some(reported) = self.refused {
            return Err(reported);
        }
        let drafts = std::mem::take(&mut self.drafts);
        let order = self.checked.take().map_or_else(Vec::new, |(_, order)| order);
        let ids: Vec<CompactString> =
            drafts.iter().map(|draft| draft.id().unwrap_or_default().into()).collect();
        let _pending = Pending::take(&self.model, &self.place.parent, ids, report)?;
        let mut journal = Journal::new();
        let mut made: Vec<Option<ObjectRef>> = vec![None; drafts.len()];
        let done = self.realize(drafts, &order, &mut made, &mut journal, report);
        let objects: Vec<ObjectRef> = match done {
            Ok(()) => made.into_iter().flatten().collect(),
            Err(failed) => {
                // Dependents first, then what they needed; then what had been done outside.
                for index in order.iter().rev() {
                    if let Some(object) = made.get_mut(*index) {
                        drop(object.take());
                    }
                }
                report.extend(journal.undo());
                return Err(failed);
            }
        };
        let added = self.model.inner.tree.change().add(&self.place.parent, &objects);
        if let Err(problem) = added {
            // The names were reserved, so this is the parent that went meanwhile.
            drop(objects);
            let failed = report.report(problem);
            report.extend(journal.undo());
            return Err(failed);
        }
        journal.commit();
        Ok(objects)
    }

    fn realize(
        &self,
        drafts: Vec<Box<dyn AnyDraft>>,
        order: &[usize],
        made: &mut [Option<ObjectRef>],
        journal: &mut Journal,
        report: &mut Diagnostics,
    ) -> Result<(), Failed> {
        let has_links = drafts.iter().any(|draft| draft.class().has_links());
        let ids: std::collections::HashMap<CompactString, usize, foldhash::fast::RandomState> = if has_links {
            drafts
                .iter()
                .enumerate()
                .map(|(index, draft)| (draft.id().unwrap_or_default().into(), index))
                .collect()
        } else {
            std::collections::HashMap::default()
        };
        let mut drafts: Vec<Option<Box<dyn AnyDraft>>> = drafts.into_iter().map(Some).collect();
        for index in order {
            let Some(mut draft) = drafts.get_mut(*index).and_then(Option::take) else { continue };
            let find = |path: &str| {
                let id = path.strip_prefix("/objects/").unwrap_or(path);
                let made = ids.get(id).and_then(|index| made.get(*index)?.clone());
                made.or_else(|| self.model.resolve(path).ok())
            };
            graph::resolve_links(&mut *draft, &find, report)?;
            let about = draft.about();
            let id = CompactString::from(draft.id().unwrap_or_default());
            if self.cancel.load(Ordering::Relaxed) {
                return Err(report.report(Diagnostic::new(ModelErrorKind::Cancelled).with_about(about)));
            }
            let mut warnings = Diagnostics::new();
            let object = draft.realize(
                Some(self.place.parent.clone()),
                &id,
                &mut RealizeContext {
                    around: self.around(&id),
                    journal,
                    warnings: &mut warnings,
                    cancel: &self.cancel,
                },
            );
            report.extend(warnings.take().into_iter().map(|warning| warning.with_about(about.clone())));
            match object {
                Ok(object) => {
                    if let Some(place) = made.get_mut(*index) {
                        *place = Some(object);
                    }
                }
                Err(problem) => return Err(report.report(problem)),
            }
        }
        Ok(())
    }
}

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

/// The names of objects in the making; nobody else can take them.
struct Pending {
    model: Model,
    names: Vec<(usize, CompactString)>,
}

impl Pending {
    fn take(
        model: &Model,
        parent: &ObjectRef,
        ids: Vec<CompactString>,
        report: &mut Diagnostics,
    ) -> Result<Self, Failed> {
        let taken = model.inner.tree.children_by_name(parent);
        let mut pending = model.inner.pending.lock();
        let names: Vec<(usize, CompactString)> = ids.into_iter().map(|id| (parent.address(), id)).collect();
        if let Some((_, id)) =
            names.iter().find(|name| pending.contains(*name) || taken.get(&name.1).is_some())
        {
            let problem = ModelErrorKind::DuplicateId { id: id.to_string() };
            return Err(report.report(Diagnostic::new(problem).with_object(id).with_property("id")));
        }
        pending.extend(names.iter().cloned());
        drop(pending);
        Ok(Pending { model: model.clone(), names })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut pending = self.model.inner.pending.lock();
        for name in &self.names {
            pending.remove(name);
        }
        if pending.is_empty() {
            // A large batch leaves a large table.
            pending.shrink_to(64);
        }
    }
}
