//! Every way in which memory is refused, each with one wording.
//!
//! All of the crate returns [`MemoryError`]; whoever knows the object adds its id and type. A kind is made at one
//! place of `check` or at the host call concerned, and worded only here, so that `check` and creation say the same.
//! Texts are lower case without a final full stop and name the file, the value, the limit and the nearest value
//! that would work. It does not log and does not decide what is fatal.
//!
//! One enum, not one per module: a caller reports all of them the same way, and one table shows all wordings.

use std::ops::Range;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::faults::Call;
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
    #[error("the kernel offers no huge pages")]
    NoHugePages,
    #[error("{needed} huge pages of {} are needed, and the pool has {free} left{}", Bytes(*page), left_by_cgroup(*cgroup))]
    HugePoolTooSmall { page: u64, needed: u64, free: u64, cgroup: Option<u64> },
    #[error("policy={policy} needs host-nodes")]
    PolicyWithoutNodes { policy: Policy },
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
    #[error("{subject} is {} long now, and the memory reaches to {end}", Bytes(*length))]
    Truncated { subject: String, length: u64, end: u64 },
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

/// What a kind says besides its sentence.
#[derive(Default)]
struct Facts {
    code: &'static str,
    property: Option<&'static str>,
    expected: Option<String>,
    found: Option<String>,
    help: Option<String>,
    host: bool,
}

impl Facts {
    fn of(code: &'static str) -> Self {
        Self { code, ..Self::default() }
    }

    fn on(mut self, property: &'static str) -> Self {
        self.property = Some(property);
        self
    }

    fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    fn found(mut self, text: impl ToString) -> Self {
        self.found = Some(text.to_string());
        self
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    fn host(mut self) -> Self {
        self.host = true;
        self
    }
}

impl MemoryError {
    /// A stable name of the kind, in kebab case.
    pub fn code(&self) -> &'static str {
        self.facts().code
    }

