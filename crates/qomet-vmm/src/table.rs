//! The memory table that a vhost-user device is told, as far as it follows from facts.
//!
//! An entry is a guest address, a size, an address in this process (by which rings are named) and an offset in a file
//! that the device maps. Ranges that are consecutive in all of them are one entry, since devices take few: that needs a
//! reservation, in which the process has consecutive addresses.
//!
//! Read-only memory is left out, as QEMU does: devices map what they are told for writing, and would be refused.

use crate::error::{VmmError, VmmErrors};
use crate::map::{FileKey, GuestMap, Piece};

/// Entries that every device takes.
pub const BASELINE_REGIONS: u64 = 8;

/// Entries that a device with `CONFIGURE_MEM_SLOTS` may take at most, whatever it says: KVM and QEMU have had 509 slots
/// for memory since Linux 3.14.
pub const MAX_REGIONS: u64 = 509;

/// How a device takes its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceSlots {
    /// All at once, up to [`BASELINE_REGIONS`].
    Baseline,
    /// One by one (`CONFIGURE_MEM_SLOTS`), up to the number that the device tells.
    Configurable(u64),
}

impl DeviceSlots {
    /// How many entries that is.
    #[must_use]
    pub fn limit(self) -> u64 {
        match self {
            DeviceSlots::Baseline => BASELINE_REGIONS,
            DeviceSlots::Configurable(told) => told.min(MAX_REGIONS),
        }
    }

    /// Checks that a device takes so many entries.
    ///
    /// # Errors
    ///
    /// [`VmmError::TooManyRegions`].
    pub fn check(self, needed: usize) -> Result<(), VmmError> {
        let needed = u64::try_from(needed).unwrap_or(u64::MAX);
        let limit = self.limit();
        if needed <= limit {
            return Ok(());
        }
        Err(VmmError::TooManyRegions { needed, limit, configurable: self != DeviceSlots::Baseline })
    }
}

/// An entry of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// The guest physical address in bytes.
    pub guest: u64,
    /// The size in bytes.
    pub size: u64,
    /// The address in this process, or from the start of a reservation that is not made.
    pub user: u64,
    /// Where it begins in its file, in bytes: the device maps from here.
    pub offset: u64,
    /// The file.
    pub file: FileKey,
    /// The ids of the memory in it, in order of address.
    pub ids: Vec<String>,
    /// The number of the first piece: its descriptor is the entry's.
    pub first: usize,
}

/// The entries of memory whose pieces are at these addresses of the process.
///
/// # Errors
///
/// [`VmmError::NotShareable`] for each piece that no device can map.
pub fn entries(map: &GuestMap, user: &[u64]) -> Result<Vec<TableEntry>, VmmErrors> {
    let mut wrong = Vec::new();
    let mut entries: Vec<TableEntry> = Vec::new();
    for (index, (piece, user)) in map.pieces().iter().zip(user).enumerate() {
        let facts = &piece.facts;
        let range = match &facts.file {
            _ if facts.readonly => continue,
            Some(range) if facts.shared => range,
            file => {
                let id = facts.id.clone();
                wrong.push(VmmError::NotShareable { id, anonymous: file.is_none() });
                continue;
            }
        };
        let new = TableEntry {
            guest: piece.address,
            size: facts.length,
            user: *user,
            offset: range.offset,
            file: range.file.clone(),
            ids: vec![facts.id.clone()],
            first: index,
        };
        match entries.last_mut() {
            Some(last) if continues(last, &new) => {
                last.size = last.size.saturating_add(new.size);
                last.ids.extend(new.ids);
            }
            _ => entries.push(new),
        }
    }
    VmmErrors::none(wrong).map(|()| entries)
}

fn continues(last: &TableEntry, next: &TableEntry) -> bool {
    let after = |start: u64| start.checked_add(last.size);
    last.file == next.file
        && after(last.guest) == Some(next.guest)
        && after(last.user) == Some(next.user)
        && after(last.offset) == Some(next.offset)
}

