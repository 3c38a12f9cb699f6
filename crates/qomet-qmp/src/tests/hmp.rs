//! `human-monitor-command`: lines as people and shells send them.

use serde_json::{Value, json};

use super::client::{Client, serve, serve_with};
use super::dispatcher;
use crate::{Command, Limits, Listener, Server};

fn request(line: &str) -> String {
    json!({"execute": "human-monitor-command", "arguments": {"command-line": line}}).to_string()
}

impl Client {
    /// What the monitor says to a line.
    fn type_line(&mut self, line: &str) -> String {
        self.say(&request(line));
        loop {
            let message = self.hear();
            if message["event"].is_null() {
                return message["return"].as_str().map_or_else(|| message.to_string(), str::to_owned);
            }
        }
    }
}

#[test]
fn an_object_is_added_shown_changed_and_deleted() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    assert_eq!(client.type_line("object_add lamp,id=a,level=2,label=x,,y"), "");
    assert_eq!(client.type_line("qom-list /objects"), "type (string)\r\na (child<lamp>)\r\n");
    assert_eq!(client.type_line("qom-get a label"), "\"x,y\"\r\n");
    assert_eq!(client.type_line("qom-set /objects/a level 0x7"), "");
    assert_eq!(client.type_line("qom-get a level"), "7\r\n");
    assert_eq!(client.type_line("qom-set -j a level 8"), "");
    assert_eq!(client.type_line("  qom-get  \"a\"   level "), "8\r\n");
    assert_eq!(client.type_line("object_del a"), "");
    assert_eq!(client.type_line("qom-list /objects"), "type (string)\r\n");
    assert_eq!(client.type_line("qom-list"), "/\r\n");
}

#[test]
fn a_line_may_be_json() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    assert_eq!(client.type_line("object_add {\"qom-type\": \"lamp\", \"id\": \"a\", \"level\": 3}"), "");
    assert_eq!(client.type_line("qom-get a level"), "3\r\n");
    assert!(
        client
            .type_line("object_add {\"qom-type\": \"lamp\", \"id\": \"b\", \"level\": \"3\"}")
            .starts_with("Error: ")
    );
}

#[test]
fn what_is_refused_is_text_and_changes_nothing() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    client.type_line("object_add lamp,id=a");
    for line in [
        "object_add lamp,id=a",
        "object_add lamp,id=b,level=11",
        "object_add lamp,id=b,levle=1",
        "object_add lamp",
        "object_add lmp,id=b",
        "object_add lamp,id=b,x-if-revision=0",
        "object_del b",
        "qom-list /nope",
        "qom-get a nope",
        "qom-get /nope level",
        "qom-set a level 11",
        "qom-set a level 1k",
        "qom-set a label x",
        "qom-set a type x",
        "qom-set -j a level tru",
        "qom-set -j a level \"2\"",
        "info qom-tree /nope",
    ] {
        let said = client.type_line(line);
        assert!(said.starts_with("Error: ") && said.ends_with("\r\n"), "{line}: {said}");
    }
    assert_eq!(client.type_line("info qom-tree /objects"), "/objects (container)\r\n  /a (lamp)\r\n");
    assert_eq!(client.type_line("qom-get a level"), "1\r\n");
}

#[test]
fn a_line_with_other_words_than_the_commands_says_where_there_is_help() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    let missing = "object_add: string expected\r\nTry \"help object_add\" for more information\r\n";
    assert_eq!(client.type_line("object_add"), missing);
    let extra =
        "qom-get: extraneous characters at the end of line\r\nTry \"help qom-get\" for more information\r\n";
    assert_eq!(client.type_line("qom-get a b c"), extra);
    let option = "qom-set: unsupported option -x\r\nTry \"help qom-set\" for more information\r\n";
    assert_eq!(client.type_line("qom-set -x a b c"), option);
    let tree = "qom-tree: extraneous characters at the end of line\r\nTry \"help info qom-tree\" for more information\r\n";
    assert_eq!(client.type_line("info qom-tree a b"), tree);
}

#[test]
fn an_unknown_command_is_text_with_the_nearest_one() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    assert_eq!(client.type_line("qom-lst /"), "unknown command: 'qom-lst'; did you mean 'qom-list'?\r\n");
    assert_eq!(client.type_line("device_foo"), "unknown command: 'device_foo'\r\n");
    assert_eq!(
        client.type_line("info qom-tre"),
        "unknown command: 'info qom-tre'; did you mean 'info qom-tree'?\r\n"
    );
    assert_eq!(client.type_line("info zzz x"), "unknown command: 'info zzz'\r\n");
    assert_eq!(client.type_line("help info zzz"), "unknown command: 'info zzz'\r\n");
    assert_eq!(client.type_line(" "), "");
}

#[test]
fn the_tree_has_children_by_name() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    for id in ["b", "a"] {
        client.type_line(&format!("object_add lamp,id={id}"));
    }
    let tree = client.type_line("info qom-tree");
    assert!(tree.starts_with("/ (container)\r\n"), "{tree}");
    assert!(tree.contains("\r\n  /objects (container)\r\n    /a (lamp)\r\n    /b (lamp)\r\n"), "{tree}");
}

