//! `plan`, `apply` and `dump` as a user runs them: on the program itself, on QEMU and on qemu-storage-daemon.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::client::Server;
use super::process::{Running, program, run};
use crate::folder::Folder;

/// Objects of every kind that QEMU has too; `DIR` is the folder.
const OLD: &str = r#"[
  {"qom-type": "memory-backend-ram", "id": "own", "size": "1M"},
  {"qom-type": "thread-context", "id": "tc", "cpu-affinity": [0]},
  {"qom-type": "throttle-group", "id": "tg", "limits": {"bps-total": 1000}},
  {"qom-type": "secret", "id": "s", "data": "sesame"},
  {"qom-type": "authz-list", "id": "al", "policy": "allow", "rules": [{"match": "fred", "policy": "allow"}]},
  {"qom-type": "iothread", "id": "io", "poll-max-ns": 5},
  {"qom-type": "memory-backend-memfd", "id": "mf", "size": "1M", "merge": false},
  {"qom-type": "memory-backend-file", "id": "f", "size": "4K", "mem-path": "DIR/ram", "share": true, "rom": "auto"},
  {"qom-type": "rng-random", "id": "rng"},
  {"qom-type": "memory-backend-ram", "id": "user", "size": "1M", "prealloc-context": "tc"}
]"#;

/// Without memory, for qemu-storage-daemon.
const SMALL: &str = r#"[
  {"qom-type": "throttle-group", "id": "tg", "limits": {"bps-total": 1000}},
  {"qom-type": "secret", "id": "s", "data": "sesame"},
  {"qom-type": "iothread", "id": "io", "poll-max-ns": 5}
]"#;

fn written(folder: &Folder, name: &str, text: &str) -> String {
    let text = text.replace("DIR", folder.path().to_str().unwrap());
    folder.text(name, text).to_str().unwrap().to_owned()
}

/// `ACTION ID` of each step of a plan, sorted.
fn steps(plan: &str) -> Vec<String> {
    let plan: Value = serde_json::from_str(plan).unwrap();
    let word = |step: &Value, name: &str| step[name].as_str().unwrap().to_owned();
    let step = |step: &Value| format!("{} {}", word(step, "action"), word(step, "id"));
    let mut steps: Vec<String> = plan["steps"].as_array().unwrap().iter().map(step).collect();
    steps.sort();
    steps
}

fn servers() -> Vec<(Server, &'static str)> {
    let with = Server::with_memory().into_iter().map(|server| (server, OLD));
    with.chain(Server::start("qemu-storage-daemon").map(|server| (server, SMALL))).collect()
}

#[test]
fn what_was_applied_leaves_nothing_to_do_on_every_server() {
    for (server, text) in servers() {
        let folder = Folder::new();
        let document = written(&folder, "d.json", text);

        let first = server.ask(&["plan", &document]);
        assert_eq!(first.code, Some(2), "{}: {}", server.name, first.err);
        assert!(!first.out.contains("unchanged"), "{}", first.out);
        server.get(&["apply", &document]);

        let again = server.ask(&["plan", &document]);
        assert_eq!((again.code, again.err.as_str()), (Some(0), ""), "{}: {}", server.name, again.out);
        let applied = server.get(&["apply", &document, "--json"]);
        assert!(
            steps(&applied).iter().all(|step| step.starts_with("unchanged")),
            "{}: {applied}",
            server.name
        );
    }
}

#[test]
fn what_is_dumped_leaves_nothing_to_do_on_every_server() {
    for (server, text) in servers() {
        let folder = Folder::new();
        server.get(&["apply", &written(&folder, "d.json", text)]);

        let dumped = server.ask(&["dump"]);

        assert_eq!(dumped.code, Some(0), "{}: {}", server.name, dumped.err);
        assert!(!dumped.out.contains("sesame") && dumped.err.contains("s.data"), "{}", dumped.out);
        let marked = "// \"data\": sensitive, to be filled in";
        let filled = dumped.out.replace(marked, "\"data\": \"sesame\",");
        assert_ne!(filled, dumped.out);
        let planned = server.ask(&["plan", &written(&folder, "dumped.json", &filled)]);
        assert_eq!((planned.code, planned.err.as_str()), (Some(0), ""), "{}: {}", server.name, planned.out);
    }
}

