//! How diagnostics look, and the table of all wordings.

use std::fmt::Write as _;

use qomet::{About, Diagnostic, Diagnostics, Place, Problem, Related};

use super::excerpt::Excerpt;
use super::{render_human, render_json};
use crate::{Position, Sources, Syntax, SyntaxErrorKind, Tape};

fn human(text: &str) -> String {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("vm.json", text, &mut diagnostics);
    let _ = Tape::parse(&sources, source, Syntax::DOCUMENT, &mut diagnostics);
    render_human(&diagnostics.take(), &sources, false)
}

#[test]
fn a_diagnostic_shows_place_line_mark_and_help() {
    insta::assert_snapshot!(human("[\n  {\"id\": \"ram0\", \"share\": yes}\n]\n"));
}

#[test]
fn related_places_are_shown() {
    insta::assert_snapshot!(human(
        "[\n  {\"id\": \"ram0\",\n   \"size\": [1, 2},\n  {\"id\": \"ram1\"}\n]\n"
    ));
}

#[test]
fn the_end_of_the_text_points_to_the_openers() {
    insta::assert_snapshot!(human("{\n  \"objects\": [\n    {\"id\": \"ram0\"}\n  ]\n"));
}

#[test]
fn control_characters_become_visible() {
    insta::assert_snapshot!(human("[\"a\u{1b}[31mb\", \0 1]"));
}

#[test]
fn a_long_line_is_cut_around_the_mark() {
    let text = format!("[\"{}\", yes, \"{}\"]", "x".repeat(1 << 20), "y".repeat(1 << 20));
    insta::assert_snapshot!(human(&text));
}

#[test]
fn a_long_mark_is_cut() {
    insta::assert_snapshot!(human(&format!("['{}']", "x".repeat(1 << 20))));
}

#[test]
fn a_line_of_characters_of_several_bytes_is_cut_between_them() {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let text = format!("[\"{}\", yes, \"{}\"]", "ü€😀".repeat(1000), "😀€ü".repeat(1000));
    let start = u32::try_from(text.find("yes").unwrap()).unwrap();
    let source = sources.add("vm.json", text, &mut diagnostics);
    let excerpt = Excerpt::new(Place { source, start, end: start + 3 }, &sources).unwrap();
    assert_eq!(excerpt.start, Position { line: 1, column: 3006 });
    assert_eq!(&excerpt.text[excerpt.mark.clone()], "yes");
    let (before, from) = excerpt.text.split_at(excerpt.mark.start);
    assert_eq!((before.chars().count(), from.chars().count()), ("…".chars().count() + 50, 70 + 1));
    assert!(excerpt.text.starts_with('…') && excerpt.text.ends_with('…') && excerpt.cut);
}

#[test]
fn a_short_line_behind_a_byte_order_mark_is_shown_whole() {
    let shown = human(&format!("\u{feff}[yes, \"{}\"]\r\n", "€".repeat(100)));
    assert!(shown.contains(&format!("[yes, \"{}\"]\n", "€".repeat(100))), "{shown}");
}

#[test]
fn a_diagnostic_without_place_is_complete() {
    let one = Diagnostic::new(SyntaxErrorKind::Utf16)
        .with_object("ram0")
        .with_type("memory-backend-ram")
        .with_related(Related { label: "first used here".into(), about: About::default(), place: None });
    insta::assert_snapshot!(render_human([&one], &Sources::new(), false));
}

#[test]
fn a_place_of_no_source_is_left_out() {
    let one = Diagnostic::new(SyntaxErrorKind::Utf16).at(Place { source: 9, start: 1, end: 2 });
    let json = render_json([&one], &Sources::new());
    assert_eq!(json["diagnostics"][0].get("line"), None);
    assert!(render_human([&one], &Sources::new(), true).contains("utf16"));
}

#[test]
fn json_has_every_fact_and_nothing_else() {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("vm.json", "[\n  yes]", &mut diagnostics);
    let _ = Tape::parse(&sources, source, Syntax::DOCUMENT, &mut diagnostics);
    insta::assert_json_snapshot!(render_json(&diagnostics.take(), &sources));
}

#[test]
fn every_wording() {
    let mut table = String::new();
    for kind in SyntaxErrorKind::samples() {
        let problem: &dyn Problem = &kind;
        let facts = [
            ("expected", problem.expected()),
            ("found", problem.found()),
            ("help", problem.help()),
            ("suggestion", problem.suggestion()),
        ];
        let _ = writeln!(table, "{}: {}", problem.code(), Diagnostic::new(kind.clone()));
        for (name, fact) in facts {
            if let Some(fact) = fact {
                let _ = writeln!(table, "    {name}: {fact}");
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn no_wording_repeats_much_of_what_a_user_wrote() {
    let text = || "x".repeat(1000);
    let kinds = [
        SyntaxErrorKind::UnquotedValue { text: text() },
        SyntaxErrorKind::BadNumber { text: text() },
        SyntaxErrorKind::WrongQuotes { quote: '\'', text: text() },
        SyntaxErrorKind::UnterminatedString { text: text() },
        SyntaxErrorKind::UnexpectedText { text: text() },
        SyntaxErrorKind::NotUtf8 { bytes: vec![0xff; 1000], offset: 0 },
        SyntaxErrorKind::UnexpectedEnd { missing: "}".repeat(1000) },
    ];
    let longest = kinds.iter().flat_map(|kind| {
        [
            Some(Diagnostic::new(kind.clone()).to_string()),
            kind.expected(),
            kind.found(),
            kind.help(),
            kind.suggestion(),
        ]
    });
    let longest = longest.flatten().map(|text| text.chars().count()).max().unwrap();
    assert!(longest < 140, "{longest}");
}
