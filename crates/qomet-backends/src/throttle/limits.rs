//! The limits of a group: their names, how several sets of them add up, and the rules between them.
//!
//! Everything here is arithmetic on plain data. QEMU's rules, in QEMU's order; a value of 0 is no limit.

use qomet::prelude::*;

use crate::problem::BackendErrorKind;

/// How many buckets there are; these are their numbers.
pub(super) const KINDS: usize = 6;
pub(super) const BPS_TOTAL: usize = 0;
pub(super) const BPS_READ: usize = 1;
pub(super) const BPS_WRITE: usize = 2;
pub(super) const IOPS_TOTAL: usize = 3;
pub(super) const IOPS_READ: usize = 4;
pub(super) const IOPS_WRITE: usize = 5;

/// The highest rate.
const HIGHEST: u64 = 1_000_000_000_000_000;

/// The limits of a group. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Value)]
#[value(name = "ThrottleLimits")]
pub struct ThrottleLimits {
    /// Bytes a second, read and written
    pub bps_total: Option<i64>,
    /// Bytes a second, read and written in a burst
    pub bps_total_max: Option<i64>,
    /// Seconds that a burst of `bps-total-max` may last
    pub bps_total_max_length: Option<i64>,
    /// Bytes a second read
    pub bps_read: Option<i64>,
    /// Bytes a second read in a burst
    pub bps_read_max: Option<i64>,
    /// Seconds that a burst of `bps-read-max` may last
    pub bps_read_max_length: Option<i64>,
    /// Bytes a second written
    pub bps_write: Option<i64>,
    /// Bytes a second written in a burst
    pub bps_write_max: Option<i64>,
    /// Seconds that a burst of `bps-write-max` may last
    pub bps_write_max_length: Option<i64>,
    /// Operations a second, reads and writes
    pub iops_total: Option<i64>,
    /// Operations a second, reads and writes in a burst
    pub iops_total_max: Option<i64>,
    /// Seconds that a burst of `iops-total-max` may last
    pub iops_total_max_length: Option<i64>,
    /// Reads a second
    pub iops_read: Option<i64>,
    /// Reads a second in a burst
    pub iops_read_max: Option<i64>,
    /// Seconds that a burst of `iops-read-max` may last
    pub iops_read_max_length: Option<i64>,
    /// Writes a second
    pub iops_write: Option<i64>,
    /// Writes a second in a burst
    pub iops_write_max: Option<i64>,
    /// Seconds that a burst of `iops-write-max` may last
    pub iops_write_max_length: Option<i64>,
    /// From how many bytes on a request counts as several operations; 0: it never does
    pub iops_size: Option<i64>,
}

/// The limits of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// The rate in the long run, in bytes or operations a second.
    pub(super) average: u64,
    /// The rate of a burst.
    pub(super) max: u64,
    /// How many seconds a burst may last.
    pub(super) length: u32,
}

/// All limits of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) limits: [Limit; KINDS],
    /// From how many bytes on a request counts as several operations.
    pub(super) operation_size: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config { limits: [Limit { average: 0, max: 0, length: 1 }; KINDS], operation_size: 0 }
    }
}

/// What one of the numbers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Average,
    Max,
    Length,
}

/// The names of the numbers of each bucket.
const NAMES: [[&str; 3]; KINDS] = [
    ["bps-total", "bps-total-max", "bps-total-max-length"],
    ["bps-read", "bps-read-max", "bps-read-max-length"],
    ["bps-write", "bps-write-max", "bps-write-max-length"],
    ["iops-total", "iops-total-max", "iops-total-max-length"],
    ["iops-read", "iops-read-max", "iops-read-max-length"],
    ["iops-write", "iops-write-max", "iops-write-max-length"],
];

/// The name of the number that the other rules need.
pub(super) const IOPS_SIZE: &str = "iops-size";

fn name(bucket: usize, part: Part) -> &'static str {
    let names = NAMES.get(bucket).copied().unwrap_or_default();
    match part {
        Part::Average => names[0],
        Part::Max => names[1],
        Part::Length => names[2],
    }
}

impl ThrottleLimits {
    /// The number of a bucket.
    pub(super) fn part(&self, bucket: usize, part: Part) -> Option<i64> {
        let row = match bucket {
            BPS_TOTAL => [self.bps_total, self.bps_total_max, self.bps_total_max_length],
            BPS_READ => [self.bps_read, self.bps_read_max, self.bps_read_max_length],
            BPS_WRITE => [self.bps_write, self.bps_write_max, self.bps_write_max_length],
            IOPS_TOTAL => [self.iops_total, self.iops_total_max, self.iops_total_max_length],
            IOPS_READ => [self.iops_read, self.iops_read_max, self.iops_read_max_length],
            IOPS_WRITE => [self.iops_write, self.iops_write_max, self.iops_write_max_length],
            _ => [None; 3],
        };
        match part {
            Part::Average => row[0],
            Part::Max => row[1],
            Part::Length => row[2],
        }
    }

    /// Whether the number `name` is given.
    pub(super) fn gives(&self, name: &str) -> bool {
        let parts = [Part::Average, Part::Max, Part::Length];
        let gives = |bucket| {
            parts
                .into_iter()
                .any(|part| self::name(bucket, part) == name && self.part(bucket, part).is_some())
        };
        (0..KINDS).any(gives) || (name == IOPS_SIZE && self.iops_size.is_some())
    }

