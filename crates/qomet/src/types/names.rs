//! Finding a property by name.
//!
//! A small open-addressing table from name to slot, made once per class. The hash reads at most sixteen bytes
//! of the name; the seed is the first of a few that gives the fewest collisions. `hashbrown` with a good hasher
//! takes about twice as long for tables of this size.

use super::Property;

pub(crate) struct NameTable {
    /// Slot + 1, or 0 where the table is empty. Its length is a power of two.
    places: Box<[u8]>,
    seed: u64,
}

/// A word that differs for nearly all pairs of names.
#[inline]
fn word(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let length = bytes.len() as u64;
    let mixed = if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(23)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else {
        bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
    };
    mixed ^ length << 56
}

#[inline]
fn place(name: &str, seed: u64, mask: usize) -> usize {
    let hash = (word(name) ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    #[allow(clippy::cast_possible_truncation, reason = "masked at once")]
    let place = (hash >> 40) as usize;
    place & mask
}

impl NameTable {
    /// The table of `properties`, of which there are at most [`LIMIT`](Self::LIMIT).
    pub(crate) fn new(properties: &[&'static Property]) -> Self {
        let size = (properties.len().max(1) * 2).next_power_of_two();
        let fill = |seed: u64| {
            let mut places = vec![0u8; size].into_boxed_slice();
            let mut steps = 0usize;
            for (slot, property) in (1u8..).zip(properties) {
                let mut at = place(property.name, seed, size - 1);
                while let Some(taken) = places.get(at)
                    && *taken != 0
                {
                    at = (at + 1) & (size - 1);
                    steps += 1;
                }
                if let Some(free) = places.get_mut(at) {
                    *free = slot;
                }
            }
            (steps, NameTable { places, seed })
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
        let mask = self.places.len() - 1;
        let mut at = place(name, self.seed, mask);
        loop {
            let slot = usize::from(*self.places.get(at)?).checked_sub(1)?;
            if properties.get(slot)?.name == name {
                return Some(slot);
            }
            at = (at + 1) & mask;
        }
    }
}
