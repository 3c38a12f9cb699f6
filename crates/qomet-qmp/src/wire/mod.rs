//! Bytes to messages and replies to bytes.
//!
//! `frame` finds where a message ends and resynchronises after garbage; `message` turns one into a request; `reply`
//! writes answers. Used by the session; the client finds messages with `frame` too. Nothing here knows a command.

mod frame;
mod message;
mod reply;

pub(crate) use frame::{Frame, Framer, Limits};
pub(crate) use message::{Envelope, Text, text_of};
pub use reply::Refusal;
pub(crate) use reply::{escaped, write_error, write_event, write_return};
