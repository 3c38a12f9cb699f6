//! Values as people read and write them.
//!
//! How a value is written depends on its property's type: QEMU names one roughly (`int`, `bool`, `HostMemPolicy`),
//! Qomet exactly (`size`, `list of u16`). Where the type says too little, the value that the property has decides.
//! Servers get what QEMU takes: bytes for `1G`, `true` for `on`.

use qomet::{Output, Size, TextOutput};
use qomet_qmp::PropertyFacts;
use serde_json::Value;

use super::report::Failure;
use crate::text::shown;

/// A range such as `0-3` is not written out beyond this number of elements.
const ELEMENTS: u64 = 65_536;

/// What is a multiple of this may be a size.
const ROUND: u64 = 4096;

/// What a text is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    /// With or without a suffix such as `G`.
    Integer,
    Number,
    Text,
    List,
    /// A struct, or whatever JSON there is.
    Json,
    /// Anything: JSON if it is some, else a text.
    Any,
}

/// The value as text: `1 GiB`, `on`, `[0, 1]`.
pub(crate) fn show(value: &Value, facts: Option<&PropertyFacts>) -> String {
    let is_size = facts.is_some_and(|facts| facts.best_type().ends_with("size"));
    TextOutput::of(|out| write(value, is_size, out))
}

/// The same; a round number of a server that does not tell sizes from other numbers is also shown as a size.
pub(crate) fn explain(value: &Value, facts: Option<&PropertyFacts>) -> String {
    let text = show(value, facts);
    let is_exact = facts.is_some_and(|facts| facts.value_type.is_some());
    match value.as_u64().filter(|number| !is_exact && *number >= ROUND && number.is_multiple_of(ROUND)) {
        Some(number) => format!("{text} ({})", Size(number)),
        None => text,
    }
}

/// The client bounds the depth of what a server sends.
fn write(value: &Value, is_size: bool, out: &mut TextOutput) {
    match value {
        Value::Null => out.null(),
        Value::Bool(value) => out.boolean(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), ..) if is_size => out.size(value),
            (Some(value), ..) => out.uint64(value),
            (_, Some(value), _) => out.int64(value),
            (.., value) => out.number(value.unwrap_or_default()),
        },
        Value::String(text) => out.string(text),
        Value::Array(elements) => {
            out.begin_list();
            elements.iter().for_each(|element| write(element, is_size, out));
            out.end_list();
        }
        Value::Object(members) => {
            out.begin_struct();
            for (name, value) in members {
                out.member(&shown(name));
                write(value, false, out);
            }
            out.end_struct();
        }
    }
}

/// The text as a value of the property; `current` is what the property has, if that is known.
pub(crate) fn read(text: &str, facts: &PropertyFacts, current: Option<&Value>) -> Result<Value, Failure> {
    let kind = kind_of(facts, current);
    let wrong = |expected: &str| {
        let message = format!("property '{}' takes {expected}, which '{text}' is not", facts.name);
        let help = match kind {
            Kind::Bool => "write on or off",
            Kind::Integer => "write a whole number, such as 4096, 0x1000 or 4K",
            Kind::Number => "write a number, such as 0.5",
            Kind::List => "write [1, 2], or 0-3,5 for numbers",
            _ => "write JSON, such as {\"name\": 1}",
        };
        Failure::rejected("invalid-value", message, help)
    };
    let json = || serde_json::from_str(text).ok();
    let is_rough = facts.value_type.is_none();
    match kind {
        Kind::Bool => match text {
            "on" | "true" | "yes" | "y" => Ok(Value::Bool(true)),
            "off" | "false" | "no" | "n" => Ok(Value::Bool(false)),
            _ => Err(wrong("on or off")),
        },
        // QEMU calls a list of integers an integer too.
        Kind::Integer if text.starts_with('[') => json().ok_or_else(|| wrong("a list")),
        Kind::Integer => integer(text)
            .or_else(|| ranges(text).filter(|_| is_rough && current.is_none()))
            .ok_or_else(|| wrong(a_number(facts))),
        Kind::Number => text
            .parse()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| wrong("a number")),
        Kind::Text => Ok(text.into()),
        Kind::List if text.starts_with('[') => json().ok_or_else(|| wrong("a list")),
        Kind::List if facts.best_type().contains("string") => {
            Ok(text.split(',').filter(|part| !part.is_empty()).map(Value::from).collect())
        }
        Kind::List => ranges(text).ok_or_else(|| wrong("a list")),
        Kind::Json => json().ok_or_else(|| wrong("JSON")),
        Kind::Any => Ok(json().unwrap_or_else(|| text.into())),
    }
}