    /// The property of the backend that is to blame, if it is one.
    pub fn property(&self) -> Option<&'static str> {
        self.facts().property
    }

    /// What would have been right.
    pub fn expected(&self) -> Option<String> {
        self.facts().expected
    }

    /// What was there instead.
    pub fn found(&self) -> Option<String> {
        self.facts().found
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        self.facts().help
    }

    /// The value of [`property`](Self::property) that was surely meant, in bytes.
    pub fn meant(&self) -> Option<u64> {
        match self {
            // Never less than what was asked for.
            MemoryError::SizeMisaligned { size, unit, .. } => {
                Some(unit.up(*size)).filter(|up| *up <= MAX_END)
            }
            _ => None,
        }
    }

    /// Whether the host refused something that it could have granted (no memory, no descriptors, a limit), as
    /// opposed to a request that is wrong for what is there.
    pub fn is_host(&self) -> bool {
        self.facts().host
    }

    fn facts(&self) -> Facts {
        use MemoryError as E;
        match self {
            E::PathEmpty => Facts::of("path-empty").on("mem-path").expected("the path of a file, device or folder"),
            E::PathNul { position } => Facts::of("path-has-nul")
                .on("mem-path")
                .expected("a path without NUL bytes")
                .found(format!("NUL at {position}")),
            E::PathTooLong { length } => Facts::of("path-too-long")
                .on("mem-path")
                .expected(format!("at most {MAX_PATH} bytes"))
                .found(format!("{length} bytes")),
            E::SizeMissing => Facts::of("size-missing").on("size").expected("a size above 0"),
            E::SizeZero => Facts::of("size-zero").on("size").expected("a size above 0").found("0"),
            E::TooLarge { property, value } => Facts::of("value-too-large")
                .on(property)
                .expected(format!("at most {MAX_END}"))
                .found(value),
            E::EndTooLarge { offset, size } => Facts::of("end-too-large")
                .on("offset")
                .expected(format!("offset + size of at most {MAX_END}"))
                .found(u128::from(*offset) + u128::from(*size))
                .help(format!("with this size the offset can be at most {}", MAX_END - (*size).min(MAX_END))),
            E::Misaligned { property, value, unit } => Facts::of("not-a-page-multiple")
                .on(property)
                .expected(format!("a multiple of {}", unit.size))
                .found(value)
                .help(neighbours(false, *value, *unit)),
            E::SizeMisaligned { size, unit, .. } => Facts::of("not-a-page-multiple")
                .on("size")
                .expected(format!("a multiple of {}", unit.size))
                .found(size)
                .help(neighbours(true, *size, *unit)),
            E::AlignNotPowerOfTwo { align } => Facts::of("align-not-power-of-two")
                .on("align")
                .expected("a power of two")
                .found(align)
                .help(match align.checked_next_power_of_two() {
                Some(next) => format!("use {} or {next}", next / 2),
                None => format!("use {}", 1_u64 << 63),
            }),
            E::AlignNotPageMultiple { align, unit } => Facts::of("align-not-page-multiple")
                .on("align")
                .expected(format!("a multiple of {}", unit.size))
                .found(align)
                .help(format!("use {}", unit.size)),
            E::RomNeedsReadonly => Facts::of("rom-needs-readonly")
                .on("rom")
                .expected("rom=off or rom=auto, or readonly=on")
                .found("rom=on, readonly=off"),
            E::SharedTemplate => Facts::of("shared-read-only-ram")
                .on("rom")
                .expected("rom=on or rom=auto, or share=off")
                .found("share=on, readonly=on, rom=off")
                .help("writable memory that starts as a copy of the file is share=off,readonly=on,rom=off"),
            E::PreallocWithoutReserve => Facts::of("prealloc-without-reserve")
                .on("reserve")
                .expected("reserve=on, or prealloc=off")
                .found("prealloc=on, reserve=off"),
            E::ShmNeedsShare => Facts::of("shm-needs-share")
                .on("share")
                .expected("share=on")
                .found("share=off")
                .help("private memory is memory-backend-ram"),
            E::HugePageSizeWithoutHuge => Facts::of("hugetlbsize-without-hugetlb")
                .on("hugetlbsize")
                .expected("hugetlb=on, or no hugetlbsize")
                .found("hugetlb=off"),
            E::NoSuchHugePageSize { size, offered } => Facts::of("no-such-huge-page-size")
                .on("hugetlbsize")
                .expected(match offered.as_slice() {
                    [] => "no huge pages: the kernel has none".to_owned(),
                    sizes => format!("one of {}", sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
                })
                .found(size),
            E::NoHugePages => Facts::of("no-huge-pages")
                .on("hugetlb")
                .expected("hugetlb=off")
                .help("a kernel with CONFIG_HUGETLBFS has them"),
            E::HugePoolTooSmall { page, needed, free, cgroup } => {
                let facts = Facts::of("huge-pool-too-small").on("size").host();
                let facts = facts.expected(format!("{needed} pages")).found(format!("{} pages", (*free).min(cgroup.unwrap_or(u64::MAX))));
                facts.help(if free < needed {
                    format!("raise /sys/{}/hugepages-{}kB/nr_hugepages by {}", crate::huge::POOLS, page / 1024, needed - free)
                } else {
                    "raise the limit of the control group (hugetlb.*.max), or ask for less".to_owned()
                })
            }
            E::PolicyWithoutNodes { policy } => Facts::of("policy-without-host-nodes")
                .on("policy")
                .expected("host-nodes with at least one node, or policy=default")
                .found(format!("policy={policy}, no host-nodes")),
            E::NodesWithoutPolicy { nodes } => Facts::of("host-nodes-without-policy")
                .on("host-nodes")
                .expected("policy=preferred, policy=bind or policy=interleave, or no host-nodes")
                .found(format!("host-nodes={}, policy=default", Nodes(nodes))),
            E::NodesTooLarge { nodes, online } => Facts::of("host-nodes-too-large")
                .on("host-nodes")
                .expected(format!("nodes of {}", Nodes(online)))
                .found(Nodes(nodes)),
            E::NoSuchNodes { nodes, online } => Facts::of("no-such-host-nodes")
                .on("host-nodes")
                .expected(format!("nodes of {}", Nodes(online)))
                .found(Nodes(nodes)),
            E::NotBound { errno, .. } => not_bound(*errno),
            E::NotFound { .. } => Facts::of("file-not-found")
                .on("mem-path")
                .expected("a file that exists")
                .help("create it first, or use readonly=off"),
            E::FolderNotFound { .. } => {
                Facts::of("folder-not-found").on("mem-path").expected("a file in a folder that exists")
            }
            E::DanglingLink { .. } => Facts::of("dangling-symlink")
                .on("mem-path")
                .expected("a link to something that exists")
                .help("name the target itself to create it, or remove the link"),
            E::Unreachable { errno, .. } => {
                Facts::of("path-unreachable").on("mem-path").expected("a path that can be followed").found(errno)
            }
            E::WrongKind { kind, .. } => Facts::of("wrong-file-kind")
                .on("mem-path")
                .expected("a regular file, a folder, or a block or character device")
                .found(format!("a {kind}")),
            E::NotMappable { .. } => {
                Facts::of("not-mappable").on("mem-path").expected("a file or device that has memory behind it")
            }
            E::FolderReadonly { .. } => Facts::of("folder-read-only")
                .on("readonly")
                .expected("readonly=off for a temporary file, or the path of a file")
                .found("readonly=on and a folder"),
            E::Sealed { seal: "F_SEAL_GROW", .. } => Facts::of("file-sealed")
                .on("mem-path")
                .expected("a memfd that is as long as offset + size, or may grow")
                .help("set its length before it is sealed"),
            E::Sealed { .. } => Facts::of("file-sealed")
                .on("mem-path")
                .expected("a memfd that may be written")
                .help("use share=off, or readonly=on"),
            E::EmptyReadonly { .. } => Facts::of("read-only-file-empty")
                .on("mem-path")
                .expected("a file at least as long as offset + size")
                .found("0 bytes"),
            E::TooShort { length, offset, size, unit, device, .. } => too_short(*length, *offset, *size, *unit, *device),
            E::NotWritable { errno, folder: true, .. } => {
                Facts::of("folder-not-writable").on("mem-path").expected("a folder that may be written").found(errno)
            }
            E::NotWritable { share, errno, folder: false, .. } => {
                let facts = Facts::of("file-not-writable").on("mem-path").expected("a file that may be written");
                facts.found(errno).help(if *share {
                    "for read-only memory of it, use readonly=on"
                } else {
                    "writes of a private mapping never reach the file: use readonly=on,rom=off"
                })
            }
            E::NotReadable { errno, .. } => {
                Facts::of("file-not-readable").on("mem-path").expected("a file that may be read").found(errno)
            }
            E::FileSizeLimit { end, limit, .. } => Facts::of("file-size-limit")
                .on("size")
                .expected(format!("offset + size of at most {limit}"))
                .found(end)
                .help("raise RLIMIT_FSIZE (ulimit -f)")
                .host(),
            E::PmemWithoutDax { .. } => Facts::of("pmem-without-dax")
                .on("pmem")
                .expected("a file on a file system mounted with dax, or a device DAX")
                .help("use pmem=off"),
            E::AlignNotDax { align, device, .. } => Facts::of("align-not-device")
                .on("align")
                .expected(format!("a multiple of {device}"))
                .found(align)
                .help("leave it out to get the device's alignment"),
            E::DaxNeedsShare { .. } => {
                Facts::of("dax-needs-share").on("share").expected("share=on").found("share=off")
            }
            E::Replaced { .. } => Facts::of("file-replaced").on("mem-path").help("try again").host(),
            E::LengthChanged { expected, found, .. } => Facts::of("file-length-changed")
                .on("mem-path")
                .expected(Bytes(*expected).to_string())
                .found(Bytes(*found))
                .help("keep other programs from changing the file meanwhile")
                .host(),
            E::NotPlanned { .. } => Facts::of("not-planned").host(),
            E::Host { call, errno, .. } => host(*call, *errno),
            E::NoPage { .. } => Facts::of("no-backing-page")
                .on("prealloc")
                .help("the file system or the pool of huge pages is full, or the file was truncated")
                .host(),
            E::Populate { errno, .. } => Facts::of("populate-failed").on("prealloc").found(errno).host(),
            E::Cancelled { .. } => Facts::of("populate-cancelled").on("prealloc").host(),
            E::OutsideRegion { start, length, region } => Facts::of("outside-region")
                .expected(format!("a range within {region} bytes"))
                .found(format!("{start} + {length}")),
            E::PageLost { .. } => Facts::of("page-lost")
                .help("the file was truncated, or its file system is full: the memory behind this range is gone")
                .host(),
            E::Truncated { length, end, .. } => Facts::of("file-truncated")
                .expected(format!("a file of at least {}", Bytes(*end)))
                .found(Bytes(*length))
                .help("the memory behind the end is gone: whoever touches it is sent SIGBUS")
                .host(),
            E::ReadOnlyRegion { .. } => Facts::of("read-only-region").found("a write"),
            E::NotShared { .. } => Facts::of("not-shared")
                .on("share")
                .expected("share=on")
                .found("share=off")
                .help("use share=on"),
            E::Misplaced { .. } => Facts::of("reservation-misplaced"),
            E::DiscardMisaligned { start, end, unit } => Facts::of("discard-misaligned")
                .expected(format!("multiples of {}", unit.size))
                .found(format!("{start} to {end}"))
                .help(format!("the whole pages inside are {} to {}", unit.up(*start), unit.down(*end))),
            E::DiscardPrivateFile { .. } => Facts::of("discard-private-file").expected("share=on").found("share=off"),
            E::DiscardReadOnly { .. } => Facts::of("discard-read-only").expected("memory that can be written"),
            E::NotUndone { .. } => Facts::of("not-undone").host(),
        }
    }
}

