//!
//! ```text
//! types         types with every kind of property, five levels deep, with links, with rules, that fail on demand
//! trace         what those types did, in order
//! measure       ours against an anchor, in one run
//! build         a model or an object in one line
//! conformance   what every Input and every Output must do
//! ```
//!
//! A dev-dependency only. A failing check panics with what was expected and what was found, as an assertion does.
#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test code: a panic is how it reports"
)]

pub mod build;
pub mod conformance;
pub mod measure;
mod trace;
pub mod types;

pub use trace::Trace;
pub use types::registry;
