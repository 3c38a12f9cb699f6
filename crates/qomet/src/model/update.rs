//! Carrying out a plan: all of it or nothing.
//!
//! New objects are realized first, beside the old ones; then live properties are set; then, as one change of the tree,
//! what goes leaves and what is new enters. Each step notes in the journal how to take it back. Only behind the last one
//! the old objects are let go.
//!
//! Called by [`ModelPlan::apply`] and, for what it has in common with creating, by `batch`. Between the sets and the change of
//! the tree a reader may see the new values beside the old objects; nothing else is seen half-done.

use std::collections::HashSet;

use compact_str::CompactString;

use super::delete::mark;
use super::plan::{ModelPlan, PlanOptions};
use super::{Batch, Journal, Model};
use crate::error::{About, Diagnostic, Diagnostics, Failed, ModelErrorKind, Result, WayOut};
use crate::object::{ObjectRef, Terms};
use crate::visit::{Native, NativeInput, NativeOutput};

/// Properties and what they are to be.
pub(super) type Values = Vec<(&'static str, Native<'static>)>;

/// How the drafts of a batch relate to the objects that there are.
pub(crate) struct Update {
    /// The object that each draft is, unless it has to be made.
    standing: Vec<Option<ObjectRef>>,
    changes: Vec<Change>,
    leaving: Vec<ObjectRef>,
    names: HashSet<CompactString, foldhash::fast::RandomState>,
    /// What was looked at, with its revision then.
    seen: Vec<(ObjectRef, u64)>,
}

/// Live properties that are set.
struct Change {
    bag: Option<usize>,
    object: ObjectRef,
    revision: u64,
    values: Values,
}

impl Update {
    pub(super) fn new(drafts: usize) -> Self {
        Update {
            standing: vec![None; drafts],
            changes: Vec::new(),
            leaving: Vec::new(),
            names: HashSet::default(),
            seen: Vec::new(),
        }
    }

    /// `object` is what the draft says.
    pub(super) fn stand(&mut self, draft: usize, object: ObjectRef, revision: u64) {
        self.seen.push((object.clone(), revision));
        if let Some(place) = self.standing.get_mut(draft) {
            *place = Some(object);
        }
    }

    /// `object` becomes what the draft says.
    pub(super) fn change(
        &mut self,
        (draft, bag): (usize, Option<usize>),
        object: ObjectRef,
        revision: u64,
        values: Values,
    ) {
        self.changes.push(Change { bag, object: object.clone(), revision, values });
        if let Some(place) = self.standing.get_mut(draft) {
            *place = Some(object);
        }
    }

    /// `object` goes.
    pub(super) fn leave(&mut self, object: ObjectRef, revision: u64) {
        self.names.insert(object.name().into());
        self.seen.push((object.clone(), revision));
        self.leaving.push(object);
    }

    /// The object that a draft is or becomes without being made.
    pub(super) fn standing(&self, draft: usize) -> Option<&ObjectRef> {
        self.standing.get(draft)?.as_ref()
    }

    /// The objects of all drafts, in their order: those that stand, and what was made for the others.
    pub(super) fn with_standing(&self, made: Vec<ObjectRef>) -> Vec<ObjectRef> {
        let mut made = made.into_iter();
        self.standing.iter().filter_map(|standing| standing.clone().or_else(|| made.next())).collect()
    }

    /// Lets go of what left, those that needed others first.
    pub(super) fn let_go(&mut self) {
        self.seen.clear();
        while let Some(object) = self.leaving.pop() {
            drop(object);
        }
    }

    /// Whether the object with this id goes.
    pub(super) fn is_leaving(&self, id: &str) -> bool {
        self.names.contains(id)
    }

    /// The objects of which live properties are set.
    pub(super) fn changed_objects(&self) -> impl Iterator<Item = &ObjectRef> {
        self.changes.iter().map(|change| &change.object)
    }

    /// The objects that go, each with what is below it.
    pub(super) fn leaving_with_all_below(&self, model: &Model) -> Vec<ObjectRef> {
        self.leaving.iter().flat_map(|object| model.inner.tree.subtree(object)).collect()
    }

    /// Sets live properties. `find` looks up the paths of links.
    ///
    /// # Errors
    /// The proof that something was reported; what was set before is in the journal.
    pub(super) fn set(
        &mut self,
        batch: &Batch,
        find: &dyn Fn(&str) -> Result<ObjectRef>,
        journal: &mut Journal,
        report: &mut Diagnostics,
    ) -> Result<(), Failed> {
        for change in &mut self.changes {
            set_all(change, batch, find, journal, report)?;
        }
        Ok(())
    }

    /// Checks that nothing of what was looked at has changed.
    fn check_seen(&self) -> Result<()> {
        let changed = self.changes.iter().map(|change| (&change.object, change.revision));
        for (object, expected) in
            self.seen.iter().map(|(object, revision)| (object, *revision)).chain(changed)
        {
            let found = object.revision();
            if found != expected {
                let problem = ModelErrorKind::RevisionChanged { what: "object", expected, found };
                return Err(Diagnostic::new(problem).with_object(object.name()));
            }
        }
        Ok(())
    }

