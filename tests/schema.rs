//! The JSON Schema and `check --level schema` give the same verdict, or the schema cannot say it and the case is
//! listed here. The judge of the schema is not ours: the crate `jsonschema`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jsonschema::Validator;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use qapi_parser::spec::{DataOrType, Spec, Type};
use qomet::{Class, Level, Model, TypeRegistry, ValueType};
use qomet_config::{Documents, document_schema, qapi_schema, type_schema};
use serde_json::{Map, Number, Value, json};

use crate::dummies;

/// How many bags are generated.
const BAGS: usize = 10_000;

/// Whether a value is such a case.
type Applies = fn(&Value) -> bool;

/// What `check` refuses and a schema has no words for: the code, whether this value is such a case, and why.
const CANNOT_SAY: &[(&str, Applies, &str)] = &[
    ("out-of-range", Value::is_string, "the bounds of a size do not reach its text form"),
    ("not-a-multiple", Value::is_string, "the steps of a size do not reach its text form"),
    ("out-of-range", is_beyond_doubles, "validators count in doubles, which are not exact there"),
    ("not-a-multiple", is_beyond_doubles, "validators count in doubles, which are not exact there"),
    ("duplicate-property", |_| true, "a validator sees only the last of two members with one name"),
    ("duplicate-member", |_| true, "a validator sees only the last of two members with one name"),
    ("wrong-type", is_whole_fraction, "JSON Schema takes 1.0 for an integer"),
];

/// What is wrong with one value, or with the members that there are. Everything else is a rule across properties.
const ABOUT_ONE_VALUE: &[&str] = &[
    "invalid-id",
    "invalid-size",
    "missing-id",
    "missing-member",
    "missing-property",
    "missing-type",
    "not-a-name",
    "not-a-multiple",
    "nul-in-path",
    "out-of-range",
    "path-too-long",
    "unknown-enum-value",
    "unknown-member",
    "unknown-property",
    "unknown-type",
    "wrong-type",
];

fn is_whole_fraction(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| value.is_f64() && number.fract() == 0.0)
}

fn is_beyond_doubles(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.abs() >= 9_007_199_254_740_992.0)
}

/// The verdict of `check` on a document: the codes of what is refused, each with the value that it is about.
fn check(registry: &Arc<TypeRegistry>, text: &str) -> Vec<(String, Value)> {
    let mut documents = Documents::new();
    documents.add("vm.json", text);
    let model = Model::new(Arc::clone(registry));
    let plan = documents.plan(&model, Level::Schema);
    let errors = plan.diagnostics().iter().filter(|one| one.is_error());
    let value = |one: &qomet::Diagnostic| {
        let place = one.place().map(|place| place.start as usize..place.end as usize);
        let text = place.and_then(|place| text.get(place)).unwrap_or_default();
        serde_json::from_str(text).unwrap_or(Value::Null)
    };
    errors.map(|one| (one.code().to_owned(), value(one))).collect()
}

/// Why a schema cannot refuse what `check` refuses; `None` if it can.
fn excuse(code: &str, value: &Value) -> Option<&'static str> {
    let listed = CANNOT_SAY.iter().find(|(name, applies, _)| *name == code && applies(value));
    let is_rule = !ABOUT_ONE_VALUE.contains(&code);
    listed.map(|(.., why)| *why).or(is_rule.then_some("a rule across properties"))
}

/// The documents about which the two differ, without those that are excused; and every excuse.
fn compare<'t>(texts: impl Iterator<Item = &'t str>) -> (Vec<String>, BTreeSet<String>) {
    let registry = Arc::new(dummies::registry());
    let validator: Validator = jsonschema::draft202012::new(&document_schema(&registry)).unwrap();
    let (mut differ, mut excuses) = (Vec::new(), BTreeSet::new());
    for text in texts {
        let value: Value = serde_json::from_str(text).unwrap();
        let valid = validator.is_valid(&value);
        let refused = check(&registry, text);
        if valid == refused.is_empty() {
            continue;
        }
        let reasons: Option<Vec<String>> = refused
            .iter()
            .map(|(code, value)| excuse(code, value).map(|why| format!("{code}: {why}")))
            .collect();
        match reasons.filter(|_| valid) {
            Some(reasons) => excuses.extend(reasons),
            None => {
                let said: Vec<String> =
                    validator.iter_errors(&value).map(|error| error.to_string()).collect();
                differ.push(format!("{text}\n  check: {refused:?}\n  schema: {said:?}"));
            }
        }
    }
    (differ, excuses)
}

