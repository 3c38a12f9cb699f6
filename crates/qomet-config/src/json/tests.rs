//! The parser as a whole: what is reported, where, and what is left on the tape.

use proptest::prelude::*;
use qomet::{Diagnostic, Diagnostics, InputKind};

use super::Syntax;
use crate::{Node, Sources, Tape};

/// The codes that a text provokes, each with its line, column and the text at its place.
fn mistakes(syntax: Syntax, text: impl Into<Vec<u8>>) -> Vec<String> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("t", text, &mut diagnostics);
    let tape = Tape::parse(&sources, source, syntax, &mut diagnostics);
    assert_eq!(tape.failed().is_some(), !diagnostics.is_empty());
    let list = diagnostics.take();
    list.iter().map(|one| described(one, &sources)).collect()
}

fn described(one: &Diagnostic, sources: &Sources) -> String {
    let place = one.place().unwrap();
    let at = sources.locate(place).unwrap().start;
    let text = sources.get(place.source).unwrap().text();
    let marked = text.get(place.start as usize..place.end as usize).unwrap();
    format!("{} {}:{} {marked}", one.code(), at.line, at.column)
}

fn document(text: &str) -> Vec<String> {
    mistakes(Syntax::DOCUMENT, text)
}

fn strict(text: &str) -> Vec<String> {
    mistakes(Syntax::STRICT, text)
}

macro_rules! reports {
    ($($name:ident: $text:expr => [$($expected:expr),* $(,)?];)*) => {$(
        #[test]
        fn $name() {
            let expected: &[&str] = &[$($expected),*];
            assert_eq!(document($text), expected);
        }
    )*};
}

