//! Everything by which the client touches the host: connecting, reading, writing, the clock.
//!
//! The socket does not block; every wait is one `poll` up to a deadline, so that a server that sends a byte now and
//! then cannot stretch it. What is to be sent is written while replies are read: two sides that both only write would
//! wait for each other for ever.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use super::{ClientError, ServerAddress};

/// How long to wait before a server whose queue of clients is full is asked again.
const AGAIN: Duration = Duration::from_millis(20);

/// How long a wait that may be cancelled goes on unasked.
const SLICE: Duration = Duration::from_millis(200);

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// When waiting ends; `None` is never.
pub(super) type Deadline = Option<Instant>;

/// The moment that is `patience` from now.
pub(super) fn deadline(patience: Option<Duration>) -> Deadline {
    patience.and_then(|patience| Instant::now().checked_add(patience))
}

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// Something was read or written.
    Moved,
    /// The server has closed the connection.
    Closed,
    /// The deadline has passed.
    Late,
    /// Somebody wants it to end.
    Cancelled,
}

/// A connected socket.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Stream,
    cancel: Option<Arc<AtomicBool>>,
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Socket {
    /// Connects.
    pub(super) fn connect(
        to: &ServerAddress,
        deadline: Deadline,
        cancel: Option<Arc<AtomicBool>>,
    ) -> Result<Self, ClientError> {
        let (connected, path) = match to {
            ServerAddress::Unix(path) => {
                (connect_unix(path, deadline).map(Stream::Unix), Some(path.as_path()))
            }
            ServerAddress::Tcp { host, port } => (connect_tcp(host, *port, deadline).map(Stream::Tcp), None),
        };
        let connected = connected.map_err(|error| explain(to, path, &error));
        connected.map(|stream| Socket { stream, cancel })
    }

    /// Sets what ends every wait.
    pub(super) fn set_cancel(&mut self, cancel: Option<Arc<AtomicBool>>) {
        self.cancel = cancel;
    }

    /// Ends the connection; that it has ended already is no failure.
    pub(super) fn close(&mut self) {
        let _ = match &self.stream {
            Stream::Unix(socket) => socket.shutdown(Shutdown::Both),
            Stream::Tcp(socket) => socket.shutdown(Shutdown::Both),
        };
    }

    /// Reads what there is to `input` and writes what goes of `output`; waits until either has happened.
    pub(super) fn exchange(
        &mut self,
        input: &mut Vec<u8>,
        output: &mut Vec<u8>,
        deadline: Deadline,
    ) -> io::Result<Waited> {
        let mut wanted = PollFlags::POLLIN;
        wanted.set(PollFlags::POLLOUT, !output.is_empty());
        let ready = loop {
            if self.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
                return Ok(Waited::Cancelled);
            }
            let mut waiting = [PollFd::new(self.stream.as_fd(), wanted)];
            // A signal that comes just before the wait does not end it: look again now and then.
            let slice = self.cancel.as_ref().and_then(|_| Instant::now().checked_add(SLICE));
            match poll(&mut waiting, left(deadline.into_iter().chain(slice).min())) {
                Ok(0) if deadline.is_some_and(|end| Instant::now() >= end) => return Ok(Waited::Late),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => break waiting.iter().find_map(PollFd::revents).unwrap_or(PollFlags::empty()),
                Err(error) => return Err(error.into()),
            }
        };
        if ready.contains(PollFlags::POLLOUT) && !output.is_empty() {
            match self.stream.write(output) {
                Ok(count) => drop(output.drain(..count.min(output.len()))),
                Err(error) if is_momentary(&error) => {}
                // What the server said before it closed is still to be read.
                Err(error) if is_end(&error) => output.clear(),
                Err(error) => return Err(error),
            }
        }
        if ready.intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR) {
            let mut piece = [0; PIECE];
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(Waited::Closed),
                Ok(count) => input.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if is_momentary(&error) => {}
                Err(error) if is_end(&error) => return Ok(Waited::Closed),
                Err(error) => return Err(error),
            }
        }
        Ok(Waited::Moved)
    }
}

impl Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Unix(socket) => socket.as_fd(),
            Stream::Tcp(socket) => socket.as_fd(),
        }
    }

    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(socket) => socket.read(piece),
            Stream::Tcp(socket) => socket.read(piece),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(socket) => socket.write(bytes),
            Stream::Tcp(socket) => socket.write(bytes),
        }
    }
}

/// The time until then, for `poll`; rounded up, so that nothing spins.
fn left(deadline: Deadline) -> PollTimeout {
    let Some(end) = deadline else { return PollTimeout::NONE };
    let left = end.saturating_duration_since(Instant::now()).as_millis().saturating_add(1);
    PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
}

fn is_momentary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

fn connect_unix(path: &Path, deadline: Deadline) -> io::Result<UnixStream> {
    let address = UnixAddr::new(path)?;
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    loop {
        match connect(socket.as_raw_fd(), &address) {
            Ok(()) => return Ok(socket.into()),
            Err(Errno::EINTR) => {}
            // The queue of clients that wait to be accepted is full, and nothing tells when it is not any more.
            Err(Errno::EAGAIN) => match deadline.map(|end| end.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Err(ErrorKind::TimedOut.into()),
                left => std::thread::sleep(left.map_or(AGAIN, |left| left.min(AGAIN))),
            },
            Err(error) => return Err(error.into()),
        }
    }
}

fn connect_tcp(host: &str, port: u16, deadline: Deadline) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        let connected = match deadline.map(|end| end.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return Err(ErrorKind::TimedOut.into()),
            Some(left) => TcpStream::connect_timeout(&address, left),
            None => TcpStream::connect(address),
        };
        match connected {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                socket.set_nonblocking(true)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What the failure to connect means to a person.
fn explain(to: &ServerAddress, path: Option<&Path>, error: &io::Error) -> ClientError {
    let address = to.to_string();
    let is_socket = || path.is_none_or(|path| path.metadata().is_ok_and(|it| it.file_type().is_socket()));
    match error.kind() {
        ErrorKind::TimedOut => ClientError::Busy { address },
        ErrorKind::NotFound if path.is_some() => ClientError::NoSocket { address },
        ErrorKind::PermissionDenied => ClientError::Forbidden { address },
        ErrorKind::ConnectionRefused if is_socket() => ClientError::NobodyListens { address },
        ErrorKind::ConnectionRefused => ClientError::NotASocket { address },
        _ => ClientError::CannotConnect { address, reason: reason(error) },
    }
}

/// Why a call failed, without the error's number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" (os error ").map_or_else(|| text.clone(), |(reason, _)| reason.to_owned())
}
