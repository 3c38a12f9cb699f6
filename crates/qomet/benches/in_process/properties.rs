//! Reading, setting and finding properties of one object; drafts; refusals.

use std::borrow::Cow;
use std::hint::black_box;

use qomet::{ObjectType as _, Output, TextOutput};
use qomet_testkit::build;
use qomet_testkit::measure::{Goal, Report};
use qomet_testkit::types::{Everything, Gauge, Level1, Level5, Measure};

use super::bare;

const TEXT: &str = "a string of nineteen";

/// A sink that only looks at what it is given.
struct Length(usize);

impl Output for Length {
    fn boolean(&mut self, _: bool) {}
    fn int64(&mut self, _: i64) {}
    fn uint64(&mut self, _: u64) {}
    fn size(&mut self, _: u64) {}
    fn number(&mut self, _: f64) {}
    fn string(&mut self, value: &str) {
        self.0 += black_box(value).len();
    }
    fn null(&mut self) {}
    fn begin_struct(&mut self) {}
    fn member(&mut self, _: &str) {}
    fn end_struct(&mut self) {}
    fn begin_list(&mut self) {}
    fn end_list(&mut self) {}
}

pub(super) fn measure(report: &mut Report) {
    typed(report);
    by_name(report);
    strings(report);
    find_and_cast(report);
    drafts_and_refusals(report);
}

fn typed(report: &mut Report) {
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    let instance = object.downcast::<Everything>().unwrap();
    struct Plain {
        value: u64,
    }
    let plain = Box::new(Plain { value: 64 });
    report.compare(
        "typed accessor of a frozen property; anchor: plain field",
        Goal::times(1.2),
        || {
            black_box(*black_box(&*instance).uint64());
        },
        || {
            black_box(black_box(&*plain).value);
        },
    );
    let level = build::object(&model, "level-5", "l0");
    let handle = level.handle("count-1").unwrap();
    let anchor = bare::Object::new(level.class().properties().iter().map(|property| property.name));
    report.compare(
        "bound handle get; anchor: virtual read of an atomic",
        Goal::of_limit(5.0, 3.0),
        || {
            black_box(black_box(&handle).get::<u64>().unwrap());
        },
        || {
            black_box(black_box(&*anchor.object).read(black_box(0)));
        },
    );
    let mut value = 0u64;
    report.compare(
        "bound handle set; anchor: virtual store under a mutex",
        Goal::of_limit(20.0, 18.0),
        || {
            value += 1;
            black_box(&handle).set(black_box(value)).unwrap();
        },
        || black_box(&*anchor.object).store(black_box(0), black_box(7)),
    );
}

fn by_name(report: &mut Report) {
    let model = build::model();
    let level = build::object(&model, "level-5", "l0");
    let anchor = bare::Object::new(level.class().properties().iter().map(|property| property.name));
    for (what, name) in [("own", "count-5"), ("inherited 5 deep", "count-1")] {
        report.compare(
            &format!("get u64 by name, {what}; anchor: hash map and virtual read"),
            Goal::of_limit(12.0, 9.0),
            || {
                black_box(black_box(&level).get::<u64>(black_box(name)).unwrap());
            },
            || {
                black_box(black_box(&anchor).get(black_box(name)).unwrap());
            },
        );
    }
    for (what, name) in [("own", "flag-5"), ("inherited 5 deep", "flag-1")] {
        report.compare(
            &format!("get bool by name, {what}"),
            Goal::of_limit(12.0, 9.0),
            || {
                black_box(black_box(&level).get::<bool>(black_box(name)).unwrap());
            },
            || {
                black_box(black_box(&anchor).get(black_box(name)).unwrap());
            },
        );
    }
    for (what, name) in [("own", "count-5"), ("inherited 5 deep", "count-1")] {
        report.compare(
            &format!("set u64 by name, live, {what}; anchor: hash map and store under a mutex"),
            Goal::of_limit(25.0, 19.0),
            || black_box(&level).set(black_box(name), black_box(7u64)).unwrap(),
            || black_box(&anchor).set(black_box(name), black_box(7)).unwrap(),
        );
    }
    report.compare(
        "set bool by name, live",
        Goal::of_limit(25.0, 19.0),
        || black_box(&level).set(black_box("flag-5"), black_box(true)).unwrap(),
        || black_box(&anchor).set(black_box("flag-5"), black_box(1)).unwrap(),
    );
}

