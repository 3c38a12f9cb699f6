//! What is written reads back as the same bags, from any language to any other.

use proptest::prelude::*;
use qomet::prelude::*;
use qomet::{Level, Result, TextOutput, Value};

use crate::{Dialect, Documents, Language};

/// A flavour
#[derive(Clone, Copy, Debug, PartialEq, Value)]
enum Flavour {
    /// None
    Plain,
    /// A berry
    BlackCurrant,
}

/// A rule
#[derive(Clone, Debug, PartialEq, Value)]
struct Rule {
    /// What it matches
    name: Option<String>,
    /// How often
    times: Vec<u16>,
    /// Up to which size
    most: Size,
}

/// Has everything a bag may hold
#[derive(Object)]
#[object(name = "full-bag", user_creatable)]
struct FullBag {
    /// A flag
    #[property(default = false)]
    flag: bool,
    /// A size
    #[property(default = Size(0))]
    size: Size,
    /// An integer
    #[property(default = 0)]
    int: i64,
    /// A large one
    #[property(default = 0)]
    uint: u64,
    /// A number
    #[property(default = 0.0)]
    number: f64,
    /// A text
    #[property(default = String::new(), sensitive)]
    text: String,
    /// A name
    #[property(default = Flavour::Plain)]
    flavour: Flavour,
    /// Some integers
    #[property(default = Vec::new())]
    list: Vec<i32>,
    /// Some texts
    #[property(default = Vec::new())]
    texts: Vec<String>,
    /// Some rules
    #[property(default = Vec::new())]
    rules: Vec<Rule>,
    /// One of them
    rule: Option<Rule>,
}

