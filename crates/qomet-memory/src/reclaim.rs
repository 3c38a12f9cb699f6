//! Giving much memory back, on a thread of its own.
//!
//! A dropped region hands its mapping and its file over, because the kernel takes up to a second for a few GiB in small
//! pages, and whoever deletes an object shall not wait for that: its name, its window of a file and its lock are free at
//! once. The thread comes with the first such region and goes with the last. Each [`crate::Host`] has one, so that a
//! program that drops its model has given everything back when that returns.
//!
//! Memory that is on its way back is missing from what the machine tells to be free: whoever finds too little, or is
//! about to take much, waits for it first. Huge pages of a pool are not handed over: they are quick to give back, and the
//! next object may need exactly those.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::map::Mapping;

/// What is left of a region. Unmapped first: the file's own pages go with the last that holds it.
pub(crate) struct Remains {
    pub(crate) _mapping: Mapping,
    pub(crate) _file: Option<Arc<OwnedFd>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Remains>,
    /// Whether there is a thread.
    running: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    idle: Condvar,
}

/// Where remains go. Dropping it waits until all are given back.
#[derive(Default)]
pub(crate) struct Reclaimer {
    shared: Arc<Shared>,
}

impl Reclaimer {
    /// Gives remains back, later if there can be a thread for it.
    pub(crate) fn take(&self, remains: Remains) {
        let mut queue = self.shared.queue.lock();
        queue.waiting.push_back(remains);
        if std::mem::replace(&mut queue.running, true) {
            return;
        }
        drop(queue);
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name("reclaim".to_owned());
        if thread.spawn(move || shared.work()).is_err() {
            self.shared.work();
        }
    }

    /// Whether something is being given back.
    pub(crate) fn is_busy(&self) -> bool {
        self.shared.queue.lock().running
    }

    /// Seems busy until told otherwise.
    #[cfg(test)]
    pub(crate) fn pretend(&self, busy: bool) {
        self.shared.queue.lock().running = busy;
        self.shared.idle.notify_all();
    }

    /// Waits so long for what is being given back. Whether nothing is any more.
    pub(crate) fn settle_within(&self, time: Duration) -> bool {
        let mut queue = self.shared.queue.lock();
        if queue.running {
            self.shared.idle.wait_for(&mut queue, time);
        }
        !queue.running
    }

    /// Waits for what is being given back. Whether there was something.
    pub(crate) fn settle(&self) -> bool {
        let mut queue = self.shared.queue.lock();
        let busy = queue.running;
        while queue.running {
            self.shared.idle.wait(&mut queue);
        }
        busy
    }
}

impl Drop for Reclaimer {
    fn drop(&mut self) {
        self.settle();
    }
}

impl Shared {
    fn work(&self) {
        let mut queue = self.queue.lock();
        while let Some(remains) = queue.waiting.pop_front() {
            drop(queue);
            drop(remains);
            queue = self.queue.lock();
        }
        queue.running = false;
        self.idle.notify_all();
    }
}
