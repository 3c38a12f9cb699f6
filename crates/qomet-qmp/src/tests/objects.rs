//! Commands about objects that QEMU has not, or has only since 10.1.

use serde_json::{Value, json};

use super::client::{Client, serve};

/// A client of a server with two lamps.
fn lamps() -> (impl Drop, Client) {
    let (folder, path, server) = serve();
    let mut client = Client::new(&path);
    for id in ["a", "b"] {
        client.run("object-add", &json!({"qom-type": "lamp", "id": id, "level": 2}));
    }
    (Held(Some((folder, server))), client)
}

struct Held<T>(Option<T>);

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl Client {
    /// Runs a command; what it returns, or its error.
    fn run(&mut self, command: &str, arguments: &Value) -> Value {
        let reply = self.ask(&json!({"execute": command, "arguments": arguments}).to_string());
        reply.get("return").or(reply.get("error")).cloned().unwrap_or(reply)
    }

    fn set(&mut self, path: &str, level: u64) {
        assert_eq!(
            self.run("qom-set", &json!({"path": path, "property": "level", "value": level})),
            json!({})
        );
    }

    /// The next event, without its time.
    fn event(&mut self) -> (String, Value) {
        let event = self.hear();
        (event["event"].as_str().unwrap_or_default().to_owned(), event["data"].clone())
    }
}

fn code(error: &Value) -> &str {
    error["data"][0]["code"].as_str().unwrap_or("none")
}

fn paths(objects: &Value) -> Vec<&str> {
    objects.as_array().unwrap().iter().map(|object| object["path"].as_str().unwrap()).collect()
}

#[test]
fn a_tree_has_values_and_revisions() {
    let (_held, mut client) = lamps();
    client.set("a", 5);
    let tree = client.run("x-tree", &json!({"path": "/objects"}));
    assert_eq!(tree["revision"], json!(2));
    assert_eq!(paths(&tree["objects"]), ["/objects", "/objects/a", "/objects/b"]);
    assert_eq!(
        tree["objects"][1],
        json!({
            "path": "/objects/a", "depth": 1, "type": "lamp", "revision": 1,
            "properties": [
                {"name": "level", "type": "int", "value": 5},
                {"name": "label", "type": "string", "value": ""},
            ],
        })
    );
}

#[test]
fn a_tree_is_cut_where_asked_and_names_what_is_below() {
    let (_held, mut client) = lamps();
    let tree = client.run("x-tree", &json!({"path": "/objects", "depth": 0}));
    assert_eq!(paths(&tree["objects"]), ["/objects"]);
    assert_eq!(tree["objects"][0]["children"][1], json!({"name": "b", "type": "child<lamp>"}));
}

#[test]
fn a_tree_has_only_what_fits_the_patterns() {
    let (_held, mut client) = lamps();
    let tree = client.run("x-tree", &json!({"objects": "b", "properties": "le*"}));
    assert_eq!(paths(&tree["objects"]), ["/objects/b"]);
    assert_eq!(tree["objects"][0]["properties"], json!([{"name": "level", "type": "int", "value": 2}]));
}

#[test]
fn a_large_tree_is_written_elsewhere_and_is_whole() {
    let (_held, mut client) = lamps();
    let bags: Vec<Value> = (0..2000).map(|at| json!({"qom-type": "lamp", "id": format!("l{at}")})).collect();
    let applied = client.run("x-apply", &json!({"documents": [bags]}));
    assert_eq!(applied["created"].as_array().unwrap().len(), 2000);
    assert_eq!(client.run("x-tree", &json!({}))["objects"].as_array().unwrap().len(), 2004);
}

