//! `#[derive(Object)]`: [`model`] is what the author declared, [`emit`] what the compiler gets, [`stub`] what it
//! gets instead where there are mistakes.

mod arms;
mod emit;
mod model;
mod property;
mod stub;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::mistakes::Mistakes;
use model::ObjectModel;

/// The expansion of the derive.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let is_generic = !input.generics.params.is_empty();
    let mut mistakes = Mistakes::default();
    let model = ObjectModel::parse(input, &mut mistakes);
    match mistakes.into_tokens() {
        None => emit::emit(&model),
        Some(errors) if is_generic => errors,
        Some(mut errors) => {
            errors.extend(stub::emit(&model));
            errors
        }
    }
}
