//! `add`: creates objects, in the given order, up to the first that is refused.
//!
//! An object is JSON, or a line as QEMU's `-object` takes it. Texts become what their properties take, so that `1G`
//! and `on` mean the same to QEMU as to Qomet.

use qomet::nearest;
use qomet_qmp::ClientError;
use serde_json::{Map, Value};

use super::arguments::Add;
use super::report::Failure;
use super::session::Session;
use super::{Done, value};
use crate::console::Console;
use crate::outcome::Outcome;

/// Runs the command.
pub(super) fn add(session: &mut Session, arguments: &Add, _: &mut Console) -> Done {
    let mut bags = Vec::new();
    for text in &arguments.objects {
        let bag = read(text)?;
        bags.push(fit(session, bag)?);
    }
    for bag in bags {
        match session.client.add(bag.clone()) {
            Ok(()) => {}
            Err(ClientError::Refused(refused)) => {
                let help = meant(session, &bag);
                return Err(Failure::from(*refused).with_help(help));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Outcome::Fine)
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

/// The bag that the text is.
fn read(text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let help =
            "write for example '{\"qom-type\": \"memory-backend-ram\", \"id\": \"ram0\", \"size\": \"1G\"}'";
        Failure::rejected("invalid-json", format!("an object must be a JSON object: {error}"), help)
    })
}

/// The same bag with texts as the values that their properties take.
fn fit(session: &mut Session, mut bag: Map<String, Value>) -> Result<Value, Failure> {
    let type_name = bag.get("qom-type").and_then(Value::as_str).unwrap_or_default().to_owned();
    // A type that there is not is told by the server.
    let declared = session.declared(&type_name)?;
    for (name, given) in &mut bag {
        let facts = declared.iter().find(|facts| facts.name == *name);
        if let (Value::String(text), Some(facts)) = (&*given, facts) {
            *given = value::read(text, facts, None)?;
        }
    }
    Ok(Value::Object(bag))
}
