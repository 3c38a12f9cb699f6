//! The bodies of the functions that take a slot: one arm for each property that has something to do.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{ExprPath, Ident};

use super::model::ObjectModel;
use super::property::{PropertyModel, Reader};

/// One arm for each property for which `arm` gives one.
fn arms<'a>(
    model: &'a ObjectModel,
    arm: impl Fn(usize, &'a PropertyModel) -> Option<TokenStream>,
) -> Vec<TokenStream> {
    let with_slot = |(slot, property)| {
        let body = arm(slot, property)?;
        let slot = Literal::usize_unsuffixed(slot);
        Some(quote!(#slot => #body,))
    };
    model.properties.iter().enumerate().filter_map(with_slot).collect()
}

/// The associated constant that describes the property.
pub(super) fn constant(slot: usize) -> Ident {
    format_ident!("PROPERTY_{slot}")
}

/// The associated function that gives the default.
pub(super) fn default(slot: usize) -> Ident {
    format_ident!("default_{slot}")
}

impl ObjectModel {
    pub(super) fn assign(&self) -> TokenStream {
        let krate = &self.krate;
        let arms = arms(self, |slot, property| {
            let (ident, kind, constant) = (&property.ident, &property.kind, constant(slot));
            let field = property.field(krate);
            (!matches!(property.reader, Reader::Computed(_))).then(|| {
                quote! {{
                    let value = <Self as __Declared>::#constant.read::<#kind>(input)?;
                    self.#ident = #field::new(value);
                    ::core::result::Result::Ok(())
                }}
            })
        });
        let (slot, input) = names(&arms, "slot", "input");
        let body = matching(&arms, &quote!(::core::result::Result::Ok(())));
        quote! {
            fn own_assign(
                &mut self,
                #slot: usize,
                #input: &mut dyn #krate::Input,
            ) -> ::core::result::Result<(), #krate::Failed> {
                #body
            }
        }
    }

    pub(super) fn set_live(&self) -> TokenStream {
        let krate = &self.krate;
        let arms = arms(self, |slot, property| {
            let (ident, kind, constant) = (&property.ident, &property.kind, constant(slot));
            let field = property.field(krate);
            property.is_live.then(|| {
                quote! {{
                    let value = <Self as __Declared>::#constant.read::<#kind>(input)?;
                    lock.store(|| {
                        #field::store(&self.#ident, value);
                        ::core::result::Result::Ok(())
                    })
                }}
            })
        });
        let (slot, input) = names(&arms, "slot", "input");
        let (lock, _) = names(&arms, "lock", "");
        let body = matching(&arms, &quote!(::core::result::Result::Ok(())));
        quote! {
            #[inline]
            fn own_set_live(
                &self,
                #slot: usize,
                #input: &mut dyn #krate::Input,
                #lock: &#krate::ObjectLock<'_>,
            ) -> ::core::result::Result<(), #krate::Failed> {
                #body
            }
        }
    }

    pub(super) fn adopt(&self) -> TokenStream {
        let krate = &self.krate;
        let arms = arms(self, |_, property| {
            let (ident, field) = (&property.ident, property.field(krate));
            property.is_live.then(|| quote!(#field::adopt(&self.#ident, &from.#ident)))
        });
        let (slot, from) = names(&arms, "slot", "from");
        let body = matching(&arms, &quote!({}));
        quote! {
            fn own_adopt(&self, #slot: usize, #from: &Self) {
                #body
            }
        }
    }

    /// Comparing is all that anybody may do with a sensitive property.
    pub(super) fn is_same(&self) -> TokenStream {
        let krate = &self.krate;
        let arms = arms(self, |_, property| {
            let (ident, field) = (&property.ident, property.field(krate));
            property
                .sensitive
                .then(|| quote!(#field::value_ref(&self.#ident) == #field::value_ref(&other.#ident)))
        });
        if arms.is_empty() {
            return TokenStream::new();
        }
        let body = matching(&arms, &quote!(true));
        quote! {
            fn own_is_same(&self, slot: usize, other: &Self) -> bool {
                #body
            }
        }
    }

    pub(super) fn value(&self) -> TokenStream {
        let (krate, state) = (&self.krate, &self.state);
        let uses_state = self.readers();
        let arms = arms(self, |_, property| {
            let (ident, field) = (&property.ident, property.field(krate));
            if property.sensitive {
                return None;
            }
            let field = quote!(#field::value_ref(&self.#ident));
            Some(match &property.reader {
                Reader::Field => field,
                Reader::Computed(function) | Reader::Effective(function) => {
                    let value = self.call(property, function);
                    quote! {
                        match state {
                            ::core::option::Option::Some(state) => #krate::Value::into_value_ref(#value),
                            ::core::option::Option::None => #field,
                        }
                    }
                }
            })
        });
        let (slot, _) = names(&arms, "slot", "");
        let state_name = if uses_state { quote!(state) } else { quote!(_) };
        let body = matching(&arms, &quote!(#krate::ValueRef::Null));
        quote! {
            #[inline]
            fn own_value<'a>(
                &'a self,
                #state_name: ::core::option::Option<&'a #state>,
                #slot: usize,
            ) -> #krate::ValueRef<'a> {
                #body
            }
        }
    }

    pub(super) fn write(&self) -> TokenStream {
        let (krate, state) = (&self.krate, &self.state);
        let uses_state = self.readers();
        let arms = arms(self, |_, property| {
            let (ident, field) = (&property.ident, property.field(krate));
            if property.sensitive {
                return None;
            }
            let field = quote!(#field::write(&self.#ident, output));
            Some(match &property.reader {
                Reader::Field => field,
                Reader::Computed(function) | Reader::Effective(function) => {
                    let value = self.call(property, function);
                    quote! {
                        match state {
                            ::core::option::Option::Some(state) => #krate::Value::write(&#value, output),
                            ::core::option::Option::None => #field,
                        }
                    }
                }
            })
        });
        let (slot, _) = names(&arms, "slot", "");
        let state_name = if uses_state { quote!(state) } else { quote!(_) };
        let body = matching(&arms, &quote!(output.null()));
        quote! {
            fn own_write(
                &self,
                #state_name: ::core::option::Option<&#state>,
                #slot: usize,
                output: &mut dyn #krate::Output,
            ) {
                #body
            }
        }
    }

    pub(super) fn links(&self) -> TokenStream {
        let krate = &self.krate;
        let of = |function: &Ident, borrow: &TokenStream| {
            arms(self, |_, property| {
                let (ident, field) = (&property.ident, property.field(krate));
                (!matches!(property.reader, Reader::Computed(_)))
                    .then(|| quote!(#field::#function(#borrow self.#ident, each)))
            })
        };
        let shared = of(&format_ident!("links"), &quote!(&));
        if shared.is_empty() {
            return TokenStream::new();
        }
        let shared = matching(&shared, &quote!({}));
        let mutable = matching(&of(&format_ident!("links_mut"), &quote!(&mut)), &quote!({}));
        quote! {
            fn own_links(&self, slot: usize, each: &mut dyn ::core::ops::FnMut(&dyn #krate::LinkRef)) {
                #shared
            }

            fn own_links_mut(
                &mut self,
                slot: usize,
                each: &mut dyn ::core::ops::FnMut(&mut dyn #krate::LinkRef),
            ) {
                #mutable
            }
        }
    }

    /// Whether reading any property needs the state.
    fn readers(&self) -> bool {
        self.properties.iter().any(|one| !one.sensitive && !matches!(one.reader, Reader::Field))
    }

    /// A call of the author's function, with the type it must have.
    fn call(&self, property: &PropertyModel, function: &ExprPath) -> TokenStream {
        let call = quote_spanned!(function.span()=> #function(self, state));
        let value = property.value(&self.krate);
        quote_spanned! {function.span()=> {
            let value: #value = #call;
            value
        }}
    }
}

/// The names of two parameters, or `_` where there is no arm to use them.
fn names(arms: &[TokenStream], first: &str, second: &str) -> (TokenStream, TokenStream) {
    let name = |name: &str| match (arms.is_empty(), name) {
        (true, _) | (_, "") => quote!(_),
        (false, name) => {
            let name = format_ident!("{name}");
            quote!(#name)
        }
    };
    (name(first), name(second))
}

fn matching(arms: &[TokenStream], otherwise: &TokenStream) -> TokenStream {
    if arms.is_empty() {
        return otherwise.clone();
    }
    quote! {
        match slot {
            #(#arms)*
            _ => #otherwise,
        }
    }
}
