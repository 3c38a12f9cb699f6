//! How other threads reach a reactor: a list of mail, and a bell that its epoll hears.

use std::io;

use nix::sys::eventfd::EventFd;
use parking_lot::Mutex;

use super::Cause;
use super::connection::Connection;
use crate::host::Host;

/// A message to a reactor.
pub(super) enum Mail {
    /// A client that is its own from now on.
    Client(Box<Connection>),
    /// There are events for a client.
    Events(u64),
    /// The work of a client's command is done; this is the reply.
    Finished(u64, String),
    /// The work of a client's command panicked, so there is no reply; the client is let go.
    Lost(u64),
    /// The server ends.
    End(Cause),
}

/// Where a reactor gets its mail.
pub(super) struct Mailbox {
    /// `None` once nobody reads it any more.
    mail: Mutex<Option<Vec<Mail>>>,
    /// Rings when there is mail.
    pub(super) bell: EventFd,
}

impl Mailbox {
    pub(super) fn new(host: &Host) -> io::Result<Self> {
        Ok(Mailbox { mail: Mutex::new(Some(Vec::new())), bell: host.bell()? })
    }

    /// Leaves mail, or drops it if nobody reads it any more.
    pub(super) fn post(&self, mail: Mail) {
        let mut box_ = self.mail.lock();
        let Some(all) = &mut *box_ else {
            drop(box_);
            drop(mail);
            return;
        };
        all.push(mail);
        let first = all.len() == 1;
        drop(box_);
        if first {
            let _ = self.bell.write(1);
        }
    }

    pub(super) fn take(&self) -> Vec<Mail> {
        // First the bell: what comes in between rings it again.
        let _ = self.bell.read();
        self.mail.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Nobody reads it any more. What was left goes: it may hold the mailbox itself.
    pub(super) fn close(&self) {
        let left = self.mail.lock().take();
        drop(left);
    }
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailbox")
    }
}
