//! The one module with `unsafe`: address ranges, and what may be done with them.
//!
//! [`crate::Region`], [`crate::Reservation`] and the check of `pmem` call it; nobody sees a pointer. A [`Mapping`] is
//! always one window with a guard page on each side, so a consumer that runs past either end faults instead of
//! reaching a neighbour; a [`Row`] is several windows between two guard pages.
//! It does not know files, objects or what a refusal means.
//!
//! The window is placed by reserving a larger range, giving its middle back and mapping there with
//! `MAP_FIXED_NOREPLACE`. The obvious `MAP_FIXED` inside the reservation is shorter, but where it fails older
//! kernels have already unmapped the old range: another thread may own it by then, and cleaning up would unmap
//! that thread's memory.

#[cfg(test)]
mod broken;
mod scan;

use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::{self, c_int, c_long, c_ulong, c_void};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags};
use nix::sys::uio::RemoteIoVec;

use crate::faults::Call;
use crate::host::Host;

/// One more than the largest NUMA node that memory can be bound to, as in QEMU.
pub(crate) const MAX_NODES: u16 = 128;

/// Nodes in one word of a mask.
const WORD: u16 = 64;
const WORDS: usize = (MAX_NODES / WORD) as usize;

/// From `linux/mempolicy.h`, where `libc` has no name for them.
const MPOL_PREFERRED_MANY: c_int = 5;
const MPOL_MF_STRICT: c_ulong = 1 << 0;
const MPOL_MF_MOVE: c_ulong = 1 << 1;

/// So much is unmapped at once, until it is known how long that takes.
const PIECE: usize = 4 << 20;
/// How long unmapping a piece may keep other threads from mapping something.
const PATIENCE: Duration = Duration::from_millis(1);

/// Linux has no smaller pages; addresses that the kernel chooses are multiples of it.
const SMALLEST_PAGE: usize = 4 << 10;

/// How often a place is looked for when other threads keep taking it.
const ATTEMPTS: usize = 32;

/// Where the bytes of a window come from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Zeroes, private to this process.
    Anonymous,
    /// A file, from this offset.
    File { file: BorrowedFd<'a>, offset: u64, shared: bool, sync: bool },
}

/// What a window shall be like. All numbers are multiples of the page size, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) length: u64,
    /// A power of two.
    pub(crate) alignment: u64,
    /// What is left of the address when it is divided by the alignment.
    pub(crate) residue: u64,
    pub(crate) guard: u64,
    pub(crate) writable: bool,
    pub(crate) reserve: bool,
}

/// A call that the kernel refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) call: Call,
    pub(crate) errno: Errno,
}

/// What `madvise` is told about a window.
#[derive(Clone, Copy)]
pub(crate) enum Advice {
    Mergeable,
    NotMergeable,
    Dump,
    DoNotDump,
    Huge,
}

/// What `mbind` is told about a window.
#[derive(Clone, Copy)]
pub(crate) enum Placement {
    Preferred,
    PreferredMany,
    Bind,
    Interleave,
}

/// NUMA nodes below [`MAX_NODES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeMask {
    /// A bit for each node.
    words: [c_ulong; WORDS],
    /// The kernel counts this down by one and then reads so many bits: with the number of bits itself it would
    /// overlook the last node (memory rule C8).
    maxnode: c_ulong,
}

impl NodeMask {
    /// Nodes from [`MAX_NODES`] on are left out: `check` refuses them.
    pub(crate) fn of(nodes: &[u16]) -> Self {
        let mut mask = Self::default();
        for node in nodes {
            if let Some(word) = mask.words.get_mut(usize::from(node / WORD)) {
                *word |= 1 << (node % WORD);
                let bits = c_ulong::from(*node) + 1;
                mask.maxnode = mask.maxnode.max(bits + 1);
            }
        }
        mask
    }
}

/// A mapped window between two guard pages. Dropping it unmaps all of that.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// The window alone, in front of the guards so that it goes first.
    window: Span,
    _below: Span,
    _above: Span,
}

/// Addresses that this process mapped and nobody else unmaps.
#[derive(Debug)]
struct Span {
    at: NonZeroUsize,
    length: usize,
}

