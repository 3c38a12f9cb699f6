//! Lines: what is on the tape, what is reported and where, and what the dialects have in common.

use proptest::prelude::*;
use qomet::prelude::*;
use qomet::{Diagnostics, InputKind, Level, Result};

use crate::tape::{Node, Tape};
use crate::{Dialect, Documents, Help, render_human, render_json};

/// What is on the tape, all values that a name was given in angle brackets.
fn shape(node: Node<'_>) -> String {
    let list = |parts: Vec<String>| parts.join(" ");
    let given: Vec<Node<'_>> = node.given().collect();
    match node.kind() {
        InputKind::Struct => {
            let members =
                node.members().map(|(name, value)| format!("{}:{}", name.str().unwrap(), shape(value)));
            format!("{{{}}}", list(members.collect()))
        }
        InputKind::List => format!("[{}]", list(node.elements().map(shape).collect())),
        InputKind::Damaged => "!".to_owned(),
        _ if given.len() > 1 => format!("<{}>", list(given.into_iter().map(shape).collect())),
        _ => node.str().unwrap().into_owned(),
    }
}

/// The shape of a line, and its mistakes with the text at their places.
fn read(dialect: Dialect, text: &str) -> (String, Vec<String>) {
    let mut diagnostics = Diagnostics::new();
    let (tape, _) = Tape::line(text, dialect, &mut diagnostics);
    let found = diagnostics.take();
    assert_eq!(tape.failed().is_some(), !found.is_empty());
    let shown = found.iter().map(|one| {
        let place = one.place().unwrap();
        format!("{}: {}", one.code(), &text[place.start as usize..place.end as usize])
    });
    (shape(tape.root()), shown.collect())
}

fn keyval(text: &str) -> String {
    let (shape, found) = read(Dialect::Keyval, text);
    assert!(found.is_empty(), "{text:?}: {found:?}");
    shape
}

fn opts(text: &str) -> String {
    let (shape, found) = read(Dialect::Opts, text);
    assert!(found.is_empty(), "{text:?}: {found:?}");
    shape
}

fn help(dialect: Dialect, text: &str) -> Option<Help> {
    let mut diagnostics = Diagnostics::new();
    let help = Tape::line(text, dialect, &mut diagnostics).1;
    let _ = diagnostics.take();
    help
}

#[test]
fn the_first_word_is_the_type() {
    assert_eq!(keyval("a-b,id=x"), "{qom-type:a-b id:x}");
    assert_eq!(opts("a-b,id=x"), "{qom-type:a-b id:x}");
    assert_eq!(keyval("id=x,qom-type=a"), "{id:x qom-type:a}");
}

#[test]
fn a_doubled_comma_is_one() {
    assert_eq!(keyval("t,a=x,,y,b=,,"), "{qom-type:t a:x,y b:,}");
    assert_eq!(opts("t,a=x,,y,b=,,,,"), "{qom-type:t a:x,y b:,,}");
    assert_eq!(keyval("t,a=x,"), "{qom-type:t a:x}");
    // In the first word they are so in one dialect only.
    assert_eq!(opts("t,,u,id=x"), "{qom-type:t,u id:x}");
    assert_eq!(read(Dialect::Keyval, "t,,u").1, ["invalid-key: ", "missing-equals: u"]);
}

#[test]
fn dots_make_structs_and_lists() {
    assert_eq!(keyval("t,a.b=1,a.c.d=2,e=3,a.c.f=4"), "{qom-type:t a:{b:1 c:{d:2 f:4}} e:3}");
    assert_eq!(keyval("t,a.1=y,a.0=x"), "{qom-type:t a:[x y]}");
    assert_eq!(keyval("t,a.0.b=x,a.1.b=y,a.01.b=z"), "{qom-type:t a:[{b:x} {b:z}]}");
    assert_eq!(opts("t,a.b=1"), "{qom-type:t a.b:1}");
}

#[test]
fn what_is_given_again_stands_together() {
    assert_eq!(keyval("t,a=1,b=2,a=3"), "{qom-type:t a:<1 3> b:2}");
    assert_eq!(opts("t,a=1,b=2,a=3"), "{qom-type:t a:<1 3> b:2}");
    assert_eq!(keyval("t,id=x,id=y"), "{qom-type:t id:<x y>}");
    assert_eq!(opts("t,id=x,id=y"), "{qom-type:t id:x}");
}

#[test]
fn flags_are_words_of_one_dialect() {
    assert_eq!(opts("t,share,noprealloc"), "{qom-type:t share:on prealloc:off}");
    assert_eq!(read(Dialect::Opts, "t,no").1, ["invalid-key: no"]);
    assert_eq!(read(Dialect::Keyval, "t,share").1, ["missing-equals: share"]);
}

#[test]
fn every_mistake_of_a_line_is_told() {
    let (shape, found) = read(Dialect::Keyval, "t,1a=1,flag,a.=2,b.0=1,b.2=1,c=1,c.d=2,e.f=1,e.0=2,=3,g=4");
    assert_eq!(
        found,
        [
            "invalid-key: 1a",
            "missing-equals: flag",
            "invalid-key: a.",
            "inconsistent-keys: c",
            "invalid-key: ",
            "missing-element: b",
            "inconsistent-keys: e"
        ]
    );
    assert_eq!(shape, "{qom-type:t b:! c:1 e:! g:4}");
}

#[test]
fn a_key_is_bounded() {
    let long = "x".repeat(128);
    assert_eq!(read(Dialect::Keyval, &format!("t,a.{long}=1")).1, [format!("key-too-long: {long}")]);
    let deep = "a.".repeat(200) + "a";
    assert_eq!(read(Dialect::Keyval, &format!("t,{deep}=1")).1, [format!("invalid-key: {deep}")]);
}

