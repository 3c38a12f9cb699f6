//! A property of one object, its name looked up once.

use super::{FromValue, ObjectRef};
use crate::error::{ModelErrorKind, Result};
use crate::types::Property;
use crate::visit::{Native, Output, ToNative};

/// A bound property: reads and sets without looking the name up again.
#[derive(Clone, Debug)]
pub struct Handle {
    object: ObjectRef,
    slot: usize,
}

impl Handle {
    pub(crate) fn new(object: ObjectRef, slot: usize) -> Self {
        Handle { object, slot }
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        &self.object
    }

    /// What is known of the property.
    #[must_use]
    pub fn property(&self) -> Option<&'static Property> {
        self.object.class().property(self.slot)
    }

    /// The value.
    ///
    /// # Errors
    /// It is no `T`.
    #[inline]
    pub fn get<'a, T: FromValue<'a>>(&'a self) -> Result<T> {
        T::from_value(self.object.value(self.slot))
            .ok_or_else(|| ModelErrorKind::NotReadableAs { asked: T::EXPECTED }.into())
    }

    /// Writes the value.
    pub fn write(&self, output: &mut dyn Output) {
        self.object.write_slot(self.slot, output);
    }

    /// Sets the property, which must be live.
    ///
    /// # Errors
    /// It cannot be changed, or the value does not fit.
    #[inline]
    pub fn set(&self, value: impl ToNative) -> Result<()> {
        let native: Native<'_> = value.to_native();
        self.object.set_slot(self.slot, &native)
    }
}
