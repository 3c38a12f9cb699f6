//! One object: from a draft, whose properties are being set, to a realized instance, whose are fixed.
//!
//! [`Draft`] is the only thing with `&mut` to the properties; realizing consumes it and freezes them into an
//! [`Instance`]. [`ObjectRef`] is any instance, whatever its type. This module knows no tree and no model.

mod draft;
mod extras;
mod handle;
mod instance;
mod reference;
mod release;

pub use draft::{AnyDraft, Draft, SlotSet};
pub use extras::Extra;
pub use handle::Handle;
pub use instance::{AnyObject, Header, Instance, ObjectLock};
pub use reference::{FromValue, Hold, ObjectRef, WeakRef};
pub(crate) use release::release;
