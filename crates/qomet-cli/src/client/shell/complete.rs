//! Completion: commands, paths, properties, values, types, all from the live server.
//!
//! What the server refuses completes nothing; nothing is said about it.

use serde_json::{Value, json};

use super::super::session::Session;
use super::super::value;
use super::commands;
use super::place::Place;

/// Everything that the end of `line` may become: where the part that is replaced begins, and the texts.
pub(super) fn complete(session: &mut Session, place: &Place, line: &str) -> (usize, Vec<String>) {
    let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let (before, word) = line.split_at_checked(start).unwrap_or((line, ""));
    let mut words = before.split_whitespace();
    let Some(command) = words.next() else {
        let found = commands().into_iter().filter(|name| name.starts_with(word));
        return (start, found.map(|name| format!("{name} ")).collect());
    };
    let is_first = words.next().is_none();
    let found = match command {
        _ if word.starts_with('-') => options(command),
        "tree" | "list" | "cd" => paths(session, place, word),
        "del" => children(session, "/objects"),
        "get" => properties(session, place, word, ""),
        "set" => match word.split_once('=') {
            Some((target, _)) => values_of(session, place, target),
            None => properties(session, place, word, "="),
        },
        "describe" => types(session, false),
        "add" => parts(session, word),
        "qmp" if is_first => {
            session.client.commands().map(|all| all.iter().cloned().collect()).unwrap_or_default()
        }
        "help" => commands(),
        _ => Vec::new(),
    };
    let mut found: Vec<String> =
        found.into_iter().filter(|text| text.starts_with(word) && text != word).collect();
    found.sort();
    found.dedup();
    // Names with blanks or quotes need care that a list of names cannot show.
    found.retain(|text| !text.contains(|c: char| c.is_whitespace() || c.is_control() || "'\"\\".contains(c)));
    (start, found)
}

fn options(command: &str) -> Vec<String> {
    let all: &[&str] = match command {
        "tree" => &["--depth", "--json"],
        "watch" => &["--interval", "--json"],
        "list" | "get" | "types" | "describe" | "qmp" => &["--json"],
        _ => &[],
    };
    all.iter().map(|&option| option.to_owned()).collect()
}

/// The names of the children of an object.
fn children(session: &mut Session, path: &str) -> Vec<String> {
    let listed = session.client.list(path).unwrap_or_default();
    listed.into_iter().filter(|facts| facts.child_type().is_some()).map(|facts| facts.name).collect()
}

/// Paths that begin like the word.
fn paths(session: &mut Session, place: &Place, word: &str) -> Vec<String> {
    match word.rsplit_once('/') {
        Some((above, _)) => {
            let parent = if above.is_empty() { "/".to_owned() } else { place.resolve(above) };
            children(session, &parent).into_iter().map(|name| format!("{above}/{name}")).collect()
        }
        None => {
            let mut found = children(session, place.path());
            // The server finds these wherever they are.
            if place.path() == "/" {
                found.extend(children(session, "/objects"));
                found.push("/".to_owned());
            }
            found
        }
    }
}

/// `PATH.PROPERTY` for every property of the object that stands before the last dot; and paths.
fn properties(session: &mut Session, place: &Place, word: &str, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((path, _)) =
        word.rsplit_once('.').filter(|(path, part)| !path.is_empty() && !part.contains('/'))
    {
        let listed = session.client.list(&place.resolve(path)).unwrap_or_default();
        let own = listed.into_iter().filter(|facts| facts.child_type().is_none());
        found.extend(own.map(|facts| format!("{path}.{}{end}", facts.name)));
    }
    // An object has properties, so its dot comes with it.
    found.extend(
        paths(session, place, word).into_iter().filter(|path| path != "/").map(|path| format!("{path}.")),
    );
    found
}

/// `TARGET=VALUE` for every value that the property may have.
fn values_of(session: &mut Session, place: &Place, target: &str) -> Vec<String> {
    let Some((path, property)) = target.rsplit_once('.') else { return Vec::new() };
    let path = place.resolve(path);
    let Ok(type_name) = session.client.get(&path, "type") else { return Vec::new() };
    let type_name = type_name.as_str().unwrap_or_default().to_owned();
    let names = names(session, &type_name, property);
    names.into_iter().map(|name| format!("{target}={name}")).collect()
}

/// The values that a property of a type may have, where there are only some; the paths of objects for a link.
fn names(session: &mut Session, type_name: &str, property: &str) -> Vec<String> {
    let declared = session.declared(type_name).unwrap_or_default();
    let Some(facts) = declared.iter().find(|facts| facts.name == property) else { return Vec::new() };
    if facts.type_name.starts_with("link<") {
        return children(session, "/objects").into_iter().map(|id| format!("/objects/{id}")).collect();
    }
    let names = value::names(facts);
    if names.is_empty() { session.enum_names(type_name, property) } else { names }
}

/// The names of types; of those that a user may create objects of, or all.
fn types(session: &mut Session, is_for_users: bool) -> Vec<String> {
    let arguments = match is_for_users {
        true => json!({ "implements": "user-creatable" }),
        false => json!({ "abstract": true }),
    };
    let told = session.client.execute("qom-list-types", arguments).unwrap_or_default();
    let all = told.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| one.get("name").and_then(Value::as_str)).map(str::to_owned).collect()
}

/// `TYPE,PROPERTY=VALUE,…`: the part behind the last comma.
fn parts(session: &mut Session, word: &str) -> Vec<String> {
    let Some((before, part)) = word.rsplit_once(',') else {
        return types(session, true).into_iter().map(|name| format!("{name},id=")).collect();
    };
    let mut given = before.split(',');
    let type_name = given.next().unwrap_or_default().trim_start_matches("qom-type=");
    if let Some((property, _)) = part.split_once('=') {
        let names = names(session, type_name, property);
        return names.into_iter().map(|name| format!("{before},{property}={name}")).collect();
    }
    let taken: Vec<&str> = given.filter_map(|one| one.split('=').next()).collect();
    let declared = session.declared(type_name).unwrap_or_default();
    let settable =
        declared.iter().filter(|facts| facts.name != "type" && facts.mutable.as_deref() != Some("never"));
    let names = settable.map(|facts| facts.name.as_str()).chain(["id"]).filter(|name| !taken.contains(name));
    names.map(|name| format!("{before},{name}=")).collect()
}
