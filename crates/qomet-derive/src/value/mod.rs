//! `#[derive(Value)]`: one file for each of the three things it makes.
//!
//! An enum without fields is a QAPI enum, a struct a QAPI struct, an enum with one field in each variant a QAPI
//! alternate.

mod alternate;
mod enumeration;
mod structure;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Ident, Path, Visibility, parse_quote};

use crate::attribute::{Given, Key, Takes, Vocabulary};
use crate::mistakes::Mistakes;

/// What the three have in common.
struct Head {
    ident: Ident,
    visibility: Visibility,
    krate: Path,
    /// The QAPI name.
    name: String,
}

const TYPE: Vocabulary = Vocabulary {
    attribute: "value",
    on: "a value type",
    keys: &[
        Key { name: "name", takes: Takes::Text, write: "name = \"HostMemPolicy\"" },
        Key { name: "crate", takes: Takes::Path, write: "crate = path::to::qomet" },
    ],
    instead: &[],
};

/// The expansion of the derive.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut mistakes = Mistakes::default();
    let given = TYPE.read(&input.attrs, &mut mistakes);
    let is_generic = !input.generics.params.is_empty();
    if is_generic {
        mistakes.add_over(&input.generics, "a value type has no generics: write one type for each use");
    }
    let head = Head {
        krate: given.path("crate").cloned().unwrap_or_else(|| parse_quote!(::qomet)),
        name: given.text("name").map_or_else(|| input.ident.to_string(), syn::LitStr::value),
        ident: input.ident,
        visibility: input.vis,
    };
    let expansion = match input.data {
        Data::Struct(data) => structure::expand(&head, data.fields, &mut mistakes),
        Data::Enum(data) if data.variants.is_empty() => {
            mistakes.add(head.ident.span(), "an enum without variants has no value: write at least one");
            TokenStream::new()
        }
        Data::Enum(data) if data.variants.iter().all(|one| matches!(one.fields, Fields::Unit)) => {
            enumeration::expand(&head, data.variants.into_iter().collect(), &mut mistakes)
        }
        Data::Enum(data) => alternate::expand(&head, data.variants.into_iter().collect(), &mut mistakes),
        Data::Union(data) => {
            mistakes.add(data.union_token.span, "a value is an enum or a struct: write `enum` or `struct`");
            TokenStream::new()
        }
    };
    match mistakes.into_tokens() {
        None => expansion,
        Some(errors) if is_generic => errors,
        Some(mut errors) => {
            errors.extend(stub(&head));
            errors
        }
    }
}

/// The name of a variant: as given, or made from its identifier.
fn wire_name(given: &Given, otherwise: String, mistakes: &mut Mistakes) -> String {
    let Some(text) = given.text("rename") else { return otherwise };
    let name = text.value();
    if !crate::describe::is_name(&name) {
        mistakes.add(
            text.span(),
            "not a name: write letters, digits, `-`, `_` and `.`, starting with a letter or digit",
        );
    }
    name
}

/// What stands in for the expansion where there are mistakes, so that only those are reported. It never runs.
fn stub(head: &Head) -> TokenStream {
    let Head { ident, krate, .. } = head;
    quote! {
        #[automatically_derived]
        impl #krate::Value for #ident {
            const TYPE: &'static #krate::ValueType = &#krate::ValueType::Bool;
            fn read(_: &mut dyn #krate::Input) -> ::core::result::Result<Self, #krate::Failed> { loop {} }
            fn write(&self, _: &mut dyn #krate::Output) { loop {} }
            fn placeholder() -> Self { loop {} }
        }

        #krate::__live_by_snapshot!([] #ident);
    }
}
