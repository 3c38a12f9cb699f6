//! The client against a server of this crate, and against scripted ones that misbehave.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Access, Client, ClientError, Options, Reading, Request, ServerAddress};
use crate::tests::dispatcher;
use crate::{Listener, Server};

const GREETING: &str = r#"{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}, "package": "p"}, "capabilities": ["oob"]}}"#;

/// A server of this crate.
struct Served {
    _folder: TempDir,
    address: ServerAddress,
    _server: Server,
}

fn serve() -> Served {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp.sock");
    let listener = Listener::bind(&format!("unix:{}", path.display()).parse().unwrap()).unwrap();
    let server = Server::start(vec![listener], dispatcher()).unwrap();
    Served { _folder: folder, address: ServerAddress::Unix(path), _server: server }
}

fn client(served: &Served) -> Client {
    Client::connect(&served.address, patient()).unwrap()
}

/// A server that follows a script with one client after the other: it says what comes before a `>`, and waits for so
/// many lines as there are `>`.
struct Scripted {
    _folder: TempDir,
    path: PathBuf,
}

impl Scripted {
    fn new(script: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qmp.sock");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                for (index, part) in script.split('>').enumerate() {
                    if index > 0 {
                        hear_line(&mut socket);
                    }
                    // A client that has had enough is gone.
                    let _ = socket.write_all(part.replace("GREETING", GREETING).as_bytes());
                }
                if script.ends_with(' ') {
                    let _ = socket.read_to_end(&mut Vec::new());
                }
            }
        });
        Scripted { _folder: folder, path }
    }

    fn connect(&self, options: Options) -> Result<Client, ClientError> {
        Client::connect(&ServerAddress::Unix(self.path.clone()), options)
    }
}

fn hear_line(socket: &mut UnixStream) {
    let mut byte = [0];
    while socket.read(&mut byte).is_ok_and(|count| count > 0) && byte != [b'\n'] {}
}

/// Waits as little as a test can: for what never comes. What does come may come later than that.
fn hasty() -> Options {
    let soon = Duration::from_millis(50);
    Options { connect_timeout: soon, reply_timeout: Some(soon), ..Options::default() }
}

/// Waits for what comes, however long it takes.
fn patient() -> Options {
    Options { connect_timeout: Duration::from_secs(300), ..Options::default() }
}

fn code(result: Result<impl Sized, ClientError>) -> &'static str {
    result.err().map_or("none", |error| qomet::Problem::code(&error))
}

#[test]
fn the_greeting_tells_version_and_package() {
    let client = client(&serve());
    assert_eq!((client.greeting().version, client.greeting().package.as_str()), ((10, 0, 2), "test 1"));
}

#[test]
fn an_object_is_added_read_changed_and_deleted() {
    let served = serve();
    let mut client = client(&served);
    client.add(json!({ "qom-type": "lamp", "id": "l", "label": "ü\n" })).unwrap();
    client.set("l", "level", json!(7)).unwrap();
    assert_eq!(client.get("/objects/l", "level"), Ok(json!(7)));
    assert_eq!(client.get("/objects/l", "label"), Ok(json!("ü\n")));
    client.delete("l").unwrap();
    assert_eq!(client.read_tree("/objects", None).unwrap().len(), 1);
}

#[test]
fn a_refusal_has_class_sentence_and_data_and_the_connection_goes_on() {
    let served = serve();
    let mut client = client(&served);
    let error = client.add(json!({ "qom-type": "lam", "id": "l" })).unwrap_err();
    let refused = error.refused().unwrap();
    assert_eq!((refused.command.as_str(), refused.class.as_str()), ("object-add", "GenericError"));
    assert_eq!(refused.data[0]["code"], "unknown-type");
    assert_eq!(client.get("/nowhere", "type").unwrap_err().refused().unwrap().class, "DeviceNotFound");
    assert!(client.has_command("qom-get").unwrap());
}

#[test]
fn many_requests_are_answered_in_order_whatever_the_window() {
    let served = serve();
    for window in [0, 1, 7, 5000] {
        let options = Options { window, ..patient() };
        let mut client = Client::connect(&served.address, options).unwrap();
        let ask = |index| (index, Request::new("qom-get", json!({ "path": "/objects", "property": "type" })));
        let (mut queue, mut answered): (VecDeque<_>, _) = ((0..2000).map(ask).collect(), Vec::new());
        client.pipeline(&mut queue, |index, answer, _| answered.push((index, answer.is_ok()))).unwrap();
        assert_eq!(answered, (0..2000).map(|index| (index, true)).collect::<Vec<_>>(), "window {window}");
    }
}

#[test]
fn requests_and_replies_larger_than_what_sockets_hold_do_not_block_each_other() {
    let served = serve();
    let mut client = client(&served);
    let long = "x".repeat(1 << 20);
    let ask = |index| (index, Request::new("qom-list", json!({ "path": long })));
    let mut queue: VecDeque<_> = (0..8).map(ask).collect();
    queue.extend((0..200).map(|index| (index, Request::new("query-qmp-schema", Value::Null))));
    let mut answered = 0;
    client.pipeline(&mut queue, |_, _, _| answered += 1).unwrap();
    assert_eq!(answered, 208);
}

