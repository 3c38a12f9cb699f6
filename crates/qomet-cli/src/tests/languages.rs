//! Lines, sections and pasted command lines; from one language to another.

use super::*;

#[test]
fn a_line_is_checked() {
    insta::assert_snapshot!(qomet(&["check", "--object", "printer,id=p,buffer=513,papper=a4,flag"]));
}

#[test]
fn a_line_that_asks_for_help_gets_it() {
    for arguments in [["check", "--object", "help"], ["run", "--object", "?"]] {
        let ended = qomet(&arguments);
        assert_eq!((ended.code, ended.out), (0, qomet(&["types"]).out));
    }
    let ended = qomet(&["run", "--object", "printer,help"]);
    assert_eq!((ended.code, ended.out), (0, qomet(&["describe", "printer"]).out));
}

#[test]
fn a_refusal_names_the_dialect_that_would_take_the_line() {
    let line = "printer,,id=p,buffer=1K";
    let ended = qomet(&["check", "--object", line]);
    assert!(ended.code == 1 && !ended.err.contains("takes this line"), "{}", ended.err);
    let ended = qomet(&["check", "--dialect", "keyval", "--object", "printer,id,buffer=1K"]);
    assert!(ended.err.contains("the dialect 'opts' takes this line (--dialect opts)"), "{}", ended.err);
    assert_eq!(qomet(&["check", "--dialect", "opts", "--object", "printer,id,buffer=1K"]).code, 0);
}

#[test]
fn the_objects_of_a_pasted_command_line_are_checked() {
    let pasted = "qemu-system-x86_64 -m 4G -object printer,id=p,buffer='513' \\\n -object '{\"qom-type\": \"printer\", \"id\": \"q\"}' -nographic\n";
    insta::assert_snapshot!(qomet(&["check", "--qemu", pasted]));
}

#[test]
fn what_is_left_alone_is_named_for_programs_too() {
    let ended = qomet(&[
        "check",
        "--format",
        "json",
        "--qemu",
        "qemu -vnc :1,password=on -object printer,id=p,buffer=1K",
    ]);
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &report["left_alone"]), (0, &serde_json::json!(["qemu", "-vnc"])));
}

#[test]
fn a_file_of_sections_is_told_from_json() {
    let file = "[object \"p\"]\n  qom-type = \"printer\"\n  buffer = \"513\"\n[drive]\n  file = \"x\"\n";
    insta::assert_snapshot!(qomet_with(&["check", "-"], file));
}

#[test]
fn a_bag_goes_from_any_language_to_any_other() {
    let line = "printer,id=p,buffer=1K";
    let section = "[object \"p\"]\n  qom-type = \"printer\"\n  buffer = \"1K\"\n";
    let json = qomet(&["convert", line, "--to", "json"]).out;
    assert_eq!(json, "{\n  \"qom-type\": \"printer\",\n  \"id\": \"p\",\n  \"buffer\": 1024\n}\n");
    assert_eq!(qomet_with(&["convert", "-", "--to", "ini"], &json).out, section);
    assert_eq!(qomet_with(&["convert", "-", "--to", "keyval"], section).out, format!("{line}\n"));
    assert_eq!(qomet_with(&["convert", "-", "--to", "opts"], section).out, format!("{line}\n"));
}

#[test]
fn what_is_wrong_is_not_converted() {
    let ended = qomet(&["convert", "printer,id=p,bufer=1K", "--to", "json"]);
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("error[unknown-property]"), "{}", ended.err);
}

#[test]
fn what_is_neither_file_nor_line_is_a_file_that_is_not_there() {
    let ended = qomet(&["convert", "no-such-file.json", "--to", "ini"]);
    assert!(ended.code == 64 && ended.err.contains("cannot read 'no-such-file.json'"), "{}", ended.err);
}

#[test]
fn the_memory_of_a_domain_is_checked_at_its_elements() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vm.xml");
    let text = "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n<os/>\n<qemu:commandline>\n\
                <qemu:arg value='-object'/><qemu:arg value='printer,id=p,buffer=513'/>\n</qemu:commandline></domain>";
    std::fs::write(&path, text).unwrap();

    let ended = qomet(&["check", "--libvirt", path.to_str().unwrap()]);

    assert_eq!((ended.code, ended.out.as_str()), (1, "left alone: <os>\n1 error\n"));
    assert!(
        ended.err.contains("error[not-a-multiple]") && ended.err.contains("vm.xml:4:65"),
        "{}",
        ended.err
    );
}
