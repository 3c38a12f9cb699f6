//! The commands that ask a server, against each server that there is: the program itself, QEMU, qemu-storage-daemon.
//!
//! What is not installed prints `skipped:` and its name; `cargo test -- --nocapture | grep -c skipped:` counts them.

use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use qomet_qmp::{Access, Client, Options};
use serde_json::{Value, json};

use super::process::{Running, Said, Terminal, program, run, run_with_input, wait_until};
use crate::folder::Folder;

/// A server that runs. It does not survive the test.
pub(super) struct Server {
    pub(super) name: &'static str,
    child: Child,
    socket: PathBuf,
    _folder: Folder,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one; none if it is not installed.
    pub(super) fn start(name: &'static str) -> Option<Self> {
        let folder = Folder::new();
        let socket = folder.join("qmp.sock");
        let path = socket.display();
        let mut command = match name {
            "qomet" => program(["run".to_owned(), "--qmp".to_owned(), format!("unix:{path}")]),
            "qemu-system-x86_64" => {
                let mut command = Command::new(name);
                command.args(["-machine", "none", "-nodefaults", "-display", "none"]);
                command.arg("-qmp").arg(format!("unix:{path},server=on,wait=off"));
                command
            }
            name => {
                let mut command = Command::new(name);
                command.arg("--chardev").arg(format!("socket,path={path},server=on,wait=off,id=m"));
                command.args(["--monitor", "chardev=m"]);
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = match command.spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                println!("skipped: {name} is not installed");
                return None;
            }
            child => child.unwrap(),
        };
        let server = Server { name, child, socket, _folder: folder };
        wait_until("the server to greet", || {
            let Ok(socket) = UnixStream::connect(&server.socket) else { return false };
            // QEMU may forget a client that comes as soon as there is a socket.
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            BufReader::new(socket).read_until(b'\n', &mut Vec::new()).is_ok_and(|length| length > 0)
        });
        Some(server)
    }

    /// All that are installed.
    fn all() -> Vec<Self> {
        ["qomet", "qemu-system-x86_64", "qemu-storage-daemon"].into_iter().filter_map(Server::start).collect()
    }

    /// Those that have memory: qemu-storage-daemon knows the names of such types, and has none.
    pub(super) fn with_memory() -> Vec<Self> {
        ["qomet", "qemu-system-x86_64"].into_iter().filter_map(Server::start).collect()
    }

    fn address(&self) -> &str {
        self.socket.to_str().unwrap()
    }

    /// Runs `qomet ARGUMENTS --connect …`.
    pub(super) fn ask(&self, arguments: &[&str]) -> Said {
        run([arguments, &["--connect", self.address()]].concat())
    }

    /// The same, where nothing may go wrong; returns what it prints.
    pub(super) fn get(&self, arguments: &[&str]) -> String {
        let said = self.ask(arguments);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}: {arguments:?}", self.name);
        said.out
    }
}

#[test]
fn an_object_is_added_read_changed_and_deleted_on_every_server_with_memory() {
    for server in Server::with_memory() {
        server.get(&["add", "memory-backend-ram,id=ram0,size=1M,share=off"]);
        server.get(&[
            "add",
            r#"{"qom-type": "memory-backend-ram", "id": "ram1", "size": "8K", "dump": "off"}"#,
        ]);
        assert_eq!(server.get(&["get", "ram0.size", "--json"]), "1048576\n", "{}", server.name);
        assert_eq!(server.get(&["get", "/objects/ram1.dump"]), "off\n", "{}", server.name);
        server.get(&["set", "ram1.dump=on", "/objects/ram0.merge=off"]);
        assert_eq!(server.get(&["get", "ram1.dump", "ram0.merge"]), "ram1.dump   on\nram0.merge  off\n");
        server.get(&["del", "ram0", "ram1"]);
        assert!(!server.get(&["tree", "/objects"]).contains("ram"), "{}", server.name);
    }
}

#[test]
fn a_tree_is_shown_for_people_and_for_programs_on_every_server_with_memory() {
    for server in Server::with_memory() {
        server.get(&["add", "memory-backend-ram,id=ram0,size=1M"]);
        let tree = server.get(&["tree"]);
        assert!(
            tree.contains("── ram0: memory-backend-ram\n") && tree.contains("1 MiB"),
            "{}: {tree}",
            server.name
        );
        let objects: Value = serde_json::from_str(&server.get(&["tree", "/objects", "--json"])).unwrap();
        assert_eq!(objects[0]["path"], "/objects");
        assert_eq!(objects[0]["children"], json!({ "ram0": "memory-backend-ram" }));
        assert_eq!(objects[1]["path"], "/objects/ram0");
        assert_eq!(objects[1]["properties"]["size"], json!({ "type": "int", "value": 1_048_576 }));
        assert!(server.get(&["list", "ram0"]).contains("policy"), "{}", server.name);
    }
}