reports! {
    nothing_wrong: r#"{"a": [1, -2.5e3, true, false, null, "x\n"], "b": {}}"# => [];
    comments_and_trailing_commas: "// a\n[1, /* b */ 2, {\"a\":1,},] // c" => [];
    empty: "" => ["empty-document 1:1 "];
    only_a_comment: "// nothing\n" => ["empty-document 1:11 "];
    missing_comma_between_members: "{\"a\": 1\n \"b\": 2}" => ["missing-comma 1:8 "];
    missing_comma_between_elements: "[1 2]" => ["missing-comma 1:3 "];
    missing_comma_between_objects: "[{}\n{}]" => ["missing-comma 1:4 "];
    extra_comma_in_list: "[1,, 2]" => ["extra-comma 1:4 ,"];
    extra_comma_in_struct: "{\"a\":1,,\"b\":2}" => ["extra-comma 1:8 ,"];
    leading_comma: "[, 1]" => ["extra-comma 1:2 ,"];
    semicolon: "{\"a\":1; \"b\":2}" => ["wrong-separator 1:7 ;"];
    missing_colon: "{\"a\" 1}" => ["missing-colon 1:5 "];
    equals_for_colon: "{\"a\"= 1}" => ["missing-colon 1:5 ="];
    arrow_for_colon: "{\"a\" => 1}" => ["missing-colon 1:6 =>"];
    extra_colon: "{\"a\":: 1}" => ["extra-colon 1:6 :"];
    names_in_list: "[\"a\": 1]" => ["extra-colon 1:5 :"];
    missing_value: "{\"a\": , \"b\": 1}" => ["missing-value 1:7 "];
    missing_last_value: "{\"a\": }" => ["missing-value 1:7 "];
    name_alone: "{\"a\", \"b\": 1}" => ["missing-value 1:5 "];
    name_before_name: "{\"a\" \"b\": 1}" => ["missing-value 1:6 "];
    missing_name: "{: 1}" => ["missing-name 1:2 :"];
    object_for_name: "{{\"a\": 1}}" => ["missing-name 1:2 {"];
    unquoted_name: "{size: 1}" => ["unquoted-name 1:2 size"];
    unquoted_name_with_equals: "{size=1}" => ["unquoted-name 1:2 size", "missing-colon 1:6 ="];
    unquoted_value: "{\"a\": yes}" => ["unquoted-value 1:7 yes"];
    unquoted_words: "{\"a\": hello big world, \"b\": 1}" => ["unquoted-value 1:7 hello big world"];
    unquoted_path: "{\"a\": /dev/shm/x}" => ["unquoted-value 1:7 /dev/shm/x"];
    unquoted_size: "{\"a\": 1G}" => ["unquoted-value 1:7 1G"];
    size_with_space: "{\"a\": 1 G}" => ["unexpected-text 1:9 G"];
    python_literals: "[True, None]" => ["unquoted-value 1:2 True", "unquoted-value 1:8 None"];
    single_quotes: "{'a': 'b'}" => ["wrong-quotes 1:2 'a'", "wrong-quotes 1:7 'b'"];
    curly_quotes: "{“a”: 1}" => ["wrong-quotes 1:2 “a”"];
    leading_zero: "[01]" => ["bad-number 1:2 01"];
    plus: "[+1]" => ["bad-number 1:2 +1"];
    point_first: "[.5]" => ["bad-number 1:2 .5"];
    point_last: "[5.]" => ["bad-number 1:2 5."];
    hexadecimal: "[0x10]" => ["bad-number 1:2 0x10"];
    not_a_number: "[NaN, -Infinity]" => ["bad-number 1:2 NaN", "bad-number 1:7 -Infinity"];
    minus_alone: "[-]" => ["bad-number 1:2 -"];
    unterminated_value: "{\"a\": \"x,\n\"b\": 1}" => ["unterminated-string 1:7 \"x"];
    unterminated_last_value: "[{\"a\": \"x},\n{\"b\": 1}]" => ["unterminated-string 1:8 \"x"];
    unterminated_at_the_end: "{\"a\": \"x}" => ["unterminated-string 1:7 \"x"];
    unterminated_name: "{\"a: 1,\n\"b\": 1}" => ["unterminated-string 1:2 \"a"];
    unterminated_name_on_one_line: "{\"a: 1, \"b\": 1}" => ["unterminated-string 1:2 \"a"];
    unterminated_name_of_a_string: "{\"a: \"x\", \"b\": 1}" => ["unterminated-string 1:2 \"a"];
    unterminated_value_on_one_line: "{\"a\": \"x, \"b\": 1}" => ["unterminated-string 1:7 \"x"];
    unterminated_element: "[\"a, \"b\"]" => ["unterminated-string 1:2 \"a"];
    no_opening_quote: "{\"a\": x\", \"b\": 1}" => ["unquoted-value 1:7 x\""];
    no_opening_quote_of_a_name: "{a\": 1}" => ["unquoted-name 1:2 a\""];
    unescaped_quotes: "{\"a\": \"say \"hi\" now\", \"b\": 1}" => ["unescaped-quote 1:12 \""];
    bad_escape: r#"["C:\dir"]"# => [r"bad-escape 1:5 \d"];
    lone_surrogate: r#"["\ud800"]"# => [r"lone-surrogate 1:3 \ud800"];
    tab_in_a_string: "[\"a\tb\"]" => ["control-character 1:4 \t"];
    line_break_in_a_string: "[\"a\nb\"]" => ["control-character 1:4 \n"];
    nul_in_a_string: "[\"a\0b\"]" => ["control-character 1:4 \0"];
    nul_between: "[1,\0 2]" => ["stray-character 1:4 \0"];
    no_break_space: "[1,\u{a0}2]" => ["stray-character 1:4 \u{a0}"];
    hash_comment: "[1, # one\n2]" => ["hash-comment 1:5 #"];
    unterminated_comment: "[1, /* 2]" => ["unterminated-comment 1:5 /*"];
    text_after_the_end: "{} {}" => ["text-after-end 1:4 {}"];
    other_white_space_after_the_end: "[}\u{a0}" => ["wrong-bracket 1:2 }", "text-after-end 1:3 \u{a0}"];
    extra_bracket_after_the_end: "[1]]" => ["extra-bracket 1:4 ]"];
    extra_bracket_inside: "[{\"a\": 1}}, 2]" => ["extra-bracket 1:10 }"];
    truncated: "[{\"a\": 1" => ["unexpected-end 1:9 "];
    truncated_after_colon: "{\"a\":" => ["unexpected-end 1:6 "];
    wrong_bracket: "[1, 2}" => ["wrong-bracket 1:6 }"];
    wrong_inner_bracket: "{\"a\": [1, 2}, \"b\": 5}" => ["wrong-bracket 1:12 }"];
    forgotten_inner_bracket: "[{\"a\": [1, 2}, {\"b\": 2}]" => ["missing-bracket 1:13 "];
    forgotten_brace_before_comma: "[{\"a\": 1, {\"b\": 2}]" => ["missing-bracket 1:9 "];
    forgotten_brace_at_line_end: "[{\"a\": 1\n{\"b\": 2}]" => ["missing-bracket 1:9 "];
    forgotten_last_brace: "[{\"a\": 1}, {\"b\": 2]" => ["missing-bracket 1:19 "];
    forgotten_list_end: "{\"a\": [1, 2, \"b\": 3}" => ["missing-bracket 1:12 "];
    missing_brace_of_an_element: "[\"a\": 1, \"b\": 2}, 3]" => ["missing-opening-bracket 1:2 "];
    missing_brace_of_a_member: "{\"n\": \"a\": 1}, \"b\": 2}" => ["missing-opening-bracket 1:7 "];
    missing_list_start: "{\"n\": 0, 1], \"b\": 2}" => ["missing-opening-bracket 1:7 "];
    missing_empty_list_start: "{\"n\": ], \"b\": 2}" => ["missing-opening-bracket 1:7 "];
    doubled_brace: "[{{\"a\": 1}, 2]" => ["extra-bracket 1:3 {"];
    doubled_quote_of_a_name: "{\"a\"\": 1}" => ["stray-character 1:5 \""];
    doubled_quote_of_a_value: "[\"a\"\", 1]" => ["stray-character 1:5 \""];
    missing_colon_before_a_number: "{\"a\"1}" => ["missing-colon 1:5 "];
    unterminated_name_before_lines: "{\"a: [\n0,\n1]}" => ["unterminated-string 1:2 \"a"];
    comma_for_colon: "{\"a\", 1, \"b\": 2}" => ["missing-colon 1:5 ,"];
    colon_for_comma: "{\"a\": 1: \"b\": 2}" => ["wrong-separator 1:8 :"];
    several_at_once: "[{\"a\": yes, 'b': 1}\n{\"c\": 01,, \"d\" 2}}]" => [
        "unquoted-value 1:8 yes", "wrong-quotes 1:13 'b'", "missing-comma 1:20 ", "bad-number 2:7 01",
        "extra-comma 2:10 ,", "missing-colon 2:15 ", "extra-bracket 2:18 }"
    ];
    not_json_at_all: "qom-type=rng-builtin,id=rng0" => ["unquoted-value 1:1 qom-type=rng-builtin"];
}

