//! The commands that ask a server, against one of this process.

use qomet::Model;
use qomet_qmp::{Dispatcher, Listener, Server};

use super::*;

/// A server with a few printers.
struct Served {
    _folder: tempfile::TempDir,
    address: String,
    _server: Server,
}

impl Served {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix:{}", folder.path().join("qmp.sock").display());
        let registry = TypeRegistry::builder().add(types()).build().unwrap();
        let dispatcher = Dispatcher::new(Model::new(registry), "office 1");
        let server = Server::start(vec![Listener::bind(&address.parse().unwrap()).unwrap()], dispatcher);
        let served = Served { _folder: folder, address, _server: server.unwrap() };
        let first = r#"{"qom-type": "printer", "id": "first", "buffer": "1M", "paper": "letter"}"#;
        let second = r#"{"qom-type": "printer", "id": "second", "buffer": 512, "fallback": "first"}"#;
        assert_eq!(served.ask(&["add", first, second]).code, 0);
        served
    }

    /// Runs `qomet ARGUMENTS` against it.
    fn ask(&self, arguments: &[&str]) -> Ended {
        self.ask_with(arguments, "")
    }

    fn ask_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut all = vec!["--connect", &self.address];
        all.extend(arguments);
        qomet_with(&all, input)
    }
}

#[test]
fn a_live_tree() {
    insta::assert_snapshot!(Served::new().ask(&["tree"]));
}

#[test]
fn a_live_tree_for_programs() {
    insta::assert_snapshot!(Served::new().ask(&["tree", "--json"]));
}

#[test]
fn a_tree_of_some_depth_says_that_there_is_more() {
    insta::assert_snapshot!(Served::new().ask(&["tree", "/", "--depth", "1"]));
}

#[test]
fn one_live_object() {
    insta::assert_snapshot!(Served::new().ask(&["list", "second"]));
}

#[test]
fn one_live_object_for_programs() {
    insta::assert_snapshot!(Served::new().ask(&["list", "/objects/second", "--json"]));
}

#[test]
fn a_value_alone_is_bare() {
    let served = Served::new();
    assert_eq!(served.ask(&["get", "first.buffer"]).out, "1 MiB\n");
    assert_eq!(served.ask(&["get", "first.buffer", "--json"]).out, "1048576\n");
    assert_eq!(served.ask(&["get", "second.fallback", "--json"]).out, "\"/objects/first\"\n");
}

#[test]
fn several_values_have_their_names_and_what_cannot_be_read_is_told() {
    insta::assert_snapshot!(Served::new().ask(&[
        "get",
        "first.buffer",
        "first.papr",
        "nobody.x",
        "second.paper"
    ]));
}

#[test]
fn several_values_for_programs() {
    insta::assert_snapshot!(Served::new().ask(&["get", "first.buffer", "second.paper", "--json"]));
}

#[test]
fn a_value_is_set_as_its_type_asks() {
    let served = Served::new();
    assert_eq!(served.ask(&["set", "first.paper=a4", "second.paper=letter"]).code, 0);
    assert_eq!(served.ask(&["get", "first.paper"]).out, "a4\n");
}

#[test]
fn what_was_done_is_told_to_programs_and_last_what_was_refused() {
    let served = Served::new();
    let add = ["add", "printer,id=third,buffer=8K", "printer,id=third", "--json"];
    insta::assert_snapshot!(served.ask(&add));
    insta::assert_snapshot!(served.ask(&["set", "first.paper=a4", "third.paper=letter", "--json"]));
    insta::assert_snapshot!(served.ask(&["del", "nobody", "third", "--json"]));
}

#[test]
fn a_value_that_is_wrong_changes_nothing() {
    let served = Served::new();
    insta::assert_snapshot!(served.ask(&["set", "first.paper=a4", "first.buffer=1Q"]));
    assert_eq!(served.ask(&["get", "first.paper"]).out, "letter\n");
}

#[test]
fn what_the_server_refuses_to_set_is_told_with_the_repair() {
    insta::assert_snapshot!(Served::new().ask(&["set", "first.buffer=1K"]));
}

