//! Sockets and threads: any number of clients on unix and TCP sockets, and one on standard input and output.
//!
//! A few threads wait for sockets with epoll (`reactor`); each client belongs to one of them (`connection`), so that
//! no lock is held while commands run. What takes long runs on a worker thread (`workers`), whether or not its client
//! stays. Other threads reach a reactor through its mailbox (`mailbox`). `listen` makes the sockets, `systemd` takes
//! them over, `census` counts clients and gives each to the thread with the fewest, `stdio` makes one of the process's streams, `address` reads `--qmp`.
//!
//! Whole buffers are read, and all that they ask for is answered with one write. A client that does not read is not
//! read from. Every client gets its turn: a turn serves what was read at once, and no longer than a bounded time.
//!
//! Why not an async runtime: it would stand in the public interface of whoever embeds a server, for a few kinds of
//! sockets and a handful of threads.

mod address;
mod census;
mod connection;
mod listen;
mod mailbox;
mod reactor;
mod stdio;
mod systemd;
mod workers;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

pub use address::{Address, AddressError};
pub use listen::Listener;
pub use systemd::{notify_ready, notify_stopping};

use crate::dispatch::Dispatcher;
use crate::host::Host;
use crate::peer::Peer;
use crate::session::Session;
use census::{Census, Seat};
use connection::Connection;
use mailbox::{Mail, Mailbox};
use reactor::Reactor;
use stdio::Stdio;
use workers::Workers;

/// At most so many threads wait for sockets: a command in process takes less than waking another thread.
const REACTORS: usize = 4;
/// One such thread for so many CPUs. Clients, mostly on the same machine, need CPUs too; threads that compete with them
/// serve their clients unequally (1.4 times on two CPUs), and no faster.
const CPUS: usize = 2;
/// At most so many jobs run at once; others wait.
const JOBS: usize = 16;
/// At most so many long answers are written at once; others wait.
const WRITERS: usize = 4;
/// How many clients there may be at once, unless [`Limits`] says otherwise.
const CLIENTS: usize = 1000;
/// How long goodbyes may take.
const FAREWELL: Duration = Duration::from_millis(300);
/// How long standard output may take for what is left when the input has ended or a client said `quit`.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// Why a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A client said `quit`, or the only client there can be, on standard input, has ended.
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

/// What a server grants its clients.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// How many clients there may be at once; 1,000. Each needs a descriptor: see [`raise_descriptor_limit`].
    pub clients: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { clients: CLIENTS }
    }
}

impl Limits {
    /// The same with so many clients at once.
    #[must_use]
    pub fn with_clients(mut self, clients: usize) -> Self {
        self.clients = clients;
        self
    }
}

/// Lets the process have as many descriptors as the host allows it; returns how many. For programs that serve
/// thousands of clients; a library must not do this behind a program's back.
///
/// # Errors
/// The host refuses.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    Host::real().raise_descriptor_limit()
}

/// A running server. It ends when a client says `quit` or a [`Stopper`] says so; dropping it ends it too.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    stdio: Vec<Stdio>,
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
    /// For jobs, and for what is only much to write: that must not wait until jobs are done.
    workers: Workers,
    writers: Workers,
    limits: Limits,
    census: Arc<Census>,
    /// The number of the next client.
    next: AtomicU64,
    ended: Mutex<Option<Cause>>,
    ending: Condvar,
}

/// What a new client may do.
#[derive(Clone, Copy, Debug, Default)]
struct Terms {
    /// Whether it cannot change anything.
    read_only: bool,
    /// Whether the server ends with it.
    sole: bool,
    /// Whether its socket carries descriptors.
    descriptors: bool,
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
        tracing::info!(reason = cause.as_str(), "server ends");
        self.dispatcher.cancel_all();
        for mailbox in &self.mailboxes {
            mailbox.post(Mail::End(cause));
        }
        self.ending.notify_all();
    }

    /// A new client, with the index of its reactor; `None` if there are too many.
    fn admit(&self, socket: OwnedFd, terms: Terms) -> Result<(usize, Box<Connection>), OwnedFd> {
        let Some(seat) = Seat::take(&self.census, self.limits.clients) else { return Err(socket) };
        let reactor = seat.reactor;
        let Some(mailbox) = self.mailboxes.get(reactor) else { return Err(socket) };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let wake = Arc::clone(mailbox);
        let peer = Peer::new(number, terms.read_only, move |number| wake.post(Mail::Events(number)));
        let peer = if terms.descriptors { peer.with_descriptors() } else { peer };
        let session = Session::new(Arc::clone(&self.dispatcher), Arc::new(peer));
        let connection = Connection::new(self.host.clone(), socket, session, seat, terms.sole);
        Ok((reactor, Box::new(connection)))
    }
}

impl Server {
    /// Serves the sockets.
    ///
    /// # Errors
    /// The host has no more threads or descriptors.
    pub fn start(listeners: Vec<Listener>, dispatcher: Dispatcher) -> io::Result<Self> {
        Self::start_with(listeners, dispatcher, Limits::default())
    }

    /// Serves the sockets, within other limits.
    ///
    /// # Errors
    /// The host has no more threads or descriptors.
    pub fn start_with(listeners: Vec<Listener>, dispatcher: Dispatcher, limits: Limits) -> io::Result<Self> {
        Self::start_on(Host::real(), listeners, dispatcher, limits)
    }

    pub(crate) fn start_on(
        host: Host,
        listeners: Vec<Listener>,
        dispatcher: Dispatcher,
        limits: Limits,
    ) -> io::Result<Self> {
        let count = host.cpus().map_or(1, |cpus| (cpus / CPUS).clamp(1, REACTORS));
        let mailboxes: Vec<_> =
            (0..count).map(|_| Mailbox::new(&host).map(Arc::new)).collect::<io::Result<_>>()?;
        let shared = Arc::new(Shared {
            workers: Workers::new(host.clone(), JOBS),
            writers: Workers::new(host.clone(), WRITERS),
            host,
            dispatcher: Arc::new(dispatcher),
            census: Arc::new(Census::of(mailboxes.len())),
            mailboxes,
            limits,
            next: AtomicU64::new(reactor::FIRST_CLIENT),
            ended: Mutex::default(),
            ending: Condvar::new(),
        });
        let mut server = Server { shared: Arc::clone(&shared), threads: Vec::new(), stdio: Vec::new() };
        let streams: Vec<_> = listeners
            .iter()
            .filter(|listener| *listener.address() == Address::Stdio)
            .map(|listener| Terms {
                read_only: listener.is_read_only(),
                sole: listeners.len() == 1,
                // The pair of sockets does, and not what stands behind it.
                descriptors: false,
            })
            .collect();
        let mut listeners = Some(listeners);
        for index in 0..count {
            // The first one accepts.
            let reactor = Reactor::new(Arc::clone(&shared), index, listeners.take().unwrap_or_default())?;
            let thread = shared.host.thread(format!("qmp-{index}"), move || reactor.run())?;
            server.threads.push(thread);
        }
        for terms in streams {
            let (stdio, socket) = Stdio::start(&shared.host)?;
            server.stdio.push(stdio);
            if let Ok((reactor, connection)) = shared.admit(socket, terms)
                && let Some(mailbox) = shared.mailboxes.get(reactor)
            {
                mailbox.post(Mail::Client(connection));
            }
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
        let hurries = *self.shared.ended.lock() != Some(Cause::Quit);
        for stdio in self.stdio.drain(..) {
            stdio.finish(if hurries { FAREWELL } else { LAST_WORDS });
        }
        self.shared.workers.finish();
        self.shared.writers.finish();
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
