//! What works, but perhaps not as hoped: the wordings of all warnings.
//!
//! They come with a verdict of `check` or with opened memory; whoever knows the object shows them, and decides
//! with `--strict` whether one is an error. Unlike [`crate::MemoryError`] they never stop anything here.

use std::ops::Range;
use std::path::PathBuf;

use crate::error::range;
use crate::locks::{Conflict, Holder};
use crate::numa::Nodes;
use crate::pages::{Bytes, Rough};
use crate::supply::{Lack, Source, Supply};

/// Something that has no effect, or may go wrong later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the wording above a variant says what its members are")]
pub enum MemoryWarning {
    #[error("'{}' may yet need {}, and its file system has {} free", path.display(), Rough(*needed), Rough(*free))]
    BackingMayRunOut { path: PathBuf, needed: u64, free: u64, prealloc: bool },
    #[error("{} of '{owner}' and {} of '{other}' overlap in '{}'", range(own), range(others), path.display())]
    FileRangesOverlap {
        path: PathBuf,
        owner: String,
        own: Range<u64>,
        other: String,
        others: Range<u64>,
        /// Where its window would overlap with none, where somebody looked.
        free: Option<u64>,
        /// Writes of each reach the other: an error where warnings are taken strictly.
        both_shared_and_writable: bool,
    },
    #[error("{} of '{owner}' in '{}' are not its own alone: {}", range(own), path.display(), Holder(other))]
    FileRangeLocked { path: PathBuf, owner: String, own: Range<u64>, other: Conflict },
    #[error("{}", Lack { backends: *backends, needed: *needed, room: *room, supply })]
    MemoryMayRunOut { backends: usize, needed: u64, room: u64, supply: Supply },
    #[error("{setting} has no effect {why}")]
    NoEffect { setting: &'static str, why: &'static str },
    #[error("the size {size} is rounded up to {rounded} inside")]
    SizeRoundedUp { size: u64, rounded: u64 },
    #[error(
        "share=off of a memfd costs the memory twice: pages that are written are copied, and the file keeps its own"
    )]
    MemfdNotShared,
    #[error("prealloc=on copies all of the template '{}' ({})", path.display(), Bytes(*size))]
    TemplateCopied { path: PathBuf, size: u64 },
    #[error("host-nodes={} do not exist and are left out: the host has {}", Nodes(missing), Nodes(online))]
    NodesMissing { missing: Vec<u16>, online: Vec<u16> },
    #[error("this kernel prefers only node {node} of host-nodes={}", Nodes(nodes))]
    OneNodePreferred { node: u16, nodes: Vec<u16> },
}

