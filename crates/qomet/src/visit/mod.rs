//! The two visitor traits: how values come in and go out.
//!
//! [`Input`] is fallible and knows where it is in its source; [`Output`] cannot fail. Each has one method per
//! QAPI type, so that every syntax gives a value the same meaning. Syntaxes implement them (JSON lives with the
//! documents); values use them (see [`Value`](crate::Value)). Whoever adds a syntax runs the conformance suite
//! of the test kit over it.
//!
//! Why not serde: its data model has no size, no alternate, no place in the source and stops at the first error.

mod collect;
mod input;
mod native;
mod output;
mod resolve;
mod text;

pub use collect::NativeOutput;
pub use input::{Input, InputKind, LinkTarget};
pub use native::{Native, NativeInput, ToNative};
pub use output::{Output, ValueRef};
pub(crate) use resolve::Resolving;
pub use text::TextOutput;
