//! Changing a realized object: what may change, what is refused, and that a failure stores nothing.

use qomet::prelude::*;
use qomet::{Mutability, Native, TextOutput};
use qomet_testkit::types::{Everything, Gauge, Measure};
use qomet_testkit::{Trace, build};

/// Stands for the type of that name, which has an offset.
#[derive(Object)]
#[object(name = "memory-backend-file", user_creatable)]
struct File {
    /// Offset into the target file (ex: 1G)
    #[property(default = Size(0))]
    offset: Size,
}

impl Realize for File {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}

types! {
    fn types = [File];
}

#[test]
fn the_offset_of_a_realized_file_does_not_change() {
    let model = Model::new(TypeRegistry::builder().add(types()).build().unwrap());
    let mut draft = model.draft("memory-backend-file").unwrap();
    draft.set_id("mem0");
    draft.set("offset", "1G").unwrap();
    let file = model.create(draft).unwrap();
    let refused = file.set("offset", Size::gib(2)).unwrap_err();
    assert_eq!(refused.to_string(), "cannot change property 'offset' of memory-backend-file");
    assert_eq!(refused.about().object.as_deref(), Some("mem0"));
    assert_eq!(file.get::<Size>("offset").unwrap(), Size::gib(1));
}

#[test]
fn no_fixed_property_of_any_type_changes() {
    let model = build::model();
    let mut refused = 0;
    let classes: Vec<_> =
        model.registry().classes().filter(|class| class.is_user_creatable()).cloned().collect();
    for class in classes {
        let object = build::object(&model, class.name(), &format!("a-{}", class.name()));
        for property in class.properties().iter().filter(|one| one.mutability == Mutability::UntilRealized) {
            let error = object.set(property.name, Native::Null).unwrap_err();
            let expected = format!("cannot change property '{}' of {}", property.name, class.name());
            assert_eq!(error.to_string(), expected);
            refused += 1;
        }
        assert_eq!(object.revision(), 0);
    }
    assert!(refused > 60, "only {refused}");
}

#[test]
fn every_live_property_changes_and_counts() {
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    let changes = [
        ("live-flag", Native::Bool(true), "on"),
        ("live-number", Native::Uint(7), "7"),
        ("live-bounded", Native::Int(0), "0"),
        ("live-size", Native::Str("2k".into()), "2 KiB"),
        ("live-text", Native::Str("x".into()), "x"),
        ("live-flavour", Native::Str("black-currant".into()), "black-currant"),
        ("live-limits", Native::Struct(vec![("most".into(), Native::Uint(3))]), "{most: 3, least: 1}"),
        ("live-list", Native::List(vec![Native::Uint(1)]), "[1]"),
    ];
    for (count, (name, value, shown)) in (1..).zip(changes) {
        object.set(name, value).unwrap();
        assert_eq!(TextOutput::of(|out| object.write(name, out).unwrap()), shown, "{name}");
        assert_eq!(object.revision(), count);
    }
    let typed = object.cast::<Everything>().unwrap();
    assert!(typed.live_flag());
    assert_eq!(typed.live_text(), "x");
    assert_eq!(typed.live_list(), [1]);
    assert_eq!(object.get::<u64>("sum").unwrap(), 64 + 7);
}

#[test]
fn a_refused_value_stores_nothing() {
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    let wrong = [
        ("live-bounded", Native::Int(10)),
        ("live-bounded", Native::Int(128)),
        ("live-flag", Native::Uint(1)),
    ];
    let codes = wrong.map(|(name, value)| object.set(name, value).unwrap_err().code());
    assert_eq!(codes, ["out-of-range", "out-of-range", "wrong-type"]);
    let list = Native::List(vec![Native::Uint(1), Native::Bool(true)]);
    assert_eq!(object.set("live-list", list).unwrap_err().code(), "wrong-type");
    assert_eq!(TextOutput::of(|out| object.write("live-list", out).unwrap()), "[]");
    assert_eq!((object.get::<i64>("live-bounded").unwrap(), object.revision()), (5, 0));
}

#[test]
fn computed_unknown_and_write_only_properties_are_refused() {
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    let refused = [
        object.set("sum", 1u64).unwrap_err().to_string(),
        object.set("live-numbr", 1u64).unwrap_err().to_string(),
        object.get::<String>("secret").unwrap_err().to_string(),
        object.handle("secret").unwrap_err().to_string(),
        object.write("secret", &mut TextOutput::new()).unwrap_err().to_string(),
    ];
    assert_eq!(
        refused,
        [
            "property 'sum' of everything is read-only",
            "everything has no property 'live-numbr'",
            "property 'secret' of everything is write-only",
            "property 'secret' of everything is write-only",
            "property 'secret' of everything is write-only",
        ]
    );
}

