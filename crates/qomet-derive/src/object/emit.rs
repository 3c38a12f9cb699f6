//! The expansion for a struct without mistakes.
//!
//! Everything but the getters and `Deref` stands in one `const _`, with a private trait `__Declared` that holds
//! what is made once for each property: its description and its default. Expressions of the author stand inside
//! of an `impl` for the struct, so that they may say `Self`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned as _;

use super::arms::{constant, default};
use super::model::ObjectModel;
use super::property::{Limit, PresenceModel, PropertyModel, Reader};
use crate::kind::may_mislead;

/// The whole expansion.
pub(super) fn emit(model: &ObjectModel) -> TokenStream {
    let (declared, object_type) = (declared(model), object_type(model));
    let (outside, assertions) = (outside(model), assertions(model));
    quote! {
        #outside

        const _: () = {
            #declared
            #object_type
            #assertions
        };
    }
}

/// What others of the author's code see: getters and the parent by `Deref`.
pub(super) fn outside(model: &ObjectModel) -> TokenStream {
    let (ident, visibility, krate) = (&model.ident, &model.visibility, &model.krate);
    let readable = |one: &&PropertyModel| !one.sensitive && !matches!(one.reader, Reader::Computed(_));
    let getters: Vec<TokenStream> = model
        .properties
        .iter()
        .filter(readable)
        .map(|property| {
            let PropertyModel { ident, docs, .. } = property;
            let field = property.field(krate);
            quote! {
                #(#docs)*
                #[inline]
                #[must_use]
                #visibility fn #ident(&self) -> #field::Get<'_> {
                    #field::get(&self.#ident)
                }
            }
        })
        .collect();
    let getters = (!getters.is_empty()).then(|| {
        quote! {
            #[automatically_derived]
            #[allow(dead_code, reason = "not every property is read by Rust code")]
            impl #ident {
                #(#getters)*
            }
        }
    });
    let deref = model.parent.as_ref().map(|parent| {
        let (field, kind) = (&parent.ident, &parent.kind);
        quote! {
            #[automatically_derived]
            impl ::core::ops::Deref for #ident {
                type Target = #kind;

                #[inline]
                fn deref(&self) -> &Self::Target {
                    &self.#field
                }
            }
        }
    });
    quote!(#getters #deref)
}

