//! Four threads read as fast as a `throttle-group` lets them, for five seconds of the real clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use qomet::prelude::*;
use qomet::{Native, Result};
use qomet_backends::throttle::{Direction, Throttle};

const RATE: u32 = 50_000_000;
const REQUEST: u32 = 65_536;

fn main() -> Result<()> {
    let registry = TypeRegistry::builder().add(qomet_backends::types()).build();
    let model = Model::new(registry.map_err(|mut found| found.remove(0))?);
    let mut draft = model.draft("throttle-group")?;
    draft.set_id("slow0");
    draft.set("limits", Native::Struct(vec![("bps-total".into(), Native::Int(RATE.into()))]))?;
    let object = model.create(draft)?;
    let Some(throttle) = object.interface::<dyn Throttle>() else { return Ok(()) };

    let (start, gone) = (Instant::now(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while start.elapsed() < Duration::from_secs(5) {
                    throttle.wait(Direction::Read, REQUEST.into());
                    gone.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });

    let seconds = start.elapsed().as_secs_f64();
    let gone = gone.into_inner() as f64 * f64::from(REQUEST);
    let off = (gone / seconds / f64::from(RATE) - 1.0) * 100.0;
    println!("{:.2} MB/s of {:.2} MB/s: {off:+.2} %", gone / seconds / 1e6, f64::from(RATE) / 1e6);
    Ok(())
}
