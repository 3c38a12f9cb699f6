//! The object types that come with Qomet.
//!
//! Each type is one file below its family's folder and one line in the list at the end of this file. A type is its
//! properties (a struct), how it is realized, and what an object of it can do (methods and interfaces). What touches the
//! host is in `host`, for memory in `qomet-memory`; what is refused is worded in `problem`.
//!
//! ```text
//! authz         authz-*
//! memory        memory-backend-*
//! rng           rng-*
//! secret        secret, secret_keyring
//! thread        thread-context, iothread
//! throttle      throttle-group
//! host          every call that the operating system may refuse
//! problem       every kind of mistake, worded
//! unavailable   the types of QEMU that are not here, and why
//! ```
//!
//! # Adding a type
//!
//! 1. A file with the struct (its properties, each described), `Realize`, and the interfaces of its family; Rust wants its
//!    `mod` in the family. `qomet-cli/examples/own_types.rs` is a type in full.
//! 2. One line in the list below. Documents, lines, QMP, help, `describe` and the JSON Schema know it from there; a struct
//!    that is forgotten here does not compile.
//!
//! Then `qomet schema --out schema` shows reviewers what is new, and the tests over all types (defaults, messages,
//! schemas) have the type in them without being told.
#![forbid(unsafe_code)]

pub mod authz;
mod explain;
mod host;
pub mod memory;
mod problem;
pub mod rng;
pub mod secret;
#[cfg(test)]
mod testing;
pub mod thread;
pub mod throttle;
mod unavailable;

#[cfg(feature = "authz-file")]
use authz::AuthzListFile;
use authz::{Authz, AuthzList, AuthzSimple};
use memory::{FileBackend, MemfdBackend, MemoryBackend, RamBackend, ShmBackend};
use qomet::TypeEntry;
use rng::{RngBackend, RngBuiltin, RngRandom};
#[cfg(feature = "keyring")]
use secret::SecretKeyring;
use secret::{Secret, SecretCommon};
use thread::{EventLoopBase, IoThread, ThreadContext};
use throttle::ThrottleGroup;

pub use explain::explanations;
pub use host::{Host, HostCall};
pub use problem::BackendErrorKind;

/// All types of this crate, for a registry, and by name those of QEMU that are not here.
#[must_use]
pub fn types() -> Vec<TypeEntry> {
    available().into_iter().chain(unavailable::entries()).collect()
}

qomet::types! {
    /// The types that there are.
    fn available = [
        MemoryBackend,
        RamBackend,
        FileBackend,
        MemfdBackend,
        ShmBackend,
        ThreadContext,
        EventLoopBase,
        IoThread,
        RngBackend,
        RngBuiltin,
        RngRandom,
        Authz,
        AuthzSimple,
        AuthzList,
        #[cfg(feature = "authz-file")]
        AuthzListFile,
        ThrottleGroup,
        SecretCommon,
        Secret,
        #[cfg(feature = "keyring")]
        SecretKeyring,
    ];
}
