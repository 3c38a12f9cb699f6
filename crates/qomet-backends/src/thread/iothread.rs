//! `iothread`: a thread with an event loop that runs what is submitted to it.

use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use qomet::prelude::*;
use qomet::{Check, Diagnostics, Instance, Interface, Result};
use qomet_memory::{ThreadNumber, start_thread};

use super::event_loop::Shared;
use super::pool::Pool;
use super::problem::{MOST_THREADS, ThreadFault, refusal};
use crate::host::Host;
use crate::memory::{MemoryHost, refusal as host_refusal};

/// Something to be run once, on another thread.
pub type Work = Box<dyn FnOnce() + Send>;

/// What to do each time a descriptor is ready; with [`ControlFlow::Break`] for the last time.
pub type OnReady = Box<dyn FnMut(&OwnedFd) -> ControlFlow<()> + Send>;

/// What a descriptor is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// There is something to read, or the other end is gone.
    Readable,
    /// There is room to write, or the other end is gone.
    Writable,
}

/// What runs work on a thread of its own: the interface of an `iothread`.
///
/// All that was submitted runs before the object is gone.
pub trait EventLoop: Send + Sync {
    /// Runs work on the thread, after what was submitted before. It should not block: descriptors wait meanwhile.
    fn submit(&self, work: Work);
    /// Runs work that blocks on one of the threads of the pool (`thread-pool-max`).
    ///
    /// # Errors
    /// The host has no thread for it.
    fn submit_blocking(&self, work: Work) -> Result<()>;
    /// Calls `each` on the thread whenever the descriptor is ready, until that says otherwise or the object is gone.
    ///
    /// # Errors
    /// The host cannot wait for it: it is a regular file, or there are too many.
    fn watch(&self, file: OwnedFd, when: Readiness, each: OnReady) -> Result<()>;
    /// The number of the thread.
    fn thread_id(&self) -> u32;
}

impl Interface for dyn EventLoop {
    const NAME: &'static str = "event-loop";
}

/// An event loop.
#[derive(Object)]
#[object(name = "event-loop-base", abstract, user_creatable, state = IoThreadState, check)]
pub struct EventLoopBase {
    /// How much work is run before descriptors are looked at again; 0: all there is
    #[property(default = 0, min = 0)]
    aio_max_batch: Live<i64>,
    /// The threads for work that blocks that are always there
    #[property(default = 0, min = 0, since = "7.1")]
    thread_pool_min: Live<i64>,
    /// The threads for work that blocks, at most
    #[property(default = 64, min = 0, since = "7.1")]
    thread_pool_max: Live<i64>,
}

impl Check for EventLoopBase {
    fn check(&self, report: &mut Diagnostics) {
        let (min, max) = (self.thread_pool_min.get(), self.thread_pool_max.get());
        if min > max || !(1..=MOST_THREADS).contains(&max) {
            let _ = report.report(refusal(ThreadFault::PoolBounds { min, max }));
        }
    }
}

/// A thread with an event loop, which runs what is submitted to it.
///
/// Work runs one after the other; descriptors are served in between.
///
/// ```
/// use std::io::Write as _;
/// use std::ops::ControlFlow;
/// use std::os::unix::net::UnixStream;
///
/// use qomet::{Model, TypeRegistry};
/// use qomet_backends::thread::{EventLoop, Readiness};
/// use qomet_memory::ThreadNumber;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("iothread")?;
/// draft.set_id("io0");
/// let object = model.create(draft)?;
/// let events = object.interface::<dyn EventLoop>().expect("an interface of every iothread");
///
/// let (tell, told) = std::sync::mpsc::channel();
/// let (mut near, far) = UnixStream::pair()?;
/// let answer = tell.clone();
/// events.watch(far.into(), Readiness::Readable, Box::new(move |_| {
///     let _ = answer.send(ThreadNumber::current().get());
///     ControlFlow::Break(())
/// }))?;
/// near.write_all(b"x")?;
/// assert_eq!(told.recv()?, events.thread_id()); // served on the thread of the object
///
/// object.set("poll-max-ns", 0_i64)?; // while it runs
/// events.submit(Box::new(move || drop(tell.send(ThreadNumber::current().get()))));
/// assert_eq!(told.recv()?, events.thread_id());
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "iothread", user_creatable, state = IoThreadState, interfaces(EventLoop))]
pub struct IoThread {
    #[object(parent)]
    base: EventLoopBase,
    /// How long to look for work before the thread sleeps, at most; 0: not at all
    #[property(default = 32768, min = 0, unit = "ns")]
    poll_max_ns: Live<i64>,
    /// By how much that time is multiplied when work came soon after; 0: as is best
    #[property(default = 0, min = 0)]
    poll_grow: Live<i64>,
    /// By how much that time is divided when no work came; 0: it is given up
    #[property(default = 0, min = 0)]
    poll_shrink: Live<i64>,
    /// The number of the thread
    #[property(computed = IoThread::number)]
    x_thread_id: Computed<u32>,
}

