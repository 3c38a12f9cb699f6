//! A thread that runs what it is given and waits for descriptors in between: what an iothread has inside.
//!
//! `iothread` starts it, hands it work and changes its settings while it runs. It knows no objects. Work is run in the
//! order in which it came, never two at once, and all that was submitted runs before the loop ends. A panic of work
//! ends that work only.
//!
//! Before it sleeps, the loop may look for work for a while (`poll-max-ns`): waking a thread costs more than many a
//! request takes. How long is worth while is learnt from how long it slept: doubled (or `poll-grow` times) when it was
//! woken soon after, given up (or divided by `poll-shrink`) when nothing came for longer than the maximum.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollEvent, EpollTimeout};
use nix::sys::eventfd::EventFd;
use parking_lot::Mutex;

use super::iothread::{OnReady, Readiness, Work};
use crate::host::Host;

/// The number of the bell among the descriptors; those that are watched follow.
const BELL: u64 = 0;

/// How many ready descriptors are told of at once.
const EVENTS: usize = 64;

/// With which time looking for work starts, as in QEMU.
const FIRST_LOOK: i64 = 4000;

/// What may change while the loop runs; the properties of those names.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) poll_max_ns: AtomicI64,
    pub(super) poll_grow: AtomicI64,
    pub(super) poll_shrink: AtomicI64,
    /// How much work is run before descriptors are looked at; 0: all there is.
    pub(super) aio_max_batch: AtomicI64,
}

enum Task {
    Run(Work),
    Watch(u64, OwnedFd, OnReady),
}

/// What the loop shares with those that give it work.
pub(super) struct Shared {
    queue: Mutex<VecDeque<Task>>,
    /// The length of the queue, to be looked at without its lock.
    length: AtomicUsize,
    /// The loop waits, or is about to, and needs the bell.
    asleep: AtomicBool,
    end: AtomicBool,
    bell: EventFd,
    epoll: Epoll,
    next: AtomicU64,
    pub(super) settings: Settings,
}

impl Shared {
    pub(super) fn new(host: &Host) -> io::Result<Self> {
        let (epoll, bell) = host.event_loop()?;
        host.watch_ready(&epoll, &bell, Readiness::Readable, BELL)?;
        Ok(Shared {
            queue: Mutex::default(),
            length: AtomicUsize::new(0),
            asleep: AtomicBool::new(false),
            end: AtomicBool::new(false),
            bell,
            epoll,
            next: AtomicU64::new(BELL + 1),
            settings: Settings::default(),
        })
    }

    pub(super) fn submit(&self, work: Work) {
        self.push(Task::Run(work));
    }

