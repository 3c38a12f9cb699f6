//! A client for tests, and the server it talks to.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::dispatcher;
use crate::faults::Faults;
use crate::host::Host;
use crate::{Address, Dispatcher, Limits, Listener, Server};

/// A client of a server on a socket.
pub(super) struct Client<S: Read = UnixStream>(pub(super) BufReader<S>);

impl Client {
    /// A client that has negotiated.
    pub(super) fn new(path: &Path) -> Self {
        let mut client = Client::connect(path);
        assert_eq!(client.ask("{'execute': 'qmp_capabilities'}"), json!({"return": {}}));
        client
    }

    /// A client that was greeted.
    pub(super) fn connect(path: &Path) -> Self {
        let socket = UnixStream::connect(path).unwrap();
        // Longer than a busy machine needs, so that only what never comes is not waited for.
        socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        Client::of(socket)
    }
}

impl<S: Read + Write> Client<S> {
    /// A client on a socket, greeted.
    pub(super) fn of(socket: S) -> Self {
        let mut client = Client(BufReader::new(socket));
        assert!(client.hear()["QMP"].is_object());
        client
    }

    /// Sends.
    pub(super) fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The next line; null at the end.
    pub(super) fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or(Value::Null)
    }

    /// Sends, and hears what comes next.
    pub(super) fn ask(&mut self, text: &str) -> Value {
        self.say(text);
        self.hear()
    }
}

pub(super) fn address(path: &Path) -> Address {
    format!("unix:{},server=on,wait=off", path.display()).parse().unwrap()
}

/// A server of these tests, in a folder of its own.
pub(super) fn serve() -> (TempDir, PathBuf, Server) {
    serve_with(dispatcher())
}

/// A server with these commands.
pub(super) fn serve_with(dispatcher: Dispatcher) -> (TempDir, PathBuf, Server) {
    serve_on(Faults::none(), dispatcher)
}

/// The same on such a host.
pub(super) fn serve_on(faults: Faults, dispatcher: Dispatcher) -> (TempDir, PathBuf, Server) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp.sock");
    let listener = Listener::bind(&address(&path)).unwrap();
    // Two threads that wait for sockets, on whatever machine.
    let host = Host::with(faults.cpus(4));
    let server = Server::start_on(host, vec![listener], dispatcher, Limits::default()).unwrap();
    (folder, path, server)
}