fn neighbours(is_size: bool, value: u64, unit: PageUnit) -> String {
    let (below, above) = (unit.down(value), unit.up(value));
    match (below > 0 || !is_size, above <= MAX_END) {
        (true, true) => format!("use {below} or {above}"),
        (false, _) => format!("use {above}"),
        (true, false) => format!("use {below}"),
    }
}

fn sealed_against(seal: &str) -> &'static str {
    if seal == "F_SEAL_GROW" { "growing" } else { "writing" }
}

fn too_short(length: u64, offset: u64, size: u64, unit: PageUnit, device: bool) -> Facts {
    let end = offset.saturating_add(size);
    let what = if device { "a device" } else { "a file" };
    let largest = unit.down(length.saturating_sub(offset));
    let facts = Facts::of(if device { "device-too-short" } else { "file-too-short" })
        .on(if largest > 0 { "size" } else { "offset" })
        .expected(format!("{what} of at least {}", Bytes(end)))
        .found(Bytes(length));
    let fit = if largest > 0 {
        format!("size can be at most {largest} at offset {offset}")
    } else if unit.down(length) >= size {
        format!("offset can be at most {} with this size", unit.down(length) - size)
    } else {
        "no window of this size fits".to_owned()
    };
    let grow = if device { "" } else { "; only an empty or missing file is grown" };
    let tail =
        if end <= unit.up(length) { "; bytes after the end of a file would never reach it" } else { "" };
    facts.help(format!("{fit}{grow}{tail}"))
}