impl Drop for Span {
    /// Unmaps it from its end on, in pieces: giving pages back takes up to a second for a few GiB, and no other thread
    /// can map anything while one call does that.
    fn drop(&mut self) {
        let (mut left, mut piece) = (self.length, PIECE);
        while left > 0 {
            let at = self.at.saturating_add(left.saturating_sub(piece));
            let length = left.min(piece);
            let before = Instant::now();
            // SAFETY: `Span` is only made for a range that a mmap of this module returned (or a part of one that no
            // other span covers), it is not `Clone`, and `Mapping` lends no reference into it: nothing can refer to
            // these addresses any more. `at` and `length` are a part of it that was not unmapped before, which is
            // never empty and starts at a page: a piece is a multiple of the page size. A span of no length, which is
            // no range, does not get here.
            let done = Errno::result(unsafe { libc::munmap(pointer(at), length) });
            match done {
                Ok(_) => left -= length,
                // The pages are longer than a piece.
                Err(Errno::EINVAL) if piece < left => piece = left,
                // ENOMEM, where unmapping would split a range at the limit of ranges: leaks addresses.
                Err(_) => return,
            }
            if before.elapsed() < PATIENCE {
                piece = piece.saturating_mul(2);
            } else {
                piece = PIECE;
            }
        }
    }
}

impl Span {
    fn end(&self) -> usize {
        self.at.get().saturating_add(self.length)
    }

    /// Splits at an address inside, a multiple of the page size. Gives all of it up where the address is not inside.
    fn split(self, at: usize) -> Option<(Span, Span)> {
        let (start, end) = (self.at, self.end());
        let second = NonZeroUsize::new(at).filter(|_| start.get() < at && at < end)?;
        std::mem::forget(self); // its addresses now belong to the parts
        let first = Span { at: start, length: at - start.get() };
        Some((first, Span { at: second, length: end - at }))
    }

    /// Gives up everything in front of an address.
    fn keep_from(self, at: usize) -> Option<Span> {
        if self.at.get() == at { Some(self) } else { self.split(at).map(|(_, kept)| kept) }
    }

    /// Gives up everything from an address on.
    fn keep_until(self, at: usize) -> Option<Span> {
        if self.end() == at { Some(self) } else { self.split(at).map(|(kept, _)| kept) }
    }
}

/// Gives back the middle of a reservation, and all but a page on each side: returns the guard pages.
fn make_room(room: Span, place: usize, sizes: Sizes) -> Option<(Span, Span)> {
    let end = place.checked_add(sizes.length)?;
    let room = room.keep_from(place.checked_sub(sizes.guard)?)?.keep_until(end.checked_add(sizes.guard)?)?;
    let (below, rest) = room.split(place)?;
    Some((below, rest.keep_from(end)?))
}

/// The most bytes up to `wanted` for which there is a range of addresses now, to within a GiB; `None` if there is one for
/// all of them. Looked at by taking such a range, which holds nothing, and giving it back at once.
pub(crate) fn addresses_short_of(host: &Host, wanted: u64) -> Result<Option<u64>, Errno> {
    const STEP: u64 = 1 << 30;
    host.gate(Call::Reserve)?;
    let can = |length: u64| match usize::try_from(length).ok().and_then(NonZeroUsize::new) {
        None => Ok(false),
        Some(length) => match reserve(length) {
            Ok(_) => Ok(true),
            Err(Errno::ENOMEM) => Ok(false),
            Err(errno) => Err(errno),
        },
    };
    if can(wanted)? {
        return Ok(None);
    }
    let (mut most, mut least) = (0, wanted / STEP);
    while least - most > 1 {
        let middle = most + (least - most) / 2;
        if can(middle.saturating_mul(STEP))? { most = middle } else { least = middle }
    }
    Ok(Some(most.saturating_mul(STEP)))
}

impl Mapping {
    /// Maps a window. Addresses that are on their way back count against the limits of the process: they are waited for
    /// where they may be what is missing.
    pub(crate) fn new(host: &Host, source: Source<'_>, shape: Shape) -> Result<Self, Refusal> {
        let busy = host.reclaimer().is_busy();
        match Self::map(host, source, shape) {
            Err(Refusal { errno: Errno::ENOMEM, .. }) if busy => {
                host.settle();
                Self::map(host, source, shape)
            }
            other => other,
        }
    }

