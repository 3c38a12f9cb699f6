//! Offsets are marked with `|`, and what is found is told in one line.

use proptest::prelude::*;

use super::*;

/// What is found at the mark: what it is, the bag's id, the path, and the text there.
fn at(marked: &str) -> String {
    let offset = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let outline = Outline::new(&text);
    let Some(spot) = outline.spot(offset) else { return "-".to_owned() };
    assert!(spot.place.start <= offset && offset <= spot.place.end, "{spot:?}");
    let what = match spot.what {
        What::Name => "name",
        What::Value => "value",
        What::Bag => "bag",
    };
    let id = spot.bag.map(|bag| bag.get("id").and_then(Node::str).unwrap_or("?".into()));
    let path: Vec<String> = spot
        .path
        .iter()
        .map(|step| match step {
            Step::Member(name) => name.to_string(),
            Step::Element(index) => index.to_string(),
        })
        .collect();
    let (follows, before, after) = (
        if spot.is_followed { " followed" } else { "" },
        if spot.comma_before.is_some() { " ,before" } else { "" },
        if spot.comma_after { " ,after" } else { "" },
    );
    let id = id.map_or(String::new(), |id| format!(" {id}"));
    format!("{what}{id} /{} <{}>{follows}{before}{after}", path.join("/"), &text[spot.place.clone()])
}

