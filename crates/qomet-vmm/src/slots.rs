//! The slots that KVM is told, as far as they follow from facts.
//!
//! One slot for each piece: merging would save slots, of which there are many, and cost what a slot of one's own gives,
//! a dirty log and a read-only flag for each region.

use crate::error::{VmmError, VmmErrors};
use crate::map::GuestMap;

/// The largest slot in pages: KVM counts them in 31 bits.
const MOST_PAGES: u64 = (1 << 31) - 1;

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvmSlot {
    /// Its number.
    pub number: u32,
    /// The guest physical address in bytes.
    pub guest: u64,
    /// The size in bytes.
    pub size: u64,
    /// Whether a guest's write is an exit instead (`KVM_MEM_READONLY`).
    pub readonly: bool,
    /// The id of the memory.
    pub id: String,
}

/// The slots of memory, numbered from `first` on.
///
/// # Errors
///
/// [`VmmError::SlotTooLarge`]; [`VmmError::TooManySlots`] where the numbers run out.
pub fn slots(map: &GuestMap, first: u32, page: u64) -> Result<Vec<KvmSlot>, VmmErrors> {
    let (mut slots, mut wrong) = (Vec::new(), Vec::new());
    for (index, piece) in map.pieces().iter().enumerate() {
        let (id, size) = (piece.facts.id.clone(), piece.facts.length);
        let limit = MOST_PAGES.saturating_mul(page);
        if size > limit {
            wrong.push(VmmError::SlotTooLarge { id: id.clone(), size, limit });
        }
        let number = u32::try_from(index).ok().and_then(|index| first.checked_add(index));
        let Some(number) = number else {
            let limit = u64::from(u32::MAX);
            wrong.push(VmmError::TooManySlots { needed: limit.saturating_add(1), limit });
            break;
        };
        slots.push(KvmSlot { number, guest: piece.address, size, readonly: piece.facts.readonly, id });
    }
    VmmErrors::none(wrong).map(|()| slots)
}

/// Checks that a machine with a number of slots has all of these.
///
/// # Errors
///
/// [`VmmError::TooManySlots`].
pub fn check_slots(slots: &[KvmSlot], budget: u64) -> Result<(), VmmError> {
    match slots.last().map(|last| u64::from(last.number).saturating_add(1)) {
        Some(needed) if needed > budget => Err(VmmError::TooManySlots { needed, limit: budget }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::tests::{PAGE, piece};

    #[test]
    fn each_piece_has_a_slot_of_its_own() {
        let mut rom = piece("rom", 0, PAGE, "f", 0);
        rom.facts.readonly = true;
        let map = GuestMap::new(PAGE, vec![rom, piece("ram", PAGE, PAGE, "f", PAGE)]).unwrap();

        let slots = slots(&map, 3, PAGE).unwrap();

        let facts: Vec<_> =
            slots.iter().map(|slot| (slot.number, slot.guest, slot.readonly, slot.id.as_str())).collect();
        assert_eq!(facts, [(3, 0, true, "rom"), (4, PAGE, false, "ram")]);
    }

    #[test]
    fn more_slots_than_the_machine_has_are_refused() {
        let map = GuestMap::new(PAGE, vec![piece("a", 0, PAGE, "f", 0)]).unwrap();
        let slots = slots(&map, 32, PAGE).unwrap();

        assert_eq!(check_slots(&slots, 33), Ok(()));
        let refused = check_slots(&slots, 32).unwrap_err();
        assert_eq!(refused.to_string(), "33 slots are needed, and KVM has 32");
    }

    #[test]
    fn a_slot_has_at_most_2_to_the_31_pages() {
        let map = GuestMap::new(PAGE, vec![piece("a", 0, (1 << 31) * PAGE, "f", 0)]).unwrap();

        let wrong = slots(&map, 0, PAGE).unwrap_err();

        assert_eq!(wrong.all().len(), 1);
        assert_eq!(qomet::Problem::code(&wrong.all()[0]), "kvm-slot-too-large");
    }
}