/// A value of a line, whose words have no kinds: those at the top become what their property takes, those deeper in
/// what they look like.
pub(crate) fn of_line(given: Value, facts: &PropertyFacts) -> Result<Value, Failure> {
    match given {
        Value::String(text) => read(&text, facts, None),
        other => Ok(guess(other)),
    }
}

/// The client bounds the depth of a line by its length.
fn guess(given: Value) -> Value {
    match given {
        Value::String(text) => match text.as_str() {
            "on" => true.into(),
            "off" => false.into(),
            _ => integer(&text).unwrap_or(Value::String(text)),
        },
        Value::Array(elements) => elements.into_iter().map(guess).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, guess(value))).collect(),
        other => other,
    }
}

fn a_number(facts: &PropertyFacts) -> &'static str {
    if facts.best_type() == "size" { "a size" } else { "a whole number" }
}

fn kind_of(facts: &PropertyFacts, current: Option<&Value>) -> Kind {
    if let Some(kind) = facts.value_type.as_deref() {
        return match kind {
            "bool" => Kind::Bool,
            "size" | "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => Kind::Integer,
            "number" => Kind::Number,
            "string" | "path" => Kind::Text,
            list if list.starts_with("list of ") => Kind::List,
            link if link.starts_with("link to ") => Kind::Text,
            names if names.contains(" | ") => Kind::Text,
            either if either.contains(" or ") => Kind::Any,
            // An enum with one value, or a struct.
            _ if matches!(current, Some(Value::String(_))) => Kind::Text,
            _ => Kind::Any,
        };
    }
    match (facts.type_name.as_str(), current) {
        ("bool", _) => Kind::Bool,
        (_, Some(Value::Array(_))) => Kind::List,
        ("int" | "size" | "int8" | "int16" | "int32" | "int64", _) => Kind::Integer,
        ("uint8" | "uint16" | "uint32" | "uint64", _) => Kind::Integer,
        ("number" | "double" | "float", _) => Kind::Number,
        ("string" | "str", _) => Kind::Text,
        (link, _) if link.starts_with("link<") => Kind::Text,
        (_, Some(Value::Bool(_))) => Kind::Bool,
        (_, Some(Value::Number(number))) if number.is_f64() => Kind::Number,
        (_, Some(Value::Number(_))) => Kind::Integer,
        (_, Some(Value::String(_))) => Kind::Text,
        (_, Some(Value::Object(_))) => Kind::Json,
        (_, None | Some(Value::Null)) => Kind::Any,
    }
}

