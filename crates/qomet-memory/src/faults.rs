//! The kinds of call to the operating system, and plans that refuse them.
//!
//! [`crate::Host`] asks a plan before each call; an error names the kind of call that was refused. Tests of this crate
//! and of those that use it write plans. A plan is data: it refuses the same calls each time, so a test can go through
//! all of them one by one.

use std::path::PathBuf;

use nix::errno::Errno;

/// The kinds of call that a [`Faults`] plan can refuse, and that an error names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// `fstatat`: what a path leads to.
    Stat,
    /// `readlinkat`: where a symbolic link leads.
    ReadLink,
    /// `faccessat`: whether a file may be written.
    Access,
    /// `faccessat`: whether a file may be read.
    AccessRead,
    /// `openat` of a file that exists.
    Open,
    /// `openat` of the folder that holds a file.
    OpenFolder,
    /// `openat` with `O_CREAT | O_EXCL`.
    Create,
    /// `openat` with `O_TMPFILE`.
    CreateTemporary,
    /// `memfd_create`.
    CreateMemory,
    /// `shm_open` of a new name.
    CreateShared,
    /// `shm_unlink`.
    UnlinkShared,
    /// `fcntl` with `F_ADD_SEALS`.
    Seal,
    /// reading which huge pages there are, and what limits them.
    HugePages,
    /// reading how much memory the machine and the control groups have.
    Supply,
    /// `fstat` of an open file.
    StatOpen,
    /// `lseek` to the end of a block device.
    Seek,
    /// `ftruncate`: growing a file, or undoing that.
    SetLength,
    /// `fallocate`: reserving the blocks of a window.
    Allocate,
    /// `fallocate` with `FALLOC_FL_PUNCH_HOLE`.
    PunchHole,
    /// `fstatfs` / `statfs`: the type and page size of a file system.
    FileSystem,
    /// `statvfs`: the free space of a file system.
    FreeSpace,
    /// `getrlimit`: the longest file that this process may make.
    Limit,
    /// `fcntl(F_GET_SEALS)` of a file that was passed.
    Seals,
    /// `unlinkat`.
    Unlink,
    /// reading a file of sysfs.
    Sysfs,
    /// `sysconf(_SC_PAGESIZE)`.
    PageSize,
    /// the number of CPUs that this process may use.
    Cpus,
    /// `mmap` of the address range with its guard pages.
    Reserve,
    /// `mmap` of the memory itself.
    Map,
    /// `madvise` for merge, dump and transparent huge pages.
    Advise,
    /// `madvise(MADV_COLLAPSE)`.
    Collapse,
    /// reading which NUMA nodes are online.
    Nodes,
    /// `mbind`.
    Bind,
    /// `mbind` with `MPOL_PREFERRED_MANY`, which kernels before 5.15 do not know.
    BindMany,
    /// `madvise(MADV_POPULATE_*)`.
    Populate,
    /// `sched_getaffinity`: the CPUs that a thread may run on.
    Affinity,
    /// `sched_setaffinity`.
    SetAffinity,
    /// reading which CPUs the machine or a NUMA node has.
    ListCpus,
    /// starting a thread.
    Spawn,
    /// `madvise(MADV_DONTNEED)`.
    DontNeed,
    /// `fcntl` with `F_OFD_SETLK` or `F_OFD_GETLK`: a lock on a window.
    Lock,
    /// `msync`.
    Sync,
    /// `ioctl(PAGEMAP_SCAN)`, or reading `/proc/self/smaps`: which pages are present.
    Present,
    /// `move_pages` without nodes to move to: where pages are.
    WhichNode,
    /// `process_vm_readv` of our own memory.
    CopyOut,
    /// `process_vm_writev` into our own memory.
    CopyIn,
}

