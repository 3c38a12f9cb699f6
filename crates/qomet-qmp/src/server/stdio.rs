//! A client on standard input and output.
//!
//! Its reactor has one end of a pair of sockets; two threads carry bytes between the other end and the process's
//! streams. So a file, a pipe and a terminal all work (epoll takes no files), and what other programs share with us,
//! such as the terminal, is not made non-blocking behind their backs.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::host::Host;

/// So much is carried at once.
const BUFFER: usize = 64 << 10;

/// The threads that carry bytes.
#[derive(Debug)]
pub(super) struct Stdio {
    /// Ends when everything has been written to standard output.
    written: Receiver<()>,
}

impl Stdio {
    /// Starts the threads; the socket is the client's.
    pub(super) fn start(host: &Host) -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = host.pair()?;
        let mut reader = theirs.try_clone()?;
        let mut writer = theirs;
        let (done, written) = channel::<()>();
        let (input, output) = (host.clone(), host.clone());
        host.thread("qmp-stdout".to_owned(), move || {
            let mut buffer = vec![0; BUFFER];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if output.output(buffer.get(..count).unwrap_or_default()).is_err() {
                    break;
                }
            }
            // Whoever does not listen any more has left.
            let _ = reader.shutdown(Shutdown::Both);
            drop(done);
        })?;
        host.thread("qmp-stdin".to_owned(), move || {
            while let Ok(bytes) = input.input() {
                if bytes.is_empty() || writer.write_all(&bytes).is_err() {
                    break;
                }
            }
            let _ = writer.shutdown(Shutdown::Write);
        })?;
        Ok((Stdio { written }, ours))
    }

    /// Waits until everything is written, but not longer than this. The thread that reads may wait for input as long
    /// as the process lives.
    pub(super) fn finish(self, patience: Duration) {
        let _ = self.written.recv_timeout(patience);
    }
}
