//! Interfaces: what objects of unrelated types can do alike.

use std::any::{Any, TypeId};

/// A trait that objects can be asked for. Implemented for the trait object:
///
/// ```
/// use qomet::Interface;
/// trait RandomSource: Send + Sync {
///     fn bytes(&self, buffer: &mut [u8]);
/// }
/// impl Interface for dyn RandomSource {
///     const NAME: &'static str = "random-source";
/// }
/// ```
pub trait Interface: 'static {
    /// The name in introspection.
    const NAME: &'static str;
}

type Cast<I> = for<'a> fn(&'a dyn Any) -> Option<&'a I>;

/// An interface of a type: its name, and how to get at it.
pub struct InterfaceEntry {
    /// The name in introspection.
    pub name: &'static str,
    pub(crate) id: TypeId,
    cast: Box<dyn Any + Send + Sync>,
}

impl InterfaceEntry {
    /// The interface `I`, found by `cast` in an [`Instance`](crate::Instance).
    #[must_use]
    pub fn new<I: Interface + ?Sized>(cast: Cast<I>) -> Self {
        InterfaceEntry { name: I::NAME, id: TypeId::of::<I>(), cast: Box::new(cast) }
    }

    pub(crate) fn get<'a, I: Interface + ?Sized>(&self, instance: &'a dyn Any) -> Option<&'a I> {
        self.cast.downcast_ref::<Cast<I>>().and_then(|cast| cast(instance))
    }
}
