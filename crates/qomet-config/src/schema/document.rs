//! The schema of documents, and of one type's bags.
//!
//! A bag is told from others by its `qom-type`. The schema says so with `if` and `then` for each type rather than
//! with `oneOf`: a validator then reports what is wrong with *this* type's bag, not that it fits no type.

use qomet::{Class, TypeRegistry};
use serde_json::{Map, Value, json};

use super::example::example_bag;
use super::property::property_schema;
use super::value::{ID_PATTERN, object};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of documents: a bag, a list of bags, or `{"$schema": …, "objects": […]}`, with bags of all types
/// that a user may create.
#[must_use]
pub fn document_schema(registry: &TypeRegistry) -> Value {
    let classes: Vec<&Class> =
        registry.classes().map(|class| &**class).filter(|class| class.is_user_creatable()).collect();
    let names: Vec<_> = classes.iter().map(|class| class.name()).collect();
    let descriptions: Vec<_> = classes.iter().map(|class| class.description()).collect();
    let by_type: Vec<_> = classes
        .iter()
        .map(|class| {
            json!({
                "if": { "required": ["qom-type"], "properties": { "qom-type": { "const": class.name() } } },
                "then": { "$ref": format!("#/$defs/{}", class.name()) },
            })
        })
        .collect();
    let mut any_bag = json!({
        "description": "The properties of one object to be",
        "type": "object",
        "required": ["qom-type", "id"],
        "properties": {
            "qom-type": {
                "description": "The type of the object",
                "enum": names,
                "enumDescriptions": descriptions,
            },
        },
    });
    if let Some(any_bag) = any_bag.as_object_mut().filter(|_| !by_type.is_empty()) {
        // The standard has no empty `allOf`.
        any_bag.insert("allOf".to_owned(), by_type.into());
    }
    // No type's name starts with `_`.
    let mut definitions = Map::new();
    definitions.insert("_document".to_owned(), wrapper());
    definitions.insert("_bags".to_owned(), json!({ "type": "array", "items": { "$ref": "#/$defs/_bag" } }));
    definitions.insert("_bag".to_owned(), any_bag);
    definitions.extend(classes.iter().map(|class| (class.name().to_owned(), bag(class).into())));
    json!({
        "$schema": DIALECT,
        "title": "Objects to be created",
        "description": "One object, a list of objects, or {\"$schema\": …, \"objects\": […]}",
        "type": ["object", "array"],
        "if": { "type": "array" },
        "then": { "$ref": "#/$defs/_bags" },
        "else": {
            "if": { "required": ["objects"], "not": { "required": ["qom-type"] } },
            "then": { "$ref": "#/$defs/_document" },
            "else": { "$ref": "#/$defs/_bag" },
        },
        "$defs": definitions,
    })
}

fn wrapper() -> Value {
    json!({
        "type": "object",
        "properties": {
            "$schema": { "description": "Where this schema is, for editors", "type": "string" },
            "objects": {
                "description": "The objects; their order does not matter",
                "$ref": "#/$defs/_bags",
            },
        },
        "required": ["objects"],
        "additionalProperties": false,
    })
}

/// The schema of the bags of one type.
#[must_use]
pub fn type_schema(class: &Class) -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!(DIALECT));
    schema.extend(bag(class));
    schema.into()
}

fn bag(class: &Class) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert(
        "qom-type".to_owned(),
        json!({ "description": "The type of the object", "const": class.name() }),
    );
    properties.insert(
        "id".to_owned(),
        json!({
            "description": "The name of the object below /objects",
            "type": "string",
            "pattern": ID_PATTERN,
            "not": { "const": qomet::NO_ID },
        }),
    );
    let mut required = vec!["qom-type", "id"];
    for property in class.properties().iter().filter(|property| property.is_settable()) {
        properties.insert(property.name.to_owned(), property_schema(property).into());
        if property.is_required() {
            required.push(property.name);
        }
    }
    let mut schema = Map::new();
    schema.insert("title".to_owned(), json!(class.name()));
    super::value::insert_text(&mut schema, "description", class.description());
    schema.insert("examples".to_owned(), json!([example_bag(class)]));
    schema.extend(object(properties, &required));
    schema
}
