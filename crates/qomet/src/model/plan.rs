//! What it takes to make a model what a batch of drafts says: the plan, before anything is done.
//!
//! A draft whose id is taken is compared with the object that has it, property by property, both as configured: what
//! the draft leaves out is its default. If nothing differs, the object stays; if only live properties differ, it is
//! changed in place; else it is replaced. Objects that hold one that is replaced are replaced with it if they are
//! drafts too, and forbid it if they are not.
//!
//! [`Model::plan`] makes a [`ModelPlan`], [`ModelPlan::apply`] (in `update`) carries it out. Whoever shows a plan to people or
//! sends it to a client reads its [`steps`](ModelPlan::steps).
//!
//! Why replacements are made before the old objects go, and not after: so that whatever fails, the old ones are still
//! there. For a moment both exist, which takes memory for both.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use super::update::{Update, Values};
use super::{Batch, Level, Model, Progress};
use crate::error::{Diagnostic, Diagnostics, Failed, ModelErrorKind, WayOut};
use crate::object::{AnyDraft, ObjectRef};
use crate::types::{Content, Property};
use crate::value::Mutability;
use crate::visit::{Native, NativeOutput};

/// What a plan may do beside creating and changing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Objects that an earlier apply created and that are not among the drafts go.
    pub prune: bool,
    /// Objects may go or be replaced though their content is lost.
    pub allow_loss: bool,
}

/// What happens to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is created.
    Create,
    /// It is what it should be.
    Unchanged,
    /// Live properties are set.
    Change,
    /// Another one is created in its place.
    Replace,
    /// It is deleted.
    Delete,
}

impl Action {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Unchanged => "unchanged",
            Action::Change => "change",
            Action::Replace => "replace",
            Action::Delete => "delete",
        }
    }
}

/// A property that is not what it should be.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The property.
    pub property: &'static str,
    /// As it is; not told of a sensitive property.
    pub from: Option<Native<'static>>,
    /// As it should be; not told of a sensitive property.
    pub to: Option<Native<'static>>,
    /// Whether it is fixed once the object is realized, or sensitive, which forces a replacement.
    pub forces: bool,
    /// The replaced object that it links to, if that is all the difference.
    pub follows: Option<String>,
}

/// What happens to one object, and why.
#[derive(Clone, Debug)]
pub struct Step {
    /// What.
    pub action: Action,
    /// The object's id.
    pub id: CompactString,
    /// Its type: of a replacement, the new one.
    pub type_name: CompactString,
    /// The number of the draft's bag.
    pub bag: Option<usize>,
    /// The type as it is, where that forces a replacement.
    pub old_type: Option<CompactString>,
    /// The properties that differ, in declared order.
    pub differences: Vec<Difference>,
    /// What becomes of the content of an object that goes or is replaced.
    pub content: Content,
}

/// What it takes to make a model what a batch says. It holds what it needs to do that.
pub struct ModelPlan {
    pub(super) batch: Batch,
    steps: Vec<Step>,
    revision: u64,
    pub(super) refused: Option<Failed>,
}

impl ModelPlan {
    /// What happens to each object: the drafts in their order, then what is deleted.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| step.action == Action::Unchanged)
    }

    /// Whether nothing is refused.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.refused.is_none()
    }

    /// The drafts and how far they have come.
    #[must_use]
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The revision of the model that the plan is about.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Has [`apply`](Self::apply) refuse if the model has another revision than this.
    pub fn expect_revision(&mut self, revision: u64) {
        self.batch.expect_revision(revision);
    }

    /// Has [`apply`](Self::apply) tell how far it has come: see [`Batch::report_to`].
    pub fn report_to(&mut self, progress: Arc<Progress>) {
        self.batch.report_to(progress);
    }

    /// Checks what is going to be made against the host too, which is only read.
    pub fn check_host(&mut self, report: &mut Diagnostics) {
        if self.refused.is_some() {
            return;
        }
        let mut found = Diagnostics::new();
        self.batch.check(Level::Host, &mut found);
        self.refused = found.proof();
        report.extend(found.take());
    }
}

impl Model {
    /// Compares a batch with the objects that there are, and plans how to make them the same. Whatever cannot be done
    /// is reported: mistakes in the drafts, objects in use, content that would be lost.
    ///
    /// The batch's own expectation of a revision becomes that of the model now.
    #[must_use]
    pub fn plan(&self, mut batch: Batch, options: PlanOptions, report: &mut Diagnostics) -> ModelPlan {
        let mut found = Diagnostics::new();
        let revision = self.revision();
        batch.begin_update(revision);
        batch.check(Level::Graph, &mut found);
        if let Some(refused) = found.proof() {
            report.extend(found.take());
            return ModelPlan { batch, steps: Vec::new(), revision, refused: Some(refused) };
        }
        let mut planner = Planner::new(self, batch.drafts());
        for at in batch.order_of_drafts() {
            planner.judge(at);
        }
        if options.prune {
            planner.prune();
        }
        planner.refuse(options, &mut found);
        let Planner { steps, update, deleted, .. } = planner;
        let steps = steps.into_iter().flatten().chain(deleted).collect();
        batch.set_update(update);
        let refused = found.proof();
        report.extend(found.take());
        ModelPlan { batch, steps, revision, refused }
    }
}

