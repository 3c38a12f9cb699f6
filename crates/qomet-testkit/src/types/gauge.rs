//! Rules across live properties, an effect outside, and an interface.

use std::sync::atomic::{AtomicU64, Ordering};

use qomet::prelude::*;
use qomet::{Instance, Interface};

use crate::Trace;

/// Something that can be asked what it shows.
pub trait Measure: Send + Sync {
    /// What it shows.
    fn shown(&self) -> u64;
}

impl Interface for dyn Measure {
    const NAME: &'static str = "measure";
}

/// What a gauge holds: what it was last told to show.
pub struct GaugeState {
    trace: std::sync::Arc<Trace>,
    shown: AtomicU64,
}

/// Shows a number between two others
#[derive(Object)]
#[object(name = "gauge", user_creatable, state = GaugeState, check, interfaces(Measure))]
pub struct Gauge {
    /// The least it shows.
    #[property(default = 0)]
    low: Live<u64>,
    /// The most it shows.
    #[property(default = 100)]
    high: Live<u64>,
    /// What it shows; 13 cannot be put into effect.
    #[property(default = 50)]
    level: Live<u64>,
    /// What it shows is a multiple of this.
    #[property(default = 1)]
    step: u64,
}

impl Check for Gauge {
    fn check(&self, report: &mut Diagnostics) {
        let mut broken = |code, message: &str, property| {
            let _ = report.report(Diagnostic::custom(code, message).with_property(property));
        };
        if self.low() > self.high() {
            broken("upside-down", "'low' is more than 'high'", "low");
        }
        if *self.step() == 0 {
            broken("no-step", "'step' is 0", "step");
        }
    }
}

impl Realize for Gauge {
    const APPLIES: bool = true;

    fn realize(&self, cx: &mut RealizeContext<'_>) -> qomet::Result<GaugeState> {
        Ok(GaugeState { trace: cx.service(), shown: AtomicU64::new(self.level()) })
    }

    fn apply(&self, state: &GaugeState, property: &'static str) -> qomet::Result<()> {
        if self.level() == 13 {
            return Err(Diagnostic::custom("jammed", "the needle is stuck"));
        }
        state.trace.note(format!("apply {property} {}..{} {}", self.low(), self.high(), self.level()));
        state.shown.store(self.level(), Ordering::Relaxed);
        Ok(())
    }
}

impl Measure for Instance<Gauge> {
    fn shown(&self) -> u64 {
        self.state().shown.load(Ordering::Relaxed)
    }
}
