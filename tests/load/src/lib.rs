//! Load, soak and garbage for QMP servers, from outside: over their sockets and `/proc`.
//!
//! Three servers are asked the same: Qomet's, QEMU's (or qemu-storage-daemon's), and bare ones of our own that do only
//! what cannot be avoided (`bare`), which show where the limit lies on this machine at this moment.
//!
//! ```text
//! server   starting a server, what it costs, ending it
//! client   one client: round trips, requests in flight
//! crowd    many clients on one thread
//! bare     an echo server, and one that parses and looks up
//! table    figures measured in turn, and whether they meet their targets
//! rows     what is measured over QMP
//! memory   the same of memory: made present, given back
//! soak     clients that come, go, stall and send garbage: nothing is lost, nothing leaks
//! stream   arbitrary and damaged streams of bytes; what two servers make of them
//! dice     numbers that a seed decides
//! ```
//!
//! The program `qomet-load` runs the long forms; the whole-program tests run short ones. Nothing here knows the crates
//! of Qomet: a server is judged by what a client sees of it.
#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "a tool for tests: it reads no input of users"
)]

pub mod bare;
pub mod client;
pub mod crowd;
mod dice;
mod memory;
pub mod rows;
pub mod server;
pub mod soak;
pub mod stream;
pub mod table;
