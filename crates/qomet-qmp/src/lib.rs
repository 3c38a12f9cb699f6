//! The QEMU Machine Protocol over a model: what QEMU's clients send works here, and means the same.
//!
//! [`Dispatcher`] is the table of commands over one model; [`Server`] serves it on sockets, with threads of its own.
//! A program adds commands made by [`Command::typed`].
//!
//! ```text
//! wire       bytes to messages, replies to bytes
//! jobs       work that takes long, as clients see it
//! session    one client's side: greeting, negotiation, order, out of band
//! peer       what else is kept of a client: events for it, its watches, its descriptors
//! dispatch   the table of commands
//! commands   those every server has
//! explain    what codes mean
//! schema     query-qmp-schema
//! server     sockets and threads
//! host       every call that the operating system may refuse; `faults` refuses them in tests
//! log        what the server tells its log
//! client     the other side: any server's objects, read and changed
//! ```
//!
//! Not here: what the objects are; the program's registry says.
#![forbid(unsafe_code)]

mod client;
mod commands;
mod dispatch;
mod explain;
mod faults;
mod host;
mod jobs;
mod log;
#[cfg_attr(not(test), allow(dead_code, reason = "events and descriptors have their first users next"))]
mod peer;
mod schema;
mod server;
mod session;
#[cfg(test)]
mod tests;
mod wire;

pub use client::{
    Access, Client, ClientError, Event, Greeting, ObjectView, Options, PropertyFacts, PropertyView, Reading,
    Refused, Request, ServerAddress, TypeView,
};
pub use dispatch::{CodeExample, Command, Dispatcher, Handed, Nothing};
pub use explain::{explain, explanations};
pub use server::{
    Address, AddressError, Cause, Limits, Listener, Server, Stopper, notify_ready, notify_stopping,
    raise_descriptor_limit,
};
pub use wire::Refusal;
