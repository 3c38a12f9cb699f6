//! A struct: a QAPI struct. Every wrong, unknown, repeated and missing member is reported.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Field, Fields, Ident, Type};

use super::{Head, wire_name};
use crate::attribute::{Instead, Key, Takes, Vocabulary};
use crate::describe::{description, field_name};
use crate::kind::is_option;
use crate::mistakes::Mistakes;

const MEMBER: Vocabulary = Vocabulary {
    attribute: "value",
    on: "a member",
    keys: &[
        Key { name: "rename", takes: Takes::Text, write: "rename = \"bps-total\"" },
        Key { name: "default", takes: Takes::Expression, write: "default = VALUE" },
    ],
    instead: &[
        Instead { name: "name", message: "write `rename = \"…\"`" },
        Instead {
            name: "required",
            message: "a member is required unless it has a default or a type `Option<…>`: remove `required`",
        },
    ],
};

struct Member {
    ident: Ident,
    kind: Type,
    name: String,
    description: String,
    presence: Presence,
}

enum Presence {
    Required,
    Default(Expr),
    Optional,
}

fn parse(field: Field, ident: Ident, mistakes: &mut Mistakes) -> Member {
    let given = MEMBER.read(&field.attrs, mistakes);
    let description = description(&field.attrs).unwrap_or_default();
    if description.is_empty() {
        mistakes.add(ident.span(), "a member needs a description: write `/// What it means` above the field");
    }
    let presence = match (given.expression("default"), is_option(&field.ty)) {
        (None, false) => Presence::Required,
        (None, true) => Presence::Optional,
        (Some(value), false) => Presence::Default(value.clone()),
        (Some(_), true) => {
            if let Some(span) = given.span("default") {
                mistakes.add(
                    span,
                    "an optional member is absent unless given: remove `default`, or write the type without \
                     `Option`",
                );
            }
            Presence::Optional
        }
    };
    Member {
        name: wire_name(&given, field_name(&ident), mistakes),
        kind: field.ty,
        ident,
        description,
        presence,
    }
}

