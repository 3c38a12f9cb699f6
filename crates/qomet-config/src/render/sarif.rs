//! Diagnostics in the Static Analysis Results Interchange Format 2.1.0 (OASIS), which code review services and editors read.
//!
//! One run with one result for each diagnostic and one rule for each code that occurs. Columns count characters, as
//! `columnKind` says. Repairs become `fixes`; a result without a place has no location.

use std::collections::HashMap;

use qomet::{Diagnostic, Edit, Place, Severity};
use serde_json::{Map, Value, json};

use crate::source::Sources;

/// Where the format is defined.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Who reports.
#[derive(Clone, Copy)]
pub struct Reporter<'a> {
    /// The name of the program.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// What a code means.
    pub explain: &'a dyn Fn(&str) -> Option<String>,
}

/// A log with one run.
pub fn render_sarif<'a>(
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
    sources: &Sources,
    reporter: Reporter<'_>,
) -> Value {
    let mut codes = Codes::default();
    let mut results = Vec::new();
    for one in diagnostics {
        let rule = codes.number(one);
        results.push(result(one, rule, sources));
    }
    let rules: Vec<Value> =
        codes.list.iter().map(|(code, severity)| rule(code, *severity, reporter)).collect();
    let driver = json!({"name": reporter.name, "version": reporter.version, "rules": rules});
    let mut run = Map::new();
    run.insert("tool".to_owned(), json!({ "driver": driver }));
    run.insert("columnKind".to_owned(), json!("unicodeCodePoints"));
    // Not `json!`, which would copy the list.
    run.insert("results".to_owned(), Value::Array(results));
    let mut log = Map::new();
    log.insert("$schema".to_owned(), json!(SCHEMA));
    log.insert("version".to_owned(), json!("2.1.0"));
    log.insert("runs".to_owned(), Value::Array(vec![Value::Object(run)]));
    Value::Object(log)
}

/// The codes that occur, numbered.
#[derive(Default)]
struct Codes {
    list: Vec<(&'static str, Severity)>,
    numbers: HashMap<&'static str, usize>,
}

impl Codes {
    fn number(&mut self, diagnostic: &Diagnostic) -> usize {
        let code = diagnostic.code();
        *self.numbers.entry(code).or_insert_with(|| {
            self.list.push((code, diagnostic.severity()));
            self.list.len() - 1
        })
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn rule(code: &str, severity: Severity, reporter: Reporter<'_>) -> Value {
    let mut rule = Map::new();
    rule.insert("id".to_owned(), json!(code));
    rule.insert("name".to_owned(), json!(identifier(code)));
    if let Some(text) = (reporter.explain)(code) {
        let first = text.split_inclusive(['.', '\n']).next().unwrap_or_default().trim();
        rule.insert("shortDescription".to_owned(), json!({ "text": first }));
        // GitHub takes no rule without it.
        rule.insert("fullDescription".to_owned(), json!({ "text": text }));
        rule.insert("help".to_owned(), json!({ "text": text }));
    }
    rule.insert("defaultConfiguration".to_owned(), json!({ "level": level(severity) }));
    Value::Object(rule)
}

/// A code as an identifier: `FileTooShort`.
fn identifier(code: &str) -> String {
    let words = code.split('-').map(|word| {
        let mut rest = word.chars();
        rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect::<String>()
    });
    words.collect()
}

fn result(diagnostic: &Diagnostic, rule: usize, sources: &Sources) -> Value {
    let mut message = diagnostic.to_string();
    if let Some(help) = diagnostic.problem().help() {
        message = format!("{message}\n\nhelp: {help}");
    }
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(diagnostic.code()));
    result.insert("ruleIndex".to_owned(), json!(rule));
    result.insert("level".to_owned(), json!(level(diagnostic.severity())));
    result.insert("message".to_owned(), json!({ "text": message }));
    let about = diagnostic.about();
    if let Some(place) = diagnostic.place().and_then(|place| physical(place, sources)) {
        let mut location = Map::new();
        location.insert("physicalLocation".to_owned(), place);
        if let Some(id) = about.object.as_deref() {
            let full = match about.property.as_deref() {
                Some(property) => format!("{id}.{property}"),
                None => id.to_owned(),
            };
            let logical = json!({"name": id, "fullyQualifiedName": full, "kind": "object"});
            location.insert("logicalLocations".to_owned(), Value::Array(vec![logical]));
        }
        result.insert("locations".to_owned(), Value::Array(vec![Value::Object(location)]));
    }
    let related = diagnostic.related().iter().filter_map(|one| Some((one, physical(one.place?, sources)?)));
    let related: Vec<Value> = related
        .enumerate()
        .map(|(id, (one, place))| {
            json!({"id": id, "physicalLocation": place, "message": { "text": one.label }})
        })
        .collect();
    if !related.is_empty() {
        result.insert("relatedLocations".to_owned(), Value::Array(related));
    }
    if let Some(repair) = diagnostic.repair() {
        let changes: Vec<Value> = repair.edits.iter().filter_map(|edit| change(edit, sources)).collect();
        let help = diagnostic.problem().help().unwrap_or_else(|| "repair it".to_owned());
        let fix = json!({"description": { "text": help }, "artifactChanges": changes});
        result.insert("fixes".to_owned(), Value::Array(vec![fix]));
    }
    Value::Object(result)
}

fn physical(place: Place, sources: &Sources) -> Option<Value> {
    let at = sources.locate(place)?;
    Some(json!({"artifactLocation": artifact(at.file), "region": region(place, sources)?}))
}

fn artifact(file: &str) -> Value {
    json!({ "uri": uri(file) })
}

fn region(place: Place, sources: &Sources) -> Option<Value> {
    let at = sources.locate(place)?;
    Some(json!({
        "startLine": at.start.line,
        "startColumn": at.start.column,
        "endLine": at.end.line,
        "endColumn": at.end.column,
    }))
}

fn change(edit: &Edit, sources: &Sources) -> Option<Value> {
    let file = sources.get(edit.place.source)?.name();
    let mut replacement = Map::new();
    replacement.insert("deletedRegion".to_owned(), region(edit.place, sources)?);
    if !edit.text.is_empty() {
        replacement.insert("insertedContent".to_owned(), json!({ "text": edit.text }));
    }
    Some(json!({"artifactLocation": artifact(file), "replacements": [replacement]}))
}

/// A path as a reference to a file: what has a meaning in references is escaped (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
