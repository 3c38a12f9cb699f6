//! Host memory by (file, offset, length): checked, opened, grown, mapped, populated and given back.
//!
//! For whoever realizes memory objects of a virtual machine. A request is plain data ([`FileRequest`],
//! [`AnonymousRequest`]); a check tells everything that is wrong with it without touching anything; opening runs the
//! same checks, records every effect on a file as an [`Undo`], and ends in a [`Region`]. The crate knows no objects
//! and no properties, only the names of the properties that its errors are about.
//!
//! ```
//! use qomet_memory::{FileLedger, FileRequest, Host};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("ram.img");
//! let ledger = FileLedger::new(); // one per model
//! let request = FileRequest::new(&path, 1 << 20);
//! let plan = ledger.plan(&Host::real(), [("ram0".to_owned(), request)]);
//! assert!(plan.verdict("ram0").unwrap().faults.is_empty());
//!
//! let mut journal = Vec::new();
//! let opened = plan.open("ram0", &mut |undo| journal.push(undo))?;
//! opened.region.write(0, b"hello")?;
//!
//! drop(opened);
//! for undo in journal.into_iter().rev() {
//!     undo.undo()?;
//! }
//! assert!(!path.exists());
//! # Ok::<(), qomet_memory::MemoryError>(())
//! ```
//!
//! # Limits
//!
//! 64-bit Linux only. Copies go through `process_vm_readv` and `process_vm_writev`, which a seccomp filter may
//! refuse, and which cannot reach device memory that has no pages (`/dev/mem`).

#![deny(unsafe_code)]

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("qomet-memory is for 64-bit Linux");

mod anonymous;
mod check;
mod collapse;
mod details;
mod error;
mod explain;
mod faults;
mod foresee;
mod groups;
mod host;
mod huge;
mod ledger;
mod locks;
#[allow(unsafe_code, reason = "the one module that maps")]
mod map;
mod numa;
mod open;
mod overlap;
mod pace;
mod pages;
mod plan;
mod populate;
mod probe;
mod reclaim;
mod region;
mod request;
mod reservation;
mod residency;
mod samples;
mod store;
mod supply;
mod threads;
mod undo;
mod warning;

#[cfg(test)]
mod tests;

pub use nix::errno::Errno;

pub use anonymous::{check_anonymous, create_anonymous};
pub use check::Verdict;
pub use details::Details;
pub use error::{Left, MAX_END, MemoryError, Misplacement};
pub use explain::EXPLANATIONS;
pub use faults::{Call, Faults};
pub use foresee::{Foreseen, ForeseenFile, foresee_anonymous, foresee_file};
pub use host::Host;
pub use ledger::{FileLedger, Window};
pub use locks::{Conflict, Lock};
pub use open::Opened;
pub use pages::{PageSource, PageUnit};
pub use plan::Plan;
pub use populate::{Watcher, Workers, prealloc_threads};
pub use probe::FileId;
pub use region::Region;
pub use request::{AnonymousKind, AnonymousRequest, FileRequest, MemoryOptions, Passed, Policy, Rom};
pub use reservation::Reservation;
pub use residency::Residency;
pub use supply::{Source, Supply, check_sum};
pub use threads::{ThreadNumber, cpus_of, cpus_of_nodes, online_cpus, set_cpus, start as start_thread};
pub use undo::Undo;
pub use warning::MemoryWarning;

/// The page size of this machine in bytes.
///
/// # Errors
///
/// The host does not tell it.
pub fn page_size(host: &Host) -> Result<u64, MemoryError> {
    probe::machine_unit(host).map(|unit| unit.size)
}
