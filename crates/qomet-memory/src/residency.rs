//! How much of a memory is there: present, in huge pages, swapped out, and on which NUMA nodes.
//!
//! [`Region::residency`] tells it of one, [`Residency::of_all`] of many at once. Only the window itself counts: not its
//! guards, not other mappings of the same bytes (a [`crate::Reservation`], a device in another process), and not what the
//! page cache holds of a file without this process having touched it.
//!
//! # What it costs
//!
//! `PAGEMAP_SCAN` (Linux 6.7) walks the page tables of the window alone: measured 1 µs for memory without pages, 0.1 ms for
//! a GiB of huge pages, 2 to 3 ms for a GiB of small ones. The obvious `/proc/self/smaps` looks at every page of *every*
//! mapping and prints a screen of text for each: 15 to 35 ms for 2,000 backends without a page, and 50 ms for each GiB of
//! small pages of anybody. It is read, once for all, where the kernel is older, and takes so long there that nobody should
//! be waiting who has anything else to do.
//!
//! On a host with one NUMA node everything is there. On others `numa_maps` would cost as much as `smaps`, so up to
//! [`SAMPLES`] pages, spread evenly over those that are present, are asked for their node: exact for memory of so many
//! pages, close for more.

use std::collections::BTreeMap;
use std::ops::Range;
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use crate::error::MemoryError;
use crate::faults::Call;
use crate::host::{Host, Place};
use crate::probe::{HUGETLBFS, TMPFS, machine_unit};
use crate::region::{Backing, Region};

/// How many pages are asked for their node.
const SAMPLES: u64 = 1024;
/// More are never asked for, whatever came in meanwhile.
const MOST_SAMPLES: usize = 2048;

/// How much of a memory is there. All numbers are in bytes, and of whole pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Residency {
    /// Present in this process. Unlike the number of that name in `/proc`, huge pages of hugetlbfs count.
    pub rss: u64,
    /// Of [`Residency::rss`], in pages of tmpfs, memfds and POSIX shared memory, which can only go to swap.
    pub shmem: u64,
    /// Of [`Residency::rss`], in huge pages: transparent ones, if mapped as a whole, and those of hugetlbfs.
    pub huge: u64,
    /// Swapped out. Unknown for pages of a shared memory while the machine uses swap, as they leave no trace in page
    /// tables; kernels before 6.7 tell it.
    pub swap: Option<u64>,
    /// How [`Residency::rss`] is spread over the NUMA nodes, in their order. Empty where nothing is present, or the kernel
    /// does not tell.
    pub nodes: Vec<(u16, u64)>,
}

impl Region {
    /// How much of the memory is present, and where. See [`Residency`], and the module `residency` for what it costs.
    ///
    /// # Errors
    ///
    /// The host does not tell: there is no `/proc`.
    pub fn residency(&self) -> Result<Residency, MemoryError> {
        let all = Residency::of_all(&self.host, &[self])?;
        Ok(all.into_iter().next().unwrap_or_default())
    }
}

impl Residency {
    /// That of each of many regions, in their order.
    ///
    /// # Errors
    ///
    /// The host does not tell: there is no `/proc`.
    pub fn of_all(host: &Host, regions: &[&Region]) -> Result<Vec<Residency>, MemoryError> {
        let mut survey = Survey::new(host)?;
        let counts = match survey.scan(regions) {
            Ok(counts) => counts,
            // ENOTTY: an older kernel; others: a sandbox that hides or changes the file.
            Err(_) => {
                let text = host.procfs_text(Call::Present, "self/smaps").map_err(refused)?;
                smaps(&text.ok_or(refused(Errno::ENOENT))?, regions)
            }
        };
        Ok(regions.iter().zip(counts).map(|(region, count)| survey.finish(region, count)).collect())
    }
}

fn refused(errno: Errno) -> MemoryError {
    MemoryError::Host { call: Call::Present, subject: "memory".to_owned(), errno }
}

/// What counts of a region, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    present: u64,
    shmem: u64,
    huge: u64,
    /// As far as it is known.
    swapped: u64,
    /// That the swapped pages of a file are among [`Count::swapped`].
    knows_swap: bool,
}

