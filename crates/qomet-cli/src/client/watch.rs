//! `watch`: what changes in a running program.
//!
//! A server that tells of changes (`x-watch`, Qomet's) is listened to. Any other is asked again and again, and what it has
//! compared: what came and went between two looks is not seen, and a value that never stays the same (a counter) is told
//! at every look. Events of the server are told as they come.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::convert::Infallible;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use qomet::Glob;
use qomet_qmp::{ClientError, Event, ObjectView, PropertyView, Reading};
use serde_json::{Value, json};

use super::arguments::Watch;
use super::report::Failure;
use super::session::Session;
use super::{Done, value};
use crate::console::Console;
use crate::outcome::Outcome;
use crate::text::{count, shown};

/// So many events wait at the server while we write.
const QUEUE: u32 = 65_536;

/// One thing that happened.
#[derive(Debug, PartialEq)]
enum Change {
    Created { path: String, type_name: String },
    Deleted { path: String },
    Changed { path: String, property: String, from: Reading, to: Reading },
}

/// Runs the command.
pub(super) fn watch(session: &mut Session, arguments: &Watch, console: &mut Console) -> Done {
    let glob = Glob::of_paths(arguments.glob.as_deref().unwrap_or("**"));
    let done = match session.client.has_command("x-watch")? {
        true => listen(session, arguments, &glob, console),
        false => poll(session, arguments, &glob, console),
    };
    match done {
        // Who has seen enough says so with Ctrl-C.
        Err(ClientError::Interrupted) => Ok(Outcome::Fine),
        Err(error) => Err(Failure::from(error)),
        Ok(never) => match never {},
    }
}

/// Listens to a server that tells.
fn listen(
    session: &mut Session,
    arguments: &Watch,
    glob: &Glob,
    console: &mut Console,
) -> Result<Infallible, ClientError> {
    let id = session.client.execute("x-watch", json!({ "queue": QUEUE }))?.get("id").cloned();
    // The values that were before are those of now, or of what has been told since.
    let mut known: HashMap<String, HashMap<String, Reading>> = HashMap::new();
    let objects = session.client.read_tree("/", None)?;
    console.complain(&format!("watching; there are {} now\n", count(objects.len(), "object")));
    for object in objects {
        let values = object.properties.into_iter().map(|PropertyView { name, reading, .. }| (name, reading));
        known.insert(object.path, values.collect());
    }
    loop {
        let event = match session.client.next_event(None) {
            Ok(Some(event)) => event,
            Ok(None) => continue,
            Err(error) => {
                if let (ClientError::Interrupted, Some(id)) = (&error, id) {
                    // The connection goes on, the watch does not; what ends waits must not end this one.
                    let cancel = session.client.options().cancel.clone();
                    session.client.set_cancel(None);
                    let ended = session.client.execute("x-unwatch", json!({ "id": id }));
                    session.client.set_cancel(cancel);
                    ended?;
                }
                return Err(error);
            }
        };
        let text = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (path, property) = (text("path"), text("property"));
        let is_ours = event.data.get("id") == id.as_ref();
        let change = match event.name.as_str() {
            "X_CREATED" if is_ours => Change::Created { path: path.clone(), type_name: text("type") },
            "X_DELETED" if is_ours => {
                known.remove(&path);
                Change::Deleted { path: path.clone() }
            }
            "X_CHANGED" if is_ours => {
                let told = event.data.get("value").cloned().map(Reading::Value);
                let to = told.unwrap_or_else(|| Reading::Failed("not shown".to_owned()));
                let before = known.entry(path.clone()).or_default().insert(property.clone(), to.clone());
                let from = before.unwrap_or_else(|| Reading::Failed("not known".to_owned()));
                Change::Changed { path: path.clone(), property: property.clone(), from, to }
            }
            _ => {
                tell_event(&event, arguments.json, console);
                continue;
            }
        };
        if is_meant(glob, &path, Some(property.as_str()).filter(|name| !name.is_empty())) {
            tell(session, &change, arguments.json, console)?;
        }
    }
}

/// Asks again and again.
fn poll(
    session: &mut Session,
    arguments: &Watch,
    glob: &Glob,
    console: &mut Console,
) -> Result<Infallible, ClientError> {
    let mut before = look(session, glob)?;
    let (what, seconds) = (count(before.len(), "object"), arguments.interval.as_secs_f64());
    console.complain(&format!(
        "watching {what}; the server does not tell of changes, so it is asked every {seconds} s\n"
    ));
    loop {
        pause(session, arguments, console)?;
        let now = look(session, glob)?;
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
        tell_event(&event, arguments.json, console);
    }
}

/// Tells what the server says by itself.
fn tell_event(event: &Event, for_programs: bool, console: &mut Console) {
    let Event { name, data, seconds, .. } = event;
    if for_programs {
        console.print(&format!("{}\n", json!({ "time": seconds, "event": name, "data": data })));
        return;
    }
    let data = if data.is_null() { String::new() } else { value::show(data, None) };
    let name = console.paint().alert(&shown(name));
    console.print(&format!("{}  ! {name} {data}\n", clock(*seconds)));
}

/// Whether an object at that path, or a property of it, is meant. Who watches an object watches its properties.
fn is_meant(glob: &Glob, path: &str, property: Option<&str>) -> bool {
    glob.fits(path) || property.is_some_and(|property| glob.fits(&format!("{path}.{property}")))
}

/// What there is of what is meant.
fn look(session: &mut Session, glob: &Glob) -> Result<Vec<ObjectView>, ClientError> {
    let mut objects = session.client.read_tree("/", None)?;
    objects.retain_mut(|object| {
        let path = object.path.clone();
        object.properties.retain(|property| is_meant(glob, &path, Some(&property.name)));
        is_meant(glob, &path, None) || !object.properties.is_empty()
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
    fn a_property_is_meant_by_itself_or_with_its_object() {
        let is_meant = |glob: &str, property| is_meant(&Glob::of_paths(glob), "/objects/ram0", property);
        for glob in ["*.size", "ram0", "/objects/*", "**", "objects/ram0.s*"] {
            assert!(is_meant(glob, Some("size")), "{glob}");
        }
        assert!(!is_meant("*.size", Some("share")) && !is_meant("*.size", None));
        // A star is within a component, as in x-tree and x-watch.
        assert!(!is_meant("/*", None) && !is_meant("/*.size", Some("size")));
    }

    #[test]
    fn the_time_is_that_of_the_day() {
        assert_eq!(
            (clock(0), clock(86_400 + 3661), clock(-1)),
            ("00:00:00Z".into(), "01:01:01Z".into(), "23:59:59Z".into())
        );
    }
}