#[test]
fn qom_list_get_has_the_form_of_qemu_10_1() {
    let (_held, mut client) = lamps();
    assert_eq!(
        client.run("qom-list-get", &json!({"paths": ["/objects", "a"]})),
        json!([
            {"properties": [
                {"name": "type", "type": "string", "value": "container"},
                {"name": "a", "type": "child<lamp>", "value": "/objects/a"},
                {"name": "b", "type": "child<lamp>", "value": "/objects/b"},
            ]},
            {"properties": [
                {"name": "type", "type": "string", "value": "lamp"},
                {"name": "level", "type": "int", "value": 2},
                {"name": "label", "type": "string", "value": ""},
            ]},
        ])
    );
    let error = client.run("qom-list-get", &json!({"paths": ["a", "c"]}));
    assert_eq!(error["class"], json!("DeviceNotFound"));
}

#[test]
fn a_watch_begins_with_a_snapshot_and_goes_on_with_what_is_newer() {
    let (_held, mut client) = lamps();
    let watch = client.run("x-watch", &json!({"objects": "/objects/*"}));
    assert_eq!((&watch["id"], &watch["revision"]), (&json!(1), &json!(2)));
    assert_eq!(paths(&watch["objects"]), ["/objects/a", "/objects/b"]);
    client.set("a", 7);
    assert_eq!(
        client.event(),
        (
            "X_CHANGED".to_owned(),
            json!({"id": 1, "revision": 1, "path": "/objects/a", "property": "level", "value": 7})
        )
    );
    client.run("object-add", &json!({"qom-type": "lamp", "id": "c", "label": "x"}));
    let (name, data) = client.event();
    assert_eq!(
        (name.as_str(), &data["path"], &data["revision"]),
        ("X_CREATED", &json!("/objects/c"), &json!(3))
    );
    assert_eq!(data["object"]["properties"][1], json!({"name": "label", "type": "string", "value": "x"}));
    client.run("object-del", &json!({"id": "c"}));
    let gone = json!({"id": 1, "revision": 4, "path": "/objects/c", "type": "lamp"});
    assert_eq!(client.event(), ("X_DELETED".to_owned(), gone));
    assert_eq!(client.run("x-unwatch", &json!({"id": 1})), json!({}));
    client.set("a", 8);
    assert_eq!(code(&client.run("x-unwatch", &json!({"id": 1}))), "unknown-watch");
}

#[test]
fn a_watch_hears_of_what_others_do() {
    let (_folder, path, _server) = serve();
    let (mut watcher, mut other) = (Client::new(&path), Client::new(&path));
    watcher.run("x-watch", &json!({}));
    other.run("object-add", &json!({"qom-type": "lamp", "id": "l"}));
    assert_eq!(watcher.event().0, "X_CREATED");
    drop(watcher);
    other.set("l", 3);
}

#[test]
fn what_is_lost_is_counted_where_it_is_missing() {
    let (_held, mut client) = lamps();
    client.run("x-watch", &json!({"queue": 1}));
    // One message: the events are made before any of them is sent.
    let set = |level: u64| {
        json!({"execute": "qom-set", "arguments": {"path": "a", "property": "level", "value": level}})
            .to_string()
    };
    client.say(&(set(3) + &set(4) + &set(5)));
    for _ in 0..3 {
        assert_eq!(client.hear(), json!({"return": {}}));
    }
    assert_eq!(client.event().1["value"], json!(3));
    assert_eq!(client.event(), ("X_LOST".to_owned(), json!({"id": 1, "count": 2})));
}

#[test]
fn the_watches_of_a_client_are_bounded() {
    let (_held, mut client) = lamps();
    for _ in 0..64 {
        assert!(client.run("x-watch", &json!({}))["id"].is_u64());
    }
    assert_eq!(code(&client.run("x-watch", &json!({}))), "too-many-watches");
    assert_eq!(code(&client.run("x-watch", &json!({"queue": 0}))), "invalid-queue");
}

