//! Every property of every type a user can create, before and after the object is realized, with the value that it has
//! and with a new one: the plan says what then happens.
//!
//! Before: the plan says `create`, and the object has the value, also where another one was given first. After, the same
//! value: the plan says that nothing is to be done, and nothing is. After, a new value: what can change then is changed
//! in place, and everything else is replaced; nothing else about the object or about others changes, and a second plan is
//! empty. What cannot be tested is in `UNTESTED`, with the reason.

use std::collections::BTreeSet;

use qomet::{
    Action, AnyDraft, Content, Level, Model, Mutability, NativeOutput, ObjectRef, PlanOptions, Property,
};
use qomet_config::Documents;
use serde_json::Value;

use super::samples::{Bag, Sampler, TOGETHER, change, document, furnish};
use crate::dummies;
use crate::folder::Folder;

/// Type, property (`*`: any of them), what it needs that a host may lack. Where the host has it, it is tested.
const UNTESTED: &[(&str, &str, &str)] = &[
    ("dummy-device", "huge", "it needs huge pages"),
    ("memory-backend-file", "pmem", "it needs persistent memory"),
    ("memory-backend-memfd", "hugetlb", "it needs huge pages"),
    ("memory-backend-memfd", "hugetlbsize", "it needs huge pages"),
    ("secret_keyring", "*", "it needs a key in a keyring of the kernel"),
];

const ALL: PlanOptions = PlanOptions { prune: false, allow_loss: true };

/// One property of one type.
struct Case<'c> {
    property: &'static Property,
    /// What is in every document.
    helpers: &'c [Bag],
    old: Bag,
    new: Bag,
}

impl Case<'_> {
    fn documents(&self, bag: &Bag) -> Documents {
        document(&[self.helpers, std::slice::from_ref(bag)].concat())
    }
}

fn model() -> Model {
    Model::new(dummies::registry())
}

/// Whether a document can be created as it is.
fn is_creatable(documents: &Documents) -> bool {
    documents.plan(&model(), Level::Host).carry_out().0.is_ok()
}

fn apply(model: &Model, documents: &Documents) -> Result<Vec<ObjectRef>, String> {
    let (done, found) = documents.update(model, ALL).carry_out();
    done.map_err(|_| format!("{found:?}"))
}

/// The properties as configured, but for sensitive ones.
fn configured(object: &ObjectRef) -> Vec<(&'static str, String)> {
    let told = object
        .class()
        .properties()
        .iter()
        .filter(|one| !one.sensitive && one.mutability != Mutability::Computed);
    told.map(|property| {
        let mut output = NativeOutput::telling_absence();
        object.write_configured(property.name, &mut output).unwrap();
        (property.name, format!("{:?}", output.finish()).replace("/objects/", ""))
    })
    .collect()
}

/// Every object but the last, and its revision.
fn others(model: &Model) -> Vec<(ObjectRef, u64)> {
    let mut objects = model.children(model.objects());
    objects.pop();
    objects.into_iter().map(|object| (object.clone(), object.revision())).collect()
}

fn are_same(one: &[(ObjectRef, u64)], other: &[(ObjectRef, u64)]) -> bool {
    let same = |((one, was), (other, is)): (&(ObjectRef, u64), &(ObjectRef, u64))| one.is(other) && was == is;
    one.len() == other.len() && one.iter().zip(other).all(same)
}

/// What is wrong with a case.
fn judge(case: &Case<'_>) -> Result<(), String> {
    before(case, &case.old).map_err(|wrong| format!("before, same: {wrong}"))?;
    before(case, &case.new).map_err(|wrong| format!("before, new: {wrong}"))?;
    same(case).map_err(|wrong| format!("after, same: {wrong}"))?;
    new(case, &case.old, &case.new).map_err(|wrong| format!("after, new: {wrong}"))?;
    new(case, &case.new, &case.old).map_err(|wrong| format!("after, back: {wrong}"))
}

