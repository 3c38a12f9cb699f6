//! The commands every server has: about objects (`object`, `qom`), types (`types`), what takes long (`jobs`) and the
//! protocol (`protocol`), and the lines of QEMU's monitor for people (`hmp`).
//!
//! What needs more than the object model is no business of this crate: the program adds it to the table.

mod apply;
mod descriptors;
mod explain;
mod hmp;
mod jobs;
mod object;
mod protocol;
mod qom;
mod tree;
mod types;
mod watch;

use crate::dispatch::Command;

pub(crate) use protocol::{Enable, write_version};
pub(crate) use qom::Get;
pub(crate) use types::render_properties;
pub(crate) use watch::EVENTS;

/// All of them.
pub(crate) fn all() -> Vec<Command> {
    [
        protocol::all(),
        object::all(),
        jobs::all(),
        descriptors::all(),
        qom::all(),
        types::all(),
        tree::all(),
        watch::all(),
        apply::all(),
        explain::all(),
        hmp::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
