//! `kill -9` at every point of `apply` at which something outside of the process changes.
//!
//! strace kills the server as it enters the N-th call of a kind, for N from 1 on until it survives. Whatever had been done by
//! then, the files that were there have their bytes and lengths (but for an empty one, which may have grown, and a window with
//! `discard-data=on`, which may have been discarded), and applying the same document to another server does the rest.
//!
//! By default, of calls of one kind the 1st, 2nd, 3rd, 5th, 8th and so on are tried; `QOMET_EVERY_CALL=1` tries all.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::process::{Running, program, run};
use crate::folder::Folder;

const OLD: &str = r#"[
  {"qom-type": "memory-backend-file", "id": "kept", "size": "16K", "share": true, "mem-path": "DIR/kept.img"},
  {"qom-type": "memory-backend-file", "id": "moved", "size": "8K", "share": true, "mem-path": "DIR/moved.img"},
  {"qom-type": "memory-backend-file", "id": "worthless", "size": "8K", "offset": "4K", "share": true,
   "discard-data": true, "mem-path": "DIR/worthless.img"},
  {"qom-type": "memory-backend-ram", "id": "user", "size": "1M", "prealloc-context": "tc"},
  {"qom-type": "memory-backend-memfd", "id": "dropped", "size": "1M"},
  {"qom-type": "thread-context", "id": "tc", "cpu-affinity": [0]}
]"#;

const NEW: &str = r#"[
  {"qom-type": "memory-backend-file", "id": "kept", "size": "16K", "share": true, "mem-path": "DIR/kept.img"},
  {"qom-type": "memory-backend-file", "id": "moved", "size": "8K", "offset": "8K", "share": true, "prealloc": true,
   "mem-path": "DIR/moved.img"},
  {"qom-type": "memory-backend-ram", "id": "user", "size": "2M", "prealloc": true, "prealloc-context": "tc"},
  {"qom-type": "thread-context", "id": "tc", "node-affinity": [0]},
  {"qom-type": "memory-backend-file", "id": "made", "size": "8K", "share": true, "prealloc": true,
   "mem-path": "DIR/made.img"},
  {"qom-type": "memory-backend-file", "id": "grown", "size": "8K", "share": true, "mem-path": "DIR/empty.img"},
  {"qom-type": "memory-backend-shm", "id": "shm", "size": "1M"}
]"#;

/// The calls that change files, mappings, threads or descriptors.
const CALLS: &[&str] = &[
    "openat",
    "ftruncate",
    "fallocate",
    "unlinkat",
    "unlink",
    "memfd_create",
    "mmap",
    "munmap",
    "madvise",
    "mbind",
    "clone3",
    "sched_setaffinity",
    "close",
    "sendto",
    "sendmsg",
    "write",
];

const LENGTH: usize = 16384;

fn bytes() -> Vec<u8> {
    (0..LENGTH).map(|at| u8::try_from(at % 251).unwrap() | 1).collect()
}

/// The files and documents of one attempt.
struct Site {
    folder: Folder,
    old: PathBuf,
    new: PathBuf,
}

impl Site {
    fn new() -> Self {
        let folder = Folder::new();
        for name in ["kept.img", "moved.img", "worthless.img"] {
            folder.text(name, bytes());
        }
        folder.text("empty.img", "");
        let here = |text: &str| text.replace("DIR", folder.path().to_str().unwrap());
        let (old, new) = (folder.text("old.json", here(OLD)), folder.text("new.json", here(NEW)));
        Site { folder, old, new }
    }

    fn serve(&self, socket: &str, documents: &[&Path]) -> (Running, String) {
        let address = format!("unix:{}", self.folder.join(socket).display());
        let mut arguments = vec!["run".to_owned(), "--qmp".to_owned(), address.clone()];
        arguments.extend(documents.iter().map(|path| path.display().to_string()));
        let running = Running::start(program(&arguments));
        running.wait_for("serves clients");
        (running, address)
    }

