//! Paths, links, adding and removing, with 1,000 and with 100,000 objects around.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use qomet::{Container, Model, ObjectRef};
use qomet_testkit::build;
use qomet_testkit::measure::{Goal, Report};

use super::bare::Level;

const SIZES: [usize; 2] = [1_000, 100_000];

pub(super) fn measure(report: &mut Report) {
    let mut absolute = Vec::new();
    for count in SIZES {
        let forest = Forest::of(count);
        absolute.push(forest.paths(report));
        forest.links(report);
    }
    let growth = absolute[1] / absolute[0];
    let goal = "≤ 1.60×";
    report.push(
        "absolute path, growth 1,000 → 100,000",
        "",
        "",
        format!("{growth:.2}×"),
        goal,
        Some(growth <= 1.6),
    );
    for count in SIZES {
        remove(report, count);
    }
    drop_container(report, 10_000, 2e6, Some(1e6), 5);
    drop_container(report, 1_000_000, 3e8, None, 3);
    wildcards(report);
    add(report);
}

struct Forest {
    model: Model,
    objects: Vec<ObjectRef>,
    bare: Level,
    count: usize,
}

fn name(number: usize) -> String {
    format!("obj{number:06}")
}

/// Calls with the numbers of objects in an order that caches do not like.
struct Walk {
    at: usize,
    count: usize,
}

impl Walk {
    fn next(&mut self) -> usize {
        self.at = (self.at + 7919) % self.count;
        self.at
    }
}

impl Forest {
    fn of(count: usize) -> Self {
        let model = build::model();
        let drafts = (0..count).map(|number| build::draft(&model, "linked", &name(number), &[])).collect();
        let objects = build::create(model.batch(drafts)).unwrap();
        Forest { model, objects, bare: Level::of(count), count }
    }

    /// A few names all over the tree; few, so that it is not the memory that is measured.
    fn names(&self, prefix: &str) -> Vec<String> {
        (0..64).map(|at| format!("{prefix}{}", name(at * 7919 % self.count))).collect()
    }

    fn paths(&self, report: &mut Report) -> f64 {
        let Forest { model, objects, bare, count } = self;
        let (absolute, partial) = (self.names("/objects/"), self.names(""));
        let root: std::collections::HashMap<String, Arc<Level>, foldhash::fast::RandomState> =
            [("objects".to_owned(), Arc::new(Level::default()))].into_iter().collect();
        let mut walks = [0usize; 5];
        let mut step = |which: usize| {
            walks[which] = (walks[which] + 1) % 64;
            walks[which]
        };
        let picks: Vec<usize> = (0..64).map(|_| 0).collect();
        drop(picks);
        let mut at = 0;
        let mut other = 0;
        let best = report.compare(
            &format!("absolute path, depth 2, {count} objects; anchor: a hash map a level"),
            Goal::of_limit(60.0, 55.0),
            || {
                at = (at + 1) & 63;
                drop(black_box(model.resolve(black_box(&absolute[at])).unwrap()));
            },
            || {
                other = (other + 1) & 63;
                let path = black_box(&absolute[other]);
                let mut parts = path.split('/').skip(1);
                black_box(root.get(parts.next().unwrap()).unwrap());
                drop(black_box(bare.children.get(parts.next().unwrap()).unwrap().clone()));
            },
        );
        report.compare(
            &format!("partial path, {count} objects; anchor: one hash map"),
            Goal::at_most(120.0),
            || drop(black_box(model.resolve(black_box(&partial[step(0)])).unwrap())),
            || {
                other = (other + 1) & 63;
                drop(black_box(bare.children.get(black_box(&partial[other])).unwrap().clone()));
            },
        );
        let some: Vec<&ObjectRef> = (0..64).map(|at| &objects[at * 7919 % count]).collect();
        let mut at = 0;
        report.compare(
            &format!("canonical path, {count} siblings; anchor: two strings joined"),
            Goal::of_limit(70.0, 45.0),
            || {
                at = (at + 1) & 63;
                drop(black_box(black_box(some[at]).path()));
            },
            || {
                other = (other + 1) & 63;
                let name = black_box(&partial[other]);
                let mut path = String::with_capacity(name.len() + 9);
                path.push('/');
                path.push_str(black_box("objects"));
                path.push('/');
                path.push_str(name);
                drop(black_box(path));
            },
        );
        best
    }

