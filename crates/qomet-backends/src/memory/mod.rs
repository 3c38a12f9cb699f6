//! Guest memory: `memory-backend` and the types below it.
//!
//! `backend` is what they share, `ram`, `file`, `memfd` and `shm` are the types, `anonymous` is what those without a
//! path share, `batch` judges all file windows of a batch together, `fdset` finds the file of `/dev/fdset/N`, `problem`
//! turns what `qomet-memory` says into diagnostics about properties.
//!
//! The way of an `offset`: declared on [`FileBackend`]; fixed once realized because its field is a plain [`Size`](qomet::Size)
//! (refused in `qomet::AnyObject::set`, for every type); put into a [`FileRequest`](qomet_memory::FileRequest) by
//! `FileBackend::request`; mapped by `qomet_memory`.
//!
//! # A memfd, sealed and handed on
//!
//! ```
//! use std::fs::File;
//! use std::io::Read as _;
//!
//! use qomet::{Model, TypeRegistry};
//! use qomet_backends::memory::HostMemory;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
//! let mut draft = model.draft("memory-backend-memfd")?;
//! draft.set_id("ram0");
//! draft.set("size", 1_u64 << 20)?;
//! let object = model.create(draft)?;
//! let region = object.interface::<dyn HostMemory>().expect("an interface of every backend").region();
//! region.write(0, b"hello")?;
//!
//! // Another process gets the descriptor; here it is read in this one.
//! let mut file = File::from(region.file().expect("the file of a memfd").try_clone()?);
//! let mut bytes = [0; 5];
//! file.read_exact(&mut bytes)?;
//! assert_eq!(&bytes, b"hello");
//! assert!(file.set_len(0).is_err()); // nobody takes the memory away
//! # Ok(())
//! # }
//! ```
//!
//! POSIX shared memory, and memory of the process with `share`, are used alike; shared memory has no seals.
//!
//! ```
//! use qomet::{Model, TypeRegistry};
//! use qomet_backends::memory::HostMemory;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
//! let mut draft = model.draft("memory-backend-shm")?;
//! draft.set_id("ram0");
//! draft.set("size", 1_u64 << 20)?;
//! let object = model.create(draft)?;
//! let region = object.interface::<dyn HostMemory>().expect("an interface of every backend").region();
//!
//! // Two mappings of the same bytes, as of two processes.
//! let file = std::fs::File::from(region.file().expect("the file of shared memory").try_clone()?);
//! std::os::unix::fs::FileExt::write_all_at(&file, b"there", 4096)?;
//! let mut bytes = [0; 5];
//! region.read(4096, &mut bytes)?;
//! assert_eq!(&bytes, b"there");
//! region.discard(4096, 4096)?;
//! region.read(4096, &mut bytes)?;
//! assert_eq!(bytes, [0; 5]);
//! # Ok(())
//! # }
//! ```

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
pub use query::{Memdev, query_memdev};
pub use ram::RamBackend;
pub use shm::ShmBackend;
