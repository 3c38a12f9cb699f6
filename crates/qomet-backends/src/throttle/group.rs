//! `throttle-group`: the object, its properties, and threads that wait for their turn.
//!
//! What may go is decided in `bucket`; here are the lock around it and the queue of those that wait, one for each
//! direction, so that nobody overtakes. Only the first of a queue watches the time.
//!
//! `limits` and the older `x-*` properties say the same things. Given together, some of `x-*` count before `limits` and
//! the others after it: QEMU sets them in the order of a hash table, and a client that gives both sees what it sees there.
//! A live set of `limits` changes what it names and leaves the rest.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use qomet::prelude::*;
use qomet::{Field as _, Instance, Interface, Result};

use super::bucket::{Buckets, Direction};
use super::clock::Clock;
use super::limits::{
    BPS_READ, BPS_TOTAL, BPS_WRITE, Config, IOPS_READ, IOPS_TOTAL, IOPS_WRITE, Part, ThrottleLimits,
};
use crate::problem::BackendErrorKind;

/// The numbers that `limits` overrides where it names them too; the other `x-*` override it.
const BEFORE_LIMITS: [&str; 6] = [
    "bps-total-max-length",
    "bps-read-max",
    "iops-total",
    "iops-total-max-length",
    "iops-read-max-length",
    "iops-size",
];

/// What holds requests to a rate.
pub trait Throttle: Send + Sync {
    /// Lets a request of so many bytes go, and accounts it, without waiting.
    ///
    /// # Errors
    /// How long it must wait before asking again is worth while. Those that [`wait`](Self::wait) already go first.
    fn admit(&self, direction: Direction, bytes: u64) -> Result<(), Duration>;

    /// Waits until a request of so many bytes may go, and accounts it. Requests of a direction go in the order in
    /// which they came. Other limits count at once for those that wait.
    fn wait(&self, direction: Direction, bytes: u64);
}

impl Interface for dyn Throttle {
    const NAME: &'static str = "throttle";
}

/// Holds the requests of its users, taken together, to rates of bytes and operations.
///
/// ```
/// use std::time::Duration;
///
/// use qomet::Native;
/// use qomet::prelude::*;
/// use qomet_backends::throttle::{Clock, Direction, Throttle};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let (clock, hand) = Clock::driven();
/// model.services().put(clock);
/// let mut draft = model.draft("throttle-group")?;
/// draft.set_id("slow0");
/// draft.set("limits", Native::Struct(vec![("bps-total".into(), Native::Int(10_000_000))]))?;
/// let object = model.create(draft)?;
///
/// // For five seconds somebody reads as fast as it goes, 64 KiB at a time.
/// let throttle = object.interface::<dyn Throttle>().expect("every group throttles");
/// let mut read = 0u64;
/// while hand.now() < Duration::from_secs(5) {
///     match throttle.admit(Direction::Read, 65_536) {
///         Ok(()) => read += 65_536,
///         Err(wait) => hand.advance(wait),
///     }
/// }
/// assert!(read.abs_diff(50_000_000) <= 1_000_000, "within 2 % of the rate: {read}");
/// # Ok(())
/// # }
/// ```
///
/// A model that is given no [`Clock`] has the real one; `examples/throttle.rs` of this crate measures that.
#[derive(Object)]
#[object(name = "throttle-group", user_creatable, state = Throttling, check, interfaces(Throttle))]
pub struct ThrottleGroup {
    /// The limits; a live set changes those that it names
    #[property(default = ThrottleLimits::default(), effective = ThrottleGroup::limits_now, example = r#"{"bps-total": 10485760}"#)]
    limits: Live<ThrottleLimits>,
    /// Bytes a second, read and written; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "bytes/s", unstable, effective = ThrottleGroup::average_now::<BPS_TOTAL>)]
    x_bps_total: Option<i64>,
    /// Bytes a second, read and written in a burst; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "bytes/s", unstable, effective = ThrottleGroup::max_now::<BPS_TOTAL>)]
    x_bps_total_max: Option<i64>,
    /// Seconds that a burst of `bps-total-max` may last; `limits` has the stable name
    #[property(min = 1, max = u32::MAX, unit = "s", unstable, effective = ThrottleGroup::length_now::<BPS_TOTAL>)]
    x_bps_total_max_length: Option<i64>,
    /// Bytes a second read; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "bytes/s", unstable, effective = ThrottleGroup::average_now::<BPS_READ>)]
    x_bps_read: Option<i64>,
    /// Bytes a second read in a burst; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "bytes/s", unstable, effective = ThrottleGroup::max_now::<BPS_READ>)]
    x_bps_read_max: Option<i64>,
    /// Seconds that a burst of `bps-read-max` may last; `limits` has the stable name
    #[property(min = 1, max = u32::MAX, unit = "s", unstable, effective = ThrottleGroup::length_now::<BPS_READ>)]
    x_bps_read_max_length: Option<i64>,
    /// Bytes a second written; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "bytes/s", unstable, effective = ThrottleGroup::average_now::<BPS_WRITE>)]
    x_bps_write: Option<i64>,
    /// Bytes a second written in a burst; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "bytes/s", unstable, effective = ThrottleGroup::max_now::<BPS_WRITE>)]
    x_bps_write_max: Option<i64>,
    /// Seconds that a burst of `bps-write-max` may last; `limits` has the stable name
    #[property(min = 1, max = u32::MAX, unit = "s", unstable, effective = ThrottleGroup::length_now::<BPS_WRITE>)]
    x_bps_write_max_length: Option<i64>,
    /// Operations a second, reads and writes; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "operations/s", unstable, effective = ThrottleGroup::average_now::<IOPS_TOTAL>)]
    x_iops_total: Option<i64>,
    /// Operations a second, reads and writes in a burst; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "operations/s", unstable, effective = ThrottleGroup::max_now::<IOPS_TOTAL>)]
    x_iops_total_max: Option<i64>,
    /// Seconds that a burst of `iops-total-max` may last; `limits` has the stable name
    #[property(min = 1, max = u32::MAX, unit = "s", unstable, effective = ThrottleGroup::length_now::<IOPS_TOTAL>)]
    x_iops_total_max_length: Option<i64>,
    /// Reads a second; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "operations/s", unstable, effective = ThrottleGroup::average_now::<IOPS_READ>)]
    x_iops_read: Option<i64>,
    /// Reads a second in a burst; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "operations/s", unstable, effective = ThrottleGroup::max_now::<IOPS_READ>)]
    x_iops_read_max: Option<i64>,
    /// Seconds that a burst of `iops-read-max` may last; `limits` has the stable name
    #[property(min = 1, max = u32::MAX, unit = "s", unstable, effective = ThrottleGroup::length_now::<IOPS_READ>)]
    x_iops_read_max_length: Option<i64>,
    /// Writes a second; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "operations/s", unstable, effective = ThrottleGroup::average_now::<IOPS_WRITE>)]
    x_iops_write: Option<i64>,
    /// Writes a second in a burst; `limits` has the stable name
    #[property(min = 0, max = 1_000_000_000_000_000_i64, unit = "operations/s", unstable, effective = ThrottleGroup::max_now::<IOPS_WRITE>)]
    x_iops_write_max: Option<i64>,
    /// Seconds that a burst of `iops-write-max` may last; `limits` has the stable name
    #[property(min = 1, max = u32::MAX, unit = "s", unstable, effective = ThrottleGroup::length_now::<IOPS_WRITE>)]
    x_iops_write_max_length: Option<i64>,
    /// From how many bytes on a request counts as several operations; `limits` has the stable name
    #[property(min = 0, unit = "bytes", unstable, effective = ThrottleGroup::operation_size_now)]
    x_iops_size: Option<i64>,
}

