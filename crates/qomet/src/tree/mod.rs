//! The composition tree: which object is whose child, by what name.
//!
//! Readers take no lock. Looking an object up counts a reference to each object on the way and drops it again. The
//! tree is a *generation*: arrays that are only ever appended to, so that a reader of one sees a consistent past at worst.
//! What a deletion leaves behind is skipped, and thrown away when the next generation is made. Writers are kept in
//! order by one mutex.
//!
//! [`index`](self::index) is the arrays, [`path`](self::path) the grammar of paths. Nothing here knows of types or
//! of realizing.

mod index;
mod names;
mod path;
mod resolve;
mod write;

pub use path::{NO_ID, check_id, is_id};
pub(crate) use resolve::{ChildrenByName, Resolved, ambiguous};
pub(crate) use write::{Tree, absent, check_revision};
