//! The types of property values.
//!
//! [`Value`] is what a property holds; [`ValueType`] describes it to help texts, schemas and introspection
//! without constructing anything. [`Field`] is how a struct holds it: plainly (fixed once realized), [`Live`]
//! (may change, read without a lock) or [`Computed`] (worked out when read).
//!
//! Each file is one family of values. Enums, structs and alternates of an author come from the derives.

mod field;
mod kind;
mod link;
mod list;
mod live;
mod number;
mod size;
mod text;

pub use field::{Computed, Field, Mutability};
pub use kind::{Alternative, EnumType, Member, StructType, ValueType};
pub use link::{IdOf, Link, LinkRef, WeakLink};
pub use live::{Live, LiveValue, Snapshot};
pub use size::Size;
pub use text::OnOffAuto;

use crate::error::{Failed, ModelErrorKind};
use crate::visit::{Input, Output, ValueRef};

/// What a property can hold.
///
/// Authors derive it (`#[derive(Value)]`) for enums, structs and alternates.
#[diagnostic::on_unimplemented(
    message = "a property cannot hold `{Self}`",
    note = "a type of your own needs `#[derive(Clone, Value)]`"
)]
pub trait Value: Clone + Send + Sync + Sized + 'static {
    /// The description for introspection.
    const TYPE: &'static ValueType;

    /// Reads a value; what is wrong is reported to the input, and everything that is wrong is.
    ///
    /// # Errors
    /// The proof that something was reported.
    fn read(input: &mut dyn Input) -> Result<Self, Failed>;

    /// Writes the value.
    fn write(&self, output: &mut dyn Output);

    /// What a required property holds before it is set. Nobody sees it.
    fn placeholder() -> Self;

    /// The value itself where it is a scalar or a string.
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Complex
    }

    /// Whether this is how an optional value says that there is none (the empty path of a link).
    fn is_absent(&self) -> bool {
        false
    }

    /// The number that bounds apply to.
    fn magnitude(&self) -> Option<i128> {
        None
    }

    /// The value itself where it is a scalar or a string, for a value that nobody else holds.
    fn into_value_ref(self) -> ValueRef<'static> {
        self.value_ref().into_owned()
    }

    /// Shows every link inside, for the graph of objects.
    fn links(&self, _each: &mut dyn FnMut(&dyn LinkRef)) {}

    /// Shows every link inside, to be resolved.
    fn links_mut(&mut self, _each: &mut dyn FnMut(&mut dyn LinkRef)) {}
}

/// A value that may be absent.
impl<T: Value> Value for Option<T> {
    const TYPE: &'static ValueType = &ValueType::Optional(T::TYPE);

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        T::read(input).map(|value| (!value.is_absent()).then_some(value))
    }

    fn write(&self, output: &mut dyn Output) {
        match self {
            Some(value) => value.write(output),
            None if output.absent() => {}
            None => T::TYPE.write_absent(output),
        }
    }

    fn placeholder() -> Self {
        None
    }

    fn value_ref(&self) -> ValueRef<'_> {
        match self {
            Some(value) => value.value_ref(),
            None => T::TYPE.absent(),
        }
    }

    fn magnitude(&self) -> Option<i128> {
        self.as_ref().and_then(Value::magnitude)
    }

    fn links(&self, each: &mut dyn FnMut(&dyn LinkRef)) {
        if let Some(value) = self {
            value.links(each);
        }
    }

    fn links_mut(&mut self, each: &mut dyn FnMut(&mut dyn LinkRef)) {
        if let Some(value) = self {
            value.links_mut(each);
        }
    }
}

impl Value for bool {
    const TYPE: &'static ValueType = &ValueType::Bool;

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        input.boolean()
    }
    fn write(&self, output: &mut dyn Output) {
        output.boolean(*self);
    }
    fn placeholder() -> Self {
        false
    }
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Bool(*self)
    }
}

/// Reports a number outside of `minimum..=maximum`.
pub(crate) fn out_of_range(input: &mut dyn Input, minimum: i128, maximum: i128, value: i128) -> Failed {
    input.report(Box::new(ModelErrorKind::OutOfRange { minimum, maximum, value: value.to_string() }))
}
