//! Making a listening socket that only we can use.
//!
//! Its mode is 0600 from the first moment; a stale socket of ours is replaced, anything else in its place is not.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, getsockopt, listen, socket, sockopt,
};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::geteuid;

use super::Address;

/// How many clients may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A socket that listens; nobody is served before a [`Server`](super::Server) starts. Its file goes with it.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    /// Device and inode of the file.
    file: Option<(u64, u64)>,
}

fn refuse(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, format!("cannot listen on '{}': {why}", path.display()))
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Removes the socket that a server of ours left behind.
fn clear(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(refuse(path, "there is something that is no socket"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(refuse(path, "another program listens there")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            if metadata.uid() == geteuid().as_raw() {
                std::fs::remove_file(path)
            } else {
                Err(refuse(path, "there is a socket of another user"))
            }
        }
        Err(error) => Err(refuse(path, &error.to_string())),
    }
}

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// Something else is in the place, or the host refuses.
    pub fn bind(address: &Address) -> io::Result<Self> {
        let path = address.path();
        clear(path)?;
        let named = |error: nix::Error| refuse(path, error.desc());
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd: OwnedFd = socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(named)?;
        // The file is made with the mode of the socket (less the umask), so there is no moment at which it is open to
        // others.
        fchmod(&fd, Mode::S_IRUSR | Mode::S_IWUSR).map_err(named)?;
        bind(fd.as_raw_fd(), &UnixAddr::new(path).map_err(named)?).map_err(named)?;
        let listener =
            Listener { socket: UnixListener::from(fd), path: path.to_owned(), file: identity(path) };
        let backlog = Backlog::new(BACKLOG).unwrap_or(Backlog::MAXCONN);
        listen(&listener.socket, backlog).map_err(named)?;
        Ok(listener)
    }

    /// The next client that may be served; `None` when nobody waits. Others are turned away.
    pub(super) fn accept(&self) -> io::Result<Option<UnixStream>> {
        loop {
            match self.socket.accept() {
                Ok((client, _)) => {
                    let peer = getsockopt(&client, sockopt::PeerCredentials)?.uid();
                    if peer != geteuid().as_raw() && peer != 0 {
                        continue;
                    }
                    client.set_nonblocking(true)?;
                    return Ok(Some(client));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Somebody may have put another there.
        if self.file.is_some() && identity(&self.path) == self.file {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