#[test]
fn a_large_watch_begins_with_its_reply() {
    let (_held, mut client) = lamps();
    let bags: Vec<Value> = (0..2000).map(|at| json!({"qom-type": "lamp", "id": format!("l{at}")})).collect();
    client.run("x-apply", &json!({"documents": [bags]}));
    client.say(&json!({"execute": "x-watch", "arguments": {}}).to_string());
    client.say(
        &json!({"execute": "qom-set", "arguments": {"path": "a", "property": "level", "value": 9}})
            .to_string(),
    );
    assert_eq!(client.hear()["return"]["objects"].as_array().unwrap().len(), 2004);
    assert_eq!(client.hear(), json!({"return": {}}));
    assert_eq!(client.event().0, "X_CHANGED");
}

#[test]
fn a_change_is_refused_if_somebody_was_faster() {
    let (_held, mut client) = lamps();
    let add = |revision: u64| json!({"qom-type": "lamp", "id": "c", "x-if-revision": revision});
    let set =
        |revision: u64| json!({"path": "a", "property": "level", "value": 3, "x-if-revision": revision});
    let delete = |revision: u64| json!({"id": "a", "x-if-revision": revision});
    let error = client.run("object-add", &add(1));
    assert_eq!((code(&error), &error["class"]), ("revision-changed", &json!("GenericError")));
    assert_eq!(
        (&error["data"][0]["expected"], &error["data"][0]["found"]),
        (&json!("revision 1"), &json!("revision 2"))
    );
    assert_eq!(client.run("object-add", &add(2)), json!({}));
    assert_eq!(code(&client.run("qom-set", &set(1))), "revision-changed");
    // Before any work: the value is not even read.
    let unread = json!({"path": "a", "property": "level", "value": "three", "x-if-revision": 1});
    assert_eq!(code(&client.run("qom-set", &unread)), "revision-changed");
    assert_eq!(client.run("qom-set", &set(0)), json!({}));
    assert_eq!(code(&client.run("object-del", &delete(2))), "revision-changed");
    assert_eq!(client.run("object-del", &delete(3)), json!({}));
    assert_eq!(
        code(&client.run("object-add", &json!({"qom-type": "lamp", "id": "d", "x-if-revision": "2"}))),
        "wrong-type"
    );
}

#[test]
fn documents_are_applied_all_or_none() {
    let (_held, mut client) = lamps();
    let text = "// two\n[{\"qom-type\": \"lamp\", \"id\": \"c\"}, {\"qom-type\": \"lamp\", \"id\": \"d\"},]";
    let bag = json!({"qom-type": "lamp", "id": "e"});
    let wrong = json!({"documents": [text, bag, "[\n  {\"qom-type\": \"lampe\", \"id\": \"g\"}]"]});
    let error = client.run("x-apply", &wrong);
    let problem = &error["data"][0];
    assert_eq!(
        (code(&error), &problem["file"], &problem["line"], &problem["column"]),
        ("unknown-type", &json!("documents[2]"), &json!(2), &json!(16))
    );
    let applied =
        client.run("x-apply", &json!({"documents": [text, bag], "if-revision": 2, "allow-loss": true}));
    assert_eq!(applied["revision"], 3);
    assert_eq!(applied["created"], json!(["/objects/c", "/objects/d", "/objects/e"]));
    let again = json!({"documents": [{"qom-type": "lamp", "id": "f"}], "if-revision": 2});
    assert_eq!(code(&client.run("x-apply", &again)), "revision-changed");
}

