//! `dump`: a document of the objects of a running program, as they were configured.
//!
//! What has its default is left out, so `plan` finds nothing to do for the document. A sensitive value cannot be read: its
//! place is marked by a comment, to be filled in.
//!
//! Qomet's servers only: QEMU tells neither defaults nor what can be given.

use qomet_qmp::{ClientError, PropertyFacts};
use serde_json::{Value, json};

use super::Done;
use super::arguments::Dump;
use super::report::Failure;
use super::session::Session;
use crate::console::Console;
use crate::outcome::Outcome;
use crate::text::shown;

/// Runs the command.
pub(super) fn dump(session: &mut Session, _: &Dump, console: &mut Console) -> Done {
    let tree = match session.client.execute("x-tree", json!({ "path": "/objects", "depth": 1 })) {
        Ok(tree) => tree,
        Err(ClientError::Refused(refused)) if refused.class == "CommandNotFound" => {
            return Err(Failure::rejected(
                "no-dump",
                "the server does not tell how its objects were configured: it has no command x-tree",
                "QEMU has none; 'tree --json' shows what there is",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let objects = tree.get("objects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let objects = objects.iter().filter(|object| object.get("depth") == Some(&json!(1)));
    let (mut bags, mut secrets) = (Vec::new(), Vec::new());
    for object in objects {
        let facts = session.declared(text(object, "type"))?;
        bags.push(bag(object, &facts, &mut secrets));
    }
    console.print(&match bags.is_empty() {
        true => "[]\n".to_owned(),
        false => format!("[\n{}\n]\n", bags.join(",\n")),
    });
    if !secrets.is_empty() {
        let secrets: Vec<_> = secrets.iter().map(|one| shown(one).to_string()).collect();
        console.complain(&format!("note: sensitive, to be filled in: {}\n", secrets.join(", ")));
    }
    Ok(Outcome::Fine)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The bag of an object, each property on a line. `secrets` gets what is left to be filled in.
fn bag(object: &Value, facts: &[PropertyFacts], secrets: &mut Vec<String>) -> String {
    let path = text(object, "path");
    let id = path.rsplit('/').next().unwrap_or_default();
    let mut lines = vec![
        format!("    \"qom-type\": {}", json!(text(object, "type"))),
        format!("    \"id\": {}", json!(id)),
    ];
    let mut comments = String::new();
    let values = object.get("properties").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for fact in facts.iter().filter(|fact| fact.mutable.as_deref() != Some("never") && fact.name != "type") {
        let value = values.iter().find(|value| text(value, "name") == fact.name);
        if fact.sensitive {
            if value.and_then(|value| value.get("configured")) != Some(&Value::Null) {
                secrets.push(format!("{id}.{}", fact.name));
                comments.push_str(&format!("    // {}: sensitive, to be filled in\n", json!(fact.name)));
            }
            continue;
        }
        let value = value.and_then(|value| value.get("configured").or_else(|| value.get("value")));
        // A link to nobody reads as an empty path.
        let is_unset = |value: &Value| fact.type_name.starts_with("link<") && value == "";
        let is_default =
            |value: &&Value| fact.default.as_ref().unwrap_or(&Value::Null) == *value || is_unset(value);
        if let Some(value) = value.filter(|value| !is_default(value)) {
            lines.push(format!("    {}: {value}", json!(fact.name)));
        }
    }
    format!("  {{\n{comments}{}\n  }}", lines.join(",\n"))
}
