//! Watching: every change is told once, in order, or said to be lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::prelude::*;
use qomet::{Diagnostics, Event, Glob, Model, Native, ObjectRef, Watch, WatchOptions};
use qomet_testkit::build;

fn watch(model: &Model) -> Watch {
    model.watch(WatchOptions::default(), || {})
}

fn events(watch: &Watch) -> Vec<Event> {
    std::iter::from_fn(|| watch.next()).collect()
}

/// One line each.
fn told(watch: &Watch) -> Vec<String> {
    events(watch).iter().map(tell).collect()
}

fn tell(event: &Event) -> String {
    match event {
        Event::Created { revision, path, type_name, .. } => format!("{revision} + {path} {type_name}"),
        Event::Deleted { revision, path, type_name } => format!("{revision} - {path} {type_name}"),
        Event::Changed { revision, path, property, value, .. } => {
            format!("{path}@{revision} {property} = {}", value.as_ref().map_or("?".to_owned(), show))
        }
        Event::Warned(warned) => format!("! {} {:?}", warned.code, warned.object),
        Event::Lost { count } => format!("lost {count}"),
        _ => "?".to_owned(),
    }
}

fn show(value: &Native<'_>) -> String {
    match value {
        Native::Uint(value) => value.to_string(),
        Native::Str(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_comes_goes_and_changes_is_told_in_order() {
    let model = build::model();
    let watch = watch(&model);
    let gauge = build::object(&model, "gauge", "g");
    let below = build::container(&model, &gauge, "below");
    gauge.set("level", 7u64).unwrap();
    drop(below);
    model.delete(&gauge).unwrap();
    assert_eq!(
        told(&watch),
        [
            "1 + /objects/g gauge",
            "2 + /objects/g/below container",
            "/objects/g@1 level = 7",
            "3 - /objects/g gauge",
            "3 - /objects/g/below container",
        ]
    );
}

#[test]
fn a_batch_is_one_change() {
    let model = build::model();
    let watch = watch(&model);
    let drafts = ["a", "b"].map(|id| build::draft(&model, "gauge", id, &[])).into();
    build::create(model.batch(drafts)).unwrap();
    assert_eq!(told(&watch), ["1 + /objects/a gauge", "1 + /objects/b gauge"]);
    assert_eq!(model.revision(), 1);
}

#[test]
fn every_way_to_set_is_seen() {
    let model = build::model();
    let (gauge, one) = (build::object(&model, "gauge", "g"), build::object(&model, "linked", "l"));
    let board = build::container(&model, model.root(), "board");
    board.add_alias("shown", &gauge, "level").unwrap();
    board.add_link("user", "who uses it", "linked", false, None).unwrap();
    let watch = watch(&model);
    gauge.set("level", 1u64).unwrap();
    gauge.handle("level").unwrap().set(2u64).unwrap();
    model.set(&gauge, "level", 3u64).unwrap();
    board.set("shown", 4u64).unwrap();
    model.set(&one, "live-peer", "/objects/l").unwrap();
    board.set("user", &one).unwrap();
    board.remove_extra("user");
    assert_eq!(
        told(&watch),
        [
            "/objects/g@1 level = 1",
            "/objects/g@2 level = 2",
            "/objects/g@3 level = 3",
            "/objects/g@4 level = 4",
            "/objects/l@1 live-peer = /objects/l",
            "/board@3 user = /objects/l",
            "/board@4 user = ?",
        ]
    );
}

#[test]
fn what_is_refused_is_not_told() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g");
    let watch = watch(&model);
    gauge.set("low", 1000u64).unwrap_err();
    gauge.set("level", 13u64).unwrap_err();
    model.create(build::draft(&model, "gauge", "g", &[])).unwrap_err();
    assert_eq!(told(&watch), Vec::<String>::new());
}

#[test]
fn nothing_is_told_to_who_does_not_want_it() {
    let model = build::model();
    let options = WatchOptions {
        paths: Some(Glob::of_paths("/objects/a*")),
        properties: Some(Glob::of_names("le*")),
        ..WatchOptions::default()
    };
    let watch = model.watch(options, || {});
    let (one, other) = (build::object(&model, "gauge", "a0"), build::object(&model, "gauge", "b0"));
    for object in [&one, &other] {
        object.set("level", 1u64).unwrap();
        object.set("high", 99u64).unwrap();
    }
    assert_eq!(told(&watch), ["1 + /objects/a0 gauge", "/objects/a0@1 level = 1"]);
}

#[test]
fn what_is_lost_is_counted_where_it_is_missing() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g");
    let watch = model.watch(WatchOptions { capacity: 2, ..WatchOptions::default() }, || {});
    for level in 1..=5u64 {
        gauge.set("level", level).unwrap();
    }
    let before = (watch.next().map(|event| tell(&event)), watch.next().map(|event| tell(&event)));
    assert_eq!(before.1.as_deref(), Some("/objects/g@2 level = 2"));
    gauge.set("level", 6u64).unwrap();
    assert_eq!(told(&watch), ["lost 3", "/objects/g@6 level = 6"]);
}

#[test]
fn long_values_leave_less_room_for_events() {
    let model = build::model();
    let object = build::object(&model, "note", "g");
    let watch = watch(&model);
    let long = "x".repeat(3 << 20);
    for _ in 0..3 {
        object.set("text", long.as_str()).unwrap();
    }
    let lengths =
        |events: Vec<Event>| -> Vec<usize> { events.iter().map(|event| tell(event).len()).collect() };
    let found = events(&watch);
    assert_eq!(found.len(), 2);
    assert!(lengths(found)[0] > long.len());
    // Whoever listens misses nothing.
    for _ in 0..2 {
        object.set("text", long.as_str()).unwrap();
        assert!(lengths(events(&watch))[0] > long.len());
    }
}

#[test]
fn who_is_woken_may_use_the_model_at_once() {
    let (model, woken) = (build::model(), Arc::new(AtomicUsize::new(0)));
    let (inside, count) = (model.clone(), woken.clone());
    let watch = model.watch(WatchOptions::default(), move || {
        count.fetch_add(1, Ordering::Relaxed);
        let object = inside.object("g").unwrap();
        object.set("step", 1u64).unwrap_err();
        object.read(|| object.get::<u64>("level").unwrap());
        assert!(inside.len() > 2);
    });
    let gauge = build::object(&model, "gauge", "g");
    gauge.set("level", 2u64).unwrap();
    assert_eq!(woken.load(Ordering::Relaxed), 1, "only when there was nothing before");
    assert_eq!(events(&watch).len(), 2);
    gauge.set("level", 3u64).unwrap();
    assert_eq!(woken.load(Ordering::Relaxed), 2);
}

#[test]
fn warnings_about_what_was_accepted_are_told() {
    let model = build::model();
    let watch = watch(&model);
    model.create(build::draft(&model, "step", "s", &[("warn", Native::Bool(true))])).unwrap();
    assert_eq!(told(&watch), ["1 + /objects/s step", "! deprecated Some(\"s\")"]);
}

#[test]
fn a_watcher_keeps_nothing_alive() {
    let (model, trace) = build::traced();
    let _watch = watch(&model);
    let step = build::object(&model, "step", "s");
    model.delete(&step).unwrap();
    drop(step);
    assert!(trace.take().contains(&"drop s".to_owned()));
}

#[test]
fn events_that_a_snapshot_has_are_skipped() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g");
    let watch = watch(&model);
    gauge.set("level", 1u64).unwrap();
    build::object(&model, "gauge", "h");
    let snapshot = model.snapshot(model.root(), usize::MAX);
    let read: Vec<(ObjectRef, u64)> =
        snapshot.objects.into_iter().map(|(_, object)| (object.clone(), object.revision())).collect();
    gauge.set("level", 2u64).unwrap();
    watch.skip_known(snapshot.revision, &read);
    assert_eq!(told(&watch), ["/objects/g@2 level = 2"]);
}

