//! Slots of a guest under KVM.
//!
//! [`KvmMemory`] gives a guest all of a [`GuestMemory`], a slot for each region, and takes it away again when it is
//! dropped. Regions stay mapped and in use until then, whatever becomes of everything else.

use std::sync::Arc;

use kvm_ioctls::{Cap, VmFd};
use qomet_memory::Errno;

use crate::error::{VmmError, VmmErrors};
use crate::guest::GuestMemory;
use crate::raw::Slot;
use crate::slots::{KvmSlot, check_slots, slots};

/// Memory that a guest has.
pub struct KvmMemory {
    vm: Arc<VmFd>,
    slots: Vec<Slot>,
    told: Vec<KvmSlot>,
    page: u64,
}

impl KvmMemory {
    /// Gives a guest memory, in slots numbered from `first` on, which it does not use. Read-only regions are slots that
    /// a guest reads and executes, and whose writes are exits.
    ///
    /// # Errors
    ///
    /// [`VmmError::TooManySlots`], [`VmmError::SlotTooLarge`] and [`VmmError::NoReadOnlySlots`] before the guest has
    /// anything; [`VmmError::Kvm`], after which it has nothing either.
    pub fn give(vm: &Arc<VmFd>, memory: &GuestMemory, first: u32) -> Result<Self, VmmErrors> {
        let told = slots(memory.map(), first, memory.page_size())?;
        check_slots(&told, budget(vm))?;
        if let Some(rom) = told.iter().find(|slot| slot.readonly)
            && !vm.check_extension(Cap::ReadonlyMem)
        {
            return Err(VmmError::NoReadOnlySlots { id: rom.id.clone() }.into());
        }
        let mut slots = Vec::with_capacity(told.len());
        for (index, slot) in told.iter().enumerate() {
            let given = Slot::give(vm, slot.number, memory, index);
            slots.push(given.map_err(refused("give a guest the memory of", &slot.id))?);
        }
        Ok(Self { vm: Arc::clone(vm), slots, told, page: memory.page_size() })
    }

    /// The slots, in order of guest address.
    #[must_use]
    pub fn slots(&self) -> &[KvmSlot] {
        &self.told
    }

    /// Has KVM note which pages of a region the guest writes, from now on, or no longer.
    ///
    /// # Errors
    ///
    /// [`VmmError::NoSuchMemory`]; [`VmmError::Kvm`].
    pub fn log_dirty(&mut self, id: &str, on: bool) -> Result<(), VmmError> {
        let slot = self.slots.iter_mut().find(|slot| slot.memory().id() == id).ok_or_else(|| unknown(id))?;
        slot.log_dirty(on).map_err(refused("log the writes to", id))
    }

    /// The pages of a region that the guest wrote since the last call, or since [`KvmMemory::log_dirty`]: where each
    /// begins in the region, in bytes, in order. The region's file has them [`file_offset`] further on.
    ///
    /// [`file_offset`]: qomet_memory::Region::file_offset
    ///
    /// # Errors
    ///
    /// [`VmmError::NoSuchMemory`]; [`VmmError::Kvm`], such as `ENOENT` where nothing is noted.
    pub fn dirty_pages(&self, id: &str) -> Result<Vec<u64>, VmmError> {
        let slot = self.slots.iter().find(|slot| slot.memory().id() == id).ok_or_else(|| unknown(id))?;
        let refused = refused("read the writes to", id);
        if !slot.is_logged() {
            return Err(refused(Errno::ENOENT));
        }
        let length = slot.memory().region().mapped_len();
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        let words = self
            .vm
            .get_dirty_log(slot.number(), size)
            .map_err(|error| refused(Errno::from_raw(error.errno())))?;
        let mut pages = Vec::new();
        for (index, word) in (0_u64..).zip(words) {
            let set = (0..64).filter(|bit| word >> bit & 1 == 1);
            let starts =
                set.map(|bit| index.saturating_mul(64).saturating_add(bit).saturating_mul(self.page));
            pages.extend(starts.filter(|start| *start < length));
        }
        Ok(pages)
    }
}

impl std::fmt::Debug for KvmMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KvmMemory").field("slots", &self.told).finish_non_exhaustive()
    }
}

/// How many slots a guest has.
fn budget(vm: &VmFd) -> u64 {
    match u64::try_from(vm.check_extension_int(Cap::NrMemslots)) {
        // Kernels that do not tell have 32.
        Ok(0) | Err(_) => 32,
        Ok(told) => told,
    }
}

fn unknown(id: &str) -> VmmError {
    VmmError::NoSuchMemory { id: id.to_owned(), nearest: None }
}

fn refused(action: &'static str, id: &str) -> impl Fn(Errno) -> VmmError {
    let id = id.to_owned();
    move |errno| VmmError::Kvm { action, id: id.clone(), errno }
}