    /// All limits, as a reader sees them.
    pub(super) fn of(config: &Config) -> Self {
        let [bps_total, bps_read, bps_write, iops_total, iops_read, iops_write] = config.limits;
        let rate = |rate: u64| Some(rate.cast_signed());
        ThrottleLimits {
            bps_total: rate(bps_total.average),
            bps_total_max: rate(bps_total.max),
            bps_total_max_length: Some(bps_total.length.into()),
            bps_read: rate(bps_read.average),
            bps_read_max: rate(bps_read.max),
            bps_read_max_length: Some(bps_read.length.into()),
            bps_write: rate(bps_write.average),
            bps_write_max: rate(bps_write.max),
            bps_write_max_length: Some(bps_write.length.into()),
            iops_total: rate(iops_total.average),
            iops_total_max: rate(iops_total.max),
            iops_total_max_length: Some(iops_total.length.into()),
            iops_read: rate(iops_read.average),
            iops_read_max: rate(iops_read.max),
            iops_read_max_length: Some(iops_read.length.into()),
            iops_write: rate(iops_write.average),
            iops_write_max: rate(iops_write.max),
            iops_write_max_length: Some(iops_write.length.into()),
            iops_size: rate(config.operation_size),
        }
    }
}

impl Config {
    /// The number of a bucket, as a reader sees it.
    pub(super) fn part(&self, bucket: usize, part: Part) -> i64 {
        let Some(limit) = self.limits.get(bucket) else { return 0 };
        match part {
            Part::Average => limit.average.cast_signed(),
            Part::Max => limit.max.cast_signed(),
            Part::Length => limit.length.into(),
        }
    }

    /// These limits with those of `more` that are given and that `takes` wants.
    ///
    /// # Errors
    /// Every length that no limit takes. Whether a rate is one is among the rules, as in QEMU.
    pub(super) fn with(
        mut self,
        more: &ThrottleLimits,
        takes: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<BackendErrorKind>> {
        let mut broken = Vec::new();
        for (bucket, limit) in self.limits.iter_mut().enumerate() {
            let given = |part| more.part(bucket, part).filter(|_| takes(name(bucket, part)));
            if let Some(value) = given(Part::Average) {
                limit.average = value.cast_unsigned();
            }
            if let Some(value) = given(Part::Max) {
                limit.max = value.cast_unsigned();
            }
            match given(Part::Length).map(|value| (value, u32::try_from(value))) {
                None => {}
                Some((_, Ok(length))) => limit.length = length,
                Some((value, Err(_))) => {
                    broken.push(BackendErrorKind::BurstLength { name: name(bucket, Part::Length), value });
                }
            }
        }
        if let Some(size) = more.iops_size.filter(|_| takes(IOPS_SIZE)) {
            // QEMU takes a negative size for a very large one, so that each request is one operation.
            self.operation_size = size.cast_unsigned();
        }
        if broken.is_empty() { Ok(self) } else { Err(broken) }
    }

    /// The rules between the limits.
    ///
    /// # Errors
    /// All that are broken; of a bucket the first.
    pub(super) fn check(&self) -> Result<(), Vec<BackendErrorKind>> {
        let mut broken = Vec::new();
        for (total, others) in [(BPS_TOTAL, [BPS_READ, BPS_WRITE]), (IOPS_TOTAL, [IOPS_READ, IOPS_WRITE])] {
            for part in [Part::Average, Part::Max] {
                let other = others.into_iter().find(|other| self.part(*other, part) != 0);
                if let Some(other) = other.filter(|_| self.part(total, part) != 0) {
                    let (total, one_way) = (name(total, part), name(other, part));
                    broken.push(BackendErrorKind::TotalAndOneWay { total, one_way });
                }
            }
        }
        let counts = [IOPS_TOTAL, IOPS_READ, IOPS_WRITE];
        if self.operation_size != 0 && counts.iter().all(|at| self.part(*at, Part::Average) == 0) {
            broken.push(BackendErrorKind::SizeWithoutIops);
        }
        broken.extend((0..KINDS).zip(&self.limits).filter_map(|(bucket, limit)| limit.broken_rule(bucket)));
        if broken.is_empty() { Ok(()) } else { Err(broken) }
    }
}

impl Limit {
    /// The first rule that the limits of a bucket break.
    fn broken_rule(&self, bucket: usize) -> Option<BackendErrorKind> {
        let [rate, max, length] = NAMES.get(bucket).copied().unwrap_or_default();
        let Limit { average, max: burst, length: seconds } = *self;
        let too_high = |name, value: u64| BackendErrorKind::RateTooHigh {
            name,
            value: value.cast_signed(),
            highest: HIGHEST,
        };
        Some(if average > HIGHEST {
            too_high(rate, average)
        } else if burst > HIGHEST {
            too_high(max, burst)
        } else if seconds == 0 {
            BackendErrorKind::BurstLength { name: length, value: 0 }
        } else if seconds > 1 && burst == 0 {
            BackendErrorKind::LengthWithoutBurst { length, max }
        } else if burst != 0 && u64::from(seconds) > HIGHEST / burst {
            BackendErrorKind::BurstTooLong { length, seconds, most: HIGHEST / burst }
        } else if burst != 0 && average == 0 {
            BackendErrorKind::BurstWithoutRate { max, rate }
        } else if burst != 0 && burst < average {
            BackendErrorKind::BurstBelowRate { max, rate, burst, average }
        } else {
            return None;
        })
    }
}