/// Values for a property: right ones, those at its bounds, and wrong ones.
fn value(kind: &'static ValueType) -> BoxedStrategy<Value> {
    let numbers = proptest::sample::select(vec![
        json!(0),
        json!(1),
        json!(2),
        json!(10),
        json!(11),
        json!(-1),
        json!(-128),
        json!(127),
        json!(128),
        json!(255),
        json!(256),
        json!(4096),
        json!(65535),
        json!(65536),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1.0),
        json!(1.5),
        json!(1e300),
    ]);
    let texts = proptest::sample::select(vec![
        "", "on", "off", "auto", "1G", "1.5k", "0x10", "0x10k", "1.5", "4096", "16E", "-1", "1GB", "x",
        "/tmp/a", "a\u{0}b",
    ]);
    let wrong = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        numbers.clone(),
        texts.clone().prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ];
    let right: BoxedStrategy<Value> = match kind {
        ValueType::Optional(inner) => value(inner),
        ValueType::Bool => {
            proptest::sample::select(vec![json!(true), json!(false), json!("on"), json!("off")]).boxed()
        }
        ValueType::Int { .. } | ValueType::Number => numbers.boxed(),
        ValueType::Size => prop_oneof![numbers, texts.prop_map(Value::from)].boxed(),
        ValueType::String | ValueType::Path | ValueType::Link { .. } | ValueType::Id { .. } => {
            texts.prop_map(Value::from).boxed()
        }
        ValueType::Enum(kind) => proptest::sample::select(kind.names.to_vec()).prop_map(Value::from).boxed(),
        ValueType::List(inner) => proptest::collection::vec(value(inner), 0..4).prop_map(Value::from).boxed(),
        ValueType::Struct(kind) => {
            let members: Vec<_> = kind
                .members
                .iter()
                .map(|member| (Just(member.name), proptest::option::weighted(0.8, value(member.value_type))))
                .collect();
            members.prop_map(bag_of).boxed()
        }
        ValueType::Alternate(all) => {
            proptest::strategy::Union::new(all.iter().map(|one| value(one.value_type))).boxed()
        }
    };
    prop_oneof![9 => right, 1 => wrong].boxed()
}

fn bag_of(members: Vec<(&'static str, Option<Value>)>) -> Value {
    let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect::<Map<_, _>>())
}

/// Bags of a type, a few properties each.
fn bag(class: &Class) -> BoxedStrategy<Value> {
    let name = class.name().to_owned();
    let settable = class.properties().iter().filter(|property| property.is_settable());
    let properties: Vec<_> = settable
        .map(|property| {
            let share = if property.is_required() { 0.9 } else { 0.1 };
            (Just(property.name), proptest::option::weighted(share, value(property.value_type)))
        })
        .collect();
    let id = proptest::sample::select(vec!["a", "b-1", "c.d_e", "1a", "", "ä", "a b"]);
    let id = prop_oneof![8 => Just("a"), 1 => id];
    (properties, id, prop::bool::weighted(0.03))
        .prop_map(move |(properties, id, odd)| {
            let mut bag = bag_of(properties);
            if let Some(bag) = bag.as_object_mut() {
                bag.insert("qom-type".to_owned(), json!(name));
                bag.insert("id".to_owned(), json!(id));
                if odd {
                    bag.insert("nonsense".to_owned(), json!(1));
                }
            }
            bag
        })
        .boxed()
}

