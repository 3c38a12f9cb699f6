//! Arbitrary and damaged streams of bytes, and what two servers make of them.
//!
//! A stream is made of requests that are right, and then damaged: bytes changed, cut out, doubled, put in; deep nesting,
//! huge numbers, UTF-8 that is none. It ends with the byte that resynchronises and a request whose reply must come. Two
//! servers are compared by the kind of each reply: return or error, the class of error, the id. A stream that they
//! answer differently is made smaller while they still differ.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;
use crate::dice::Dice;
use crate::server::{Kind, PATIENCE, Server};

/// Requests to begin with. They change nothing, and both servers have them.
const REQUESTS: [&str; 14] = [
    "{\"execute\":\"query-version\"}",
    "{\"execute\":\"query-version\",\"id\":1}",
    "{\"execute\":\"query-version\",\"id\":{\"a\":[1,2.5,null,true]}}",
    "{\"execute\":\"query-version\",\"arguments\":{}}",
    "{\"execute\":\"query-version\",\"arguments\":{\"x\":1},\"id\":\"q\"}",
    "{\"execute\":\"nope\",\"id\":\"ünï\"}",
    "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/objects\"},\"id\":18446744073709551615}",
    "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/nowhere\"},\"id\":-0.0}",
    "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/objects\",\"property\":\"type\"},\"id\":\"\\u00e9\\n\"}",
    "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/objects\",\"property\":7}}",
    "{\"execute\":\"qom-get\",\"arguments\":{\"path\":'/objects',\"property\":'type'}}",
    // Both refuse it. Qomet lets query-version overtake others, which QEMU does not.
    "{\"exec-oob\":\"qom-list\",\"arguments\":{\"path\":\"/objects\"},\"id\":\"oob\"}",
    "{\"execute\":\"object-del\",\"arguments\":{\"id\":\"nobody\"},\"id\":[]}",
    "{\"arguments\":{},\"id\":7}",
];

/// Pieces that are put in.
const PIECES: [&[u8]; 34] = [
    b"\xff",
    b"\xfe",
    b"\x80",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc3\xa9",
    b"\xf0\x9f\x98\x80",
    b"\0",
    b"\x1f",
    b"\x7f",
    b"\n",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00",
    b"\\x",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"-",
    b"0",
    b"1e999",
    b"99999999999999999999999",
    b"1.",
    b"nul",
    b"%",
    b"\xef\xbb\xbf",
];

const HUNG: &str = "no reply to what follows the resynchronisation";
const ENDED: &str = "the end of the connection";

/// A stream.
#[derive(Clone, Debug)]
pub struct Stream {
    messages: Vec<Vec<u8>>,
}

/// What they differ in.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The stream, made small; escaped.
    pub stream: String,
    /// The kinds of the replies of the one.
    pub one: Vec<String>,
    /// The kinds of the replies of the other.
    pub other: Vec<String>,
}

/// What comparing streams came to.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// How many streams.
    pub streams: usize,
    /// How many replies they had.
    pub replies: usize,
    /// How often the other server, QEMU, ended or hung; ours then only has to live.
    pub deaths: usize,
    /// Where they differ.
    pub differences: Vec<Difference>,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compared { streams, replies, deaths, differences } = self;
        write!(f, "{streams} streams, {replies} replies, the peer ended or hung {deaths} times, ")?;
        write!(f, "{} differ", differences.len())?;
        differences.iter().take(20).try_for_each(|Difference { stream, one, other }| {
            let start: String = stream.chars().take(300).collect();
            write!(f, "\n  {start}\n    qomet: {}\n    peer:  {}", one.join(", "), other.join(", "))
        })
    }
}

impl Stream {
    fn arbitrary(dice: &mut Dice) -> Self {
        let messages = (0..=dice.below(6))
            .map(|_| match dice.below(12) {
                0 => (0..dice.below(40)).map(|_| dice.next() as u8).collect(),
                1 => nested(dice),
                2 => (0..dice.below(12)).flat_map(|_| dice.one_of(&PIECES).to_vec()).collect(),
                _ => damaged(dice),
            })
            .collect();
        Stream { messages }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.messages.join(&b'\n');
        bytes.extend_from_slice(b"\n\xff\n{\"execute\":\"query-version\",\"id\":\"the end\"}\n");
        bytes
    }
}

fn nested(dice: &mut Dice) -> Vec<u8> {
    let depth = *dice.one_of(&[1, 10, 100, 500, 1022, 1023, 1024, 1025, 1026, 1100]);
    let (open, close): (&[u8], &[u8]) = *dice.one_of(&[(b"[" as &[u8], b"]" as &[u8]), (b"{\"a\":", b"}")]);
    let inner = open.repeat(depth);
    let outer = close.repeat(if dice.below(4) == 0 { dice.below(depth) } else { depth });
    let value = [inner.as_slice(), b"1", &outer].concat();
    match dice.below(3) {
        0 => value,
        1 => [b"{\"execute\":\"query-version\",\"id\":" as &[u8], &value, b"}"].concat(),
        _ => [b"{\"execute\":\"qom-list\",\"arguments\":{\"path\":" as &[u8], &value, b"}}"].concat(),
    }
}

