//! What a command does with its client, over a socket.

use std::io::IoSlice;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Weak;

use parking_lot::Mutex;
use qomet::prelude::*;
use qomet::{Output, Value as _};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use serde_json::json;

use super::client::{Client, serve_with};
use super::dispatcher;
use crate::Dispatcher;
use crate::dispatch::{Command, Done, Nothing, Shape};
use crate::peer::{Event, Peer};

/// How many events.
#[derive(Clone, Debug, PartialEq, Value)]
struct Count {
    /// How many
    count: u64,
}

fn event(number: u64) -> Event {
    Event::new("TEST", |data| {
        data.begin_struct();
        data.member("number");
        data.uint64(number);
        data.end_struct();
    })
}

/// The clients that asked to be remembered.
static REMEMBERED: Mutex<Vec<Weak<Peer>>> = Mutex::new(Vec::new());

/// Commands that use their client.
fn commands() -> Dispatcher {
    let mut dispatcher = dispatcher();
    let command = |name, run: fn(&mut crate::dispatch::Call<'_>) -> u64| {
        Command::raw(name, Shape::Of(Count::TYPE), Shape::Of(u64::TYPE), move |call| {
            run(call).write(call.output);
            Ok(Done::Now)
        })
    };
    dispatcher.extend([
        command("x-tell", |call| {
            let count = call.read::<Count>().unwrap().count;
            (0..count).for_each(|number| call.client().post(&event(number)));
            count
        }),
        command("x-tell-all", |call| {
            call.dispatcher.peers.post(&event(1));
            1
        }),
        command("x-inode", |call| {
            call.client().take_descriptor().map_or(0, |fd| std::fs::File::from(fd).metadata().unwrap().ino())
        }),
        Command::raw("x-remember", Shape::Of(Nothing::TYPE), Shape::Of(Nothing::TYPE), |call| {
            REMEMBERED.lock().push(std::sync::Arc::downgrade(call.client()));
            Nothing.write(call.output);
            Ok(Done::Now)
        }),
    ]);
    dispatcher
}

#[test]
fn events_follow_the_reply_to_the_command_that_posted_them() {
    let (_folder, path, _server) = serve_with(commands());
    let mut client = Client::new(&path);
    assert_eq!(client.ask("{'execute': 'x-tell', 'arguments': {'count': 2}}"), json!({"return": 2}));
    assert_eq!(client.hear()["data"], json!({"number": 0}));
    assert_eq!(client.hear()["data"], json!({"number": 1}));
}

#[test]
fn a_client_that_does_not_read_loses_events_but_no_reply_and_is_told_how_many() {
    const ROUNDS: usize = 400;
    let (_folder, path, _server) = serve_with(commands());
    let mut client = Client::new(&path);
    let mut writer = client.0.get_ref().try_clone().unwrap();
    let writing = std::thread::spawn(move || {
        for _ in 0..ROUNDS {
            std::io::Write::write_all(&mut writer, b"{'execute': 'x-tell', 'arguments': {'count': 1500}}")
                .unwrap();
        }
    });
    let (mut replies, mut events, mut lost) = (0, 0, 0);
    while replies < ROUNDS || events + lost < 1500 * ROUNDS as u64 {
        let message = client.hear();
        match message["event"].as_str() {
            None => replies += usize::from(message["return"] == json!(1500)),
            Some("TEST") => events += 1,
            Some(_) => lost += message["data"]["count"].as_u64().unwrap(),
        }
    }
    writing.join().unwrap();
    assert!(lost >= 476 * ROUNDS as u64, "{lost}");
}

#[test]
fn an_event_for_all_comes_to_other_clients_that_are_idle() {
    let (_folder, path, _server) = serve_with(commands());
    let mut idle: Vec<Client> = (0..8).map(|_| Client::new(&path)).collect();
    Client::new(&path).ask("{'execute': 'x-tell-all', 'arguments': {'count': 1}}");
    for client in &mut idle {
        assert_eq!(client.hear()["event"], json!("TEST"));
    }
}

/// Sends bytes together with descriptors.
pub(super) fn send_with(client: &Client, bytes: &str, descriptors: &[std::os::fd::BorrowedFd<'_>]) {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(32))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
    let parts = [IoSlice::new(bytes.as_bytes())];
    let sent = rustix::net::sendmsg(client.0.get_ref(), &parts, &mut control, SendFlags::empty()).unwrap();
    assert_eq!(sent, bytes.len());
}

const INODE: &str = "{'execute': 'x-inode', 'arguments': {'count': 0}}";

#[test]
fn a_descriptor_goes_to_the_command_it_came_with_or_to_the_next_that_takes_one() {
    let (_folder, path, _server) = serve_with(commands());
    let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
    let inodes = files.each_ref().map(|file| json!({"return": file.metadata().unwrap().ino()}));
    let mut client = Client::new(&path);
    send_with(&client, INODE, &[files[0].as_fd()]);
    assert_eq!(client.hear(), inodes[0]);
    send_with(&client, " ", &[files[1].as_fd()]);
    assert_eq!(client.ask("{'execute': 'query-name'}"), json!({"return": {}}));
    assert_eq!(client.ask(INODE), inodes[1]);
    assert_eq!(client.ask(INODE), json!({"return": 0}));
}

#[test]
fn of_more_descriptors_than_are_taken_the_first_still_comes() {
    let (_folder, path, _server) = serve_with(commands());
    let file = tempfile::tempfile().unwrap();
    let mut client = Client::new(&path);
    send_with(&client, INODE, &[file.as_fd(); 30]);
    assert_eq!(client.hear(), json!({"return": file.metadata().unwrap().ino()}));
}

#[test]
fn a_descriptor_waits_with_its_command_while_another_is_under_way() {
    let (folder, path, _server) = serve_with(commands());
    let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
    let inodes = files.each_ref().map(|file| json!({"return": file.metadata().unwrap().ino()}));
    let gate = folder.path().join("gate");
    let mut oob = Client::connect(&path);
    assert_eq!(
        oob.ask("{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}"),
        json!({"return": {}})
    );
    let bag = json!({"qom-type": "cathedral", "id": "waits", "gate": gate});
    oob.say(&json!({"execute": "object-add", "arguments": bag}).to_string());
    send_with(&oob, INODE, &[files[0].as_fd()]);
    send_with(&oob, INODE, &[files[1].as_fd()]);
    assert!(oob.ask("{'exec-oob': 'query-version'}")["return"].is_object());
    std::fs::write(gate, "").unwrap();
    assert_eq!(oob.hear(), json!({"return": {}}));
    assert_eq!([oob.hear(), oob.hear()], inodes);
}

#[test]
fn a_client_that_left_is_gone() {
    let (_folder, path, _server) = serve_with(commands());
    let mut client = Client::new(&path);
    client.ask("{'execute': 'x-remember'}");
    drop(client);
    let gone = || REMEMBERED.lock().iter().all(|peer| peer.strong_count() == 0);
    while !gone() {
        std::thread::yield_now();
    }
    assert!(gone());
}
