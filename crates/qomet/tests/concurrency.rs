//! Threads that read, list, resolve and set while others add and delete: nothing that is there is missed, nothing
//! that is gone is found. Bounded by counts, not by time.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use qomet::{Model, ObjectRef};
use qomet_testkit::build;
use qomet_testkit::types::Linked;

const ROUNDS: usize = 400;
const KEPT: usize = 20;

/// Adds and deletes objects of its own, so that generations are renewed all the time.
fn churn(model: &Model, who: usize) {
    for round in 0..ROUNDS {
        let ids: Vec<String> = (0..5).map(|number| format!("churn{who}-{}", round * 5 + number)).collect();
        let drafts = ids.iter().map(|id| build::draft(model, "linked", id, &[])).collect();
        let objects = build::create(model.batch(drafts)).unwrap();
        for (id, object) in ids.iter().zip(&objects) {
            assert!(model.resolve(&format!("/objects/{id}")).unwrap().is(object));
            assert!(model.resolve(id).unwrap().is(object));
        }
        let below = model.add::<Linked>(&objects[0], "x[*]", |_| Ok(())).unwrap();
        assert_eq!(below.name(), "x[0]");
        assert_eq!(model.children(&objects[0]).len(), 1);
        for (id, object) in ids.iter().zip(&objects) {
            model.delete(object).unwrap();
            assert!(model.resolve(&format!("/objects/{id}")).is_err());
            assert!(model.resolve(id).is_err());
        }
        assert!(below.is_deleted());
    }
}

/// Everything that is never deleted is there, however one asks.
fn look(model: &Model, kept: &[ObjectRef], done: &AtomicBool) {
    let mut rounds = 0;
    while !done.load(Ordering::Acquire) || rounds < 10 {
        rounds += 1;
        let listed = model.children(model.objects());
        let names: HashSet<&str> = listed.iter().map(ObjectRef::name).collect();
        assert_eq!(names.len(), listed.len(), "an object is listed twice");
        for (number, object) in kept.iter().enumerate() {
            assert!(names.contains(object.name()), "{} is not listed", object.name());
            let (absolute, partial) = (format!("/objects/kept{number}"), format!("kept{number}"));
            assert!(model.resolve(&absolute).unwrap().is(object));
            assert!(model.resolve(&partial).unwrap().is(object));
            assert_eq!(object.path(), absolute);
            // Through a link, and on to a child of what it leads to.
            let next = &kept[(number + 1) % KEPT];
            assert!(model.resolve(&format!("{absolute}/live-peer")).unwrap().is(next));
            assert_eq!(
                model.resolve(&format!("{absolute}/live-peer/inside")).unwrap().parent().unwrap().name(),
                next.name()
            );
            assert_eq!(model.children(object).len(), 1);
        }
        let order: Vec<&str> =
            listed.iter().map(ObjectRef::name).filter(|name| name.starts_with("kept")).collect();
        assert!(order.iter().zip(kept).all(|(name, object)| *name == object.name()), "{order:?}");
    }
}

#[test]
fn readers_see_all_that_stays_while_others_come_and_go() {
    let model = build::model();
    let kept: Vec<ObjectRef> =
        (0..KEPT).map(|number| build::object(&model, "linked", &format!("kept{number}"))).collect();
    for (number, object) in kept.iter().enumerate() {
        object.set("live-peer", &kept[(number + 1) % KEPT]).unwrap();
        build::container(&model, object, "inside");
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers = [(); 2].map(|()| scope.spawn(|| look(&model, &kept, &done)));
        let writers = [0, 1].map(|who| {
            let model = &model;
            scope.spawn(move || churn(model, who))
        });
        let wrote = writers.map(|writer| writer.join().is_ok());
        done.store(true, Ordering::Release);
        assert_eq!((wrote, readers.map(|reader| reader.join().is_ok())), ([true; 2], [true; 2]));
    });
    assert_eq!(model.len(), 2 + 2 * KEPT);
}

