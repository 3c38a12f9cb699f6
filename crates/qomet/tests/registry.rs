//! What a registry refuses, and what it knows of the types it takes.

use qomet::{
    Bounds, Diagnostic, Mutability, Presence, Property, TypeEntry, TypeInfo, TypeRegistry, Value as _,
};
use qomet_testkit::types;

const fn info(name: &'static str, properties: &'static [Property]) -> TypeInfo {
    TypeInfo { name, description: "", is_abstract: true, user_creatable: false, serves: false, properties }
}

const fn property(name: &'static str) -> Property {
    Property {
        name,
        value_type: bool::TYPE,
        description: "",
        presence: Presence::Optional,
        mutability: Mutability::UntilRealized,
        bounds: Bounds::NONE,
        unit: None,
        example: None,
        effective: false,
        sensitive: false,
        since: None,
        deprecated: None,
        replaced_by: None,
        needs: &[],
        unstable: false,
    }
}

fn entry(name: &'static str, parent: Option<&'static str>) -> TypeEntry {
    TypeEntry::named(info(name, &[]), parent)
}

fn refusals(entries: impl IntoIterator<Item = TypeEntry>) -> Vec<String> {
    let refused = TypeRegistry::builder().add(entries).build().unwrap_err();
    refused.iter().map(Diagnostic::to_string).collect()
}

#[test]
fn a_name_is_taken_once() {
    let refused = refusals([entry("printer", None), entry("laser", None), entry("printer", Some("laser"))]);
    assert_eq!(refused, ["type 'printer' is registered twice"]);
}

#[test]
fn a_built_in_name_is_taken() {
    assert_eq!(refusals([entry("container", None)]), ["type 'container' is registered twice"]);
}

#[test]
fn a_type_that_is_unavailable_says_what_is_missing_and_is_no_class() {
    let registry = TypeRegistry::builder().add([TypeEntry::unavailable("can-bus", "it needs a guest")]);

    let registry = registry.build().unwrap();

    let refused = registry.lookup("can-bus").unwrap_err();
    assert_eq!(refused.to_string(), "type 'can-bus' is not available here: it needs a guest");
    assert_eq!(refused.code(), "unavailable-type");
    assert!(registry.classes().all(|class| class.name() != "can-bus"));
    assert_eq!(registry.unavailable().collect::<Vec<_>>(), [("can-bus", "it needs a guest")]);
}

#[test]
fn a_type_takes_the_place_of_one_that_is_unavailable() {
    let unavailable = TypeEntry::unavailable("printer", "it needs paper");
    let registry = TypeRegistry::builder().add([entry("printer", None), unavailable]).build().unwrap();

    assert!(registry.get("printer").is_some());
    assert_eq!(registry.missing("printer"), None);
}

#[test]
fn a_parent_must_be_registered() {
    let refused = refusals([entry("laser", Some("printer"))]);
    assert_eq!(refused, ["type 'laser' has the parent 'printer', which is not registered"]);
}

#[test]
fn the_children_of_a_refused_type_are_not_reported_too() {
    let refused = refusals([entry("colour", Some("laser")), entry("laser", Some("printer"))]);
    assert_eq!(refused, ["type 'laser' has the parent 'printer', which is not registered"]);
}

#[test]
fn types_are_not_each_others_parents() {
    let refused =
        refusals([entry("chick", Some("egg")), entry("hen", Some("egg")), entry("egg", Some("hen"))]);
    assert_eq!(refused, ["types are each other's parents: 'hen', 'egg'"]);
}

#[test]
fn a_type_is_not_its_own_parent() {
    assert_eq!(refusals([entry("egg", Some("egg"))]), ["types are each other's parents: 'egg'"]);
}

#[test]
fn a_property_of_a_parent_or_its_parent_is_not_declared_again() {
    const SPEED: &[Property] = &[property("speed")];
    let refused = refusals([
        TypeEntry::named(info("colour", SPEED), Some("laser")),
        entry("laser", Some("printer")),
        TypeEntry::named(info("printer", SPEED), None),
    ]);
    assert_eq!(refused, ["type 'colour' declares property 'speed', which its parent 'printer' has too"]);
}