/// What a realized group holds.
pub struct Throttling {
    clock: Arc<Clock>,
    /// What a reader sees, without the lock.
    now: Live<ThrottleLimits>,
    shared: Mutex<Shared>,
    /// The first of a queue changed, or the limits did.
    changed: Condvar,
}

struct Shared {
    config: Config,
    buckets: Buckets,
    reads: Queue,
    writes: Queue,
}

/// Those that wait in one direction. Each has a number; they go in the order of the numbers.
#[derive(Clone, Copy, Default)]
struct Queue {
    /// The number of the next one to come.
    next: u64,
    /// The number of the one whose turn it is.
    turn: u64,
}

impl Shared {
    fn queue(&mut self, direction: Direction) -> &mut Queue {
        match direction {
            Direction::Read => &mut self.reads,
            Direction::Write => &mut self.writes,
        }
    }
}

impl Throttling {
    fn new(config: Config, clock: Arc<Clock>) -> Self {
        let buckets = Buckets::new(config, clock.now());
        let (reads, writes) = (Queue::default(), Queue::default());
        Throttling {
            now: Live::new(ThrottleLimits::of(&config)),
            shared: Mutex::new(Shared { config, buckets, reads, writes }),
            changed: Condvar::new(),
            clock,
        }
    }

    /// Puts other limits into effect for those that are given.
    fn change(&self, limits: &ThrottleLimits) -> Result<(), Vec<BackendErrorKind>> {
        let mut shared = self.shared.lock();
        let config = shared.config.with(limits, |_| true)?;
        config.check()?;
        shared.config = config;
        shared.buckets.set_config(config, self.clock.now());
        self.now.store(ThrottleLimits::of(&config));
        self.changed.notify_all();
        Ok(())
    }

    fn admit(&self, direction: Direction, bytes: u64) -> Result<(), Duration> {
        /// When those that wait may have gone.
        const LATER: Duration = Duration::from_millis(1);
        let mut shared = self.shared.lock();
        let queue = shared.queue(direction);
        if queue.next != queue.turn {
            return Err(LATER);
        }
        shared.buckets.admit(direction, bytes, self.clock.now())
    }

    /// How many wait in a direction.
    #[cfg(test)]
    pub(super) fn waiting(&self, direction: Direction) -> u64 {
        let mut shared = self.shared.lock();
        let queue = shared.queue(direction);
        queue.next - queue.turn
    }

