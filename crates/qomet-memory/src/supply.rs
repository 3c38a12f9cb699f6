//! What the memory of a batch comes to in sum, against what the host, the control groups, the file system of shared memory
//! and the pools of huge pages have.
//!
//! Each request alone may be granted while all of them together cannot: populating more than there is ends with the
//! kernel killing a process. Whoever creates objects together asks [`check_sum`] once for all of them. It is a hint and
//! never a refusal: memory that is free now may be gone when it is needed, and the other way round. So what cannot be
//! read is not judged.
//!
//! What is to be present at once is held against what is left now; everything, against all that the machine has, since
//! memory that is touched little by little may find room that others give back. `reserve=off` says that more may be asked
//! for than there is, and is left out.
//!
//! Limits: windows of files are not counted (`plan` compares them with their file system), nor are the pools of single
//! NUMA nodes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::anonymous::{SHARED, unit};
use crate::error::MAX_END;
use crate::faults::Call;
use crate::groups::{self, Version};
use crate::host::Host;
use crate::huge;
use crate::pages::{Bytes, PageSource, Rough};
use crate::request::{AnonymousKind, AnonymousRequest};
use crate::warning::MemoryWarning;

/// Less than this in sum is not worth reading the files of the kernel for.
const LITTLE: u64 = 64 << 20;

/// What memory is taken from, and how much of that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Supply {
    /// What is left of memory and swap, for pages that are to be present at once.
    Left(Source),
    /// All the memory and swap that there is.
    Whole(Source),
    /// What is left in the pool of huge pages of so many bytes.
    HugePages(u64),
    /// What is free on the file system of POSIX shared memory.
    Shared,
}

/// Who limits memory and swap.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The machine has no more.
    Host,
    /// This control group does not allow more.
    Group(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Host => f.write_str("the host"),
            Source::Group(folder) => write!(f, "the control group '{}'", folder.display()),
        }
    }
}

/// The sentence of [`MemoryWarning::MemoryMayRunOut`].
pub(crate) struct Lack<'a> {
    pub(crate) backends: usize,
    pub(crate) needed: u64,
    pub(crate) room: u64,
    pub(crate) supply: &'a Supply,
}

impl fmt::Display for Lack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lack { backends, supply, .. } = self;
        let (needed, room) = (Rough(self.needed), Rough(self.room));
        let plural = if *backends == 1 { "" } else { "s" };
        match supply {
            Supply::Left(source) => {
                write!(f, "{needed} are needed at once for {backends} backend{plural} with prealloc=on, ")?;
                write!(f, "and {source} has {room} left")
            }
            Supply::Whole(source) => {
                write!(f, "{needed} may come to be needed for {backends} backend{plural}, ")?;
                write!(f, "and {source} has {room} in all")
            }
            Supply::Shared => {
                write!(
                    f,
                    "{needed} of shared memory may come to be needed for {backends} backend{plural}, "
                )?;
                write!(f, "and '{SHARED}' has {room} free")
            }
            Supply::HugePages(page) => {
                write!(
                    f,
                    "{needed} in huge pages of {} are needed for {backends} backend{plural}, ",
                    Bytes(*page)
                )?;
                write!(f, "and the pool has {room} left")
            }
        }
    }
}

/// Memory and swap in bytes: what is left, and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) left: u64,
    pub(crate) whole: u64,
}

/// What requests need together.
#[derive(Default)]
struct Demand<'a> {
    sum: u64,
    /// In their order, each with its bytes.
    parts: Vec<(&'a str, u64)>,
}

impl<'a> Demand<'a> {
    fn add(&mut self, owner: &'a str, bytes: u64) {
        self.sum = self.sum.saturating_add(bytes);
        self.parts.push((owner, bytes));
    }

    /// The warning, if there is too little room, with whose request it is no longer enough.
    fn against(&self, room: u64, supply: Supply) -> Option<(&'a str, MemoryWarning)> {
        let mut sum = 0_u64;
        let (owner, _) = self.parts.iter().find(|(_, bytes)| {
            sum = sum.saturating_add(*bytes);
            sum > room
        })?;
        let (backends, needed) = (self.parts.len(), self.sum);
        Some((owner, MemoryWarning::MemoryMayRunOut { backends, needed, room, supply }))
    }

    /// The same where a request that is too large by itself is told of when it is judged alone.
    fn together_against(&self, room: u64, supply: Supply) -> Option<(&'a str, MemoryWarning)> {
        self.parts.iter().all(|(_, bytes)| *bytes <= room).then(|| self.against(room, supply))?
    }
}

