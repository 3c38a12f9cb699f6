//! `#[derive(Object)]` and `#[derive(Value)]` of the crate `qomet`, which re-exports them: use them from there.
//!
//! This file is the entry; everything behind it is `TokenStream` to `TokenStream` and tested without a compiler.
//!
//! ```text
//! object      the derive for types of objects
//! value       the derive for enums, structs and alternates
//! attribute   reading #[object(…)], #[property(…)], #[value(…)]
//! describe    names and descriptions
//! kind        what the tokens of a field's type say
//! mistakes    collecting mistakes, so that all are reported together
//! ```

mod attribute;
mod describe;
mod kind;
mod mistakes;
mod object;
mod value;

use proc_macro::TokenStream;

/// An object type.
#[proc_macro_derive(Object, attributes(object, property))]
pub fn object(input: TokenStream) -> TokenStream {
    object::expand(input.into()).into()
}

/// A value type.
#[proc_macro_derive(Value, attributes(value))]
pub fn value(input: TokenStream) -> TokenStream {
    value::expand(input.into()).into()
}
