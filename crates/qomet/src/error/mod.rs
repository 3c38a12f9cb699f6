//! What can be wrong, about whom, and where.
//!
//! A [`Problem`] is one kind of mistake with its facts; each crate has one enum of them, worded in one file
//! (this crate's is [`ModelErrorKind`]). A [`Diagnostic`] is a problem together with the object, type and
//! property it concerns and the place in a source, if it came from one. Nothing is formatted until somebody
//! looks, so that refusing costs little. [`Diagnostics`] collects: a pass reports everything it can see.
//!
//! Not here: drawing a diagnostic for a terminal or as JSON; that needs the source text and lives with the
//! documents.

mod collect;
mod diagnostic;
mod explain;
mod kind;
mod meant;
mod nearest;
mod repair;

pub use collect::{Diagnostics, Failed};
pub(crate) use diagnostic::Told;
pub use diagnostic::{About, Diagnostic, ErrorClass, Place, Problem, Related, Result, Severity};
pub(crate) use explain::EXPLANATIONS;
pub use explain::Explanations;
pub use kind::{ModelErrorKind, UnmetNeed, WayOut};
pub use nearest::{is_nearest_alone, nearest};
pub use repair::{Applicability, Edit, Remedy, Repair, Spelling};
