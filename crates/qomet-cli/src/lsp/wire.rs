//! Messages on a stream: a header that says how long each one is, and JSON.
//!
//! What comes is judged here, so that whoever handles messages has only messages. A message that is none is answered and
//! the next one read; only where it is not known where the next one begins is the end.
//!
//! Why not the reader of lsp-server: it makes room for whatever length a header claims, and one message that cannot be
//! parsed ends the conversation, with everything that is open in the editor.

use std::io::{self, BufRead, Read, Write};

use lsp_server::{ErrorCode, Message};
use qomet_config::TEXT_LIMIT;
use serde_json::{Value, json};

/// How long a message may be. A document in it is shorter than [`TEXT_LIMIT`], and JSON takes more room for some
/// characters.
const LIMIT: u64 = 2 * TEXT_LIMIT as u64;

/// A longer message than this was never meant: nobody waits until it is skipped.
const ABSURD: u64 = u32::MAX as u64;

/// How long a line of a header may be.
const LINE_LIMIT: u64 = 4096;

/// What was read.
#[derive(Debug)]
pub(super) enum Received {
    Message(Message),
    /// No message: the answer to it.
    Nonsense(Value),
}

/// Reads the next request or notification; none at the end of the input. Answers of the editor are passed over: nothing
/// depends on them.
///
/// # Errors
/// It cannot be read, or it is not known where the next message begins: [`io::ErrorKind::InvalidData`].
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Received>> {
    while let Some(length) = read_header(input)? {
        if let Some(received) = read_body(input, length)? {
            return Ok(Some(received));
        }
    }
    Ok(None)
}

/// Reads what follows a header; none if it is an answer.
fn read_body(input: &mut impl BufRead, length: u64) -> io::Result<Option<Received>> {
    if length > LIMIT {
        if length > ABSURD {
            return Err(invalid(format!("a message of {length} bytes is announced, the limit is {LIMIT}")));
        }
        skip(input, length)?;
        let message = format!("the message has {length} bytes, the limit is {LIMIT}");
        return Ok(Some(nonsense(ErrorCode::InvalidRequest, message)));
    }
    // Room is made for what comes, and not for what is announced.
    let mut body = Vec::new();
    input.by_ref().take(length).read_to_end(&mut body)?;
    if u64::try_from(body.len()).unwrap_or(u64::MAX) < length {
        return Err(invalid(format!("the input ends {} bytes into a message of {length}", body.len())));
    }
    Ok(parse(&body))
}

/// The length of the body that follows; none at the end of the input.
fn read_header(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        input.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line)?;
        if line.is_empty() && is_first {
            return Ok(None);
        }
        let shown = || format!("'{}'", line.escape_ascii());
        let Some(text) = line.strip_suffix(b"\n") else {
            let what = if line.is_empty() { "it ends".to_owned() } else { shown() };
            return Err(invalid(format!("expected a line of a header, found {what}")));
        };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            let missing = || invalid("the header has no 'Content-Length'".to_owned());
            return length.map(Some).ok_or_else(missing);
        }
        let pair = str::from_utf8(text).ok().and_then(|text| text.split_once(':'));
        let Some((name, value)) = pair else {
            return Err(invalid(format!("expected a line of a header, found {}", shown())));
        };
        if name.trim().eq_ignore_ascii_case("content-length") {
            let number = value.trim().parse();
            let wrong = |_| invalid(format!("'Content-Length' is '{}'", value.trim().escape_debug()));
            length = Some(number.map_err(wrong)?);
        }
        is_first = false;
    }
}

fn skip(input: &mut impl BufRead, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut input.by_ref().take(length), &mut io::sink())?;
    match skipped == length {
        true => Ok(()),
        false => Err(invalid(format!("the input ends {skipped} bytes into a message of {length}"))),
    }
}

/// The message in a body, or what is wrong with it; none if it is an answer.
fn parse(body: &[u8]) -> Option<Received> {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => {
            return Some(nonsense(ErrorCode::ParseError, format!("the message is no JSON: {error}")));
        }
    };
    let is_answer =
        value.get("method").is_none() && ["result", "error"].iter().any(|one| value.get(one).is_some());
    (!is_answer).then(|| judge(value))
}

fn judge(value: Value) -> Received {
    if !value.is_object() {
        return nonsense(ErrorCode::InvalidRequest, "a message is an object".to_owned());
    }
    // A request whose id cannot be read must not pass for a notification: its sender would wait for ever.
    let id = value.get("id");
    let is_id = |id: &Value| id.is_string() || id.as_i64().is_some_and(|id| i32::try_from(id).is_ok());
    if let Some(id) = id.filter(|id| !is_id(id) && value.get("method").is_some()) {
        let message = format!("the id of a request is a text or an integer of 32 bits, not {id}");
        return nonsense(ErrorCode::InvalidRequest, message);
    }
    if !value.get("method").is_some_and(Value::is_string) {
        let message = "a message has a 'method', which is a text".to_owned();
        let id = id.filter(|id| is_id(id)).cloned().unwrap_or_default();
        return Received::Nonsense(answer(id, ErrorCode::InvalidRequest, message));
    }
    match serde_json::from_value(value) {
        Ok(message) => Received::Message(message),
        Err(error) => nonsense(ErrorCode::InvalidRequest, format!("it is no message: {error}")),
    }
}

/// To whom is not known.
fn nonsense(code: ErrorCode, message: String) -> Received {
    Received::Nonsense(answer(Value::Null, code, message))
}

fn answer(id: Value, code: ErrorCode, message: String) -> Value {
    // The codes are small, as the protocol has it.
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } })
}

/// Writes one message.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(output: &mut impl Write, message: &Message) -> io::Result<()> {
    message.write(output)
}

/// Writes the answer to what is no message.
///
/// # Errors
/// It cannot be written.
pub(super) fn write_answer(output: &mut impl Write, answer: &Value) -> io::Result<()> {
    let text = answer.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
