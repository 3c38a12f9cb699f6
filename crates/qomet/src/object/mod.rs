//! One object: from a draft, whose properties are being set, to a realized instance, whose are fixed.
//!
//! [`Draft`] is the only thing with `&mut` to the properties; realizing consumes it and freezes them into an
//! [`Instance`]. [`ObjectRef`] is any instance, whatever its type. This module knows no tree and no model.

mod draft;
mod handle;
mod instance;
mod reference;

pub use draft::{AnyDraft, Draft, SlotSet};
pub use handle::Handle;
pub use instance::{AnyObject, Header, Instance, ObjectLock};
pub use reference::{FromValue, Hold, ObjectRef, WeakRef};
