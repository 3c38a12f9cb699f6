//! `get`: values of properties. Those that cannot be read are told, the others printed.

use serde_json::{Map, Value};

use super::arguments::Get;
use super::report::Failure;
use super::session::Session;
use super::target::{self, Target};
use super::{Done, value};
use crate::console::Console;
use crate::outcome::Outcome;
use crate::text::shown;

/// Runs the command.
pub(super) fn get(session: &mut Session, arguments: &Get, console: &mut Console) -> Done {
    for text in &arguments.properties {
        target::readings(text)?;
    }
    let mut outcome = Outcome::Fine;
    let mut found = Vec::new();
    for text in &arguments.properties {
        match read(session, text, arguments.json) {
            Ok((value, shown)) => found.push((text, value, shown)),
            Err(failure) => {
                outcome = failure.show(console);
                if outcome == Outcome::Usage {
                    return Ok(outcome);
                }
            }
        }
    }
    let is_alone = arguments.properties.len() == 1;
    match (arguments.json, found.as_slice()) {
        (true, [(_, value, _)]) if is_alone => console.print(&format!("{value:#}\n")),
        (true, []) if is_alone => {}
        (true, _) => {
            let all = found.into_iter().map(|(name, value, _)| (name.clone(), value));
            console.print(&format!("{:#}\n", Value::Object(all.collect::<Map<_, _>>())));
        }
        (false, [(_, _, text)]) if is_alone => console.print(&format!("{text}\n")),
        (false, _) => {
            let column = found.iter().map(|(name, ..)| shown(name).chars().count()).max().unwrap_or(0);
            for (name, _, text) in &found {
                let name = shown(name);
                let padding = column.saturating_sub(name.chars().count()) + 2;
                let name = console.paint().name(&name);
                console.print(&format!("{name}{:padding$}{text}\n", ""));
            }
        }
    }
    Ok(outcome)
}

/// A value, and how people read it.
fn read(session: &mut Session, text: &str, for_programs: bool) -> Result<(Value, String), Failure> {
    let (Target { path, property }, value) = target::get(&mut session.client, text)?;
    // Only of a number does the type say how it is read.
    let numbers = value.is_number() || value.is_array();
    let facts = if numbers && !for_programs { session.facts(&path, &property)? } else { None };
    let shown = value::show(&value, facts.as_ref());
    Ok((value, shown))
}
