//! What changed between two schemas, and whom that hurts.
//!
//! Called by `qomet schema diff` with two texts of [`document_schema`](super::document_schema) or
//! [`type_schema`](super::type_schema), of which one may be years old; so it reads JSON and knows no types. A change is
//! *breaking* if some document that was accepted is refused now or means something else. What it cannot judge, such as
//! two patterns, it calls breaking.
//!
//! Not here: schemas that others wrote. Of those, only the keywords that ours use are compared.

use std::fmt;

use serde_json::{Map, Value};

/// Whom a change hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// A document that was accepted is refused now, or means something else.
    Breaking,
    /// Every document that was accepted still is, and means the same.
    Compatible,
}

impl Impact {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Impact::Breaking => "breaking",
            Impact::Compatible => "compatible",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaChange {
    /// Whom it hurts.
    pub impact: Impact,
    /// The type, and the property and member behind it: `memory-backend-file.offset`.
    pub path: String,
    /// What changed.
    pub what: String,
    /// Why it has this impact.
    pub why: &'static str,
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {} ({})", self.impact.as_str(), self.path, self.what, self.why)
    }
}

/// Compares two schemas of documents, or of one type. The breaking changes come first, else in the order of the texts.
#[must_use]
pub fn schema_diff(old: &Value, new: &Value) -> Vec<SchemaChange> {
    let mut changes = Changes(Vec::new());
    let (old, new) = (types(old), types(new));
    for (name, old) in &old {
        match new.iter().find(|(other, _)| other == name) {
            Some((_, new)) => changes.compare(name, old, new),
            None => changes.breaking(name, "the type is gone", "its bags are refused"),
        }
    }
    for (name, _) in new.iter().filter(|(name, _)| !old.iter().any(|(other, _)| other == name)) {
        changes.compatible(name, "the type is new", "no bag could name it");
    }
    let mut changes = changes.0;
    changes.sort_by_key(|change| change.impact);
    changes
}

/// The schemas of the types by name: those of a document's schema, or the one.
fn types(schema: &Value) -> Vec<(&str, &Value)> {
    match schema.get("$defs").and_then(Value::as_object) {
        // No type's name starts with `_`.
        Some(all) => all
            .iter()
            .map(|(name, one)| (name.as_str(), one))
            .filter(|(name, _)| !name.starts_with('_'))
            .collect(),
        None => vec![(schema.get("title").and_then(Value::as_str).unwrap_or("the type"), schema)],
    }
}

struct Changes(Vec<SchemaChange>);

