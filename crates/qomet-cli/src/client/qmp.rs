//! `qmp`: a command of the protocol as it is.

use serde_json::{Map, Value};

use super::Done;
use super::arguments::Qmp;
use super::report::Failure;
use super::session::Session;
use crate::console::Console;
use crate::outcome::Outcome;

/// Runs the command.
pub(super) fn qmp(session: &mut Session, arguments: &Qmp, console: &mut Console) -> Done {
    let (command, members) = read(&arguments.request, arguments.arguments.as_deref())?;
    // Nobody knows how long a command that the user chose may take.
    let patience = session.client.set_reply_timeout(None);
    let answer = session.client.execute(&command, members);
    session.client.set_reply_timeout(patience);
    let answer = answer?;
    console.print(&if arguments.json { format!("{answer}\n") } else { format!("{answer:#}\n") });
    Ok(Outcome::Fine)
}

/// The command and its arguments.
fn read(request: &str, arguments: Option<&str>) -> Result<(String, Value), Failure> {
    let json = |what: &str, text: &str| {
        serde_json::from_str::<Map<String, Value>>(text).map_err(|error| {
            Failure::rejected("invalid-json", format!("{what} must be a JSON object: {error}"), "")
        })
    };
    if !request.trim_start().starts_with(['{', '[', '"']) {
        let members = arguments.map(|text| json("the arguments", text)).transpose()?;
        return Ok((request.to_owned(), members.map_or(Value::Null, Value::Object)));
    }
    let mut members = json("a request", request)?;
    let wrong = |what: String| Err(Failure::rejected("invalid-request", what, ""));
    if arguments.is_some() {
        return wrong("a request in JSON has its arguments in it".to_owned());
    }
    let command = match members.remove("execute") {
        Some(Value::String(command)) => command,
        Some(_) => return wrong("member 'execute' must be a string".to_owned()),
        None => return wrong("a request lacks its member 'execute'".to_owned()),
    };
    let arguments = members.remove("arguments").unwrap_or_default();
    // Replies come one by one: nobody needs the id.
    members.remove("id");
    match members.keys().next() {
        Some(other) => wrong(format!("member '{other}' cannot be sent: expected 'execute' and 'arguments'")),
        None => Ok((command, arguments)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_json_or_a_name() {
        assert_eq!(read("query-status", None), Ok(("query-status".to_owned(), Value::Null)));
        assert_eq!(read("stop", Some("{\"a\": 18446744073709551615}")).unwrap().1, json!({ "a": u64::MAX }));
        let whole = r#"{"execute": "x", "arguments": {"a": 1}, "id": 5}"#;
        assert_eq!(read(whole, None), Ok(("x".to_owned(), json!({ "a": 1 }))));
    }

    #[test]
    fn what_is_no_request_is_not_sent() {
        for wrong in ["{", "[]", "{}", "{\"execute\": 1}", "{\"execute\": \"x\", \"more\": 1}", "\"x\""] {
            assert!(read(wrong, None).is_err(), "{wrong}");
        }
        assert!(read("{\"execute\": \"x\"}", Some("{}")).is_err());
        assert!(read("x", Some("1")).is_err());
    }
}
