//! The judgement of one request: everything that is wrong with it, and everything that may surprise.
//!
//! `plan` calls it before anything happens, and again at the moment of opening, so "check passed" means the same
//! checks that creation makes. It has no side effect, and it does not stop at the first fault; what merely follows
//! from a reported fault is withheld (a misaligned offset is not also "past the end" by less than a page).

use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::SealFlag;

use crate::error::{MAX_END, MemoryError};
use crate::faults::Call;
use crate::host::Host;
use crate::huge;
use crate::map::{self, Mapping, Shape, Source};
use crate::numa;
use crate::pages::PageUnit;
use crate::probe::{Kind, Probe, host_error, quoted};
use crate::request::{FileRequest, Policy, Rom};
use crate::warning::MemoryWarning;

/// What `check` says about a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why the request cannot be granted, all independent reasons; empty if it can.
    pub faults: Vec<MemoryError>,
    /// What works, but perhaps not as hoped.
    pub warnings: Vec<MemoryWarning>,
}

/// What the other requests of a batch, and the model's own files, change about a judgement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Company {
    /// Somebody in the batch opens the file for writing, so it can be made and grown.
    pub(crate) writer: bool,
    /// The model made this file, and its length is still what the model made it.
    pub(crate) ours: bool,
}

fn unit_or_fault(host: &Host, faults: &mut Vec<MemoryError>) -> Option<PageUnit> {
    crate::probe::machine_unit(host).map_err(|fault| faults.push(fault)).ok()
}

/// Judges what can be said about a file request without looking at the file.
pub(crate) fn check_values(host: &Host, request: &FileRequest, verdict: &mut Verdict) {
    let faults = &mut verdict.faults;
    check_size(request.size, faults);
    if request.offset > MAX_END {
        faults.push(MemoryError::TooLarge { property: "offset", value: request.offset });
    } else if let Some(size) = request.size
        && size <= MAX_END
        && request.offset > MAX_END - size
    {
        faults.push(MemoryError::EndTooLarge { offset: request.offset, size });
    }
    if let Some(align) = request.alignment()
        && !align.is_power_of_two()
    {
        faults.push(MemoryError::AlignNotPowerOfTwo { align });
    }
    match (request.memory.share, request.readonly, request.rom) {
        (_, false, Rom::On) => faults.push(MemoryError::RomNeedsReadonly),
        (true, true, Rom::Off) => faults.push(MemoryError::SharedTemplate),
        _ => {}
    }
    check_reserve(request.memory.prealloc, request.memory.reserve, faults);
    if request.end().is_some() {
        check_addresses(host, request.size.unwrap_or(0), faults);
    }
    numa::check(host, &request.memory, verdict);
    warn_no_effect(request, &mut verdict.warnings);
}

pub(crate) fn check_size(size: Option<u64>, faults: &mut Vec<MemoryError>) {
    match size {
        None => faults.push(MemoryError::SizeMissing),
        Some(0) => faults.push(MemoryError::SizeZero),
        Some(value) if value > MAX_END => faults.push(MemoryError::TooLarge { property: "size", value }),
        Some(_) => {}
    }
}

/// Less than this is never too much for the addresses of a process.
const FEW_ADDRESSES: u64 = 1 << 40;

/// Whether the process has a range of addresses for so much memory.
pub(crate) fn check_addresses(host: &Host, length: u64, faults: &mut Vec<MemoryError>) {
    if !(FEW_ADDRESSES..=MAX_END).contains(&length) {
        return;
    }
    match map::addresses_short_of(host, length) {
        Ok(None) => {}
        Ok(Some(most)) => faults.push(MemoryError::TooFewAddresses { length, most }),
        Err(errno) => {
            let subject = "memory".to_owned();
            faults.push(MemoryError::Host { call: Call::Reserve, subject, errno });
        }
    }
}

pub(crate) fn check_reserve(prealloc: bool, reserve: Option<bool>, faults: &mut Vec<MemoryError>) {
    if prealloc && reserve == Some(false) {
        faults.push(MemoryError::PreallocWithoutReserve);
    }
}

fn warn_no_effect(request: &FileRequest, warnings: &mut Vec<MemoryWarning>) {
    let mut warn = |setting, why| warnings.push(MemoryWarning::NoEffect { setting, why });
    if request.memory.merge == Some(true) {
        if request.memory.share {
            warn("merge=on", "on shared memory");
        } else if request.is_rom() {
            warn("merge=on", "on read-only memory");
        }
    }
    if request.discard_data {
        if !request.memory.share {
            warn("discard-data=on", "with share=off");
        } else if request.readonly {
            warn("discard-data=on", "with readonly=on");
        }
    }
}

