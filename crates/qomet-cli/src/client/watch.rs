//! `watch`: what changes in a running program.
//!
//! The tree is read again and again and compared; what came and went between two looks is not seen, and a value that
//! never stays the same (a counter) is told at every look. Events of the server are told as they come.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use qomet_qmp::{ClientError, Event, ObjectView, Reading};
use serde_json::{Value, json};

use super::arguments::Watch;
use super::glob::Glob;
use super::report::Failure;
use super::session::Session;
use super::{Done, value};
use crate::console::Console;
use crate::outcome::Outcome;
use crate::text::{count, shown};

/// One thing that happened.
#[derive(Debug, PartialEq)]
enum Change {
    Created { path: String, type_name: String },
    Deleted { path: String },
    Changed { path: String, property: String, from: Reading, to: Reading },
}

/// Runs the command.
pub(super) fn watch(session: &mut Session, arguments: &Watch, console: &mut Console) -> Done {
    match poll(session, arguments, console) {
        // Who has seen enough says so with Ctrl-C.
        Err(ClientError::Interrupted) => Ok(Outcome::Fine),
        Err(error) => Err(Failure::from(error)),
        Ok(never) => match never {},
    }
}

fn poll(
    session: &mut Session,
    arguments: &Watch,
    console: &mut Console,
) -> Result<std::convert::Infallible, ClientError> {
    let glob = arguments.glob.as_deref().map_or_else(|| Glob::new("*"), Glob::new);
    let mut before = look(session, &glob)?;
    let (what, seconds) = (count(before.len(), "object"), arguments.interval.as_secs_f64());
    console.complain(&format!(
        "watching {what}; the server does not tell of changes, so it is asked every {seconds} s\n"
    ));
    loop {
        pause(session, arguments, console)?;
        let now = look(session, &glob)?;
        for change in compare(&before, &now) {
            tell(session, &change, arguments.json, console)?;
        }
        before = now;
    }
}

/// Waits for the next look, and tells of events meanwhile.
fn pause(session: &mut Session, arguments: &Watch, console: &mut Console) -> Result<(), ClientError> {
    let next = Instant::now().checked_add(arguments.interval);
    loop {
        let left = next.map_or(arguments.interval, |next| next.saturating_duration_since(Instant::now()));
        let Some(event) = session.client.next_event(Some(left))? else { return Ok(()) };
        let Event { name, data, seconds, .. } = event;
        if arguments.json {
            console.print(&format!("{}\n", json!({ "time": seconds, "event": name, "data": data })));
            continue;
        }
        let data = if data.is_null() { String::new() } else { value::show(&data, None) };
        let name = console.paint().alert(&shown(&name));
        console.print(&format!("{}  ! {name} {data}\n", clock(seconds)));
    }
}

/// What there is of what is meant.
fn look(session: &mut Session, glob: &Glob) -> Result<Vec<ObjectView>, ClientError> {
    let mut objects = session.client.read_tree("/", None)?;
    objects.retain_mut(|object| {
        let path = object.path.clone();
        object.properties.retain(|property| glob.is_meant(&path, Some(&property.name)));
        glob.is_meant(&path, None) || !object.properties.is_empty()
    });
    Ok(objects)
}

/// What is different now: what went, then what came and what changed, in the order of the tree.
fn compare(before: &[ObjectView], now: &[ObjectView]) -> Vec<Change> {
    let mut changes = Vec::new();
    let present: HashSet<(&str, &str)> = now.iter().map(identity).collect();
    let known: HashMap<(&str, &str), &ObjectView> =
        before.iter().map(|object| (identity(object), object)).collect();
    for object in before.iter().filter(|object| !present.contains(&identity(object))) {
        changes.push(Change::Deleted { path: object.path.clone() });
    }
    for object in now {
        let Some(old) = known.get(&identity(object)) else {
            let (path, type_name) = (object.path.clone(), object.type_name.clone());
            changes.push(Change::Created { path, type_name });
            continue;
        };
        let names: BTreeSet<&str> =
            old.properties.iter().chain(&object.properties).map(|property| property.name.as_str()).collect();
        for name in names {
            let reading = |object: &ObjectView| match object.property(name) {
                Some(property) => property.reading.clone(),
                None => Reading::Failed("there is no such property".to_owned()),
            };
            let (from, to) = (reading(old), reading(object));
            if from != to {
                let (path, property) = (object.path.clone(), name.to_owned());
                changes.push(Change::Changed { path, property, from, to });
            }
        }
    }
    changes
}

