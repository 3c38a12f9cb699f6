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