/// The memory that is in no entry.
#[must_use]
pub fn left_out(map: &GuestMap) -> Vec<&Piece> {
    map.pieces().iter().filter(|piece| piece.facts.readonly).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::tests::{PAGE, piece};

    fn table(pieces: Vec<Piece>) -> Vec<TableEntry> {
        let map = GuestMap::new(PAGE, pieces).unwrap();
        let (places, _) = map.arrange(PAGE).unwrap();
        entries(&map, &places).unwrap()
    }

    fn ids(entries: &[TableEntry]) -> Vec<Vec<&str>> {
        entries.iter().map(|entry| entry.ids.iter().map(String::as_str).collect()).collect()
    }

    #[test]
    fn ranges_that_continue_each_other_everywhere_are_one_entry() {
        let entries =
            table(vec![piece("a", 0, PAGE, "f", 3 * PAGE), piece("b", PAGE, 2 * PAGE, "f", 4 * PAGE)]);

        assert_eq!(ids(&entries), [["a", "b"]]);
        let only = &entries[0];
        assert_eq!((only.guest, only.size, only.offset), (0, 3 * PAGE, 3 * PAGE));
    }

    #[test]
    fn another_file_another_place_in_the_file_or_a_gap_is_another_entry() {
        let first = || piece("a", 0, PAGE, "f", 0);

        assert_eq!(ids(&table(vec![first(), piece("b", PAGE, PAGE, "g", PAGE)])), [["a"], ["b"]]);
        assert_eq!(ids(&table(vec![first(), piece("b", PAGE, PAGE, "f", 2 * PAGE)])), [["a"], ["b"]]);
        assert_eq!(ids(&table(vec![first(), piece("b", 2 * PAGE, PAGE, "f", PAGE)])), [["a"], ["b"]]);
    }

    #[test]
    fn ranges_that_are_apart_in_the_process_are_two_entries() {
        let pieces = vec![piece("a", 0, PAGE, "f", 0), piece("b", PAGE, PAGE, "f", PAGE)];
        let map = GuestMap::new(PAGE, pieces).unwrap();

        assert_eq!(ids(&entries(&map, &[0, 2 * PAGE]).unwrap()), [["a"], ["b"]]);
    }

    #[test]
    fn memory_that_a_device_cannot_map_is_refused_with_the_repair() {
        let (mut private, mut anonymous) = (piece("p", 0, PAGE, "f", 0), piece("a", PAGE, PAGE, "f", 0));
        private.facts.shared = false;
        anonymous.facts.shared = false;
        anonymous.facts.file = None;
        let map = GuestMap::new(PAGE, vec![private, anonymous]).unwrap();

        let wrong = entries(&map, &[0, PAGE]).unwrap_err();

        let texts: Vec<_> = wrong.all().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "a device cannot map 'p': it is a private mapping, whose writes nobody else sees",
                "a device cannot map 'a': it is memory of this process, which has no file",
            ]
        );
        assert!(wrong.all().iter().all(|one| qomet::Problem::help(one).as_deref() == Some("use share=on")));
    }

    #[test]
    fn read_only_memory_is_left_out() {
        let mut rom = piece("rom", 0, PAGE, "f", 0);
        rom.facts.readonly = true;
        let map = GuestMap::new(PAGE, vec![rom, piece("ram", PAGE, PAGE, "f", PAGE)]).unwrap();

        assert_eq!(ids(&entries(&map, &[0, PAGE]).unwrap()), [["ram"]]);
        assert_eq!(left_out(&map)[0].facts.id, "rom");
    }

    #[test]
    fn the_limits_are_8_and_509() {
        assert_eq!(DeviceSlots::Baseline.check(8), Ok(()));
        assert_eq!(
            DeviceSlots::Baseline.check(9).unwrap_err().to_string(),
            "the table has 9 entries, and the device takes 8"
        );
        assert_eq!(DeviceSlots::Configurable(32).limit(), 32);
        assert_eq!(DeviceSlots::Configurable(u64::MAX).check(509), Ok(()));
        assert!(DeviceSlots::Configurable(u64::MAX).check(510).is_err());
    }
}
