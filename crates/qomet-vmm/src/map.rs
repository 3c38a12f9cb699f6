//! Facts of memory at guest addresses: checked against each other, and arranged side by side.
//!
//! [`crate::GuestMemory`] makes a map of realized regions; `qomet preview` makes one of what objects would be. Both get
//! the same verdicts, because nothing here looks at anything but facts.

use std::ffi::OsString;

use qomet_memory::{FileId, Foreseen, ForeseenFile};

use crate::error::{VmmError, VmmErrors};

/// Runs of at least this many bytes are arranged so that huge pages fit: addresses for the guest and for the process are
/// congruent.
const HUGE: u64 = 2 << 20;

/// Tells files apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileKey {
    /// A file that exists.
    Known(FileId),
    /// One that would be made: its folder and its name there.
    ToBe(FileId, OsString),
    /// The file of one object alone, by the object's name.
    Alone(String),
}

/// Where memory is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRange {
    /// Which file.
    pub file: FileKey,
    /// The first byte.
    pub offset: u64,
}

/// What matters of memory to whoever programs a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The id of its object.
    pub id: String,
    /// Its length in whole pages, in bytes.
    pub length: u64,
    /// Its page size in bytes.
    pub page_size: u64,
    /// Whether writes reach the file, and so every other mapping of it.
    pub shared: bool,
    /// Whether it is ROM.
    pub readonly: bool,
    /// The file; `None` for private memory of the process.
    pub file: Option<FileRange>,
}

impl Facts {
    /// Those of memory that is not realized.
    #[must_use]
    pub fn foreseen(id: &str, memory: &Foreseen) -> Self {
        let file = memory.file.as_ref().map(|(file, offset)| {
            let file = match file {
                ForeseenFile::Exists(id) => FileKey::Known(*id),
                ForeseenFile::WouldBeMade { folder, name } => FileKey::ToBe(*folder, name.clone()),
                _ => FileKey::Alone(id.to_owned()),
            };
            FileRange { file, offset: *offset }
        });
        let (length, page_size) = (memory.length, memory.page_size);
        let (shared, readonly) = (memory.shared, memory.readonly);
        Facts { id: id.to_owned(), length, page_size, shared, readonly, file }
    }

    /// Whether every mapping of the file is the same bytes.
    #[must_use]
    pub fn is_one_memory(&self) -> bool {
        self.file.is_some() && (self.shared || self.readonly)
    }
}

/// Memory at a guest address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The guest physical address in bytes.
    pub address: u64,
    /// The memory.
    pub facts: Facts,
}

impl Piece {
    /// The address after the last; `None` where that is above all addresses.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        self.address.checked_add(self.facts.length)
    }
}

/// Memory at guest addresses, in order of address. No two overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestMap {
    pieces: Vec<Piece>,
}

impl GuestMap {
    /// Checks pieces, in any order, and puts them in order; `page` is the page size of the machine.
    ///
    /// # Errors
    ///
    /// Everything that is wrong: an address that is not a multiple of the page size; a range that wraps; ranges that
    /// overlap.
    pub fn new(page: u64, mut pieces: Vec<Piece>) -> Result<Self, VmmErrors> {
        pieces.sort_by_key(|piece| piece.address);
        let mut wrong = Vec::new();
        for piece in &pieces {
            let (id, address) = (&piece.facts.id, piece.address);
            if address.checked_rem(page) != Some(0) {
                wrong.push(VmmError::Misaligned { id: id.clone(), address, page });
            }
            if piece.end().is_none() {
                wrong.push(VmmError::Wraps { id: id.clone(), address, length: piece.facts.length, page });
            }
        }
        // The one that reaches furthest, of those that begin before.
        let mut furthest: Option<&Piece> = None;
        for piece in &pieces {
            let end = |piece: &Piece| piece.address.saturating_add(piece.facts.length);
            if let Some(before) = furthest
                && end(before) > piece.address
            {
                wrong.push(VmmError::Overlap {
                    first: before.facts.id.clone(),
                    first_range: before.address..end(before),
                    second: piece.facts.id.clone(),
                    second_range: piece.address..end(piece),
                });
            }
            if furthest.is_none_or(|before| end(before) < end(piece)) {
                furthest = Some(piece);
            }
        }
        VmmErrors::none(wrong).map(|()| Self { pieces })
    }