#[test]
fn no_set_is_lost_and_no_text_is_torn() {
    const SETS: u64 = 3_000;
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    std::thread::scope(|scope| {
        for who in 0..3u64 {
            let object = &object;
            scope.spawn(move || {
                for number in 0..SETS {
                    object.set("live-number", who * SETS + number).unwrap();
                    let letter = char::from(b'a' + u8::try_from(who).unwrap());
                    object
                        .set(
                            "live-text",
                            letter.to_string().repeat(1 + usize::try_from(number % 50).unwrap()),
                        )
                        .unwrap();
                    let text: String = object.get("live-text").unwrap();
                    let first = text.chars().next().unwrap();
                    assert!(text.chars().all(|c| c == first), "{text}");
                    assert!(object.get::<u64>("live-number").unwrap() < 3 * SETS);
                }
            });
        }
    });
    assert_eq!(object.revision(), 3 * 2 * SETS);
}

#[test]
fn a_rule_across_properties_holds_however_threads_set() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g0");
    std::thread::scope(|scope| {
        for (property, seed) in [("low", 3u64), ("high", 7), ("low", 11)] {
            let gauge = &gauge;
            scope.spawn(move || {
                for number in 0..2_000u64 {
                    let _ = gauge.set(property, (number * seed) % 101);
                }
            });
        }
    });
    assert!(gauge.get::<u64>("low").unwrap() <= gauge.get::<u64>("high").unwrap());
}

#[test]
fn of_a_hold_and_a_deletion_one_wins() {
    let model = build::model();
    for round in 0..1_000 {
        let target = build::object(&model, "linked", "t");
        let user = build::object(&model, "linked", "u");
        // Both start at once, as nearly as can be; who is first is moved a little from round to round.
        let ready = AtomicUsize::new(0);
        let start = |delay: usize| {
            ready.fetch_add(1, Ordering::AcqRel);
            while ready.load(Ordering::Acquire) < 2 {
                std::thread::yield_now();
            }
            (0..delay).for_each(|_| std::hint::spin_loop());
        };
        let (held, deleted) = std::thread::scope(|scope| {
            let hold = scope.spawn(|| {
                start(round % 50);
                user.set("live-next", &target).is_ok()
            });
            start(0);
            let deleted = model.delete(&target).is_ok();
            (hold.join().unwrap(), deleted)
        });
        assert!(held != deleted, "round {round}: held {held}, deleted {deleted}");
        assert_eq!(target.is_deleted(), deleted);
        model.delete(&user).unwrap();
        drop(user);
        if !deleted {
            model.delete(&target).unwrap();
        }
    }
    assert!(model.is_empty());
}

#[test]
fn an_id_goes_to_one_of_those_who_want_it() {
    let model = build::model();
    for round in 0..300 {
        let made: usize = std::thread::scope(|scope| {
            let threads = [(); 3]
                .map(|()| scope.spawn(|| model.create(build::draft(&model, "note", "n", &[])).is_ok()));
            threads.map(|thread| usize::from(thread.join().unwrap())).iter().sum()
        });
        assert_eq!((made, model.len()), (1, 3), "round {round}");
        model.delete(&model.object("n").unwrap()).unwrap();
    }
}

#[test]
fn a_listing_sees_a_batch_whole_or_not_at_all() {
    const BATCHES: usize = 40;
    const EACH: usize = 250;
    let model = build::model();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while seen < BATCHES * EACH {
                seen = model.children(model.objects()).len();
                assert_eq!(seen % EACH, 0, "part of a batch was listed");
            }
        });
        for batch in 0..BATCHES {
            let drafts =
                (0..EACH).map(|at| build::draft(&model, "gauge", &format!("g{batch}-{at}"), &[])).collect();
            build::create(model.batch(drafts)).unwrap();
        }
        reader.join().unwrap();
    });
}
