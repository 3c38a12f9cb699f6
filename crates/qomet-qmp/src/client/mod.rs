//! The other side of the protocol: a client of any server, Qomet's or QEMU's.
//!
//! [`Client::connect`] reads the greeting and negotiates; [`Client::execute`] asks one thing, [`Client::pipeline`] many at
//! once; [`Client::read_tree`], [`Client::properties_of`] and their like read objects and types in the best way that the
//! server offers. The commands of the program, and whoever plans and applies documents on a live model, are built on it.
//!
//! Synchronous, one thread, no runtime: a caller that waits for several servers uses a thread for each. What a server
//! sends is not trusted: messages, nesting, queued events and trees are bounded, and nothing that it sends panics.
//! Integers keep all their 64 bits.
//!
//! ```no_run
//! use qomet_qmp::{Client, Options};
//!
//! # fn main() -> Result<(), qomet_qmp::ClientError> {
//! let mut client = Client::connect(&"/run/vm.sock".parse()?, Options::default())?;
//! for object in client.read_tree("/objects", None)? {
//!     println!("{} is a {}", object.path, object.type_name);
//! }
//! # Ok(()) }
//! ```
//!
//! ```text
//! address    where a server is
//! socket     everything that touches the host
//! message    what a server sends
//! exchange   requests and replies in order, events between them
//! objects    objects and their values, by three ways
//! types      types and their properties
//! error      what goes wrong, and what to do next
//! ```
//!
//! Not here: how values look to people, and what they type (the program's), and reconnecting.

mod address;
mod error;
mod exchange;
mod message;
mod objects;
mod socket;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::{Value, json};

use crate::wire::{Framer, Limits};

pub use address::ServerAddress;
pub use error::{ClientError, Refused};
pub use message::{Event, Greeting};
pub use objects::{Access, ObjectView, PropertyView, Reading};
pub use types::{PropertyFacts, TypeView};

use socket::Socket;

/// How patient a client is, and what it bounds.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long to wait for the connection and the greeting together.
    pub connect_timeout: Duration,
    /// How long to wait for each reply; `None` waits for ever, as an `object-add` that populates memory needs it.
    pub reply_timeout: Option<Duration>,
    /// The longest message that is taken, in bytes.
    pub message_bytes: usize,
    /// The most objects of a tree that are read.
    pub objects: usize,
    /// How many requests are under way at once when many are asked.
    pub window: usize,
    /// Ends every wait soon after it is set, by a signal for example.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            connect_timeout: Duration::from_secs(5),
            reply_timeout: Some(Duration::from_secs(60)),
            message_bytes: 255 << 20,
            objects: 4_000_000,
            window: 64,
            cancel: None,
        }
    }
}

/// A request: the name of a command and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    command: String,
    arguments: Value,
}

impl Request {
    /// A request; `arguments` is a JSON object, or null where there are none.
    #[must_use]
    pub fn new(command: &str, arguments: Value) -> Self {
        Request { command: command.to_owned(), arguments }
    }
}

/// A connection on which the capabilities are negotiated.
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    address: ServerAddress,
    options: Options,
    framer: Framer,
    /// What has come and is not yet a message, from `taken` on.
    input: Vec<u8>,
    taken: usize,
    greeting: Greeting,
    /// What the server knows; asked once.
    commands: Option<BTreeSet<String>>,
    next_id: u64,
    events: VecDeque<Event>,
    lost_events: u64,
    /// Set when the connection is of no use any more.
    failed: Option<ClientError>,
}

impl Client {
    /// Connects, reads the greeting and negotiates.
    ///
    /// # Errors
    /// Nobody listens there, it is no QMP server, or it does not answer in time.
    pub fn connect(address: &ServerAddress, options: Options) -> Result<Self, ClientError> {
        let deadline = socket::deadline(Some(options.connect_timeout));
        let socket = Socket::connect(address, deadline, options.cancel.clone())?;
        let limits =
            Limits { bytes: options.message_bytes, tokens: options.message_bytes, ..Limits::default() };
        let mut client = Client {
            socket,
            address: address.clone(),
            options,
            framer: Framer::new(limits),
            input: Vec::new(),
            taken: 0,
            greeting: Greeting::default(),
            commands: None,
            next_id: 0,
            events: VecDeque::new(),
            lost_events: 0,
            failed: None,
        };
        client.greeting = client.hear_greeting(deadline)?;
        client.execute("qmp_capabilities", Value::Null)?;
        Ok(client)
    }

