//! Clients that come, go, stall and send garbage, while others count on every reply.
//!
//! Idle clients sit there; busy ones keep several requests in flight and check each reply's id, order and value; vandals
//! send half a line, garbage, a thousand requests whose replies they do not read, and go. It is all done at least twice: a
//! server may grow, since an allocator keeps what it has had at once, but not each time.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::dice::Dice;
use crate::server::{PATIENCE, Server};

/// How hard it is.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Clients that only stay.
    pub idle: usize,
    /// Clients that check replies.
    pub busy: usize,
    /// Clients that misbehave, at once.
    pub vandals: usize,
    /// How long.
    pub long: Duration,
    /// What decides everything that is random.
    pub seed: u64,
}

/// What a server costs at a moment without clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Bytes of resident memory.
    pub resident: u64,
    /// Open descriptors.
    pub descriptors: usize,
    /// Objects in `/objects`.
    pub objects: usize,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Replies that were checked and right.
    pub replies: u64,
    /// Idle clients that were cut off and replaced.
    pub killed: u64,
    /// Misdeeds.
    pub misdeeds: u64,
    /// What was wrong: lost, foreign or false replies.
    pub wrong: Vec<String>,
    /// The cost after the last time but one.
    pub before: Cost,
    /// The cost after the last time.
    pub after: Cost,
    /// Whether it ended with 0 when it was told to, and all that were there heard of it.
    pub clean: bool,
}

/// So much may the resident memory grow from one time to the next: what an allocator keeps varies.
const SLACK: u64 = 8 << 20;
/// How often it may grow by more before that is a leak: the most that was needed at once may come late.
const AGAIN: u64 = 3;

impl Outcome {
    /// Whether nothing was lost, nothing leaked, and it ended well.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let (before, after) = (self.before, self.after);
        self.wrong.is_empty()
            && self.clean
            && self.replies > 0
            && after.descriptors <= before.descriptors
            && (before.objects, after.objects) == (0, 0)
            && after.resident <= before.resident + SLACK
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { replies, killed, misdeeds, wrong, before, after, clean } = self;
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        writeln!(
            f,
            "{replies} replies checked, {} wrong; {killed} idle clients cut off, {misdeeds} misdeeds",
            wrong.len()
        )?;
        writeln!(f, "resident {:.2} → {:.2} MiB", mib(before.resident), mib(after.resident))?;
        writeln!(
            f,
            "descriptors {} → {}, objects {} → {}",
            before.descriptors, after.descriptors, before.objects, after.objects
        )?;
        write!(f, "{}", if *clean { "clean exit" } else { "NO clean exit" })?;
        wrong.iter().take(10).try_for_each(|one| write!(f, "\n  {one}"))
    }
}

/// What the threads of a round share.
struct Shared<'a> {
    socket: &'a Path,
    over: AtomicBool,
    replies: AtomicU64,
    killed: AtomicU64,
    misdeeds: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

