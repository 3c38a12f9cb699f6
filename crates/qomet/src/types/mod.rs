//! What a type is: its properties, its parent, its interfaces, and the registry of all types of a program.
//!
//! An author writes a struct with `#[derive(Object)]` and implements [`Realize`]; [`ObjectType`] is what the
//! derive makes of the struct. A [`TypeRegistry`] is a value: it checks the types once and flattens each one's
//! properties over its parents into a [`Class`].

mod builtin;
mod class;
mod interface;
mod names;
mod need;
mod object_type;
mod property;
mod realize;
mod registry;

pub use builtin::{Container, NoParent};
pub use class::Class;
pub use interface::{Interface, InterfaceEntry};
pub use need::{Advice, Foreseen, Need, Relation};
pub use object_type::{Listed, ObjectType, TypeEntry, TypeInfo};
pub use property::{Bounds, Presence, Property};
pub use realize::{Check, Content, Realize};
pub use registry::{RegistryBuilder, TypeRegistry};
