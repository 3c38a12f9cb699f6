//! Realized memory at guest addresses.
//!
//! Programs of a monitor make one [`GuestMemory`] of leased regions and give it to consumers, each of which keeps a clone:
//! regions stay mapped, and their objects in use, until the last has let go. Reading and writing by guest address copies
//! through the kernel, as a region does, so it is for drivers and tests and not for the fast path; who needs that takes
//! `vm-memory`.

use std::fmt;
use std::sync::Arc;

use qomet::Lease;
use qomet_memory::{Host, MemoryError, Region, Reservation, page_size};

use crate::error::{VmmError, VmmErrors};
use crate::map::{Facts, FileKey, FileRange, GuestMap, Piece};

/// A region that somebody uses: while it lives, its object cannot be deleted.
pub struct LeasedRegion {
    region: Arc<Region>,
    lease: Lease,
}

impl From<(Lease, Arc<Region>)> for LeasedRegion {
    fn from((lease, region): (Lease, Arc<Region>)) -> Self {
        Self { region, lease }
    }
}

impl LeasedRegion {
    /// The memory.
    #[must_use]
    pub fn region(&self) -> &Arc<Region> {
        &self.region
    }

    /// The name of its object.
    #[must_use]
    pub fn id(&self) -> &str {
        self.lease.object().name()
    }

    /// What its memory refused, with the name of its object.
    fn error(&self, error: MemoryError) -> VmmError {
        VmmError::Backend { id: self.id().to_owned(), error }
    }

    fn facts(&self) -> Facts {
        let region = &self.region;
        let file = region.file().map(|_| {
            // Nobody else has a file that has no name.
            let alone = || FileKey::Alone(self.id().to_owned());
            FileRange {
                file: region.file_id().map_or_else(alone, FileKey::Known),
                offset: region.file_offset(),
            }
        });
        Facts {
            id: self.id().to_owned(),
            length: region.mapped_len(),
            page_size: region.page_size(),
            shared: region.is_shared(),
            readonly: region.is_readonly(),
            file,
        }
    }
}

impl fmt::Debug for LeasedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasedRegion").field("id", &self.id()).field("region", &self.region).finish()
    }
}

/// Memory of a guest. Cheap to clone; clones are the same memory.
#[derive(Clone, Debug)]
pub struct GuestMemory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    map: GuestMap,
    /// In front of the members: unmapped first.
    _reservation: Option<Reservation>,
    /// In the order of the map.
    members: Vec<Arc<LeasedRegion>>,
    /// Where each is in this process.
    user: Vec<u64>,
    page: u64,
}

/// A region of a guest.
#[derive(Clone, Copy, Debug)]
pub struct GuestRegion<'g> {
    /// The guest physical address in bytes.
    pub address: u64,
    /// Where it is in the address space of this process. Touching it may fault: see [`Region`].
    pub user: u64,
    /// The memory.
    pub memory: &'g Arc<LeasedRegion>,
}

impl GuestMemory {
    /// Memory at guest addresses, in any order, each where its backend mapped it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong: see [`GuestMap::new`]; a file that is too short by now.
    pub fn new(members: Vec<(u64, LeasedRegion)>) -> Result<Self, VmmErrors> {
        Self::build(&Host::real(), members, false)
    }

    /// The same, mapped once more, side by side in one range with a guard page at each end: what is consecutive for the
    /// guest is consecutive in this process, too.
    ///
    /// # Errors
    ///
    /// Everything that is wrong; private memory, which cannot be mapped twice; a file that is too short by now; a refusal of
    /// the host.
    pub fn side_by_side(host: &Host, members: Vec<(u64, LeasedRegion)>) -> Result<Self, VmmErrors> {
        Self::build(host, members, true)
    }