fn strings(report: &mut Report) {
    let model = build::model();
    let draft = build::draft(&model, "note", "n0", &[("fixed", qomet::Native::Str(TEXT.into()))]);
    let note = model.create(draft).unwrap();
    note.set("text", TEXT).unwrap();
    let anchor = bare::Object::new(["fixed", "text"].into_iter());
    report.compare(
        "get a live string by name; anchor: hash map, snapshot, clone",
        Goal::of_limit(40.0, 28.0),
        || drop(black_box(black_box(&note).get::<String>(black_box("text")).unwrap())),
        || drop(black_box(black_box(&anchor).text(black_box("text")).unwrap())),
    );
    report.compare(
        "set a live string by name; anchor: hash map, new snapshot, swap",
        Goal::of_limit(40.0, 38.0),
        || black_box(&note).set(black_box("text"), black_box(TEXT)).unwrap(),
        || black_box(&anchor).set_text(black_box("text"), black_box(TEXT)).unwrap(),
    );
    report.compare(
        "get a fixed string by name, borrowed; anchor: hash map and virtual read",
        Goal::at_most(20.0),
        || {
            black_box(black_box(&note).get::<Cow<'_, str>>(black_box("fixed")).unwrap().len());
        },
        || {
            black_box(black_box(&anchor).get(black_box("fixed")).unwrap());
        },
    );
    report.compare(
        "get a live string by name, lent to an Output; anchor: hash map and snapshot",
        Goal::at_most(20.0),
        || {
            let mut sink = Length(0);
            black_box(&note).write(black_box("text"), &mut sink).unwrap();
            black_box(sink.0);
        },
        || {
            black_box(black_box(&anchor).names.get(black_box("text")));
            black_box(anchor.text.load().len());
        },
    );
}

fn find_and_cast(report: &mut Report) {
    let model = build::model();
    let level = build::object(&model, "level-5", "l0");
    let class = level.class().clone();
    let anchor = bare::Object::new(class.properties().iter().map(|property| property.name));
    for (what, name) in [("hit", "name-3"), ("miss", "name-6")] {
        report.compare(
            &format!("find a property, {what}; anchor: hash map"),
            Goal::of_limit(9.0, 8.0),
            || {
                black_box(black_box(&class).find(black_box(name)));
            },
            || {
                black_box(black_box(&anchor).names.get(black_box(name)));
            },
        );
    }
    let mut to = |what: &str, goal, cast: &mut dyn FnMut()| {
        report.compare(what, goal, cast, || {
            black_box(black_box(&*anchor.object).as_any().downcast_ref::<bare::Words>().unwrap());
        });
    };
    to("cast to its own type; anchor: downcast", Goal::of_limit(2.5, 2.0), &mut || {
        black_box(black_box(&level).cast::<Level5>().unwrap());
    });
    to("cast to a base, 4 up; anchor: downcast", Goal::of_limit(2.5, 2.0), &mut || {
        black_box(black_box(&level).cast::<Level1>().unwrap());
    });
    let gauge = build::object(&model, "gauge", "g0");
    assert!(gauge.cast::<Gauge>().is_some());
    to("cast to an interface; anchor: downcast", Goal::of_limit(2.5, 2.0), &mut || {
        black_box(black_box(&gauge).interface::<dyn Measure>().unwrap());
    });
}

fn drafts_and_refusals(report: &mut Report) {
    let model = build::model();
    let class = model.registry().get("level-5").unwrap().clone();
    report.compare(
        "draft new + drop, 20 properties, 5 levels, defaults; anchor: the boxed struct",
        Goal::of_limit(80.0, 25.0),
        || drop(black_box(black_box(&class).draft().unwrap())),
        || drop(black_box(Box::new(Level5::defaults()))),
    );
    let level = build::object(&model, "level-5", "l0");
    let anchor = || {
        let error: Box<dyn std::error::Error> = black_box(TEXT).to_owned().into();
        drop(black_box(error));
    };
    report.compare(
        "refusal of a wrong type; anchor: a boxed error with a string",
        Goal::of_limit(100.0, 50.0),
        || drop(black_box(black_box(&level).set(black_box("count-1"), black_box("x")).unwrap_err())),
        anchor,
    );
    report.compare(
        "the same, looked at (message formatted)",
        Goal::at_most(347.0),
        || drop(black_box(black_box(&level).set(black_box("count-1"), "x").unwrap_err().to_string())),
        anchor,
    );
    report.compare(
        "text of one property",
        Goal::at_most(100.0),
        || {
            drop(black_box(TextOutput::of(|out| {
                black_box(&level).write(black_box("count-1"), out).unwrap();
            })));
        },
        || drop(black_box(black_box(12345u64).to_string())),
    );
}