    pub(super) fn watch(&self, host: &Host, file: OwnedFd, when: Readiness, each: OnReady) -> io::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // Known to the kernel first: until the loop knows it too, it is ready for nobody.
        host.watch_ready(&self.epoll, &file, when, number)?;
        self.push(Task::Watch(number, file, each));
        Ok(())
    }

    fn push(&self, task: Task) {
        {
            let mut queue = self.queue.lock();
            queue.push_back(task);
            self.length.store(queue.len(), Ordering::SeqCst);
        }
        self.wake();
    }

    fn wake(&self) {
        if self.asleep.swap(false, Ordering::SeqCst) {
            // Only a counter that is full refuses, and then the bell rings already.
            let _ = self.bell.write(1);
        }
    }

    /// The loop ends once all work is done.
    pub(super) fn end(&self) {
        self.end.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn has_work(&self) -> bool {
        self.length.load(Ordering::SeqCst) > 0 || self.end.load(Ordering::SeqCst)
    }

    /// The next tasks, in order.
    fn take(&self) -> Vec<Task> {
        let most = self.settings.aio_max_batch.load(Ordering::Relaxed);
        let mut queue = self.queue.lock();
        let most = usize::try_from(most).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        let most = most.min(queue.len());
        let tasks = queue.drain(..most).collect();
        self.length.store(queue.len(), Ordering::SeqCst);
        tasks
    }

    /// Runs until the end.
    pub(super) fn run(&self) {
        let (mut watched, mut look) = (HashMap::new(), 0);
        loop {
            for task in self.take() {
                match task {
                    Task::Run(work) => quietly(work),
                    Task::Watch(number, file, each) => drop(watched.insert(number, (file, each))),
                }
            }
            if self.end.load(Ordering::SeqCst) && self.length.load(Ordering::SeqCst) == 0 {
                return;
            }
            let Some(ready) = self.wait(&mut look) else { return };
            for number in ready {
                self.serve(&mut watched, number);
            }
        }
    }

    fn serve(&self, watched: &mut HashMap<u64, (OwnedFd, OnReady)>, number: u64) {
        if number == BELL {
            let _ = self.bell.read();
            return;
        }
        let Some((file, each)) = watched.get_mut(&number) else { return };
        let goes_on = catch_unwind(AssertUnwindSafe(|| each(file))).unwrap_or(ControlFlow::Break(()));
        if goes_on.is_break()
            && let Some((file, each)) = watched.remove(&number)
        {
            let _ = self.epoll.delete(&file);
            quietly(Box::new(move || drop(each)));
        }
    }

    /// Waits until there is work or a descriptor is ready, and tells which. `None` if waiting is impossible.
    fn wait(&self, look: &mut i64) -> Option<Vec<u64>> {
        if self.has_work() {
            return self.ready(EpollTimeout::ZERO);
        }
        let most = self.settings.poll_max_ns.load(Ordering::Relaxed);
        *look = (*look).min(most);
        let started = Instant::now();
        let until = started + Duration::from_nanos(u64::try_from(*look).unwrap_or(0));
        while *look > 0 && Instant::now() < until {
            if self.has_work() {
                return self.ready(EpollTimeout::ZERO);
            }
            let ready = self.ready(EpollTimeout::ZERO)?;
            if !ready.is_empty() {
                return Some(ready);
            }
            std::hint::spin_loop();
        }
        self.asleep.store(true, Ordering::SeqCst);
        let timeout = if self.has_work() { EpollTimeout::ZERO } else { EpollTimeout::NONE };
        let ready = self.ready(timeout);
        self.asleep.store(false, Ordering::SeqCst);
        *look = self.learn(*look, most, started.elapsed());
        ready
    }

    /// How long to look for work the next time, after nothing came for so long.
    fn learn(&self, look: i64, most: i64, nothing: Duration) -> i64 {
        let nothing = i64::try_from(nothing.as_nanos()).unwrap_or(i64::MAX);
        let grow = self.settings.poll_grow.load(Ordering::Relaxed);
        let shrink = self.settings.poll_shrink.load(Ordering::Relaxed);
        next_look(look, most, nothing, grow, shrink)
    }

    fn ready(&self, timeout: EpollTimeout) -> Option<Vec<u64>> {
        let mut events = [EpollEvent::empty(); EVENTS];
        match self.epoll.wait(&mut events, timeout) {
            Ok(count) => Some(events.iter().take(count).map(EpollEvent::data).collect()),
            Err(nix::errno::Errno::EINTR) => Some(Vec::new()),
            Err(_) => None,
        }
    }
}

/// Runs foreign code, whose panic is its own.
fn quietly(work: Work) {
    let _ = catch_unwind(AssertUnwindSafe(work));
}

fn next_look(look: i64, most: i64, nothing: i64, grow: i64, shrink: i64) -> i64 {
    if most <= 0 {
        0
    } else if nothing <= look {
        look
    } else if nothing > most {
        look.checked_div(shrink).unwrap_or(0)
    } else if look == 0 {
        FIRST_LOOK.min(most)
    } else {
        look.saturating_mul(if grow == 0 { 2 } else { grow }).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::next_look;

    #[test]
    fn looking_is_worth_while_where_work_comes_soon_after() {
        assert_eq!(next_look(0, 32768, 5000, 0, 0), 4000);
        assert_eq!(next_look(4000, 32768, 5000, 0, 0), 8000);
        assert_eq!(next_look(4000, 32768, 5000, 3, 0), 12000);
        assert_eq!(next_look(20000, 32768, 30000, 0, 0), 32768);
        assert_eq!(next_look(8000, 32768, 7000, 0, 0), 8000);
    }

    #[test]
    fn looking_is_given_up_where_nothing_comes() {
        assert_eq!(next_look(8000, 32768, 1_000_000, 0, 0), 0);
        assert_eq!(next_look(8000, 32768, 1_000_000, 0, 2), 4000);
        assert_eq!(next_look(8000, 0, 10, 0, 0), 0);
    }
}