impl Shared<'_> {
    fn note(&self, what: String) {
        if let Ok(mut wrong) = self.wrong.lock() {
            wrong.push(what);
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// Has a server go through it, and ends it.
///
/// # Errors
/// The host refuses sockets or threads; what the server does wrong is in the outcome.
pub fn run(mut server: Server, plan: &Plan) -> io::Result<Outcome> {
    drop(server.client()?);
    let socket = server.socket().to_owned();
    let shared = Shared {
        socket: &socket,
        over: AtomicBool::new(false),
        replies: AtomicU64::new(0),
        killed: AtomicU64::new(0),
        misdeeds: AtomicU64::new(0),
        wrong: Mutex::default(),
    };
    let first = Plan { long: plan.long / 3, ..plan.clone() };
    round(&shared, &first)?;
    let mut before = settled(&server, None)?;
    round(&shared, &Plan { seed: !plan.seed, ..plan.clone() })?;
    let mut after = settled(&server, Some(before))?;
    for seed in plan.seed..plan.seed + AGAIN {
        if after.resident <= before.resident + SLACK {
            break;
        }
        before.resident = after.resident;
        round(&shared, &Plan { seed, ..first.clone() })?;
        after = settled(&server, Some(before))?;
    }
    let clean = leave(&mut server)?;
    Ok(Outcome {
        replies: shared.replies.into_inner(),
        killed: shared.killed.into_inner(),
        misdeeds: shared.misdeeds.into_inner(),
        wrong: shared.wrong.into_inner().unwrap_or_default(),
        before,
        after,
        clean,
    })
}

fn round(shared: &Shared<'_>, plan: &Plan) -> io::Result<()> {
    shared.over.store(false, Ordering::Relaxed);
    let idle = (0..plan.idle).map(|_| Client::connect(shared.socket)).collect::<io::Result<Vec<_>>>()?;
    std::thread::scope(|scope| {
        for number in 0..plan.busy {
            let mut dice = Dice::new(plan.seed ^ number as u64);
            scope.spawn(move || {
                if let Err(error) = be_busy(shared, number, &mut dice) {
                    shared.note(format!("busy client {number}: {error}"));
                }
            });
        }
        for number in 0..plan.vandals {
            let mut dice = Dice::new(plan.seed ^ (1 << 32) ^ number as u64);
            scope.spawn(move || {
                if let Err(error) = misbehave(shared, &mut dice) {
                    shared.note(format!("vandal {number}: {error}"));
                }
            });
        }
        let mut dice = Dice::new(plan.seed ^ (1 << 33));
        scope.spawn(move || {
            if let Err(error) = be_idle(shared, idle, &mut dice) {
                shared.note(format!("idle clients: {error}"));
            }
        });
        std::thread::sleep(plan.long);
        shared.over.store(true, Ordering::Relaxed);
    });
    Ok(())
}

/// A request, and what is to come back.
fn exchange(dice: &mut Dice, id: &Value, mine: &str, exists: bool) -> (Value, Result<Value, &'static str>) {
    let path = format!("/objects/{mine}");
    let request =
        |command: &str, arguments: Value| json!({"execute": command, "arguments": arguments, "id": id});
    let get = |property: &str| request("qom-get", json!({"path": path, "property": property}));
    match dice.below(6) {
        0 => (get("nothing"), Err(if exists { "GenericError" } else { "DeviceNotFound" })),
        1 => (request("no-such-command", json!({})), Err("CommandNotFound")),
        2 => (request("object-del", json!({"id": format!("{mine}x")})), Err("GenericError")),
        3 => (get("opened"), if exists { Ok(json!(true)) } else { Err("DeviceNotFound") }),
        4 => (get("type"), if exists { Ok(json!("rng-builtin")) } else { Err("DeviceNotFound") }),
        _ if exists => (request("object-del", json!({"id": mine})), Ok(json!({}))),
        _ => (request("object-add", json!({"qom-type": "rng-builtin", "id": mine})), Ok(json!({}))),
    }
}

/// Sends batches of requests; every reply must come, in order, with its id and value.
fn be_busy(shared: &Shared<'_>, number: usize, dice: &mut Dice) -> io::Result<()> {
    let mut client = Client::connect(shared.socket)?;
    let mine = format!("busy{number}");
    let mut exists = false;
    let mut count = 0_u64;
    // At least once, however late this thread gets its turn.
    while !shared.is_over() || exists || count == 0 {
        let (mut text, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..=dice.below(20) {
            count += 1;
            let id = dice
                .one_of(&[json!(count), json!({"client": number, "n": count}), json!([count, null])])
                .clone();
            let (request, reply) = exchange(dice, &id, &mine, exists);
            match request["execute"].as_str() {
                Some("object-add") => exists = true,
                Some("object-del") if reply.is_ok() => exists = false,
                _ => {}
            }
            text.extend_from_slice(request.to_string().as_bytes());
            text.push(b'\n');
            expected.push((id, reply));
        }
        // Not always in one piece.
        let cut = dice.below(text.len());
        client.send(&text[..cut])?;
        client.send(&text[cut..])?;
        for (id, reply) in expected {
            let line = client.line()?;
            let said: Value = serde_json::from_slice(line).unwrap_or(Value::Null);
            let right = said["id"] == id
                && match &reply {
                    Ok(value) => said["return"] == *value,
                    Err(class) => said["error"]["class"] == *class,
                };
            if right {
                shared.replies.fetch_add(1, Ordering::Relaxed);
            } else {
                shared.note(format!("expected {reply:?} for {id}, found {}", String::from_utf8_lossy(line)));
            }
        }
    }
    Ok(())
}

/// Stays; now and then one is cut off, in the middle of a line or not, and another comes. At the end all are served.
fn be_idle(shared: &Shared<'_>, mut idle: Vec<Client>, dice: &mut Dice) -> io::Result<()> {
    while !idle.is_empty() {
        let index = dice.below(idle.len());
        if dice.below(2) == 0 {
            idle[index].send(b"{\"execute\": \"qom-l")?;
        }
        // The old one goes first: the server may be full.
        drop(idle.swap_remove(index));
        idle.push(patiently(shared.socket)?);
        shared.killed.fetch_add(1, Ordering::Relaxed);
        if shared.is_over() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    for client in &mut idle {
        client.call("{\"execute\":\"query-status\"}\n")?;
        shared.replies.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Connects; a server that has not yet seen that others are gone may be full for a moment.
fn patiently(socket: &Path) -> io::Result<Client> {
    let begin = Instant::now();
    loop {
        match Client::connect(socket) {
            Ok(client) => return Ok(client),
            Err(error) if begin.elapsed() > PATIENCE => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// What a server must survive. A server may cut a vandal off, so that what it sends cannot be sent is no mistake.
fn misbehave(shared: &Shared<'_>, dice: &mut Dice) -> io::Result<()> {
    loop {
        match dice.below(6) {
            0 => drop(UnixStream::connect(shared.socket)?),
            1 => {
                let mut client = patiently(shared.socket)?;
                let _ = client.send(b"{\"execute\": \"query-version\", \"arguments\": {\"a");
            }
            2 => {
                let mut client = patiently(shared.socket)?;
                let garbage: Vec<u8> = (0..dice.below(4096)).map(|_| dice.next() as u8).collect();
                let _ = client.send(&garbage);
            }
            3 => {
                // Asks for much and reads nothing.
                let mut client = patiently(shared.socket)?.into_socket();
                client.set_write_timeout(Some(Duration::from_millis(20)))?;
                let _ = client.write_all(&b"{\"execute\":\"query-qmp-schema\"}\n".repeat(1_000));
            }
            4 => {
                let mut client = patiently(shared.socket)?;
                let deep = b"[".repeat(dice.below(3_000));
                let _ = client.send(&deep);
            }
            _ => resynchronise(shared, dice)?,
        }
        shared.misdeeds.fetch_add(1, Ordering::Relaxed);
        if shared.is_over() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Garbage, then the byte after which a request is understood again: its reply must come.
fn resynchronise(shared: &Shared<'_>, dice: &mut Dice) -> io::Result<()> {
    let mut client = patiently(shared.socket)?;
    let mut bytes: Vec<u8> = (0..dice.below(200)).map(|_| dice.next() as u8).collect();
    bytes.extend_from_slice(b"\xff\n{\"execute\":\"query-status\",\"id\":\"here\"}\n");
    client.send(&bytes)?;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let said: Value = serde_json::from_slice(client.line()?).unwrap_or(Value::Null);
        if said["id"] == "here" {
            shared.replies.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
    }
    Err(ErrorKind::TimedOut.into())
}

/// What it costs once all clients are gone: waits until there are no more descriptors than before.
fn settled(server: &Server, before: Option<Cost>) -> io::Result<Cost> {
    let begin = Instant::now();
    let mut last = usize::MAX;
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let descriptors = server.descriptors()?;
        let done = before.map_or(descriptors >= last, |before| descriptors <= before.descriptors);
        if done || begin.elapsed() > Duration::from_secs(30) {
            let mut client = patiently(server.socket())?;
            let line = client.call("{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/objects\"}}\n")?;
            let objects = memchr::memmem::find_iter(line, b"child<").count();
            return Ok(Cost { resident: server.resident()?, descriptors, objects });
        }
        last = descriptors;
    }
}

/// Says `quit`; it must end with 0, and a client that listens must hear `SHUTDOWN`.
fn leave(server: &mut Server) -> io::Result<bool> {
    let (mut listener, mut speaker) = (patiently(server.socket())?, patiently(server.socket())?);
    speaker.call("{\"execute\":\"quit\"}\n")?;
    let heard = memchr::memmem::find(listener.line()?, b"\"SHUTDOWN\"").is_some();
    Ok(server.wait()?.success() && heard)
}
