//! How far long work has come, and the way to stop it.
//!
//! Whoever starts the work and wants to watch it (a job of a server, a bar on a terminal) takes a [`Progress`] from
//! [`Batch::progress`](super::Batch::progress), or makes one for [`Model::set_watched`](super::Model::set_watched),
//! and keeps a clone of its `Arc`. The type that works finds it in its context. A watcher is called once, when there is
//! something to watch; then it looks when it wants to, so that reporting is an addition to a number, whether somebody
//! looks or not.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::{ModelErrorKind, Result};

/// The progress of a batch that is created, or of a property that is set. The unit is bytes, unless all types that
/// take part count something else.
#[derive(Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    /// When something was first done.
    begun: OnceLock<Instant>,
    cancel: OnceLock<Arc<AtomicBool>>,
    expected: OnceLock<Box<dyn Fn() + Send + Sync>>,
    object: Mutex<Option<Arc<str>>>,
}

impl Progress {
    /// Nothing expected, nothing done.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// There is so much more to do. To be told as early as it is known: by [`announce`](crate::Realize::announce),
    /// so that a batch knows its whole before its first object is realized.
    pub fn expect(&self, units: u64) {
        let before = self.total.fetch_add(units, Ordering::Relaxed);
        if before == 0
            && units > 0
            && let Some(call) = self.expected.get()
        {
            call();
        }
    }

    /// Has `call` run once it is known that there is something to do, by the thread that works: it must be short. Only
    /// the first of several calls counts.
    pub fn when_expected(&self, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.expected.set(Box::new(call));
    }

    /// The work begins now; what [`rate`](Self::rate) tells is counted from here. Says nothing the second time.
    pub fn begin(&self) {
        let _ = self.begun.get_or_init(Instant::now);
    }

    /// So much more is done.
    pub fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
    }

    /// How much is done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How much there is to do in all, as far as is known: never less than what is done.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed).max(self.done())
    }

    /// How much was done per second since the work began; `None` before that.
    #[must_use]
    pub fn rate(&self) -> Option<u64> {
        let elapsed = self.begun.get()?.elapsed().as_nanos().max(1);
        Some(u64::try_from(u128::from(self.done()) * 1_000_000_000 / elapsed).unwrap_or(u64::MAX))
    }

    /// How long the rest takes if it goes on as it went since the work began; `None` before something is done.
    #[must_use]
    pub fn eta(&self) -> Option<Duration> {
        let (rate, rest) = (self.rate()?, self.total().saturating_sub(self.done()));
        let milliseconds = (u128::from(rest) * 1000).checked_div(rate.into())?;
        Some(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX)))
    }

    /// The work is about the object of this id from now on. For work that is worth watching: it takes a lock.
    pub fn tell_object(&self, id: &str) {
        *self.object.lock() = Some(id.into());
    }

    /// The id of the object that the work is about, if the work told it.
    #[must_use]
    pub fn object(&self) -> Option<Arc<str>> {
        self.object.lock().clone()
    }

    /// Asks the work to stop; it ends with the error `cancelled`, unless it was done already.
    pub fn cancel(&self) {
        self.cancel_flag().store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked the work to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.get().is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }

    /// The same as an error; long work asks now and then.
    ///
    /// # Errors
    /// Somebody asked the work to stop.
    pub fn check_cancelled(&self) -> Result<()> {
        if self.is_cancelled() { Err(ModelErrorKind::Cancelled.into()) } else { Ok(()) }
    }

    /// Set this to cancel: for a signal's handler.
    #[must_use]
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        self.cancel.get_or_init(Arc::default).clone()
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Progress({} of {})", self.done(), self.total())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_never_less_than_what_is_done() {
        let progress = Progress::new();
        progress.expect(10);
        assert_eq!((progress.done(), progress.total()), (0, 10));
        progress.advance(4);
        assert_eq!((progress.done(), progress.total()), (4, 10));
        progress.advance(8);
        assert_eq!((progress.done(), progress.total()), (12, 12));
    }

    #[test]
    fn there_is_a_rate_once_work_has_begun() {
        let progress = Progress::new();
        assert_eq!(progress.rate(), None);
        progress.begin();
        assert_eq!(progress.rate(), Some(0));
        progress.advance(1 << 40);
        assert!(progress.rate() > Some(0));
    }

    #[test]
    fn the_rest_is_foreseen_once_something_is_done() {
        let progress = Progress::new();
        progress.expect(10);
        progress.begin();
        assert_eq!(progress.eta(), None);
        progress.advance(10);
        assert_eq!(progress.eta(), Some(Duration::ZERO));
    }

    #[test]
    fn the_object_is_the_one_that_was_told_last() {
        let progress = Progress::new();
        assert_eq!(progress.object(), None);
        progress.tell_object("ram0");
        progress.tell_object("ram1");
        assert_eq!(progress.object().as_deref(), Some("ram1"));
    }

    #[test]
    fn a_watcher_is_called_once_when_there_is_something_to_do() {
        let (progress, calls) = (Progress::new(), Arc::new(AtomicU64::new(0)));
        let counted = calls.clone();
        progress.when_expected(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        progress.expect(0);
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        progress.expect(1);
        progress.expect(1);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn whoever_has_the_flag_can_cancel() {
        let progress = Progress::new();
        assert!(progress.check_cancelled().is_ok());
        progress.cancel_flag().store(true, Ordering::Relaxed);
        assert_eq!(progress.check_cancelled().unwrap_err().code(), "cancelled");
    }
}