/// There is no object yet.
fn before(case: &Case<'_>, bag: &Bag) -> Result<(), String> {
    let model = model();
    let documents = case.documents(bag);
    let plan = documents.update(&model, ALL);
    let action = plan.steps().last().map(|step| step.action);
    if action != Some(Action::Create) {
        return Err(format!("planned: {action:?}"));
    }
    let (done, found) = plan.carry_out();
    let object = done.map_err(|_| format!("{found:?}"))?.pop().ok_or("nothing was created")?;
    let (bags, others) =
        (case.documents(bag), case.documents(if bag == &case.old { &case.new } else { &case.old }));
    let (plan, other) = (bags.plan(&model, Level::Schema), others.plan(&model, Level::Schema));
    let (Some(wanted), Some(other)) = (plan.drafts().last(), other.drafts().last()) else {
        return Err("there is no draft".to_owned());
    };
    if object.class().properties().iter().any(|one| !one.sensitive && one.mutability != Mutability::Computed)
        && configured(&object) != drafted(&**wanted)
    {
        return Err(format!("created: {:?}", configured(&object)));
    }
    // A draft may be told twice, and the second time counts.
    let mut draft = object.class().user_draft().map_err(|problem| problem.to_string())?;
    for (slot, property) in object.class().properties().iter().enumerate() {
        for from in [other, wanted, wanted] {
            // What is sensitive cannot be taken from a draft.
            if from.is_given(slot) && wanted.is_given(slot) && !property.sensitive {
                let mut output = NativeOutput::telling_absence();
                from.write(slot, &mut output);
                draft.set(property.name, output.finish()).map_err(|problem| problem.to_string())?;
            }
        }
    }
    match drafted(&*draft) == drafted(&**wanted) {
        true => Ok(()),
        false => Err(format!("a draft told twice: {:?}", drafted(&*draft))),
    }
}

/// The properties of a draft.
fn drafted(draft: &dyn AnyDraft) -> Vec<(&'static str, String)> {
    let told = draft.class().properties().iter().enumerate();
    let told = told.filter(|(_, one)| !one.sensitive && one.mutability != Mutability::Computed);
    told.map(|(slot, property)| {
        let mut output = NativeOutput::telling_absence();
        draft.write(slot, &mut output);
        (property.name, format!("{:?}", output.finish()).replace("/objects/", ""))
    })
    .collect()
}

/// There is an object, and the value is its own.
fn same(case: &Case<'_>) -> Result<(), String> {
    let model = model();
    for bag in [&case.old, &case.new] {
        let objects = apply(&model, &case.documents(bag))?;
        let (revision, before) = (model.revision(), others(&model));
        let object = objects.last().ok_or("nothing was created")?;
        let was = object.revision();
        let documents = case.documents(bag);
        let plan = documents.update(&model, PlanOptions::default());
        if plan.steps().iter().any(|step| step.action != Action::Unchanged) {
            return Err(format!("planned: {:?}", plan.steps()));
        }
        let (done, found) = plan.carry_out();
        let after = done.map_err(|_| format!("{found:?}"))?;
        let stays = after.last().is_some_and(|after| after.is(object)) && object.revision() == was;
        if !stays || model.revision() != revision || !are_same(&before, &others(&model)) {
            return Err("something changed".to_owned());
        }
    }
    Ok(())
}

/// There is an object with another value.
fn new(case: &Case<'_>, old: &Bag, new: &Bag) -> Result<(), String> {
    let model = model();
    let objects = apply(&model, &case.documents(old))?;
    let object = objects.last().ok_or("nothing was created")?.clone();
    drop(objects);
    let (before, was) = (others(&model), configured(&object));

    let documents = case.documents(new);
    let careful = documents.update(&model, PlanOptions::default());
    let plan = documents.update(&model, ALL);
    let step = plan.steps().last().cloned().ok_or("there is no step")?;
    let named = step.differences.iter().any(|one| one.property == case.property.name);
    let is_live = |name: &str| {
        let property = object.class().lookup(name).map(|(_, property)| property);
        property.is_ok_and(|property| property.mutability == Mutability::Live && !property.sensitive)
    };
    let expected = match step.differences.iter().all(|one| is_live(one.property)) {
        true => Action::Change,
        false => Action::Replace,
    };
    if !named
        || step.action != expected
        || step.differences.iter().any(|one| one.forces == is_live(one.property))
    {
        return Err(format!("planned: {step:?}"));
    }
    let loses = step.action == Action::Replace && step.content == Content::Lost;
    if careful.is_accepted() == loses {
        return Err(format!("without leave to lose: {:?}", careful.diagnostics()));
    }
    if loses {
        if careful.carry_out().0.is_ok() || configured(&object) != was {
            return Err("what was lost was refused, and yet it changed".to_owned());
        }
    } else {
        drop(careful);
    }
    let (done, found) = plan.carry_out();
    let after = done.map_err(|_| format!("planned {:?}, but: {found:?}", step.action))?;
    let after = after.last().ok_or("there is no object")?;
    if after.is(&object) != (step.action == Action::Change) || object.is_deleted() == after.is(&object) {
        return Err(format!("planned {:?}, which did not happen", step.action));
    }
    if !are_same(&before, &others(&model)) {
        return Err("another object changed".to_owned());
    }
    for ((name, was), (_, is)) in was.iter().zip(configured(after)) {
        if (*was != is) != step.differences.iter().any(|one| one.property == *name) {
            return Err(format!("{name} was {was} and is {is}; planned: {:?}", step.differences));
        }
    }
    let again = documents.update(&model, PlanOptions::default());
    match again.steps().iter().all(|step| step.action == Action::Unchanged) && again.is_accepted() {
        true => Ok(()),
        false => Err(format!("a second plan: {:?} {:?}", again.steps(), again.diagnostics())),
    }
}

