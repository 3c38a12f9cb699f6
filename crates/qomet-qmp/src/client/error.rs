//! What goes wrong on the client's side, each with what to do next. All wordings stand here.

use std::fmt;

use qomet::{About, Problem};
use serde_json::Value;

/// Why the client has no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientError {
    /// A text that is no address.
    InvalidAddress {
        /// The text.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is nothing at the path.
    NoSocket {
        /// Where.
        address: String,
    },
    /// What is at the path is no socket.
    NotASocket {
        /// Where.
        address: String,
    },
    /// The socket is there, and no process listens on it.
    NobodyListens {
        /// Where.
        address: String,
    },
    /// The file's mode, or that of a folder above it, does not let us.
    Forbidden {
        /// Where.
        address: String,
    },
    /// The server takes no more clients.
    Busy {
        /// Where.
        address: String,
    },
    /// The host refuses for another reason.
    CannotConnect {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The server has accepted and says nothing.
    NoGreeting {
        /// Where.
        address: String,
    },
    /// What the server says first is no greeting.
    NotQmp {
        /// Where.
        address: String,
        /// What it says, shortened.
        found: String,
    },
    /// The answer does not come in time.
    NoReply {
        /// The command.
        command: String,
        /// How many seconds were waited.
        seconds: u64,
    },
    /// The server has closed the connection.
    Closed {
        /// Where.
        address: String,
    },
    /// The connection broke.
    Lost {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The server sent what is no message of the protocol, or more than is taken.
    BadMessage {
        /// What is wrong with it.
        what: String,
    },
    /// The tree has more objects than are read.
    TooManyObjects {
        /// The most.
        limit: usize,
    },
    /// Somebody wanted the wait to end.
    Interrupted,
    /// The server understood and refuses.
    Refused(Box<Refused>),
}

/// An error reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The command that was refused.
    pub command: String,
    /// `GenericError`, `DeviceNotFound`, `CommandNotFound` or another.
    pub class: String,
    /// The sentence for people.
    pub desc: String,
    /// What else the server says: Qomet's has the whole diagnostics here, QEMU's has nothing.
    pub data: Value,
}

impl ClientError {
    /// The error reply, if it is one.
    #[must_use]
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            ClientError::Refused(refused) => Some(refused),
            _ => None,
        }
    }

    /// One of each kind, for the table of all messages.
    #[doc(hidden)]
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let address = || "/run/vm.sock".to_owned();
        vec![
            ClientError::InvalidAddress { address: "tcp:host".to_owned(), why: "it has no port".to_owned() },
            ClientError::NoSocket { address: address() },
            ClientError::NotASocket { address: address() },
            ClientError::NobodyListens { address: address() },
            ClientError::Forbidden { address: address() },
            ClientError::Busy { address: address() },
            ClientError::CannotConnect { address: address(), reason: "Network is unreachable".to_owned() },
            ClientError::NoGreeting { address: address() },
            ClientError::NotQmp { address: address(), found: "SSH-2.0-OpenSSH".to_owned() },
            ClientError::NoReply { command: "qom-get".to_owned(), seconds: 60 },
            ClientError::Closed { address: address() },
            ClientError::Lost { address: address(), reason: "Connection reset by peer".to_owned() },
            ClientError::BadMessage { what: "invalid UTF-8".to_owned() },
            ClientError::TooManyObjects { limit: 4_000_000 },
            ClientError::Interrupted,
            ClientError::Refused(Box::new(Refused {
                command: "qom-get".to_owned(),
                class: "DeviceNotFound".to_owned(),
                desc: "Device 'nobody' not found".to_owned(),
                data: Value::Null,
            })),
        ]
    }
}

