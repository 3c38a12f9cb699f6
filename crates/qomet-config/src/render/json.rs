//! Diagnostics as JSON: the contract that programs rely on.
//!
//! Absent members are left out. Lines and columns count from 1, columns in characters; the end is the character
//! after the last one. In a line of `key=value` there are `offset` and `end_offset` too, in bytes from 0.

use std::borrow::Cow;

use qomet::{About, Diagnostic, Edit, Place, Repair, Severity};
use serde_json::{Map, Value, json};

use crate::source::{Source, Sources};

/// At most so many characters of a name are repeated. Valid ones are shorter, most of them by far.
const SHOWN: usize = 256;

/// `{"diagnostics": [{"code", "severity", "message", "file", "line", "column", "end_line", "end_column",
/// "offset", "end_offset", "object", "property", "expected", "found", "help", "suggestion", "repair", "related", "notes"}],
/// "errors": N, "warnings": N}`.
///
/// `repair` is `{"applicability": "certain" | "guess", "edits": [{PLACE, "text"}]}`: all edits together, each the text that
/// belongs in its place; `related` are other places with a `label`. A PLACE is what says where a diagnostic stands.
pub fn render_json<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>, sources: &Sources) -> Value {
    let (mut list, mut errors, mut warnings) = (Vec::new(), 0_usize, 0_usize);
    for diagnostic in diagnostics {
        match diagnostic.severity() {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
        list.push(one(diagnostic, sources));
    }
    // Not `json!`, which would copy the list.
    let members = [
        ("diagnostics", Value::Array(list)),
        ("errors", Value::from(errors)),
        ("warnings", Value::from(warnings)),
    ];
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn one(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let problem = diagnostic.problem();
    let notes =
        diagnostic.related().iter().filter(|one| one.place.is_none() && one.about == About::default());
    let notes: Vec<Value> = notes.map(|one| json!(one.label)).collect();
    let related = diagnostic.related().iter().filter_map(|one| {
        let mut members = whereabouts(one.place?, sources);
        members.insert("label".to_owned(), json!(one.label));
        if let Some(id) = &one.about.object {
            members.insert("object".to_owned(), json!(shortened(id)));
        }
        Some(Value::Object(members))
    });
    let related: Vec<Value> = related.collect();
    let mut out = Map::new();
    out.insert("code".to_owned(), json!(diagnostic.code()));
    out.insert("severity".to_owned(), json!(diagnostic.severity().as_str()));
    out.insert("message".to_owned(), json!(diagnostic.to_string()));
    if let Some(place) = diagnostic.place() {
        out.extend(whereabouts(place, sources));
    }
    let members = [
        ("object", diagnostic.about().object.as_deref().map(|id| json!(shortened(id)))),
        ("property", diagnostic.about().property.as_deref().map(|name| json!(shortened(name)))),
        ("expected", problem.expected().map(Value::from)),
        ("found", problem.found().map(Value::from)),
        ("help", problem.help().map(Value::from)),
        ("suggestion", problem.suggestion().map(Value::from)),
        ("repair", diagnostic.repair().map(|repair| of_repair(repair, sources))),
        ("related", (!related.is_empty()).then_some(Value::Array(related))),
        ("notes", (!notes.is_empty()).then_some(Value::Array(notes))),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    out.extend(present);
    Value::Object(out)
}

/// The members that say where something is.
fn whereabouts(place: Place, sources: &Sources) -> Map<String, Value> {
    let location = sources.locate(place);
    let is_line = sources.get(place.source).is_some_and(Source::is_line);
    let members = [
        ("file", location.map(|at| json!(at.file))),
        ("line", location.map(|at| json!(at.start.line))),
        ("column", location.map(|at| json!(at.start.column))),
        ("end_line", location.map(|at| json!(at.end.line))),
        ("end_column", location.map(|at| json!(at.end.column))),
        ("offset", is_line.then(|| json!(place.start))),
        ("end_offset", is_line.then(|| json!(place.end))),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn of_repair(repair: &Repair, sources: &Sources) -> Value {
    let edit = |edit: &Edit| {
        let mut members = whereabouts(edit.place, sources);
        members.insert("text".to_owned(), json!(edit.text));
        Value::Object(members)
    };
    let edits: Vec<Value> = repair.edits.iter().map(edit).collect();
    json!({"applicability": repair.applicability.as_str(), "edits": edits})
}

fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(SHOWN) {
        None => Cow::Borrowed(name),
        Some((end, _)) => Cow::Owned(format!("{}…", name.get(..end).unwrap_or_default())),
    }
}
