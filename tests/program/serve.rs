//! `run --qmp`: where it is served, what a service manager is told, what is logged.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::process::{Running, program, run, run_with_input};
use crate::folder::Folder;

const NEGOTIATE: &str = "{'execute': 'qmp_capabilities'}";
const ADD: &str = "{'execute': 'object-add', 'arguments': {'qom-type': 'rng-builtin', 'id': 'r'}}";

/// What a server answers to `text` before it hangs up, or has answered three times.
fn talk(mut socket: impl std::io::Read + Write, text: &str) -> Vec<String> {
    socket.write_all(text.as_bytes()).unwrap();
    BufReader::new(socket).lines().take(3).map(Result::unwrap).collect()
}

#[test]
fn commands_on_standard_input_are_answered_and_nothing_else_stands_on_standard_output() {
    let said = run_with_input(["run", "--qmp", "stdio"], &format!("{NEGOTIATE}\n{ADD}\n{ADD}\n"));
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!((said.code, lines.len()), (Some(0), 4), "{} {}", said.out, said.err);
    assert!(lines[0].starts_with("{\"QMP\""));
    assert_eq!(lines[1..3], ["{\"return\":{}}"; 2]);
    assert!(lines[3].contains("already"), "{}", lines[3]);
    assert!(said.err.contains("serves clients at stdio"), "{}", said.err);
}

#[test]
fn all_replies_are_written_before_the_end_of_input_ends_it() {
    let schema = "{'execute': 'query-qmp-schema'}".repeat(200);
    let said = run_with_input(["run", "--qmp", "stdio"], &format!("{NEGOTIATE}{schema}"));
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 202));
}

#[test]
fn quit_on_standard_input_is_answered_and_told() {
    let said = run_with_input(["run", "--qmp", "stdio"], &format!("{NEGOTIATE}{{'execute': 'quit'}}"));
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!((said.code, lines.len()), (Some(0), 4), "{}", said.out);
    assert!(lines[3].contains("SHUTDOWN") && lines[3].contains("host-qmp-quit"), "{}", said.out);
}

#[test]
fn standard_input_is_for_one() {
    let twice = run(["run", "--qmp", "stdio", "--qmp-readonly", "stdio"]);
    let document = run(["run", "-", "--qmp", "stdio"]);
    assert_eq!((twice.code, document.code), (Some(64), Some(64)));
    assert!(twice.err.contains("stdio is given once"), "{}", twice.err);
    assert!(document.err.contains("a document and a client at once"), "{}", document.err);
}

