//! Rust values as a source: `object.set("speed", 30u64)`.

use std::borrow::Cow;

use super::{Input, InputKind, LinkTarget, Output, ValueRef};
use crate::error::{Diagnostics, Failed, ModelErrorKind, Problem};
use crate::object::ObjectRef;
use crate::value::Size;

/// A Rust value on its way into a property.
#[derive(Clone, Debug)]
pub enum Native<'a> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer or size.
    Uint(u64),
    /// A number.
    Number(f64),
    /// A string, path, or the name of an enum's value.
    Str(Cow<'a, str>),
    /// The target of a link.
    Object(ObjectRef),
    /// A list.
    List(Vec<Native<'a>>),
    /// A struct: members in order.
    Struct(Vec<(Cow<'a, str>, Native<'a>)>),
}

/// What can be given to a property as it is.
pub trait ToNative {
    /// The value, borrowed where that is possible.
    fn to_native(&self) -> Native<'_>;
}

macro_rules! to_native {
    ($($type:ty => $variant:ident as $as:ty),* $(,)?) => {$(
        impl ToNative for $type {
            fn to_native(&self) -> Native<'_> {
                Native::$variant(<$as>::from(*self))
            }
        }
    )*};
}
to_native! {
    bool => Bool as bool,
    i8 => Int as i64, i16 => Int as i64, i32 => Int as i64, i64 => Int as i64,
    u8 => Uint as u64, u16 => Uint as u64, u32 => Uint as u64, u64 => Uint as u64,
    Size => Uint as u64, f64 => Number as f64,
}

impl ToNative for str {
    fn to_native(&self) -> Native<'_> {
        Native::Str(Cow::Borrowed(self))
    }
}

impl ToNative for String {
    fn to_native(&self) -> Native<'_> {
        Native::Str(Cow::Borrowed(self))
    }
}

impl ToNative for ObjectRef {
    fn to_native(&self) -> Native<'_> {
        Native::Object(self.clone())
    }
}

impl<T: ToNative + ?Sized> ToNative for &T {
    fn to_native(&self) -> Native<'_> {
        (**self).to_native()
    }
}

impl<T: ToNative> ToNative for Option<T> {
    fn to_native(&self) -> Native<'_> {
        self.as_ref().map_or(Native::Null, ToNative::to_native)
    }
}

impl<T: ToNative> ToNative for [T] {
    fn to_native(&self) -> Native<'_> {
        Native::List(self.iter().map(ToNative::to_native).collect())
    }
}

impl<T: ToNative> ToNative for Vec<T> {
    fn to_native(&self) -> Native<'_> {
        self.as_slice().to_native()
    }
}

impl ToNative for Native<'_> {
    fn to_native(&self) -> Native<'_> {
        self.clone()
    }
}

/// An [`Input`] over a [`Native`] value.
pub struct NativeInput<'a> {
    /// The containers around the value in front, and where in them we are.
    stack: Vec<(&'a Native<'a>, usize)>,
    front: Option<&'a Native<'a>>,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> NativeInput<'a> {
    /// Stands in front of `value`; what is wrong is reported to `diagnostics`.
    pub fn new(value: &'a Native<'a>, diagnostics: &'a mut Diagnostics) -> Self {
        NativeInput { stack: Vec::new(), front: Some(value), diagnostics }
    }

    fn wrong(&mut self, expected: &'static str) -> Failed {
        let found = self.kind();
        let value = match self.front {
            Some(Native::Bool(value)) => value.to_string(),
            Some(Native::Int(value)) => value.to_string(),
            Some(Native::Uint(value)) => value.to_string(),
            Some(Native::Number(value)) => value.to_string(),
            Some(Native::Str(value)) => value.to_string(),
            _ => String::new(),
        };
        self.report(Box::new(ModelErrorKind::WrongType { expected, found, value }))
    }

    fn outside(&mut self, minimum: i128, maximum: i128, value: String) -> Failed {
        self.report(Box::new(ModelErrorKind::OutOfRange { minimum, maximum, value }))
    }
}

