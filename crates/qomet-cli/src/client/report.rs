//! How it looks when a server refuses or cannot be reached.
//!
//! Qomet's refusals carry whole diagnostics, QEMU's a sentence; both look like the program's own diagnostics.

use std::fmt::Write as _;

use qomet::Problem;
use qomet_qmp::{ClientError, Refused};
use serde_json::{Value, json};

use crate::console::Console;
use crate::outcome::Outcome;
use crate::text::shown;

/// Why a command did not succeed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    mistakes: Vec<Mistake>,
    outcome: Outcome,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Default, PartialEq)]
struct Mistake {
    code: Option<String>,
    message: String,
    note: Option<String>,
    help: Option<String>,
}

impl Failure {
    /// What the user gave is wrong: a stable code, a sentence, what to do.
    pub(crate) fn rejected(code: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), help.into());
        let mistake = Mistake {
            code: Some(code.to_owned()),
            message,
            help: (!help.is_empty()).then_some(help),
            ..Mistake::default()
        };
        Failure { mistakes: vec![mistake], outcome: Outcome::Rejected }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        let mut failure = Self::rejected("", message, help);
        // As everywhere: a code is for what 'explain' explains.
        failure.mistakes.iter_mut().for_each(|mistake| mistake.code = None);
        Failure { outcome: Outcome::Usage, ..failure }
    }

    /// All was shown already.
    pub(crate) fn told(outcome: Outcome) -> Self {
        Failure { mistakes: Vec::new(), outcome }
    }

    /// This one and what else is to be told.
    pub(crate) fn and(mut self, other: Failure) -> Self {
        self.mistakes.extend(other.mistakes);
        self
    }

    /// The same with a hint, where there is none yet.
    pub(crate) fn with_help(mut self, help: Option<String>) -> Self {
        if let (Some(mistake), Some(help)) = (self.mistakes.last_mut(), help) {
            mistake.help.get_or_insert(help);
        }
        self
    }

    /// The same with a note, where there is none yet.
    pub(crate) fn with_note(mut self, note: Option<String>) -> Self {
        if let (Some(mistake), Some(note)) = (self.mistakes.last_mut(), note) {
            mistake.note.get_or_insert(note);
        }
        self
    }

    /// Shows it.
    pub(crate) fn show(&self, console: &mut Console) -> Outcome {
        let paint = console.paint_complaints();
        let mut out = String::new();
        for (index, Mistake { code, message, note, help }) in self.mistakes.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            let code = code.as_deref().map(|code| format!("[{}]", shown(code))).unwrap_or_default();
            // Writing to a String cannot fail.
            let _ =
                writeln!(out, "{}: {}", paint.error(&format!("error{code}")), paint.heading(&shown(message)));
            let notes = note.iter().map(|note| ("note", note)).chain(help.iter().map(|help| ("help", help)));
            for (index, (label, text)) in notes.enumerate() {
                let bar = if index == 0 { " |\n" } else { "" };
                let _ = writeln!(out, "{bar} = {}: {}", paint.heading(label), shown(text));
            }
        }
        console.complain(&out);
        self.outcome
    }
}

impl Failure {
    /// The same for programs: every mistake with its code, a sentence and a hint.
    pub(crate) fn to_json(&self) -> Value {
        let member = |name: &str, text: &Option<String>| Some((name.to_owned(), text.clone()?.into()));
        let mistakes = self.mistakes.iter().map(|Mistake { code, message, note, help }| {
            let message = Some(("message".to_owned(), message.as_str().into()));
            let members = [member("code", code), message, member("note", note), member("help", help)];
            Value::Object(members.into_iter().flatten().collect())
        });
        json!({ "refused": mistakes.collect::<Vec<_>>() })
    }
}

/// Ends a command that changes: for programs, prints what was done, and last why no more was.
pub(crate) fn conclude(
    for_programs: bool,
    mut done: Vec<Value>,
    ended: Result<(), Failure>,
    console: &mut Console,
) -> Result<Outcome, Failure> {
    if for_programs {
        done.extend(ended.as_ref().err().map(Failure::to_json));
        console.print(&format!("{:#}\n", Value::Array(done)));
    }
    ended.map(|()| Outcome::Fine)
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error.refused() {
            Some(refused) => Failure { mistakes: of_refusal(refused), outcome: Outcome::Rejected },
            None => Failure {
                mistakes: vec![Mistake {
                    code: Some(error.code().to_owned()),
                    message: error.to_string(),
                    note: None,
                    help: error.help(),
                }],
                outcome: Outcome::Usage,
            },
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Failure { mistakes: of_refusal(&refused), outcome: Outcome::Rejected }
    }
}

fn of_refusal(refused: &Refused) -> Vec<Mistake> {
    let problems = refused.data.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut mistakes: Vec<Mistake> = problems.iter().filter_map(of_diagnostic).collect();
    if mistakes.is_empty() {
        let code = (refused.class != "GenericError").then(|| refused.class.clone());
        let help = (refused.class == "CommandNotFound")
            .then(|| "'qmp query-commands' lists what the server knows".to_owned());
        mistakes.push(Mistake { code, message: refused.desc.trim_end().to_owned(), note: None, help });
    }
    mistakes
}

/// One of the diagnostics of a Qomet server.
fn of_diagnostic(problem: &Value) -> Option<Mistake> {
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let message = text("message")?;
    let place = text("file").map(|file| {
        let number = |name: &str| problem.get(name).and_then(Value::as_u64).unwrap_or_default();
        format!("{file}:{}:{}", number("line"), number("column"))
    });
    let object = text("object").filter(|id| !message.contains(&format!("'{id}'")));
    let note = object.map(|id| match text("type") {
        Some(type_name) => format!("in object '{id}' of type '{type_name}'"),
        None => format!("in object '{id}'"),
    });
    let note = match (place, note) {
        (Some(place), Some(note)) => Some(format!("at {place}, {note}")),
        (Some(place), None) => Some(format!("at {place}")),
        (None, note) => note,
    };
    Some(Mistake { code: text("code"), message, note, help: text("help") })
}
