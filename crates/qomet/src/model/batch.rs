//! Objects that are created together or not at all.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use compact_str::CompactString;

use super::{Journal, Model, ProbeContext, RealizeContext, Services, graph};
use crate::error::{Diagnostic, Diagnostics, Failed, ModelErrorKind};
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
    drafts: Vec<Box<dyn AnyDraft>>,
    shared: Services,
    cancel: Arc<AtomicBool>,
}

impl Batch {
    pub(super) fn new(model: Model, drafts: Vec<Box<dyn AnyDraft>>) -> Self {
        Batch { model, drafts, shared: Services::default(), cancel: Arc::default() }
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

    /// Checks everything up to `level`; all that can be seen is reported. `create` makes the same checks.
    pub fn check(&self, level: Level, report: &mut Diagnostics) {
        self.checked_order(level, report);
    }

    fn checked_order(&self, level: Level, report: &mut Diagnostics) -> Vec<usize> {
        for draft in &self.drafts {
            let before = report.len();
            draft.check(report);
            complete(report.since(before), &**draft);
        }
        let order =
            if level >= Level::Graph { graph::check(&self.model, &self.drafts, report) } else { Vec::new() };
        if level >= Level::Host {
            self.probe(report);
        }
        order
    }

    fn probe(&self, report: &mut Diagnostics) {
        for draft in &self.drafts {
            draft.announce(&mut self.probe_context(&**draft, report));
        }
        for draft in &self.drafts {
            let before = report.len();
            draft.probe(&mut self.probe_context(&**draft, report));
            complete(report.since(before), &**draft);
        }
    }

    fn probe_context<'a>(&'a self, draft: &'a dyn AnyDraft, report: &'a mut Diagnostics) -> ProbeContext<'a> {
        ProbeContext {
            id: draft.id().unwrap_or_default(),
            services: &self.model.inner.services,
            batch: &self.shared,
            report,
        }
    }

    /// Checks everything, then creates every object below `/objects`, in the order of the drafts.
    ///
    /// # Errors
    /// The proof that something was reported; then nothing was created, and what had been done is undone.
    pub fn create(mut self, report: &mut Diagnostics) -> Result<Vec<ObjectRef>, Failed> {
        let before = report.errors();
        let order = self.checked_order(Level::Host, report);
        let drafts = std::mem::take(&mut self.drafts);
        if report.errors() > before {
            return Err(failed(report));
        }
        let ids: Vec<CompactString> =
            drafts.iter().map(|draft| draft.id().unwrap_or_default().into()).collect();
        let _pending = Pending::take(&self.model, ids, report)?;
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
                journal.undo();
                return Err(failed);
            }
        };
        let mut change = self.model.inner.tree.change();
        for (count, object) in objects.iter().enumerate() {
            if let Err(problem) = change.add(object.clone()) {
                let added: Vec<ObjectRef> = objects.iter().take(count).cloned().collect();
                let gone = change.remove(&added);
                drop(change);
                drop((gone, added, objects));
                journal.undo();
                return Err(report.report(problem));
            }
        }
        drop(change);
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
            let before = report.errors();
            let find = |path: &str| {
                let id = path.strip_prefix("/objects/").unwrap_or(path);
                let made = ids.get(id).and_then(|index| made.get(*index)?.clone());
                made.or_else(|| self.model.resolve(path).ok())
            };
            graph::resolve_links(&mut *draft, &find, report);
            if report.errors() > before {
                return Err(failed(report));
            }
            let about = draft.about();
            let id = CompactString::from(draft.id().unwrap_or_default());
            let mut warnings = Diagnostics::new();
            let object = draft.realize(
                Some(self.model.inner.objects.clone()),
                &id,
                &mut RealizeContext {
                    id: &id,
                    services: &self.model.inner.services,
                    batch: &self.shared,
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
                related.about = crate::About { property, ..about.clone() };
            }
        }
        let own = diagnostic.about_mut();
        own.object = own.object.take().or_else(|| about.object.clone());
        own.type_name = own.type_name.take().or_else(|| about.type_name.clone());
        own.bag = own.bag.or(about.bag);
    }
}

/// The proof for a report that is known to hold an error.
fn failed(report: &mut Diagnostics) -> Failed {
    report.proof()
}

/// The ids of objects in the making; nobody else can take them.
struct Pending {
    model: Model,
    ids: Vec<CompactString>,
}

impl Pending {
    fn take(model: &Model, ids: Vec<CompactString>, report: &mut Diagnostics) -> Result<Self, Failed> {
        let mut pending = model.inner.pending.lock();
        if let Some(taken) = ids.iter().find(|id| pending.contains(*id) || model.find(id).is_some()) {
            let problem = ModelErrorKind::DuplicateId { id: taken.to_string() };
            return Err(report.report(Diagnostic::new(problem).with_object(taken).with_property("id")));
        }
        pending.extend(ids.iter().cloned());
        drop(pending);
        Ok(Pending { model: model.clone(), ids })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut pending = self.model.inner.pending.lock();
        for id in &self.ids {
            pending.remove(id);
        }
    }
}
