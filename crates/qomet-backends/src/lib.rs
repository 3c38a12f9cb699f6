//! The object types that come with Qomet.
//!
//! Each type is one file below its family's folder and one line in [`types`]. A type is its properties (a struct),
//! how it is realized, and what an object of it can do (methods and interfaces). What touches the host is not here
//! but in `qomet-memory`.
#![forbid(unsafe_code)]

pub mod memory;
pub mod rng;

use memory::{FileBackend, MemoryBackend, RamBackend};
use rng::{RngBackend, RngBuiltin};

qomet::types! {
    /// All types of this crate, for a registry.
    pub fn types = [MemoryBackend, RamBackend, FileBackend, RngBackend, RngBuiltin];
}
