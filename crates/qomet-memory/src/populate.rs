//! Making all pages of a region present before it is used.
//!
//! The owner of a region calls it; opening has bound the memory before (memory rule C8). Threads take even shares, each
//! in steps of a few milliseconds, so that progress can be shown and a cancellation is not late. A page that cannot be
//! had is an error with its place in the file, because `MADV_POPULATE_*` reports what a plain touch would turn into
//! SIGBUS; no signal handler is needed. It does not choose the CPUs that its threads run on: who does names them.
//!
//! Limits: a page is one call to the kernel, and clearing one of 1 GiB takes it a fraction of a second, before whose end
//! no cancellation is heard.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use parking_lot::{Condvar, Mutex};

use crate::collapse::Luck;
use crate::error::MemoryError;
use crate::faults::Call;
use crate::host::{Host, errno};
use crate::open::HUGE;
use crate::pace::Pace;
use crate::region::{Blocks, MUCH, Region};

/// How long to wait for memory that is on its way back between two looks at the watcher.
const BREATH: Duration = Duration::from_millis(10);

/// How many bytes of a file get their blocks between two looks at the watcher.
const ALLOCATION: u64 = 16 << 20;

/// How many threads populate `size` bytes (memory rule C11). Unset: one per 256 MiB; set: as said, but at most one
/// per 64 MiB. Never more than there are CPUs, never none.
///
/// # Errors
///
/// The host does not tell the number of CPUs.
pub fn prealloc_threads(host: &Host, asked: Option<u32>, size: u64) -> Result<u32, MemoryError> {
    let refused = |errno| MemoryError::Host { call: Call::Cpus, subject: "memory".to_owned(), errno };
    let wanted = match asked {
        None => size / (256 << 20),
        Some(asked) => u64::from(asked).min(size / (64 << 20)),
    };
    if wanted <= 1 {
        // Counting CPUs reads files of the control group: a dozen calls, most of what a small backend costs.
        return Ok(1);
    }
    let cpus = u64::try_from(host.cpus().map_err(refused)?).unwrap_or(1);
    Ok(u32::try_from(wanted.min(cpus).max(1)).unwrap_or(1))
}

/// Who makes pages present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workers {
    /// How many threads: what [`prealloc_threads`] says; 0 counts as 1.
    pub threads: u32,
    /// The CPUs that they may run on; unset: those of the calling thread, which then is one of them.
    pub cpus: Option<Vec<u16>>,
}

impl From<u32> for Workers {
    fn from(threads: u32) -> Self {
        Self { threads, cpus: None }
    }
}

/// Who looks on while memory is populated: called after each step with the bytes of that step, from any of the
/// threads.
pub type Watcher<'a> = dyn Fn(u64) -> ControlFlow<()> + Sync + 'a;

/// All threads of a run start together. A thread maps a few things before it gets to its work, and the kernel lets it
/// only between two steps of those that populate already: with two threads that cost a quarter of the rate.
#[derive(Default)]
struct Start {
    state: Mutex<Ready>,
    changed: Condvar,
}

#[derive(Default)]
struct Ready {
    waiting: u64,
    given: bool,
}

impl Start {
    /// Until it is given.
    fn wait(&self) {
        let mut state = self.state.lock();
        state.waiting += 1;
        self.changed.notify_all();
        self.changed.wait_while(&mut state, |state| !state.given);
    }

    /// Once so many threads wait for it.
    fn give(&self, threads: u64) {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| state.waiting < threads);
        state.given = true;
        self.changed.notify_all();
    }
}

/// One run over a region.
struct Run<'a> {
    region: &'a Region,
    watcher: &'a Watcher<'a>,
    write: bool,
    collapses: bool,
    done: AtomicU64,
    stop: AtomicBool,
    /// The first failure, by position.
    failure: Mutex<Option<(u64, MemoryError)>>,
}

