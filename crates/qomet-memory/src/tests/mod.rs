//! Tests over several modules: one file per section of the memory rules, named after the rows.

mod anonymous;
mod failures;
mod files;
mod locks;
mod memory;
mod messages;
mod modes;
mod numa;
mod passed;
mod populate;
mod random;
mod reclaim;
mod reservation;
mod residency;
mod sharing;
mod special;
mod store;
mod supply;
mod upkeep;
mod windows;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::*;

/// A folder, a model's ledger, and the journal of its transaction.
pub(crate) struct Bench {
    folder: TempDir,
    host: Host,
    ledger: FileLedger,
    journal: Vec<Undo>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Host::real())
    }

    fn with(host: Host) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, host, ledger: FileLedger::new(), journal: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file with these bytes.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Opens one request as a transaction of its own, and keeps its effects.
    fn open(&mut self, owner: &str, request: &FileRequest) -> Result<Opened, MemoryError> {
        let plan = self.ledger.plan(&self.host, [(owner.to_owned(), request.clone())]);
        plan.open(owner, &mut |undo| self.journal.push(undo))
    }

    fn region(&mut self, request: &FileRequest) -> Region {
        self.open("ram0", request).unwrap().region
    }

    fn verdict(&self, request: &FileRequest) -> Verdict {
        let plan = self.ledger.plan(&self.host, [("ram0".to_owned(), request.clone())]);
        plan.verdict("ram0").unwrap().clone()
    }

    /// The codes of all faults, and proof that looking left the folder as it was.
    fn faults(&self, request: &FileRequest) -> Vec<&'static str> {
        let before = listing(self.folder.path());
        let codes = self.verdict(request).faults.iter().map(MemoryError::code).collect();
        assert_eq!(before, listing(self.folder.path()));
        codes
    }

    fn warnings(&self, request: &FileRequest) -> Vec<&'static str> {
        let verdict = self.verdict(request);
        assert_eq!(verdict.faults, []);
        verdict.warnings.iter().map(MemoryWarning::code).collect()
    }

    fn roll_back(&mut self) {
        for undo in self.journal.drain(..).rev() {
            undo.undo().unwrap();
        }
    }
}

fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> =
        entries.map(|path| (path.clone(), path.symlink_metadata().unwrap().len())).collect();
    all.sort();
    all
}

fn page() -> u64 {
    page_size(&Host::real()).unwrap()
}

fn pages(count: u64) -> u64 {
    count * page()
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

fn zeroes(count: u64) -> Vec<u8> {
    vec![0; usize::try_from(count).unwrap()]
}

fn shared(path: &Path, offset: u64, size: u64) -> FileRequest {
    let mut request = FileRequest::new(path, size);
    request.offset = offset;
    request.memory.share = true;
    request
}

fn unwatched(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn byte(region: &Region, at: u64) -> u8 {
    let mut byte = [0];
    region.read(at, &mut byte).unwrap();
    byte[0]
}

/// Says why a test could not run here; `cargo test -- --nocapture | grep -c skipped:` counts them.
fn skip(reason: &str) {
    println!("skipped: {reason}");
}

/// The pool of huge pages of 2 MiB, for one test of all that run on this machine.
struct HugePages {
    /// Dropped last: the pool is as it was before the next test has it.
    _lock: std::fs::File,
    before: u64,
}

impl HugePages {
    const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";

    fn number(name: &str) -> Option<u64> {
        std::fs::read_to_string(format!("{}/{name}", Self::POOL)).ok()?.trim().parse().ok()
    }

    /// A pool of so many pages, all free; `None` where this process may not have it, or somebody else uses it.
    fn exactly(pages: u64) -> Option<Self> {
        let path = std::env::temp_dir().join("qomet-test-huge-pages.lock");
        let lock = std::fs::File::options().create(true).append(true).open(path).ok()?;
        lock.lock().ok()?;
        let before = Self::number("nr_hugepages")?;
        if before != Self::number("free_hugepages")? {
            return None;
        }
        std::fs::write(format!("{}/nr_hugepages", Self::POOL), pages.to_string()).ok()?;
        let pool = Self { _lock: lock, before };
        (Self::number("free_hugepages") == Some(pages) && Self::number("nr_hugepages") == Some(pages))
            .then_some(pool)
    }

    /// Takes out of the pool what is free in it.
    fn shrink(&self) {
        std::fs::write(format!("{}/nr_hugepages", Self::POOL), "0").unwrap();
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        let _ = std::fs::write(format!("{}/nr_hugepages", Self::POOL), self.before.to_string());
    }
}

/// A file system for one test; `None` if this process may not mount.
struct Mount {
    at: TempDir,
}

impl Mount {
    fn new(kind: &str, options: &str) -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let mut command = std::process::Command::new("mount");
        command.args(["-t", kind, "-o", options, "qomet-test"]).arg(at.path());
        let done = command.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success());
        done.then_some(Self { at })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    fn remount(&self, options: &str) {
        let mut command = std::process::Command::new("mount");
        command.args(["-o", &format!("remount,{options}")]).arg(self.at.path());
        assert!(command.status().unwrap().success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a child of another test may have our descriptors for a moment, between fork and exec.
        let _ = std::process::Command::new("umount").arg("--lazy").arg(self.at.path()).status();
    }
}