/// The types of which there can be objects, each with the changes that go with its base.
pub(super) fn possible_changes<'r>(sampler: &Sampler<'r>, helpers: &[Bag]) -> Vec<(&'r str, Vec<Bag>)> {
    let mut kinds = Vec::new();
    for class in sampler.registry.classes().filter(|class| class.is_user_creatable()) {
        let base = sampler.base(class, "subject");
        let is_creatable = |bag: Bag| is_creatable(&document(&[helpers, &[bag]].concat()));
        if !is_creatable(base.clone()) {
            continue;
        }
        let mut fitting = Vec::new();
        for property in class.properties().iter().filter(|property| property.is_settable()) {
            let changes = sampler.changes(class, property).into_iter();
            fitting.extend(changes.filter(|one| is_creatable(change(&base, one))).take(2));
        }
        kinds.push((class.name(), fitting));
    }
    kinds
}

#[test]
fn the_plan_for_every_property_of_every_type_says_what_then_happens() {
    let (registry, folder) = (dummies::registry(), Folder::new());
    furnish(&folder);
    let sampler = Sampler { registry: &registry, folder: &folder };
    let helpers = sampler.helpers();
    let (mut wrong, mut cases, mut untested, mut together) = (Vec::new(), 0, Vec::new(), Vec::new());
    for class in registry.classes().filter(|class| class.is_user_creatable()) {
        let old = sampler.base(class, "subject");
        let started = is_creatable(&document(&[&helpers[..], std::slice::from_ref(&old)].concat()));
        for property in class.properties().iter().filter(|property| property.is_settable()) {
            let name = (class.name(), property.name);
            let changes = sampler.changes(class, property).into_iter().map(|one| change(&old, &one));
            let mut possible = changes.filter(|new| started && new != &old);
            let case = possible.find_map(|new| {
                let case = Case { property, helpers: &helpers, old: old.clone(), new };
                let model = model();
                apply(&model, &case.documents(&old)).ok()?;
                let documents = case.documents(&case.new);
                let plan = documents.update(&model, ALL);
                let differs =
                    plan.steps().last()?.differences.iter().any(|one| one.property == property.name);
                (is_creatable(&documents) && differs).then_some(case)
            });
            let Some(case) = case else {
                untested.push(name);
                continue;
            };
            cases += 1;
            let names = case.old.keys().chain(case.new.keys()).collect::<BTreeSet<_>>();
            if names.into_iter().filter(|name| case.old.get(*name) != case.new.get(*name)).count() > 1 {
                together.push((class, property.name));
            }
            if let Err(told) = judge(&case) {
                wrong.push(format!(
                    "{}.{}: {} → {}: {told}",
                    name.0,
                    name.1,
                    Value::Object(case.old),
                    Value::Object(case.new)
                ));
            }
        }
    }
    println!("{cases} properties, {} cells; untested: {untested:?}", 4 * cases);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let excused = |(type_name, property): &(&str, &str)| {
        UNTESTED.iter().any(|(of, name, _)| of == type_name && (name == property || *name == "*"))
    };
    let unexcused: Vec<_> = untested.iter().filter(|one| !excused(one)).collect();
    assert!(unexcused.is_empty(), "not tested, and nobody says why: {unexcused:?}");
    let is_there = |(of, name, _): &&(&str, &str, &str)| {
        registry.get(of).is_some_and(|class| *name == "*" || class.find(name).is_some())
    };
    let stale: Vec<_> = UNTESTED.iter().filter(|one| !is_there(one)).collect();
    assert!(stale.is_empty(), "there is no such property: {stale:?}");
    let is_needed = |(of, name, _): &&(&str, &str, &str)| {
        together.iter().any(|(class, property)| class.is_a(of) && name == property)
    };
    let needless: Vec<_> = TOGETHER.iter().filter(|one| !is_needed(one)).collect();
    assert!(needless.is_empty(), "a value alone does: {needless:?}");
}