    fn map(host: &Host, source: Source<'_>, shape: Shape) -> Result<Self, Refusal> {
        let refuse = |call: Call| move |errno: Errno| Refusal { call, errno };
        let sizes = Sizes::of(shape).ok_or(Refusal { call: Call::Reserve, errno: Errno::ENOMEM })?;
        for _ in 0..ATTEMPTS {
            host.gate(Call::Reserve).map_err(refuse(Call::Reserve))?;
            let room = reserve(sizes.room).map_err(refuse(Call::Reserve))?;
            let place = place(&room, sizes).ok_or(Refusal { call: Call::Reserve, errno: Errno::ENOMEM })?;
            let at = NonZeroUsize::new(place);
            let guards = make_room(room, place, sizes);
            let (Some(at), Some((below, above))) = (at, guards) else {
                return Err(Refusal { call: Call::Reserve, errno: Errno::ENOMEM });
            };
            host.gate(Call::Map).map_err(refuse(Call::Map))?;
            match map_at(at, sizes.length, source, shape) {
                Ok(window) => return Ok(Self { window, _below: below, _above: above }),
                Err(Errno::EEXIST) => {}
                Err(errno) => return Err(Refusal { call: Call::Map, errno }),
            }
        }
        Err(Refusal { call: Call::Map, errno: Errno::EEXIST })
    }

    /// No addresses: what is left where a mapping was taken out.
    pub(crate) fn nothing() -> Self {
        let [window, _below, _above] = [(); 3].map(|()| Span { at: NonZeroUsize::MIN, length: 0 });
        Self { window, _below, _above }
    }

    /// Where the window starts.
    pub(crate) fn address(&self) -> usize {
        self.window.at.get()
    }

    /// The address of a range of the window, if the range is inside.
    fn inside(&self, start: u64, length: usize) -> Result<NonZeroUsize, Errno> {
        let start = usize::try_from(start).map_err(|_| Errno::EFAULT)?;
        let end = start.checked_add(length).ok_or(Errno::EFAULT)?;
        if end > self.window.length {
            return Err(Errno::EFAULT);
        }
        self.window.at.checked_add(start).ok_or(Errno::EFAULT)
    }

    /// Advises the kernel about the whole window.
    pub(crate) fn advise(&self, host: &Host, advice: Advice) -> Result<(), Errno> {
        host.gate(Call::Advise)?;
        let advice = match advice {
            Advice::Mergeable => MmapAdvise::MADV_MERGEABLE,
            Advice::NotMergeable => MmapAdvise::MADV_UNMERGEABLE,
            Advice::Dump => MmapAdvise::MADV_DODUMP,
            Advice::DoNotDump => MmapAdvise::MADV_DONTDUMP,
            Advice::Huge => MmapAdvise::MADV_HUGEPAGE,
        };
        self.madvise(0, self.window.length, advice as c_int)
    }

    /// Chooses the NUMA nodes of the whole window. Pages that are present, as where the process locks all memory
    /// that it maps, are moved or the call is refused.
    pub(crate) fn bind(&self, host: &Host, placement: Placement, nodes: NodeMask) -> Result<(), Errno> {
        let (call, mode) = match placement {
            Placement::Preferred => (Call::Bind, libc::MPOL_PREFERRED),
            Placement::PreferredMany => (Call::BindMany, MPOL_PREFERRED_MANY),
            Placement::Bind => (Call::Bind, libc::MPOL_BIND),
            Placement::Interleave => (Call::Bind, libc::MPOL_INTERLEAVE),
        };
        host.gate(call)?;
        let (at, length, mask) = (pointer(self.window.at), self.window.length, nodes.words.as_ptr());
        let (mode, flags) = (c_long::from(mode), MPOL_MF_STRICT | MPOL_MF_MOVE);
        // SAFETY: the range is the window, which stays mapped as long as `self` is borrowed, and neither a policy
        // nor moving pages changes what it contains. Of the mask the kernel reads whole words of 64 bits up to bit
        // `maxnode - 2`, at most 127, so inside `words`, and `nodes` lives until the call returns. Each argument is
        // of the size of a register, as the variadic call needs it.
        let done = unsafe { libc::syscall(libc::SYS_mbind, at, length, mode, mask, nodes.maxnode, flags) };
        Errno::result(done).map(drop)
    }

