//! Values going out.

use std::borrow::Cow;

/// A sink of values. It cannot fail: who writes to something that can, keeps the error for the end.
pub trait Output {
    /// Writes a boolean.
    fn boolean(&mut self, value: bool);
    /// Writes a signed integer.
    fn int64(&mut self, value: i64);
    /// Writes an unsigned integer.
    fn uint64(&mut self, value: u64);
    /// Writes a number of bytes.
    fn size(&mut self, value: u64);
    /// Writes a number.
    fn number(&mut self, value: f64);
    /// Writes a string.
    fn string(&mut self, value: &str);
    /// Writes the name of an enum's value.
    fn enumeration(&mut self, name: &'static str) {
        self.string(name);
    }
    /// Writes that there is no value.
    fn null(&mut self);
    /// Writes that an optional value is absent, if the output tells that from an empty one. If it does not (false),
    /// readers are shown what QEMU shows: see [`ValueType::absent`](crate::ValueType::absent).
    fn absent(&mut self) -> bool {
        false
    }

    /// Starts a struct.
    fn begin_struct(&mut self);
    /// Names the member whose value is written next.
    fn member(&mut self, name: &str);
    /// Ends the struct.
    fn end_struct(&mut self);

    /// Starts a list; its elements are written next.
    fn begin_list(&mut self);
    /// Ends the list.
    fn end_list(&mut self);
}

/// A value as it is read without a visitor: scalars by value, strings borrowed.
///
/// This is the fast way out of an object; what does not fit is [`Complex`](ValueRef::Complex) and is read
/// through an [`Output`].
#[derive(Clone, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A number of bytes.
    Size(u64),
    /// A number.
    Number(f64),
    /// A string: borrowed from frozen properties, owned where it is computed or live.
    Str(Cow<'a, str>),
    /// The name of an enum's value.
    Enum(&'static str),
    /// A struct, list, or whatever else is read through an [`Output`].
    Complex,
}

impl ValueRef<'_> {
    /// The same value, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> ValueRef<'static> {
        match self {
            ValueRef::Null => ValueRef::Null,
            ValueRef::Bool(value) => ValueRef::Bool(value),
            ValueRef::Int(value) => ValueRef::Int(value),
            ValueRef::Uint(value) => ValueRef::Uint(value),
            ValueRef::Size(value) => ValueRef::Size(value),
            ValueRef::Number(value) => ValueRef::Number(value),
            ValueRef::Str(value) => ValueRef::Str(Cow::Owned(value.into_owned())),
            ValueRef::Enum(value) => ValueRef::Enum(value),
            ValueRef::Complex => ValueRef::Complex,
        }
    }
}
