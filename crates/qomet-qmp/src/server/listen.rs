//! Making listening sockets that only we can use.
//!
//! A unix socket has the mode 0600 from the first moment; a stale socket of ours is replaced, anything else in its
//! place is not; only our own user and root are served. A TCP socket is on the loopback interface unless its maker
//! says otherwise: QMP has no passwords. Sockets that systemd listens on are taken as they are.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::stat::SFlag;
use nix::unistd::geteuid;
use rustix::net::AddressFamily;

use super::{Address, systemd};
use crate::host::Host;

/// How many clients may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long to wait for another program that makes a socket in the same folder.
const HOLDING: Duration = Duration::from_secs(1);

/// A place where clients come from; nobody is served before a [`Server`](super::Server) starts. The file of a unix
/// socket goes with it.
#[derive(Debug)]
pub struct Listener {
    host: Host,
    address: Address,
    read_only: bool,
    sockets: Vec<Socket>,
}

/// A listening socket.
#[derive(Debug)]
pub(super) struct Socket {
    fd: OwnedFd,
    is_unix: bool,
    /// The file that was made for it: its path, device and inode.
    file: Option<(PathBuf, u64, u64)>,
}

fn refuse(place: impl std::fmt::Display, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, format!("cannot listen on '{place}': {why}"))
}

fn identity(host: &Host, path: &Path) -> Option<(u64, u64)> {
    let stat = host.stat_name(path).ok()??;
    Some((stat.st_dev, stat.st_ino))
}

