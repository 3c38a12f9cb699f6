//! One client: its socket, what was received and not yet taken, what was written and not yet sent.
//!
//! Owned by one reactor. Input is read only when all earlier input has been taken, and taken only while little waits to
//! be sent, so a client that does not read bounds itself.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use super::{Cause, Seat};
use crate::host::Host;
use crate::session::{Job, Session, Step};
use crate::wire::write_event;

/// With so many bytes waiting to be sent, no more requests are taken.
const FULL: usize = 1 << 20;
/// A buffer larger than this is given back once it is empty.
const KEPT: usize = 64 << 10;
/// A turn takes no more requests after this time, so that others have theirs.
const BUDGET: Duration = Duration::from_micros(500);
/// How often in a turn events are sent.
const ROUNDS: usize = 4;
/// After so many requests, and before that ever less often, a turn looks at the clock.
const UNWATCHED: u32 = 32;

/// Some clients write the end of the line on its own, when the request in front of it is long understood. Whoever says
/// `quit` in this way must not find the socket closed by then; so long its line end is waited for.
const LINE_END: Duration = Duration::from_millis(250);

/// What becomes of a connection after a turn.
pub(super) enum Fate {
    /// It waits for its socket.
    Waits,
    /// It has more to do at once, when the others have had their turn.
    Again,
    /// It is over.
    Over,
}

/// One client.
pub(super) struct Connection {
    host: Host,
    socket: OwnedFd,
    session: Session,
    /// What was received, and how much of it was taken.
    input: Vec<u8>,
    taken: usize,
    /// What was written, and how much of it was sent.
    output: String,
    sent: usize,
    /// Descriptors, each with the place in the output that they go with: the first byte of a reply.
    handed: VecDeque<(usize, Vec<Arc<OwnedFd>>)>,
    /// Whether the client has sent its last byte.
    ended: bool,
    /// Whether the last byte that was received ends no line, so that more of it may be on its way.
    within_line: bool,
    /// Whether this client said `quit`.
    pub(super) quits: bool,
    /// Work to be started.
    pub(super) job: Option<Job>,
    /// What the reactor waits for.
    pub(super) interest: EpollFlags,
    /// Whether it stands among those that have more to do at once.
    pub(super) queued: bool,
    /// Whether the server ends with this client.
    pub(super) sole: bool,
    /// Its place among the clients that there may be.
    _seat: Seat,
}

impl Connection {
    /// A new client, greeted.
    pub(super) fn new(host: Host, socket: OwnedFd, session: Session, seat: Seat, sole: bool) -> Self {
        let mut output = String::new();
        session.greet(&mut output);
        Connection {
            host,
            socket,
            session,
            input: Vec::new(),
            taken: 0,
            output,
            sent: 0,
            handed: VecDeque::new(),
            ended: false,
            within_line: false,
            quits: false,
            job: None,
            interest: EpollFlags::empty(),
            queued: false,
            sole,
            _seat: seat,
        }
    }

    /// The number of the client.
    pub(super) fn number(&self) -> u64 {
        self.session.peer().number()
    }

