//! `dump`: a document of the objects of a running program, as they were configured.
//!
//! What has its default is left out, so `plan` finds nothing to do for the document. A sensitive value cannot be read: its
//! place is marked by a comment, to be filled in.
//!
//! QEMU tells neither defaults nor what was given: there it is what the objects came to, as far as this program knows their
//! types, but for settings that a check would say have no effect; objects of other types are named in comments.

use qomet::{Level, Model};
use qomet_config::Documents;
use qomet_qmp::PropertyFacts;
use serde_json::{Value, json};

use super::Done;
use super::arguments::Dump;
use super::foreign::{self, Bag};
use super::session::Session;
use crate::console::Console;
use crate::outcome::Outcome;
use crate::text::shown;

/// Runs the command.
pub(super) fn dump(session: &mut Session, _: &Dump, console: &mut Console) -> Done {
    if !session.client.has_command("x-tree")? {
        return of_readings(session, console);
    }
    let tree = session.client.execute("x-tree", json!({ "path": "/objects", "depth": 1 }))?;
    let objects = tree.get("objects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let objects = objects.iter().filter(|object| object.get("depth") == Some(&json!(1)));
    let (mut bags, mut secrets) = (Vec::new(), Vec::new());
    for object in objects {
        let facts = session.declared(text(object, "type"))?;
        bags.push(bag(object, &facts, &mut secrets));
    }
    print(&bags, &secrets, console);
    Ok(Outcome::Fine)
}

/// The same of a server that tells only what the objects came to.
fn of_readings(session: &mut Session, console: &mut Console) -> Done {
    let objects = session.client.read_tree("/objects", Some(1))?;
    let (mut found, mut unknown) = (Vec::new(), String::new());
    for object in objects.iter().filter(|object| object.depth == 1) {
        let Some(class) = session.local.registry().get(&object.type_name) else {
            let (name, type_name) = (shown(object.name()), shown(&object.type_name));
            unknown.push_str(&format!("// '{name}' is left out: {type_name} is not known here\n"));
            continue;
        };
        found.push((object.name(), class, foreign::bag_of(object, class)));
    }
    leave_out_idle(found.iter_mut().map(|(.., bag)| bag).collect(), &session.local);
    let (mut bags, mut secrets) = (Vec::new(), Vec::new());
    for (id, class, bag) in &found {
        let is_secret = |name: &str| class.lookup(name).is_ok_and(|(_, property)| property.sensitive);
        let (mut lines, mut comments) = (Vec::new(), String::new());
        for (name, value) in bag {
            if is_secret(name) {
                secrets.push(format!("{id}.{name}"));
                comments.push_str(&format!("    // {}: sensitive, to be filled in\n", json!(name)));
            } else {
                lines.push(format!("    {}: {value}", json!(name)));
            }
        }
        bags.push(format!("  {{\n{comments}{}\n  }}", lines.join(",\n")));
    }
    console.print(&unknown);
    print(&bags, &secrets, console);
    Ok(Outcome::Fine)
}

/// Takes out of bags what is set and has no effect.
fn leave_out_idle(mut bags: Vec<&mut Bag>, model: &Model) {
    let mut documents = Documents::new();
    let all: Vec<Value> = bags.iter().map(|bag| Value::Object((**bag).clone())).collect();
    documents.add("dump", Value::from(all).to_string());
    for one in documents.plan(model, Level::Host).into_diagnostics() {
        let idle = (one.code() == "no-effect").then(|| one.about());
        if let Some((number, name)) = idle.and_then(|about| about.bag.zip(about.property.as_deref()))
            && let Some(bag) = bags.get_mut(number)
        {
            bag.remove(name);
        }
    }
}

/// Prints a document of bags, and what is left to be filled in.
fn print(bags: &[String], secrets: &[String], console: &mut Console) {
    console.print(&match bags.is_empty() {
        true => "[]\n".to_owned(),
        false => format!("[\n{}\n]\n", bags.join(",\n")),
    });
    if !secrets.is_empty() {
        let secrets: Vec<_> = secrets.iter().map(|one| shown(one).to_string()).collect();
        console.complain(&format!("note: sensitive, to be filled in: {}\n", secrets.join(", ")));
    }
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