/// Removes the socket that a server of ours left behind.
fn clear(host: &Host, path: &Path) -> io::Result<()> {
    let refuse = |why: &str| refuse(path.display(), why);
    let failed = |error: io::Error| refuse(&describe(&error));
    let Some(stat) = host.stat_name(path).map_err(failed)? else { return Ok(()) };
    if stat.st_mode & SFlag::S_IFMT.bits() != SFlag::S_IFSOCK.bits() {
        return Err(refuse("there is something that is no socket"));
    }
    match host.connect(path) {
        Ok(_) => Err(refuse("another program listens there")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            if stat.st_uid == geteuid().as_raw() {
                host.unlink(path).map_err(failed)
            } else {
                Err(refuse("there is a socket of another user"))
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
    /// Listens. A TCP address must be one of the loopback interface.
    ///
    /// # Errors
    /// Something else is in the place, other machines could reach it, or the host refuses.
    pub fn bind(address: &Address) -> io::Result<Self> {
        Self::bind_on(Host::real(), address, false)
    }

    /// Listens, if need be for other machines too. Whoever reaches a TCP socket is served: QMP has no passwords.
    ///
    /// # Errors
    /// Something else is in the place, or the host refuses.
    pub fn bind_remote(address: &Address) -> io::Result<Self> {
        Self::bind_on(Host::real(), address, true)
    }

    /// The same, but its clients cannot change anything: such commands are refused, and not listed.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    pub(crate) fn bind_on(host: Host, address: &Address, remote: bool) -> io::Result<Self> {
        let mut bound = address.clone();
        let sockets = match address {
            Address::Unix(path) => vec![bind_unix(&host, path)?],
            Address::Tcp { host: name, port } => {
                let (sockets, port) = bind_tcp(&host, address, name, *port, remote)?;
                bound = Address::Tcp { host: name.clone(), port };
                sockets
            }
            Address::Stdio => Vec::new(),
            Address::Systemd(name) => passed(&host, address, name.as_deref())?,
        };
        Ok(Listener { host, address: bound, read_only: false, sockets })
    }

    /// Where it listens; a port that was left to the host is the one it chose.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub(super) fn sockets(&self) -> &[Socket] {
        &self.sockets
    }

    /// The next client of a socket that may be served; `None` when nobody waits. Others are turned away.
    pub(super) fn accept(&self, socket: &Socket) -> io::Result<Option<OwnedFd>> {
        while let Some(client) = self.host.accept(socket.fd.as_fd())? {
            if !socket.is_unix {
                // A client that is gone already is found out when it is served.
                let _ = self.host.set_nodelay(client.as_fd());
                return Ok(Some(client));
            }
            let Ok(peer) = self.host.peer(client.as_fd()) else { continue };
            if peer == geteuid().as_raw() || peer == 0 {
                return Ok(Some(client));
            }
            tracing::warn!(uid = peer, "client of another user turned away");
        }
        Ok(None)
    }
}

fn bind_unix(host: &Host, path: &Path) -> io::Result<Socket> {
    // Between its making and its listening a socket looks stale: another server of ours must not take it for that. A
    // folder that cannot be held (it cannot be read, or a program holds it for good) is used all the same.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let _held = host.hold_folder(folder.unwrap_or(Path::new(".")), host.patience(HOLDING)).ok();
    clear(host, path)?;
    let fd = host.listen_unix(path, BACKLOG).map_err(|error| refuse(path.display(), &describe(&error)))?;
    let file = identity(host, path).map(|(device, inode)| (path.to_owned(), device, inode));
    Ok(Socket { fd, is_unix: true, file })
}

/// Sockets at every address of the name that can be had, all on one port, and that port.
fn bind_tcp(
    host: &Host,
    address: &Address,
    name: &str,
    mut port: u16,
    remote: bool,
) -> io::Result<(Vec<Socket>, u16)> {
    let refuse = |why: &str| refuse(address, why);
    let places = match name {
        "" => vec![SocketAddr::from(([0; 16], port)), SocketAddr::from(([0; 4], port))],
        name => host.resolve(name, port).map_err(|error| refuse(&describe(&error)))?,
    };
    if let Some(place) = places.iter().find(|place| !place.ip().to_canonical().is_loopback())
        && !remote
    {
        let why = format!("other machines can reach {}, and QMP has no passwords", place.ip());
        return Err(refuse(&why));
    }
    let (mut sockets, mut failure) = (Vec::new(), None);
    for mut place in places {
        place.set_port(port);
        let made = host.listen_tcp(place).and_then(|fd| {
            let bound = SocketAddr::try_from(host.name(fd.as_fd())?)?;
            Ok((fd, bound.port()))
        });
        match made {
            Ok((fd, bound)) => {
                port = bound;
                sockets.push(Socket { fd, is_unix: false, file: None });
            }
            // The wildcard of IPv6 includes that of IPv4.
            Err(_) if !sockets.is_empty() => {}
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if sockets.is_empty() => Err(refuse(&describe(&error))),
        _ if sockets.is_empty() => Err(refuse("the name has no address")),
        _ => Ok((sockets, port)),
    }
}

/// The sockets that systemd listens on.
fn passed(host: &Host, address: &Address, name: Option<&str>) -> io::Result<Vec<Socket>> {
    let failed = |error: io::Error| refuse(address, &describe(&error));
    let all = systemd::take(host, name).map_err(failed)?;
    let socket = |fd: OwnedFd| {
        host.set_nonblocking(fd.as_fd()).map_err(failed)?;
        match host.name(fd.as_fd()).map_err(failed)?.address_family() {
            AddressFamily::UNIX => Ok(Socket { fd, is_unix: true, file: None }),
            AddressFamily::INET | AddressFamily::INET6 => Ok(Socket { fd, is_unix: false, file: None }),
            _ => Err(refuse(address, "a socket that was passed is neither a unix nor a TCP socket")),
        }
    };
    all.into_iter().map(socket).collect()
}

impl Socket {
    /// Whether it is a Unix socket, which carries descriptors.
    pub(super) fn is_unix(&self) -> bool {
        self.is_unix
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for (path, device, inode) in self.sockets.iter().filter_map(|socket| socket.file.as_ref()) {
            // Somebody may have put another there.
            if identity(&self.host, path) == Some((*device, *inode)) {
                let _ = self.host.unlink(path);
            }
        }
    }
}
