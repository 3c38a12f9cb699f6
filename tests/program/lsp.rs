//! `lsp`, spoken to as an editor does: over standard input and output.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::process::{PATIENCE, program, run_with_input};

const URI: &str = "file:///vm.json";

/// An editor with one document.
struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    next: i32,
    text: String,
    /// What the server said of the document last.
    diagnostics: Vec<Value>,
    /// The same for every document, by address.
    shown: HashMap<String, Vec<Value>>,
    published: usize,
}

impl Editor {
    /// With these settings, before any document is open.
    fn start(options: &Value) -> Self {
        Editor::start_in(Path::new("/"), options)
    }

    /// With a folder that is open.
    fn start_in(folder: &Path, options: &Value) -> Self {
        let mut server = program(["lsp", "--stdio"]).stdin(Stdio::piped()).spawn().unwrap();
        let (input, messages) = (server.stdin.take(), messages(server.stdout.take().unwrap()));
        let mut editor = Editor {
            server,
            input,
            messages,
            next: 0,
            text: String::new(),
            diagnostics: Vec::new(),
            shown: HashMap::new(),
            published: 0,
        };
        let capabilities =
            json!({ "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } } });
        let params = json!({ "processId": null, "rootUri": address(folder), "capabilities": capabilities, "initializationOptions": options });
        let answer = editor.ask("initialize", &params);
        assert_eq!(answer["serverInfo"]["name"], "qomet");
        editor.tell("initialized", &json!({}));
        editor
    }

    /// With a document whose offsets are marked with `|`; returns those.
    fn with(marked: &str) -> (Self, Vec<usize>) {
        let mut editor = Editor::start(&json!({}));
        let mut text = marked.to_owned();
        let mut marks = Vec::new();
        while let Some(at) = text.find('|') {
            text.remove(at);
            marks.push(at);
        }
        editor.open(&text);
        (editor, marks)
    }

    fn open(&mut self, text: &str) {
        self.text = text.to_owned();
        let document = json!({ "uri": URI, "languageId": "json", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
        self.wait_for_diagnostics();
    }

    /// Replaces a range of bytes.
    fn edit(&mut self, start: usize, end: usize, text: &str) {
        let range = json!({ "start": self.position(start), "end": self.position(end) });
        self.text.replace_range(start..end, text);
        let change = json!({ "range": range, "text": text });
        let params = json!({ "textDocument": { "uri": URI, "version": 2 }, "contentChanges": [change] });
        self.tell("textDocument/didChange", &params);
    }

    /// The position of a byte, counted anew: lines end with a line feed here.
    fn position(&self, offset: usize) -> Value {
        let before = &self.text[..offset];
        let line = before.rsplit('\n').next().unwrap();
        json!({ "line": before.matches('\n').count(), "character": line.encode_utf16().count() })
    }

    /// The text at a range of the protocol.
    fn text_at(&self, range: &Value) -> &str {
        let offset = |position: &Value| {
            let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
            let start: usize = self.text.split_inclusive('\n').take(line).map(str::len).sum();
            let mut units = position["character"].as_u64().unwrap();
            let rest = self.text[start..].chars();
            start
                + rest
                    .take_while(|c| {
                        let before = units > 0;
                        units = units.saturating_sub(c.len_utf16() as u64);
                        before
                    })
                    .map(char::len_utf8)
                    .sum::<usize>()
        };
        &self.text[offset(&range["start"])..offset(&range["end"])]
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    }

    fn ask_for(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id {
                return message;
            }
        }
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.ask_for(method, params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// Asks about a place in the document.
    fn ask_at(&mut self, method: &str, offset: usize) -> Value {
        let position = self.position(offset);
        self.ask(method, &json!({ "textDocument": { "uri": URI }, "position": position }))
    }

    fn receive(&mut self) -> Value {
        let message = self.messages.recv_timeout(PATIENCE).expect("the server is silent or gone");
        if message["method"] == "textDocument/publishDiagnostics" {
            self.diagnostics = message["params"]["diagnostics"].as_array().unwrap().clone();
            let uri = message["params"]["uri"].as_str().unwrap().to_owned();
            self.shown.insert(uri, self.diagnostics.clone());
            self.published += 1;
        }
        message
    }

    fn wait_for_diagnostics(&mut self) {
        let before = self.published;
        while self.published == before {
            self.receive();
        }
    }

    /// Opens another document.
    fn open_as(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "json", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    /// Waits until exactly mistakes of these kinds are shown of a document.
    fn wait_for(&mut self, uri: &str, codes: &[&str]) {
        while self.codes(uri).as_deref() != Some(codes) {
            self.receive();
        }
    }

    /// The kinds of mistakes that are shown of a document, if anything was said of it.
    fn codes(&self, uri: &str) -> Option<Vec<&str>> {
        let all = self.shown.get(uri)?;
        Some(all.iter().map(|one| one["code"].as_str().unwrap()).collect())
    }

    /// `code: text at the place` of every mistake.
    fn mistakes(&self) -> Vec<String> {
        let said =
            |one: &Value| format!("{}: {}", one["code"].as_str().unwrap(), self.text_at(&one["range"]));
        self.diagnostics.iter().map(said).collect()
    }

    /// The labels of what may stand there.
    fn labels(&mut self, offset: usize) -> Vec<String> {
        let items = self.ask_at("textDocument/completion", offset);
        let mut items: Vec<Value> = items["items"].as_array().unwrap().clone();
        items.sort_by_key(|item| item["sortText"].as_str().unwrap().to_owned());
        items.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }

    /// Takes a proposal over, as an editor does; the first place to fill in is shown as `$1`.
    fn accept(&mut self, offset: usize, label: &str) -> String {
        let items = self.ask_at("textDocument/completion", offset);
        let item =
            items["items"].as_array().unwrap().iter().find(|item| item["label"] == label).unwrap().clone();
        let mut edits = vec![item["textEdit"].clone()];
        edits.extend(item["additionalTextEdits"].as_array().cloned().unwrap_or_default());
        self.applied(&edits)
    }

    /// The text with edits of the protocol.
    fn applied(&self, edits: &[Value]) -> String {
        let mut ranges: Vec<(usize, usize, &str)> = edits
            .iter()
            .map(|edit| {
                let there = self.text_at(&edit["range"]);
                let start = there.as_ptr() as usize - self.text.as_ptr() as usize;
                (start, start + there.len(), edit["newText"].as_str().unwrap())
            })
            .collect();
        ranges.sort_unstable();
        let mut text = self.text.clone();
        for (start, end, new) in ranges.into_iter().rev() {
            text.replace_range(start..end, new);
        }
        text
    }

    /// Says goodbye as the protocol has it; returns the exit code.
    fn end(mut self) -> Option<i32> {
        self.ask("shutdown", &Value::Null);
        self.tell("exit", &Value::Null);
        self.input = None;
        self.server.wait().unwrap().code()
    }
}

fn address(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The messages of a server, as they come.
fn messages(output: ChildStdout) -> Receiver<Value> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut length = 0;
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim_end().parse().unwrap();
            } else if line == "\r\n" {
                let mut body = vec![0; length];
                output.read_exact(&mut body).unwrap();
                if send.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    break;
                }
            }
            line.clear();
        }
    });
    receive
}

#[test]
fn every_mistake_is_told_at_its_place_in_utf16() {
    let (editor, _) = Editor::with(
        "[{\"qom-type\": \"memory-backend-ram\", \"id\": \"a\", /* 😀ü */ \"sise\": \"1G\"},\n {\"qom-type\": \"memory-backend-file\", \"id\": \"b\", \"mem-path\": \"/😀\", \"size\": \"1Q\"}]",
    );

    assert_eq!(editor.mistakes(), ["unknown-property: \"sise\"", "invalid-size: \"1Q\""]);
    assert_eq!(editor.diagnostics[0]["range"]["start"], json!({ "line": 0, "character": 57 }));
    assert_eq!(editor.diagnostics[0]["severity"], 1);
    assert!(editor.diagnostics[0]["message"].as_str().unwrap().contains("did you mean 'size'?"));
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn mistakes_go_when_they_are_repaired() {
    let (mut editor, marks) = Editor::with("{\"qom-type\": \"rng-builtin\", \"id\": \"😀|1|\"}");
    assert_eq!(editor.mistakes(), ["invalid-id: \"😀1\""]);
    let emoji = marks[0] - "😀".len();

    editor.edit(emoji, marks[1], "rng0");
    editor.wait_for_diagnostics();

    assert_eq!(editor.mistakes(), [""; 0]);
    assert_eq!(editor.text, "{\"qom-type\": \"rng-builtin\", \"id\": \"rng0\"}");
    editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": URI } }));
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn related_places_are_given_with_a_mistake() {
    let (editor, _) =
        Editor::with(r#"[{"qom-type": "rng-builtin", "id": "a"}, {"qom-type": "rng-builtin", "id": "a"}]"#);

    assert_eq!(editor.mistakes(), ["duplicate-id: \"a\""]);
    let related = &editor.diagnostics[0]["relatedInformation"][0]["location"]["range"];
    assert_eq!(editor.text_at(related), "\"a\"");
    assert_ne!(related, &editor.diagnostics[0]["range"]);
}

#[test]
fn the_host_is_asked_when_a_document_is_saved() {
    let missing = r#"{"qom-type": "rng-random", "id": "a", "filename": "/there/is/no/such/file"}"#;
    let (mut editor, _) = Editor::with(missing);
    assert_eq!(editor.mistakes(), [""; 0]);

    editor.tell("textDocument/didSave", &json!({ "textDocument": { "uri": URI } }));
    editor.wait_for_diagnostics();

    assert_eq!(editor.mistakes().len(), 1, "{:?}", editor.mistakes());
    let mut editor = Editor::start(&json!({ "hostChecks": "onChange" }));
    editor.open(missing);
    assert_eq!(editor.mistakes().len(), 1);
}

#[test]
fn a_property_is_explained() {
    let (mut editor, marks) = Editor::with(
        r#"{"qom-ty|pe": "memory-backend-file", "id": "a", "si|ze": "1G", "pol|icy": "bi|nd", "nonsense|": 1}"#,
    );

    let said: Vec<Value> = marks.iter().map(|at| editor.ask_at("textDocument/hover", *at)).collect();

    let text = |index: usize| said[index]["contents"]["value"].as_str().unwrap();
    assert!(text(0).contains("Guest memory that is a window of a file"), "{}", text(0));
    assert!(text(1).contains("at least 1 B") && text(1).contains("until realized"), "{}", text(1));
    assert!(text(2).contains("default: `default`"), "{}", text(2));
    assert!(text(3).contains("`bind`: From the given nodes only"), "{}", text(3));
    assert_eq!(said[4], Value::Null);
    assert_eq!(editor.text_at(&said[1]["range"]), "\"size\"");
}

#[test]
fn types_names_values_and_ids_are_proposed() {
    let (mut editor, marks) = Editor::with(
        r#"[{"qom-type": "|"}, {"qom-type": "thread-context", "id": "tc0"},
            {"qom-type": "memory-backend-ram", "id": "a", |"policy": "|", "prealloc": |true, "prealloc-context": "|", "host-nodes": [|]},
            {"qom-type": "memory-backend-ram", "id": "b", "size": "|"}]"#,
    );

    let types = editor.labels(marks[0]);
    assert!(types.contains(&"throttle-group".to_owned()) && !types.contains(&"memory-backend".to_owned()));
    assert_eq!(editor.labels(marks[2]), ["default", "bind", "interleave", "preferred"]);
    assert_eq!(editor.labels(marks[3]), ["false", "true"]);
    assert_eq!(editor.labels(marks[4]), ["tc0"]);
    assert_eq!(editor.labels(marks[5]), [""; 0]);
    assert!(editor.labels(marks[6]).contains(&"1G".to_owned()));
}

#[test]
fn names_that_are_given_are_not_proposed_and_required_ones_come_first() {
    let (mut editor, marks) =
        Editor::with(r#"{"qom-type": "memory-backend-file", "id": "a", "share": true, "|"}"#);

    let names = editor.labels(marks[0]);

    assert_eq!(names[..2], ["mem-path", "size"]);
    assert!(!names.iter().any(|name| ["share", "id", "qom-type"].contains(&name.as_str())), "{names:?}");
    assert_eq!(
        editor.accept(marks[0], "size"),
        r#"{"qom-type": "memory-backend-file", "id": "a", "share": true, "size": "$1"}"#
    );
}

#[test]
fn what_is_taken_over_makes_a_document_that_can_be_read() {
    let (mut editor, marks) = Editor::with("[\n  {\"qom-type\": \"rng-builtin\", \"id\": \"a\"}\n  |\n]");
    assert_eq!(
        editor.accept(marks[0], "memory-backend-ram"),
        "[\n  {\"qom-type\": \"rng-builtin\", \"id\": \"a\"},\n  {\"qom-type\": \"memory-backend-ram\", \"id\": \"${1:id}\", \"size\": \"$2\"}\n]"
    );

    let (mut editor, marks) =
        Editor::with("{\"qom-type\": \"memory-backend-ram\", \"id\": \"a\"\n  |\n \"size\": 1}");
    assert_eq!(
        editor.accept(marks[0], "merge"),
        "{\"qom-type\": \"memory-backend-ram\", \"id\": \"a\",\n  \"merge\": $1,\n \"size\": 1}"
    );
}

#[test]
fn a_type_brings_what_must_be_given_with_it() {
    let (mut editor, marks) = Editor::with(r#"[{"qom-type": "|", "size": "1G"}]"#);
    assert_eq!(
        editor.accept(marks[0], "memory-backend-file"),
        r#"[{"qom-type": "memory-backend-file", "id": "${1:id}", "mem-path": "$2", "size": "1G"}]"#
    );

    let (mut editor, marks) = Editor::with("[object \"a\"]\n  qom-type = |\n");
    assert_eq!(
        editor.accept(marks[0], "memory-backend-ram"),
        "[object \"a\"]\n  qom-type = \"memory-backend-ram\"\n  size = \"$1\"\n"
    );

    let (mut editor, marks) = Editor::with(r#"{"qom-type": "authz-list", "id": "a", "rules": [|]}"#);
    assert_eq!(
        editor.accept(marks[0], "{}"),
        r#"{"qom-type": "authz-list", "id": "a", "rules": [{"match": "$1", "policy": "$2"}]}"#
    );
}

#[test]
fn the_type_comes_first_and_only_a_whole_document_may_be_a_list_of_objects() {
    let (mut editor, marks) = Editor::with("{|}");
    assert_eq!(editor.labels(marks[0]), ["qom-type", "id", "$schema", "objects"]);
    let (mut editor, marks) = Editor::with("[{|}]");
    assert_eq!(editor.labels(marks[0]), ["qom-type", "id"]);
}

#[test]
fn a_link_by_path_is_completed_by_path() {
    let (mut editor, marks) = Editor::with(
        r#"[{"qom-type": "thread-context", "id": "tc0"}, {"qom-type": "memory-backend-ram", "id": "a", "size": "1.5M|", "prealloc-context": "/obj|"}]"#,
    );
    assert_eq!(editor.labels(marks[1]), ["/objects/tc0"]);
    let hover = editor.ask_at("textDocument/hover", marks[0]);
    assert!(hover.to_string().contains("`1.5M`: 1572864 bytes (1536 KiB)"), "{hover}");
}

#[test]
fn sections_are_served_too() {
    let (mut editor, marks) = Editor::with(
        "[object \"tc0\"]\n  qom-type = \"thread-context\"\n[object \"a\"]\n  qom-type = \"memory-backend-ram\"\n  sise = \"1G\"\n  prealloc-context = \"|\"\n  share = |\n  |\n",
    );

    assert_eq!(editor.mistakes()[0], "unknown-property: sise");
    assert_eq!(editor.labels(marks[0]), ["tc0"]);
    assert_eq!(editor.labels(marks[1]), ["off", "on"]);
    assert!(editor.accept(marks[1], "on").contains("share = \"on\"\n"));
    assert!(editor.accept(marks[2], "size").contains("\n  size = \"$1\"\n"));
}

#[test]
fn a_repair_is_offered_and_does_what_it_says() {
    let (mut editor, _) = Editor::with(
        "{\"qom-type\": \"memory-backend-ram\", \"id\": \"😀\" \"sise\": \"1G\", \"policy\": \"prefered\"}",
    );
    assert_eq!(editor.mistakes().len(), 4, "{:?}", editor.mistakes());
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let params = json!({ "textDocument": { "uri": URI }, "range": whole, "context": { "diagnostics": [] } });

    let actions = editor.ask("textDocument/codeAction", &params);

    let edits = |kind: &str| -> Vec<Value> {
        let of_kind = actions.as_array().unwrap().iter().filter(|one| one["kind"] == kind);
        of_kind.flat_map(|one| one["edit"]["changes"][URI].as_array().unwrap().clone()).collect()
    };
    let repaired =
        "{\"qom-type\": \"memory-backend-ram\", \"id\": \"😀\", \"size\": \"1G\", \"policy\": \"preferred\"}";
    assert_eq!(editor.applied(&edits("quickfix")), repaired);
    assert_eq!(editor.applied(&edits("source.fixAll")), repaired);
    assert_eq!(actions[0]["diagnostics"][0], editor.diagnostics[1]);
}

#[test]
fn a_link_leads_to_the_object_that_it_names() {
    let (mut editor, marks) = Editor::with(
        "[{\"qom-type\": \"memory-backend-ram\", \"id\": \"😀\", \"size\": 4096, \"prealloc-context\": \"tc|0\"},\n {\"qom-type\": \"thread-context\", \"id\": \"tc0\"}]",
    );

    let found = editor.ask_at("textDocument/definition", marks[0]);

    assert_eq!(found["uri"], URI);
    assert_eq!(found["range"]["start"]["line"], 1);
    assert_eq!(editor.text_at(&found["range"]), "\"tc0\"");
}

#[test]
fn objects_are_listed_with_their_properties_and_no_values() {
    let (mut editor, _) = Editor::with(
        r#"{"objects": [{"qom-type": "secret", "id": "s", "data": "hunter2"}, {"qom-type": "rng-builtin"}]}"#,
    );

    let symbols = editor.ask("textDocument/documentSymbol", &json!({ "textDocument": { "uri": URI } }));

    assert_eq!((&symbols[0]["name"], &symbols[0]["detail"]), (&json!("s"), &json!("secret")));
    assert_eq!(symbols[0]["children"][0]["name"], "data");
    assert_eq!(symbols[1]["name"], "rng-builtin");
    assert!(!symbols.to_string().contains("hunter2"));
}

#[test]
fn what_is_not_known_or_not_right_is_refused_and_nothing_else() {
    let (mut editor, _) = Editor::with("{}");
    let unknown = editor.ask_for("textDocument/nonsense", &json!({}));
    let wrong =
        editor.ask_for("textDocument/hover", &json!({ "textDocument": { "uri": URI }, "position": 7 }));
    editor.tell("textDocument/didChange", &json!({ "textDocument": "?" }));
    editor.tell("$/nonsense", &json!(null));
    let other = json!({ "textDocument": { "uri": "file:///x" }, "position": { "line": 0, "character": 0 } });
    let closed = editor.ask("textDocument/hover", &other);

    assert_eq!(
        (unknown["error"]["code"].as_i64(), wrong["error"]["code"].as_i64()),
        (Some(-32601), Some(-32602))
    );
    assert_eq!(closed, Value::Null);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn an_editor_that_goes_away_or_talks_nonsense_ends_the_server() {
    let silent = run_with_input(["lsp"], "");
    let nonsense = run_with_input(["lsp"], "GET / HTTP/1.1\r\n\r\n");
    let (mut editor, _) = Editor::with("{}");
    editor.input = None;

    assert_eq!((silent.out.as_str(), nonsense.out.as_str()), ("", ""));
    assert!(silent.code.is_some_and(|code| code != 0) && nonsense.code == silent.code, "{:?}", nonsense.code);
    assert!(nonsense.err.contains("the editor's messages"), "{}", nonsense.err);
    assert_eq!(editor.server.wait().unwrap().code(), Some(0));
}

const RAM: &str =
    r#"{"qom-type": "memory-backend-ram", "id": "ram0", "size": "1G", "prealloc-context": "tc0"}"#;
const THREADS: &str = r#"{"qom-type": "thread-context", "id": "tc0"}"#;

#[test]
fn documents_that_belong_together_are_checked_together() {
    let folder = tempfile::tempdir().unwrap();
    let (host, guest) = (folder.path().join("host.json"), folder.path().join("guests/a.json"));
    std::fs::create_dir(folder.path().join("guests")).unwrap();
    std::fs::write(&host, THREADS).unwrap();
    let (host, guest) = (address(&host), address(&guest));
    let mut editor =
        Editor::start_in(folder.path(), &json!({ "together": [["host.json", "guests/*.json"]] }));

    // The one is a file, the other is only in the editor.
    editor.open_as(&guest, RAM);
    editor.wait_for(&guest, &[]);
    editor.wait_for(&host, &[]);
    let at = json!({ "line": 0, "character": RAM.find("tc0").unwrap() });
    let place = json!({ "textDocument": { "uri": guest }, "position": at });
    let definition = editor.ask("textDocument/definition", &place);
    let proposed = editor.ask("textDocument/completion", &place);
    assert_eq!(definition["uri"], host.as_str());
    assert_eq!(proposed["items"][0]["label"], "tc0");

    // What the editor has of it counts, not the file.
    editor.open_as(&host, r#"{"qom-type": "thread-context", "id": "ram0"}"#);
    editor.wait_for(&host, &[]);
    editor.wait_for(&guest, &["duplicate-id", "dangling-link"]);
    let duplicate = editor.shown[&guest].iter().find(|one| one["code"] == "duplicate-id").unwrap();
    assert_eq!(duplicate["relatedInformation"][0]["location"]["uri"], host.as_str());
    editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": host } }));
    editor.wait_for(&guest, &[]);

    // A file that another program changes.
    std::fs::write(folder.path().join("host.json"), "[]").unwrap();
    let events = json!({ "changes": [{ "uri": host, "type": 2 }] });
    editor.tell("workspace/didChangeWatchedFiles", &events);
    editor.wait_for(&guest, &["dangling-link"]);

    // By itself again.
    std::fs::write(folder.path().join("host.json"), THREADS).unwrap();
    let settings = json!({ "settings": { "qomet": { "together": [] } } });
    editor.tell("workspace/didChangeConfiguration", &settings);
    editor.shown.clear();
    editor.wait_for(&guest, &["dangling-link"]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_file_with_mistakes_is_shown_while_a_document_of_its_set_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let host = folder.path().join("host.json");
    std::fs::write(&host, r#"{"qom-type": "thread-context", "id": "tc0", "nonsense": 1}"#).unwrap();
    let (host, guest) = (address(&host), address(&folder.path().join("guest.json")));
    let mut editor = Editor::start_in(folder.path(), &json!({ "together": [["*.json"]] }));

    editor.open_as(&guest, RAM);
    editor.wait_for(&host, &["unknown-property"]);
    editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": guest } }));

    editor.wait_for(&host, &[]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_setting_that_is_none_is_told() {
    let mut editor = Editor::start(&json!({ "together": ["a.json"], "hostChecks": "often" }));
    let message = loop {
        let message = editor.receive();
        if message["method"] == "window/showMessage" {
            break message["params"]["message"].as_str().unwrap().to_owned();
        }
    };
    assert_eq!(message, r#"qomet: the setting 'hostChecks' is "never", "onSave" or "onChange", not "often""#);
}

#[test]
fn an_object_is_renamed_with_all_links_to_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other.json"), RAM).unwrap();
    let mut editor = Editor::start_in(folder.path(), &json!({ "together": [["vm.json", "other.json"]] }));
    let text = "[{\"qom-type\": \"thread-context\", \"id\": \"tc0\"},\n {\"qom-type\": \"memory-backend-ram\", \"id\": \"😀tc0\", \"size\": \"1G\", \"prealloc-context\": \"/objects/tc0\"}]";
    let vm = address(&folder.path().join("vm.json"));
    editor.open_as(&vm, text);
    let document = json!({ "uri": vm });
    let on_link = json!({ "line": 1, "character": text.lines().nth(1).unwrap().rfind("tc0").unwrap() - 1 });
    let asked = |more: Value| {
        let mut asked = json!({ "textDocument": document, "position": on_link });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };

    let prepared = editor.ask("textDocument/prepareRename", &asked(json!({})));
    let renamed = editor.ask("textDocument/rename", &asked(json!({ "newName": "threads" })));
    let taken = editor.ask_for("textDocument/rename", &asked(json!({ "newName": "ram0" })));
    let wrong = editor.ask_for("textDocument/rename", &asked(json!({ "newName": "1 2" })));
    let context = json!({ "context": { "includeDeclaration": false } });
    let references = editor.ask("textDocument/references", &asked(context));
    let marked = editor.ask("textDocument/documentHighlight", &asked(json!({})));

    assert_eq!(prepared["placeholder"], "tc0");
    editor.text = text.to_owned();
    let edits = renamed["changes"][&vm].as_array().unwrap().clone();
    assert_eq!(editor.applied(&edits), text.replace("\"tc0\"", "\"threads\"").replace("/tc0", "/threads"));
    editor.text = RAM.to_owned();
    let edits = renamed["changes"][address(&folder.path().join("other.json"))].as_array().unwrap().clone();
    assert_eq!(editor.applied(&edits), RAM.replace("tc0", "threads"));
    assert_eq!(taken["error"]["message"], "another object has the id 'ram0'");
    assert!(wrong["error"]["message"].as_str().unwrap().contains("'1 2'"), "{wrong}");
    assert_eq!(references.as_array().unwrap().len(), 2);
    assert_eq!(marked.as_array().unwrap().len(), 2);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_document_has_the_address_that_the_editor_gives_it() {
    for uri in [
        "file:///tmp/ü 😀.json",
        "file:///tmp/%C3%BC%20%F0%9F%98%80.json",
        "untitled:Untitled-1",
        "file:///c%3A/Users/x/vm.json",
        "C:\\vm.json",
        "git:/vm.json?{\"ref\":\"~\"}",
    ] {
        let mut editor = Editor::start(&json!({}));
        editor.open_as(uri, r#"{"qom-type": "rng-builtin", "id": "a", "nonsense": 1}"#);
        editor.wait_for(uri, &["unknown-property"]);
        let place = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 3 } });
        let hover = editor.ask("textDocument/hover", &place);
        assert!(hover.to_string().contains("rng-builtin"), "{uri}: {hover}");
        assert_eq!(editor.end(), Some(0));
    }
}

#[test]
fn two_spellings_of_an_address_are_one_document() {
    let mut editor = Editor::start(&json!({}));
    editor.open_as("file:///c%3A/%C3%BC.json", r#"{"qom-type": "rng-builtin", "id": "a", "nonsense": 1}"#);
    editor.wait_for("file:///c%3A/%C3%BC.json", &["unknown-property"]);

    let text = json!([{ "text": r#"{"qom-type": "rng-builtin", "id": "1"}"# }]);
    let document = json!({ "uri": "file:///C:/ü.json", "version": 2 });
    editor.tell("textDocument/didChange", &json!({ "textDocument": document, "contentChanges": text }));

    editor.wait_for("file:///c%3A/%C3%BC.json", &["invalid-id"]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn of_many_changes_the_last_state_is_told_and_no_mistakes_of_an_old_one_after_it() {
    let mut editor = Editor::start(&json!({}));
    editor.open("{\"qom-type\": \"rng-builtin\", \"id\": \"\"}");
    let at = editor.text.len() - 2;
    for number in 0..200 {
        editor.edit(at + number, at + number, if number < 199 { "1" } else { "!" });
    }

    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let params = json!({ "textDocument": { "uri": URI }, "range": whole, "context": { "diagnostics": [] } });
    editor.ask("textDocument/codeAction", &params);

    assert_eq!(editor.mistakes(), [format!("invalid-id: \"{}!\"", "1".repeat(199))]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_request_that_is_cancelled_is_answered_once() {
    let (mut editor, _) = Editor::with("{}");
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } });
    let params = json!({ "textDocument": { "uri": URI }, "range": range });
    editor.edit(0, 0, " ");
    editor
        .send(&json!({ "jsonrpc": "2.0", "id": 77, "method": "textDocument/codeAction", "params": params }));
    editor.tell("$/cancelRequest", &json!({ "id": 77 }));
    editor.tell("$/cancelRequest", &json!({ "id": "never asked" }));

    let mut answers = Vec::new();
    editor.next = 99;
    editor
        .send(&json!({ "jsonrpc": "2.0", "id": 99, "method": "textDocument/codeAction", "params": params }));
    while answers.last().is_none_or(|last: &Value| last["id"] != 99) {
        answers.push(editor.receive());
    }

    let answers: Vec<&Value> = answers.iter().filter(|answer| answer["id"] == 77).collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // It may be done by then.
    assert!(answers[0]["error"]["code"] == -32800 || answers[0]["result"].is_array(), "{answers:?}");
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn what_is_asked_of_a_document_that_was_closed_or_never_opened_has_no_answer_but_null() {
    let (mut editor, _) = Editor::with(RAM);
    editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": URI } }));
    let change = json!([{ "text": "{}" }]);
    let document = json!({ "uri": URI, "version": 3 });
    editor.tell("textDocument/didChange", &json!({ "textDocument": document, "contentChanges": change }));
    editor.tell("textDocument/didSave", &json!({ "textDocument": { "uri": URI } }));

    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } });
    let mut asked = json!({ "textDocument": { "uri": URI }, "position": range["start"], "range": range });
    asked["newName"] = "x".into();
    for method in [
        "completion",
        "hover",
        "definition",
        "references",
        "rename",
        "prepareRename",
        "documentSymbol",
        "codeAction",
    ] {
        assert_eq!(editor.ask(&format!("textDocument/{method}"), &asked), Value::Null, "{method}");
    }

    assert_eq!(editor.shown[URI], [Value::Null; 0]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_document_of_a_megabyte_is_served() {
    let bag = |number| {
        format!(
            "  {{\"qom-type\": \"memory-backend-ram\", \"id\": \"ram{number}\", \"size\": \"1M\", \"prealloc\": true}}"
        )
    };
    let bags: Vec<String> = (0..13_000).map(bag).collect();
    let text = format!("[\n{}\n]\n", bags.join(",\n"));
    assert!(text.len() > 1 << 20);
    let mut editor = Editor::start(&json!({}));
    editor.open(&text);
    assert_eq!(editor.mistakes(), [""; 0]);
    let at = text.rfind("\"size\"").unwrap();

    // Typed one after the other: what is asked for last is about the last state.
    for number in 0..20 {
        editor.edit(at + 1 + number, at + 1 + number, "x");
    }
    let hover = editor.ask_at("textDocument/hover", at - 4);
    let names = editor.labels(at + 21);
    let symbols = editor.ask("textDocument/documentSymbol", &json!({ "textDocument": { "uri": URI } }));

    assert!(hover.to_string().contains("The name of the object"), "{hover}");
    assert!(names.contains(&"size".to_owned()), "{names:?}");
    assert_eq!(symbols.as_array().unwrap().len(), 13_000);
    assert_eq!(editor.end(), Some(0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is typed or removed anywhere, every question is answered.
    #[test]
    fn no_edit_is_too_odd(
        edits in proptest::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..12, proptest::sample::select(vec![
                "", "{", "}", "[", "]", "\"", ":", ",", "😀", "ü", "\n", "\r", "\r\n", "\\", "\\ud83d", "/*", "//", "1G",
                "\"id\"", "\"qom-type\": \"secret\"", "[object \"x\"]\n", "\u{0}", "\u{feff}", "true", "'", "=", "-1e999",
            ])),
            1..24,
        ),
    ) {
        let mut editor = Editor::start(&json!({}));
        editor.open("[{\"qom-type\": \"memory-backend-ram\", \"id\": \"a\", \"size\": \"1G\", \"host-nodes\": [0]},\n {\"qom-type\": \"authz-list\", \"id\": \"b\", \"rules\": [{\"match\": \"x\", \"policy\": \"allow\"}]}]");
        for (at, length, text) in edits {
            let mut ends: Vec<usize> = editor.text.char_indices().map(|(at, _)| at).collect();
            ends.push(editor.text.len());
            let first = at.index(ends.len());
            let last = (first + length).min(ends.len() - 1);
            let (start, end) = (ends[first], ends[last]);
            // The counting of the test knows only line feeds.
            let text = text.replace('\r', " ");
            editor.edit(start, end, &text);
            let at = start + text.len();
            for method in ["completion", "hover", "definition"] {
                editor.ask_at(&format!("textDocument/{method}"), at);
            }
            let document = json!({ "uri": URI });
            editor.ask("textDocument/documentSymbol", &json!({ "textDocument": document }));
            let place = editor.position(at);
            let range = json!({ "start": place, "end": place });
            editor.ask("textDocument/codeAction", &json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } }));
            // The server has the text that the editor has.
            for one in &editor.diagnostics {
                prop_assert!(!one["message"].as_str().unwrap().is_empty());
            }
        }
        prop_assert_eq!(editor.end(), Some(0));
    }
}
