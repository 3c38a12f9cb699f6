//! Descriptors that go to clients with a reply.

use std::fs::File;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use qomet::prelude::*;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use serde_json::{Value as Json, json};

use super::client::{Client, serve_with};
use super::dispatcher;
use crate::dispatch::{Command, Handed};
use crate::{Address, Dispatcher, Limits, Listener, Server};

/// How many descriptors.
#[derive(Clone, Debug, PartialEq, Value)]
struct Count {
    /// How many
    count: u32,
}

/// A file, and whether something is kept for a client.
#[derive(Clone)]
struct Hand {
    file: Arc<OwnedFd>,
    inode: u64,
    kept: Arc<Mutex<Vec<Weak<String>>>>,
}

/// A server with `x-hand`, which hands out as many descriptors of one file as are asked for.
fn commands() -> (Dispatcher, Hand) {
    let file = tempfile::tempfile().unwrap();
    let inode = file.metadata().unwrap().ino();
    let hand = Hand { file: Arc::new(file.into()), inode, kept: Arc::default() };
    let mut dispatcher = dispatcher();
    let own = hand.clone();
    dispatcher.extend([Command::handing("x-hand", move |_, Count { count }, client| {
        let kept = Arc::new(client.to_owned());
        own.kept.lock().push(Arc::downgrade(&kept));
        let descriptors = (0..count).map(|_| Arc::clone(&own.file)).collect();
        Ok(Handed { value: count, descriptors, kept: Box::new(kept) })
    })]);
    (dispatcher, hand)
}

fn hand(count: u32) -> String {
    format!("{{'execute': 'x-hand', 'arguments': {{'count': {count}}}}}")
}

/// What comes with one call: the replies, and the inodes of descriptors.
fn receive(client: &Client) -> (Vec<Json>, Vec<u64>) {
    let mut bytes = vec![0; 1 << 16];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let got =
        rustix::net::recvmsg(client.0.get_ref(), &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
    let mut inodes = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(all) = message {
            inodes.extend(all.map(|one| File::from(one).metadata().unwrap().ino()));
        }
    }
    let text = String::from_utf8(bytes[..got.bytes].to_vec()).unwrap();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), inodes)
}

#[test]
fn descriptors_come_with_the_reply_that_names_them() {
    let (dispatcher, given) = commands();
    let (_folder, path, _server) = serve_with(dispatcher);
    let mut client = Client::new(&path);
    let plain = "{'execute': 'query-name'}";
    client.say(&[plain, &hand(2), plain, &hand(1)].join("\n"));

    let (mut replies, mut handed) = (Vec::new(), Vec::new());
    while replies.len() < 4 {
        let (more, inodes) = receive(&client);
        // Of a call that brings descriptors, the last reply that has any is the one that they came with.
        handed.push((replies.len()..replies.len() + more.len(), inodes.len()));
        assert!(inodes.iter().all(|inode| *inode == given.inode));
        replies.extend(more);
    }

    let plain = json!({"return": {}});
    assert_eq!(replies, [plain.clone(), json!({"return": 2}), plain, json!({"return": 1})]);
    let with = |reply: usize| handed.iter().find(|(replies, _)| replies.contains(&reply)).unwrap();
    assert_eq!((with(1).1, with(3).1), (2, 1));
    assert_ne!(with(1), with(3));
}

#[test]
fn a_reply_without_descriptors_is_like_any_other() {
    let (_folder, path, _server) = serve_with(commands().0);
    let mut client = Client::new(&path);
    client.say(&hand(0));
    assert_eq!(receive(&client), (vec![json!({"return": 0})], vec![]));
}

#[test]
fn as_many_are_handed_out_as_the_kernel_carries_and_no_more() {
    let (_folder, path, _server) = serve_with(commands().0);
    let mut client = Client::new(&path);
    let refused = client.ask(&hand(254));
    assert_eq!(refused["error"]["data"][0]["code"], "too-many-descriptors");
    client.say(&hand(253));
    let (replies, inodes) = receive(&client);
    assert_eq!((replies, inodes.len()), (vec![json!({"return": 253})], Handed::<u32>::MOST));
}

#[test]
fn what_is_kept_for_a_client_goes_when_it_leaves() {
    let (dispatcher, given) = commands();
    let (_folder, path, _server) = serve_with(dispatcher);
    let mut client = Client::new(&path);
    client.ask(&hand(1));
    let kept = given.kept.lock()[0].clone();
    assert!(kept.upgrade().unwrap().starts_with("QMP client "));

    drop(client);

    // The server hears of it in its own time.
    while kept.strong_count() > 0 {
        std::thread::yield_now();
    }
    assert_eq!(Arc::strong_count(&given.file), 2);
}

#[test]
fn a_client_on_tcp_is_told_that_it_cannot_be_handed_any() {
    let address: Address = "tcp:127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(&address).unwrap();
    let Address::Tcp { port, .. } = *listener.address() else { panic!("{}", listener.address()) };
    let (dispatcher, given) = commands();
    let _server = Server::start_with(vec![listener], dispatcher, Limits::default()).unwrap();
    let mut client = Client::of(TcpStream::connect(("127.0.0.1", port)).unwrap());
    client.ask("{'execute': 'qmp_capabilities'}");

    let refused = client.ask(&hand(1));

    assert_eq!(refused["error"]["data"][0]["code"], "no-unix-socket");
    assert!(given.kept.lock().is_empty());
    assert!(given.file.as_fd().try_clone_to_owned().is_ok());
}

#[test]
fn a_read_only_socket_hands_out_nothing() {
    let command = Command::handing("x-hand", |_, Count { .. }, _| {
        Ok(Handed { value: true, descriptors: Vec::new(), kept: Box::new(()) })
    });
    assert!(command.changes);
}