    fn build(host: &Host, mut members: Vec<(u64, LeasedRegion)>, together: bool) -> Result<Self, VmmErrors> {
        let page = page_size(host)?;
        // Stable, as is the order of the map.
        members.sort_by_key(|(address, _)| *address);
        let pieces = members.iter();
        let pieces = pieces.map(|(address, memory)| Piece { address: *address, facts: memory.facts() });
        let map = GuestMap::new(page, pieces.collect())?;
        // Whoever touches what is behind the end of a file is sent a signal.
        let whole = |memory: &LeasedRegion| memory.region.check_length().map_err(|short| memory.error(short));
        VmmErrors::none(members.iter().filter_map(|(_, memory)| whole(memory).err()).collect())?;
        let members: Vec<_> = members.into_iter().map(|(_, memory)| Arc::new(memory)).collect();
        if !together {
            let user = members.iter().map(|memory| address(memory.region.address())).collect();
            return Ok(Self { inner: Arc::new(Inner { map, _reservation: None, members, user, page }) });
        }
        let (places, alignment) = map.arrange(page)?;
        let places_of = places.iter().copied().zip(members.iter().map(|memory| Arc::clone(&memory.region)));
        let reservation = Reservation::map(host, alignment, places_of.collect())?;
        let base = address(reservation.address());
        let user = places.into_iter().map(|place| base.saturating_add(place)).collect();
        Ok(Self { inner: Arc::new(Inner { map, _reservation: Some(reservation), members, user, page }) })
    }

    /// Which memory is at which guest address.
    #[must_use]
    pub fn map(&self) -> &GuestMap {
        &self.inner.map
    }

    /// The page size of the machine in bytes.
    #[must_use]
    pub fn page_size(&self) -> u64 {
        self.inner.page
    }

    /// The regions, in order of guest address.
    pub fn regions(&self) -> impl Iterator<Item = GuestRegion<'_>> {
        let (map, inner) = (self.inner.map.pieces(), &self.inner);
        let all = map.iter().zip(&inner.members).zip(&inner.user);
        all.map(|((piece, memory), user)| GuestRegion { address: piece.address, user: *user, memory })
    }

    /// Where each region is in this process, in order of guest address.
    #[must_use]
    pub fn user_addresses(&self) -> &[u64] {
        &self.inner.user
    }

    /// The address in this process of a guest address; `None` where the guest has no memory.
    #[must_use]
    pub fn user_address(&self, guest: u64) -> Option<u64> {
        let (region, offset) = self.find(guest)?;
        region.user.checked_add(offset)
    }

    /// Copies bytes out of the guest's memory, over the borders of regions too.
    ///
    /// # Errors
    ///
    /// [`VmmError::OutsideGuest`]; what [`Region::read`] refuses.
    pub fn read(&self, guest: u64, to: &mut [u8]) -> Result<(), VmmError> {
        let (mut rest, mut at) = (to, guest);
        let total = rest.len();
        while !rest.is_empty() {
            let (region, offset, count) = self.part(guest, total, at, rest.len())?;
            let (now, later) = rest.split_at_mut_checked(count).unwrap_or_default();
            region.region.read(offset, now).map_err(|error| region.error(error))?;
            at = at.saturating_add(bytes(count));
            rest = later;
        }
        Ok(())
    }

    /// Copies bytes into the guest's memory, over the borders of regions too.
    ///
    /// # Errors
    ///
    /// [`VmmError::OutsideGuest`]; what [`Region::write`] refuses.
    pub fn write(&self, guest: u64, from: &[u8]) -> Result<(), VmmError> {
        let (mut rest, mut at) = (from, guest);
        while !rest.is_empty() {
            let (region, offset, count) = self.part(guest, from.len(), at, rest.len())?;
            let (now, later) = rest.split_at_checked(count).unwrap_or_default();
            region.region.write(offset, now).map_err(|error| region.error(error))?;
            at = at.saturating_add(bytes(count));
            rest = later;
        }
        Ok(())
    }

    /// The region at a guest address, and where in it that is.
    fn find(&self, guest: u64) -> Option<(GuestRegion<'_>, u64)> {
        let after = self.inner.map.pieces().partition_point(|piece| piece.address <= guest);
        let region = self.regions().nth(after.checked_sub(1)?)?;
        let offset = guest.checked_sub(region.address)?;
        (offset < region.memory.region.len()).then_some((region, offset))
    }

    /// How much of a copy is in one region.
    fn part(
        &self,
        guest: u64,
        total: usize,
        at: u64,
        wanted: usize,
    ) -> Result<(&Arc<LeasedRegion>, u64, usize), VmmError> {
        let missing = || VmmError::OutsideGuest { address: guest, length: bytes(total), missing: at };
        let (region, offset) = self.find(at).ok_or_else(missing)?;
        let left = region.memory.region.len().saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(wanted);
        Ok((region.memory, offset, count))
    }
}

fn address(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
