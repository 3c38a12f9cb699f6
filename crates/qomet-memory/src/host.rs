//! Every call of this crate that the operating system may refuse.
//!
//! The rest of the crate reaches the kernel only through a [`Host`] value, so a test can refuse the n-th call, or
//! every call of one kind, without global state: two tests in one process do not see each other. `map` holds the
//! few calls that need `unsafe`; they too ask [`Host`] first.
//!
//! It does not interpret a refusal: callers turn an [`Errno`] into a [`crate::MemoryError`] that names the file.
//! It is a value with an optional plan, not a trait with a mock: a mock would have to imitate files and mappings,
//! while a plan lets all the other calls be real.

use std::ffi::OsStr;
use std::fmt;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FallocateFlags, FcntlArg, OFlag, SealFlag};
use nix::libc;
use nix::sched::CpuSet;
use nix::sys::memfd::MFdFlags;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::{FileStat, Mode};
use nix::unistd::{AccessFlags, Pid, SysconfVar, UnlinkatFlags, Whence};

use crate::faults::{Call, Faults};
use crate::locks::{Conflict, Hold};
use crate::reclaim::Reclaimer;
use crate::supply::Amount;

/// A way to the operating system: the real one, or one that refuses by plan. Cheap to clone. Dropping the last clone
/// waits until the memory of dropped regions is given back.
#[derive(Clone, Default)]
pub struct Host {
    plan: Option<Arc<Plan>>,
    reclaimer: Arc<Reclaimer>,
}

struct Plan {
    faults: Faults,
    made: AtomicU64,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.plan {
            None => f.write_str("Host::real"),
            Some(plan) => f.debug_tuple("Host::with").field(&plan.faults).finish(),
        }
    }
}

/// Where a file is: at a path, or open already, when the path is only its name.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a Path,
    pub(crate) open: Option<&'a OwnedFd>,
}

impl<'a> From<&'a Path> for Place<'a> {
    fn from(path: &'a Path) -> Self {
        Self { path, open: None }
    }
}

impl<'a> From<&'a PathBuf> for Place<'a> {
    fn from(path: &'a PathBuf) -> Self {
        path.as_path().into()
    }
}

/// A file system, as far as memory cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileSystem {
    /// The type number of `statfs(2)`.
    pub(crate) magic: i64,
    /// `f_bsize`: on hugetlbfs the page size.
    pub(crate) block: u64,
}

impl Host {
    /// The machine this runs on.
    pub fn real() -> Self {
        Self::default()
    }

    /// The machine this runs on, except for what `faults` says.
    pub fn with(faults: Faults) -> Self {
        let plan = Some(Arc::new(Plan { faults, made: AtomicU64::new(0) }));
        Self { plan, reclaimer: Arc::default() }
    }

    /// Waits until the memory of regions that were dropped is given back, of those that came from this host or a clone of
    /// it. Whether there was something to wait for.
    pub fn settle(&self) -> bool {
        self.reclaimer.settle()
    }

    pub(crate) fn reclaimer(&self) -> &Reclaimer {
        &self.reclaimer
    }

    /// How many calls this host and its clones were asked for; always 0 for [`Host::real`].
    pub fn calls(&self) -> u64 {
        self.plan.as_ref().map_or(0, |plan| plan.made.load(Ordering::Relaxed))
    }

    /// Counts a call, and refuses it where the plan says so.
    pub(crate) fn gate(&self, call: Call) -> Result<(), Errno> {
        let Some(plan) = &self.plan else { return Ok(()) };
        let number = plan.made.fetch_add(1, Ordering::Relaxed);
        match plan.faults.nth {
            Some((n, errno)) if n == number => return Err(errno),
            _ => {}
        }
        match plan.faults.calls.iter().find(|(kind, _)| *kind == call) {
            Some((_, errno)) => Err(*errno),
            None => Ok(()),
        }
    }

    fn faults(&self) -> Option<&Faults> {
        self.plan.as_deref().map(|plan| &plan.faults)
    }

