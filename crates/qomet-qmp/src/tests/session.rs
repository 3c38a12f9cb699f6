//! Sessions without a socket.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::dispatcher;
use crate::peer::Peer;
use crate::session::{Job, Session, Step};

/// A client that feeds its session by hand.
struct Client {
    session: Session,
    out: String,
    jobs: Vec<Job>,
}

impl Client {
    fn raw() -> Self {
        let peer = Arc::new(Peer::new(0, false, |_| {}));
        Client { session: Session::new(Arc::new(dispatcher()), peer), out: String::new(), jobs: Vec::new() }
    }

    fn negotiated(arguments: &str) -> Self {
        let mut client = Client::raw();
        let asked = format!("{{'execute': 'qmp_capabilities', 'arguments': {arguments}}}");
        assert_eq!(client.ask(asked.as_bytes()), [json!({"return": {}})]);
        client
    }

    /// Sends bytes; the replies so far.
    fn ask(&mut self, bytes: &[u8]) -> Vec<Value> {
        let mut at = 0;
        while self.session.is_open() {
            let (taken, step) = self.session.step(&bytes[at..], &mut self.out);
            at += taken;
            match step {
                Step::Hungry => break,
                Step::Taken | Step::Handed(_) => {}
                Step::Started(job) => self.jobs.push(job),
            }
        }
        self.replies()
    }