/// The private trait, and what it says of the struct.
fn declared(model: &ObjectModel) -> TokenStream {
    if model.properties.is_empty() {
        return TokenStream::new();
    }
    let (ident, krate) = (&model.ident, &model.krate);
    let (mut promised, mut kept) = (Vec::new(), Vec::new());
    for (slot, property) in model.properties.iter().enumerate() {
        let constant = constant(slot);
        let value = describe(model, slot, property);
        promised.push(quote!(const #constant: &'static #krate::Property;));
        kept.push(quote!(const #constant: &'static #krate::Property = &#value;));
        if let PresenceModel::Default(value) = &property.presence {
            let (result, default) = (property.value(krate), default(slot));
            promised.push(quote!(fn #default() -> #result;));
            kept.push(quote! {
                fn #default() -> #result {
                    #value
                }
            });
        }
    }
    quote! {
        trait __Declared {
            #(#promised)*
        }

        #[automatically_derived]
        impl __Declared for #ident {
            #(#kept)*
        }
    }
}

/// The property as introspection shows it.
fn describe(model: &ObjectModel, slot: usize, property: &PropertyModel) -> TokenStream {
    let krate = &model.krate;
    let PropertyModel { name, description, sensitive, unstable, .. } = property;
    let (field, value) = (property.field(krate), property.value(krate));
    let presence = match &property.presence {
        PresenceModel::Required => quote!(#krate::Presence::Required),
        PresenceModel::Optional => quote!(#krate::Presence::Optional),
        PresenceModel::Default(_) => {
            let default = default(slot);
            quote! {
                #krate::Presence::Default(|output| {
                    #krate::Value::write(&<Self as __Declared>::#default(), output);
                })
            }
        }
    };
    let bounds = bounds(model, property);
    let effective = matches!(property.reader, Reader::Effective(_));
    let option = |text: &Option<String>| match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    let (unit, since, deprecated) =
        (option(&property.unit), option(&property.since), option(&property.deprecated));
    let replaced_by = option(&property.replaced_by);
    let example = option(&property.example);
    let needs = property.needs.iter().map(|need| {
        let (name, relation, value) = (&need.name, format_ident!("{}", need.relation), &need.value);
        quote! {
            #krate::Need {
                property: #name,
                relation: #krate::Relation::#relation,
                value: |output| #krate::Value::write(&(#value), output),
            }
        }
    });
    quote! {
        #krate::Property {
            name: #name,
            value_type: <#value as #krate::Value>::TYPE,
            description: #description,
            presence: #presence,
            mutability: #field::MUTABILITY,
            bounds: #bounds,
            unit: #unit,
            example: #example,
            needs: &[#(#needs),*],
            effective: #effective,
            sensitive: #sensitive,
            since: #since,
            deprecated: #deprecated,
            replaced_by: #replaced_by,
            unstable: #unstable,
        }
    }
}

fn bounds(model: &ObjectModel, property: &PropertyModel) -> TokenStream {
    let krate = &model.krate;
    if property.limits().next().is_none() {
        return quote!(#krate::Bounds::NONE);
    }
    let limit = |limit: &Option<Limit>, kind: TokenStream| match limit {
        Some(Limit { value, .. }) => quote!(::core::option::Option::Some((#value) as #kind)),
        None => quote!(::core::option::Option::None),
    };
    let (minimum, maximum) = (limit(&property.minimum, quote!(i128)), limit(&property.maximum, quote!(i128)));
    let multiple_of = limit(&property.multiple_of, quote!(u64));
    quote! {
        {
            #[allow(clippy::all, clippy::pedantic, unused_parens, reason = "numbers of any width")]
            const BOUNDS: #krate::Bounds =
                #krate::Bounds { minimum: #minimum, maximum: #maximum, multiple_of: #multiple_of };
            BOUNDS
        }
    }
}

/// `impl ObjectType`.
fn object_type(model: &ObjectModel) -> TokenStream {
    let ObjectModel { ident, krate, name, description, state, is_abstract, user_creatable, serves, .. } =
        model;
    let constants = (0..model.properties.len()).map(constant);
    let (parent, parts, own_checked) = (parent_type(model), parent_parts(model), model.check.is_some());
    let entry = if model.is_abstract {
        quote!(#krate::TypeEntry::of_abstract::<Self>())
    } else {
        let this = quote_spanned!(ident.span()=> #ident);
        quote!(#krate::TypeEntry::concrete::<#this>())
    };
    let check = model.check.map(|span| {
        let call = quote_spanned!(span=> <Self as #krate::Check>::check(self, report););
        quote! {
            fn own_check(&self, report: &mut #krate::Diagnostics) {
                #call
            }
        }
    });
    let checked =
        if own_checked { quote!(true) } else { quote!(<Self::Parent as #krate::ObjectType>::CHECKED) };
    let (constructors, interfaces) = (constructors(model), interfaces(model));
    let (assign, set_live, adopt) = (model.assign(), model.set_live(), model.adopt());
    let is_same = model.is_same();
    let (value, write, links) = (model.value(), model.write(), model.links());
    quote! {
        #[automatically_derived]
        impl #krate::ObjectType for #ident {
            type Parent = #parent;
            type State = #state;
            const NAME: &'static str = #name;
            const INFO: #krate::TypeInfo = #krate::TypeInfo {
                name: #name,
                description: #description,
                is_abstract: #is_abstract,
                user_creatable: #user_creatable,
                serves: #serves,
                properties: &[#(*<Self as __Declared>::#constants),*],
            };
            const CHECKED: bool = #checked;

            #constructors
            #parts

            fn entry() -> #krate::TypeEntry {
                #entry
            }

            #interfaces
            #assign
            #set_live
            #adopt
            #is_same
            #value
            #write
            #links
            #check
        }
    }
}

/// The struct of the parent, or that there is none.
pub(super) fn parent_type(model: &ObjectModel) -> TokenStream {
    let krate = &model.krate;
    match &model.parent {
        Some(parent) => {
            let kind = &parent.kind;
            quote!(#kind)
        }
        None => quote!(#krate::NoParent),
    }
}

fn parent_parts(model: &ObjectModel) -> TokenStream {
    let (krate, state) = (&model.krate, &model.state);
    let (shared, mutable, state_name, parent_state) = match &model.parent {
        Some(parent) => {
            let (field, kind) = (&parent.ident, &parent.kind);
            let project = quote_spanned! {state.span()=>
                #krate::__private::Project::<#state, <#kind as #krate::ObjectType>::State>::NEW.project(state)
            };
            (
                quote!(::core::option::Option::Some(&self.#field)),
                quote!(::core::option::Option::Some(&mut self.#field)),
                quote!(state),
                quote! {{
                    #[allow(unused_imports, reason = "not needed where the parent holds nothing")]
                    use #krate::__private::ProjectByBorrow as _;
                    ::core::option::Option::Some(#project)
                }},
            )
        }
        None => {
            let none = quote!(::core::option::Option::None);
            (none.clone(), none.clone(), quote!(_), none)
        }
    };
    quote! {
        #[inline]
        fn parent(&self) -> ::core::option::Option<&Self::Parent> {
            #shared
        }

        #[inline]
        fn parent_mut(&mut self) -> ::core::option::Option<&mut Self::Parent> {
            #mutable
        }

        #[inline]
        fn parent_state(
            #state_name: &#state,
        ) -> ::core::option::Option<&<Self::Parent as #krate::ObjectType>::State> {
            #parent_state
        }
    }
}

/// `defaults` and `duplicate`.
fn constructors(model: &ObjectModel) -> TokenStream {
    let krate = &model.krate;
    let (mut fresh, mut copied) = (Vec::new(), Vec::new());
    if let Some(parent) = &model.parent {
        let (field, kind) = (&parent.ident, &parent.kind);
        fresh.push(quote!(#field: <#kind as #krate::ObjectType>::defaults(),));
        copied.push(quote!(#field: <#kind as #krate::ObjectType>::duplicate(&self.#field),));
    }
    for (slot, property) in model.properties.iter().enumerate() {
        let (ident, field) = (&property.ident, property.field(krate));
        let value = match &property.presence {
            PresenceModel::Default(_) => {
                let default = default(slot);
                quote!(<Self as __Declared>::#default())
            }
            // What is optional has `None` for a placeholder.
            _ => quote_spanned!(property.kind.span()=> #krate::Value::placeholder()),
        };
        fresh.push(quote!(#ident: #field::new(#value),));
        copied.push(quote!(#ident: #field::duplicate(&self.#ident),));
    }
    quote! {
        fn defaults() -> Self {
            Self { #(#fresh)* }
        }

        fn duplicate(&self) -> Self {
            Self { #(#copied)* }
        }
    }
}

fn interfaces(model: &ObjectModel) -> Option<TokenStream> {
    let krate = &model.krate;
    let entries = model.interfaces.iter().map(|interface| {
        let cast = quote_spanned!(interface.span()=> instance as &dyn #interface);
        quote! {
            list.push(#krate::InterfaceEntry::new::<dyn #interface>(|any| {
                any.downcast_ref::<#krate::Instance<Self>>().map(|instance| #cast)
            }));
        }
    });
    (!model.interfaces.is_empty()).then(|| {
        quote! {
            fn own_interfaces(list: &mut ::std::vec::Vec<#krate::InterfaceEntry>) {
                #(#entries)*
            }
        }
    })
}

/// What only the compiler can tell: the type is listed, bounds stand on integers only and in the right order.
fn assertions(model: &ObjectModel) -> TokenStream {
    let (ident, krate) = (&model.ident, &model.krate);
    let listed = quote_spanned!(ident.span()=> listed::<#ident>());
    let mut assertions = vec![quote! {
        const _: fn() = || {
            fn listed<T: #krate::Listed>() {}
            #listed
        };
    }];
    for (slot, property) in model.properties.iter().enumerate() {
        let (kind, constant) = (&property.kind, constant(slot));
        let (field, value) = (property.field(krate), property.value(krate));
        if may_mislead(kind) {
            let (mutability, message) = mutability(property);
            assertions.push(quote_spanned! {kind.span()=>
                const _: () = ::core::assert!(
                    ::core::matches!(#field::MUTABILITY, #krate::Mutability::#mutability),
                    #message
                );
            });
        }
        for (key, limit) in property.limits() {
            let message = format!("`{key}` is for integers and sizes: remove it");
            assertions.push(quote_spanned! {limit.key=>
                const _: () = ::core::assert!(
                    #krate::__private::is_integer(<#value as #krate::Value>::TYPE),
                    #message
                );
            });
        }
        if let (Some(_), Some(maximum)) = (&property.minimum, &property.maximum) {
            assertions.push(quote_spanned! {maximum.key=>
                const _: () = ::core::assert!(
                    #krate::__private::is_range(&<#ident as __Declared>::#constant.bounds),
                    "`max` is less than `min`: write a larger one"
                );
            });
        }
    }
    quote!(#(#assertions)*)
}

/// When the tokens of the field's type say that it may change, and what to write if that is not so.
fn mutability(property: &PropertyModel) -> (Ident, &'static str) {
    let (name, message) = match &property.reader {
        Reader::Computed(_) => ("Computed", "write the type as `qomet::Computed<…>`"),
        _ if property.is_live => ("Live", "write the type as `qomet::Live<…>`"),
        _ => ("UntilRealized", "write `Live<…>` or `Computed<…>` itself, not an alias of it"),
    };
    (format_ident!("{name}"), message)
}
