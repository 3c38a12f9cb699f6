//! How many clients there are, and which reactor a new one goes to: that with the fewest, also after others have left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many clients each reactor has, and all together.
#[derive(Debug)]
pub(super) struct Census {
    all: AtomicUsize,
    each: Vec<AtomicUsize>,
}

impl Census {
    /// Nobody yet, with so many reactors.
    pub(super) fn of(reactors: usize) -> Self {
        Census { all: AtomicUsize::new(0), each: (0..reactors).map(|_| AtomicUsize::new(0)).collect() }
    }
}

/// A client's place among those that there may be; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    census: Arc<Census>,
    pub(super) reactor: usize,
}

impl Seat {
    /// A seat with the reactor that has the fewest clients; `None` if all are taken.
    pub(super) fn take(census: &Arc<Census>, limit: usize) -> Option<Self> {
        let load = |each: &AtomicUsize| each.load(Ordering::Relaxed);
        let (reactor, each) = census.each.iter().enumerate().min_by_key(|(_, each)| load(each))?;
        each.fetch_add(1, Ordering::Relaxed);
        let before = census.all.fetch_add(1, Ordering::Relaxed);
        let seat = Seat { census: Arc::clone(census), reactor };
        (before < limit).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.census.all.fetch_sub(1, Ordering::Relaxed);
        if let Some(each) = self.census.each.get(self.reactor) {
            each.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reactors of clients, in the order in which they come.
    fn reactors(census: &Arc<Census>, count: usize) -> Vec<Seat> {
        (0..count).map(|_| Seat::take(census, 100).unwrap()).collect()
    }

    #[test]
    fn clients_are_spread_also_after_some_have_left() {
        let census = Arc::new(Census::of(2));
        let seats = reactors(&census, 20);
        let (first, second): (Vec<Seat>, Vec<Seat>) = seats.into_iter().partition(|seat| seat.reactor == 0);
        assert_eq!((first.len(), second.len()), (10, 10));
        drop(first);
        assert!(reactors(&census, 10).iter().all(|seat| seat.reactor == 0));
    }

    #[test]
    fn a_seat_that_was_refused_takes_no_place() {
        let census = Arc::new(Census::of(2));
        let seat = Seat::take(&census, 1);
        assert!(seat.is_some() && Seat::take(&census, 1).is_none());
        drop(seat);
        assert!(Seat::take(&census, 1).is_some());
    }
}
