//! The program itself, started as a user would start it.
//!
//! ```text
//! process   starting it, reading what it says, waiting with a deadline
//! apply     `plan`, `apply`, `dump`: ours, QEMU, qemu-storage-daemon
//! check     exit codes and reports of `check`
//! client    the commands that ask a server: ours, QEMU, qemu-storage-daemon
//! lsp       the language server, as an editor speaks to it
//! memory    memory handed to a client by descriptors
//! crash     killed at every point of `apply`
//! examples  what `explain` shows, run
//! run       what `run` makes, holds and leaves behind
//! map       what `map` shows of documents and of a running program
//! preview   what `preview` says would be programmed
//! locks     windows of one file in two processes at once
//! load      many clients, bad clients, damaged streams
//! serve     where `run --qmp` serves, systemd, the log
//! store     the backing store truncated, removed, filled up, unmounted while a server has it mapped
//! types     `types`, `describe`, `schema`, help and usage
//! ```

mod apply;
mod check;
mod client;
mod crash;
mod examples;
mod load;
mod locks;
mod lsp;
mod map;
mod memory;
mod preview;
pub(crate) mod process;
mod run;
mod serve;
mod store;
mod types;