#[test]
fn a_port_left_to_the_host_is_printed() {
    let running = Running::start(program(["run", "--qmp", "tcp:127.0.0.1:0"]));
    let lines = running.wait_for("serves clients at");
    let place = lines.last().unwrap().split_whitespace().find_map(|word| word.strip_prefix("tcp:")).unwrap();
    assert_eq!(talk(TcpStream::connect(place).unwrap(), &format!("{NEGOTIATE}{ADD}"))[2], "{\"return\":{}}");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn an_address_that_other_machines_reach_is_refused_with_the_way_out() {
    let said = run(["run", "--qmp", "tcp:0.0.0.0:0"]);
    assert_eq!(said.code, Some(64));
    assert!(said.err.contains("QMP has no passwords (--allow-remote"), "{}", said.err);
    let running = Running::start(program(["run", "--qmp", "tcp:0.0.0.0:0", "--allow-remote"]));
    running.wait_for("serves clients at tcp:0.0.0.0:");
}

#[test]
fn one_place_is_given_once_however_it_is_written() {
    let folder = Folder::new();
    let path = folder.join("qmp");
    let (one, other) = (format!("unix:{}", path.display()), "unix:qmp,server=on".to_owned());
    let mut command = program(["run", "--qmp", &one, "--qmp-readonly", &other]);
    command.current_dir(folder.path());
    let said = Running::start(command).end();
    assert_eq!(said.code, Some(64));
    assert!(said.err.contains("'unix:qmp' is given twice"), "{}", said.err);
    assert!(folder.contents().is_empty());
}

#[test]
fn a_descriptor_that_was_inherited_is_a_set_that_a_backend_uses() {
    let folder = Folder::new();
    let file = folder.file("ram", 8192);
    let (path, place) = (folder.join("qmp"), format!("unix:{}", folder.join("qmp").display()));
    let object = "memory-backend-file,id=m,size=8K,mem-path=/dev/fdset/7,share=on";
    let inner = program(["run", "--add-fd", "fd=9,set=7,opaque=ram", "--object", object, "--qmp", &place]);
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec 9<>"$0"; exec "$@""#]).arg(&file);
    command.arg(inner.get_program()).args(inner.get_args());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running::start(command);
    running.wait_for("serves clients at");

    let sets = "{'execute': 'query-fdsets'}";
    let lines = talk(UnixStream::connect(&path).unwrap(), &format!("{NEGOTIATE}{sets}"));

    assert!(lines[2].contains(r#""fdset-id":7,"fds":[{"fd":"#), "{lines:?}");
    assert!(lines[2].contains(r#""opaque":"ram""#), "{lines:?}");
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", running.pid())).unwrap();
    assert!(maps.contains(file.to_str().unwrap()), "{maps}");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn a_descriptor_that_was_not_inherited_is_refused() {
    let said = run(["run", "--add-fd", "fd=99,set=1", "--once", "--object", "rng-builtin,id=r"]);
    assert_eq!(said.code, Some(64));
    assert!(said.err.contains("file descriptor 99 is not open"), "{}", said.err);
}

#[test]
fn who_may_only_read_cannot_add() {
    let folder = Folder::new();
    let path = folder.join("reading");
    let running = Running::start(program(["run", "--qmp-readonly", &format!("unix:{}", path.display())]));
    running.wait_for("serves clients at");
    let lines = talk(UnixStream::connect(&path).unwrap(), &format!("{NEGOTIATE}{ADD}"));
    assert!(lines[2].contains("read-only-socket"), "{lines:?}");
}

#[test]
fn clients_beyond_the_limit_are_told() {
    let folder = Folder::new();
    let path = folder.join("qmp");
    let place = format!("unix:{}", path.display());
    let running = Running::start(program(["run", "--qmp", &place, "--max-clients", "1"]));
    running.wait_for("serves clients at");
    let first = UnixStream::connect(&path).unwrap();
    assert!(BufReader::new(&first).lines().next().unwrap().unwrap().contains("QMP"));
    let mut told = BufReader::new(UnixStream::connect(&path).unwrap()).lines();
    assert!(told.next().unwrap().unwrap().contains("there are 1 clients already"));
}

#[test]
fn eight_thousand_clients_are_served_whatever_the_soft_limit_of_descriptors_is() {
    const CLIENTS: usize = 8000;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if hard < 9000 {
        println!("skipped: the host allows only {hard} descriptors");
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let folder = Folder::new();
    let path = folder.join("qmp");
    let place = format!("unix:{}", path.display());
    let inner = program(["run", "--qmp", &place, "--max-clients", "8000"]);
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"ulimit -Sn 1024; exec "$0" "$@""#])
        .arg(inner.get_program())
        .args(inner.get_args());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running::start(command);
    running.wait_for("serves clients at");

    let mut clients: Vec<UnixStream> = (0..CLIENTS).map(|_| UnixStream::connect(&path).unwrap()).collect();

    clients.iter_mut().for_each(|client| client.write_all(NEGOTIATE.as_bytes()).unwrap());
    let answered = clients.iter().filter(|client| {
        BufReader::new(*client).lines().nth(1).is_some_and(|line| line.unwrap() == "{\"return\":{}}")
    });
    assert_eq!(answered.count(), CLIENTS);
}

#[test]
fn systemd_passes_sockets_and_hears_when_it_is_ready_and_when_it_stops() {
    let folder = Folder::new();
    let (path, ears) = (folder.join("passed"), folder.join("notify"));
    let listener = OwnedFd::from(UnixListener::bind(&path).unwrap());
    let ears_socket = UnixDatagram::bind(&ears).unwrap();
    ears_socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let heard = || {
        let mut text = [0; 64];
        let length = ears_socket.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    let inner = program(["run", "--qmp", "systemd:control"]);
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec 3<&0 </dev/null; LISTEN_PID=$$ exec "$0" "$@""#]);
    command.arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::from(listener));
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "control").env("NOTIFY_SOCKET", &ears);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running::start(command);

    assert_eq!(heard(), "READY=1");
    let lines = talk(UnixStream::connect(&path).unwrap(), &format!("{NEGOTIATE}{ADD}"));
    assert_eq!(lines[2], "{\"return\":{}}");
    running.signal(Signal::SIGTERM);
    assert_eq!(heard(), "STOPPING=1");
    assert_eq!(running.end().code, Some(0));
    // systemd's socket is systemd's.
    assert!(path.exists());
}

#[test]
fn without_systemd_its_sockets_are_missing() {
    let said = run(["run", "--qmp", "systemd:control"]);
    assert_eq!(said.code, Some(64));
    assert!(said.err.contains("systemd passed no socket named 'control'"), "{}", said.err);
}

#[test]
fn what_is_logged_is_asked_for() {
    let input = format!("{NEGOTIATE}{ADD}");
    let quiet = run_with_input(["run", "--qmp", "stdio"], &input);
    assert!(!quiet.err.contains("client came"), "{}", quiet.err);
    let loud = run_with_input(["run", "--qmp", "stdio", "--log-level", "info"], &input);
    assert!(loud.err.contains("client came"), "{}", loud.err);
    let refused = run(["run", "--qmp", "stdio", "--log-level", "verbose"]);
    assert_eq!(refused.code, Some(64));
    assert!(refused.err.contains("expected off, error, warn"), "{}", refused.err);
}
