//! What was done to the world outside, so that it can be undone.

/// Undo steps, run in reverse unless the journal is committed.
///
/// Dropping a journal undoes it: an early return or a panic leaves nothing behind.
#[derive(Default)]
pub struct Journal {
    steps: Vec<Box<dyn FnOnce() + Send>>,
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes how to undo something that has just been done.
    pub fn record(&mut self, undo: impl FnOnce() + Send + 'static) {
        self.steps.push(Box::new(undo));
    }

    /// Everything stays as it is.
    pub fn commit(mut self) {
        self.steps.clear();
    }

    /// Undoes everything, the last step first.
    pub fn undo(mut self) {
        self.run();
    }

    fn run(&mut self) {
        while let Some(step) = self.steps.pop() {
            step();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.run();
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
            journal.record(move || trace.lock().unwrap().push(step));
        }
        (journal, trace)
    }

    #[test]
    fn undo_runs_in_reverse() {
        let (journal, trace) = traced();
        journal.undo();
        assert_eq!(*trace.lock().unwrap(), [3, 2, 1]);
    }

    #[test]
    fn a_dropped_journal_is_undone() {
        let (journal, trace) = traced();
        drop(journal);
        assert_eq!(*trace.lock().unwrap(), [3, 2, 1]);
    }

    #[test]
    fn a_committed_journal_does_nothing() {
        let (journal, trace) = traced();
        journal.commit();
        assert!(trace.lock().unwrap().is_empty());
    }
}
