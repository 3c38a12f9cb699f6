//! `x-memory-table`: memory handed to another process, as descriptors with offset and length.
//!
//! A typed function; the program binds it to a command, which sends the descriptors. Objects stay in use as long as the
//! caller keeps the leases: the other process may still be writing.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Lease, Result};
use qomet_memory::MemoryError;

use super::{lease_memory, refusal};

/// Whose memory is wanted.
#[derive(Clone, Debug, PartialEq, Value)]
pub struct MemoryTable {
    /// The ids of memory backends
    pub ids: Vec<String>,
}

/// Memory as another process can map it: a range of a file.
#[derive(Clone, Debug, PartialEq, Value)]
pub struct MemoryRange {
    /// The id of the memory backend
    pub id: String,
    /// The number of its descriptor among those that come with the table, from 0
    pub fd: u32,
    /// Where in the file it begins, in bytes
    pub offset: Size,
    /// How long it is, in bytes
    pub size: Size,
    /// The size of its pages in bytes
    pub page_size: Size,
    /// Whether it can only be read
    pub readonly: bool,
}

/// Memory for another process.
pub struct HandedMemory {
    /// A range for each id, in their order.
    pub ranges: Vec<MemoryRange>,
    /// The files; each object has opened its own.
    pub descriptors: Vec<Arc<OwnedFd>>,
    /// What keeps the objects in use.
    pub leases: Vec<Lease>,
}

/// Hands out memory to `user`, who is named when somebody wants to delete it.
///
/// # Errors
/// There is no such object; it has no memory, or memory that nobody else can map, or the file of it is too short by now.
pub fn memory_table(model: &Model, wanted: &MemoryTable, user: &str) -> Result<HandedMemory> {
    let mut handed = HandedMemory { ranges: Vec::new(), descriptors: Vec::new(), leases: Vec::new() };
    for id in &wanted.ids {
        let (lease, region) = lease_memory(model, id, user)?;
        let Some(file) = region.file().filter(|_| region.is_one_memory()) else {
            let private = MemoryError::NotShared { subject: region.subject() };
            return Err(refusal(private).with_object(id));
        };
        region.check_length().map_err(|short| refusal(short).with_object(id))?;
        let known = handed.descriptors.iter().position(|one| Arc::ptr_eq(one, file));
        let place = known.unwrap_or_else(|| {
            handed.descriptors.push(Arc::clone(file));
            handed.descriptors.len() - 1
        });
        handed.ranges.push(MemoryRange {
            id: id.clone(),
            fd: u32::try_from(place).unwrap_or(u32::MAX),
            offset: Size(region.file_offset()),
            size: Size(region.len()),
            page_size: Size(region.page_size()),
            readonly: region.is_readonly(),
        });
        handed.leases.push(lease);
    }
    Ok(handed)
}
