//! What a refusal says besides its sentence: its code, the property to blame, what was expected and found, what to do.
//!
//! [`Details`] is what such a kind is described with, here and in the crates on top that have refusals of their own;
//! below is the table of the kinds of this crate. Their sentences are in `error`, which is read with the kinds
//! themselves; both together in one file are more than anybody looks through.

use nix::errno::Errno;

use crate::error::{MAX_END, MAX_PATH, MemoryError};
use crate::faults::Call;
use crate::numa::Nodes;
use crate::pages::{Bytes, PageUnit, Rough};

/// What a kind of refusal says besides its sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// A stable name of the kind, in kebab case.
    pub code: &'static str,
    /// The property of the backend that is to blame, if it is one.
    pub property: Option<&'static str>,
    /// What would have been right.
    pub expected: Option<String>,
    /// What was there instead.
    pub found: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether the host refused something that it could have granted.
    pub host: bool,
}

impl Details {
    /// Of the kind with this code, so far nothing.
    #[must_use]
    pub fn of(code: &'static str) -> Self {
        Self { code, ..Self::default() }
    }

    /// Blames a property.
    #[must_use]
    pub fn on(mut self, property: &'static str) -> Self {
        self.property = Some(property);
        self
    }

    /// Says what would have been right.
    #[must_use]
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    /// Says what was there instead.
    #[must_use]
    pub fn found(mut self, text: impl ToString) -> Self {
        self.found = Some(text.to_string());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The host refused it.
    #[must_use]
    pub fn host(mut self) -> Self {
        self.host = true;
        self
    }
}

impl MemoryError {
    /// A stable name of the kind, in kebab case.
    pub fn code(&self) -> &'static str {
        self.details().code
    }