    /// The change of the tree. What left is returned, to be let go where no lock is held.
    ///
    /// # Errors
    /// Something changed meanwhile, or is in use; then the tree is as before.
    pub(super) fn commit(
        &self,
        model: &Model,
        parent: &ObjectRef,
        revision: Option<u64>,
        made: &[ObjectRef],
    ) -> Result<Vec<ObjectRef>> {
        let mut change = model.inner.tree.change();
        change.check_revision(revision)?;
        self.check_seen()?;
        let leaving = self.leaving_with_all_below(model);
        change.begin();
        if let Err((used, flickered)) = mark(&leaving) {
            if flickered {
                change.missed();
            }
            drop(change);
            let problem = ModelErrorKind::InUse { users: model.users(used, &leaving), way: WayOut::None };
            return Err(Diagnostic::new(problem).with_object(used.name()).with_type(used.class().name()));
        }
        let mut gone = change.remove(&leaving);
        let added = if made.is_empty() { Ok(()) } else { change.add(parent, made) };
        drop(change);
        // The names were reserved or are those of what left, and the parent is `/objects`.
        added?;
        gone.extend(leaving);
        Ok(gone)
    }
}

/// Sets what differs of one object. A rule across properties may forbid one order and allow another, so what is refused
/// is tried again as long as anything else succeeds.
fn set_all(
    change: &mut Change,
    batch: &Batch,
    find: &dyn Fn(&str) -> Result<ObjectRef>,
    journal: &mut Journal,
    report: &mut Diagnostics,
) -> Result<(), Failed> {
    let mut left: Vec<&(&'static str, Native<'static>)> = change.values.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        let mut refused = Vec::new();
        let mut again = Vec::new();
        for (name, value) in left {
            match set_one(&change.object, name, value, change.revision, batch, find, journal) {
                Ok(()) => change.revision += 1,
                Err(problems) => {
                    refused.extend(problems);
                    again.push((name, value));
                }
            }
        }
        if again.len() == before {
            let (object, bag) = (&change.object, change.bag);
            let complete = |problem: Diagnostic| {
                let property = problem.about().property.clone();
                problem.with_about(About {
                    object: Some(object.name().into()),
                    type_name: Some(object.class().name().into()),
                    property,
                    bag,
                })
            };
            let failed = refused.into_iter().map(|problem| report.report(complete(problem))).last();
            return match failed {
                Some(failed) => Err(failed),
                None => Err(report.report(ModelErrorKind::AlreadyRefused)),
            };
        }
        left = change.values.iter().filter(|(name, _)| again.iter().any(|(one, _)| *one == name)).collect();
    }
    Ok(())
}

/// Sets one property, and notes how to set it back.
fn set_one(
    object: &ObjectRef,
    name: &'static str,
    value: &Native<'static>,
    revision: u64,
    batch: &Batch,
    find: &dyn Fn(&str) -> Result<ObjectRef>,
    journal: &mut Journal,
) -> Result<(), Vec<Diagnostic>> {
    let mut old = NativeOutput::telling_absence();
    if let Some(slot) = object.class().find(name) {
        object.write_configured_slot(slot, &mut old);
    }
    let mut report = Diagnostics::new();
    let unset = matches!(value, Native::Null);
    let terms = Terms { revision: Some(revision), progress: Some(batch.work()), unset };
    let done = object.set_from(name, &mut NativeInput::new(value, &mut report), find, terms);
    let mut problems = report.take();
    let failed = match done {
        Ok(Ok(())) => false,
        Ok(Err(_)) => true,
        Err(problem) => {
            problems.push(problem);
            true
        }
    };
    if failed {
        return Err(problems.into_iter().map(|problem| problem.with_property(name)).collect());
    }
    let (model, object, old) = (batch.model().clone(), object.clone(), old.finish());
    journal.record(move || set_back(&model, &object, name, &old));
    Ok(())
}

/// Sets a property to what it was.
fn set_back(model: &Model, object: &ObjectRef, name: &str, old: &Native<'_>) -> Result<()> {
    let terms = Terms { unset: matches!(old, Native::Null), ..Terms::default() };
    object.set_resolving(name, old, &|path| model.resolve(path), terms)
}

impl ModelPlan {
    /// Does what the plan says, all of it or nothing. Returns the objects of the drafts, in their order.
    ///
    /// # Errors
    /// The proof that something is refused, or changed since the plan was made; then everything is as before.
    pub fn apply(self, report: &mut Diagnostics) -> Result<Vec<ObjectRef>, Failed> {
        match self.refused {
            Some(_) => Err(report.report(ModelErrorKind::AlreadyRefused)),
            None => self.batch.create(report),
        }
    }
}

impl Model {
    /// Makes the model what a batch says: [`plan`](Self::plan), then [`apply`](ModelPlan::apply).
    ///
    /// # Errors
    /// The proof that something is refused; then everything is as before.
    pub fn apply(
        &self,
        batch: Batch,
        options: PlanOptions,
        report: &mut Diagnostics,
    ) -> Result<Vec<ObjectRef>, Failed> {
        let before = report.errors();
        let plan = self.plan(batch, options, report);
        match report.proof().filter(|_| report.errors() > before) {
            Some(failed) => Err(failed),
            None => plan.apply(report),
        }
    }
}
