//! `x-apply`: the objects of some documents, all or none, in one command.
//!
//! A document is a text, as `qomet check` takes it from a file, or a bag, a list of bags or `{"objects": […]}` as it
//! stands. Whatever is wrong is told with its line and column in the text (`file` is `documents[0]` and so on).
//!
//! Only creation exists so far. `prune` asks that objects go which no document has; where there is any, it is refused.
//! `allow-loss` allows what creating never does, so it changes nothing.

use std::sync::Arc;
use std::time::Instant;

use qomet::{
    Diagnostic, Diagnostics, Input as _, InputKind, Level, Model, ModelErrorKind, ObjectRef, Progress, Value,
    Warned,
};
use qomet_config::{Documents, Leniency, TapeInput};

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
    /// Whether objects go that no document has
    prune: Option<bool>,
    /// Whether contents may be lost
    allow_loss: Option<bool>,
}

/// What `x-apply` answers.
#[derive(Clone, Debug, PartialEq, Value)]
struct Applied {
    /// The model's revision afterwards
    revision: u64,
    /// The canonical paths of the objects that were created, in the order of the documents
    created: Vec<String>,
}

/// What is asked.
#[derive(Default)]
struct Request {
    documents: Documents,
    if_revision: Option<u64>,
    prune: bool,
}

pub(super) fn all() -> Vec<Command> {
    vec![Command::raw("x-apply", Shape::Of(Apply::TYPE), Shape::Of(Applied::TYPE), apply)]
}

fn read(call: &Call<'_>) -> Result<Request, Refusal> {
    const MEMBERS: [&str; 4] = ["documents", "if-revision", "prune", "allow-loss"];
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
            "prune" => request.prune = input.boolean().unwrap_or_default(),
            "allow-loss" => {
                let _ = input.boolean();
            }
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
        let Request { documents, if_revision, prune } = request;
        let documents = Arc::new(documents);
        let created = create(&model, &documents, if_revision, prune, progress);
        let (revision, created) = created.map_err(|refusal| refusal.in_documents(Arc::clone(&documents)))?;
        Applied { revision, created }.write(output);
        Ok(())
    }))
}

/// Creates everything or nothing; the revision with it, and the paths.
fn create(
    model: &Model,
    documents: &Documents,
    if_revision: Option<u64>,
    prune: bool,
    progress: &Arc<Progress>,
) -> Result<(u64, Vec<String>), Refusal> {
    let begun = Instant::now();
    let mut plan = documents.plan(model, Level::Graph);
    plan.report_to(Arc::clone(progress));
    if let Some(revision) = if_revision {
        plan.expect_revision(revision);
    }
    let others = model.children(model.objects());
    if prune && let Some(other) = others.first() {
        let what = format!(
            "'prune' cannot delete objects yet, and no document can have '{}', which exists",
            other.name()
        );
        return Err(Diagnostic::custom("cannot-prune", what).with_property("prune").into());
    }
    // Those that creating finds it tells itself.
    let warnings: Vec<Warned> = plan.diagnostics().iter().map(Warned::from).collect();
    let (created, found) = plan.carry_out();
    let Ok(created) = created else { return Err(found.into()) };
    log::created(&created, begun);
    found.iter().for_each(log::warned);
    warnings.into_iter().for_each(|warning| model.warn(warning));
    Ok((model.revision(), created.iter().map(ObjectRef::path).collect()))
}