#[test]
fn names_are_well_formed() {
    const BAD: &[Property] = &[property("x y")];
    let refused = refusals([entry("-a", None), TypeEntry::named(info("b", BAD), None)]);
    assert_eq!(refused, ["'-a' is not a type name", "'x y' is not a property name"]);
}

#[test]
fn a_type_has_at_most_128_properties() {
    let all: Vec<Property> = (0..129).map(|number| property(format!("p{number}").leak())).collect();
    let all: &'static [Property] = all.leak();
    assert!(TypeRegistry::builder().add([TypeEntry::named(info("most", &all[..128]), None)]).build().is_ok());
    let refused = refusals([TypeEntry::named(info("more", all), None)]);
    assert_eq!(refused, ["type 'more' has more than 128 properties"]);
}

#[test]
fn all_that_is_wrong_is_reported() {
    let refused =
        refusals([entry("a", Some("b")), entry("c", Some("c")), entry("d", None), entry("d", None)]);
    assert_eq!(refused.len(), 3, "{refused:?}");
}

#[test]
fn the_order_of_registration_does_not_matter_and_is_kept() {
    let mut backwards = types::types();
    backwards.reverse();
    let registry = TypeRegistry::builder().add(backwards).build().unwrap();
    let names: Vec<_> =
        registry.classes().map(|class| class.name()).filter(|name| name.starts_with("level")).collect();
    assert_eq!(names, ["level-5", "level-4", "level-3", "level-2", "level-1"]);
    assert_eq!(registry.get("level-5").unwrap().properties().len(), 20);
}

#[test]
fn an_unknown_type_names_the_nearest_that_a_user_may_create() {
    let registry = types::registry();
    let unknown = registry.lookup("everythin").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no type 'everythin'");
    assert_eq!(unknown.problem().suggestion().as_deref(), Some("everything"));
    assert_eq!(registry.lookup("level-6").unwrap_err().problem().suggestion().as_deref(), Some("level-5"));
}

#[test]
fn a_class_is_its_parents_and_interfaces_and_nothing_else() {
    let registry = types::registry();
    let level = registry.get("level-5").unwrap();
    let all = ["level-5", "level-1", "level-6", "gauge", "user-creatable"].map(|name| level.is_a(name));
    assert_eq!(all, [true, true, false, false, true]);
    let gauge = registry.get("gauge").unwrap();
    assert_eq!(gauge.interfaces().collect::<Vec<_>>(), ["user-creatable", "measure"]);
    assert!(gauge.is_a("measure"));
    assert!(gauge.is_a("user-creatable"));
}

#[test]
fn what_a_user_may_create_goes_down_to_children_and_never_to_abstract_types() {
    let registry = types::registry();
    let of = |name: &str| {
        let class = registry.get(name).unwrap();
        (class.is_a("user-creatable"), class.is_user_creatable())
    };
    assert_eq!(["level-3", "level-4", "level-5"].map(of), [(false, false), (true, false), (true, true)]);
}

#[test]
fn an_interface_is_listed_once_and_is_no_type() {
    let registry = types::registry();
    let listed: Vec<_> = registry.interfaces().filter(|name| *name == "user-creatable").collect();
    assert_eq!(listed, ["user-creatable"]);
    for name in ["user-creatable", "interface", "measure"] {
        assert_eq!(registry.lookup(name).unwrap_err().code(), "interface-not-type", "{name}");
    }
}

#[test]
fn a_property_is_declared_by_one_class() {
    let registry = types::registry();
    let level = registry.get("level-5").unwrap();
    assert_eq!(level.declaring("flag-2").unwrap().name(), "level-2");
    assert!(level.declaring("flag-6").is_none());
    assert_eq!(level.own_properties().len(), 4);
}
