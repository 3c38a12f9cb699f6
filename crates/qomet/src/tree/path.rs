//! The grammar of ids and paths.

use crate::error::{Diagnostic, ModelErrorKind, Result};

/// The one well-formed name that no object can have: a child is a property of its parent, and this property every object has.
pub const NO_ID: &str = "type";

/// Whether `id` is fit for what a user creates: a letter, then letters, digits, `-`, `.`, `_`; but not `type`.
#[must_use]
pub fn is_id(id: &str) -> bool {
    id != NO_ID
        && id.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Checks an id.
///
/// # Errors
/// It is not well formed.
pub fn check_id(id: &str) -> Result<()> {
    if is_id(id) { Ok(()) } else { Err(Diagnostic::new(ModelErrorKind::InvalidId { id: id.to_owned() })) }
}

/// The components of a path. Empty ones (`//`, a final `/`) do not count.
pub(super) fn components(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.split('/').filter(|component| !component.is_empty())
}
