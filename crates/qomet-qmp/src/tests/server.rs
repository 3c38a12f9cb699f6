//! Servers on real sockets.

use std::io::{BufRead, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, address, serve, serve_on, serve_with};
use super::dispatcher;
use crate::faults::Faults;
use crate::host::Host;
use crate::{Cause, Listener};

#[test]
fn quit_is_answered_then_told_to_all_and_the_socket_goes() {
    let (_folder, path, server) = serve();
    let (mut one, mut other) = (Client::new(&path), Client::new(&path));
    assert_eq!(one.ask("{'execute': 'quit', 'id': 1}"), json!({"return": {}, "id": 1}));
    for client in [&mut one, &mut other] {
        let event = client.hear();
        assert_eq!(
            (&event["event"], &event["data"]["reason"]),
            (&json!("SHUTDOWN"), &json!("host-qmp-quit"))
        );
        assert!(event["timestamp"]["seconds"].is_u64());
        assert_eq!(client.hear(), Value::Null);
    }
    assert_eq!(server.wait(), Cause::Quit);
    assert!(!path.exists());
}

#[test]
fn whoever_says_quit_and_ends_the_line_later_finds_the_socket_open() {
    let (_folder, path, server) = serve_on(Faults::none().patience(Duration::from_secs(120)), dispatcher());
    let mut client = Client::new(&path);
    client.0.get_mut().write_all(b"{'execute': 'quit'}").unwrap();
    client.0.get_mut().write_all(b"\n").unwrap();
    assert_eq!(client.hear(), json!({"return": {}}));
    assert_eq!(client.hear()["event"], json!("SHUTDOWN"));
    assert_eq!(server.wait(), Cause::Quit);
}

#[test]
fn a_stopper_ends_the_server() {
    let (_folder, path, server) = serve();
    let mut client = Client::new(&path);
    server.stopper().stop(Cause::Signal);
    assert_eq!(client.hear()["data"]["reason"], json!("host-signal"));
    assert_eq!(server.wait(), Cause::Signal);
}

#[test]
fn the_socket_is_for_its_owner_only() {
    let (_folder, path, _server) = serve();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_stale_socket_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(Listener::bind(&address(&path)).is_ok());
}

#[test]
fn a_socket_that_is_listened_on_is_left_alone() {
    let (_folder, path, _server) = serve();
    assert!(Listener::bind(&address(&path)).unwrap_err().to_string().contains("another program"));
    assert!(path.exists());
}

#[test]
fn a_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp.sock");
    std::fs::write(&path, "precious").unwrap();
    assert!(Listener::bind(&address(&path)).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn what_takes_long_holds_nobody_up_and_is_cancelled_at_the_end() {
    let (_folder, path, server) = serve();
    let (mut builder, mut other) = (Client::new(&path), Client::new(&path));
    builder.say("{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c'}}");
    assert_eq!(other.ask("{'execute': 'query-name'}"), json!({"return": {}}));
    let again = other.ask("{'execute': 'object-add', 'arguments': {'qom-type': 'lamp', 'id': 'l'}}");
    assert_eq!(again, json!({"return": {}}));
    other.say("{'execute': 'quit'}");
    assert_eq!(server.wait(), Cause::Quit);
}

#[test]
fn a_signal_is_told_after_the_reply_to_what_is_under_way() {
    let (_folder, path, server) = serve();
    let (mut builder, mut other) = (Client::new(&path), Client::new(&path));
    builder.say("{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c'}, 'id': 1}");
    while other.ask("{'execute': 'query-jobs'}")["return"] == json!([]) {}
    server.stopper().stop(Cause::Signal);
    let heard: Vec<Value> =
        std::iter::repeat_with(|| builder.hear()).take_while(|said| !said.is_null()).collect();
    // Somebody has looked at the job, so that it is told of.
    let rest: Vec<&Value> = heard.iter().filter(|said| said["event"] != "JOB_STATUS_CHANGE").collect();
    assert_eq!((&rest[0]["id"], &rest[0]["error"]["data"][0]["code"]), (&json!(1), &json!("cancelled")));
    assert_eq!((rest.len(), &rest[1]["data"]["reason"]), (2, &json!("host-signal")));
    assert_eq!(server.wait(), Cause::Signal);
}

#[test]
fn a_socket_that_another_server_is_making_is_not_taken_for_a_stale_one() {
    use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp.sock");
    let patience = Duration::from_secs(120);
    let held = Host::real().hold_folder(folder.path(), patience).unwrap();
    let other = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None).unwrap();
    bind(other.as_raw_fd(), &UnixAddr::new(&path).unwrap()).unwrap();
    let host = Host::with(Faults::none().patience(patience));

    let refused = std::thread::scope(|scope| {
        let bound = scope.spawn(|| Listener::bind_on(host.clone(), &address(&path), false));
        while host.calls() == 0 {
            std::thread::yield_now();
        }
        // Time for who does not wait to go wrong; who waits needs none.
        std::thread::sleep(Duration::from_millis(20));
        listen(&other, Backlog::MAXCONN).unwrap();
        drop(held);
        bound.join().unwrap()
    });

    assert!(refused.unwrap_err().to_string().contains("another program"));
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
}

