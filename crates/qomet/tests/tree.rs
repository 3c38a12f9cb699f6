//! The tree: children in order, canonical, absolute and partial paths, `name[*]`.

use qomet::{Container, Model, ObjectRef};
use qomet_testkit::build;

fn names(model: &Model, parent: &ObjectRef) -> Vec<String> {
    model.children(parent).iter().map(|child| child.name().to_owned()).collect()
}

fn add(model: &Model, parent: &ObjectRef, name: &str) -> String {
    build::container(model, parent, name).name().to_owned()
}

#[test]
fn children_come_in_the_order_in_which_they_were_added() {
    let model = build::model();
    for name in ["z", "a", "m"] {
        add(&model, model.objects(), name);
    }
    assert_eq!(names(&model, model.objects()), ["z", "a", "m"]);
    assert_eq!(names(&model, model.root()), ["objects"]);
    model.delete(&model.object("a").unwrap()).unwrap();
    add(&model, model.objects(), "a");
    assert_eq!(names(&model, model.objects()), ["z", "m", "a"]);
}

#[test]
fn an_object_knows_its_path_and_is_found_by_it() {
    let model = build::model();
    let a = build::container(&model, model.root(), "a");
    let b = build::container(&model, &a, "b c");
    assert_eq!(
        [model.root(), model.objects(), &a, &b].map(ObjectRef::path),
        ["/", "/objects", "/a", "/a/b c"]
    );
    for path in ["/a/b c", "//a//b c/", "/a/b c//"] {
        assert!(model.resolve(path).unwrap().is(&b), "{path}");
    }
    assert!(model.resolve("/").unwrap().is(model.root()));
    assert!(b.parent().unwrap().is(&a));
}

#[test]
fn deep_paths_are_whole() {
    let model = build::model();
    let mut at = model.root().clone();
    let mut expected = String::new();
    for number in 0..30 {
        at = build::container(&model, &at, &format!("level{number}"));
        expected.push_str(&format!("/level{number}"));
        assert_eq!(at.path(), expected);
        assert!(model.resolve(&expected).unwrap().is(&at));
    }
}

#[test]
fn what_is_not_there_is_not_found_with_the_nearest() {
    let model = build::model();
    build::object(&model, "note", "printer");
    let missed = model.resolve("/objects/pinter").unwrap_err();
    assert_eq!(missed.to_string(), "there is no object '/objects/pinter'");
    assert_eq!(missed.problem().suggestion().as_deref(), Some("printer"));
    assert_eq!(missed.problem().class(), qomet::ErrorClass::DeviceNotFound);
    for path in ["/nobody", "/objects/printer/x", "nobody", "printer/x", "/Objects"] {
        assert_eq!(model.resolve(path).unwrap_err().code(), "not-found", "{path}");
    }
}

#[test]
fn a_partial_path_is_enough_if_only_one_object_fits() {
    let model = build::model();
    let a = build::container(&model, model.root(), "a");
    let b = build::container(&model, model.root(), "b");
    let in_a = build::container(&model, &a, "x");
    let in_b = build::container(&model, &b, "x");
    let one = build::container(&model, &in_b, "only");
    assert!(model.resolve("only").unwrap().is(&one));
    assert!(model.resolve("x/only").unwrap().is(&one));
    assert!(model.resolve("a/x").unwrap().is(&in_a));
    assert!(model.resolve("b/x").unwrap().is(&in_b));
}

#[test]
fn an_ambiguous_path_lists_the_candidates_in_order() {
    let model = build::model();
    for name in ["a", "b", "c", "d"] {
        let parent = build::container(&model, model.root(), name);
        add(&model, &parent, "x");
    }
    let error = model.resolve("x").unwrap_err();
    assert_eq!(error.to_string(), "path 'x' is ambiguous: '/a/x', '/b/x', '/c/x', '/d/x'");
    model.delete(&model.resolve("/b/x").unwrap()).unwrap();
    assert_eq!(model.resolve("x").unwrap_err().to_string(), "path 'x' is ambiguous: '/a/x', '/c/x', '/d/x'");
    for path in ["/a/x", "/d/x"] {
        model.delete(&model.resolve(path).unwrap()).unwrap();
    }
    assert_eq!(model.resolve("x").unwrap().path(), "/c/x");
}

