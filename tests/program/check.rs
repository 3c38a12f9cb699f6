//! `check`: what it says and how it ends.

use serde_json::Value;

use super::process::{program, run, run_on_a_terminal, run_with_input};
use crate::folder::Folder;

const GOOD: &str = r#"[{"qom-type": "memory-backend-ram", "id": "ram0", "size": 4096}]"#;
const BAD: &str = r#"[{"qom-type": "memory-backend-ram", "id": "ram0", "size": -1}]"#;

fn check(text: &str, more: &[&str]) -> super::process::Said {
    run_with_input(["check", "-"].iter().chain(more), text)
}

#[test]
fn a_good_document_ends_with_0() {
    let said = check(GOOD, &[]);

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains("1 object"), "{}", said.out);
}

#[test]
fn a_bad_document_ends_with_1_and_names_the_place() {
    let said = check(BAD, &[]);

    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("error[out-of-range]") && said.err.contains("<stdin>:1:59"), "{}", said.err);
    assert_eq!(said.out, "1 error\n");
}

#[test]
fn a_warning_is_no_rejection() {
    let said = check(&GOOD.replace("4096", "5000"), &[]);

    assert_eq!(said.code, Some(0));
    assert!(said.err.contains("warning[size-rounded-up]"), "{}", said.err);
}

#[test]
fn an_unreadable_file_ends_with_2() {
    let folder = Folder::new();
    let said =
        run([std::ffi::OsStr::new("check"), folder.join("gone.json").as_os_str(), folder.path().as_os_str()]);

    assert_eq!((said.code, said.out.as_str()), (Some(64), ""));
    assert!(said.err.contains("gone.json") && said.err.lines().count() == 2, "both are named: {}", said.err);
}

#[test]
fn no_file_ends_with_2() {
    assert_eq!(run(["check"]).code, Some(64));
    assert_eq!(run(["check", "-", "-"]).code, Some(64));
}

#[test]
fn a_report_for_programs_has_the_promised_members() {
    let text = r#"[{"qom-type": "memory-backend-file", "id": "m", "size": 5000, "ofset": 1, "mem-path": "/nowhere/x"}]"#;
    let said = check(text, &["--format", "json"]);

    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["diagnostics", "errors", "warnings"]);
    let codes: Vec<&str> =
        report["diagnostics"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["not-a-page-multiple", "unknown-property", "folder-not-found"]);
    assert_eq!((&report["errors"], &report["warnings"]), (&Value::from(3), &Value::from(0)));
    let known = [
        "code",
        "severity",
        "message",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "object",
        "property",
        "expected",
        "found",
        "help",
        "suggestion",
        "repair",
        "related",
    ];
    let unknown: Vec<&String> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one.as_object().unwrap().keys())
        .filter(|key| !known.contains(&key.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let one = &report["diagnostics"][1];
    assert_eq!(one["suggestion"], "offset");
    assert_eq!([&one["line"], &one["column"], &one["end_line"], &one["end_column"]], [1, 63, 1, 70]);
    assert_eq!([&one["file"], &one["object"], &one["severity"]], ["<stdin>", "m", "error"]);
}

#[test]
fn a_good_document_gives_an_empty_report() {
    let report: Value = serde_json::from_str(&check(GOOD, &["--format", "json"]).out).unwrap();

    assert_eq!(report, serde_json::json!({"diagnostics": [], "errors": 0, "warnings": 0}));
}

#[test]
fn ids_are_checked_across_files() {
    let folder = Folder::new();
    let (first, second) = (folder.text("first.json", GOOD), folder.text("second.json", GOOD));
    let said = run([std::ffi::OsStr::new("check"), first.as_os_str(), second.as_os_str()]);

    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("second.json:1:43") && said.err.contains("first.json:1:43"), "{}", said.err);
}

#[test]
fn a_check_touches_nothing() {
    let folder = Folder::new();
    let text = format!(
        r#"[{{"qom-type": "memory-backend-file", "id": "m", "size": 4096, "mem-path": "{}"}}]"#,
        folder.join("ram.img").display()
    );
    let said = check(&text, &[]);

    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(folder.contents().is_empty());
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::new();
    let bad = folder.text("bad.json", BAD);
    let command = || program([std::ffi::OsStr::new("check"), bad.as_os_str()]);
    let (mut plain, mut dumb) = (command(), command());
    plain.env("TERM", "xterm").env("NO_COLOR", "1");
    dumb.env("TERM", "dumb");
    let mut coloured = command();
    coloured.env("TERM", "xterm");

    assert!(run_on_a_terminal(coloured).contains("\u{1b}["));
    assert!(!run_on_a_terminal(plain).contains('\u{1b}'));
    assert!(!run_on_a_terminal(dumb).contains('\u{1b}'));
    assert!(!check(BAD, &[]).err.contains('\u{1b}'));
}

#[test]
fn a_document_that_names_its_schema_is_checked_and_created() {
    let text = format!(r#"{{"$schema": "schema/document.schema.json", "objects": {GOOD}}}"#);

    let checked = check(&text, &["--strict"]);
    let created = run_with_input(["run", "-", "--once"], &text);

    assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""));
    assert_eq!((created.code, created.err.as_str()), (Some(0), ""));
}

#[test]
fn what_qemu_starts_with_is_accepted() {
    let image = Folder::new();
    std::fs::write(image.join("system.img"), [0; 4096]).unwrap();
    let path = image.join("system.img");
    let guest = "-m 1G -object memory-backend-memfd,id=ram0,size=1G -numa node,memdev=ram0 -device vhost-user-fs-pci,chardev=c0";
    let lines = [
        // No device in another process is told of memory that nobody writes, nor of what lies behind a CXL device.
        format!(
            "{guest} -object memory-backend-file,id=nv0,size=4096,readonly=on,mem-path={} -device nvdimm,memdev=nv0,unarmed=on",
            path.display()
        ),
        format!("{guest} -object memory-backend-ram,id=ram1,size=1G -device cxl-type3,volatile-memdev=ram1"),
        // What is not read may hold objects, and users of objects.
        "-m 1G -readconfig vm.cfg -machine memory-backend=ram0".to_owned(),
        "-m 1G -machine memory-backend=ram0 -nographic \"$@\"".to_owned(),
        "-m 1G $MEMORY -device vhost-user-fs-pci,chardev=c0".to_owned(),
        "$DIMM -object memory-backend-ram,id=r0,size=1M -object memory-backend-ram,id=r1,size=1M -device pc-dimm,memdev=r0"
            .to_owned(),
    ];

    for line in lines {
        let said = run(["check", "--strict", "--qemu", &format!("qemu-system-x86_64 {line}")]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn a_value_that_the_shell_would_put_in_hides_no_mistake_beside_it() {
    let said = run(["check", "--qemu", "qemu-system-x86_64 -m $SIZE -machine memory-backend=ram0"]);

    assert!(said.err.contains("error[unknown-id]") && said.code == Some(1), "{}", said.err);
}