impl Call {
    /// What the call was to do, for a sentence that starts with "cannot".
    pub(crate) fn action(self) -> &'static str {
        match self {
            Call::Stat | Call::StatOpen => "look at",
            Call::ReadLink => "follow the link",
            Call::Access | Call::AccessRead | Call::Open => "open",
            Call::OpenFolder => "open the folder of",
            Call::Create | Call::CreateTemporary | Call::CreateMemory | Call::CreateShared => "create",
            Call::UnlinkShared => "remove the name of",
            Call::Seal => "seal",
            Call::HugePages | Call::Supply => "look at",
            Call::Seek => "find the length of",
            Call::SetLength => "set the length of",
            Call::Allocate => "allocate the space of",
            Call::PunchHole | Call::DontNeed => "discard a range of",
            Call::FileSystem => "identify the file system of",
            Call::FreeSpace => "read the free space of",
            Call::Seals => "read the seals of",
            Call::Limit => "read the file size limit for",
            Call::Unlink => "remove",
            Call::Sysfs => "read the sysfs attribute",
            Call::PageSize => "read the page size for",
            Call::Cpus => "count the CPUs for",
            Call::Reserve => "reserve addresses for",
            Call::Map => "map",
            Call::Advise => "advise the kernel about",
            Call::Nodes => "read the NUMA nodes from",
            Call::Bind | Call::BindMany => "bind",
            Call::Populate | Call::Collapse => "populate",
            Call::Affinity | Call::ListCpus => "read the CPUs of",
            Call::SetAffinity => "set the CPUs of",
            Call::Spawn => "start a thread for",
            Call::Lock => "lock",
            Call::Sync => "write back",
            Call::Present | Call::WhichNode => "find out what is present of",
            Call::CopyOut => "read",
            Call::CopyIn => "write",
        }
    }
}

/// Which calls a [`crate::Host`] refuses, and which facts it makes up. For tests.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub(crate) nth: Option<(u64, Errno)>,
    pub(crate) calls: Vec<(Call, Errno)>,
    pub(crate) sysfs: Option<PathBuf>,
    pub(crate) procfs: Option<PathBuf>,
    pub(crate) file_size_limit: Option<u64>,
    pub(crate) free_space: Option<u64>,
    pub(crate) memory: Option<u64>,
    pub(crate) cpus: Option<usize>,
}

impl Faults {
    /// A plan that refuses nothing: [`crate::Host::calls`] still counts.
    pub fn none() -> Self {
        Self::default()
    }

    /// Refuses the `n`-th call (the first is 0), whatever it is.
    #[must_use]
    pub fn nth(mut self, n: u64, errno: Errno) -> Self {
        self.nth = Some((n, errno));
        self
    }

    /// Refuses every call of this kind.
    #[must_use]
    pub fn call(mut self, call: Call, errno: Errno) -> Self {
        self.calls.push((call, errno));
        self
    }

    /// Reads device attributes below this folder instead of `/sys`.
    #[must_use]
    pub fn sysfs(mut self, root: impl Into<PathBuf>) -> Self {
        self.sysfs = Some(root.into());
        self
    }

    /// Reads what the kernel tells of itself below this folder instead of `/proc`.
    #[must_use]
    pub fn procfs(mut self, root: impl Into<PathBuf>) -> Self {
        self.procfs = Some(root.into());
        self
    }

    /// Pretends that `RLIMIT_FSIZE` is this many bytes.
    #[must_use]
    pub fn file_size_limit(mut self, bytes: u64) -> Self {
        self.file_size_limit = Some(bytes);
        self
    }

    /// Pretends that every file system has this many bytes free.
    #[must_use]
    pub fn free_space(mut self, bytes: u64) -> Self {
        self.free_space = Some(bytes);
        self
    }

    /// Pretends that the machine has this many bytes of memory and swap, all of them free, and no control groups.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Pretends that this many CPUs may be used.
    #[must_use]
    pub fn cpus(mut self, cpus: usize) -> Self {
        self.cpus = Some(cpus);
        self
    }
}