impl Region {
    /// Makes all pages present, for writing if the memory can be written (memory rule C9). Pages that are present
    /// keep their contents.
    ///
    /// The threads take even shares. `watcher` is told of every step and stops the run with [`ControlFlow::Break`].
    ///
    /// # Errors
    ///
    /// [`MemoryError::NoPage`], or [`MemoryError::Populate`] where it is known why, with a place in the file that could
    /// not be had (with one thread the first); [`MemoryError::Cancelled`]; a refusal of the host. What was populated
    /// stays so until the region is dropped.
    pub fn populate(&self, workers: impl Into<Workers>, watcher: &Watcher<'_>) -> Result<(), MemoryError> {
        let Workers { threads, cpus } = workers.into();
        let unit = self.parts.unit;
        // What is on its way back may be what is missing here, and it is the memory that comes fastest.
        // Who makes little present does not wait: it may be a client's turn.
        while self.parts.mapped >= MUCH && !self.host.reclaimer().settle_within(BREATH) {
            if watcher(0).is_break() {
                return Err(MemoryError::Cancelled { subject: self.parts.subject.clone(), done: 0 });
            }
        }
        let run = Run {
            region: self,
            watcher,
            write: !self.parts.rom,
            collapses: self.can_collapse(),
            done: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            failure: Mutex::new(None),
        };
        let pages = self.parts.mapped / unit.size;
        let shares = u64::from(threads).clamp(1, pages.max(1));
        // Where shares are large, no two threads meet in one huge page.
        let whole = self.parts.mapped / shares >= 2 * HUGE;
        let border = |share: u64| {
            let page = u128::from(pages) * u128::from(share) / u128::from(shares);
            let even = u64::try_from(page).unwrap_or(pages) * unit.size;
            if whole && (1..shares).contains(&share) { self.next_huge(even) } else { even }
        };
        let start = Start::default();
        std::thread::scope(|scope| {
            // The calling thread keeps its own CPUs, so it does a share only where none are named.
            let own = u64::from(cpus.is_none());
            let mut others = 0;
            for share in own..shares {
                let (run, cpus, start) = (&run, cpus.as_deref(), &start);
                let work = move || match cpus.map_or(Ok(()), |cpus| self.run_on(cpus)) {
                    Ok(()) => run.share(border(share), border(share + 1)),
                    Err(failure) => run.fail(border(share), failure),
                };
                let work = move || {
                    start.wait();
                    work();
                };
                let started = self.host.gate(Call::Spawn).and_then(|()| {
                    let builder = std::thread::Builder::new().name("populate".to_owned());
                    builder.spawn_scoped(scope, work).map_err(errno)
                });
                if let Err(errno) = started {
                    run.fail(border(share), self.refused(Call::Spawn, errno));
                    break;
                }
                others += 1;
            }
            start.give(others);
            if own > 0 {
                run.share(0, border(own));
            }
        });
        run.failure.into_inner().map_or(Ok(()), |(position, failure)| {
            if matches!(failure, MemoryError::NoPage { .. } | MemoryError::Populate { .. }) {
                self.lost.note(position, run.write, &failure);
            }
            Err(failure)
        })
    }

    fn run_on(&self, cpus: &[u16]) -> Result<(), MemoryError> {
        crate::threads::set_cpus(&self.host, crate::threads::ThreadNumber::current(), cpus)
    }
}

impl Region {
    /// Gives the blocks of a shared, writable window of a file on a disk to it, before it is populated: a lack of space
    /// is an error now (memory rule A14). Does nothing for other memory: where pages are the file, as on tmpfs, populating
    /// allocates them, and in one thread and small pages this would take longer than all the rest. A file system that
    /// cannot allocate ahead is left to [`Region::populate`]. `watcher` is called with 0 bytes, as no page is present yet.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Cancelled`]; a refusal of the host, such as a full file system.
    pub fn allocate(&self, watcher: &Watcher<'_>) -> Result<(), MemoryError> {
        let Some(file) = self.parts.file.as_ref().filter(|_| self.parts.blocks == Blocks::Disk) else {
            return Ok(());
        };
        let step = self.parts.unit.up(ALLOCATION);
        let mut at = 0;
        while at < self.parts.size {
            let length = step.min(self.parts.size - at);
            let offset = self.parts.offset.saturating_add(at);
            match self.host.allocate(file, offset, length) {
                Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => return Ok(()),
                other => other.map_err(|errno| {
                    let subject = format!("{} at offset {offset}", self.parts.subject);
                    MemoryError::Host { call: Call::Allocate, subject, errno }
                })?,
            }
            if watcher(0).is_break() {
                return Err(MemoryError::Cancelled { subject: self.parts.subject.clone(), done: 0 });
            }
            at += length;
        }
        Ok(())
    }
}

