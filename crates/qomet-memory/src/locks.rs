//! Advisory locks on windows of files, so that two processes do not map the same writable bytes unknowingly.
//!
//! `open` takes them through the ledger, which gives them back when the window goes. What is in the way is a refusal where a
//! lock was asked for ([`Lock::On`]) and a warning where nothing was said ([`Lock::Warn`]). Nothing is locked for memory
//! without a path, which nobody else finds, nor for character devices, which have no bytes of their own.
//!
//! # Which locks
//!
//! Locks of an open file description (`F_OFD_SETLK`): those of a process, the obvious alternative, go when it closes *any*
//! descriptor of the file. Nobody waits for one. A window whose writes reach the file locks it for writing, every other for
//! reading. There are two places to lock:
//!
//! - The **bytes** of the window. Whoever follows the convention of locking what is used sees these locks, and they are in
//!   its way: QEMU, for instance, locks single bytes from 100 and 200 on of the disk images that it uses. So they are taken
//!   only where that was asked for; by default they are looked at.
//! - The **claim**: the same range, [`CLAIMS`] further on, where no file has bytes and no program is known to lock. It is
//!   taken by default too, so that two processes notice each other of which neither asked for anything.
//!
//! A lock goes with the memory, also where a device in another process still has its descriptor: what knows consumers
//! keeps memory in use until they let go. If the process dies first, that descriptor, or a child's, keeps the lock, which
//! is the truth: it may still be writing.
//!
//! # Why the ledger
//!
//! Windows of one model on one file may overlap, which is for `plan` to warn of and no conflict with a stranger. So all of
//! them lock through one description, for which the kernel keeps, for each byte, only the last that was said. What each byte
//! needs, the strongest of all windows on it, is therefore reckoned here. Who calls has the turn of the file (`ledger`).
//!
//! # Limits
//!
//! Two models in one process are strangers to each other. A lock is seen when memory is opened, not by a check. Where a file
//! system refuses locks there are none, of which whoever asked for one is warned.

use std::fmt;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::errno::Errno;

use crate::error::range;
use crate::host::Host;

/// How far behind the bytes the claims are.
const CLAIMS: u64 = 1 << 62;

/// Whether a window of a file is locked against other processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lock {
    /// Nothing is locked or looked at.
    Off,
    /// The window is claimed, and a warning tells of others who hold a part of it.
    #[default]
    Warn,
    /// The window is locked, or the memory refused.
    On,
}

/// What is in the way of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// The bytes of the file that the other has locked.
    pub range: Range<u64>,
    /// Whether for writing.
    pub write: bool,
    /// The process, where the kernel knows it: only of locks of processes, not of those of descriptions.
    pub process: Option<i32>,
}

/// Who is in the way, in words.
pub(crate) struct Holder<'a>(pub(crate) &'a Conflict);

impl fmt::Display for Holder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.process {
            Some(process) => write!(f, "process {process}")?,
            None => f.write_str("another process")?,
        }
        let kind = if self.0.write { "writing" } else { "reading" };
        write!(f, " has {} locked for {kind}", range(&self.0.range))
    }
}

/// How locking a window ended, if not with all that was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// Somebody is in the way.
    By(Conflict),
    /// The file system has no locks.
    Refused,
    /// It has, and could not do it.
    Failed(Errno),
}

/// What a byte is locked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    Nothing,
    Reading,
    Writing,
}

/// A window, and what its bytes are to be locked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) number: u64,
    pub(crate) range: Range<u64>,
    pub(crate) hold: Hold,
    pub(crate) lock: Lock,
}

/// The two places to lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    Bytes,
    Claims,
}

impl Area {
    const BOTH: [Area; 2] = [Area::Bytes, Area::Claims];

    fn base(self) -> u64 {
        match self {
            Area::Bytes => 0,
            Area::Claims => CLAIMS,
        }
    }
}

impl Wish {
    /// What it needs a byte to be locked for.
    fn needs(&self, area: Area) -> Hold {
        match (self.lock, area) {
            (Lock::On, _) | (Lock::Warn, Area::Claims) => self.hold,
            (Lock::Warn, Area::Bytes) | (Lock::Off, _) => Hold::Nothing,
        }
    }
}

/// The locks of a model on one file.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    /// The description that has them, and whether it is open for writing.
    file: Option<(Arc<OwnedFd>, bool)>,
    wishes: Vec<Wish>,
}

impl Locks {
    /// Locks a window, of which `file` is open, for writing if that is wished. With [`Lock::On`] either all is locked or
    /// nothing is changed; else as much as can be had is.
    pub(crate) fn add(&mut self, host: &Host, file: &Arc<OwnedFd>, wish: Wish) -> Result<(), Blocked> {
        let writes = wish.hold == Hold::Writing;
        if self.file.as_ref().is_none_or(|(_, writable)| writes && !writable) {
            self.move_to(host, file, writes);
        }
        let must = wish.lock == Lock::On;
        let mut blocked = if must { Ok(()) } else { self.look(host, &wish) };
        let mut done = Vec::new();
        for area in Area::BOTH {
            for (range, before) in self.pieces(area, &wish.range) {
                let after = before.max(wish.needs(area));
                if after == Hold::Nothing {
                    continue;
                }
                // Also where own windows needed as much: what those could not have is asked for again.
                let needed = wish.needs(area);
                let had = self.set(host, area, &range, after).or_else(|errno| match must {
                    true if Hold::Nothing < needed && needed < after => self.set(host, area, &range, needed),
                    _ => Err(errno),
                });
                match had {
                    Ok(()) => done.push((area, range, before)),
                    Err(errno) => {
                        let why = self.why(host, area, &range, after, errno);
                        if must {
                            for (area, range, before) in done {
                                // Less than what was just had cannot be in anybody's way.
                                let _ = self.set(host, area, &range, before);
                            }
                            self.close_if_unused();
                            return Err(why);
                        }
                        blocked = blocked.and(Err(why));
                    }
                }
            }
        }
        self.wishes.push(wish);
        blocked
    }

