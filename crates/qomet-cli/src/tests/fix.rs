//! `check --fix`, and how far `check` looks.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const WRONG: &str = "\u{feff}// Two printers.\r\n[\r\n  {\"qom-type\": \"printr\", \"id\": \"p\", 'buffer': \"1000K\",   \"papper\": \"a4\"},\r\n\r\n  {\"qom-type\": \"printer\" \"id\": \"q\", \"bufer\": 513, \"fallback\": \"pp\", \"key\": \"s3cret\"} // the other\r\n]\r\n";

fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vm.json");
    std::fs::write(&path, text).unwrap();
    let name = path.to_str().unwrap().to_owned();
    (folder, name)
}

#[test]
fn certain_repairs_are_shown_made_and_checked() {
    let (folder, name) = file(WRONG);
    std::fs::set_permissions(&name, std::fs::Permissions::from_mode(0o640)).unwrap();

    let ended = qomet(&["check", "--fix", "--yes", &name]);

    insta::assert_snapshot!(ended.to_string().replace(&name, "vm.json"));
    let text = std::fs::read_to_string(&name).unwrap();
    let wanted = WRONG
        .replace("printr", "printer")
        .replace("'buffer'", "\"buffer\"")
        .replace("papper", "paper")
        .replace("\"printer\" \"id\"", "\"printer\", \"id\"")
        .replace("\"bufer\": 513", "\"buffer\": 1024")
        .replace("\"pp\"", "\"p\"");
    assert_eq!(text, wanted);
    assert_eq!(std::fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn nothing_is_written_unless_somebody_agrees() {
    let (_folder, name) = file(WRONG);

    let ended = qomet_with(&["check", "--fix", &name], "no\n");

    assert!(ended.err.contains("make 7 repairs? [y/N] nothing was written\n"), "{}", ended.err);
    assert_eq!((ended.code, std::fs::read_to_string(&name).unwrap().as_str()), (1, WRONG));
}

#[test]
fn a_yes_is_enough() {
    let (_folder, name) = file(WRONG);

    let ended = qomet_with(&["check", "--fix", &name], "y\n");

    assert_eq!(ended.out, "2 objects in 1 file, no mistakes\n");
}

#[test]
fn repairs_make_no_difference_to_a_second_run() {
    let (_folder, name) = file(WRONG);
    qomet(&["check", "--fix", "--yes", &name]);

    let ended = qomet(&["check", "--fix", "--yes", &name]);

    let expected = ("nothing to repair\n", "2 objects in 1 file, no mistakes\n", 0);
    assert_eq!((ended.err.as_str(), ended.out.as_str(), ended.code), expected);
}

#[test]
fn what_a_symbolic_link_leads_to_is_repaired() {
    let (folder, name) = file(WRONG);
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink("vm.json", &link).unwrap();

    let ended = qomet(&["check", "--fix", "--yes", link.to_str().unwrap()]);

    assert_eq!(ended.code, 0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&name).unwrap().contains("\"paper\""));
}

#[test]
fn a_file_with_two_names_stays_one_file() {
    use std::os::unix::fs::MetadataExt as _;
    let (folder, name) = file(WRONG);
    let other = folder.path().join("other.json");
    std::fs::hard_link(&name, &other).unwrap();

    let ended = qomet(&["check", "--fix", "--yes", &name]);

    assert_eq!((ended.code, std::fs::metadata(&name).unwrap().nlink()), (0, 2), "{ended}");
    assert!(std::fs::read_to_string(&other).unwrap().contains("\"paper\""));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_file_with_two_names_that_changed_meanwhile_is_left_alone() {
    let (folder, name) = file("new");
    std::fs::hard_link(&name, folder.path().join("other.json")).unwrap();

    let refused = crate::host::replace_file(std::path::Path::new(&name), b"old", b"mine").unwrap_err();

    assert!(refused.0.ends_with("has changed since it was read: it was left alone"), "{}", refused.0);
    assert_eq!(std::fs::read_to_string(&name).unwrap(), "new");
}

#[test]
fn a_file_keeps_its_extended_attributes() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let (_folder, name) = file(WRONG);
    // A file system without any, such as an old tmpfs, has none that could be lost.
    let is_set = setxattr(&name, "user.origin", b"by hand", XattrFlags::empty()).is_ok();

    let ended = qomet(&["check", "--fix", "--yes", &name]);

    let mut value = vec![0; 100];
    let length = getxattr(&name, "user.origin", &mut value).unwrap_or(0);
    let kept = String::from_utf8_lossy(&value[..length]).into_owned();
    assert_eq!((ended.code, kept.as_str()), (0, if is_set { "by hand" } else { "" }), "{ended}");
}

#[test]
fn standard_input_is_repaired_on_its_way_to_standard_output() {
    let text = "{\"qom-type\": \"printr\", \"id\": \"p\", \"buffer\": 512} // one\n";

    let mended = qomet_with(&["check", "-", "--fix", "--yes"], text);
    let again = qomet_with(&["check", "-", "--fix", "--yes"], &mended.out);

    assert_eq!((mended.out.as_str(), mended.code), (&*text.replace("printr", "printer"), 0));
    assert!(mended.err.ends_with("1 object in 1 file, no mistakes\n"), "{}", mended.err);
    assert_eq!((again.out, again.code), (mended.out, 0));
}

#[test]
fn standard_input_is_only_shown_repaired_unless_that_is_allowed() {
    let text = "{\"qom-type\": \"printr\", \"id\": \"p\", \"buffer\": 512}";

    let ended = qomet_with(&["check", "-", "--fix"], text);

    assert!(ended.err.contains("nothing was written: with --yes"), "{}", ended.err);
    assert_eq!((ended.out.as_str(), ended.code), ("1 error; --fix repairs it\n", 1));
}

#[test]
fn a_file_that_changed_meanwhile_is_left_alone() {
    let (folder, name) = file("new");

    let refused = crate::host::replace_file(std::path::Path::new(&name), b"old", b"mine").unwrap_err();

    assert!(refused.0.ends_with("has changed since it was read: it was left alone"), "{}", refused.0);
    assert_eq!(std::fs::read_to_string(&name).unwrap(), "new");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_read_only_file_is_left_alone() {
    let (folder, name) = file(WRONG);
    std::fs::set_permissions(&name, std::fs::Permissions::from_mode(0o444)).unwrap();

    let ended = qomet(&["check", "--fix", "--yes", &name]);

    assert!(
        ended.err.ends_with(&format!("error: cannot write '{name}': it is read-only\n")),
        "{}",
        ended.err
    );
    assert_eq!((ended.code, std::fs::read_to_string(&name).unwrap().as_str()), (64, WRONG));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_of_the_longest_name_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n".repeat(255));
    std::fs::write(&path, WRONG).unwrap();

    let ended = qomet(&["check", "--fix", "--yes", path.to_str().unwrap()]);

    assert_eq!((ended.code, std::fs::read_dir(folder.path()).unwrap().count()), (0, 1), "{ended}");
}

#[test]
fn a_file_keeps_its_owner() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let (_folder, name) = file(WRONG);
    // Only root can give files away; to anybody else this test says that the own ones stay so.
    let _ = chown(&name, Some(65534), Some(65534));
    let owner = |name: &str| std::fs::metadata(name).map(|file| (file.uid(), file.gid())).unwrap();
    let before = owner(&name);

    let ended = qomet(&["check", "--fix", "--yes", &name]);

    assert_eq!((ended.code, owner(&name)), (0, before), "{ended}");
}

#[test]
fn a_file_that_is_named_twice_is_repaired_once() {
    let (_folder, name) = file("[{\"qom-type\": \"printr\", \"id\": \"p\", \"buffer\": 512}]");

    let ended = qomet(&["check", "--fix", "--yes", &name, &name]);

    let text = std::fs::read_to_string(&name).unwrap();
    assert_eq!(text, "[{\"qom-type\": \"printer\", \"id\": \"p\", \"buffer\": 512}]");
    assert!(ended.err.contains("error[duplicate-id]") && ended.code == 1, "{ended}");
}

#[test]
fn a_pipe_is_not_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, "[{\"qom-type\": \"printr\", \"id\": \"p\", \"buffer\": 512}]").unwrap()
    });

    let ended = qomet(&["check", "--fix", "--yes", pipe.to_str().unwrap()]);

    writer.join().unwrap();
    assert!(ended.err.starts_with("nothing to repair\n") && ended.code == 1, "{ended}");
    assert_eq!(ended.out, "1 error\n");
}

