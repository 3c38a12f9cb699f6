//! Threads for what takes long. They come when there is work and go when there has been none for a while.
//!
//! Used by the reactors. Why not one thread a job: a client may ask for thousands.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::host::Host;

/// A thread without work goes after this time.
const PATIENCE: Duration = Duration::from_secs(2);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Pool {
    work: VecDeque<Work>,
    threads: usize,
    idle: usize,
    closed: bool,
}

/// The threads.
pub(super) struct Workers {
    host: Host,
    /// At most so many run at once; other work waits.
    most: usize,
    pool: Arc<(Mutex<Pool>, Condvar)>,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Workers({} threads)", self.pool.0.lock().threads)
    }
}

impl Workers {
    pub(super) fn new(host: Host, most: usize) -> Self {
        Workers { host, most, pool: Arc::default() }
    }

    /// Has `work` done by some thread. If the host has none to give, by this one.
    pub(super) fn submit(&self, work: impl FnOnce() + Send + 'static) {
        let (pool, bell) = &*self.pool;
        let mut guard = pool.lock();
        guard.work.push_back(Box::new(work));
        if guard.idle >= guard.work.len() || guard.threads >= self.most {
            bell.notify_one();
            return;
        }
        guard.threads += 1;
        drop(guard);
        let shared = Arc::clone(&self.pool);
        if self.host.thread("qmp-worker".to_owned(), move || serve(&shared)).is_err() {
            let work = {
                let mut guard = pool.lock();
                guard.threads -= 1;
                if guard.threads == 0 { guard.work.pop_front() } else { None }
            };
            if let Some(work) = work {
                work();
            }
        }
    }

    /// Waits until all work is done and no thread is left.
    pub(super) fn finish(&self) {
        let (pool, bell) = &*self.pool;
        let mut guard = pool.lock();
        guard.closed = true;
        bell.notify_all();
        while guard.threads > 0 {
            bell.wait(&mut guard);
        }
    }
}

/// The life of a thread.
fn serve((pool, bell): &(Mutex<Pool>, Condvar)) {
    let mut guard = pool.lock();
    loop {
        if let Some(work) = guard.work.pop_front() {
            drop(guard);
            // A panic is the work's own; the thread and its count must survive it.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            guard = pool.lock();
            continue;
        }
        if guard.closed {
            break;
        }
        guard.idle += 1;
        let waited = bell.wait_for(&mut guard, PATIENCE);
        guard.idle -= 1;
        if waited.timed_out() && guard.work.is_empty() {
            break;
        }
    }
    guard.threads -= 1;
    bell.notify_all();
}
