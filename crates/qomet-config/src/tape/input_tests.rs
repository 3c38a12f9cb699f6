//! `TapeInput`: what is taken, what is reported, and where.

use qomet::{Diagnostics, Failed, Input, InputKind, ModelErrorKind};

use super::{Leniency, Tape, TapeInput};
use crate::json::Syntax;
use crate::{MISTAKES_LIMIT, Sources};

/// Reads a text with `read`; gives the result and each diagnostic with the text at its place.
fn read<T>(
    text: &str,
    leniency: Leniency,
    read: impl FnOnce(&mut TapeInput<'_, '_>) -> T,
) -> (T, Vec<String>) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("t", text, &mut diagnostics);
    let tape = Tape::parse(&sources, source, Syntax::DOCUMENT, &mut diagnostics);
    let result = read(&mut TapeInput::new(tape.root(), leniency, &mut diagnostics));
    let list = diagnostics.take();
    let shown = list.iter().map(|one| {
        let place = one.place().unwrap();
        format!("{}: {}", one.code(), &text[place.start as usize..place.end as usize])
    });
    (result, shown.collect())
}

fn size(text: &str, leniency: Leniency) -> Result<u64, Vec<String>> {
    let (result, reports) = read(text, leniency, |input| input.size());
    result.map_err(|_| reports)
}

const MEMBERS: &[&str] = &["first", "second", "third"];

/// Reads all members as signed integers.
fn members(input: &mut TapeInput<'_, '_>) -> Vec<(usize, Result<i64, Failed>)> {
    let mut list = Vec::new();
    input.begin_struct().unwrap();
    while let Some(member) = input.next_member(MEMBERS) {
        if let Ok(index) = member {
            list.push((index, input.int64()));
        }
    }
    list
}

#[test]
fn integers_are_exact_to_their_last_bit() {
    assert_eq!(read("18446744073709551615", Leniency::Strict, |input| input.uint64()).0, Ok(u64::MAX));
    assert_eq!(read("-9223372036854775808", Leniency::Strict, |input| input.int64()).0, Ok(i64::MIN));
    assert_eq!(read("-0", Leniency::Strict, |input| input.uint64()).0, Ok(0));
}

#[test]
fn integers_outside_their_range_are_refused() {
    let (_, reports) = read("9223372036854775808", Leniency::Strict, |input| input.int64());
    assert_eq!(reports, ["out-of-range: 9223372036854775808"]);
    let (_, reports) = read("-1", Leniency::Strict, |input| input.uint64());
    assert_eq!(reports, ["out-of-range: -1"]);
}

#[test]
fn an_integer_is_not_written_as_another_number() {
    assert_eq!(read("1.0", Leniency::Lenient, |input| input.int64()).1, ["wrong-type: 1.0"]);
    assert_eq!(read("1e3", Leniency::Lenient, |input| input.uint64()).1, ["wrong-type: 1e3"]);
}

#[test]
fn sizes_with_units_are_for_documents() {
    assert_eq!(size("\"1.5G\"", Leniency::Lenient), Ok(3 << 29));
    assert_eq!(size("4096", Leniency::Strict), Ok(4096));
    assert_eq!(size("\"1Q\"", Leniency::Lenient), Err(vec!["invalid-size: \"1Q\"".into()]));
    assert_eq!(size("\"1G\"", Leniency::Strict), Err(vec!["wrong-type: \"1G\"".into()]));
}

#[test]
fn on_and_off_are_for_documents() {
    assert_eq!(read("\"on\"", Leniency::Lenient, |input| input.boolean()).0, Ok(true));
    assert_eq!(read("\"on\"", Leniency::Strict, |input| input.boolean()).1, ["wrong-type: \"on\""]);
    assert_eq!(read("1", Leniency::Lenient, |input| input.boolean()).1, ["wrong-type: 1"]);
}

#[test]
fn numbers_are_finite() {
    assert_eq!(read("-2.5e3", Leniency::Strict, |input| input.number()).0, Ok(-2500.0));
    assert_eq!(read("1e999", Leniency::Strict, |input| input.number()).1, ["wrong-type: 1e999"]);
}

