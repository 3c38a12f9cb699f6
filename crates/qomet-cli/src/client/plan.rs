//! `plan` and `apply`: make a running program's objects what documents say, or tell what that takes.
//!
//! A server that is one of Qomet's compares, judges and does it, as one command (`x-apply`), so a client that is gone half-way
//! changes nothing. For a server that has no such command, as QEMU, this program compares, and sends one command after the
//! other (`foreign`).

use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use qomet_config::TEXT_LIMIT;
use qomet_qmp::{Client, ClientError, PropertyFacts, Refused};
use serde_json::{Value, json};

use super::Done;
use super::arguments::{Apply, Plan};
use super::foreign;
use super::report::Failure;
use super::session::Session;
use super::value;
use crate::console::{Console, Paint};
use crate::host;
use crate::outcome::{Outcome, Trouble};
use crate::progress::{Look, Report, Shown};
use crate::text::{count, shown};

/// Runs `plan`. Where something is refused, the whole plan is shown first, and then why it cannot be carried out.
pub(super) fn plan(session: &mut Session, arguments: &Plan, console: &mut Console) -> Done {
    let mut answer = ask(session, &arguments.what, true, console)?;
    let refused = answer.get_mut("refused").map(Value::take);
    if let (Some(refused), Some(members)) = (&refused, answer.as_object_mut()) {
        members.insert("refused".to_owned(), refused.clone());
    }
    show(session, &answer, &arguments.what, console)?;
    if let Some(data) = refused {
        let refused = Refused {
            command: "x-apply".to_owned(),
            class: "GenericError".to_owned(),
            desc: String::new(),
            data,
        };
        return Err(named(refused, &arguments.what.files).into());
    }
    let is_done = steps(&answer).iter().all(|step| text(step, "action") == "unchanged");
    Ok(if is_done { Outcome::Fine } else { Outcome::Changes })
}

