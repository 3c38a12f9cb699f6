//! `run --once`. That it holds, and releases on a signal, is tested with the whole program.

use super::*;

#[test]
fn the_tree_shows_what_was_given_and_what_it_came_to() {
    let document = r#"[
        {"qom-type": "printer", "id": "first", "buffer": "2M", "fallback": "second", "key": "geheim"},
        {"qom-type": "printer", "id": "second", "buffer": "1M", "duplex": "off"}
    ]"#;
    insta::assert_snapshot!(qomet_with(&["run", "--once", "-"], document));
}

#[test]
fn objects_of_the_command_line_join_those_of_files() {
    let object = r#"{"qom-type": "printer", "id": "b", "buffer": 512, "fallback": "a"}"#;
    let file = r#"{"qom-type": "printer", "id": "a", "buffer": 512}"#;
    let ended = qomet_with(&["run", "-", "--once", "--object", object], file);
    assert_eq!(ended.code, 0, "{ended}");
    assert!(ended.out.contains("├── a: printer") && ended.out.contains("└── b: printer"), "{ended}");
}

#[test]
fn a_mistake_in_an_object_of_the_command_line_names_it() {
    let arguments = ["run", "--once", "--object", "{}", "--object", "{\"qom-type\": 1}"];
    insta::assert_snapshot!(qomet(&arguments));
}

#[test]
fn a_rejected_document_creates_nothing() {
    let ended = qomet_with(&["run", "--once", "-"], r#"{"qom-type": "printer", "id": "a"}"#);
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("missing-property"), "{ended}");
}

#[test]
fn what_the_host_refuses_has_its_own_exit_code() {
    insta::assert_snapshot!(qomet_with(&["run", "--once", "-"], r#"{"qom-type": "moon", "id": "a"}"#));
}

#[test]
fn a_warning_refuses_nothing() {
    let ended = qomet_with(&["run", "--once", "-"], r#"{"qom-type": "printer", "id": "a", "buffer": "2G"}"#);
    assert_eq!(ended.code, 0);
    insta::assert_snapshot!(ended.err);
}

#[test]
fn a_warning_of_a_rule_is_told_once() {
    let document = r#"{"qom-type": "printer", "id": "a", "buffer": 512, "paper": "letter", "duplex": "on"}"#;
    let ended = qomet_with(&["run", "--once", "-"], document);
    assert_eq!((ended.code, ended.err.matches("letters jam").count()), (0, 1), "{ended}");
}

#[test]
fn a_reader_that_went_away_does_not_end_the_command() {
    let input = io::Cursor::new(r#"{"qom-type": "moon", "id": "a"}"#);
    let console = Console::of(input, Broken(io::ErrorKind::BrokenPipe), io::sink(), 100);
    assert_eq!(run_in(&["run", "--once", "-"], console), 3);
}