impl Region {
    /// Why a page cannot be had of a file that is its pages, such as a full tmpfs: a fault does not tell, allocating the
    /// page does. Of a file that is too short for the page nobody needs to be asked, and it must not get longer.
    fn why_no_page(&self, position: u64) -> Option<Errno> {
        let file = self.parts.file.as_ref().filter(|_| self.parts.blocks == Blocks::Pages)?;
        let (start, page) = (self.parts.offset.checked_add(position)?, self.parts.unit.size);
        self.length_now().filter(|length| start.saturating_add(page) <= *length)?;
        self.host.allocate(file, start, page).err()
    }
}

impl Run<'_> {
    fn share(&self, start: u64, end: u64) {
        let unit = self.region.parts.unit;
        let (mut at, mut pace, mut luck) = (start, Pace::of(unit.up(HUGE)), Luck::default());
        while at < end && !self.stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let length = self.whole(at, at.saturating_add(pace.next()).min(end), end) - at;
            if self.collapses {
                self.region.collapse(&mut luck, at, length);
            }
            if let Err((position, errno)) = self.step(at, length) {
                self.fail(position, self.wording(position, errno));
                return;
            }
            pace.took(begun.elapsed());
            at += length;
            let done = self.done.fetch_add(length, Ordering::Relaxed).saturating_add(length);
            if (self.watcher)(length).is_break() {
                let subject = self.region.parts.subject.clone();
                self.fail(at, MemoryError::Cancelled { subject, done });
                return;
            }
        }
    }

    /// Where a step that may go up to `to` ends: between two huge pages, unless that is nowhere or the share ends there.
    fn whole(&self, at: u64, to: u64, end: u64) -> u64 {
        let next = self.region.next_huge(to);
        if to == end || next == to {
            to
        } else {
            next.checked_sub(HUGE).filter(|border| *border > at).unwrap_or(to)
        }
    }

    fn fail(&self, position: u64, failure: MemoryError) {
        self.stop.store(true, Ordering::Relaxed);
        let mut first = self.failure.lock();
        if first.as_ref().is_none_or(|(known, _)| position < *known) {
            *first = Some((position, failure));
        }
    }

    fn wording(&self, position: u64, errno: Errno) -> MemoryError {
        let parts = &self.region.parts;
        let (subject, offset) = (parts.subject.clone(), parts.offset.saturating_add(position));
        let why = if errno == Errno::EFAULT { self.region.why_no_page(position) } else { Some(errno) };
        match why {
            Some(errno) => MemoryError::Populate { subject, offset, errno },
            None => MemoryError::NoPage { subject, offset },
        }
    }

    /// Populates a range, or says which page could not be had.
    fn step(&self, start: u64, length: u64) -> Result<(), (u64, Errno)> {
        match self.populate(start, length) {
            Ok(()) => Ok(()),
            // Kernels before 5.14, and memory of some devices.
            Err(Errno::EINVAL | Errno::ENOSYS) => self.touch(start, length),
            Err(errno) => Err((self.first_lost(start, length), errno)),
        }
    }

    fn populate(&self, start: u64, length: u64) -> Result<(), Errno> {
        self.region.mapping.populate(&self.region.host, start, length, self.write)
    }

    /// The kernel does not say which page of a range it was: halves the range until it is one page.
    fn first_lost(&self, start: u64, length: u64) -> u64 {
        let unit = self.region.parts.unit;
        let (mut at, mut length) = (start, length);
        while length > unit.size {
            let half = unit.up(length / 2);
            if half < length && self.populate(at, half).is_ok() {
                at += half;
                length -= half;
            } else if half < length {
                length = half;
            } else {
                break;
            }
        }
        if self.populate(at, length).is_err() { at } else { start }
    }

    /// Copies a byte of each page through the kernel, and back into memory that can be written: a page that is not
    /// there is an error and not a signal.
    fn touch(&self, start: u64, length: u64) -> Result<(), (u64, Errno)> {
        let (mapping, host) = (&self.region.mapping, &self.region.host);
        let step = usize::try_from(self.region.parts.unit.size).unwrap_or(usize::MAX);
        for position in (start..start.saturating_add(length)).step_by(step) {
            let mut byte = [0];
            mapping.copy_out(host, position, &mut byte).map_err(|errno| (position, errno))?;
            if self.write {
                mapping.copy_in(host, position, &byte).map_err(|errno| (position, errno))?;
            }
        }
        Ok(())
    }
}