/// The thread of an event loop.
pub struct IoThreadState {
    host: Arc<Host>,
    threads: Arc<MemoryHost>,
    number: ThreadNumber,
    shared: Arc<Shared>,
    pool: Pool,
    thread: Option<JoinHandle<()>>,
}

impl IoThreadState {
    fn start(host: Arc<Host>, threads: Arc<MemoryHost>, name: &str) -> Result<Self> {
        let shared = Arc::new(Shared::new(&host).map_err(|error| ThreadFault::no_event_loop(&error))?);
        let (tell, told) = channel();
        let runs = shared.clone();
        let thread = start_thread(&threads.0, name, move || {
            let _ = tell.send(ThreadNumber::current());
            runs.run();
        });
        let thread = thread.map_err(host_refusal)?;
        // It is the first thing that the thread does.
        let number = told.recv().unwrap_or_else(|_| ThreadNumber::current());
        Ok(Self { host, threads, number, shared, pool: Pool::default(), thread: Some(thread) })
    }
}

impl Drop for IoThreadState {
    fn drop(&mut self) {
        // Work may hold the last reference to the object, on one of its own threads: then nobody waits.
        let elsewhere = self.number != ThreadNumber::current();
        self.shared.end();
        if let Some(thread) = self.thread.take().filter(|_| elsewhere) {
            let _ = thread.join();
        }
        self.pool.end(elsewhere);
    }
}

impl IoThread {
    fn number(&self, state: &IoThreadState) -> u32 {
        state.number.get()
    }

    fn put_into_effect(&self, state: &IoThreadState) {
        let settings = &state.shared.settings;
        settings.poll_max_ns.store(self.poll_max_ns.get(), Ordering::Relaxed);
        settings.poll_grow.store(self.poll_grow.get(), Ordering::Relaxed);
        settings.poll_shrink.store(self.poll_shrink.get(), Ordering::Relaxed);
        settings.aio_max_batch.store(self.aio_max_batch(), Ordering::Relaxed);
        state.pool.resize(self.thread_pool_min(), self.thread_pool_max());
    }
}

impl Realize for IoThread {
    const APPLIES: bool = true;

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<IoThreadState> {
        let state = IoThreadState::start(cx.service(), cx.service(), cx.id())?;
        self.put_into_effect(&state);
        Ok(state)
    }

    fn apply(&self, state: &IoThreadState, _: &'static str) -> Result<()> {
        self.put_into_effect(state);
        Ok(())
    }
}

impl EventLoop for Instance<IoThread> {
    fn submit(&self, work: Work) {
        self.state().shared.submit(work);
    }

    fn submit_blocking(&self, work: Work) -> Result<()> {
        self.state().pool.submit(&self.state().threads.0, work).map_err(host_refusal)
    }

    fn watch(&self, file: OwnedFd, when: Readiness, each: OnReady) -> Result<()> {
        let state = self.state();
        let refused = |error| ThreadFault::not_waited_for(&error, self.name());
        state.shared.watch(&state.host, file, when, each).map_err(refused)
    }

    fn thread_id(&self) -> u32 {
        self.state().number.get()
    }
}
