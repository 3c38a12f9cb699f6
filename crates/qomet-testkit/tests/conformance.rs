//! The conformance suite over all syntaxes there are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::fmt::Write as _;

use proptest::prelude::*;
use qomet::{Diagnostic, Diagnostics, Input, Native, NativeInput, Output, TextOutput};
use qomet_config::{Dialect, JsonOutput, Leniency, Sources, Syntax, Tape, TapeInput};
use qomet_testkit::build;
use qomet_testkit::conformance::{
    Sink, Source, cases, check_input, check_output, check_words, poke, rebuild, same, values, write,
};

struct NativeSource;

impl Source for NativeSource {
    fn sizes_as_text(&self) -> bool {
        true
    }
    fn booleans_as_text(&self) -> bool {
        false
    }
    fn has_places(&self) -> bool {
        false
    }
    fn read(&self, value: &Native<'_>, with: &mut dyn FnMut(&mut dyn Input)) -> Vec<Diagnostic> {
        let mut report = Diagnostics::new();
        with(&mut NativeInput::new(value, &mut report));
        report.take()
    }
}

struct JsonSource {
    leniency: Leniency,
    /// What stands between tokens.
    space: &'static str,
}

const STRICT: JsonSource = JsonSource { leniency: Leniency::Strict, space: "" };
const LENIENT: JsonSource = JsonSource { leniency: Leniency::Lenient, space: " \n" };

impl JsonSource {
    fn print(&self, value: &Native<'_>, text: &mut String) {
        text.push_str(self.space);
        match value {
            Native::Null => text.push_str("null"),
            Native::Bool(value) => write!(text, "{value}").unwrap(),
            Native::Int(value) => write!(text, "{value}").unwrap(),
            Native::Uint(value) => write!(text, "{value}").unwrap(),
            Native::Number(value) => write!(text, "{value:?}").unwrap(),
            Native::Str(value) => text.push_str(&serde_json::to_string(value).unwrap()),
            Native::Object(object) => text.push_str(&serde_json::to_string(&object.path()).unwrap()),
            Native::List(elements) => {
                text.push('[');
                for (at, element) in elements.iter().enumerate() {
                    text.push_str(if at > 0 { "," } else { "" });
                    self.print(element, text);
                }
                text.push(']');
            }
            Native::Struct(members) => {
                text.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    text.push_str(if at > 0 { "," } else { "" });
                    write!(text, "{}:", serde_json::to_string(name).unwrap()).unwrap();
                    self.print(value, text);
                }
                text.push('}');
            }
        }
        text.push_str(self.space);
    }
}

impl Source for JsonSource {
    fn sizes_as_text(&self) -> bool {
        self.leniency == Leniency::Lenient
    }
    fn booleans_as_text(&self) -> bool {
        self.leniency == Leniency::Lenient
    }
    fn has_places(&self) -> bool {
        true
    }
    fn read(&self, value: &Native<'_>, with: &mut dyn FnMut(&mut dyn Input)) -> Vec<Diagnostic> {
        let mut text = String::new();
        self.print(value, &mut text);
        let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
        let source = sources.add("value", text, &mut report);
        let tape = Tape::parse(&sources, source, Syntax::DOCUMENT, &mut report);
        let found = report.take();
        assert!(found.is_empty(), "{found:?}");
        with(&mut TapeInput::new(tape.root(), self.leniency, &mut report));
        report.take()
    }
}

/// Lines in the dialect `keyval`, or sections: the value stands under the key `value`.
struct WordSource {
    sections: bool,
}