#[test]
fn rules_are_checked_on_the_candidate() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g0");
    let refused = gauge.set("low", 101u64).unwrap_err();
    assert_eq!((refused.code(), refused.about().property.as_deref()), ("upside-down", Some("low")));
    assert_eq!(refused.to_string(), "'low' is more than 'high'");
    assert_eq!((gauge.get::<u64>("low").unwrap(), gauge.revision()), (0, 0));
    gauge.set("high", 200u64).unwrap();
    gauge.set("low", 101u64).unwrap();
    assert_eq!((gauge.get::<u64>("low").unwrap(), gauge.revision()), (101, 2));
}

#[test]
fn what_cannot_be_put_into_effect_is_not_stored() {
    let (model, trace) = build::traced();
    let gauge = build::object(&model, "gauge", "g0");
    assert_eq!(gauge.set("level", 13u64).unwrap_err().to_string(), "the needle is stuck");
    assert_eq!((gauge.get::<u64>("level").unwrap(), gauge.revision()), (50, 0));
    gauge.set("level", 14u64).unwrap();
    assert_eq!(trace.take(), ["apply level 0..100 14"]);
    assert_eq!(gauge.interface::<dyn Measure>().unwrap().shown(), 14);
    assert_eq!(gauge.cast::<Gauge>().unwrap().level(), 14);
}

#[test]
fn a_handle_reads_and_sets_what_it_is_bound_to() {
    let model = build::model();
    let object = build::object(&model, "level-5", "l0");
    let handle = object.handle("count-2").unwrap();
    handle.set(9u64).unwrap();
    assert_eq!(handle.get::<u64>().unwrap(), 9);
    assert_eq!(object.get::<u64>("count-2").unwrap(), 9);
    assert_eq!(handle.property().unwrap().name, "count-2");
    assert_eq!(
        handle.set("x").unwrap_err().to_string(),
        "property 'count-2' of level-5 takes an unsigned integer, not a string (x)"
    );
    assert_eq!(handle.get::<bool>().unwrap_err().code(), "not-readable-as");
    assert_eq!(
        object.handle("size-2").unwrap().set(1u64).unwrap_err().to_string(),
        "cannot change property 'size-2' of level-5"
    );
}

#[test]
fn a_read_as_something_else_says_what_the_property_holds() {
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    let error = object.get::<bool>("size").unwrap_err();
    assert_eq!(error.code(), "not-readable-as");
    let text = error.to_string();
    assert!(text.contains("size") && text.contains("boolean"), "{text}");
}

#[test]
fn a_service_is_one_for_each_model() {
    let ((first, one), (second, other)) = (build::traced(), build::traced());
    build::object(&first, "step", "a");
    assert_eq!((one.take().len(), other.take().len()), (4, 0));
    assert!(std::sync::Arc::ptr_eq(&second.services().get::<Trace>(), &second.services().get::<Trace>()));
}

/// Adds up what it is told; the rule is about the sum, which only the state knows
#[derive(Object)]
#[object(name = "adder", user_creatable, state = std::sync::atomic::AtomicU64, check)]
struct Adder {
    /// What is added; at first at most 10.
    #[property(default = 0)]
    more: Live<u64>,
}

impl Check for Adder {
    fn check(&self, report: &mut Diagnostics) {
        if self.more() > 10 {
            let _ = report.report(Diagnostic::custom("too-much-at-first", "more than 10"));
        }
    }
}

impl Realize for Adder {
    const APPLIES: bool = true;
    const CHECKS_LIVE: bool = false;

    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<std::sync::atomic::AtomicU64> {
        Ok(self.more().into())
    }

    fn apply(&self, sum: &std::sync::atomic::AtomicU64, _: &'static str) -> qomet::Result<()> {
        let all = sum.load(std::sync::atomic::Ordering::Relaxed) + self.more();
        if all > 100 {
            return Err(Diagnostic::custom("too-much", "more than 100 in all"));
        }
        sum.store(all, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

mod adding {
    use super::Adder;

    qomet::types! {
        pub(super) fn types = [Adder];
    }
}

#[test]
fn a_type_that_merges_live_sets_is_not_asked_its_rules_about_them() {
    let model = Model::new(TypeRegistry::builder().add(adding::types()).build().unwrap());
    let mut draft = model.draft("adder").unwrap();
    draft.set_id("a");
    let adder = model.create(draft).unwrap();

    adder.set("more", 60u64).unwrap();

    assert_eq!(adder.set("more", 60u64).unwrap_err().code(), "too-much");
    assert_eq!(adder.get::<u64>("more").unwrap(), 60);
}
