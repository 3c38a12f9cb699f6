//! The memory table of a vhost-user device, with the descriptors that it maps.
//!
//! A monitor makes a [`MemoryTable`] of its [`GuestMemory`], gives it to each device ([`MemoryTable::program`]), and keeps
//! it as long as the device may touch the memory. The table is the offsets' only way out: the number that a device maps
//! from is the offset of the region in its file, and nothing here could leave it out.

use std::os::fd::AsRawFd;

use vhost::VhostBackend;
use vhost::VhostUserMemoryRegionInfo;
use vhost::vhost_user::message::VhostUserProtocolFeatures;
use vhost::vhost_user::{Frontend, VhostUserFrontend};

use crate::error::{VmmError, VmmErrors};
use crate::guest::GuestMemory;
use crate::table::{DeviceSlots, TableEntry, entries};

/// What a device is told of a guest's memory. Keeps the memory mapped and in use.
#[derive(Debug)]
pub struct MemoryTable {
    memory: GuestMemory,
    entries: Vec<TableEntry>,
}

impl MemoryTable {
    /// The table of all memory that can be written.
    ///
    /// # Errors
    ///
    /// [`VmmError::NotShareable`] for each region that no other process can map.
    pub fn of(memory: &GuestMemory) -> Result<Self, VmmErrors> {
        let entries = entries(memory.map(), memory.user_addresses())?;
        Ok(Self { memory: memory.clone(), entries })
    }

    /// The entries, in order of guest address.
    #[must_use]
    pub fn entries(&self) -> &[TableEntry] {
        &self.entries
    }

    /// The memory.
    #[must_use]
    pub fn memory(&self) -> &GuestMemory {
        &self.memory
    }

    /// The entries in the form of the crate `vhost`. Their descriptors are open as long as the table lives.
    #[must_use]
    pub fn infos(&self) -> Vec<VhostUserMemoryRegionInfo> {
        let info = |entry: &TableEntry| {
            let region = self.memory.regions().nth(entry.first)?;
            Some(VhostUserMemoryRegionInfo {
                guest_phys_addr: entry.guest,
                memory_size: entry.size,
                userspace_addr: entry.user,
                mmap_offset: entry.offset,
                mmap_handle: region.memory.region().file()?.as_raw_fd(),
            })
        };
        self.entries.iter().filter_map(info).collect()
    }

    /// Asks a device how it takes its table. Its protocol features have been negotiated: `features` are those that both
    /// sides have.
    ///
    /// # Errors
    ///
    /// [`VmmError::Device`].
    pub fn ask(device: &mut Frontend, features: VhostUserProtocolFeatures) -> Result<DeviceSlots, VmmError> {
        if !features.contains(VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS) {
            return Ok(DeviceSlots::Baseline);
        }
        let told = device.get_max_mem_slots().map_err(|why| refused("to tell its number of slots", &why))?;
        Ok(DeviceSlots::Configurable(told))
    }

    /// Tells a device that has no memory yet all of the table.
    ///
    /// # Errors
    ///
    /// [`VmmError::TooManyRegions`], before the device is told anything; [`VmmError::Device`].
    pub fn program(&self, device: &mut Frontend, slots: DeviceSlots) -> Result<(), VmmError> {
        slots.check(self.entries.len())?;
        match slots {
            DeviceSlots::Baseline => {
                device.set_mem_table(&self.infos()).map_err(|why| refused("the memory table", &why))?;
                Ok(())
            }
            DeviceSlots::Configurable(_) => self.add(device),
        }
    }
}

pub(crate) fn refused(what: &str, why: &vhost::Error) -> VmmError {
    VmmError::Device { what: what.to_owned(), why: why.to_string() }
}