#[test]
fn half_a_line_then_a_hang_up_leaves_the_server_well() {
    let (_folder, path, _server) = serve();
    for _ in 0..50 {
        let mut client = Client::new(&path);
        client.say("{'execute': 'query-na");
    }
    assert_eq!(Client::new(&path).ask("{'execute': 'query-name'}"), json!({"return": {}}));
}

#[test]
fn all_replies_come_after_the_client_has_sent_its_last_byte() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    client.say(&"{'execute': 'query-name'}".repeat(1000));
    client.0.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.0.lines().map_while(std::result::Result::ok).count(), 1000);
}

#[test]
fn a_client_that_does_not_read_is_not_read_from_and_loses_no_reply() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    let request = format!("{{'execute': 'query-qmp-schema', 'id': '{:1000}'}}", "");
    client.0.get_ref().set_nonblocking(true).unwrap();

    // Until the socket holds no more, and the server has had the time to serve somebody else.
    let mut sent = 0;
    let mut other = Client::new(&path);
    for _ in 0..10 {
        while let Ok(count) = client.0.get_mut().write(&request.as_bytes()[sent % request.len()..]) {
            sent += count;
        }
        assert_eq!(other.ask("{'execute': 'query-name'}"), json!({"return": {}}));
    }

    assert!(sent < 2 << 20, "{sent}");
    client.0.get_ref().set_nonblocking(false).unwrap();
    let rest = &request.as_bytes()[sent % request.len()..];
    let mut writer = client.0.get_ref().try_clone().unwrap();
    let requests = sent / request.len() + 1;
    let replies = std::thread::scope(|scope| {
        scope.spawn(move || writer.write_all(rest).unwrap());
        client.0.lines().take(requests).filter(|line| line.as_ref().unwrap().contains("\"return\":[")).count()
    });
    assert_eq!(replies, requests);
}

#[test]
fn a_command_that_panics_at_once_lets_only_its_client_go() {
    let mut dispatcher = dispatcher();
    dispatcher.extend([crate::Command::query("x-fall", |_| -> bool { panic!("as it was asked to") })]);
    let (_folder, path, _server) = serve_with(dispatcher);
    let mut others: Vec<Client> = (0..8).map(|_| Client::new(&path)).collect();
    let mut one = Client::new(&path);
    one.say("{'execute': 'x-fall'}");
    assert_eq!(one.hear(), Value::Null);
    for other in &mut others {
        assert_eq!(other.ask("{'execute': 'query-name'}"), json!({"return": {}}));
    }
}

#[test]
fn a_client_whose_command_panicked_is_let_go_and_others_are_served() {
    let (_folder, path, _server) = serve();
    let (mut one, mut other) = (Client::new(&path), Client::new(&path));
    one.say("{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c', 'falls': true}}");
    assert_eq!(one.hear(), Value::Null);
    let again = "{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c', 'ready': true}}";
    assert_eq!(other.ask(again), json!({"return": {}}));
}

#[test]
fn others_are_served_while_something_is_found_out_apart() {
    let (answer, answered) = std::sync::mpsc::channel();
    let answered = parking_lot::Mutex::new(answered);
    let mut dispatcher = dispatcher();
    let slow = move |_: &qomet::Model| answered.lock().recv().unwrap_or(false);
    dispatcher.extend([crate::Command::query_apart("x-slow", slow)]);
    let (_folder, path, _server) = serve_with(dispatcher);
    let mut one = Client::new(&path);
    // Enough that some share a thread with the first.
    let mut others: Vec<Client> = (0..8).map(|_| Client::new(&path)).collect();

    one.say("{'execute': 'x-slow'}");
    for other in &mut others {
        assert_eq!(other.ask("{'execute': 'query-name'}"), json!({"return": {}}));
    }

    answer.send(true).unwrap();
    assert_eq!(one.hear(), json!({"return": true}));
}