#[test]
fn strict_syntax_refuses_what_documents_may_have() {
    assert_eq!(strict("[1,] // x"), ["trailing-comma 1:3 ,", "comment-not-allowed 1:6 // x"]);
}

#[test]
fn qemu_syntax_takes_single_quotes() {
    let text = r#"{'a': 'it\'s "b"'}"#;
    assert!(mistakes(Syntax::QEMU, text).is_empty());
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("t", text, &mut diagnostics);
    let tape = Tape::parse(&sources, source, Syntax::QEMU, &mut diagnostics);
    assert_eq!(tape.root().get("a").unwrap().str().unwrap(), "it's \"b\"");
}

#[test]
fn depth_is_limited_and_the_rest_is_read() {
    let deep = format!("[{}{}, yes]", "[".repeat(200), "]".repeat(200));
    assert_eq!(document(&deep), ["nested-too-deep 1:129 [", "unquoted-value 1:404 yes"]);
}

#[test]
fn a_million_brackets_are_no_problem() {
    assert_eq!(document(&"[".repeat(1_000_000)).len(), 2);
}

#[test]
fn texts_made_of_mistakes_take_no_longer_than_others() {
    for slip in [
        "[}",
        "{]",
        "\"]",
        "]",
        "{\"a\":[",
        "\"a\" b",
        "'",
        "/*",
        "#\n",
        "\"]]]]]]]]\n",
        "1 G ",
        "\u{a0}",
        "{{",
        ",:",
    ] {
        let found = document(&slip.repeat(200_000));
        assert!((1..=crate::MISTAKES_LIMIT + 1).contains(&found.len()), "{slip:?}: {}", found.len());
    }
    assert_eq!(document(&format!("[\"{}", "]".repeat(1_000_000))).len(), 1);
}

