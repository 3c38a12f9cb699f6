//! Descriptions of value types, for whoever introspects.

use std::fmt;

use crate::visit::{Output, ValueRef};

/// The type of a value. Everything is static: describing a type constructs nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueType {
    /// `true` or `false`.
    Bool,
    /// An integer of so many bits.
    Int {
        /// The width: 8, 16, 32 or 64.
        bits: u8,
        /// Whether it may be negative.
        signed: bool,
    },
    /// A number of bytes.
    Size,
    /// A double.
    Number,
    /// A string.
    String,
    /// A path of the host's file system.
    Path,
    /// One of several names.
    Enum(&'static EnumType),
    /// Members with names.
    Struct(&'static StructType),
    /// Any number of elements of one type.
    List(&'static ValueType),
    /// One of several types, told apart by the kind of JSON value.
    Alternate(&'static [Alternative]),
    /// The path of an object of a certain type.
    Link {
        /// The name of the type the target must have.
        target: &'static str,
        /// Whether the link keeps its target from being deleted.
        holds: bool,
    },
    /// The id of an object that a user created, of a certain type.
    Id {
        /// The name of the type the object must have.
        target: &'static str,
    },
    /// A value that may be absent.
    Optional(&'static ValueType),
}

/// The type of an enum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnumType {
    /// The QAPI name, such as `OnOffAuto`.
    pub name: &'static str,
    /// The names of the values, in declared order.
    pub names: &'static [&'static str],
    /// What each value means, in the same order; empty where that is not said.
    pub descriptions: &'static [&'static str],
}

/// The type of a struct.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StructType {
    /// The QAPI name.
    pub name: &'static str,
    /// The members, in declared order.
    pub members: &'static [Member],
}

/// A member of a struct.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// The name on the wire.
    pub name: &'static str,
    /// Its type.
    pub value_type: &'static ValueType,
    /// Whether it must be given.
    pub required: bool,
    /// What it means.
    pub description: &'static str,
}

/// One of the types of an alternate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternative {
    /// The name of the branch.
    pub name: &'static str,
    /// Its type.
    pub value_type: &'static ValueType,
}

impl ValueType {
    /// The least and the greatest number of the type, if it is one.
    #[must_use]
    pub fn range(&self) -> (i128, i128) {
        match self.inner() {
            ValueType::Int { bits, signed: false } => (0, (1_i128 << bits) - 1),
            ValueType::Int { bits, signed: true } => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
            ValueType::Size => (0, u64::MAX.into()),
            _ => (i128::MIN, i128::MAX),
        }
    }

    /// The type itself, without `Optional` around it.
    #[must_use]
    pub fn inner(&self) -> &ValueType {
        match self {
            ValueType::Optional(inner) => inner.inner(),
            other => other,
        }
    }

    /// Whether a value of the type is or contains a link.
    #[must_use]
    pub fn has_links(&self) -> bool {
        match self {
            ValueType::Link { .. } | ValueType::Id { .. } => true,
            ValueType::List(inner) | ValueType::Optional(inner) => inner.has_links(),
            ValueType::Struct(kind) => kind.members.iter().any(|member| member.value_type.has_links()),
            ValueType::Alternate(all) => all.iter().any(|one| one.value_type.has_links()),
            _ => false,
        }
    }

