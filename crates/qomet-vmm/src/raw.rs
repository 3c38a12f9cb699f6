//! The one module with `unsafe`: addresses of this process, handed to those who use them without Rust's knowledge.
//!
//! `kvm` and `vm_memory` call it. Every function takes the [`GuestMemory`](crate::GuestMemory) whose address it hands out,
//! and its result keeps that alive; so the obligation "mapped as long as somebody may touch it" is kept here and left to
//! no caller. References into the memory are made nowhere: guests and devices write it at any time.

#[cfg(feature = "kvm")]
pub(crate) use slot::Slot;
#[cfg(feature = "vm-memory")]
pub(crate) use window::mapped;

#[cfg(feature = "kvm")]
mod slot {
    use std::mem::ManuallyDrop;
    use std::sync::Arc;

    use kvm_bindings::{KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY, kvm_userspace_memory_region};
    use kvm_ioctls::VmFd;
    use qomet_memory::Errno;

    use crate::guest::GuestMemory;
    use crate::guest::LeasedRegion;

    /// A slot of a guest that is memory of this process. Dropping it takes the memory away from the guest.
    pub(crate) struct Slot {
        vm: Arc<VmFd>,
        told: kvm_userspace_memory_region,
        /// Given up only once the guest has no longer the memory.
        memory: ManuallyDrop<(GuestMemory, Arc<LeasedRegion>)>,
    }

    impl Slot {
        /// Gives the guest the region `index` of `memory`, at the number of a slot that it does not use.
        pub(crate) fn give(
            vm: &Arc<VmFd>,
            number: u32,
            memory: &GuestMemory,
            index: usize,
        ) -> Result<Self, Errno> {
            let region = memory.regions().nth(index).ok_or(Errno::EINVAL)?;
            let readonly = if region.memory.region().is_readonly() { KVM_MEM_READONLY } else { 0 };
            let told = kvm_userspace_memory_region {
                slot: number,
                flags: readonly,
                guest_phys_addr: region.address,
                memory_size: region.memory.region().mapped_len(),
                userspace_addr: region.user,
            };
            // SAFETY: the kernel wants the range to stay mapped, and to be nobody else's, while the slot exists. It is a
            // window of a region or reservation, of `mapped_len` bytes, that `memory` keeps mapped; the slot owns a clone
            // of `memory` and gives it up only after the kernel has given up the slot. No Rust reference into the window
            // exists that a guest's write could contradict. Memory that is mapped read-only is given read-only.
            unsafe { vm.set_user_memory_region(told) }.map_err(errno)?;
            let memory = ManuallyDrop::new((memory.clone(), Arc::clone(region.memory)));
            Ok(Self { vm: Arc::clone(vm), told, memory })
        }

        /// Has the kernel note which pages the guest writes, or not.
        pub(crate) fn log_dirty(&mut self, on: bool) -> Result<(), Errno> {
            let mut told = self.told;
            told.flags = told.flags & !KVM_MEM_LOG_DIRTY_PAGES | if on { KVM_MEM_LOG_DIRTY_PAGES } else { 0 };
            // SAFETY: the same slot and the same range, as in `give`; only the flags differ.
            unsafe { self.vm.set_user_memory_region(told) }.map_err(errno)?;
            self.told = told;
            Ok(())
        }

        /// Whether the kernel notes which pages the guest writes.
        pub(crate) fn is_logged(&self) -> bool {
            self.told.flags & KVM_MEM_LOG_DIRTY_PAGES != 0
        }

        /// The number of the slot.
        pub(crate) fn number(&self) -> u32 {
            self.told.slot
        }

        /// The region.
        pub(crate) fn memory(&self) -> &Arc<LeasedRegion> {
            &self.memory.1
        }
    }

    impl Drop for Slot {
        fn drop(&mut self) {
            let none = kvm_userspace_memory_region { memory_size: 0, ..self.told };
            // SAFETY: a size of 0 deletes the slot, and hands out no memory.
            let done = unsafe { self.vm.set_user_memory_region(none) };
            if done.is_ok() {
                // SAFETY: nothing uses the field after this, as the value is being dropped. The guest no longer has the
                // memory; where the kernel refused to take it away, it stays mapped for ever instead.
                unsafe { ManuallyDrop::drop(&mut self.memory) };
            }
        }
    }

