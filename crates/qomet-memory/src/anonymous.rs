//! Memory without a path: private memory of the process, memfds, POSIX shared memory.
//!
//! The types that have no `mem-path` call it: [`check_anonymous`] tells everything that is wrong with a request
//! without touching anything, [`create_anonymous`] makes it. What has a file here is made by this process alone, so
//! nobody else can be in the way: there is no plan and no undo, unlike for files with names.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;

use crate::check::{Verdict, check_addresses, check_limit, check_reserve, check_size};
use crate::error::{MAX_END, MemoryError};
use crate::faults::Call;
use crate::host::Host;
use crate::huge;
use crate::map::{Mapping, Refusal, Shape, Source};
use crate::numa;
use crate::open::{Opened, Position, finish};
use crate::pages::{PageSource, PageUnit};
use crate::probe::machine_unit;
use crate::region::{Backing, Blocks, Parts};
use crate::request::{AnonymousKind, AnonymousRequest};
use crate::warning::MemoryWarning;

/// Where POSIX shared memory is (shm_overview(7)).
pub(crate) const SHARED: &str = "/dev/shm";

/// How often a name for shared memory is looked for that nobody else has.
const ATTEMPTS: usize = 64;

/// Judges a request for memory without a path. No side effect.
pub fn check_anonymous(host: &Host, request: &AnonymousRequest) -> Verdict {
    let mut verdict = Verdict::default();
    let unit = unit(host, request.kind).map_err(|fault| verdict.faults.push(fault)).ok();
    check_size(request.size, &mut verdict.faults);
    check_reserve(request.memory.prealloc, request.memory.reserve, &mut verdict.faults);
    if request.kind == AnonymousKind::Shm && !request.memory.share {
        verdict.faults.push(MemoryError::ShmNeedsShare);
    }
    numa::check(host, &request.memory, &mut verdict);
    warn_no_effect(request, &mut verdict.warnings);
    if let (Some(size), Some(unit)) = (request.size.filter(|size| (1..=MAX_END).contains(size)), unit) {
        check_pages(host, request, size, unit, &mut verdict);
    }
    verdict
}

fn check_pages(host: &Host, request: &AnonymousRequest, size: u64, unit: PageUnit, verdict: &mut Verdict) {
    let mapped = unit.up(size);
    if !unit.divides(size) {
        // Memory rule A11: only what has no file is rounded up.
        if request.kind != AnonymousKind::Ram || mapped > MAX_END {
            verdict.faults.push(MemoryError::SizeMisaligned { size, offset: 0, unit });
            return;
        }
        verdict.warnings.push(MemoryWarning::SizeRoundedUp { size, rounded: mapped });
    }
    let before = verdict.faults.len();
    check_addresses(host, mapped, &mut verdict.faults);
    if verdict.faults.len() == before {
        check_overcommit(host, request, mapped, unit, &mut verdict.faults);
    }
    if has_file(request)
        && let Err(fault) = check_limit(host, || "shared memory".to_owned(), mapped)
    {
        verdict.faults.push(fault);
    }
    if unit.source == PageSource::Huge
        && request.memory.reserve != Some(false)
        && let Err(fault) = huge::check(host, mapped, unit)
    {
        verdict.faults.push(fault);
    }
    if request.kind == AnonymousKind::Shm {
        match host.free_space_for(Path::new(SHARED), mapped) {
            Ok(Some(free)) if mapped > free => {
                let (path, prealloc) = (SHARED.into(), request.memory.prealloc);
                verdict.warnings.push(MemoryWarning::BackingMayRunOut {
                    path,
                    needed: mapped,
                    free,
                    prealloc,
                });
            }
            // That there is none is told when it is opened.
            Ok(_) | Err(Errno::ENOENT) => {}
            Err(errno) => {
                verdict.faults.push(MemoryError::Host {
                    call: Call::FreeSpace,
                    subject: SHARED.into(),
                    errno,
                });
            }
        }
    }
}

/// Less than this the kernel is not asked for beforehand.
const MUCH: u64 = 16 << 30;

/// Whether the kernel would promise so much private memory (`vm.overcommit_memory`): asked by mapping it, untouched, and
/// giving it back at once.
fn check_overcommit(
    host: &Host,
    request: &AnonymousRequest,
    length: u64,
    unit: PageUnit,
    faults: &mut Vec<MemoryError>,
) {
    let is_promised = !has_file(request) && request.memory.reserve != Some(false);
    if length < MUCH || !is_promised || host.pretended_memory().is_some() {
        return;
    }
    let (alignment, guard) = (unit.size, unit.size);
    let shape = Shape { length, alignment, residue: 0, guard, writable: true, reserve: true };
    if let Err(refusal) = Mapping::new(host, Source::Anonymous, shape) {
        faults.push(not_mapped(length, refusal));
    }
}

fn not_mapped(length: u64, refusal: Refusal) -> MemoryError {
    let subject = format!("{length} bytes of memory");
    MemoryError::Host { call: refusal.call, subject, errno: refusal.errno }
}

pub(crate) fn has_file(request: &AnonymousRequest) -> bool {
    request.memory.share || request.kind != AnonymousKind::Ram
}

