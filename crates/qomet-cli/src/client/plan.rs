//! `plan` and `apply`: make a running program's objects what documents say, or tell what that takes.
//!
//! The server compares, judges and does it, as one command (`x-apply`), so a client that is gone half-way changes
//! nothing. A server that has no such command, as QEMU, is told to be one: it could not do it as a whole.

use std::fmt::Write as _;
use std::path::Path;

use qomet_config::TEXT_LIMIT;
use qomet_qmp::{ClientError, Refused};
use serde_json::{Value, json};

use super::Done;
use super::arguments::{Apply, Plan};
use super::report::Failure;
use super::session::Session;
use crate::console::{Console, Paint};
use crate::host;
use crate::outcome::{Outcome, Trouble};
use crate::text::{count, shown};

/// Runs `plan`.
pub(super) fn plan(session: &mut Session, arguments: &Plan, console: &mut Console) -> Done {
    let answer = ask(session, &arguments.what, true, console)?;
    let steps = steps(&answer);
    show(&answer, steps, arguments.what.json, console);
    let is_done = steps.iter().all(|step| text(step, "action") == "unchanged");
    Ok(if is_done { Outcome::Fine } else { Outcome::Changes })
}

/// Runs `apply`.
pub(super) fn apply(session: &mut Session, arguments: &Apply, console: &mut Console) -> Done {
    let answer = ask(session, &arguments.what, false, console)?;
    show(&answer, steps(&answer), arguments.what.json, console);
    Ok(Outcome::Fine)
}

/// Asks the server.
fn ask(
    session: &mut Session,
    what: &super::arguments::Documents,
    dry_run: bool,
    console: &mut Console,
) -> Result<Value, Failure> {
    let mut texts = Vec::new();
    for path in &what.files {
        texts.push(read(path, console).map_err(|Trouble(trouble)| Failure::usage(trouble, ""))?);
    }
    let mut arguments = json!({
        "documents": texts,
        "prune": what.prune,
        "allow-loss": what.allow_loss,
        "dry-run": dry_run,
    });
    if let (Some(revision), Some(members)) = (what.if_revision, arguments.as_object_mut()) {
        members.insert("if-revision".to_owned(), revision.into());
    }
    match session.client.execute("x-apply", arguments) {
        Ok(answer) => Ok(answer),
        Err(ClientError::Refused(refused)) if refused.class == "CommandNotFound" => Err(Failure::rejected(
            "no-plan",
            "the server cannot compare documents with its objects: it has no command x-apply",
            "QEMU has none; 'check' judges the documents, 'add', 'set' and 'del' change one thing at a time",
        )),
        Err(ClientError::Refused(refused)) => Err(named(*refused, &what.files).into()),
        Err(error) => Err(error.into()),
    }
}

/// The text of a document; `-` is standard input.
fn read(path: &Path, console: &mut Console) -> Result<String, Trouble> {
    let bytes = match path == Path::new("-") {
        true => host::read_all(console.input(), "standard input")?,
        false => host::read_file(path)?,
    };
    debug_assert!(bytes.len() <= TEXT_LIMIT, "the reader stops there");
    String::from_utf8(bytes).map_err(|_| {
        Trouble(format!("'{}' is not UTF-8 text; 'check' tells where", shown(&path.to_string_lossy())))
    })
}

/// What the server calls `documents[0]` has a name here.
fn named(mut refused: Refused, files: &[std::path::PathBuf]) -> Refused {
    for problem in refused.data.as_array_mut().into_iter().flatten() {
        let name = |file: &str| {
            let index: usize = file.strip_prefix("documents[")?.strip_suffix(']')?.parse().ok()?;
            let path = files.get(index)?;
            Some(if path == Path::new("-") { "<stdin>".to_owned() } else { shown(&path.to_string_lossy()) })
        };
        let file = problem.get("file").and_then(Value::as_str).and_then(name);
        if let (Some(file), Some(members)) = (file, problem.as_object_mut()) {
            members.insert("file".to_owned(), file.into());
        }
    }
    refused
}

fn steps(answer: &Value) -> &[Value] {
    answer.get("steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn show(answer: &Value, steps: &[Value], json: bool, console: &mut Console) {
    if json {
        console.print(&format!("{answer:#}\n"));
        return;
    }
    let paint = console.paint();
    let mut out = String::new();
    for step in steps.iter().filter(|step| text(step, "action") != "unchanged") {
        describe(&mut out, step, &paint);
    }
    let number = |action: &str| steps.iter().filter(|step| text(step, "action") == action).count();
    let words = ["create", "change", "replace", "delete", "unchanged"];
    let counts = words.iter().map(|word| (*word, number(word))).filter(|(_, number)| *number > 0);
    let counts: Vec<String> = counts.map(|(word, number)| format!("{word} {number}")).collect();
    match counts.is_empty() {
        true => out.push_str("nothing to do\n"),
        false => {
            let _ = writeln!(out, "{}: {}", count(steps.len(), "object"), counts.join(", "));
        }
    }
    console.print(&out);
}

/// What happens to one object, and why.
fn describe(out: &mut String, step: &Value, paint: &Paint) {
    let (action, content) = (text(step, "action"), text(step, "content"));
    let sign = match action {
        "create" => "+",
        "delete" => "-",
        "replace" => "±",
        _ => "~",
    };
    let name = paint.name(&shown(text(step, "id")));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{sign} {action} {name}: {}", shown(text(step, "type")));
    if let Some(old) = step.get("old-type").and_then(Value::as_str) {
        let _ = writeln!(out, "    it is a {} now", shown(old));
    }
    let differences =
        step.get("differences").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for difference in differences {
        let value = |name: &str| match difference.get(name) {
            None => "(not shown)".to_owned(),
            Some(Value::Null) => "unset".to_owned(),
            Some(one) => shown(&one.to_string()).to_string(),
        };
        let mut line =
            format!("    {}: {} → {}", shown(text(difference, "property")), value("from"), value("to"));
        if let Some(follows) = difference.get("follows").and_then(Value::as_str) {
            let _ = write!(line, ", as '{}' is replaced", shown(follows));
        }
        if difference.get("forces") == Some(&Value::Bool(true)) {
            line.push_str(", fixed once realized");
        }
        let _ = writeln!(out, "{line}");
    }
    match content {
        "kept" => out.push_str("    what it holds stays in its file\n"),
        "lost" if matches!(action, "replace" | "delete") => out.push_str("    what it holds is lost\n"),
        _ => {}
    }
}