/// Judges requests for memory without a path together; each comes with the name of the object that makes it. Returns
/// the warnings, each with whose request is the first that is too much: at most one for memory, one for shared memory,
/// and one for each size of huge pages. What is wrong with a single request is the business of [`crate::check_anonymous`].
pub fn check_sum<'a>(
    host: &Host,
    requests: impl IntoIterator<Item = (&'a str, &'a AnonymousRequest)>,
) -> Vec<(&'a str, MemoryWarning)> {
    let (mut at_once, mut in_time, mut shared) = (Demand::default(), Demand::default(), Demand::default());
    let mut pools: BTreeMap<u64, Demand<'a>> = BTreeMap::new();
    for (owner, request) in requests {
        let size = request.size.filter(|size| (1..=MAX_END).contains(size));
        let (Some(size), Ok(unit)) = (size, unit(host, request.kind)) else { continue };
        let bytes = unit.up(size);
        if request.kind == AnonymousKind::Shm {
            shared.add(owner, bytes);
        }
        if request.memory.reserve == Some(false) {
            continue;
        }
        if unit.source == PageSource::Huge {
            pools.entry(unit.size).or_default().add(owner, bytes);
            continue;
        }
        in_time.add(owner, bytes);
        if request.memory.prealloc {
            at_once.add(owner, bytes);
        }
    }
    let mut found: Vec<_> = of_memory(host, &at_once, &in_time).into_iter().collect();
    for (page, demand) in pools {
        let Ok(room) = huge::room(host, page) else { continue };
        let room = room.pool.min(room.cgroup.unwrap_or(u64::MAX)).saturating_mul(page);
        found.extend(demand.together_against(room, Supply::HugePages(page)));
    }
    if shared.parts.len() > 1
        && let Ok(Some(free)) = host.free_space_for(Path::new(SHARED), shared.sum)
    {
        found.extend(shared.together_against(free, Supply::Shared));
    }
    found
}

fn of_memory<'a>(
    host: &Host,
    at_once: &Demand<'a>,
    in_time: &Demand<'a>,
) -> Option<(&'a str, MemoryWarning)> {
    if in_time.sum < LITTLE {
        return None;
    }
    host.settle();
    let amounts = amounts(host).ok()?;
    let left = amounts.iter().min_by_key(|(amount, _)| amount.left)?;
    let whole = amounts.iter().min_by_key(|(amount, _)| amount.whole)?;
    let now = at_once.against(left.0.left, Supply::Left(left.1.clone()));
    now.or_else(|| in_time.against(whole.0.whole, Supply::Whole(whole.1.clone())))
}

/// What the machine has, and what each control group that has a limit allows.
fn amounts(host: &Host) -> Result<Vec<(Amount, Source)>, Errno> {
    if let Some(amount) = host.pretended_memory() {
        return Ok(vec![(amount, Source::Host)]);
    }
    let Some(text) = host.procfs_text(Call::Supply, "meminfo")? else { return Ok(Vec::new()) };
    let line = |name: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        rest.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
    };
    // Kernels before 3.14 do not tell what is available, and something is wrong where there is no total.
    let (Some(available), Some(total)) = (line("MemAvailable"), line("MemTotal")) else {
        return Ok(Vec::new());
    };
    let swap = Amount { left: line("SwapFree").unwrap_or(0), whole: line("SwapTotal").unwrap_or(0) };
    // What is in the pools of huge pages is for nothing else.
    let total = total.saturating_sub(line("Hugetlb").unwrap_or(0));
    let machine =
        Amount { left: available.saturating_add(swap.left), whole: total.saturating_add(swap.whole) };
    let mut all = vec![(machine, Source::Host)];
    for (folder, version) in groups::folders(host, Call::Supply, "memory")? {
        let number = |name: &str| groups::number(host, Call::Supply, &folder, name);
        let (limit, usage, cached) = match version {
            Version::Two => ("memory.max", "memory.current", ["inactive_file ", "active_file "]),
            Version::One => (
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                ["total_inactive_file ", "total_active_file "],
            ),
        };
        let Some(limit) = number(limit)? else { continue };
        // Pages of files count as used, and are given back when others need the room.
        let stat = host.text(Call::Supply, &folder.join("memory.stat"))?.unwrap_or_default();
        let pages = |name: &str| stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        let cached = cached.iter().filter_map(|name| pages(name)).fold(0, u64::saturating_add);
        let used = number(usage)?.unwrap_or(0).saturating_sub(cached);
        // Of version 1 nobody can tell how much swap a group may use: all that there is.
        let most = number("memory.swap.max")?.unwrap_or(u64::MAX);
        let swapped = number("memory.swap.current")?.unwrap_or(0);
        let amount = Amount {
            left: limit.saturating_sub(used).saturating_add(swap.left.min(most.saturating_sub(swapped))),
            whole: limit.saturating_add(swap.whole.min(most)),
        };
        all.push((amount, Source::Group(folder)));
    }
    Ok(all)
}
