//! QEMU's leaky bucket: what may go now, and how long what may not must wait.
//!
//! Six buckets, for bytes and operations, each in total, read and written. A bucket fills with what goes and leaks at its
//! rate; while it holds more than it may, everything waits. The limits and the arithmetic are those of QEMU, so that a
//! disk under the same limits feels the same, but for one thing: a bucket without a burst rate starts full, not empty.
//! It may hold a tenth of a second's worth, and if that went at once in the beginning, the rate over the first five
//! seconds would be two per cent too high.
//!
//! There is no clock here: whoever asks says what time it is, so a test drives the time, and nothing here waits. Each
//! request that may go is accounted at once, as a whole; one that is larger than the bucket goes when there is room
//! for its first byte, and what follows waits the longer.

use std::time::Duration;

use super::limits::{BPS_READ, BPS_TOTAL, BPS_WRITE, Config, IOPS_READ, IOPS_TOTAL, IOPS_WRITE, KINDS};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// They are read.
    Read,
    /// They are written.
    Write,
}

impl Direction {
    /// The buckets that such a request goes through.
    const fn buckets(self) -> [usize; 4] {
        match self {
            Direction::Read => [BPS_TOTAL, BPS_READ, IOPS_TOTAL, IOPS_READ],
            Direction::Write => [BPS_TOTAL, BPS_WRITE, IOPS_TOTAL, IOPS_WRITE],
        }
    }
}

/// What is in a bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// What the average rate has not leaked yet.
    average: f64,
    /// What the burst rate has not leaked yet.
    burst: f64,
}

/// The buckets of a group.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    config: Config,
    levels: [Level; KINDS],
    /// The time up to which they have leaked.
    leaked: Duration,
}

#[allow(clippy::cast_precision_loss, reason = "limits end at 10^15, far below what a double holds exactly")]
fn number(value: u64) -> f64 {
    value as f64
}

impl Buckets {
    /// Buckets with these limits, as they are at the time `now`.
    pub(super) fn new(config: Config, now: Duration) -> Self {
        let mut buckets = Buckets { config, levels: [Level::default(); KINDS], leaked: now };
        for (level, limit) in buckets.levels.iter_mut().zip(&config.limits) {
            if limit.max == 0 {
                level.average = number(limit.average) / 10.0;
            }
        }
        buckets
    }

    /// Puts other limits in place: what is in the buckets is forgotten, as in QEMU.
    pub(super) fn set_config(&mut self, config: Config, now: Duration) {
        *self = Buckets::new(config, now);
    }

