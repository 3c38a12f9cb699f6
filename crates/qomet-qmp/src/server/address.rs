//! What `--qmp` names, in QEMU's spelling: `unix:PATH`, `tcp:HOST:PORT`, both with `,server=on,wait=off`; `stdio`; and
//! `systemd` or `systemd:NAME`, which QEMU lacks.

use std::fmt;
use std::path::PathBuf;

/// A path in a socket address has at most so many bytes (unix(7): 108 with the NUL).
const PATH_BYTES: usize = 107;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A unix socket at a path of at most 107 bytes.
    Unix(PathBuf),
    /// A TCP socket.
    Tcp {
        /// A name or an address (IPv6 without brackets); empty for every address of the machine.
        host: String,
        /// The port; 0 for any that is free.
        port: u16,
    },
    /// One client on standard input and output.
    Stdio,
    /// The sockets that systemd listens on for us: those of this `FileDescriptorName=`, or all.
    Systemd(Option<String>),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(String);

const SPELLINGS: &str = "unix:PATH, tcp:HOST:PORT, stdio or systemd[:NAME]";

fn refuse<T>(why: impl Into<String>) -> Result<T, AddressError> {
    Err(AddressError(why.into()))
}

/// The part in front of the options, and the options checked. A comma in a value is written twice.
fn without_options(text: &str) -> Result<String, AddressError> {
    let mut words = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match words.last_mut() {
            Some(word) if c != ',' => word.push(c),
            Some(word) if chars.next_if_eq(&',').is_some() => word.push(','),
            _ => words.push(String::new()),
        }
    }
    let mut words = words.into_iter();
    let value = words.next().unwrap_or_default();
    for option in words {
        match option.as_str() {
            "server" | "server=on" | "wait=off" | "nowait" => {}
            "server=off" => return refuse("'server=off' is not supported: Qomet listens"),
            "wait=on" | "wait" => return refuse("'wait=on' is not supported: nothing waits for a client"),
            other => return refuse(format!("'{other}' is no option: expected server=on or wait=off")),
        }
    }
    Ok(value)
}

fn unix(text: &str) -> Result<Address, AddressError> {
    let value = without_options(text)?;
    let path = value.strip_prefix("path=").unwrap_or(&value);
    match path.len() {
        0 => refuse("the path of the socket is missing"),
        _ if path.contains('\0') => refuse("the path of the socket contains a NUL"),
        1..=PATH_BYTES => Ok(Address::Unix(PathBuf::from(path))),
        length => {
            refuse(format!("the path of the socket has {length} bytes, the limit is {PATH_BYTES}: '{path}'"))
        }
    }
}

fn tcp(text: &str) -> Result<Address, AddressError> {
    let value = without_options(text)?;
    let Some((host, port)) = value.rsplit_once(':') else {
        return refuse(format!("'tcp:{value}' has no port: expected tcp:HOST:PORT"));
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match inner {
        Some(inner) if inner.parse::<std::net::Ipv6Addr>().is_err() => {
            return refuse(format!("'{inner}' is no IPv6 address"));
        }
        Some(inner) => inner,
        None if host.contains(':') => {
            return refuse(format!("'{host}' has a colon: an IPv6 address stands in brackets"));
        }
        None => host,
    };
    match port.parse() {
        Ok(number) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Address::Tcp { host: host.to_owned(), port: number })
        }
        _ => refuse(format!("'{port}' is no port: expected a number from 0 to 65535")),
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.split_once(':') {
            Some(("unix", rest)) => unix(rest),
            Some(("tcp", rest)) => tcp(rest),
            Some(("systemd", "")) => refuse("the name of the socket is missing"),
            Some(("systemd", name)) => Ok(Address::Systemd(Some(name.to_owned()))),
            None if text == "systemd" => Ok(Address::Systemd(None)),
            None if without_options(text)? == "stdio" => Ok(Address::Stdio),
            _ => refuse(format!("'{text}' is no address: expected {SPELLINGS}")),
        }
    }
}

impl fmt::Display for Address {
    /// The spelling that is read again as the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => write!(f, "unix:{}", path.display().to_string().replace(',', ",,")),
            Address::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Address::Tcp { host, port } => write!(f, "tcp:{}:{port}", host.replace(',', ",,")),
            Address::Stdio => f.write_str("stdio"),
            Address::Systemd(None) => f.write_str("systemd"),
            Address::Systemd(Some(name)) => write!(f, "systemd:{name}"),
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddressError {}
