//! A guest's memory in the form of the crate `vm-memory`, which the other crates of rust-vmm take.
//!
//! Nothing is mapped again and nothing is copied. What keeps the memory mapped and its objects in use travels where
//! vm-memory has a place for something of the user's: the bitmap of a region ([`KeepsAlive`]), which lives exactly as long
//! as the last clone of the region. Keeping it beside the `GuestMemoryMmap`, the obvious alternative, would leave every
//! clone that a device makes with a pointer that may dangle.
//!
//! Read-only memory is left out: vm-memory does not look before it writes, and a device's write would be a signal.

use std::fs::File;

use vm_memory::bitmap::{Bitmap, BitmapSlice, WithBitmapSlice};
use vm_memory::{FileOffset, GuestAddress, GuestMemoryMmap, GuestRegionMmap};

use crate::error::VmmError;
use crate::guest::GuestMemory;
use crate::raw;

/// A bitmap for vm-memory that keeps the memory alive, and leaves noting what was written to another one.
#[derive(Clone, Debug)]
pub struct KeepsAlive<B = ()> {
    bitmap: B,
    memory: GuestMemory,
}

impl<B> KeepsAlive<B> {
    pub(crate) fn new(bitmap: B, memory: GuestMemory) -> Self {
        KeepsAlive { bitmap, memory }
    }

    /// The bitmap.
    pub fn bitmap(&self) -> &B {
        &self.bitmap
    }

    /// The memory that it keeps.
    pub fn memory(&self) -> &GuestMemory {
        &self.memory
    }
}

impl<'a, B: WithBitmapSlice<'a>> WithBitmapSlice<'a> for KeepsAlive<B>
where
    B::S: BitmapSlice,
{
    type S = B::S;
}

impl<B: Bitmap> Bitmap for KeepsAlive<B> {
    fn mark_dirty(&self, offset: usize, len: usize) {
        self.bitmap.mark_dirty(offset, len);
    }

    fn dirty_at(&self, offset: usize) -> bool {
        self.bitmap.dirty_at(offset)
    }

    fn slice_at(&self, offset: usize) -> <Self as WithBitmapSlice<'_>>::S {
        self.bitmap.slice_at(offset)
    }
}

/// All memory that can be written, with the file and offset of each region that has a file. `bitmap` makes what notes
/// the writes to a region of so many bytes; `|_| ()` notes nothing.
///
/// # Errors
///
/// [`VmmError::VmMemory`]: vm-memory refuses a region; descriptors run out.
pub fn guest_memory_mmap<B: Bitmap>(
    memory: &GuestMemory,
    bitmap: impl Fn(usize) -> B,
) -> Result<GuestMemoryMmap<KeepsAlive<B>>, VmmError> {
    let mut regions = Vec::new();
    for (number, region) in memory.regions().enumerate() {
        let mapped = region.memory.region();
        if mapped.is_readonly() {
            continue;
        }
        let id = region.memory.id();
        let refused =
            |why: &dyn std::fmt::Display| VmmError::VmMemory { id: id.to_owned(), why: why.to_string() };
        let file = match mapped.file() {
            Some(file) => {
                let file = file.try_clone().map_err(|why| refused(&why))?;
                Some(FileOffset::new(File::from(file), mapped.file_offset()))
            }
            None => None,
        };
        let window = raw::mapped(memory, number, file, &bitmap).map_err(|why| refused(&why))?;
        let window = GuestRegionMmap::new(window, GuestAddress(region.address));
        regions.push(window.ok_or_else(|| refused(&"it would end above the largest address"))?);
    }
    let all = GuestMemoryMmap::from_regions(regions);
    all.map_err(|why| VmmError::VmMemory { id: "all".to_owned(), why: why.to_string() })
}