    /// Lets a request of `bytes` go, or says how long it must wait; then it has to be asked for again.
    pub(super) fn admit(&mut self, direction: Direction, bytes: u64, now: Duration) -> Result<(), Duration> {
        self.leak(now);
        let wait = direction.buckets().into_iter().map(|at| self.wait(at)).fold(0.0, f64::max);
        if wait > 0.0 {
            // Rounded up: who comes back a nanosecond early would only wait again.
            let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);
            return Err(wait.saturating_add(Duration::from_nanos(1)));
        }
        let size = number(bytes);
        let operations = match self.config.operation_size {
            piece if piece > 0 && bytes > piece => size / number(piece),
            _ => 1.0,
        };
        let [total, one_way, operations_total, operations_one_way] = direction.buckets();
        for (at, amount) in
            [(total, size), (one_way, size), (operations_total, operations), (operations_one_way, operations)]
        {
            if let Some(level) = self.levels.get_mut(at) {
                level.average += amount;
                level.burst += amount;
            }
        }
        Ok(())
    }

    /// Takes out of every bucket what leaked since it was done last. A clock that goes backwards leaks nothing.
    fn leak(&mut self, now: Duration) {
        let seconds = now.saturating_sub(self.leaked).as_secs_f64();
        self.leaked = self.leaked.max(now);
        for (level, limit) in self.levels.iter_mut().zip(&self.config.limits) {
            level.average = (level.average - number(limit.average) * seconds).max(0.0);
            level.burst = (level.burst - number(limit.max) * seconds).max(0.0);
        }
    }

    /// How many seconds it takes until the bucket has room.
    fn wait(&self, at: usize) -> f64 {
        let (Some(limit), Some(level)) = (self.config.limits.get(at), self.levels.get(at)) else {
            return 0.0;
        };
        if limit.average == 0 {
            return 0.0;
        }
        let room = match limit.max {
            0 => number(limit.average) / 10.0,
            max => number(max) * f64::from(limit.length),
        };
        if level.average > room {
            return (level.average - room) / number(limit.average);
        }
        let burst_room = number(limit.max) / 10.0;
        if limit.length > 1 && level.burst > burst_room {
            return (level.burst - burst_room) / number(limit.max);
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limit;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn config(limits: &[(usize, u64, u64, u32)], operation_size: u64) -> Config {
        let mut config = Config { operation_size, ..Config::default() };
        for (at, average, max, length) in limits {
            config.limits[*at] = Limit { average: *average, max: *max, length: *length };
        }
        config
    }

    /// What goes in `span` from `start` on if somebody always wants more.
    fn greedy(
        buckets: &mut Buckets,
        direction: Direction,
        bytes: u64,
        start: Duration,
        span: Duration,
    ) -> u64 {
        let (mut now, mut gone) = (start, 0);
        loop {
            match buckets.admit(direction, bytes, now) {
                Ok(()) => gone += bytes,
                Err(wait) => now += wait,
            }
            if now >= start + span {
                return gone;
            }
        }
    }

    fn is_within(found: u64, wanted: u64, per_cent: u64) -> bool {
        found.abs_diff(wanted) * 100 <= wanted * per_cent
    }

    #[test]
    fn without_limits_everything_goes() {
        let mut buckets = Buckets::new(Config::default(), Duration::ZERO);
        assert_eq!(buckets.admit(Direction::Read, u64::MAX, Duration::ZERO), Ok(()));
        assert_eq!(buckets.admit(Direction::Write, u64::MAX, Duration::ZERO), Ok(()));
    }

    #[test]
    fn the_rate_of_bytes_holds_over_five_seconds_from_the_start() {
        for (rate, request) in [(10_000_000, 4096), (1_000_000, 512), (100_000_000, 65_536), (5_000, 64)] {
            let mut buckets = Buckets::new(config(&[(BPS_TOTAL, rate, 0, 1)], 0), SECOND);
            let gone = greedy(&mut buckets, Direction::Read, request, SECOND, 5 * SECOND);
            assert!(is_within(gone, rate * 5, 2), "{rate} {request}: {gone}");
        }
    }

    #[test]
    fn the_rate_of_operations_holds_over_five_seconds_from_the_start() {
        let mut buckets = Buckets::new(config(&[(IOPS_WRITE, 1000, 0, 1)], 0), Duration::ZERO);
        let gone = greedy(&mut buckets, Direction::Write, 1, Duration::ZERO, 5 * SECOND);
        assert!(is_within(gone, 5000, 2), "{gone}");
    }

    #[test]
    fn reads_and_writes_share_the_total_and_nothing_else() {
        let mut buckets = Buckets::new(config(&[(BPS_READ, 1000, 0, 1)], 0), Duration::ZERO);
        assert_eq!(greedy(&mut buckets, Direction::Read, 100, Duration::ZERO, SECOND), 1000);
        assert_eq!(buckets.admit(Direction::Write, 1_000_000, SECOND), Ok(()));

        let mut buckets = Buckets::new(config(&[(BPS_TOTAL, 1000, 0, 1)], 0), Duration::ZERO);
        assert_eq!(buckets.admit(Direction::Write, 1000, Duration::ZERO), Ok(()));
        let wait = buckets.admit(Direction::Read, 1, Duration::ZERO).unwrap_err();
        assert_eq!(wait.as_millis(), 1000);
    }

    #[test]
    fn a_burst_goes_at_its_rate_for_its_length_and_then_at_the_average() {
        let mut buckets = Buckets::new(config(&[(BPS_TOTAL, 1000, 10_000, 3)], 0), Duration::ZERO);
        let burst = greedy(&mut buckets, Direction::Read, 100, Duration::ZERO, 3 * SECOND);
        assert!(is_within(burst, 31_000, 2), "{burst}");
        // The bucket leaks meanwhile, so the burst lasts a little longer than its length.
        greedy(&mut buckets, Direction::Read, 100, 3 * SECOND, SECOND);
        let after = greedy(&mut buckets, Direction::Read, 100, 4 * SECOND, 10 * SECOND);
        assert!(is_within(after, 10_000, 2), "{after}");
    }

    #[test]
    fn a_burst_of_one_second_goes_at_once() {
        let mut buckets = Buckets::new(config(&[(BPS_TOTAL, 1000, 5000, 1)], 0), Duration::ZERO);
        assert_eq!(buckets.admit(Direction::Read, 5000, Duration::ZERO), Ok(()));
        assert_eq!(buckets.admit(Direction::Read, 1, Duration::ZERO), Ok(()));
        assert!(buckets.admit(Direction::Read, 1, Duration::ZERO).is_err());
    }

    #[test]
    fn large_requests_count_as_several_operations() {
        let mut buckets = Buckets::new(config(&[(IOPS_TOTAL, 10, 0, 1)], 4096), Duration::ZERO);
        assert_eq!(buckets.admit(Direction::Read, 4096 * 10, Duration::ZERO), Ok(()));
        let wait = buckets.admit(Direction::Read, 1, Duration::ZERO).unwrap_err();
        assert_eq!(wait.as_millis(), 1000);
    }

    #[test]
    fn an_idle_bucket_lets_a_tenth_of_a_second_go_at_once() {
        let mut buckets = Buckets::new(config(&[(BPS_TOTAL, 1000, 0, 1)], 0), Duration::ZERO);
        let gone = greedy(&mut buckets, Direction::Read, 1, 100 * SECOND, Duration::from_nanos(1));
        assert_eq!(gone, 101);
    }

    #[test]
    fn other_limits_forget_what_went_before() {
        let slow = config(&[(BPS_TOTAL, 1, 0, 1)], 0);
        let mut buckets = Buckets::new(slow, Duration::ZERO);
        assert_eq!(buckets.admit(Direction::Read, 1_000_000, Duration::ZERO), Ok(()));
        assert!(buckets.admit(Direction::Read, 1, Duration::ZERO).unwrap_err() > 1000 * SECOND);

        buckets.set_config(slow, SECOND);

        assert_eq!(buckets.admit(Direction::Read, 1, SECOND), Ok(()));
    }

    #[test]
    fn a_clock_that_goes_back_leaks_nothing() {
        let mut buckets = Buckets::new(config(&[(BPS_TOTAL, 1000, 0, 1)], 0), 10 * SECOND);
        assert_eq!(buckets.admit(Direction::Read, 1000, 10 * SECOND), Ok(()));
        assert!(buckets.admit(Direction::Read, 1, 5 * SECOND).is_err());
        assert_eq!(buckets.admit(Direction::Read, 1, 12 * SECOND), Ok(()));
    }
}