struct Planner<'a> {
    model: &'a Model,
    drafts: &'a [Box<dyn AnyDraft>],
    ids: HashMap<&'a str, usize, foldhash::fast::RandomState>,
    steps: Vec<Option<Step>>,
    deleted: Vec<Step>,
    update: Update,
}

impl<'a> Planner<'a> {
    fn new(model: &'a Model, drafts: &'a [Box<dyn AnyDraft>]) -> Self {
        let ids = drafts.iter().enumerate().filter_map(|(at, draft)| Some((draft.id()?, at))).collect();
        let steps = drafts.iter().map(|_| None).collect();
        Planner { model, drafts, ids, steps, deleted: Vec::new(), update: Update::new(drafts.len()) }
    }

    /// What happens to the object of a draft; those that it links to were judged before.
    fn judge(&mut self, at: usize) {
        let Some(draft) = self.drafts.get(at) else { return };
        let id = CompactString::from(draft.id().unwrap_or_default());
        let mut step = Step {
            action: Action::Create,
            id: id.clone(),
            type_name: draft.class().name().into(),
            bag: draft.bag(),
            old_type: None,
            differences: Vec::new(),
            content: Content::None,
        };
        if let Some(object) = self.model.find(&id) {
            let revision = object.revision();
            if object.class().name() == draft.class().name() {
                step.differences = self.compare(&**draft, &object);
            } else {
                step.old_type = Some(object.class().name().into());
            }
            let is_forced = step.old_type.is_some() || step.differences.iter().any(|one| one.forces);
            step.action = match () {
                () if is_forced => Action::Replace,
                () if step.differences.is_empty() => Action::Unchanged,
                () => Action::Change,
            };
            match step.action {
                Action::Replace => {
                    step.content = object.content();
                    self.update.leave(object, revision);
                }
                Action::Change => {
                    let values = wanted(&**draft, &step.differences);
                    self.update.change((at, draft.bag()), object, revision, values);
                }
                _ => self.update.stand(at, object, revision),
            }
        }
        if let Some(place) = self.steps.get_mut(at) {
            *place = Some(step);
        }
    }

