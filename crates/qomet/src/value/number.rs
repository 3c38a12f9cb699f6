//! Integers of every width, and doubles.

use super::{Value, ValueType, out_of_range};
use crate::error::Failed;
use crate::visit::{Input, Output, ValueRef};

macro_rules! integers {
    ($($type:ident $bits:literal $signed:literal $wide:ident $method:ident $variant:ident;)*) => {$(
        impl Value for $type {
            const TYPE: &'static ValueType = &ValueType::Int { bits: $bits, signed: $signed };

            fn read(input: &mut dyn Input) -> Result<Self, Failed> {
                let wide: $wide = input.$method()?;
                $type::try_from(wide)
                    .map_err(|_| out_of_range(input, $type::MIN.into(), $type::MAX.into(), wide.into()))
            }
            fn write(&self, output: &mut dyn Output) {
                output.$method((*self).into());
            }
            fn placeholder() -> Self {
                0
            }
            fn value_ref(&self) -> ValueRef<'_> {
                ValueRef::$variant((*self).into())
            }
            fn magnitude(&self) -> Option<i128> {
                Some((*self).into())
            }
        }
    )*};
}

integers! {
    i8 8 true i64 int64 Int;
    i16 16 true i64 int64 Int;
    i32 32 true i64 int64 Int;
    i64 64 true i64 int64 Int;
    u8 8 false u64 uint64 Uint;
    u16 16 false u64 uint64 Uint;
    u32 32 false u64 uint64 Uint;
    u64 64 false u64 uint64 Uint;
}

impl Value for f64 {
    const TYPE: &'static ValueType = &ValueType::Number;

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        input.number()
    }
    fn write(&self, output: &mut dyn Output) {
        output.number(*self);
    }
    fn placeholder() -> Self {
        0.0
    }
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Number(*self)
    }
}
