//! The names that enums of QEMU's types have, from `query-qmp-schema`.
//!
//! QEMU tells only the name of an enum where it lists properties. What `object-add` takes is told in full, though types
//! have numbers there instead of names: from the type of the object to its member to the enum.

use std::collections::HashMap;

use serde_json::Value;

/// The names of values by type and property.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<(String, String), Vec<String>>);

impl Names {
    /// Reads what `query-qmp-schema` returns; what is not as expected is passed over.
    pub(super) fn read(schema: &Value) -> Self {
        let entries: HashMap<&str, &Value> =
            elements(schema).iter().filter_map(|entry| Some((entry.get("name")?.as_str()?, entry))).collect();
        let entry =
            |name: Option<&Value>| name.and_then(Value::as_str).and_then(|name| entries.get(name).copied());
        let mut names = HashMap::new();
        let options = entries.get("object-add").and_then(|command| entry(command.get("arg-type")));
        for variant in options.and_then(|options| options.get("variants")).map_or(&[][..], elements) {
            let (case, members) = (variant.get("case"), entry(variant.get("type")));
            let (Some(case), Some(members)) = (case.and_then(Value::as_str), members) else { continue };
            for member in members.get("members").map_or(&[][..], elements) {
                let values = entry(member.get("type")).and_then(|kind| kind.get("values"));
                let (Some(name), Some(values)) = (member.get("name").and_then(Value::as_str), values) else {
                    continue;
                };
                let values = elements(values).iter().filter_map(Value::as_str).map(str::to_owned).collect();
                names.insert((case.to_owned(), name.to_owned()), values);
            }
        }
        Names(names)
    }

    /// The names of the values of a property; nothing where they are not known.
    pub(super) fn of(&self, type_name: &str, property: &str) -> &[String] {
        self.0.get(&(type_name.to_owned(), property.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_of_an_enum_are_found() {
        let schema = json!([
            { "name": "object-add", "meta-type": "command", "arg-type": "1" },
            { "name": "1", "meta-type": "object", "members": [], "variants": [
                { "case": "lamp", "type": "2" }, { "case": "fan", "type": "nowhere" }
            ] },
            { "name": "2", "meta-type": "object", "members": [
                { "name": "mode", "type": "3" }, { "name": "level", "type": "int" }, 5
            ] },
            { "name": "3", "meta-type": "enum", "values": ["dim", "bright"] },
        ]);
        let names = Names::read(&schema);
        assert_eq!(names.of("lamp", "mode"), ["dim", "bright"]);
        assert!(names.of("lamp", "level").is_empty() && names.of("fan", "mode").is_empty());
    }
}