#[test]
fn two_names_that_would_become_one_are_not_repaired() {
    let (_folder, name) =
        file(r#"{"qom-type": "printer", "id": "p", "buffer": 512, "papper": "a4", "papr": "a4"}"#);

    let ended = qomet(&["check", "--fix", "--yes", &name]);

    assert!(ended.err.starts_with("nothing to repair\n"), "{}", ended.err);
}

#[test]
fn sections_are_repaired_too() {
    let (_folder, name) = file("# A printer.\n[object \"p\"]\n  qom-type = \"printr\"\n  bufer = \"513\"\n");

    qomet(&["check", "--fix", "--yes", &name]);

    let text = std::fs::read_to_string(&name).unwrap();
    assert_eq!(text, "# A printer.\n[object \"p\"]\n  qom-type = \"printer\"\n  buffer = \"1024\"\n");
}

#[test]
fn each_level_looks_further() {
    let text = r#"[
      {"qom-type": "printer", "id": "p", "buffer": 512, "fallback": "q"},
      {"qom-type": "printer", "id": "r", "buffer": 512, "papper": "a4"} "x"
    ]"#;
    let codes = |level: &str| {
        let ended = qomet_with(&["check", "-", "--level", level, "--format", "json"], text);
        let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        let found = report["diagnostics"].as_array().unwrap().iter();
        found.map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };

    assert_eq!(codes("syntax"), ["missing-comma"]);
    assert_eq!(codes("schema"), ["unknown-property", "missing-comma", "not-a-document"]);
    assert_eq!(codes("graph"), ["dangling-link", "unknown-property", "missing-comma", "not-a-document"]);
    assert_eq!(codes("host"), codes("graph"));
}

