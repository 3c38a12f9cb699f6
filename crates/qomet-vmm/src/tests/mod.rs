//! Guest memory with independent programs at its other end: a vhost-user device, a guest, crates of rust-vmm.
//!
//! What the machine lacks is skipped: the test prints `skipped:` and why.

mod blk;
mod consumers;
mod device;
mod foreseen;
mod leases;
pub(crate) mod machine;
mod rust_vmm;
mod store;

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use qomet::{AnyDraft, Model, TypeRegistry};
use qomet_backends::memory::lease_memory;
use tempfile::TempDir;

use crate::{GuestMemory, LeasedRegion};

pub(crate) const PAGE: u64 = 4096;
pub(crate) const MIB: u64 = 1 << 20;

/// A model and a folder for its files.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) model: Model,
}

/// A window of a file, or memory of another type.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) id: &'static str,
    pub(crate) file: Option<&'static str>,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) share: bool,
    pub(crate) readonly: bool,
}

impl Window {
    pub(crate) fn of(id: &'static str, file: &'static str, offset: u64, size: u64) -> Self {
        Window { id, file: Some(file), offset, size, share: true, readonly: false }
    }

    pub(crate) fn memory(id: &'static str, size: u64, share: bool) -> Self {
        Window { id, file: None, offset: 0, size, share, readonly: false }
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let registry = TypeRegistry::builder().add(qomet_backends::types()).build().unwrap();
        Bench { folder: tempfile::tempdir().unwrap(), model: Model::new(registry) }
    }

    /// One whose files named `huge/…` are on a file system of so many huge pages; `None`, and a line that says so, where
    /// there can be none.
    pub(crate) fn with_huge_pages(pages: u64) -> Option<(HugePages, Self)> {
        let Some(pool) = HugePages::exactly(pages) else {
            println!("skipped: needs a pool of huge pages that nobody uses, and a process that may mount");
            return None;
        };
        let bench = Bench::new();
        std::os::unix::fs::symlink(pool.at.path(), bench.path("huge")).unwrap();
        Some((pool, bench))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn create(&self, window: &Window) {
        self.model.create(self.draft(window)).unwrap();
    }

    pub(crate) fn draft(&self, window: &Window) -> Box<dyn AnyDraft> {
        let name = if window.file.is_some() { "memory-backend-file" } else { "memory-backend-ram" };
        let mut draft = self.model.draft(name).unwrap();
        draft.set_id(window.id);
        draft.set("size", window.size).unwrap();
        draft.set("share", window.share).unwrap();
        if let Some(file) = window.file {
            draft.set("mem-path", self.path(file).to_str().unwrap()).unwrap();
            draft.set("offset", window.offset).unwrap();
            draft.set("readonly", window.readonly).unwrap();
        }
        draft
    }

    pub(crate) fn lease(&self, id: &str) -> LeasedRegion {
        lease_memory(&self.model, id, "test").unwrap().into()
    }

    /// Objects of these windows, at these guest addresses.
    pub(crate) fn members(&self, windows: &[(u64, Window)]) -> Vec<(u64, LeasedRegion)> {
        windows.iter().for_each(|(_, window)| self.create(window));
        windows.iter().map(|(address, window)| (*address, self.lease(window.id))).collect()
    }

    pub(crate) fn memory(&self, windows: &[(u64, Window)]) -> GuestMemory {
        GuestMemory::new(self.members(windows)).unwrap()
    }
}

/// The pool of huge pages of 2 MiB and a file system of them, for one test of all that run on this machine.
pub(crate) struct HugePages {
    at: TempDir,
    before: String,
    /// Dropped last: the pool is as it was before the next test has it.
    _lock: std::fs::File,
}

impl HugePages {
    const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";

    fn number(name: &str) -> Option<String> {
        let text = std::fs::read_to_string(format!("{}/{name}", Self::POOL)).ok()?;
        Some(text.trim().to_owned())
    }

    /// So many pages, all free; `None` where this process may not have them, or somebody else uses some.
    fn exactly(pages: u64) -> Option<Self> {
        let path = std::env::temp_dir().join("qomet-test-huge-pages.lock");
        let lock = std::fs::File::options().create(true).append(true).open(path).ok()?;
        lock.lock().ok()?;
        let before = Self::number("nr_hugepages")
            .filter(|all| Self::number("free_hugepages").as_ref() == Some(all))?;
        let pool = Self { at: tempfile::tempdir().unwrap(), before, _lock: lock };
        std::fs::write(format!("{}/nr_hugepages", Self::POOL), pages.to_string()).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "hugetlbfs", "-o", "pagesize=2M", "qomet-test"]).arg(pool.at.path());
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        (mounted && Self::number("free_hugepages") == Some(pages.to_string())).then_some(pool)
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        // Lazily: a child of another test may have our descriptors for a moment, between fork and exec.
        let _ = Command::new("umount").arg("--lazy").arg(self.at.path()).stderr(Stdio::null()).status();
        let _ = std::fs::write(format!("{}/nr_hugepages", Self::POOL), &self.before);
    }
}

/// Bytes of a file.
pub(crate) fn bytes_at(path: &Path, offset: u64, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    std::fs::File::open(path).unwrap().read_exact_at(&mut bytes, offset).unwrap();
    bytes
}

/// Bytes of which every few are different.
pub(crate) fn pattern(seed: u8, count: usize) -> Vec<u8> {
    (0..=u8::MAX)
        .flat_map(|high| (0..=u8::MAX).map(move |low| low.wrapping_mul(31).wrapping_add(high) ^ seed))
        .cycle()
        .take(count)
        .collect()
}
