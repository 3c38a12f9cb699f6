//! How a struct holds a property's value; its type says when the value may change.

use std::marker::PhantomData;

use super::{LinkRef, Value};
use crate::visit::{Output, ValueRef};

/// When a property may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// Until the object is realized; fixed from then on.
    UntilRealized,
    /// At any time.
    Live,
    /// Never: it is worked out when it is read.
    Computed,
}

impl Mutability {
    /// `until-realized`, `live` or `computed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Mutability::UntilRealized => "until-realized",
            Mutability::Live => "live",
            Mutability::Computed => "computed",
        }
    }
}

/// A field of an object's struct that is a property: a plain value, [`Live`](super::Live) or [`Computed`].
pub trait Field: Send + Sync + Sized + 'static {
    /// The type of the value.
    type Value: Value;
    /// What typed access returns.
    type Get<'a>;
    /// When it may be set.
    const MUTABILITY: Mutability;

    /// A field with this value.
    fn new(value: Self::Value) -> Self;
    /// A second field with the same value: part of a candidate that is checked before a live set.
    fn duplicate(&self) -> Self;
    /// Typed access.
    fn get(&self) -> Self::Get<'_>;
    /// The value where it is a scalar or a string.
    fn value_ref(&self) -> ValueRef<'_>;
    /// Writes the value.
    fn write(&self, output: &mut dyn Output);
    /// Replaces the value of a live field; does nothing to any other.
    fn store(&self, _value: Self::Value) {}
    /// Makes a live field's value that of `from`; does nothing to any other.
    fn adopt(&self, _from: &Self) {}
    /// Shows every link inside.
    fn links(&self, _each: &mut dyn FnMut(&dyn LinkRef)) {}
    /// Shows every link inside, to be resolved.
    fn links_mut(&mut self, _each: &mut dyn FnMut(&mut dyn LinkRef)) {}
}

impl<T: Value> Field for T {
    type Value = T;
    type Get<'a> = &'a T;
    const MUTABILITY: Mutability = Mutability::UntilRealized;

    fn new(value: T) -> Self {
        value
    }
    fn duplicate(&self) -> Self {
        self.clone()
    }
    fn get(&self) -> &T {
        self
    }
    fn value_ref(&self) -> ValueRef<'_> {
        Value::value_ref(self)
    }
    fn write(&self, output: &mut dyn Output) {
        Value::write(self, output);
    }
    fn links(&self, each: &mut dyn FnMut(&dyn LinkRef)) {
        Value::links(self, each);
    }
    fn links_mut(&mut self, each: &mut dyn FnMut(&mut dyn LinkRef)) {
        Value::links_mut(self, each);
    }
}

/// A property that is worked out when it is read; the attribute `computed = …` names the function.
pub struct Computed<T>(PhantomData<fn() -> T>);

impl<T: Value> Field for Computed<T> {
    type Value = T;
    type Get<'a> = ();
    const MUTABILITY: Mutability = Mutability::Computed;

    fn new(_: T) -> Self {
        Computed(PhantomData)
    }
    fn duplicate(&self) -> Self {
        Computed(PhantomData)
    }
    fn get(&self) {}
    fn value_ref(&self) -> ValueRef<'_> {
        T::TYPE.absent()
    }
    fn write(&self, output: &mut dyn Output) {
        T::TYPE.write_absent(output);
    }
}