/// Runs `apply`.
pub(super) fn apply(session: &mut Session, arguments: &Apply, console: &mut Console) -> Done {
    let answer = ask(session, &arguments.what, false, console)?;
    show(session, &answer, &arguments.what, console)?;
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
    if !session.client.has_command("x-apply")? {
        let names = what.files.iter().map(|path| name_of(path)).zip(texts).collect::<Vec<_>>();
        let plan = foreign::plan(session, what, &names, console)?;
        return if dry_run { Ok(plan.answer()) } else { plan.carry_out(session) };
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
    let shown = (!dry_run).then(|| follow(session, Look::of(console, what.json)));
    let answer = session.client.execute("x-apply", arguments);
    drop(shown);
    match answer {
        Ok(answer) => Ok(answer),
        Err(ClientError::Refused(refused)) => Err(named(*refused, &what.files).into()),
        Err(error) => Err(error.into()),
    }
}

/// Shows how far the server is with the command that is asked next: another connection lists the jobs, of which that one
/// is the first of its command that was not there before.
fn follow(session: &mut Session, look: Option<Look>) -> Shown {
    let (address, options) = (session.client.address().clone(), session.client.options().clone());
    // A server that lets nobody else in shows nothing.
    let other = look.and_then(|_| Client::connect(&address, options).ok());
    let Some(mut other) = other else { return Shown::follow(None, || None) };
    let before: Vec<String> =
        jobs(&mut other).unwrap_or_default().iter().map(|job| text(job, "id").to_owned()).collect();
    Shown::follow(look, move || job(&jobs(&mut other)?, &before))
}

fn jobs(client: &mut Client) -> Option<Vec<Value>> {
    match client.execute("query-jobs", Value::Null).ok()? {
        Value::Array(jobs) => Some(jobs),
        _ => None,
    }
}

/// What a list of jobs tells of the one that is new.
fn job(jobs: &[Value], before: &[String]) -> Option<Report> {
    let is_new = |job: &&Value| {
        text(job, "x-command") == "x-apply" && !before.iter().any(|known| *known == text(job, "id"))
    };
    let job = jobs.iter().find(is_new)?;
    let number = |name: &str| job.get(name).and_then(Value::as_u64);
    Some(Report {
        object: job.get("x-object").and_then(Value::as_str).map(str::to_owned),
        done: number("current-progress")?,
        total: number("total-progress")?,
        rate: number("x-rate"),
        eta: number("x-eta").map(Duration::from_secs),
    })
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

/// What diagnostics call a document.
fn name_of(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_owned() } else { shown(&path.to_string_lossy()) }
}

/// What the server calls `documents[0]` has a name here.
fn named(mut refused: Refused, files: &[std::path::PathBuf]) -> Refused {
    for problem in refused.data.as_array_mut().into_iter().flatten() {
        let name = |file: &str| {
            let index: usize = file.strip_prefix("documents[")?.strip_suffix(']')?.parse().ok()?;
            files.get(index).map(|path| name_of(path))
        };
        let file = problem.get("file").and_then(Value::as_str).and_then(name);
        if let (Some(file), Some(members)) = (file, problem.as_object_mut()) {
            members.insert("file".to_owned(), file.into());
        }
    }
    refused
}

fn steps(answer: &Value) -> &[Value] {
    elements(answer, "steps")
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Shows what happens to each object.
fn show(
    session: &mut Session,
    answer: &Value,
    what: &super::arguments::Documents,
    console: &mut Console,
) -> Result<(), ClientError> {
    if what.json {
        console.print(&format!("{answer:#}\n"));
        return Ok(());
    }
    let (paint, steps) = (console.paint(), steps(answer));
    let mut out = String::new();
    for step in steps {
        let facts = match elements(step, "differences").is_empty() {
            true => Rc::default(),
            false => session.explained(text(step, "type"))?,
        };
        describe(&mut out, step, &facts, &paint);
    }
    let number = |action: &str| steps.iter().filter(|step| text(step, "action") == action).count();
    let words = ["create", "change", "replace", "delete", "unchanged"];
    let counts = words.iter().map(|word| (*word, number(word))).filter(|(_, number)| *number > 0);
    let counts: Vec<String> = counts.map(|(word, number)| format!("{word} {number}")).collect();
    match counts.is_empty() {
        true => out.push_str("nothing to do\n"),
        false => {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}: {}", count(steps.len(), "object"), counts.join(", "));
        }
    }
    console.print(&out);
    Ok(())
}

fn elements<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What happens to one object, and why.
fn describe(out: &mut String, step: &Value, facts: &[PropertyFacts], paint: &Paint) {
    let (action, content) = (text(step, "action"), text(step, "content"));
    let sign = match action {
        "create" => "+",
        "delete" => "-",
        "replace" => "±",
        "unchanged" => "=",
        _ => "~",
    };
    let name = paint.name(&shown(text(step, "id")));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{sign} {action} {name}: {}", shown(text(step, "type")));
    if let Some(old) = step.get("old-type").and_then(Value::as_str) {
        let _ = writeln!(
            out,
            "    type: {} → {} (the type of an object is fixed)",
            shown(old),
            shown(text(step, "type"))
        );
    }
    for difference in elements(step, "differences") {
        let name = text(difference, "property");
        let fact = facts.iter().find(|fact| fact.name == name);
        let value =
            |name: &str| difference.get(name).map_or_else(|| "(not shown)".to_owned(), |one| of(one, fact));
        let (from, to) = (value("from"), value("to"));
        let follows = difference.get("follows").and_then(Value::as_str).map(shown);
        let mut line = format!("    {}: ", shown(name));
        let _ = match follows {
            Some(_) if from == to => write!(line, "{to}, which is replaced"),
            Some(other) => write!(line, "{from} → {to}, as {other} is replaced"),
            None => write!(line, "{from} → {to}"),
        };
        if difference.get("forces") == Some(&Value::Bool(true)) {
            let is_live = fact.is_some_and(|fact| fact.mutable.as_deref() == Some("live"));
            let why =
                if is_live { "is write-only, so it could not be set back" } else { "is fixed once realized" };
            let _ = write!(line, " (`{}` {why})", shown(name));
        }
        let _ = writeln!(out, "{line}");
    }
    match content {
        "kept" => out.push_str("    its content stays in its file\n"),
        "lost" if matches!(action, "replace" | "delete") => out.push_str("    its content is lost\n"),
        _ => {}
    }
}

/// A value as people read it; an object that is linked to goes by its id.
fn of(value: &Value, fact: Option<&PropertyFacts>) -> String {
    let is_link = fact.is_some_and(|fact| fact.type_name.starts_with("link<"));
    match value {
        Value::Null => "unset".to_owned(),
        Value::String(path) if is_link => {
            let id = path.strip_prefix("/objects/").unwrap_or(path);
            if id.is_empty() { "unset".to_owned() } else { shown(id).to_string() }
        }
        Value::String(text) => format!("\"{}\"", shown(text)),
        other => value::show(other, fact),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_jobs_the_one_that_was_not_there_before_is_followed() {
        let entry = |id: &str, command: &str, done: u64| {
            json!({"id": id, "x-command": command, "current-progress": done, "total-progress": 9,
                   "x-object": "ram0", "x-eta": 3})
        };
        let listed = [
            entry("x-apply", "x-apply", 1),
            entry("ram1", "object-add", 2),
            entry("x-apply-2", "x-apply", 3),
        ];
        let found = job(&listed, &["x-apply".to_owned()]);
        let eta = Some(Duration::from_secs(3));
        assert_eq!(
            found,
            Some(Report { object: Some("ram0".to_owned()), done: 3, total: 9, rate: None, eta })
        );
        assert_eq!(job(&listed[..2], &["x-apply".to_owned()]), None);
    }
}