#[test]
fn refusals_end_with_1_and_name_what_was_meant_on_every_server_with_memory() {
    for server in Server::with_memory() {
        server.get(&["add", "memory-backend-ram,id=ram0,size=1M"]);
        let mistakes: [(&[&str], &str); 8] = [
            (&["get", "rma0.size"], "ram0"),
            (&["get", "ram0.siez"], "size"),
            (&["set", "ram0.siez=1"], "size"),
            (&["set", "ram0.dump=perhaps"], "on or off"),
            (&["set", "ram0.size=2M"], "cannot change property"),
            (&["del", "rma0"], "ram0"),
            (&["describe", "memory-backend-rma"], "memory-backend-ram"),
            (&["add", "memory-backend-rma,id=x,size=1M"], "memory-backend-ram"),
        ];
        for (arguments, hint) in mistakes {
            let said = server.ask(arguments);
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}: {arguments:?}", server.name);
            assert!(said.err.contains(hint), "{}: {arguments:?}: {}", server.name, said.err);
        }
    }
}

#[test]
fn types_are_listed_and_described_on_every_server_with_memory() {
    for server in Server::with_memory() {
        assert!(server.get(&["types"]).contains("memory-backend-ram"), "{}", server.name);
        let described = server.get(&["describe", "memory-backend-ram"]);
        assert!(
            described.contains("host-nodes") && described.contains("NUMA"),
            "{}: {described}",
            server.name
        );
        let status: Value = serde_json::from_str(&server.get(&["qmp", "query-version"])).unwrap();
        assert!(status["qemu"]["major"].is_u64(), "{}", server.name);
    }
}

/// The types among `of` that a server lists for these arguments of `qom-list-types`, in alphabetical order.
fn listed(server: &Server, arguments: &Value, of: &[&str]) -> Vec<String> {
    let types: Value =
        serde_json::from_str(&server.get(&["qmp", "qom-list-types", &arguments.to_string()])).unwrap();
    let names = types.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
    let mut names: Vec<String> = names.filter(|name| of.contains(&name.as_str())).collect();
    names.sort();
    names
}

#[test]
fn types_are_found_by_interface_and_parent_on_every_server_with_memory() {
    let of = [
        "authz",
        "authz-simple",
        "container",
        "event-loop-base",
        "interface",
        "iothread",
        "memory-backend",
        "object",
        "user-creatable",
    ];
    for server in Server::with_memory() {
        let listed = |arguments: Value| listed(&server, &arguments, &of).join(" ");
        assert_eq!(listed(json!({ "implements": "user-creatable" })), "authz-simple iothread");
        assert_eq!(listed(json!({ "implements": "interface", "abstract": false })), "authz-simple iothread");
        for implements in ["user-creatable", "interface"] {
            let all = listed(json!({ "implements": implements, "abstract": true }));
            let root = if implements == "interface" { "interface " } else { "" };
            let expected =
                format!("authz-simple event-loop-base {root}iothread memory-backend user-creatable");
            assert_eq!(all, expected, "{}", server.name);
        }
        assert_eq!(listed(json!({ "implements": "event-loop-base" })), "iothread");
        assert_eq!(
            listed(json!({ "implements": "object", "abstract": true })),
            "authz authz-simple container event-loop-base iothread memory-backend object",
            "{}",
            server.name
        );
        assert_eq!(listed(json!({ "abstract": true })), of.join(" "), "{}", server.name);
    }
}