    /// The property of the backend that is to blame, if it is one.
    pub fn property(&self) -> Option<&'static str> {
        self.details().property
    }

    /// What would have been right.
    pub fn expected(&self) -> Option<String> {
        self.details().expected
    }

    /// What was there instead.
    pub fn found(&self) -> Option<String> {
        self.details().found
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        self.details().help
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
        self.details().host
    }

    /// The NUMA nodes of the host, where the kind knows them.
    fn online(&self) -> &[u16] {
        match self {
            MemoryError::PolicyWithoutNodes { online, .. }
            | MemoryError::NodesTooLarge { online, .. }
            | MemoryError::NoSuchNodes { online, .. } => online,
            _ => &[],
        }
    }

    /// All of that at once.
    pub fn details(&self) -> Details {
        use MemoryError as E;
        match self {
            E::PathEmpty => Details::of("path-empty")
                .on("mem-path")
                .expected("the path of a file, device or folder")
                .help("name a file, which is made if there is none, or a folder for a temporary one"),
            E::PathNul { position } => Details::of("path-has-nul")
                .on("mem-path")
                .expected("a path without NUL bytes")
                .found(format!("NUL at {position}"))
                .help("remove it"),
            E::PathTooLong { length } => Details::of("path-too-long")
                .on("mem-path")
                .expected(format!("at most {MAX_PATH} bytes"))
                .found(format!("{length} bytes"))
                .help("use a shorter path, such as one through a symbolic link"),
            E::SizeMissing => Details::of("size-missing").on("size").expected("a size above 0").help("add 'size'"),
            E::SizeZero => Details::of("size-zero")
                .on("size")
                .expected("a size above 0")
                .found("0")
                .help("ask for at least one page"),
            E::TooLarge { property, value } => Details::of("value-too-large")
                .on(property)
                .expected(format!("at most {MAX_END}"))
                .found(value)
                .help("whole pages end at 8 EiB: nothing can lie beyond"),
            E::EndTooLarge { offset, size } => Details::of("end-too-large")
                .on("offset")
                .expected(format!("offset + size of at most {MAX_END}"))
                .found(u128::from(*offset) + u128::from(*size))
                .help(format!("with this size the offset can be at most {}", MAX_END - (*size).min(MAX_END))),
            E::Misaligned { property, value, unit } => Details::of("not-a-page-multiple")
                .on(property)
                .expected(format!("a multiple of {}", unit.size))
                .found(value)
                .help(neighbours(false, *value, *unit)),
            E::SizeMisaligned { size, unit, .. } => Details::of("not-a-page-multiple")
                .on("size")
                .expected(format!("a multiple of {}", unit.size))
                .found(size)
                .help(neighbours(true, *size, *unit)),
            E::AlignNotPowerOfTwo { align } => Details::of("align-not-power-of-two")
                .on("align")
                .expected("a power of two")
                .found(align)
                .help(match align.checked_next_power_of_two() {
                Some(next) => format!("use {} or {next}", next / 2),
                None => format!("use {}", 1_u64 << 63),
            }),
            E::AlignNotPageMultiple { align, unit } => Details::of("align-not-page-multiple")
                .on("align")
                .expected(format!("a multiple of {}", unit.size))
                .found(align)
                .help(format!("use {}", unit.size)),
            E::RomNeedsReadonly => Details::of("rom-needs-readonly")
                .on("rom")
                .expected("rom=off or rom=auto, or readonly=on")
                .found("rom=on, readonly=off")
                .help("add readonly=on, or leave 'rom' out"),
            E::SharedTemplate => Details::of("shared-read-only-ram")
                .on("rom")
                .expected("rom=on or rom=auto, or share=off")
                .found("share=on, readonly=on, rom=off")
                .help("writable memory that starts as a copy of the file is share=off,readonly=on,rom=off"),
            E::PreallocWithoutReserve => Details::of("prealloc-without-reserve")
                .on("reserve")
                .expected("reserve=on, or prealloc=off")
                .found("prealloc=on, reserve=off")
                .help("leave one of the two out: pages that are present take what reserve=off does not set aside"),
            E::ShmNeedsShare => Details::of("shm-needs-share")
                .on("share")
                .expected("share=on")
                .found("share=off")
                .help("private memory is memory-backend-ram"),
            E::HugePageSizeWithoutHuge => Details::of("hugetlbsize-without-hugetlb")
                .on("hugetlbsize")
                .expected("hugetlb=on, or no hugetlbsize")
                .found("hugetlb=off")
                .help("add hugetlb=on, or leave 'hugetlbsize' out"),
            E::NoSuchHugePageSize { size, offered } => Details::of("no-such-huge-page-size")
                .on("hugetlbsize")
                .expected(match offered.as_slice() {
                    [] => "no huge pages: the kernel has none".to_owned(),
                    sizes => format!("one of {}", sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
                })
                .found(size)
                .help(match offered.as_slice() {
                    [] => "leave 'hugetlb' and 'hugetlbsize' out".to_owned(),
                    sizes => {
                        let sizes: Vec<_> = sizes.iter().map(|size| Bytes(*size).unit()).collect();
                        format!("it offers {}; without 'hugetlbsize' the usual one is taken", sizes.join(" and "))
                    }
                }),
            E::TooFewAddresses { length, most } => Details::of("address-range-too-large")
                .on("size")
                .expected(format!("at most {most}"))
                .found(length)
                .help(match most {
                    0 => "raise the limit of addresses (ulimit -v)".to_owned(),
                    most => format!("about {} are left: split it, or ask for less", Rough(*most)),
                })
                .host(),
            E::NoHugePages => Details::of("no-huge-pages")
                .on("hugetlb")
                .expected("hugetlb=off")
                .help("a kernel with CONFIG_HUGETLBFS has them"),
            E::HugePoolTooSmall { page, needed, free, cgroup } => {
                let details = Details::of("huge-pool-too-small").on("size").host();
                let details = details.expected(format!("{needed} pages")).found(format!("{} pages", (*free).min(cgroup.unwrap_or(u64::MAX))));
                details.help(if free < needed {
                    format!("raise /sys/{}/hugepages-{}kB/nr_hugepages by {}", crate::huge::POOLS, page / 1024, needed - free)
                } else {
                    "raise the limit of the control group (hugetlb.*.max), or ask for less".to_owned()
                })
            }
            E::PolicyWithoutNodes { policy, .. } => Details::of("policy-without-host-nodes")
                .on("policy")
                .expected("host-nodes with at least one node, or policy=default")
                .found(format!("policy={policy}, no host-nodes"))
                .help(with_nodes("add 'host-nodes', the numbers of nodes", self.online(), "or leave 'policy' out")),
            E::NodesWithoutPolicy { nodes } => Details::of("host-nodes-without-policy")
                .on("host-nodes")
                .expected("policy=preferred, policy=bind or policy=interleave, or no host-nodes")
                .found(format!("host-nodes={}, policy=default", Nodes(nodes)))
                .help("say with 'policy' what they are for: bind, preferred or interleave; or leave 'host-nodes' out"),
            E::NodesTooLarge { nodes, online } => Details::of("host-nodes-too-large")
                .on("host-nodes")
                .expected(format!("nodes of {}", Nodes(online)))
                .found(Nodes(nodes))
                .help(with_nodes("name nodes that exist", online, "or leave 'host-nodes' and 'policy' out")),
            E::NoSuchNodes { nodes, online } => Details::of("no-such-host-nodes")
                .on("host-nodes")
                .expected(format!("nodes of {}", Nodes(online)))
                .found(Nodes(nodes))
                .help(with_nodes("name nodes that exist", online, "or leave 'host-nodes' and 'policy' out")),
            E::NotBound { errno, .. } => not_bound(*errno),
            E::NotFound { .. } => Details::of("file-not-found")
                .on("mem-path")
                .expected("a file that exists")
                .help("create it first, or use readonly=off"),
            E::FolderNotFound { folder } => Details::of("folder-not-found")
                .on("mem-path")
                .expected("a file in a folder that exists")
                .help(format!("make it first ('mkdir -p {}'), or use another one", folder.display())),
            E::DanglingLink { .. } => Details::of("dangling-symlink")
                .on("mem-path")
                .expected("a link to something that exists")
                .help("name the target itself to create it, or remove the link"),
            E::Unreachable { errno, .. } => {
                let details = Details::of("path-unreachable").on("mem-path");
                details.expected("a path that can be followed").found(errno).help(match errno {
                    Errno::ENOTDIR => "a part of the path before its last one is no folder: name one that is",
                    Errno::ELOOP => "symbolic links lead to each other: name the file itself",
                    Errno::EACCES => "run as somebody who may search the folders on the way",
                    Errno::ENAMETOOLONG => "a part of the path is longer than names can be: shorten it",
                    _ => "name a file that 'stat' finds",
                })
            }
            E::WrongKind { kind, .. } => Details::of("wrong-file-kind")
                .on("mem-path")
                .expected("a regular file, a folder, or a block or character device")
                .found(format!("a {kind}"))
                .help("name a file, which is made if there is none, or a folder for a temporary one"),
            E::NotMappable { .. } => Details::of("not-mappable")
                .on("mem-path")
                .expected("a file or device that has memory behind it")
                .help("name a file on a file system such as tmpfs or ext4"),
            E::FolderReadonly { .. } => Details::of("folder-read-only")
                .on("readonly")
                .expected("readonly=off for a temporary file, or the path of a file")
                .found("readonly=on and a folder")
                .help("name a file in it, or leave 'readonly' out to have a temporary one"),
            E::Sealed { seal: "F_SEAL_GROW", .. } => Details::of("file-sealed")
                .on("mem-path")
                .expected("a memfd that is as long as offset + size, or may grow")
                .help("set its length before it is sealed"),
            E::Sealed { .. } => Details::of("file-sealed")
                .on("mem-path")
                .expected("a memfd that may be written")
                .help("use share=off, or readonly=on"),
            E::EmptyReadonly { .. } => Details::of("read-only-file-empty")
                .on("mem-path")
                .expected("a file at least as long as offset + size")
                .found("0 bytes")
                .help("fill it first, or use readonly=off, which makes it as long as needed"),
            E::TooShort { length, offset, size, unit, device, .. } => too_short(*length, *offset, *size, *unit, *device),
            E::NotWritable { errno, folder: true, .. } => {
                let details = Details::of("folder-not-writable").on("mem-path");
                let details = details.expected("a folder that may be written").found(errno);
                details.help("use a folder of your own, or a file that exists")
            }
            E::NotWritable { share, errno, folder: false, .. } => {
                let details = Details::of("file-not-writable").on("mem-path").expected("a file that may be written");
                details.found(errno).help(if *share {
                    "for read-only memory of it, use readonly=on"
                } else {
                    "writes of a private mapping never reach the file: use readonly=on,rom=off"
                })
            }
            E::NotReadable { errno, .. } => {
                let details = Details::of("file-not-readable").on("mem-path");
                details.expected("a file that may be read").found(errno).help("'ls -l' tells who may read it")
            }
            E::FileSizeLimit { end, limit, .. } => Details::of("file-size-limit")
                .on("size")
                .expected(format!("offset + size of at most {limit}"))
                .found(end)
                .help("raise RLIMIT_FSIZE (ulimit -f)")
                .host(),
            E::PmemWithoutDax { .. } => Details::of("pmem-without-dax")
                .on("pmem")
                .expected("a file on a file system mounted with dax, or a device DAX")
                .help("use pmem=off"),
            E::AlignNotDax { align, device, .. } => Details::of("align-not-device")
                .on("align")
                .expected(format!("a multiple of {device}"))
                .found(align)
                .help("leave it out to get the device's alignment"),
            E::DaxNeedsShare { .. } => {
                Details::of("dax-needs-share").on("share").expected("share=on").found("share=off").help("add share=on")
            }
            E::Replaced { .. } => Details::of("file-replaced").on("mem-path").help("try again").host(),
            E::LengthChanged { expected, found, .. } => Details::of("file-length-changed")
                .on("mem-path")
                .expected(Bytes(*expected).to_string())
                .found(Bytes(*found))
                .help("keep other programs from changing the file meanwhile")
                .host(),
            E::LockConflict { .. } => Details::of("file-lock-conflict")
                .on("x-lock")
                .help("end that process, or use another range; x-lock=auto would only warn")
                .host(),
            E::NotPlanned { .. } => Details::of("not-planned").host(),
            E::Host { call, errno, .. } => host(*call, *errno),
            E::NoPage { .. } => Details::of("no-backing-page")
                .on("prealloc")
                .help("the file system or the pool of huge pages is full, or the file was truncated")
                .host(),
            E::Populate { errno, .. } => Details::of("populate-failed").on("prealloc").found(errno).host(),
            E::Cancelled { .. } => Details::of("populate-cancelled").on("prealloc").host(),
            E::OutsideRegion { start, length, region } => Details::of("outside-region")
                .expected(format!("a range within {region} bytes"))
                .found(format!("{start} + {length}")),
            E::PageLost { .. } => Details::of("page-lost")
                .help("the file was truncated, or its file system is full: the memory behind this range is gone")
                .host(),
            E::Truncated { length, end, .. } => Details::of("file-truncated")
                .expected(format!("a file of at least {}", Bytes(*end)))
                .found(Bytes(*length))
                .help("the memory behind the end is gone: whoever touches it is sent SIGBUS")
                .host(),
            E::Gone { .. } => Details::of("file-gone")
                .help("the memory works; what is in it goes with the object, unless it is copied before")
                .host(),
            E::NotSynced { errno, .. } => {
                let details = Details::of("not-synced").found(errno).host();
                details.help("what was written since the last success may be lost: keep it elsewhere")
            }
            E::ReadOnlyRegion { .. } => Details::of("read-only-region").found("a write"),
            E::NotShared { .. } => Details::of("not-shared")
                .on("share")
                .expected("share=on")
                .found("share=off")
                .help("use share=on"),
            E::Misplaced { .. } => Details::of("reservation-misplaced"),
            E::DiscardMisaligned { start, end, unit } => Details::of("discard-misaligned")
                .expected(format!("multiples of {}", unit.size))
                .found(format!("{start} to {end}"))
                .help(format!("the whole pages inside are {} to {}", unit.up(*start), unit.down(*end))),
            E::DiscardPrivateFile { .. } => Details::of("discard-private-file").expected("share=on").found("share=off"),
            E::DiscardReadOnly { .. } => Details::of("discard-read-only").expected("memory that can be written"),
            E::NotUndone { .. } => Details::of("not-undone").host(),
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

/// What to do, with the nodes that the host has, and what else.
fn with_nodes(what: &str, online: &[u16], or: &str) -> String {
    match online {
        [] => format!("{what}, {or}"),
        online => format!("{what} (the host has {}), {or}", Nodes(online)),
    }
}

fn too_short(length: u64, offset: u64, size: u64, unit: PageUnit, device: bool) -> Details {
    let end = offset.saturating_add(size);
    let what = if device { "a device" } else { "a file" };
    let largest = unit.down(length.saturating_sub(offset));
    let details = Details::of(if device { "device-too-short" } else { "file-too-short" })
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
    let grow = if device {
        ""
    } else {
        "; only an empty or missing file is grown, so lengthen this one first or use another"
    };
    let tail =
        if end <= unit.up(length) { "; bytes after the end of a file would never reach it" } else { "" };
    details.help(format!("{fit}{grow}{tail}"))
}

fn not_bound(errno: Errno) -> Details {
    let details = Details::of(if errno == Errno::EPERM { "binding-forbidden" } else { "not-bound" });
    let mut details = details.on("host-nodes").found(errno).host();
    let help = match errno {
        Errno::EPERM => Some(
            "let the profile pass mbind, give the container CAP_SYS_NICE, or leave out policy and host-nodes",
        ),
        Errno::EINVAL => Some("use nodes that have memory and are in Mems_allowed_list of /proc/self/status"),
        Errno::ENOSYS => Some(WITHOUT_NUMA),
        Errno::EIO => Some("pages that are locked on other nodes cannot be moved: do not lock all memory"),
        _ => None,
    };
    details.help = help.map(str::to_owned);
    details
}

const WITHOUT_NUMA: &str = "where the kernel has no NUMA, leave out policy and host-nodes";

fn host(call: Call, errno: Errno) -> Details {
    let property = match call {
        Call::Map | Call::Reserve | Call::SetLength | Call::CreateMemory | Call::CreateShared => Some("size"),
        Call::UnlinkShared | Call::Seal | Call::HugePages => None,
        Call::Allocate | Call::Populate | Call::Spawn => Some("prealloc"),
        Call::Nodes | Call::Bind | Call::BindMany => Some("host-nodes"),
        Call::Affinity | Call::SetAffinity | Call::ListCpus => None,
        Call::Advise | Call::PageSize | Call::Cpus | Call::DontNeed | Call::PunchHole => None,
        Call::CopyIn | Call::CopyOut | Call::Lock | Call::Sync | Call::Present | Call::WhichNode => None,
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
    let mut details = Details::of("host-refused").found(errno).host();
    details.property = property;
    details.help = help.map(str::to_owned);
    details
}