/// The page size of the memory, after a look at what the kernel offers (memory rule C3).
pub(crate) fn unit(host: &Host, kind: AnonymousKind) -> Result<PageUnit, MemoryError> {
    let AnonymousKind::Memfd { huge, huge_size, .. } = kind else { return machine_unit(host) };
    let size = match (huge, huge_size) {
        (false, None) => return machine_unit(host),
        (false, Some(_)) => return Err(MemoryError::HugePageSizeWithoutHuge),
        (true, Some(size)) => {
            let offered = huge::sizes(host)?;
            if !offered.contains(&size) {
                return Err(MemoryError::NoSuchHugePageSize { size, offered });
            }
            size
        }
        (true, None) => huge::default_size(host)?.ok_or(MemoryError::NoHugePages)?,
    };
    Ok(PageUnit { size, source: PageSource::Huge })
}

fn warn_no_effect(request: &AnonymousRequest, warnings: &mut Vec<MemoryWarning>) {
    let mut warn = |setting, why| warnings.push(MemoryWarning::NoEffect { setting, why });
    if request.memory.share && request.memory.merge == Some(true) {
        warn("merge=on", "on shared memory");
    }
    if let (AnonymousKind::Memfd { huge: false, .. } | AnonymousKind::Shm, Some(reserve)) =
        (request.kind, request.memory.reserve)
        && request.memory.share
    {
        warn(if reserve { "reserve=on" } else { "reserve=off" }, "on a shared file");
    }
    if matches!(request.kind, AnonymousKind::Memfd { .. }) && !request.memory.share {
        warnings.push(MemoryWarning::MemfdNotShared);
    }
}

/// Creates memory without a path.
///
/// # Errors
///
/// The first fault of [`check_anonymous`]; what the host refuses.
pub fn create_anonymous(host: &Host, request: &AnonymousRequest) -> Result<Opened, MemoryError> {
    if let Some(fault) = check_anonymous(host, request).faults.into_iter().next() {
        return Err(fault);
    }
    let Some(size) = request.size else { return Err(MemoryError::SizeMissing) };
    let unit = unit(host, request.kind)?;
    let mapped = unit.up(size);
    let file = if has_file(request) { Some(memory_file(host, request.kind, mapped, unit)?) } else { None };
    let place = Position::natural(unit, mapped, 0);
    let shape = Shape {
        length: mapped,
        alignment: place.alignment,
        residue: place.residue,
        guard: machine_unit(host)?.size,
        writable: true,
        reserve: request.memory.reserve != Some(false),
    };
    let shared = request.memory.share;
    let source = match &file {
        Some(file) => Source::File { file: file.as_fd(), offset: 0, shared, sync: false },
        None => Source::Anonymous,
    };
    let mapping = Mapping::new(host, source, shape).map_err(|refusal| {
        let lack = (refusal.errno == Errno::ENOMEM && unit.source == PageSource::Huge)
            .then(|| huge::refusal(host, mapped, unit));
        lack.flatten().unwrap_or_else(|| not_mapped(mapped, refusal))
    })?;
    let parts = Parts {
        path: None,
        backing: match (&file, shared) {
            (None, _) => Backing::Anonymous,
            (Some(_), true) => Backing::SharedFile,
            (Some(_), false) => Backing::PrivateFile,
        },
        blocks: match (&file, unit.source) {
            (Some(_), PageSource::Machine) if shared => Blocks::Pages,
            _ => Blocks::None,
        },
        file: file.map(Arc::new),
        held: None,
        subject: SUBJECT.to_owned(),
        offset: 0,
        size,
        mapped,
        unit,
        rom: false,
        discard_data: false,
        sync: false,
    };
    finish(host, mapping, parts, &request.memory)
}

const SUBJECT: &str = "memory";

fn refused(call: Call) -> impl Fn(Errno) -> MemoryError {
    move |errno| MemoryError::Host { call, subject: SUBJECT.to_owned(), errno }
}

/// Shared memory is a file and not `MAP_SHARED | MAP_ANONYMOUS`: only a file can be handed to another process.
fn memory_file(host: &Host, kind: AnonymousKind, size: u64, unit: PageUnit) -> Result<OwnedFd, MemoryError> {
    let (file, seal) = match kind {
        AnonymousKind::Shm => (shared_memory(host)?, None),
        AnonymousKind::Memfd { seal, .. } => (memfd(host, unit)?, Some(seal)),
        AnonymousKind::Ram => (memfd(host, unit)?, Some(true)),
    };
    host.set_length(&file, size).map_err(refused(Call::SetLength))?;
    if let Some(fixed) = seal {
        host.seal(&file, fixed).map_err(refused(Call::Seal))?;
    }
    Ok(file)
}

fn memfd(host: &Host, unit: PageUnit) -> Result<OwnedFd, MemoryError> {
    let huge = (unit.source == PageSource::Huge).then_some(unit.size);
    host.create_memory("qomet", huge).map_err(refused(Call::CreateMemory))
}

/// Its name is gone before it has a length, so that nothing is left whatever happens.
fn shared_memory(host: &Host) -> Result<OwnedFd, MemoryError> {
    for _ in 0..ATTEMPTS {
        // Keys of the standard library's maps are as unpredictable as a name has to be.
        let name =
            format!("/qomet-{}-{:016x}", std::process::id(), RandomState::new().build_hasher().finish());
        let file = match host.create_shared(&name) {
            Err(Errno::EEXIST) => continue,
            other => other.map_err(refused(Call::CreateShared))?,
        };
        if let Err(errno) = host.unlink_shared(&name) {
            // A name that stayed would keep its memory until the machine restarts: one more try.
            let _ = host.unlink_shared(&name);
            return Err(refused(Call::UnlinkShared)(errno));
        }
        return Ok(file);
    }
    Err(refused(Call::CreateShared)(Errno::EEXIST))
}