/// An object of another type at the same path is another object.
fn identity(object: &ObjectView) -> (&str, &str) {
    (&object.path, &object.type_name)
}

fn tell(
    session: &mut Session,
    change: &Change,
    for_programs: bool,
    console: &mut Console,
) -> Result<(), ClientError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let time = i64::try_from(now).unwrap_or(i64::MAX);
    if for_programs {
        let told = |reading: &Reading| match reading {
            Reading::Value(value) => value.clone(),
            Reading::Failed(_) => Value::Null,
        };
        let line = match change {
            Change::Created { path, type_name } => {
                json!({ "time": time, "created": path, "type": type_name })
            }
            Change::Deleted { path } => json!({ "time": time, "deleted": path }),
            Change::Changed { path, property, from, to } => json!({
                "time": time, "changed": path, "property": property, "from": told(from), "to": told(to),
            }),
        };
        console.print(&format!("{line}\n"));
        return Ok(());
    }
    let paint = console.paint();
    let text = match change {
        Change::Created { path, type_name } => {
            format!("+ {}: {}", paint.name(&shown(path)), shown(type_name))
        }
        Change::Deleted { path } => format!("- {}", paint.name(&shown(path))),
        Change::Changed { path, property, from, to } => {
            let facts = match to {
                Reading::Value(value) if value.is_number() => {
                    session.facts(path, property).unwrap_or_default()
                }
                _ => None,
            };
            let told = |reading: &Reading| match reading {
                Reading::Value(read) => value::show(read, facts.as_ref()),
                Reading::Failed(why) => format!("({})", shown(why)),
            };
            let name = paint.name(&shown(&format!("{path}.{property}")));
            format!("  {name}: {} → {}", told(from), told(to))
        }
    };
    console.print(&format!("{}  {text}\n", clock(time)));
    Ok(())
}

/// The time of day in UTC.
fn clock(seconds: i64) -> String {
    let day = seconds.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}Z", day / 3600, day / 60 % 60, day % 60)
}

#[cfg(test)]
mod tests {
    use qomet_qmp::PropertyView;

    use super::*;

    fn object(path: &str, type_name: &str, level: u64) -> ObjectView {
        let property = PropertyView {
            name: "level".to_owned(),
            type_name: "int".to_owned(),
            reading: Reading::Value(level.into()),
        };
        ObjectView {
            path: path.to_owned(),
            depth: 0,
            type_name: type_name.to_owned(),
            properties: vec![property],
            children: Vec::new(),
        }
    }

    #[test]
    fn what_goes_comes_and_changes_is_told() {
        let before = [object("/a", "lamp", 1), object("/b", "lamp", 1), object("/c", "lamp", 1)];
        let now = [object("/b", "lamp", 2), object("/c", "fan", 1)];
        let reading = |level: u64| Reading::Value(level.into());
        let expected = [
            Change::Deleted { path: "/a".to_owned() },
            Change::Deleted { path: "/c".to_owned() },
            Change::Changed {
                path: "/b".to_owned(),
                property: "level".to_owned(),
                from: reading(1),
                to: reading(2),
            },
            Change::Created { path: "/c".to_owned(), type_name: "fan".to_owned() },
        ];
        assert_eq!(compare(&before, &now), expected);
        assert_eq!(compare(&now, &now), []);
    }

    #[test]
    fn the_time_is_that_of_the_day() {
        assert_eq!(
            (clock(0), clock(86_400 + 3661), clock(-1)),
            ("00:00:00Z".into(), "01:01:01Z".into(), "23:59:59Z".into())
        );
    }
}