fn not_bound(errno: Errno) -> Facts {
    let facts = Facts::of(if errno == Errno::EPERM { "binding-forbidden" } else { "not-bound" });
    let mut facts = facts.on("host-nodes").found(errno).host();
    let help = match errno {
        Errno::EPERM => Some(
            "let the profile pass mbind, give the container CAP_SYS_NICE, or leave out policy and host-nodes",
        ),
        Errno::EINVAL => Some("use nodes that have memory and are in Mems_allowed_list of /proc/self/status"),
        Errno::ENOSYS => Some(WITHOUT_NUMA),
        Errno::EIO => Some("pages that are locked on other nodes cannot be moved: do not lock all memory"),
        _ => None,
    };
    facts.help = help.map(str::to_owned);
    facts
}

const WITHOUT_NUMA: &str = "where the kernel has no NUMA, leave out policy and host-nodes";

fn host(call: Call, errno: Errno) -> Facts {
    let property = match call {
        Call::Map | Call::Reserve | Call::SetLength | Call::CreateMemory | Call::CreateShared => Some("size"),
        Call::UnlinkShared | Call::Seal | Call::HugePages => None,
        Call::Allocate | Call::Populate | Call::Spawn => Some("prealloc"),
        Call::Nodes | Call::Bind | Call::BindMany => Some("host-nodes"),
        Call::Affinity | Call::SetAffinity | Call::ListCpus => None,
        Call::Advise | Call::PageSize | Call::Cpus | Call::DontNeed | Call::PunchHole => None,
        Call::CopyIn | Call::CopyOut => None,
        _ => Some("mem-path"),
    };
    let help = match errno {
        Errno::ENOENT if call == Call::Nodes => Some(WITHOUT_NUMA),
        Errno::EMFILE => Some("raise RLIMIT_NOFILE (ulimit -n)"),
        Errno::ENFILE => Some("the machine has no free descriptors"),
        Errno::ENOSPC => Some("free some space, or ask for less"),
        Errno::ENOMEM => Some("free memory or huge pages, or raise RLIMIT_AS or vm.max_map_count"),
        Errno::EFBIG => Some("the file system cannot hold a file of this length"),
        _ => None,
    };
    let mut facts = Facts::of("host-refused").found(errno).host();
    facts.property = property;
    facts.help = help.map(str::to_owned);
    facts
}

/// Names a range as `[start, end)`.
pub(crate) fn range(range: &Range<u64>) -> String {
    format!("[{:#x}, {:#x})", range.start, range.end)
}
