//! The object: properties, rules, live sets, and threads that wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use qomet::{Diagnostic, Model, Native, ObjectRef};

use super::{Clock, Direction, Hand, Throttle, ThrottleGroup};
use crate::testing::{create, model};

fn limits(members: &[(&'static str, i64)]) -> Native<'static> {
    Native::Struct(members.iter().map(|(name, value)| ((*name).into(), Native::Int(*value))).collect())
}

fn driven(bag: &[(&str, Native<'_>)]) -> (Model, Hand, ObjectRef) {
    let model = model();
    let (clock, hand) = Clock::driven();
    model.services().put(clock);
    let object = create(&model, "throttle-group", bag).unwrap();
    (model, hand, object)
}

fn refused(bag: &[(&str, Native<'_>)]) -> Diagnostic {
    create(&model(), "throttle-group", bag).unwrap_err()
}

fn throttle(object: &ObjectRef) -> &dyn Throttle {
    object.interface::<dyn Throttle>().unwrap()
}

#[test]
fn a_rule_that_is_broken_names_the_limits_and_the_property() {
    let cases: [(&[(&'static str, i64)], &str); 8] = [
        (&[("bps-total", 1), ("bps-read", 1)], "total-and-one-way"),
        (&[("iops-total", 1), ("iops-total-max", 2), ("iops-write-max", 3)], "total-and-one-way"),
        (&[("iops-size", 4096)], "size-without-iops"),
        (&[("bps-total", 1_000_000_000_000_001)], "rate-too-high"),
        (&[("bps-total", 1), ("bps-total-max-length", 0)], "burst-length"),
        (&[("bps-total", 1), ("bps-total-max-length", 2)], "length-without-burst"),
        (&[("bps-total-max", 2)], "burst-without-rate"),
        (&[("bps-total", 2), ("bps-total-max", 1)], "burst-below-rate"),
    ];
    for (members, code) in cases {
        let refused = refused(&[("limits", limits(members))]);
        assert_eq!(refused.code(), code);
        assert_eq!(refused.about().property.as_deref(), Some("limits"));
    }
    let refused = refused(&[("x-bps-total", Native::Int(2)), ("x-bps-total-max", Native::Int(1))]);
    assert_eq!(refused.code(), "burst-below-rate");
    assert_eq!(refused.about().property.as_deref(), Some("x-bps-total-max"));
}

#[test]
fn a_burst_may_not_be_longer_than_its_rate_allows() {
    let half = 500_000_000_000_000;
    let of = |length| limits(&[("bps-total", 1), ("bps-total-max", half), ("bps-total-max-length", length)]);
    assert!(create(&model(), "throttle-group", &[("limits", of(2))]).is_ok());
    assert_eq!(refused(&[("limits", of(3))]).code(), "burst-too-long");
}

#[test]
fn some_of_the_older_properties_count_before_limits_and_some_after() {
    let bag = [
        ("limits", limits(&[("bps-total", 5), ("iops-total", 5)])),
        ("x-bps-total", Native::Int(6)),
        ("x-iops-total", Native::Int(6)),
    ];
    let (_model, _, object) = driven(&bag);
    let now = object.get::<i64>("x-bps-total").unwrap();
    assert_eq!((now, object.get::<i64>("x-iops-total").unwrap()), (6, 5));
}

#[test]
fn a_live_set_changes_what_it_names_and_a_refused_one_nothing() {
    let (_model, _, object) = driven(&[("limits", limits(&[("bps-total", 5)]))]);

    object.set("limits", limits(&[("iops-read", 7)])).unwrap();
    assert_eq!(object.get::<i64>("x-bps-total").unwrap(), 5);
    assert_eq!(object.get::<i64>("x-iops-read").unwrap(), 7);

    // Together with what is there, this is too much.
    assert_eq!(object.set("limits", limits(&[("iops-total", 1)])).unwrap_err().code(), "total-and-one-way");
    assert_eq!(object.get::<i64>("x-iops-total").unwrap(), 0);
    assert_eq!(object.set("x-bps-total", 6i64).unwrap_err().code(), "cannot-change");
}

#[test]
fn a_limit_that_older_properties_gave_can_be_taken_back() {
    let (_model, _, object) = driven(&[("x-bps-total", Native::Int(5))]);
    object.set("limits", limits(&[("bps-total", 0), ("bps-read", 5)])).unwrap();
    assert_eq!(object.get::<i64>("x-bps-total").unwrap(), 0);
}

#[test]
fn many_threads_together_keep_to_the_rate() {
    const THREADS: u64 = 8;
    const REQUESTS: u64 = 60;
    const BYTES: u64 = 10_000;
    let (_model, hand, object) = driven(&[("limits", limits(&[("bps-total", 1_000_000)]))]);
    let group = object.instance::<ThrottleGroup>().unwrap();
    let done = AtomicU64::new(0);

    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (object, done) = (&object, &done);
            let direction = if thread % 2 == 0 { Direction::Read } else { Direction::Write };
            scope.spawn(move || {
                for _ in 0..REQUESTS {
                    throttle(object).wait(direction, BYTES);
                }
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        // Time passes only while nobody could go without it.
        loop {
            let waiting = group.state().waiting(Direction::Read) + group.state().waiting(Direction::Write);
            match done.load(Ordering::Relaxed) {
                THREADS => break,
                done if waiting + done == THREADS => hand.advance(Duration::from_millis(10)),
                _ => std::thread::yield_now(),
            }
        }
    });

    // No more than the time allows, beside the tenth of a second that an idle bucket has and a request of each direction.
    let most = 1_000_000.0 * (hand.now().as_secs_f64() + 0.1) + 20_000.0;
    let gone = THREADS * REQUESTS * BYTES;
    assert!(gone as f64 <= most, "{gone} of {most}");
}

#[test]
fn those_that_wait_go_on_when_the_limit_is_lifted() {
    let model = model();
    let object = create(&model, "throttle-group", &[("limits", limits(&[("bps-read", 1)]))]).unwrap();
    throttle(&object).wait(Direction::Read, 1_000_000_000);

    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| throttle(&object).wait(Direction::Read, 1));
        object.set("limits", limits(&[("bps-read", 0)])).unwrap();
        waiting.join().unwrap();
    });

    assert_eq!(throttle(&object).admit(Direction::Read, 1), Ok(()));
}

#[test]
fn nobody_overtakes_those_that_wait() {
    let (_model, hand, object) = driven(&[("limits", limits(&[("bps-read", 1000)]))]);
    let throttle = throttle(&object);
    throttle.wait(Direction::Read, 1000);

    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| throttle.wait(Direction::Read, 1));
        let group = object.instance::<ThrottleGroup>().unwrap();
        while group.state().waiting(Direction::Read) == 0 {
            std::thread::yield_now();
        }
        assert_eq!(throttle.admit(Direction::Read, 1), Err(Duration::from_millis(1)));
        assert_eq!(throttle.admit(Direction::Write, 1), Ok(()));
        hand.advance(Duration::from_secs(2));
        waiting.join().unwrap();
    });

    assert_eq!(throttle.admit(Direction::Read, 1), Ok(()));
}

#[test]
fn groups_share_nothing() {
    let bag = [("limits", limits(&[("bps-total", 1000)]))];
    let (model, _, object) = driven(&bag);
    let other = crate::testing::create_as(&model, "x1", "throttle-group", &bag).unwrap();
    assert_eq!(throttle(&object).admit(Direction::Read, 5000), Ok(()));
    assert!(throttle(&object).admit(Direction::Read, 1).is_err());
    assert_eq!(throttle(&other).admit(Direction::Read, 1), Ok(()));
}
