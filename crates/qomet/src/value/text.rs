//! Strings, paths and the enum that needs no derive.

use std::path::PathBuf;

use super::{EnumType, Value, ValueType};
use crate::error::{Failed, ModelErrorKind};
use crate::visit::{Input, Output, ValueRef};

impl Value for String {
    const TYPE: &'static ValueType = &ValueType::String;

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        input.string().map(std::borrow::Cow::into_owned)
    }
    fn write(&self, output: &mut dyn Output) {
        output.string(self);
    }
    fn placeholder() -> Self {
        String::new()
    }
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Str(self.as_str().into())
    }
}

/// Paths are refused where no host takes them: with a NUL byte, or over `PATH_MAX`.
impl Value for PathBuf {
    const TYPE: &'static ValueType = &ValueType::Path;

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        /// Linux's `PATH_MAX` without the final NUL.
        const LIMIT: usize = 4095;
        let text = input.string()?.into_owned();
        if text.contains('\0') {
            return Err(input.report(Box::new(ModelErrorKind::NulInString)));
        }
        if text.len() > LIMIT {
            return Err(input.report(Box::new(ModelErrorKind::TooLong { limit: LIMIT, length: text.len() })));
        }
        Ok(text.into())
    }
    fn write(&self, output: &mut dyn Output) {
        output.string(&self.to_string_lossy());
    }
    fn placeholder() -> Self {
        PathBuf::new()
    }
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Str(self.to_string_lossy())
    }
}

/// `on`, `off`, or `auto`: what is best here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnOffAuto {
    /// What is best here.
    #[default]
    Auto,
    /// On.
    On,
    /// Off.
    Off,
}

impl OnOffAuto {
    const KIND: EnumType = EnumType { name: "OnOffAuto", names: &["auto", "on", "off"], descriptions: &[] };

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            OnOffAuto::Auto => "auto",
            OnOffAuto::On => "on",
            OnOffAuto::Off => "off",
        }
    }

    /// What it comes to where `auto` means `default`.
    #[must_use]
    pub const fn or(self, default: bool) -> bool {
        match self {
            OnOffAuto::Auto => default,
            OnOffAuto::On => true,
            OnOffAuto::Off => false,
        }
    }
}

impl From<bool> for OnOffAuto {
    fn from(value: bool) -> Self {
        if value { OnOffAuto::On } else { OnOffAuto::Off }
    }
}

impl Value for OnOffAuto {
    const TYPE: &'static ValueType = &ValueType::Enum(&Self::KIND);

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        Ok(match input.enumeration(Self::KIND.names)? {
            0 => OnOffAuto::Auto,
            1 => OnOffAuto::On,
            _ => OnOffAuto::Off,
        })
    }
    fn write(&self, output: &mut dyn Output) {
        output.enumeration(self.as_str());
    }
    fn placeholder() -> Self {
        OnOffAuto::Auto
    }
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Enum(self.as_str())
    }
}
