//! Sockets and threads: any number of clients on unix sockets.
//!
//! A few threads wait for sockets with epoll (`reactor`); each client belongs to one of them (`connection`), so that
//! no lock is held while commands run. What takes long runs on a worker thread (`workers`). `listen` makes the
//! sockets, `address` reads `--qmp`.
//!
//! Whole buffers are read, and all that they ask for is answered with one write. A client that does not read is not
//! read from.
//!
//! Why not an async runtime: it would stand in the public interface of whoever embeds a server, for one kind of socket
//! and a handful of threads.

mod address;
mod connection;
mod listen;
mod reactor;
mod workers;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;

use nix::sys::eventfd::{EfdFlags, EventFd};
use parking_lot::{Condvar, Mutex};

pub use address::{Address, AddressError};
pub use listen::Listener;

use crate::dispatch::Dispatcher;
use connection::Connection;
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
    dispatcher: Arc<Dispatcher>,
    mailboxes: Vec<Arc<Mailbox>>,
    workers: Workers,
    clients: AtomicUsize,
    ended: Mutex<Option<Cause>>,
    ending: Condvar,
}

/// A message to a reactor.
enum Mail {
    /// A client that is its own from now on.
    Client(Box<Connection>),
    /// The work of a client's command is done; this is the reply.
    Finished(u64, String),
    /// The work of a client's command panicked, so there is no reply; the client is let go.
    Lost(u64),
    /// The server ends.
    End(Cause),
}

/// Where a reactor gets its mail.
#[derive(Debug)]
struct Mailbox {
    mail: Mutex<Vec<Mail>>,
    bell: EventFd,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Mail::Client(_) => "Client",
            Mail::Finished(..) => "Finished",
            Mail::Lost(_) => "Lost",
            Mail::End(_) => "End",
        })
    }
}

impl Mailbox {
    fn new() -> io::Result<Self> {
        let bell = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Mailbox { mail: Mutex::default(), bell })
    }

    fn post(&self, mail: Mail) {
        self.mail.lock().push(mail);
        // It fails only if the counter is full, and then the bell rings anyway.
        let _ = self.bell.write(1);
    }

    fn take(&self) -> Vec<Mail> {
        let _ = self.bell.read();
        std::mem::take(&mut *self.mail.lock())
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
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(REACTORS);
        let mailboxes: Vec<_> =
            (0..count).map(|_| Mailbox::new().map(Arc::new)).collect::<io::Result<_>>()?;
        let shared = Arc::new(Shared {
            dispatcher: Arc::new(dispatcher),
            mailboxes,
            workers: Workers::default(),
            clients: AtomicUsize::new(0),
            ended: Mutex::default(),
            ending: Condvar::new(),
        });
        let mut server = Server { shared: Arc::clone(&shared), threads: Vec::new() };
        let mut listeners = Some(listeners);
        for index in 0..count {
            // The first one accepts.
            let reactor = Reactor::new(Arc::clone(&shared), index, listeners.take().unwrap_or_default())?;
            let thread = std::thread::Builder::new().name(format!("qmp-{index}"));
            server.threads.push(thread.spawn(move || reactor.run())?);
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