/// Judges a file request whose path could not be looked at: the values, and the page size of the machine, which
/// divides every other one.
pub(crate) fn check_without_file(host: &Host, request: &FileRequest, why: MemoryError) -> Verdict {
    let mut verdict = Verdict::default();
    check_values(host, request, &mut verdict);
    if let Some(unit) = unit_or_fault(host, &mut verdict.faults) {
        check_pages(request, unit, &mut verdict.faults);
    }
    verdict.faults.push(why);
    verdict
}

/// Judges a file request against what its path leads to.
pub(crate) fn check_file(host: &Host, request: &FileRequest, probe: &Probe, company: Company) -> Verdict {
    let mut verdict = Verdict::default();
    check_values(host, request, &mut verdict);
    check_pages(request, probe.unit, &mut verdict.faults);
    let reachable = check_access(host, request, probe, company, &mut verdict.faults);
    check_length(host, request, probe, company, &mut verdict);
    if reachable && request.pmem {
        check_dax(host, request, probe, &mut verdict.faults);
    }
    warn_file(request, probe, &mut verdict.warnings);
    verdict
}

fn check_pages(request: &FileRequest, unit: PageUnit, faults: &mut Vec<MemoryError>) {
    let (offset, size) = (request.offset, request.size.unwrap_or(0));
    if offset <= MAX_END && !unit.divides(offset) {
        faults.push(MemoryError::Misaligned { property: "offset", value: offset, unit });
    }
    if size <= MAX_END && !unit.divides(size) {
        faults.push(MemoryError::SizeMisaligned { size, offset, unit });
    }
    if let Some(align) = request.alignment()
        && align.is_power_of_two()
        && unit.source != crate::pages::PageSource::Dax
        && !unit.divides(align)
    {
        faults.push(MemoryError::AlignNotPageMultiple { align, unit });
    }
}

/// Whether the file can be opened as asked; false if a fault was reported.
fn check_access(
    host: &Host,
    request: &FileRequest,
    probe: &Probe,
    company: Company,
    faults: &mut Vec<MemoryError>,
) -> bool {
    let path = &request.path;
    let before = faults.len();
    match &probe.kind {
        Kind::Missing { folder, .. } => {
            if request.readonly {
                if !company.writer {
                    faults.push(MemoryError::NotFound { path: path.clone() });
                }
            } else if let Err(errno) = host.may_write(folder) {
                faults.push(not_writable(request, errno, folder, true));
            }
        }
        Kind::Folder => {
            if request.readonly {
                faults.push(MemoryError::FolderReadonly { path: path.clone() });
            } else if let Err(errno) = host.may_write(path) {
                faults.push(not_writable(request, errno, path, true));
            }
        }
        Kind::Regular { .. } | Kind::Block { .. } | Kind::Char | Kind::Dax { .. } => {
            if let Err(errno) = host.may_read(request.place()) {
                faults.push(not_readable(path, errno));
            } else if !request.readonly
                && let Err(errno) = host.may_write(request.place())
            {
                faults.push(not_writable(request, errno, path, false));
            }
        }
    }
    if let Some(file) = &request.passed {
        check_seals(host, request, &file.0, faults);
    }
    if let Kind::Dax { align, .. } = probe.kind {
        if !request.memory.share {
            faults.push(MemoryError::DaxNeedsShare { path: path.clone() });
        }
        if let Some(wish) = request.alignment()
            && wish.is_power_of_two()
            && wish % align != 0
        {
            faults.push(MemoryError::AlignNotDax { path: path.clone(), align: wish, device: align });
        }
    }
    faults.len() == before
}

/// A memfd may be sealed against what is asked; mapping it would only be refused with EPERM.
fn check_seals(host: &Host, request: &FileRequest, file: &OwnedFd, faults: &mut Vec<MemoryError>) {
    let path = &request.path;
    match host.seals(file) {
        Ok(seals) if request.writes_reach_the_file() => {
            let names = [
                (SealFlag::F_SEAL_WRITE, "F_SEAL_WRITE"),
                (SealFlag::F_SEAL_FUTURE_WRITE, "F_SEAL_FUTURE_WRITE"),
            ];
            if let Some((_, seal)) = names.into_iter().find(|(seal, _)| seals.contains(*seal)) {
                faults.push(MemoryError::Sealed { path: path.clone(), seal });
            }
        }
        Ok(_) => {}
        Err(errno) => faults.push(host_error(Call::Seals, path, errno)),
    }
}