#[test]
fn bytes_that_are_not_utf8_are_reported_once_and_damage_their_string() {
    let found = mistakes(Syntax::DOCUMENT, b"{\"a\": \"x\xff\", \"b\": yes}".as_slice());
    assert_eq!(found, ["not-utf8 1:9 ?", "unquoted-value 1:18 yes"]);
}

#[test]
fn many_mistakes_end_with_one_that_says_so() {
    let found = document(&format!("[{}]", "yes,".repeat(1000)));
    assert_eq!(found.len(), crate::MISTAKES_LIMIT + 1);
    assert!(found.last().unwrap().starts_with("too-many-mistakes"));
}

#[test]
fn paths_are_found_from_places() {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("t", r#"{"objects": [1, {"size": 5, "a b": [7]}]}"#, &mut diagnostics);
    let tape = Tape::parse(&sources, source, Syntax::STRICT, &mut diagnostics);
    let bag = tape.root().get("objects").unwrap().elements().nth(1).unwrap();
    assert_eq!(bag.path(), "objects[1]");
    assert_eq!(bag.get("size").unwrap().path(), "objects[1].size");
    assert_eq!(bag.get("a b").unwrap().elements().next().unwrap().path(), "objects[1][\"a b\"][0]");
    assert_eq!(tape.root().path(), "");
}

#[test]
fn a_node_reaches_from_bracket_to_bracket() {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("t", r#" [ {"a": 1 } , "x" ] "#, &mut diagnostics);
    let tape = Tape::parse(&sources, source, Syntax::STRICT, &mut diagnostics);
    let texts: Vec<_> = tape.root().elements().map(Node::source_text).collect();
    assert_eq!(texts, [r#"{"a": 1 }"#, r#""x""#]);
    assert_eq!(tape.root().source_text(), r#"[ {"a": 1 } , "x" ]"#);
}

/// The tape as serde_json has it; damaged values as a mark.
fn value(node: Node<'_>) -> serde_json::Value {
    match node.kind() {
        InputKind::Struct => {
            let members =
                node.members().map(|(name, it)| (name.str().unwrap_or_default().into_owned(), value(it)));
            serde_json::Value::Object(members.collect())
        }
        InputKind::List => serde_json::Value::Array(node.elements().map(value).collect()),
        InputKind::String => serde_json::Value::String(node.str().unwrap().into_owned()),
        InputKind::Damaged => serde_json::Value::String("damaged".to_owned()),
        // Exactly, which serde_json does only on demand.
        InputKind::Number => serde_json::Number::from_f64(node.source_text().parse().unwrap()).into(),
        _ => serde_json::from_str(node.source_text()).unwrap(),
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[a-z]{0,12}".prop_map(Into::into),
    ];
    scalar.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// JSON and things that look like it.
fn fragments() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "'", "\\", " ", "\n", "\t", "1", "-", "0", ".", "e", "true",
        "nul", "\"a\"", "\"b\": ", "x", "/", "//", "/*", "*/", "#", "=", ";", "“", "\u{a0}", "\0", "\u{1}",
        "ü", "\\u00e4", "\\ud800", "NaN",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Parses, renders and walks; checks what must hold for every text.
fn survives(syntax: Syntax, bytes: &[u8]) -> Result<usize, TestCaseError> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("t", bytes, &mut diagnostics);
    let tape = Tape::parse(&sources, source, syntax, &mut diagnostics);
    let _ = value(tape.root());
    let list = diagnostics.take();
    let text = sources.get(source).unwrap().text();
    for one in &list {
        let place = one.place().unwrap();
        prop_assert!(place.start <= place.end && place.end as usize <= text.len(), "{one:?}");
        prop_assert!(
            text.get(place.start as usize..place.end as usize).is_some(),
            "{one:?} splits a character"
        );
        let _ = tape.path_at(place);
    }
    let _ = crate::render_human(&list, &sources, false);
    let _ = crate::render_json(&list, &sources);
    prop_assert_eq!(tape.failed().is_some(), !list.is_empty());
    Ok(list.len())
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
        survives(Syntax::DOCUMENT, &bytes)?;
    }

    #[test]
    fn any_near_json_is_parsed_or_refused_as_serde_json_does(text in fragments()) {
        survives(Syntax::DOCUMENT, text.as_bytes())?;
        survives(Syntax::QEMU, text.as_bytes())?;
        let found = survives(Syntax::STRICT, text.as_bytes())?;
        // serde_json refuses a number whose double is infinite; here that is for whoever reads the number.
        let valid = serde_json::from_str::<serde_json::Value>(&text).map_err(|e| e.to_string());
        prop_assert_eq!(found == 0, valid.is_ok(), "{:?}", valid);
    }

    #[test]
    fn what_serde_json_prints_has_the_same_structure(expected in values(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&expected) } else { serde_json::to_string(&expected) }.unwrap();
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let source = sources.add("t", text, &mut diagnostics);
        let tape = Tape::parse(&sources, source, Syntax::STRICT, &mut diagnostics);
        prop_assert!(diagnostics.take().is_empty());
        prop_assert_eq!(value(tape.root()), expected);
    }

    #[test]
    fn a_damaged_byte_is_reported_or_harmless(expected in values(), at: prop::sample::Index, byte: u8) {
        let mut bytes = serde_json::to_vec(&expected).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let found = survives(Syntax::STRICT, &bytes)?;
        let valid = serde_json::from_slice::<serde_json::Value>(&bytes);
        let infinite = valid.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        prop_assert!(infinite || (found == 0) == valid.is_ok(), "{:?} {:?}", String::from_utf8_lossy(&bytes), valid);
    }

    #[test]
    fn a_truncated_document_is_parsed_or_refused(expected in values(), at: prop::sample::Index) {
        let bytes = serde_json::to_vec(&expected).unwrap();
        survives(Syntax::STRICT, &bytes[..at.index(bytes.len() + 1)])?;
    }
}

/// Every quote, comma, colon and bracket of a document is left out once and doubled once.
#[test]
fn a_single_slip_of_punctuation_is_a_single_mistake() {
    let compact = r#"[{"qom-type":"memory-backend-file","id":"ram0","size":"1G","mem-path":"/dev/shm/x","share":true,"host-nodes":[0,1]},{"qom-type":"rng-builtin","id":"rng0","n":{"a":1,"b":[]}},{"id":"last","size":4096}]"#;
    let value: serde_json::Value = serde_json::from_str(compact).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let lines = compact.replace("},{", "},\n  {").replace(':', ": ").replace(",\"", ", \"");
    let slips = [compact, &pretty, &lines].into_iter().flat_map(|text| {
        let at = text.match_indices(['"', ',', ':', '{', '}', '[', ']']);
        at.flat_map(move |(at, slip)| {
            [format!("{}{}", &text[..at], &text[at + 1..]), format!("{}{slip}{}", &text[..at], &text[at..])]
        })
    });
    let many: Vec<_> =
        slips.map(|text| (document(&text), text)).filter(|(found, _)| found.len() != 1).collect();
    assert_eq!(many, []);
}