    /// Whether a command of the client is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.session.is_busy()
    }

    /// One turn: sends, reads at most one buffer, takes what was received, sends.
    pub(super) fn turn(&mut self, buffer: &mut [u8], readable: bool) -> Fate {
        match self.try_turn(buffer, readable) {
            Ok(fate) => fate,
            Err(_) => Fate::Over,
        }
    }

    fn try_turn(&mut self, buffer: &mut [u8], readable: bool) -> io::Result<Fate> {
        self.send()?;
        if readable && self.wants_input() {
            let count = self.receive(buffer)?;
            let received = buffer.get(..count).unwrap_or_default();
            let taken = self.take(received);
            self.input.extend_from_slice(received.get(taken..).unwrap_or_default());
        } else {
            let input = std::mem::take(&mut self.input);
            self.taken += self.take(input.get(self.taken..).unwrap_or_default());
            if self.taken < input.len() {
                self.input = input;
            } else {
                self.taken = 0;
            }
        }
        self.send()?;
        let mut events = true;
        for _ in 0..ROUNDS {
            if !events || !self.output.is_empty() {
                break;
            }
            events = self.session.peer().deliver(&mut self.output, FULL);
            self.send()?;
        }
        let idle = self.output.is_empty() && self.input.is_empty() && self.session.is_idle();
        Ok(match () {
            () if self.ended && idle => Fate::Over,
            () if self.has_more() && !self.is_full() && self.session.is_open() => Fate::Again,
            () if events && self.output.is_empty() && self.session.is_negotiated() => Fate::Again,
            () => Fate::Waits,
        })
    }

    fn is_full(&self) -> bool {
        self.output.len() - self.sent > FULL
    }

    /// Whether there is something to take without receiving anything.
    fn has_more(&self) -> bool {
        !self.input.is_empty() || self.session.has_waiting()
    }

    fn wants_input(&self) -> bool {
        !self.ended && self.input.is_empty() && !self.is_full() && self.session.is_open()
    }

    /// What to wait for.
    pub(super) fn wanted(&self) -> EpollFlags {
        let mut wanted = EpollFlags::empty();
        wanted.set(EpollFlags::EPOLLIN, self.wants_input());
        wanted.set(EpollFlags::EPOLLOUT, !self.output.is_empty());
        wanted
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut descriptors = Vec::new();
        let received = self.host.receive(self.socket.as_fd(), buffer, &mut descriptors);
        self.session.peer().receive_descriptors(descriptors);
        match received {
            Ok(0) => {
                self.ended = true;
                Ok(0)
            }
            Ok(count) => {
                self.within_line = buffer.get(count - 1) != Some(&b'\n');
                Ok(count)
            }
            Err(error) if is_later(&error) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Takes messages from `bytes` while that is possible; returns how many bytes were taken.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let (mut at, mut count, mut started) = (0, 0, None);
        while self.session.is_open() && !self.is_full() {
            let reply = self.output.len();
            let (taken, step) = self.session.step(bytes.get(at..).unwrap_or_default(), &mut self.output);
            at += taken;
            match step {
                Step::Hungry => break,
                Step::Taken => {}
                Step::Started(job) => self.job = Some(job),
                Step::Handed(descriptors) => self.handed.push_back((reply, descriptors)),
            }
            count += 1;
            // Not after the first: most turns have no second.
            let looks = count > 1 && (u32::is_power_of_two(count) || count % UNWATCHED == 0);
            if looks && started.get_or_insert_with(Instant::now).elapsed() > BUDGET {
                break;
            }
        }
        at
    }

    fn send(&mut self) -> io::Result<()> {
        while self.sent < self.output.len() {
            // One piece has at most one set of descriptors, and that with its first byte.
            let due = self.handed.front().filter(|(at, _)| *at == self.sent);
            let next = self.handed.get(usize::from(due.is_some()));
            let until = next.map_or(self.output.len(), |(at, _)| *at);
            let piece = self.output.as_bytes().get(self.sent..until).unwrap_or_default();
            let sent = match due {
                Some((_, descriptors)) => self.host.send_with(self.socket.as_fd(), piece, descriptors),
                None => self.host.send(self.socket.as_fd(), piece),
            };
            let has_handed = due.is_some();
            match sent {
                Ok(count) => {
                    self.sent += count;
                    if has_handed && count > 0 {
                        self.handed.pop_front();
                    }
                }
                Err(error) if is_later(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.sent = 0;
        self.output.clear();
        if self.output.capacity() > KEPT {
            self.output = String::new();
        }
        Ok(())
    }

    /// The work that was under way is done. What it posted comes in front of its reply.
    pub(super) fn finish(&mut self, reply: String) {
        self.session.peer().deliver(&mut self.output, FULL);
        // A whole tree is not copied once more.
        if self.output.is_empty() {
            self.output = reply;
        } else {
            self.output.push_str(&reply);
        }
        self.session.finish();
    }

    /// Says goodbye. Returns whether there is something to [wait](Self::linger) for.
    pub(super) fn farewell(&mut self, cause: Cause) -> bool {
        if self.session.is_negotiated() {
            self.session.peer().deliver(&mut self.output, FULL);
            write_event(&mut self.output, "SHUTDOWN", |data| {
                use qomet::Output as _;
                data.begin_struct();
                data.member("guest");
                data.boolean(false);
                data.member("reason");
                data.string(cause.as_str());
                data.end_struct();
            });
        }
        self.send().is_ok() && (!self.output.is_empty() || self.ends_later())
    }

    /// Whether the client said `quit` and may still write the end of the line.
    fn ends_later(&self) -> bool {
        self.quits && self.within_line && !self.ended
    }

    /// Waits until the rest is sent and the line has its end, but not beyond this moment: whoever does not read does not hear it.
    pub(super) fn linger(&mut self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let reading = self.host.patience(LINE_END).min(left);
        if !left.is_zero() && self.host.set_patience(self.socket.as_fd(), reading, left).is_ok() {
            let _ = self.send();
            if self.ends_later() {
                let _ = self.receive(&mut [0; 16]);
            }
        }
    }
}

/// Whether it is only not possible now.
fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
