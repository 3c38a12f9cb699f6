//! What a path leads to, found without opening anything that could wait, and without a side effect.
//!
//! `check` judges a request against a [`Probe`], and `plan` groups requests by [`Key`], so that two spellings of one
//! file are one file (memory rule A21). It does not judge. Looking first and opening later leaves a race: `open`
//! compares the identity of what it opened with what was seen here. Opening first is not an option, as opening a
//! FIFO waits for its other end and opening some devices has effects.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::libc;
use nix::sys::stat::FileStat;

use crate::error::{MAX_PATH, MemoryError};
use crate::faults::Call;
use crate::host::{FileSystem, Host, Place};
use crate::pages::{PageSource, PageUnit};

/// `HUGETLBFS_MAGIC` of `linux/magic.h`.
pub(crate) const HUGETLBFS: i64 = 0x9584_58f6;
/// `TMPFS_MAGIC`.
pub(crate) const TMPFS: i64 = 0x0102_1994;
/// ext2, ext3 and ext4; XFS; FUSE (virtiofs): the file systems that can have DAX.
const WITH_DAX: [i64; 3] = [0xef53, 0x5846_5342, 0x6573_5546];

/// Which file it is, whatever it is called: two names with the same identity are one file (memory rule A21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// The number of the device that the file is on.
    pub device: u64,
    /// The number of the file there.
    pub inode: u64,
}

impl FileId {
    pub(crate) fn of(stat: &FileStat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing yet, in a folder that exists.
    Missing { folder: PathBuf, name: OsString },
    /// A regular file of this many bytes.
    Regular { length: u64 },
    /// A folder, for a file without a name.
    Folder,
    /// A block device of this many bytes.
    Block { length: u64 },
    /// A character device without bounds.
    Char,
    /// A device DAX of this many bytes.
    Dax { length: u64, align: u64 },
}

/// What makes two requests talk about one file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A file that exists.
    File(FileId),
    /// A name in a folder that exists: a file to be.
    Name(FileId, OsString),
    /// Nobody else's: a temporary file.
    Own,
}

/// What was found at a path.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub(crate) kind: Kind,
    pub(crate) key: Key,
    pub(crate) unit: PageUnit,
    /// Bytes of the file that have blocks.
    pub(crate) allocated: u64,
    /// Device number of the file system, to add up what is asked of it.
    pub(crate) device: u64,
    pub(crate) file_system: FileSystem,
}

impl Probe {
    pub(crate) fn is_tmpfs(&self) -> bool {
        self.file_system.magic == TMPFS
    }

    pub(crate) fn is_hugetlbfs(&self) -> bool {
        self.file_system.magic == HUGETLBFS
    }

    /// Whether files of this file system can be DAX at all.
    pub(crate) fn may_have_dax(&self) -> bool {
        WITH_DAX.contains(&self.file_system.magic)
    }

    /// Whether an open file is the one that was looked at. The type counts, as a number is reused at once: a FIFO made
    /// right after a file was removed has been seen to get its inode.
    pub(crate) fn is(&self, stat: &FileStat) -> bool {
        let kind = match self.kind {
            Kind::Missing { .. } | Kind::Regular { .. } => libc::S_IFREG,
            Kind::Folder => libc::S_IFDIR,
            Kind::Block { .. } => libc::S_IFBLK,
            Kind::Char | Kind::Dax { .. } => libc::S_IFCHR,
        };
        self.id() == Some(FileId::of(stat)) && file_type(stat) == kind
    }

    pub(crate) fn id(&self) -> Option<FileId> {
        match &self.key {
            Key::File(id) => Some(*id),
            Key::Name(..) | Key::Own => None,
        }
    }
}

/// Looks at a path, or at a file that is open already.
pub(crate) fn probe(host: &Host, place: Place<'_>) -> Result<Probe, MemoryError> {
    let path = place.path;
    check_text(path)?;
    match host.stat(place) {
        Ok(stat) => match existing(host, place, &stat) {
            // It went away between the two looks at it.
            Err(MemoryError::Host { call: Call::FileSystem, errno: Errno::ENOENT, .. }) => {
                missing(host, path)
            }
            other => other,
        },
        Err(Errno::ENOENT) => missing(host, path),
        Err(errno) => Err(stat_error(path, errno)),
    }
}

fn check_text(path: &Path) -> Result<(), MemoryError> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() {
        return Err(MemoryError::PathEmpty);
    }
    if let Some(position) = bytes.iter().position(|byte| *byte == 0) {
        return Err(MemoryError::PathNul { position });
    }
    if bytes.len() > MAX_PATH {
        return Err(MemoryError::PathTooLong { length: bytes.len() });
    }
    Ok(())
}

/// A path that is wrong is the request's fault, anything else the host's.
fn stat_error(path: &Path, errno: Errno) -> MemoryError {
    match errno {
        Errno::ENOTDIR | Errno::ELOOP | Errno::EACCES | Errno::ENAMETOOLONG => {
            MemoryError::Unreachable { path: path.to_owned(), errno }
        }
        _ => host_error(Call::Stat, path, errno),
    }
}

pub(crate) fn host_error(call: Call, path: &Path, errno: Errno) -> MemoryError {
    MemoryError::Host { call, subject: quoted(path), errno }
}

/// A path as messages name it.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}