    /// Where the server is.
    #[must_use]
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// What the server said of itself.
    #[must_use]
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// How patient it is, and what it bounds.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Sets what ends every wait, from now on.
    pub fn set_cancel(&mut self, cancel: Option<Arc<AtomicBool>>) {
        self.socket.set_cancel(cancel.clone());
        self.options.cancel = cancel;
    }

    /// Why the connection is of no use any more, if it is not: everything that is asked comes to this.
    #[must_use]
    pub fn failure(&self) -> Option<&ClientError> {
        self.failed.as_ref()
    }

    /// Sets how long to wait for each reply from now on; `None` waits for ever. Returns what it was.
    pub fn set_reply_timeout(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        std::mem::replace(&mut self.options.reply_timeout, timeout)
    }

    /// Asks one thing and waits for the answer. `arguments` is a JSON object, or null where there are none.
    ///
    /// # Errors
    /// The server refuses ([`ClientError::Refused`]); every other error ends the connection.
    pub fn execute(&mut self, command: &str, arguments: Value) -> Result<Value, ClientError> {
        let mut answer = None;
        let mut queue = VecDeque::from([((), Request::new(command, arguments))]);
        self.pipeline(&mut queue, |(), reply, _| answer = Some(reply))?;
        match answer {
            Some(Ok(value)) => Ok(value),
            Some(Err(refused)) => Err(ClientError::Refused(Box::new(refused))),
            None => Err(self.ended()),
        }
    }

    /// The names of all commands that the server has; it is asked once.
    ///
    /// # Errors
    /// The server refuses, or the connection fails.
    pub fn commands(&mut self) -> Result<&BTreeSet<String>, ClientError> {
        let known = match self.commands.take() {
            Some(known) => known,
            None => {
                let reply = self.execute("query-commands", Value::Null)?;
                let all = reply.as_array().map(Vec::as_slice).unwrap_or_default();
                all.iter().filter_map(|one| one.get("name")?.as_str()).map(str::to_owned).collect()
            }
        };
        Ok(self.commands.insert(known))
    }

    /// Whether the server has the command.
    ///
    /// # Errors
    /// As [`commands`](Self::commands).
    pub fn has_command(&mut self, name: &str) -> Result<bool, ClientError> {
        Ok(self.commands()?.contains(name))
    }

    /// Creates an object from its bag, a JSON object with `qom-type` and `id`. It may take long: it waits for as long
    /// as it takes.
    ///
    /// # Errors
    /// The server refuses, or the connection fails.
    pub fn add(&mut self, bag: Value) -> Result<(), ClientError> {
        let patience = self.set_reply_timeout(None);
        let added = self.execute("object-add", bag);
        self.set_reply_timeout(patience);
        added.map(drop)
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// The server refuses, or the connection fails.
    pub fn delete(&mut self, id: &str) -> Result<(), ClientError> {
        self.execute("object-del", json!({ "id": id })).map(drop)
    }

    /// Reads one property.
    ///
    /// # Errors
    /// The server refuses, or the connection fails.
    pub fn get(&mut self, path: &str, property: &str) -> Result<Value, ClientError> {
        self.execute("qom-get", json!({ "path": path, "property": property }))
    }

    /// Sets one property.
    ///
    /// # Errors
    /// The server refuses, or the connection fails.
    pub fn set(&mut self, path: &str, property: &str, value: Value) -> Result<(), ClientError> {
        self.execute("qom-set", json!({ "path": path, "property": property, "value": value })).map(drop)
    }
}
