//! A message as a request: the envelope with `execute` or `exec-oob`, `arguments` and `id`.
//!
//! Called by the session. The text is parsed by the parser of documents, which here takes exactly what QEMU takes;
//! one name twice anywhere is refused, as QEMU refuses it.

use std::borrow::Cow;
use std::collections::HashSet;

use qomet::{Diagnostics, InputKind, Output};
use qomet_config::{JsonOutput, Node, Syntax, Tape};

use super::reply::Refusal;

/// Up to so many members names are compared with each other; above, they are hashed.
const FEW: usize = 8;

/// A message that is JSON.
pub(crate) struct Text<'m>(Tape<'m>);

impl<'m> Text<'m> {
    /// Parses a message.
    ///
    /// # Errors
    /// It is no JSON.
    pub(crate) fn parse(text: &'m str) -> Result<Self, Refusal> {
        let mut report = Diagnostics::new();
        let tape = Tape::of(text, Syntax::QEMU, &mut report);
        if let Some(first) = report.take().first() {
            return Err(Refusal::syntax(first));
        }
        if text.contains("\\u") && has_noncharacter(tape.root()) {
            return Err(Refusal::syntax("a code point that is no character"));
        }
        if has_duplicate(tape.root()) {
            return Err(Refusal::syntax("a name stands twice in one object"));
        }
        Ok(Text(tape))
    }

    /// The value.
    pub(crate) fn root(&self) -> Node<'_> {
        self.0.root()
    }
}

/// A message as text. Like QEMU, this takes a NUL that is spelt in two bytes.
///
/// # Errors
/// It is no UTF-8, or has code points that are no characters.
pub(crate) fn text_of(message: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    const NUL: &[u8] = b"\xc0\x80";
    let text = match std::str::from_utf8(message) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut bytes = Vec::with_capacity(message.len());
            let mut rest = message;
            while let Some((byte, after)) = rest.split_first() {
                if let [b'\\', escaped, after @ ..] = rest {
                    bytes.extend_from_slice(&[b'\\', *escaped]);
                    rest = after;
                } else if let Some(after) = rest.strip_prefix(NUL) {
                    bytes.extend_from_slice(b"\\u0000");
                    rest = after;
                } else {
                    bytes.push(*byte);
                    rest = after;
                }
            }
            Cow::Owned(String::from_utf8(bytes).map_err(|_| Refusal::syntax("invalid UTF-8"))?)
        }
    };
    if !text.is_ascii() && text.chars().any(is_noncharacter) {
        return Err(Refusal::syntax("a code point that is no character"));
    }
    Ok(text)
}

/// Whether a string or name has a code point that is no character.
fn has_noncharacter(root: Node<'_>) -> bool {
    let bad = |node: Node<'_>| node.str().is_some_and(|text| text.chars().any(is_noncharacter));
    let mut waiting = vec![root];
    while let Some(node) = waiting.pop() {
        if bad(node) || node.members().any(|(name, _)| bad(name)) {
            return true;
        }
        waiting.extend(node.elements().chain(node.members().map(|(_, value)| value)));
    }
    false
}

fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

/// Whether a name stands twice in one struct, however deep.
fn has_duplicate(root: Node<'_>) -> bool {
    let mut waiting = vec![root];
    while let Some(node) = waiting.pop() {
        match node.kind() {
            InputKind::List => waiting.extend(node.elements().filter(|one| is_container(*one))),
            InputKind::Struct => {
                waiting.extend(node.members().map(|(_, value)| value).filter(|one| is_container(*one)));
                let names = || node.members().filter_map(|(name, _)| name.str());
                if names().nth(FEW).is_some() {
                    let mut seen: HashSet<Cow<'_, str>, foldhash::fast::RandomState> = HashSet::default();
                    if names().any(|name| !seen.insert(name)) {
                        return true;
                    }
                } else if names().enumerate().any(|(at, name)| names().take(at).any(|other| other == name)) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

fn is_container(node: Node<'_>) -> bool {
    matches!(node.kind(), InputKind::Struct | InputKind::List)
}

/// A request as it stands in its message.
pub(crate) struct Envelope<'t> {
    /// The name of the command.
    pub(crate) command: Cow<'t, str>,
    /// Whether it may overtake others.
    pub(crate) oob: bool,
    /// The arguments, if there are any.
    pub(crate) arguments: Option<Node<'t>>,
}

impl<'t> Envelope<'t> {
    /// The `id` of a message as it goes into the reply, if it has one.
    pub(crate) fn id(root: Node<'_>) -> Option<String> {
        let id = root.get("id")?;
        let mut json = JsonOutput::compact();
        copy(id, &mut json);
        Some(json.finish())
    }

    /// Reads the envelope; `oob` says whether `exec-oob` was negotiated.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(root: Node<'t>, oob: bool) -> Result<Self, Refusal> {
        if root.kind() != InputKind::Struct {
            return Err(Refusal::custom("invalid-request", "a request must be a JSON object"));
        }
        let (mut execute, mut exec_oob, mut arguments) = (None, None, None);
        for (key, value) in root.members() {
            let name = key.str().unwrap_or_default();
            let is_string = value.kind() == InputKind::String;
            let wrong = |what: &str| {
                Err(Refusal::custom(
                    "invalid-request",
                    format!("member '{name}' of a request must be {what}"),
                ))
            };
            match &*name {
                "execute" if is_string => execute = value.str(),
                "exec-oob" if oob && is_string => exec_oob = value.str(),
                "arguments" if value.kind() == InputKind::Struct => arguments = Some(value),
                "execute" => return wrong("a string"),
                "exec-oob" if oob => return wrong("a string"),
                "arguments" => return wrong("an object"),
                "id" => {}
                _ => {
                    let what = format!("a request has no member '{name}'");
                    return Err(Refusal::custom("invalid-request", what));
                }
            }
        }
        match (execute, exec_oob) {
            (Some(command), None) => Ok(Envelope { command, oob: false, arguments }),
            (None, Some(command)) => Ok(Envelope { command, oob: true, arguments }),
            (Some(_), Some(_)) => {
                Err(Refusal::custom("invalid-request", "a request has 'execute' or 'exec-oob', not both"))
            }
            (None, None) => Err(Refusal::custom("invalid-request", "a request lacks its member 'execute'")),
        }
    }
}

/// Writes a value anew, as plain JSON: single quotes become double ones, a number beyond 64 bits the nearest double.
/// The parser bounds the depth.
fn copy(node: Node<'_>, json: &mut JsonOutput) {
    match node.kind() {
        InputKind::Struct => {
            json.begin_struct();
            for (name, value) in node.members() {
                json.member(&name.str().unwrap_or_default());
                copy(value, json);
            }
            json.end_struct();
        }
        InputKind::List => {
            json.begin_list();
            node.elements().for_each(|element| copy(element, json));
            json.end_list();
        }
        InputKind::String => json.string(&node.str().unwrap_or_default()),
        InputKind::Bool => json.boolean(node.source_text() == "true"),
        InputKind::Integer | InputKind::Number => {
            let text = node.source_text();
            match (text.parse::<u64>(), text.parse::<i64>()) {
                (Ok(value), _) => json.uint64(value),
                (_, Ok(value)) => json.int64(value),
                _ => json.number(text.parse().unwrap_or_default()),
            }
        }
        InputKind::Null | InputKind::Damaged => json.null(),
    }
}
