//! Positions in UTF-16 and changes, against a count that is as plain as can be; and conversations that go wrong. The server
//! itself is tested as a whole program.

use lsp_types::{Position, Range};
use proptest::prelude::*;

use serde_json::{Value, json};

use super::session::serve;
use super::text::Text;
use super::wire::{self, Received};
use crate::outcome::{Outcome, Trouble};

fn at(line: u32, character: u32) -> Position {
    Position { line, character }
}

/// Line and column of a byte, counted character by character.
fn counted(text: &str, offset: usize) -> Position {
    let (mut line, mut character) = (0, 0);
    let mut before = text[..offset].chars().peekable();
    let next = text[offset..].chars().next();
    while let Some(one) = before.next() {
        let follows = before.peek().copied().or(next);
        if one == '\n' || one == '\r' && follows != Some('\n') {
            (line, character) = (line + 1, 0);
        } else {
            character += u32::try_from(one.len_utf16()).unwrap();
        }
    }
    at(line, character)
}

#[test]
fn a_character_outside_of_the_basic_plane_is_two_units() {
    let text = Text::new("a😀b\n€ü".to_owned());
    assert_eq!(
        [1, 5, 6, 7, 10].map(|offset| text.position(offset)),
        [at(0, 1), at(0, 3), at(0, 4), at(1, 0), at(1, 1)]
    );
    assert_eq!([at(0, 1), at(0, 3), at(1, 2)].map(|position| text.offset(position)), [1, 5, 12]);
}

#[test]
fn a_position_that_is_none_is_moved_to_one_before_it() {
    let text = Text::new("a😀\r\nb\rc".to_owned());
    assert_eq!(text.offset(at(0, 2)), 1, "between the halves of a character");
    assert_eq!(text.offset(at(0, 99)), 5, "behind the end of its line");
    assert_eq!(text.offset(at(2, 0)), 9, "a carriage return ends a line");
    assert_eq!(text.offset(at(99, 0)), 10);
    assert_eq!(text.position(99), at(2, 1));
}

#[test]
fn a_change_replaces_its_range_or_everything() {
    let mut text = Text::new("{\"a\": \"😀\"}".to_owned());
    text.change(Some(Range { start: at(0, 7), end: at(0, 9) }), "x\ny");
    assert_eq!(text.as_str(), "{\"a\": \"x\ny\"}");
    text.change(Some(Range { start: at(1, 1), end: at(0, 0) }), "!");
    assert_eq!(text.as_str(), "{\"a\": \"x\ny!\"}", "a range that ends before it starts is empty");
    text.change(None, "new");
    assert_eq!(text.as_str(), "new");
}

