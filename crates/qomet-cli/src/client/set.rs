//! `set`: changes properties of live objects, in the given order, up to the first that is refused.
//!
//! All values are read before the first is sent: one that is wrong changes nothing.

use qomet_qmp::ClientError;
use serde_json::json;

use super::arguments::Set;
use super::report::{Failure, conclude};
use super::session::Session;
use super::target::{self, Target};
use super::{Done, value};
use crate::console::Console;

/// Runs the command.
pub(super) fn set(session: &mut Session, arguments: &Set, console: &mut Console) -> Done {
    let mut done = Vec::new();
    let ended = change(session, arguments, &mut done);
    conclude(arguments.json, done, ended, console)
}

fn change(session: &mut Session, arguments: &Set, done: &mut Vec<serde_json::Value>) -> Result<(), Failure> {
    let mut changes = Vec::new();
    for text in &arguments.assignments {
        changes.push(read(session, text)?);
    }
    for (Target { path, property }, value) in changes {
        match session.client.set(&path, &property, value) {
            Ok(()) => done.push(json!({ "changed": path, "property": property })),
            Err(ClientError::Refused(refused)) => {
                let names = names(session, &path, &property);
                let failure = target::explain(&mut session.client, &path, Some(&property), *refused);
                return Err(failure.with_help(names));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What an enum takes: QEMU's refusals do not say.
fn names(session: &mut Session, path: &str, property: &str) -> Option<String> {
    let type_name = session.client.get(path, "type").ok()?;
    let names = session.enum_names(type_name.as_str()?, property);
    (!names.is_empty()).then(|| format!("it takes {}", names.join(", ")))
}

/// `PATH.PROPERTY=VALUE` with the value as the property takes it.
fn read(session: &mut Session, text: &str) -> Result<(Target, serde_json::Value), Failure> {
    let Some((name, given)) = text.split_once('=') else {
        let message = format!("'{text}' sets nothing: expected PATH.PROPERTY=VALUE");
        return Err(Failure::usage(message, "write for example ram0.merge=off"));
    };
    let mut first = None;
    for target in target::readings(name)? {
        let facts = match session.facts(&target.path, &target.property) {
            Ok(facts) => facts,
            Err(ClientError::Refused(refused)) => {
                first.get_or_insert((target, Some(*refused)));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let Some(facts) = facts else {
            first.get_or_insert((target, None));
            continue;
        };
        // A property that cannot be read may still be set.
        let current = match session.client.get(&target.path, &target.property) {
            Ok(current) => Some(current),
            Err(ClientError::Refused(_)) => None,
            Err(error) => return Err(error.into()),
        };
        return Ok((target, value::read(given, &facts, current.as_ref())?));
    }
    let client = &mut session.client;
    Err(match first {
        Some((target, Some(refused))) => {
            target::explain(client, &target.path, Some(&target.property), refused)
        }
        // The server says best that there is no such property.
        Some((Target { path, property }, None)) => match client.get(&path, &property) {
            Err(ClientError::Refused(refused)) => target::explain(client, &path, Some(&property), *refused),
            Err(error) => error.into(),
            Ok(_) => Failure::rejected("unknown-property", format!("'{name}' cannot be set"), ""),
        },
        None => Failure::usage(format!("'{name}' names no property"), ""),
    })
}
