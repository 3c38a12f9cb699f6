//! The schema of a value, from its type.
//!
//! Documents are lenient, and so is the schema: a size may be text such as `"1G"`, a boolean `"on"` or `"off"`.
//! One schema keyword may stand beside another that concerns a different kind of JSON value (`minimum` says
//! nothing about strings), so a size needs no `anyOf`, and editors show better help for it.
//!
//! What a schema cannot say is left to the check: `1.0` counts as an integer here, and the bounds of a size do
//! not apply to its text form.

use qomet::{Bounds, StructType, ValueType};
use serde_json::{Map, Number, Value, json};

/// What [`qomet::Size`] parses, as a pattern. B and E are digits in hexadecimal, and a fraction needs a unit
/// larger than a byte.
const SIZE_PATTERN: &str = concat!(
    r"^[ \t\n\v\f\r]*\+?(?:",
    r"0[xX][0-9a-fA-F]+",
    r"|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[kKmMgGtTpPeE]",
    r"|(?:[0-9]+(?:\.0*)?|\.0+)[bB]?",
    r")$"
);

/// What an id may be; see [`qomet::check_id`].
pub(super) const ID_PATTERN: &str = "^[A-Za-z][A-Za-z0-9._-]*$";

/// The longest path; see the `Value` of `PathBuf`.
const PATH_LIMIT: usize = 4095;

/// The schema of a value of type `kind`; `bounds` are those of an integer or size, and apply to nothing else.
pub(super) fn value_schema(kind: &ValueType, bounds: Bounds) -> Map<String, Value> {
    let schema = match kind {
        ValueType::Optional(inner) => return value_schema(inner, bounds),
        ValueType::Bool => json!({ "enum": [true, false, "on", "off"] }),
        ValueType::Int { bits, signed } => {
            let (least, greatest) = range(*bits, *signed);
            return numeric(json!("integer"), within(bounds, least, greatest));
        }
        ValueType::Size => {
            let mut schema = numeric(json!(["integer", "string"]), within(bounds, 0, i128::from(u64::MAX)));
            schema.insert("pattern".to_owned(), json!(SIZE_PATTERN));
            return schema;
        }
        ValueType::Number => json!({ "type": "number" }),
        ValueType::String => json!({ "type": "string" }),
        ValueType::Path => json!({ "type": "string", "maxLength": PATH_LIMIT, "pattern": r"^[^\u0000]*$" }),
        ValueType::Enum(kind) => {
            let mut schema = Map::new();
            schema.insert("enum".to_owned(), json!(kind.names));
            if kind.descriptions.len() == kind.names.len() {
                // Not of the standard, but what editors show beside each name.
                schema.insert("enumDescriptions".to_owned(), json!(kind.descriptions));
            }
            return schema;
        }
        ValueType::Struct(kind) => return structure(kind),
        ValueType::List(element) => json!({ "type": "array", "items": value_schema(element, Bounds::NONE) }),
        ValueType::Alternate(all) => {
            // A text is a switch only where no other branch takes texts.
            let takes_text = all.iter().any(|one| takes_text(one.value_type));
            let branch = |kind: &ValueType| match kind {
                ValueType::Bool if takes_text => json!({ "type": "boolean" }),
                kind => value_schema(kind, Bounds::NONE).into(),
            };
            json!({ "anyOf": all.iter().map(|one| branch(one.value_type)).collect::<Vec<_>>() })
        }
        ValueType::Id { target } => {
            json!({ "type": "string", "pattern": ID_PATTERN, "not": { "const": qomet::NO_ID }, "x-link": target })
        }
        ValueType::Link { target, .. } => {
            json!({ "type": "string", "x-link": target })
        }
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// Whether values of the type are written as texts, other than the switch that a boolean may be.
fn takes_text(kind: &ValueType) -> bool {
    use ValueType::{Enum, Link, Path, Size, String};
    matches!(kind.inner(), String | Path | Size | Enum(_) | Link { .. })
}

fn structure(kind: &StructType) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in kind.members {
        let mut schema = Map::new();
        insert_text(&mut schema, "description", member.description);
        schema.extend(value_schema(member.value_type, Bounds::NONE));
        properties.insert(member.name.to_owned(), schema.into());
        if member.required {
            required.push(member.name);
        }
    }
    object(properties, &required)
}

/// An object that has these members and no others.
pub(super) fn object(properties: Map<String, Value>, required: &[&str]) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// Inserts a text unless there is none.
pub(super) fn insert_text(schema: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        schema.insert(name.to_owned(), json!(text));
    }
}

/// A number, or null where JSON has none for it; bounds are never that far out.
pub(super) fn number(value: i128) -> Value {
    Number::from_i128(value).map_or(Value::Null, Value::Number)
}

/// The least and the greatest integer of so many bits.
fn range(bits: u8, signed: bool) -> (i128, i128) {
    let bits = u32::from(bits).min(64);
    if signed {
        let half = 1_i128 << bits.saturating_sub(1);
        (-half, half - 1)
    } else {
        (0, (1_i128 << bits) - 1)
    }
}

/// The bounds, and those of the type where there are none.
fn within(bounds: Bounds, least: i128, greatest: i128) -> Bounds {
    Bounds {
        minimum: Some(bounds.minimum.unwrap_or(least).max(least)),
        maximum: Some(bounds.maximum.unwrap_or(greatest).min(greatest)),
        ..bounds
    }
}

fn numeric(kind: Value, bounds: Bounds) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), kind);
    let limits = [
        ("minimum", bounds.minimum),
        ("maximum", bounds.maximum),
        ("multipleOf", bounds.multiple_of.map(i128::from).filter(|multiple| *multiple > 0)),
    ];
    for (name, limit) in limits {
        if let Some(limit) = limit {
            schema.insert(name.to_owned(), number(limit));
        }
    }
    schema
}