#[test]
fn every_schema_is_one_by_the_standard() {
    let registry = dummies::registry();
    let types = registry.classes().filter(|class| class.is_user_creatable()).map(|class| type_schema(class));
    let schemas: Vec<Value> = std::iter::once(document_schema(&registry)).chain(types).collect();

    let wrong: Vec<String> = schemas
        .iter()
        .filter_map(|schema| Some(jsonschema::meta::validate(schema).err()?.to_string()))
        .collect();

    assert!(schemas.len() > 10, "{} schemas", schemas.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn examples_and_defaults_are_right_by_the_schema_and_by_the_check() {
    let registry = Arc::new(TypeRegistry::builder().add(qomet_backends::types()).build().unwrap());
    let (mut examples, mut wrong) = (0, Vec::new());
    for class in registry.classes().filter(|class| class.is_user_creatable()) {
        let schema = type_schema(class);
        for (name, property) in schema["properties"].as_object().unwrap() {
            let validator = jsonschema::draft202012::new(property).unwrap();
            let values = property["examples"].as_array().into_iter().flatten().chain(property.get("default"));
            for value in values.inspect(|_| examples += 1).filter(|value| !validator.is_valid(value)) {
                wrong.push(format!("{}.{name}: {value}", class.name()));
            }
        }
        let example = schema["examples"][0].to_string();
        let refused = check(&registry, &example);
        if !jsonschema::draft202012::new(&schema).unwrap().is_valid(&schema["examples"][0])
            || !refused.is_empty()
        {
            wrong.push(format!("{example}: {refused:?}"));
        }
    }

    assert!(examples > 50, "{examples} examples and defaults");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of texts of a form of their own there is no example that is right in every bag.
const WITHOUT_EXAMPLE: &[&str] = &["iv"];

#[test]
fn every_property_has_in_the_schema_what_is_declared_of_it() {
    let registry = TypeRegistry::builder().add(qomet_backends::types()).build().unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for class in registry.classes().filter(|class| class.is_user_creatable()) {
        let schema = type_schema(class);
        let required = schema["required"].as_array().unwrap();
        for property in class.properties().iter().filter(|property| property.is_settable()) {
            let there = &schema["properties"][property.name];
            let has = |keyword: &str| there.get(keyword).is_some();
            let kind = property.value_type.inner();
            let counts = matches!(kind, ValueType::Int { .. } | ValueType::Size);
            let is_lister = there.get("enum").is_some() || matches!(kind, ValueType::Struct(_));
            let bound = |keyword: &str, bound: Option<i128>| {
                bound.is_none_or(|bound| there[keyword].as_number().and_then(Number::as_i128) == Some(bound))
            };
            let facts = [
                (
                    "description",
                    there["description"] == property.description && !property.description.is_empty(),
                ),
                ("a kind", has("type") || has("enum") || has("anyOf")),
                ("bounds", !counts || (has("minimum") && has("maximum"))),
                ("minimum", bound("minimum", property.bounds.minimum)),
                ("maximum", bound("maximum", property.bounds.maximum)),
                ("multipleOf", bound("multipleOf", property.bounds.multiple_of.map(i128::from))),
                ("x-mutable", there["x-mutable"] == property.mutability.as_str()),
                ("unit", property.unit.is_none_or(|unit| there["x-unit"] == unit)),
                ("unit of sizes", !matches!(kind, ValueType::Size) || there["x-unit"] == "bytes"),
                ("x-since", property.since.is_none_or(|since| there["x-since"] == since)),
                ("deprecated", has("deprecated") == property.deprecated.is_some()),
                ("x-unstable", has("x-unstable") == property.unstable),
                (
                    "x-sensitive",
                    has("x-sensitive") == property.sensitive && has("writeOnly") == property.sensitive,
                ),
                ("required", required.contains(&json!(property.name)) == property.is_required()),
                ("default", !(has("default") && (property.is_required() || property.sensitive))),
                (
                    "examples",
                    has("examples") != property.sensitive
                        || is_lister
                        || WITHOUT_EXAMPLE.contains(&property.name),
                ),
            ];
            let missing = facts.iter().filter(|(_, holds)| !holds);
            wrong.extend(missing.map(|(fact, _)| format!("{}.{}: {fact}", class.name(), property.name)));
            seen += 1;
        }
    }

    assert!(seen > 90, "{seen} properties");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn generated_bags_are_judged_alike() {
    let registry = Arc::new(dummies::registry());
    let classes: Vec<_> = registry.classes().filter(|class| class.is_user_creatable()).collect();
    let mut runner = TestRunner::deterministic();
    let strategies: Vec<_> = classes.iter().map(|class| bag(class)).collect();
    let texts: Vec<String> = strategies
        .iter()
        .cycle()
        .take(BAGS)
        .map(|strategy| strategy.new_tree(&mut runner).unwrap().current().to_string())
        .collect();

    let (differ, excuses) = compare(texts.iter().map(String::as_str));

    let first = &differ[..differ.len().min(20)];
    assert!(differ.is_empty(), "{} of {BAGS} differ:\n{}", differ.len(), first.join("\n"));
    insta::assert_snapshot!(excuses.into_iter().collect::<Vec<_>>().join("\n"));
    let accepted = texts.iter().filter(|text| check(&registry, text).is_empty()).count();
    assert!((BAGS / 10..BAGS * 9 / 10).contains(&accepted), "{accepted} accepted");
}

#[test]
fn rejected_documents_are_judged_alike() {
    let texts = crate::rejections::documents_in_json();

    let (differ, excuses) = compare(texts.iter().map(String::as_str));

    assert!(texts.len() > 100, "{} documents", texts.len());
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    insta::assert_snapshot!(excuses.into_iter().collect::<Vec<_>>().join("\n"));
}

/// The members of a struct of a QAPI schema, those of its base first: each with whether it must be given.
fn members(structs: &HashMap<String, qapi_parser::spec::Struct>, name: &str) -> Vec<(String, bool)> {
    let found = structs.get(name).unwrap_or_else(|| panic!("there is no struct {name}"));
    let base = match &found.base {
        DataOrType::Type(base) => members(structs, &base.name),
        DataOrType::Data(none) if none.fields.is_empty() => Vec::new(),
        other => panic!("{name} has the base {other:?}"),
    };
    let own = found.data.fields.iter().map(|field| (field.name.clone(), !field.optional));
    base.into_iter().chain(own).collect()
}

#[test]
fn the_schema_for_qapi_has_every_member_of_every_type() {
    let registry = dummies::registry();
    let text = qapi_parser::Parser::strip_comments(&qapi_schema(&registry));
    let (mut structs, mut union) = (HashMap::new(), None);
    for spec in qapi_parser::Parser::from_string(text) {
        match spec.unwrap() {
            Spec::Struct(one) => drop(structs.insert(one.id.clone(), one)),
            Spec::CombinedUnion(one) => union = Some(one),
            Spec::Enum(_) | Spec::Alternate(_) | Spec::PragmaExceptions { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let union = union.unwrap();
    let branches: HashMap<&str, &Type> =
        union.data.fields.iter().map(|field| (field.name.as_str(), &field.ty)).collect();

    let mut compared = 0;
    for class in registry.classes().filter(|class| class.is_user_creatable()) {
        let settable = class.properties().iter().filter(|property| property.is_settable());
        let expected: Vec<_> =
            settable.map(|property| (property.name.to_owned(), property.is_required())).collect();
        let found = match branches.get(class.name()) {
            Some(branch) => members(&structs, &branch.name),
            None => Vec::new(),
        };
        assert_eq!(found, expected, "{}", class.name());
        compared += 1;
    }
    assert!(compared > 10, "{compared} types");
    assert_eq!((union.id.as_str(), union.discriminator.as_deref()), ("ObjectOptions", Some("qom-type")));
}