/// `path` is that of the request, or of the folder in which a file would be made.
pub(crate) fn not_writable(request: &FileRequest, errno: Errno, path: &Path, folder: bool) -> MemoryError {
    match errno {
        Errno::EACCES | Errno::EPERM | Errno::EROFS | Errno::ETXTBSY => {
            MemoryError::NotWritable { path: path.to_owned(), errno, share: request.memory.share, folder }
        }
        _ => host_error(Call::Access, path, errno),
    }
}

pub(crate) fn not_readable(path: &Path, errno: Errno) -> MemoryError {
    match errno {
        Errno::EACCES | Errno::EPERM => MemoryError::NotReadable { path: path.to_owned(), errno },
        _ => host_error(Call::AccessRead, path, errno),
    }
}

/// The window, rounded down to whole pages: what is past the end even then does not follow from misalignment.
fn whole_pages(request: &FileRequest, unit: PageUnit) -> Option<Range<u64>> {
    request.end()?;
    let start = unit.down(request.offset);
    Some(start..start.checked_add(unit.down(request.size?))?)
}

fn check_length(host: &Host, request: &FileRequest, probe: &Probe, company: Company, verdict: &mut Verdict) {
    let (Some(window), Some(end)) = (whole_pages(request, probe.unit), request.end()) else { return };
    let grown = match probe.kind {
        Kind::Char => return,
        Kind::Missing { .. } => !request.readonly || company.writer,
        Kind::Folder => !request.readonly,
        Kind::Regular { length: 0 } if request.readonly && !company.writer => {
            verdict.faults.push(MemoryError::EmptyReadonly { path: request.path.clone() });
            return;
        }
        Kind::Regular { length: 0 } => true,
        Kind::Regular { length } if window.end > length && company.ours && company.writer => true,
        Kind::Regular { length } | Kind::Block { length } | Kind::Dax { length, .. } => {
            check_end(request, probe, length, window.end, verdict);
            return;
        }
    };
    if !grown {
        return;
    }
    if let Some(file) = &request.passed {
        match host.seals(&*file.0) {
            Ok(seals) if seals.contains(SealFlag::F_SEAL_GROW) => {
                verdict.faults.push(MemoryError::Sealed { path: request.path.clone(), seal: "F_SEAL_GROW" });
            }
            Ok(_) => {}
            Err(errno) => verdict.faults.push(host_error(Call::Seals, &request.path, errno)),
        }
    }
    if let Err(fault) = check_limit(host, || quoted(&request.path), end) {
        verdict.faults.push(fault);
    }
    // Of a file that has pages, nobody can tell how many of the window are among them.
    if probe.is_hugetlbfs()
        && request.memory.reserve != Some(false)
        && let Some(size) = request.size.filter(|size| probe.unit.divides(*size))
        && let Err(fault) = huge::check(host, size, probe.unit)
    {
        verdict.faults.push(fault);
    }
}

/// A window ends with the file at the latest (memory rule A3). A last page that the file does not fill is no place
/// for one either: bytes after the end of a file never reach it (A12), so QEMU's refusal is right.
fn check_end(request: &FileRequest, probe: &Probe, length: u64, end: u64, verdict: &mut Verdict) {
    if end > length {
        verdict.faults.push(MemoryError::TooShort {
            path: request.path.clone(),
            length,
            offset: request.offset,
            size: request.size.unwrap_or(0),
            unit: probe.unit,
            device: !matches!(probe.kind, Kind::Regular { .. }),
        });
    }
}

/// Growing a file past `RLIMIT_FSIZE` would end the process with `SIGXFSZ` (memory rule A15).
pub(crate) fn check_limit(host: &Host, subject: impl Fn() -> String, end: u64) -> Result<(), MemoryError> {
    let refused = |errno| MemoryError::Host { call: Call::Limit, subject: subject(), errno };
    let limit = host.file_size_limit().map_err(refused)?;
    if end > limit {
        return Err(MemoryError::FileSizeLimit { subject: subject(), end, limit });
    }
    Ok(())
}

