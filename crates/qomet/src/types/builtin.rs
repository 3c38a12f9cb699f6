//! The types that every registry has.

use super::{InterfaceEntry, ObjectType, Property, Realize, TypeEntry, TypeInfo};
use crate::error::{Failed, Result};
use crate::model::RealizeContext;
use crate::object::ObjectLock;
use crate::visit::{Input, Output, ValueRef};

/// The end of every chain of parents. It has no objects and is in no registry.
#[derive(Clone, Copy, Debug)]
pub struct NoParent;

/// An object that only has children: the root, `/objects`, whatever a program adds.
#[derive(Clone, Copy, Debug)]
pub struct Container;

macro_rules! without_properties {
    ($type:ident, $name:literal, $description:literal, $entry:expr $(, $first:item)*) => {
        impl ObjectType for $type {
            type Parent = NoParent;
            type State = ();
            const NAME: &'static str = $name;
            const INFO: TypeInfo = TypeInfo {
                name: $name,
                description: $description,
                is_abstract: false,
                user_creatable: false,
                serves: false,
                properties: const { &[] as &[Property] },
            };
            const CHECKED: bool = false;
            $($first)*

            fn defaults() -> Self {
                $type
            }
            fn duplicate(&self) -> Self {
                $type
            }
            fn parent(&self) -> Option<&NoParent> {
                None
            }
            fn parent_mut(&mut self) -> Option<&mut NoParent> {
                None
            }
            fn parent_state((): &()) -> Option<&()> {
                None
            }
            fn entry() -> TypeEntry {
                $entry
            }
            fn own_interfaces(_: &mut Vec<InterfaceEntry>) {}
            fn own_assign(&mut self, _: usize, _: &mut dyn Input) -> Result<(), Failed> {
                Ok(())
            }
            fn own_set_live(&self, _: usize, _: &mut dyn Input, _: &ObjectLock<'_>) -> Result<(), Failed> {
                Ok(())
            }
            fn own_adopt(&self, _: usize, _: &Self) {}
            fn own_value<'a>(&'a self, _: Option<&'a ()>, _: usize) -> ValueRef<'a> {
                ValueRef::Null
            }
            fn own_write(&self, _: Option<&()>, _: usize, output: &mut dyn Output) {
                output.null();
            }
        }
    };
}

without_properties!(
    NoParent,
    "",
    "",
    TypeEntry::of_abstract::<NoParent>(),
    const FIRST: usize = 0;,
    const DEPTH: usize = 0;
);
without_properties!(Container, "container", "Holds other objects", TypeEntry::concrete::<Container>());

impl Realize for Container {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}
