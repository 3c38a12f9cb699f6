//! How much is done between two looks at the clock.
//!
//! `populate` asks it for the length of every step. Memory comes at more than 10 GiB/s where the kernel has huge pages
//! at hand, and at less than 0.2 GiB/s where a host has to find it first, so a step of fixed length is either a late
//! cancellation (and, as a call keeps other threads of the process from mapping something, a late reply to somebody
//! else) or a waste of calls. It does not read the clock, so that tests say how long a step took.

use std::time::Duration;

/// A step that takes longer is followed by a shorter one.
const LONG: Duration = Duration::from_millis(4);
/// A step that takes less is followed by a longer one.
const SHORT: Duration = Duration::from_millis(2);

/// The length of the next step in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    least: u64,
    next: u64,
}

impl Pace {
    /// `least` is the first step, and the shortest.
    pub(crate) const fn of(least: u64) -> Self {
        Self { least, next: least }
    }

    pub(crate) fn next(self) -> u64 {
        self.next
    }

    /// The last step took so long.
    pub(crate) fn took(&mut self, time: Duration) {
        self.next = if time > LONG {
            (self.next / 2).max(self.least)
        } else if time < SHORT {
            self.next.saturating_mul(2)
        } else {
            self.next
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_while_they_are_short_and_shrink_when_they_are_long() {
        let mut pace = Pace::of(2);
        let steps = [1, 1, 3, 5, 5, 5].map(|milliseconds| {
            pace.took(Duration::from_millis(milliseconds));
            pace.next()
        });
        assert_eq!(steps, [4, 8, 8, 4, 2, 2]);
    }
}
