//! Many clients on one thread, each of which sends its next request when it has its reply.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::client::Client;
use crate::server::PATIENCE;

/// How a crowd was served.
#[derive(Clone, Debug)]
pub struct Served {
    /// Replies a second, all clients together.
    pub rate: f64,
    /// How long each reply took, in the order of size.
    pub times: Vec<Duration>,
    /// How many replies the client with the most had for one of the client with the fewest.
    pub unfairness: f64,
}

struct Member {
    socket: UnixStream,
    sent: Instant,
    replies: u32,
}

/// Lets us, and the processes started from now on, have as many descriptors as the host allows; returns how many.
///
/// # Errors
/// The host does not tell.
pub fn raise_descriptors() -> io::Result<u64> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(hard)
}

/// Has clients, one on each socket in turn, ask the same for so long.
///
/// # Errors
/// One is refused, or the server is gone.
pub fn serve(sockets: &[PathBuf], clients: usize, request: &str, long: Duration) -> io::Result<Served> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let mut crowd = Vec::with_capacity(clients);
    for (index, path) in sockets.iter().cycle().take(clients).enumerate() {
        let socket = negotiated(path)?;
        epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, index as u64))?;
        crowd.push(Member { socket, sent: Instant::now(), replies: 0 });
    }
    let request = request.as_bytes();
    let begin = Instant::now();
    for member in &mut crowd {
        member.sent = Instant::now();
        member.socket.write_all(request)?;
    }
    let mut times = Vec::new();
    let mut events = [EpollEvent::empty(); 256];
    let mut buffer = [0; 4096];
    let mut waiting = clients;
    while waiting > 0 {
        let count =
            epoll.wait(&mut events, EpollTimeout::try_from(PATIENCE).unwrap_or(EpollTimeout::NONE))?;
        if count == 0 {
            return Err(ErrorKind::TimedOut.into());
        }
        let goes_on = begin.elapsed() < long;
        for event in &events[..count] {
            let member = &mut crowd[event.data() as usize];
            let count = member.socket.read(&mut buffer)?;
            if !buffer[..count].starts_with(b"{\"return\"") || buffer[count - 1] != b'\n' {
                return Err(io::Error::other(String::from_utf8_lossy(&buffer[..count]).into_owned()));
            }
            times.push(member.sent.elapsed());
            if goes_on {
                member.replies += 1;
                member.sent = Instant::now();
                member.socket.write_all(request)?;
            } else {
                waiting -= 1;
            }
        }
    }
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let replies = || crowd.iter().map(|member| f64::from(member.replies + 1));
    let unfairness = replies().fold(0.0, f64::max) / replies().fold(f64::INFINITY, f64::min);
    Ok(Served { rate, times, unfairness })
}

/// How many clients are served at once, of those that try.
///
/// # Errors
/// The host has no descriptors for them.
pub fn accepted(path: &Path, clients: usize, request: &str) -> io::Result<usize> {
    let mut all = Vec::with_capacity(clients);
    for _ in 0..clients {
        match negotiated(path) {
            Ok(socket) => all.push(socket),
            Err(_) => break,
        }
    }
    let mut served = 0;
    for socket in &mut all {
        socket.write_all(request.as_bytes())?;
        let mut reply = [0; 4096];
        let count = socket.read(&mut reply)?;
        served += usize::from(reply[..count].starts_with(b"{\"return\""));
    }
    Ok(served)
}

/// A client of which nothing but its socket is kept.
fn negotiated(path: &Path) -> io::Result<UnixStream> {
    Client::connect(path).map(Client::into_socket)
}
