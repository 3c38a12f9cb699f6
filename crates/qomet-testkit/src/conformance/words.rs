//! What every [`Input`](qomet::Input) must do whose source has no kinds of values, only words: lines of `key=value`, sections.
//!
//! Such an input sees a string wherever there is no struct or list, and the reader says what it is. Null, empty structs and
//! lists and alternates other than strings are nothing that words can say.

use std::borrow::Cow;

use qomet::{InputKind, Native, Size};

use super::Source;
use super::input::{list, object, read, text, value_of};
use crate::types::{Flavour, Limits};

/// Tries every method of an `Input` over words.
///
/// # Panics
/// The input does something else than it must.
pub fn check_words(source: &dyn Source) {
    scalars(source);
    wrong_words(source);
    containers(source);
    values(source);
}

fn scalars(source: &dyn Source) {
    for value in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(
            value_of::<i64>(source, &Native::Int(value)),
            (Some(value), vec![]),
            "an integer is exact"
        );
    }
    for value in [0, (1 << 63) + 1, u64::MAX] {
        assert_eq!(value_of::<u64>(source, &Native::Uint(value)), (Some(value), vec![]));
    }
    for value in [0.0, -0.5, 1e300, f64::MIN_POSITIVE, 0.1] {
        assert_eq!(value_of::<f64>(source, &Native::Number(value)), (Some(value), vec![]));
    }
    for value in ["", " ", "a b", "a,b,,c=d", "ä€😀", "null", "5", "on"] {
        assert_eq!(value_of::<String>(source, &text(value)), (Some(value.to_owned()), vec![]), "{value:?}");
        let (kind, reported) = read(source, &text(value), |input| [input.kind(), input.kind()]);
        assert_eq!((kind, reported), ([InputKind::String; 2], vec![]), "looking changes nothing");
    }
    assert_eq!(value_of::<bool>(source, &Native::Bool(true)), (Some(true), vec![]));
    for (word, value) in
        [("on", true), ("yes", true), ("true", true), ("off", false), ("no", false), ("false", false)]
    {
        assert_eq!(value_of::<bool>(source, &text(word)), (Some(value), vec![]), "{word}");
    }
    for (word, bytes) in [("4096", 4096), ("1.5G", 3 << 29), ("0x1000", 4096)] {
        assert_eq!(value_of::<Size>(source, &text(word)), (Some(Size(bytes)), vec![]), "{word}");
    }
    assert_eq!(value_of::<Flavour>(source, &text("black-currant")).0, Some(Flavour::BlackCurrant));
}

fn wrong_words(source: &dyn Source) {
    assert_eq!(value_of::<i64>(source, &text("x")).1, ["wrong-type"]);
    assert_eq!(value_of::<u64>(source, &text("1.5")).1, ["wrong-type"]);
    assert_eq!(value_of::<i64>(source, &text("9223372036854775808")).1, ["out-of-range"]);
    assert_eq!(value_of::<u8>(source, &text("256")).1, ["out-of-range"]);
    assert_eq!(value_of::<bool>(source, &text("maybe")).1, ["wrong-type"]);
    assert_eq!(value_of::<f64>(source, &text("inf")).1, ["wrong-type"]);
    assert_eq!(value_of::<Size>(source, &text("1Q")).1, ["invalid-size"]);
    assert_eq!(value_of::<Size>(source, &text("16E")).1, ["out-of-range"]);
    assert_eq!(value_of::<Flavour>(source, &text("Plain")).1, ["unknown-enum-value"]);
    assert_eq!(read(source, &text("x"), |input| input.null().is_err()), (true, vec!["wrong-type"]));
    assert_eq!(read(source, &text("x"), |input| input.begin_struct().is_err()), (true, vec!["wrong-type"]));
}

fn containers(source: &dyn Source) {
    const MEMBERS: &[&str] = &["first", "second", "third"];
    let value = object([
        ("third", Native::Uint(3)),
        ("other", text("y")),
        ("first", text("x")),
        ("second", Native::Uint(2)),
    ]);
    let (seen, reported) = read(source, &value, |input| {
        let mut seen = Vec::new();
        input.begin_struct().expect("a struct");
        while let Some(member) = input.next_member(MEMBERS) {
            seen.push(member.ok().map(|index| (index, input.int64().ok())));
        }
        input.end_struct();
        (seen, input.kind())
    });
    let members = vec![Some((2, Some(3))), None, Some((0, None)), Some((1, Some(2)))];
    assert_eq!(
        seen,
        (members, InputKind::Struct),
        "members come in their order, and reading goes on after a mistake"
    );
    assert_eq!(reported, ["unknown-member", "wrong-type"]);

    let mixed = list([Native::Uint(1), Native::Uint(70_000), text("x"), Native::Uint(2)]);
    assert_eq!(value_of::<Vec<u16>>(source, &mixed), (None, vec!["out-of-range", "wrong-type"]));
    let numbers = list((0..12).map(Native::Uint));
    assert_eq!(value_of::<Vec<u64>>(source, &numbers), (Some((0..12).collect()), vec![]), "ten follows nine");
    let (count, reported) = read(source, &numbers, |input| {
        input.begin_list().expect("a list");
        std::iter::from_fn(|| input.next_element().then_some(())).count()
    });
    assert_eq!((count, reported), (12, vec![]), "what is not read is passed over");
}

fn values(source: &dyn Source) {
    let limits = object([("label", text("x,y")), ("most", Native::Uint(9))]);
    let expected = Limits { most: 9, least: 1, label: Some("x,y".to_owned()) };
    assert_eq!(value_of(source, &limits), (Some(expected.clone()), vec![]));
    assert_eq!(value_of(source, &list([limits.clone(), limits])).0, Some(vec![expected.clone(), expected]));
    let wrong = object([("least", text("x")), ("label", Native::Str(Cow::Borrowed("")))]);
    assert_eq!(value_of::<Limits>(source, &wrong), (None, vec!["wrong-type", "missing-member"]));
}
