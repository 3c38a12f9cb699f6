//! Types to try things with.
//!
//! ```text
//! everything   a property of every value type, fixed, live, computed, write-only
//! levels       five types, each the parent of the next, four properties each
//! linked       links that hold and links that let go, fixed and live
//! gauge        rules across live properties, and an effect outside
//! step         fails on demand and tells what was done to it
//! sized        structs of a known size, for measurements
//! ```

mod everything;
mod gauge;
mod levels;
mod linked;
mod sized;
mod step;

pub use everything::{Everything, Flavour, Limits, NumberOrName};
pub use gauge::{Gauge, Measure};
pub use levels::{Level1, Level2, Level3, Level4, Level5};
pub use linked::Linked;
pub use sized::{Note, Sized128, Sized168};
pub use step::Step;

use qomet::TypeRegistry;

qomet::types! {
    /// All of them.
    pub fn types = [
        Everything, Gauge, Level1, Level2, Level3, Level4, Level5, Linked, Note, Sized128, Sized168, Step,
    ];
}

/// A registry of all of them.
#[must_use]
pub fn registry() -> TypeRegistry {
    TypeRegistry::builder().add(types()).build().unwrap()
}
