//! What the derives make, at work; and what they refuse.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod misuse;
mod objects;
mod values;