fn damaged(dice: &mut Dice) -> Vec<u8> {
    let mut message = dice.one_of(&REQUESTS).as_bytes().to_vec();
    for _ in 0..dice.below(4) {
        let at = dice.below(message.len());
        match dice.below(7) {
            _ if message.is_empty() => {}
            0 => message[at] = dice.next() as u8,
            1 => drop(message.remove(at)),
            2 => message.truncate(at),
            3 => {
                let end = (at + dice.below(20)).min(message.len());
                let piece = message[at..end].to_vec();
                message.splice(at..at, piece);
            }
            4 => {
                let number = dice.one_of(&[
                    "18446744073709551616",
                    "-9223372036854775809",
                    "1e400",
                    "0.1e-5",
                    "00",
                    "-",
                ]);
                message.splice(at..at, number.bytes());
            }
            _ => {
                let piece = *dice.one_of(&PIECES);
                message.splice(at..at, piece.iter().copied());
            }
        }
    }
    message
}

/// A value in which whole numbers are written in one way: QEMU writes 0 for 0.0.
fn plain(value: &Value) -> String {
    let all = |items: Vec<String>| items.join(", ");
    match value {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map_or_else(String::new, |value| value.to_string())
        }
        Value::Array(items) => format!("[{}]", all(items.iter().map(plain).collect())),
        Value::Object(members) => {
            format!(
                "{{{}}}",
                all(members.iter().map(|(key, value)| format!("{key:?}: {}", plain(value))).collect())
            )
        }
        other => other.to_string(),
    }
}

/// A line; QEMU writes a number that is too large as `inf`, which is no JSON, and Qomet as null.
fn read(line: &[u8]) -> Option<Value> {
    let mut text = String::from_utf8_lossy(line).replace("-inf", "inf");
    for before in [": ", ", ", "["] {
        text = text.replace(&format!("{before}inf"), &format!("{before}null"));
    }
    serde_json::from_str(&text).ok()
}

/// The kind of a reply: what must be the same.
fn kind(line: &[u8]) -> String {
    let Some(said) = read(line) else {
        // What nests deeper than this crate reads: the text is then all that there is.
        let is_error = memchr::memmem::find(line, b"\"error\"").is_some();
        return format!("{} that nests deeply", if is_error { "error" } else { "return" });
    };
    let id = said.get("id").map_or_else(String::new, |id| format!(" id {}", plain(id)));
    match (said.get("error"), said.get("event")) {
        (Some(error), _) => format!("error {}{id}", error["class"].as_str().unwrap_or("without a class")),
        (None, Some(event)) => format!("event {event}"),
        (None, None) => format!("return{id}"),
    }
}

/// A client that has negotiated.
fn negotiated(server: &Server, patience: Duration, oob: bool) -> io::Result<Client> {
    let mut client = Client::raw_with_patience(server.socket(), patience)?;
    client.line()?;
    let enable = if oob { "{\"enable\":[\"oob\"]}" } else { "{}" };
    client.call(&format!("{{\"execute\":\"qmp_capabilities\",\"arguments\":{enable}}}\n"))?;
    Ok(client)
}

/// What a server answers to a client.
fn answers(mut client: Client, stream: &Stream, oob: bool) -> io::Result<Vec<String>> {
    match client.send(&stream.bytes()) {
        // What it said before it ended is still there.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error),
        _ => {}
    }
    let mut kinds = Vec::new();
    loop {
        match client.line() {
            Ok(line) => {
                let kind = kind(line);
                let last = kind == "return id \"the end\"";
                kinds.push(kind);
                if last {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                kinds.push(HUNG.to_owned());
                break;
            }
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                kinds.push(ENDED.to_owned());
                break;
            }
            Err(error) => return Err(error),
        }
    }
    if oob {
        // What is out of band has no place in the order.
        kinds.sort();
    }
    Ok(kinds)
}

/// A server that is started again when it has ended.
#[derive(Debug)]
struct Lasting {
    kind: Kind,
    server: Server,
    /// How long it is waited for. That QEMU hung is no finding, and it does: a busy machine must not be taken for it in
    /// ours.
    patience: Duration,
}

impl Lasting {
    fn start(kind: &Kind) -> io::Result<Self> {
        let mut server = Server::start(kind, &[])?;
        drop(server.client()?);
        let patience = if matches!(kind, Kind::Qomet(_)) { PATIENCE } else { Duration::from_secs(5) };
        Ok(Lasting { kind: kind.clone(), server, patience })
    }

