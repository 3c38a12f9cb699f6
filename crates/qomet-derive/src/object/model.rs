//! An object type as its author declared it: the struct and its attributes, checked as far as tokens tell.
//!
//! [`ObjectModel::parse`] always gives a model, as complete as the mistakes allow, so that one mistake does not
//! make everything that uses the type fail too.

use proc_macro2::Span;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Ident, Path, Type, Visibility, parse_quote};

use super::property::PropertyModel;
use crate::attribute::{Given, Instead, Key, Takes, Vocabulary};
use crate::describe::{description, is_name};
use crate::mistakes::Mistakes;

/// The struct.
pub(crate) struct ObjectModel {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    /// The path of the crate `qomet`.
    pub(crate) krate: Path,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) state: Type,
    pub(crate) is_abstract: bool,
    pub(crate) user_creatable: bool,
    pub(crate) serves: bool,
    pub(crate) check: Option<Span>,
    pub(crate) interfaces: Vec<Path>,
    pub(crate) parent: Option<ParentField>,
    pub(crate) properties: Vec<PropertyModel>,
}

/// The field that holds the parent's struct.
pub(crate) struct ParentField {
    pub(crate) ident: Ident,
    pub(crate) kind: Type,
}

const STRUCT: Vocabulary = Vocabulary {
    attribute: "object",
    on: "an object type",
    keys: &[
        Key { name: "name", takes: Takes::Text, write: "name = \"printer\"" },
        Key { name: "state", takes: Takes::Type, write: "state = PrinterState" },
        Key { name: "abstract", takes: Takes::Nothing, write: "abstract" },
        Key { name: "user_creatable", takes: Takes::Nothing, write: "user_creatable" },
        Key { name: "serves", takes: Takes::Nothing, write: "serves" },
        Key { name: "check", takes: Takes::Nothing, write: "check" },
        Key { name: "interfaces", takes: Takes::Paths, write: "interfaces(RandomSource)" },
        Key { name: "crate", takes: Takes::Path, write: "crate = path::to::qomet" },
    ],
    instead: &[
        Instead {
            name: "parent",
            message: "the parent is a field that holds its struct: write `#[object(parent)] base: Parent`",
        },
        Instead {
            name: "description",
            message: "the description is the first paragraph of the documentation: write `/// …` above the struct",
        },
        Instead {
            name: "properties",
            message: "every field is a property: write `#[property(…)]` above a field",
        },
    ],
};

const PARENT: Vocabulary = Vocabulary {
    attribute: "object",
    on: "the field of the parent",
    keys: &[Key { name: "parent", takes: Takes::Nothing, write: "parent" }],
    instead: &[],
};

impl ObjectModel {
    pub(crate) fn parse(input: DeriveInput, mistakes: &mut Mistakes) -> Self {
        let given = STRUCT.read(&input.attrs, mistakes);
        let mut model = ObjectModel {
            krate: given.path("crate").cloned().unwrap_or_else(|| parse_quote!(::qomet)),
            name: name(&input.ident, &given, mistakes),
            description: description(&input.attrs).unwrap_or_default(),
            state: given.type_of("state").cloned().unwrap_or_else(|| parse_quote!(())),
            is_abstract: given.has("abstract"),
            user_creatable: given.has("user_creatable"),
            serves: given.has("serves"),
            check: given.span("check"),
            interfaces: given.paths("interfaces").to_vec(),
            parent: None,
            properties: Vec::new(),
            ident: input.ident,
            visibility: input.vis,
        };
        if model.description.is_empty() {
            mistakes.add(
                model.ident.span(),
                "an object type needs a description: write `/// What its objects are for` above the struct",
            );
        }
        if !input.generics.params.is_empty() || input.generics.where_clause.is_some() {
            mistakes.add_over(
                &input.generics,
                "an object type has no generics, because it has one name: write one struct for each type",
            );
        }
        for field in fields(&model.ident, input.data, mistakes) {
            model.add_field(field, mistakes);
        }
        model
    }

    fn add_field(&mut self, field: Field, mistakes: &mut Mistakes) {
        let Some(ident) = field.ident.clone() else { return };
        let is_object = |attribute: &Attribute| attribute.path().is_ident("object");
        let Some(object) = field.attrs.iter().find(|attribute| is_object(attribute)) else {
            let property = PropertyModel::parse(ident, field, mistakes);
            if let Some(first) = self.properties.iter().find(|other| other.name == property.name) {
                mistakes.add(
                    property.name_span,
                    format_args!(
                        "property `{}` is declared twice, first by the field `{}`: write another name",
                        property.name, first.ident
                    ),
                );
            }
            self.properties.push(property);
            return;
        };
        let given = PARENT.read(&field.attrs, mistakes);
        if !given.was_meant("parent") && matches!(object.meta, syn::Meta::Path(_)) {
            mistakes.add_over(object, "write `#[object(parent)]`");
        }
        if let Some(property) = field.attrs.iter().find(|attribute| attribute.path().is_ident("property")) {
            mistakes.add_over(property, "the field of the parent is no property: remove `#[property]`");
        }
        if let Some(first) = &self.parent {
            mistakes.add_over(
                object,
                format_args!("a type has one parent, and `{}` is it: remove this attribute", first.ident),
            );
            return;
        }
        self.parent = Some(ParentField { ident, kind: field.ty });
    }
}

fn name(ident: &Ident, given: &Given, mistakes: &mut Mistakes) -> String {
    match given.text("name") {
        Some(text) if is_name(&text.value()) => text.value(),
        Some(text) => {
            mistakes.add(
                text.span(),
                "not a name for a type: write letters, digits, `-`, `_` and `.`, starting with a letter or digit",
            );
            crate::describe::variant_name(ident)
        }
        None => {
            let name = crate::describe::variant_name(ident);
            if !given.was_meant("name") {
                mistakes.add(
                    ident.span(),
                    format_args!("an object type needs a name: write `#[object(name = \"{name}\")]`"),
                );
            }
            name
        }
    }
}

fn fields(ident: &Ident, data: Data, mistakes: &mut Mistakes) -> Vec<Field> {
    match data {
        Data::Struct(data) => match data.fields {
            Fields::Named(fields) => return fields.named.into_iter().collect(),
            Fields::Unit => return Vec::new(),
            Fields::Unnamed(fields) => mistakes.add_over(
                fields,
                format_args!("properties have names: write `struct {ident} {{ name: Type, … }}`"),
            ),
        },
        Data::Enum(data) => mistakes.add(
            data.enum_token.span,
            "an object type is a struct whose fields are its properties: write `struct`",
        ),
        Data::Union(data) => mistakes.add(
            data.union_token.span,
            "an object type is a struct whose fields are its properties: write `struct`",
        ),
    }
    Vec::new()
}
