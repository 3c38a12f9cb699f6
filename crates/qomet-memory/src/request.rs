//! What somebody asks for, as plain data: no descriptor, no mapping, nothing checked yet.
//!
//! An object type fills one of these from its properties. Names and meaning are those of the `memory-backend-*`
//! properties. `Option<bool>` separates "said so" from "left to the default": only what was said can be without
//! effect.

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use crate::host::Place;
use crate::locks::Lock;

/// What all memory has in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryOptions {
    /// Others who map the same file, or inherit the memory, see the writes.
    pub share: bool,
    /// Reserve swap space or huge pages when mapping; unset means yes.
    pub reserve: Option<bool>,
    /// Let the kernel merge equal pages; unset means yes, quietly, where that is possible.
    pub merge: Option<bool>,
    /// Include the memory in core dumps.
    pub dump: bool,
    /// Make all pages present before the memory is used.
    pub prealloc: bool,
    /// Threads that do so; see [`crate::prealloc_threads`].
    pub prealloc_threads: Option<u32>,
    /// How pages are spread over [`MemoryOptions::host_nodes`]. Opening binds the memory, before it has pages.
    pub policy: Policy,
    /// NUMA nodes of the host, each below 128, in any order; empty exactly if the policy is the default.
    pub host_nodes: Vec<u16>,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self {
            share: false,
            reserve: None,
            merge: None,
            dump: true,
            prealloc: false,
            prealloc_threads: None,
            policy: Policy::Default,
            host_nodes: Vec::new(),
        }
    }
}

/// The property `policy`: what `mbind(2)` does with the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Pages come from where the thread that first touches them may take them.
    #[default]
    Default,
    /// From these nodes as long as they have some, then from others. Kernels before 5.15 prefer only the first.
    Preferred,
    /// From these nodes only.
    Bind,
    /// From these nodes in turn.
    Interleave,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Policy::Default => "default",
            Policy::Preferred => "preferred",
            Policy::Bind => "bind",
            Policy::Interleave => "interleave",
        })
    }
}

/// The property `rom`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rom {
    /// ROM exactly if the file is opened read-only.
    #[default]
    Auto,
    /// Read-only memory.
    On,
    /// Memory that can be written, even of a file that cannot.
    Off,
}

/// A file that somebody opened for us (memory rule A25): it is never opened again, so its path is only its name.
#[derive(Clone, Debug)]
pub struct Passed(pub Arc<OwnedFd>);

impl PartialEq for Passed {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Passed {}

/// A window of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRequest {
    /// The file, device, or folder for a temporary file.
    pub path: PathBuf,
    /// The same, if it is open already. Not a folder then.
    pub passed: Option<Passed>,
    /// Where in the file the window starts, in bytes.
    pub offset: u64,
    /// Length of the window in bytes; `None` if nobody said.
    pub size: Option<u64>,
    /// Alignment of the address in bytes; `None`, and 0 as in QEMU, leave it to the page size.
    pub align: Option<u64>,
    /// Open the file read-only.
    pub readonly: bool,
    /// Whether the memory can be written.
    pub rom: Rom,
    /// The file is persistent memory.
    pub pmem: bool,
    /// The contents of the window are worthless once the memory goes.
    pub discard_data: bool,
    /// Whether the window is locked against other processes.
    pub lock: Lock,
    /// What all memory has in common.
    pub memory: MemoryOptions,
}

impl FileRequest {
    /// A private, writable window at the start of a file.
    pub fn new(path: impl Into<PathBuf>, size: u64) -> Self {
        Self {
            path: path.into(),
            passed: None,
            offset: 0,
            size: Some(size),
            align: None,
            readonly: false,
            rom: Rom::Auto,
            pmem: false,
            discard_data: false,
            lock: Lock::default(),
            memory: MemoryOptions::default(),
        }
    }

    /// Where the file is.
    pub(crate) fn place(&self) -> Place<'_> {
        Place { path: &self.path, open: self.passed.as_ref().map(|passed| &*passed.0) }
    }

    /// Whether the memory is ROM: what `rom=auto` comes to.
    pub fn is_rom(&self) -> bool {
        match self.rom {
            Rom::Auto => self.readonly,
            Rom::On => true,
            Rom::Off => false,
        }
    }

    /// Whether writes reach the file.
    pub fn writes_reach_the_file(&self) -> bool {
        self.memory.share && !self.is_rom()
    }

    /// The alignment, if one was asked for.
    pub(crate) fn alignment(&self) -> Option<u64> {
        self.align.filter(|align| *align != 0)
    }

    /// offset + size, if both are usable numbers.
    pub(crate) fn end(&self) -> Option<u64> {
        let end = self.offset.checked_add(self.size?)?;
        (end <= crate::MAX_END).then_some(end)
    }
}

/// What memory without a path is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnonymousKind {
    /// Memory of the process; with `share` a memfd, so that it can be handed on as a file.
    #[default]
    Ram,
    /// A file of the kernel's memory (memfd_create(2)).
    Memfd {
        /// In huge pages.
        huge: bool,
        /// Their size in bytes; unset: the kernel's default. Only with `huge`.
        huge_size: Option<u64>,
        /// Nobody may change its length, nor the seals.
        seal: bool,
    },
    /// POSIX shared memory, whose name is removed at once.
    Shm,
}

/// Memory without a file that the user names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnonymousRequest {
    /// Length in bytes; `None` if nobody said.
    pub size: Option<u64>,
    /// What it is made of.
    pub kind: AnonymousKind,
    /// What all memory has in common.
    pub memory: MemoryOptions,
}

impl AnonymousRequest {
    /// Private memory.
    pub fn new(size: u64) -> Self {
        Self { size: Some(size), kind: AnonymousKind::Ram, memory: MemoryOptions::default() }
    }

    /// Shared memory of a kind that has a file: sealed memfds, shared memory.
    pub fn shared(kind: AnonymousKind, size: u64) -> Self {
        Self { size: Some(size), kind, memory: MemoryOptions { share: true, ..MemoryOptions::default() } }
    }
}