    /// Makes the pages of a range present; a page that cannot be had is `EFAULT`.
    pub(crate) fn populate(&self, host: &Host, start: u64, length: u64, write: bool) -> Result<(), Errno> {
        host.gate(Call::Populate)?;
        let advice = if write { libc::MADV_POPULATE_WRITE } else { libc::MADV_POPULATE_READ };
        let length = usize::try_from(length).map_err(|_| Errno::EFAULT)?;
        loop {
            match self.madvise(start, length, advice) {
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                other => return other,
            }
        }
    }

    /// Puts the pages of a range, and those that are not there yet, into transparent huge pages, as far as whole ones
    /// fit into it and some of each is there.
    pub(crate) fn collapse(&self, host: &Host, start: u64, length: u64) -> Result<(), Errno> {
        host.gate(Call::Collapse)?;
        let length = usize::try_from(length).map_err(|_| Errno::EFAULT)?;
        self.madvise(start, length, libc::MADV_COLLAPSE)
    }

    /// Takes the pages of a range out of the page table, with marks that the memory behind one is broken. What comes next
    /// is zeroes where the memory is private and anonymous, and what the file has where it is shared.
    pub(crate) fn forget(&self, host: &Host, start: u64, length: u64) -> Result<(), Errno> {
        host.gate(Call::DontNeed)?;
        let length = usize::try_from(length).map_err(|_| Errno::EFAULT)?;
        self.madvise(start, length, libc::MADV_DONTNEED)
    }

    /// Waits until what was written to a range, in whole pages, is where its file keeps it.
    pub(crate) fn sync(&self, host: &Host, start: u64, length: u64) -> Result<(), Errno> {
        host.gate(Call::Sync)?;
        let length = usize::try_from(length).map_err(|_| Errno::EFAULT)?;
        let at = self.inside(start, length)?;
        // SAFETY: the range lies inside the window, which stays mapped as long as `self` is borrowed. MS_SYNC writes
        // pages back and changes neither contents nor mapping; of MS_INVALIDATE, which may, nothing is said.
        Errno::result(unsafe { libc::msync(pointer(at), length, libc::MS_SYNC) }).map(drop)
    }

    fn madvise(&self, start: u64, length: usize, advice: c_int) -> Result<(), Errno> {
        let at = self.inside(start, length)?;
        // SAFETY: the range lies inside the window, which stays mapped as long as `self` is borrowed. The advice is
        // one of nine: six do not change contents; MADV_POPULATE_WRITE only faults pages in; MADV_COLLAPSE copies
        // pages while nobody can write them, and adds such as read as zero; MADV_DONTNEED may change contents to zero,
        // which no Rust reference can observe, as this module lends none.
        Errno::result(unsafe { libc::madvise(pointer(at), length, advice) }).map(drop)
    }

    /// Copies out of the window through the kernel. Returns how many bytes were there before the first page that
    /// cannot be had: `Ok` of fewer bytes than asked, then `EFAULT`.
    pub(crate) fn copy_out(&self, host: &Host, start: u64, to: &mut [u8]) -> Result<usize, Errno> {
        host.gate(Call::CopyOut)?;
        let remote = [RemoteIoVec { base: self.inside(start, to.len())?.get(), len: to.len() }];
        let mut local = [std::io::IoSliceMut::new(to)];
        nix::sys::uio::process_vm_readv(nix::unistd::Pid::this(), &mut local, &remote)
    }

    /// Copies into the window through the kernel, as [`Mapping::copy_out`] does the other way. It is here, though
    /// nix declares the call safe: into any other address it would be as wild as a pointer.
    pub(crate) fn copy_in(&self, host: &Host, start: u64, from: &[u8]) -> Result<usize, Errno> {
        host.gate(Call::CopyIn)?;
        let remote = [RemoteIoVec { base: self.inside(start, from.len())?.get(), len: from.len() }];
        let local = [std::io::IoSlice::new(from)];
        nix::sys::uio::process_vm_writev(nix::unistd::Pid::this(), &local, &remote)
    }
}

/// A window of a [`Row`]. All numbers are multiples of the page size, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Seat<'a> {
    /// Where it starts, from the start of the row.
    pub(crate) at: u64,
    pub(crate) length: u64,
    pub(crate) source: Source<'a>,
    pub(crate) writable: bool,
    pub(crate) dump: bool,
}

