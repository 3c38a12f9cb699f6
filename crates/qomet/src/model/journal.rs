//! What was done to the world outside, so that it can be undone.

use crate::error::{Diagnostic, Result};

/// Undo steps, run in reverse unless the journal is committed.
///
/// Dropping a journal undoes it: an early return or a panic leaves nothing behind.
#[derive(Default)]
pub struct Journal {
    undo: Vec<Box<dyn FnOnce() -> Result<()> + Send>>,
    commit: Vec<Box<dyn FnOnce() + Send>>,
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes how to undo something that has just been done.
    pub fn record(&mut self, undo: impl FnOnce() -> Result<()> + Send + 'static) {
        self.undo.push(Box::new(undo));
    }

    /// Notes something that must not happen unless everything succeeds.
    pub fn on_commit(&mut self, step: impl FnOnce() + Send + 'static) {
        self.commit.push(Box::new(step));
    }

    /// Everything stays as it is.
    pub fn commit(mut self) {
        self.undo.clear();
        for step in self.commit.drain(..) {
            step();
        }
    }

    /// Undoes everything, the last step first. Returns what could not be undone.
    #[must_use]
    pub fn undo(mut self) -> Vec<Diagnostic> {
        self.run()
    }

    fn run(&mut self) -> Vec<Diagnostic> {
        let mut failed = Vec::new();
        while let Some(step) = self.undo.pop() {
            failed.extend(step().err());
        }
        failed
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Nobody is left to tell; who wants to know calls `undo`.
        let _ = self.run();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn traced() -> (Journal, Arc<Mutex<Vec<u8>>>) {
        let trace = Arc::new(Mutex::new(Vec::new()));
        let mut journal = Journal::new();
        for step in 1..=3 {
            let trace = trace.clone();
            journal.record(move || {
                trace.lock().unwrap().push(step);
                Ok(())
            });
        }
        (journal, trace)
    }

    #[test]
    fn undo_runs_in_reverse() {
        let (journal, trace) = traced();
        assert!(journal.undo().is_empty());
        assert_eq!(*trace.lock().unwrap(), [3, 2, 1]);
    }

    #[test]
    fn a_dropped_journal_is_undone() {
        let (journal, trace) = traced();
        drop(journal);
        assert_eq!(*trace.lock().unwrap(), [3, 2, 1]);
    }

    #[test]
    fn what_could_not_be_undone_is_told_and_the_rest_is_undone() {
        let (mut journal, trace) = traced();
        journal.record(|| Err(Diagnostic::custom("stuck", "it is stuck")));
        let failed = journal.undo();
        assert_eq!(failed.iter().map(Diagnostic::code).collect::<Vec<_>>(), ["stuck"]);
        assert_eq!(*trace.lock().unwrap(), [3, 2, 1]);
    }

    #[test]
    fn a_committed_journal_does_nothing() {
        let (journal, trace) = traced();
        journal.commit();
        assert!(trace.lock().unwrap().is_empty());
    }
}
