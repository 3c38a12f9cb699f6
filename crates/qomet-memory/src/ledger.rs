//! Which files a model made, which windows are held on which file, and which transactions still need what of it.
//!
//! A model has one [`FileLedger`]; `plan` asks it, and a [`crate::Region`] keeps its window in it until it is
//! dropped. It is a value, not a global: two models in one process do not vouch for each other's files.
//!
//! # Transactions that share a file
//!
//! While a transaction that made or grew a file may still fail, others of the model may take windows on that file.
//! So a file's length is not the business of who set it, but of all who need it: from the first such effect on, a
//! `Change` records what was there before, and each transaction that opens the file has a `Claim` in it, from
//! before the first of its windows is mapped until its [`crate::Undo`] is run or dropped. A claim that is withdrawn
//! cuts the file down to what claims, windows and committed transactions still need; with the last one, if none was
//! committed, the file is again what it was before. Undoing only what one did oneself, the obvious alternative,
//! would take the file away under the mappings of the others; doing nothing where there are others would leave it
//! behind when they fail too.
//!
//! # Locks
//!
//! In this order, and none of them while a sink or another caller's code runs:
//!
//! 1. the `ready` of a group of requests (`plan`);
//! 2. a [`Turn`], one for each file. It is held during calls to the file system (look, grow, shrink, remove), as a
//!    judgement of a file is worth something only while no transaction of the same model cuts it. A file system that
//!    hangs, or that takes long to free the blocks that are cut off, delays those who want the same file. Everything
//!    else that may take long (allocating blocks, mapping, populating, closing the last descriptor of a removed file)
//!    is done outside;
//! 3. `making`, for the two calls that make a file and learn its identity: until then nobody can tell an empty file
//!    that was just made, and may be removed again, from one that was there before. Who makes a file waits for its
//!    turn afterwards;
//! 4. `state`, never held during a call to the operating system.
//!
//! Beyond a turn, an entry lives only while something keeps its file open (a region, or the change), so its identity
//! cannot be reused meanwhile.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::host::Host;
use crate::locks::{Blocked, Hold, Lock, Locks, Wish};
use crate::probe::FileId;

/// The files of one model. Cheap to clone; clones are the same ledger.
#[derive(Clone, Debug, Default)]
pub struct FileLedger {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Some turn is over.
    free: Condvar,
    making: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<FileId, Entry>,
    next: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// The length that the model gave to a file that it made.
    made: Option<u64>,
    /// By number, which is the order in which they were opened.
    windows: BTreeMap<u64, Window>,
    change: Option<Change>,
    /// Who has the turn has them.
    locks: Locks,
    /// Somebody has the turn.
    busy: bool,
}

/// What transactions that may still fail did to a file.
#[derive(Debug)]
struct Change {
    origin: Arc<Origin>,
    /// The length that the model last gave to the file.
    length: u64,
    /// What each transaction that may still fail needs, by the number of its claim.
    claims: BTreeMap<u64, u64>,
    /// What those need that were committed since; `None` if none was.
    kept: Option<u64>,
}

/// A file as it was before the first change that is not committed.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Open for writing. Keeps the identity from being reused.
    pub(crate) file: Arc<OwnedFd>,
    pub(crate) before: Before,
}

#[derive(Debug)]
pub(crate) enum Before {
    /// There was no such file. The folder is kept open, as the working directory or a link in the path may change.
    Missing { folder: OwnedFd, name: OsString },
    /// It had this length.
    Length(u64),
}

/// A transaction's need of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) number: u64,
    /// Where the last of its windows ends.
    pub(crate) end: u64,
}

/// What is to be done when a claim is withdrawn.
#[derive(Debug)]
pub(crate) struct Withdrawn {
    pub(crate) origin: Arc<Origin>,
    /// The length that the model last gave to the file.
    pub(crate) length: u64,
    /// The length that the others need, at most `length`; `None` if the file was made and nobody needs it.
    pub(crate) needed: Option<u64>,
}

/// A range of a file that an object holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// The name under which it was asked for.
    pub owner: String,
    /// From the first byte to after the last, in bytes from the start of the file.
    pub range: Range<u64>,
    /// Whether writes to the memory reach the file.
    pub shared_and_writable: bool,
}

impl State {
    fn number(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    /// Forgets what nothing keeps open: its identity may be reused, and others may rely on its length.
    fn tidy(&mut self, file: FileId) {
        if let Some(entry) = self.files.get_mut(&file)
            && entry.windows.is_empty()
            && entry.change.is_none()
        {
            entry.made = None;
            if !entry.busy {
                self.files.remove(&file);
            }
        }
    }
}

impl FileLedger {
    /// A ledger of no files.
    pub fn new() -> Self {
        Self::default()
    }

