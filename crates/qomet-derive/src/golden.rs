//! Golden expansions: what the compiler gets, readable, beside what the author wrote.
//!
//! After a change, read the difference and accept it with `INSTA_UPDATE=always cargo test -p qomet-derive golden`.

use proc_macro2::TokenStream;
use quote::quote;

fn readable(tokens: TokenStream) -> String {
    match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("no Rust: {error}\n{tokens}"),
    }
}

/// The source is above; repeating it in the snapshot would only be noise.
macro_rules! golden {
    ($expansion:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($expansion) })
    };
}

fn object(input: TokenStream) -> String {
    readable(crate::object::expand(input))
}

fn value(input: TokenStream) -> String {
    readable(crate::value::expand(input))
}

#[test]
fn golden_object_without_properties() {
    golden!(object(quote! {
        /// Somewhere to print.
        #[object(name = "device", abstract)]
        pub struct Device {}
    }));
}

#[test]
fn golden_object_with_plain_properties() {
    golden!(object(quote! {
        /// Puts ink on paper.
        #[object(name = "printer", user_creatable)]
        pub struct Printer {
            /// Where it is plugged in.
            #[property(required)]
            port: String,
            /// Room for documents.
            #[property(default = Size::mib(16), min = 4096, unit = "bytes", since = "1.0")]
            buffer_size: Size,
            /// What people call it.
            label: Option<String>,
        }
    }));
}

#[test]
fn golden_object_with_parent_and_every_kind_of_property() {
    golden!(object(quote! {
        /// Prints with light.
        #[object(name = "laser", serves, state = LaserState, check, interfaces(Counter))]
        pub(crate) struct Laser {
            #[object(parent)]
            base: Printer,
            /// Pages a minute.
            #[property(default = 30, max = 200)]
            speed: Live<u32>,
            /// Pages so far.
            #[property(computed = count)]
            pages: Computed<u64>,
            /// Whether to print on both sides.
            #[property(default = OnOffAuto::Auto, effective = Self::both_sides)]
            duplex: OnOffAuto,
            /// Who may print.
            #[property(required, sensitive)]
            password: String,
            /// Where the rest goes.
            #[property(needs(duplex = true, "paper-left" >= 100u32))]
            next: Option<Link<Printer>>,
        }
    }));
}

#[test]
fn golden_object_with_mistakes_is_a_stub() {
    golden!(object(quote! {
        #[object(name = "printer")]
        struct Printer {
            /// Pages a minute.
            speed: u32,
        }
    }));
}

#[test]
fn golden_value_enum() {
    golden!(value(quote! {
        pub enum Policy {
            /// Whatever the system does.
            Default,
            #[value(rename = "bind")]
            BindTo,
        }
    }));
}

#[test]
fn golden_value_struct() {
    golden!(value(quote! {
        #[value(name = "ThrottleLimits")]
        struct Throttle {
            /// Bytes a second.
            bps_total: u64,
            /// The most at once.
            burst: Option<Size>,
            /// How long.
            #[value(default = 1)]
            burst_length: u64,
        }
    }));
}

#[test]
fn golden_value_alternate() {
    golden!(value(quote! {
        enum Limit {
            Off(bool),
            Bytes(Size),
        }
    }));
}
