//! Types and their properties, as far as a server tells.
//!
//! QEMU gives a name, a type and perhaps a sentence; Qomet says beside it what a value must be like, what it is unless
//! given, and when it can change. What is not told is absent, never guessed.

use serde_json::{Value, json};

use super::{Client, ClientError};

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeView {
    /// Its name.
    pub name: String,
    /// The name of its parent.
    pub parent: Option<String>,
    /// Whether it has no objects of its own.
    pub is_abstract: bool,
}

/// A property of a type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PropertyFacts {
    /// Its name.
    pub name: String,
    /// The type in QEMU's words, such as `int`, `bool`, `HostMemPolicy`.
    pub type_name: String,
    /// The type in Qomet's words, such as `size`, `u32`, `on | off | auto`.
    pub value_type: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// What it is unless it is given.
    pub default: Option<Value>,
    /// The unit of its numbers.
    pub unit: Option<String>,
    /// The least number.
    pub minimum: Option<Value>,
    /// The greatest number.
    pub maximum: Option<Value>,
    /// What every number must be divisible by.
    pub multiple_of: Option<Value>,
    /// Whether it must be given.
    pub required: bool,
    /// When it can change: `live`, `until-realized`, `never`.
    pub mutable: Option<String>,
    /// The version that brought it.
    pub since: Option<String>,
    /// Whether its value is not to be shown.
    pub sensitive: bool,
}

impl PropertyFacts {
    /// Reads one of the elements that `qom-list` and `qom-list-properties` return.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
        let any = |name: &str| value.get(name).cloned();
        Some(PropertyFacts {
            name: text("name")?,
            type_name: text("type").unwrap_or_default(),
            value_type: text("value-type"),
            description: text("description"),
            default: any("default-value"),
            unit: text("unit"),
            minimum: any("minimum"),
            maximum: any("maximum"),
            multiple_of: any("multiple-of"),
            required: flag("required"),
            mutable: text("mutable"),
            since: text("since"),
            sensitive: flag("sensitive"),
        })
    }

    /// The type in the best words there are.
    #[must_use]
    pub fn best_type(&self) -> &str {
        self.value_type.as_deref().unwrap_or(&self.type_name)
    }

    /// The type of the child that it is, if it is one.
    #[must_use]
    pub fn child_type(&self) -> Option<&str> {
        self.type_name.strip_prefix("child<")?.strip_suffix('>')
    }
}

impl Client {
    /// All types, abstract ones too, in the server's order.
    ///
    /// # Errors
    /// The server refuses, or the connection fails.
    pub fn types(&mut self) -> Result<Vec<TypeView>, ClientError> {
        let reply = self.execute("qom-list-types", json!({ "abstract": true }))?;
        let read = |one: &Value| {
            Some(TypeView {
                name: one.get("name")?.as_str()?.to_owned(),
                parent: one.get("parent").and_then(Value::as_str).map(str::to_owned),
                is_abstract: one.get("abstract").and_then(Value::as_bool).unwrap_or(false),
            })
        };
        Ok(elements(&reply).iter().filter_map(read).collect())
    }

    /// The properties of a type, in the server's order.
    ///
    /// # Errors
    /// There is no such type, or the connection fails.
    pub fn properties_of(&mut self, type_name: &str) -> Result<Vec<PropertyFacts>, ClientError> {
        let reply = self.execute("qom-list-properties", json!({ "typename": type_name }))?;
        Ok(elements(&reply).iter().filter_map(PropertyFacts::read).collect())
    }

    /// The properties of one object without their values, its children among them.
    ///
    /// # Errors
    /// There is no such object, or the connection fails.
    pub fn list(&mut self, path: &str) -> Result<Vec<PropertyFacts>, ClientError> {
        let reply = self.execute("qom-list", json!({ "path": path }))?;
        Ok(elements(&reply).iter().filter_map(PropertyFacts::read).collect())
    }
}

/// The elements of a list; nothing for what is none.
pub(super) fn elements(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
