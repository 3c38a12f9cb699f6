//! `object-add` and `object-del`.
//!
//! A bag goes the same way as one in a document: draft, checks, realize; only the spelling of values is stricter. What
//! takes long is handed back to the server, which runs it on another thread.

use std::sync::Arc;
use std::time::Instant;

use qomet::{Batch, Diagnostic, Diagnostics, ErrorClass, Failed, Input as _, Level, ObjectRef, Value};
use qomet_config::{Leniency, Node, Syntax, Tape, TapeInput, read_bag_beside};

use crate::dispatch::{Call, Command, Done, Nothing, Shape};
use crate::jobs::Task;
use crate::log;
use crate::wire::Refusal;

/// The arguments of `object-del`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Delete {
    /// The id
    id: String,
    /// The model's revision without which nothing is deleted
    x_if_revision: Option<u64>,
}

/// The member of a change that names the revision without which nothing is done.
pub(super) const IF_REVISION: &str = "x-if-revision";

/// Reads that member, if it is there.
pub(super) fn expected_revision(arguments: Node<'_>, report: &mut Diagnostics) -> Option<u64> {
    let node = arguments.get(IF_REVISION)?;
    let before = report.len();
    let read = TapeInput::new(node, Leniency::Strict, report).uint64();
    for problem in report.since(before) {
        problem.about_mut().property.get_or_insert_with(|| IF_REVISION.into());
    }
    read.ok()
}

pub(super) fn all() -> Vec<Command> {
    vec![
        Command::raw("object-add", Shape::Objects, Shape::Of(Nothing::TYPE), add),
        Command::raw("object-del", Shape::Of(Delete::TYPE), Shape::Of(Nothing::TYPE), delete),
    ]
}

fn add(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut report = Diagnostics::new();
    let nothing = Tape::of("{}", Syntax::QEMU, &mut report);
    let bag = call.arguments.unwrap_or_else(|| nothing.root());
    let revision = expected_revision(bag, &mut report);
    add_bag(call, bag, &[IF_REVISION], Leniency::Strict, revision, report)
}

/// Creates the object of a bag. `report` has what was wrong with it already.
pub(super) fn add_bag(
    call: &mut Call<'_>,
    bag: Node<'_>,
    beside: &[&'static str],
    leniency: Leniency,
    revision: Option<u64>,
    mut report: Diagnostics,
) -> Result<Done, Refusal> {
    let registry = call.model().registry();
    let draft = read_bag_beside(bag, beside, registry, leniency, &mut report);
    let Some(draft) = draft else { return Err(report.take().into()) };
    let long = draft.takes_long();
    let id = draft.id().unwrap_or_default().to_owned();
    let mut batch = call.model().batch(vec![draft]);
    if let Some(revision) = revision {
        batch.expect_revision(revision);
    }
    if report.errors() > 0 {
        // Whatever else is wrong with it is told too.
        batch.check(Level::Graph, &mut report);
        return Err(report.take().into());
    }
    let mut warnings = report.take();
    if !long {
        create(batch, &warnings)?;
        Nothing.write(call.output);
        return Ok(Done::Now);
    }
    // Before others are served: the id is taken from now on.
    batch.check(Level::Graph, &mut report);
    if report.errors() > 0 || batch.claim_ids(&mut report).is_err() {
        return Err(report.take().into());
    }
    warnings.extend(report.take());
    Ok(call.job(Task::Create, "object-add", &id, move |progress, output| {
        batch.report_to(Arc::clone(progress));
        create(batch, &warnings)?;
        Nothing.write(output);
        Ok(())
    }))
}

/// Creates the objects. Warnings are never in the reply; watchers hear of them once they are about something there is.
fn create(batch: Batch, warnings: &[Diagnostic]) -> Result<(), Refusal> {
    let begun = Instant::now();
    let mut report = Diagnostics::new();
    let model = batch.model().clone();
    let created: Result<Vec<ObjectRef>, Failed> = batch.create(&mut report);
    let found = report.take();
    let created = created.map_err(|_| Refusal::from(found))?;
    log::created(&created, begun);
    for warning in warnings {
        log::warned(warning);
        model.warn(warning);
    }
    Ok(())
}

fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Delete { id, x_if_revision } = call.read()?;
    delete_id(call, &id, x_if_revision)
}

/// Deletes the object of an id.
pub(super) fn delete_id(call: &mut Call<'_>, id: &str, x_if_revision: Option<u64>) -> Result<Done, Refusal> {
    let begun = Instant::now();
    let model = call.model().clone();
    // QEMU has no class for an id that there is not.
    let object =
        model.object(id).map_err(|problem| Refusal::from(problem).with_class(ErrorClass::GenericError))?;
    if !object.takes_long() {
        model.delete_if(&object, x_if_revision)?;
        log::deleted(&object, begun);
        Nothing.write(call.output);
        return Ok(Done::Now);
    }
    // What the object has goes with the last reference, which may punch holes into files, say.
    Ok(call.job(Task::Delete, "object-del", id, move |_, output| {
        model.delete_if(&object, x_if_revision)?;
        log::deleted(&object, begun);
        drop(object);
        Nothing.write(output);
        Ok(())
    }))
}
