//! Realized host memory: a window of a file, or memory without a name, mapped until it is dropped.
//!
//! Objects keep it in their state and hand it to consumers (page tables of a guest, devices in other processes),
//! which take file, offset and length from here and never assume an offset of 0 (memory rule D14).
//!
//! Bytes are copied through the kernel, so a file truncated behind our back is an error and not a signal (memory
//! rule D15). A slice is not offered: it would fault, and Rust's rules for references do not hold for memory that a
//! guest or another process writes. Who needs raw access takes [`Region::address`] in its own unsafe module.

use std::fmt;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;

use crate::error::MemoryError;
use crate::faults::Call;
use crate::host::Host;
use crate::ledger::Held;
use crate::map::{Advice, Mapping};
use crate::open::HUGE;
use crate::pages::{PageSource, PageUnit};
use crate::probe::{FileId, Probe};
use crate::reclaim::Remains;
use crate::store::LostPage;
use crate::warning::MemoryWarning;

/// So many bytes are given back later: it may take longer than handing them over.
pub(crate) const MUCH: u64 = 16 << 20;

/// What is behind the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backing {
    Anonymous,
    SharedFile,
    PrivateFile,
}

/// Where the pages of a window are kept, as far as making them present depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocks {
    /// Nowhere else, or where nothing can be had ahead.
    None,
    /// On a disk, where they can be given their places before they are present.
    Disk,
    /// They are the file: tmpfs and memfds, of which transparent huge pages can be made.
    Pages,
}

impl Blocks {
    /// Those of a regular file.
    pub(crate) fn of(probe: &Probe) -> Self {
        if probe.is_tmpfs() {
            Blocks::Pages
        } else if probe.is_hugetlbfs() {
            // Mapping reserved them, or nothing shall.
            Blocks::None
        } else {
            Blocks::Disk
        }
    }
}

/// Everything of a region but its mapping.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) backing: Backing,
    /// In front of the file: the ledger must not know windows of a file that is closed.
    pub(crate) held: Option<Held>,
    pub(crate) file: Option<Arc<OwnedFd>>,
    /// Where the file was found; `None` for one without a name, or that was open already.
    pub(crate) path: Option<PathBuf>,
    pub(crate) subject: String,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) mapped: u64,
    pub(crate) unit: PageUnit,
    pub(crate) rom: bool,
    pub(crate) discard_data: bool,
    /// Whether the file is persistent memory that is mapped with `MAP_SYNC`.
    pub(crate) sync: bool,
    pub(crate) blocks: Blocks,
}

/// Mapped memory. Dropping it gives its window of the file free, and unmaps it: if it is large, a moment later and on
/// another thread ([`Host::settle`] waits for that).
pub struct Region {
    pub(crate) host: Host,
    /// In front of the file and the window: unmapped first.
    pub(crate) mapping: Mapping,
    pub(crate) parts: Parts,
    discards: AtomicBool,
    /// Whether core dumps include it.
    dumped: AtomicBool,
    pub(crate) lost: LostPage,
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("of", &self.parts.subject)
            .field("address", &format_args!("{:#x}", self.address()))
            .field("file_offset", &self.parts.offset)
            .field("len", &self.parts.size)
            .field("shared", &self.is_shared())
            .field("rom", &self.parts.rom)
            .finish_non_exhaustive()
    }
}

impl Region {
    pub(crate) fn new(host: Host, mapping: Mapping, parts: Parts) -> Self {
        Self {
            host,
            mapping,
            parts,
            discards: AtomicBool::new(false),
            dumped: AtomicBool::new(true),
            lost: LostPage::default(),
        }
    }

    /// The file behind the memory: the named one, or the memfd of shared anonymous memory; `None` for private
    /// anonymous memory.
    pub fn file(&self) -> Option<&Arc<OwnedFd>> {
        self.parts.file.as_ref()
    }

    /// Which file it is, for a file that was named and has bounds: the key of its windows in the ledger.
    pub fn file_id(&self) -> Option<FileId> {
        self.parts.held.as_ref().map(Held::file)
    }

    /// Where in [`Region::file`] the memory starts, in bytes.
    pub fn file_offset(&self) -> u64 {
        self.parts.offset
    }