#[test]
fn a_path_that_leads_to_one_object_by_several_ways_is_not_ambiguous() {
    let model = build::model();
    let target = build::object(&model, "linked", "t");
    for name in ["a", "b", "c"] {
        let parent = build::container(&model, model.root(), name);
        let user = model.add::<qomet_testkit::types::Linked>(&parent, "u", |_| Ok(())).unwrap();
        user.set("live-next", &target).unwrap();
    }
    assert!(model.resolve("u/live-next").unwrap().is(&target));
}

#[test]
fn a_name_is_taken_once_below_one_parent() {
    let model = build::model();
    let a = build::container(&model, model.root(), "a");
    add(&model, &a, "x");
    let taken = model.add::<Container>(&a, "x", |_| Ok(())).unwrap_err();
    assert_eq!(taken.to_string(), "the id 'x' is already used");
    assert_eq!(add(&model, model.root(), "x"), "x");
    assert_eq!(names(&model, &a), ["x"]);
}

#[test]
fn a_wildcard_gets_the_lowest_free_index() {
    let model = build::model();
    let a = build::container(&model, model.root(), "a");
    let add = |name: &str| add(&model, &a, name);
    assert_eq!(["x[*]", "x[*]", "x[*]", "y[*]"].map(add), ["x[0]", "x[1]", "x[2]", "y[0]"]);
    for path in ["/a/x[1]", "/a/x[0]"] {
        model.delete(&model.resolve(path).unwrap()).unwrap();
    }
    assert_eq!(["x[*]", "x[*]", "x[*]"].map(add), ["x[0]", "x[1]", "x[3]"]);
}

#[test]
fn a_wildcard_passes_over_names_that_were_given_by_hand() {
    let model = build::model();
    let a = build::container(&model, model.root(), "a");
    let add = |name: &str| add(&model, &a, name);
    assert_eq!(
        ["x[1]", "x[3]", "x[*]", "x[*]", "x[*]", "x[*]"].map(add),
        ["x[1]", "x[3]", "x[0]", "x[2]", "x[4]", "x[5]"]
    );
    model.delete(&model.resolve("/a/x[3]").unwrap()).unwrap();
    assert_eq!(["x[3]", "x[*]"].map(add), ["x[3]", "x[6]"]);
    model.delete(&model.resolve("/a/x[3]").unwrap()).unwrap();
    assert_eq!(["x[*]", "x[*]"].map(add), ["x[3]", "x[7]"]);
}

#[test]
fn a_wildcard_starts_anew_below_a_new_parent_of_the_same_name() {
    let model = build::model();
    for _ in 0..3 {
        let a = build::container(&model, model.root(), "a");
        assert_eq!(add(&model, &a, "x[*]"), "x[0]");
        assert_eq!(add(&model, &a, "x[*]"), "x[1]");
        model.delete(&a).unwrap();
    }
}

#[test]
fn coming_and_going_many_times_leaves_nothing_behind() {
    let model = build::model();
    let keeper = build::container(&model, model.root(), "keeper");
    for round in 0..2_000 {
        let one = build::object(&model, "note", "n");
        let two = build::container(&model, &keeper, "x[*]");
        assert_eq!(two.name(), "x[0]");
        assert!(model.resolve("/objects/n").unwrap().is(&one), "{round}");
        assert!(model.resolve("n").unwrap().is(&one));
        assert_eq!((model.len(), names(&model, model.objects()).len()), (5, 1));
        model.delete(&one).unwrap();
        model.delete(&two).unwrap();
        assert!(model.resolve("n").is_err());
    }
    assert_eq!(model.len(), 3);
}

#[test]
fn the_revision_counts_what_comes_and_goes() {
    let model = build::model();
    let before = model.revision();
    let a = build::container(&model, model.root(), "a");
    assert_eq!(model.revision(), before + 1);
    model.delete(&a).unwrap();
    assert_eq!(model.revision(), before + 2);
    let _ = model.resolve("a");
    assert_eq!(model.revision(), before + 2);
}

#[test]
fn models_know_nothing_of_each_other() {
    let (first, second) = (build::model(), build::model());
    build::object(&first, "note", "n");
    assert!(second.object("n").is_err());
    build::object(&second, "note", "n");
    assert_eq!((first.len(), second.len()), (3, 3));
}