    /// A client. Whoever dies of the last client's leaving, which QEMU may, does so only now; it is started again.
    fn client(&mut self, oob: bool) -> io::Result<Client> {
        match negotiated(&self.server, self.patience, oob) {
            Err(_) if matches!(self.kind, Kind::Qemu | Kind::StorageDaemon) => {
                *self = Self::start(&self.kind)?;
                negotiated(&self.server, PATIENCE, oob)
            }
            done => done,
        }
    }

    /// What it answers, and whether it is well afterwards.
    fn asked(&mut self, stream: &Stream, oob: bool) -> io::Result<(Vec<String>, bool)> {
        let mut kinds = answers(self.client(oob)?, stream, oob)?;
        let well = match kinds.last().map(String::as_str) {
            Some(HUNG) => false,
            Some(ENDED) => self.survives()?,
            _ => self.server.is_alive()?,
        };
        if !well {
            *self = Self::start(&self.kind)?;
            kinds.push("the end of the server".to_owned());
        }
        Ok((kinds, well))
    }

    /// Whether it was only the connection that ended. A process that is ending is not gone at once, and greets nobody.
    fn survives(&mut self) -> io::Result<bool> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if !self.server.is_alive()? {
                return Ok(false);
            }
            if negotiated(&self.server, Duration::from_secs(1), false).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Two servers that are asked the same.
#[derive(Debug)]
pub struct Pair {
    one: Lasting,
    other: Lasting,
}

/// What two servers answered.
enum Answers {
    Same(usize),
    Different(Vec<String>, Vec<String>),
    /// The other one did not survive it, ours did.
    Death,
}

impl Pair {
    /// Starts both: ours, and the one to compare with.
    ///
    /// # Errors
    /// One cannot be started.
    pub fn start(one: &Kind, other: &Kind) -> io::Result<Self> {
        Ok(Pair { one: Lasting::start(one)?, other: Lasting::start(other)? })
    }

    fn ask(&mut self, stream: &Stream, oob: bool) -> io::Result<Answers> {
        let ((one, lives), (other, other_lives)) =
            (self.one.asked(stream, oob)?, self.other.asked(stream, oob)?);
        Ok(match () {
            () if lives && !other_lives => Answers::Death,
            () if one == other => Answers::Same(one.len()),
            () => Answers::Different(one, other),
        })
    }

    /// Sends both so many streams that the seed decides.
    ///
    /// # Errors
    /// One cannot be reached any more.
    pub fn compare(&mut self, seed: u64, streams: usize) -> io::Result<Compared> {
        let mut dice = Dice::new(seed);
        let mut compared = Compared::default();
        for index in 0..streams {
            let oob = index % 4 == 3;
            let stream = Stream::arbitrary(&mut dice);
            compared.streams += 1;
            match self.ask(&stream, oob)? {
                Answers::Same(replies) => compared.replies += replies,
                Answers::Death => compared.deaths += 1,
                Answers::Different(one, other) => {
                    compared.replies += one.len();
                    compared.differences.push(self.smaller(stream, one, other, oob)?);
                }
            }
        }
        Ok(compared)
    }

    /// Makes a stream that they answer differently smaller: first whole messages go, then pieces of what is left.
    fn smaller(
        &mut self,
        mut stream: Stream,
        mut one: Vec<String>,
        mut other: Vec<String>,
        oob: bool,
    ) -> io::Result<Difference> {
        for at in (0..stream.messages.len()).rev() {
            let mut smaller = stream.clone();
            smaller.messages.remove(at);
            if let Answers::Different(fewer, fewer_too) = self.ask(&smaller, oob)? {
                (stream, one, other) = (smaller, fewer, fewer_too);
            }
        }
        for at in 0..stream.messages.len() {
            let mut piece = stream.messages[at].len().div_ceil(2);
            while piece > 0 {
                let mut from = 0;
                while from < stream.messages[at].len() {
                    let mut smaller = stream.clone();
                    let end = (from + piece).min(smaller.messages[at].len());
                    smaller.messages[at].drain(from..end);
                    match self.ask(&smaller, oob)? {
                        Answers::Different(fewer, fewer_too) => {
                            (stream, one, other) = (smaller, fewer, fewer_too);
                        }
                        _ => from = end,
                    }
                }
                piece /= 2;
            }
        }
        let stream = stream.messages.join(&b'\n').escape_ascii().to_string();
        Ok(Difference { stream, one, other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_streams() {
        let bytes = |seed| Stream::arbitrary(&mut Dice::new(seed)).bytes();

        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn replies_are_of_one_kind_whatever_their_words() {
        let one = kind(br#"{"error": {"class": "GenericError", "desc": "a"}, "id": 1}"#);
        let other = kind(br#"{"error":{"class":"GenericError","desc":"b","data":[]},"id":1}"#);

        assert_eq!(one, other);
        assert_ne!(one, kind(br#"{"error":{"class":"GenericError","desc":"b"}}"#));
    }
}