impl Realize for FullBag {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

qomet::types! { fn types = [FullBag]; }

const LANGUAGES: [Language; 4] =
    [Language::Json, Language::Line(Dialect::Keyval), Language::Line(Dialect::Opts), Language::Ini];

fn model() -> Model {
    Model::new(TypeRegistry::builder().add(types()).build().unwrap())
}

fn documents(text: &str, language: Language) -> Documents {
    let mut documents = Documents::new();
    match language {
        Language::Json | Language::Ini => documents.add("file", text),
        Language::Line(dialect) => text.split_terminator('\u{2}').for_each(|line| {
            documents.add_line("--object", line, dialect);
        }),
    }
    documents
}

/// The text in another language, or the codes and messages of why not.
fn converted(text: &str, from: Language, to: Language) -> std::result::Result<String, Vec<String>> {
    let documents = documents(text, from);
    let model = model();
    let mut plan = documents.plan(&model, Level::Schema);
    let written = plan.write(to);
    let found = plan.diagnostics().iter();
    written.map_err(|_| found.map(|one| format!("{}: {one}", one.code())).collect())
}

/// Everything the bags hold, as text. Sensitive values too.
fn held(text: &str, language: Language) -> Vec<String> {
    let documents = documents(text, language);
    let model = model();
    let plan = documents.plan(&model, Level::Schema);
    assert!(plan.is_accepted(), "{language:?} {text:?}: {:?}", plan.diagnostics());
    let drafts = plan.drafts().iter();
    let one = drafts.map(|draft| {
        let slots = 0..draft.class().properties().len();
        let values = slots
            .map(|slot| format!("{}={}", draft.is_given(slot), TextOutput::of(|out| draft.write(slot, out))));
        format!("{:?} {}", draft.id(), values.collect::<Vec<_>>().join(" "))
    });
    one.collect()
}

fn json_to(to: Language, members: &str) -> std::result::Result<String, Vec<String>> {
    converted(&format!("{{\"qom-type\": \"full-bag\", \"id\": \"x\", {members}}}"), Language::Json, to)
}

#[test]
fn a_bag_is_a_short_line() {
    let members = r#""size": 1073741824, "flag": true, "text": "a,b", "list": [1, 2, 3, 7], "flavour": "black-currant""#;
    assert_eq!(
        json_to(Language::Line(Dialect::Keyval), members).unwrap(),
        "full-bag,id=x,size=1G,flag=on,text=a,,b,list.0=1,list.1=2,list.2=3,list.3=7,flavour=black-currant\n"
    );
    assert_eq!(
        json_to(Language::Line(Dialect::Opts), members).unwrap(),
        "full-bag,id=x,size=1G,flag=on,text=a,,b,list=1-3,list=7,flavour=black-currant\n"
    );
}

#[test]
fn structs_have_dotted_keys() {
    let members = r#""rules": [{"name": "a", "times": [1, 2], "most": 5}, {"times": [3], "most": 1024}]"#;
    assert_eq!(
        json_to(Language::Line(Dialect::Keyval), members).unwrap(),
        "full-bag,id=x,rules.0.name=a,rules.0.times.0=1,rules.0.times.1=2,rules.0.most=5,rules.1.times.0=3,rules.1.most=1K\n"
    );
    let section = json_to(Language::Ini, r#""rule": {"times": [4], "most": 1}, "text": "é \\ 'x'""#).unwrap();
    assert_eq!(
        section,
        "[object \"x\"]\n  qom-type = \"full-bag\"\n  rule.times.0 = \"4\"\n  rule.most = \"1\"\n  text = \"é \\ 'x'\"\n"
    );
}

#[test]
fn json_is_one_object_or_a_list() {
    let line = "full-bag,id=x,size=1K";
    let one = converted(line, Language::Line(Dialect::Keyval), Language::Json).unwrap();
    assert_eq!(one, "{\n  \"qom-type\": \"full-bag\",\n  \"id\": \"x\",\n  \"size\": 1024\n}\n");
    let two =
        converted(&format!("{line}\u{2}{line}"), Language::Line(Dialect::Opts), Language::Json).unwrap();
    assert!(two.starts_with("[\n  {\n    \"qom-type\"") && two.ends_with("  }\n]\n"), "{two}");
}

#[test]
fn what_a_language_cannot_say_is_refused() {
    let keyval = Language::Line(Dialect::Keyval);
    for (to, members, expected) in [
        (keyval, r#""list": []"#, "unwritable: property 'list' is a list or object without anything in it"),
        (keyval, r#""text": "\u0000""#, "unwritable: property 'text' is a text with a NUL character"),
        (
            Language::Line(Dialect::Opts),
            r#""rule": {"times": [1], "most": 1}"#,
            "unwritable: property 'rule'",
        ),
        (Language::Ini, r#""text": "a\"b""#, "unwritable: property 'text' is a text with a quote"),
        (Language::Ini, r#""text": "a\nb""#, "unwritable: property 'text' is a text with a quote"),
    ] {
        let refused = json_to(to, members).unwrap_err();
        assert!(refused.len() == 1 && refused[0].starts_with(expected), "{to:?} {members}: {refused:?}");
    }
}

#[test]
fn a_bag_with_a_mistake_is_not_written() {
    let refused = json_to(Language::Ini, r#""siz": 1"#).unwrap_err();
    assert!(refused[0].starts_with("unknown-property"), "{refused:?}");
}

prop_compose! {
    fn rule()(name in prop::option::of(text()), times in prop::collection::vec(any::<u16>(), 0..4), most: u64) -> serde_json::Value {
        let mut rule = serde_json::json!({"times": times, "most": most});
        if let Some(name) = name {
            rule["name"] = name.into();
        }
        rule
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a,=.\"\\\\ {}\\[#-]{0,8}", any::<String>(), Just("help".to_owned()), Just("on".to_owned())]
}

fn list() -> impl Strategy<Value = Vec<i32>> {
    prop_oneof![
        prop::collection::vec(any::<i32>(), 0..4),
        (-3..3_i32, 1..6_i32).prop_map(|(first, count)| (first..first + count).chain([first]).collect()),
    ]
}

/// Bags in JSON.
fn bags() -> impl Strategy<Value = String> {
    let scalars = (any::<bool>(), any::<u64>(), 0_u32..64, any::<i64>(), any::<u64>(), any::<f64>(), text());
    let lists = (list(), prop::collection::vec(text(), 0..3), prop::collection::vec(rule(), 0..3), rule());
    let bag = (scalars, lists, any::<u16>()).prop_map(|(scalars, lists, which)| {
        let (flag, size, shift, int, uint, number, text) = scalars;
        let (list, texts, rules, rule) = lists;
        let members = [
            ("flag", flag.into()),
            ("size", (size >> shift << (shift / 2)).into()),
            ("int", int.into()),
            ("uint", uint.into()),
            ("number", Some(number).filter(|number| number.is_finite()).unwrap_or(0.5).into()),
            ("text", text.into()),
            ("flavour", "black-currant".into()),
            ("list", list.into()),
            ("texts", texts.into()),
            ("rules", rules.into()),
            ("rule", rule),
        ];
        let mut bag = serde_json::Map::new();
        for (index, (name, value)) in members.into_iter().enumerate() {
            if which >> index & 1 == 1 {
                bag.insert(name.to_owned(), value);
            }
        }
        bag.insert("id".to_owned(), "x".into());
        bag.insert("qom-type".to_owned(), "full-bag".into());
        serde_json::Value::Object(bag)
    });
    prop::collection::vec(bag, 1..3).prop_map(|bags| serde_json::Value::Array(bags).to_string())
}

/// What is written in lines, so that it can be taken apart whatever is in it.
fn lines_apart(text: &str, language: Language) -> String {
    match language {
        Language::Line(_) => text.replace("\nfull-bag,", "\u{2}full-bag,").trim_end_matches('\n').to_owned(),
        _ => text.to_owned(),
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_in_every_language(json in bags()) {
        let before = held(&json, Language::Json);
        for middle in LANGUAGES {
            let Ok(text) = converted(&json, Language::Json, middle) else { continue };
            let text = lines_apart(&text, middle);
            prop_assert_eq!(&held(&text, middle), &before, "{:?}: {}", middle, text);
            for to in LANGUAGES {
                let Ok(text) = converted(&text, middle, to) else { continue };
                let text = lines_apart(&text, to);
                prop_assert_eq!(&held(&text, to), &before, "{:?} by {:?}: {}", to, middle, text);
            }
        }
    }
}
