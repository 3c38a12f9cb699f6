//! What every [`Input`] must do.

use std::borrow::Cow;

use qomet::{Failed, Input, InputKind, ModelErrorKind, Native, Size, Value};

use super::{Source, same};
use crate::build::codes;
use crate::types::{Flavour, Limits, NumberOrName};

pub(super) fn text(text: &str) -> Native<'_> {
    Native::Str(Cow::Borrowed(text))
}

pub(super) fn list<'a>(elements: impl IntoIterator<Item = Native<'a>>) -> Native<'a> {
    Native::List(elements.into_iter().collect())
}

pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Native<'a>)>) -> Native<'a> {
    Native::Struct(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
}

/// Reads `value` with `read`; gives the result and the codes of what was reported.
pub(super) fn read<T>(
    source: &dyn Source,
    value: &Native<'_>,
    read: impl Fn(&mut dyn Input) -> T,
) -> (T, Vec<&'static str>) {
    let mut result = None;
    let found = source.read(value, &mut |input| result = Some(read(input)));
    if source.has_places() {
        assert!(found.iter().all(|one| one.place().is_some()), "a diagnostic without a place: {found:?}");
    }
    (result.expect("the source must call its reader"), codes(&found))
}

/// Reads a whole value of type `T`.
pub(super) fn value_of<T: Value>(source: &dyn Source, value: &Native<'_>) -> (Option<T>, Vec<&'static str>) {
    let (result, reported) = read(source, value, |input| T::read(input));
    assert_eq!(
        result.is_err(),
        !reported.is_empty(),
        "{value:?}: an error if and only if something is reported"
    );
    (result.ok(), reported)
}

/// Tries every method of an `Input`.
///
/// # Panics
/// The input does something else than it must.
pub fn check_input(source: &dyn Source) {
    kinds(source);
    integers(source);
    numbers(source);
    texts(source);
    sizes_and_booleans(source);
    wrong_kinds(source);
    structs(source);
    lists(source);
    reports(source);
    values(source);
}

fn one_of_each() -> Vec<(Native<'static>, InputKind)> {
    vec![
        (Native::Null, InputKind::Null),
        (Native::Bool(true), InputKind::Bool),
        (Native::Uint(5), InputKind::Integer),
        (Native::Int(-5), InputKind::Integer),
        (Native::Number(0.5), InputKind::Number),
        (Native::Number(2.0), InputKind::Number),
        (text("some text"), InputKind::String),
        (object([("a", Native::Null)]), InputKind::Struct),
        (object([]), InputKind::Struct),
        (list([Native::Null]), InputKind::List),
        (list([]), InputKind::List),
    ]
}

fn kinds(source: &dyn Source) {
    for (value, kind) in one_of_each() {
        let (seen, reported) = read(source, &value, |input| [input.kind(), input.kind()]);
        assert_eq!((seen, reported), ([kind; 2], vec![]), "{value:?}: looking at the kind changes nothing");
    }
}

fn integers(source: &dyn Source) {
    let signed = |value| read(source, &value, |input| input.int64());
    let unsigned = |value| read(source, &value, |input| input.uint64());
    for value in [i64::MIN, -1, 0, 1, i64::MAX] {
        assert_eq!(signed(Native::Int(value)), (Ok(value), vec![]), "a signed integer is exact");
    }
    for value in [0, 1, i64::MAX.unsigned_abs(), 1 << 63, (1 << 63) + 1, u64::MAX] {
        assert_eq!(unsigned(Native::Uint(value)), (Ok(value), vec![]), "an unsigned integer is exact");
    }
    assert_eq!(signed(Native::Uint(7)).0, Ok(7));
    assert_eq!(unsigned(Native::Int(7)).0, Ok(7));
    assert_eq!(signed(Native::Uint(1 << 63)).1, ["out-of-range"], "2^63 is no signed integer");
    assert_eq!(unsigned(Native::Int(-1)).1, ["out-of-range"], "-1 is no unsigned integer");
    assert_eq!(value_of::<u8>(source, &Native::Uint(256)), (None, vec!["out-of-range"]));
    assert_eq!(value_of::<i8>(source, &Native::Int(-129)), (None, vec!["out-of-range"]));
    assert_eq!(value_of::<i8>(source, &Native::Int(-128)), (Some(-128), vec![]));
}

fn numbers(source: &dyn Source) {
    for value in [0.0, -0.5, 2.0, 1e300, f64::MIN_POSITIVE, f64::MAX, 0.1] {
        assert_eq!(
            value_of::<f64>(source, &Native::Number(value)),
            (Some(value), vec![]),
            "{value:?} is exact"
        );
    }
    assert_eq!(value_of::<f64>(source, &Native::Int(-3)), (Some(-3.0), vec![]), "an integer is a number too");
}

fn texts(source: &dyn Source) {
    for value in ["", " ", "a b", "\"\\/\u{8}\n\r\t", "\0\u{1f}\u{7f}", "ä€😀\u{2028}", "null", "5", "[]"]
    {
        assert_eq!(value_of::<String>(source, &text(value)), (Some(value.to_owned()), vec![]), "{value:?}");
    }
    let long = "x€".repeat(100_000);
    assert_eq!(value_of::<String>(source, &text(&long)).0.as_deref(), Some(&*long));
    assert_eq!(value_of::<Flavour>(source, &text("black-currant")).0, Some(Flavour::BlackCurrant));
    for wrong in ["Plain", "plain ", "", "black_currant"] {
        assert_eq!(
            value_of::<Flavour>(source, &text(wrong)),
            (None, vec!["unknown-enum-value"]),
            "{wrong:?}"
        );
    }
    let link = |input: &mut dyn Input| match input.link() {
        Ok(qomet::LinkTarget::Path(path)) => Some(path),
        _ => None,
    };
    assert_eq!(read(source, &text("/objects/a"), link).0.as_deref(), Some("/objects/a"));
}

fn sizes_and_booleans(source: &dyn Source) {
    let size = |value| value_of::<Size>(source, &value);
    assert_eq!(size(Native::Uint(4096)), (Some(Size(4096)), vec![]));
    assert_eq!(size(Native::Uint(u64::MAX)), (Some(Size(u64::MAX)), vec![]));
    assert_eq!(size(Native::Int(-1)), (None, vec!["out-of-range"]));
    if source.sizes_as_text() {
        assert_eq!(size(text("1.5G")), (Some(Size(3 << 29)), vec![]));
        assert_eq!(size(text("4096")), (Some(Size(4096)), vec![]));
        assert_eq!(size(text("1Q")), (None, vec!["invalid-size"]));
        assert_eq!(size(text("16E")), (None, vec!["out-of-range"]));
    } else {
        assert_eq!(size(text("1G")), (None, vec!["wrong-type"]));
    }
    let boolean = |value| value_of::<bool>(source, &value);
    assert_eq!((boolean(Native::Bool(true)).0, boolean(Native::Bool(false)).0), (Some(true), Some(false)));
    let (on, off) = (boolean(text("on")), boolean(text("off")));
    if source.booleans_as_text() {
        assert_eq!((on.0, off.0), (Some(true), Some(false)));
    } else {
        assert_eq!((on.1, off.1), (vec!["wrong-type"], vec!["wrong-type"]));
    }
    for wrong in [text("yes"), text("true"), text("ON"), Native::Uint(1)] {
        assert_eq!(boolean(wrong), (None, vec!["wrong-type"]));
    }
}

type Method = fn(&mut dyn Input) -> Result<(), Failed>;

/// Every method with the kinds it takes.
const METHODS: &[(&str, Method, &[InputKind])] = &[
    ("boolean", |input| input.boolean().map(drop), &[InputKind::Bool]),
    ("int64", |input| input.int64().map(drop), &[InputKind::Integer]),
    ("uint64", |input| input.uint64().map(drop), &[InputKind::Integer]),
    ("size", |input| input.size().map(drop), &[InputKind::Integer]),
    ("number", |input| input.number().map(drop), &[InputKind::Integer, InputKind::Number]),
    ("string", |input| input.string().map(drop), &[InputKind::String]),
    ("null", |input| input.null(), &[InputKind::Null]),
    ("enumeration", |input| input.enumeration(&["some text"]).map(drop), &[InputKind::String]),
    ("link", |input| input.link().map(drop), &[InputKind::String]),
    ("begin_struct", |input| input.begin_struct(), &[InputKind::Struct]),
    ("begin_list", |input| input.begin_list(), &[InputKind::List]),
];

fn wrong_kinds(source: &dyn Source) {
    for (name, method, takes) in METHODS {
        for (value, kind) in one_of_each() {
            let lenient = *name == "size" && kind == InputKind::String && source.sizes_as_text();
            let negative = matches!(value, Native::Int(..0));
            if takes.contains(&kind) && !(negative && matches!(*name, "uint64" | "size")) {
                assert_eq!(read(source, &value, method), (Ok(()), vec![]), "{name} takes {value:?}");
                continue;
            }
            let (seen, reported) = read(source, &value, |input| (method(input).is_err(), input.kind()));
            let expected = match (negative && takes.contains(&kind), lenient) {
                (true, _) => "out-of-range",
                (_, true) => "invalid-size",
                _ if *name == "enumeration" => "not-a-name",
                _ => "wrong-type",
            };
            let whole = ((true, kind), vec![expected]);
            assert_eq!(
                (seen, reported),
                whole,
                "{name} refuses {value:?} once, and the value stays in front"
            );
        }
    }
}

const MEMBERS: &[&str] = &["first", "second", "third"];

fn structs(source: &dyn Source) {
    let members = |input: &mut dyn Input| {
        let mut seen = Vec::new();
        input.begin_struct().expect("a struct");
        while let Some(member) = input.next_member(MEMBERS) {
            seen.push(member.ok().map(|index| (index, input.int64().ok())));
        }
        input.end_struct();
        (seen, input.kind())
    };
    let value = object([("third", Native::Uint(3)), ("first", Native::Uint(1))]);
    let expected = vec![Some((2, Some(3))), Some((0, Some(1)))];
    assert_eq!(
        read(source, &value, members),
        ((expected, InputKind::Struct), vec![]),
        "members come in their order"
    );
    assert_eq!(read(source, &object([]), members), ((vec![], InputKind::Struct), vec![]));

    let value = object([("first", text("x")), ("other", list([Native::Null])), ("second", Native::Uint(2))]);
    let (seen, reported) = read(source, &value, members);
    assert_eq!(seen.0, [Some((0, None)), None, Some((1, Some(2)))], "reading goes on after a mistake");
    assert_eq!(reported, ["wrong-type", "unknown-member"]);

    let inner = object([("first", list([object([("x", Native::Null)])]))]);
    let value = object([("first", inner), ("second", Native::Uint(2))]);
    let (second, reported) = read(source, &value, |input| {
        input.begin_struct().expect("a struct");
        let _ = input.next_member(MEMBERS);
        let _ = input.next_member(MEMBERS);
        input.int64()
    });
    assert_eq!((second, reported), (Ok(2), vec![]), "what is not read is passed over");

    let nested =
        object([("first", object([("second", list([Native::Uint(1)]))])), ("third", Native::Uint(3))]);
    let (read_back, reported) = read(source, &nested, rebuild);
    assert!(same(&read_back, &nested), "{read_back:?}");
    assert_eq!(reported, [""; 0]);
}

fn lists(source: &dyn Source) {
    let elements = |input: &mut dyn Input| {
        let mut seen = Vec::new();
        input.begin_list().expect("a list");
        while input.next_element() {
            seen.push(input.uint64().ok());
        }
        input.end_list();
        (seen, input.kind())
    };
    let value = list([Native::Uint(1), text("x"), list([Native::Uint(9)]), Native::Uint(2)]);
    let (seen, reported) = read(source, &value, elements);
    assert_eq!(
        seen,
        (vec![Some(1), None, None, Some(2)], InputKind::List),
        "reading goes on after a mistake"
    );
    assert_eq!(reported, ["wrong-type", "wrong-type"]);
    assert_eq!(read(source, &list([]), elements), ((vec![], InputKind::List), vec![]));
    let (count, reported) = read(source, &value, |input| {
        input.begin_list().expect("a list");
        std::iter::from_fn(|| input.next_element().then_some(())).count()
    });
    assert_eq!((count, reported), (4, vec![]), "what is not read is passed over");
    let mut deep = Native::Uint(1);
    for _ in 0..50 {
        deep = list([deep]);
    }
    let (read_back, _) = read(source, &deep, rebuild);
    assert!(same(&read_back, &deep));
}

fn reports(source: &dyn Source) {
    let value = object([("first", Native::Uint(1))]);
    let missing = || Box::new(ModelErrorKind::MissingMember { name: "second" });
    let (_, reported) = read(source, &value, |input| {
        input.begin_struct().expect("a struct");
        while input.next_member(MEMBERS).is_some() {}
        let _ = input.report(missing());
        input.end_struct();
        let _ = input.report(missing());
    });
    assert_eq!(reported, ["missing-member", "missing-member"], "a struct can be reported as a whole");
    let (_, reported) = read(source, &Native::Uint(1), |input| {
        let _ = input.report_name(Box::new(ModelErrorKind::ReadOnly));
        input.uint64()
    });
    assert_eq!(reported, ["read-only"]);
}

fn values(source: &dyn Source) {
    let limits = object([("label", text("x")), ("most", Native::Uint(9))]);
    let expected = Limits { most: 9, least: 1, label: Some("x".to_owned()) };
    assert_eq!(value_of(source, &limits), (Some(expected.clone()), vec![]));
    assert_eq!(value_of(source, &list([limits.clone(), limits])).0, Some(vec![expected.clone(), expected]));

    let wrong = object([
        ("least", text("x")),
        ("mots", Native::Uint(1)),
        ("label", Native::Uint(1)),
        ("other", Native::Null),
    ]);
    let (read_back, mut reported) = value_of::<Limits>(source, &wrong);
    assert_eq!(read_back, None);
    // That `most` is missing may be taken for a consequence of the misspelt name.
    reported.retain(|code| *code != "missing-member");
    assert_eq!(
        reported,
        ["wrong-type", "unknown-member", "wrong-type", "unknown-member"],
        "all mistakes at once"
    );
    assert_eq!(value_of::<Limits>(source, &object([])), (None, vec!["missing-member"]));

    let twice = object([("most", Native::Uint(1)), ("most", Native::Uint(2))]);
    assert_eq!(
        value_of::<Limits>(source, &twice),
        (None, vec!["duplicate-member"]),
        "a member given twice is told once"
    );

    assert_eq!(value_of(source, &Native::Uint(3)).0, Some(NumberOrName::Number(3)));
    assert_eq!(value_of(source, &text("n")).0, Some(NumberOrName::Name("n".to_owned())));
    assert_eq!(value_of::<NumberOrName>(source, &list([])), (None, vec!["wrong-type"]));
    assert_eq!(value_of::<Option<u64>>(source, &Native::Uint(3)), (Some(Some(3)), vec![]));
    let mixed = list([Native::Uint(1), Native::Uint(70_000), text("x"), Native::Int(-1)]);
    let expected = (None, vec!["out-of-range", "wrong-type", "out-of-range"]);
    assert_eq!(value_of::<Vec<u16>>(source, &mixed), expected, "every wrong element is told");
}

/// Reads a whole value by the kinds that are seen. The members of its structs are called `first`, `second`, `third`.
pub fn rebuild(input: &mut dyn Input) -> Native<'static> {
    match input.kind() {
        InputKind::Null | InputKind::Damaged => Native::Null,
        InputKind::Bool => Native::Bool(input.boolean().expect("a boolean")),
        InputKind::Integer => match input.uint64() {
            Ok(value) => Native::Uint(value),
            Err(_) => Native::Int(input.int64().expect("an integer of 64 bits")),
        },
        InputKind::Number => Native::Number(input.number().expect("a number")),
        InputKind::String => Native::Str(Cow::Owned(input.string().expect("a string").into_owned())),
        InputKind::List => {
            let mut elements = Vec::new();
            input.begin_list().expect("a list");
            while input.next_element() {
                elements.push(rebuild(input));
            }
            input.end_list();
            Native::List(elements)
        }
        InputKind::Struct => {
            let mut members = Vec::new();
            input.begin_struct().expect("a struct");
            while let Some(member) = input.next_member(MEMBERS) {
                let name = member.ok().and_then(|index| MEMBERS.get(index)).copied().unwrap_or_default();
                members.push((Cow::Borrowed(name), rebuild(input)));
            }
            input.end_struct();
            Native::Struct(members)
        }
    }
}

/// Calls methods in any order, as `script` says. Nothing may panic, and a method that fails must have reported,
/// unless what stands there was reported before.
pub fn poke(input: &mut dyn Input, script: &[u8]) -> usize {
    let mut failures = 0;
    for step in script {
        let step = usize::from(*step) % (METHODS.len() + 6);
        match METHODS.get(step) {
            Some((_, method, _)) => failures += usize::from(method(input).is_err()),
            None => match step - METHODS.len() {
                0 => failures += usize::from(matches!(input.next_member(MEMBERS), Some(Err(_)))),
                1 => drop(input.next_element()),
                2 => input.end_struct(),
                3 => input.end_list(),
                _ => drop(input.kind()),
            },
        }
    }
    failures
}