impl MemoryWarning {
    /// A stable name of the kind, in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BackingMayRunOut { .. } => "backing-may-run-out",
            Self::FileRangesOverlap { .. } => "file-ranges-overlap",
            Self::FileRangeLocked { .. } => "file-range-locked",
            Self::MemoryMayRunOut { .. } => "memory-may-run-out",
            Self::NoEffect { .. } => "no-effect",
            Self::SizeRoundedUp { .. } => "size-rounded-up",
            Self::MemfdNotShared => "memfd-not-shared",
            Self::TemplateCopied { .. } => "template-copied",
            Self::NodesMissing { .. } => "host-nodes-missing",
            Self::OneNodePreferred { .. } => "one-node-preferred",
        }
    }

    /// The property of the backend that it is about, if it is one.
    pub fn property(&self) -> Option<&'static str> {
        match self {
            Self::BackingMayRunOut { .. } | Self::MemoryMayRunOut { .. } | Self::SizeRoundedUp { .. } => {
                Some("size")
            }
            Self::FileRangesOverlap { .. } => Some("offset"),
            Self::FileRangeLocked { .. } => Some("mem-path"),
            Self::NoEffect { setting, .. } => setting.split('=').next(),
            Self::MemfdNotShared => Some("share"),
            Self::TemplateCopied { .. } => Some("prealloc"),
            Self::NodesMissing { .. } => Some("host-nodes"),
            Self::OneNodePreferred { .. } => Some("policy"),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::BackingMayRunOut { needed, free, prealloc: true, .. } => Some(format!(
                "ask for {} less in all, or free that much",
                Rough(needed.saturating_sub(*free))
            )),
            Self::BackingMayRunOut { prealloc: false, .. } => {
                Some("with prealloc=on the lack would be an error now instead of a fault later".to_owned())
            }
            Self::FileRangesOverlap { free: Some(free), .. } => {
                Some(format!("at offset {} it would overlap with nothing", Bytes(*free).unit()))
            }
            Self::FileRangesOverlap { free: None, .. } => {
                Some("choose another offset, or another file".to_owned())
            }
            Self::FileRangeLocked { .. } => {
                Some("x-lock=on refuses the memory then; x-lock=off says that others are welcome".to_owned())
            }
            Self::MemoryMayRunOut { needed, room, supply, .. } => {
                let excess = needed.saturating_sub(*room);
                let less = format!("ask for {} less in all", Rough(excess));
                Some(match supply {
                    Supply::Left(Source::Host) => {
                        format!("{less}, or leave prealloc off where pages can come when they are used")
                    }
                    Supply::Whole(Source::Host) => format!("{less}, or add swap"),
                    Supply::Left(Source::Group(_)) | Supply::Whole(Source::Group(_)) => {
                        format!("{less}, or raise the limit of the control group")
                    }
                    Supply::Shared => {
                        format!("{less}, use memory-backend-memfd, or mount '/dev/shm' with a larger size")
                    }
                    Supply::HugePages(page) => {
                        let pages = excess.div_ceil(*page);
                        format!(
                            "make the pool larger by {pages} pages (/proc/sys/vm/nr_hugepages), or {less}"
                        )
                    }
                })
            }
            Self::MemfdNotShared => Some("private memory without a file is memory-backend-ram".to_owned()),
            Self::TemplateCopied { .. } => {
                Some("prealloc=off copies a page when it is first written".to_owned())
            }
            Self::OneNodePreferred { .. } => Some("Linux 5.15 and later prefer all of them".to_owned()),
            Self::NoEffect { setting, .. } => {
                let name = setting.split('=').next().unwrap_or(setting);
                Some(format!("leave '{name}' out"))
            }
            Self::SizeRoundedUp { rounded, .. } => Some(format!("write {rounded} to see what there is")),
            Self::NodesMissing { missing, .. } => {
                Some(format!("leave {} out of 'host-nodes'", Nodes(missing)))
            }
        }
    }

    /// One of each kind, for a table of all wordings.
    pub fn samples() -> Vec<MemoryWarning> {
        let path = || PathBuf::from("/mem/ram.img");
        vec![
            Self::BackingMayRunOut { path: path(), needed: 1 << 30, free: 1 << 20, prealloc: false },
            Self::FileRangesOverlap {
                path: path(),
                owner: "ram1".into(),
                own: 0x1000..0x3000,
                other: "ram0".into(),
                others: 0..0x2000,
                free: Some(0x3000),
                both_shared_and_writable: true,
            },
            Self::FileRangesOverlap {
                path: path(),
                owner: "ram1".into(),
                own: 0x1000..0x3000,
                other: "ram0".into(),
                others: 0..0x2000,
                free: None,
                both_shared_and_writable: true,
            },
            Self::FileRangeLocked {
                path: path(),
                owner: "ram0".into(),
                own: 0x1000..0x3000,
                other: Conflict { range: 0..0x2000, write: true, process: None },
            },
            Self::MemoryMayRunOut {
                backends: 2,
                needed: 8 << 30,
                room: 6 << 30,
                supply: Supply::Left(Source::Host),
            },
            Self::MemoryMayRunOut {
                backends: 3,
                needed: 8 << 30,
                room: 1 << 30,
                supply: Supply::Left(Source::Group("/sys/fs/cgroup/guests".into())),
            },
            Self::MemoryMayRunOut {
                backends: 1,
                needed: 1 << 50,
                room: 64 << 30,
                supply: Supply::Whole(Source::Host),
            },
            Self::MemoryMayRunOut {
                backends: 2,
                needed: 2 << 30,
                room: 1 << 30,
                supply: Supply::HugePages(2 << 20),
            },
            Self::MemoryMayRunOut { backends: 2, needed: 96 << 20, room: 64 << 20, supply: Supply::Shared },
            Self::NoEffect { setting: "merge=on", why: "on shared memory" },
            Self::SizeRoundedUp { size: 5000, rounded: 8192 },
            Self::MemfdNotShared,
            Self::TemplateCopied { path: path(), size: 1 << 30 },
            Self::NodesMissing { missing: vec![2, 3], online: vec![0, 1] },
            Self::OneNodePreferred { node: 0, nodes: vec![0, 1] },
        ]
    }
}