    pub(crate) fn stat<'a>(&self, place: impl Into<Place<'a>>) -> Result<FileStat, Errno> {
        self.gate(Call::Stat)?;
        match place.into() {
            Place { open: Some(file), .. } => nix::sys::stat::fstat(file),
            Place { path, open: None } => nix::sys::stat::fstatat(AT_FDCWD, path, AtFlags::empty()),
        }
    }

    pub(crate) fn stat_link(&self, folder: impl AsFd, name: &OsStr) -> Result<FileStat, Errno> {
        self.gate(Call::Stat)?;
        nix::sys::stat::fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW)
    }

    /// Like [`Host::stat`], but a symbolic link is itself.
    pub(crate) fn stat_name(&self, path: &Path) -> Result<FileStat, Errno> {
        self.gate(Call::Stat)?;
        nix::sys::stat::fstatat(AT_FDCWD, path, AtFlags::AT_SYMLINK_NOFOLLOW)
    }

    pub(crate) fn read_link(&self, path: &Path) -> Result<PathBuf, Errno> {
        self.gate(Call::ReadLink)?;
        nix::fcntl::readlinkat(AT_FDCWD, path).map(PathBuf::from)
    }

    pub(crate) fn may_write<'a>(&self, place: impl Into<Place<'a>>) -> Result<(), Errno> {
        self.gate(Call::Access)?;
        let Place { path, open } = place.into();
        if let Some(file) = open {
            return allows(file, true);
        }
        nix::unistd::faccessat(AT_FDCWD, path, AccessFlags::W_OK, AtFlags::AT_EACCESS)
    }

    pub(crate) fn may_read<'a>(&self, place: impl Into<Place<'a>>) -> Result<(), Errno> {
        self.gate(Call::AccessRead)?;
        let Place { path, open } = place.into();
        if let Some(file) = open {
            return allows(file, false);
        }
        nix::unistd::faccessat(AT_FDCWD, path, AccessFlags::R_OK, AtFlags::AT_EACCESS)
    }

    /// Opens without waiting for the other end of whatever `path` leads to, and never becomes its terminal. What is open
    /// already is duplicated, if it can do what is wanted.
    pub(crate) fn open<'a>(&self, place: impl Into<Place<'a>>, write: bool) -> Result<OwnedFd, Errno> {
        self.gate(Call::Open)?;
        let Place { path, open } = place.into();
        if let Some(file) = open {
            allows(file, write)?;
            return file.try_clone().map_err(errno);
        }
        let access = if write { OFlag::O_RDWR } else { OFlag::O_RDONLY };
        let flags = access | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        again(|| nix::fcntl::openat(AT_FDCWD, path, flags, Mode::empty()))
    }

    pub(crate) fn open_folder(&self, path: &Path) -> Result<OwnedFd, Errno> {
        self.gate(Call::OpenFolder)?;
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        again(|| nix::fcntl::openat(AT_FDCWD, path, flags, Mode::empty()))
    }

    pub(crate) fn create(&self, folder: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
        self.gate(Call::Create)?;
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let folder = folder.as_fd();
        again(|| nix::fcntl::openat(folder, name, flags, Mode::S_IRUSR | Mode::S_IWUSR))
    }

    pub(crate) fn create_temporary(&self, folder: &Path) -> Result<OwnedFd, Errno> {
        self.gate(Call::CreateTemporary)?;
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        again(|| nix::fcntl::openat(AT_FDCWD, folder, flags, Mode::S_IRUSR | Mode::S_IWUSR))
    }

    /// A memfd that can be sealed, of huge pages of the given size if any; not executable where the kernel (6.3 and
    /// later) can promise that.
    pub(crate) fn create_memory(&self, name: &str, huge: Option<u64>) -> Result<OwnedFd, Errno> {
        self.gate(Call::CreateMemory)?;
        let huge = huge.map_or(0, |size| libc::MFD_HUGETLB | size.trailing_zeros() << libc::MFD_HUGE_SHIFT);
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | huge;
        let create = |flags| nix::sys::memfd::memfd_create(name, MFdFlags::from_bits_retain(flags));
        match create(flags | libc::MFD_NOEXEC_SEAL) {
            Err(Errno::EINVAL) => create(flags),
            other => other,
        }
    }

    /// Shared memory of a name that is not taken.
    pub(crate) fn create_shared(&self, name: &str) -> Result<OwnedFd, Errno> {
        self.gate(Call::CreateShared)?;
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        again(|| nix::sys::mman::shm_open(name, flags, Mode::S_IRUSR | Mode::S_IWUSR))
    }

    pub(crate) fn unlink_shared(&self, name: &str) -> Result<(), Errno> {
        self.gate(Call::UnlinkShared)?;
        nix::sys::mman::shm_unlink(name)
    }

    /// No seal can be added any more; with `fixed`, nobody can change the length either.
    pub(crate) fn seal(&self, file: impl AsFd, fixed: bool) -> Result<(), Errno> {
        self.gate(Call::Seal)?;
        let length = if fixed { SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK } else { SealFlag::empty() };
        nix::fcntl::fcntl(file, FcntlArg::F_ADD_SEALS(length | SealFlag::F_SEAL_SEAL)).map(drop)
    }

    pub(crate) fn stat_open(&self, file: impl AsFd) -> Result<FileStat, Errno> {
        self.gate(Call::StatOpen)?;
        nix::sys::stat::fstat(file)
    }

    /// The length of a block device.
    pub(crate) fn seek_end(&self, file: impl AsFd) -> Result<u64, Errno> {
        self.gate(Call::Seek)?;
        let end = nix::unistd::lseek(file, 0, Whence::SeekEnd)?;
        u64::try_from(end).map_err(|_| Errno::EOVERFLOW)
    }

    pub(crate) fn set_length(&self, file: impl AsFd, length: u64) -> Result<(), Errno> {
        self.gate(Call::SetLength)?;
        let length = signed(length)?;
        let file = file.as_fd();
        again(|| nix::unistd::ftruncate(file, length))
    }

    pub(crate) fn allocate(&self, file: impl AsFd, start: u64, length: u64) -> Result<(), Errno> {
        self.gate(Call::Allocate)?;
        let (start, length, file) = (signed(start)?, signed(length)?, file.as_fd());
        again(|| nix::fcntl::fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, start, length))
    }

    pub(crate) fn punch_hole(&self, file: impl AsFd, start: u64, length: u64) -> Result<(), Errno> {
        self.gate(Call::PunchHole)?;
        let (start, length, file) = (signed(start)?, signed(length)?, file.as_fd());
        let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        again(|| nix::fcntl::fallocate(file, mode, start, length))
    }

    /// Locks a range of a file, or gives it back.
    pub(crate) fn set_lock(&self, file: &OwnedFd, range: Range<u64>, hold: Hold) -> Result<(), Errno> {
        self.gate(Call::Lock)?;
        let lock = flock(&range, hold)?;
        again(|| nix::fcntl::fcntl(file, FcntlArg::F_OFD_SETLK(&lock))).map(drop)
    }

    /// A lock of somebody else that is in the way of one.
    pub(crate) fn find_lock(
        &self,
        file: &OwnedFd,
        range: Range<u64>,
        hold: Hold,
    ) -> Result<Option<Conflict>, Errno> {
        self.gate(Call::Lock)?;
        let mut lock = flock(&range, hold)?;
        nix::fcntl::fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock))?;
        if lock.l_type == flock_type(Hold::Nothing)? {
            return Ok(None);
        }
        let number = |value: i64| u64::try_from(value).map_err(|_| Errno::EOVERFLOW);
        let start = number(lock.l_start)?;
        let end = match number(lock.l_len)? {
            // To the end of the file, wherever that comes to be.
            0 => crate::MAX_END,
            length => start.saturating_add(length),
        };
        let write = lock.l_type == flock_type(Hold::Writing)?;
        Ok(Some(Conflict { range: start..end, write, process: Some(lock.l_pid).filter(|pid| *pid > 0) }))
    }

    /// What keeps a memfd as it is: `F_SEAL_*`; none for other files.
    pub(crate) fn seals(&self, file: impl AsFd) -> Result<SealFlag, Errno> {
        self.gate(Call::Seals)?;
        match nix::fcntl::fcntl(file, FcntlArg::F_GET_SEALS) {
            Err(Errno::EINVAL) => Ok(SealFlag::empty()),
            other => other.map(SealFlag::from_bits_retain),
        }
    }

    pub(crate) fn file_system<'a>(&self, place: impl Into<Place<'a>>) -> Result<FileSystem, Errno> {
        self.gate(Call::FileSystem)?;
        let stat = match place.into() {
            Place { open: Some(file), .. } => nix::sys::statfs::fstatfs(file)?,
            Place { path, open: None } => nix::sys::statfs::statfs(path)?,
        };
        let block = u64::try_from(stat.block_size()).map_err(|_| Errno::EOVERFLOW)?;
        Ok(FileSystem { magic: stat.filesystem_type().0, block })
    }

    /// Bytes that an unprivileged writer can still use; `None` where the file system does not count.
    pub(crate) fn free_space<'a>(&self, place: impl Into<Place<'a>>) -> Result<Option<u64>, Errno> {
        self.gate(Call::FreeSpace)?;
        if let Some(bytes) = self.faults().and_then(|faults| faults.free_space) {
            return Ok(Some(bytes));
        }
        let stat = match place.into() {
            Place { open: Some(file), .. } => nix::sys::statvfs::fstatvfs(file)?,
            Place { path, open: None } => nix::sys::statvfs::statvfs(path)?,
        };
        if stat.blocks() == 0 {
            return Ok(None);
        }
        Ok(Some(stat.blocks_available().saturating_mul(stat.fragment_size())))
    }

    /// [`Host::free_space`], once all is given back that was dropped if it is less than what is needed.
    pub(crate) fn free_space_for<'a>(
        &self,
        place: impl Into<Place<'a>>,
        needed: u64,
    ) -> Result<Option<u64>, Errno> {
        let place = place.into();
        match self.free_space(place)? {
            // Looked at again in any case: what was on its way back may have arrived since.
            Some(free) if free < needed => {
                self.settle();
                self.free_space(place)
            }
            free => Ok(free),
        }
    }

    /// The soft `RLIMIT_FSIZE` in bytes; `u64::MAX` stands for no limit.
    pub(crate) fn file_size_limit(&self) -> Result<u64, Errno> {
        self.gate(Call::Limit)?;
        if let Some(bytes) = self.faults().and_then(|faults| faults.file_size_limit) {
            return Ok(bytes);
        }
        getrlimit(Resource::RLIMIT_FSIZE).map(|(soft, _)| soft)
    }

    pub(crate) fn unlink(&self, folder: impl AsFd, name: &OsStr) -> Result<(), Errno> {
        self.gate(Call::Unlink)?;
        nix::unistd::unlinkat(folder, name, UnlinkatFlags::NoRemoveDir)
    }

    /// Where device attributes are: `/sys`, or what a test put in its place.
    pub(crate) fn sysfs(&self) -> &Path {
        let injected = self.faults().and_then(|faults| faults.sysfs.as_deref());
        injected.unwrap_or(Path::new("/sys"))
    }

    /// A file in `/proc`; `None` where there is no such file.
    pub(crate) fn procfs_text(&self, call: Call, name: &str) -> Result<Option<String>, Errno> {
        let injected = self.faults().and_then(|faults| faults.procfs.as_deref());
        self.text(call, &injected.unwrap_or(Path::new("/proc")).join(name))
    }

    /// What the kernel tells of the pages of this process.
    pub(crate) fn open_pagemap(&self) -> Result<OwnedFd, Errno> {
        self.gate(Call::Present)?;
        let injected = self.faults().and_then(|faults| faults.procfs.as_deref());
        let path = injected.unwrap_or(Path::new("/proc")).join("self/pagemap");
        again(|| nix::fcntl::openat(AT_FDCWD, &path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()))
    }

    /// A file that the kernel writes; `None` where there is no such file.
    pub(crate) fn text(&self, call: Call, path: &Path) -> Result<Option<String>, Errno> {
        self.gate(call)?;
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(errno(error)),
        }
    }

    /// The memory and swap that a test has the machine have.
    pub(crate) fn pretended_memory(&self) -> Option<Amount> {
        let bytes = self.faults()?.memory?;
        Some(Amount { left: bytes, whole: bytes })
    }

    /// A number about a pool of huge pages.
    pub(crate) fn huge_page_number(&self, path: &Path) -> Result<u64, Errno> {
        self.text(Call::HugePages, path)?.ok_or(Errno::ENOENT)?.trim().parse().map_err(|_| Errno::EINVAL)
    }

    /// The names of the pools of huge pages; none on a kernel without.
    pub(crate) fn huge_page_pools(&self) -> Result<Vec<String>, Errno> {
        self.gate(Call::HugePages)?;
        let entries = match std::fs::read_dir(self.sysfs().join(crate::huge::POOLS)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(errno)?,
        };
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).map_err(errno)
        };
        entries.map(name).collect()
    }

    /// A number in a file of sysfs, decimal or with `0x`.
    pub(crate) fn sysfs_number(&self, path: &Path) -> Result<u64, Errno> {
        self.gate(Call::Sysfs)?;
        let text = std::fs::read_to_string(path).map_err(errno)?;
        let text = text.trim();
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => text.parse(),
        };
        number.map_err(|_| Errno::EINVAL)
    }

    /// The NUMA nodes of the machine that are online.
    pub(crate) fn online_nodes(&self) -> Result<Vec<u16>, Errno> {
        self.gate(Call::Nodes)?;
        let text = std::fs::read_to_string(self.sysfs().join(crate::numa::ONLINE)).map_err(errno)?;
        crate::numa::parse_nodes(text.trim()).ok_or(Errno::EINVAL)
    }

    /// The name that a symbolic link of sysfs ends in, such as the subsystem of a device.
    pub(crate) fn sysfs_link_name(&self, path: &Path) -> Result<Option<String>, Errno> {
        self.gate(Call::Sysfs)?;
        match std::fs::read_link(path) {
            Ok(target) => Ok(target.file_name().map(|name| name.to_string_lossy().into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(errno(error)),
        }
    }

    /// The CPUs that a file of sysfs lists; `None` where there is no such file.
    pub(crate) fn listed_cpus(&self, path: &str) -> Result<Option<Vec<u16>>, Errno> {
        self.gate(Call::ListCpus)?;
        let path = self.sysfs().join(path);
        match std::fs::read_to_string(path) {
            Ok(text) => crate::numa::parse_nodes(text.trim()).map(Some).ok_or(Errno::EINVAL),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(errno(error)),
        }
    }

    /// The CPUs that a thread may run on, in order.
    pub(crate) fn affinity(&self, thread: Pid) -> Result<Vec<u16>, Errno> {
        self.gate(Call::Affinity)?;
        let set = nix::sched::sched_getaffinity(thread)?;
        let holds = |cpu: &u16| set.is_set(usize::from(*cpu)).unwrap_or(false);
        Ok((0..u16::MAX).take(CpuSet::count()).filter(holds).collect())
    }

    /// What a set of CPUs has no place for is left out, as the kernel leaves out what the machine has not.
    pub(crate) fn set_affinity(&self, thread: Pid, cpus: &[u16]) -> Result<(), Errno> {
        self.gate(Call::SetAffinity)?;
        let mut set = CpuSet::new();
        for cpu in cpus {
            let _ = set.set(usize::from(*cpu));
        }
        nix::sched::sched_setaffinity(thread, &set)
    }

    pub(crate) fn page_size(&self) -> Result<u64, Errno> {
        self.gate(Call::PageSize)?;
        let size = nix::unistd::sysconf(SysconfVar::PAGE_SIZE)?.ok_or(Errno::ENOSYS)?;
        u64::try_from(size).map_err(|_| Errno::EOVERFLOW)
    }

    pub(crate) fn cpus(&self) -> Result<usize, Errno> {
        self.gate(Call::Cpus)?;
        if let Some(cpus) = self.faults().and_then(|faults| faults.cpus) {
            return Ok(cpus);
        }
        std::thread::available_parallelism().map(usize::from).map_err(errno)
    }
}

/// Whether an open file may be read, and written if that is wanted. It was opened by somebody else, so its own flags
/// say it, and not who we are.
fn allows(file: &OwnedFd, write: bool) -> Result<(), Errno> {
    let flags = OFlag::from_bits_retain(nix::fcntl::fcntl(file, FcntlArg::F_GETFL)?);
    match flags & OFlag::O_ACCMODE {
        OFlag::O_RDWR => Ok(()),
        OFlag::O_WRONLY => Err(Errno::EACCES),
        _ if write => Err(Errno::EACCES),
        _ => Ok(()),
    }
}

fn flock_type(hold: Hold) -> Result<i16, Errno> {
    let kind = match hold {
        Hold::Nothing => libc::F_UNLCK,
        Hold::Reading => libc::F_RDLCK,
        Hold::Writing => libc::F_WRLCK,
    };
    i16::try_from(kind).map_err(|_| Errno::EOVERFLOW)
}

/// A lock as the kernel has it. Locks of descriptions name no process.
fn flock(range: &Range<u64>, hold: Hold) -> Result<libc::flock, Errno> {
    let whence = i16::try_from(libc::SEEK_SET).map_err(|_| Errno::EOVERFLOW)?;
    let (start, length) = (signed(range.start)?, signed(range.end.saturating_sub(range.start))?);
    Ok(libc::flock { l_type: flock_type(hold)?, l_whence: whence, l_start: start, l_len: length, l_pid: 0 })
}

/// Repeats a call that a signal interrupted.
fn again<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}

fn signed(value: u64) -> Result<i64, Errno> {
    i64::try_from(value).map_err(|_| Errno::EFBIG)
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
pub(crate) fn errno(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
