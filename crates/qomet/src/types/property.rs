//! What is known of a property without any object.

use super::Need;
use crate::error::{Failed, ModelErrorKind};
use crate::model::needs;
use crate::value::{Field, Mutability, Value, ValueType};
use crate::visit::{Input, InputKind, Output};

/// Whether a property must be given, and what it is otherwise.
#[derive(Clone, Copy, Debug)]
pub enum Presence {
    /// It must be given.
    Required,
    /// It has a default, which the function writes.
    Default(fn(&mut dyn Output)),
    /// It is absent unless given.
    Optional,
}

/// The numbers a property takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least, if that is more than the type's least.
    pub minimum: Option<i128>,
    /// The greatest, if that is less than the type's greatest.
    pub maximum: Option<i128>,
    /// What it must be a multiple of.
    pub multiple_of: Option<u64>,
}

impl Bounds {
    /// No bounds.
    pub const NONE: Bounds = Bounds { minimum: None, maximum: None, multiple_of: None };

    /// Reports a value outside of the bounds.
    ///
    /// # Errors
    /// The proof that it was reported.
    pub fn check<V: Value>(&self, value: &V, input: &mut dyn Input) -> Result<(), Failed> {
        let Some(number) = value.magnitude() else { return Ok(()) };
        let (least, greatest) = V::TYPE.range();
        let (minimum, maximum) = (self.minimum.unwrap_or(least), self.maximum.unwrap_or(greatest));
        if number < minimum || number > maximum {
            return Err(crate::value::out_of_range(input, minimum, maximum, number));
        }
        if let (Some(multiple), Ok(value)) = (self.multiple_of, u64::try_from(number))
            && multiple != 0
            && value % multiple != 0
        {
            return Err(input.report(Box::new(ModelErrorKind::NotMultiple { multiple, value })));
        }
        Ok(())
    }
}

/// Everything that is known of a property: the one declaration on its field.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// The name on the wire.
    pub name: &'static str,
    /// The type of its value.
    pub value_type: &'static ValueType,
    /// What it means: the first paragraph of the field's documentation.
    pub description: &'static str,
    /// Whether it must be given.
    pub presence: Presence,
    /// When it may be set.
    pub mutability: Mutability,
    /// The numbers it takes.
    pub bounds: Bounds,
    /// The unit of its number, such as `bytes`, `pages`, `ns`; absent where the type says it.
    pub unit: Option<&'static str>,
    /// A value as a document writes it: text as it is, or the JSON of what is no text.
    pub example: Option<&'static str>,
    /// What it needs of the objects that it links to.
    pub needs: &'static [Need],
    /// Whether a reader of a realized object sees what the configured value came to.
    pub effective: bool,
    /// Whether it is write-only: no getter, log line or diagnostic shows it.
    pub sensitive: bool,
    /// The version that introduced it.
    pub since: Option<&'static str>,
    /// The version since which it is deprecated.
    pub deprecated: Option<&'static str>,
    /// The property to use instead of a deprecated one.
    pub replaced_by: Option<&'static str>,
    /// Whether it may change or go without notice.
    pub unstable: bool,
}

impl Property {
    /// Whether it must be given.
    #[must_use]
    pub fn is_required(&self) -> bool {
        matches!(self.presence, Presence::Required)
    }

    /// Whether a bag may give it.
    #[must_use]
    pub fn is_settable(&self) -> bool {
        self.mutability != Mutability::Computed
    }

    /// Reads a value for the property and checks its bounds.
    ///
    /// # Errors
    /// The proof that what was wrong was reported.
    pub fn read<F: Field>(&self, input: &mut dyn Input) -> Result<F::Value, Failed> {
        // Sensitive ones are strings (the registry sees to that), so this is all that can be wrong with the value's
        // kind; what a source would say about it shows the value.
        if self.sensitive && !matches!(input.kind(), InputKind::String | InputKind::Damaged) {
            let expected = self.value_type.phrase();
            return Err(input.report(Box::new(ModelErrorKind::SensitiveMismatch { expected })));
        }
        let value = F::Value::read(input)?;
        self.bounds.check(&value, input)?;
        if !self.needs.is_empty() {
            needs::of_value(self, &value, input)?;
        }
        Ok(value)
    }
}