/// The names of the values that a property takes, where there are only some.
#[cfg(feature = "shell")]
pub(crate) fn names(facts: &PropertyFacts) -> Vec<String> {
    match facts.best_type() {
        "bool" => vec!["off".to_owned(), "on".to_owned()],
        names if names.contains(" | ") => names.split(" | ").map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn integer(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix('-') {
        let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        return text.parse::<i64>().ok().filter(|_| plain).map(Value::from);
    }
    text.parse::<Size>().ok().map(|size| size.bytes().into())
}

/// `0-3,5` as a list of numbers.
fn ranges(text: &str) -> Option<Value> {
    let mut numbers = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
        if last.checked_sub(first)? >= ELEMENTS {
            return None;
        }
        numbers.extend((first..=last).map(Value::from));
    }
    Some(Value::Array(numbers))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(type_name: &str, value_type: Option<&str>) -> PropertyFacts {
        PropertyFacts {
            name: "p".to_owned(),
            type_name: type_name.to_owned(),
            value_type: value_type.map(str::to_owned),
            ..PropertyFacts::default()
        }
    }

    /// As for QEMU.
    fn rough(text: &str, type_name: &str, current: Value) -> Option<Value> {
        read(text, &facts(type_name, None), Some(&current)).ok()
    }

    /// As for Qomet.
    fn exact(text: &str, value_type: &str) -> Option<Value> {
        read(text, &facts("any", Some(value_type)), None).ok()
    }

    #[test]
    fn sizes_become_bytes() {
        assert_eq!(exact("1G", "size"), Some(json!(1 << 30)));
        assert_eq!(rough("0x10", "int", json!(0)), Some(json!(16)));
        assert_eq!(rough("18446744073709551615", "int", json!(0)), Some(json!(u64::MAX)));
        assert_eq!(rough("-5", "int", json!(0)), Some(json!(-5)));
        for wrong in ["1Q", "", "-", "-0x5", "1 G", "--5"] {
            assert_eq!(exact(wrong, "size"), None, "{wrong}");
        }
    }

    #[test]
    fn booleans_are_on_or_off() {
        assert_eq!(rough("on", "bool", json!(false)), Some(json!(true)));
        assert_eq!(exact("off", "bool"), Some(json!(false)));
        assert_eq!(exact("1", "bool"), None);
    }

    #[test]
    fn names_and_texts_stay_what_they_are() {
        assert_eq!(rough("on", "OnOffAuto", json!("auto")), Some(json!("on")));
        assert_eq!(exact("1", "string"), Some(json!("1")));
        assert_eq!(exact("on", "auto | on | off"), Some(json!("on")));
        assert_eq!(rough("", "link<memory-backend>", json!("")), Some(json!("")));
    }

    #[test]
    fn lists_are_json_or_ranges() {
        assert_eq!(rough("0-2,5", "int", json!([])), Some(json!([0, 1, 2, 5])));
        assert_eq!(exact("[1, 2]", "list of u16"), Some(json!([1, 2])));
        assert_eq!(exact("a,b", "list of string"), Some(json!(["a", "b"])));
        assert_eq!(exact("", "list of u16"), Some(json!([])));
        for wrong in ["[1,", "3-1", "0-99999999999", "x"] {
            assert_eq!(exact(wrong, "list of u16"), None, "{wrong}");
        }
    }

    #[test]
    fn what_stands_deeper_in_a_line_is_what_it_looks_like() {
        let given = json!({ "bps": "5", "on": ["on", "x", "1G"] });
        let read = of_line(given, &facts("ThrottleLimits", None)).unwrap();
        assert_eq!(read, json!({ "bps": 5, "on": [true, "x", 1 << 30] }));
        assert_eq!(of_line("0-1,4".into(), &facts("int", None)), Ok(json!([0, 1, 4])));
    }

    #[test]
    fn structs_are_json() {
        assert_eq!(rough("{\"a\": 1}", "ThrottleLimits", json!({})), Some(json!({ "a": 1 })));
        assert_eq!(rough("a", "ThrottleLimits", json!({})), None);
    }

    #[test]
    fn numbers_may_have_fractions() {
        assert_eq!(exact("0.5", "number"), Some(json!(0.5)));
        assert_eq!(exact("NaN", "number"), None);
    }

    #[test]
    fn values_are_shown_as_people_write_them() {
        assert_eq!(show(&json!(1 << 30), Some(&facts("int", Some("size")))), "1 GiB");
        assert_eq!(show(&json!(1 << 30), Some(&facts("int", None))), "1073741824");
        assert_eq!(explain(&json!(1 << 30), None), "1073741824 (1 GiB)");
        assert_eq!(explain(&json!(4097), None), "4097");
        assert_eq!(explain(&json!(1 << 30), Some(&facts("int", Some("u64")))), "1073741824");
        assert_eq!(show(&json!({ "a": [true, null] }), None), "{a: [on, (none)]}");
        assert_eq!(show(&json!("a\u{1b}[2J"), None), "a\\u{1b}[2J");
    }

    #[test]
    fn the_names_of_members_do_not_move_the_cursor() {
        assert!(!show(&json!({ "\u{1b}[2J": 1 }), None).contains('\u{1b}'));
    }
}
