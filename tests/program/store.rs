//! Disasters of the backing store while a server has it mapped: the file truncated, removed or replaced, its file system
//! filled up, made smaller or unmounted, huge pages taken away, a device that no longer answers.
//!
//! Whatever is asked of the object afterwards is answered, with what is fine or with an error that names the object, the
//! file and the place in it; the server lives, and another object, on another file, is as it was. What the machine
//! lacks prints `skipped:` and why.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::process::{Running, Said, program, run};
use crate::folder::Folder;

const MIB: u64 = 1 << 20;

/// A server with the window `a`, from 1 MiB on and 2 MiB long, of some file, and `o`, of another.
struct Bench {
    server: Running,
    client: BufReader<UnixStream>,
    folder: Folder,
    objects: Value,
}

impl Bench {
    fn new(file: &Path) -> Self {
        Self::with(json!({
            "qom-type": "memory-backend-file", "id": "a", "mem-path": file, "share": true, "offset": MIB, "size": 2 * MIB,
        }))
    }

    fn with(a: Value) -> Self {
        let folder = Folder::new();
        let o = json!({
            "qom-type": "memory-backend-file", "id": "o", "mem-path": folder.join("o"), "share": true, "size": MIB,
        });
        let objects = json!([a, o]);
        let document = folder.text("d.json", objects.to_string());
        let socket = folder.join("qmp");
        let qmp = format!("unix:{}", socket.display());
        let server = Running::start(program(["run", document.to_str().unwrap(), "--qmp", &qmp]));
        server.wait_for("serves clients");
        let client = BufReader::new(UnixStream::connect(&socket).unwrap());
        let mut bench = Bench { server, client, folder, objects };
        bench.hear();
        bench.ask("qmp_capabilities", &json!({})).unwrap();
        bench
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.client.read_line(&mut line).unwrap(), 0, "the server hung up");
        serde_json::from_str(&line).unwrap()
    }

    /// What is returned; of an error, its code and text. Events are not waited for.
    fn ask(&mut self, command: &str, arguments: &Value) -> Result<Value, (String, String)> {
        let text = json!({ "execute": command, "arguments": arguments }).to_string();
        self.client.get_mut().write_all(text.as_bytes()).unwrap();
        loop {
            let mut reply = self.hear();
            if let Some(error) = reply.get("error") {
                let code = error["data"][0]["code"].as_str().unwrap().to_owned();
                return Err((code, error["desc"].as_str().unwrap().to_owned()));
            }
            if reply.get("return").is_some() {
                return Ok(reply["return"].take());
            }
        }
    }

    fn set(&mut self, property: &str, value: &Value) -> Result<Value, (String, String)> {
        self.ask("qom-set", &json!({ "path": "/objects/a", "property": property, "value": value }))
    }

    /// What `query-memdev` says is wrong with an object.
    fn fault(&mut self, id: &str) -> Option<String> {
        let memory = self.ask("query-memdev", &json!({})).unwrap();
        let entry = memory.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
        entry.get("x-fault").and_then(Value::as_str).map(str::to_owned)
    }

    /// `qomet COMMAND` of a document in which `a` is half as large.
    fn plan(&mut self, command: &str) -> Said {
        let mut objects = self.objects.clone();
        objects[0]["size"] = json!(MIB);
        let document = self.folder.text("half.json", objects.to_string());
        let address = format!("unix:{}", self.folder.join("qmp").display());
        run([command, document.to_str().unwrap(), "--connect", &address])
    }

    /// Everything that does not change `a` for good. All of it has to be answered; what can fail is returned.
    fn everything(&mut self) -> Outcome {
        for property in self.ask("qom-list", &json!({ "path": "/objects/a" })).unwrap().as_array().unwrap() {
            let read = self.ask("qom-get", &json!({ "path": "/objects/a", "property": property["name"] }));
            assert!(read.is_ok(), "{property}: {read:?}");
        }
        for (property, value) in [("merge", false), ("merge", true), ("dump", false), ("dump", true)] {
            assert_eq!(self.set(property, &json!(value)), Ok(json!({})), "{property}={value}");
        }
        let prealloc = self.set("prealloc", &json!(true)).err();
        let fault = self.fault("a");
        let table = self.table();
        let address = format!("unix:{}", self.folder.join("qmp").display());
        for command in ["dump", "map", "tree"] {
            let said = run([command, "--connect", &address]);
            assert_eq!(said.code, Some(0), "{command}: {}", said.err);
        }
        let plan = self.plan("plan");
        Outcome { prealloc, fault, table, plan }
    }

    /// What `x-memory-table` says to a client that leaves at once.
    fn table(&mut self) -> Option<(String, String)> {
        let other = UnixStream::connect(self.folder.join("qmp")).unwrap();
        let mine = std::mem::replace(&mut self.client, BufReader::new(other));
        self.hear();
        self.ask("qmp_capabilities", &json!({})).unwrap();
        let table = self.ask("x-memory-table", &json!({ "ids": ["a"] })).err();
        self.client = mine;
        // The server hears in its own time that the client has left.
        while self.ask("query-memdev", &json!({})).unwrap()[0]["x-users"] != json!([]) {}
        table
    }

    /// The end: `a` goes, with its window discarded; `o` is as it was; the server ends as it should.
    fn end(mut self) {
        self.set("discard-data", &json!(true)).unwrap();
        self.ask("object-del", &json!({ "id": "a" })).unwrap();
        assert_eq!(self.fault("o"), None);
        let other = json!({ "path": "/objects/o", "property": "prealloc", "value": true });
        self.ask("qom-set", &other).unwrap();
        self.ask("quit", &json!({})).unwrap();
        let said = self.server.end();
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    }
}

