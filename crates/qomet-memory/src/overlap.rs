//! Which of many ranges overlap.
//!
//! For `plan`, which warns of windows that overlap (memory rule A22). One pass over the ranges in the order of their
//! starts: the time grows with their number and with what is found, not with the number of pairs. It knows nothing of
//! files and objects.

use std::collections::BTreeSet;
use std::ops::Range;

/// With what a range that is asked for overlaps. Those that are held come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Other {
    /// One that is held already, by its place among them.
    Held(usize),
    /// One that is asked for too, by its place among them.
    Asked(usize),
}

/// All overlaps of the ranges that are asked for, with those that are held and with those asked for earlier, in
/// order. Ranges that are held are not compared with each other. An empty range overlaps with what is on both of its
/// sides.
pub(crate) fn overlaps(
    asked: impl Iterator<Item = Range<u64>>,
    held: impl Iterator<Item = Range<u64>>,
) -> Vec<(usize, Other)> {
    let asked = asked.enumerate().map(|(place, range)| (range.start, range.end, Other::Asked(place)));
    let held = held.enumerate().map(|(place, range)| (range.start, range.end, Other::Held(place)));
    let mut ranges: Vec<_> = asked.chain(held).collect();
    ranges.sort_unstable();
    let mut found = Vec::new();
    // Those that started and have not ended yet, the one that ends first in front.
    let (mut open_asked, mut open_held) = (BTreeSet::new(), BTreeSet::new());
    for (start, end, this) in ranges {
        for open in [&mut open_asked, &mut open_held] {
            while open.first().is_some_and(|(end, _, _)| *end <= start) {
                open.pop_first();
            }
        }
        // What is empty and starts where another does is beside it.
        let met = |open: &BTreeSet<(u64, u64, usize)>| {
            let met: Vec<_> =
                open.iter().filter(|(_, from, _)| *from < end).map(|(.., place)| *place).collect();
            met
        };
        match this {
            Other::Asked(place) => {
                found.extend(met(&open_held).into_iter().map(|other| (place, Other::Held(other))));
                let pairs = met(&open_asked).into_iter();
                found.extend(pairs.map(|other| (place.max(other), Other::Asked(place.min(other)))));
                open_asked.insert((end, start, place));
            }
            Other::Held(place) => {
                found.extend(met(&open_asked).into_iter().map(|other| (other, Other::Held(place))));
                open_held.insert((end, start, place));
            }
        }
    }
    found.sort_unstable();
    found
}
