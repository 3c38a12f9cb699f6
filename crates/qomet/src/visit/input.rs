//! Values coming in.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Failed, ModelErrorKind, Problem};
use crate::object::ObjectRef;

/// What stands in the source, as far as one can see without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputKind {
    /// `null`, or nothing.
    Null,
    /// A boolean.
    Bool,
    /// A number with neither fraction nor exponent.
    Integer,
    /// Any other number.
    Number,
    /// A string.
    String,
    /// A struct: members with names.
    Struct,
    /// A list.
    List,
    /// Something that was already reported; reading it fails without a word.
    Damaged,
}

impl InputKind {
    /// The word for it in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            InputKind::Null => "null",
            InputKind::Bool => "a boolean",
            InputKind::Integer => "an integer",
            InputKind::Number => "a number",
            InputKind::String => "a string",
            InputKind::Struct => "an object",
            InputKind::List => "a list",
            InputKind::Damaged => "a syntax error",
        }
    }
}

impl fmt::Display for InputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The target of a link as the source gives it.
#[derive(Clone, Debug)]
pub enum LinkTarget {
    /// A path or id, to be looked up in a model.
    Path(String),
    /// The object itself.
    Object(ObjectRef),
}

/// A source of values, standing in front of one value.
///
/// A scalar method reads the value in front, once. `begin_struct` and `begin_list` step into it; each
/// `next_member` or `next_element` then puts the next one in front, whether or not the one before was read, so
/// that reading goes on after a mistake. A method that cannot read what is there reports why, at its place, and
/// returns the proof.
///
/// Integers: `int64` and `uint64` take exactly their range; narrower ones are checked by the value types on top
/// of them. `size` is its own method because some syntaxes write sizes in their own way (`"1G"`).
pub trait Input {
    /// What stands in front.
    fn kind(&mut self) -> InputKind;

    /// Reports a problem with what stands in front: the value, or, after `next_member` or `next_element`
    /// returned `None` or `false`, the struct or list as a whole.
    fn report(&mut self, problem: Box<dyn Problem>) -> Failed;

    /// Reports a problem with the *name* of the member in front, for sources that tell it from the value.
    fn report_name(&mut self, problem: Box<dyn Problem>) -> Failed {
        self.report(problem)
    }

    /// Reads a boolean.
    fn boolean(&mut self) -> Result<bool, Failed>;
    /// Reads a signed integer.
    fn int64(&mut self) -> Result<i64, Failed>;
    /// Reads an unsigned integer.
    fn uint64(&mut self) -> Result<u64, Failed>;
    /// Reads a number of bytes.
    fn size(&mut self) -> Result<u64, Failed>;
    /// Reads a finite number.
    fn number(&mut self) -> Result<f64, Failed>;
    /// Reads a string.
    fn string(&mut self) -> Result<Cow<'_, str>, Failed>;
    /// Reads a null.
    fn null(&mut self) -> Result<(), Failed>;

    /// Reads the name of one of `names`; returns its index.
    fn enumeration(&mut self, names: &'static [&'static str]) -> Result<usize, Failed> {
        let found = self.kind();
        if !matches!(found, InputKind::String | InputKind::Damaged) {
            return Err(self.report(Box::new(ModelErrorKind::NotAName { names, found })));
        }
        let unknown = match self.string() {
            Ok(text) => match names.iter().position(|name| *name == text) {
                Some(index) => return Ok(index),
                None => text.into_owned(),
            },
            Err(failed) => return Err(failed),
        };
        Err(self.report(Box::new(ModelErrorKind::UnknownEnumValue { value: unknown, names })))
    }

    /// Reads the target of a link.
    fn link(&mut self) -> Result<LinkTarget, Failed> {
        self.string().map(|text| LinkTarget::Path(text.into_owned()))
    }

    /// Steps into a struct.
    fn begin_struct(&mut self) -> Result<(), Failed>;
    /// Puts the next member in front and gives its name's index in `members`; a name that is not there is
    /// reported. `None` at the end.
    fn next_member(&mut self, members: &[&'static str]) -> Option<Result<usize, Failed>>;
    /// Steps out of the struct.
    fn end_struct(&mut self);

    /// Steps into a list.
    fn begin_list(&mut self) -> Result<(), Failed>;
    /// Puts the next element in front; `false` at the end.
    fn next_element(&mut self) -> bool;
    /// Steps out of the list.
    fn end_list(&mut self);
}
