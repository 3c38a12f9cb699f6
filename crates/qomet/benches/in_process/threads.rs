//! Two threads reading: how much more they read than one.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use qomet::ObjectRef;
use qomet_testkit::build;
use qomet_testkit::measure::Report;

const READS: u32 = 2_000_000;
const ROUNDS: usize = 7;

fn read(object: &ObjectRef) {
    for _ in 0..READS {
        black_box(black_box(object).get::<u64>(black_box("count-1")).unwrap());
    }
}

fn count(seed: u64) {
    let mut value = seed;
    for _ in 0..u64::from(READS) * 4 {
        value = black_box(value.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ value >> 7);
    }
}

/// Seconds that `one` takes alone, and beside `other`.
fn times(one: &(dyn Fn() + Sync), other: &(dyn Fn() + Sync)) -> (f64, f64) {
    let start = Instant::now();
    one();
    let alone = start.elapsed().as_secs_f64();
    let barrier = Barrier::new(2);
    let timed = |work: &(dyn Fn() + Sync)| {
        barrier.wait();
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let together = std::thread::scope(|scope| {
        let second = scope.spawn(|| timed(other));
        let first = timed(one);
        first.max(second.join().unwrap())
    });
    (alone, together)
}

pub(super) fn measure(report: &mut Report) {
    let model = build::model();
    let (first, second) = (build::object(&model, "level-5", "a"), build::object(&model, "level-5", "b"));
    let mut least = [(f64::MAX, f64::MAX); 3];
    for _ in 0..ROUNDS {
        let rounds = [
            times(&|| count(1), &|| count(2)),
            times(&|| read(&first), &|| read(&second)),
            times(&|| read(&first), &|| read(&first)),
        ];
        for (least, (alone, together)) in least.iter_mut().zip(rounds) {
            *least = (least.0.min(alone), least.1.min(together));
        }
    }
    let [bare, different, same] = least.map(|(alone, together)| 2.0 * alone / together);
    for (what, scaling, wanted) in [("different objects", different, 1.9), ("one object", same, 1.8)] {
        // Two processors that share a core or have neighbours do not give twice as much to a bare loop either.
        let met = scaling >= wanted || scaling / bare >= wanted / 2.0;
        report.push(
            &format!("two threads reading by name, {what}; anchor: a bare loop"),
            format!("{scaling:.2}×"),
            format!("{bare:.2}×"),
            format!("{:.2}", scaling / bare),
            format!("≥ {wanted:.1}× or {:.2} of bare", wanted / 2.0),
            Some(met),
        );
    }
}