struct Outcome {
    prealloc: Option<(String, String)>,
    fault: Option<String>,
    table: Option<(String, String)>,
    plan: Said,
}

fn truncate(path: &Path, length: u64) {
    File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn refused(code: &str, text: &str) -> Option<(String, String)> {
    Some((code.to_owned(), text.to_owned()))
}

/// A file system for one test; `None`, and a line that says so, where this process may not mount.
struct Mount(Folder);

impl Mount {
    fn new(kind: &str, options: &str) -> Option<Self> {
        let at = Folder::new();
        let mut command = Command::new("mount");
        command.args(["-t", kind, "-o", options, "qomet-test"]).arg(at.path()).stderr(Stdio::null());
        if command.status().is_ok_and(|status| status.success()) {
            return Some(Mount(at));
        }
        println!("skipped: this process may not mount {kind}");
        None
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn remount(&self, options: &str) {
        let mut command = Command::new("mount");
        command.args(["-o", &format!("remount,{options}")]).arg(self.0.path());
        assert!(command.status().unwrap().success());
    }

    /// Takes it out of the tree; it goes once nobody uses it.
    fn unmount(&self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).stderr(Stdio::null()).status();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        self.unmount();
    }
}

#[test]
fn a_file_truncated_to_nothing_is_an_error_of_its_object_alone() {
    let folder = Folder::new();
    let (file, name) = (folder.join("a"), folder.join("a").display().to_string());
    let mut bench = Bench::new(&file);

    truncate(&file, 0);

    let outcome = bench.everything();
    let text = format!(
        "object 'a': cannot populate '{name}' at offset 1048576: the backing store could not provide the page (property prealloc)"
    );
    assert_eq!(outcome.prealloc, refused("no-backing-page", &text));
    let fault = format!("'{name}' is 0 bytes long now, and the memory is its bytes 1048576 to 3145728");
    let table = format!("object 'a': {fault} (expected a file of at least 3145728 bytes (3 MiB))");
    assert_eq!(outcome.table, refused("file-truncated", &table));
    assert_eq!(outcome.fault, Some(fault));
    assert_eq!(outcome.plan.code, Some(2), "{}", outcome.plan.err);
    let applied = bench.plan("apply");
    assert_eq!((applied.code, bench.fault("a")), (Some(0), None), "{}", applied.err);
    assert_eq!(fs::metadata(&file).unwrap().len(), 2 * MIB);
    bench.end();
}

#[test]
fn a_file_truncated_inside_the_window_is_an_error_at_the_place_where_it_ends() {
    let folder = Folder::new();
    let (file, name) = (folder.join("a"), folder.join("a").display().to_string());
    let mut bench = Bench::new(&file);

    truncate(&file, 2 * MIB);

    let outcome = bench.everything();
    let text = format!(
        "object 'a': cannot populate '{name}' at offset 2097152: the backing store could not provide the page (property prealloc)"
    );
    assert_eq!(outcome.prealloc, refused("no-backing-page", &text));
    let fault =
        format!("'{name}' is 2097152 bytes (2 MiB) long now, and the memory is its bytes 1048576 to 3145728");
    assert_eq!(outcome.fault, Some(fault));
    // What is left is enough for half of it.
    assert_eq!(bench.plan("apply").code, Some(0));
    assert_eq!(bench.fault("a"), None);
    bench.end();
}

#[test]
fn a_file_that_has_its_length_again_is_memory_again() {
    let folder = Folder::new();
    let file = folder.join("a");
    let mut bench = Bench::new(&file);
    truncate(&file, 0);
    assert!(bench.fault("a").is_some());

    truncate(&file, 3 * MIB);

    let outcome = bench.everything();
    assert_eq!((outcome.prealloc, outcome.fault, outcome.table), (None, None, None));
    bench.end();
}

#[test]
fn a_file_that_was_removed_is_told_of_and_its_content_is_not_said_to_stay() {
    let folder = Folder::new();
    let (file, name) = (folder.join("a"), folder.join("a").display().to_string());
    let mut bench = Bench::new(&file);

    fs::remove_file(&file).unwrap();

    let outcome = bench.everything();
    assert_eq!((outcome.prealloc, outcome.table), (None, None));
    let fault = format!(
        "'{name}' was removed or replaced: no name leads any more to the file whose bytes 1048576 to 3145728 are the memory"
    );
    assert_eq!(outcome.fault, Some(fault));
    assert!(outcome.plan.out.contains("its content is lost"), "{}", outcome.plan.out);
    let applied = bench.plan("apply");
    assert_eq!(applied.code, Some(1));
    assert!(applied.err.contains("'a'"), "{}", applied.err);
    bench.end();
    assert!(!file.exists());
}

#[test]
fn another_file_of_the_same_name_is_left_alone_until_the_object_is_made_again() {
    let folder = Folder::new();
    let (file, name) = (folder.join("a"), folder.join("a").display().to_string());
    let mut bench = Bench::new(&file);
    fs::rename(&file, folder.join("moved")).unwrap();

    fs::write(&file, b"another").unwrap();

    let outcome = bench.everything();
    assert_eq!((outcome.prealloc, outcome.table), (None, None));
    let fault = format!("'{name}' no longer leads to the file whose bytes 1048576 to 3145728 are the memory");
    assert_eq!(outcome.fault, Some(fault));
    assert_eq!(outcome.plan.code, Some(1));
    assert!(outcome.plan.err.contains("error[content-lost]"), "{}", outcome.plan.err);
    bench.end();
    assert_eq!(fs::read(&file).unwrap(), b"another");
}

#[test]
fn a_file_system_that_is_full_is_an_error_until_there_is_space() {
    let Some(mount) = Mount::new("tmpfs", "size=3m") else { return };
    let (file, name) = (mount.join("a"), mount.join("a").display().to_string());
    let mut bench = Bench::new(&file);
    let filled = fs::write(mount.join("filler"), vec![0; 4 << 20]);
    assert!(filled.is_err());

    let outcome = bench.everything();

    let text = format!(
        "object 'a': cannot populate '{name}' at offset 1048576: No space left on device (property prealloc)"
    );
    assert_eq!(outcome.prealloc, refused("populate-failed", &text));
    assert_eq!(outcome.table, None);
    fs::remove_file(mount.join("filler")).unwrap();
    assert_eq!(bench.set("prealloc", &json!(true)), Ok(json!({})));
    assert_eq!(bench.fault("a"), None);
    bench.end();
}

#[test]
fn a_file_system_that_is_made_smaller_is_an_error_of_what_needs_more() {
    let Some(mount) = Mount::new("tmpfs", "size=8m") else { return };
    let (file, name) = (mount.join("a"), mount.join("a").display().to_string());
    let mut bench = Bench::new(&file);

    mount.remount("size=1m");

    let outcome = bench.everything();
    let text = format!(
        "object 'a': cannot populate '{name}' at offset 2097152: No space left on device (property prealloc)"
    );
    assert_eq!(outcome.prealloc, refused("populate-failed", &text));
    bench.end();
}

#[test]
fn a_file_system_that_is_unmounted_lazily_works_on_and_is_told_of() {
    let Some(mount) = Mount::new("tmpfs", "size=8m") else { return };
    let (file, name) = (mount.join("a"), mount.join("a").display().to_string());
    let mut bench = Bench::new(&file);

    mount.unmount();

    let outcome = bench.everything();
    assert_eq!((outcome.prealloc, outcome.table), (None, None));
    let fault = format!("'{name}' no longer leads to the file whose bytes 1048576 to 3145728 are the memory");
    assert_eq!(outcome.fault, Some(fault));
    assert!(!file.exists());
    bench.end();
}

#[test]
fn a_file_system_that_is_made_read_only_leaves_rom_as_it_is_and_refuses_what_would_write() {
    let Some(mount) = Mount::new("tmpfs", "size=8m") else { return };
    let (file, name) = (mount.join("a"), mount.join("a").display().to_string());
    fs::write(&file, vec![0; 3 << 20]).unwrap();
    let rom = json!({
        "qom-type": "memory-backend-file", "id": "a", "mem-path": file, "share": true, "readonly": true, "offset": MIB,
        "size": 2 * MIB,
    });
    let mut bench = Bench::with(rom);

    mount.remount("ro");

    let outcome = bench.everything();
    assert_eq!((outcome.prealloc, outcome.fault, outcome.table), (None, None, None));
    let late = json!({ "qom-type": "memory-backend-file", "id": "late", "mem-path": file, "share": true, "size": MIB });
    let refusal = bench.ask("object-add", &late).unwrap_err();
    assert_eq!(refusal.0, "file-not-writable");
    assert!(refusal.1.contains("'late'") && refusal.1.contains(&name), "{}", refusal.1);
    bench.end();
}

#[test]
fn a_device_that_no_longer_answers_is_an_error_of_its_object_alone() {
    let folder = Folder::new();
    let image = folder.file("image", 8 * MIB);
    let made = Command::new("losetup").args(["--find", "--show"]).arg(&image).stderr(Stdio::null()).output();
    let Some(made) = made.ok().filter(|made| made.status.success()) else {
        println!("skipped: this process may not make loop devices");
        return;
    };
    let name = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let mut bench = Bench::new(Path::new(&name));
    truncate(&image, MIB);
    let unplugged = Command::new("losetup").args(["--set-capacity", &name]).status().unwrap();
    // It goes once nobody has it open.
    let _ = Command::new("losetup").args(["--detach", &name]).status();
    assert!(unplugged.success());

    let outcome = bench.everything();

    assert_eq!(outcome.prealloc.map(|(code, _)| code).as_deref(), Some("no-backing-page"));
    let fault =
        format!("'{name}' is 1048576 bytes (1 MiB) long now, and the memory is its bytes 1048576 to 3145728");
    assert_eq!(outcome.fault, Some(fault));
    assert_eq!(outcome.table.map(|(code, _)| code).as_deref(), Some("file-truncated"));
    bench.end();
}
