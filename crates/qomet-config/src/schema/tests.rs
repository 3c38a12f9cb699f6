//! The schema and the introspection of one type that declares everything there is to declare.

use qomet::prelude::*;
use qomet::{Alternative, Property, Result, ValueType};
use serde_json::Value as Json;

use super::*;

/// How it writes
#[derive(Clone, Copy, Debug, Value)]
enum Mode {
    /// With ink
    Ink,
    /// With light
    Laser,
}

/// A range of pages
#[derive(Clone, Debug, Value)]
struct Range {
    /// The first page
    first: u32,
    /// The last page
    last: Option<u32>,
}

/// Something with a socket.
#[derive(Object)]
#[object(name = "device", abstract)]
struct Device {
    /// The watts it takes
    #[property(default = 5, min = 1, max = 100, unit = "watts", since = "1.2")]
    power: u16,
}

/// Puts marks on paper.
#[derive(Object)]
#[object(name = "printer", user_creatable)]
struct Printer {
    #[object(parent)]
    device: Device,
    /// Room for waiting pages
    #[property(required, min = 4096, multiple_of = 4096)]
    buffer: Size,
    /// Whether it prints on both sides
    #[property(default = OnOffAuto::Auto)]
    duplex: OnOffAuto,
    /// How it writes
    #[property(default = Mode::Ink)]
    mode: Live<Mode>,
    /// What to print
    #[property(default = Vec::new())]
    ranges: Vec<Range>,
    /// The fonts' folder
    fonts: Option<std::path::PathBuf>,
    /// Another printer to hand over to
    fallback: Option<Link<Printer>>,
    /// The key for its network
    #[property(default = String::new(), sensitive)]
    key: String,
    /// Whether it beeps
    #[property(default = true, deprecated = "1.1")]
    beep: bool,
    /// Degrees by which the page is turned
    #[property(default = 0, unstable)]
    x_turn: i8,
    /// How much light
    #[property(default = 0.5)]
    light: f64,
    /// Pages so far
    #[property(computed = Printer::count)]
    pages: Computed<u64>,
}

impl Printer {
    fn count(&self, _: &()) -> u64 {
        0
    }
}

impl Realize for Printer {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// Made by the program only.
#[derive(Object)]
#[object(name = "tray")]
struct Tray {}

impl Realize for Tray {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

types! {
    fn types = [Device, Printer, Tray];
}

fn registry() -> TypeRegistry {
    TypeRegistry::builder().add(types()).build().unwrap()
}

fn printer(property: &str) -> Json {
    type_schema(registry().get("printer").unwrap())["properties"][property].take()
}

#[test]
fn the_schema_of_a_type_says_all_that_a_bag_may_hold() {
    insta::assert_snapshot!(format!("{:#}", type_schema(registry().get("printer").unwrap())));
}

#[test]
fn the_schema_of_documents_tells_bags_apart_by_their_type() {
    let mut schema = document_schema(&registry());
    assert_eq!(schema["$defs"]["printer"]["title"], "printer");
    schema["$defs"]["printer"] = "…".into();
    insta::assert_snapshot!(format!("{schema:#}"));
}

#[test]
fn a_registry_without_user_creatable_types_has_a_schema() {
    let registry = TypeRegistry::builder().build().unwrap();
    let schema = document_schema(&registry);
    assert!(schema["$defs"]["_bag"].get("allOf").is_none());
}

#[test]
fn introspection_says_all_that_is_declared() {
    insta::assert_snapshot!(format!("{:#}", describe_type(registry().get("printer").unwrap())));
}

#[test]
fn introspection_lists_types_in_the_order_of_registration() {
    let all = describe_types(&registry());
    let names: Vec<_> = all.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["container", "device", "printer", "tray"]);
}

#[test]
fn a_sensitive_default_is_in_neither() {
    let registry = registry();
    let class = registry.get("printer").unwrap();
    let (_, key) = class.lookup("key").unwrap();
    assert!(describe_property(class, key).get("default").is_none());
    assert!(printer("key").get("default").is_none());
}

#[test]
fn a_computed_property_is_no_part_of_a_bag() {
    assert_eq!(printer("pages"), Json::Null);
}

#[test]
fn the_whole_range_of_a_size_is_in_the_schema() {
    let schema = Json::from(value::value_schema(&ValueType::Size, qomet::Bounds::NONE));
    assert_eq!(schema["maximum"], u64::MAX);
}

#[test]
fn signed_integers_have_their_range() {
    let kind = ValueType::Int { bits: 64, signed: true };
    let schema = Json::from(value::value_schema(&kind, qomet::Bounds::NONE));
    assert_eq!((&schema["minimum"], &schema["maximum"]), (&i64::MIN.into(), &i64::MAX.into()));
}

#[test]
fn an_alternate_is_any_of_its_branches() {
    const BRANCHES: &[Alternative] = &[
        Alternative { name: "on", value_type: &ValueType::Bool },
        Alternative { name: "to", value_type: &ValueType::String },
    ];
    let schema = Json::from(value::value_schema(&ValueType::Alternate(BRANCHES), qomet::Bounds::NONE));
    assert_eq!(schema["anyOf"][1], serde_json::json!({ "type": "string" }));
}

#[test]
fn every_property_of_a_bag_is_described() {
    let registry = registry();
    let undescribed = |property: &&&Property| printer(property.name)["description"].is_null();
    let settable = registry.get("printer").unwrap().properties().iter().filter(|one| one.is_settable());
    let found: Vec<_> = settable.filter(undescribed).map(|property| property.name).collect();
    assert!(found.is_empty(), "{found:?}");
}