/// The check of `pmem` once the file has its length.
pub(crate) fn require_dax(host: &Host, request: &FileRequest, probe: &Probe) -> Result<(), MemoryError> {
    let mut faults = Vec::new();
    check_dax(host, request, probe, &mut faults);
    faults.into_iter().next().map_or(Ok(()), Err)
}

/// Memory rule D13. A file that has bytes is asked by mapping a page of it with `MAP_SYNC`, the only way to know;
/// one that is yet to be is refused where its file system cannot have DAX, and asked when it is opened.
fn check_dax(host: &Host, request: &FileRequest, probe: &Probe, faults: &mut Vec<MemoryError>) {
    let has_dax = match probe.kind {
        Kind::Dax { .. } => Ok(true),
        Kind::Regular { length } if length > 0 && probe.may_have_dax() => maps_sync(host, request, probe),
        Kind::Regular { .. } | Kind::Missing { .. } => Ok(probe.may_have_dax()),
        Kind::Folder | Kind::Block { .. } | Kind::Char => Ok(false),
    };
    match has_dax {
        Ok(true) => {}
        Ok(false) => faults.push(MemoryError::PmemWithoutDax { path: request.path.clone() }),
        Err(fault) => faults.push(fault),
    }
}

fn maps_sync(host: &Host, request: &FileRequest, probe: &Probe) -> Result<bool, MemoryError> {
    use std::os::fd::AsFd;
    let path = &request.path;
    let file = host.open(request.place(), false).map_err(|errno| host_error(Call::Open, path, errno))?;
    let size = probe.unit.size;
    let shape =
        Shape { length: size, alignment: size, residue: 0, guard: size, writable: false, reserve: false };
    let source = Source::File { file: file.as_fd(), offset: 0, shared: true, sync: true };
    match Mapping::new(host, source, shape) {
        Ok(_) => Ok(true),
        Err(refusal) if refusal.errno == Errno::EOPNOTSUPP => Ok(false),
        Err(refusal) => Err(host_error(refusal.call, path, refusal.errno)),
    }
}

fn warn_file(request: &FileRequest, probe: &Probe, warnings: &mut Vec<MemoryWarning>) {
    if request.memory.share && request.memory.reserve.is_some() && !probe.is_hugetlbfs() {
        let setting = if request.memory.reserve == Some(true) { "reserve=on" } else { "reserve=off" };
        warnings.push(MemoryWarning::NoEffect { setting, why: "on a shared file" });
    }
    // Their pages are where the device is, or where the thread that reads or writes them may take some (mbind(2)).
    // Of character devices nothing is known: shared memory of /dev/zero is bound.
    let unbound = match probe.kind {
        Kind::Missing { .. } | Kind::Folder | Kind::Regular { .. } => {
            let own_pages = probe.is_tmpfs() || probe.is_hugetlbfs();
            (!own_pages).then_some("on a shared file that is neither on tmpfs nor on hugetlbfs")
        }
        Kind::Block { .. } | Kind::Dax { .. } => Some("on a shared device"),
        Kind::Char => None,
    };
    // A policy without nodes is refused; what it would do is beside the point.
    let is_bound = request.memory.share && !request.memory.host_nodes.is_empty();
    if let Some(why) = unbound.filter(|_| is_bound) {
        let setting = match request.memory.policy {
            Policy::Default => None,
            Policy::Preferred => Some("policy=preferred"),
            Policy::Bind => Some("policy=bind"),
            Policy::Interleave => Some("policy=interleave"),
        };
        warnings.extend(setting.map(|setting| MemoryWarning::NoEffect { setting, why }));
    }
    if request.memory.prealloc
        && request.readonly
        && !request.is_rom()
        && let Some(size) = request.size
    {
        warnings.push(MemoryWarning::TemplateCopied { path: request.path.clone(), size });
    }
}

/// How many bytes the window may yet take from its file system (memory rule A14); 0 where it takes none.
pub(crate) fn space_needed(request: &FileRequest, probe: &Probe) -> u64 {
    let takes = !request.readonly && (request.memory.share || probe.is_tmpfs());
    let (Some(size), Some(end), true) = (request.size, request.end(), takes) else { return 0 };
    match probe.kind {
        Kind::Missing { .. } | Kind::Folder => size,
        Kind::Regular { length } => size.min(length.max(end).saturating_sub(probe.allocated)),
        Kind::Block { .. } | Kind::Char | Kind::Dax { .. } => 0,
    }
}
