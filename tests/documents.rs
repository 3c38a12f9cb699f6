//! Documents with planted mistakes, and documents of nothing in particular.
//!
//! The planted ones are put together line by line, so that the place of each mistake is known without reading the
//! document: exactly these mistakes must be found, at these places.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::subsequence;
use qomet::{Diagnostic, Level, Model};
use qomet_config::Documents;
use serde_json::{Map, Value, json};

use crate::dummies;
use crate::folder::Folder;

/// A line of a bag, and what is wrong with it: the text before the mistake, and its code.
#[derive(Clone, Debug)]
struct Line {
    text: &'static str,
    mistakes: &'static [(&'static str, &'static str)],
}

const fn good(text: &'static str) -> Line {
    Line { text, mistakes: &[] }
}

const fn bad(text: &'static str, mistakes: &'static [(&'static str, &'static str)]) -> Line {
    Line { text, mistakes }
}

/// A property of `dummy-values` as it should be, and ways in which it may be wrong. Lines end without a comma.
const CATALOGUE: &[(Line, &[Line])] = &[
    (
        good(r#""flag": true"#),
        &[
            bad(r#""flag": 1"#, &[(r#""flag": "#, "wrong-type")]),
            bad(r#""flag": yes"#, &[(r#""flag": "#, "unquoted-value")]),
            bad(r#""flag": "true""#, &[(r#""flag": "#, "wrong-type")]),
            bad(r#"flag: true"#, &[("", "unquoted-name")]),
            bad(r#""flga": true"#, &[("", "unknown-property")]),
            bad(r#""flag" = true"#, &[(r#""flag" "#, "missing-colon")]),
            bad(r#""flag":: true"#, &[(r#""flag":"#, "extra-colon")]),
        ],
    ),
    (
        good(r#""count": 7"#),
        &[
            bad(r#""count": 4294967296"#, &[(r#""count": "#, "out-of-range")]),
            bad(r#""count": -1"#, &[(r#""count": "#, "out-of-range")]),
            bad(r#""count": 1.5"#, &[(r#""count": "#, "wrong-type")]),
            bad(r#""count": 0x10"#, &[(r#""count": "#, "bad-number")]),
            bad(r#""count": 010"#, &[(r#""count": "#, "bad-number")]),
            bad(r#""count":"#, &[(r#""count":"#, "missing-value")]),
            bad(r#""count" 7"#, &[(r#""count""#, "missing-colon")]),
            bad(r#""count": 7, "count": 8"#, &[(r#""count": 7, "#, "duplicate-property")]),
        ],
    ),
    (
        good(r#""label": "größer als €""#),
        &[
            bad(r#""label": 'größer'"#, &[(r#""label": "#, "wrong-quotes")]),
            bad(r#""label": "größer \d""#, &[(r#""label": "größer "#, "bad-escape")]),
            bad("\"label\": \"größer\tals\"", &[(r#""label": "größer"#, "control-character")]),
            bad(r#""label": null"#, &[(r#""label": "#, "wrong-type")]),
            bad(r#""label": "größer \ud800""#, &[(r#""label": "größer "#, "lone-surrogate")]),
        ],
    ),
    (
        good(r#""capacity": "1.5G""#),
        &[
            bad(r#""capacity": "1GB""#, &[(r#""capacity": "#, "invalid-size")]),
            bad(r#""capacity": "16E""#, &[(r#""capacity": "#, "out-of-range")]),
            bad(r#""capacity": 1G"#, &[(r#""capacity": "#, "unquoted-value")]),
            bad(r#""capacity": [1]"#, &[(r#""capacity": "#, "wrong-type")]),
        ],
    ),
    (
        good(r#""direction": "both""#),
        &[
            bad(r#""direction": "bothe""#, &[(r#""direction": "#, "unknown-enum-value")]),
            bad(r#""direction": true"#, &[(r#""direction": "#, "not-a-name")]),
            bad(r#""direktion": "both""#, &[("", "unknown-property")]),
        ],
    ),
    (
        good(r#""ports": [80, 443]"#),
        &[
            bad(r#""ports": [80, "x", 443]"#, &[(r#""ports": [80, "#, "wrong-type")]),
            bad(
                r#""ports": [-1, 65536]"#,
                &[(r#""ports": ["#, "out-of-range"), (r#""ports": [-1, "#, "out-of-range")],
            ),
            bad(r#""ports": [80,, 443]"#, &[(r#""ports": [80,"#, "extra-comma")]),
            bad(r#""ports": [80 443]"#, &[(r#""ports": [80"#, "missing-comma")]),
            bad(r#""ports": {}"#, &[(r#""ports": "#, "wrong-type")]),
        ],
    ),
    (
        good(r#""throttle": {"bytes-per-second": 1, "burst": "1k"}"#),
        &[
            bad(r#""throttle": {"burst": 1}"#, &[(r#""throttle": "#, "missing-member")]),
            bad(
                r#""throttle": {"bytes-per-second": 1, "brust": 2}"#,
                &[(r#""throttle": {"bytes-per-second": 1, "#, "unknown-member")],
            ),
            bad(
                r#""throttle": {"bytes-per-second": "1", "burst": "much"}"#,
                &[
                    (r#""throttle": {"bytes-per-second": "#, "wrong-type"),
                    (r#""throttle": {"bytes-per-second": "1", "burst": "#, "invalid-size"),
                ],
            ),
        ],
    ),
    (good(r#""level": 10"#), &[bad(r#""level": 11"#, &[(r#""level": "#, "out-of-range")])]),
    (good(r#""step": 8192"#), &[bad(r#""step": 8193"#, &[(r#""step": "#, "not-a-multiple")])]),
];

/// The lines of one bag beside its type and id, in any order.
fn bag() -> impl Strategy<Value = Vec<Line>> {
    let line = |(right, wrong): &'static (Line, &'static [Line])| prop_oneof![4 => Just(right.clone()), 1 => proptest::sample::select(wrong.to_vec())];
    let lines: Vec<_> = CATALOGUE.iter().map(line).collect();
    (lines, subsequence((0..CATALOGUE.len()).collect::<Vec<_>>(), 0..=CATALOGUE.len()).prop_shuffle())
        .prop_map(|(lines, chosen)| chosen.into_iter().map(|index| lines[index].clone()).collect())
}

/// The document of these bags, and `LINE:COLUMN CODE` of all that is wrong with it.
fn document(bags: &[Vec<Line>], wrapped: bool) -> (String, Vec<String>) {
    let (mut text, mut mistakes) = (String::new(), Vec::new());
    text.push_str(if wrapped { "{\"objects\": [\n" } else { "// a list\n[\n" });
    for (number, lines) in bags.iter().enumerate() {
        let _ = writeln!(text, "  {{ \"qom-type\": \"dummy-values\", \"id\": \"v{number}\",");
        for line in lines {
            let row = text.matches('\n').count() + 1;
            for (before, code) in line.mistakes {
                mistakes.push(format!("{row}:{} {code}", 5 + before.chars().count()));
            }
            let _ = writeln!(text, "    {},", line.text);
        }
        text.push_str("  },\n");
    }
    text.push_str(if wrapped { "]}\n" } else { "]\n" });
    (text, mistakes)
}

/// `LINE:COLUMN CODE` of what is found.
fn check(text: &str) -> Vec<String> {
    let mut documents = Documents::new();
    documents.add("vm.json", text);
    let plan = documents.plan(&Model::new(dummies::registry()), Level::Host);
    let place = |one: &Diagnostic| {
        let at = documents.sources().locate(one.place().unwrap()).unwrap();
        format!("{}:{} {}", at.start.line, at.start.column, one.code())
    };
    plan.diagnostics().iter().map(place).collect()
}

/// Checks bytes, and creates nothing of what is refused.
fn refuse(bytes: &[u8]) {
    let mut documents = Documents::new();
    documents.add("vm.json", bytes);
    let model = Model::new(dummies::registry());
    let plan = documents.plan(&model, Level::Host);
    let shown = qomet_config::render_human(plan.diagnostics(), documents.sources(), false);
    assert_eq!(plan.is_accepted(), !plan.diagnostics().iter().any(Diagnostic::is_error), "{shown}");
    if !plan.is_accepted() {
        assert!(plan.carry_out().0.is_err(), "{shown}");
    }
}

/// Names and values near to those of real documents; files only in `folder`. Nothing is large and populated.
fn value(folder: &Folder) -> impl Strategy<Value = Value> + use<> {
    const STRINGS: [&str; 14] = [
        "qom-type",
        "memory-backend-ram",
        "memory-backend-file",
        "dummy-node",
        "dummy-values",
        "m0",
        "m1",
        "/objects/m0",
        "1M",
        "on",
        "off",
        "auto",
        "",
        "größe\u{0}",
    ];
    let paths = ["ram.img", "old.img", "pipe", "gone/ram.img", ""].map(|name| folder.join(name));
    let texts: Vec<String> = STRINGS
        .iter()
        .map(|text| (*text).to_owned())
        .chain(paths.map(|path| path.display().to_string()))
        .collect();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(vec![0_u64, 1, 4096, 8192, u64::MAX]).prop_map(Value::from),
        proptest::sample::select(texts).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((name(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    const NAMES: [&str; 19] = [
        "qom-type",
        "id",
        "size",
        "offset",
        "mem-path",
        "share",
        "readonly",
        "rom",
        "align",
        "reserve",
        "merge",
        "discard-data",
        "host-nodes",
        "policy",
        "next",
        "others",
        "throttle",
        "objects",
        "nonsense",
    ];
    proptest::sample::select(NAMES.map(str::to_owned).to_vec())
}

/// A bag whose type, id, size and path are right more often than not.
fn likely_bag(folder: &Folder) -> impl Strategy<Value = Value> + use<> {
    let path = proptest::sample::select(
        ["ram.img", "old.img", "pipe", "gone/ram.img"]
            .map(|name| folder.join(name).display().to_string())
            .to_vec(),
    );
    let size = prop_oneof![3 => Just(json!(4096)), 1 => Just(json!(5000)), 1 => Just(json!("8K"))];
    let more = proptest::collection::vec((name(), value(folder)), 0..3);
    ("[a-c]", size, path, more).prop_map(|(id, size, path, more)| {
        let mut bag = json!({"qom-type": "memory-backend-file", "id": id, "size": size, "mem-path": path});
        bag.as_object_mut().unwrap().extend(more);
        bag
    })
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("old.img", 4096);
    folder.fifo("pipe");
    folder
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn k_planted_mistakes_are_found_at_their_places(
        bags in proptest::collection::vec(bag(), 0..6),
        wrapped: bool,
    ) {
        let (text, planted) = document(&bags, wrapped);
        let found = check(&text);
        prop_assert_eq!(found, planted, "{}", text);
    }

    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
        refuse(&bytes);
    }

    #[test]
    fn a_document_with_bytes_replaced_never_panics(
        bags in proptest::collection::vec(bag(), 1..4),
        slips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = document(&bags, true).0.into_bytes();
        for (at, byte) in slips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        refuse(&bytes);
    }

    #[test]
    fn an_arbitrary_value_never_panics(shape in value(&folder())) {
        refuse(shape.to_string().as_bytes());
    }
}

#[test]
fn bags_that_are_refused_leave_no_file() {
    let folder = folder();
    let before = folder.contents();
    let bags = proptest::collection::vec(likely_bag(&folder), 1..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    });

    runner
        .run(&bags, |bags| {
            refuse(Value::from(bags).to_string().as_bytes());
            prop_assert_eq!(folder.contents(), before.clone());
            Ok(())
        })
        .unwrap();
}
