//! Bytes and text that nobody sees and that are wiped when they are dropped.

use std::fmt;

use qomet::{Failed, Input, Output, Value, ValueRef, ValueType};
use zeroize::Zeroizing;

/// A secret: bytes that are wiped when they are dropped and that no message shows.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        SecretBytes(bytes)
    }

    /// The bytes. Whoever copies them has to wipe the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.0.len())
    }
}

/// The text of a write-only property, wiped when it is dropped.
#[derive(Clone, Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}

/// To the object model it is a string. That it is sensitive is declared where it is a property: then its value is compared
/// with that of a draft, so that a plan sees another password, and goes nowhere else.
impl Value for SecretText {
    const TYPE: &'static ValueType = &ValueType::String;

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        input.string().map(|text| SecretText(Zeroizing::new(text.into_owned())))
    }
    fn write(&self, output: &mut dyn Output) {
        output.string(&self.0);
    }
    fn placeholder() -> Self {
        SecretText::default()
    }
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Str(self.0.as_str().into())
    }
}
