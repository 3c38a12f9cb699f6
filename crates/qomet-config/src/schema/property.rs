//! The schema of a property: its value and what its declaration adds.

use qomet::{Need, Property, ValueType};
use serde_json::{Map, Value, json};

use super::example::{default_value, example, written};
use super::value::{insert_text, value_schema};

/// The schema of what a document may give for the property.
pub(super) fn property_schema(property: &Property) -> Map<String, Value> {
    let mut schema = Map::new();
    insert_text(&mut schema, "description", property.description);
    schema.extend(value_schema(property.value_type, property.bounds));
    if let Some(default) = default_value(property) {
        schema.insert("default".to_owned(), default);
    }
    if let Some(example) = example(property) {
        schema.insert("examples".to_owned(), json!([example]));
    }
    schema.insert("x-mutable".to_owned(), json!(property.mutability.as_str()));
    if let Some(unit) = unit_of(property) {
        schema.insert("x-unit".to_owned(), json!(unit));
    }
    if let Some(since) = property.since {
        schema.insert("x-since".to_owned(), json!(since));
    }
    if property.deprecated.is_some() {
        schema.insert("deprecated".to_owned(), json!(true));
    }
    if property.unstable {
        schema.insert("x-unstable".to_owned(), json!(true));
    }
    if !property.needs.is_empty() {
        schema.insert("x-needs".to_owned(), property.needs.iter().map(need).collect());
    }
    if property.sensitive {
        schema.insert("writeOnly".to_owned(), json!(true));
        schema.insert("x-sensitive".to_owned(), json!(true));
    }
    schema
}

/// `{"property", "is" | "at-least" | "at-most"}`: what the target of a link must have.
pub(super) fn need(need: &Need) -> Value {
    json!({ "property": need.property, need.relation.as_str(): written(need.value) })
}

/// The unit of its number: the declared one, bytes for sizes.
pub(super) fn unit_of(property: &Property) -> Option<&'static str> {
    let implied = matches!(property.value_type.inner(), ValueType::Size).then_some("bytes");
    property.unit.or(implied)
}
