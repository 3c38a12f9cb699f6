//! Where a server is: `unix:PATH`, a bare path, `tcp:HOST:PORT`.
//!
//! What a server was started with can be pasted: QEMU's `server=on,wait=off` behind the address is passed over.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::ClientError;

/// A path in a socket address has at most so many bytes (unix(7): 108 with the NUL).
const PATH_BYTES: usize = 107;

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A host and a port, over TCP.
    Tcp {
        /// A name or an address; one of IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
    },
}

impl FromStr for ServerAddress {
    type Err = ClientError;

    fn from_str(text: &str) -> Result<Self, ClientError> {
        let invalid =
            |why: &str| ClientError::InvalidAddress { address: text.to_owned(), why: why.to_owned() };
        if let Some(rest) = text.strip_prefix("tcp:") {
            let place = rest.split(',').next().unwrap_or_default();
            let (host, port) = place.rsplit_once(':').ok_or_else(|| invalid("it has no port"))?;
            let port = port.parse().map_err(|_| invalid("the port is no number from 0 to 65535"))?;
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            return match host {
                "" => Err(invalid("it has no host")),
                host => Ok(ServerAddress::Tcp { host: host.to_owned(), port }),
            };
        }
        let path = match text.strip_prefix("unix:") {
            Some(rest) => without_options(rest.strip_prefix("path=").unwrap_or(rest)),
            None => text.to_owned(),
        };
        match path.len() {
            0 => Err(invalid("it has no path")),
            1..=PATH_BYTES => Ok(ServerAddress::Unix(PathBuf::from(path))),
            length => Err(invalid(&format!("its path has {length} bytes, the limit is {PATH_BYTES}"))),
        }
    }
}

/// The text up to the first lone comma; in what comes before, a comma is written twice.
fn without_options(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars().peekable());
    while let Some(c) = chars.next() {
        if c == ',' && chars.next_if_eq(&',').is_none() {
            break;
        }
        out.push(c);
    }
    out
}

impl ServerAddress {
    /// The path of the socket, if it has one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            ServerAddress::Unix(path) => Some(path),
            ServerAddress::Tcp { .. } => None,
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerAddress::Unix(path) => write!(f, "{}", path.display()),
            ServerAddress::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            ServerAddress::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
        }
    }
}
