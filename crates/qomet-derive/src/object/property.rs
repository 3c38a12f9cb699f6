//! A property as its author declared it: the field and its attributes, checked as far as tokens tell.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprPath, Field, Ident, Path, Type};

use crate::attribute::{Given, Instead, Key, Need, Takes, Vocabulary};
use crate::describe::{description, docs, field_name, is_name};
use crate::kind::{argument, is_option, is_surely_no_integer};
use crate::mistakes::Mistakes;

/// A field that is a property.
pub(crate) struct PropertyModel {
    pub(crate) ident: Ident,
    pub(crate) kind: Type,
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) description: String,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) presence: PresenceModel,
    pub(crate) reader: Reader,
    pub(crate) is_live: bool,
    pub(crate) minimum: Option<Limit>,
    pub(crate) maximum: Option<Limit>,
    pub(crate) multiple_of: Option<Limit>,
    pub(crate) unit: Option<String>,
    pub(crate) example: Option<String>,
    pub(crate) needs: Vec<Need>,
    pub(crate) sensitive: bool,
    pub(crate) since: Option<String>,
    pub(crate) deprecated: Option<String>,
    pub(crate) replaced_by: Option<String>,
    pub(crate) unstable: bool,
}

/// Where the value comes from before anybody sets it.
pub(crate) enum PresenceModel {
    Required,
    Default(Expr),
    Optional,
}

/// What a reader sees.
pub(crate) enum Reader {
    /// The field.
    Field,
    /// What the function returns; without a state, nothing.
    Computed(ExprPath),
    /// What the function returns; without a state, the field.
    Effective(ExprPath),
}

/// A bound, and where its key stands.
pub(crate) struct Limit {
    pub(crate) key: Span,
    pub(crate) value: Expr,
}

const PROPERTY: Vocabulary = Vocabulary {
    attribute: "property",
    on: "a property",
    keys: &[
        Key { name: "name", takes: Takes::Text, write: "name = \"mem-path\"" },
        Key { name: "required", takes: Takes::Nothing, write: "required" },
        Key { name: "default", takes: Takes::Expression, write: "default = VALUE" },
        Key { name: "min", takes: Takes::Expression, write: "min = NUMBER" },
        Key { name: "max", takes: Takes::Expression, write: "max = NUMBER" },
        Key { name: "multiple_of", takes: Takes::Expression, write: "multiple_of = NUMBER" },
        Key { name: "unit", takes: Takes::Text, write: "unit = \"pages\"" },
        Key { name: "example", takes: Takes::Text, write: "example = \"1G\"" },
        Key { name: "needs", takes: Takes::Needs, write: "needs(share = true, size >= Size::mib(2))" },
        Key { name: "sensitive", takes: Takes::Nothing, write: "sensitive" },
        Key { name: "since", takes: Takes::Text, write: "since = \"1.0\"" },
        Key { name: "deprecated", takes: Takes::Text, write: "deprecated = \"1.0\"" },
        Key { name: "replaced_by", takes: Takes::Text, write: "replaced_by = \"other-name\"" },
        Key { name: "unstable", takes: Takes::Nothing, write: "unstable" },
        Key { name: "computed", takes: Takes::Function, write: "computed = path::to::function" },
        Key { name: "effective", takes: Takes::Function, write: "effective = path::to::function" },
    ],
    instead: &[
        Instead {
            name: "live",
            message: "whether a property is live is in its type: write the type as `Live<…>`",
        },
        Instead {
            name: "optional",
            message: "whether a property is optional is in its type: write the type as `Option<…>`",
        },
        Instead {
            name: "description",
            message: "the description is the first paragraph of the documentation: write `/// …` above the field",
        },
        Instead {
            name: "parent",
            message: "the parent is no property: write `#[object(parent)]` above the field",
        },
        Instead { name: "rename", message: "write `name = \"…\"`" },
    ],
};

