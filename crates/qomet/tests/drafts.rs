//! Configuring an object: what is taken, what is refused and in what words, and what nobody says is the default.

use qomet::{Diagnostic, Native, Presence, TextOutput};
use qomet_testkit::build;

fn refusal(kind: &str, property: &str, value: impl qomet::ToNative) -> Diagnostic {
    let mut draft = build::model().draft(kind).unwrap();
    draft.set_id("x0");
    draft.set(property, value).unwrap_err()
}

#[test]
fn an_empty_bag_gives_exactly_the_declared_defaults_for_every_type() {
    let model = build::model();
    let mut compared = 0;
    for class in model.registry().classes().filter(|class| class.is_user_creatable()) {
        let draft = class.draft().unwrap();
        for (slot, property) in class.properties().iter().enumerate().filter(|(_, one)| !one.sensitive) {
            let declared = TextOutput::of(|out| match property.presence {
                Presence::Default(write) => write(out),
                Presence::Optional => property.value_type.write_absent(out),
                Presence::Required => panic!("{} is required", property.name),
            });
            let configured = TextOutput::of(|out| draft.write(slot, out));
            assert_eq!(configured, declared, "{} of {}", property.name, class.name());
            assert!(!draft.is_given(slot));
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared}");
}

#[test]
fn what_is_set_is_what_is_read() {
    let values = [
        ("flag", Native::Bool(false), "off"),
        ("int8", Native::Int(-128), "-128"),
        ("uint64", Native::Uint(u64::MAX), "18446744073709551615"),
        ("number", Native::Number(1.5), "1.5"),
        ("size", Native::Str("1.5G".into()), "1536 MiB"),
        ("text", Native::Str("a b".into()), "a b"),
        ("path", Native::Str("/tmp/x".into()), "/tmp/x"),
        ("mode", Native::Str("on".into()), "on"),
        ("flavour", Native::Str("black-currant".into()), "black-currant"),
        ("limits", Native::Struct(vec![("most".into(), Native::Uint(3))]), "{most: 3, least: 1}"),
        ("list", Native::List(vec![Native::Uint(9)]), "[9]"),
        ("which", Native::Str("n".into()), "n"),
        ("maybe-text", Native::Str("".into()), ""),
        ("maybe-number", Native::Uint(0), "0"),
        ("live-text", Native::Str("live".into()), "live"),
    ];
    let model = build::model();
    let given: Vec<(&str, Native<'_>)> =
        values.iter().map(|(name, value, _)| (*name, value.clone())).collect();
    let object = model.create(build::draft(&model, "everything", "e0", &given)).unwrap();
    for (name, _, shown) in values {
        assert_eq!(TextOutput::of(|out| object.write(name, out).unwrap()), shown, "{name}");
    }
}

#[test]
fn a_property_that_is_set_twice_has_the_second_value() {
    let model = build::model();
    let twice = [("uint8", Native::Uint(1)), ("uint8", Native::Uint(2))];
    let object = model.create(build::draft(&model, "everything", "e0", &twice)).unwrap();
    assert_eq!(object.get::<u64>("uint8").unwrap(), 2);
}

#[test]
fn an_unknown_property_names_the_nearest() {
    let error = refusal("everything", "live-texd", 1u8);
    assert_eq!(error.to_string(), "everything has no property 'live-texd'");
    assert_eq!(error.problem().suggestion().as_deref(), Some("live-text"));
    assert_eq!(error.about().object.as_deref(), Some("x0"));
}

#[test]
fn a_wrong_type_is_told_with_what_was_expected_and_found() {
    let error = refusal("everything", "size", true);
    assert_eq!(error.to_string(), "property 'size' of everything takes a size, not a boolean (true)");
    assert_eq!(error.problem().expected().as_deref(), Some("a size"));
    assert_eq!(error.problem().found().as_deref(), Some("true"));
}

#[test]
fn a_number_outside_of_its_width_or_bounds_is_told_with_both_ends() {
    let narrow = refusal("everything", "uint8", 256u64);
    assert_eq!(narrow.to_string(), "property 'uint8' of everything must be between 0 and 255, not 256");
    let bounded = refusal("everything", "bounded", 101u64);
    assert_eq!(bounded.to_string(), "property 'bounded' of everything must be between 1 and 100, not 101");
    let aligned = refusal("everything", "aligned", 5000u64);
    assert_eq!(aligned.to_string(), "property 'aligned' of everything must be a multiple of 4096, not 5000");
}

#[test]
fn a_computed_property_is_not_set() {
    assert_eq!(refusal("everything", "sum", 1u64).to_string(), "property 'sum' of everything is read-only");
}

#[test]
fn a_name_the_enum_does_not_have_is_told_with_those_it_has() {
    let error = refusal("everything", "flavour", "black-curant");
    assert_eq!(error.to_string(), "property 'flavour' of everything does not take 'black-curant'");
    assert_eq!(error.problem().suggestion().as_deref(), Some("black-currant"));
}

#[test]
fn a_member_given_twice_is_refused() {
    let twice = vec![("most".into(), Native::Uint(1)), ("most".into(), Native::Uint(2))];
    assert_eq!(refusal("everything", "limits", Native::Struct(twice)).code(), "duplicate-member");
}

#[test]
fn a_path_has_no_nul_and_ends_somewhere() {
    assert_eq!(refusal("everything", "path", "a\0b").code(), "nul-in-string");
    assert_eq!(refusal("everything", "path", "x".repeat(4096)).code(), "too-long");
}

#[test]
fn a_draft_that_refused_a_value_cannot_be_created() {
    let model = build::model();
    let mut draft = build::draft(&model, "everything", "e0", &[]);
    let _ = draft.set("uint8", 256u64).unwrap_err();
    assert!(build::create(model.batch(vec![draft])).is_err());
    assert!(model.is_empty());
}

#[test]
fn abstract_types_and_those_of_the_program_are_not_for_users() {
    let model = build::model();
    let refused = ["level-1", "container", "nothing"].map(|kind| model.draft(kind).err().unwrap().code());
    assert_eq!(refused, ["abstract-type", "not-user-creatable", "unknown-type"]);
}

#[test]
fn an_object_needs_a_well_formed_id() {
    let model = build::model();
    for id in ["", "0a", "a b", "a/b", "-", "ä", "a[0]", "a\0"] {
        let error = model.create(build::draft(&model, "note", id, &[])).unwrap_err();
        assert_eq!(error.code(), "invalid-id", "{id:?}");
    }
    let nameless = model.create(model.draft("note").unwrap()).unwrap_err();
    assert_eq!(nameless.to_string(), "object lacks its 'id'");
    assert!(model.is_empty());
}

#[test]
fn rules_across_properties_refuse_a_draft() {
    let model = build::model();
    let values = [("low", Native::Uint(5)), ("high", Native::Uint(4)), ("step", Native::Uint(0))];
    let draft = build::draft(&model, "gauge", "g0", &values);
    let found = build::create(model.batch(vec![draft])).unwrap_err();
    assert_eq!(build::codes(&found), ["upside-down", "no-step"]);
    assert_eq!(found[0].about().property.as_deref(), Some("low"));
    assert_eq!(found[0].about().object.as_deref(), Some("g0"));
    assert_eq!(found[0].about().type_name.as_deref(), Some("gauge"));
}
