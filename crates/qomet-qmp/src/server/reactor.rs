//! A thread that waits for sockets and serves those that are ready, one turn each.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, mem};

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags, EpollTimeout};

use super::connection::{Connection, Fate};
use super::mailbox::{Mail, Mailbox};
use super::{Cause, FAREWELL, Listener, Shared, Terms};
use crate::wire::{Refusal, write_error};

/// So much is read at once.
const BUFFER: usize = 64 << 10;
/// How many sockets are told of at once.
const EVENTS: usize = 256;
/// How many clients are let in at once.
const ACCEPTED: usize = 64;
/// How long no client is accepted after the host had no descriptor for one.
const PAUSE: Duration = Duration::from_millis(50);

/// The number of the bell in epoll; those of the listeners follow, then those of the clients.
const BELL: u64 = 0;
pub(super) const FIRST_CLIENT: u64 = 1 << 16;

/// A thread's part of a server.
pub(super) struct Reactor {
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    epoll: Epoll,
    listeners: Vec<Listener>,
    /// Until when nobody is accepted.
    paused: Option<Instant>,
    connections: HashMap<u64, Box<Connection>, foldhash::fast::RandomState>,
    /// Who has more to do at once.
    again: Vec<u64>,
    buffer: Vec<u8>,
}

impl Reactor {
    pub(super) fn new(shared: Arc<Shared>, index: usize, listeners: Vec<Listener>) -> io::Result<Self> {
        let mailbox = shared.mailboxes.get(index).cloned().ok_or(io::ErrorKind::InvalidInput)?;
        let host = &shared.host;
        let epoll = host.epoll()?;
        host.watch(&epoll, &mailbox.bell, EpollFlags::EPOLLIN, BELL)?;
        for (number, socket) in (BELL + 1..).zip(listeners.iter().flat_map(Listener::sockets)) {
            host.watch(&epoll, socket, EpollFlags::EPOLLIN, number)?;
        }
        Ok(Reactor {
            shared,
            mailbox,
            epoll,
            listeners,
            paused: None,
            connections: HashMap::default(),
            again: Vec::new(),
            buffer: vec![0; BUFFER],
        })
    }

    /// Serves until the server ends.
    pub(super) fn run(mut self) {
        let mut events = [EpollEvent::empty(); EVENTS];
        let cause = loop {
            // Nothing can be waited for any more.
            let waited = self.shared.host.wait(&self.epoll, &mut events, self.timeout());
            let Ok(count) = waited else { break Cause::Signal };
            if let Some(cause) = self.round(events.get(..count).unwrap_or_default()) {
                break cause;
            }
        };
        self.shared.end(cause);
        // Nobody new is let in, and the files go, before anybody is told.
        self.listeners.clear();
        // Whose command is under way is told how it ended; nobody waits for that with them.
        let mut busy: HashMap<_, _> = self.connections.extract_if(|_, one| one.is_busy()).collect();
        let idle = mem::take(&mut self.connections);
        self.part(idle.into_values(), cause);
        while !busy.is_empty() {
            for mail in self.mailbox.take() {
                match mail {
                    Mail::Finished(number, reply) => {
                        if let Some(mut connection) = busy.remove(&number) {
                            connection.finish(reply);
                            self.part([connection], cause);
                        }
                    }
                    Mail::Lost(number) => drop(busy.remove(&number)),
                    Mail::Client(_) | Mail::Events(_) | Mail::End(_) => {}
                }
            }
            // The work was cancelled, and the server waits for its end in any case.
            if !busy.is_empty() && self.shared.host.wait_for_bell(&self.mailbox.bell).is_err() {
                break;
            }
        }
        self.mailbox.close();
    }

    /// Says goodbye to clients and lets them go.
    fn part(&self, connections: impl IntoIterator<Item = Box<Connection>>, cause: Cause) {
        let all = connections.into_iter();
        let late: Vec<_> = all.filter_map(|mut one| one.farewell(cause).then_some(one)).collect();
        let deadline = Instant::now() + self.shared.host.patience(FAREWELL);
        for mut connection in late {
            connection.linger(deadline);
        }
    }

    fn timeout(&self) -> EpollTimeout {
        if !self.again.is_empty() {
            EpollTimeout::ZERO
        } else if self.paused.is_some() {
            EpollTimeout::try_from(PAUSE).unwrap_or(EpollTimeout::ZERO)
        } else {
            EpollTimeout::NONE
        }
    }

