//! `object-add` and `object-del`.
//!
//! A bag goes the same way as one in a document: draft, checks, realize; only the spelling of values is stricter. What
//! takes long is handed back to the server, which runs it on another thread.

use qomet::{Batch, Diagnostics, ErrorClass, Failed, ObjectRef, Value};
use qomet_config::{JsonOutput, Leniency, Syntax, Tape, read_bag};

use crate::dispatch::{Call, Command, Done, Nothing, Shape};
use crate::wire::Refusal;

/// The arguments of `object-del`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Delete {
    /// The id
    id: String,
}

pub(super) fn all() -> Vec<Command> {
    vec![
        Command::raw("object-add", Shape::Objects, Shape::Of(Nothing::TYPE), add),
        Command::raw("object-del", Shape::Of(Delete::TYPE), Shape::Of(Nothing::TYPE), delete),
    ]
}

fn add(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut report = Diagnostics::new();
    let registry = call.model().registry();
    let draft = match call.arguments {
        Some(bag) => read_bag(bag, registry, Leniency::Strict, &mut report),
        None => read_bag(
            Tape::of("{}", Syntax::QEMU, &mut report).root(),
            registry,
            Leniency::Strict,
            &mut report,
        ),
    };
    let Some(draft) = draft else { return Err(report.take().into()) };
    let long = draft.takes_long();
    let batch = call.model().batch(vec![draft]);
    if report.errors() > 0 {
        // Whatever else is wrong with it is told too.
        let mut batch = batch;
        batch.check(qomet::Level::Graph, &mut report);
        return Err(report.take().into());
    }
    let warnings = report.take();
    drop(warnings);
    if !long {
        create(batch)?;
        Nothing.write(call.output);
        return Ok(Done::Now);
    }
    call.dispatcher.can_cancel(&batch.cancel_flag());
    Ok(Done::Later(Box::new(move |output: &mut JsonOutput| {
        create(batch)?;
        Nothing.write(output);
        Ok(())
    })))
}

fn create(batch: Batch) -> Result<(), Refusal> {
    let mut report = Diagnostics::new();
    let created: Result<Vec<ObjectRef>, Failed> = batch.create(&mut report);
    let found = report.take();
    created.map(drop).map_err(|_| found.into())
}

fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Delete { id } = call.read()?;
    let model = call.model().clone();
    // QEMU has no class for an id that there is not.
    let object =
        model.object(&id).map_err(|problem| Refusal::from(problem).with_class(ErrorClass::GenericError))?;
    if !object.takes_long() {
        model.delete(&object)?;
        Nothing.write(call.output);
        return Ok(Done::Now);
    }
    Ok(Done::Later(Box::new(move |output: &mut JsonOutput| {
        model.delete(&object)?;
        Nothing.write(output);
        Ok(())
    })))
}
