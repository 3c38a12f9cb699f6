//! Links to other objects.
//!
//! A bag gives a path or id; it is looked up, and the target's type checked, before the object is realized (or
//! when a live link is set). A [`Link`] keeps its target from being deleted; a [`WeakLink`] lets go of it.

use std::marker::PhantomData;

use super::{Value, ValueType};
use crate::error::{Failed, ModelErrorKind};
use crate::object::{Hold, ObjectRef, WeakRef};
use crate::types::ObjectType;
use crate::visit::{Input, LinkTarget, Output, ValueRef};

/// Any link, whatever its target's type.
pub trait LinkRef {
    /// The path as it was given, while it has not been looked up.
    fn unresolved(&self) -> Option<&str>;
    /// The target, once it has been looked up and while it exists.
    fn target(&self) -> Option<ObjectRef>;
    /// The name of the type the target must have.
    fn target_type(&self) -> &'static str;
    /// Whether the link keeps its target from being deleted.
    fn holds(&self) -> bool;
    /// Sets the target.
    ///
    /// # Errors
    /// The target has the wrong type or is being deleted.
    fn resolve(&mut self, target: &ObjectRef) -> Result<(), ModelErrorKind>;
}

fn check_type<T: ObjectType>(target: &ObjectRef) -> Result<(), ModelErrorKind> {
    if target.class().is_a(T::NAME) {
        return Ok(());
    }
    Err(ModelErrorKind::WrongLinkType {
        path: target.name().to_owned(),
        expected: T::NAME.to_owned(),
        found: target.class().name().to_owned(),
    })
}

macro_rules! link {
    ($name:ident, $inner:ty, $holds:literal, $make:expr, $get:expr, $doc:literal) => {
        #[doc = $doc]
        pub struct $name<T: ObjectType> {
            target: Target<$inner>,
            kind: PhantomData<fn() -> T>,
        }

        impl<T: ObjectType> $name<T> {
            /// A link to `target`.
            ///
            /// # Errors
            /// The target is not a `T`, or is being deleted.
            pub fn new(target: &ObjectRef) -> Result<Self, ModelErrorKind> {
                let mut link = Self::to_path(String::new());
                link.resolve(target)?;
                Ok(link)
            }

            /// A link to whatever object `path` will name when the link is looked up.
            #[must_use]
            pub fn to_path(path: String) -> Self {
                $name { target: Target::Path(path), kind: PhantomData }
            }

            /// The target, if it has been looked up and exists.
            #[must_use]
            pub fn get(&self) -> Option<ObjectRef> {
                LinkRef::target(self)
            }
        }

        impl<T: ObjectType> Clone for $name<T> {
            fn clone(&self) -> Self {
                $name { target: self.target.clone(), kind: PhantomData }
            }
        }

        impl<T: ObjectType> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match &self.target {
                    Target::Path(path) => write!(f, "{}({path:?})", stringify!($name)),
                    Target::Object(_) => {
                        write!(f, "{}({:?})", stringify!($name), self.get().map(|target| target.path()))
                    }
                }
            }
        }

        impl<T: ObjectType> LinkRef for $name<T> {
            fn unresolved(&self) -> Option<&str> {
                match &self.target {
                    Target::Path(path) => Some(path),
                    Target::Object(_) => None,
                }
            }
            fn target(&self) -> Option<ObjectRef> {
                match &self.target {
                    Target::Path(_) => None,
                    Target::Object(inner) => $get(inner),
                }
            }
            fn target_type(&self) -> &'static str {
                T::NAME
            }
            fn holds(&self) -> bool {
                $holds
            }
            fn resolve(&mut self, target: &ObjectRef) -> Result<(), ModelErrorKind> {
                check_type::<T>(target)?;
                self.target = Target::Object($make(target)?);
                Ok(())
            }
        }

        impl<T: ObjectType> Value for $name<T> {
            const TYPE: &'static ValueType = &ValueType::Link { target: T::NAME, holds: $holds };

            fn read(input: &mut dyn Input) -> Result<Self, Failed> {
                match input.link()? {
                    LinkTarget::Path(path) => Ok(Self::to_path(path)),
                    LinkTarget::Object(object) => {
                        Self::new(&object).map_err(|problem| input.report(Box::new(problem)))
                    }
                }
            }
            fn write(&self, output: &mut dyn Output) {
                match &self.target {
                    Target::Path(path) => output.string(path),
                    Target::Object(_) => {
                        output.string(&self.get().map(|target| target.path()).unwrap_or_default())
                    }
                }
            }
            fn placeholder() -> Self {
                Self::to_path(String::new())
            }
            fn is_absent(&self) -> bool {
                self.unresolved() == Some("")
            }
            fn value_ref(&self) -> ValueRef<'_> {
                match &self.target {
                    Target::Path(path) => ValueRef::Str(path.into()),
                    Target::Object(_) => {
                        ValueRef::Str(self.get().map(|target| target.path()).unwrap_or_default().into())
                    }
                }
            }
            fn links(&self, each: &mut dyn FnMut(&dyn LinkRef)) {
                each(self);
            }
            fn links_mut(&mut self, each: &mut dyn FnMut(&mut dyn LinkRef)) {
                each(self);
            }
        }
    };
}

#[derive(Clone)]
enum Target<I> {
    Path(String),
    Object(I),
}

link!(Link, Hold, true, ObjectRef::hold, Hold::object, "A link that keeps its target from being deleted.");
link!(
    WeakLink,
    WeakRef,
    false,
    |target: &ObjectRef| Ok::<_, ModelErrorKind>(target.downgrade()),
    |weak: &WeakRef| weak.upgrade(),
    "A link that lets go of its target when that is deleted."
);
