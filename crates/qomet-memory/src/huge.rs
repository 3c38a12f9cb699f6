//! Huge pages: which sizes the kernel offers, and whether as many as are needed can be had (memory rules C1, C3).
//!
//! `anonymous` and `check` ask before anything is mapped. Without that, the kernel would answer a lack of pages with
//! "cannot allocate memory", which sends people looking for memory that they have. Nothing is reserved here: somebody
//! else may be faster, and then mapping fails after all, with the numbers of that moment.
//!
//! Limits: the pools of single NUMA nodes are not looked at, so memory bound to a node may still lack pages.

use nix::errno::Errno;

use crate::error::MemoryError;
use crate::faults::Call;
use crate::groups::{self, Version};
use crate::host::Host;
use crate::pages::PageUnit;

/// Where the pools are, below the root of sysfs; one folder for each size.
pub(crate) const POOLS: &str = "kernel/mm/hugepages";

fn refused(subject: &str) -> impl Fn(Errno) -> MemoryError {
    move |errno| MemoryError::Host { call: Call::HugePages, subject: subject.to_owned(), errno }
}

/// The sizes that the kernel offers, in order, in bytes.
pub(crate) fn sizes(host: &Host) -> Result<Vec<u64>, MemoryError> {
    let names = host.huge_page_pools().map_err(refused("the huge page sizes"))?;
    let size = |name: &String| {
        let kib: u64 = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
        kib.checked_mul(1024)
    };
    let mut sizes: Vec<u64> = names.iter().filter_map(size).collect();
    sizes.sort_unstable();
    Ok(sizes)
}

/// The size of huge pages where none is named; `None` where there are no huge pages.
pub(crate) fn default_size(host: &Host) -> Result<Option<u64>, MemoryError> {
    let text = host
        .procfs_text(Call::HugePages, "meminfo")
        .map_err(refused("the default huge page size"))?
        .unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("Hugepagesize:")?.trim().strip_suffix(" kB"));
    Ok(kib.and_then(|kib| kib.trim().parse::<u64>().ok()?.checked_mul(1024)))
}

/// How many pages of a size can yet be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// In the pool: free and not promised to anybody, and those that the kernel may add.
    pub(crate) pool: u64,
    /// Under the limits of the control groups that this process is in, if there are any.
    pub(crate) cgroup: Option<u64>,
}

/// Looks how many pages of `size` bytes can be had.
pub(crate) fn room(host: &Host, size: u64) -> Result<Room, MemoryError> {
    let number = |name: &str| {
        let path = host.sysfs().join(POOLS).join(format!("hugepages-{}kB", size / 1024)).join(name);
        host.huge_page_number(&path).map_err(refused("the pool of huge pages"))
    };
    let promised = number("resv_hugepages")?;
    let free = number("free_hugepages")?.saturating_sub(promised);
    let more = number("nr_overcommit_hugepages")?.saturating_sub(number("surplus_hugepages")?);
    let cgroup = cgroup_room(host, size)?.map(|bytes| bytes / size);
    Ok(Room { pool: free.saturating_add(more), cgroup })
}

/// Memory rule C1: why `length` bytes in pages of `unit` cannot be had, if so.
pub(crate) fn check(host: &Host, length: u64, unit: PageUnit) -> Result<(), MemoryError> {
    let (needed, room) = (length.div_ceil(unit.size), room(host, unit.size)?);
    if needed <= room.pool.min(room.cgroup.unwrap_or(u64::MAX)) {
        return Ok(());
    }
    Err(MemoryError::HugePoolTooSmall { page: unit.size, needed, free: room.pool, cgroup: room.cgroup })
}

/// What a mapping of huge pages that the kernel refused for lack of memory came to.
pub(crate) fn refusal(host: &Host, length: u64, unit: PageUnit) -> Option<MemoryError> {
    let needed = length.div_ceil(unit.size);
    let room = room(host, unit.size).ok()?;
    let short = needed > room.pool.min(room.cgroup.unwrap_or(u64::MAX));
    let told =
        MemoryError::HugePoolTooSmall { page: unit.size, needed, free: room.pool, cgroup: room.cgroup };
    short.then_some(told)
}

/// The unit in which the files of a control group name a page size.
fn group_unit(size: u64) -> String {
    match size.trailing_zeros() {
        30.. => format!("{}GB", size >> 30),
        20.. => format!("{}MB", size >> 20),
        _ => format!("{}KB", size >> 10),
    }
}

/// How many bytes of huge pages the control groups leave this process; `None` where they set no limit.
fn cgroup_room(host: &Host, size: u64) -> Result<Option<u64>, MemoryError> {
    let wrap = refused("the control groups of the process");
    let unit = group_unit(size);
    let mut least = None;
    for (folder, version) in groups::folders(host, Call::HugePages, "hugetlb").map_err(&wrap)? {
        for kind in ["", "rsvd."] {
            let (limit, usage) = match version {
                Version::Two => (format!("{kind}max"), format!("{kind}current")),
                Version::One => (format!("{kind}limit_in_bytes"), format!("{kind}usage_in_bytes")),
            };
            let read = |name: &str| {
                let name = format!("hugetlb.{unit}.{name}");
                groups::number(host, Call::HugePages, &folder, &name).map_err(&wrap)
            };
            let Some(limit) = read(&limit)? else { continue };
            let left = limit.saturating_sub(read(&usage)?.unwrap_or(0));
            least = Some(least.map_or(left, |least: u64| least.min(left)));
        }
    }
    Ok(least)
}