    fn replies(&mut self) -> Vec<Value> {
        let text = std::mem::take(&mut self.out);
        assert!(text.is_ascii(), "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Does the work under way; the replies that follow.
    fn work(&mut self) -> Vec<Value> {
        let job = self.jobs.pop().unwrap();
        self.out.push_str(&job.run());
        self.session.finish();
        self.ask(b"")
    }
}

#[test]
fn a_nul_in_two_bytes_is_taken_but_not_behind_a_backslash() {
    let asked = |text: &[u8]| {
        let message = [b"{'execute': 'query-name', 'id': 'a", text, b"'}"].concat();
        Client::negotiated("{}").ask(&message).pop().unwrap()
    };
    assert_eq!(asked(b"\xc0\x80")["id"], json!("a\0"));
    assert_eq!(asked(b"\\\\\xc0\x80")["id"], json!("a\\\0"));
    assert_eq!(class(&asked(b"\\\xc0\x80")), "GenericError");
}

fn class(reply: &Value) -> &str {
    reply["error"]["class"].as_str().unwrap_or("none")
}

#[test]
fn garbage_goes_on_behind_a_tab() {
    let mut client = Client::negotiated("{}");

    let replies = client.ask(b"%\t%\t{'execute': 'query-name', 'id': 1}");

    let errors = replies.iter().filter(|reply| reply.get("error").is_some()).count();
    assert_eq!((errors, &replies[1]["id"]), (1, &json!(1)), "{replies:?}");
}

#[test]
fn the_greeting_names_the_level_of_compatibility() {
    let mut client = Client::raw();
    client.session.greet(&mut client.out);
    let greeting = client.replies().pop().unwrap();
    assert_eq!(greeting["QMP"]["version"]["qemu"], json!({"major": 10, "minor": 0, "micro": 2}));
    assert_eq!(greeting["QMP"]["capabilities"], json!(["oob"]));
}

#[test]
fn no_command_is_found_before_negotiation() {
    let replies = Client::raw().ask(b"{'execute': 'query-version', 'id': 1}");
    assert_eq!((class(&replies[0]), &replies[0]["id"]), ("CommandNotFound", &json!(1)));
}

#[test]
fn negotiating_twice_is_refused() {
    let replies = Client::negotiated("{}").ask(b"{'execute': 'qmp_capabilities'}");
    assert_eq!(class(&replies[0]), "CommandNotFound");
}

#[test]
fn an_id_of_any_type_comes_back() {
    let id = r#"{"a": [1, -2, 18446744073709551615, 1.5, null, true, "\u00fc\ud83d\ude00"]}"#;
    let replies = Client::negotiated("{}").ask(format!("{{'execute': 'query-name', 'id': {id}}}").as_bytes());
    assert_eq!(replies[0]["id"], serde_json::from_str::<Value>(id).unwrap());
}

#[test]
fn an_object_is_made_read_changed_and_deleted() {
    let mut client = Client::negotiated("{}");
    let replies = client.ask(
        b"{'execute': 'object-add', 'arguments': {'qom-type': 'lamp', 'id': 'l', 'level': 3}}
          {'execute': 'qom-set', 'arguments': {'path': 'l', 'property': 'level', 'value': 4}}
          {'execute': 'qom-get', 'arguments': {'path': '/objects/l', 'property': 'level'}}
          {'execute': 'qom-get', 'arguments': {'path': 'l', 'property': 'type'}}
          {'execute': 'qom-get', 'arguments': {'path': '/objects', 'property': 'l'}}
          {'execute': 'object-del', 'arguments': {'id': 'l'}}",
    );
    let returned: Vec<&Value> = replies.iter().map(|reply| &reply["return"]).collect();
    assert_eq!(
        returned,
        [&json!({}), &json!({}), &json!(4), &json!("lamp"), &json!("/objects/l"), &json!({})]
    );
}

#[test]
fn everything_wrong_with_an_object_is_told_with_its_codes() {
    let replies = Client::negotiated("{}").ask(
        b"{'execute': 'object-add', 'arguments': {'qom-type': 'lamp', 'id': 'l', 'level': 11, 'lable': ''}}",
    );
    let codes: Vec<&str> = replies[0]["error"]["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["out-of-range", "unknown-property"]);
    let text = replies[0]["error"]["desc"].as_str().unwrap();
    assert!(["level", "lable", "'l'"].iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn sizes_and_booleans_are_as_strict_as_in_qemu() {
    let replies = Client::negotiated("{}")
        .ask(b"{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c', 'ready': 'on'}}");
    assert_eq!(class(&replies[0]), "GenericError");
}

#[test]
fn in_band_requests_wait_for_the_one_under_way() {
    let mut client = Client::negotiated("{}");
    let asked =
        b"{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c', 'ready': true}}";
    assert!(client.ask(asked).is_empty());
    assert!(!client.session.is_open());
    assert_eq!(client.work(), [json!({"return": {}})]);
    assert!(client.session.is_open());
}

#[test]
fn out_of_band_requests_overtake_and_the_others_keep_their_order() {
    let mut client = Client::negotiated("{'enable': ['oob']}");
    let replies = client.ask(
        b"{'execute': 'object-add', 'id': 1, 'arguments': {'qom-type': 'cathedral', 'id': 'c', 'ready': true}}
          {'execute': 'query-name', 'id': 2} [1 {'exec-oob': 'query-version', 'id': 3} garbage
          {'exec-oob': 'query-name', 'id': 4}
          {'exec-oob': 'query-version', 'id': 5}",
    );
    let ids = |replies: &[Value]| replies.iter().map(|reply| reply["id"].clone()).collect::<Vec<_>>();
    // The unbalanced bracket swallows what follows it, up to the first byte that fits no token.
    assert_eq!(ids(&replies), Vec::<Value>::new());
    let replies =
        client.ask(b"\x01{'exec-oob': 'query-name', 'id': 4}{'exec-oob': 'query-version', 'id': 5}");
    assert_eq!(ids(&replies), [json!(4), json!(5)]);
    assert_eq!(ids(&client.work()), [json!(1), json!(2), Value::Null]);
}

#[test]
fn what_is_long_because_of_children_is_written_elsewhere() {
    let mut client = Client::negotiated("{}");
    let bags: Vec<Value> = (0..600).map(|at| json!({"qom-type": "lamp", "id": format!("l{at}")})).collect();
    let apply = json!({"execute": "x-apply", "arguments": {"documents": [bags]}});
    client.ask(apply.to_string().as_bytes());
    assert!(client.work()[0]["return"].is_object());
    for (command, arguments) in [
        ("qom-list", json!({"path": "/objects"})),
        ("qom-list-get", json!({"paths": ["/objects"]})),
        ("x-tree", json!({"path": "/objects", "depth": 0})),
    ] {
        let asked = client.ask(json!({"execute": command, "arguments": arguments}).to_string().as_bytes());
        assert_eq!(asked, Vec::<Value>::new(), "{command}");
        assert!(client.work()[0].to_string().contains("l599"), "{command}");
    }
}

#[test]
fn the_queue_of_waiting_requests_is_bounded() {
    let mut client = Client::negotiated("{'enable': ['oob']}");
    client
        .ask(b"{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c', 'ready': true}}");
    client.ask("{'execute': 'query-name'}".repeat(20).as_bytes());
    assert!(!client.session.is_open());
    assert_eq!(client.work().len(), 1 + 8);
}

#[test]
fn every_reference_in_the_schema_resolves() {
    let dispatcher = dispatcher();
    let schema: Vec<Value> = serde_json::from_str(dispatcher.schema(false)).unwrap();
    let names: Vec<&str> = schema.iter().map(|entity| entity["name"].as_str().unwrap()).collect();
    let mut dangling = Vec::new();
    let mut check = |name: &Value| {
        let known = name.as_str().is_some_and(|name| names.contains(&name));
        if !known {
            dangling.push(name.clone());
        }
    };
    for entity in &schema {
        for key in ["arg-type", "ret-type", "element-type"] {
            entity.get(key).into_iter().for_each(&mut check);
        }
        for key in ["members", "variants"] {
            let parts = entity.get(key).and_then(Value::as_array).into_iter().flatten();
            parts.filter_map(|part| part.get("type")).for_each(&mut check);
        }
    }
    assert_eq!(dangling, Vec::<Value>::new());
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
}

fn scrap() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "'",
        "\"",
        "\\",
        "\\ud800",
        "-",
        "0",
        "1e",
        "true",
        "x",
        "{'execute':",
        "'query-name'",
        "'qom-get'",
        "'arguments':",
        "'id':",
        "{}",
        "null",
        " ",
        "\n",
        "\u{1}",
        "\u{fffe}",
        "é",
    ];
    prop_oneof![
        proptest::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ]
}

proptest! {
    #[test]
    fn after_any_bytes_a_control_character_brings_the_session_back(
        scraps in proptest::collection::vec(scrap(), 0..40),
    ) {
        let mut client = Client::negotiated("{}");
        client.ask(&scraps.concat());
        let replies = client.ask(b"\x01\n{'execute': 'query-name', 'id': 'back'}");
        prop_assert_eq!(replies.last(), Some(&json!({"return": {}, "id": "back"})));
    }

    #[test]
    fn how_bytes_are_cut_does_not_matter(
        scraps in proptest::collection::vec(scrap(), 0..40),
        cuts in proptest::collection::vec(0..200usize, 0..8),
    ) {
        let bytes = scraps.concat();
        let whole = Client::negotiated("{}").ask(&bytes);
        let mut client = Client::negotiated("{}");
        let (mut pieces, mut rest) = (Vec::new(), bytes.as_slice());
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.extend(client.ask(piece));
            rest = after;
        }
        pieces.extend(client.ask(rest));
        prop_assert_eq!(pieces, whole);
    }
}

#[test]
fn the_properties_of_a_type_are_told_again_as_they_were_and_never_those_of_another() {
    let registry = dispatcher();
    let mut names = registry.model.registry().classes().map(|class| class.name());
    let ask = |name| format!("{{'execute': 'qom-list-properties', 'arguments': {{'typename': '{name}'}}}}");
    let (container, other) = (ask(names.next().unwrap()), ask(names.last().unwrap()));
    let mut client = Client::negotiated("{}");

    let replies = client.ask([&*container, &other, &container, &other].concat().as_bytes());

    assert_ne!(replies[0], replies[1]);
    assert_eq!(replies[..2], replies[2..]);
    assert!(replies[1]["return"][0].get("name").is_some(), "{}", replies[1]);
}