#[test]
fn what_is_live_is_changed_and_what_is_fixed_replaced_on_every_server_with_memory() {
    for server in Server::with_memory() {
        let folder = Folder::new();
        server.get(&["apply", &written(&folder, "old.json", OLD)]);
        let new = OLD
            .replacen("\"1M\"", "\"2M\"", 1)
            .replace("bps-total", "iops-total")
            .replace("\"poll-max-ns\": 5", "\"poll-max-ns\": 7")
            .replace("sesame", "other");
        let new = written(&folder, "new.json", &new);

        let refused = server.ask(&["plan", &new]);
        assert_eq!(refused.code, Some(1), "{}: {}", server.name, refused.out);
        assert!(
            refused.out.contains("size: 1 MiB → 2 MiB (`size` is fixed once realized)"),
            "{}",
            refused.out
        );
        assert!(refused.err.contains("content-lost"), "{}", refused.err);
        assert_eq!(server.ask(&["apply", &new]).code, Some(1));
        assert_eq!(server.get(&["get", "own.size", "--json"]), "1048576\n");

        let plan = server.ask(&["plan", &new, "--allow-loss", "--json"]);
        let expected = [
            "change io",
            "change tg",
            "replace own",
            "replace s",
            "unchanged al",
            "unchanged f",
            "unchanged mf",
            "unchanged rng",
            "unchanged tc",
            "unchanged user",
        ];
        assert_eq!(
            (plan.code, steps(&plan.out)),
            (Some(2), expected.map(str::to_owned).to_vec()),
            "{}",
            server.name
        );
        assert!(!plan.out.contains("sesame") && !plan.out.contains("other"), "{}", plan.out);
        server.get(&["apply", &new, "--allow-loss"]);
        assert_eq!(server.get(&["get", "own.size", "--json"]), "2097152\n");
        let again = server.ask(&["plan", &new]);
        assert_eq!(again.code, Some(0), "{}: {}{}", server.name, again.out, again.err);
    }
}

#[test]
fn what_the_server_refuses_half_way_is_taken_back_on_every_server_with_memory() {
    for server in Server::with_memory() {
        let folder = Folder::new();
        server.get(&["apply", &written(&folder, "old.json", OLD)]);
        let before = server.get(&["tree", "/objects", "--json"]);
        // Whatever comes before it is done by then, on a server that does one thing after the other.
        let new = OLD
            .replace("\"poll-max-ns\": 5", "\"poll-max-ns\": 7")
            .replacen("\"1M\"", "\"2M\"", 1)
            .replace("DIR/ram", "/proc/no")
            .replacen('[', "[{\"qom-type\": \"iothread\", \"id\": \"new\"},", 1);

        let said = server.ask(&["apply", &written(&folder, "new.json", &new), "--allow-loss"]);

        assert_eq!(said.code, Some(1), "{}: {}", server.name, said.out);
        assert!(!said.err.contains("not-put-back"), "{}: {}", server.name, said.err);
        let is_told = said.err.contains("= note: what had been done before was taken back\n");
        assert_eq!(is_told, server.name != "qomet", "{}: {}", server.name, said.err);
        let sorted = |text: &str| {
            let objects: Value = serde_json::from_str(text).unwrap();
            let mut all: Vec<String> = objects.as_array().unwrap().iter().map(Value::to_string).collect();
            all.sort();
            all
        };
        assert_eq!(sorted(&server.get(&["tree", "/objects", "--json"])), sorted(&before), "{}", server.name);
    }
}

