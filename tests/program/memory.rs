//! `x-memory-table`: memory that another process maps, by descriptor, offset and length.

use std::fs::File;
use std::io::{IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use serde_json::{Value, json};

use super::process::{Running, program};
use crate::folder::Folder;

const PAGE: u64 = 4096;

/// A client that has negotiated.
struct Client(UnixStream);

impl Client {
    fn connect(path: &str) -> Self {
        let mut client = Client(UnixStream::connect(path).unwrap());
        client.hear();
        assert_eq!(client.ask(&json!({"execute": "qmp_capabilities"})).0, json!({"return": {}}));
        client
    }

    fn ask(&mut self, command: &Value) -> (Value, Vec<OwnedFd>) {
        self.0.write_all(command.to_string().as_bytes()).unwrap();
        self.hear()
    }

    /// The next message, with the descriptors that came with it.
    fn hear(&mut self) -> (Value, Vec<OwnedFd>) {
        let (mut text, mut descriptors) = (Vec::new(), Vec::new());
        while !text.ends_with(b"\n") {
            let mut bytes = [0; 4096];
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut parts = [IoSliceMut::new(&mut bytes)];
            let got =
                rustix::net::recvmsg(&self.0, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
            assert_ne!(got.bytes, 0, "the server hung up");
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(all) = message {
                    descriptors.extend(all);
                }
            }
            text.extend_from_slice(&bytes[..got.bytes]);
        }
        (serde_json::from_slice(&text).unwrap(), descriptors)
    }
}

fn table(ids: &[&str]) -> Value {
    json!({"execute": "x-memory-table", "arguments": {"ids": ids}})
}

/// A program that holds two windows of one file, neither at its start, and private memory.
fn serve(folder: &Folder) -> (Running, String) {
    let path = |name| folder.join(name).display().to_string();
    let (file, socket) = (path("ram"), path("qmp"));
    let line = |id: &str, offset: u64, size: u64| {
        format!("memory-backend-file,id={id},mem-path={file},share=on,offset={offset},size={size}")
    };
    let (low, high) = (line("low", 3 * PAGE, 2 * PAGE), line("high", PAGE, PAGE));
    let objects = ["--object", &low, "--object", &high, "--object", "memory-backend-ram,id=own,size=4096"];
    let qmp = format!("unix:{socket}");
    let running = Running::start(program(["run", "--qmp", &qmp].into_iter().chain(objects)));
    running.wait_for("serves clients");
    (running, socket)
}

#[test]
fn another_process_reads_and_writes_the_memory_at_its_offset() {
    let folder = Folder::new();
    let (_running, socket) = serve(&folder);
    let mut client = Client::connect(&socket);

    let (reply, descriptors) = client.ask(&table(&["low", "high"]));

    let range = |id: &str, fd: u32, offset: u64, size: u64| json!({"id": id, "fd": fd, "offset": offset, "size": size, "page-size": PAGE, "readonly": false});
    let expected = [range("low", 0, 3 * PAGE, 2 * PAGE), range("high", 1, PAGE, PAGE)];
    assert_eq!(reply, json!({"return": expected}));
    let files: Vec<File> = descriptors.into_iter().map(File::from).collect();
    assert_eq!(files.len(), 2);
    files[0].write_all_at(b"low", 3 * PAGE).unwrap();
    files[1].write_all_at(b"high", PAGE).unwrap();
    let bytes = std::fs::read(folder.join("ram")).unwrap();
    assert_eq!((&bytes[12288..12291], &bytes[4096..4100]), (&b"low"[..], &b"high"[..]));
}

#[test]
fn memory_stays_in_use_until_the_client_leaves() {
    let folder = Folder::new();
    let (_running, socket) = serve(&folder);
    let (mut client, mut other) = (Client::connect(&socket), Client::connect(&socket));
    client.ask(&table(&["low"]));
    let delete = json!({"execute": "object-del", "arguments": {"id": "low"}});

    let refused = other.ask(&delete).0;

    let users = &other.ask(&json!({"execute": "query-memdev"})).0["return"][0]["x-users"];
    let user = users[0].as_str().unwrap();
    assert!(user.starts_with("QMP client "), "{user}");
    assert!(refused["error"]["desc"].as_str().unwrap().contains(user), "{refused}");
    drop(client);
    // The server hears of it in its own time.
    while other.ask(&delete).0 != json!({"return": {}}) {}
}

#[test]
fn memory_that_nobody_else_can_map_is_refused_with_the_repair() {
    let folder = Folder::new();
    let (_running, socket) = serve(&folder);
    let mut client = Client::connect(&socket);

    let (reply, descriptors) = client.ask(&table(&["low", "own"]));

    assert_eq!(reply["error"]["data"][0]["code"], "not-shared");
    assert_eq!(reply["error"]["data"][0]["help"], "use share=on");
    assert!(descriptors.is_empty());
    // Nothing is kept of what was half done.
    let users = &client.ask(&json!({"execute": "query-memdev"})).0["return"][0]["x-users"];
    assert_eq!(*users, json!([]));
}
