//! From a judged request to mapped memory.
//!
//! `plan` calls [`file()`] once the file has its length; `anonymous` does the same for memory without a path. Both end
//! in a [`Region`] that is mapped, advised and bound, but has neither blocks nor pages: the order of memory rule C8 is not
//! left to callers. Nothing here changes a file that has a name.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;

use crate::check;
use crate::error::MemoryError;
use crate::faults::Call;
use crate::host::Host;
use crate::huge;
use crate::ledger::{FileLedger, Held};
use crate::locks::{Blocked, Hold, Lock};
use crate::map::{Mapping, Shape, Source};
use crate::numa;
use crate::pages::PageUnit;
use crate::probe::{Kind, Probe, host_error, length, machine_unit, quoted};
use crate::region::{Backing, Blocks, Parts, Region};
use crate::request::{FileRequest, MemoryOptions};
use crate::warning::MemoryWarning;

/// The size of transparent huge pages on machines with pages of 4 KiB. Where it is another, they are made less often.
pub(crate) const HUGE: u64 = 2 << 20;

/// Memory, and what only opening it could tell.
#[derive(Debug)]
pub struct Opened {
    /// The memory.
    pub region: Region,
    /// Warnings besides those of the verdict.
    pub warnings: Vec<MemoryWarning>,
}

/// Opens and maps a file that `plan` has judged and given its length.
pub(crate) fn file(
    host: &Host,
    ledger: &FileLedger,
    owner: &str,
    request: &FileRequest,
    probe: &Probe,
) -> Result<Opened, MemoryError> {
    let path = &request.path;
    let (Some(size), Some(end)) = (request.size, request.end()) else { return Err(MemoryError::SizeMissing) };
    let file = match probe.kind {
        Kind::Folder => temporary(host, path, end)?,
        _ => named(host, request, probe)?,
    };
    if request.pmem {
        check::require_dax(host, request, probe)?;
    }
    let share = request.memory.share;
    let mut held = probe
        .id()
        .filter(|_| probe.kind != Kind::Char)
        .map(|id| ledger.hold(id, owner, request.offset..end, request.writes_reach_the_file()));
    let file = Arc::new(file);
    let told = held.as_mut().map_or(Ok(None), |held| lock(host, held, owner, request, &file))?;
    let place = Position::natural(probe.unit, size, request.offset).aligned(request.alignment());
    let shape = Shape {
        length: size,
        alignment: place.alignment,
        residue: place.residue,
        guard: machine_unit(host)?.size,
        writable: !request.is_rom(),
        reserve: request.memory.reserve != Some(false),
    };
    let sync = request.pmem && share;
    let source = Source::File { file: file.as_fd(), offset: request.offset, shared: share, sync };
    let mapping = Mapping::new(host, source, shape).map_err(|refusal| match refusal.errno {
        Errno::EOPNOTSUPP if sync => MemoryError::PmemWithoutDax { path: path.clone() },
        Errno::ENODEV => MemoryError::NotMappable { path: path.clone() },
        Errno::ENOMEM if probe.is_hugetlbfs() => huge::refusal(host, size, probe.unit)
            .unwrap_or_else(|| host_error(refusal.call, path, Errno::ENOMEM)),
        errno => host_error(refusal.call, path, errno),
    })?;
    let parts = Parts {
        backing: if share { Backing::SharedFile } else { Backing::PrivateFile },
        file: Some(Arc::clone(&file)),
        held,
        path: (request.passed.is_none() && probe.kind != Kind::Folder).then(|| path.clone()),
        subject: quoted(path),
        offset: request.offset,
        size,
        mapped: size,
        unit: probe.unit,
        rom: request.is_rom(),
        discard_data: request.discard_data,
        sync,
        blocks: match probe.kind {
            Kind::Regular { .. } | Kind::Folder if request.writes_reach_the_file() => Blocks::of(probe),
            _ => Blocks::None,
        },
    };
    let mut opened = finish(host, mapping, parts, &request.memory)?;
    opened.warnings.extend(told);
    Ok(opened)
}

/// Locks the window against other processes, as was asked. Returns what there is to warn of.
fn lock(
    host: &Host,
    held: &mut Held,
    owner: &str,
    request: &FileRequest,
    file: &Arc<OwnedFd>,
) -> Result<Option<MemoryWarning>, MemoryError> {
    let Some(end) = request.end().filter(|_| request.lock != Lock::Off) else { return Ok(None) };
    let (own, must) = (request.offset..end, request.lock == Lock::On);
    let hold = if request.writes_reach_the_file() { Hold::Writing } else { Hold::Reading };
    let (path, owner) = (request.path.clone(), owner.to_owned());
    match held.lock(host, file, own.clone(), hold, request.lock) {
        Ok(()) => Ok(None),
        Err(Blocked::By(other)) if must => Err(MemoryError::LockConflict { path, owner, own, other }),
        Err(Blocked::By(other)) => Ok(Some(MemoryWarning::FileRangeLocked { path, owner, own, other })),
        Err(Blocked::Refused) if must => {
            let why = "on a file system that refuses locks";
            Ok(Some(MemoryWarning::NoEffect { setting: "x-lock=on", why }))
        }
        Err(Blocked::Failed(errno)) if must => Err(host_error(Call::Lock, &path, errno)),
        // Nobody asked for it.
        Err(Blocked::Refused | Blocked::Failed(_)) => Ok(None),
    }
}

