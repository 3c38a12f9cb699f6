//! The memory that a running vhost-user device knows: more is plugged, and some is unplugged again.
//!
//! Whoever drives a device keeps a [`DeviceMemory`] beside the connection. What is plugged is a [`MemoryTable`] of its own,
//! of a [`GuestMemory`](crate::GuestMemory) of its own, whose objects are in use until it is unplugged. Its entries are never
//! merged with those that the device knows: a larger entry in place of a smaller one would take away, for a moment, memory
//! in which the device has its rings. That is also why there is no way to go from one layout to any other.

use vhost::vhost_user::{Frontend, VhostUserFrontend};
use vhost::{VhostBackend, VhostUserMemoryRegionInfo};

use crate::error::{VmmError, VmmErrors};
use crate::map::GuestMap;
use crate::table::DeviceSlots;
use crate::vhost_user::{MemoryTable, refused};

/// What a device knows of a guest's memory. Keeps that mapped and in use; drop it after the connection.
#[derive(Debug)]
pub struct DeviceMemory {
    slots: DeviceSlots,
    tables: Vec<MemoryTable>,
}

impl DeviceMemory {
    /// Tells a device that has no memory yet all of a table.
    ///
    /// # Errors
    ///
    /// As [`MemoryTable::program`].
    pub fn program(device: &mut Frontend, slots: DeviceSlots, table: MemoryTable) -> Result<Self, VmmError> {
        table.program(device, slots)?;
        Ok(Self { slots, tables: vec![table] })
    }

    /// How the device takes its table.
    #[must_use]
    pub fn slots(&self) -> DeviceSlots {
        self.slots
    }

    /// The tables, in the order in which they were plugged.
    #[must_use]
    pub fn tables(&self) -> &[MemoryTable] {
        &self.tables
    }

    /// Tells the device of more memory, all of it or nothing. A device that takes its table only at once is told the whole
    /// table again.
    ///
    /// # Errors
    ///
    /// Before the device is told anything: [`VmmError::Overlap`] with what it knows; [`VmmError::TooManyRegions`].
    /// [`VmmError::Device`]; a device that takes its table only at once may then know the old one, the new one or none, so
    /// it is best connected to anew.
    pub fn plug(&mut self, device: &mut Frontend, table: MemoryTable) -> Result<(), VmmErrors> {
        let all = || self.tables.iter().chain([&table]);
        let pieces = all().flat_map(|one| one.memory().map().pieces().iter().cloned());
        GuestMap::new(table.memory().page_size(), pieces.collect())?;
        self.slots.check(all().map(|one| one.entries().len()).sum())?;
        match self.slots {
            DeviceSlots::Baseline => set(device, all().flat_map(MemoryTable::infos).collect())?,
            DeviceSlots::Configurable(_) => table.add(device)?,
        }
        self.tables.push(table);
        Ok(())
    }

    /// Takes the table that has the memory of `id` away from the device, and returns it: with it goes the use of its objects.
    /// The caller has made sure that no ring and no request refers to the memory.
    ///
    /// # Errors
    ///
    /// [`VmmError::NoSuchMemory`]; [`VmmError::Device`], after which the device is taken to know the memory still. A device
    /// that takes its table only at once refuses an empty one.
    pub fn unplug(&mut self, device: &mut Frontend, id: &str) -> Result<MemoryTable, VmmError> {
        let has =
            |table: &MemoryTable| table.entries().iter().any(|entry| entry.ids.iter().any(|one| one == id));
        let index = self.tables.iter().position(has);
        let index = index.ok_or_else(|| VmmError::NoSuchMemory { id: id.to_owned(), nearest: None })?;
        match self.slots {
            DeviceSlots::Baseline => {
                let rest = self.tables.iter().enumerate().filter(|(at, _)| *at != index);
                set(device, rest.flat_map(|(_, table)| table.infos()).collect())?;
            }
            DeviceSlots::Configurable(_) => {
                if let Some(table) = self.tables.get(index) {
                    table.remove(device)?;
                }
            }
        }
        Ok(self.tables.remove(index))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "collected for this call")]
fn set(device: &mut Frontend, infos: Vec<VhostUserMemoryRegionInfo>) -> Result<(), VmmError> {
    device.set_mem_table(&infos).map(drop).map_err(|why| refused("the memory table", &why))
}

impl MemoryTable {
    /// Tells the device of one entry after the other; if it refuses one, takes those before it away again.
    pub(crate) fn add(&self, device: &mut Frontend) -> Result<(), VmmError> {
        let infos = self.infos();
        for (at, (info, entry)) in infos.iter().zip(self.entries()).enumerate() {
            if let Err(why) = device.add_mem_region(info) {
                infos.iter().take(at).for_each(|info| drop(device.remove_mem_region(info)));
                return Err(refused(&format!("the memory of {}", entry.ids.join(", ")), &why));
            }
        }
        Ok(())
    }

    /// Takes one entry after the other away; if the device refuses that, tells it of those before again.
    fn remove(&self, device: &mut Frontend) -> Result<(), VmmError> {
        let infos = self.infos();
        for (at, (info, entry)) in infos.iter().zip(self.entries()).enumerate() {
            if let Err(why) = device.remove_mem_region(info) {
                infos.iter().take(at).for_each(|info| drop(device.add_mem_region(info)));
                return Err(refused(&format!("to let go of the memory of {}", entry.ids.join(", ")), &why));
            }
        }
        Ok(())
    }
}