#[test]
fn a_snapshot_is_in_order_and_as_deep_as_asked() {
    let model = build::model();
    let top = build::container(&model, model.root(), "top");
    for name in ["a", "b"] {
        let child = build::container(&model, &top, name);
        build::container(&model, &child, "below");
    }
    let list = |depth| {
        let objects = model.snapshot(&top, depth).objects;
        objects.iter().map(|(level, object)| format!("{level} {}", object.path())).collect::<Vec<_>>()
    };
    assert_eq!(list(0), ["0 /top"]);
    assert_eq!(list(1), ["0 /top", "1 /top/a", "1 /top/b"]);
    assert_eq!(list(9), ["0 /top", "1 /top/a", "2 /top/a/below", "1 /top/b", "2 /top/b/below"]);
}

#[test]
fn objects_are_counted_as_deep_as_asked_and_no_further_than_wanted() {
    let model = build::model();
    let top = build::container(&model, model.root(), "top");
    for name in ["a", "b"] {
        let child = build::container(&model, &top, name);
        build::container(&model, &child, "below");
    }
    let gone = build::container(&model, &top, "gone");
    model.delete(&gone).unwrap();
    let deep = [0, 1, 2, usize::MAX].map(|depth| model.count(&top, depth, 100));
    assert_eq!(deep, [1, 3, 5, 5]);
    let far = [1, 2, 4, 5, 6].map(|most| model.count(&top, usize::MAX, most));
    assert_eq!(far, [1, 2, 4, 5, 5]);
}