/// What is the same for all regions.
struct Survey<'h> {
    host: &'h Host,
    page: u64,
    pagemap: Option<OwnedFd>,
    /// The nodes that are online; `None` where the kernel does not tell.
    nodes: Option<Vec<u16>>,
    /// Whether the machine uses swap; looked at once it matters.
    swaps: Option<bool>,
}

impl<'h> Survey<'h> {
    fn new(host: &'h Host) -> Result<Self, MemoryError> {
        let page = machine_unit(host)?.size;
        Ok(Self { host, page, pagemap: None, nodes: host.online_nodes().ok(), swaps: None })
    }

    /// Walks the page tables.
    fn scan(&mut self, regions: &[&Region]) -> Result<Vec<Count>, Errno> {
        let pagemap = self.pagemap.insert(self.host.open_pagemap()?);
        let host = self.host;
        let count = |region: &&Region| {
            let kind = kind(host, region);
            let ask_file = kind == Kind::Shmem && !region.is_shared();
            let mut count = Count { knows_swap: kind != Kind::Shmem, ..Count::default() };
            region.mapping.scan(host, pagemap, ask_file, &mut |stretch| {
                if stretch.swapped {
                    count.swapped = count.swapped.saturating_add(stretch.length);
                    return;
                }
                count.present = count.present.saturating_add(stretch.length);
                if kind == Kind::Shmem && (!ask_file || stretch.of_file) {
                    count.shmem = count.shmem.saturating_add(stretch.length);
                }
                if kind == Kind::Huge || stretch.huge {
                    count.huge = count.huge.saturating_add(stretch.length);
                }
            })?;
            Ok(count)
        };
        let counts: Result<_, _> = regions.iter().map(count).collect();
        if counts.is_err() {
            self.pagemap = None;
        }
        counts
    }

    fn finish(&mut self, region: &Region, count: Count) -> Residency {
        let knows_swap = count.knows_swap || !self.swaps();
        Residency {
            rss: count.present,
            shmem: count.shmem,
            huge: count.huge,
            swap: knows_swap.then_some(count.swapped),
            nodes: self.nodes(region, count.present),
        }
    }

    /// Whether anything at all is swapped out; what is not known may be.
    fn swaps(&mut self) -> bool {
        *self.swaps.get_or_insert_with(|| {
            let text = self.host.procfs_text(Call::Present, "meminfo").ok().flatten().unwrap_or_default();
            let amount = |name: &str| text.lines().find_map(|line| kib(line.strip_prefix(name)?));
            amount("SwapTotal:") != amount("SwapFree:") || amount("SwapTotal:").is_none()
        })
    }

    fn nodes(&self, region: &Region, present: u64) -> Vec<(u16, u64)> {
        match self.nodes.as_deref() {
            _ if present == 0 => Vec::new(),
            None | Some([]) => Vec::new(),
            Some([only]) => vec![(*only, present)],
            Some(_) => {
                let sampled = self.places(region, present);
                let found = sampled.and_then(|places| region.mapping.nodes_at(self.host, &places));
                spread(present, &found.unwrap_or_default())
            }
        }
    }

    /// Up to about [`SAMPLES`] pages, evenly spread over those that are present, or, where it is not known which are, over
    /// all.
    fn places(&self, region: &Region, present: u64) -> Result<Vec<u64>, Errno> {
        let mut places = Vec::new();
        let Some(pagemap) = &self.pagemap else {
            let step = region.parts.mapped.div_ceil(SAMPLES).next_multiple_of(self.page);
            places.extend((0..SAMPLES).map(|n| n * step).take_while(|place| *place < region.parts.mapped));
            return Ok(places);
        };
        let step = (present / self.page).div_ceil(SAMPLES).max(1).saturating_mul(self.page);
        // How far the next sample is, in bytes of pages that are present.
        let mut ahead = 0;
        region.mapping.scan(self.host, pagemap, false, &mut |stretch| {
            if stretch.swapped {
                return;
            }
            let mut at = ahead;
            // Pages may have come in since they were counted.
            while at < stretch.length && places.len() < MOST_SAMPLES {
                places.push(stretch.start.saturating_add(at));
                at = at.saturating_add(step);
            }
            ahead = at.saturating_sub(stretch.length);
        })?;
        Ok(places)
    }
}