/// `ACTION ID` of each step.
fn steps(applied: &Value) -> Vec<String> {
    let steps = applied["steps"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    steps.iter().map(|step| format!("{} {}", text(&step["action"]), text(&step["id"]))).collect()
}

#[test]
fn documents_are_compared_with_what_there_is() {
    let (_held, mut client) = lamps();
    let lamp = |id: &str| json!({"qom-type": "lamp", "id": id});
    client.run("x-apply", &json!({"documents": [lamp("c")]}));
    let asked =
        |dry_run: bool| json!({"documents": [lamp("a"), lamp("d")], "prune": true, "dry-run": dry_run});

    let told = client.run("x-apply", &asked(true));
    let before = client.run("qom-list", &json!({"path": "/objects"}));
    let done = client.run("x-apply", &asked(false));
    let again = client.run("x-apply", &asked(true));

    // `b` was not applied, so it is not pruned.
    assert_eq!(steps(&told), ["change a", "create d", "delete c"]);
    assert_eq!(told["created"], json!([]));
    assert_eq!(before.as_array().unwrap().len(), 4);
    assert_eq!(steps(&done), steps(&told));
    assert_eq!(done["created"], json!(["/objects/d"]));
    assert_eq!(steps(&again), ["unchanged a", "unchanged d"]);
}

#[test]
fn a_plan_is_only_told_of_the_revision_that_was_expected() {
    let (_held, mut client) = lamps();
    let asked = |revision: u64| json!({"documents": [], "if-revision": revision, "dry-run": true});
    let now = client.run("x-apply", &json!({"documents": [], "dry-run": true}))["revision"].as_u64().unwrap();
    assert_eq!(client.run("x-apply", &asked(now))["revision"], now);
    assert_eq!(code(&client.run("x-apply", &asked(now + 1))), "revision-changed");
}

#[test]
fn the_revision_after_x_apply_is_that_of_the_tree() {
    let (_held, mut client) = lamps();
    let lamp = |level: u32| json!({"qom-type": "lamp", "id": "new", "level": level});
    for (documents, prune) in
        [(vec![lamp(1)], false), (vec![lamp(2)], false), (vec![lamp(2)], false), (vec![], true)]
    {
        let told = client.run("x-apply", &json!({"documents": [documents], "prune": prune}));
        assert_eq!(told["revision"], client.run("x-tree", &json!({}))["revision"], "{told}");
    }
}

#[test]
fn what_is_wrong_with_the_arguments_of_x_apply_is_told() {
    let (_held, mut client) = lamps();
    assert_eq!(code(&client.run("x-apply", &json!({}))), "missing-member");
    assert_eq!(code(&client.run("x-apply", &json!({"documents": "[]"}))), "wrong-type");
    assert_eq!(code(&client.run("x-apply", &json!({"documents": [], "purge": 1}))), "unknown-member");
}

#[test]
fn related_places_are_told_too() {
    let (_held, mut client) = lamps();
    let twice = "[{\"qom-type\": \"lamp\", \"id\": \"c\"},\n {\"qom-type\": \"lamp\", \"id\": \"c\"}]";
    let error = client.run("x-apply", &json!({"documents": [twice]}));
    let related = &error["data"][0]["related"][0];
    assert_eq!((&related["line"], &related["file"]), (&json!(1), &json!("documents[0]")));
    assert!(related["label"].is_string());
}

#[test]
fn a_code_is_explained() {
    let (_held, mut client) = lamps();
    let explained = client.run("x-explain", &json!({"code": "cannot-change"}));
    assert!(explained["text"].as_str().unwrap().contains("realized"));
    let error = client.run("x-explain", &json!({"code": "cannot-chang"}));
    assert!(error["desc"].as_str().unwrap().contains("'cannot-change'"));
}

#[test]
fn an_explained_code_has_the_example_of_the_program() {
    let (_held, mut client) = lamps();

    let with = client.run("x-explain", &json!({"code": "wrong-type"}));
    let without = client.run("x-explain", &json!({"code": "cannot-change"}));

    assert_eq!(with["example"], json!({"language": "json", "text": "[1]"}));
    assert_eq!(with["mended"], json!({"language": "json", "text": "[]"}));
    assert_eq!((without.get("example"), without.get("mended")), (None, None));
}

#[test]
fn an_empty_path_fits_everything_and_so_nothing() {
    let (_held, mut client) = lamps();
    let error = client.run("qom-get", &json!({"path": "", "property": "type"}));
    assert_eq!((code(&error), &error["class"]), ("ambiguous-path", &json!("DeviceNotFound")));
    assert_eq!(client.run("qom-list", &json!({"path": ""}))["class"], json!("GenericError"));
    assert_eq!(client.run("qom-get", &json!({"path": "//", "property": "type"})), json!("container"));
}

#[test]
fn a_tree_shows_what_was_configured_and_never_what_is_sensitive() {
    let (_held, mut client) = lamps();
    client.run("object-add", &json!({"qom-type": "safe", "id": "s", "pin": "1234"}));
    let tree = client.run("x-tree", &json!({"path": "s"}));
    let properties = &tree["objects"][0]["properties"];
    assert_eq!(
        properties[0],
        json!({"name": "lock", "type": "OnOffAuto", "value": "on", "configured": "auto"})
    );
    assert_eq!(
        (&properties[1]["value"], &properties[1]["error"]["code"]),
        (&Value::Null, &json!("write-only"))
    );
    let listed = client.run("qom-list-get", &json!({"paths": ["s"]}));
    assert_eq!(listed[0]["properties"][2], json!({"name": "pin", "type": "string"}));
}

#[test]
fn a_sensitive_value_does_not_travel_in_events() {
    let (_held, mut client) = lamps();
    client.run("object-add", &json!({"qom-type": "safe", "id": "s"}));
    client.run("x-watch", &json!({"objects": "s"}));
    client.run("qom-set", &json!({"path": "s", "property": "pin", "value": "1234"}));
    let told = json!({"id": 1, "revision": 1, "path": "/objects/s", "property": "pin"});
    assert_eq!(client.event(), ("X_CHANGED".to_owned(), told));
}

#[test]
fn warnings_about_what_is_accepted_are_events_and_not_in_the_reply() {
    let (_held, mut client) = lamps();
    client.run("x-watch", &json!({"objects": "s"}));
    let reply = client.run("object-add", &json!({"qom-type": "safe", "id": "s", "old": true}));
    assert_eq!(reply, json!({}));
    assert_eq!(client.event().0, "X_CREATED");
    let (name, data) = client.event();
    assert_eq!(
        (name.as_str(), &data["code"], &data["property"]),
        ("X_WARNING", &json!("deprecated"), &json!("old"))
    );
    client.run("object-del", &json!({"id": "s"}));
    client.event();
    let bag = json!({"qom-type": "safe", "id": "s", "old": true});
    // Work of its own: its events may come before its reply.
    client.say(&json!({"execute": "x-apply", "arguments": {"documents": [bag]}}).to_string());
    let mut heard: Vec<String> = (0..3).map(|_| client.event().0).collect();
    heard.retain(|name| !name.is_empty());
    assert_eq!(heard, ["X_CREATED", "X_WARNING"]);
}

#[test]
fn what_a_program_adds_to_an_object_is_read_set_and_listed() {
    let dispatcher = super::dispatcher();
    let model = dispatcher.model.clone();
    let (_folder, path, _server) = super::client::serve_with(dispatcher);
    let mut client = Client::new(&path);
    client.run("object-add", &json!({"qom-type": "lamp", "id": "l"}));
    let lamp = model.object("l").unwrap();
    model.objects().add_alias("light", &lamp, "level").unwrap();
    let light = json!({"path": "/objects", "property": "light"});
    assert_eq!(
        client.run("qom-set", &json!({"path": "/objects", "property": "light", "value": 4})),
        json!({})
    );
    assert_eq!(client.run("qom-get", &light), json!(4));
    let tree = client.run("x-tree", &json!({"path": "/objects", "depth": 0}));
    assert_eq!(tree["objects"][0]["properties"], json!([{"name": "light", "type": "int", "value": 4}]));
    client.run("object-del", &json!({"id": "l"}));
    drop(lamp);
    let tree = client.run("x-tree", &json!({"path": "/objects", "depth": 0}));
    assert_eq!(tree["objects"][0]["properties"][0]["error"]["code"], json!("deleted"));
    assert_eq!(
        client.run("qom-list-get", &json!({"paths": ["/objects"]}))[0]["properties"][1],
        json!({"name": "light", "type": "int"})
    );
}
