//! Deleting: who may forbid it, that a refusal leaves everything as it was, and what is released when.

use qomet::Native;
use qomet_testkit::build;

#[test]
fn the_root_and_objects_stay() {
    let model = build::model();
    assert_eq!(model.delete(model.root()).unwrap_err().to_string(), "object '/' cannot be deleted");
    assert_eq!(model.delete(model.objects()).unwrap_err().to_string(), "object '/objects' cannot be deleted");
}

#[test]
fn what_is_deleted_is_gone_and_knows_it() {
    let model = build::model();
    let note = build::object(&model, "note", "n");
    let revision = model.revision();
    model.delete(&note).unwrap();
    assert!(note.is_deleted());
    assert_eq!(model.resolve("/objects/n").unwrap_err().code(), "not-found");
    assert_eq!(model.object("n").unwrap_err().code(), "not-found");
    assert!(model.children(model.objects()).is_empty());
    assert_eq!((model.len(), model.revision()), (2, revision + 1));
    assert_eq!(model.delete(&note).unwrap_err().to_string(), "object 'n' has been deleted");
    assert_eq!(note.hold().err(), Some(qomet::ModelErrorKind::Deleted));
    assert!(note.downgrade().upgrade().is_none());
}

#[test]
fn what_an_object_holds_is_dropped_with_its_last_reference() {
    let (model, trace) = build::traced();
    let step = build::object(&model, "step", "a");
    let _ = trace.take();
    model.delete(&step).unwrap();
    assert!(trace.take().is_empty());
    drop(step);
    assert_eq!(trace.take(), ["drop a"]);
}

#[test]
fn a_type_vetoes_its_deletion_until_it_agrees() {
    let (model, trace) = build::traced();
    let step = build::object(&model, "step", "a");
    step.set("stays", true).unwrap();
    let revision = model.revision();
    let refused = model.delete(&step).unwrap_err();
    assert_eq!(refused.to_string(), "object 'a' cannot be deleted");
    assert_eq!(refused.about().type_name.as_deref(), Some("step"));
    assert_eq!(model.revision(), revision);
    assert!(model.object("a").unwrap().is(&step));
    step.set("stays", false).unwrap();
    model.delete(&step).unwrap();
    drop((step, trace));
}

#[test]
fn a_lease_keeps_its_object_and_names_its_user() {
    let model = build::model();
    let note = build::object(&model, "note", "n");
    let leases = (model.lease(&note, "guest").unwrap(), model.lease(&note, "device").unwrap());
    let refused = model.delete(&note).unwrap_err();
    assert_eq!(refused.to_string(), "object 'n' is in use by 'guest', 'device'");
    assert!(leases.0.object().is(&note));
    drop(leases.0);
    assert_eq!(model.delete(&note).unwrap_err().to_string(), "object 'n' is in use by 'device'");
    drop(leases.1);
    model.delete(&note).unwrap();
    assert_eq!(model.lease(&note, "guest").err().unwrap().code(), "deleted");
}

#[test]
fn a_hold_keeps_its_object_and_so_does_its_clone() {
    let model = build::model();
    let note = build::object(&model, "note", "n");
    let hold = note.hold().unwrap();
    let clone = hold.clone();
    drop(hold);
    assert_eq!(model.delete(&note).unwrap_err().code(), "in-use");
    drop(clone);
    model.delete(&note).unwrap();
}

#[test]
fn a_container_is_deleted_with_all_that_is_in_it() {
    let model = build::model();
    let top = build::container(&model, model.root(), "top");
    let inner = build::container(&model, &top, "inner");
    let deep = build::container(&model, &inner, "deep");
    let beside = build::container(&model, model.root(), "beside");
    model.delete(&top).unwrap();
    assert!([&top, &inner, &deep].iter().all(|object| object.is_deleted()));
    assert_eq!(model.len(), 3);
    assert_eq!(model.resolve("/top/inner/deep").unwrap_err().code(), "not-found");
    assert!(model.resolve("beside").unwrap().is(&beside));
    assert!(model.children(&top).is_empty());
}

#[test]
fn a_container_whose_children_hold_each_other_is_deleted() {
    let model = build::model();
    let top = build::container(&model, model.root(), "top");
    let add = |name: &str, next: &str| {
        let next = next.to_owned();
        model.add::<qomet_testkit::types::Linked>(&top, name, |draft| draft.set("next", next)).unwrap()
    };
    let first = add("first", "");
    let second = add("second", "/top/first");
    assert_eq!(model.delete(&first).unwrap_err().to_string(), "object 'first' is in use by '/top/second'");
    model.delete(&top).unwrap();
    assert!(second.is_deleted());
}

#[test]
fn a_container_stays_whole_if_anything_in_it_is_used_from_outside() {
    let model = build::model();
    let top = build::container(&model, model.root(), "top");
    let children: Vec<_> = ["a", "b", "c"]
        .map(|name| model.add::<qomet_testkit::types::Linked>(&top, name, |_| Ok(())).unwrap())
        .into();
    let lease = model.lease(&children[2], "guest").unwrap();
    let revision = model.revision();
    assert_eq!(model.delete(&top).unwrap_err().to_string(), "object 'c' is in use by 'guest'");
    assert!(!top.is_deleted() && !children.iter().any(qomet::ObjectRef::is_deleted));
    assert_eq!((model.children(&top).len(), model.revision()), (3, revision));
    // Nothing is left marked: all can be held and, in the end, deleted.
    children.iter().chain([&top]).for_each(|object| drop(object.hold().unwrap()));
    drop(lease);
    model.delete(&top).unwrap();
}

