//! What stands in for the expansion where there are mistakes.
//!
//! The compiler then reports the mistakes and not that the type has no `ObjectType`. It never runs.

use proc_macro2::TokenStream;
use quote::quote;

use super::emit::{outside, parent_type};
use super::model::ObjectModel;

pub(super) fn emit(model: &ObjectModel) -> TokenStream {
    let ObjectModel { ident, krate, name, state, .. } = model;
    let (parent, outside) = (parent_type(model), outside(model));
    quote! {
        #outside

        #[automatically_derived]
        impl #krate::ObjectType for #ident {
            type Parent = #parent;
            type State = #state;
            const NAME: &'static str = #name;
            const INFO: #krate::TypeInfo = #krate::TypeInfo {
                name: #name,
                description: "",
                is_abstract: true,
                user_creatable: false,
                serves: false,
                properties: &[],
            };
            const CHECKED: bool = false;
            fn defaults() -> Self { loop {} }
            fn duplicate(&self) -> Self { loop {} }
            fn parent(&self) -> ::core::option::Option<&Self::Parent> { loop {} }
            fn parent_mut(&mut self) -> ::core::option::Option<&mut Self::Parent> { loop {} }
            fn parent_state(
                _: &#state,
            ) -> ::core::option::Option<&<Self::Parent as #krate::ObjectType>::State> { loop {} }
            fn entry() -> #krate::TypeEntry { loop {} }
            fn own_assign(
                &mut self,
                _: usize,
                _: &mut dyn #krate::Input,
            ) -> ::core::result::Result<(), #krate::Failed> { loop {} }
            fn own_set_live(
                &self,
                _: usize,
                _: &mut dyn #krate::Input,
                _: &#krate::ObjectLock<'_>,
            ) -> ::core::result::Result<(), #krate::Failed> { loop {} }
            fn own_adopt(&self, _: usize, _: &Self) { loop {} }
            fn own_value<'a>(
                &'a self,
                _: ::core::option::Option<&'a #state>,
                _: usize,
            ) -> #krate::ValueRef<'a> { loop {} }
            fn own_write(
                &self,
                _: ::core::option::Option<&#state>,
                _: usize,
                _: &mut dyn #krate::Output,
            ) { loop {} }
        }
    }
}