    /// The pieces, in order of address.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Where each piece would be in a range of addresses of the process that begins at a multiple of the second number:
    /// what is consecutive for the guest is consecutive there, and in other places is a gap.
    ///
    /// # Errors
    ///
    /// [`VmmError::TooFar`]: the process has too few addresses.
    pub fn arrange(&self, page: u64) -> Result<(Vec<u64>, u64), VmmError> {
        let alignment = self.pieces.iter().map(|piece| alignment(piece, page)).max().unwrap_or(page);
        let mut places = Vec::with_capacity(self.pieces.len());
        // For the guest, and in the process.
        let mut before: Option<(u64, u64)> = None;
        for piece in &self.pieces {
            let too_far = || VmmError::TooFar { id: piece.facts.id.clone() };
            let next = match before {
                Some((guest, place)) if guest == piece.address => place,
                Some((_, place)) => place.checked_add(page).ok_or_else(too_far)?,
                None => 0,
            };
            let unit = alignment.min(self::alignment(piece, page));
            let wanted = if unit > page { piece.address.checked_rem(unit).unwrap_or(0) } else { 0 };
            let place = congruent(next, wanted, unit).ok_or_else(too_far)?;
            // Whole pages, whatever the guest's address is.
            let place = place.checked_next_multiple_of(piece.facts.page_size).ok_or_else(too_far)?;
            let end = place.checked_add(piece.facts.length).ok_or_else(too_far)?;
            before = piece.end().map(|guest| (guest, end));
            places.push(place);
        }
        Ok((places, alignment))
    }
}

/// What the addresses of a piece are congruent by.
fn alignment(piece: &Piece, page: u64) -> u64 {
    let huge = if piece.facts.length >= HUGE { HUGE } else { page };
    huge.max(piece.facts.page_size)
}

/// The first number from `from` on that leaves `rest` when divided by `unit`.
fn congruent(from: u64, rest: u64, unit: u64) -> Option<u64> {
    let missing = rest.checked_add(unit)?.checked_sub(from.checked_rem(unit)?)?.checked_rem(unit)?;
    from.checked_add(missing)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const PAGE: u64 = 4096;

    /// Shared memory of a file.
    pub(crate) fn piece(id: &str, address: u64, length: u64, file: &str, offset: u64) -> Piece {
        let file = Some(FileRange { file: FileKey::Alone(file.to_owned()), offset });
        let facts = Facts { id: id.to_owned(), length, page_size: PAGE, shared: true, readonly: false, file };
        Piece { address, facts }
    }

    fn wrong(pieces: Vec<Piece>) -> Vec<String> {
        GuestMap::new(PAGE, pieces).unwrap_err().all().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn pieces_are_in_order_of_address() {
        let pieces = vec![piece("b", 8192, PAGE, "f", 0), piece("a", 0, PAGE, "f", PAGE)];

        let map = GuestMap::new(PAGE, pieces).unwrap();

        let ids: Vec<_> = map.pieces().iter().map(|piece| piece.facts.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let pieces = vec![
            piece("a", 0, 3 * PAGE, "f", 0),
            piece("b", PAGE, PAGE, "f", 0),
            piece("c", 2 * PAGE + 1, PAGE, "f", 0),
            piece("d", u64::MAX - PAGE + 1, PAGE, "f", 0),
        ];

        assert_eq!(
            wrong(pieces),
            [
                "'c' cannot begin at 0x2001: that is not a multiple of the page size 4096",
                "'d' of 4096 bytes cannot begin at 0xfffffffffffff000: it would end above the largest address",
                "'a' (0x0 to 0x3000) and 'b' (0x1000 to 0x2000) overlap",
                "'a' (0x0 to 0x3000) and 'c' (0x2001 to 0x3001) overlap",
            ]
        );
    }

    #[test]
    fn memory_that_ends_where_the_next_begins_does_not_overlap() {
        let pieces = vec![piece("a", 0, PAGE, "f", 0), piece("b", PAGE, PAGE, "f", 0)];

        assert!(GuestMap::new(PAGE, pieces).is_ok());
    }

    #[test]
    fn what_is_consecutive_for_the_guest_is_arranged_consecutively() {
        let pieces = vec![
            piece("a", 0, PAGE, "f", 0),
            piece("b", PAGE, PAGE, "g", 0),
            piece("c", 1 << 32, PAGE, "f", 0),
        ];

        let (places, alignment) = GuestMap::new(PAGE, pieces).unwrap().arrange(PAGE).unwrap();

        assert_eq!((places, alignment), (vec![0, PAGE, 3 * PAGE], PAGE));
    }

    #[test]
    fn huge_pages_fit_where_a_run_is_long_enough() {
        let (first, high) = (PAGE, (1 << 32) + PAGE);
        let pieces = vec![piece("a", first, PAGE, "f", 0), piece("b", high, 4 << 20, "f", PAGE)];

        let (places, alignment) = GuestMap::new(PAGE, pieces).unwrap().arrange(PAGE).unwrap();

        assert_eq!(alignment, 2 << 20);
        assert_eq!(places[1] % (2 << 20), high % (2 << 20));
        assert!(places[1] > places[0] + PAGE);
    }

    #[test]
    fn congruent_numbers() {
        assert_eq!(congruent(5, 1, 4), Some(5));
        assert_eq!(congruent(6, 1, 4), Some(9));
        assert_eq!(congruent(u64::MAX, 0, 4), None);
    }
}
