//! Collecting the mistakes of one input, so that all are reported together.
//!
//! Every parser of the crate reports here and goes on. Nothing here knows what an attribute means.

use proc_macro2::{Span, TokenStream};

/// The mistakes so far, each at its token.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Reports a mistake at `span`; the message says what to write.
    pub(crate) fn add(&mut self, span: Span, message: impl std::fmt::Display) {
        self.absorb(syn::Error::new(span, message));
    }

    /// Reports a mistake over all of `tokens`.
    pub(crate) fn add_over(&mut self, tokens: impl quote::ToTokens, message: impl std::fmt::Display) {
        self.absorb(syn::Error::new_spanned(tokens, message));
    }

    /// Takes over a mistake that a parser found.
    pub(crate) fn absorb(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The compile errors, if there are any.
    pub(crate) fn into_tokens(self) -> Option<TokenStream> {
        self.0.map(|error| error.into_compile_error())
    }
}
