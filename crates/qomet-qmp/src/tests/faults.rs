//! Whatever call the host refuses, at whatever moment: the server ends when it is told to, and another can follow.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use serde_json::json;

use super::client::{Client, address};
use super::dispatcher;
use crate::faults::{Call, Faults};
use crate::host::Host;
use crate::server::{Cause, Limits, Listener, Server};

/// A client that takes whatever happens; how many replies it got.
fn talk(path: &Path) -> usize {
    let Ok(mut socket) = UnixStream::connect(path) else { return 0 };
    socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let _ = socket.write_all(
        b"{'execute': 'qmp_capabilities'}
          {'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c', 'ready': true}}
          {'execute': 'object-del', 'arguments': {'id': 'c'}}",
    );
    let _ = socket.shutdown(std::net::Shutdown::Write);
    BufReader::new(socket).lines().map_while(Result::ok).count()
}

/// Serves two clients on a host with faults; how many replies they got, and how often the host was called.
fn served(path: &Path, faults: Faults) -> (usize, u64) {
    let host = Host::with(faults.cpus(4));
    let Ok(listener) = Listener::bind_on(host.clone(), &address(path), false) else {
        return (0, host.calls());
    };
    let Ok(server) = Server::start_on(host.clone(), vec![listener], dispatcher(), Limits::default()) else {
        return (0, host.calls());
    };
    let replies = talk(path) + talk(path);
    server.stopper().stop(Cause::Signal);
    let _ = server.wait();
    (replies, host.calls())
}

/// Whether a server serves at this place.
fn works(path: &Path) -> bool {
    let listener = Listener::bind(&address(path)).unwrap();
    let server = Server::start(vec![listener], dispatcher()).unwrap();
    let reply = Client::new(path).ask("{'execute': 'query-name'}");
    drop(server);
    reply == json!({"return": {}})
}

#[test]
fn every_single_call_can_fail_and_the_server_still_ends_and_leaves_the_place_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp.sock");
    let (replies, calls) = served(&path, Faults::none());
    assert_eq!(replies, 8);
    assert!(calls > 30, "{calls}");
    let fewer = (0..calls).filter(|n| served(&path, Faults::none().nth(*n, Errno::ENOMEM)).0 < 8).count();
    assert!(fewer > 5, "{fewer}");
    assert!(works(&path));
}

#[test]
fn a_kind_of_call_that_always_fails_ends_or_keeps_out_but_does_not_hang() {
    use Call::{Bell, Bind, Epoll, Listen, Mode, Peer, Receive, Send, Socket, StatName, Wait, Watch};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp.sock");
    let kinds = [Bell, Bind, Epoll, Listen, Mode, Peer, Receive, Send, Socket, StatName, Wait, Watch];
    for kind in kinds {
        // At most the greetings get through.
        assert!(served(&path, Faults::none().call(kind, Errno::EMFILE)).0 <= 2, "{kind:?}");
    }
    assert!(works(&path));
}
