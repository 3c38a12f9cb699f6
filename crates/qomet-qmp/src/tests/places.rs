//! Where clients come from: TCP, read-only sockets, other users.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::{Value, json};

use super::client::{Client, address, serve};
use super::dispatcher;
use crate::{Address, Listener, Server};

fn port_of(listener: &Listener) -> u16 {
    match listener.address() {
        Address::Tcp { port, .. } => *port,
        other => panic!("{other}"),
    }
}

#[test]
fn a_port_left_to_the_host_is_told_and_served() {
    let listener = Listener::bind(&"tcp:127.0.0.1:0".parse().unwrap()).unwrap();
    let port = port_of(&listener);
    assert_ne!(port, 0);
    let _server = Server::start(vec![listener], dispatcher()).unwrap();
    let mut client = Client::of(TcpStream::connect(("127.0.0.1", port)).unwrap());
    assert_eq!(client.ask("{'execute': 'qmp_capabilities'}"), json!({"return": {}}));
    assert_eq!(client.ask("{'execute': 'query-name'}"), json!({"return": {}}));
}

#[test]
fn a_name_is_served_at_each_of_its_addresses() {
    let listener = Listener::bind(&"tcp:localhost:0".parse().unwrap()).unwrap();
    let port = port_of(&listener);
    let _server = Server::start(vec![listener], dispatcher()).unwrap();
    let places = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", port)).unwrap();
    let served = places.filter(|place| {
        TcpStream::connect(place)
            .is_ok_and(|socket| Client::of(socket).ask("{'execute': 'qmp_capabilities'}").is_object())
    });
    assert!(served.count() >= 1);
}

#[test]
fn other_machines_are_let_in_only_if_that_was_asked_for() {
    for text in ["tcp:0.0.0.0:0", "tcp::0", "tcp:[::]:0"] {
        let place: Address = text.parse().unwrap();
        assert!(Listener::bind(&place).unwrap_err().to_string().contains("QMP has no passwords"), "{text}");
    }
    assert!(Listener::bind_remote(&"tcp:0.0.0.0:0".parse().unwrap()).is_ok());
}

#[test]
fn a_port_that_is_taken_is_refused() {
    let listener = Listener::bind(&"tcp:127.0.0.1:0".parse().unwrap()).unwrap();
    let again = Listener::bind(listener.address()).unwrap_err().to_string();
    assert!(again.contains("already in use"), "{again}");
}

#[test]
fn clients_of_a_read_only_socket_see_everything_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (all, reading) = (folder.path().join("all"), folder.path().join("reading"));
    let listeners = vec![
        Listener::bind(&address(&all)).unwrap(),
        Listener::bind(&address(&reading)).unwrap().read_only(),
    ];
    let _server = Server::start(listeners, dispatcher()).unwrap();
    let (mut writer, mut reader) = (Client::new(&all), Client::new(&reading));
    let add = "{'execute': 'object-add', 'arguments': {'qom-type': 'lamp', 'id': 'l'}}";
    let refused = reader.ask(add);
    assert_eq!(refused["error"]["class"], json!("CommandNotFound"));
    assert_eq!(refused["error"]["data"][0]["code"], json!("read-only-socket"));
    assert_eq!(writer.ask(add), json!({"return": {}}));
    let set = "{'execute': 'qom-set', 'arguments': {'path': 'l', 'property': 'level', 'value': 3}}";
    assert!(reader.ask(set)["error"].is_object());
    assert!(reader.ask("{'execute': 'quit'}")["error"].is_object());
    let get = "{'execute': 'qom-get', 'arguments': {'path': 'l', 'property': 'level'}}";
    assert_eq!(reader.ask(get), json!({"return": 1}));
}

#[test]
fn a_read_only_socket_lists_only_what_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reading");
    let listener = Listener::bind(&address(&path)).unwrap().read_only();
    let _server = Server::start(vec![listener], dispatcher()).unwrap();
    let mut client = Client::new(&path);
    let names = |reply: Value, is_wanted: fn(&Value) -> bool| -> Vec<String> {
        let all = reply["return"].as_array().unwrap().iter().filter(|one| is_wanted(one));
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let listed = names(client.ask("{'execute': 'query-commands'}"), |_| true);
    let described =
        names(client.ask("{'execute': 'query-qmp-schema'}"), |one| one["meta-type"] == json!("command"));
    assert_eq!(listed, described);
    assert!(listed.contains(&"qom-get".to_owned()));
    for name in ["object-add", "object-del", "qom-set", "quit"] {
        assert!(!listed.contains(&name.to_owned()), "{name}");
    }
}

#[test]
fn another_user_is_turned_away_even_where_the_file_lets_it_in() {
    const PYTHON: &str = "/usr/bin/python3";
    if !nix::unistd::geteuid().is_root() || !std::path::Path::new(PYTHON).exists() {
        println!("skipped: only root can be another user, and that needs {PYTHON}");
        return;
    }
    let (folder, path, _server) = serve();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let script = "import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
try:
    print(len(client.recv(1000)))
except ConnectionResetError:
    print(0)";
    let greeting_of = |user: u32| {
        let mut command = Command::new(PYTHON);
        let said = command.uid(user).current_dir("/").args(["-c", script]).arg(&path).output().unwrap();
        let told = String::from_utf8(said.stdout).unwrap();
        told.trim().parse::<usize>().unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&said.stderr)))
    };
    assert_eq!(greeting_of(65534), 0);
    assert!(greeting_of(0) > 0);
}
