//! Diagnostics as JSON: the contract that programs rely on.
//!
//! Absent members are left out. Lines and columns count from 1, columns in characters; the end is the character
//! after the last one. In a line of `key=value` there are `offset` and `end_offset` too, in bytes from 0.

use std::borrow::Cow;

use qomet::{About, Diagnostic, Place, Severity};
use serde_json::{Map, Value, json};

use crate::source::{Source, Sources};

/// At most so many characters of a name are repeated. Valid ones are shorter, most of them by far.
const SHOWN: usize = 256;

/// `{"diagnostics": [{"code", "severity", "message", "file", "line", "column", "end_line", "end_column",
/// "offset", "end_offset", "object", "property", "expected", "found", "help", "suggestion", "notes"}], "errors": N, "warnings": N}`.
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
    let location = diagnostic.place().and_then(|place| sources.locate(place));
    let is_line = |place: &Place| sources.get(place.source).is_some_and(Source::is_line);
    let offsets = diagnostic.place().filter(is_line);
    let notes =
        diagnostic.related().iter().filter(|one| one.place.is_none() && one.about == About::default());
    let notes: Vec<Value> = notes.map(|one| json!(one.label)).collect();
    let members = [
        ("code", Some(json!(diagnostic.code()))),
        ("severity", Some(json!(diagnostic.severity().as_str()))),
        ("message", Some(json!(diagnostic.to_string()))),
        ("file", location.map(|at| json!(at.file))),
        ("line", location.map(|at| json!(at.start.line))),
        ("column", location.map(|at| json!(at.start.column))),
        ("end_line", location.map(|at| json!(at.end.line))),
        ("end_column", location.map(|at| json!(at.end.column))),
        ("offset", offsets.map(|place| json!(place.start))),
        ("end_offset", offsets.map(|place| json!(place.end))),
        ("object", diagnostic.about().object.as_deref().map(|id| json!(shortened(id)))),
        ("property", diagnostic.about().property.as_deref().map(|name| json!(shortened(name)))),
        ("expected", problem.expected().map(Value::from)),
        ("found", problem.found().map(Value::from)),
        ("help", problem.help().map(Value::from)),
        ("suggestion", problem.suggestion().map(Value::from)),
        ("notes", (!notes.is_empty()).then_some(Value::Array(notes))),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(SHOWN) {
        None => Cow::Borrowed(name),
        Some((end, _)) => Cow::Owned(format!("{}…", name.get(..end).unwrap_or_default())),
    }
}
