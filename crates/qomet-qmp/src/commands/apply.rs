//! `x-apply`: the objects of some documents, all or none, in one command.
//!
//! A document is a text, as `qomet check` takes it from a file, or a bag, a list of bags or `{"objects": […]}` as it
//! stands. Whatever is wrong is told with its line and column in the text (`file` is `documents[0]` and so on).
//!
//! Objects that there are and that the documents have too are left as they are, changed in place or replaced; with `prune`,
//! those go that an earlier apply created and that no document has any more. With `dry-run` the plan is told and nothing done;
//! where the documents are right and the plan cannot be carried out, it is told with the reasons.

use std::sync::Arc;
use std::time::Instant;

use qomet::{
    Action, Diagnostic, Diagnostics, Input as _, InputKind, Model, ModelErrorKind, ObjectRef, Output as _,
    PlanOptions, Progress, Step, Value, Warned,
};
use qomet_config::{Documents, JsonOutput, Leniency, TapeInput};

use crate::dispatch::{AnyValue, Call, Command, Done, Shape};
use crate::jobs::Task;
use crate::log;
use crate::wire::Refusal;

/// The arguments of `x-apply`.
#[derive(Clone, Debug, PartialEq, Value)]
#[allow(dead_code, reason = "it describes what `Request` reads, because the documents may be of any type")]
struct Apply {
    /// Texts, or documents as they stand
    documents: Vec<AnyValue>,
    /// The model's revision without which nothing is done
    if_revision: Option<u64>,
    /// Whether objects go that earlier documents created and these do not name
    prune: Option<bool>,
    /// Whether contents may be lost
    allow_loss: Option<bool>,
    /// Whether only the plan is told, and nothing is done
    dry_run: Option<bool>,
}

/// What `x-apply` answers.
#[derive(Clone, Debug, PartialEq, Value)]
#[allow(dead_code, reason = "it describes what `write` writes, because values may be of any type")]
struct Applied {
    /// The model's revision afterwards; with `dry-run` the one that the plan is about
    revision: u64,
    /// The canonical paths of the objects that were created, in the order of the documents
    created: Vec<String>,
    /// What happened to each object, or with `dry-run` would
    steps: Vec<AppliedStep>,
    /// Why it cannot be done though the documents are right, with `dry-run`; absent if it can
    refused: Option<Vec<AnyValue>>,
}

/// What happens to one object.
#[derive(Clone, Debug, PartialEq, Value)]
#[allow(dead_code, reason = "it describes what `write` writes, because values may be of any type")]
struct AppliedStep {
    /// create, unchanged, change, replace or delete
    action: String,
    /// The id of the object
    id: String,
    /// The name of its type
    #[value(rename = "type")]
    type_name: String,
    /// The name of the type as it was, if that forces a replacement
    old_type: Option<String>,
    /// What becomes of the content of an object that goes: none, kept or lost
    content: String,
    /// The properties that differ
    differences: Vec<AppliedDifference>,
}

/// A property that is not what it should be.
#[derive(Clone, Debug, PartialEq, Value)]
#[allow(dead_code, reason = "it describes what `write` writes, because values may be of any type")]
struct AppliedDifference {
    /// The name
    property: String,
    /// As it is; absent if it is sensitive
    from: Option<AnyValue>,
    /// As it should be; absent if it is sensitive
    to: Option<AnyValue>,
    /// Whether it is fixed once the object is realized, which forces a replacement
    forces: bool,
    /// The object that is replaced and linked to, if that is the difference
    follows: Option<String>,
}

/// What is asked.
#[derive(Default)]
struct Request {
    documents: Documents,
    if_revision: Option<u64>,
    options: PlanOptions,
    dry_run: bool,
}

pub(super) fn all() -> Vec<Command> {
    vec![Command::raw("x-apply", Shape::Of(Apply::TYPE), Shape::Of(Applied::TYPE), apply)]
}

fn read(call: &Call<'_>) -> Result<Request, Refusal> {
    const MEMBERS: [&str; 5] = ["documents", "if-revision", "prune", "allow-loss", "dry-run"];
    let (mut request, mut report) = (Request::default(), Diagnostics::new());
    for (key, node) in call.arguments.iter().flat_map(|node| node.members()) {
        let name = key.str().unwrap_or_default();
        let before = report.len();
        let mut input = TapeInput::new(node, Leniency::Strict, &mut report);
        match &*name {
            "documents" if node.kind() == InputKind::List => {
                for (index, document) in node.elements().enumerate() {
                    let name = format!("documents[{index}]");
                    match document.str() {
                        Some(text) => request.documents.add(&name, text.as_bytes()),
                        None => request.documents.add_sent(&name, document.source_text()),
                    }
                }
            }
            "documents" => {
                let (expected, value) = ("a list", String::new());
                let _ =
                    input.report(Box::new(ModelErrorKind::WrongType { expected, found: node.kind(), value }));
            }
            "if-revision" => request.if_revision = input.uint64().ok(),
            "prune" => request.options.prune = input.boolean().unwrap_or_default(),
            "allow-loss" => request.options.allow_loss = input.boolean().unwrap_or_default(),
            "dry-run" => request.dry_run = input.boolean().unwrap_or_default(),
            _ => {
                let problem =
                    ModelErrorKind::UnknownMember { name: name.to_string(), members: MEMBERS.to_vec() };
                let _ = report.report(problem);
            }
        }
        for problem in report.since(before) {
            problem.about_mut().property.get_or_insert_with(|| (*name).into());
        }
    }
    if call.arguments.is_none_or(|node| node.get("documents").is_none()) {
        let _ = report.report(ModelErrorKind::MissingMember { name: "documents" });
    }
    let problems = report.take();
    if problems.is_empty() { Ok(request) } else { Err(problems.into()) }
}

