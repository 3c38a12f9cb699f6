//! Every call to the operating system that applying a document makes, made to fail in turn: whatever fails, the model, the
//! files, the mappings, the descriptors and the threads are as before, or everything was done.
//!
//! One document creates, changes, replaces and deletes at once. The test runs in a process of its own, because others map
//! and open things at the same time.

use std::fs;
use std::path::Path;
use std::process::Command;

use qomet::{Action, Model, NativeOutput, ObjectRef, PlanOptions};
use qomet_backends::memory::MemoryHost;
use qomet_backends::{Host as BackendHost, HostCall, types};
use qomet_config::Documents;
use qomet_memory::{Errno, Faults, Host};

use crate::folder::Folder;

/// Says to the process that the test starts that it is that one.
const INSIDE: &str = "QOMET_TEST_FAULTS";
const ALL: PlanOptions = PlanOptions { prune: true, allow_loss: true };
/// No other mapping of the process has these lengths, in bytes: RAM as it was, and as it is to be.
const LENGTHS: [u64; 3] = [37 * 4096, 41 * 4096, 43 * 4096];

const OLD: &str = r#"[
  {"qom-type": "memory-backend-file", "id": "kept", "size": "16K", "share": true, "mem-path": "DIR/kept.img"},
  {"qom-type": "memory-backend-file", "id": "moved", "size": "8K", "share": true, "mem-path": "DIR/moved.img"},
  {"qom-type": "memory-backend-ram", "id": "resized", "size": 151552, "prealloc-context": "tc"},
  {"qom-type": "memory-backend-ram", "id": "user", "size": 167936, "prealloc-context": "tc"},
  {"qom-type": "memory-backend-memfd", "id": "dropped", "size": 176128},
  {"qom-type": "thread-context", "id": "tc", "cpu-affinity": [0]},
  {"qom-type": "iothread", "id": "io", "poll-max-ns": 5}
]"#;

const NEW: &str = r#"[
  {"qom-type": "memory-backend-file", "id": "kept", "size": "16K", "share": true, "mem-path": "DIR/kept.img"},
  {"qom-type": "memory-backend-file", "id": "moved", "size": "8K", "offset": "8K", "share": true, "mem-path": "DIR/moved.img"},
  {"qom-type": "memory-backend-ram", "id": "resized", "size": 167936, "prealloc": true, "prealloc-threads": 1},
  {"qom-type": "memory-backend-ram", "id": "user", "size": 167936, "merge": false, "dump": false, "prealloc": true},
  {"qom-type": "thread-context", "id": "tc", "node-affinity": [0]},
  {"qom-type": "iothread", "id": "io", "poll-max-ns": 7},
  {"qom-type": "memory-backend-file", "id": "made", "size": "8K", "share": true, "mem-path": "DIR/made.img"},
  {"qom-type": "memory-backend-file", "id": "grown", "size": "8K", "share": true, "mem-path": "DIR/empty.img",
   "policy": "bind", "host-nodes": [0]},
  {"qom-type": "memory-backend-shm", "id": "shm", "size": 176128},
  {"qom-type": "memory-backend-memfd", "id": "memfd", "size": 176128, "seal": true},
  {"qom-type": "iothread", "id": "io2"},
  {"qom-type": "thread-context", "id": "tc2", "cpu-affinity": [0]},
  {"qom-type": "secret", "id": "s", "file": "DIR/secret"},
  {"qom-type": "rng-random", "id": "rng"},
  {"qom-type": "authz-list-file", "id": "authz", "filename": "DIR/rules.json"}
]"#;

fn document(text: &str, folder: &Path) -> Documents {
    let mut documents = Documents::new();
    documents.add("d.json", text.replace("DIR", folder.to_str().unwrap()));
    documents
}

fn bytes(length: u16) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// A model with the old objects.
struct World {
    folder: Folder,
    model: Model,
}