    /// Tells the types that links in a value of the type lead to.
    pub(crate) fn targets(&self, each: &mut dyn FnMut(&'static str)) {
        match self {
            ValueType::Link { target, .. } | ValueType::Id { target } => each(target),
            ValueType::List(inner) | ValueType::Optional(inner) => inner.targets(each),
            ValueType::Struct(kind) => kind.members.iter().for_each(|one| one.value_type.targets(each)),
            ValueType::Alternate(all) => all.iter().for_each(|one| one.value_type.targets(each)),
            _ => {}
        }
    }

    /// The string that QEMU's `qom-list` shows: `int` for every integer and size, `str`, `bool`, the name of an
    /// enum or struct, `link<TYPE>`.
    #[must_use]
    pub fn qom_name(&self) -> String {
        match self {
            ValueType::Bool => "bool".to_owned(),
            ValueType::Int { .. } | ValueType::Size => "int".to_owned(),
            ValueType::Number => "number".to_owned(),
            ValueType::String | ValueType::Path | ValueType::Id { .. } => "string".to_owned(),
            ValueType::Enum(kind) => kind.name.to_owned(),
            ValueType::Struct(kind) => kind.name.to_owned(),
            ValueType::List(element) => element.qom_name(),
            ValueType::Alternate(_) => "any".to_owned(),
            ValueType::Link { target, .. } => format!("link<{target}>"),
            ValueType::Optional(inner) => inner.qom_name(),
        }
    }

    /// The words for it in messages: `a size`, `an integer`, `a list`.
    #[must_use]
    pub fn phrase(&self) -> &'static str {
        match self {
            ValueType::Bool => "a boolean",
            ValueType::Int { signed: true, .. } => "an integer",
            ValueType::Int { signed: false, .. } => "an unsigned integer",
            ValueType::Size => "a size",
            ValueType::Number => "a number",
            ValueType::String => "a string",
            ValueType::Path => "a path",
            ValueType::Enum(_) => "a name",
            ValueType::Struct(_) => "an object",
            ValueType::List(_) => "a list",
            ValueType::Alternate(_) => "a value",
            ValueType::Link { .. } => "an object's id or path",
            ValueType::Id { .. } => "an object's id",
            ValueType::Optional(inner) => inner.phrase(),
        }
    }

    /// The names of an enum's values, if this is one.
    #[must_use]
    pub fn enum_names(&self) -> Option<&'static [&'static str]> {
        match self.inner() {
            ValueType::Enum(kind) => Some(kind.names),
            _ => None,
        }
    }

    /// What a reader sees where an optional value is absent: QEMU shows the empty string for strings and links.
    #[must_use]
    pub fn absent(&self) -> ValueRef<'static> {
        match self.inner() {
            ValueType::String | ValueType::Path | ValueType::Link { .. } | ValueType::Id { .. } => {
                ValueRef::Str("".into())
            }
            ValueType::List(_) => ValueRef::Complex,
            _ => ValueRef::Null,
        }
    }

    /// Writes what [`absent`](Self::absent) shows.
    pub fn write_absent(&self, output: &mut dyn Output) {
        match self.inner() {
            ValueType::String | ValueType::Path | ValueType::Link { .. } | ValueType::Id { .. } => {
                output.string("");
            }
            ValueType::List(_) => {
                output.begin_list();
                output.end_list();
            }
            _ => output.null(),
        }
    }
}

/// The type as people read it: `size`, `u32`, `list of u16`, `on | off | auto`, `link to TYPE`.
impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueType::Bool => f.write_str("bool"),
            ValueType::Int { bits, signed } => write!(f, "{}{bits}", if *signed { 'i' } else { 'u' }),
            ValueType::Size => f.write_str("size"),
            ValueType::Number => f.write_str("number"),
            ValueType::String => f.write_str("string"),
            ValueType::Path => f.write_str("path"),
            ValueType::Enum(kind) => f.write_str(&kind.names.join(" | ")),
            ValueType::Struct(kind) => f.write_str(kind.name),
            ValueType::List(element) => write!(f, "list of {element}"),
            ValueType::Alternate(alternatives) => {
                for (index, one) in alternatives.iter().enumerate() {
                    write!(f, "{}{}", if index == 0 { "" } else { " or " }, one.value_type)?;
                }
                Ok(())
            }
            ValueType::Link { target, .. } => write!(f, "link to {target}"),
            ValueType::Id { target } => write!(f, "id of {target}"),
            ValueType::Optional(inner) => inner.fmt(f),
        }
    }
}