    fn links(&self, report: &mut Report) {
        let Forest { objects, count, .. } = self;
        let (object, targets) = (&objects[0], [objects[1].clone(), objects[count - 1].clone()]);
        let slot: parking_lot::Mutex<Option<Arc<u64>>> = parking_lot::Mutex::new(None);
        let values = [Arc::new(1), Arc::new(2)];
        let (mut at, mut other) = (0, 0);
        report.compare(
            &format!("set a link, {count} objects; anchor: a counted pointer under a mutex"),
            Goal::at_most(100.0),
            || {
                at ^= 1;
                black_box(object).set(black_box("live-next"), black_box(&targets[at])).unwrap();
            },
            || {
                other ^= 1;
                *black_box(&slot).lock() = Some(black_box(&values[other]).clone());
            },
        );
    }
}

/// Removes a thousand children from all over.
fn remove(report: &mut Report, count: usize) {
    const REMOVED: usize = 500;
    let ours = || {
        let model = build::model();
        let parent = build::container(&model, model.root(), "box");
        let children: Vec<ObjectRef> =
            (0..count).map(|number| build::container(&model, &parent, &name(number))).collect();
        let mut walk = Walk { at: 0, count };
        let mut picked: Vec<ObjectRef> = (0..REMOVED).map(|_| children[walk.next()].clone()).collect();
        drop(children);
        let start = Instant::now();
        for child in picked.drain(..) {
            model.delete(&child).unwrap();
        }
        start.elapsed()
    };
    let anchor = || {
        let mut level = Level::of(count);
        let mut walk = Walk { at: 0, count };
        let names: Vec<String> = (0..REMOVED).map(|_| name(walk.next())).collect();
        let start = Instant::now();
        for name in &names {
            drop(black_box(level.children.remove(name)));
        }
        start.elapsed()
    };
    report.rounds(
        &format!("remove a child, {count} siblings; anchor: out of a hash map and dropped"),
        Goal::of_limit(150.0, 100.0),
        REMOVED as f64,
        if count > 10_000 { 5 } else { 25 },
        ours,
        anchor,
    );
}

fn drop_container(report: &mut Report, count: usize, target: f64, limit: Option<f64>, rounds: usize) {
    let ours = || {
        let model = build::model();
        let parent = build::container(&model, model.root(), "box");
        for number in 0..count {
            build::container(&model, &parent, &name(number));
        }
        let start = Instant::now();
        model.delete(&parent).unwrap();
        drop(parent);
        start.elapsed()
    };
    let anchor = || {
        let level = Level::of(count);
        let start = Instant::now();
        drop(black_box(level));
        start.elapsed()
    };
    let what = format!("drop a container of {count} children; anchor: a hash map of counted pointers");
    report.rounds(&what, Goal { target, limit }, 1.0, rounds, ours, anchor);
}

fn wildcards(report: &mut Report) {
    const COUNT: usize = 10_000;
    let ours = || {
        let model = build::model();
        let start = Instant::now();
        for _ in 0..COUNT {
            model.add::<Container>(model.objects(), "child[*]", |_| Ok(())).unwrap();
        }
        let took = start.elapsed();
        drop(model);
        took
    };
    let anchor = || {
        let mut level = Level::default();
        let start = Instant::now();
        for number in 0..COUNT {
            level.children.insert(format!("child[{number}]"), Arc::new([0; 64]));
        }
        start.elapsed()
    };
    let what = "10,000 children name[*]; anchor: numbered names into a hash map";
    report.rounds(what, Goal::at_most(3e6), 1.0, 9, ours, anchor);
}

/// Not in the table of targets, but what everything else stands on.
fn add(report: &mut Report) {
    let timed = |count: usize| -> Duration {
        let model = build::model();
        let drafts: Vec<_> =
            (0..count).map(|number| build::draft(&model, "level-5", &name(number), &[])).collect();
        let batch = model.batch(drafts);
        let start = Instant::now();
        let objects = build::create(batch).unwrap();
        let took = start.elapsed();
        drop((objects, model));
        took
    };
    for count in SIZES {
        let anchor = || {
            let start = Instant::now();
            let level = Level::of(count);
            let took = start.elapsed();
            drop(level);
            took
        };
        let what = format!("draft → object in the tree, batch of {count}; anchor: into a hash map");
        report.rounds(&what, Goal::at_most(600.0), count as f64, 5, || timed(count), anchor);
    }
}