proptest! {
    /// Lines longer than a block too: what is counted at once has to agree with counting.
    #[test]
    fn every_place_has_its_position_and_back(
        pieces in proptest::collection::vec("[a😀ü€\n\r ]{0,8}", 0..8),
        repeat in 1_usize..120,
    ) {
        let text: String = pieces.iter().map(|piece| piece.repeat(repeat)).collect();
        let indexed = Text::new(text.clone());
        let boundaries = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        for offset in boundaries.step_by(1 + text.len() / 200) {
            let position = indexed.position(offset);
            prop_assert_eq!(position, counted(&text, offset), "{}", offset);
            let is_within_break = text[..offset].ends_with('\r') && text[offset..].starts_with('\n');
            let back = indexed.offset(position);
            prop_assert_eq!(back, offset - usize::from(is_within_break));
        }
    }

    #[test]
    fn any_change_is_taken(
        text in ".{0,40}",
        new in ".{0,8}",
        places in proptest::array::uniform4(0_u32..50),
    ) {
        let mut text = Text::new(text);
        let [line, character, to_line, to_character] = places;
        text.change(Some(Range { start: at(line / 10, character), end: at(to_line / 10, to_character) }), &new);
        prop_assert!(text.as_str().contains(&new));
    }

    /// Many changes one after the other: the text is what a plain replay makes of it, and its lines are those of a new one.
    #[test]
    fn changes_are_kept_up_with(
        text in "[a😀ü\\n\\r]{0,40}",
        changes in proptest::collection::vec((proptest::array::uniform4(0_u32..9), "[b€\\n\\r]{0,6}"), 1..20),
    ) {
        let mut kept = Text::new(text.clone());
        let mut plain = text;
        for ([line, character, to_line, to_character], new) in changes {
            let (start, end) = (plain_offset(&plain, line, character), plain_offset(&plain, to_line, to_character));
            plain.replace_range(start..end.max(start), &new);
            kept.change(Some(Range { start: at(line, character), end: at(to_line, to_character) }), &new);
            prop_assert_eq!(kept.as_str(), &plain);
            let anew = Text::new(plain.clone());
            for offset in (0..=plain.len()).filter(|offset| plain.is_char_boundary(*offset)) {
                prop_assert_eq!(kept.position(offset), anew.position(offset), "{:?} at {}", plain, offset);
            }
        }
    }

    #[test]
    fn nothing_that_comes_is_too_odd_to_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut input = &*bytes;
        // Each round reads something, or is the last.
        while let Ok(Some(_)) = wire::read(&mut input) {}
        prop_assert!(input.len() <= bytes.len());
    }

    /// Parts of real messages in any order, so that more than the first line is reached.
    #[test]
    fn pieces_of_messages_are_read_or_refused(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "Content-Length: 2\r\n", "content-length:4\n", "Content-Length: 18446744073709551615\r\n",
            "Content-Length: -1\r\n", "Content-Type: x\r\n", "\r\n", "\n", "{}", "null", "[]", "\"", "\u{fffd}", "12",
            r#"{"id":1,"method":"a"}"#, "Content-Length: 21\r\n\r\n",
        ]), 0..24),
    ) {
        let text = pieces.concat();
        let mut input = text.as_bytes();
        let mut read = 0;
        while let Ok(Some(_)) = wire::read(&mut input) {
            read += 1;
        }
        prop_assert!(read <= text.len() / 4);
    }
}

/// The byte at a position, counted character by character.
fn plain_offset(text: &str, line: u32, character: u32) -> usize {
    let ends = |(at, c): &(usize, char)| match c {
        '\n' => true,
        '\r' => !text[at + 1..].starts_with('\n'),
        _ => false,
    };
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.char_indices().filter(ends).map(|(at, _)| at + 1)).collect();
    let Some(start) = starts.get(line as usize).copied() else { return text.len() };
    let (mut at, mut left) = (start, character as usize);
    for c in text[start..].chars().take_while(|c| !matches!(c, '\n' | '\r')) {
        if left < c.len_utf16() {
            break;
        }
        left -= c.len_utf16();
        at += c.len_utf8();
    }
    at
}