impl WordSource {
    fn print(&self, key: &str, value: &Native<'_>, text: &mut String) {
        let word = match value {
            Native::Bool(value) => if *value { "on" } else { "off" }.to_owned(),
            Native::Int(value) => value.to_string(),
            Native::Uint(value) => value.to_string(),
            Native::Number(value) => format!("{value:?}"),
            Native::Str(value) => value.to_string(),
            Native::List(elements) => {
                let elements = elements.iter().enumerate();
                return elements.for_each(|(at, element)| self.print(&format!("{key}.{at}"), element, text));
            }
            Native::Struct(members) => {
                let members = members.iter();
                return members.for_each(|(name, value)| self.print(&format!("{key}.{name}"), value, text));
            }
            Native::Null | Native::Object(_) => panic!("words cannot say {value:?}"),
        };
        match self.sections {
            true => writeln!(text, "{key} = \"{word}\"").unwrap(),
            false => write!(text, ",{key}={}", word.replace(',', ",,")).unwrap(),
        }
    }
}

impl Source for WordSource {
    fn sizes_as_text(&self) -> bool {
        true
    }
    fn booleans_as_text(&self) -> bool {
        true
    }
    fn has_places(&self) -> bool {
        true
    }
    fn read(&self, value: &Native<'_>, with: &mut dyn FnMut(&mut dyn Input)) -> Vec<Diagnostic> {
        let mut text = if self.sections { "[object \"x\"]\n" } else { "type" }.to_owned();
        self.print("value", value, &mut text);
        let mut report = Diagnostics::new();
        let tape = match self.sections {
            true => Tape::sections(&text, &mut report),
            false => Tape::line(&text, Dialect::Keyval, &mut report).0,
        };
        let found = report.take();
        assert!(found.is_empty(), "{text}: {found:?}");
        let bag = if self.sections { tape.root().elements().next().unwrap() } else { tape.root() };
        with(&mut TapeInput::new(bag.get("value").unwrap(), Leniency::Lenient, &mut report));
        report.take()
    }
}

#[test]
fn lines_do_what_every_source_of_words_must() {
    check_words(&WordSource { sections: false });
}

#[test]
fn sections_do_what_every_source_of_words_must() {
    check_words(&WordSource { sections: true });
}

struct JsonSink {
    pretty: bool,
}

fn native(value: &serde_json::Value) -> Native<'static> {
    match value {
        serde_json::Value::Null => Native::Null,
        serde_json::Value::Bool(value) => Native::Bool(*value),
        serde_json::Value::Number(value) => match (value.as_u64(), value.as_i64()) {
            (Some(value), _) => Native::Uint(value),
            (_, Some(value)) => Native::Int(value),
            _ => Native::Number(value.as_f64().unwrap()),
        },
        serde_json::Value::String(value) => Native::Str(value.clone().into()),
        serde_json::Value::Array(list) => Native::List(list.iter().map(native).collect()),
        serde_json::Value::Object(map) => {
            Native::Struct(map.iter().map(|(name, value)| (name.clone().into(), native(value))).collect())
        }
    }
}

impl Sink for JsonSink {
    fn written(&self, write: &mut dyn FnMut(&mut dyn Output)) -> Native<'static> {
        let mut output = if self.pretty { JsonOutput::pretty() } else { JsonOutput::compact() };
        write(&mut output);
        let text = output.finish();
        native(&serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }
}

#[test]
fn rust_values_are_an_input() {
    check_input(&NativeSource);
}

#[test]
fn strict_json_is_an_input() {
    check_input(&STRICT);
}

#[test]
fn lenient_json_is_an_input() {
    check_input(&LENIENT);
}

#[test]
fn compact_json_is_an_output() {
    check_output(&JsonSink { pretty: false });
}

#[test]
fn pretty_json_is_an_output() {
    check_output(&JsonSink { pretty: true });
}

/// Text is for people and does not read back: this is what each case looks like.
#[test]
fn text_shows_every_case() {
    let shown: Vec<String> = cases()
        .iter()
        .map(|case| format!("{}: {}", case.name, TextOutput::of(|out| (case.write)(out))))
        .collect();
    assert_eq!(shown.join("\n"), TEXT);
}

const TEXT: &str = r#"true: on
false: off
least signed integer: -9223372036854775808
greatest signed integer: 9223372036854775807
greatest unsigned integer: 18446744073709551615
zero: 0
size: 3 GiB
number: 0.1
whole number: 2
large number: 1e300
string: a b
empty string: 
string that needs care: "\\n\u{0}\u{7f}ä😀
enum: black-currant
null: (none)
empty list: []
empty struct: {}
list: [1, [], "x", (none)]
list of strings that need care: ["a \"b\"", "c\\n"]
struct: {b: on, a "b": {c: [1 KiB, {}]}, d: e}"#;

