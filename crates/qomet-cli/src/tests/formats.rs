//! `types`, `describe` and `schema`.

use super::*;

#[test]
fn types_are_a_tree() {
    insta::assert_snapshot!(qomet(&["types"]));
}

#[test]
fn types_for_programs() {
    let ended = qomet(&["types", "--json"]);
    let types: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(types[1]["name"], "printer");
    assert!(!ended.out.contains("hunter2"));
}

#[test]
fn a_type_is_described_with_all_its_properties() {
    insta::assert_snapshot!(qomet(&["describe", "printer"]));
}

#[test]
fn a_type_without_properties_says_so() {
    insta::assert_snapshot!(qomet(&["describe", "tray"]));
}

#[test]
fn a_property_is_described() {
    insta::assert_snapshot!(qomet(&["describe", "printer.power"]));
}

#[test]
fn the_values_of_an_enum_are_described() {
    insta::assert_snapshot!(qomet(&["describe", "printer.paper"]));
}

#[test]
fn a_sensitive_default_is_not_shown() {
    let ended = qomet(&["describe", "printer.key"]);
    assert!(ended.out.contains("(not shown)") && !ended.out.contains("hunter2"), "{}", ended.out);
}

#[test]
fn a_property_for_programs() {
    insta::assert_snapshot!(qomet(&["describe", "printer.buffer", "--json"]));
}

#[test]
fn an_unknown_type_is_rejected_with_the_nearest_name() {
    insta::assert_snapshot!(qomet(&["describe", "devise"]));
}

#[test]
fn an_unknown_property_is_rejected_with_the_nearest_name() {
    insta::assert_snapshot!(qomet(&["describe", "printer.page"]));
}

#[test]
fn a_property_of_an_unknown_type_is_about_the_type() {
    assert!(qomet(&["describe", "printr.buffer"]).err.contains("unknown-type"));
}

#[test]
fn the_schema_of_documents_is_json() {
    let ended = qomet(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(schema["$defs"]["_bag"]["properties"]["qom-type"]["enum"][0], "printer");
}

#[test]
fn the_schema_of_one_type_is_json() {
    let schema: serde_json::Value = serde_json::from_str(&qomet(&["schema", "printer"]).out).unwrap();
    assert_eq!(schema["title"], "printer");
}

#[test]
fn there_is_no_schema_of_an_abstract_type() {
    insta::assert_snapshot!(qomet(&["schema", "device"]));
}

#[test]
fn there_is_no_schema_of_an_internal_type() {
    assert_eq!(qomet(&["schema", "tray"]).code, 1);
}

#[test]
fn schema_files_are_one_for_documents_and_one_for_each_type() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/schema");
    let ended = qomet(&["schema", "--out", out.to_str().unwrap()]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let names = |folder: &std::path::Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&out), ["document.schema.json", "qapi.json", "types"]);
    assert_eq!(names(&out.join("types")), ["moon.schema.json", "printer.schema.json"]);
    let text = std::fs::read_to_string(out.join("types/printer.schema.json")).unwrap();
    assert_eq!(text, qomet(&["schema", "printer"]).out);
    assert!(text.ends_with("}\n"));
}

#[test]
fn a_schema_file_that_cannot_be_written_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let name = file.path().to_str().unwrap();
    let ended = qomet(&["schema", "--out", name]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.starts_with(&format!("error: cannot write '{name}/document.schema.json': ")));
}

#[test]
fn a_code_is_explained() {
    insta::assert_snapshot!(qomet(&["explain", "in-use"]));
}

#[test]
fn an_unknown_code_is_rejected_with_the_nearest_one() {
    insta::assert_snapshot!(qomet(&["explain", "in-used"]));
}

/// A folder with two schemas: `old.json` and what `new` makes of it, in `new/`.
fn two_schemas(new: impl FnOnce(&mut serde_json::Value)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut schema: serde_json::Value = serde_json::from_str(&qomet(&["schema"]).out).unwrap();
    std::fs::write(folder.path().join("old.json"), schema.to_string()).unwrap();
    new(&mut schema);
    std::fs::create_dir(folder.path().join("new")).unwrap();
    std::fs::write(folder.path().join("new/document.schema.json"), schema.to_string()).unwrap();
    folder
}

fn diff(folder: &tempfile::TempDir, more: &[&str]) -> Ended {
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (old, new) = (path("old.json"), path("new"));
    qomet(&[&["schema", "diff", &old, &new], more].concat())
}

#[test]
fn a_breaking_change_of_a_schema_is_rejected() {
    let folder = two_schemas(|schema| {
        schema["$defs"]["printer"]["properties"]["power"]["maximum"] = 50.into();
        schema["$defs"]["printer"]["properties"]["ink"] = serde_json::json!({ "type": "string" });
    });
    insta::assert_snapshot!(diff(&folder, &[]));
}

#[test]
fn changes_of_a_schema_for_programs() {
    let folder = two_schemas(|schema| {
        schema["$defs"]["printer"]["properties"]["power"]["minimum"] = 0.into();
    });
    insta::assert_snapshot!(diff(&folder, &["--json"]));
}

#[test]
fn what_is_no_schema_is_told_as_such() {
    let folder = two_schemas(|_| {});
    std::fs::write(folder.path().join("old.json"), "{").unwrap();
    let ended = diff(&folder, &[]);
    assert!(ended.err.contains("is no schema"), "{}", ended.err);
    assert_eq!(ended.code, 64);
}

#[test]
fn the_reference_page_of_a_type() {
    insta::assert_snapshot!(qomet(&["describe", "printer", "--markdown"]));
}

#[test]
fn the_reference_of_one_property_and_of_all_types() {
    let one = qomet(&["describe", "printer.paper", "--markdown"]).out;
    assert!(one.contains("- type: one of\n  - `a4`: 210 by 297 mm\n"), "{one}");
    let all = qomet(&["describe", "--markdown"]).out;
    assert!(all.starts_with("# ") && all.contains("\n\n# "), "{all}");
}