    /// Length in bytes, as it was asked for.
    #[expect(clippy::len_without_is_empty, reason = "a region is never empty")]
    pub fn len(&self) -> u64 {
        self.parts.size
    }

    /// Length in bytes of what is mapped: [`Region::len`] in whole pages.
    pub fn mapped_len(&self) -> u64 {
        self.parts.mapped
    }

    /// Page size in bytes: the machine's, the one of hugetlbfs, or a device's alignment.
    pub fn page_size(&self) -> u64 {
        self.parts.unit.size
    }

    /// Whether writes reach the file.
    pub fn is_shared(&self) -> bool {
        self.parts.backing == Backing::SharedFile
    }

    /// Whether the memory is ROM: it cannot be written.
    pub fn is_readonly(&self) -> bool {
        self.parts.rom
    }

    /// Where the memory starts in the address space of this process. Touching it may fault: see the module.
    pub fn address(&self) -> usize {
        self.mapping.address()
    }

    /// Copies bytes out of the memory, starting at `offset` of the region.
    ///
    /// # Errors
    ///
    /// [`MemoryError::OutsideRegion`]; [`MemoryError::PageLost`] where the file no longer has the page, with `to`
    /// filled up to there; a refusal of `process_vm_readv`.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> Result<(), MemoryError> {
        self.check_range(offset, to.len())?;
        let (mut rest, mut position) = (to, offset);
        while !rest.is_empty() {
            let done = self.mapping.copy_out(&self.host, position, rest);
            let done = self.progress(Call::CopyOut, position, done)?;
            position = position.saturating_add(bytes(done));
            rest = rest.get_mut(done..).unwrap_or_default();
        }
        Ok(())
    }

    /// Copies bytes into the memory, starting at `offset` of the region.
    ///
    /// # Errors
    ///
    /// [`MemoryError::OutsideRegion`]; [`MemoryError::ReadOnlyRegion`]; [`MemoryError::PageLost`] where the file
    /// no longer has the page or its file system is full, with what is before it written; a refusal of
    /// `process_vm_writev`.
    pub fn write(&self, offset: u64, from: &[u8]) -> Result<(), MemoryError> {
        self.check_range(offset, from.len())?;
        if self.parts.rom {
            return Err(MemoryError::ReadOnlyRegion { subject: self.parts.subject.clone() });
        }
        let (mut rest, mut position) = (from, offset);
        while !rest.is_empty() {
            let done = self.mapping.copy_in(&self.host, position, rest);
            let done = self.progress(Call::CopyIn, position, done)?;
            position = position.saturating_add(bytes(done));
            rest = rest.get(done..).unwrap_or_default();
        }
        Ok(())
    }

    /// Gives the pages of a range back: they read as zero, in the file too if the memory is shared (memory rules
    /// D6 to D8). `start` and `length` are multiples of [`Region::page_size`].
    ///
    /// # Errors
    ///
    /// A range that is misaligned or outside; read-only memory; a private mapping of a file; a refusal of
    /// the host, such as a file system that cannot punch holes.
    pub fn discard(&self, start: u64, length: u64) -> Result<(), MemoryError> {
        let unit = self.parts.unit;
        let outside = MemoryError::OutsideRegion { start, length, region: self.parts.mapped };
        let end = start.checked_add(length).filter(|end| *end <= self.parts.mapped).ok_or(outside)?;
        if !unit.divides(start) || !unit.divides(end) {
            return Err(MemoryError::DiscardMisaligned { start, end, unit });
        }
        let subject = || self.parts.subject.clone();
        if self.parts.rom {
            return Err(MemoryError::DiscardReadOnly { subject: subject() });
        }
        if length == 0 {
            return Ok(());
        }
        let refused = |call| move |errno| MemoryError::Host { call, subject: subject(), errno };
        match (self.parts.backing, &self.parts.file) {
            (Backing::PrivateFile, _) => Err(MemoryError::DiscardPrivateFile { subject: subject() }),
            (Backing::SharedFile, Some(file)) => {
                let at = self.parts.offset.saturating_add(start);
                self.host.punch_hole(file, at, length).map_err(refused(Call::PunchHole))
            }
            // MADV_DONTNEED on shared memory frees nothing: only private anonymous memory gets here.
            (Backing::Anonymous | Backing::SharedFile, _) => {
                self.mapping.forget(&self.host, start, length).map_err(refused(Call::DontNeed))
            }
        }
    }

    /// Replaces the page that holds `at`, whose memory is broken, by a fresh one that reads as zero, in the file too if the
    /// memory is shared; returns the range that was lost. The address, and what was advised and bound, stay.
    ///
    /// For whoever is told of a broken page (SIGBUS with `BUS_MCEERR_AO` or `BUS_MCEERR_AR`, and the address). Mapping
    /// something new over the old page, as QEMU once did, would give up the address for a moment, and all that was said
    /// of the range. Another process that has the memory mapped must do the same for its own mapping.
    ///
    /// # Errors
    ///
    /// [`MemoryError::OutsideRegion`]; read-only memory and a private mapping of a file, whose contents nobody can bring
    /// back; a refusal of the host; [`MemoryError::PageLost`] where there is no fresh page.
    pub fn replace_page(&self, at: u64) -> Result<Range<u64>, MemoryError> {
        let unit = self.parts.unit;
        let start = unit.down(at);
        self.discard(start, unit.size)?;
        if self.is_shared() {
            // The hole takes a sound page out of the page table, but leaves the mark that one is broken.
            match self.mapping.forget(&self.host, start, unit.size) {
                // Kernels before 5.18 for huge pages, where the hole takes the mark too.
                Err(Errno::EINVAL) if unit.source != PageSource::Machine => {}
                other => other.map_err(|errno| self.refused(Call::DontNeed, errno))?,
            }
        }
        // It was in use, so it is made present: whether it can be had is known now.
        self.write(start, &[0])?;
        Ok(start..start.saturating_add(unit.size))
    }

    /// Waits until what was written to a range is where its file is kept: on a disk, or in persistent memory. Does nothing
    /// for memory whose writes reach no file, and nothing lasting for files that are memory themselves.
    ///
    /// # Errors
    ///
    /// [`MemoryError::OutsideRegion`]; [`MemoryError::Truncated`] where the file no longer has all of the range, which
    /// the kernel passes over in silence; [`MemoryError::NotSynced`].
    pub fn sync(&self, start: u64, length: u64) -> Result<(), MemoryError> {
        let outside = MemoryError::OutsideRegion { start, length, region: self.parts.mapped };
        let end = start.checked_add(length).filter(|end| *end <= self.parts.mapped).ok_or(outside)?;
        if length == 0 || !self.is_shared() || self.parts.rom {
            return Ok(());
        }
        let unit = self.parts.unit;
        let (first, last) = (unit.down(start), unit.up(end));
        let in_file = |at: u64| self.parts.offset.saturating_add(at);
        let subject = || self.parts.subject.clone();
        if let Some(length) = self.length_now().filter(|length| *length < in_file(end)) {
            let (start, end) = (in_file(start), in_file(end));
            return Err(MemoryError::Truncated { subject: subject(), length, start, end });
        }
        self.mapping.sync(&self.host, first, last.saturating_sub(first)).map_err(|errno| {
            MemoryError::NotSynced { subject: subject(), start: in_file(first), end: in_file(last), errno }
        })
    }

    /// From now on the kernel may merge equal pages of the memory, or no longer: merged ones are copied again. Shared
    /// and read-only memory is never merged, so there it does nothing, of which a check of the request warns.
    ///
    /// Returns the warning that a kernel without KSM cannot merge.
    ///
    /// # Errors
    ///
    /// A refusal of the host, such as no memory for the copies.
    pub fn set_merge(&self, on: bool) -> Result<Option<MemoryWarning>, MemoryError> {
        if self.is_shared() || self.parts.rom {
            return Ok(None);
        }
        let advice = if on { Advice::Mergeable } else { Advice::NotMergeable };
        match self.mapping.advise(&self.host, advice) {
            Ok(()) => Ok(None),
            Err(Errno::EINVAL) => {
                let why = "on a kernel without KSM";
                Ok(on.then_some(MemoryWarning::NoEffect { setting: "merge=on", why }))
            }
            Err(errno) => Err(self.refused(Call::Advise, errno)),
        }
    }

    /// Advises transparent huge pages where one fits and they may be had: in private anonymous memory and files that are
    /// their pages, as QEMU does. A wish, which a kernel without them refuses.
    pub(crate) fn wish_for_huge_pages(&self) {
        let Parts { backing, blocks, unit, mapped, .. } = &self.parts;
        let possible = *backing == Backing::Anonymous || *blocks == Blocks::Pages;
        if possible && unit.source == PageSource::Machine && *mapped >= HUGE {
            let _ = self.mapping.advise(&self.host, Advice::Huge);
        }
    }

    /// From now on core dumps include the memory, or do not.
    ///
    /// # Errors
    ///
    /// A refusal of the host: memory of a device (`/dev/mem`) is never dumped, so `true` is refused there.
    pub fn set_dump(&self, on: bool) -> Result<(), MemoryError> {
        let advice = if on { Advice::Dump } else { Advice::DoNotDump };
        self.mapping.advise(&self.host, advice).map_err(|errno| self.refused(Call::Advise, errno))?;
        self.dumped.store(on, Ordering::Relaxed);
        Ok(())
    }

    /// Whether every mapping of it is the same bytes: writes reach the file, or there are none.
    pub fn is_one_memory(&self) -> bool {
        self.parts.file.is_some() && (self.is_shared() || self.parts.rom)
    }

    /// What it is, for messages: the path of its file in quotes, or `memory`.
    pub fn subject(&self) -> String {
        self.parts.subject.clone()
    }

    /// Whether core dumps include the memory.
    pub(crate) fn is_dumped(&self) -> bool {
        self.dumped.load(Ordering::Relaxed)
    }

    /// [`Region::set_discard_on_drop`] with the `discard_data` of the request.
    pub fn discard_on_drop(&self) {
        self.set_discard_on_drop(self.parts.discard_data);
    }

    /// From now on, dropping the region also discards its window of the file if writes reach the file (memory rule
    /// D9), or does not. What another window of the ledger holds of it too is left alone, and memory whose writes do not
    /// reach a file is never discarded.
    ///
    /// To be called once the transaction that made the region is committed: dropping the region of a transaction
    /// that failed must not destroy a file's contents. That is why opening does not do it.
    pub fn set_discard_on_drop(&self, on: bool) {
        self.discards.store(on && self.is_shared() && !self.parts.rom, Ordering::Relaxed);
    }

    /// Discards the window, but for what other objects of the model hold of it too.
    fn discard_own(&self) {
        let Some(held) = &self.parts.held else {
            let _ = self.discard(0, self.parts.mapped);
            return;
        };
        held.discard(|range| {
            let start = range.start.saturating_sub(self.parts.offset);
            let _ = self.discard(start, range.end.saturating_sub(range.start));
        });
    }

    fn check_range(&self, start: u64, length: usize) -> Result<(), MemoryError> {
        let length = bytes(length);
        match start.checked_add(length) {
            Some(end) if end <= self.parts.size => Ok(()),
            _ => Err(MemoryError::OutsideRegion { start, length, region: self.parts.size }),
        }
    }

    /// What a copy through the kernel came to: at least one byte, or why not.
    fn progress(&self, call: Call, position: u64, done: Result<usize, Errno>) -> Result<usize, MemoryError> {
        match done {
            Ok(done) if done > 0 => Ok(done),
            Ok(_) | Err(Errno::EFAULT) => {
                let lost = MemoryError::PageLost {
                    action: if call == Call::CopyOut { "reading" } else { "writing" },
                    subject: self.parts.subject.clone(),
                    offset: self.parts.offset.saturating_add(position),
                    file_length: self.length_now(),
                };
                self.lost.note(position, call == Call::CopyIn, &lost);
                Err(lost)
            }
            Err(errno) => Err(self.refused(call, errno)),
        }
    }

    pub(crate) fn refused(&self, call: Call, errno: Errno) -> MemoryError {
        MemoryError::Host { call, subject: self.parts.subject.clone(), errno }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if *self.discards.get_mut() {
            // The contents are worthless by declaration; that their space stays taken stops nobody. Not later: then the
            // window is somebody else's.
            self.discard_own();
        }
        if self.parts.mapped >= MUCH && self.parts.unit.source == PageSource::Machine {
            let _mapping = std::mem::replace(&mut self.mapping, Mapping::nothing());
            self.host.reclaimer().take(Remains { _mapping, _file: self.parts.file.take() });
        }
    }
}

/// A length in memory as a number of bytes. Both have 64 bits on all machines that this crate is for.
fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
