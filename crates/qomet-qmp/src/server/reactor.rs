//! A thread that waits for sockets and serves those that are ready, one turn each.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::{io, mem};

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags, EpollTimeout};

use super::connection::{Connection, Fate};
use super::mailbox::{Mail, Mailbox};
use super::{CLIENTS, Cause, Listener, Seat, Shared};
use crate::peer::Peer;
use crate::session::Session;

/// So much is read at once.
const BUFFER: usize = 64 << 10;
/// How many sockets are told of at once.
const EVENTS: usize = 256;
/// How long goodbyes may take.
const FAREWELL: Duration = Duration::from_millis(300);
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
        for (number, listener) in (BELL + 1..).zip(&listeners) {
            host.watch(&epoll, listener, EpollFlags::EPOLLIN, number)?;
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
        let deadline = Instant::now() + FAREWELL;
        for connection in self.connections.values_mut() {
            connection.farewell(cause, deadline);
        }
        self.mailbox.close();
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
                            connection.finish(&reply);
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
        for (number, listener) in (BELL + 1..).zip(&self.listeners) {
            let _ = self.shared.host.rewatch(&self.epoll, listener, flags, number);
        }
    }

    fn accept(&mut self, listener: u64) {
        loop {
            let listener = usize::try_from(listener).ok().and_then(|index| self.listeners.get(index));
            let socket = match listener.map(Listener::accept) {
                Some(Ok(Some(socket))) => socket,
                Some(Err(_)) => {
                    // No descriptor: waiting for the listener now would only spin.
                    self.paused = Some(Instant::now() + PAUSE);
                    self.listen(EpollFlags::empty());
                    return;
                }
                Some(Ok(None)) | None => return,
            };
            let Some(seat) = Seat::take(&self.shared.clients, CLIENTS) else {
                let mut text = String::new();
                let what = format!("there are {CLIENTS} clients already");
                crate::wire::write_error(
                    &mut text,
                    None,
                    &crate::wire::Refusal::custom("too-many-clients", what),
                );
                let _ = self.shared.host.send(socket.as_fd(), text.as_bytes());
                continue;
            };
            let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
            let index = usize::try_from(number).unwrap_or_default() % self.shared.mailboxes.len().max(1);
            let mailbox = self.shared.mailboxes.get(index).unwrap_or(&self.mailbox);
            let wake = Arc::clone(mailbox);
            let peer = Arc::new(Peer::new(number, move |number| wake.post(Mail::Events(number))));
            let session = Session::new(Arc::clone(&self.shared.dispatcher), peer);
            let connection = Box::new(Connection::new(self.shared.host.clone(), socket, session, seat));
            if Arc::ptr_eq(mailbox, &self.mailbox) {
                self.adopt(connection);
            } else {
                mailbox.post(Mail::Client(connection));
            }
        }
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
        let fate = connection.turn(&mut self.buffer, readable);
        if let Some(job) = connection.job.take() {
            let mailbox = Arc::clone(&self.mailbox);
            self.shared.workers.submit(move || {
                // An author's code may panic; its client must not wait for ever.
                let done = catch_unwind(AssertUnwindSafe(|| job.run()));
                mailbox.post(done.map_or(Mail::Lost(number), |reply| Mail::Finished(number, reply)));
            });
        }
        match fate {
            Fate::Over => return self.forget(number),
            Fate::Again => self.again.push(number),
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
        }
    }
}