    /// The windows held on a file, in the order in which they were opened.
    pub fn windows(&self, file: FileId) -> Vec<Window> {
        let state = self.shared.state.lock();
        state.files.get(&file).map(|entry| entry.windows.values().cloned().collect()).unwrap_or_default()
    }

    /// The files on which windows are held, in the order of their identity.
    pub fn files(&self) -> Vec<FileId> {
        let state = self.shared.state.lock();
        let mut held: Vec<_> = state
            .files
            .iter()
            .filter(|(_, entry)| !entry.windows.is_empty())
            .map(|(file, _)| *file)
            .collect();
        held.sort_unstable();
        held
    }

    /// How many files it knows something of.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.shared.state.lock().files.len()
    }

    /// The length that this model gave to a file it made; `None` for a file of somebody else.
    pub(crate) fn made_length(&self, file: FileId) -> Option<u64> {
        self.shared.state.lock().files.get(&file)?.made
    }

    /// A number for the claim of a transaction on a file.
    pub(crate) fn number(&self) -> u64 {
        self.shared.state.lock().number()
    }

    /// To be held from making a file to [`FileLedger::created`]. Who has seen an empty file and then gets it knows
    /// that the file is recorded if this model made it.
    pub(crate) fn making(&self) -> MutexGuard<'_, ()> {
        self.shared.making.lock()
    }

    /// Waits until nobody else judges or changes the length of the file.
    pub(crate) fn turn(&self, file: FileId) -> Turn<'_> {
        let mut state = self.shared.state.lock();
        loop {
            let entry = state.files.entry(file).or_default();
            if !entry.busy {
                entry.busy = true;
                return Turn { ledger: self, file };
            }
            self.shared.free.wait(&mut state);
        }
    }

    /// Records that the model made the file, which is empty yet. Its length is set in a turn.
    pub(crate) fn created(&self, file: FileId, origin: Arc<Origin>, claim: Claim) {
        let mut state = self.shared.state.lock();
        let entry = state.files.entry(file).or_default();
        let change =
            Change { origin, length: 0, claims: BTreeMap::from([(claim.number, claim.end)]), kept: None };
        entry.change = Some(change);
        entry.made = Some(0);
    }

    /// The transaction of the claim is committed: what it needs stays.
    pub(crate) fn keep(&self, file: FileId, number: u64) {
        let mut state = self.shared.state.lock();
        let Some(entry) = state.files.get_mut(&file) else { return };
        let Some(change) = entry.change.as_mut() else { return };
        if let Some(end) = change.claims.remove(&number) {
            change.kept = change.kept.max(Some(end));
        }
        let over = if change.claims.is_empty() { entry.change.take() } else { None };
        state.tidy(file);
        drop(state);
        // Closes descriptors.
        drop(over);
    }

    /// Holds a window until the guard goes. In the file's turn, so that no window is taken while [`Held::discard`]
    /// works on what nobody has.
    pub(crate) fn hold(
        &self,
        file: FileId,
        owner: &str,
        range: Range<u64>,
        shared_and_writable: bool,
    ) -> Held {
        let window = Window { owner: owner.to_owned(), range, shared_and_writable };
        let _turn = self.turn(file);
        let mut state = self.shared.state.lock();
        let number = state.number();
        state.files.entry(file).or_default().windows.insert(number, window);
        Held { ledger: self.clone(), file, number, locked: None }
    }
}

/// The right to judge a file, and to change its length. Others wait until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'l> {
    ledger: &'l FileLedger,
    file: FileId,
}

