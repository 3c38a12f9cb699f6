//! What the server tells its log: who came and left, what was refused, made and deleted, and how long that took.
//!
//! Names of what there is, and codes. What clients send and get never goes to the log, so no value of a sensitive
//! property can, not even one that a client put in the wrong place. The exception is the text of a warning, which shows no such value.
//!
//! Called by the session and by the commands about objects. Nothing is told of a command that only reads: it would
//! cost more than the command.

use std::time::Instant;

use qomet::{Diagnostic, ObjectRef};
use tracing::Level;

use crate::wire::Refusal;

/// At most so many problems of one command are told.
const PROBLEMS: usize = 8;

/// A command, or what was no command, was refused.
pub(crate) fn refused(client: u64, command: Option<&str>, refusal: &Refusal) {
    if !tracing::enabled!(Level::INFO) {
        return;
    }
    for problem in refusal.problems().iter().take(PROBLEMS) {
        tracing::info!(client, command, code = problem.code(), "command refused");
    }
}

/// Objects were made, in this time.
pub(crate) fn created(objects: &[ObjectRef], since: Instant) {
    if !tracing::enabled!(Level::INFO) {
        return;
    }
    let took = since.elapsed();
    for object in objects {
        tracing::info!(object = object.name(), r#type = object.class().name(), ?took, "object created");
    }
}

/// An object was deleted, in this time.
pub(crate) fn deleted(object: &ObjectRef, since: Instant) {
    let (name, took) = (object.name(), since.elapsed());
    tracing::info!(object = name, r#type = object.class().name(), ?took, "object deleted");
}

/// Something about an object that was made all the same.
pub(crate) fn warned(warning: &Diagnostic) {
    tracing::warn!(object = warning.about().object.as_deref(), code = warning.code(), "{warning}");
}