#[test]
fn after_a_hundred_mistakes_the_rest_is_not_read() {
    let found = read(Dialect::Keyval, &format!("t{}", ",x".repeat(1000))).1;
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], "too-many-mistakes: x");
}

#[test]
fn help_is_asked_for_by_a_word() {
    let types = |strict| Some(Help { type_name: None, strict });
    let of = |strict| Some(Help { type_name: Some("t".to_owned()), strict });
    assert_eq!(
        [help(Dialect::Keyval, "help"), help(Dialect::Keyval, "?,id=k")],
        [types(false), types(false)]
    );
    assert_eq!(
        [help(Dialect::Keyval, "t,help"), help(Dialect::Keyval, "qom-type=t,?")],
        [of(false), of(false)]
    );
    assert_eq!([help(Dialect::Keyval, "help,t"), help(Dialect::Keyval, "t,help=on")], [None, None]);
    assert_eq!([help(Dialect::Opts, "help"), help(Dialect::Opts, "help,t")], [types(false), types(false)]);
    assert_eq!([help(Dialect::Opts, "t,help"), help(Dialect::Opts, "t,size=bad,?")], [of(true), of(true)]);
    assert_eq!([help(Dialect::Opts, "help=on"), help(Dialect::Keyval, "t,a=help")], [None, None]);
}

/// Keeps a secret
#[derive(Object)]
#[object(name = "vault", user_creatable)]
struct Vault {
    /// The secret
    #[property(default = String::new(), sensitive)]
    data: String,
    /// Whether it is open
    #[property(default = false)]
    open: bool,
    /// How often it may be asked for
    #[property(default = Vec::new())]
    times: Vec<u8>,
}

impl Realize for Vault {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

qomet::types! { fn types = [Vault]; }

/// What people are told of a line.
fn told(dialect: Dialect, line: &str) -> String {
    let model = Model::new(TypeRegistry::builder().add(types()).build().unwrap());
    let mut documents = Documents::new();
    documents.add_line("--object", line, dialect);
    let plan = documents.plan(&model, Level::Host);
    let found = plan.diagnostics();
    let told = render_human(found, documents.sources(), false);
    assert_eq!(plan.is_accepted(), !found.iter().any(|one| one.is_error()));
    format!("{told}{}", render_json(found, documents.sources()))
}

#[test]
fn places_in_a_line_are_offsets() {
    let told = told(Dialect::Keyval, "vault,id=v,open=maybe");
    assert!(told.contains("--> --object, byte 16\n"), "{told}");
    assert!(told.contains("'on' or 'off', not a string (maybe)") && told.contains("\"offset\":16"), "{told}");
}

#[test]
fn a_refusal_names_the_other_dialect_if_that_takes_the_line() {
    let note = |name| format!("the dialect '{name}' takes this line");
    let keyval = told(Dialect::Keyval, "vault,id=v,open,times=1-3");
    assert_eq!(keyval.matches(&note("opts")).count(), 2, "once for people, once for programs: {keyval}");
    assert!(told(Dialect::Opts, "vault,id=v,times.0=7").contains(&note("keyval")));
    assert!(!told(Dialect::Keyval, "vault,id=v,open,times=300").contains("takes this line"));
    assert!(!told(Dialect::Keyval, "vault,id=v,opn=on").contains("takes this line"));
}

#[test]
fn numbers_and_ranges_are_read_as_the_dialect_has_them() {
    for line in
        ["vault,id=v,times=5,times=7-9", "vault,id=v,times=0x10", "vault,id=v,noopen", "vault,id=v,open=y"]
    {
        assert_eq!(told(Dialect::Opts, line), "{\"diagnostics\":[],\"errors\":0,\"warnings\":0}", "{line}");
    }
    let outside = told(Dialect::Opts, "vault,id=v,times=250-260,times=1");
    assert!(outside.contains("out-of-range") && outside.contains("\"errors\":5"), "{outside}");
}

#[test]
fn json_in_place_of_a_line_is_strict() {
    assert!(told(Dialect::Keyval, "{'qom-type': 'vault', 'id': 'v', 'open': 'on'}").contains("wrong-type"));
    assert!(told(Dialect::Opts, "{'qom-type': 'vault', 'id': 'v', 'open': true}").contains("\"errors\":0"));
}

#[test]
fn a_secret_in_a_line_is_not_shown() {
    for line in [
        "vault,id=v,data=s3cret,open=7",
        "vault,id=v,data=s3cret,data=x,open=7",
        "vault,id=v,data=x,s3cret,open=7",
        "vault,id=v,data=x,s3 cret=,open=7",
        "valt,id=v,data=s3cret",
    ] {
        let told = told(Dialect::Keyval, line);
        assert!(
            !told.contains("s3cret") && !told.contains("s3 cret") && told.contains("**"),
            "{line}: {told}"
        );
    }
}

proptest! {
    #[test]
    fn any_line_is_read_in_both_dialects(text in "[a-c0-2.=,? \\-é]{0,40}|.{0,40}") {
        for dialect in [Dialect::Keyval, Dialect::Opts] {
            let mut diagnostics = Diagnostics::new();
            let (tape, _) = Tape::line(&text, dialect, &mut diagnostics);
            let _ = shape(tape.root());
            for one in diagnostics.take() {
                let place = one.place().unwrap();
                prop_assert!(text.get(place.start as usize..place.end as usize).is_some(), "{:?}", place);
            }
        }
    }
}
