//! Objects that are created together or not at all.

use std::sync::atomic::Ordering;

use qomet::{AnyDraft, Diagnostic, Diagnostics, Level, Model, ModelErrorKind, Native};
use qomet_testkit::{Trace, build};

type Draft = Box<dyn AnyDraft>;

fn step(model: &Model, id: &str, properties: &[(&str, Native<'_>)]) -> Draft {
    build::draft(model, "step", id, properties)
}

fn needs(ids: &[&str]) -> (&'static str, Native<'static>) {
    ("needs", Native::List(ids.iter().map(|id| Native::Str((*id).to_owned().into())).collect()))
}

const YES: Native<'static> = Native::Bool(true);

fn refused(model: &Model, drafts: Vec<Draft>) -> Vec<String> {
    let found = build::create(model.batch(drafts)).unwrap_err();
    found.iter().map(ToString::to_string).collect()
}

fn only(trace: &Trace, words: &[&str]) -> Vec<String> {
    trace.take().into_iter().filter(|line| words.iter().any(|word| line.starts_with(word))).collect()
}

#[test]
fn all_are_created_in_the_order_of_the_drafts() {
    let (model, trace) = build::traced();
    let objects = build::create(model.batch(["c", "a", "b"].map(|id| step(&model, id, &[])).into())).unwrap();
    let names: Vec<_> = model.children(model.objects()).iter().map(|child| child.name().to_owned()).collect();
    assert_eq!(names, ["c", "a", "b"]);
    assert!(objects.iter().zip(["c", "a", "b"]).all(|(object, name)| object.name() == name));
    assert_eq!(
        trace.take(),
        [
            "announce c",
            "announce a",
            "announce b",
            "probe c",
            "probe a",
            "probe b",
            "realize c",
            "realize a",
            "realize b",
            "commit c",
            "commit a",
            "commit b",
        ]
    );
}

#[test]
fn a_failure_undoes_what_was_done_in_reverse() {
    let (model, trace) = build::traced();
    let revision = model.revision();
    let drafts = vec![
        step(&model, "a", &[]),
        step(&model, "b", &[needs(&["a"])]),
        step(&model, "c", &[("refuse", YES)]),
        step(&model, "d", &[]),
    ];
    assert_eq!(refused(&model, drafts), ["object 'c': out of steps"]);
    let expected = ["realize a", "realize b", "realize c", "drop b", "drop a", "undo c", "undo b", "undo a"];
    assert_eq!(only(&trace, &["realize", "undo", "drop", "commit"]), expected);
    assert!(model.is_empty());
    assert_eq!(model.revision(), revision);
    assert_eq!(model.resolve("a").unwrap_err().code(), "not-found");
}

#[test]
fn the_ids_of_a_failed_batch_are_free() {
    let (model, _) = build::traced();
    let _ = refused(&model, vec![step(&model, "a", &[]), step(&model, "b", &[("refuse", YES)])]);
    let both = vec![step(&model, "a", &[]), step(&model, "b", &[])];
    assert_eq!(build::create(model.batch(both)).unwrap().len(), 2);
}

#[test]
fn whichever_fails_none_is_left() {
    for failing in 1..=4u64 {
        let (model, trace) = build::traced();
        let refuse = [("refuse-at", Native::Uint(failing))];
        let drafts = ["a", "b", "c", "d"].map(|id| step(&model, id, &refuse)).into();
        assert_eq!(refused(&model, drafts).len(), 1);
        let lines = trace.take();
        let count = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count() as u64;
        assert_eq!(
            (count("realize"), count("undo"), count("drop"), count("commit")),
            (failing, failing, failing - 1, 0)
        );
        assert!(model.is_empty());
    }
}

#[test]
fn what_cannot_be_undone_is_told_and_the_rest_is_undone() {
    let (model, trace) = build::traced();
    let drafts = vec![step(&model, "a", &[]), step(&model, "b", &[("stuck", YES), ("refuse", YES)])];
    assert_eq!(refused(&model, drafts), ["object 'b': out of steps", "it cannot be undone"]);
    assert_eq!(only(&trace, &["undo"]), ["undo b", "undo a"]);
}

#[test]
fn references_may_point_forwards() {
    let (model, trace) = build::traced();
    let drafts = vec![
        step(&model, "a", &[needs(&["b", "c"])]),
        step(&model, "b", &[needs(&["c"])]),
        step(&model, "c", &[]),
    ];
    let objects = build::create(model.batch(drafts)).unwrap();
    assert_eq!(only(&trace, &["realize"]), ["realize c", "realize b", "realize a"]);
    let names: Vec<_> = objects.iter().map(|object| object.name().to_owned()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(
        model.delete(&objects[2]).unwrap_err().to_string(),
        "object 'c' is in use by '/objects/a', '/objects/b'"
    );
}

#[test]
fn references_go_to_objects_that_exist() {
    let (model, _) = build::traced();
    build::object(&model, "step", "old");
    let drafts = vec![step(&model, "a", &[needs(&["old", "/objects/b"])]), step(&model, "b", &[])];
    assert_eq!(build::create(model.batch(drafts)).unwrap().len(), 2);
}

#[test]
fn cycles_are_refused_and_nothing_is_touched() {
    let (model, trace) = build::traced();
    let drafts = vec![
        step(&model, "x", &[]),
        step(&model, "a", &[needs(&["b"])]),
        step(&model, "b", &[needs(&["c"])]),
        step(&model, "c", &[needs(&["a"])]),
    ];
    assert_eq!(refused(&model, drafts), ["objects need each other: 'a', 'b', 'c'"]);
    assert!(only(&trace, &["realize"]).is_empty());
    assert_eq!(refused(&model, vec![step(&model, "a", &[needs(&["a"])])]), ["objects need each other: 'a'"]);
}

#[test]
fn a_dangling_reference_names_the_nearest() {
    let (model, _) = build::traced();
    let drafts = vec![step(&model, "a", &[needs(&["stepp"])]), step(&model, "step", &[])];
    let found = build::create(model.batch(drafts)).unwrap_err();
    assert_eq!(found[0].to_string(), "property 'needs' of step names 'stepp', which does not exist");
    assert_eq!(found[0].problem().suggestion().as_deref(), Some("step"));
    assert_eq!(found[0].about().object.as_deref(), Some("a"));
}

#[test]
fn a_reference_to_another_type_names_both() {
    let (model, _) = build::traced();
    let drafts = vec![step(&model, "a", &[needs(&["n"])]), build::draft(&model, "note", "n", &[])];
    assert_eq!(refused(&model, drafts), ["property 'needs' of step takes a step, but 'n' is a note"]);
}

#[test]
fn what_was_reported_of_before_is_not_created_however_far_it_was_checked() {
    for level in [Level::Syntax, Level::Schema, Level::Graph, Level::Host] {
        let (model, _) = build::traced();
        let mut report = Diagnostics::new();
        let mut draft = step(&model, "a", &[]);
        draft.damage(None, report.report(ModelErrorKind::MissingId));
        let mut batch = model.batch(vec![draft]);
        batch.check(level, &mut report);

        assert!(batch.create(&mut report).is_err(), "{level:?}");
        let codes: Vec<_> = report.take().iter().map(Diagnostic::code).collect();
        assert_eq!(codes, ["missing-id", "already-refused"]);
        assert!(model.is_empty());
    }
}

#[test]
fn an_id_is_given_once() {
    let (model, _) = build::traced();
    let twice = refused(&model, vec![step(&model, "a", &[]), step(&model, "a", &[])]);
    assert_eq!(twice, ["the id 'a' is already used"]);
    build::object(&model, "step", "a");
    assert_eq!(refused(&model, vec![step(&model, "a", &[])]), ["the id 'a' is already used"]);
    assert_eq!(model.len(), 3);
}

#[test]
fn an_id_in_the_making_is_taken() {
    let (model, trace) = build::traced();
    let other = model.clone();
    let seen = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let codes = seen.clone();
    trace.on_realize(move |id| {
        if id == "a" {
            let tried = ["a", "later", "free"].map(|id| other.create(build::draft(&other, "note", id, &[])));
            codes.lock().extend(tried.map(|result| result.map_or_else(|error| error.code(), |_| "made")));
            assert_eq!(other.object("a").unwrap_err().code(), "not-found");
        }
    });
    build::create(model.batch(vec![step(&model, "a", &[]), step(&model, "later", &[])])).unwrap();
    assert_eq!(*seen.lock(), ["duplicate-id", "duplicate-id", "made"]);
    assert_eq!(model.len(), 5);
    trace.on_realize(|_| {});
}

#[test]
fn a_refusal_of_the_probe_touches_nothing() {
    let (model, trace) = build::traced();
    let drafts = vec![
        step(&model, "a", &[]),
        step(&model, "b", &[("refuse-probe", YES)]),
        step(&model, "c", &[("refuse-probe", YES)]),
    ];
    assert_eq!(refused(&model, drafts), ["object 'b': no room", "object 'c': no room"]);
    assert!(only(&trace, &["realize", "undo"]).is_empty());
}

#[test]
fn independent_mistakes_are_all_reported() {
    let (model, _) = build::traced();
    let drafts = vec![
        step(&model, "0", &[]),
        step(&model, "a", &[needs(&["nobody", "nothing"])]),
        step(&model, "b", &[("refuse-probe", YES)]),
        build::draft(&model, "gauge", "g", &[("step", Native::Uint(0))]),
    ];
    let found = build::create(model.batch(drafts)).unwrap_err();
    let mut codes = build::codes(&found);
    codes.sort_unstable();
    assert_eq!(codes, ["dangling-link", "dangling-link", "host-refused", "invalid-id", "no-step"]);
}

#[test]
fn a_warning_refuses_nothing_and_names_its_object() {
    let (model, _) = build::traced();
    let mut report = Diagnostics::new();
    let made = model.batch(vec![step(&model, "a", &[("warn", YES)])]).create(&mut report);
    assert_eq!(made.unwrap().len(), 1);
    let found = report.take();
    assert_eq!(build::codes(&found), ["deprecated"]);
    assert_eq!(found[0].about().object.as_deref(), Some("a"));
}

#[test]
fn a_cancelled_batch_leaves_nothing() {
    let (model, trace) = build::traced();
    let batch = model.batch(["a", "b", "c"].map(|id| step(&model, id, &[])).into());
    let flag = batch.cancel_flag();
    trace.on_realize(move |id| flag.store(id == "b", Ordering::Relaxed));
    let found = build::create(batch).unwrap_err();
    assert_eq!(found[0].to_string(), "creating object 'b' was cancelled");
    assert_eq!(only(&trace, &["realize", "undo"]), ["realize a", "undo a"]);
    assert!(model.is_empty());
    trace.on_realize(|_| {});
}

#[test]
fn each_level_checks_what_it_says() {
    let (model, trace) = build::traced();
    let mut batch = model.batch(vec![step(&model, "a", &[needs(&["nobody"]), ("refuse-probe", YES)])]);
    let mut report = Diagnostics::new();
    batch.check(Level::Schema, &mut report);
    assert!(report.take().is_empty());
    batch.check(Level::Graph, &mut report);
    assert_eq!(build::codes(&report.take()), ["dangling-link"]);
    assert!(trace.take().is_empty());
    batch.check(Level::Host, &mut report);
    assert_eq!(build::codes(&report.take()), ["host-refused"]);
    assert_eq!(trace.take(), ["announce a", "probe a"]);
}

#[test]
fn what_a_check_refused_is_not_created() {
    for level in [Level::Schema, Level::Graph, Level::Host] {
        let (model, trace) = build::traced();
        let gauge = build::draft(&model, "gauge", "g", &[("step", Native::Uint(0))]);
        let step = step(&model, "a", &[needs(&["nobody"]), ("refuse-probe", YES)]);
        let mut batch = model.batch(vec![gauge, step]);
        let mut report = Diagnostics::new();
        batch.check(level, &mut report);
        assert!(!report.take().is_empty());
        let made = batch.create(&mut report);
        let _ = report.take();
        assert!(made.is_err(), "{level:?}");
        assert!(model.is_empty());
        assert!(only(&trace, &["realize"]).is_empty());
    }
}

#[test]
fn what_was_checked_is_not_checked_again() {
    let (model, trace) = build::traced();
    let mut batch = model.batch(vec![step(&model, "a", &[])]);
    let mut report = Diagnostics::new();
    batch.check(Level::Host, &mut report);
    batch.create(&mut report).unwrap();
    assert_eq!(trace.take(), ["announce a", "probe a", "realize a", "commit a"]);
    assert!(report.take().is_empty());
}

#[test]
fn an_object_that_came_between_check_and_create_wins() {
    let (model, trace) = build::traced();
    let mut batch = model.batch(vec![step(&model, "a", &[]), step(&model, "b", &[])]);
    let mut report = Diagnostics::new();
    batch.check(Level::Host, &mut report);
    let first = build::object(&model, "note", "b");
    assert_eq!(build::codes(&build::create(batch).unwrap_err()), ["duplicate-id"]);
    assert!(only(&trace, &["realize", "undo"]).is_empty());
    assert!(model.object("b").unwrap().is(&first));
    assert_eq!(model.len(), 3);
}

#[test]
fn a_target_that_went_between_check_and_create_is_missed() {
    let (model, trace) = build::traced();
    let target = build::object(&model, "step", "t");
    let mut batch = model.batch(vec![step(&model, "a", &[]), step(&model, "b", &[needs(&["t"])])]);
    let mut report = Diagnostics::new();
    batch.check(Level::Host, &mut report);
    model.delete(&target).unwrap();
    drop(target);
    assert_eq!(build::codes(&build::create(batch).unwrap_err()), ["dangling-link"]);
    assert_eq!(only(&trace, &["undo"]), ["undo a"]);
    assert!(model.is_empty());
}

#[test]
fn an_empty_batch_does_nothing() {
    let (model, _) = build::traced();
    assert!(build::create(model.batch(Vec::new())).unwrap().is_empty());
}

#[test]
fn an_object_of_the_program_that_fails_leaves_nothing() {
    let (model, trace) = build::traced();
    let top = build::container(&model, model.root(), "top");
    let add = |refuse: bool| {
        model.add::<qomet_testkit::types::Step>(&top, "s[*]", |draft| draft.set("refuse", refuse))
    };
    assert_eq!(add(true).unwrap_err().to_string(), "object 's[0]': out of steps");
    assert_eq!(only(&trace, &["undo", "drop", "commit"]), ["undo s[0]"]);
    assert!(model.children(&top).is_empty());
    // The number it would have had is free.
    assert_eq!(add(false).unwrap().name(), "s[0]");
    assert_eq!(only(&trace, &["undo", "drop", "commit"]), ["commit s[0]"]);
}

#[test]
fn a_programs_object_is_checked_like_a_users() {
    let model = build::model();
    let add = |name: &str| {
        model
            .add::<qomet_testkit::types::Everything>(model.root(), name, |_| Ok(()))
            .map(|object| object.path())
    };
    assert_eq!(add("a/b").unwrap_err().code(), "invalid-name");
    assert_eq!(add("").unwrap_err().code(), "invalid-name");
}

#[test]
fn many_cycles_through_one_object_are_told_once() {
    let model = build::model();
    let drafts = (0..2000)
        .map(|number: u32| {
            let mut draft = build::draft(&model, "linked", &format!("n{number}"), &[]);
            draft.set("next", format!("n{}", (number + 1) % 2000)).unwrap();
            draft.set("many", vec!["n0"]).unwrap();
            draft
        })
        .collect();
    let found = build::create(model.batch(drafts)).unwrap_err();
    assert_eq!(build::codes(&found), ["link-cycle"]);
    assert!(found[0].related().len() <= 10 && found[0].to_string().len() < 1000, "{}", found[0]);
}