    /// The properties in which `object` is not what `draft` says.
    fn compare(&self, draft: &dyn AnyDraft, object: &ObjectRef) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (slot, property) in draft.class().properties().iter().enumerate() {
            if property.mutability == Mutability::Computed {
                continue;
            }
            let (from, to) = (configured(object, slot), drafted(draft, slot));
            let follows = if property.value_type.has_links() { self.follows(draft, slot) } else { None };
            let is_same = match property.sensitive {
                true => draft.is_same_secret(slot, object),
                false => self.is_same(property, &from, &to),
            };
            if follows.is_none() && is_same {
                continue;
            }
            let told = |value: Native<'static>| (!property.sensitive).then_some(value);
            differences.push(Difference {
                property: property.name,
                from: told(from),
                to: told(to),
                // Nobody could set a secret back.
                forces: property.mutability != Mutability::Live || property.sensitive,
                follows,
            });
        }
        differences
    }

    /// The first object that the property links to and that is not the one that there is now.
    fn follows(&self, draft: &dyn AnyDraft, slot: usize) -> Option<String> {
        let mut found = None;
        draft.links(&mut |at, link| {
            if at != slot || found.is_some() {
                return;
            }
            let target = link.unresolved().map(id_of).and_then(|id| self.ids.get(id).map(|at| (id, *at)));
            if let Some((id, target)) = target
                && self.steps.get(target).and_then(Option::as_ref).map(|step| step.action)
                    == Some(Action::Replace)
            {
                found = Some(id.to_owned());
            }
        });
        found
    }

    fn is_same(&self, property: &Property, from: &Native<'_>, to: &Native<'_>) -> bool {
        let links = property.value_type.has_links();
        is_same(from, to, &|path| if links { self.full(path) } else { path.to_owned() })
    }

    /// The canonical path of what a link names; an object that is about to be made goes by the path that it will have.
    fn full(&self, path: &str) -> String {
        if path.is_empty() {
            return String::new();
        }
        if self.ids.contains_key(id_of(path)) {
            return format!("/objects/{}", id_of(path));
        }
        self.model.resolve(path).map_or_else(|_| path.to_owned(), |object| object.path())
    }

    /// Has objects go that an earlier apply created and that are not among the drafts.
    fn prune(&mut self) {
        for object in self.model.children(self.model.objects()) {
            if !object.header().is_applied() || self.ids.contains_key(object.name()) {
                continue;
            }
            self.deleted.push(Step {
                action: Action::Delete,
                id: object.name().into(),
                type_name: object.class().name().into(),
                bag: None,
                old_type: None,
                differences: Vec::new(),
                content: object.content(),
            });
            let revision = object.revision();
            self.update.leave(object, revision);
        }
    }

    /// Reports what cannot be done.
    fn refuse(&self, options: PlanOptions, report: &mut Diagnostics) {
        let leaving = self.update.leaving_with_all_below(self.model);
        for object in &leaving {
            if let Err(problem) = object.can_be_deleted() {
                let _ = report.report(problem);
            }
            let users = self.users(object, &leaving);
            if !users.is_empty() {
                let is_pruned = self.deleted.iter().any(|step| step.id == object.name());
                let way = if is_pruned { WayOut::Keep } else { WayOut::Declare };
                let _ = report.report(about(object, ModelErrorKind::InUse { users, way }));
            }
        }
        for draft in self.drafts {
            draft.links(&mut |slot, link| {
                let Some(path) = link.unresolved().filter(|path| !self.ids.contains_key(id_of(path))) else {
                    return;
                };
                let target = self.model.resolve(path).ok();
                if let Some(target) = target.filter(|target| leaving.iter().any(|one| one.is(target))) {
                    let users = vec![format!("/objects/{}", draft.id().unwrap_or_default())];
                    let property = draft.class().property(slot).map_or("", |property| property.name);
                    let way = WayOut::KeepForDeclared;
                    let problem =
                        about(&target, ModelErrorKind::InUse { users, way }).with_property(property);
                    let _ = report.report(problem);
                }
            });
        }
        if options.allow_loss {
            return;
        }
        for step in self.steps.iter().flatten().chain(&self.deleted) {
            if step.content == Content::Lost {
                let because = step.differences.iter().find(|one| one.forces).map(|one| one.property);
                let problem = ModelErrorKind::ContentLost { action: step.action.as_str(), because };
                let mut problem = Diagnostic::new(problem).with_object(&step.id).with_type(&step.type_name);
                problem.about_mut().property = because.map(CompactString::from);
                problem.about_mut().bag = step.bag;
                let _ = report.report(problem);
            }
        }
    }

    /// Who uses an object that is to go, other than those that go too or let go of it.
    fn users(&self, object: &ObjectRef, leaving: &[ObjectRef]) -> Vec<String> {
        if object.header().holds() == 0 {
            return Vec::new();
        }
        let changed = self.update.changed_objects();
        let except: Vec<ObjectRef> = leaving.iter().chain(changed).cloned().collect();
        self.model.users(object, &except)
    }
}

fn about(object: &ObjectRef, problem: ModelErrorKind) -> Diagnostic {
    Diagnostic::new(problem).with_object(object.name()).with_type(object.class().name())
}

/// The id in a path that names something a user creates.
fn id_of(path: &str) -> &str {
    path.strip_prefix("/objects/").unwrap_or(path)
}

fn configured(object: &ObjectRef, slot: usize) -> Native<'static> {
    let mut output = NativeOutput::telling_absence();
    object.write_configured_slot(slot, &mut output);
    output.finish()
}

fn drafted(draft: &dyn AnyDraft, slot: usize) -> Native<'static> {
    let mut output = NativeOutput::telling_absence();
    draft.write(slot, &mut output);
    output.finish()
}

/// The values that `draft` has for what differs.
fn wanted(draft: &dyn AnyDraft, differences: &[Difference]) -> Values {
    let slot = |name: &str| draft.class().find(name);
    differences.iter().filter_map(|one| Some((one.property, drafted(draft, slot(one.property)?)))).collect()
}

/// Whether two values are the same; `full` makes the texts of links comparable.
fn is_same(one: &Native<'_>, other: &Native<'_>, full: &dyn Fn(&str) -> String) -> bool {
    match (one, other) {
        (Native::Null, Native::Null) => true,
        (Native::Bool(one), Native::Bool(other)) => one == other,
        (Native::Int(one), Native::Int(other)) => one == other,
        (Native::Uint(one), Native::Uint(other)) => one == other,
        (Native::Int(signed), Native::Uint(unsigned)) | (Native::Uint(unsigned), Native::Int(signed)) => {
            u64::try_from(*signed) == Ok(*unsigned)
        }
        (Native::Number(one), Native::Number(other)) => one.to_bits() == other.to_bits(),
        (Native::Str(one), Native::Str(other)) => one == other || full(one) == full(other),
        (Native::Object(one), Native::Object(other)) => one.is(other),
        (Native::List(one), Native::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other, full))
        }
        (Native::Struct(one), Native::Struct(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((name, one), (as_well, other))| name == as_well && is_same(one, other, full))
        }
        _ => false,
    }
}