impl Turn<'_> {
    /// The length that transactions that may still fail gave to the file; 0 if there are none.
    pub(crate) fn length(&self) -> u64 {
        let state = self.ledger.shared.state.lock();
        let change = state.files.get(&self.file).and_then(|entry| entry.change.as_ref());
        change.map_or(0, |change| change.length)
    }

    /// Claims what there is of a file if transactions that may still fail changed it. Whether the claim is new.
    pub(crate) fn join(&self, claim: Claim) -> bool {
        let mut state = self.ledger.shared.state.lock();
        let change = state.files.get_mut(&self.file).and_then(|entry| entry.change.as_mut());
        change.is_some_and(|change| change.claims.insert(claim.number, claim.end).is_none())
    }

    /// Records that the file was grown, with what it was before, and claims it. Whether the claim is new.
    pub(crate) fn grown(&self, before: u64, to: u64, file: &Arc<OwnedFd>, claim: Claim) -> bool {
        {
            let mut state = self.ledger.shared.state.lock();
            let entry = state.files.entry(self.file).or_default();
            entry.change.get_or_insert_with(|| Change {
                origin: Arc::new(Origin { file: Arc::clone(file), before: Before::Length(before) }),
                length: before,
                claims: BTreeMap::new(),
                kept: None,
            });
        }
        self.set_length(to);
        self.join(claim)
    }

    /// Records the length that the model gave to the file.
    pub(crate) fn set_length(&self, length: u64) {
        let mut state = self.ledger.shared.state.lock();
        if let Some(entry) = state.files.get_mut(&self.file) {
            entry.made = entry.made.map(|_| length);
            if let Some(change) = &mut entry.change {
                change.length = length;
            }
        }
    }

    /// Withdraws a claim, and tells what is left to do. `None` if there is no such claim.
    pub(crate) fn withdraw(&self, number: u64) -> Option<Withdrawn> {
        let mut state = self.ledger.shared.state.lock();
        let entry = state.files.get_mut(&self.file)?;
        let change = entry.change.as_mut()?;
        change.claims.remove(&number)?;
        let claimed = change.claims.values().copied().max().max(change.kept);
        let needed = match (&change.origin.before, claimed) {
            // Windows that are left are of transactions that failed. Their mappings keep what they map of a file
            // that is removed.
            (Before::Missing { .. }, None) => None,
            (Before::Missing { .. }, claimed) => claimed,
            (Before::Length(length), claimed) => claimed.max(Some(*length)),
        };
        let held = entry.windows.values().map(|window| window.range.end).max();
        let needed = needed.map(|end| end.max(held.unwrap_or(0)).min(change.length));
        let withdrawn = Withdrawn { origin: Arc::clone(&change.origin), length: change.length, needed };
        if change.claims.is_empty() {
            // No descriptor is closed here: `withdrawn` has them too.
            entry.change = None;
        }
        if needed.is_none() {
            entry.made = None;
        }
        Some(withdrawn)
    }
}

impl Turn<'_> {
    /// Does something with the locks, which are calls to the file system.
    fn with_locks<R>(&self, work: impl FnOnce(&mut Locks) -> R) -> R {
        let take = |locks: &mut Locks| {
            let mut state = self.ledger.shared.state.lock();
            if let Some(entry) = state.files.get_mut(&self.file) {
                std::mem::swap(&mut entry.locks, locks);
            }
        };
        let mut locks = Locks::default();
        take(&mut locks);
        let done = work(&mut locks);
        take(&mut locks);
        done
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.ledger.shared.state.lock();
        if let Some(entry) = state.files.get_mut(&self.file) {
            entry.busy = false;
        }
        state.tidy(self.file);
        drop(state);
        self.ledger.shared.free.notify_all();
    }
}

/// A window in the ledger.
#[derive(Debug)]
pub(crate) struct Held {
    ledger: FileLedger,
    file: FileId,
    number: u64,
    /// Through whom it was locked, if it was.
    locked: Option<Host>,
}

impl Held {
    pub(crate) fn file(&self) -> FileId {
        self.file
    }

    /// Locks the window, of which `file` is open, against other processes.
    pub(crate) fn lock(
        &mut self,
        host: &Host,
        file: &Arc<OwnedFd>,
        range: Range<u64>,
        hold: Hold,
        lock: Lock,
    ) -> Result<(), Blocked> {
        let wish = Wish { number: self.number, range, hold, lock };
        self.locked = Some(host.clone());
        self.ledger.turn(self.file).with_locks(|locks| locks.add(host, file, wish))
    }
}

impl Held {
    /// Discards what of the window no other window of the model holds, by `discard`: an object that was given the same
    /// bytes meanwhile, or that overlaps it, keeps its contents.
    pub(crate) fn discard(&self, mut discard: impl FnMut(Range<u64>)) {
        let _turn = self.ledger.turn(self.file);
        for range in self.alone() {
            discard(range);
        }
    }

    /// What of the window no other window holds, in order.
    fn alone(&self) -> Vec<Range<u64>> {
        let state = self.ledger.shared.state.lock();
        let Some(entry) = state.files.get(&self.file) else { return Vec::new() };
        let Some(own) = entry.windows.get(&self.number) else { return Vec::new() };
        let others = entry.windows.iter().filter(|(number, _)| **number != self.number);
        let mut others: Vec<_> = others.map(|(_, window)| window.range.clone()).collect();
        others.sort_unstable_by_key(|range| range.start);
        let (mut alone, mut from) = (Vec::new(), own.range.start);
        for other in others {
            let until = other.start.min(own.range.end);
            if from < until {
                alone.push(from..until);
            }
            from = from.max(other.end);
        }
        if from < own.range.end {
            alone.push(from..own.range.end);
        }
        alone
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(host) = &self.locked {
            self.ledger.turn(self.file).with_locks(|locks| locks.remove(host, self.number));
        }
        let mut state = self.ledger.shared.state.lock();
        if let Some(entry) = state.files.get_mut(&self.file) {
            entry.windows.remove(&self.number);
        }
        state.tidy(self.file);
    }
}