#[test]
fn a_change_with_another_revision_than_expected_is_refused() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g");
    gauge.set("level", 1u64).unwrap();
    let set = |expected: u64| {
        let (native, mut report) = (Native::Uint(2), Diagnostics::new());
        let mut input = qomet::NativeInput::new(&native, &mut report);
        let done = model.set_from_if(&gauge, "level", &mut input, Some(expected)).unwrap();
        (done.is_ok(), report.take().iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(set(0), (false, vec!["the object is at revision 1, not 0 as expected".to_owned()]));
    assert_eq!((gauge.get::<u64>("level").unwrap(), gauge.revision()), (1, 1));
    assert_eq!(set(1), (true, vec![]));

    let create = |id: &str, expected: u64| {
        let mut batch = model.batch(vec![build::draft(&model, "gauge", id, &[])]);
        batch.expect_revision(expected);
        build::create(batch).map(|_| ()).map_err(|found| build::codes(&found))
    };
    assert_eq!(create("h", 0), Err(vec!["revision-changed"]));
    assert_eq!(create("h", 1), Ok(()));

    assert_eq!(model.delete_if(&gauge, Some(1)).unwrap_err().code(), "revision-changed");
    let child = build::container(&model, &gauge, "child");
    assert_eq!(model.delete_if(&gauge, Some(2)).unwrap_err().code(), "revision-changed");
    model.delete_if(&gauge, Some(3)).unwrap();
    assert!(child.is_deleted());
}

#[test]
fn of_many_with_one_revision_exactly_one_wins() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g");
    let wins: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4u64)
            .map(|who| {
                let (model, gauge) = (&model, &gauge);
                scope.spawn(move || {
                    let won = |round: u64| {
                        let (native, mut report) = (Native::Uint(who), Diagnostics::new());
                        let mut input = qomet::NativeInput::new(&native, &mut report);
                        let done = model.set_from_if(gauge, "level", &mut input, Some(round)).unwrap();
                        let _ = report.take();
                        done.is_ok()
                    };
                    (0..500)
                        .filter(|round| {
                            while gauge.revision() < *round {
                                std::hint::spin_loop();
                            }
                            won(*round)
                        })
                        .count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((wins, gauge.revision()), (500, 500));
}

/// What a watcher believes: paths, with the revision and value of `level`.
#[derive(Default, Debug, PartialEq)]
struct Belief(BTreeMap<String, (u64, u64)>);

impl Belief {
    fn look(model: &Model, watch: Option<&Watch>) -> Self {
        if let Some(watch) = watch {
            watch.clear();
        }
        let snapshot = model.snapshot(model.objects(), usize::MAX);
        let mut belief = Belief::default();
        let mut read = Vec::new();
        for (_, object) in snapshot.objects {
            let (level, revision) = object.read(|| object.get::<u64>("level").unwrap_or_default());
            belief.0.insert(object.path(), (revision, level));
            read.push((object, revision));
        }
        if let Some(watch) = watch {
            watch.skip_known(snapshot.revision, &read);
        }
        belief
    }

    /// Takes an event; false if events are missing.
    fn hear(&mut self, event: &Event) -> bool {
        match event {
            Event::Created { path, object, .. } => {
                let found = object.upgrade().map(|object| {
                    let (level, revision) = object.read(|| object.get::<u64>("level").unwrap_or_default());
                    (revision, level)
                });
                let twice = self.0.insert(path.clone(), found.unwrap_or_default());
                assert!(twice.is_none(), "{path} is told twice");
            }
            Event::Deleted { path, .. } => assert!(self.0.remove(path).is_some(), "{path} goes twice"),
            Event::Changed { path, revision, value: Some(Native::Uint(level)), .. } => {
                let known = self.0.get_mut(path).expect("a change of what is not there");
                // What was read when it was created may be newer.
                if *revision > known.0 {
                    assert_eq!(*revision, known.0 + 1, "a change of {path} is missing");
                    *known = (*revision, *level);
                }
            }
            Event::Lost { .. } => return false,
            _ => {}
        }
        true
    }
}

fn churn(model: &Model, who: usize, seed: u64, rounds: usize) {
    let mut random = seed.wrapping_add(who as u64) | 1;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for _ in 0..rounds {
        // Names are shared, so that paths are used again and the threads meet.
        let id = format!("o{}", next(4));
        match (model.object(&id), next(6)) {
            (Err(_), _) => {
                let _ = build::create(model.batch(vec![build::draft(model, "gauge", &id, &[])]));
            }
            (Ok(object), 0) => {
                let _ = model.delete(&object);
            }
            (Ok(object), _) => {
                let _ = object.set("level", 20 + next(70));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn replaying_events_over_a_snapshot_gives_what_is_there(seed: u64, capacity in prop_oneof![4..40usize, Just(1 << 20)]) {
        let model = build::model();
        churn(&model, 9, seed, 10);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..2).map(|who| { let model = &model; scope.spawn(move || churn(model, who, seed, 400)) }).collect();
            let watcher = scope.spawn(|| {
                let watch = model.watch(WatchOptions { capacity, ..WatchOptions::default() }, || {});
                let mut belief = Belief::look(&model, Some(&watch));
                let mut looks = 1;
                loop {
                    let last = done.load(Ordering::Acquire);
                    while let Some(event) = watch.next() {
                        if !belief.hear(&event) {
                            belief = Belief::look(&model, Some(&watch));
                            looks += 1;
                        }
                    }
                    if last {
                        return (belief, looks);
                    }
                }
            });
            for writer in writers {
                writer.join().unwrap();
            }
            done.store(true, Ordering::Release);
            let (belief, looks) = watcher.join().unwrap();
            assert_eq!(belief, Belief::look(&model, None));
            assert!(capacity < 1 << 20 || looks == 1, "nothing is lost where there is room");
        });
    }
}

#[test]
fn an_object_is_read_at_one_revision() {
    let model = build::model();
    let gauge = build::object(&model, "gauge", "g");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            // Revision r: low is r / 2 rounded up, high is 1000 + r / 2.
            gauge.set("high", 1_000_000u64).unwrap();
            for round in 1..=20_000u64 {
                gauge.set("low", round).unwrap();
                gauge.set("high", 1_000_000 + round).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        let mut seen = 0;
        while !done.load(Ordering::Acquire) || seen == 0 {
            let ((low, high), revision) =
                gauge.read(|| (gauge.get::<u64>("low").unwrap(), gauge.get::<u64>("high").unwrap()));
            if revision > 0 {
                assert_eq!((low, high), (revision / 2, 1_000_000 + (revision - 1) / 2));
            }
            seen += 1;
        }
        writer.join().unwrap();
    });
}
