//! Bounds: each is told, and the connection survives it.

use std::io::Read;
use std::os::unix::net::UnixStream;

use serde_json::json;

use super::client::{Client, address, serve};
use super::dispatcher;
use crate::wire::{Frame, Framer};
use crate::{Limits, Listener, Server};

const ASK: &str = "{'execute': 'query-name'}";

/// What is answered to `bytes`, and whether the client is served afterwards.
fn refused(bytes: &str) -> (String, bool) {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    let reply = client.ask(bytes);
    let told = reply["error"]["desc"].as_str().unwrap().to_owned();
    // Garbage may be left of the message; a control character ends it.
    client.say("\u{1}");
    client.say(&ASK.replace("}", ", 'id': 'after'}"));
    let served = (0..10).any(|_| client.hear() == json!({"return": {}, "id": "after"}));
    (told, served)
}

#[test]
fn nesting_is_bounded() {
    let (told, served) = refused(&"[".repeat(1025));
    assert!(told.contains("1024 levels"), "{told}");
    assert!(served);
}

#[test]
fn tokens_are_bounded() {
    let (told, served) = refused(&format!("[{}", "0,".repeat(1 << 20)));
    assert!(told.contains("2097152 tokens"), "{told}");
    assert!(served);
}

#[test]
fn the_length_of_a_message_is_bounded() {
    let (told, served) = refused(&format!("\"{}", "x".repeat((64 << 20) + 1)));
    assert!(told.contains("67108864 bytes"), "{told}");
    assert!(served);
}

#[test]
fn garbage_without_end_is_answered_once_and_kept_nowhere() {
    let mut framer = Framer::default();
    assert!(matches!(framer.next(b"#"), (1, Some(Frame::Bad(_)))));
    let garbage = vec![b'#'; 1 << 20];
    for _ in 0..8 {
        assert_eq!(framer.next(&garbage), (garbage.len(), None));
    }
    assert_eq!(framer.held(), 0);
}

#[test]
fn after_a_message_that_was_refused_nothing_is_kept_of_it() {
    let mut framer = Framer::default();
    assert_eq!(framer.next("[".repeat(1024).as_bytes()).1, None);
    assert!(framer.held() >= 1024);
    assert!(matches!(framer.next(b"["), (1, Some(Frame::Bad(_)))));
    assert_eq!(framer.held(), 0);
}

#[test]
fn a_client_that_never_negotiates_is_answered_all_the_same() {
    let (_folder, path, _server) = serve();
    let mut client = Client::connect(&path);
    for _ in 0..100 {
        assert_eq!(client.ask(ASK)["error"]["class"], json!("CommandNotFound"));
    }
}

#[test]
fn clients_are_bounded_and_a_place_is_free_again_when_one_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp.sock");
    let listener = Listener::bind(&address(&path)).unwrap();
    let _server =
        Server::start_with(vec![listener], dispatcher(), Limits::default().with_clients(3)).unwrap();
    let clients: Vec<Client> = (0..3).map(|_| Client::new(&path)).collect();
    let mut told = String::new();
    UnixStream::connect(&path).unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("too-many-clients") && told.contains("there are 3 clients already"), "{told}");
    drop(clients);
    let mut again = String::new();
    while !again.contains("QMP") {
        let mut socket = UnixStream::connect(&path).unwrap();
        let mut bytes = [0; 8];
        socket.read_exact(&mut bytes).unwrap();
        again = String::from_utf8_lossy(&bytes).into_owned();
    }
    assert!(again.contains("QMP"));
}

#[test]
fn a_thousand_clients_are_served_by_default() {
    let _ = crate::raise_descriptor_limit();
    let (_folder, path, _server) = serve();
    let mut clients: Vec<Client> = (0..1000).map(|_| Client::new(&path)).collect();
    clients.iter_mut().for_each(|client| client.say(ASK));
    assert!(clients.iter_mut().all(|client| client.hear() == json!({"return": {}})));
}
