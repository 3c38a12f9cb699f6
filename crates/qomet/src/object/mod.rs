//! One object: from a draft, whose properties are being set, to a realized instance, whose are fixed.
//!
//! [`Draft`] is the only thing with `&mut` to the properties; realizing consumes it and freezes them into an
//! [`Instance`]. [`ObjectRef`] is any instance, whatever its type. This module knows no tree and no model.
//!
//! Three lifetimes: an object is *in its model* until it is deleted there; it *may be deleted* unless a [`Hold`] says
//! no; its memory goes with the last [`ObjectRef`], of which the tree has one while the object is in the model.

mod draft;
mod extras;
mod handle;
mod instance;
mod lock;
mod reference;

pub use draft::{AnyDraft, Draft, SlotSet};
pub use extras::Extra;
pub use handle::Handle;
pub use instance::{AnyObject, Header, Instance};
pub use lock::ObjectLock;
pub(crate) use lock::Terms;
pub use reference::{FromValue, Hold, ObjectRef, WeakRef};
