//! Finding a property by name.
//!
//! A small open-addressing table from name to slot, made once per class. A name is two words and its length: that is
//! all of a name of up to sixteen bytes, so that nothing else is looked at. The seed is the first of a few that gives
//! the fewest collisions. `hashbrown` with a good hasher takes about twice as long for tables of this size.

use super::Property;

pub(crate) struct NameTable {
    /// Their number is a power of two.
    places: Box<[Place]>,
    /// Takes the upper bits of a hash: only they depend on the whole name.
    shift: u32,
    seed: u64,
}

#[derive(Clone, Copy, Default)]
struct Place {
    key: Key,
    /// Slot + 1, or 0 where the table is empty.
    slot: u8,
}

/// What a name is known by; exact up to [`EXACT`](Key::EXACT) bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Key {
    first: u64,
    last: u64,
    length: usize,
}

impl Key {
    const EXACT: usize = 16;

    #[inline]
    fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let (first, last) =
            if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
                (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
            } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
            } else {
                (bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
            };
        Key { first, last, length: bytes.len() }
    }

    #[inline]
    fn place(self, seed: u64, shift: u32) -> usize {
        let word = self.first ^ self.last.rotate_left(23) ^ (self.length as u64) << 56 ^ seed;
        #[allow(clippy::cast_possible_truncation, reason = "a few bits are left")]
        let place = (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) as usize;
        place
    }
}

impl NameTable {
    /// The table of `properties`, of which there are at most [`LIMIT`](Self::LIMIT).
    pub(crate) fn new(properties: &[&'static Property]) -> Self {
        let size = (properties.len().max(1) * 2).next_power_of_two();
        let shift = u64::BITS - size.trailing_zeros();
        let fill = |seed: u64| {
            let mut places = vec![Place::default(); size].into_boxed_slice();
            let mut steps = 0usize;
            for (slot, property) in (1u8..).zip(properties) {
                let key = Key::of(property.name);
                let mut at = key.place(seed, shift);
                while let Some(taken) = places.get(at)
                    && taken.slot != 0
                {
                    at = (at + 1) & (size - 1);
                    steps += 1;
                }
                if let Some(free) = places.get_mut(at) {
                    *free = Place { key, slot };
                }
            }
            (steps, NameTable { places, shift, seed })
        };
        let mut best = fill(0);
        for seed in 1..256u64 {
            if best.0 == 0 {
                break;
            }
            let next = fill(seed.wrapping_mul(0xd6e8_feb8_6659_fd93));
            if next.0 < best.0 {
                best = next;
            }
        }
        best.1
    }

    /// The most properties a type may have.
    pub(crate) const LIMIT: usize = 128;

    /// The slot of `name`.
    #[inline]
    pub(crate) fn find(&self, properties: &[&'static Property], name: &str) -> Option<usize> {
        let key = Key::of(name);
        let mut at = key.place(self.seed, self.shift);
        loop {
            let place = self.places.get(at)?;
            let slot = usize::from(place.slot).checked_sub(1)?;
            if place.key == key && (key.length <= Key::EXACT || properties.get(slot)?.name == name) {
                return Some(slot);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Bounds, Presence};
    use crate::value::{Mutability, Value as _};

    fn properties(names: impl Iterator<Item = String>) -> Vec<&'static Property> {
        names
            .map(|name| {
                let property = Property {
                    name: name.leak(),
                    value_type: bool::TYPE,
                    description: "",
                    presence: Presence::Optional,
                    mutability: Mutability::UntilRealized,
                    bounds: Bounds::NONE,
                    unit: None,
                    example: None,
                    effective: false,
                    sensitive: false,
                    since: None,
                    deprecated: None,
                    replaced_by: None,
                    needs: &[],
                    unstable: false,
                };
                &*Box::leak(Box::new(property))
            })
            .collect()
    }

    #[test]
    fn every_name_is_found_and_no_other() {
        let properties = properties((0..NameTable::LIMIT).map(|number| "x".repeat(number)));
        let table = NameTable::new(&properties);
        for (slot, property) in properties.iter().enumerate() {
            assert_eq!(table.find(&properties, property.name), Some(slot));
        }
        for wrong in ["y", "xy", "xxxy", "xyxxx", "xxxxxyxx", "xxxxxxxyxxxxxxxx", "xxxxxxxxyxxxxxxxx"] {
            assert_eq!(table.find(&properties, wrong), None);
        }
        assert_eq!(table.find(&properties, &"x".repeat(NameTable::LIMIT)), None);
    }

    #[test]
    fn names_that_differ_in_their_last_letter_do_not_collide() {
        let properties = properties((0..10).map(|number| format!("count-{number}")));
        let table = NameTable::new(&properties);
        let places: std::collections::HashSet<usize> =
            properties.iter().map(|property| Key::of(property.name).place(table.seed, table.shift)).collect();
        assert_eq!(places.len(), properties.len());
    }
}
