//! Properties that one object has beside those of its type.

use qomet::{Native, TextOutput, ValueType};
use qomet_testkit::build::{model, object};

#[test]
fn an_alias_reads_and_sets_the_other_objects_property() {
    let model = model();
    let (gauge, linked) = (object(&model, "gauge", "g"), object(&model, "linked", "l"));

    linked.add_alias("limit", &gauge, "high").unwrap();
    linked.set("limit", 70u64).unwrap();

    assert_eq!(gauge.get::<u64>("high").unwrap(), 70);
    assert_eq!(linked.get::<u64>("limit").unwrap(), 70);
}

#[test]
fn an_alias_of_an_alias_is_one_of_what_that_shows() {
    let model = model();
    let (gauge, one, two) =
        (object(&model, "gauge", "g"), object(&model, "linked", "a"), object(&model, "linked", "b"));
    one.add_alias("x", &gauge, "high").unwrap();
    two.add_alias("x", &one, "x").unwrap();

    // What would close a loop if names were followed.
    assert!(one.remove_extra("x"));
    one.add_alias("x", &two, "x").unwrap();

    assert_eq!(one.get::<u64>("x").unwrap(), 100);
}

#[test]
fn an_alias_of_what_has_gone_is_refused() {
    let model = model();
    let (gauge, linked) = (object(&model, "gauge", "g"), object(&model, "linked", "l"));
    linked.add_alias("limit", &gauge, "high").unwrap();

    model.delete(&gauge).unwrap();

    assert_eq!(linked.get::<u64>("limit").unwrap_err().code(), "deleted");
    assert_eq!(linked.set("limit", 1u64).unwrap_err().code(), "deleted");
}

#[test]
fn a_computed_one_is_worked_out_when_read_and_cannot_be_set() {
    let model = model();
    let linked = object(&model, "linked", "l");
    let of = linked.downgrade();
    linked
        .add_computed(
            "name-length",
            "How long the name is",
            &ValueType::Int { bits: 64, signed: false },
            move || of.upgrade().map_or(Native::Null, |object| Native::Uint(object.name().len() as u64)),
        )
        .unwrap();

    assert_eq!(linked.get::<u64>("name-length").unwrap(), 1);
    assert_eq!(TextOutput::of(|out| linked.write("name-length", out).unwrap()), "1");
    assert_eq!(linked.set("name-length", 3u64).unwrap_err().code(), "read-only");
}

#[test]
fn a_link_that_holds_is_a_user_and_a_step_of_a_path() {
    let model = model();
    let (gauge, linked) = (object(&model, "gauge", "g"), object(&model, "linked", "l"));
    linked.add_link("meter", "Who measures", "gauge", true, None).unwrap();

    model.set(&linked, "meter", "g").unwrap();

    assert!(model.resolve("/objects/l/meter").unwrap().is(&gauge));
    assert_eq!(model.delete(&gauge).unwrap_err().to_string(), "object 'g' is in use by '/objects/l'");
    model.set(&linked, "meter", "").unwrap();
    model.delete(&gauge).unwrap();
}

#[test]
fn a_link_checks_the_type_of_its_target() {
    let model = model();
    let linked = object(&model, "linked", "l");
    linked.add_link("meter", "Who measures", "gauge", false, None).unwrap();

    let refusal = model.set(&linked, "meter", "l").unwrap_err();

    assert_eq!(refusal.code(), "wrong-link-type");
    assert_eq!(refusal.about().property.as_deref(), Some("meter"));
}

#[test]
fn a_name_is_taken_once() {
    let model = model();
    let (gauge, linked) = (object(&model, "gauge", "g"), object(&model, "linked", "l"));
    linked.add_alias("limit", &gauge, "high").unwrap();

    assert_eq!(linked.add_alias("limit", &gauge, "low").unwrap_err().code(), "duplicate-property");
    assert_eq!(linked.add_alias("next", &gauge, "low").unwrap_err().code(), "duplicate-property");
    assert_eq!(linked.extras().len(), 1);
}
