//! `tree`: live objects with their values.
//!
//! Looks like what `run` prints. Where the server tells defaults (Qomet), values that are theirs follow together;
//! where it does not (QEMU), every value has its line, but for empty texts: those follow together.

use std::fmt::Write as _;

use qomet_qmp::{ClientError, ObjectView, PropertyFacts, Reading};
use serde_json::{Map, Value, json};

use super::arguments::Tree;
use super::session::Session;
use super::{Done, target, value};
use crate::console::{Console, Paint};
use crate::outcome::Outcome;
use crate::text::{count, fill, shown};

/// Runs the command.
pub(super) fn tree(session: &mut Session, arguments: &Tree, console: &mut Console) -> Done {
    let objects = match session.client.read_tree(&arguments.path, arguments.depth) {
        Ok(objects) => objects,
        Err(ClientError::Refused(refused)) => {
            return Err(target::explain(&mut session.client, &arguments.path, None, *refused));
        }
        Err(error) => return Err(error.into()),
    };
    if arguments.json {
        for (index, object) in objects.iter().enumerate() {
            let lead = if index == 0 { "[" } else { ",\n " };
            console.print(&format!("{lead}{}", as_json(object)));
        }
        console.print("]\n");
        return Ok(Outcome::Fine);
    }
    let (width, paint) = (console.width(), console.paint());
    let deepest = arguments.depth.unwrap_or(usize::MAX);
    let mut indent = String::new();
    let mut bars: Vec<usize> = Vec::new();
    for (object, is_last) in objects.iter().zip(lasts(&objects)) {
        // The lengths of what stands before the objects above.
        bars.truncate(object.depth);
        indent.truncate(bars.last().copied().unwrap_or(0));
        let (branch, below) = match (object.depth, is_last) {
            (0, _) => ("", ""),
            (_, true) => ("└── ", "    "),
            (_, false) => ("├── ", "│   "),
        };
        let name = if object.depth == 0 { &object.path } else { object.name() };
        let mut out = format!("{indent}{branch}{}: {}\n", paint.name(&shown(name)), shown(&object.type_name));
        indent.push_str(below);
        bars.push(indent.len());
        let is_cut = object.depth >= deepest && !object.children.is_empty();
        let bar = if object.children.is_empty() { "" } else { "│ " };
        let facts = session.known(object)?;
        properties(&mut out, object, &facts, &format!("{indent}{bar}"), width, paint);
        if is_cut {
            let more = count(object.children.len(), "more object");
            let _ = writeln!(out, "{indent}{}", paint.faint(&format!("└── {more}")));
        }
        console.print(&out);
    }
    Ok(Outcome::Fine)
}

/// Whether each object is the last child of its parent.
fn lasts(objects: &[ObjectView]) -> Vec<bool> {
    let mut later: Vec<bool> = Vec::new();
    let mut lasts: Vec<bool> = objects
        .iter()
        .rev()
        .map(|object| {
            later.resize(object.depth + 1, false);
            later.last_mut().is_none_or(|later| !std::mem::replace(later, true))
        })
        .collect();
    lasts.reverse();
    lasts
}

fn properties(
    out: &mut String,
    object: &ObjectView,
    facts: &[PropertyFacts],
    indent: &str,
    width: usize,
    paint: Paint,
) {
    let (mut special, mut defaults, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    for property in &object.properties {
        let facts = facts.iter().find(|facts| facts.name == property.name);
        match &property.reading {
            Reading::Value(read) => {
                let text = value::explain(read, facts);
                let is_exact = facts.is_some_and(|facts| facts.value_type.is_some());
                if !is_exact && read.as_str() == Some("") {
                    empty.push(shown(&property.name));
                } else if facts.is_some_and(|facts| facts.default.as_ref() == Some(read)) {
                    defaults.push(format!("{}={text}", shown(&property.name)));
                } else if !facts.is_some_and(|facts| is_absent(facts, read)) {
                    special.push((shown(&property.name), text));
                }
            }
            // As in the tree of `run`: what nobody may see is left out.
            Reading::Failed(_) if facts.is_some_and(|facts| facts.sensitive) => {}
            Reading::Failed(why) => {
                special.push((shown(&property.name), paint.faint(&format!("({})", shown(why.trim_end())))));
            }
        }
    }
    let rests = [("defaults", defaults), ("empty", empty)];
    let labels = rests.iter().filter(|(_, items)| !items.is_empty()).map(|(label, _)| label.len());
    let column = special.iter().map(|(name, _)| name.chars().count()).chain(labels).max().unwrap_or(0);
    for (name, value) in special {
        let padding = column.saturating_sub(name.chars().count()) + 2;
        let _ = writeln!(out, "{indent}{name}{:padding$}{value}", "");
    }
    let room = width.saturating_sub(indent.chars().count() + column + 2);
    for (mut label, mut items) in rests {
        let Some((_, all_but_last)) = items.split_last_mut() else { continue };
        all_but_last.iter_mut().for_each(|item| item.push(','));
        for line in fill(items.iter().map(String::as_str), room) {
            let _ = writeln!(out, "{indent}{}", paint.faint(&format!("{label:column$}  {line}")));
            label = "";
        }
    }
}

/// Whether an optional or computed property has no value.
fn is_absent(facts: &PropertyFacts, value: &Value) -> bool {
    let is_empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        _ => false,
    };
    is_empty && !facts.required && facts.default.is_none() && facts.value_type.is_some()
}

/// An object for programs: properties by name, each with its type and either its value or why it has none.
pub(super) fn as_json(object: &ObjectView) -> Value {
    let property = |property: &qomet_qmp::PropertyView| {
        let told = match &property.reading {
            Reading::Value(value) => json!({ "type": property.type_name, "value": value }),
            Reading::Failed(why) => json!({ "type": property.type_name, "error": why }),
        };
        (property.name.clone(), told)
    };
    let child = |(name, type_name): &(String, String)| (name.clone(), Value::from(type_name.as_str()));
    json!({
        "path": object.path,
        "type": object.type_name,
        "properties": object.properties.iter().map(property).collect::<Map<_, _>>(),
        "children": object.children.iter().map(child).collect::<Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_children_are_known() {
        let object = |depth| ObjectView {
            path: String::new(),
            depth,
            type_name: String::new(),
            properties: Vec::new(),
            children: Vec::new(),
        };
        let objects: Vec<_> = [0, 1, 2, 2, 1, 2].into_iter().map(object).collect();
        assert_eq!(lasts(&objects), [true, false, false, true, true, true]);
    }
}