#[test]
fn taken_strictly_a_warning_rejects() {
    let text = r#"{"qom-type": "printer", "id": "p", "buffer": 512, "duplex": "on", "paper": "letter"}"#;
    let (lenient, strict) =
        (qomet_with(&["check", "-"], text), qomet_with(&["check", "-", "--strict"], text));

    assert_eq!((lenient.code, strict.code), (0, 1));
    assert!(lenient.err.starts_with("warning[warned]") && strict.err.starts_with("error[warned]"));
}

#[test]
fn a_workflow_of_github_gets_commands() {
    insta::assert_snapshot!(qomet_with(&["check", "-", "--format", "github"], WRONG));
}

#[test]
fn code_review_services_get_sarif() {
    insta::assert_snapshot!(qomet_with(&["check", "-", "--format", "sarif"], WRONG));
}

#[test]
fn nothing_is_put_into_a_string_without_its_closing_quote() {
    let texts = [
        "[{\"qom-type\": \"printer\",\n \"id\": \"p\n \"buffer\": 512}]\n",
        "[{\"qom-type\": \"printer\", \"id\": \"p\", \"buffer\": 512},'\n {\"qom-type\": \"printer\", \"id\": \"q\", \"buffer\": 512}]\n",
        "[{\"qom-type\": \"printer\", \"id\": \"p\", ' \"buffer\n 512}]\n",
    ];

    for text in texts {
        let ended = qomet_with(&["check", "-", "--fix", "--yes"], text);
        assert_eq!((ended.out.as_str(), ended.code), (text, 1), "{ended}");
    }
}