/// Shares `present` bytes out as the nodes of some of their pages are; what division leaves goes to the last.
fn spread(present: u64, found: &[u16]) -> Vec<(u16, u64)> {
    let mut tally: BTreeMap<u16, u64> = BTreeMap::new();
    for node in found {
        let pages = tally.entry(*node).or_default();
        *pages = pages.saturating_add(1);
    }
    let (mut left, mut pages_left): (u64, u64) = (present, tally.values().sum());
    let share = |(node, pages): (u16, u64)| {
        let bytes = u128::from(left) * u128::from(pages) / u128::from(pages_left.max(1));
        let bytes = u64::try_from(bytes).unwrap_or(left);
        left = left.saturating_sub(bytes);
        pages_left = pages_left.saturating_sub(pages);
        (node, bytes)
    };
    tally.into_iter().map(share).collect()
}

/// Whose pages they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// tmpfs, which is also behind memfds and POSIX shared memory.
    Shmem,
    /// hugetlbfs.
    Huge,
    Other,
}

fn kind(host: &Host, region: &Region) -> Kind {
    let Some(file) = region.file().filter(|_| region.parts.backing != Backing::Anonymous) else {
        return Kind::Other;
    };
    let place = Place { path: std::path::Path::new(""), open: Some(file) };
    match host.file_system(place).map(|file_system| file_system.magic) {
        Ok(TMPFS) => Kind::Shmem,
        Ok(HUGETLBFS) => Kind::Huge,
        _ => Kind::Other,
    }
}

/// A number of KiB of a file in `/proc`, in bytes.
fn kib(text: &str) -> Option<u64> {
    text.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Sums up what `/proc/self/smaps` (proc_pid_smaps(5)) says of the ranges of each region, which advice may have split into
/// several.
fn smaps(text: &str, regions: &[&Region]) -> Vec<Count> {
    let range = |region: &Region| {
        let start = region.address();
        start..start.saturating_add(usize::try_from(region.parts.mapped).unwrap_or(usize::MAX))
    };
    let mut order: Vec<(Range<usize>, usize)> =
        regions.iter().enumerate().map(|(index, region)| (range(region), index)).collect();
    order.sort_unstable_by_key(|(range, _)| range.start);
    let mut counts = vec![Count { knows_swap: true, ..Count::default() }; regions.len()];
    let of_shmem: Vec<bool> =
        regions.iter().map(|region| kind(&region.host, region) == Kind::Shmem).collect();
    let mut current = None;
    for line in text.lines() {
        let Some((name, value)) = line.split_once(' ') else { continue };
        let Some(name) = name.strip_suffix(':') else {
            current = name.split_once('-').and_then(|(start, _)| {
                let start = usize::from_str_radix(start, 16).ok()?;
                let after = order.partition_point(|(range, _)| range.start <= start);
                let (range, index) = order.get(after.checked_sub(1)?)?;
                range.contains(&start).then_some(*index)
            });
            continue;
        };
        let place = current.and_then(|index| Some((counts.get_mut(index)?, of_shmem.get(index)?)));
        let (Some((count, of_shmem)), Some(bytes)) = (place, kib(value)) else { continue };
        match name {
            "Rss" => {
                count.present = count.present.saturating_add(bytes);
                if *of_shmem {
                    count.shmem = count.shmem.saturating_add(bytes);
                }
            }
            // Copies of pages of the file. It comes after "Rss", of which it is a part.
            "Anonymous" if *of_shmem => count.shmem = count.shmem.saturating_sub(bytes),
            "Shared_Hugetlb" | "Private_Hugetlb" => {
                count.present = count.present.saturating_add(bytes);
                count.huge = count.huge.saturating_add(bytes);
            }
            "AnonHugePages" | "ShmemPmdMapped" | "FilePmdMapped" => {
                count.huge = count.huge.saturating_add(bytes);
            }
            "Swap" => count.swapped = count.swapped.saturating_add(bytes),
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shared_out_as_the_pages_are_and_none_is_lost() {
        assert_eq!(spread(10, &[1, 0, 1]), [(0, 3), (1, 7)]);
        assert_eq!(spread(4096, &[3]), [(3, 4096)]);
        assert_eq!(spread(4096, &[]), []);
    }
}
