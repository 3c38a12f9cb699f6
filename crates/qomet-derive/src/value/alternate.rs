//! An enum with one field in each variant: a QAPI alternate, told apart by the kind of what stands in the source.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Fields, Ident, Type, Variant};

use super::{Head, wire_name};
use crate::attribute::{Instead, Key, Takes, Vocabulary};
use crate::describe::variant_name;
use crate::mistakes::Mistakes;

const BRANCH: Vocabulary = Vocabulary {
    attribute: "value",
    on: "a branch",
    keys: &[Key { name: "rename", takes: Takes::Text, write: "rename = \"node-name\"" }],
    instead: &[Instead { name: "name", message: "write `rename = \"…\"`" }],
};

pub(super) fn expand(head: &Head, variants: Vec<Variant>, mistakes: &mut Mistakes) -> TokenStream {
    let mut branches: Vec<(Ident, Type, String)> = Vec::new();
    for variant in variants {
        let given = BRANCH.read(&variant.attrs, mistakes);
        let name = wire_name(&given, variant_name(&variant.ident), mistakes);
        match variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                branches.extend(fields.unnamed.into_iter().map(|field| (variant.ident.clone(), field.ty, name.clone())));
            }
            _ => mistakes.add(
                variant.ident.span(),
                format_args!(
                    "an enum is a list of names (no fields at all) or an alternate (one field in each variant): \
                     write `{}(Type)`, or remove the fields of the others",
                    variant.ident
                ),
            ),
        }
    }
    let Some((first, first_kind, _)) = branches.first() else { return TokenStream::new() };
    let Head { ident, krate, .. } = head;
    let idents: Vec<_> = branches.iter().map(|(ident, ..)| ident).collect();
    let kinds: Vec<_> = branches.iter().map(|(_, kind, _)| kind).collect();
    let names: Vec<_> = branches.iter().map(|(.., name)| name).collect();
    let numbers: Vec<_> = (0..branches.len()).map(Literal::usize_unsuffixed).collect();
    let value = quote_spanned!(ident.span()=> #krate::Value);
    let distinct = quote_spanned! {ident.span()=>
        const _: () = ::core::assert!(
            #krate::__private::are_distinct(BRANCHES),
            "the branches of an alternate are told apart by kind (boolean, integer, number, string, struct, list): \
             write one branch of each kind at most"
        );
    };
    quote! {
        const _: () = {
            const BRANCHES: &[&#krate::ValueType] = &[#(<#kinds as #krate::Value>::TYPE),*];
            #distinct

            #[automatically_derived]
            impl #value for #ident {
                const TYPE: &'static #krate::ValueType = &#krate::ValueType::Alternate(&[
                    #(#krate::Alternative { name: #names, value_type: <#kinds as #krate::Value>::TYPE }),*
                ]);

                fn read(input: &mut dyn #krate::Input) -> ::core::result::Result<Self, #krate::Failed> {
                    static EXPECTED: ::std::sync::LazyLock<::std::string::String> =
                        ::std::sync::LazyLock::new(|| #krate::__private::any_of(BRANCHES));
                    let found = input.kind();
                    match #krate::__private::branch(BRANCHES, found) {
                        #(
                            ::core::option::Option::Some(#numbers) => {
                                <#kinds as #krate::Value>::read(input).map(Self::#idents)
                            }
                        )*
                        _ => ::core::result::Result::Err(input.report(::std::boxed::Box::new(
                            #krate::ModelErrorKind::WrongType {
                                expected: EXPECTED.as_str(),
                                found,
                                value: ::std::string::String::new(),
                            },
                        ))),
                    }
                }

                fn write(&self, output: &mut dyn #krate::Output) {
                    match self {
                        #(Self::#idents(value) => #krate::Value::write(value, output),)*
                    }
                }

                fn placeholder() -> Self {
                    Self::#first(<#first_kind as #krate::Value>::placeholder())
                }

                fn value_ref(&self) -> #krate::ValueRef<'_> {
                    match self {
                        #(Self::#idents(value) => #krate::Value::value_ref(value),)*
                    }
                }

                fn magnitude(&self) -> ::core::option::Option<i128> {
                    match self {
                        #(Self::#idents(value) => #krate::Value::magnitude(value),)*
                    }
                }

                fn links(&self, each: &mut dyn ::core::ops::FnMut(&dyn #krate::LinkRef)) {
                    match self {
                        #(Self::#idents(value) => #krate::Value::links(value, each),)*
                    }
                }

                fn links_mut(&mut self, each: &mut dyn ::core::ops::FnMut(&mut dyn #krate::LinkRef)) {
                    match self {
                        #(Self::#idents(value) => #krate::Value::links_mut(value, each),)*
                    }
                }
            }
        };

        #krate::__live_by_snapshot!([] #ident);
    }
}
