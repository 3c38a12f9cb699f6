//! What one object needs of another that it links to.
//!
//! A need is declared once, on the property that links (`#[property(needs(share = true))]`), about a property of the
//! target by its name. So the one who needs and the one who has know nothing of each other, and a need is shown
//! wherever a property is. It is judged in `model::needs`.
//!
//! A need is about what cannot change while the link stands: the registry refuses one about a live property. So
//! nobody has to look at an object's users when it is set.

use std::borrow::Cow;
use std::fmt;

use super::Property;
use crate::error::Problem;
use crate::value::ValueType;
use crate::visit::{Native, NativeOutput, Output, TextOutput};

/// What a property that links needs of its target.
#[derive(Clone, Copy)]
pub struct Need {
    /// The property of the target, in its wire spelling. A target without such a property has what it takes.
    pub property: &'static str,
    /// How the property and the value are to be related.
    pub relation: Relation,
    /// Writes the value.
    pub value: fn(&mut dyn Output),
}

/// How a property of a target is to be related to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is the value.
    Is,
    /// It is a number that is not less.
    AtLeast,
    /// It is a number that is not more.
    AtMost,
}

impl Relation {
    /// The word for it: `is`, `at-least` or `at-most`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Relation::Is => "is",
            Relation::AtLeast => "at-least",
            Relation::AtMost => "at-most",
        }
    }
}

/// What a property will come to once the object is realized, as far as can be told before.
#[derive(Clone, Debug)]
pub enum Foreseen {
    /// What it is configured to.
    AsConfigured,
    /// This, which follows from these other properties too.
    Value(Native<'static>, &'static [&'static str]),
    /// Nobody can tell yet.
    Unknown,
}

/// What the type of a target says of a need that is not met.
#[derive(Debug)]
pub enum Advice {
    /// Set the property.
    Set,
    /// To set the property is no way: do this instead, as a sentence.
    Instead(Cow<'static, str>),
    /// It is a mistake of another kind.
    Mistake(Box<dyn Problem>),
}

impl Need {
    /// The value.
    #[must_use]
    pub fn native(&self) -> Native<'static> {
        let mut output = NativeOutput::telling_absence();
        (self.value)(&mut output);
        output.finish()
    }

    /// Whether `value` is what is needed.
    pub(crate) fn is_met(&self, value: &Native<'_>) -> bool {
        match (self.relation, number(value), number(&self.native())) {
            (Relation::AtLeast, Some(value), Some(needed)) => value >= needed,
            (Relation::AtMost, Some(value), Some(needed)) => value <= needed,
            (Relation::Is, Some(value), Some(needed)) => value == needed,
            _ => match (value, &self.native()) {
                (Native::Bool(value), Native::Bool(needed)) => value == needed,
                (Native::Str(value), Native::Str(needed)) => value == needed,
                _ => false,
            },
        }
    }

    /// Whether a property of that type can meet it at all.
    pub(crate) fn fits(&self, kind: &ValueType) -> bool {
        match (kind.inner(), self.native()) {
            (ValueType::Int { .. } | ValueType::Size, value) => number(&value).is_some(),
            (ValueType::Bool, Native::Bool(_)) => self.relation == Relation::Is,
            (ValueType::String | ValueType::Path, Native::Str(_)) => self.relation == Relation::Is,
            (ValueType::Enum(kind), Native::Str(name)) => {
                self.relation == Relation::Is && kind.names.contains(&&*name)
            }
            _ => false,
        }
    }

    /// What was found, in the words of the need: `share=off`, `x-page-size=4 KiB`.
    pub(crate) fn found(&self, property: &Property, value: &Native<'_>) -> String {
        let text = match (property.value_type.inner(), value) {
            (ValueType::Size, Native::Uint(bytes)) => TextOutput::of(|out| out.size(*bytes)),
            (_, value) => TextOutput::of(|out| value.write(out)),
        };
        format!("{}={text}", self.property)
    }
}

/// `share=on`, `x-page-size of at least 2 MiB`.
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = TextOutput::of(|out| (self.value)(out));
        match self.relation {
            Relation::Is => write!(f, "{}={value}", self.property),
            Relation::AtLeast => write!(f, "{} of at least {value}", self.property),
            Relation::AtMost => write!(f, "{} of at most {value}", self.property),
        }
    }
}

impl fmt::Debug for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Need({self})")
    }
}

fn number(value: &Native<'_>) -> Option<i128> {
    match value {
        Native::Int(value) => Some((*value).into()),
        Native::Uint(value) => Some((*value).into()),
        _ => None,
    }
}