impl Problem for ClientError {
    fn code(&self) -> &'static str {
        match self {
            ClientError::InvalidAddress { .. } => "invalid-address",
            ClientError::NoSocket { .. } => "no-socket",
            ClientError::NotASocket { .. } => "not-a-socket",
            ClientError::NobodyListens { .. } => "nobody-listens",
            ClientError::Forbidden { .. } => "connection-forbidden",
            ClientError::Busy { .. } => "server-busy",
            ClientError::CannotConnect { .. } => "cannot-connect",
            ClientError::NoGreeting { .. } => "no-greeting",
            ClientError::NotQmp { .. } => "not-qmp",
            ClientError::NoReply { .. } => "no-reply",
            ClientError::Closed { .. } => "connection-closed",
            ClientError::Lost { .. } => "connection-lost",
            ClientError::BadMessage { .. } => "bad-message",
            ClientError::TooManyObjects { .. } => "too-many-objects",
            ClientError::Interrupted => "interrupted",
            ClientError::Refused(_) => "refused-by-server",
        }
    }

    fn message(&self, _: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }

    fn expected(&self) -> Option<String> {
        match self {
            ClientError::InvalidAddress { .. } => Some("unix:PATH, PATH or tcp:HOST:PORT".to_owned()),
            ClientError::NotQmp { .. } => Some("a greeting such as {\"QMP\": …}".to_owned()),
            _ => None,
        }
    }

    fn found(&self) -> Option<String> {
        match self {
            ClientError::NotQmp { found, .. } => Some(found.clone()),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            ClientError::InvalidAddress { .. } => "write unix:PATH, the path alone, or tcp:HOST:PORT",
            ClientError::NoSocket { .. } => {
                "look for the path in the server's command line: '-qmp unix:PATH,server=on,wait=off' of QEMU, \
                 '--qmp unix:PATH' of Qomet"
            }
            ClientError::NotASocket { .. } => "name the socket that the server made, not its document or log",
            ClientError::NobodyListens { .. } => {
                "the server that made it has ended, or listens elsewhere; start it again"
            }
            ClientError::Forbidden { .. } => "run this as the user that runs the server, or as root",
            ClientError::Busy { .. } | ClientError::NoGreeting { .. } => {
                "QEMU serves one client of a socket at a time: end the other one, or give QEMU another -qmp; if \
                 nobody else is connected, this is no QMP socket (QEMU's guest agent, for one, does not greet)"
            }
            ClientError::NotQmp { found, .. } if found.starts_with("QEMU ") => {
                "this is QEMU's human monitor: name the socket of '-qmp', not that of '-monitor'"
            }
            ClientError::NotQmp { .. } => "name the socket of '-qmp'; this one belongs to something else",
            ClientError::NoReply { .. } => "the server may be busy: wait longer with --timeout SECONDS",
            ClientError::Closed { .. } => "the server has ended or does not serve this user; look at its log",
            ClientError::TooManyObjects { .. } => "name a path further down, or a depth",
            ClientError::CannotConnect { .. }
            | ClientError::Lost { .. }
            | ClientError::BadMessage { .. }
            | ClientError::Interrupted
            | ClientError::Refused(_) => return None,
        };
        Some(help.to_owned())
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::InvalidAddress { address, why } => write!(f, "'{address}' is no address: {why}"),
            ClientError::NoSocket { address } => {
                write!(f, "cannot connect to '{address}': there is no such socket")
            }
            ClientError::NotASocket { address } => {
                write!(f, "cannot connect to '{address}': it is not a socket")
            }
            ClientError::NobodyListens { address } => {
                write!(f, "cannot connect to '{address}': nobody listens there")
            }
            ClientError::Forbidden { address } => {
                write!(f, "cannot connect to '{address}': it belongs to somebody else")
            }
            ClientError::Busy { address } => {
                write!(f, "cannot connect to '{address}': the server takes no more clients")
            }
            ClientError::CannotConnect { address, reason } => {
                write!(f, "cannot connect to '{address}': {reason}")
            }
            ClientError::NoGreeting { address } => {
                write!(f, "connected to '{address}', but the server does not greet")
            }
            ClientError::NotQmp { address, found } => {
                write!(f, "what listens at '{address}' does not speak QMP: it says '{found}'")
            }
            ClientError::NoReply { command, seconds } => {
                write!(f, "no answer to '{command}' within {seconds} s")
            }
            ClientError::Closed { address } => {
                write!(f, "the server at '{address}' has closed the connection")
            }
            ClientError::Lost { address, reason } => {
                write!(f, "the connection to '{address}' is lost: {reason}")
            }
            ClientError::BadMessage { what } => {
                write!(f, "the server sent what is no message of the protocol: {what}")
            }
            ClientError::TooManyObjects { limit } => {
                write!(f, "the tree has more than {limit} objects, which is the most that is read")
            }
            ClientError::Interrupted => f.write_str("interrupted before the server has answered"),
            ClientError::Refused(refused) => {
                write!(f, "the server refuses '{}': {}", refused.command, refused.desc)
            }
        }
    }
}

impl std::error::Error for ClientError {}
