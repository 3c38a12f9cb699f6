//! `types` of a server: as a tree, by their parents.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Done;
use super::session::Session;
use crate::arguments::Types;
use crate::console::Console;
use crate::outcome::Outcome;
use crate::table::Table;
use crate::text::shown;

/// Runs the command.
pub(super) fn types(session: &mut Session, arguments: &Types, console: &mut Console) -> Done {
    let types = session.client.types()?;
    // Who may create objects is told by an interface of that name.
    let creatable = session.client.execute("qom-list-types", json!({ "implements": "user-creatable" }))?;
    let creatable: Vec<&str> = creatable
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(|one| one.get("name")?.as_str())
        .collect();
    let kind = |name: &str, is_abstract: bool| match (is_abstract, creatable.contains(&name)) {
        (true, _) => "abstract",
        (_, true) => "user-creatable",
        _ => "internal",
    };
    if arguments.json {
        let all: Vec<Value> = types
            .iter()
            .map(|one| {
                let kind = kind(&one.name, one.is_abstract);
                json!({ "name": one.name, "parent": one.parent, "kind": kind })
            })
            .collect();
        console.print(&format!("{:#}\n", Value::Array(all)));
        return Ok(Outcome::Fine);
    }
    // By name: QEMU's order is that of a hash table.
    let names: BTreeMap<&str, bool> = types.iter().map(|one| (one.name.as_str(), one.is_abstract)).collect();
    let mut below: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for one in &types {
        let parent = one.parent.as_deref().filter(|parent| names.contains_key(parent) && *parent != one.name);
        below.entry(parent).or_default().push(&one.name);
    }
    below.values_mut().for_each(|children| children.sort_unstable());
    let mut table = Table::new(["TYPE", "KIND"]);
    // An own stack, and every type once: a server may tell of circles.
    let roots = below.remove(&None).unwrap_or_default();
    let mut stack: Vec<(&str, String, String)> =
        roots.into_iter().rev().map(|name| (name, String::new(), String::new())).collect();
    while let Some((name, lead, indent)) = stack.pop() {
        let is_abstract = names.get(name).copied().unwrap_or(false);
        table.row([format!("{lead}{}", shown(name)), kind(name, is_abstract).to_owned()]);
        let children = below.remove(&Some(name)).unwrap_or_default();
        let last = children.len().saturating_sub(1);
        for (index, child) in children.into_iter().enumerate().rev() {
            let (branch, more) =
                if index == last { ("└── ", "    ") } else { ("├── ", "│   ") };
            stack.push((child, format!("{indent}{branch}"), format!("{indent}{more}")));
        }
    }
    console.print(&table.render(console.width(), console.paint()));
    Ok(Outcome::Fine)
}