#[test]
fn who_uses_what_is_replaced_is_replaced_with_it() {
    let Some(server) = Server::start("qomet") else { return };
    let folder = Folder::new();
    let both = r#"[{"qom-type": "secret", "id": "s", "format": "base64", "keyid": "key",
                    "iv": "AAECAwQFBgcICQoLDA0ODw==", "data": "6865UxQ3xP776Iig0WdonA=="},
                   {"qom-type": "secret", "id": "key", "data": "key0key0key0key0key0key0key0key0"}]"#;
    server.get(&["apply", &written(&folder, "old.json", both)]);
    // The same key in other words.
    let other = both.replace(
        "\"data\": \"key0key0key0key0key0key0key0key0\"",
        "\"format\": \"base64\", \"data\": \"a2V5MGtleTBrZXkwa2V5MGtleTBrZXkwa2V5MGtleTA=\"",
    );
    let other = written(&folder, "new.json", &other);

    let plan = server.ask(&["plan", &other]);

    assert_eq!(plan.code, Some(2), "{}", plan.err);
    assert!(plan.out.contains("keyid: \"key\", which is replaced"), "{}", plan.out);
    server.get(&["apply", &other]);
    assert_eq!(server.ask(&["plan", &other]).code, Some(0));
}

#[test]
fn only_what_was_applied_is_pruned() {
    let Some(server) = Server::start("qomet") else { return };
    let folder = Folder::new();
    server.get(&["add", "rng-builtin,id=made"]);
    server
        .get(&["apply", &written(&folder, "old.json", r#"[{"qom-type": "rng-builtin", "id": "applied"}]"#)]);
    let empty = written(&folder, "empty.json", "[]");

    assert_eq!(server.ask(&["plan", &empty]).out, "nothing to do\n");
    let plan = server.ask(&["plan", &empty, "--prune"]);

    assert_eq!(
        (plan.code, plan.out.as_str()),
        (Some(2), "- delete applied: rng-builtin\n1 object: delete 1\n")
    );
    server.get(&["apply", &empty, "--prune"]);
    assert!(server.get(&["tree", "/objects"]).contains("made"));
    assert!(!server.get(&["tree", "/objects"]).contains("applied"));
}

#[test]
fn qemu_keeps_nothing_to_prune_by() {
    let Some(server) = Server::start("qemu-storage-daemon") else { return };
    let folder = Folder::new();
    let said = server.ask(&["plan", &written(&folder, "d.json", SMALL), "--prune"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("not-kept"), "{}", said.err);
}

#[test]
fn a_document_that_is_wrong_is_told_with_its_place_on_every_server() {
    for (server, _) in servers() {
        let folder = Folder::new();
        let document =
            written(&folder, "d.json", "[{\"qom-type\": \"iothread\", \"id\": \"io\",\n \"pol-max-ns\": 5}]");
        let said = server.ask(&["plan", &document]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", server.name);
        assert!(
            said.err.contains("d.json:2:2") && said.err.contains("poll-max-ns"),
            "{}: {}",
            server.name,
            said.err
        );
        let missing = server.ask(&["plan", "/nowhere/d.json"]);
        assert_eq!(missing.code, Some(64), "{}: {}", server.name, missing.err);
    }
}

#[test]
fn sighup_applies_the_documents_again() {
    let folder = Folder::new();
    let socket = format!("unix:{}", folder.join("q.sock").display());
    let document = written(&folder, "d.json", r#"[{"qom-type": "iothread", "id": "io", "poll-max-ns": 5}]"#);
    let running = Running::start(program(["run", &document, "--qmp", &socket]));
    running.wait_for("serves clients");
    fs::write(&document, r#"[{"qom-type": "iothread", "id": "io", "poll-max-ns": 7}]"#).unwrap();

    running.signal(Signal::SIGHUP);

    super::process::wait_until("the new value", || {
        run(["get", "io.poll-max-ns", "--connect", &socket]).out == "7\n"
    });
    assert_eq!(run(["plan", &document, "--connect", &socket]).code, Some(0));
}
