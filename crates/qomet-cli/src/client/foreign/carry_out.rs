//! Carrying out a plan with single commands, and taking back what was done where one is refused.
//!
//! What is new and needs nothing that is replaced comes first, because taking it back is sure to work; then live properties; then
//! what is replaced goes, those that use others first, and comes again in reverse order.

use qomet_qmp::ClientError;
use serde_json::Value;

use super::{Bag, Step, bag_of, id_of, values};
use crate::client::report::Failure;
use crate::client::session::Session;

/// How to take back one command.
enum Undo {
    Delete(String),
    Set(String, &'static str, Value),
    Add(Bag),
}

/// Whether the bag names one of these objects.
fn names(bag: &Bag, ids: &[&str]) -> bool {
    bag.iter()
        .any(|(name, value)| name != "id" && value.as_str().is_some_and(|text| ids.contains(&id_of(text))))
}

/// Does it.
///
/// # Errors
/// The server refuses something; what could not be taken back is told too.
pub(super) fn carry_out(session: &mut Session, steps: &[Step]) -> Result<(), Failure> {
    let mut done = Vec::new();
    let Err(error) = go(session, steps, &mut done) else { return Ok(()) };
    let mut failure = Failure::from(error);
    let (mut is_back, mut has_begun) = (true, false);
    while let Some(undo) = done.pop() {
        has_begun = true;
        let (what, taken_back) = take_back(session, undo);
        is_back &= taken_back.is_ok();
        if let Err(error) = taken_back {
            failure = failure.and(Failure::rejected("not-put-back", format!("{what}: {error}"), ""));
        }
    }
    let told = "what had been done before was taken back".to_owned();
    Err(failure.with_note((has_begun && is_back).then_some(told)))
}

fn go(session: &mut Session, steps: &[Step], done: &mut Vec<Undo>) -> Result<(), ClientError> {
    let mut waiting: Vec<&str> =
        steps.iter().filter(|step| step.action == "replace").map(|step| step.id.as_str()).collect();
    let mut later = Vec::new();
    for step in steps.iter().filter(|step| step.action == "create") {
        if names(&step.bag, &waiting) {
            waiting.push(&step.id);
            later.push(step);
        } else {
            add(session, step, done)?;
        }
    }
    let is_late = |value: &Value| value.as_str().is_some_and(|text| waiting.contains(&id_of(text)));
    set(session, steps, &|value| !is_late(value), done)?;
    for step in steps.iter().rev().filter(|step| step.action == "replace") {
        let Some(old) = &step.old else { continue };
        session.client.delete(&step.id)?;
        let class = session.local.registry().get(&old.type_name).cloned();
        done.push(Undo::Add(bag_of(old, class.as_ref().unwrap_or(&step.class))));
    }
    for step in
        steps.iter().filter(|step| step.action == "replace" || later.iter().any(|one| one.id == step.id))
    {
        add(session, step, done)?;
    }
    set(session, steps, &is_late, done)
}

fn add(session: &mut Session, step: &Step, done: &mut Vec<Undo>) -> Result<(), ClientError> {
    session.client.add(Value::Object(step.bag.clone()))?;
    done.push(Undo::Delete(step.id.clone()));
    Ok(())
}

/// Sets the live properties whose new values are wanted now.
fn set(
    session: &mut Session,
    steps: &[Step],
    is_now: &dyn Fn(&Value) -> bool,
    done: &mut Vec<Undo>,
) -> Result<(), ClientError> {
    for step in steps.iter().filter(|step| step.action == "change") {
        let path = format!("/objects/{}", step.id);
        for one in step.differences.iter().filter(|one| is_now(&one.to)) {
            session.client.set(&path, one.property.name, values::to_set(&one.from, &one.to))?;
            done.push(Undo::Set(path.clone(), one.property.name, values::to_set(&one.to, &one.from)));
        }
    }
    Ok(())
}

fn take_back(session: &mut Session, undo: Undo) -> (String, Result<(), ClientError>) {
    match undo {
        Undo::Delete(id) => (format!("the new object '{id}' stays"), session.client.delete(&id)),
        Undo::Set(path, name, value) => (
            format!("property '{name}' of '{path}' keeps its new value"),
            session.client.set(&path, name, value),
        ),
        Undo::Add(bag) => {
            let id = bag.get("id").and_then(Value::as_str).unwrap_or_default();
            (format!("object '{id}' is gone"), session.client.add(Value::Object(bag)))
        }
    }
}
