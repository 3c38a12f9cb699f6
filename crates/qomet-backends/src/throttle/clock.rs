//! The time that a group goes by: the real one, or one that a test drives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use qomet::Service;

/// A clock that never goes back. Each model has one, the real one unless another is put in its place.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real(Instant),
    Driven(Hand),
}

/// What drives a clock.
#[derive(Clone, Debug, Default)]
pub struct Hand(Arc<AtomicU64>);

impl Default for Clock {
    fn default() -> Self {
        Clock(Kind::Real(Instant::now()))
    }
}

impl Service for Clock {}

impl Clock {
    /// A clock at 0 that stands still but for what its hand does.
    #[must_use]
    pub fn driven() -> (Self, Hand) {
        let hand = Hand::default();
        (Clock(Kind::Driven(hand.clone())), hand)
    }

    /// The time since some point in the past.
    #[must_use]
    pub fn now(&self) -> Duration {
        match &self.0 {
            Kind::Real(start) => start.elapsed(),
            Kind::Driven(hand) => hand.now(),
        }
    }

    /// How long a thread sleeps that waits for so much of this clock's time: if somebody drives it, it looks often.
    pub(super) fn real(&self, wait: Duration) -> Duration {
        match &self.0 {
            Kind::Real(_) => wait,
            Kind::Driven(_) => wait.min(Duration::from_millis(1)),
        }
    }
}

impl Hand {
    /// The time of the clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Acquire))
    }

    /// Turns the clock on.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let turn = |now: u64| Some(now.saturating_add(by));
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, turn);
    }
}