    /// Gives back what only this window needed.
    pub(crate) fn remove(&mut self, host: &Host, number: u64) {
        let Some(place) = self.wishes.iter().position(|wish| wish.number == number) else { return };
        let wish = self.wishes.swap_remove(place);
        for area in Area::BOTH {
            for (range, after) in self.pieces(area, &wish.range) {
                if after < wish.needs(area) {
                    // What the kernel does not give back goes with the description.
                    let _ = self.set(host, area, &range, after);
                }
            }
        }
        self.close_if_unused();
    }

    fn close_if_unused(&mut self) {
        if self.wishes.is_empty() {
            self.file = None;
        }
    }

    /// Has another description hold what is held: only one that is open for writing can lock for writing. For a moment
    /// nothing is locked, as two descriptions are in each other's way.
    fn move_to(&mut self, host: &Host, file: &Arc<OwnedFd>, writable: bool) {
        let all: Vec<_> = self.wishes.iter().map(|wish| wish.range.clone()).collect();
        for (area, range) in Area::BOTH.iter().flat_map(|area| all.iter().map(|range| (*area, range))) {
            let _ = self.set(host, area, range, Hold::Nothing);
        }
        self.file = Some((Arc::clone(file), writable));
        for (area, range) in Area::BOTH.iter().flat_map(|area| all.iter().map(|range| (*area, range))) {
            for (range, hold) in self.pieces(area, range) {
                if hold > Hold::Nothing {
                    // Somebody was faster than we; whoever was warned or refused then is not asked again.
                    let _ = self.set(host, area, &range, hold);
                }
            }
        }
    }

    /// The parts of a range by what they are locked for.
    fn pieces(&self, area: Area, range: &Range<u64>) -> Vec<(Range<u64>, Hold)> {
        let meets = |wish: &&Wish| wish.range.start < range.end && range.start < wish.range.end;
        let met: Vec<&Wish> = self.wishes.iter().filter(meets).collect();
        let ends = met.iter().flat_map(|wish| [wish.range.start, wish.range.end]);
        let mut borders: Vec<u64> = ends.filter(|at| range.contains(at)).collect();
        borders.push(range.start);
        borders.sort_unstable();
        borders.dedup();
        let ends = borders.iter().skip(1).copied().chain([range.end]);
        let piece = |(start, end): (u64, u64)| {
            let covers = met.iter().filter(|wish| wish.range.contains(&start));
            (start..end, covers.map(|wish| wish.needs(area)).max().unwrap_or(Hold::Nothing))
        };
        borders.iter().copied().zip(ends).map(piece).collect()
    }

    fn set(&self, host: &Host, area: Area, range: &Range<u64>, hold: Hold) -> Result<(), Errno> {
        let Some((file, _)) = &self.file else { return Ok(()) };
        // What is so far out has no claim.
        let Some(range) = place(area, range) else { return Ok(()) };
        host.set_lock(file, range, hold)
    }

    /// Looks whether somebody has locked the bytes, without locking them.
    fn look(&self, host: &Host, wish: &Wish) -> Result<(), Blocked> {
        self.other(host, Area::Bytes, &wish.range, wish.hold).map_or(Ok(()), |one| Err(Blocked::By(one)))
    }

    fn other(&self, host: &Host, area: Area, range: &Range<u64>, hold: Hold) -> Option<Conflict> {
        let (file, _) = self.file.as_ref()?;
        let found = host.find_lock(file, place(area, range)?, hold).ok()??;
        let bytes = |at: u64| at.saturating_sub(area.base());
        Some(Conflict { range: bytes(found.range.start)..bytes(found.range.end), ..found })
    }

    fn why(&self, host: &Host, area: Area, range: &Range<u64>, hold: Hold, errno: Errno) -> Blocked {
        match errno {
            Errno::EAGAIN | Errno::EACCES => {
                // Who is gone by now was in the way a moment ago.
                let unknown =
                    || Conflict { range: range.clone(), write: hold == Hold::Reading, process: None };
                Blocked::By(self.other(host, area, range, hold).unwrap_or_else(unknown))
            }
            // EINVAL and ENOSYS of sandboxes and FUSE, the others of network file systems.
            Errno::ENOLCK | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL => Blocked::Refused,
            _ => Blocked::Failed(errno),
        }
    }
}

/// Where a range is locked, if there is such a place.
fn place(area: Area, range: &Range<u64>) -> Option<Range<u64>> {
    let end = range.end.checked_add(area.base()).filter(|end| *end <= crate::MAX_END)?;
    Some(range.start.checked_add(area.base())?..end)
}
