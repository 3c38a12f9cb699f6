//! Every way in which memory is refused, each with one wording.
//!
//! All of the crate returns [`MemoryError`]; whoever knows the object adds its id and type. A kind is made at one
//! place of `check` or at the host call concerned, and worded only here, so that `check` and creation say the same.
//! Texts are lower case without a final full stop and name the file, the value, the limit and the nearest value
//! that would work; code and advice of a kind are in `details`. It does not log and does not decide what is fatal.
//!
//! One enum, not one per module: a caller reports all of them the same way, and one table shows all wordings.

use std::ops::Range;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::faults::Call;
use crate::locks::{Conflict, Holder};
use crate::map::MAX_NODES;
use crate::numa::Nodes;
use crate::pages::{Bytes, PageUnit};
use crate::request::Policy;

/// The largest end of a window: file offsets are signed 64-bit numbers.
pub const MAX_END: u64 = i64::MAX.unsigned_abs();

/// The longest path in bytes, without the final NUL that the kernel counts too.
pub(crate) const MAX_PATH: usize = 4095;

/// Why memory was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the wording above a variant says what its members are")]
pub enum MemoryError {
    #[error("the path is empty")]
    PathEmpty,
    #[error("the path has a NUL byte at position {position}")]
    PathNul { position: usize },
    #[error("the path is {length} bytes long, the limit is {MAX_PATH}")]
    PathTooLong { length: usize },
    #[error("the size is missing")]
    SizeMissing,
    #[error("the size is 0")]
    SizeZero,
    #[error("the {property} {value} is above {MAX_END}, the largest file offset")]
    TooLarge { property: &'static str, value: u64 },
    #[error("offset {offset} + size {size} is above {MAX_END}, the largest file offset")]
    EndTooLarge { offset: u64, size: u64 },
    #[error("the {property} {value} is not a multiple of {unit}")]
    Misaligned { property: &'static str, value: u64, unit: PageUnit },
    #[error("the size {size} (at offset {offset}) is not a multiple of {unit}")]
    SizeMisaligned { size: u64, offset: u64, unit: PageUnit },
    #[error("the alignment {align} is not a power of two")]
    AlignNotPowerOfTwo { align: u64 },
    #[error("the alignment {align} is not a multiple of {unit}")]
    AlignNotPageMultiple { align: u64, unit: PageUnit },
    #[error("rom=on needs readonly=on")]
    RomNeedsReadonly,
    #[error("share=on with readonly=on cannot be writable memory (rom=off): writes could not reach the file")]
    SharedTemplate,
    #[error("prealloc=on and reserve=off contradict each other")]
    PreallocWithoutReserve,
    #[error("share=off is impossible: POSIX shared memory is always shared")]
    ShmNeedsShare,
    #[error("hugetlbsize needs hugetlb=on")]
    HugePageSizeWithoutHuge,
    #[error("the kernel offers no huge pages of {}", Bytes(*size))]
    NoSuchHugePageSize { size: u64, offered: Vec<u64> },
    #[error("the process has no range of addresses for {}", Bytes(*length))]
    TooFewAddresses { length: u64, most: u64 },
    #[error("the kernel offers no huge pages")]
    NoHugePages,
    #[error("{needed} huge pages of {} are needed, and the pool has {free} left{}", Bytes(*page), left_by_cgroup(*cgroup))]
    HugePoolTooSmall { page: u64, needed: u64, free: u64, cgroup: Option<u64> },
    #[error("policy={policy} needs host-nodes")]
    PolicyWithoutNodes { policy: Policy, online: Vec<u16> },
    #[error("host-nodes={} needs a policy other than policy=default", Nodes(nodes))]
    NodesWithoutPolicy { nodes: Vec<u16> },
    #[error("host-nodes={}: the largest possible node is {}, and the host has {}", Nodes(nodes), MAX_NODES - 1, Nodes(online))]
    NodesTooLarge { nodes: Vec<u16>, online: Vec<u16> },
    #[error("none of host-nodes={} exists: the host has {}", Nodes(nodes), Nodes(online))]
    NoSuchNodes { nodes: Vec<u16>, online: Vec<u16> },
    #[error("cannot bind {subject} to host-nodes={} with policy={policy}: {}{}", Nodes(nodes), errno.desc(), forbidden(*errno))]
    NotBound { subject: String, policy: Policy, nodes: Vec<u16>, errno: Errno },
    #[error("'{}' does not exist, and readonly=on does not create it", path.display())]
    NotFound { path: PathBuf },
    #[error("the folder '{}' does not exist", folder.display())]
    FolderNotFound { folder: PathBuf },
    #[error("'{}' is a symbolic link to '{}', which does not exist", path.display(), target.display())]
    DanglingLink { path: PathBuf, target: PathBuf },
    #[error("'{}' cannot be reached: {}", path.display(), errno.desc())]
    Unreachable { path: PathBuf, errno: Errno },
    #[error("'{}' is a {kind}, which cannot be mapped", path.display())]
    WrongKind { path: PathBuf, kind: &'static str },
    #[error("'{}' cannot be mapped: its driver or file system does not do that", path.display())]
    NotMappable { path: PathBuf },
    #[error("'{}' is a folder, and readonly=on does not create a file in it", path.display())]
    FolderReadonly { path: PathBuf },
    #[error("'{}' is sealed against {} ({seal})", path.display(), sealed_against(seal))]
    Sealed { path: PathBuf, seal: &'static str },
    #[error("'{}' is empty, and readonly=on does not grow it", path.display())]
    EmptyReadonly { path: PathBuf },
    #[error("'{}' {} {}, shorter than offset {offset} + size {size} = {}", path.display(), if *device { "is a device of" } else { "is" }, Bytes(*length), offset.saturating_add(*size))]
    TooShort { path: PathBuf, length: u64, offset: u64, size: u64, unit: PageUnit, device: bool },
    #[error("{}'{}' cannot be written: {}", if *folder { "folder " } else { "" }, path.display(), errno.desc())]
    NotWritable { path: PathBuf, errno: Errno, share: bool, folder: bool },
    #[error("'{}' cannot be read: {}", path.display(), errno.desc())]
    NotReadable { path: PathBuf, errno: Errno },
    #[error("{subject} would be {} long, above the process's file size limit of {}", Bytes(*end), Bytes(*limit))]
    FileSizeLimit { subject: String, end: u64, limit: u64 },
    #[error("pmem=on on a file without DAX: '{}'", path.display())]
    PmemWithoutDax { path: PathBuf },
    #[error("the alignment {align} is not a multiple of {}, the alignment of the device '{}'", Bytes(*device), path.display())]
    AlignNotDax { path: PathBuf, align: u64, device: u64 },
    #[error("'{}' is a device DAX, which share=off cannot map", path.display())]
    DaxNeedsShare { path: PathBuf },
    #[error("'{}' was replaced by another file in the meantime", path.display())]
    Replaced { path: PathBuf },
    #[error("'{}' is {} long after it was set to {}", path.display(), Bytes(*found), Bytes(*expected))]
    LengthChanged { path: PathBuf, expected: u64, found: u64 },
    #[error("{} of '{owner}' in '{}' cannot be locked: {}", range(own), path.display(), Holder(other))]
    LockConflict { path: PathBuf, owner: String, own: Range<u64>, other: Conflict },
    #[error("no request of '{owner}' is in this plan")]
    NotPlanned { owner: String },
    #[error("cannot {} {subject}: {}", call.action(), errno.desc())]
    Host { call: Call, subject: String, errno: Errno },
    #[error("cannot populate {subject} at offset {offset}: the backing store could not provide the page")]
    NoPage { subject: String, offset: u64 },
    #[error("cannot populate {subject} at offset {offset}: {}", errno.desc())]
    Populate { subject: String, offset: u64, errno: Errno },
    #[error("populating {subject} was cancelled after {}", Bytes(*done))]
    Cancelled { subject: String, done: u64 },
    #[error("{} at {start} reach outside the region of {}", Bytes(*length), Bytes(*region))]
    OutsideRegion { start: u64, length: u64, region: u64 },
    #[error("{action} of {subject} stopped at offset {offset}: the page is not there{}", now(*file_length))]
    PageLost { action: &'static str, subject: String, offset: u64, file_length: Option<u64> },
    #[error("{subject} is {} long now, and the memory is its bytes {start} to {end}", Bytes(*length))]
    Truncated { subject: String, length: u64, start: u64, end: u64 },
    #[error("'{}' {} the file whose bytes {start} to {end} are the memory", path.display(), if *removed { "was removed or replaced: no name leads any more to" } else { "no longer leads to" })]
    Gone { path: PathBuf, start: u64, end: u64, removed: bool },
    #[error("cannot write {subject} back from offset {start} to {end}: {}", errno.desc())]
    NotSynced { subject: String, start: u64, end: u64, errno: Errno },
    #[error("the region of {subject} is read-only memory")]
    ReadOnlyRegion { subject: String },
    #[error("{subject} is mapped privately: another mapping of it would be other memory")]
    NotShared { subject: String },
    #[error("{subject} cannot be at {at} of a reservation: {why}")]
    Misplaced { subject: String, at: u64, why: Misplacement },
    #[error("discard from {start} to {end}: both must be multiples of {unit}")]
    DiscardMisaligned { start: u64, end: u64, unit: PageUnit },
    #[error(
        "a private mapping of {subject} cannot be discarded: a hole in the file hits its other users, and copied pages would stay"
    )]
    DiscardPrivateFile { subject: String },
    #[error("read-only memory of {subject} cannot be discarded")]
    DiscardReadOnly { subject: String },
    #[error("'{}' was left {left}", path.display())]
    NotUndone { path: PathBuf, left: Left },
}

/// Why memory cannot be at a place of a [`crate::Reservation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misplacement {
    /// Its pages would not be at multiples of their size.
    #[error("that is not a multiple of {0}")]
    Misaligned(PageUnit),
    /// It is in front of the end of another.
    #[error("the memory before it ends at {0}")]
    Overlapping(u64),
    /// Its end is beyond all addresses.
    #[error("it would end above the largest address")]
    Beyond,
}

/// How an undo left a file, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Left {
    /// Its name leads to another file.
    #[error("as it is: it is another file now")]
    Replaced,
    /// Somebody else changed its length.
    #[error("as it is: its length is no longer what it was grown to")]
    Resized,
    /// It is theirs now: only what none of them needs was cut off. Should those that are not committed yet fail too,
    /// the last of them takes the rest back.
    #[error("{} long: others of this model use it", Bytes(*length))]
    InUse {
        /// Its length in bytes.
        length: u64,
    },
}

fn now(file_length: Option<u64>) -> String {
    file_length.map(|length| format!(" (the file is now {} long)", Bytes(length))).unwrap_or_default()
}

fn left_by_cgroup(pages: Option<u64>) -> String {
    pages.map(|pages| format!("; the limit of the control group leaves {pages}")).unwrap_or_default()
}

/// Memory rule C7: the kernel itself never refuses `mbind` so for memory of one's own.
fn forbidden(errno: Errno) -> &'static str {
    match errno {
        Errno::EPERM => "; a container's seccomp profile refuses mbind without CAP_SYS_NICE",
        _ => "",
    }
}

fn sealed_against(seal: &str) -> &'static str {
    if seal == "F_SEAL_GROW" { "growing" } else { "writing" }
}

/// Names a range by its first byte and the one behind its last, as properties take them.
pub(crate) fn range(range: &Range<u64>) -> String {
    format!("bytes {} to {}", Bytes(range.start).unit(), Bytes(range.end).unit())
}
