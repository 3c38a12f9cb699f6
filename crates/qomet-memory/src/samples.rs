//! One of each kind of refusal, for the table of all wordings that reviewers see change.
//!
//! Apart from the kinds themselves, which are read more often. A kind without a sample is not in the table.

use crate::error::{Left, MAX_END, MemoryError, Misplacement};
use crate::faults::Call;
use crate::locks::Conflict;
use crate::pages::{PageSource, PageUnit};
use crate::request::Policy;

use std::path::PathBuf;

use nix::errno::Errno;

impl MemoryError {
    /// One of each kind, for a table of all wordings.
    pub fn samples() -> Vec<MemoryError> {
        let path = || PathBuf::from("/mem/ram.img");
        let subject = || "'/mem/ram.img'".to_owned();
        let machine = PageUnit { size: 4096, source: PageSource::Machine };
        let huge = PageUnit { size: 2 << 20, source: PageSource::HugeTlbFs };
        let dax = PageUnit { size: 2 << 20, source: PageSource::Dax };
        vec![
            Self::PathEmpty,
            Self::PathNul { position: 4 },
            Self::PathTooLong { length: 5000 },
            Self::SizeMissing,
            Self::SizeZero,
            Self::TooLarge { property: "offset", value: u64::MAX },
            Self::EndTooLarge { offset: MAX_END - 4095, size: 8192 },
            Self::Misaligned { property: "offset", value: 4097, unit: machine },
            Self::SizeMisaligned { size: 100, offset: 0, unit: huge },
            Self::SizeMisaligned { size: 3 << 20, offset: 2 << 20, unit: dax },
            Self::AlignNotPowerOfTwo { align: 12288 },
            Self::AlignNotPowerOfTwo { align: 3 << 62 },
            Self::AlignNotPageMultiple { align: 2048, unit: machine },
            Self::RomNeedsReadonly,
            Self::SharedTemplate,
            Self::PreallocWithoutReserve,
            Self::ShmNeedsShare,
            Self::HugePageSizeWithoutHuge,
            Self::NoSuchHugePageSize { size: 3 << 20, offered: vec![2 << 20, 1 << 30] },
            Self::NoSuchHugePageSize { size: 2 << 20, offered: vec![] },
            Self::TooFewAddresses { length: 100 << 40, most: 85 << 40 },
            Self::NoHugePages,
            Self::HugePoolTooSmall { page: 2 << 20, needed: 512, free: 3, cgroup: None },
            Self::HugePoolTooSmall { page: 2 << 20, needed: 512, free: 600, cgroup: Some(100) },
            Self::PolicyWithoutNodes { policy: Policy::Bind, online: vec![0, 1] },
            Self::NodesWithoutPolicy { nodes: vec![0, 1] },
            Self::NodesTooLarge { nodes: vec![128, 200], online: vec![0, 1] },
            Self::NoSuchNodes { nodes: vec![4, 5, 6, 9], online: vec![0, 1] },
            Self::NotBound {
                subject: subject(),
                policy: Policy::Bind,
                nodes: vec![0, 1],
                errno: Errno::EPERM,
            },
            Self::NotBound {
                subject: "memory".into(),
                policy: Policy::Interleave,
                nodes: vec![1],
                errno: Errno::EINVAL,
            },
            Self::NotBound {
                subject: subject(),
                policy: Policy::Preferred,
                nodes: vec![0],
                errno: Errno::ENOSYS,
            },
            Self::NotBound { subject: subject(), policy: Policy::Bind, nodes: vec![0], errno: Errno::EIO },
            Self::NotFound { path: path() },
            Self::FolderNotFound { folder: "/mem".into() },
            Self::DanglingLink { path: path(), target: "gone".into() },
            Self::Unreachable { path: path(), errno: Errno::ELOOP },
            Self::WrongKind { path: path(), kind: "FIFO" },
            Self::NotMappable { path: "/dev/null".into() },
            Self::FolderReadonly { path: "/mem".into() },
            Self::EmptyReadonly { path: path() },
            Self::TooShort {
                path: path(),
                length: 1 << 20,
                offset: 4096,
                size: 1 << 20,
                unit: machine,
                device: false,
            },
            Self::TooShort {
                path: path(),
                length: 4096,
                offset: 1 << 20,
                size: 4096,
                unit: machine,
                device: false,
            },
            Self::TooShort {
                path: path(),
                length: 10000,
                offset: 4096,
                size: 8192,
                unit: machine,
                device: false,
            },
            Self::TooShort {
                path: "/dev/sdx".into(),
                length: 8192,
                offset: 0,
                size: 1 << 20,
                unit: machine,
                device: true,
            },
            Self::NotWritable { path: path(), errno: Errno::EACCES, share: false, folder: false },
            Self::NotWritable { path: path(), errno: Errno::EROFS, share: true, folder: false },
            Self::NotWritable { path: "/mem".into(), errno: Errno::EROFS, share: true, folder: true },
            Self::NotReadable { path: path(), errno: Errno::EACCES },
            Self::Sealed { path: path(), seal: "F_SEAL_GROW" },
            Self::Sealed { path: path(), seal: "F_SEAL_WRITE" },
            Self::FileSizeLimit { subject: subject(), end: 1 << 30, limit: 1 << 20 },
            Self::PmemWithoutDax { path: path() },
            Self::AlignNotDax { path: "/dev/dax0.0".into(), align: 4096, device: 2 << 20 },
            Self::DaxNeedsShare { path: "/dev/dax0.0".into() },
            Self::Replaced { path: path() },
            Self::LengthChanged { path: path(), expected: 8192, found: 4096 },
            Self::LockConflict {
                path: path(),
                owner: "ram0".into(),
                own: 0x1000..0x3000,
                other: Conflict { range: 0..0x2000, write: true, process: None },
            },
            Self::LockConflict {
                path: path(),
                owner: "ram0".into(),
                own: 0x1000..0x3000,
                other: Conflict { range: 0x2000..0x2001, write: false, process: Some(4711) },
            },
            Self::NotPlanned { owner: "ram0".into() },
            Self::Host { call: Call::SetLength, subject: subject(), errno: Errno::EFBIG },
            Self::Host { call: Call::Map, subject: "memory".into(), errno: Errno::ENOMEM },
            Self::Host { call: Call::Open, subject: subject(), errno: Errno::EMFILE },
            Self::Host { call: Call::Allocate, subject: subject(), errno: Errno::ENOSPC },
            Self::Host {
                call: Call::Nodes,
                subject: "'/sys/devices/system/node/online'".into(),
                errno: Errno::ENOENT,
            },
            Self::NoPage { subject: subject(), offset: 8192 },
            Self::Populate { subject: subject(), offset: 8192, errno: Errno::EHWPOISON },
            Self::Cancelled { subject: subject(), done: 64 << 20 },
            Self::OutsideRegion { start: 4000, length: 100, region: 4096 },
            Self::PageLost { action: "reading", subject: subject(), offset: 4096, file_length: Some(4096) },
            Self::PageLost { action: "writing", subject: subject(), offset: 4096, file_length: None },
            Self::Truncated { subject: subject(), length: 4096, start: 4096, end: 8192 },
            Self::Gone { path: path(), start: 4096, end: 8192, removed: true },
            Self::Gone { path: path(), start: 4096, end: 8192, removed: false },
            Self::NotSynced { subject: subject(), start: 4096, end: 12288, errno: Errno::EIO },
            Self::ReadOnlyRegion { subject: subject() },
            Self::NotShared { subject: subject() },
            Self::Misplaced { subject: subject(), at: 4097, why: Misplacement::Misaligned(machine) },
            Self::Misplaced { subject: subject(), at: 4096, why: Misplacement::Overlapping(8192) },
            Self::Misplaced { subject: subject(), at: u64::MAX - 4095, why: Misplacement::Beyond },
            Self::DiscardMisaligned { start: 100, end: 8192, unit: machine },
            Self::DiscardPrivateFile { subject: subject() },
            Self::DiscardReadOnly { subject: subject() },
            Self::NotUndone { path: path(), left: Left::Resized },
        ]
    }
}
