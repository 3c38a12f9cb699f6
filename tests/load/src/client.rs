//! One client: round trips, and many requests in flight.
//!
//! A reply is a line. That what is measured was not refused is seen from how the line begins; whoever wants to know
//! more reads the line.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::server::PATIENCE;

/// How an event begins.
const EVENT: &[u8] = b"{\"timestamp\"";

/// Requests one after the other, ready to be sent.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    text: Vec<u8>,
    /// Where each one ends.
    ends: Vec<usize>,
}

impl Requests {
    /// One more request: an object of JSON without a line end.
    pub fn push(&mut self, request: &str) {
        self.text.extend_from_slice(request.as_bytes());
        self.text.push(b'\n');
        self.ends.push(self.text.len());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn between(&self, start: usize, end: usize) -> &[u8] {
        let at = |index: usize| if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[at(start)..at(end)]
    }
}

impl<S: AsRef<str>> FromIterator<S> for Requests {
    fn from_iter<I: IntoIterator<Item = S>>(all: I) -> Self {
        let mut requests = Requests::default();
        all.into_iter().for_each(|one| requests.push(one.as_ref()));
        requests
    }
}

/// A client whose session is negotiated.
#[derive(Debug)]
pub struct Client {
    socket: UnixStream,
    buffer: Vec<u8>,
    /// Where the last line begins.
    last: usize,
    from: usize,
    to: usize,
}

impl Client {
    /// Connects and negotiates.
    ///
    /// # Errors
    /// Nobody listens, or nobody answers.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let begin = Instant::now();
        loop {
            match Self::try_connect(path, PATIENCE) {
                // QEMU listens again only when it has seen that the last client has gone.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused && begin.elapsed() < PATIENCE => {}
                done => return done,
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Connects, if somebody listens, and negotiates with so much patience.
    ///
    /// # Errors
    /// Nobody listens, or nobody answers.
    pub fn try_connect(path: &Path, patience: Duration) -> io::Result<Self> {
        let mut client = Self::raw(path)?;
        client.socket.set_read_timeout(Some(patience))?;
        client.line()?;
        client.call("{\"execute\":\"qmp_capabilities\"}\n")?;
        client.socket.set_read_timeout(Some(PATIENCE))?;
        Ok(client)
    }

    /// Connects and reads nothing.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn raw(path: &Path) -> io::Result<Self> {
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { socket, buffer: vec![0; 4 << 10], last: 0, from: 0, to: 0 })
    }

    /// The same with so much patience for a server that listens again only when it has seen that the last client has
    /// gone, as QEMU does, and for each line.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn raw_with_patience(path: &Path, patience: Duration) -> io::Result<Self> {
        let begin = Instant::now();
        let client = loop {
            match Self::raw(path) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused && begin.elapsed() < patience => {}
                done => break done?,
            }
            std::thread::sleep(Duration::from_micros(200));
        };
        client.socket.set_read_timeout(Some(patience))?;
        Ok(client)
    }

    /// Its socket alone.
    #[must_use]
    pub fn into_socket(self) -> UnixStream {
        self.socket
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The server is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    /// The next line, with its end.
    ///
    /// # Errors
    /// The server is gone.
    pub fn line(&mut self) -> io::Result<&[u8]> {
        let mut looked = self.from;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[looked..self.to]) {
                let line = self.from..looked + at + 1;
                (self.last, self.from) = (line.start, line.end);
                return Ok(&self.buffer[line]);
            }
            looked = self.to - self.from;
            self.more()?;
        }
    }

    /// Reads on; what is not taken moves to the front.
    fn more(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        if self.to == self.buffer.len() {
            self.buffer.resize(self.to * 2, 0);
        }
        match self.socket.read(&mut self.buffer[self.to..])? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                self.to += count;
                Ok(())
            }
        }
    }

    /// The next line that is no event.
    ///
    /// # Errors
    /// The server is gone.
    pub fn reply(&mut self) -> io::Result<&[u8]> {
        while self.line()?.starts_with(EVENT) {}
        Ok(&self.buffer[self.last..self.from])
    }

    /// Sends a request, which ends in a line end, and waits for what returns.
    ///
    /// # Errors
    /// It is refused, or the server is gone.
    pub fn call(&mut self, request: &str) -> io::Result<&[u8]> {
        self.send(request.as_bytes())?;
        let line = self.reply()?;
        if line.starts_with(b"{\"return\"") {
            return Ok(line);
        }
        Err(io::Error::other(format!("{request} → {}", String::from_utf8_lossy(line))))
    }

    /// How long each of so many round trips takes, in the order of time.
    ///
    /// # Errors
    /// It is refused, or the server is gone.
    pub fn round_trips(&mut self, request: &str, count: usize) -> io::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let begin = Instant::now();
            self.call(request)?;
            times.push(begin.elapsed());
        }
        Ok(times)
    }

    /// Sends all requests with at most so many in flight. Returns how many bytes the replies had.
    ///
    /// # Errors
    /// One is refused, or the server is gone.
    pub fn pipeline(&mut self, requests: &Requests, window: usize) -> io::Result<usize> {
        let (mut sent, mut got, mut bytes) = (0, 0, 0);
        while got < requests.len() {
            if sent - got <= window / 2 {
                let end = (got + window).min(requests.len());
                self.socket.write_all(requests.between(sent, end))?;
                sent = end;
            }
            if self.from == self.to {
                self.more()?;
            }
            while let Some(at) = memchr::memchr(b'\n', &self.buffer[self.from..self.to]) {
                let line = &self.buffer[self.from..=self.from + at];
                if line.starts_with(b"{\"return\"") {
                    got += 1;
                    bytes += line.len();
                } else if !line.starts_with(EVENT) {
                    return Err(io::Error::other(String::from_utf8_lossy(line).into_owned()));
                }
                self.from += at + 1;
            }
            if got < requests.len() && (sent - got > window / 2 || sent == requests.len()) {
                self.more()?;
            }
        }
        Ok(bytes)
    }
}