#[test]
fn all_ways_to_read_a_tree_give_the_same() {
    let served = serve();
    let mut client = client(&served);
    for id in ["a", "b", "c"] {
        client.add(json!({ "qom-type": "lamp", "id": id })).unwrap();
    }
    let singly = client.read_tree_by(Access::Single, "/", None).unwrap();
    let shown: Vec<_> =
        singly.iter().map(|object| (object.path.as_str(), object.depth, object.type_name.as_str())).collect();
    assert_eq!(shown[..2], [("/", 0, "container"), ("/objects", 1, "container")]);
    assert_eq!(shown[2..], [("/objects/a", 2, "lamp"), ("/objects/b", 2, "lamp"), ("/objects/c", 2, "lamp")]);
    assert_eq!(singly[2].property("level").unwrap().reading, Reading::Value(json!(1)));
    let best = client.access().unwrap();
    assert_eq!(client.read_tree_by(best, "/", None).unwrap(), singly);
}

#[test]
fn a_depth_ends_the_walk_and_children_are_named() {
    let served = serve();
    let mut client = client(&served);
    client.add(json!({ "qom-type": "lamp", "id": "a" })).unwrap();
    let objects = client.read_object("/objects").unwrap();
    assert_eq!(objects.children, [("a".to_owned(), "lamp".to_owned())]);
    assert_eq!(client.read_tree("/", Some(1)).unwrap().len(), 2);
}

#[test]
fn a_tree_larger_than_what_is_read_is_refused() {
    let served = serve();
    let options = Options { objects: 2, ..patient() };
    let mut client = Client::connect(&served.address, options).unwrap();
    client.add(json!({ "qom-type": "lamp", "id": "a" })).unwrap();
    assert_eq!(code(client.read_tree_by(Access::Single, "/", None)), "too-many-objects");
}

#[test]
fn properties_are_told_with_all_that_is_known() {
    let served = serve();
    let mut client = client(&served);
    let properties = client.properties_of("lamp").unwrap();
    let level = properties.iter().find(|property| property.name == "level").unwrap();
    assert_eq!((level.type_name.as_str(), level.best_type()), ("int", "u32"));
    assert_eq!((&level.default, level.mutable.as_deref()), (&Some(json!(1)), Some("live")));
    assert_eq!(code(client.properties_of("nonsense")), "refused-by-server");
    assert!(client.types().unwrap().iter().any(|one| one.name == "lamp" && !one.is_abstract));
}

#[test]
fn events_are_kept_until_somebody_asks() {
    let served = serve();
    let mut one = client(&served);
    client(&served).execute("quit", Value::Null).unwrap();
    let event = one.next_event(None).unwrap().unwrap();
    assert_eq!((event.name.as_str(), &event.data["reason"]), ("SHUTDOWN", &json!("host-qmp-quit")));
    assert_eq!(code(one.next_event(None)), "connection-closed");
    assert_eq!(code(one.get("/", "type")), "connection-closed");
}

#[test]
fn nothing_at_the_path_is_no_socket() {
    let folder = tempfile::tempdir().unwrap();
    let peer = ServerAddress::Unix(folder.path().join("none"));
    assert_eq!(code(Client::connect(&peer, hasty())), "no-socket");
}

#[test]
fn a_file_is_not_a_socket() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(code(Client::connect(&ServerAddress::Unix(file.path().to_owned()), hasty())), "not-a-socket");
}

#[test]
fn a_socket_without_a_process_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stale");
    drop(UnixListener::bind(&path).unwrap());
    assert_eq!(code(Client::connect(&ServerAddress::Unix(path), hasty())), "nobody-listens");
}

#[test]
fn a_server_that_accepts_and_says_nothing_does_not_greet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silent");
    let _listener = UnixListener::bind(&path).unwrap();
    assert_eq!(code(Client::connect(&ServerAddress::Unix(path), hasty())), "no-greeting");
}

#[test]
fn a_server_whose_queue_is_full_is_busy() {
    use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};
    use std::os::fd::AsRawFd;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full");
    let listener = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None).unwrap();
    bind(listener.as_raw_fd(), &UnixAddr::new(&path).unwrap()).unwrap();
    listen(&listener, Backlog::new(0).unwrap()).unwrap();
    let _waits = UnixStream::connect(&path).unwrap();
    assert_eq!(code(Client::connect(&ServerAddress::Unix(path), hasty())), "server-busy");
}

#[test]
fn something_else_that_listens_is_named_by_what_it_says() {
    let monitor = Scripted::new("QEMU 10.0.2 monitor - type 'help' for more information\r\n(qemu) ");
    let error = monitor.connect(patient()).unwrap_err();
    assert!(
        matches!(&error, ClientError::NotQmp { found, .. } if found.starts_with("QEMU 10.0.2")),
        "{error}"
    );
    assert!(qomet::Problem::help(&error).unwrap().contains("human monitor"));
    for script in ["SSH-2.0-OpenSSH_9.2 ", "{\"hello\": 1} ", "220 smtp ", "\u{0}\u{1} "] {
        assert_eq!(code(Scripted::new(script).connect(patient())), "not-qmp", "{script}");
    }
}