fn apply(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let request = read(call)?;
    let model = call.model().clone();
    // Which objects it is about is known once the documents are read, which may take long already.
    Ok(call.job(Task::Create, "x-apply", "", move |progress, output| {
        let documents = Arc::new(request.documents);
        let asked = (request.if_revision, request.options, request.dry_run);
        let done = carry_out(&model, &documents, asked, progress);
        let mut done = done.map_err(|refusal| refusal.in_documents(Arc::clone(&documents)))?;
        done.refused = done.refused.map(|refusal| refusal.in_documents(documents));
        write(output, &done);
        Ok(())
    }))
}

/// What it came to.
struct Outcome {
    revision: u64,
    /// The paths of what was created.
    created: Vec<String>,
    steps: Vec<Step>,
    refused: Option<Refusal>,
}

/// Does all of it or nothing, or tells what it would do.
fn carry_out(
    model: &Model,
    documents: &Documents,
    (if_revision, options, dry_run): (Option<u64>, PlanOptions, bool),
    progress: &Arc<Progress>,
) -> Result<Outcome, Refusal> {
    let begun = Instant::now();
    let mut plan = documents.update(model, options);
    plan.report_to(Arc::clone(progress));
    let planned = plan.revision();
    if let Some(expected) = if_revision.filter(|expected| *expected != planned) {
        let problem = ModelErrorKind::RevisionChanged { what: "model", expected, found: planned };
        return Err(Diagnostic::from(problem).into());
    }
    let steps = plan.steps().to_vec();
    // What is wrong with the documents themselves leaves no plan to tell.
    if dry_run && (plan.is_accepted() || !steps.is_empty()) {
        // A plan that is refused does nothing but say why.
        let refused = (!plan.is_accepted()).then(|| plan.carry_out().1.into());
        return Ok(Outcome { revision: planned, created: Vec::new(), steps, refused });
    }
    // Those that creating finds it tells itself.
    let warnings: Vec<Warned> = plan.diagnostics().iter().map(Warned::from).collect();
    let (objects, found) = plan.carry_out();
    let Ok(objects) = objects else { return Err(found.into()) };
    let is_new = |step: &&Step| matches!(step.action, Action::Create | Action::Replace);
    let news = objects.into_iter().zip(&steps).filter(|(_, step)| is_new(step));
    let created: Vec<ObjectRef> = news.map(|(object, _)| object).collect();
    log::created(&created, begun);
    found.iter().for_each(log::warned);
    warnings.into_iter().for_each(|warning| model.warn(warning));
    // The tree is changed once or not at all, and only if it still has the revision of the plan. What others have done
    // since is not part of it: whoever asked must not take it for known.
    let restructures = steps.iter().any(|step| !matches!(step.action, Action::Unchanged | Action::Change));
    let created = created.iter().map(ObjectRef::path).collect();
    Ok(Outcome { revision: planned + u64::from(restructures), created, steps, refused: None })
}

/// Writes an [`Applied`].
fn write(output: &mut JsonOutput, Outcome { revision, created, steps, refused }: &Outcome) {
    let text = |output: &mut JsonOutput, name: &str, text: &str| {
        output.member(name);
        output.string(text);
    };
    output.begin_struct();
    output.member("revision");
    output.uint64(*revision);
    output.member("created");
    output.begin_list();
    created.iter().for_each(|path| output.string(path));
    output.end_list();
    output.member("steps");
    output.begin_list();
    for step in steps {
        output.begin_struct();
        text(output, "action", step.action.as_str());
        text(output, "id", &step.id);
        text(output, "type", &step.type_name);
        if let Some(old) = &step.old_type {
            text(output, "old-type", old);
        }
        text(output, "content", step.content.as_str());
        output.member("differences");
        output.begin_list();
        for difference in &step.differences {
            output.begin_struct();
            text(output, "property", difference.property);
            for (name, value) in [("from", &difference.from), ("to", &difference.to)] {
                if let Some(value) = value {
                    output.member(name);
                    value.write(output);
                }
            }
            output.member("forces");
            output.boolean(difference.forces);
            if let Some(follows) = &difference.follows {
                text(output, "follows", follows);
            }
            output.end_struct();
        }
        output.end_list();
        output.end_struct();
    }
    output.end_list();
    if let Some(refused) = refused {
        output.member("refused");
        refused.write_problems(output);
    }
    output.end_struct();
}
