//! What the kernel tells of the pages of a mapping: which are present, and on which NUMA node.
//!
//! A part of the one module with `unsafe`, for `residency`: both calls take addresses.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc::{self, c_int, c_ulong, c_void};

use super::{Mapping, pointer};
use crate::faults::Call;
use crate::host::Host;

/// From `linux/fs.h` (6.7), where `libc` has no name for them.
const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;
const PAGE_IS_PFNZERO: u64 = 1 << 5;
const PAGE_IS_HUGE: u64 = 1 << 6;

/// `struct page_region`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg`.
#[repr(C)]
#[derive(Default)]
struct ScanArguments {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

nix::ioctl_readwrite!(pagemap_scan, b'f', 16, ScanArguments);

/// So many stretches are told by one call.
const STRETCHES: usize = 1024;

/// Neighbouring pages that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Where it starts, in bytes from the start of the window.
    pub(crate) start: u64,
    pub(crate) length: u64,
    /// Swapped out; else present.
    pub(crate) swapped: bool,
    /// Mapped as huge pages.
    pub(crate) huge: bool,
    /// Pages of the file, not copies of them. Only told where it was asked for.
    pub(crate) of_file: bool,
}

impl Mapping {
    /// Tells all pages of the window that are present or swapped out, in order; zeroes that were only read are neither.
    /// Whether a page is one of the file costs a look at each, so it is asked for.
    pub(crate) fn scan(
        &self,
        host: &Host,
        pagemap: &OwnedFd,
        ask_file: bool,
        each: &mut dyn FnMut(Stretch),
    ) -> Result<(), Errno> {
        let number = |value: usize| u64::try_from(value).map_err(|_| Errno::EOVERFLOW);
        let (first, mut found) = (number(self.address())?, vec![PageRegion::default(); STRETCHES]);
        let end = number(self.window.end())?;
        let mut arguments = ScanArguments {
            size: number(size_of::<ScanArguments>())?,
            start: first,
            end,
            vec: number(found.as_mut_ptr().expose_provenance())?,
            vec_len: number(found.len())?,
            category_inverted: PAGE_IS_PFNZERO,
            category_mask: PAGE_IS_PFNZERO,
            category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            return_mask: PAGE_IS_SWAPPED | PAGE_IS_HUGE | if ask_file { PAGE_IS_FILE } else { 0 },
            ..ScanArguments::default()
        };
        while arguments.start < end {
            host.gate(Call::Present)?;
            // SAFETY: `arguments` is laid out as the kernel has it, says its own size, and is borrowed exclusively until
            // the call returns, which is all the time that the kernel keeps the pointer. `vec` and `vec_len` are those of
            // `found`, which lives as long, has no other pointers into it, and consists of plain numbers, so whatever
            // the kernel writes is valid. Without flags nothing is write-protected: the pages are only looked at, whatever
            // is at the addresses.
            let told = unsafe { pagemap_scan(pagemap.as_raw_fd(), &raw mut arguments) }?;
            let told = usize::try_from(told).unwrap_or(0);
            for region in found.iter().take(told) {
                each(Stretch {
                    start: region.start.saturating_sub(first),
                    length: region.end.saturating_sub(region.start),
                    swapped: region.categories & PAGE_IS_SWAPPED != 0,
                    huge: region.categories & PAGE_IS_HUGE != 0,
                    of_file: region.categories & PAGE_IS_FILE != 0,
                });
            }
            if arguments.walk_end <= arguments.start {
                return Err(Errno::EIO); // a kernel that does not move on
            }
            arguments.start = arguments.walk_end;
        }
        Ok(())
    }

    /// The NUMA nodes of the pages at some places of the window; places without a page are left out.
    pub(crate) fn nodes_at(&self, host: &Host, places: &[u64]) -> Result<Vec<u16>, Errno> {
        host.gate(Call::WhichNode)?;
        let pages: Vec<*mut c_void> =
            places.iter().map(|place| self.inside(*place, 1).map(pointer)).collect::<Result<_, _>>()?;
        let mut nodes: Vec<c_int> = vec![-libc::ENOENT; pages.len()];
        let count = c_ulong::try_from(pages.len()).map_err(|_| Errno::EOVERFLOW)?;
        let (none, own_process, no_flags): (*const c_int, c_int, c_int) = (std::ptr::null(), 0, 0);
        // SAFETY: both lists have `count` entries, of the size of a pointer and of an int as the kernel has them, and live
        // until the call returns; the kernel reads the first, does not go where its addresses lead, and writes the
        // second, where every number is valid. Without nodes to move to no page is moved. Each argument is of the
        // size of a register, as the variadic call needs it, or an int, which it widens.
        let done = unsafe {
            let (pages, nodes) = (pages.as_ptr(), nodes.as_mut_ptr());
            libc::syscall(libc::SYS_move_pages, own_process, count, pages, none, nodes, no_flags)
        };
        Errno::result(done)?;
        Ok(nodes.into_iter().filter_map(|node| u16::try_from(node).ok()).collect())
    }
}