#[test]
fn a_veto_from_below_keeps_the_container() {
    let (model, _) = build::traced();
    let top = build::container(&model, model.root(), "top");
    model.add::<qomet_testkit::types::Step>(&top, "s", |draft| draft.set("stays", true)).unwrap();
    assert_eq!(model.delete(&top).unwrap_err().to_string(), "object 's' cannot be deleted");
    assert!(!top.is_deleted());
    assert!(model.resolve("/top/s").is_ok());
}

#[test]
fn nothing_is_added_below_what_was_deleted() {
    let model = build::model();
    let top = build::container(&model, model.root(), "top");
    model.delete(&top).unwrap();
    assert_eq!(model.add::<qomet::Container>(&top, "a", |_| Ok(())).unwrap_err().code(), "deleted");
    assert_eq!(model.len(), 2);
}

#[test]
fn an_object_of_another_model_is_refused_and_nobody_else_deleted() {
    let (mine, other) = (build::model(), build::model());
    let (top, theirs) =
        (build::container(&mine, mine.root(), "top"), build::container(&other, other.root(), "top"));
    let inside = build::container(&mine, &top, "inside");
    assert!(mine.delete(&theirs).is_err());
    assert!(!theirs.is_deleted() && !top.is_deleted() && !inside.is_deleted());
    assert!(mine.children(&theirs).is_empty());
    assert!(mine.add::<qomet::Container>(&theirs, "a", |_| Ok(())).is_err());
    assert_eq!((mine.len(), other.len()), (4, 3));
    other.delete(&theirs).unwrap();
}

#[test]
fn a_dropped_model_releases_everything() {
    let (model, trace) = build::traced();
    let needs = |id: &str| ("needs", Native::List(vec![Native::Str(id.to_owned().into())]));
    build::object(&model, "step", "a");
    model.create(build::draft(&model, "step", "b", &[needs("a")])).unwrap();
    let _ = trace.take();
    drop(model);
    let mut dropped = trace.take();
    dropped.sort();
    assert_eq!(dropped, ["drop a", "drop b"]);
}

#[test]
fn long_chains_do_not_exhaust_the_stack() {
    const LENGTH: usize = 50_000;
    let model = build::model();
    let draft = |number: usize| {
        let next = Native::Str(format!("o{}", number + 1).into());
        let next = if number + 1 < LENGTH { vec![("next", next)] } else { Vec::new() };
        build::draft(&model, "linked", &format!("o{number}"), &next)
    };
    build::create(model.batch((0..LENGTH).map(draft).collect())).unwrap();
    let back = build::model();
    let draft = |number: usize| {
        let next = if number > 0 {
            vec![("next", Native::Str(format!("o{}", number - 1).into()))]
        } else {
            Vec::new()
        };
        build::draft(&back, "linked", &format!("o{number}"), &next)
    };
    build::create(back.batch((0..LENGTH).map(draft).collect())).unwrap();
    drop((model, back));
}

#[test]
fn deep_trees_do_not_exhaust_the_stack() {
    let model = build::model();
    let top = build::container(&model, model.root(), "top");
    let mut at = top.clone();
    for _ in 0..20_000 {
        at = build::container(&model, &at, "a");
    }
    assert_eq!(at.path().len(), 4 + 2 * 20_000);
    assert!(model.resolve(&at.path()).unwrap().is(&at));
    drop(at);
    let other = model.clone();
    drop(model);
    other.delete(&top).unwrap();
    drop(top);
    let mut at = build::container(&other, other.root(), "top");
    for _ in 0..50_000 {
        at = build::container(&other, &at, "a");
    }
    drop(at);
    drop(other);
}

#[test]
fn a_copy_of_a_deleted_objects_link_does_not_bring_its_target_back() {
    let model = build::model();
    let parent = build::container(&model, model.root(), "pair");
    let target = model.add::<qomet_testkit::types::Linked>(&parent, "target", |_| Ok(())).unwrap();
    let holder = model
        .add::<qomet_testkit::types::Linked>(&parent, "holder", |draft| draft.set("next", "/pair/target"))
        .unwrap();
    model.delete(&parent).unwrap();

    drop(holder.cast::<qomet_testkit::types::Linked>().unwrap().next().clone());

    assert!(target.is_deleted());
    assert_eq!(model.resolve("/pair/target").unwrap_err().code(), "not-found");
}

#[test]
fn objects_that_hold_each_other_go_with_their_model() {
    let model = build::model();
    let (a, b) = (build::object(&model, "linked", "a"), build::object(&model, "linked", "b"));
    model.set(&a, "live-next", "b").unwrap();
    model.set(&b, "live-next", "a").unwrap();
    model.set(&a, "many", "a").unwrap_err();
    let weak = [a.downgrade(), b.downgrade()];
    drop((a, b));

    drop(model);

    assert!(weak.iter().all(|weak| weak.upgrade().is_none()));
}

#[test]
fn a_deleted_object_takes_no_more_values() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g");
    model.delete(&gauge).unwrap();
    assert_eq!(gauge.set("high", 3u64).unwrap_err().code(), "deleted");
}

#[test]
fn somebody_without_a_name_is_said_to_have_none() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g");
    let _hold = gauge.hold().unwrap();
    assert_eq!(
        model.delete(&gauge).unwrap_err().to_string(),
        "object 'g' is in use by somebody without a name"
    );
}
