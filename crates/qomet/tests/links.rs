//! Links: those that hold and those that let go, given by path or by object, fixed and live.

use qomet::{Native, ObjectRef};
use qomet_testkit::build;
use qomet_testkit::types::Linked;

fn linked(id: &str, model: &qomet::Model, property: &str, target: &str) -> qomet::Result<ObjectRef> {
    model.create(build::draft(model, "linked", id, &[(property, Native::Str(target.to_owned().into()))]))
}

#[test]
fn a_link_is_given_by_id_or_by_path() {
    let model = build::model();
    let target = build::object(&model, "linked", "t");
    for (id, path) in [("a", "t"), ("b", "/objects/t"), ("c", "objects/t")] {
        let object = linked(id, &model, "next", path).unwrap();
        let link = object.cast::<Linked>().unwrap().next().as_ref().unwrap().get().unwrap();
        assert!(link.is(&target));
        assert_eq!(object.get::<String>("next").unwrap(), "/objects/t");
    }
}

#[test]
fn an_empty_path_is_no_link() {
    let model = build::model();
    let object = linked("a", &model, "next", "").unwrap();
    assert!(object.cast::<Linked>().unwrap().next().is_none());
    assert_eq!(object.get::<String>("next").unwrap(), "");
}

#[test]
fn a_dangling_link_is_refused_with_the_nearest() {
    let model = build::model();
    build::object(&model, "linked", "target");
    let error = linked("a", &model, "next", "targt").unwrap_err();
    assert_eq!(error.to_string(), "property 'next' of linked names 'targt', which does not exist");
    assert_eq!(model.len(), 3);
}

#[test]
fn a_link_to_another_type_is_refused_with_both_types() {
    let model = build::model();
    build::object(&model, "note", "n");
    let error = linked("a", &model, "next", "n").unwrap_err();
    assert_eq!(error.to_string(), "property 'next' of linked takes a linked, but 'n' is a note");
}

#[test]
fn a_link_that_holds_keeps_its_target() {
    let model = build::model();
    let target = build::object(&model, "linked", "t");
    let user = linked("u", &model, "next", "t").unwrap();
    let refused = model.delete(&target).unwrap_err();
    assert_eq!(refused.to_string(), "object 't' is in use by '/objects/u'");
    model.delete(&user).unwrap();
    drop(user);
    model.delete(&target).unwrap();
}

#[test]
fn a_list_of_links_holds_each_as_often_as_it_names_it() {
    let model = build::model();
    let target = build::object(&model, "linked", "t");
    let many = Native::List(vec![Native::Str("t".into()), Native::Str("t".into())]);
    let user = model.create(build::draft(&model, "linked", "u", &[("many", many)])).unwrap();
    assert_eq!(model.delete(&target).unwrap_err().code(), "in-use");
    model.delete(&user).unwrap();
    drop(user);
    model.delete(&target).unwrap();
}

#[test]
fn a_weak_link_lets_go() {
    let model = build::model();
    let target = build::object(&model, "linked", "t");
    let user = linked("u", &model, "peer", "t").unwrap();
    assert_eq!(user.get::<String>("peer").unwrap(), "/objects/t");
    model.delete(&target).unwrap();
    assert!(user.cast::<Linked>().unwrap().peer().as_ref().unwrap().get().is_none());
    assert_eq!(user.get::<String>("peer").unwrap(), "");
}

#[test]
fn a_live_link_moves_its_hold() {
    let model = build::model();
    let [user, first, second] = ["u", "a", "b"].map(|id| build::object(&model, "linked", id));
    user.set("live-next", &first).unwrap();
    assert_eq!(model.delete(&first).unwrap_err().code(), "in-use");
    user.set("live-next", &second).unwrap();
    model.delete(&first).unwrap();
    assert_eq!(model.delete(&second).unwrap_err().to_string(), "object 'b' is in use by '/objects/u'");
    user.set("live-next", "").unwrap();
    model.delete(&second).unwrap();
    assert_eq!(user.revision(), 3);
}

#[test]
fn a_live_link_checks_its_target() {
    let model = build::model();
    let (user, note) = (build::object(&model, "linked", "u"), build::object(&model, "note", "n"));
    let error = user.set("live-next", &note).unwrap_err();
    assert_eq!(error.to_string(), "property 'live-next' of linked takes a linked, but 'n' is a note");
    assert_eq!((user.get::<String>("live-next").unwrap(), user.revision()), (String::new(), 0));
}