/// Windows at fixed distances from each other, between two guard pages. Between those that do not touch are addresses
/// that nobody can use. Dropping it unmaps all of that.
#[derive(Debug)]
pub(crate) struct Row {
    start: NonZeroUsize,
    /// In front of the rest, so that they go first.
    windows: Vec<Span>,
    _rest: Vec<Span>,
}

impl Row {
    /// Maps windows that are in order, do not overlap, and end at `shape.length` or before. Of the shape only length,
    /// alignment and guard count. Also tells which window was refused.
    pub(crate) fn new(host: &Host, shape: Shape, seats: &[Seat<'_>]) -> Result<Self, (Refusal, usize)> {
        let refuse = |call: Call, at: usize| move |errno: Errno| (Refusal { call, errno }, at);
        let no_room = (Refusal { call: Call::Reserve, errno: Errno::ENOMEM }, 0);
        let sizes = Sizes::of(shape).ok_or(no_room)?;
        for _ in 0..ATTEMPTS {
            host.gate(Call::Reserve).map_err(refuse(Call::Reserve, 0))?;
            let room = reserve(sizes.room).map_err(refuse(Call::Reserve, 0))?;
            let place = place(&room, sizes).ok_or(no_room)?;
            let start = NonZeroUsize::new(place).ok_or(no_room)?;
            let end = place.checked_add(sizes.length).and_then(|end| end.checked_add(sizes.guard));
            let below = place.checked_sub(sizes.guard);
            let rest = below.and_then(|below| room.keep_from(below)).zip(end);
            let mut rest = rest.and_then(|(rest, end)| rest.keep_until(end)).ok_or(no_room)?;
            let mut row = Self { start, windows: Vec::new(), _rest: Vec::new() };
            let mut taken = false;
            for (index, seat) in seats.iter().enumerate() {
                let (window, after) = row.seat(host, rest, *seat).map_err(|refusal| (refusal, index))?;
                rest = after;
                match window {
                    Some(window) => row.windows.push(window),
                    None => taken = true,
                }
                if taken {
                    break;
                }
            }
            if !taken {
                row._rest.push(rest);
                return Ok(row);
            }
        }
        Err((Refusal { call: Call::Map, errno: Errno::EEXIST }, 0))
    }

    /// Maps a window at the start of what is left of the row. No window: another thread took the addresses. Returns what
    /// is left after it.
    fn seat(&mut self, host: &Host, rest: Span, seat: Seat<'_>) -> Result<(Option<Span>, Span), Refusal> {
        let wrong = Refusal { call: Call::Map, errno: Errno::EINVAL };
        let length = usize::try_from(seat.length).map_err(|_| wrong)?;
        let from =
            usize::try_from(seat.at).ok().and_then(|at| self.start.get().checked_add(at)).ok_or(wrong)?;
        let to = from.checked_add(length).ok_or(wrong)?;
        let tail = if rest.at.get() == from {
            rest
        } else {
            let (before, tail) = rest.split(from).ok_or(wrong)?;
            self._rest.push(before);
            tail
        };
        let (own, after) = tail.split(to).ok_or(wrong)?;
        let at = own.at;
        // Given back, and taken again at once: see the module.
        drop(own);
        host.gate(Call::Map).map_err(|errno| Refusal { call: Call::Map, errno })?;
        let shape = Shape {
            length: seat.length,
            alignment: 1,
            residue: 0,
            guard: 1,
            writable: seat.writable,
            reserve: false,
        };
        let window = match map_at(at, length, seat.source, shape) {
            Ok(window) => window,
            Err(Errno::EEXIST) => return Ok((None, after)),
            Err(errno) => return Err(Refusal { call: Call::Map, errno }),
        };
        if !seat.dump {
            let refused = |errno| Refusal { call: Call::Advise, errno };
            host.gate(Call::Advise).map_err(refused)?;
            // SAFETY: the range is the window that was just mapped, and the advice changes neither contents nor
            // addresses.
            let done = unsafe { libc::madvise(pointer(window.at), window.length, libc::MADV_DONTDUMP) };
            Errno::result(done).map_err(refused)?;
        }
        Ok((Some(window), after))
    }

    /// Where the row starts.
    pub(crate) fn address(&self) -> usize {
        self.start.get()
    }
}

/// A [`Shape`] in address-sized numbers.
#[derive(Clone, Copy)]
struct Sizes {
    length: usize,
    alignment: usize,
    residue: usize,
    guard: usize,
    /// Enough for the window at any alignment, with both guards.
    room: NonZeroUsize,
}

impl Sizes {
    fn of(shape: Shape) -> Option<Self> {
        let length = usize::try_from(shape.length).ok().filter(|length| *length > 0)?;
        let alignment = usize::try_from(shape.alignment).ok().filter(|a| a.is_power_of_two())?;
        let residue = usize::try_from(shape.residue).ok().filter(|residue| *residue < alignment)?;
        let guard = usize::try_from(shape.guard).ok().filter(|guard| *guard > 0)?;
        // What is aligned to no more than a page needs no slack, and none has to be given back.
        let slack = alignment.saturating_sub(SMALLEST_PAGE);
        let room = length.checked_add(slack)?.checked_add(guard.checked_mul(2)?)?;
        Some(Self { length, alignment, residue, guard, room: NonZeroUsize::new(room)? })
    }
}

/// The first address of that alignment and residue that leaves room for a guard in front.
fn place(room: &Span, sizes: Sizes) -> Option<usize> {
    let first = room.at.get().checked_add(sizes.guard)?;
    let found = first % sizes.alignment;
    let further = if found <= sizes.residue { 0 } else { sizes.alignment };
    first.checked_add(further)?.checked_add(sizes.residue)?.checked_sub(found)
}

fn reserve(length: NonZeroUsize) -> Result<Span, Errno> {
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_NORESERVE;
    // SAFETY: without an address and without MAP_FIXED the kernel chooses addresses that nothing uses.
    let at = unsafe { nix::sys::mman::mmap_anonymous(None, length, ProtFlags::PROT_NONE, flags) }?;
    let at = NonZeroUsize::new(at.as_ptr().expose_provenance()).ok_or(Errno::EFAULT)?;
    Ok(Span { at, length: length.get() })
}

fn map_at(at: NonZeroUsize, length: usize, source: Source<'_>, shape: Shape) -> Result<Span, Errno> {
    let size = NonZeroUsize::new(length).ok_or(Errno::EINVAL)?;
    let mut protection = ProtFlags::PROT_READ;
    if shape.writable {
        protection |= ProtFlags::PROT_WRITE;
    }
    let mut flags = MapFlags::MAP_FIXED_NOREPLACE;
    if !shape.reserve {
        flags |= MapFlags::MAP_NORESERVE;
    }
    let got = match source {
        Source::Anonymous => {
            let flags = flags | MapFlags::MAP_PRIVATE;
            // SAFETY: MAP_FIXED_NOREPLACE never replaces a mapping: at worst it is refused, or on kernels before
            // 4.17 placed elsewhere, which is handled below.
            unsafe { nix::sys::mman::mmap_anonymous(Some(at), size, protection, flags) }
        }
        Source::File { file, offset, shared, sync } => {
            let flags = flags
                | match (shared, sync) {
                    (true, true) => MapFlags::MAP_SHARED_VALIDATE | MapFlags::MAP_SYNC,
                    (true, false) => MapFlags::MAP_SHARED,
                    (false, _) => MapFlags::MAP_PRIVATE,
                };
            let offset = i64::try_from(offset).map_err(|_| Errno::EOVERFLOW)?;
            // SAFETY: as above. That the file may change or shrink below the mapping is harmless here: its bytes
            // are only copied by the kernel, never referred to.
            unsafe { nix::sys::mman::mmap(Some(at), size, protection, flags, file, offset) }
        }
    }?;
    let got = NonZeroUsize::new(got.as_ptr().expose_provenance()).ok_or(Errno::EFAULT)?;
    let span = Span { at: got, length };
    if got == at { Ok(span) } else { Err(Errno::EEXIST) }
}

fn pointer(at: NonZeroUsize) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(at.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c08_the_last_node_has_a_bit_that_the_kernel_reads() {
        assert_eq!(NodeMask::of(&[127, 0]), NodeMask { words: [1, 1 << 63], maxnode: 129 });
        assert_eq!(NodeMask::of(&[0]), NodeMask { words: [1, 0], maxnode: 2 });
        assert_eq!(NodeMask::of(&[64, 128, u16::MAX]), NodeMask { words: [0, 1], maxnode: 66 });
    }
}
