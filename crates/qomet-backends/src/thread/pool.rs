//! Threads for work that blocks: what an iothread hands on so that its event loop is not held up.
//!
//! A thread comes when all are busy, or there are fewer than `thread-pool-min`; there are never more than
//! `thread-pool-max`. Those above the least number go after they had nothing to do for a while. Work that was handed over runs, also while the pool ends.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use qomet_memory::{Host, MemoryError, start_thread};

use super::iothread::Work;

/// How long a thread above the least number waits for work, as in QEMU.
const PATIENCE: Duration = Duration::from_secs(10);

/// Threads for work that blocks. Cheap to clone; clones are the same pool.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is work, or less room.
    wake: Condvar,
    /// A thread has ended.
    gone: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    min: i64,
    max: i64,
    /// Those that are there or about to be.
    threads: i64,
    idle: i64,
    ids: Vec<ThreadId>,
    end: bool,
}

impl Pool {
    /// Hands work over.
    ///
    /// # Errors
    /// There is no thread at all, and the host has none.
    pub(super) fn submit(&self, host: &Host, work: Work) -> Result<(), MemoryError> {
        let wanted = {
            let mut state = self.0.state.lock();
            let waiting = i64::try_from(state.queue.len()).unwrap_or(i64::MAX);
            let wanted = state.threads < state.min || (waiting >= state.idle && state.threads < state.max);
            state.threads += i64::from(wanted);
            wanted
        };
        if wanted {
            let shared = self.0.clone();
            if let Err(error) = start_thread(host, "iothread-worker", move || shared.work()) {
                let mut state = self.0.state.lock();
                state.threads -= 1;
                if state.threads == 0 {
                    return Err(error);
                }
            }
        }
        self.0.state.lock().queue.push_back(work);
        self.0.wake.notify_one();
        Ok(())
    }

    /// Changes the bounds. Threads come with work, so also the least number is reached only then.
    pub(super) fn resize(&self, min: i64, max: i64) {
        let mut state = self.0.state.lock();
        (state.min, state.max) = (min, max);
        drop(state);
        self.0.wake.notify_all();
    }

    /// Ends once all work is done, and waits for that if it is told to and no thread of the pool asks.
    pub(super) fn end(&self, wait: bool) {
        let mut state = self.0.state.lock();
        state.end = true;
        self.0.wake.notify_all();
        while wait && state.threads > 0 && !state.ids.contains(&std::thread::current().id()) {
            self.0.gone.wait(&mut state);
        }
    }
}

impl Shared {
    fn work(&self) {
        let own = std::thread::current().id();
        let mut state = self.state.lock();
        state.ids.push(own);
        loop {
            if let Some(work) = state.queue.pop_front() {
                drop(state);
                let _ = catch_unwind(AssertUnwindSafe(work));
                state = self.state.lock();
                continue;
            }
            if state.end || state.threads > state.max {
                break;
            }
            state.idle += 1;
            let late = self.wake.wait_for(&mut state, PATIENCE).timed_out();
            state.idle -= 1;
            if late && state.queue.is_empty() && state.threads > state.min {
                break;
            }
        }
        state.threads -= 1;
        state.ids.retain(|id| *id != own);
        drop(state);
        self.gone.notify_all();
    }
}
