//! `types`, `describe`, `schema`, help and usage.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::process::{Running, program, run};
use crate::folder::Folder;

#[test]
fn types_are_shown_as_a_tree() {
    let said = run(["types"]);

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains("├── memory-backend-file"), "{}", said.out);
}

#[test]
fn types_and_descriptions_are_json_for_programs() {
    let said = [run(["types", "--json"]), run(["describe", "memory-backend-file.offset", "--json"])];

    assert!(said.iter().all(|said| said.code == Some(0)));
    assert!(said.iter().all(|said| serde_json::from_str::<Value>(&said.out).is_ok()));
    assert!(said.iter().all(|said| said.out.contains("Offset into the target file (ex: 1G)")));
}

#[test]
fn a_property_is_described() {
    let said = run(["describe", "memory-backend-file.offset"]);

    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("Offset into the target file (ex: 1G)"), "{}", said.out);
    assert!(said.out.contains("until realized"), "{}", said.out);
}

#[test]
fn an_unknown_type_or_property_ends_with_1_and_the_nearest_name() {
    let unknown = [run(["describe", "memory-backend-fil"]), run(["describe", "memory-backend-file.ofset"])];

    assert_eq!(unknown.each_ref().map(|said| said.code), [Some(1), Some(1)]);
    assert!(unknown[0].err.contains("did you mean 'memory-backend-file'?"), "{}", unknown[0].err);
    assert!(unknown[1].err.contains("did you mean 'offset'?"), "{}", unknown[1].err);
    assert_eq!(run(["schema", "memory-backend-fil"]).code, Some(1));
}

#[test]
fn what_is_known_but_not_available_is_told_with_what_it_lacks() {
    let epc = "it needs SGX enclave memory and a guest that uses it";

    let listed = run(["types"]);
    let row = listed.out.lines().find(|line| line.starts_with("memory-backend-epc ")).unwrap();
    assert!(row.contains(" unavailable ") && row.contains("it needs SGX"), "{row}");

    let all: Value = serde_json::from_str(&run(["types", "--json"]).out).unwrap();
    let entry = all.as_array().unwrap().iter().find(|one| one["name"] == "memory-backend-epc").unwrap();
    assert_eq!(entry["unavailable"], epc);

    let described = run(["describe", "memory-backend-epc"]);
    let checked = run(["check", "--object", "memory-backend-epc,id=epc0,size=64M"]);
    assert_eq!((described.code, checked.code), (Some(1), Some(1)));
    assert!(described.err.contains(epc), "{}", described.err);
    assert!(checked.err.contains(epc), "{}", checked.err);
}

#[test]
fn schemas_are_of_the_draft_that_editors_know() {
    for arguments in [&["schema"][..], &["schema", "memory-backend-file"]] {
        let schema: Value = serde_json::from_str(&run(arguments).out).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
}

#[test]
fn schemas_that_are_written_are_those_checked_in() {
    let folder = Folder::new();
    let said = run([std::ffi::OsStr::new("schema"), "--out".as_ref(), folder.path().as_os_str()]);

    let checked_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema");
    let names: Vec<String> = folder
        .contents()
        .iter()
        .filter_map(|entry| entry.split_once(" file ").map(|(name, _)| name.to_owned()))
        .collect();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(names.len() > 2, "{names:?}");
    let differ: Vec<&String> = names
        .iter()
        .filter(|name| fs::read(folder.join(name)).ok() != fs::read(checked_in.join(name)).ok())
        .collect();
    assert!(differ.is_empty(), "run `qomet schema --out schema`: {differ:?}");
}

#[test]
fn help_has_examples_and_ends_with_0() {
    let said = run(["run", "--help"]);

    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("qomet run vm.json --once"), "{}", said.out);
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    for arguments in [&[][..], &["chekc"], &["run"], &["types", "--yaml"], &["schema", "a", "--out", "b"]] {
        let said = run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(64), ""), "{arguments:?}");
        assert!(!said.err.is_empty());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut command = program(["types", "--json"]);
    command.stdout(closed_pipe());

    let said = Running::start(command).end();

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}

#[test]
fn output_that_cannot_be_written_ends_with_2() {
    let mut command = program(["types"]);
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());

    let said = Running::start(command).end();

    assert_eq!(said.code, Some(64));
    assert!(said.err.contains("standard output"), "{}", said.err);
}

/// A pipe that nobody reads.
fn closed_pipe() -> std::io::PipeWriter {
    std::io::pipe().unwrap().1
}

#[test]
fn every_type_has_a_reference_page_and_the_index_leads_to_it() {
    let folder = Folder::new();
    let out = folder.path().as_os_str();
    let said = run(["describe".as_ref(), "--markdown".as_ref(), "--out".as_ref(), out]);

    assert_eq!(said.code, Some(0), "{}", said.err);
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    let types: Value = serde_json::from_str(&run(["types", "--json"]).out).unwrap();
    let creatable = types
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["user-creatable"] == true && one["abstract"] != true);
    let names: Vec<&str> = creatable.map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(index.contains(&format!("- [{name}]({name}.md): ")), "{index}");
        let page = fs::read_to_string(folder.join(&format!("{name}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {name}\n")), "{page}");
        assert_eq!(run(["describe", name, "--markdown"]).out, page);
    }
}