fn framed(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The errors that the server tells, in order, and how it ends.
fn errors(input: &str) -> (Vec<(Value, i64)>, Result<Outcome, Trouble>) {
    let mut output = Vec::new();
    let registry = qomet::TypeRegistry::builder().add(qomet_backends::types()).build().unwrap();
    let ended = serve(registry, std::io::Cursor::new(input.as_bytes().to_vec()), &mut output);
    let text = String::from_utf8(output).unwrap();
    let bodies = text.split("Content-Length: ").filter_map(|part| part.split_once("\r\n\r\n"));
    let answers = bodies.map(|(_, body)| serde_json::from_str::<Value>(body).unwrap());
    let errors = answers.filter(|answer| answer.get("error").is_some());
    let errors = errors.map(|answer| (answer["id"].clone(), answer["error"]["code"].as_i64().unwrap()));
    (errors.collect(), ended)
}

fn request(id: i32, method: &str) -> String {
    framed(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": {} }).to_string())
}

fn notification(method: &str) -> String {
    framed(&json!({ "jsonrpc": "2.0", "method": method }).to_string())
}

fn goodbye() -> String {
    request(98, "shutdown") + &notification("exit")
}

#[test]
fn what_is_no_message_is_answered_and_the_next_one_read() {
    let input = request(1, "initialize")
        + &framed("{\"id\": ")
        + &framed("[1]")
        + &framed("{\"id\": 3}")
        + &framed("{\"id\": 5000000000, \"method\": \"textDocument/hover\"}")
        + &framed("{\"id\": null, \"method\": \"textDocument/hover\"}")
        + &framed("{\"id\": \"unasked\", \"result\": null}")
        + &request(7, "textDocument/nonsense")
        + &goodbye();

    let (errors, ended) = errors(&input);

    let unknown = Value::Null;
    assert_eq!(
        errors,
        [
            (unknown.clone(), -32700),
            (unknown.clone(), -32600),
            (json!(3), -32600),
            (unknown.clone(), -32600),
            (unknown, -32600),
            (json!(7), -32601)
        ]
    );
    assert_eq!(ended.unwrap(), Outcome::Fine);
}

#[test]
fn a_length_beyond_the_limit_is_refused_without_waiting_for_it() {
    let input = request(1, "initialize") + "Content-Length: 99999999999999\r\n\r\n{}";
    let (_, ended) = errors(&input);
    let said = ended.unwrap_err().0;
    assert!(
        said.ends_with("a message of 99999999999999 bytes is announced, the limit is 536870912"),
        "{said}"
    );
}

#[test]
fn a_message_beyond_the_limit_is_passed_over() {
    let length = 2 * qomet_config::TEXT_LIMIT as u64 + 1;
    let header = format!("Content-Length: {length}\r\n\r\n");
    let body = std::io::Read::take(std::io::repeat(b' '), length);
    let mut input = std::io::BufReader::new(std::io::Read::chain(
        std::io::Read::chain(header.as_bytes(), body),
        std::io::Cursor::new(request(2, "next")),
    ));

    let (first, second) = (wire::read(&mut input).unwrap(), wire::read(&mut input).unwrap());

    let Some(Received::Nonsense(answer)) = first else { panic!("{first:?}") };
    assert_eq!(answer["error"]["message"], "the message has 536870913 bytes, the limit is 536870912");
    assert!(matches!(second, Some(Received::Message(_))), "{second:?}");
}

#[test]
fn a_header_that_is_none_ends_the_conversation_with_the_reason() {
    let ends = |input: &str| errors(input).1.unwrap_err().0;
    let said = [
        ends("GET / HTTP/1.1\r\n\r\n"),
        ends("Content-Length: many\r\n\r\n"),
        ends("Content-Type: x\r\n\r\n{}"),
        ends("Content-Length: 9\r\n\r\n{}"),
        ends("Content-Length: 9\r\n"),
        ends(&"x".repeat(5000)),
        ends(""),
    ];
    let expected = [
        "expected a line of a header, found 'GET / HTTP/1.1\\r\\n'",
        "'Content-Length' is 'many'",
        "the header has no 'Content-Length'",
        "the input ends 2 bytes into a message of 9",
        "expected a line of a header, found it ends",
        "xxx'",
        "the input ended before an editor said 'initialize'",
    ];
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.ends_with(expected), "{said}");
    }
    assert!(said.iter().all(|said| said.len() < 5000));
}

#[test]
fn a_header_may_be_written_in_other_ways() {
    let body = r#"{"method": "exit"}"#;
    let input = format!("content-type: x; charset=utf-8\ncontent-LENGTH:{}\n\n{body}", body.len());
    assert!(matches!(wire::read(&mut input.as_bytes()), Ok(Some(Received::Message(_)))));
}

#[test]
fn before_initialize_and_after_shutdown_requests_are_refused() {
    let input = notification("initialized")
        + &request(1, "textDocument/hover")
        + &request(2, "initialize")
        + &request(3, "initialize")
        // Some editors ask before they say `initialized`, or never do.
        + &request(4, "textDocument/definition")
        + &request(5, "shutdown")
        + &request(6, "textDocument/hover")
        + &notification("exit");

    let (errors, ended) = errors(&input);

    assert_eq!(errors, [(json!(1), -32002), (json!(3), -32600), (json!(4), -32602), (json!(6), -32600)]);
    assert_eq!(ended.unwrap(), Outcome::Fine);
}

#[test]
fn to_leave_without_a_word_is_told_to_whoever_started_the_server() {
    assert_eq!(errors(&(request(1, "initialize") + &notification("exit"))).1.unwrap(), Outcome::Rejected);
    assert_eq!(errors(&request(1, "initialize")).1.unwrap(), Outcome::Fine);
}
