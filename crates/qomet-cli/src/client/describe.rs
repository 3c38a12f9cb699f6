//! `describe` of a server's type: what it tells of the properties. QEMU tells little.

use qomet::nearest;
use qomet_qmp::{ClientError, PropertyFacts};
use serde_json::Value;

use super::report::Failure;
use super::session::Session;
use super::{Done, value};
use crate::arguments::Describe;
use crate::console::Console;
use crate::outcome::Outcome;
use crate::table::Table;
use crate::text::shown;

/// Runs the command.
pub(super) fn describe(session: &mut Session, arguments: &Describe, console: &mut Console) -> Done {
    let name = arguments.name.as_str();
    let (type_name, property) = match (session.client.properties_of(name), name.rsplit_once('.')) {
        (Err(ClientError::Refused(_)), Some((type_name, property))) => (type_name, Some(property)),
        _ => (name, None),
    };
    let mut facts = match session.client.properties_of(type_name) {
        Ok(facts) => facts,
        Err(ClientError::Refused(refused)) => {
            let types = session.client.types()?;
            let meant = nearest(type_name, types.iter().map(|one| one.name.as_str()));
            let help = meant.map(|meant| format!("did you mean '{meant}'?"));
            return Err(Failure::from(*refused).with_help(help));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(property) = property {
        let meant = nearest(property, facts.iter().map(|one| one.name.as_str()));
        let help = meant.map(|meant| format!("did you mean '{meant}'?")).unwrap_or_default();
        facts.retain(|one| one.name == property);
        if facts.is_empty() {
            let message = format!("{type_name} has no property '{property}'");
            return Err(Failure::rejected("unknown-property", message, help));
        }
    }
    if arguments.json {
        let arguments = serde_json::json!({ "typename": type_name });
        let mut told = session.client.execute("qom-list-properties", arguments)?;
        if let (Some(property), Some(all)) = (property, told.as_array_mut()) {
            all.retain(|one| one.get("name").and_then(Value::as_str) == Some(property));
            told = all.pop().unwrap_or_default();
        }
        console.print(&format!("{told:#}\n"));
        return Ok(Outcome::Fine);
    }
    facts.retain(|one| one.name != "type" || property.is_some());
    let (width, paint) = (console.width(), console.paint());
    console.print(&format!("{}\n", paint.heading(&shown(type_name))));
    if facts.is_empty() {
        console.print("\nThe server tells of no properties.\n");
        return Ok(Outcome::Fine);
    }
    let is_exact = facts.iter().any(|one| one.value_type.is_some());
    let mut table = Table::new(match is_exact {
        true => vec!["PROPERTY", "TYPE", "DEFAULT", "CHANGES", "DESCRIPTION"],
        false => vec!["PROPERTY", "TYPE", "DEFAULT", "DESCRIPTION"],
    });
    for one in &facts {
        let default = match &one.default {
            _ if one.sensitive => "(not shown)".to_owned(),
            Some(Value::String(text)) if text.is_empty() => "\"\"".to_owned(),
            Some(default) => value::show(default, Some(one)),
            None if one.required => "required".to_owned(),
            None => String::new(),
        };
        let mut cells = vec![shown(&one.name), shown(short_type(one)), default];
        if is_exact {
            cells.push(changes(one));
        }
        cells.push(summary(one));
        table.row(cells);
    }
    console.print(&format!("\n{}", table.render(width, paint)));
    Ok(Outcome::Fine)
}

/// The type, or just `enum` where all names would take the room of the description.
fn short_type(facts: &PropertyFacts) -> &str {
    match facts.best_type() {
        names if names.contains(" | ") && names.chars().count() > 20 => "enum",
        name => name,
    }
}

/// When it can change, in the words of `describe` without a server.
fn changes(facts: &PropertyFacts) -> String {
    match facts.mutable.as_deref() {
        Some("live") => "any time".to_owned(),
        Some("until-realized") => "until realized".to_owned(),
        Some("never") => "computed".to_owned(),
        other => shown(other.unwrap_or_default()),
    }
}

/// The description with what else one needs to write a value.
fn summary(facts: &PropertyFacts) -> String {
    let number = |bound: &Option<Value>| bound.as_ref().map(|bound| value::show(bound, Some(facts)));
    let mut remarks = Vec::new();
    if short_type(facts) == "enum" {
        remarks.push(facts.best_type().to_owned());
    }
    // 2^63 - 1 is the limit of every size: nobody needs to know.
    let maximum = facts.maximum.clone().filter(|maximum| maximum.as_i64() != Some(i64::MAX));
    match (number(&facts.minimum), number(&maximum)) {
        (Some(least), Some(most)) => remarks.push(format!("{least} to {most}")),
        (Some(least), None) => remarks.push(format!("at least {least}")),
        (None, Some(most)) => remarks.push(format!("at most {most}")),
        (None, None) => {}
    }
    remarks.extend(number(&facts.multiple_of).map(|multiple| format!("a multiple of {multiple}")));
    remarks
        .extend(facts.unit.as_ref().filter(|_| facts.best_type() != "size").map(|unit| format!("in {unit}")));
    remarks.extend(facts.sensitive.then(|| "write-only".to_owned()));
    remarks.extend(facts.since.as_ref().map(|version| format!("since {version}")));
    let description = shown(facts.description.as_deref().unwrap_or_default());
    match remarks.is_empty() {
        true => description,
        false => format!("{description} [{}]", shown(&remarks.join("; "))),
    }
}
