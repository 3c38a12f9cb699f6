//! Giving a bag a property, or another value to one that it has: for repairs of what another bag needs of it.
//!
//! The property is written as its neighbours are. Where the bag does not stand in its source as one piece, as in a domain of
//! libvirt or between the quotes of a shell, nothing is written.

use qomet::{Edit, Place, Remedy, Spelling};

use crate::source::{Sources, widen};
use crate::tape::Node;

/// In which syntax a bag is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Json,
    Ini,
    Line,
}

/// The change of the text that sets a property of `bag` to what the remedy says.
pub(super) fn set(sources: &Sources, bag: Node<'_>, property: &str, remedy: &Remedy) -> Option<Edit> {
    let text = sources.get(bag.place().source)?.text();
    let syntax = match text.get(widen(bag.place().start)..)?.chars().next()? {
        '{' => Syntax::Json,
        '[' => Syntax::Ini,
        _ => Syntax::Line,
    };
    if syntax == Syntax::Json && !(bag.is_closed() && is_as_written(text, bag)) {
        return None;
    }
    match bag.get(property) {
        Some(value) => replace(text, value, syntax, remedy),
        None => insert(text, bag, property, syntax, remedy),
    }
}

fn at(text: &str, place: Place) -> Option<&str> {
    text.get(widen(place.start)..widen(place.end))
}

/// Whether what was read stands in the source as it was read.
fn is_as_written(text: &str, node: Node<'_>) -> bool {
    at(text, node.place()) == Some(node.source_text())
}

fn replace(text: &str, value: Node<'_>, syntax: Syntax, remedy: &Remedy) -> Option<Edit> {
    if !is_as_written(text, value) {
        return None;
    }
    let is_string = value.source_text().starts_with('"');
    let text = match (syntax, is_string) {
        (Syntax::Json, true) => format!("\"{}\"", remedy.text),
        (Syntax::Json, false) => json(remedy),
        (_, true) => format!("\"{}\"", remedy.text),
        (_, false) => remedy.text.clone(),
    };
    Some(Edit { place: value.place(), text })
}

fn insert(text: &str, bag: Node<'_>, property: &str, syntax: Syntax, remedy: &Remedy) -> Option<Edit> {
    let (key, last) = bag.members().max_by_key(|(_, value)| value.place().end)?;
    if !is_as_written(text, last) || !is_as_written(text, key) {
        return None;
    }
    let end = widen(last.place().end);
    // What stands before the name of the last property, if that begins a line.
    let line = text.get(..widen(key.place().start))?.rsplit('\n').next()?;
    let indent = line.chars().all(char::is_whitespace).then_some(line);
    let (at, text) = match (syntax, indent) {
        (Syntax::Json, Some(indent)) if text.get(..end)?.contains('\n') => {
            (end, format!(",\n{indent}\"{property}\": {}", json(remedy)))
        }
        (Syntax::Json, _) => (end, format!(", \"{property}\": {}", json(remedy))),
        (Syntax::Ini, indent) => {
            let rest = text.get(end..)?;
            let line = rest.find('\n').unwrap_or(rest.len());
            let indent = indent.unwrap_or("  ");
            (end + line, format!("\n{indent}{property} = \"{}\"", remedy.text))
        }
        (Syntax::Line, _) => (end, format!(",{property}={}", remedy.text)),
    };
    let at = u32::try_from(at).ok()?;
    Some(Edit { place: Place { source: last.place().source, start: at, end: at }, text })
}

/// A value as JSON has it.
fn json(remedy: &Remedy) -> String {
    match (remedy.spelling, remedy.text.as_str()) {
        (Spelling::Switch, "on") => "true".to_owned(),
        (Spelling::Switch, _) => "false".to_owned(),
        (Spelling::Name, text) => serde_json::Value::from(text).to_string(),
        (Spelling::Verbatim | Spelling::Size, text) => text.to_owned(),
    }
}