    fn round(&mut self, events: &[EpollEvent]) -> Option<Cause> {
        for event in events {
            match event.data() {
                BELL => {}
                number if number < FIRST_CLIENT => self.accept(number - 1),
                number => {
                    let input = EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
                    self.serve(number, event.events().intersects(input));
                }
            }
        }
        for number in mem::take(&mut self.again) {
            if let Some(connection) = self.connections.get_mut(&number) {
                connection.queued = false;
            }
            self.serve(number, false);
        }
        if self.paused.is_some_and(|until| until <= Instant::now()) {
            self.paused = None;
            self.listen(EpollFlags::EPOLLIN);
        }
        let mut ended = None;
        if events.iter().any(|event| event.data() == BELL) {
            for mail in self.mailbox.take() {
                match mail {
                    Mail::Client(connection) => self.adopt(connection),
                    Mail::Events(number) => self.serve(number, false),
                    Mail::Finished(number, reply) => {
                        if let Some(connection) = self.connections.get_mut(&number) {
                            connection.finish(reply);
                            self.serve(number, false);
                        }
                    }
                    Mail::Lost(number) => self.forget(number),
                    Mail::End(cause) => ended = Some(cause),
                }
            }
        }
        ended.or_else(|| self.shared.dispatcher.is_quitting().then_some(Cause::Quit))
    }

    fn listen(&self, flags: EpollFlags) {
        let sockets = self.listeners.iter().flat_map(Listener::sockets);
        for (number, socket) in (BELL + 1..).zip(sockets) {
            let _ = self.shared.host.rewatch(&self.epoll, socket, flags, number);
        }
    }

    /// Lets in who waits at a listening socket, but not so many that others wait for it.
    fn accept(&mut self, index: u64) {
        for _ in 0..ACCEPTED {
            let pairs = self
                .listeners
                .iter()
                .flat_map(|listener| listener.sockets().iter().map(move |one| (listener, one)));
            let found = usize::try_from(index).ok().and_then(|index| pairs.into_iter().nth(index));
            let Some((listener, socket)) = found else { return };
            let read_only = listener.is_read_only();
            let terms = Terms { read_only, sole: false, descriptors: socket.is_unix() };
            let admitted = match listener.accept(socket) {
                Ok(Some(client)) => self.shared.admit(client, terms),
                Ok(None) => return,
                Err(error) => {
                    // No descriptor: waiting for the listener now would only spin.
                    tracing::warn!(%error, "cannot accept clients for a moment");
                    self.paused = Some(Instant::now() + PAUSE);
                    self.listen(EpollFlags::empty());
                    return;
                }
            };
            match admitted {
                Ok((reactor, connection)) => match self.shared.mailboxes.get(reactor) {
                    Some(other) if !Arc::ptr_eq(other, &self.mailbox) => other.post(Mail::Client(connection)),
                    _ => self.adopt(connection),
                },
                Err(client) => self.turn_away(&client),
            }
        }
    }

    /// Tells a client that there are too many.
    fn turn_away(&self, client: &OwnedFd) {
        let limit = self.shared.limits.clients;
        tracing::warn!(limit, "client turned away: there are too many");
        let mut text = String::new();
        let refusal = Refusal::custom("too-many-clients", format!("there are {limit} clients already"));
        write_error(&mut text, None, &refusal);
        let _ = self.shared.host.send(client.as_fd(), text.as_bytes());
    }

    fn adopt(&mut self, mut connection: Box<Connection>) {
        let number = connection.number();
        connection.interest = EpollFlags::EPOLLIN;
        if self.shared.host.watch(&self.epoll, &*connection, connection.interest, number).is_ok() {
            self.connections.insert(number, connection);
            self.serve(number, false);
        }
    }

    fn serve(&mut self, number: u64, readable: bool) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        // A command of the program may panic; only its client is let go, as if it were work of its own.
        let turn = AssertUnwindSafe(|| connection.turn(&mut self.buffer, readable));
        let Ok(fate) = catch_unwind(turn) else { return self.forget(number) };
        connection.quits |= self.shared.dispatcher.is_quitting();
        if let Some(job) = connection.job.take() {
            let mailbox = Arc::clone(&self.mailbox);
            let threads = if job.is_short() { &self.shared.writers } else { &self.shared.workers };
            threads.submit(move || {
                // An author's code may panic; its client must not wait for ever.
                let done = catch_unwind(AssertUnwindSafe(|| job.run()));
                mailbox.post(done.map_or(Mail::Lost(number), |reply| Mail::Finished(number, reply)));
            });
        }
        match fate {
            Fate::Over => return self.forget(number),
            Fate::Again if connection.queued => {}
            Fate::Again => {
                connection.queued = true;
                self.again.push(number);
            }
            Fate::Waits => {}
        }
        let mut wanted = connection.wanted();
        if wanted.is_empty() {
            // A client that is gone is told of whatever is wanted: once will do while its command is under way.
            wanted = EpollFlags::EPOLLET;
        }
        if wanted != connection.interest {
            connection.interest = wanted;
            if self.shared.host.rewatch(&self.epoll, &**connection, wanted, number).is_err() {
                self.forget(number);
            }
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(connection) = self.connections.remove(&number) {
            let _ = self.epoll.delete(&*connection);
            if connection.sole {
                self.shared.end(Cause::Quit);
            }
        }
    }
}
