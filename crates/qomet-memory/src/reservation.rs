//! Regions mapped once more, side by side, in one range of addresses with a guard page at each end.
//!
//! For consumers that profit when what is consecutive for a guest is consecutive for the process too: a table of memory
//! (vhost-user) then has one entry where it would have several. Each backend keeps its own mapping, which other
//! consumers may have been told of; so only memory can be in a reservation of which two mappings are the same bytes.
//!
//! Moving the mapping of a region into the range (`mremap`), the obvious alternative, would work for private memory too,
//! and would pull the pages away under whoever has been given [`Region::address`].

use std::os::fd::AsFd;
use std::sync::Arc;

use crate::error::{MemoryError, Misplacement};
use crate::host::Host;
use crate::map::{Row, Seat, Shape, Source};
use crate::probe::machine_unit;
use crate::region::Region;

/// Regions at fixed distances from each other. Dropping it unmaps this mapping of them, and nothing else.
///
/// ```
/// use std::sync::Arc;
/// use qomet_memory::{AnonymousKind, AnonymousRequest, Host, MemoryOptions, Reservation, create_anonymous};
///
/// # fn main() -> Result<(), qomet_memory::MemoryError> {
/// let host = Host::real();
/// let mut request = AnonymousRequest { size: Some(1 << 20), kind: AnonymousKind::Shm, memory: MemoryOptions::default() };
/// request.memory.share = true;
/// let low = Arc::new(create_anonymous(&host, &request)?.region);
/// let high = Arc::new(create_anonymous(&host, &request)?.region);
///
/// let both = Reservation::map(&host, 2 << 20, vec![(0, low), (1 << 20, high)])?;
/// assert_eq!(both.address() % (2 << 20), 0);
/// assert_eq!(both.len(), 2 << 20);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reservation {
    /// In front of the regions: unmapped first.
    row: Row,
    length: u64,
    /// Each with its place, in order.
    members: Vec<(u64, Arc<Region>)>,
}

impl Reservation {
    /// Maps regions, each at so many bytes from the start, in order. The start is a multiple of `alignment`, a power of
    /// two that is rounded up to the largest page size of the regions.
    ///
    /// # Errors
    ///
    /// [`MemoryError::NotShared`]; [`MemoryError::Misplaced`]; a refusal of the host.
    pub fn map(host: &Host, alignment: u64, members: Vec<(u64, Arc<Region>)>) -> Result<Self, MemoryError> {
        let machine = machine_unit(host)?.size;
        let mut end = 0_u64;
        for (at, region) in &members {
            let misplaced = |why| Err(MemoryError::Misplaced { subject: region.subject(), at: *at, why });
            if !region.is_one_memory() {
                return Err(MemoryError::NotShared { subject: region.subject() });
            }
            if !region.parts.unit.divides(*at) {
                return misplaced(Misplacement::Misaligned(region.parts.unit));
            }
            if *at < end {
                return misplaced(Misplacement::Overlapping(end));
            }
            end = match at.checked_add(region.mapped_len()) {
                Some(end) => end,
                None => return misplaced(Misplacement::Beyond),
            };
        }
        let pages = members.iter().map(|(_, region)| region.page_size());
        let alignment = pages.max().unwrap_or(0).max(alignment).max(machine);
        // A reservation of nothing is a page.
        let length = end.max(machine);
        let shape = Shape { length, alignment, residue: 0, guard: machine, writable: false, reserve: false };
        let seats: Vec<Seat<'_>> = members.iter().filter_map(|(at, region)| seat(*at, region)).collect();
        let row = Row::new(host, shape, &seats).map_err(|(refusal, index)| MemoryError::Host {
            call: refusal.call,
            subject: members.get(index).map_or_else(String::new, |(_, region)| region.subject()),
            errno: refusal.errno,
        })?;
        Ok(Self { row, length: end, members })
    }

    /// Where the first byte is in the address space of this process. Touching it may fault: see [`Region`].
    pub fn address(&self) -> usize {
        self.row.address()
    }

    /// From the start to the end of the last region, in bytes.
    #[expect(clippy::len_without_is_empty, reason = "nobody reserves nothing")]
    pub fn len(&self) -> u64 {
        self.length
    }

    /// The regions, each with its place in bytes from the start.
    pub fn members(&self) -> impl Iterator<Item = (u64, &Arc<Region>)> {
        self.members.iter().map(|(at, region)| (*at, region))
    }
}

fn seat(at: u64, region: &Region) -> Option<Seat<'_>> {
    let file = region.file()?.as_fd();
    let (offset, shared, sync) = (region.file_offset(), region.is_shared(), region.parts.sync);
    let source = Source::File { file, offset, shared, sync };
    let (writable, dump) = (!region.is_readonly(), region.is_dumped());
    Some(Seat { at, length: region.mapped_len(), source, writable, dump })
}
