//! The commands every server has: about objects (`object`, `qom`), types (`types`) and the protocol (`protocol`).
//!
//! What needs more than the object model is no business of this crate: the program adds it to the table.

mod object;
mod protocol;
mod qom;
mod types;

use crate::dispatch::Command;

pub(crate) use protocol::{Enable, write_version};
pub(crate) use qom::Get;

/// All of them.
pub(crate) fn all() -> Vec<Command> {
    [protocol::all(), object::all(), qom::all(), types::all()].into_iter().flatten().collect()
}