#[test]
fn a_number_that_is_not_finite_is_no_number() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let found = NativeSource.read(&Native::Number(value), &mut |input| assert!(input.number().is_err()));
        assert_eq!(build::codes(&found), ["wrong-type"]);
    }
}

/// Everything a realized object shows, written as JSON and read into another draft, shows the same again.
#[test]
fn what_an_object_shows_is_what_makes_it_again() {
    let model = build::model();
    let given = [
        ("int64", Native::Int(i64::MIN)),
        ("number", Native::Number(1e-7)),
        ("text", Native::Str("\"\u{1}ü".into())),
        (
            "limits",
            Native::Struct(vec![("most".into(), Native::Uint(3)), ("label".into(), Native::Str("".into()))]),
        ),
        ("which", Native::Str("name".into())),
        ("live-list", Native::List(vec![Native::Uint(1), Native::Uint(2)])),
        ("live-flavour", Native::Str("black-currant".into())),
    ];
    let object = model.create(build::draft(&model, "everything", "e0", &given)).unwrap();
    let mut again = build::draft(&model, "everything", "e1", &[]);
    let settable: Vec<_> = object
        .class()
        .properties()
        .iter()
        .enumerate()
        .filter(|(_, one)| one.is_settable() && !one.sensitive && !one.name.starts_with("maybe-number"))
        .collect();
    for (slot, property) in &settable {
        let mut text = JsonOutput::compact();
        object.write(property.name, &mut text).unwrap();
        let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
        let source = sources.add("value", text.finish(), &mut report);
        let tape = Tape::parse(&sources, source, Syntax::DOCUMENT, &mut report);
        let done = again.assign(*slot, &mut TapeInput::new(tape.root(), Leniency::Strict, &mut report));
        assert!(done.is_ok(), "{}: {:?}", property.name, report.take());
    }
    let again = model.create(again).unwrap();
    for (_, property) in settable {
        let shown =
            |object: &qomet::ObjectRef| TextOutput::of(|out| object.write(property.name, out).unwrap());
        assert_eq!(shown(&again), shown(&object), "{}", property.name);
    }
}

/// Puts the three names that the suite knows in place of others, so that any struct can be read.
fn with_known_names(value: Native<'static>) -> Native<'static> {
    match value {
        Native::List(list) => Native::List(list.into_iter().map(with_known_names).collect()),
        Native::Struct(members) => Native::Struct(
            ["first", "second", "third"]
                .into_iter()
                .zip(members)
                .map(|(name, (_, value))| (name.into(), with_known_names(value)))
                .collect(),
        ),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(value in values()) {
        for pretty in [false, true] {
            let written = JsonSink { pretty }.written(&mut |out| write(&value, out));
            prop_assert!(same(&written, &value), "{:?}", written);
        }
        let _ = TextOutput::of(|out| write(&value, out));
    }

    #[test]
    fn any_value_is_read_whole(value in values().prop_map(with_known_names)) {
        for source in [&NativeSource as &dyn Source, &STRICT, &LENIENT] {
            let mut read = Native::Null;
            // An integer is tried unsigned first, which may be out of range.
            let found = source.read(&value, &mut |input| read = rebuild(input));
            prop_assert!(same(&read, &value), "{:?}", read);
            prop_assert!(found.iter().all(|one| one.code() == "out-of-range"));
        }
    }

    #[test]
    fn no_order_of_calls_panics_or_fails_in_silence(value in values(), script in prop::collection::vec(any::<u8>(), 0..40)) {
        for source in [&NativeSource as &dyn Source, &STRICT, &LENIENT] {
            let mut failures = 0;
            let found = source.read(&value, &mut |input| failures = poke(input, &script));
            prop_assert_eq!(found.len(), failures);
        }
    }
}
