//! `add`: creates objects, in the given order, up to the first that is refused.
//!
//! An object is JSON, or a line as QEMU's `-object` takes it. Texts become what their properties take, so that `1G`
//! and `on` mean the same to QEMU as to Qomet.

use qomet::{Diagnostics, InputKind, nearest};
use qomet_config::{Dialect, Node, Sources, Tape, render_human};
use qomet_qmp::ClientError;
use serde_json::{Map, Value, json};

use super::arguments::{Add, Connection};
use super::report::{Failure, conclude};
use super::session::Session;
use super::{Done, describe, types, value};
use crate::arguments::{Describe, Types};
use crate::console::Console;
use crate::outcome::Outcome;

/// Runs the command.
pub(super) fn add(session: &mut Session, arguments: &Add, console: &mut Console) -> Done {
    let mut bags = Vec::new();
    for text in &arguments.objects {
        if text.trim_start().starts_with('{') {
            let bag = read_json(text)?;
            bags.push(fit(session, bag, false)?);
            continue;
        }
        match line(text, arguments.dialect.into(), console)? {
            Given::Bag(bag) => bags.push(fit(session, bag, true)?),
            Given::Help(Some(name)) => {
                let arguments = Describe::of(name);
                return describe::describe(session, &arguments, console);
            }
            Given::Help(None) => {
                let arguments = Types { json: false, connection: Connection::default() };
                return types::types(session, &arguments, console);
            }
        }
    }
    let mut done = Vec::new();
    let ended = create(session, bags, &mut done);
    conclude(arguments.json, done, ended, console)
}

fn create(session: &mut Session, bags: Vec<Value>, done: &mut Vec<Value>) -> Result<(), Failure> {
    for bag in bags {
        match session.client.add(bag.clone()) {
            Ok(()) => {
                // Not the values: some are sensitive.
                let text = |name: &str| bag.get(name).and_then(Value::as_str).unwrap_or_default();
                let path = format!("/objects/{}", text("id"));
                done.push(json!({ "created": path, "type": text("qom-type") }));
            }
            Err(ClientError::Refused(refused)) => {
                let help = meant(session, &bag);
                return Err(Failure::from(*refused).with_help(help));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The nearest name, where the bag has one that the server does not know: QEMU's messages do not say.
fn meant(session: &mut Session, bag: &Value) -> Option<String> {
    let type_name = bag.get("qom-type")?.as_str()?;
    let declared = session.declared(type_name).ok()?;
    if declared.is_empty() {
        let types = session.client.types().ok()?;
        let names = types.iter().map(|one| one.name.as_str()).filter(|name| *name != type_name);
        return nearest(type_name, names).map(|meant| format!("did you mean '{meant}'?"));
    }
    let names = || declared.iter().map(|facts| facts.name.as_str()).filter(|name| *name != "type");
    let is_known = |name: &str| name == "qom-type" || name == "id" || names().any(|known| known == name);
    let unknown = bag.as_object()?.keys().find(|name| !is_known(name))?;
    Some(match nearest(unknown, names()) {
        Some(meant) => format!("{type_name} has no property '{unknown}'; did you mean '{meant}'?"),
        None => format!("{type_name} has no property '{unknown}'; 'describe {type_name}' shows what it has"),
    })
}

/// What a line is.
enum Given {
    Bag(Map<String, Value>),
    /// A question: about a type, or which types there are.
    Help(Option<String>),
}

/// Reads a line of `key=value`.
fn line(text: &str, dialect: Dialect, console: &mut Console) -> Result<Given, Failure> {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    sources.add("object", text, &mut report);
    let (tape, help) = Tape::line(text, dialect, &mut report);
    let found = report.take();
    if !found.is_empty() {
        let colour = console.colours_complaints();
        console.complain(&render_human(&found, &sources, colour));
        return Err(Failure::told(Outcome::Rejected));
    }
    match (help, words(tape.root())) {
        (Some(help), _) => Ok(Given::Help(help.type_name)),
        (None, Value::Object(bag)) => Ok(Given::Bag(bag)),
        (None, _) => Err(Failure::rejected("invalid-object", format!("'{text}' is no object"), "")),
    }
}

/// The words of a line as texts. The reader of lines bounds the depth.
fn words(node: Node<'_>) -> Value {
    match node.kind() {
        InputKind::Struct => {
            let name = |name: Node<'_>| name.str().unwrap_or_default().into_owned();
            Value::Object(node.members().map(|(key, value)| (name(key), words(value))).collect())
        }
        InputKind::List => Value::Array(node.elements().map(words).collect()),
        _ => Value::String(node.str().unwrap_or_default().into_owned()),
    }
}

/// Reads a bag in JSON.
fn read_json(text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let help =
            "write for example '{\"qom-type\": \"memory-backend-ram\", \"id\": \"ram0\", \"size\": \"1G\"}'";
        Failure::rejected("invalid-json", format!("an object must be a JSON object: {error}"), help)
    })
}

/// The same bag with texts as the values that their properties take.
fn fit(session: &mut Session, mut bag: Map<String, Value>, is_line: bool) -> Result<Value, Failure> {
    let type_name = bag.get("qom-type").and_then(Value::as_str).unwrap_or_default().to_owned();
    // A type that there is not is told by the server.
    let declared = session.declared(&type_name)?;
    for (name, given) in &mut bag {
        let Some(facts) = declared.iter().find(|facts| facts.name == *name) else { continue };
        if is_line || given.is_string() {
            *given = value::of_line(given.take(), facts)?;
        }
    }
    Ok(Value::Object(bag))
}