pub(super) fn expand(head: &Head, fields: Fields, mistakes: &mut Mistakes) -> TokenStream {
    let fields = match fields {
        Fields::Named(fields) => fields.named,
        Fields::Unit => Default::default(),
        Fields::Unnamed(fields) => {
            let ident = &head.ident;
            mistakes.add_over(
                fields,
                format_args!("members have names: write `struct {ident} {{ name: Type, … }}`"),
            );
            return TokenStream::new();
        }
    };
    let mut members: Vec<Member> = Vec::new();
    for mut field in fields {
        let Some(ident) = field.ident.take() else { continue };
        let span = ident.span();
        let member = parse(field, ident, mistakes);
        if members.iter().any(|other| other.name == member.name) {
            mistakes
                .add(span, format_args!("there is a member `{}` already: write another name", member.name));
        }
        members.push(member);
    }
    let Head { ident, krate, name, .. } = head;
    let value = quote_spanned!(ident.span()=> #krate::Value);
    let descriptions = members.iter().map(|Member { kind, name, description, presence, .. }| {
        let required = matches!(presence, Presence::Required);
        quote! {
            #krate::Member {
                name: #name,
                value_type: <#kind as #krate::Value>::TYPE,
                required: #required,
                description: #description,
            }
        }
    });
    let (read, write) = (read(krate, &members), write(krate, &members));
    let placeholders = members.iter().map(|member| {
        let (ident, value) = (&member.ident, absent(krate, member));
        quote!(#ident: #value)
    });
    let (idents, kinds): (Vec<_>, Vec<_>) = members.iter().map(|one| (&one.ident, &one.kind)).unzip();
    let links = (!members.is_empty()).then(|| {
        quote! {
            fn links(&self, each: &mut dyn ::core::ops::FnMut(&dyn #krate::LinkRef)) {
                #(<#kinds as #krate::Value>::links(&self.#idents, each);)*
            }

            fn links_mut(&mut self, each: &mut dyn ::core::ops::FnMut(&mut dyn #krate::LinkRef)) {
                #(<#kinds as #krate::Value>::links_mut(&mut self.#idents, each);)*
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #value for #ident {
            const TYPE: &'static #krate::ValueType = &#krate::ValueType::Struct(&#krate::StructType {
                name: #name,
                members: &[#(#descriptions),*],
            });

            #read
            #write

            fn placeholder() -> Self {
                Self { #(#placeholders),* }
            }

            #links
        }

        #krate::__live_by_snapshot!([] #ident);
    }
}

/// The value of a member that is not given.
fn absent(krate: &syn::Path, member: &Member) -> TokenStream {
    let kind = &member.kind;
    match &member.presence {
        Presence::Required => quote!(<#kind as #krate::Value>::placeholder()),
        Presence::Optional => quote!(::core::option::Option::None),
        Presence::Default(value) => {
            // The binding is what a wrong type is measured against, at the author's expression.
            let kind = quote_spanned!(kind.span()=> #kind);
            quote!({
                let value: #kind = #value;
                value
            })
        }
    }
}

fn read(krate: &syn::Path, members: &[Member]) -> TokenStream {
    let slots: Vec<Ident> = (0..members.len()).map(|at| format_ident!("member_{at}")).collect();
    let seen: Vec<Ident> = (0..members.len()).map(|at| format_ident!("seen_{at}")).collect();
    let names: Vec<_> = members.iter().map(|member| &member.name).collect();
    let arms = members.iter().zip(&slots).zip(&seen).enumerate().map(|(at, ((member, slot), seen))| {
        let (kind, name, at) = (&member.kind, &member.name, Literal::usize_unsuffixed(at));
        quote! {
            ::core::result::Result::Ok(#at) if #seen => ::core::result::Result::Err(input.report_name(
                ::std::boxed::Box::new(#krate::ModelErrorKind::DuplicateMember { name: #name }),
            )),
            ::core::result::Result::Ok(#at) => {
                #seen = true;
                <#kind as #krate::Value>::read(input).map(|value| #slot = ::core::option::Option::Some(value))
            }
        }
    });
    let missing = members.iter().zip(&seen).filter_map(|(member, seen)| {
        let name = &member.name;
        matches!(member.presence, Presence::Required).then(|| {
            quote! {
                if !#seen {
                    failed = ::core::option::Option::Some(input.report(::std::boxed::Box::new(
                        #krate::ModelErrorKind::MissingMember { name: #name },
                    )));
                }
            }
        })
    });
    let built = members.iter().zip(&slots).map(|(member, slot)| {
        let (ident, absent) = (&member.ident, absent(krate, member));
        quote! {
            #ident: match #slot {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => #absent,
            }
        }
    });
    quote! {
        fn read(input: &mut dyn #krate::Input) -> ::core::result::Result<Self, #krate::Failed> {
            input.begin_struct()?;
            #(
                let mut #slots = ::core::option::Option::None;
                let mut #seen = false;
            )*
            let mut failed = ::core::option::Option::None;
            while let ::core::option::Option::Some(next) = input.next_member(&[#(#names),*]) {
                let done: ::core::result::Result<(), #krate::Failed> = match next {
                    #(#arms)*
                    ::core::result::Result::Ok(_) => ::core::result::Result::Ok(()),
                    ::core::result::Result::Err(reported) => ::core::result::Result::Err(reported),
                };
                if let ::core::result::Result::Err(reported) = done {
                    failed = ::core::option::Option::Some(reported);
                }
            }
            #(#missing)*
            input.end_struct();
            match failed {
                ::core::option::Option::Some(reported) => ::core::result::Result::Err(reported),
                ::core::option::Option::None => ::core::result::Result::Ok(Self { #(#built),* }),
            }
        }
    }
}

fn write(krate: &syn::Path, members: &[Member]) -> TokenStream {
    let each = members.iter().map(|Member { ident, name, presence, .. }| match presence {
        Presence::Optional => quote! {
            if let ::core::option::Option::Some(value) = &self.#ident {
                output.member(#name);
                #krate::Value::write(value, output);
            }
        },
        _ => quote! {
            output.member(#name);
            #krate::Value::write(&self.#ident, output);
        },
    });
    quote! {
        fn write(&self, output: &mut dyn #krate::Output) {
            output.begin_struct();
            #(#each)*
            output.end_struct();
        }
    }
}
