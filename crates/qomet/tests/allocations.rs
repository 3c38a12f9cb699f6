//! How often memory is allocated. Counted for this thread only, so other tests do not disturb.

use allocation_counter::measure;
use qomet_testkit::build;
use qomet_testkit::types::Everything;

#[test]
fn a_scalar_get_allocates_nothing() {
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    let handle = object.handle("live-number").unwrap();
    let counted = measure(|| {
        assert_eq!(object.get::<u64>("uint64").unwrap(), 64);
        assert!(object.get::<bool>("flag").unwrap());
        assert_eq!(object.get::<i64>("int8").unwrap(), -8);
        assert_eq!(object.get::<u64>("sum").unwrap(), 65);
        assert_eq!(object.get::<std::borrow::Cow<'_, str>>("text").unwrap(), "text");
        assert_eq!(handle.get::<u64>().unwrap(), 1);
        assert_eq!(object.cast::<Everything>().unwrap().live_number(), 1);
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_scalar_set_allocates_nothing() {
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    let handle = object.handle("live-number").unwrap();
    let counted = measure(|| {
        object.set("live-number", 5u64).unwrap();
        object.set("live-flag", true).unwrap();
        object.set("live-bounded", 3i8).unwrap();
        object.set("live-flavour", "black-currant").unwrap();
        handle.set(6u64).unwrap();
    });
    assert_eq!(counted.count_total, 0);
    assert_eq!(object.revision(), 5);
}

#[test]
fn finding_an_object_by_its_path_allocates_nothing() {
    let model = build::model();
    let note = build::object(&model, "note", "n");
    let counted = measure(|| {
        assert!(model.resolve("/objects/n").unwrap().is(&note));
        assert!(model.resolve("n").unwrap().is(&note));
        assert!(model.object("n").unwrap().is(&note));
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn an_object_takes_two_allocations_beside_its_strings() {
    const COUNT: usize = 10_000;
    let ids: Vec<String> = (0..COUNT).map(|number| format!("object{number}")).collect();
    for kind in ["level-5", "sized-168", "gauge"] {
        let model = build::model();
        let counted = measure(|| {
            let drafts = ids.iter().map(|id| build::draft(&model, kind, id, &[])).collect();
            drop(build::create(model.batch(drafts)).unwrap());
        });
        let each = counted.count_total as f64 / COUNT as f64;
        assert!(each <= 2.02, "{kind}: {each}");
    }
}

#[test]
fn nothing_is_left_when_a_model_is_dropped() {
    let registry = std::sync::Arc::new(qomet_testkit::registry());
    let counted = measure(|| {
        let model = qomet::Model::new(registry.clone());
        let drafts =
            (0..100).map(|number| build::draft(&model, "everything", &format!("e{number}"), &[])).collect();
        let objects = build::create(model.batch(drafts)).unwrap();
        objects[0].set("live-text", "text").unwrap();
        model.delete(&objects[1]).unwrap();
        build::container(&model, model.root(), "x[*]");
    });
    // ArcSwap keeps a few words for each thread.
    assert!(counted.bytes_current < 1_000, "{} bytes", counted.bytes_current);
}
