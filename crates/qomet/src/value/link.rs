//! Links to other objects.
//!
//! A bag gives a path or id; it is looked up, and the target's type checked, before the object is realized (or
//! when a live link is set). A [`Link`] keeps its target from being deleted; a [`WeakLink`] lets go of it; an [`IdOf`]
//! is a plain string on the wire, as the `keyid` of a secret is in QEMU.

use std::marker::PhantomData;

use super::{Value, ValueType};
use crate::error::{Failed, ModelErrorKind, Told};
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
    /// Whether it is an id rather than a path.
    fn is_id(&self) -> bool {
        false
    }
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

/// The id of another object, which must be there when this one is realized.
///
/// Where QEMU looks an object up by a string property rather than by a link: clients see a string, which stays the id
/// that was given whatever becomes of the object. Like a [`WeakLink`] it keeps nobody from being deleted, and in a
/// batch the object may stand after the one that names it.
pub struct IdOf<T: ObjectType> {
    id: String,
    object: Option<WeakRef>,
    kind: PhantomData<fn() -> T>,
}

impl<T: ObjectType> IdOf<T> {
    /// The id `id`, to be looked up when the object is realized.
    #[must_use]
    pub fn new(id: String) -> Self {
        IdOf { id, object: None, kind: PhantomData }
    }

    /// The id as it was given.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The object, if it has been looked up and still exists.
    #[must_use]
    pub fn get(&self) -> Option<ObjectRef> {
        LinkRef::target(self)
    }
}

impl<T: ObjectType> Clone for IdOf<T> {
    fn clone(&self) -> Self {
        IdOf { id: self.id.clone(), object: self.object.clone(), kind: PhantomData }
    }
}

impl<T: ObjectType> std::fmt::Debug for IdOf<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdOf({:?})", self.id)
    }
}

impl<T: ObjectType> LinkRef for IdOf<T> {
    fn unresolved(&self) -> Option<&str> {
        self.object.is_none().then_some(&*self.id)
    }
    fn target(&self) -> Option<ObjectRef> {
        self.object.as_ref().and_then(WeakRef::upgrade)
    }
    fn target_type(&self) -> &'static str {
        T::NAME
    }
    fn holds(&self) -> bool {
        false
    }
    fn is_id(&self) -> bool {
        true
    }
    fn resolve(&mut self, target: &ObjectRef) -> Result<(), ModelErrorKind> {
        check_type::<T>(target)?;
        self.object = Some(target.downgrade());
        Ok(())
    }
}

impl<T: ObjectType> Value for IdOf<T> {
    const TYPE: &'static ValueType = &ValueType::Id { target: T::NAME };

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        match input.link()? {
            LinkTarget::Path(id) => match crate::tree::check_id(&id) {
                Ok(()) => Ok(Self::new(id)),
                Err(problem) => Err(input.report(Box::new(Told(problem)))),
            },
            LinkTarget::Object(object) => {
                let mut found = Self::new(object.name().to_owned());
                match found.resolve(&object) {
                    Ok(()) => Ok(found),
                    Err(problem) => Err(input.report(Box::new(problem))),
                }
            }
        }
    }
    fn write(&self, output: &mut dyn Output) {
        output.string(&self.id);
    }
    fn placeholder() -> Self {
        Self::new(String::new())
    }
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Str(self.id.as_str().into())
    }
    fn links(&self, each: &mut dyn FnMut(&dyn LinkRef)) {
        each(self);
    }
    fn links_mut(&mut self, each: &mut dyn FnMut(&mut dyn LinkRef)) {
        each(self);
    }
}