#[test]
fn every_mistake_of_a_new_object_is_told() {
    insta::assert_snapshot!(
        Served::new().ask(&["add", r#"{"qom-type": "printer", "id": "x", "bufer": 512, "paper": "a5"}"#])
    );
}

#[test]
fn an_object_may_be_a_line() {
    let served = Served::new();
    assert_eq!(served.ask(&["add", "printer,id=third,buffer=1.5K,duplex=on,fallback=first"]).code, 0);
    assert_eq!(served.ask(&["get", "third.buffer"]).out, "1536 B\n");
    assert_eq!(served.ask(&["add", "printer,help"]).out, served.ask(&["describe", "printer"]).out);
    assert_eq!(served.ask(&["add", "help"]).out, served.ask(&["types"]).out);
}

#[test]
fn a_mistake_in_a_line_has_its_place() {
    insta::assert_snapshot!(Served::new().ask(&["add", "printer,id=x,,buffer=1K,=5"]));
}

#[test]
fn objects_are_deleted_and_those_that_cannot_be_are_told() {
    let served = Served::new();
    insta::assert_snapshot!(served.ask(&["del", "first", "third", "second"]));
    assert_eq!(served.ask(&["tree", "--json"]).out.matches("\"type\":\"printer\"").count(), 1);
}

#[test]
fn the_types_of_a_server() {
    insta::assert_snapshot!(Served::new().ask(&["types"]));
}

#[test]
fn the_types_of_a_server_for_programs() {
    let ended = Served::new().ask(&["types", "--json"]);
    let types: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let printer = types.as_array().unwrap().iter().find(|one| one["name"] == "printer").unwrap();
    assert_eq!(
        *printer,
        serde_json::json!({ "name": "printer", "parent": "device", "kind": "user-creatable" })
    );
}

#[test]
fn a_type_of_a_server_is_described() {
    insta::assert_snapshot!(Served::new().ask(&["describe", "printer"]));
}

#[test]
fn a_property_of_a_servers_type_is_described_for_programs() {
    insta::assert_snapshot!(Served::new().ask(&["describe", "printer.buffer", "--json"]));
}

#[test]
fn names_that_a_server_does_not_know_have_the_nearest() {
    let served = Served::new();
    assert!(served.ask(&["describe", "printr"]).err.contains("did you mean 'printer'?"));
    assert!(served.ask(&["describe", "printer.bufer"]).err.contains("did you mean 'buffer'?"));
    assert!(served.ask(&["list", "/objects/frist"]).err.contains("did you mean 'first'?"));
}

#[test]
fn a_command_as_it_is() {
    let served = Served::new();
    let get = r#"{"execute": "qom-get", "arguments": {"path": "first", "property": "buffer"}}"#;
    assert_eq!(served.ask(&["qmp", get]).out, "1048576\n");
    assert_eq!(
        served.ask(&["qmp", "query-status", "--json"]).out,
        "{\"running\":true,\"status\":\"running\"}\n"
    );
    assert_eq!(served.ask(&["qmp", "object-del", r#"{"id": "second"}"#]).code, 0);
    assert_eq!(served.ask(&["qmp", "object-dle"]).code, 1);
    assert_eq!(served.ask(&["qmp", "{"]).code, 1);
}

#[test]
fn a_sensitive_value_is_shown_nowhere() {
    let served = Served::new();
    for command in [&["tree"][..], &["tree", "--json"], &["list", "first"], &["describe", "printer"]] {
        let ended = served.ask(command);
        assert_eq!(ended.code, 0);
        assert!(!format!("{}{}", ended.out, ended.err).contains("hunter2"), "{command:?}");
    }
}

#[test]
fn commands_of_a_file_go_on_after_a_mistake_and_end_with_1() {
    let commands =
        "# look\ncd /objects\npwd\nget first.buffer\nget frist.buffer\nlist second --json\ntre\nexit\ntree";
    insta::assert_snapshot!(Served::new().ask_with(&["shell"], commands));
}

#[test]
fn help_of_the_shell_has_its_own_commands() {
    insta::assert_snapshot!(Served::new().ask_with(&["shell"], "help\nhelp set\n"));
}

#[test]
fn without_an_address_the_program_says_how_to_name_one() {
    // The environment of whoever runs the tests may name one; a command line cannot take that away.
    let ended = qomet(&["tree", "--connect", "tcp:nowhere"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("it has no port"), "{}", ended.err);
}

#[test]
fn a_server_that_is_not_there_is_told_with_what_to_do() {
    insta::assert_snapshot!(qomet(&["tree", "--connect", "/nowhere/qmp.sock"]));
}

#[test]
fn a_command_without_a_server_takes_no_address() {
    assert_eq!(qomet(&["--connect", "/x", "check", "-"]).code, 64);
}

#[test]
fn a_text_that_names_no_property_is_a_usage_error() {
    let served = Served::new();
    assert_eq!(served.ask(&["get", "first"]).code, 64);
    assert_eq!(served.ask(&["set", "first.paper"]).code, 64);
    assert_eq!(served.ask(&["get"]).code, 64);
    assert_eq!(served.ask(&["watch", "--interval", "0"]).code, 64);
}

/// A document that leaves `second` as it is, changes `first` and has a new printer.
const OFFICE: &str = r#"[
    {"qom-type": "printer", "id": "first", "buffer": "1M", "paper": "a4"},
    {"qom-type": "printer", "id": "second", "buffer": 512, "fallback": "first"},
    {"qom-type": "printer", "id": "third", "buffer": 1024}
]"#;

#[test]
fn a_plan_tells_what_there_is_to_do() {
    let served = Served::new();
    insta::assert_snapshot!(served.ask_with(&["plan", "-"], OFFICE));
    assert_eq!(served.ask(&["get", "third.buffer"]).code, 1);
}

#[test]
fn what_was_applied_leaves_nothing_to_do() {
    let served = Served::new();
    assert_eq!(served.ask_with(&["apply", "-"], OFFICE).code, 0);
    insta::assert_snapshot!(served.ask_with(&["plan", "-"], OFFICE));
}

#[test]
fn a_document_that_names_its_schema_is_applied() {
    let served = Served::new();
    let document = format!(r#"{{"$schema": "../schema/document.schema.json", "objects": {OFFICE}}}"#);
    assert_eq!(served.ask_with(&["apply", "-"], &document).code, 0);
    assert_eq!(served.ask(&["get", "third.buffer"]).code, 0);
}

#[test]
fn what_is_fixed_or_gone_shows_in_the_plan() {
    let served = Served::new();
    served.ask_with(&["apply", "-"], OFFICE);
    let other = OFFICE.replace("\"1M\"", "\"2M\"").replace("\"third\"", "\"fourth\"");
    insta::assert_snapshot!(served.ask_with(&["plan", "-", "--prune"], &other));
}

#[test]
fn a_plan_that_cannot_be_carried_out_is_shown_with_the_reasons() {
    let served = Served::new();
    let first = r#"{"qom-type": "printer", "id": "first", "buffer": "2M", "paper": "letter"}"#;

    insta::assert_snapshot!(served.ask_with(&["plan", "-"], first));

    let json = served.ask_with(&["plan", "-", "--json"], first);
    let plan: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &plan["refused"][0]["code"]), (1, &"in-use".into()));
    assert_eq!(served.ask_with(&["apply", "-"], first).code, 1);
    assert_eq!(served.ask(&["get", "first.buffer"]).out, "1 MiB\n");
}

#[test]
fn a_dump_is_a_document_that_leaves_nothing_to_do() {
    let served = Served::new();
    let dumped = served.ask(&["dump"]);
    insta::assert_snapshot!(dumped);
    let planned = served.ask_with(&["plan", "-"], &dumped.out);
    assert_eq!(
        (planned.code, planned.out.as_str()),
        (0, "= unchanged first: printer\n= unchanged second: printer\n2 objects: unchanged 2\n"),
        "{}",
        planned.err
    );
}

#[test]
fn a_plan_for_programs() {
    let json = Served::new().ask_with(&["plan", "-", "--json"], OFFICE).out;
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(plan["steps"][0]["differences"][0]["property"], "paper");
}

#[test]
fn a_mistake_in_an_applied_document_has_its_place() {
    let wrong = OFFICE.replace("\"a4\"", "\"a9\"");
    insta::assert_snapshot!(Served::new().ask_with(&["apply", "-"], &wrong));
}

#[test]
fn a_plan_of_another_revision_is_refused() {
    let ended = Served::new().ask_with(&["apply", "-", "--if-revision", "1"], OFFICE);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("revision-changed"), "{}", ended.err);
}