impl Input for NativeInput<'_> {
    fn kind(&mut self) -> InputKind {
        match self.front {
            Some(Native::Null) | None => InputKind::Null,
            Some(Native::Bool(_)) => InputKind::Bool,
            Some(Native::Int(_) | Native::Uint(_)) => InputKind::Integer,
            Some(Native::Number(_)) => InputKind::Number,
            Some(Native::Str(_) | Native::Object(_)) => InputKind::String,
            Some(Native::List(_)) => InputKind::List,
            Some(Native::Struct(_)) => InputKind::Struct,
        }
    }

    fn report(&mut self, problem: Box<dyn Problem>) -> Failed {
        self.diagnostics.report(problem)
    }

    fn boolean(&mut self) -> Result<bool, Failed> {
        match self.front {
            Some(Native::Bool(value)) => Ok(*value),
            _ => Err(self.wrong("a boolean")),
        }
    }

    fn int64(&mut self) -> Result<i64, Failed> {
        match self.front {
            Some(Native::Int(value)) => Ok(*value),
            Some(Native::Uint(value)) => match i64::try_from(*value) {
                Ok(value) => Ok(value),
                Err(_) => Err(self.outside(i64::MIN.into(), i64::MAX.into(), value.to_string())),
            },
            _ => Err(self.wrong("an integer")),
        }
    }

    fn uint64(&mut self) -> Result<u64, Failed> {
        match self.front {
            Some(Native::Uint(value)) => Ok(*value),
            Some(Native::Int(value)) => match u64::try_from(*value) {
                Ok(value) => Ok(value),
                Err(_) => Err(self.outside(0, u64::MAX.into(), value.to_string())),
            },
            _ => Err(self.wrong("an unsigned integer")),
        }
    }

    fn size(&mut self) -> Result<u64, Failed> {
        match self.front {
            Some(Native::Uint(_) | Native::Int(_)) => self.uint64(),
            Some(Native::Str(text)) => match text.parse::<Size>() {
                Ok(size) => Ok(size.bytes()),
                Err(kind) => Err(self.report(Box::new(kind))),
            },
            _ => Err(self.wrong("a size")),
        }
    }

    fn number(&mut self) -> Result<f64, Failed> {
        match self.front {
            Some(Native::Number(value)) if value.is_finite() => Ok(*value),
            #[allow(clippy::cast_precision_loss, reason = "as JSON does: a number is the nearest double")]
            Some(Native::Int(value)) => Ok(*value as f64),
            #[allow(clippy::cast_precision_loss, reason = "as JSON does: a number is the nearest double")]
            Some(Native::Uint(value)) => Ok(*value as f64),
            _ => Err(self.wrong("a number")),
        }
    }

    fn string(&mut self) -> Result<Cow<'_, str>, Failed> {
        match self.front {
            Some(Native::Str(value)) => Ok(Cow::Borrowed(value)),
            Some(Native::Object(object)) => Ok(Cow::Owned(object.path())),
            _ => Err(self.wrong("a string")),
        }
    }

    fn null(&mut self) -> Result<(), Failed> {
        match self.front {
            Some(Native::Null) | None => Ok(()),
            _ => Err(self.wrong("null")),
        }
    }

    fn link(&mut self) -> Result<LinkTarget, Failed> {
        match self.front {
            Some(Native::Object(object)) => Ok(LinkTarget::Object(object.clone())),
            _ => self.string().map(|text| LinkTarget::Path(text.into_owned())),
        }
    }

    fn begin_struct(&mut self) -> Result<(), Failed> {
        match self.front {
            Some(value @ Native::Struct(_)) => {
                self.stack.push((value, 0));
                Ok(())
            }
            _ => Err(self.wrong("an object")),
        }
    }

    fn next_member(&mut self, members: &[&'static str]) -> Option<Result<usize, Failed>> {
        let (container, next) = self.stack.last_mut()?;
        let Native::Struct(list) = *container else { return None };
        let Some((name, value)) = list.get(*next) else {
            self.front = Some(container);
            return None;
        };
        *next += 1;
        self.front = Some(value);
        Some(members.iter().position(|member| *member == name.as_ref()).ok_or_else(|| {
            let members = members.to_vec();
            self.report_name(Box::new(ModelErrorKind::UnknownMember { name: name.to_string(), members }))
        }))
    }

    fn end_struct(&mut self) {
        self.front = self.stack.pop().map(|(container, _)| container);
    }

    fn begin_list(&mut self) -> Result<(), Failed> {
        match self.front {
            Some(value @ Native::List(_)) => {
                self.stack.push((value, 0));
                Ok(())
            }
            _ => Err(self.wrong("a list")),
        }
    }

    fn next_element(&mut self) -> bool {
        let Some((container, next)) = self.stack.last_mut() else { return false };
        let Native::List(list) = *container else { return false };
        self.front = list.get(*next).or(Some(container));
        *next += 1;
        *next <= list.len()
    }

    fn end_list(&mut self) {
        self.end_struct();
    }
}

impl<'a> Native<'a> {
    /// Writes the value.
    pub fn write(&self, output: &mut dyn Output) {
        match self {
            Native::Null => output.null(),
            Native::Bool(value) => output.boolean(*value),
            Native::Int(value) => output.int64(*value),
            Native::Uint(value) => output.uint64(*value),
            Native::Number(value) => output.number(*value),
            Native::Str(value) => output.string(value),
            Native::Object(object) => output.string(&object.path()),
            Native::List(list) => {
                output.begin_list();
                list.iter().for_each(|element| element.write(output));
                output.end_list();
            }
            Native::Struct(members) => {
                output.begin_struct();
                for (name, value) in members {
                    output.member(name);
                    value.write(output);
                }
                output.end_struct();
            }
        }
    }

    /// The value where it is a scalar or a string.
    #[must_use]
    pub fn into_value_ref(self) -> ValueRef<'a> {
        match self {
            Native::Null => ValueRef::Null,
            Native::Bool(value) => ValueRef::Bool(value),
            Native::Int(value) => ValueRef::Int(value),
            Native::Uint(value) => ValueRef::Uint(value),
            Native::Number(value) => ValueRef::Number(value),
            Native::Str(value) => ValueRef::Str(value),
            Native::Object(object) => ValueRef::Str(object.path().into()),
            Native::List(_) | Native::Struct(_) => ValueRef::Complex,
        }
    }
}