    /// What is not as it was and must be.
    fn damage(&self) -> Vec<String> {
        let read = |name: &str| fs::read(self.folder.join(name)).unwrap();
        let (was, mut wrong) = (bytes(), Vec::new());
        for name in ["kept.img", "moved.img"] {
            if read(name) != was {
                wrong.push(format!("{name} has {} bytes, or others", read(name).len()));
            }
        }
        let worthless = read("worthless.img");
        let window = 4096..12288;
        let is_outside_same = worthless.len() == LENGTH
            && worthless[..window.start] == was[..window.start]
            && worthless[window.end..] == was[window.end..];
        if !is_outside_same {
            wrong.push(format!(
                "worthless.img has {} bytes, or others outside of the window",
                worthless.len()
            ));
        } else if worthless[window.clone()] != was[window.clone()]
            && worthless[window].iter().any(|byte| *byte != 0)
        {
            wrong.push("the window of worthless.img is neither as it was nor discarded".to_owned());
        }
        let empty = read("empty.img");
        if !empty.is_empty() && (empty.len() != 8192 || empty.iter().any(|byte| *byte != 0)) {
            wrong.push(format!("empty.img has {} bytes, or others than zeros", empty.len()));
        }
        wrong
    }
}

/// Has strace kill the process as it enters a call. None if there is no strace, or it may not.
fn killer(process: u32, call: &str, number: u32) -> Option<Child> {
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-p", &process.to_string()]);
    command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:signal=KILL:when={number}")]);
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut strace = match spawned {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped: strace is not installed");
            return None;
        }
        strace => strace.unwrap(),
    };
    let mut said = BufReader::new(strace.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    // What else it says must find a reader.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    if line.contains("attached") {
        return Some(strace);
    }
    println!("skipped: strace cannot trace: {line}");
    let _ = strace.wait();
    None
}

/// Removes the name of shared memory that a process could not remove: it was killed right behind making it.
fn forget_shared_memory(process: u32) {
    let own = format!("qomet-{process}-");
    for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&own) {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// Whether the server was killed at that call, or `None` where nothing can be killed.
fn kill_at(call: &str, number: u32) -> Option<bool> {
    let site = Site::new();
    let (server, address) = site.serve("first.sock", &[&site.old]);
    let mut strace = killer(server.pid(), call, number)?;
    let document = site.new.to_str().unwrap();
    let said = run(["apply", document, "--prune", "--allow-loss", "--connect", &address]);
    let was_killed = said.code != Some(0);
    if was_killed {
        let process = server.pid();
        let ended = server.end();
        forget_shared_memory(process);
        assert_eq!(ended.code, None, "{call} {number}: not killed: {} {}", said.err, ended.err);
    } else {
        drop(server);
    }
    let _ = strace.wait();
    let wrong = site.damage();
    assert!(wrong.is_empty(), "{call} {number}: {wrong:?}");
    let (_second, address) = site.serve("second.sock", &[]);
    let again = run(["apply", document, "--connect", &address]);
    assert_eq!(again.code, Some(0), "{call} {number}: the next apply: {}", again.err);
    let plan = run(["plan", document, "--connect", &address]);
    assert_eq!(plan.code, Some(0), "{call} {number}: a plan after it: {}", plan.out);
    assert_eq!(fs::metadata(site.folder.join("made.img")).unwrap().len(), 8192);
    assert!(site.damage().is_empty(), "{call} {number}: after the next apply: {:?}", site.damage());
    Some(was_killed)
}

#[test]
fn whenever_it_is_killed_files_are_as_they_were_and_the_next_apply_does_the_rest() {
    let every = std::env::var_os("QOMET_EVERY_CALL").is_some();
    let mut points = 0;
    for call in CALLS {
        let (mut number, mut next) = (1, 2);
        loop {
            match kill_at(call, number) {
                None => return,
                Some(false) => break,
                Some(true) => points += 1,
            }
            (number, next) = if every { (number + 1, 0) } else { (next, number + next) };
        }
    }
    println!("killed at {points} calls");
    assert!(points > 20, "only at {points} calls");
}
