//! What goes out: replies, error replies, events.
//!
//! Called by the session and the server. Replies are lines of ASCII that end in CR LF, as QEMU's do: whatever is
//! above ASCII stands in a string and is escaped here, once the reply is complete.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use qomet::{Diagnostic, ErrorClass, Output, Place};
use qomet_config::{Documents, JsonOutput};

/// At most so many problems of one command are worded; `data` says how many there are.
const WORDED: usize = 8;

/// Why a command, or a message, is refused.
#[derive(Debug)]
pub struct Refusal {
    /// The class in the place of that of the first problem.
    class: Option<ErrorClass>,
    /// Everything that is wrong; there is at least one.
    problems: Vec<Diagnostic>,
    /// The texts in which they have places, if it is about texts.
    sources: Option<Arc<Documents>>,
}

impl PartialEq for Refusal {
    fn eq(&self, other: &Self) -> bool {
        self.description() == other.description()
    }
}

impl Refusal {
    /// A refusal with a stable kebab-case code and a sentence.
    pub(crate) fn custom(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic::custom(code, message).into()
    }

    /// What is sent is no JSON.
    pub(crate) fn syntax(what: impl std::fmt::Display) -> Self {
        Self::custom("invalid-json", format!("JSON parse error: {what}"))
    }

    /// What is sent is too much.
    pub(crate) fn limit(what: String) -> Self {
        Self::custom("too-large", format!("JSON parse error: {what}"))
    }

    /// The same, about these texts.
    pub(crate) fn in_documents(mut self, documents: Arc<Documents>) -> Self {
        self.sources = Some(documents);
        self
    }

    /// The same with another class.
    #[must_use]
    pub fn with_class(mut self, class: ErrorClass) -> Self {
        self.class = Some(class);
        self
    }

    /// Everything that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    /// Writes the list of all that is wrong.
    pub(crate) fn write_problems(&self, json: &mut JsonOutput) {
        json.begin_list();
        for problem in &self.problems {
            write_problem(json, problem, self.sources.as_deref());
        }
        json.end_list();
    }

    fn class(&self) -> ErrorClass {
        let first = self.problems.first().map(|problem| problem.problem().class());
        self.class.or(first).unwrap_or(ErrorClass::GenericError)
    }

    /// The sentence that clients show: all that is wrong, and whom it concerns.
    pub(crate) fn description(&self) -> String {
        let mut text = String::new();
        for (index, problem) in self.problems.iter().take(WORDED).enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{problem}", if index == 0 { "" } else { "; " });
            let kind = problem.problem();
            let property = problem.about().property.as_deref().map(|name| ("property ", name.to_owned()));
            let expected = kind.expected().map(|expected| ("expected ", expected));
            let meant = kind.suggestion().map(|name| ("did you mean ", format!("'{name}'?")));
            for (label, fact) in [property, expected, meant].into_iter().flatten() {
                if !text.contains(fact.as_str()) {
                    let _ = write!(text, " ({label}{fact})");
                }
            }
        }
        let object = self.problems.iter().find_map(|problem| problem.about().object.as_deref());
        match object.filter(|id| !text.contains(&format!("'{id}'"))) {
            Some(id) => format!("object '{id}': {text}"),
            None => text,
        }
    }
}

impl From<Diagnostic> for Refusal {
    fn from(problem: Diagnostic) -> Self {
        Refusal { class: None, problems: vec![problem], sources: None }
    }
}

impl From<Vec<Diagnostic>> for Refusal {
    /// Keeps what refuses; warnings are not why a command fails.
    fn from(problems: Vec<Diagnostic>) -> Self {
        let problems = problems.into_iter().filter(Diagnostic::is_error).collect();
        Refusal { class: None, problems, sources: None }
    }
}

/// Writes `{"return": …, "id": …}` around what `write` writes. On failure nothing of it stays but the error reply.
pub(crate) fn write_return<E>(
    out: &mut String,
    id: Option<&str>,
    write: impl FnOnce(&mut JsonOutput) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.push_str("{\"return\":");
    let mut json = JsonOutput::after(std::mem::take(out));
    let done = write(&mut json);
    *out = json.finish();
    match done {
        Ok(()) => finish(out, start, id),
        Err(_) => out.truncate(start),
    }
    done
}