#[test]
fn properties_are_listed_of_types_and_not_of_interfaces_on_every_server_with_memory() {
    for server in Server::with_memory() {
        let of_all = server.get(&["qmp", "qom-list-properties", r#"{"typename": "object"}"#]);
        let of_all: Value = serde_json::from_str(&of_all).unwrap();
        assert_eq!((&of_all[0]["name"], of_all[1].is_null()), (&json!("type"), true), "{}", server.name);
        let said = server.ask(&["qmp", "qom-list-properties", r#"{"typename": "user-creatable"}"#]);
        assert_eq!(said.code, Some(1), "{}", server.name);
        assert!(["typename", "an interface"].iter().any(|why| said.err.contains(why)), "{}", said.err);
    }
}

#[test]
fn a_shell_without_a_terminal_runs_the_lines_it_is_given_on_every_server_with_memory() {
    let lines = "add memory-backend-ram,id=ram0,size=4K\ncd /objects\nget ram0.type\npwd\nqmp {\"execute\": \"query-name\"}\n";
    for server in Server::with_memory() {
        let said = run_with_input(["shell", "--connect", server.address()], lines);
        let expected = "memory-backend-ram\n/objects\n{}\n";
        assert_eq!((said.code, said.out.as_str()), (Some(0), expected), "{}: {}", server.name, said.err);
    }
}

/// A shell on a terminal, whose history is kept in a folder.
fn shell(server: &Server, folder: &Folder) -> Terminal {
    let mut command = program(["shell", "--connect", server.address()]);
    command.env("XDG_STATE_HOME", folder.path()).env("NO_COLOR", "1");
    let mut terminal = Terminal::start(command);
    terminal.shows("/> ");
    terminal
}

#[test]
fn a_shell_on_a_terminal_completes_runs_remembers_and_leaves() {
    let Some(server) = Server::start("qomet") else { return };
    server.get(&["add", "iothread,id=io0,poll-max-ns=1000"]);
    let folder = Folder::new();
    let mut terminal = shell(&server, &folder);

    terminal.types("get io0.poll-m\t");
    terminal.shows("io0.poll-max-ns");
    terminal.types("\r");
    terminal.shows("1000");
    terminal.shows("/> ");
    // The arrow up has the line again; it is changed to another one.
    terminal.types("\u{1b}[A\u{1}s\u{1b}[3~\u{5}=2000\r");
    terminal.shows("/> ");
    assert_eq!(server.get(&["get", "io0.poll-max-ns", "--json"]), "2000\n");
    terminal.types("nonsense\r");
    terminal.shows("there is no command 'nonsense'");
    terminal.shows("/> ");
    terminal.types("exit\r");
    assert_eq!(terminal.end(), Some(0));

    // The next one remembers; Ctrl-D leaves too.
    let mut terminal = shell(&server, &folder);
    terminal.types("\u{1b}[A\u{1b}[A\u{1b}[A");
    terminal.shows("set io0.poll-max-ns=2000");
    terminal.types("\u{15}\u{4}");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn an_object_without_memory_is_added_read_changed_and_deleted_on_every_server() {
    for server in Server::all() {
        server.get(&["add", "iothread,id=io0,poll-max-ns=1000", r#"{"qom-type": "iothread", "id": "io1"}"#]);
        assert_eq!(server.get(&["get", "io0.poll-max-ns", "--json"]), "1000\n", "{}", server.name);
        server.get(&["set", "io0.poll-max-ns=2000", "/objects/io1.poll-grow=2"]);
        assert_eq!(server.get(&["get", "/objects/io0.poll-max-ns"]), "2000\n", "{}", server.name);
        let objects: Value = serde_json::from_str(&server.get(&["tree", "/objects", "--json"])).unwrap();
        assert_eq!(
            objects[0]["children"],
            json!({ "io0": "iothread", "io1": "iothread" }),
            "{}",
            server.name
        );
        assert!(server.get(&["describe", "iothread"]).contains("poll-max-ns"), "{}", server.name);
        assert_eq!(server.ask(&["get", "io0.poll-max"]).code, Some(1), "{}", server.name);
        assert_eq!(server.ask(&["del", "io2"]).code, Some(1), "{}", server.name);
        server.get(&["del", "io0", "io1"]);
        assert!(!server.get(&["tree", "/objects"]).contains("iothread"), "{}", server.name);
    }
}

#[test]
fn changes_are_told_by_a_server_that_tells() {
    let Some(server) = Server::start("qomet") else { return };
    let watch = Running::start(program(["watch", "--json", "--connect", server.address()]));
    let seen = AtomicBool::new(false);
    let lines = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Nobody tells when it listens, so there is more than one change.
            for number in 0.. {
                if seen.load(Ordering::Relaxed) {
                    break;
                }
                server.get(&["add", &format!("memory-backend-ram,id=ram{number},size=4K")]);
                server.get(&["set", &format!("ram{number}.dump=off")]);
            }
        });
        let lines = watch.wait_for("\"changed\"");
        seen.store(true, Ordering::Relaxed);
        lines
    });
    let line: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!((&line["property"], &line["to"]), (&json!("dump"), &json!(false)), "{lines:?}");
}

#[test]
fn all_ways_to_read_a_tree_give_the_same_from_every_server_with_memory() {
    for server in Server::with_memory() {
        server.get(&["add", "memory-backend-ram,id=ram0,size=1M", "memory-backend-ram,id=ram1,size=1M"]);
        let mut client = Client::connect(&server.address().parse().unwrap(), Options::default()).unwrap();
        let singly = client.read_tree_by(Access::Single, "/objects", None).unwrap();
        let best = client.access().unwrap();
        assert_eq!(client.read_tree_by(best, "/objects", None).unwrap(), singly, "{}", server.name);
        if client.has_command("qom-list-get").unwrap() {
            assert_eq!(
                client.read_tree_by(Access::ListGet, "/objects", None).unwrap(),
                singly,
                "{}",
                server.name
            );
        }
        assert!(singly.len() >= 3, "{}", server.name);
    }
}

#[test]
fn who_comes_second_to_qemu_is_told_that_another_client_is_there() {
    let Some(server) = Server::start("qemu-storage-daemon") else { return };
    let address = server.address().parse().unwrap();
    let first = Client::connect(&address, Options::default()).unwrap();
    let said = server.ask(&["tree", "--timeout", "0.3"]);
    assert_eq!(said.code, Some(64));
    assert!(said.err.contains("one client of a socket at a time"), "{}", said.err);
    drop(first);
    assert_eq!(server.ask(&["tree", "/objects"]).code, Some(0));
}

#[test]
fn the_environment_names_a_server_too() {
    let Some(server) = Server::start("qomet") else { return };
    let mut command = program(["get", "/objects.type"]);
    command.env("QOMET_SOCKET", server.address());
    assert_eq!(Running::start(command).end().out, "container\n");
}
