//! `PATH.PROPERTY`: where the path ends, and what was meant where there is none.
//!
//! The ids of objects may have dots, and so may the names of children (`pc.ram`). The last dot counts first; where the
//! server knows no such object or property, the dots before it are tried, as far as the path's last slash.

use qomet::nearest;
use qomet_qmp::{Client, ClientError, Refused};
use serde_json::Value;

use super::report::Failure;

/// An object and one of its properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The object's path.
    pub(super) path: String,
    /// The property.
    pub(super) property: String,
}

/// The ways to read a text as `PATH.PROPERTY`, the likeliest first; at least one.
///
/// # Errors
/// It is none.
pub(super) fn readings(text: &str) -> Result<Vec<Target>, Failure> {
    let from = text.rfind('/').map_or(0, |slash| slash + 1);
    let dots = text.rmatch_indices('.').map(|(at, _)| at).take_while(|at| *at >= from);
    let split = |at: usize| {
        let (path, property) = (text.get(..at)?, text.get(at + 1..)?);
        // The root's own properties are written '/.type'.
        (!path.is_empty() && !property.is_empty())
            .then(|| Target { path: path.to_owned(), property: property.to_owned() })
    };
    let found: Vec<Target> = dots.filter_map(split).collect();
    if found.is_empty() {
        let message = format!("'{text}' names no property: expected PATH.PROPERTY");
        return Err(Failure::usage(message, format!("'list {text}' shows what properties an object has")));
    }
    Ok(found)
}

/// Reads a property.
pub(super) fn get(client: &mut Client, text: &str) -> Result<(Target, Value), Failure> {
    let mut first: Option<(Target, Refused)> = None;
    for target in readings(text)? {
        match client.get(&target.path, &target.property) {
            Ok(value) => return Ok((target, value)),
            Err(ClientError::Refused(refused)) => drop(first.get_or_insert((target, *refused))),
            Err(error) => return Err(error.into()),
        }
    }
    match first {
        Some((target, refused)) => Err(explain(client, &target.path, Some(&target.property), refused)),
        None => Err(Failure::usage(format!("'{text}' names no property"), "")),
    }
}

/// A refusal about a path, with the nearest name where the server gives none.
pub(super) fn explain(client: &mut Client, path: &str, property: Option<&str>, refused: Refused) -> Failure {
    let help = match (refused.class.as_str(), property) {
        ("DeviceNotFound", _) => nearest_path(client, path),
        (_, Some(property)) => nearest_property(client, path, property),
        _ => None,
    };
    Failure::from(refused).with_help(help)
}

/// The path that was meant: as far as it exists, then the nearest child.
fn nearest_path(client: &mut Client, path: &str) -> Option<String> {
    // An id or the end of a path: what users make stands below /objects.
    let (mut parent, names) = match path.strip_prefix('/') {
        Some(rest) => ("/".to_owned(), rest),
        None => ("/objects".to_owned(), path),
    };
    for name in names.split('/').filter(|name| !name.is_empty()) {
        let listed = client.list(&parent).ok()?;
        let children: Vec<&str> = listed
            .iter()
            .filter(|facts| facts.child_type().is_some())
            .map(|facts| facts.name.as_str())
            .collect();
        if children.contains(&name) {
            parent = format!("{}/{name}", parent.trim_end_matches('/'));
            continue;
        }
        return Some(match nearest(name, children.iter().copied()) {
            Some(meant) => format!("did you mean '{}/{meant}'?", parent.trim_end_matches('/')),
            None => format!("'list {parent}' shows what there is"),
        });
    }
    None
}

fn nearest_property(client: &mut Client, path: &str, property: &str) -> Option<String> {
    let listed = client.list(path).ok()?;
    let names = || listed.iter().map(|facts| facts.name.as_str());
    if names().any(|name| name == property) {
        return None;
    }
    Some(match nearest(property, names()) {
        Some(meant) => format!("did you mean '{meant}'?"),
        None => format!("'list {path}' shows what there is"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        readings(text).unwrap_or_default().into_iter().map(|one| (one.path, one.property)).collect()
    }

    fn pair(path: &str, property: &str) -> (String, String) {
        (path.to_owned(), property.to_owned())
    }

    #[test]
    fn the_last_dot_counts_first() {
        assert_eq!(pairs("ram0.size"), [pair("ram0", "size")]);
        assert_eq!(pairs("/a.b/c.d.e"), [pair("/a.b/c.d", "e"), pair("/a.b/c", "d.e")]);
        assert_eq!(pairs("/.type"), [pair("/", "type")]);
    }

    #[test]
    fn without_a_property_there_is_nothing_to_read() {
        for text in ["ram0", "/a.b/c", ".size", "ram0.", "", "/"] {
            assert_eq!(pairs(text), [], "{text}");
        }
    }
}