#[test]
fn half_a_greeting_is_no_greeting() {
    let server = Scripted::new("{\"QMP\": {\"vers ");
    let mut found = "no-greeting";
    // Whoever gives up at once may not even have heard the half.
    while found == "no-greeting" {
        found = code(server.connect(hasty()));
    }
    assert_eq!(found, "not-qmp");
}

#[test]
fn an_end_before_the_greeting_is_told() {
    assert_eq!(code(Scripted::new("").connect(patient())), "connection-closed");
}

#[test]
fn a_greeting_over_several_lines_is_understood() {
    let server = Scripted::new("{\r\n \"QMP\": {\"version\":\n {}}}>{\"return\":\n {}, \"id\": 0} ");
    assert!(server.connect(patient()).is_ok());
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for() {
    let server = Scripted::new("GREETING>{\"return\": {}, \"id\": 0}>  ");
    // The greeting and the first reply do come, but perhaps not that soon.
    let mut client = std::iter::repeat_with(|| server.connect(hasty())).find_map(Result::ok).unwrap();
    assert_eq!(code(client.get("/", "type")), "no-reply");
    // What comes later would be the answer to something else.
    assert_eq!(code(client.get("/", "type")), "no-reply");
}

#[test]
fn bytes_that_trickle_in_do_not_stretch_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        while socket.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    assert!(Client::connect(&ServerAddress::Unix(path), hasty()).is_err());
}

#[test]
fn an_answer_to_nothing_is_refused() {
    let server = Scripted::new("GREETING>{\"return\": {}, \"id\": 99} ");
    assert_eq!(code(server.connect(patient())), "bad-message");
}

#[test]
fn an_error_without_an_id_answers_the_oldest_request() {
    let server = Scripted::new("GREETING>{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}} ");
    assert_eq!(code(server.connect(patient())), "refused-by-server");
}

#[test]
fn a_message_that_is_too_long_or_too_deep_is_refused() {
    for text in ["[".repeat(1500), format!("\"{}", "x".repeat(3000))] {
        let server = server_of(text);
        let mut client = server.connect(Options { message_bytes: 2000, ..patient() }).unwrap();
        assert_eq!(code(client.get("/", "type")), "bad-message");
    }
}

/// A server that negotiates and then says this.
fn server_of(text: String) -> Scripted {
    Scripted::new(Box::leak(format!("GREETING>{{\"return\": {{}}, \"id\": 0}}>{text} ").into_boxed_str()))
}

#[test]
fn a_tree_without_end_is_not_followed_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endless");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        use std::io::{BufRead, BufReader};
        let (socket, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(socket);
        writeln!(lines.get_mut(), "{GREETING}").unwrap();
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|count| count > 0) {
            let request: Value = serde_json::from_str(&line).unwrap();
            let child = json!([{ "name": "again", "type": "child<thing>" }, { "name": "more", "type": "child<thing>" }]);
            let reply = json!({ "return": child, "id": request["id"] });
            let _ = writeln!(lines.get_mut(), "{reply}");
            line.clear();
        }
    });
    let options = Options { objects: 1000, ..patient() };
    let mut client = Client::connect(&ServerAddress::Unix(path), options).unwrap();
    assert_eq!(code(client.read_tree_by(Access::Single, "/", None)), "too-many-objects");
}

#[test]
fn a_server_over_tcp_is_a_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        writeln!(socket, "{GREETING}").unwrap();
        writeln!(socket, "{{\"return\": {{}}, \"id\": 0}}").unwrap();
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let peer: ServerAddress = format!("tcp:127.0.0.1:{port}").parse().unwrap();
    assert!(Client::connect(&peer, patient()).is_ok());
}

#[test]
fn addresses_are_paths_or_hosts_and_options_of_qemu_are_passed_over() {
    let peer = |text: &str| text.parse::<ServerAddress>();
    let unix = |path: &str| Ok(ServerAddress::Unix(path.into()));
    assert_eq!(peer("unix:/a,,b,server=on,wait=off"), unix("/a,b"));
    assert_eq!(peer("unix:path=/a"), unix("/a"));
    assert_eq!(peer("run/vm.sock"), unix("run/vm.sock"));
    assert_eq!(
        peer("tcp:localhost:4444,server=on"),
        Ok(ServerAddress::Tcp { host: "localhost".to_owned(), port: 4444 })
    );
    assert_eq!(peer("tcp:[::1]:1").unwrap().to_string(), "tcp:[::1]:1");
    for wrong in ["", "unix:", "tcp:", "tcp:host", "tcp::4444", "tcp:host:70000", "tcp:host:x"] {
        assert_eq!(code(peer(wrong)), "invalid-address", "{wrong}");
    }
    assert_eq!(code(peer(&"x".repeat(108))), "invalid-address");
}