impl World {
    fn new(memory: Host) -> Self {
        let folder = Folder::new();
        folder.text("kept.img", bytes(16384));
        folder.text("moved.img", bytes(16384));
        folder.text("empty.img", "");
        folder.text("secret", "sesame");
        folder.text("rules.json", r#"{"rules": []}"#);
        let model = Model::new(qomet::TypeRegistry::builder().add(types()).build().unwrap());
        model.services().put(MemoryHost(memory));
        let (done, found) = document(OLD, folder.path()).update(&model, ALL).carry_out();
        assert!(done.is_ok(), "{found:?}");
        World { folder, model }
    }

    /// Everything that somebody could see from outside or inside.
    fn seen(&self) -> Vec<String> {
        let mut seen = vec![format!("revision {}", self.model.revision())];
        let objects = self.model.children(self.model.objects());
        seen.extend(objects.iter().map(|object| format!("{} {}", object.path(), values(object))));
        seen.extend(files(self.folder.path()));
        seen.extend(mappings(self.folder.path()));
        seen.extend(descriptors(self.folder.path()));
        seen
    }

    /// Applies the new document; what was reported if it failed.
    fn apply(&self) -> Result<(), String> {
        let documents = document(NEW, self.folder.path());
        let plan = documents.update(&self.model, ALL);
        let (done, found) = plan.carry_out();
        done.map(drop).map_err(|_| format!("{found:?}"))
    }

    /// Whether nothing is left to do.
    fn is_done(&self) -> bool {
        self.model.services().put(MemoryHost(Host::real()));
        self.model.services().put(BackendHost::default());
        let documents = document(NEW, self.folder.path());
        let plan = documents.update(&self.model, ALL);
        plan.is_accepted() && plan.steps().iter().all(|step| step.action == Action::Unchanged)
    }
}

fn values(object: &ObjectRef) -> String {
    let value = |name: &str| {
        let mut output = NativeOutput::default();
        object.write_configured(name, &mut output).unwrap();
        format!("{name}={:?}", output.finish())
    };
    let told = object.class().properties().iter().filter(|property| !property.sensitive);
    told.map(|property| value(property.name)).collect::<Vec<_>>().join(" ")
}

fn files(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|one| {
            let one = one.unwrap();
            format!("{:?} {:?}", one.file_name(), fs::read(one.path()).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// The mappings of files, of memory without a name, and of the lengths that the document names.
fn mappings(folder: &Path) -> Vec<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let hex = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let mut found: Vec<String> = maps
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (start, end) = words[0].split_once('-').unwrap();
            let length = hex(end) - hex(start);
            let is_ours = line.contains(folder.to_str().unwrap())
                || line.contains("memfd:")
                || line.contains("/dev/shm")
                || LENGTHS.contains(&length);
            is_ours.then(|| format!("{length} {} {}", words[1..4].join(" "), words.get(5).unwrap_or(&"")))
        })
        .collect();
    found.sort();
    found
}

fn descriptors(folder: &Path) -> Vec<String> {
    let all = fs::read_dir("/proc/self/fd").unwrap();
    let target = |one: std::io::Result<fs::DirEntry>| fs::read_link(one.unwrap().path()).ok();
    let mut all: Vec<String> = all.filter_map(target).map(|path| path.display().to_string()).collect();
    // Inodes are numbered anew.
    all.iter_mut().for_each(|path| {
        if !path.starts_with(folder.to_str().unwrap()) {
            path.retain(|letter| !letter.is_ascii_digit());
        }
    });
    all.sort();
    all
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// Whether there are at most so many threads, soon: who waits for the end of one is woken a moment before.
fn threads_end(most: usize) -> bool {
    (0..1000).any(|_| {
        let are_more = threads() > most;
        if are_more {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        !are_more
    })
}

/// What a failure came to: everything is as before, or the call was one that may fail and everything was done.
fn judge(world: &World, what: &str) -> Result<bool, String> {
    let (before, threads) = (world.seen(), threads());
    match world.apply() {
        Err(found) if !threads_end(threads) => Err(format!("{what}: threads were left; {found}")),
        Err(found) => {
            let after = world.seen();
            let differ: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
            let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
            match before == after {
                true => Ok(false),
                false => Err(format!("{what}: was {differ:?}, is {new:?}; {found}")),
            }
        }
        Ok(()) if world.is_done() => Ok(true),
        Ok(()) => Err(format!("{what}: something is left to do")),
    }
}

fn every_call() {
    // How many calls it takes to make the old objects, and then the new ones.
    let counting = Host::with(Faults::none());
    let world = World::new(counting.clone());
    let first = counting.calls();
    world.apply().unwrap();
    let last = counting.calls();
    assert!(world.is_done() && last > first + 50, "{first} to {last} calls");
    drop(world);
    let (mut failed, mut done, mut wrong) = (0, 0, Vec::new());
    for number in first..last {
        for errno in [Errno::ENOMEM, Errno::EPERM] {
            let world = World::new(Host::with(Faults::none().nth(number, errno)));
            match judge(&world, &format!("call {number} of memory, {errno}")) {
                Ok(false) => failed += 1,
                Ok(true) => done += 1,
                Err(told) => wrong.push(told),
            }
        }
    }
    for call in [
        HostCall::Random,
        HostCall::Open,
        HostCall::Read,
        HostCall::Wait,
        HostCall::ReadFile,
        HostCall::Watch,
        HostCall::EventLoop,
        HostCall::EventLoopWatch,
    ] {
        let world = World::new(Host::real());
        world.model.services().put(BackendHost::refusing(call, 5));
        match judge(&world, &format!("{call:?}")) {
            Ok(false) => failed += 1,
            Ok(true) => done += 1,
            Err(told) => wrong.push(told),
        }
    }
    println!("{} calls; {failed} failures taken back, {done} borne", last - first);
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), failed + done + wrong.len(), wrong.join("\n"));
    assert!(failed > 50, "only {failed} calls mattered");
}

#[test]
fn whatever_call_fails_everything_is_as_before() {
    if std::env::var_os(INSIDE).is_some() {
        return every_call();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["apply::faults::whatever_call_fails_everything_is_as_before", "--exact", "--nocapture"]);
    let ended = command.args(["--test-threads", "1"]).env(INSIDE, "1").output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    println!("{said}");
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}