impl PropertyModel {
    /// `<Kind as qomet::Field>`: where the type is no value, the compiler says so at the type.
    pub(crate) fn field(&self, krate: &Path) -> TokenStream {
        let kind = &self.kind;
        quote_spanned!(kind.span()=> <#kind as #krate::Field>)
    }

    /// The type of the value.
    pub(crate) fn value(&self, krate: &Path) -> TokenStream {
        let field = self.field(krate);
        quote_spanned!(self.kind.span()=> #field::Value)
    }

    pub(crate) fn parse(ident: Ident, field: Field, mistakes: &mut Mistakes) -> Self {
        let given = PROPERTY.read(&field.attrs, mistakes);
        let (name, name_span) = name(&ident, &given, mistakes);
        let text = |key: &str| given.text(key).map(syn::LitStr::value);
        let limit = |key: &str| {
            let value = given.expression(key)?.clone();
            Some(Limit { key: given.span(key)?, value })
        };
        let property = PropertyModel {
            name,
            name_span,
            description: description(&field.attrs).unwrap_or_default(),
            docs: docs(&field.attrs).cloned().collect(),
            reader: reader(&field.ty, &given, mistakes),
            presence: presence(&ident, &field.ty, &given, mistakes),
            is_live: argument(&field.ty, "Live").is_some(),
            minimum: limit("min"),
            maximum: limit("max"),
            multiple_of: limit("multiple_of"),
            unit: text("unit"),
            example: text("example"),
            needs: given.needs("needs").to_vec(),
            sensitive: given.has("sensitive"),
            since: text("since"),
            deprecated: text("deprecated"),
            replaced_by: text("replaced_by"),
            unstable: given.has("unstable"),
            kind: field.ty,
            ident,
        };
        if property.description.is_empty() {
            mistakes.add(
                property.ident.span(),
                "a property needs a description: write `/// What it means` above the field",
            );
        }
        property.check_limits(mistakes);
        property
    }

    /// Every bound that was given, with the name of its key.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (&'static str, &Limit)> {
        let all = [("min", &self.minimum), ("max", &self.maximum), ("multiple_of", &self.multiple_of)];
        all.into_iter().filter_map(|(key, limit)| Some((key, limit.as_ref()?)))
    }

    fn check_limits(&self, mistakes: &mut Mistakes) {
        if !is_surely_no_integer(&self.kind) {
            return;
        }
        for (key, limit) in self.limits() {
            mistakes.add(limit.key, format_args!("`{key}` is for integers and sizes: remove it"));
        }
    }
}

fn name(ident: &Ident, given: &Given, mistakes: &mut Mistakes) -> (String, Span) {
    let (name, span) = match given.text("name") {
        Some(text) => (text.value(), text.span()),
        None => (field_name(ident), ident.span()),
    };
    if !is_name(&name) {
        mistakes.add(
            span,
            format_args!(
                "`{name}` is not a name for a property: write `name = \"…\"` with letters, digits, `-`, `_` \
                 and `.`, starting with a letter or digit"
            ),
        );
    } else if matches!(name.as_str(), "id" | "qom-type") {
        mistakes.add(
            span,
            format_args!(
                "`{name}` is what every bag has besides properties: write `name = \"…\"` with another name"
            ),
        );
    }
    (name, span)
}

/// Exactly one of `required`, `default`, `Option<…>`; none of them for what is computed.
fn presence(ident: &Ident, kind: &Type, given: &Given, mistakes: &mut Mistakes) -> PresenceModel {
    let (required, default) = (given.span("required"), given.expression("default"));
    if argument(kind, "Computed").is_some() || given.has("computed") {
        for key in ["required", "default", "min", "max", "multiple_of", "sensitive", "effective"] {
            if let Some(span) = given.span(key) {
                mistakes.add(span, format_args!("a computed property is never set: remove `{key}`"));
            }
        }
        return PresenceModel::Optional;
    }
    let is_option = is_option(argument(kind, "Live").unwrap_or(kind));
    if is_option {
        for (key, do_this) in [
            ("required", "remove `required`, or write the type without `Option`"),
            ("default", "remove `default`, or write the type without `Option`"),
        ] {
            if let Some(span) = given.span(key) {
                mistakes.add(span, format_args!("an optional property is absent unless given: {do_this}"));
            }
        }
        return PresenceModel::Optional;
    }
    match (required, default) {
        (Some(_), Some(_)) => {
            if let Some(span) = given.span("default") {
                mistakes.add(span, "a required property has no default: remove `required` or `default`");
            }
            PresenceModel::Required
        }
        (Some(_), None) => PresenceModel::Required,
        (None, Some(value)) => PresenceModel::Default(value.clone()),
        (None, None) if given.was_meant("required") || given.was_meant("default") => PresenceModel::Required,
        (None, None) => {
            mistakes.add(
                ident.span(),
                "must it be given? write `#[property(required)]`, `#[property(default = VALUE)]` or a type \
                 `Option<…>`",
            );
            PresenceModel::Required
        }
    }
}

fn reader(kind: &Type, given: &Given, mistakes: &mut Mistakes) -> Reader {
    let (computed, effective) = (given.function("computed"), given.function("effective"));
    match (argument(kind, "Computed"), computed) {
        (Some(_), Some(function)) => return Reader::Computed(function.clone()),
        (Some(_), None) if !given.was_meant("computed") => mistakes.add(
            kind.span(),
            "a computed property names its function: write `#[property(computed = path::to::function)]`",
        ),
        (None, Some(_)) => {
            if let Some(span) = given.span("computed") {
                let inner = argument(kind, "Live").unwrap_or(kind);
                let inner = quote::quote!(#inner).to_string().replace(' ', "");
                mistakes.add(
                    span,
                    format_args!(
                        "`computed` needs a field without a value: write the type as `Computed<{inner}>`"
                    ),
                );
            }
        }
        _ => {}
    }
    let Some(function) = effective else { return Reader::Field };
    if let Some(span) = given.span("sensitive") {
        mistakes.add(span, "nobody reads a sensitive property: remove `effective` or `sensitive`");
    }
    Reader::Effective(function.clone())
}
