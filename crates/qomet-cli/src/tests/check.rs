//! `check`, and what all commands do with files and closed pipes.

use super::*;

const GOOD: &str = r#"[{"qom-type": "printer", "id": "p", "buffer": "1M"}]"#;
const BAD: &str = r#"[
  {"qom-type": "printer", "id": "p", "buffer": 513, "papper": "a4"},
  {"qom-type": "printr", "id": "q"}
]"#;

#[test]
fn no_mistakes_are_told_in_one_line() {
    let ended = qomet_with(&["check", "-"], GOOD);
    insta::assert_snapshot!(ended, @r"
    1 object in 1 file, no mistakes
    --- standard error ---
    --- exit code 0 ---
    ");
}

#[test]
fn every_mistake_is_shown_at_its_place() {
    insta::assert_snapshot!(qomet_with(&["check", "-"], BAD));
}

#[test]
fn mistakes_for_programs_go_to_standard_output() {
    insta::assert_snapshot!(qomet_with(&["check", "-", "--format", "json"], BAD));
}

#[test]
fn no_mistakes_for_programs_are_json_too() {
    let ended = qomet_with(&["check", "--format=json", "-"], GOOD);
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(report, serde_json::json!({ "diagnostics": [], "errors": 0, "warnings": 0 }));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

#[test]
fn an_empty_document_is_rejected() {
    insta::assert_snapshot!(qomet_with(&["check", "-"], ""));
}

#[test]
fn files_are_checked_together() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one.json"), folder.path().join("two.json"));
    std::fs::write(&one, r#"{"qom-type": "printer", "id": "a", "buffer": 512, "fallback": "b"}"#).unwrap();
    std::fs::write(&two, r#"{"qom-type": "printer", "id": "b", "buffer": 512}"#).unwrap();
    let ended = qomet(&["check", one.to_str().unwrap(), two.to_str().unwrap()]);
    assert_eq!((ended.out.as_str(), ended.code), ("2 objects in 2 files, no mistakes\n", 0));
}

#[test]
fn every_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_str().unwrap();
    let ended = qomet(&["check", name, "/nowhere/vm.json"]);
    insta::assert_snapshot!(ended.to_string().replace(name, "FOLDER"), @r"
    --- standard error ---
    error: cannot read 'FOLDER': it is a directory
    error: cannot read '/nowhere/vm.json': No such file or directory
    --- exit code 64 ---
    ");
}

#[test]
fn a_file_too_large_for_a_document_is_not_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(1 << 40).unwrap();
    let name = file.path().to_str().unwrap();
    let ended = qomet(&["check", name]);
    let expected = format!("error: cannot read '{name}': it has 1 TiB, the limit is 256 MiB\n");
    assert_eq!((ended.err, ended.code), (expected, 64));
}

#[test]
fn control_characters_in_a_file_name_do_not_reach_the_terminal() {
    let ended = qomet(&["check", "a\u{1b}[2J.json"]);
    assert!(ended.err.contains("'a\\u{1b}[2J.json'"), "{}", ended.err);
}

#[test]
fn standard_input_is_read_once_only() {
    let ended = qomet_with(&["check", "-", "-"], GOOD);
    assert_eq!((ended.err.as_str(), ended.code), ("error: standard input ('-') can be read only once\n", 64));
}

#[test]
fn a_reader_that_went_away_ends_the_output_quietly() {
    let (input, err) = (io::Cursor::new(GOOD), Kept::default());
    let console = Console::of(input, Broken(io::ErrorKind::BrokenPipe), err.clone(), 100);
    assert_eq!((run_in(&["check", "-"], console), err.text().as_str()), (0, ""));
}

#[test]
fn results_that_cannot_be_written_are_an_error() {
    let err = Kept::default();
    let console = Console::of(io::empty(), Broken(io::ErrorKind::StorageFull), err.clone(), 100);
    assert_eq!(run_in(&["types"], console), 64);
    assert_eq!(err.text(), "error: cannot write to standard output: no storage space\n");
}