/// Where in the address space a window may be: what is left of its address when it is divided by `alignment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) alignment: u64,
    pub(crate) residue: u64,
}

impl Position {
    /// Where so much memory from this offset of a file is best. Transparent huge pages are at multiples of their size
    /// both in the file and in the address space, so a window in which one fits has the same residue in both.
    pub(crate) fn natural(unit: PageUnit, size: u64, offset: u64) -> Self {
        let alignment = if size >= HUGE { unit.size.max(HUGE) } else { unit.size };
        Self { alignment, residue: offset % alignment }
    }

    /// The same at a multiple of what was asked for, which counts more.
    fn aligned(self, asked: Option<u64>) -> Self {
        match asked {
            Some(asked) if asked > self.alignment => Self { alignment: asked, residue: 0 },
            Some(asked) if !self.residue.is_multiple_of(asked) => Self { residue: 0, ..self },
            _ => self,
        }
    }
}

/// Tells the kernel what the memory is for, before its first write (memory rule D11), and where its pages shall be
/// (C8: after the advice, before there are any).
pub(crate) fn finish(
    host: &Host,
    mapping: Mapping,
    parts: Parts,
    memory: &MemoryOptions,
) -> Result<Opened, MemoryError> {
    let region = Region::new(host.clone(), mapping, parts);
    let mut warnings = Vec::new();
    if !memory.dump {
        region.set_dump(false)?;
    }
    match memory.merge {
        Some(false) => {}
        Some(true) => warnings.extend(region.set_merge(true)?),
        // A wish: nobody asked for it.
        None => drop(region.set_merge(true)),
    }
    region.wish_for_huge_pages();
    warnings.extend(numa::bind(host, &region.mapping, &region.parts.subject, memory)?);
    Ok(Opened { region, warnings })
}

/// Opens a file that was looked at before, and makes sure that it is that file and still long enough.
fn named(host: &Host, request: &FileRequest, probe: &Probe) -> Result<OwnedFd, MemoryError> {
    let path = &request.path;
    let file =
        host.open(request.place(), !request.readonly).map_err(|errno| match (errno, request.readonly) {
            (Errno::ENOENT, _) => MemoryError::Replaced { path: path.clone() },
            (Errno::EACCES | Errno::EPERM | Errno::EROFS | Errno::ETXTBSY, false) => {
                check::not_writable(request, errno, path, false)
            }
            (Errno::EACCES | Errno::EPERM, true) => check::not_readable(path, errno),
            _ => host_error(Call::Open, path, errno),
        })?;
    let stat = host.stat_open(&file).map_err(|errno| host_error(Call::StatOpen, path, errno))?;
    if !probe.is(&stat) {
        return Err(MemoryError::Replaced { path: path.clone() });
    }
    if let (Kind::Regular { length: expected }, Some(end)) = (&probe.kind, request.end()) {
        let found = length(path, &stat)?;
        if probe.unit.up(found) < end {
            return Err(MemoryError::LengthChanged { path: path.clone(), expected: *expected, found });
        }
    }
    Ok(file)
}

/// A file in a folder that has no name, so that nothing is left whatever happens (memory rule A16).
fn temporary(host: &Host, folder: &Path, end: u64) -> Result<OwnedFd, MemoryError> {
    let refused = |call| move |errno| host_error(call, folder, errno);
    let file = match host.create_temporary(folder) {
        // EISDIR: the kernel does not know O_TMPFILE; EOPNOTSUPP: the file system does not.
        Err(Errno::EOPNOTSUPP | Errno::EISDIR) => named_for_a_moment(host, folder)?,
        other => other.map_err(refused(Call::CreateTemporary))?,
    };
    host.set_length(&file, end).map_err(refused(Call::SetLength))?;
    let stat = host.stat_open(&file).map_err(refused(Call::StatOpen))?;
    match length(folder, &stat)? {
        found if found == end => Ok(file),
        found => Err(MemoryError::LengthChanged { path: folder.to_owned(), expected: end, found }),
    }
}

/// Not `mkstemp`, which does not set `O_CLOEXEC`.
fn named_for_a_moment(host: &Host, folder: &Path) -> Result<OwnedFd, MemoryError> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let at = host.open_folder(folder).map_err(|errno| host_error(Call::OpenFolder, folder, errno))?;
    for _ in 0..64 {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = OsString::from(format!(".qomet-{}-{number}", std::process::id()));
        match host.create(&at, &name) {
            Err(Errno::EEXIST) => {}
            Err(errno) => return Err(host_error(Call::Create, folder, errno)),
            Ok(file) => {
                host.unlink(&at, &name).map_err(|errno| host_error(Call::Unlink, folder, errno))?;
                return Ok(file);
            }
        }
    }
    Err(host_error(Call::Create, folder, Errno::EEXIST))
}
