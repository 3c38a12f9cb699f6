//! What was probably meant by a value that is not right.
//!
//! For the words of help and for repairs: `kind` words the mistakes themselves and asks here. What is not near to any right
//! value has no answer; nothing here knows the place or the property.

use super::kind::SHOWN;
use crate::tree::NO_ID;
use crate::visit::InputKind;

/// The size that was probably meant: without spaces, and with a unit of one letter.
pub(super) fn size_meant(text: &str) -> Option<String> {
    if text.len() > SHOWN {
        return None;
    }
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let unit = ["iB", "ib", "IB", "B", "b"].into_iter().find_map(|unit| dense.strip_suffix(unit));
    let texts = std::iter::once(dense.as_str()).chain(unit);
    texts.into_iter().find(|text| text.parse::<crate::Size>().is_ok()).map(str::to_owned)
}

/// The id that was probably meant: with `-` for what cannot stand in one.
pub(super) fn id_meant(id: &str) -> Option<String> {
    let starts = id.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || id.len() > SHOWN || id == NO_ID {
        return None;
    }
    let valid = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    let meant: String = id.chars().map(valid).collect();
    (meant != id).then_some(meant)
}

/// The value of the right kind that was probably meant, as it is written, and whether it surely was.
pub(super) fn value_meant(expected: &str, found: InputKind, value: &str) -> Option<(String, bool)> {
    /// A list that is written out is no longer.
    const MOST: u64 = 16;
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inside = quoted.unwrap_or(value);
    let yes = match inside.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some((true, true)),
        "false" | "no" | "off" => Some((false, true)),
        "1" | "y" | "enabled" => Some((true, false)),
        "0" | "n" | "disabled" => Some((false, false)),
        _ => None,
    };
    let number = |text: &str| {
        let number: f64 = text.parse().ok()?;
        // So far every whole number is one of those that a double can tell from each other.
        (number.fract() == 0.0 && (0.0..9e15).contains(&number)).then(|| format!("{number}"))
    };
    match (expected, found) {
        ("a boolean", InputKind::String | InputKind::Integer) => {
            yes.map(|(on, is_certain)| (on.to_string(), is_certain))
        }
        ("'on' or 'off'", _) => {
            yes.map(|(on, is_certain)| (if on { "on" } else { "off" }.to_owned(), is_certain))
        }
        ("a size" | "an integer" | "an unsigned integer", InputKind::Number) => {
            number(value).map(|number| (number, true))
        }
        ("a size", InputKind::String) if quoted.is_some() => {
            let size = inside.parse::<crate::Size>().ok()?;
            Some((size.bytes().to_string(), true))
        }
        ("an integer" | "an unsigned integer" | "a number", InputKind::String) if quoted.is_some() => {
            match (inside.parse::<i64>(), inside.parse::<crate::Size>()) {
                (Ok(number), _) => Some((number.to_string(), true)),
                (_, Ok(size)) => Some((size.bytes().to_string(), false)),
                _ => None,
            }
        }
        ("a string", InputKind::Integer | InputKind::Number | InputKind::Bool) if quoted.is_none() => {
            Some((format!("\"{value}\""), false))
        }
        ("a list", InputKind::Integer) => Some((format!("[{value}]"), false)),
        ("a list", InputKind::String) if quoted.is_some() => {
            let mut numbers = Vec::new();
            for part in inside.split(',').map(str::trim) {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                let (first, last) = (first.trim().parse::<u16>().ok()?, last.trim().parse::<u16>().ok()?);
                numbers.extend((first..=last).map(|number| number.to_string()));
                if numbers.len() as u64 > MOST {
                    return None;
                }
            }
            (!numbers.is_empty()).then(|| (format!("[{}]", numbers.join(", ")), false))
        }
        _ => None,
    }
}

/// What to write in general, where nobody can tell what was meant.
pub(super) fn value_help(expected: &str, found: InputKind, value: &str) -> Option<&'static str> {
    let is_word = found == InputKind::String && !value.starts_with('"');
    Some(match expected {
        _ if found == InputKind::Null => "write a value, or leave it out",
        "a boolean" => "write true or false, without quotes",
        "a size" => "write a number of bytes, such as 1073741824",
        "'on' or 'off'" => "write on or off",
        "a list" if is_word => "number its elements: name.0=VALUE, name.1=VALUE",
        "a list" => "put the elements into brackets: [VALUE, VALUE]",
        "an object" => "put its members into braces: {\"name\": VALUE}",
        "a string" => "write it in double quotes",
        "an integer" | "an unsigned integer" if is_word && value.contains('-') => {
            "a range runs from the lower number to the higher one, such as 0-3"
        }
        "an integer" | "an unsigned integer" => "write a whole number, without quotes",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_kind_is_written_as_the_right_one() {
        let meant = |expected, found, value| value_meant(expected, found, value).map(|(text, _)| text);

        assert_eq!(meant("a boolean", InputKind::Integer, "1").as_deref(), Some("true"));
        assert_eq!(meant("a boolean", InputKind::String, "\"No\"").as_deref(), Some("false"));
        assert_eq!(meant("'on' or 'off'", InputKind::String, "TRUE").as_deref(), Some("on"));
        assert_eq!(meant("a size", InputKind::Number, "1e9").as_deref(), Some("1000000000"));
        assert_eq!(meant("a size", InputKind::String, "\"1G\"").as_deref(), Some("1073741824"));
        assert_eq!(meant("an unsigned integer", InputKind::String, "\"7\"").as_deref(), Some("7"));
        assert_eq!(meant("an integer", InputKind::String, "\"1M\"").as_deref(), Some("1048576"));
        assert_eq!(meant("a string", InputKind::Integer, "7").as_deref(), Some("\"7\""));
        assert_eq!(meant("a list", InputKind::Integer, "0").as_deref(), Some("[0]"));
        assert_eq!(meant("a list", InputKind::String, "\"0-2, 5\"").as_deref(), Some("[0, 1, 2, 5]"));
    }

    #[test]
    fn what_is_near_to_no_value_has_none_that_was_meant() {
        let unknown = [
            ("a boolean", InputKind::Integer, "2"),
            ("a size", InputKind::Number, "1.5"),
            ("a size", InputKind::Number, "-1e3"),
            ("a list", InputKind::String, "\"5-1\""),
            ("a list", InputKind::String, "\"0-65535\""),
            ("a list", InputKind::String, "0-3"),
        ];

        let meant = unknown.map(|(expected, found, value)| value_meant(expected, found, value));

        assert!(meant.iter().all(Option::is_none), "{meant:?}");
    }

    #[test]
    fn an_id_keeps_what_can_stand_in_one() {
        assert_eq!(id_meant("ram 0").as_deref(), Some("ram-0"));
        assert_eq!(id_meant("0ram"), None);
    }
}