/// Writes `{"error": {"class", "desc", "data"}, "id": …}`.
pub(crate) fn write_error(out: &mut String, id: Option<&str>, refusal: &Refusal) {
    let start = out.len();
    out.push_str("{\"error\":");
    let mut json = JsonOutput::after(std::mem::take(out));
    json.begin_struct();
    json.member("class");
    json.string(match refusal.class() {
        ErrorClass::GenericError => "GenericError",
        ErrorClass::DeviceNotFound => "DeviceNotFound",
        ErrorClass::CommandNotFound => "CommandNotFound",
    });
    json.member("desc");
    json.string(&refusal.description());
    json.member("data");
    refusal.write_problems(&mut json);
    json.end_struct();
    *out = json.finish();
    finish(out, start, id);
}

/// The whole diagnostic: the members of `check --format json` that a single message has.
fn write_problem(json: &mut JsonOutput, diagnostic: &Diagnostic, texts: Option<&Documents>) {
    let (problem, about) = (diagnostic.problem(), diagnostic.about());
    let message = diagnostic.to_string();
    let (expected, found) = (problem.expected(), problem.found());
    let (help, suggestion) = (problem.help(), problem.suggestion());
    let members = [
        ("code", Some(diagnostic.code())),
        ("severity", Some(diagnostic.severity().as_str())),
        ("message", Some(message.as_str())),
        ("object", about.object.as_deref()),
        ("type", about.type_name.as_deref()),
        ("property", about.property.as_deref()),
        ("expected", expected.as_deref()),
        ("found", found.as_deref()),
        ("help", help.as_deref()),
        ("suggestion", suggestion.as_deref()),
    ];
    json.begin_struct();
    for (name, value) in members {
        if let Some(value) = value {
            json.member(name);
            json.string(value);
        }
    }
    write_location(json, diagnostic.place(), texts);
    if !diagnostic.related().is_empty() {
        json.member("related");
        json.begin_list();
        for related in diagnostic.related() {
            let about = &related.about;
            let members = [
                ("label", Some(related.label.as_str())),
                ("object", about.object.as_deref()),
                ("type", about.type_name.as_deref()),
                ("property", about.property.as_deref()),
            ];
            json.begin_struct();
            for (name, value) in members {
                if let Some(value) = value {
                    json.member(name);
                    json.string(value);
                }
            }
            write_location(json, related.place, texts);
            json.end_struct();
        }
        json.end_list();
    }
    json.end_struct();
}

/// Where it stands in one of the texts: the members of `check --format json`.
fn write_location(json: &mut JsonOutput, place: Option<Place>, texts: Option<&Documents>) {
    let Some(at) = texts.zip(place).and_then(|(texts, place)| texts.sources().locate(place)) else { return };
    json.member("file");
    json.string(at.file);
    for (name, number) in [
        ("line", at.start.line),
        ("column", at.start.column),
        ("end_line", at.end.line),
        ("end_column", at.end.column),
    ] {
        json.member(name);
        json.uint64(u64::try_from(number).unwrap_or(u64::MAX));
    }
}

/// Writes an event with the time of now; `data` writes its members.
pub(crate) fn write_event(out: &mut String, name: &str, data: impl FnOnce(&mut JsonOutput)) {
    let start = out.len();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut json = JsonOutput::after(std::mem::take(out));
    json.begin_struct();
    json.member("timestamp");
    json.begin_struct();
    json.member("seconds");
    json.uint64(now.as_secs());
    json.member("microseconds");
    json.uint64(now.subsec_micros().into());
    json.end_struct();
    json.member("event");
    json.string(name);
    json.member("data");
    data(&mut json);
    *out = json.finish();
    finish(out, start, None);
}

/// Closes a reply that began at `start`.
fn finish(out: &mut String, start: usize, id: Option<&str>) {
    if let Some(id) = id {
        out.push_str(",\"id\":");
        out.push_str(id);
    }
    out.push_str("}\r\n");
    let reply = out.get(start..).unwrap_or_default();
    if !reply.is_ascii() {
        let reply = escaped(reply);
        out.truncate(start);
        out.push_str(&reply);
    }
}

/// JSON text with everything above ASCII escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}
