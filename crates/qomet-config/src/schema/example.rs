//! Values as a document would write them: defaults and examples.
//!
//! An example is declared with its property, or shows the form that one would not guess. Used by the schemas, the
//! introspection and the reference pages.

use qomet::{Class, Output, Presence, Property, Size, ValueType};
use serde_json::{Map, Value, json};

use super::value::number;
use crate::json::JsonOutput;

/// Sizes as people write them, the usual one first.
const SIZES: [&str; 4] = ["1G", "1M", "4k", "1"];

/// The default as a document would write it, if there is one. That of a sensitive property is nobody's business.
#[must_use]
pub fn default_value(property: &Property) -> Option<Value> {
    match property.presence {
        Presence::Default(write) if !property.sensitive => written(write),
        _ => None,
    }
}

/// What is written, as JSON.
pub(super) fn written(write: fn(&mut dyn Output)) -> Option<Value> {
    let mut out = JsonOutput::compact();
    write(&mut out);
    serde_json::from_str(out.as_str()).ok()
}

/// A value that the property takes: the declared example, the usual form of a size, the default of a number, what a link looks
/// like.
pub(super) fn example(property: &Property) -> Option<Value> {
    match (property.example, property.value_type.inner()) {
        _ if property.sensitive => None,
        (Some(text), kind) if is_text(kind) => Some(json!(text)),
        (Some(text), _) => serde_json::from_str(text).ok(),
        (None, ValueType::Size) => {
            let fits = |text: &str| text.parse().is_ok_and(|Size(bytes)| is_within(property, bytes));
            SIZES.into_iter().find(|text| fits(text)).map(Value::from)
        }
        (None, ValueType::Int { .. } | ValueType::Number) => {
            let default = default_value(property).filter(Value::is_number);
            default.or_else(|| Some(number(property.bounds.minimum.unwrap_or(1).max(1))))
        }
        (None, ValueType::List(ValueType::Int { .. })) => Some(json!([0])),
        (None, kind @ (ValueType::Id { .. } | ValueType::Link { .. })) => plain(kind),
        // What an enum takes is listed, and of other texts nobody knows which are right.
        (None, _) => None,
    }
}

/// A bag of the type as a document has it: everything that must be given, and everything that has an example of its own.
#[must_use]
pub fn example_bag(class: &Class) -> Value {
    let mut bag = Map::new();
    bag.insert("qom-type".to_owned(), json!(class.name()));
    bag.insert("id".to_owned(), json!(format!("{}0", last_word(class.name()))));
    let given = class.properties().iter().filter(|one| one.is_required() || one.example.is_some());
    for property in given.filter(|one| one.is_settable()) {
        let value = example(property).or_else(|| plain(property.value_type));
        bag.insert(property.name.to_owned(), value.unwrap_or_default());
    }
    bag.into()
}

/// Whether a document writes values of the type as text.
fn is_text(kind: &ValueType) -> bool {
    use ValueType::{Enum, Id, Link, Path, Size, String};
    matches!(kind, Enum(_) | Id { .. } | Link { .. } | Path | Size | String)
}

fn is_within(property: &Property, bytes: u64) -> bool {
    let (bounds, number) = (property.bounds, i128::from(bytes));
    bounds.minimum.is_none_or(|least| least <= number)
        && bounds.maximum.is_none_or(|greatest| number <= greatest)
        && bounds.multiple_of.is_none_or(|multiple| multiple == 0 || bytes.is_multiple_of(multiple))
}

/// Some value of the type, where nobody has said more.
fn plain(kind: &ValueType) -> Option<Value> {
    match kind.inner() {
        ValueType::Bool => Some(json!(true)),
        ValueType::Int { .. } | ValueType::Number => Some(json!(1)),
        ValueType::Size => Some(json!("1G")),
        ValueType::String => Some(json!("text")),
        ValueType::Path => Some(json!("/path/of/a/file")),
        ValueType::Enum(kind) => kind.names.first().map(|name| json!(name)),
        ValueType::Link { .. } | ValueType::Id { .. } => Some(json!("id0")),
        ValueType::List(_) => Some(json!([])),
        ValueType::Alternate(all) => all.first().and_then(|one| plain(one.value_type)),
        ValueType::Struct(_) | ValueType::Optional(_) => None,
    }
}

/// What people call the objects of a type: mostly the last word of its name.
fn last_word(name: &str) -> &str {
    let word = name.rsplit(['-', '_']).next();
    word.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())).unwrap_or("object")
}
