//! An enum without fields: a QAPI enum, held live in an atomic.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::Variant;

use super::{Head, wire_name};
use crate::attribute::{Instead, Key, Takes, Vocabulary};
use crate::describe::{description, variant_name};
use crate::mistakes::Mistakes;

const VARIANT: Vocabulary = Vocabulary {
    attribute: "value",
    on: "a variant",
    keys: &[Key { name: "rename", takes: Takes::Text, write: "rename = \"round-robin\"" }],
    instead: &[Instead { name: "name", message: "write `rename = \"…\"`" }],
};

pub(super) fn expand(head: &Head, variants: Vec<Variant>, mistakes: &mut Mistakes) -> TokenStream {
    let Head { ident, visibility, krate, name } = head;
    let mut names: Vec<String> = Vec::new();
    for variant in &variants {
        let given = VARIANT.read(&variant.attrs, mistakes);
        let name = wire_name(&given, variant_name(&variant.ident), mistakes);
        if names.contains(&name) {
            let span = given.text("rename").map_or(variant.ident.span(), syn::LitStr::span);
            mistakes.add(span, format_args!("there is a value `{name}` already: write another name"));
        }
        names.push(name);
    }
    let descriptions: Vec<String> =
        variants.iter().map(|variant| description(&variant.attrs).unwrap_or_default()).collect();
    let idents: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let numbers: Vec<_> = (0..variants.len()).map(Literal::usize_unsuffixed).collect();
    let (others, other_numbers) = (idents.get(1..).unwrap_or_default(), numbers.get(1..).unwrap_or_default());
    let first = idents.first();
    let value = quote_spanned!(ident.span()=> #krate::Value);
    quote! {
        #[automatically_derived]
        #[allow(dead_code, reason = "not every program asks for the name")]
        impl #ident {
            /// The name on the wire.
            #[must_use]
            #visibility const fn as_str(&self) -> &'static str {
                match self {
                    #(Self::#idents => #names,)*
                }
            }
        }

        const _: () = {
            const NAMES: &[&str] = &[#(#names),*];

            const fn to_number(value: &#ident) -> usize {
                match value {
                    #(#ident::#idents => #numbers,)*
                }
            }

            const fn from_number(number: usize) -> #ident {
                match number {
                    #(#other_numbers => #ident::#others,)*
                    _ => #ident::#first,
                }
            }

            #[automatically_derived]
            impl #value for #ident {
                const TYPE: &'static #krate::ValueType = &#krate::ValueType::Enum(&#krate::EnumType {
                    name: #name,
                    names: NAMES,
                    descriptions: &[#(#descriptions),*],
                });

                fn read(input: &mut dyn #krate::Input) -> ::core::result::Result<Self, #krate::Failed> {
                    input.enumeration(NAMES).map(from_number)
                }

                fn write(&self, output: &mut dyn #krate::Output) {
                    output.enumeration(self.as_str());
                }

                fn placeholder() -> Self {
                    Self::#first
                }

                #[inline]
                fn value_ref(&self) -> #krate::ValueRef<'_> {
                    #krate::ValueRef::Enum(self.as_str())
                }
            }

            #[automatically_derived]
            impl #krate::LiveValue for #ident {
                type Cell = ::core::sync::atomic::AtomicUsize;

                fn into_cell(self) -> Self::Cell {
                    ::core::sync::atomic::AtomicUsize::new(to_number(&self))
                }

                #[inline]
                fn load(cell: &Self::Cell) -> Self {
                    from_number(cell.load(::core::sync::atomic::Ordering::Acquire))
                }

                fn store(cell: &Self::Cell, value: Self) {
                    cell.store(to_number(&value), ::core::sync::atomic::Ordering::Release);
                }
            }
        };
    }
}
