//! Introspection as JSON: everything that is declared, for programs.
//!
//! `type` is the string that QEMU's clients look for (`int` for a size); the whole truth stands beside it.
//! Members that have nothing to say are left out.

use qomet::{Class, Property, TypeRegistry};
use serde_json::{Map, Value, json};

use super::example::{default_value, example};
use super::property::{need, unit_of};
use super::value::{insert_text, number};

/// A list of what [`describe_type`] gives for each type, in the order of registration; then
/// `{"name", "unavailable", "properties": []}` for each that is known but not available, with what it lacks.
#[must_use]
pub fn describe_types(registry: &TypeRegistry) -> Value {
    let unavailable = registry
        .unavailable()
        .map(|(name, missing)| json!({ "name": name, "unavailable": missing, "properties": [] }));
    registry.classes().map(|class| describe_type(class)).chain(unavailable).collect()
}

/// `{"name", "description", "parent", "abstract", "user-creatable", "interfaces", "properties"}`, the properties as
/// [`describe_property`] gives them, those of the parents first.
#[must_use]
pub fn describe_type(class: &Class) -> Value {
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(class.name()));
    insert_text(&mut out, "description", class.description());
    if let Some(parent) = class.parent() {
        out.insert("parent".to_owned(), json!(parent.name()));
    }
    insert_if(&mut out, "abstract", class.is_abstract());
    insert_if(&mut out, "user-creatable", class.is_user_creatable());
    let interfaces: Vec<_> = class.interfaces().collect();
    if !interfaces.is_empty() {
        out.insert("interfaces".to_owned(), json!(interfaces));
    }
    let properties = class.properties().iter().map(|property| describe_property(class, property)).collect();
    out.insert("properties".to_owned(), properties);
    out.into()
}

/// `{"name", "type", "value-type", "values", "description", "required", "default", "example", "mutable", "minimum",
/// "maximum", "multiple-of", "unit", "needs", "since", "deprecated", "replaced-by", "unstable", "sensitive", "declared-by"}` of one
/// property of `class`.
///
/// `needs` are `{"property", "is" | "at-least" | "at-most"}`: what the target of a link must have. `values` are the names of an enum. The bounds are those that were declared; what the type says itself (`u8`) is
/// not repeated. `since` and `deprecated` are versions.
#[must_use]
pub fn describe_property(class: &Class, property: &Property) -> Value {
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(property.name));
    out.insert("type".to_owned(), json!(property.value_type.qom_name()));
    out.insert("value-type".to_owned(), json!(property.value_type.to_string()));
    if let Some(names) = property.value_type.enum_names() {
        out.insert("values".to_owned(), json!(names));
    }
    insert_text(&mut out, "description", property.description);
    insert_if(&mut out, "required", property.is_required());
    let bounds = property.bounds;
    let facts = [
        ("default", default_value(property)),
        ("example", example(property)),
        ("mutable", Some(json!(property.mutability.as_str()))),
        ("minimum", bounds.minimum.map(number)),
        ("maximum", bounds.maximum.map(number)),
        ("multiple-of", bounds.multiple_of.map(Value::from)),
        ("unit", unit_of(property).map(Value::from)),
        ("needs", (!property.needs.is_empty()).then(|| property.needs.iter().map(need).collect())),
        ("since", property.since.map(Value::from)),
        ("deprecated", property.deprecated.map(Value::from)),
        ("replaced-by", property.replaced_by.map(Value::from)),
    ];
    out.extend(facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    insert_if(&mut out, "unstable", property.unstable);
    insert_if(&mut out, "sensitive", property.sensitive);
    if let Some(declaring) = class.declaring(property.name) {
        out.insert("declared-by".to_owned(), json!(declaring.name()));
    }
    out.into()
}

fn insert_if(out: &mut Map<String, Value>, name: &str, is_so: bool) {
    if is_so {
        out.insert(name.to_owned(), json!(true));
    }
}