#[test]
fn members_come_in_any_order() {
    let (list, reports) = read(r#"{"third": 3, "f\u0069rst": 1}"#, Leniency::Strict, members);
    assert_eq!(list, [(2, Ok(3)), (0, Ok(1))]);
    assert!(reports.is_empty());
}

#[test]
fn unknown_and_duplicate_members_are_reported_at_their_names() {
    let (list, reports) = read(r#"{"first": 1, "x": 0, "first": 2, "second": 3}"#, Leniency::Strict, members);
    assert_eq!(list, [(0, Ok(1)), (1, Ok(3))]);
    assert_eq!(reports, ["unknown-member: \"x\"", "duplicate-member: \"first\""]);
}

#[test]
fn a_missing_member_is_reported_at_the_whole_struct() {
    let (_, reports) = read(r#" {"first": 1} "#, Leniency::Strict, |input| {
        members(input);
        let _ = input.report(Box::new(ModelErrorKind::MissingMember { name: "second" }));
    });
    assert_eq!(reports, [r#"missing-member: {"first": 1}"#]);
}

#[test]
fn a_misspelt_member_is_not_missing_too() {
    let (_, reports) = read(r#"{"secnod": 1}"#, Leniency::Strict, |input| {
        members(input);
        let _ = input.report(Box::new(ModelErrorKind::MissingMember { name: "second" }));
        let _ = input.report(Box::new(ModelErrorKind::MissingMember { name: "first" }));
    });
    assert_eq!(reports, ["unknown-member: \"secnod\"", r#"missing-member: {"secnod": 1}"#]);
}

#[test]
fn what_the_parser_reported_fails_without_a_word() {
    let (list, reports) = read(r#"{"first": yes, "second": 2}"#, Leniency::Strict, members);
    assert!(list[0].1.is_err());
    assert_eq!(list[1], (1, Ok(2)));
    assert_eq!(reports, ["unquoted-value: yes"]);
}

#[test]
fn nothing_is_missing_where_a_name_is_damaged() {
    let (_, reports) = read(r#"{"first": 1, : 2}"#, Leniency::Strict, |input| {
        members(input);
        let _ = input.report(Box::new(ModelErrorKind::MissingMember { name: "second" }));
    });
    assert_eq!(reports, ["missing-name: :"]);
}

#[test]
fn elements_are_read_past_a_mistake() {
    let (list, reports) = read(r#"[1, "x", {"a": [2]}, 3]"#, Leniency::Strict, |input| {
        input.begin_list().unwrap();
        let mut list = Vec::new();
        while input.next_element() {
            list.push(input.int64().ok());
        }
        input.end_list();
        (list, input.kind())
    });
    assert_eq!(list, (vec![Some(1), None, None, Some(3)], InputKind::List));
    assert_eq!(reports, ["wrong-type: \"x\"", "wrong-type: {\"a\": [2]}"]);
}

#[test]
fn a_member_beyond_the_128th_given_twice_is_seen() {
    let names: Vec<&'static str> = (0..140).map(|number| &*format!("m{number}").leak()).collect();
    let (seen, reports) = read(r#"{"m139": 1, "m0": 2, "m139": 3}"#, Leniency::Strict, |input| {
        input.begin_struct().unwrap();
        std::iter::from_fn(|| input.next_member(&names)).map(Result::ok).collect::<Vec<_>>()
    });
    assert_eq!(seen, [Some(139), Some(0), None]);
    assert_eq!(reports, ["duplicate-member: \"m139\""]);
}

#[test]
fn after_a_hundred_mistakes_the_rest_is_not_read() {
    let wrong: String = (0..20_000).map(|number| format!(r#""x{number}": 0, "first": 1, "#)).collect();
    let (list, reports) = read(&format!(r#"[{{{wrong} "second": 2}}, [7]]"#), Leniency::Strict, |input| {
        input.begin_list().unwrap();
        input.next_element();
        let list = members(input);
        // That something is missing may only be so because the rest was not read.
        let _ = input.report(Box::new(ModelErrorKind::MissingMember { name: "second" }));
        input.end_struct();
        (list, input.next_element())
    });
    assert_eq!(list, (vec![(0, Ok(1))], false));
    assert_eq!(reports.len(), MISTAKES_LIMIT + 1);
    assert_eq!(
        reports[..3],
        ["unknown-member: \"x0\"", "unknown-member: \"x1\"", "duplicate-member: \"first\""]
    );
    assert_eq!(reports[MISTAKES_LIMIT], "too-many-mistakes: \"first\"");
}

#[test]
fn what_is_read_after_too_many_mistakes_is_refused_not_empty() {
    let wrong = r#""x": 0, "#.repeat(200);
    let ((), reports) = read(&format!("{{{wrong}}}"), Leniency::Strict, |input| {
        let root = input.node();
        members(input);
        input.move_to(root);
        assert!(input.begin_struct().is_err());
    });
    assert_eq!(reports.len(), MISTAKES_LIMIT + 1);
}

#[test]
fn the_first_of_many_duplicates_is_found_behind_many_others() {
    let others: String = (0..300).map(|number| format!(r#""m{number}": 0, "#)).collect();
    let names: Vec<&'static str> = (0..300).map(|number| &*format!("m{number}").leak()).collect();
    let text = format!("{{{others} {}}}", r#""m299": 1, "#.repeat(50));
    let (first, _) = read(&text, Leniency::Strict, |input| {
        input.begin_struct().unwrap();
        while input.next_member(&names).is_some() {}
        let places = input.diagnostics().iter().flat_map(|one| one.related()).filter_map(|one| one.place);
        places.map(|place| place.start as usize).collect::<Vec<_>>()
    });
    assert_eq!(first, vec![text.find("\"m299\"").unwrap(); 50]);
}

#[test]
fn a_long_value_is_not_copied_into_its_problem() {
    let (_, reports) = read(&format!("\"{}\"", "x".repeat(1 << 20)), Leniency::Lenient, |input| {
        let failed = input.int64();
        let text = format!("{:?}", input.diagnostics());
        assert!(text.len() < 1000);
        failed
    });
    assert_eq!(reports.len(), 1);
}