/// The words of a list of names in a schema.
fn names(schema: &Value, keyword: &str) -> Vec<Value> {
    match schema.get(keyword) {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// What is in `these` and not in `those`.
fn without(these: &[Value], those: &[Value]) -> Vec<Value> {
    these.iter().filter(|one| !those.contains(one)).cloned().collect()
}

fn is_in<N: ?Sized>(all: &[Value], name: &N) -> bool
where
    Value: PartialEq<N>,
{
    all.iter().any(|one| one == name)
}

/// The kinds of JSON value that fit; none if all do.
fn kinds(schema: &Value) -> Option<Vec<Value>> {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if schema.get("type").is_some() {
        return Some(names(schema, "type"));
    }
    let mut all: Vec<Value> =
        schema.get("enum")?.as_array()?.iter().map(|value| kind(value).into()).collect();
    all.dedup();
    Some(all)
}

/// Whether values of that kind fit.
fn takes(schema: &Value, kind: &str) -> bool {
    kinds(schema).is_none_or(|all| is_in(&all, kind) || kind == "number" && is_in(&all, "integer"))
}

fn list(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}

impl Changes {
    fn breaking(&mut self, path: &str, what: impl Into<String>, why: &'static str) {
        self.0.push(SchemaChange { impact: Impact::Breaking, path: path.to_owned(), what: what.into(), why });
    }

    fn compatible(&mut self, path: &str, what: impl Into<String>, why: &'static str) {
        self.0.push(SchemaChange {
            impact: Impact::Compatible,
            path: path.to_owned(),
            what: what.into(),
            why,
        });
    }

    /// Compares what a value may be, and what it means.
    fn compare(&mut self, path: &str, old: &Value, new: &Value) {
        self.compare_member(path, old, new, (false, false));
    }

    /// The same of a member of a bag or struct, which was and is required or not.
    fn compare_member(&mut self, path: &str, old: &Value, new: &Value, required: (bool, bool)) {
        if old == new {
            return;
        }
        self.kinds(path, old, new);
        self.choices(path, old, new);
        // What limits a kind of value that was refused before takes nothing away.
        if takes(old, "number") {
            self.bound(path, "minimum", old, new, |old, new| new > old);
            self.bound(path, "maximum", old, new, |old, new| new < old);
            self.multiple(path, old, new);
        }
        if takes(old, "string") {
            self.bound(path, "maxLength", old, new, |old, new| new < old);
            self.word(path, "pattern", "pattern", old, new);
        }
        self.word(path, "not", "exception", old, new);
        self.word(path, "anyOf", "list of branches", old, new);
        self.word(path, "x-link", "type of the link's target", old, new);
        self.word(path, "x-unit", "unit", old, new);
        self.meaning(path, old, new, required);
        if let (Some(old), Some(new)) = (old.get("items"), new.get("items")) {
            self.compare(&format!("{path}[]"), old, new);
        }
        self.members(path, old, new);
    }

    /// A keyword of which more can hardly be said than that it changed.
    fn word(&mut self, path: &str, keyword: &str, word: &str, old: &Value, new: &Value) {
        let (before, after) = (old.get(keyword), new.get(keyword));
        if before == after {
            return;
        }
        let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
        let what = format!("the {word} changed from {} to {}", shown(before), shown(after));
        let branches = |schema: &Value| names(schema, keyword);
        match (keyword, before, after) {
            ("pattern" | "not", Some(_), None) => self.compatible(path, what, "more values fit"),
            ("anyOf", Some(_), Some(_)) if without(&branches(old), &branches(new)).is_empty() => {
                self.compatible(path, what, "more values fit");
            }
            ("x-unit", ..) => self.breaking(path, what, "the same number means something else"),
            _ => self.breaking(path, what, "what fitted may not fit now"),
        }
    }

    /// The kinds of JSON value; those of an enum are its values'.
    fn kinds(&mut self, path: &str, old: &Value, new: &Value) {
        // What is left of an enum is said as such.
        if old == new || new.get("enum").is_some() {
            return;
        }
        match (kinds(old), kinds(new)) {
            (None, None) => {}
            (None, Some(new)) => {
                self.breaking(path, format!("must be {}", list(&new)), "such values are refused");
            }
            (Some(_), None) => {
                self.compatible(path, "no kind is asked for any more", "more values fit");
            }
            (Some(old), Some(new)) => {
                let still_fits =
                    |kind: &Value| is_in(&new, kind) || *kind == "integer" && is_in(&new, "number");
                let lost: Vec<Value> = old.iter().filter(|kind| !still_fits(kind)).cloned().collect();
                let gained = without(&new, &old);
                if !lost.is_empty() {
                    let what = format!("no {} any more", list(&lost));
                    self.breaking(path, what, "such values are refused");
                } else if !gained.is_empty() {
                    self.compatible(path, format!("may be {}", list(&gained)), "more values fit");
                }
            }
        }
    }

    /// The values of an enum, the name of a type.
    fn choices(&mut self, path: &str, old: &Value, new: &Value) {
        let (before, after) = (names(old, "enum"), names(new, "enum"));
        match (before.is_empty(), after.is_empty()) {
            (true, true) => {}
            (true, false) => {
                self.breaking(path, format!("only {} are left", list(&after)), "other values are refused");
            }
            (false, true) => {
                self.compatible(path, "it is no enum any more", "the kind of value tells what fits");
            }
            (false, false) => {
                let (lost, gained) = (without(&before, &after), without(&after, &before));
                if !lost.is_empty() {
                    self.breaking(
                        path,
                        format!("no value {} any more", list(&lost)),
                        "such values are refused",
                    );
                }
                if !gained.is_empty() {
                    self.compatible(path, format!("new value {}", list(&gained)), "more values fit");
                }
            }
        }
    }

    fn bound(
        &mut self,
        path: &str,
        keyword: &str,
        old: &Value,
        new: &Value,
        is_tighter: fn(i128, i128) -> bool,
    ) {
        let bound = |schema: &Value| schema.get(keyword).and_then(integer);
        match (bound(old), bound(new)) {
            (Some(before), Some(after)) if before != after => {
                let what = format!("{keyword} changed from {before} to {after}");
                match is_tighter(before, after) {
                    true => self.breaking(path, what, "values between them are refused"),
                    false => self.compatible(path, what, "more values fit"),
                }
            }
            (None, Some(after)) => {
                self.breaking(path, format!("{keyword} {after} is new"), "values beyond it are refused");
            }
            (Some(before), None) => {
                self.compatible(path, format!("{keyword} {before} is gone"), "more values fit")
            }
            _ => {}
        }
    }

    fn multiple(&mut self, path: &str, old: &Value, new: &Value) {
        let of = |schema: &Value| schema.get("multipleOf").and_then(integer).filter(|multiple| *multiple > 0);
        let (before, after) = (of(old).unwrap_or(1), of(new).unwrap_or(1));
        if before == after {
            return;
        }
        let what = format!("must be a multiple of {after}, not of {before}");
        match before % after {
            0 => self.compatible(path, what, "every multiple of the one is one of the other"),
            _ => self.breaking(path, what, "other values are refused"),
        }
    }

    /// What a value means beside which values fit.
    fn meaning(&mut self, path: &str, old: &Value, new: &Value, required: (bool, bool)) {
        let says = |schema: &Value, keyword: &str| schema.get(keyword) == Some(&Value::Bool(true));
        let sensitive = (says(old, "x-sensitive"), says(new, "x-sensitive"));
        // Nobody left out what had to be given; what must be given now is said elsewhere; and of what is sensitive the
        // default is not shown.
        if required == (false, false) && sensitive.0 == sensitive.1 {
            let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            let (before, after) = (old.get("default"), new.get("default"));
            if before != after {
                let what = format!("the default changed from {} to {}", shown(before), shown(after));
                self.breaking(path, what, "bags that leave it out mean something else");
            }
        }
        let mutable =
            |schema: &Value| schema.get("x-mutable").and_then(Value::as_str).unwrap_or_default().to_owned();
        match (mutable(old).as_str(), mutable(new).as_str()) {
            (before, after) if before == after => {}
            ("live", _) => {
                self.breaking(path, "cannot be changed in place any more", "a change replaces the object")
            }
            (_, _) => {
                self.compatible(path, "can be changed in place", "a change no longer replaces the object")
            }
        }
        let needs =
            |schema: &Value| schema.get("x-needs").and_then(Value::as_array).cloned().unwrap_or_default();
        let (before, after) = (needs(old), needs(new));
        for need in without(&after, &before) {
            self.breaking(path, format!("needs {need} of its target"), "other targets are refused");
        }
        for need in without(&before, &after) {
            self.compatible(path, format!("needs {need} of its target no more"), "more targets fit");
        }
        match sensitive {
            (false, true) => self.breaking(path, "is sensitive", "it cannot be read any more"),
            (true, false) => self.breaking(path, "is not sensitive any more", "what was secret is shown"),
            _ => {}
        }
        match (says(old, "deprecated"), says(new, "deprecated")) {
            (false, true) => self.compatible(path, "is deprecated", "it still works"),
            (true, false) => self.compatible(path, "is not deprecated any more", "it works as before"),
            _ => {}
        }
        match (says(old, "x-unstable"), says(new, "x-unstable")) {
            (false, true) => self.breaking(path, "is unstable", "nobody can rely on it any more"),
            (true, false) => self.compatible(path, "is stable", "one can rely on it"),
            _ => {}
        }
    }

    /// The properties of a bag, the members of a struct.
    fn members(&mut self, path: &str, old: &Value, new: &Value) {
        let empty = Map::new();
        let members = |schema: &'_ Value| schema.get("properties").and_then(Value::as_object).cloned();
        let (before, after) = (members(old), members(new));
        let (before, after) = (before.as_ref().unwrap_or(&empty), after.as_ref().unwrap_or(&empty));
        let (needed, needs) = (names(old, "required"), names(new, "required"));
        for (name, old) in before {
            let path = format!("{path}.{name}");
            let Some(new) = after.get(name) else {
                self.breaking(&path, "is gone", "bags that give it are refused");
                continue;
            };
            match (is_in(&needed, name), is_in(&needs, name)) {
                (false, true) => self.breaking(&path, "is required", "bags that leave it out are refused"),
                (true, false) => self.compatible(&path, "is not required any more", "more bags fit"),
                _ => {}
            }
            self.compare_member(&path, old, new, (is_in(&needed, name), is_in(&needs, name)));
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let path = format!("{path}.{name}");
            match is_in(&needs, name) {
                true => self.breaking(&path, "is new and required", "bags without it are refused"),
                false => self.compatible(&path, "is new", "bags without it mean the same"),
            }
        }
    }
}

/// An integer of up to 64 bits, with or without a sign.
fn integer(value: &Value) -> Option<i128> {
    value.as_u64().map(i128::from).or_else(|| value.as_i64().map(i128::from))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The schema of a type with one property.
    fn with(property: Value) -> Value {
        json!({ "title": "fan", "properties": { "speed": property } })
    }

    fn told(old: Value, new: Value) -> Vec<String> {
        schema_diff(&old, &new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn equal_schemas_have_no_changes() {
        assert_eq!(told(with(json!({ "type": "integer" })), with(json!({ "type": "integer" }))), [""; 0]);
    }

    #[test]
    fn words_alone_are_no_change() {
        let (old, new) = (json!({ "description": "rounds" }), json!({ "description": "rounds per minute" }));
        assert_eq!(told(with(old), with(new)), [""; 0]);
    }

    #[test]
    fn tighter_bounds_break_and_wider_ones_do_not() {
        let (old, new) = (json!({ "minimum": 1, "maximum": 9 }), json!({ "minimum": 0, "maximum": 8 }));
        assert_eq!(
            told(with(old), with(new)),
            [
                "breaking: fan.speed: maximum changed from 9 to 8 (values between them are refused)",
                "compatible: fan.speed: minimum changed from 1 to 0 (more values fit)",
            ]
        );
    }

    #[test]
    fn a_bound_beyond_signed_integers_is_exact() {
        let (old, new) = (json!({ "maximum": u64::MAX }), json!({ "maximum": u64::MAX - 1 }));
        assert_eq!(
            told(with(old), with(new)),
            [
                "breaking: fan.speed: maximum changed from 18446744073709551615 to 18446744073709551614 (values between them are refused)"
            ]
        );
    }

    #[test]
    fn a_coarser_multiple_breaks_and_a_divisor_does_not() {
        let of = |multiple: u64| with(json!({ "multipleOf": multiple }));
        assert_eq!(schema_diff(&of(4096), &of(8192))[0].impact, Impact::Breaking);
        assert_eq!(schema_diff(&of(8192), &of(4096))[0].impact, Impact::Compatible);
        assert_eq!(schema_diff(&of(6), &of(4))[0].impact, Impact::Breaking);
    }

    #[test]
    fn values_of_an_enum_come_and_go() {
        let (old, new) = (json!({ "enum": ["slow", "fast"] }), json!({ "enum": ["slow", "silent"] }));
        assert_eq!(
            told(with(old), with(new)),
            [
                "breaking: fan.speed: no value \"fast\" any more (such values are refused)",
                "compatible: fan.speed: new value \"silent\" (more values fit)",
            ]
        );
    }

    #[test]
    fn another_default_breaks() {
        let (old, new) = (json!({ "default": 1 }), json!({ "default": 2 }));
        assert_eq!(
            told(with(old), with(new)),
            [
                "breaking: fan.speed: the default changed from 1 to 2 (bags that leave it out mean something else)"
            ]
        );
    }

    #[test]
    fn a_live_property_that_gets_fixed_breaks() {
        let mutable = |word: &str| with(json!({ "x-mutable": word }));
        assert_eq!(schema_diff(&mutable("live"), &mutable("until-realized"))[0].impact, Impact::Breaking);
        assert_eq!(schema_diff(&mutable("until-realized"), &mutable("live"))[0].impact, Impact::Compatible);
    }

    #[test]
    fn properties_come_go_and_become_required() {
        let old = json!({ "title": "fan", "properties": { "speed": {}, "noise": {} }, "required": [] });
        let new = json!({ "title": "fan", "properties": { "speed": {}, "colour": {}, "id": {} }, "required": ["speed", "id"] });
        assert_eq!(
            told(old, new),
            [
                "breaking: fan.speed: is required (bags that leave it out are refused)",
                "breaking: fan.noise: is gone (bags that give it are refused)",
                "breaking: fan.id: is new and required (bags without it are refused)",
                "compatible: fan.colour: is new (bags without it mean the same)",
            ]
        );
    }

    #[test]
    fn types_of_a_document_are_compared_by_name() {
        let old = json!({ "$defs": { "_bag": 1, "fan": {}, "lamp": {} } });
        let new = json!({ "$defs": { "_bag": 2, "fan": {}, "door": {} } });
        assert_eq!(
            told(old, new),
            [
                "breaking: lamp: the type is gone (its bags are refused)",
                "compatible: door: the type is new (no bag could name it)"
            ]
        );
    }

    /// Every kind of change, with what it is said to be.
    #[test]
    fn each_change_is_classified() {
        let int = json!({ "type": "integer", "minimum": 0, "maximum": 255 });
        let size =
            json!({ "type": ["integer", "string"], "minimum": 0, "maximum": 255, "pattern": "^[0-9]+[kM]$" });
        let text = json!({ "type": "string" });
        let path = json!({ "type": "string", "maxLength": 4095, "pattern": "^[^0]*$" });
        let number = json!({ "type": "number" });
        let switch = json!({ "enum": [true, false, "on", "off"] });
        let tristate = json!({ "enum": ["auto", "on", "off"] });
        let names = json!({ "enum": ["slow", "fast"] });
        let ints = json!({ "type": "array", "items": int });
        let sizes = json!({ "type": "array", "items": size });
        let either = |branches: &[&Value]| json!({ "anyOf": branches });
        let plain = json!({});
        let (secret, old, shaky) =
            (json!({ "x-sensitive": true }), json!({ "deprecated": true }), json!({ "x-unstable": true }));
        let unit = |unit: &str| json!({ "x-unit": unit });
        let link = |target: &str| json!({ "type": "string", "x-link": target });
        let compatible = [
            (&int, &size),
            (&int, &number),
            (&names, &text),
            (&path, &text),
            (&ints, &sizes),
            (&either(&[&int]), &either(&[&int, &text])),
            (&plain, &old),
            (&old, &plain),
            (&shaky, &plain),
        ];
        let breaking = [
            (&size, &int),
            (&number, &int),
            (&text, &int),
            (&text, &names),
            (&text, &path),
            (&switch, &tristate),
            (&switch, &text),
            (&sizes, &ints),
            (&ints, &int),
            (&either(&[&int, &text]), &either(&[&int])),
            (&plain, &secret),
            (&secret, &plain),
            (&plain, &shaky),
            (&unit("s"), &unit("ms")),
            (&link("fan"), &link("lamp")),
        ];
        let impact = |(old, new): &(&Value, &Value)| {
            let changes = schema_diff(&with((*old).clone()), &with((*new).clone()));
            changes.iter().map(|change| change.impact).min()
        };
        for pair in &compatible {
            assert_eq!(impact(pair), Some(Impact::Compatible), "{pair:?}");
        }
        for pair in &breaking {
            assert_eq!(impact(pair), Some(Impact::Breaking), "{pair:?}");
        }
    }

    #[test]
    fn what_need_not_be_given_any_more_may_have_any_default() {
        let of = |property: Value, required: Value| json!({ "title": "fan", "properties": { "speed": property }, "required": required });
        let (needed, free) = (of(json!({}), json!(["speed"])), of(json!({ "default": 1 }), json!([])));
        assert_eq!(
            told(needed.clone(), free.clone()),
            ["compatible: fan.speed: is not required any more (more bags fit)"]
        );
        assert_eq!(
            told(free, needed),
            ["breaking: fan.speed: is required (bags that leave it out are refused)"]
        );
    }

    #[test]
    fn elements_of_lists_and_members_of_structs_are_compared() {
        let of = |maximum: u64| {
            with(json!({ "type": "array", "items": { "properties": { "first": { "maximum": maximum } } } }))
        };
        assert_eq!(schema_diff(&of(9), &of(8))[0].path, "fan.speed[].first");
    }

    #[test]
    fn another_kind_of_value_breaks() {
        let kind = |kind: Value| with(json!({ "type": kind }));
        assert_eq!(schema_diff(&kind(json!("string")), &kind(json!("integer")))[0].impact, Impact::Breaking);
        assert_eq!(
            schema_diff(&kind(json!("string")), &kind(json!(["string", "integer"])))[0].impact,
            Impact::Compatible
        );
    }

    #[test]
    fn what_becomes_sensitive_or_shown_breaks() {
        let (open, hidden) = (with(json!({})), with(json!({ "x-sensitive": true })));
        assert_eq!(schema_diff(&open, &hidden)[0].impact, Impact::Breaking);
        assert_eq!(schema_diff(&hidden, &open)[0].impact, Impact::Breaking);
    }
}