#[test]
fn lists_have_a_name_in_each_line_for_shells_to_complete() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    for list in ["help", "info", "help info"] {
        let text = client.type_line(list);
        assert!(text.ends_with("\r\n"), "{text}");
        assert!(text.trim_end().split("\r\n").all(|line| line.split_whitespace().nth(1).is_some()), "{text}");
    }
    assert_eq!(client.type_line("? qom-list"), "qom-list [path] -- show the properties of an object\r\n");
    assert!(client.type_line("help").contains("\r\nobject_add "));
    assert!(client.type_line("object_add help").contains("\r\n  lamp\r\n"));
    let lamp = "lamp options:\r\n  label=<string>         - What stands on it\r\n  level=<int>            - How bright it is\r\n";
    assert_eq!(client.type_line("object_add lamp,help"), lamp);
}

#[test]
fn a_program_adds_to_info() {
    let mut dispatcher = dispatcher();
    let count = |model: &qomet::Model| model.children(model.objects()).len() as u64;
    dispatcher.extend([Command::query("x-query-lamps", count).with_info(
        "lamps",
        "count lamps",
        move |model| format!("{} lamps\n", count(model)),
    )]);
    let (_folder, path, _server) = serve_with(dispatcher);
    let mut client = Client::new(&path);
    assert_eq!(client.type_line("info lamps"), "0 lamps\r\n");
    assert_eq!(client.type_line("help info lamps"), "info lamps  -- count lamps\r\n");
    let all = "info lamps  -- count lamps\r\ninfo qom-tree [path] -- ";
    assert!(client.type_line("info").starts_with(all));
    assert_eq!(client.type_line("info version"), "10.0.2 (test 1)\r\n");
}

#[test]
fn a_socket_for_reading_takes_only_lines_that_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read.sock");
    let listener = Listener::bind(&super::client::address(&path)).unwrap().read_only();
    let _server = Server::start_with(vec![listener], dispatcher(), Limits::default()).unwrap();
    let mut client = Client::new(&path);
    for line in ["object_add lamp,id=a", "object_del a", "qom-set a level 1"] {
        let said = client.type_line(line);
        assert!(said.starts_with("Error: ") && said.contains("for reading only"), "{said}");
    }
    assert_eq!(client.type_line("qom-list /objects"), "type (string)\r\n");
    assert!(!client.type_line("help").contains("object_add"));
}

#[test]
fn what_takes_long_is_a_job_and_others_are_served_meanwhile() {
    let (folder, path, _server) = serve();
    let (mut client, mut other) = (Client::new(&path), Client::new(&path));
    let gate = folder.path().join("gate");
    client.say(&request(&format!("object_add cathedral,id=c,gate={}", gate.display())));
    let jobs = loop {
        let reply = other.ask("{'execute': 'query-jobs'}");
        if reply["return"][0]["id"] == "c" {
            break reply;
        }
    };
    assert_eq!(jobs["return"][0]["x-command"], "object-add");
    std::fs::write(&gate, b"").unwrap();
    let reply = std::iter::repeat_with(|| client.hear()).find(|message| message["event"].is_null());
    assert_eq!(reply, Some(json!({"return": ""})));
    assert_eq!(client.type_line("qom-get c ready"), "false\r\n");
}

#[test]
fn long_work_that_is_cancelled_is_refused_in_text() {
    let (_folder, path, _server) = serve();
    let (mut client, mut other) = (Client::new(&path), Client::new(&path));
    client.say(&request("object_add cathedral,id=c"));
    while other.ask("{'execute': 'job-cancel', 'arguments': {'id': 'c'}}")["return"] != json!({}) {}
    let reply = std::iter::repeat_with(|| client.hear()).find(|message| message["event"].is_null()).unwrap();
    assert!(reply["return"].as_str().unwrap().starts_with("Error: "), "{reply}");
    assert_eq!(client.type_line("qom-list /objects"), "type (string)\r\n");
}

#[test]
fn a_sensitive_value_is_not_shown() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    assert_eq!(client.type_line("object_add safe,id=s,pin=4711"), "");
    assert!(!client.type_line("qom-get s pin").contains("4711"));
}

#[test]
fn the_cpu_of_clients_that_know_none_is_taken_and_no_other() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    let mut ask = |arguments: Value| {
        client.ask(&json!({"execute": "human-monitor-command", "arguments": arguments}).to_string())
    };
    assert_eq!(ask(json!({"command-line": "qom-list", "cpu-index": 0}))["return"], "/\r\n");
    let refused = ask(json!({"command-line": "qom-list", "cpu-index": 3}));
    assert_eq!(refused["error"]["data"][0]["code"], "no-such-cpu");
    assert_eq!(ask(json!({}))["error"]["class"], "GenericError");
}
