//! Guest memory: `memory-backend` and the types below it.
//!
//! `backend` is what they share, `ram`, `file`, `memfd` and `shm` are the types, `anonymous` is what those without a
//! path share, `batch` judges all memory of a batch together, `fdset` finds the file of `/dev/fdset/N`, `problem`
//! turns what `qomet-memory` says into diagnostics about properties.
//!
//! The way of an `offset`: declared on [`FileBackend`]; fixed once realized because its field is a plain [`Size`](qomet::Size)
//! (refused in `qomet::AnyObject::set`, for every type); put into a [`FileRequest`](qomet_memory::FileRequest) by
//! `FileBackend::request`; mapped by `qomet_memory`.

mod anonymous;
mod backend;
mod batch;
mod fdset;
mod file;
mod foresee;
mod lease;
mod memfd;
mod problem;
mod query;
mod ram;
mod shm;
mod table;

#[cfg(test)]
mod tests;

pub use backend::{BackendState, HostMemory, MemoryBackend, Policy};
pub use batch::MemoryHost;
pub use fdset::FdsetFault;
pub use file::FileBackend;
pub use foresee::foresee_memory;
pub use lease::lease_memory;
pub use memfd::MemfdBackend;
pub(crate) use problem::refusal;
pub use problem::{Fault, Warning};
pub use query::{Memdev, MemoryResidency, NodeResidency, list_memdev, query_memdev};
pub use ram::RamBackend;
pub use shm::ShmBackend;
pub use table::{HandedMemory, MemoryRange, MemoryTable, memory_table};
