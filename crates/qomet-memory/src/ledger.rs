//! Which files a model made, and which windows are held on which file.
//!
//! A model has one [`FileLedger`]; `plan` asks it, and a [`crate::Region`] keeps its window in it until it is
//! dropped. It stores identities and ranges, no descriptors: an entry lives only while a region that keeps the file
//! open does (or the undo of its creation is pending), so its identity cannot be reused meanwhile. It is a value,
//! not a global: two models in one process do not vouch for each other's files.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::probe::FileId;

/// The files of one model. Cheap to clone; clones are the same ledger.
#[derive(Clone, Debug, Default)]
pub struct FileLedger {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    files: Mutex<HashMap<FileId, Entry>>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Entry {
    /// The length that the model gave to a file that it made.
    made: Option<u64>,
    windows: Vec<Window>,
}

/// A range of a file that an object holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The name under which it was asked for.
    pub owner: String,
    /// From the first byte to after the last, in bytes from the start of the file.
    pub range: Range<u64>,
    /// Whether writes to the memory reach the file.
    pub shared_and_writable: bool,
    number: u64,
}

impl FileLedger {
    /// A ledger of no files.
    pub fn new() -> Self {
        Self::default()
    }

    /// The windows held on a file, in the order in which they were opened.
    pub fn windows(&self, file: FileId) -> Vec<Window> {
        self.shared.files.lock().get(&file).map(|entry| entry.windows.clone()).unwrap_or_default()
    }

    /// The files on which windows are held, in the order of their identity.
    pub fn files(&self) -> Vec<FileId> {
        let files = self.shared.files.lock();
        let mut held: Vec<_> =
            files.iter().filter(|(_, entry)| !entry.windows.is_empty()).map(|(file, _)| *file).collect();
        held.sort_unstable();
        held
    }

    /// The length that this model gave to a file it made; `None` for a file of somebody else.
    pub(crate) fn made_length(&self, file: FileId) -> Option<u64> {
        self.shared.files.lock().get(&file)?.made
    }

    /// Remembers that the model made the file and its length.
    pub(crate) fn set_made(&self, file: FileId, length: u64) {
        self.shared.files.lock().entry(file).or_default().made = Some(length);
    }

    /// Corrects the length of a file that the model made, if it is still known.
    pub(crate) fn correct_made(&self, file: FileId, length: u64) {
        if let Some(entry) = self.shared.files.lock().get_mut(&file) {
            entry.made = entry.made.map(|_| length);
        }
    }

    /// Forgets that the model made the file.
    pub(crate) fn forget_made(&self, file: FileId) {
        let mut files = self.shared.files.lock();
        if let Some(entry) = files.get_mut(&file) {
            entry.made = None;
            if entry.windows.is_empty() {
                files.remove(&file);
            }
        }
    }

    /// Holds a window until the guard goes.
    pub(crate) fn hold(
        &self,
        file: FileId,
        owner: &str,
        range: Range<u64>,
        shared_and_writable: bool,
    ) -> Held {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let window = Window { owner: owner.to_owned(), range, shared_and_writable, number };
        self.shared.files.lock().entry(file).or_default().windows.push(window);
        Held { ledger: self.clone(), file, number }
    }
}

/// A window in the ledger.
#[derive(Debug)]
pub(crate) struct Held {
    ledger: FileLedger,
    file: FileId,
    number: u64,
}

impl Held {
    pub(crate) fn file(&self) -> FileId {
        self.file
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut files = self.ledger.shared.files.lock();
        if let Some(entry) = files.get_mut(&self.file) {
            entry.windows.retain(|window| window.number != self.number);
            if entry.windows.is_empty() {
                // Nothing keeps the file open now: its identity may be reused, and others may rely on its length.
                files.remove(&self.file);
            }
        }
    }
}
