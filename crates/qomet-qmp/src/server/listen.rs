//! Making a listening socket that only we can use.
//!
//! Its mode is 0600 from the first moment; a stale socket of ours is replaced, anything else in its place is not.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::sys::stat::SFlag;
use nix::unistd::geteuid;

use super::Address;
use crate::host::Host;

/// How many clients may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A socket that listens; nobody is served before a [`Server`](super::Server) starts. Its file goes with it.
#[derive(Debug)]
pub struct Listener {
    host: Host,
    socket: UnixListener,
    path: PathBuf,
    /// Device and inode of the file.
    file: Option<(u64, u64)>,
}

fn refuse(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, format!("cannot listen on '{}': {why}", path.display()))
}

fn identity(host: &Host, path: &Path) -> Option<(u64, u64)> {
    let stat = host.stat_name(path).ok()??;
    Some((stat.st_dev, stat.st_ino))
}

/// Removes the socket that a server of ours left behind.
fn clear(host: &Host, path: &Path) -> io::Result<()> {
    let failed = |error: io::Error| refuse(path, &describe(&error));
    let Some(stat) = host.stat_name(path).map_err(failed)? else { return Ok(()) };
    if !SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()).contains(SFlag::S_IFSOCK) {
        return Err(refuse(path, "there is something that is no socket"));
    }
    match host.connect(path) {
        Ok(_) => Err(refuse(path, "another program listens there")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            if stat.st_uid == geteuid().as_raw() {
                host.unlink(path).map_err(failed)
            } else {
                Err(refuse(path, "there is a socket of another user"))
            }
        }
        Err(error) => Err(failed(error)),
    }
}

/// What the host says, without its number.
fn describe(error: &io::Error) -> String {
    error
        .raw_os_error()
        .map_or_else(|| error.to_string(), |code| nix::Error::from_raw(code).desc().to_owned())
}

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// Something else is in the place, or the host refuses.
    pub fn bind(address: &Address) -> io::Result<Self> {
        Self::bind_on(Host::real(), address)
    }

    pub(crate) fn bind_on(host: Host, address: &Address) -> io::Result<Self> {
        let path = address.path();
        clear(&host, path)?;
        let socket = host.listen_unix(path, BACKLOG).map_err(|error| refuse(path, &describe(&error)))?;
        let file = identity(&host, path);
        Ok(Listener { host, socket, path: path.to_owned(), file })
    }

    /// The next client that may be served; `None` when nobody waits. Others are turned away.
    pub(super) fn accept(&self) -> io::Result<Option<UnixStream>> {
        while let Some(client) = self.host.accept(&self.socket)? {
            let peer = self.host.peer(&client)?;
            if peer == geteuid().as_raw() || peer == 0 {
                self.host.set_nonblocking(&client)?;
                return Ok(Some(client));
            }
        }
        Ok(None)
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
        if self.file.is_some() && identity(&self.host, &self.path) == self.file {
            let _ = self.host.unlink(&self.path);
        }
    }
}