    fn wait(&self, direction: Direction, bytes: u64) {
        let mut shared = self.shared.lock();
        let queue = shared.queue(direction);
        let number = queue.next;
        queue.next = queue.next.wrapping_add(1);
        loop {
            if shared.queue(direction).turn != number {
                self.changed.wait(&mut shared);
                continue;
            }
            match shared.buckets.admit(direction, bytes, self.clock.now()) {
                Ok(()) => break,
                Err(wait) => {
                    let _ = self.changed.wait_for(&mut shared, self.clock.real(wait));
                }
            }
        }
        let queue = shared.queue(direction);
        queue.turn = queue.turn.wrapping_add(1);
        self.changed.notify_all();
    }
}

impl ThrottleGroup {
    /// The limits that the `x-*` properties give.
    fn own_limits(&self) -> ThrottleLimits {
        ThrottleLimits {
            bps_total: self.x_bps_total,
            bps_total_max: self.x_bps_total_max,
            bps_total_max_length: self.x_bps_total_max_length,
            bps_read: self.x_bps_read,
            bps_read_max: self.x_bps_read_max,
            bps_read_max_length: self.x_bps_read_max_length,
            bps_write: self.x_bps_write,
            bps_write_max: self.x_bps_write_max,
            bps_write_max_length: self.x_bps_write_max_length,
            iops_total: self.x_iops_total,
            iops_total_max: self.x_iops_total_max,
            iops_total_max_length: self.x_iops_total_max_length,
            iops_read: self.x_iops_read,
            iops_read_max: self.x_iops_read_max,
            iops_read_max_length: self.x_iops_read_max_length,
            iops_write: self.x_iops_write,
            iops_write_max: self.x_iops_write_max,
            iops_write_max_length: self.x_iops_write_max_length,
            iops_size: self.x_iops_size,
        }
    }

    /// The limits that all properties together give.
    fn at_first(&self) -> Result<Config, Vec<BackendErrorKind>> {
        let (own, limits) = (self.own_limits(), self.limits.get());
        let mut config = Config::default().with(&own, |name| BEFORE_LIMITS.contains(&name))?;
        if limits != ThrottleLimits::default() {
            config = config.with(&limits, |_| true)?;
            config.check()?;
        }
        config = config.with(&own, |name| !BEFORE_LIMITS.contains(&name))?;
        config.check()?;
        Ok(config)
    }

    /// A refusal, about the property that has part in it.
    fn refusal(&self, problem: BackendErrorKind) -> Diagnostic {
        let limits = self.limits.get();
        let own = problem.limit().filter(|name| !limits.gives(name) && self.own_limits().gives(name));
        match own {
            Some(name) => problem.about(&format!("x-{name}")),
            None => problem.about("limits"),
        }
    }

    fn limits_now(&self, state: &Throttling) -> ThrottleLimits {
        state.now.get()
    }

    fn average_now<const BUCKET: usize>(&self, state: &Throttling) -> Option<i64> {
        state.now.get().part(BUCKET, Part::Average)
    }

    fn max_now<const BUCKET: usize>(&self, state: &Throttling) -> Option<i64> {
        state.now.get().part(BUCKET, Part::Max)
    }

    fn length_now<const BUCKET: usize>(&self, state: &Throttling) -> Option<i64> {
        state.now.get().part(BUCKET, Part::Length)
    }

    fn operation_size_now(&self, state: &Throttling) -> Option<i64> {
        state.now.get().iops_size
    }
}

/// The first of several problems, where there is room for one.
fn first(problems: Vec<BackendErrorKind>, word: impl FnOnce(BackendErrorKind) -> Diagnostic) -> Diagnostic {
    let first = problems.into_iter().next();
    first.map_or_else(|| qomet::ModelErrorKind::AlreadyRefused.into(), word)
}

impl Check for ThrottleGroup {
    fn check(&self, report: &mut Diagnostics) {
        if let Err(problems) = self.at_first() {
            report.extend(problems.into_iter().map(|problem| self.refusal(problem)));
        }
    }
}

impl Realize for ThrottleGroup {
    const APPLIES: bool = true;
    // A live set is merged into the limits there are, so only `apply` knows what they come to.
    const CHECKS_LIVE: bool = false;

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<Throttling> {
        let config = self.at_first().map_err(|problems| first(problems, |one| self.refusal(one)))?;
        Ok(Throttling::new(config, cx.service()))
    }

    fn apply(&self, state: &Throttling, _: &'static str) -> Result<()> {
        let changed = state.change(&self.limits.get());
        changed.map_err(|problems| first(problems, |one| one.about("limits")))
    }
}

impl Throttle for Instance<ThrottleGroup> {
    fn admit(&self, direction: Direction, bytes: u64) -> Result<(), Duration> {
        self.state().admit(direction, bytes)
    }

    fn wait(&self, direction: Direction, bytes: u64) {
        self.state().wait(direction, bytes);
    }
}
