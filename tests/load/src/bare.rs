//! Servers that do only what cannot be avoided: they show where the limit lies.
//!
//! [`echo`] has a thread a client and answers each line with a line. [`parse`] waits for all clients with epoll on one
//! thread, finds the command, keeps the ids of objects in a map, looks paths up in it. Both greet, so that the same
//! client speaks to them. They are run by the program as processes of their own.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

const GREETING: &[u8] = b"{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n";
const DONE: &[u8] = b"{\"return\":{}}\r\n";
const TRUE: &[u8] = b"{\"return\":true}\r\n";
const INVALID: &[u8] = b"{\"error\":{\"class\":\"GenericError\",\"desc\":\"\"}}\r\n";
const NOT_FOUND: &[u8] = b"{\"error\":{\"class\":\"DeviceNotFound\",\"desc\":\"\"}}\r\n";

/// Answers each line with a line, for ever.
///
/// # Errors
/// The host refuses the socket.
pub fn echo(socket: PathBuf) -> io::Result<()> {
    for client in UnixListener::bind(socket)?.incoming() {
        let mut client = client?;
        std::thread::spawn(move || -> io::Result<()> {
            client.write_all(GREETING)?;
            let (mut buffer, mut replies) = (vec![0; 64 << 10], Vec::new());
            loop {
                let count = client.read(&mut buffer)?;
                if count == 0 {
                    return Ok(());
                }
                replies.clear();
                for _ in memchr::memchr_iter(b'\n', &buffer[..count]) {
                    replies.extend_from_slice(TRUE);
                }
                client.write_all(&replies)?;
            }
        });
    }
    Ok(())
}

struct Peer {
    socket: UnixStream,
    input: Vec<u8>,
}

/// As large as an object of Qomet that has no state.
type Object = Box<[u64; 21]>;

/// The members of a line of JSON whose values are strings, at any depth. Each byte is looked at once, as any reader of
/// JSON has to; `None` if it is no such line.
fn members<'l>(line: &'l [u8], found: &mut Vec<(&'l [u8], &'l [u8])>) -> Option<()> {
    found.clear();
    let (mut at, mut depth, mut key, mut is_value) = (0, 0_u32, b"" as &[u8], false);
    while let Some(byte) = line.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let start = at;
                loop {
                    match line.get(at)? {
                        b'"' => break,
                        b'\\' => at += 2,
                        0..0x20 => return None,
                        _ => at += 1,
                    }
                }
                let text = &line[start..at];
                at += 1;
                if is_value {
                    found.push((key, text));
                } else {
                    key = text;
                }
            }
            b':' => is_value = true,
            b'{' | b'[' => (depth, is_value) = (depth + 1, false),
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' => is_value = false,
            b' ' | b'\t' | b'\r' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'a'..=b'z' | b'E' => {}
            _ => return None,
        }
    }
    (depth == 0).then_some(())
}

/// The reply to a line; `None` if it says `quit`.
fn answer<'l>(
    line: &'l [u8],
    found: &mut Vec<(&'l [u8], &'l [u8])>,
    objects: &mut HashMap<Box<[u8]>, Object>,
) -> Option<&'static [u8]> {
    let Some(()) = members(line, found) else { return Some(INVALID) };
    let value =
        |name: &[u8]| found.iter().find(|(key, _)| *key == name).map_or(b"" as &[u8], |(_, text)| *text);
    Some(match value(b"execute") {
        b"object-add" => match objects.insert(value(b"id").into(), Box::new([1; 21])) {
            None => DONE,
            Some(_) => NOT_FOUND,
        },
        b"object-del" if objects.remove(value(b"id")).is_some() => DONE,
        b"qom-get" => match value(b"path").strip_prefix(b"/objects/").and_then(|id| objects.get(id)) {
            Some(object) if object[0] == 1 => TRUE,
            _ => NOT_FOUND,
        },
        b"object-del" => NOT_FOUND,
        b"quit" => return None,
        _ => DONE,
    })
}

/// Parses and looks up, until a client says `quit`.
///
/// # Errors
/// The host refuses the socket.
pub fn parse(socket: PathBuf) -> io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
    let mut objects: HashMap<Box<[u8]>, Object> = HashMap::new();
    let mut peers: HashMap<u64, Peer> = HashMap::new();
    let mut events = [EpollEvent::empty(); 256];
    let (mut buffer, mut output, mut next) = (vec![0; 64 << 10], Vec::new(), 1);
    loop {
        let count = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..count] {
            if event.data() == 0 {
                while let Ok((socket, _)) = listener.accept() {
                    (&socket).write_all(GREETING)?;
                    epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, next))?;
                    peers.insert(next, Peer { socket, input: Vec::new() });
                    next += 1;
                }
                continue;
            }
            let Some(peer) = peers.get_mut(&event.data()) else { continue };
            let Ok(count @ 1..) = peer.socket.read(&mut buffer) else {
                peers.remove(&event.data());
                continue;
            };
            let mut input = &buffer[..count];
            if !peer.input.is_empty() {
                peer.input.extend_from_slice(input);
                input = &peer.input;
            }
            let mut at = 0;
            output.clear();
            let mut found = Vec::new();
            while let Some(end) = memchr::memchr(b'\n', &input[at..]) {
                let line = &input[at..at + end];
                at += end + 1;
                output.extend_from_slice(match answer(line, &mut found, &mut objects) {
                    Some(reply) => reply,
                    None => return Ok(()),
                });
            }
            let rest = input[at..].to_vec();
            peer.input = rest;
            peer.socket.write_all(&output)?;
        }
    }
}
