//! Sockets and threads: any number of clients on unix sockets.
//!
//! A few threads wait for sockets with epoll (`reactor`); each client belongs to one of them (`connection`), so that
//! no lock is held while commands run. What takes long runs on a worker thread (`workers`), whether or not its client
//! stays. Other threads reach a reactor through its mailbox (`mailbox`). `listen` makes the sockets, `address` reads
//! `--qmp`.
//!
//! Whole buffers are read, and all that they ask for is answered with one write. A client that does not read is not
//! read from.
//!
//! Why not an async runtime: it would stand in the public interface of whoever embeds a server, for one kind of socket
//! and a handful of threads.

mod address;
mod connection;
mod listen;
mod mailbox;
mod reactor;
mod workers;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

pub use address::{Address, AddressError};
pub use listen::Listener;

use crate::dispatch::Dispatcher;
use crate::host::Host;
use mailbox::{Mail, Mailbox};
use reactor::Reactor;
use workers::Workers;

/// At most so many threads wait for sockets: a command in process takes less than waking another thread.
const REACTORS: usize = 4;
/// How many clients there may be at once.
const CLIENTS: usize = 1000;

/// Why a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A client said `quit`.
    Quit,
    /// The program was told to by a signal.
    Signal,
}

impl Cause {
    /// The word for it in the event `SHUTDOWN`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Cause::Quit => "host-qmp-quit",
            Cause::Signal => "host-signal",
        }
    }
}

/// A running server. It ends when a client says `quit` or a [`Stopper`] says so; dropping it ends it too.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Ends a server from wherever it is kept.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Shared>);

/// What the threads of a server share.
#[derive(Debug)]
struct Shared {
    host: Host,
    dispatcher: Arc<Dispatcher>,
    mailboxes: Vec<Arc<Mailbox>>,
    workers: Workers,
    /// How many clients there are.
    clients: Arc<AtomicUsize>,
    /// The number of the next client.
    next: AtomicU64,
    ended: Mutex<Option<Cause>>,
    ending: Condvar,
}

/// A client's place among those that there may be; it is free again when this is dropped.
#[derive(Debug)]
struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(clients: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let seat = Seat(Arc::clone(clients));
        (clients.fetch_add(1, Ordering::Relaxed) < limit).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    /// Ends the server, once.
    fn end(&self, cause: Cause) {
        let mut ended = self.ended.lock();
        if ended.is_some() {
            return;
        }
        *ended = Some(cause);
        drop(ended);
        self.dispatcher.cancel_all();
        for mailbox in &self.mailboxes {
            mailbox.post(Mail::End(cause));
        }
        self.ending.notify_all();
    }
}

impl Server {
    /// Serves the sockets.
    ///
    /// # Errors
    /// The host has no more threads or descriptors.
    pub fn start(listeners: Vec<Listener>, dispatcher: Dispatcher) -> io::Result<Self> {
        Self::start_on(Host::real(), listeners, dispatcher)
    }

    pub(crate) fn start_on(host: Host, listeners: Vec<Listener>, dispatcher: Dispatcher) -> io::Result<Self> {
        let count = host.cpus().map_or(1, |cpus| cpus.min(REACTORS));
        let mailboxes: Vec<_> =
            (0..count).map(|_| Mailbox::new(&host).map(Arc::new)).collect::<io::Result<_>>()?;
        let shared = Arc::new(Shared {
            workers: Workers::new(host.clone()),
            host,
            dispatcher: Arc::new(dispatcher),
            mailboxes,
            clients: Arc::default(),
            next: AtomicU64::new(reactor::FIRST_CLIENT),
            ended: Mutex::default(),
            ending: Condvar::new(),
        });
        let mut server = Server { shared: Arc::clone(&shared), threads: Vec::new() };
        let mut listeners = Some(listeners);
        for index in 0..count {
            // The first one accepts.
            let reactor = Reactor::new(Arc::clone(&shared), index, listeners.take().unwrap_or_default())?;
            let thread = shared.host.thread(format!("qmp-{index}"), move || reactor.run())?;
            server.threads.push(thread);
        }
        Ok(server)
    }

    /// What ends the server.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.shared))
    }

    /// Waits until the server has ended, and says why. Nothing of it runs any more then.
    #[must_use]
    pub fn wait(mut self) -> Cause {
        let mut ended = self.shared.ended.lock();
        while ended.is_none() {
            self.shared.ending.wait(&mut ended);
        }
        let cause = *ended;
        drop(ended);
        self.join();
        cause.unwrap_or(Cause::Signal)
    }

    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
        self.shared.workers.finish();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.end(Cause::Signal);
        self.join();
    }
}

impl Stopper {
    /// Ends the server.
    pub fn stop(&self, cause: Cause) {
        self.0.end(cause);
    }
}