#[test]
fn a_live_link_does_not_hold_what_was_deleted() {
    let model = build::model();
    let (user, target) = (build::object(&model, "linked", "u"), build::object(&model, "linked", "t"));
    model.delete(&target).unwrap();
    assert_eq!(user.set("live-next", &target).unwrap_err().code(), "deleted");
    assert_eq!(user.get::<String>("live-next").unwrap(), "");
}

#[test]
fn a_live_link_given_by_path_is_looked_up_by_the_model() {
    let model = build::model();
    let (user, target) = (build::object(&model, "linked", "u"), build::object(&model, "linked", "target"));
    model.set(&user, "live-next", "target").unwrap();
    assert!(user.cast::<Linked>().unwrap().live_next().unwrap().get().unwrap().is(&target));
    assert_eq!(model.delete(&target).unwrap_err().code(), "in-use");
    let missed = model.set(&user, "live-next", "targt").unwrap_err();
    assert_eq!(missed.problem().suggestion().as_deref(), Some("target"));
    assert_eq!(missed.about().property.as_deref(), Some("live-next"));
    model.set(&user, "live-next", "").unwrap();
    model.delete(&target).unwrap();
}

#[test]
fn without_a_model_a_path_is_no_link() {
    let model = build::model();
    let (user, _) = (build::object(&model, "linked", "u"), build::object(&model, "linked", "t"));
    assert!(user.set("live-next", "t").is_err());
    assert_eq!((user.get::<String>("live-next").unwrap(), user.revision()), (String::new(), 0));
}

#[test]
fn a_live_weak_link_lets_go() {
    let model = build::model();
    let (user, target) = (build::object(&model, "linked", "u"), build::object(&model, "linked", "t"));
    user.set("live-peer", &target).unwrap();
    model.delete(&target).unwrap();
    assert_eq!(user.get::<String>("live-peer").unwrap(), "");
}

#[test]
fn links_are_components_of_paths() {
    let model = build::model();
    let target = build::object(&model, "linked", "t");
    let middle = linked("m", &model, "next", "t").unwrap();
    let user = linked("u", &model, "next", "m").unwrap();
    let found =
        ["/objects/u/next", "/objects/u/next/next", "u/next/next"].map(|path| model.resolve(path).unwrap());
    assert!(found[0].is(&middle) && found[1].is(&target) && found[2].is(&target));
    // What a link leads to has children too.
    user.set("live-next", &middle).unwrap();
    let child = build::container(&model, &middle, "inside");
    assert!(model.resolve("/objects/u/live-next/inside").unwrap().is(&child));
    assert_eq!(model.resolve("/objects/u/peer").unwrap_err().code(), "not-found");
}

#[test]
fn every_link_is_shown_with_its_property() {
    let model = build::model();
    build::object(&model, "linked", "t");
    let user = linked("u", &model, "peer", "t").unwrap();
    let mut seen = Vec::new();
    user.links(&mut |property, link| seen.push((property.to_owned(), link.target_type(), link.holds())));
    assert_eq!(seen, [("peer".to_owned(), "linked", false)]);
}

#[test]
fn an_id_is_a_string_that_stays_when_the_object_goes() {
    let model = build::model();
    let target = build::object(&model, "linked", "t");
    let object = linked("a", &model, "named", "t").unwrap();
    let named = object.cast::<Linked>().unwrap().named().as_ref().unwrap();
    assert!(named.get().is_some_and(|found| found.is(&target)));

    model.delete(&target).unwrap();

    assert!(named.get().is_none());
    assert_eq!(object.get::<String>("named").unwrap(), "t");
}

#[test]
fn an_id_that_nobody_has_is_refused() {
    let error = linked("a", &build::model(), "named", "nobody").unwrap_err();
    assert_eq!(
        error.to_string(),
        "property 'named' of linked names 'nobody', which no object has for its id"
    );
}

#[test]
fn a_path_is_no_id() {
    let model = build::model();
    build::object(&model, "linked", "t");
    let mut draft = model.draft("linked").unwrap();
    assert_eq!(draft.set("named", "/objects/t").unwrap_err().code(), "invalid-id");
}

#[test]
fn an_id_of_another_type_is_refused_with_both_types() {
    let model = build::model();
    build::object(&model, "note", "n");
    let error = linked("a", &model, "named", "n").unwrap_err();
    assert_eq!(error.to_string(), "property 'named' of linked takes a linked, but 'n' is a note");
}