#[test]
fn names_and_values_of_a_bag_are_told() {
    assert_eq!(at(r#"{"id": "a", "si|ze": 1}"#), r#"name a /size <"size"> followed"#);
    assert_eq!(at(r#"{"id": "a", |"size": 1}"#), r#"name a /size <"size"> followed"#);
    assert_eq!(at(r#"{"id": "a", "size"|: 1}"#), r#"name a /size <"size"> followed"#);
    assert_eq!(at(r#"{"id": "a", "size": |1}"#), "value a /size <1>");
    assert_eq!(at(r#"{"id": "a", "size": 12|}"#), "value a /size <12>");
    assert_eq!(at(r#"{"id": "a|", "size": 1}"#), r#"value a /id <"a">"#);
    assert_eq!(at(r#"{"id": "a", "size" |: 1}"#), "-");
}

#[test]
fn bags_are_found_in_every_shape_of_document() {
    assert_eq!(at(r#"[{"id": "a"}, {"id": "b", "x|": 1}]"#), r#"name b /x <"x"> followed"#);
    assert_eq!(at(r#"{"objects": [{"id": "a", "x": |1}]}"#), "value a /x <1>");
    assert_eq!(at(r#"{"obj|ects": []}"#), r#"name /objects <"objects"> followed"#);
    assert_eq!(at(r#"{"$schema": "|", "objects": []}"#), r#"value /$schema <"">"#);
    assert_eq!(at(r#"{"objects": [|]}"#), "bag /objects/0 <>");
    assert_eq!(at("|"), "bag / <>");
    assert_eq!(at("  // nothing yet\n|\n"), "bag / <>");
    assert_eq!(at(r#"[{"id": "a"}, |]"#), "bag /1 <>");
    assert_eq!(at(r#"[{"id": "a"} |]"#), "bag /1 <> ,before");
    assert_eq!(at(r#"[|{"id": "a"}]"#), "bag /0 <> ,after");
}

#[test]
fn parts_of_values_have_their_path() {
    assert_eq!(at(r#"{"id": "a", "nodes": [1, 2|]}"#), "value a /nodes/1 <2>");
    assert_eq!(at(r#"{"id": "a", "nodes": [1, |]}"#), "value a /nodes/1 <>");
    assert_eq!(
        at(r#"{"id": "a", "rules": [{"match": "x", "pol|": 1}]}"#),
        r#"name a /rules/0/pol <"pol"> followed"#
    );
    assert_eq!(at(r#"{"id": "a", "rules": [{"policy": "|"}]}"#), r#"value a /rules/0/policy <"">"#);
    assert_eq!(at(r#"{"id": "a", "rules": [{|}]}"#), "name a /rules/0/ <>");
}

#[test]
fn what_stands_between_single_quotes_is_all_of_it() {
    assert_eq!(at("{'id': 'a', 'po|l': 'x'}"), "name a /pol <'pol'> followed");
    assert_eq!(at("{'id': 'a', 'pol': 'x|y'}"), "value a /pol <'xy'>");
}

#[test]
fn in_front_of_another_bag_half_of_one_wants_no_comma() {
    assert_eq!(at("[{\"id\": \"a\", \"si|\n {\"id\": \"b\"}]"), "name a /si <\"si>");
    assert_eq!(at("[{\"id\": \"a\", \"size\": 1|\n {\"id\": \"b\"}]"), "value a /size <1>");
}

#[test]
fn where_something_new_may_stand_is_told_while_it_is_written() {
    assert_eq!(at(r#"{"id": "a", |}"#), "name a / <>");
    assert_eq!(at(r#"{"id": "a", |"#), "name a / <>");
    assert_eq!(at(r#"{"id": "a", "|}"#), r#"name a / <">"#);
    assert_eq!(at(r#"{"id": "a", "si|}"#), r#"name a /si <"si>"#);
    assert_eq!(at(r#"{"id": "a", "si|"}"#), r#"name a /si <"si">"#);
    assert_eq!(at(r#"{"id": "a", si|}"#), "name a /si <si>");
    assert_eq!(at("{\"id\": \"a\"\n  |}"), "name a / <> ,before");
    assert_eq!(at("{\"id\": \"a\",\n  |\n  \"size\": 1}"), "name a / <> ,after");
    assert_eq!(at("{\"id\": \"a\"\n  |\n  \"size\": 1}"), "name a / <> ,before ,after");
    assert_eq!(at(r#"{"id": "a"|}"#), r#"value a /id <"a">"#);
    assert_eq!(at(r#"{"id": "a", "size": |}"#), "value a /size <>");
    assert_eq!(at(r#"{"id": "a", "size":|"#), "value a /size <>");
    assert_eq!(at(r#"{"id": "a", "size": "|}"#), r#"value a /size <">"#);
    assert_eq!(at(r#"{"id": "a", "size": "1|}"#), r#"value a /size <"1>"#);
    assert_eq!(at(r#"{"id": "a", "size": 1G|}"#), "value a /size <1G>");
    assert_eq!(at("{\"id\": \"a\", \"size\": |\n \"x\": 1}"), "value a /size <> ,after");
    assert_eq!(at(r#"[{"id": "a", "si|"#), r#"name a /si <"si>"#);
}

#[test]
fn mistakes_elsewhere_hide_nothing() {
    assert_eq!(at(r#"[{"id": "a" "x": 1,}, {"id" "b", "size": |1"#), "value b /size <1>");
    assert_eq!(at(r#"{"id": "a", "x": [1, 2, "size": |1}"#), "value a /size <1>");
    assert_eq!(at(r#"{'id': 'a', 'size|': 1}"#), "name a /size <'size'> followed");
    assert_eq!(at("{id: \"a\", size: |1}"), "value a /size <1>");
}

#[test]
fn in_comments_and_behind_the_end_is_nothing() {
    assert_eq!(at("{\"id\": \"a\", // x|\n}"), "-");
    assert_eq!(at(r#"{"id": "a", /* | */ "x": 1}"#), "-");
    assert_eq!(at(r#"{"id": "a", /* */| "x": 1}"#), "name a / <> ,after");
    assert_eq!(at(r#"{"id": "a"} |"#), "-");
    assert_eq!(at(r#"|{"id": "a"}"#), "-");
}

#[test]
fn sections_are_told_by_their_lines() {
    let text =
        |lines: &str| format!("[object \"a\"]\n  qom-type = \"t\"\n{lines}\n[drive]\n  file = \"x\"\n");
    assert_eq!(at(&text("  si|ze = \"1\"")), "name a /size <size> followed");
    assert_eq!(at(&text("  size = \"1|\"")), r#"value a /size <"1">"#);
    assert_eq!(at(&text("  size = |\"1\"")), r#"value a /size <"1">"#);
    assert_eq!(at(&text("  size = |")), "value a /size <>");
    assert_eq!(at(&text("  size = 1|")), "value a /size <1>");
    assert_eq!(at(&text("  size = \"1|")), r#"value a /size <"1>"#);
    assert_eq!(at(&text("  host-nodes.0 = \"1|\"")), r#"value a /host-nodes/0 <"1">"#);
    assert_eq!(at(&text("  |")), "name a / <>");
    assert_eq!(at(&text("si|")), "name a /si <si>");
    assert_eq!(at(&text("# |")), "-");
    assert_eq!(at("[object \"a\"]\n[drive]\n  fi|"), "-");
    assert_eq!(at("[obj|ect \"a\"]\n"), "-");
    assert_eq!(at("[object \"a\"]\n|"), "name a / <>");
    assert_eq!(at("# nothing yet\n\n|\n[object \"a\"]"), "bag / <>");
}

#[test]
fn bags_are_listed_in_every_form() {
    let ids = |text: &str| {
        let outline = Outline::new(text);
        let ids: Vec<_> = outline
            .bags()
            .into_iter()
            .map(|bag| bag.get("id").unwrap().str().unwrap().into_owned())
            .collect();
        (outline.language(), ids.join(" "))
    };
    assert_eq!(ids(r#"{"objects": [{"id": "a"}, {"id": "b",}"#), (Language::Json, "a b".to_owned()));
    assert_eq!(ids("[object \"a\"]\n[drive]\n[object \"b\"]"), (Language::Ini, "a b".to_owned()));
}

proptest! {
    /// Pieces of documents in any order: every offset has an answer, and its place holds it.
    #[test]
    fn every_offset_of_any_text_has_an_answer(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "[", "]", "\"", "\"id\"", ":", ",", " ", "\n", "a", "1G", "//", "/*", "*/", "'", "=", "😀",
                "[object \"a\"]", "\"objects\": [", "k = \"v\"", "\\", "\"qom-type\": \"t\"", "#", ".",
            ]),
            0..40,
        ),
    ) {
        let text = pieces.concat();
        let outline = Outline::new(&text);
        for offset in 0..=text.len() + 1 {
            if let Some(spot) = outline.spot(offset) {
                let Range { start, end } = spot.place;
                prop_assert!(start <= offset && offset <= end && text.get(start..end).is_some(), "{offset}: {spot:?}");
                prop_assert!(spot.comma_before.is_none_or(|at| at <= start && text.is_char_boundary(at)));
            }
        }
    }
}
