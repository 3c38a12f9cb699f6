//! Values as QEMU tells them, beside values as documents give them.
//!
//! QEMU reads back what a property came to: `rom` is `off` where `auto` was given, limits have all their members, nodes are
//! sorted. What cannot be told apart from what was meant counts as the same.

use qomet::{AnyDraft, Class, Mutability, Native, NativeOutput, Presence, Property, ValueType};
use qomet_config::JsonOutput;
use qomet_qmp::{ObjectView, Reading};
use serde_json::{Map, Value};

use super::{Bag, id_of};

fn json(native: &Native<'_>) -> Value {
    let mut output = JsonOutput::compact();
    native.write(&mut output);
    serde_json::from_str(&output.finish()).unwrap_or_default()
}

/// The value that a server tells.
fn read<'o>(object: &'o ObjectView, name: &str) -> Option<&'o Value> {
    match &object.property(name)?.reading {
        Reading::Value(value) => Some(value),
        Reading::Failed(_) => None,
    }
}

/// Whether what was read is this text.
pub(super) fn is_text(reading: &Reading, text: &str) -> bool {
    matches!(reading, Reading::Value(Value::String(read)) if read == text)
}

/// What becomes of what an object holds when it goes.
pub(super) fn content(object: &ObjectView) -> &'static str {
    let is_on = |name: &str| read(object, name) == Some(&Value::Bool(true));
    match object.type_name.starts_with("memory-backend-") {
        false => "none",
        true if is_on("readonly") => "none",
        true if object.property("mem-path").is_some() && is_on("share") && !is_on("discard-data") => "kept",
        true => "lost",
    }
}

/// What the property is and what it is to be, if that differs. `follows`: it links to something that is replaced.
pub(super) fn compare(
    draft: &dyn AnyDraft,
    slot: usize,
    bag: &Bag,
    old: &ObjectView,
    follows: bool,
) -> Option<(Value, Value)> {
    let property = draft.class().property(slot)?;
    let from = read(old, property.name)?.clone();
    let mut native = NativeOutput::telling_absence();
    draft.write(slot, &mut native);
    let is_given = draft.is_given(slot);
    let to = match (is_given, property.sensitive) {
        (true, true) => bag.get(property.name).cloned().unwrap_or_default(),
        (false, true) => Value::from(""),
        _ => json(&native.finish()),
    };
    let is_same = match (is_given, &to) {
        _ if follows => false,
        (true, Value::String(text)) if text == "auto" && property.effective => true,
        (false, Value::Null) => match property.value_type.inner() {
            ValueType::Link { .. } | ValueType::Id { .. } | ValueType::String | ValueType::Path => from == "",
            // Nobody can tell what it came to from what might have been given.
            _ => true,
        },
        (false, _) if property.effective && property.mutability != Mutability::Live => true,
        _ => is_like(property, &from, &to),
    };
    (!is_same).then(|| (brief(from), to))
}

/// A struct without the members that say nothing.
fn brief(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(said(&members)),
        other => other,
    }
}

/// Whether they mean the same.
fn is_like(property: &Property, from: &Value, to: &Value) -> bool {
    match (from, to) {
        (Value::String(from), Value::String(to)) if property.value_type.has_links() => {
            id_of(from) == id_of(to)
        }
        (Value::Object(from), Value::Object(to)) => said(from) == said(to),
        (Value::Array(from), Value::Array(to)) if property.effective => {
            let sorted = |list: &[Value]| {
                let mut numbers: Vec<Option<u64>> = list.iter().map(Value::as_u64).collect();
                numbers.sort_unstable();
                numbers.dedup();
                numbers
            };
            sorted(from) == sorted(to)
        }
        _ => from == to,
    }
}

/// The members that say something: a limit of 0 is none, and bursts last 1 second unless given.
fn said(members: &Map<String, Value>) -> Map<String, Value> {
    let is_silent = |name: &str, value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_u64() == Some(u64::from(name.ends_with("-max-length"))),
        _ => false,
    };
    members
        .iter()
        .filter(|(name, value)| !is_silent(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The value to set: what a struct had and is to have no more is said to be 0.
pub(super) fn to_set(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else {
        return if to.is_null() { Value::from("") } else { to.clone() };
    };
    let mut all = to.clone();
    for name in said(from).keys().filter(|name| !to.contains_key(*name)) {
        all.insert(name.clone(), u64::from(name.ends_with("-max-length")).into());
    }
    Value::Object(all)
}

/// The bag that makes such an object, as far as the server tells; sensitive values too.
pub(in crate::client) fn bag_of(object: &ObjectView, class: &Class) -> Bag {
    let mut bag = Bag::new();
    bag.insert("qom-type".to_owned(), object.type_name.clone().into());
    bag.insert("id".to_owned(), object.name().into());
    for property in class.properties().iter().filter(|property| property.is_settable()) {
        let Some(value) = read(object, property.name) else { continue };
        let default = match property.presence {
            Presence::Default(write) => {
                let mut output = NativeOutput::default();
                write(&mut output);
                json(&output.finish())
            }
            Presence::Required | Presence::Optional => Value::Null,
        };
        let is_unset = match (value, property.presence) {
            (Value::String(text), Presence::Optional) => text.is_empty(),
            // The single limits of a throttle-group are another way to say what `limits` says.
            (_, Presence::Optional) if property.unstable => true,
            (Value::Number(number), Presence::Optional) => number.as_u64() == Some(0),
            _ => is_like(property, value, &default),
        };
        if !is_unset {
            bag.insert(property.name.to_owned(), brief(value.clone()));
        }
    }
    bag
}