fn missing(host: &Host, path: &Path) -> Result<Probe, MemoryError> {
    if let Ok(stat) = host.stat_name(path)
        && file_type(&stat) == libc::S_IFLNK
    {
        let target = host.read_link(path).map_err(|errno| host_error(Call::ReadLink, path, errno))?;
        return Err(MemoryError::DanglingLink { path: path.to_owned(), target });
    }
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    };
    let Some(name) = final_name(path) else {
        return Err(MemoryError::FolderNotFound { folder: path.to_owned() });
    };
    let stat = match host.stat(folder) {
        Ok(stat) => stat,
        Err(Errno::ENOENT) => return Err(MemoryError::FolderNotFound { folder: folder.to_owned() }),
        Err(errno) => return Err(stat_error(path, errno)),
    };
    let file_system = file_system(host, folder)?;
    Ok(Probe {
        kind: Kind::Missing { folder: folder.to_owned(), name: name.to_owned() },
        key: Key::Name(FileId::of(&stat), name.to_owned()),
        unit: file_unit(host, path, file_system)?,
        allocated: 0,
        device: stat.st_dev,
        file_system,
    })
}

/// The last part of a path that could be a file; `None` after a final slash, `.` or `..`.
fn final_name(path: &Path) -> Option<&OsStr> {
    let bytes = path.as_os_str().as_bytes();
    let name = bytes.rsplit(|byte| *byte == b'/').next()?;
    (!matches!(name, b"" | b"." | b"..")).then(|| OsStr::from_bytes(name))
}

fn existing(host: &Host, place: Place<'_>, stat: &FileStat) -> Result<Probe, MemoryError> {
    let path = place.path;
    let refuse = |kind| Err(MemoryError::WrongKind { path: path.to_owned(), kind });
    let id = FileId::of(stat);
    let (kind, key) = match file_type(stat) {
        libc::S_IFREG => (Kind::Regular { length: length(path, stat)? }, Key::File(id)),
        libc::S_IFDIR if place.open.is_some() => return refuse("folder"),
        libc::S_IFDIR => (Kind::Folder, Key::Own),
        libc::S_IFBLK => (Kind::Block { length: block_length(host, place)? }, Key::File(id)),
        libc::S_IFCHR => (char_device(host, stat)?, Key::File(id)),
        libc::S_IFIFO => return refuse("FIFO"),
        libc::S_IFSOCK => return refuse("socket"),
        _ => return refuse("special file"),
    };
    let file_system = file_system(host, place)?;
    let unit = match kind {
        Kind::Dax { align, .. } => PageUnit { size: align, source: PageSource::Dax },
        Kind::Block { .. } | Kind::Char => machine_unit(host)?,
        Kind::Missing { .. } | Kind::Regular { .. } | Kind::Folder => file_unit(host, path, file_system)?,
    };
    let allocated = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512);
    Ok(Probe { kind, key, unit, allocated, device: stat.st_dev, file_system })
}

pub(crate) fn file_type(stat: &FileStat) -> libc::mode_t {
    stat.st_mode & libc::S_IFMT
}

pub(crate) fn length(path: &Path, stat: &FileStat) -> Result<u64, MemoryError> {
    u64::try_from(stat.st_size).map_err(|_| host_error(Call::StatOpen, path, Errno::EOVERFLOW))
}

/// The length of a block device is where its end is (memory rule A17); `st_size` is 0.
fn block_length(host: &Host, place: Place<'_>) -> Result<u64, MemoryError> {
    let path = place.path;
    let file = host.open(place, false).map_err(|errno| open_error(path, errno))?;
    host.seek_end(&file).map_err(|errno| host_error(Call::Seek, path, errno))
}

fn open_error(path: &Path, errno: Errno) -> MemoryError {
    match errno {
        Errno::EACCES | Errno::EPERM => MemoryError::NotReadable { path: path.to_owned(), errno },
        _ => host_error(Call::Open, path, errno),
    }
}

/// A character device is a device DAX if sysfs says so (memory rule A19), else it has no bounds (A18).
fn char_device(host: &Host, stat: &FileStat) -> Result<Kind, MemoryError> {
    let (major, minor) = (libc::major(stat.st_rdev), libc::minor(stat.st_rdev));
    let device = host.sysfs().join(format!("dev/char/{major}:{minor}"));
    let wrap = |path: PathBuf| move |errno| host_error(Call::Sysfs, &path, errno);
    let subsystem = device.join("subsystem");
    let name = host.sysfs_link_name(&subsystem).map_err(wrap(subsystem))?;
    if name.as_deref() != Some("dax") {
        return Ok(Kind::Char);
    }
    let (size, align) = (device.join("size"), device.join("align"));
    let length = host.sysfs_number(&size).map_err(wrap(size))?;
    let unit = host.sysfs_number(&align).map_err(wrap(align.clone()))?;
    if !unit.is_power_of_two() {
        return Err(host_error(Call::Sysfs, &align, Errno::EINVAL));
    }
    Ok(Kind::Dax { length, align: unit })
}

fn file_system<'a>(host: &Host, place: impl Into<Place<'a>>) -> Result<FileSystem, MemoryError> {
    let place = place.into();
    let path = place.path;
    host.file_system(place).map_err(|errno| host_error(Call::FileSystem, path, errno))
}

fn file_unit(host: &Host, path: &Path, file_system: FileSystem) -> Result<PageUnit, MemoryError> {
    if file_system.magic != HUGETLBFS {
        return machine_unit(host);
    }
    let size = file_system.block;
    if size.is_power_of_two() {
        Ok(PageUnit { size, source: PageSource::HugeTlbFs })
    } else {
        Err(host_error(Call::FileSystem, path, Errno::EINVAL))
    }
}

/// The page size of the machine.
pub(crate) fn machine_unit(host: &Host) -> Result<PageUnit, MemoryError> {
    let refused = |errno| MemoryError::Host { call: Call::PageSize, subject: "memory".to_owned(), errno };
    let size = host.page_size().map_err(refused)?;
    if size.is_power_of_two() {
        Ok(PageUnit { size, source: PageSource::Machine })
    } else {
        Err(refused(Errno::EINVAL))
    }
}