    fn errno(error: kvm_ioctls::Error) -> Errno {
        Errno::from_raw(error.errno())
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::tests::{Bench, PAGE, Window, machine::machine};

        /// Tells the kernel of a slot again, as one that can be written.
        fn again_writable(slot: &Slot) -> Result<(), Errno> {
            let told = kvm_userspace_memory_region { flags: 0, ..slot.told };
            // SAFETY: the same slot and the same range, as in `Slot::give`; only the flags may differ.
            unsafe { slot.vm.set_user_memory_region(told) }.map_err(errno)
        }

        #[test]
        fn a_slot_of_memory_side_by_side_is_where_the_others_know_it() {
            let bench = Bench::new();
            let Some(vm) = machine() else { return };
            let members = bench.members(&[(0, Window::of("ram", "ram", PAGE, PAGE))]);
            let memory = GuestMemory::side_by_side(&qomet_memory::Host::real(), members).unwrap();
            let slot = Slot::give(&vm, 0, &memory, 0).unwrap();

            assert_eq!(slot.told.userspace_addr, memory.user_address(0).unwrap());
        }

        /// What a guest sees does not tell: a write to memory that is mapped read-only is an exit in any case.
        #[test]
        fn the_kernel_knows_which_slots_are_read_only() {
            let bench = Bench::new();
            let Some(vm) = machine() else { return };
            std::fs::write(bench.path("rom"), [0; 4096]).unwrap();
            let rom = Window { readonly: true, ..Window::of("rom", "rom", 0, PAGE) };
            let memory = bench.memory(&[(0, rom), (PAGE, Window::of("ram", "ram", PAGE, PAGE))]);
            let mut rom = Slot::give(&vm, 0, &memory, 0).unwrap();
            let ram = Slot::give(&vm, 1, &memory, 1).unwrap();

            // A slot keeps its kind.
            assert_eq!(again_writable(&ram), Ok(()));
            assert_eq!(again_writable(&rom), Err(Errno::EINVAL));
            rom.log_dirty(true).unwrap();
            rom.log_dirty(false).unwrap();
            assert_eq!(again_writable(&rom), Err(Errno::EINVAL));
        }
    }
}

#[cfg(feature = "vm-memory")]
mod window {
    use vm_memory::mmap::{MmapRegion, MmapRegionBuilder, MmapRegionError};
    use vm_memory::{FileOffset, bitmap::Bitmap};

    use crate::guest::GuestMemory;
    use crate::vm_memory::KeepsAlive;

    /// `PROT_READ | PROT_WRITE`, which vm-memory takes as a number.
    const READ_WRITE: i32 = 3;
    /// `MAP_SHARED` and `MAP_PRIVATE`.
    const SHARED: i32 = 1;
    const PRIVATE: i32 = 2;

    /// The region of this number as vm-memory knows it, without another mapping; `bitmap` notes what is written.
    ///
    /// # Errors
    ///
    /// There is no such region, or it cannot be written: vm-memory does not look before it writes.
    pub(crate) fn mapped<B: Bitmap>(
        memory: &GuestMemory,
        number: usize,
        file: Option<FileOffset>,
        bitmap: impl FnOnce(usize) -> B,
    ) -> Result<MmapRegion<KeepsAlive<B>>, MmapRegionError> {
        let region = memory.regions().nth(number).ok_or(MmapRegionError::InvalidPointer)?;
        let mapped = region.memory.region();
        let (Ok(at), Ok(size), false) =
            (usize::try_from(region.user), usize::try_from(mapped.mapped_len()), mapped.is_readonly())
        else {
            return Err(MmapRegionError::InvalidPointer);
        };
        let keeper = KeepsAlive::new(bitmap(size), memory.clone());
        let flags = if mapped.is_shared() { SHARED } else { PRIVATE };
        let builder = MmapRegionBuilder::new_with_bitmap(size, keeper)
            .with_mmap_prot(READ_WRITE)
            .with_mmap_flags(flags);
        // SAFETY: the pointer is the start of a mapping of this process, readable and writable, of `size` bytes: a window
        // of a region or reservation that `memory` keeps mapped. The result owns a clone of `memory` in its bitmap, which
        // nobody can take out of it, so the mapping lives at least as long. The result does not unmap it, as it did not
        // map it.
        let builder = unsafe { builder.with_raw_mmap_pointer(std::ptr::with_exposed_provenance_mut(at)) };
        match file {
            Some(file) => builder.with_file_offset(file).build(),
            None => builder.build(),
        }
    }
}
