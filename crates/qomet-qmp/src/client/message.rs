//! What a server sends: a greeting, replies, events.
//!
//! The text becomes a JSON value in which every integer of 64 bits, signed or not, is exact. Depth is bounded by the
//! framer; one name twice is taken, the last one counts.

use qomet::{Diagnostics, InputKind};
use qomet_config::{Node, Syntax, Tape};
use serde_json::{Map, Number, Value};

use super::{ClientError, Refused};

/// So much of what is not understood is shown.
const SHOWN: usize = 60;

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeting {
    /// Major, minor and micro number of QEMU, or of the QEMU that a server follows.
    pub version: (u64, u64, u64),
    /// Which program it is.
    pub package: String,
    /// What may be negotiated.
    pub capabilities: Vec<String>,
}

/// Something that happened at the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name, such as `SHUTDOWN`.
    pub name: String,
    /// What it tells; null where it tells nothing.
    pub data: Value,
    /// When, in seconds since 1970.
    pub seconds: i64,
    /// And microseconds.
    pub microseconds: i64,
}

/// A message.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    Reply { id: Value, answer: Result<Value, Refused> },
    Event(Event),
    Greeting(Greeting),
}

/// Reads a message.
pub(super) fn read(bytes: &[u8]) -> Result<Message, ClientError> {
    let bad = |what: &str| ClientError::BadMessage { what: what.to_owned() };
    let text = std::str::from_utf8(bytes).map_err(|_| bad("invalid UTF-8"))?;
    let mut members = match parse(text)? {
        Value::Object(members) => members,
        _ => return Err(bad(&format!("'{}'", shorten(text)))),
    };
    if let Some(hello) = members.get("QMP") {
        return Ok(Message::Greeting(greeting(hello)));
    }
    if let Some(Value::String(name)) = members.get("event") {
        let number =
            |name: &str| members.get("timestamp").and_then(|it| it.get(name)?.as_i64()).unwrap_or(-1);
        let (seconds, microseconds, name) = (number("seconds"), number("microseconds"), name.clone());
        let data = members.remove("data").unwrap_or_default();
        return Ok(Message::Event(Event { name, data, seconds, microseconds }));
    }
    let id = members.remove("id").unwrap_or_default();
    if let Some(value) = members.remove("return") {
        return Ok(Message::Reply { id, answer: Ok(value) });
    }
    let Some(Value::Object(mut error)) = members.remove("error") else {
        return Err(bad(&format!("'{}'", shorten(text))));
    };
    let mut text = |name: &str| match error.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (class, desc) = (text("class"), text("desc"));
    let data = error.remove("data").unwrap_or_default();
    Ok(Message::Reply { id, answer: Err(Refused { command: String::new(), class, desc, data }) })
}

fn greeting(hello: &Value) -> Greeting {
    let version = hello.get("version").unwrap_or(&Value::Null);
    let number = |name: &str| version.get("qemu").and_then(|it| it.get(name)?.as_u64()).unwrap_or(0);
    let capabilities = hello.get("capabilities").and_then(Value::as_array).map(Vec::as_slice);
    Greeting {
        version: (number("major"), number("minor"), number("micro")),
        package: version.get("package").and_then(Value::as_str).unwrap_or_default().to_owned(),
        capabilities: capabilities
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    }
}

/// The beginning of what somebody sent, in one line.
pub(super) fn shorten(text: &str) -> String {
    let mut out: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    out.truncate(out.trim_end().len());
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

/// JSON text as a value.
fn parse(text: &str) -> Result<Value, ClientError> {
    let mut report = Diagnostics::new();
    let syntax = Syntax { max_depth: Syntax::QEMU.max_depth, ..Syntax::STRICT };
    let tape = Tape::of(text, syntax, &mut report);
    match report.take().first() {
        Some(first) => Err(ClientError::BadMessage { what: first.to_string() }),
        None => Ok(value(tape.root())),
    }
}

/// A value without its text. The parser bounds the depth.
fn value(node: Node<'_>) -> Value {
    match node.kind() {
        InputKind::Struct => {
            let members =
                node.members().map(|(name, node)| (name.str().unwrap_or_default().into_owned(), value(node)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        InputKind::List => Value::Array(node.elements().map(value).collect()),
        InputKind::String => Value::String(node.str().unwrap_or_default().into_owned()),
        InputKind::Bool => Value::Bool(node.source_text() == "true"),
        InputKind::Integer | InputKind::Number => number(node.source_text()),
        InputKind::Null | InputKind::Damaged => Value::Null,
    }
}

/// A number: exact if it is an integer of 64 bits, else the nearest double.
fn number(text: &str) -> Value {
    match (text.parse::<u64>(), text.parse::<i64>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(number)) => number.into(),
        _ => text.parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_64_bits_are_exact() {
        let text = r#"{"return": [18446744073709551615, -9223372036854775808, 9007199254740993]}"#;
        let Message::Reply { answer: Ok(value), .. } = read(text.as_bytes()).unwrap() else { panic!() };
        assert_eq!(value.to_string(), "[18446744073709551615,-9223372036854775808,9007199254740993]");
    }

    #[test]
    fn the_members_of_an_error_are_kept() {
        let text = r#"{"error": {"class": "GenericError", "desc": "no", "data": [1]}, "id": 7}"#;
        let Message::Reply { id, answer: Err(refused) } = read(text.as_bytes()).unwrap() else { panic!() };
        assert_eq!((id, refused.class.as_str(), refused.desc.as_str()), (7.into(), "GenericError", "no"));
        assert_eq!(refused.data, serde_json::json!([1]));
    }

    #[test]
    fn an_event_has_its_time() {
        let text = r#"{"timestamp": {"seconds": 5, "microseconds": 6}, "event": "STOP"}"#;
        let event = Event { name: "STOP".to_owned(), data: Value::Null, seconds: 5, microseconds: 6 };
        assert_eq!(read(text.as_bytes()), Ok(Message::Event(event)));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in ["[]", "{}", "3", "{\"error\": 1}", "{\"return\": }", "\"\u{1b}\""] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"{\"return\": \"\xff\"}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_value_of_a_reply_is_read(text: String, number: i64) {
            let value = serde_json::json!({ "return": { (text.as_str()): [number, text] } });
            let Message::Reply { answer, .. } = read(value.to_string().as_bytes()).unwrap() else { panic!() };
            proptest::prop_assert_eq!(&answer.unwrap(), &value["return"]);
        }
    }
}
