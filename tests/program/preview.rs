//! What `preview` says would be programmed.

use super::process::{Said, run};

/// Two windows of one file that continue each other, memory of its own, private memory, and something else.
const LINES: [&str; 5] = [
    "memory-backend-file,id=low,mem-path=/dev/shm/qomet-preview,share=on,offset=16M,size=2G",
    "memory-backend-file,id=high,mem-path=/dev/shm/qomet-preview,share=on,offset=2064M,size=1G",
    "memory-backend-memfd,id=other,size=1G",
    "memory-backend-ram,id=private,size=1M",
    "rng-builtin,id=rng0",
];

fn preview(layout: &str, consumer: &str, more: &[&str]) -> Said {
    let is_placed = |line: &&&str| {
        let id = line.split_once("id=").and_then(|(_, rest)| rest.split(',').next()).unwrap();
        layout.split(',').any(|place| place.ends_with(&format!("={id}")))
    };
    preview_of(LINES.iter().filter(is_placed).copied().collect(), layout, consumer, more)
}

fn preview_of(lines: Vec<&str>, layout: &str, consumer: &str, more: &[&str]) -> Said {
    let lines = lines.into_iter().flat_map(|line| ["--object", line]);
    let arguments = ["preview", "--layout", layout, "--for", consumer];
    let said = run(arguments.into_iter().chain(lines).chain(more.iter().copied()));
    assert!(!std::path::Path::new("/dev/shm/qomet-preview").exists());
    said
}

#[test]
fn windows_that_continue_each_other_are_one_entry_of_a_device() {
    let said = preview("0x0=low,2G=high,4G=other", "vhost-user", &[]);

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(said.out, @r"
    GUEST        SIZE   PROCESS      MMAP OFFSET  MEMORY    FILE
    0x0          3 GiB  +0x0         0x1000000    low+high  /dev/shm/qomet-preview
    0x100000000  1 GiB  +0xc0200000  0x0          other     memory
    2 entries: every device takes that
    ");
}

#[test]
fn kvm_has_a_slot_for_each() {
    let said = preview("0x0=low,2G=high,4G=private", "kvm", &[]);

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(said.out, @r"
    SLOT  GUEST        SIZE   FLAGS  OFFSET      MEMORY   FILE
    0     0x0          2 GiB         0x1000000   low      /dev/shm/qomet-preview
    1     0x80000000   1 GiB         0x81000000  high     /dev/shm/qomet-preview
    2     0x100000000  1 MiB         -           private  memory
    3 slots
    ");
}

#[test]
fn programs_get_numbers() {
    let said = preview("0x0=low,2G=high", "vhost-user", &["--json"]);

    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let entry = serde_json::json!({
        "guest": 0, "size": 3_221_225_472_u64, "process": 0, "mmap_offset": 16_777_216,
        "objects": ["low", "high"], "file": "/dev/shm/qomet-preview",
    });
    assert_eq!(report["entries"], serde_json::json!([entry]));
    assert_eq!((said.code, &report["errors"]), (Some(0), &serde_json::json!(0)));
}

#[test]
fn programs_get_the_offset_of_each_slot() {
    let said = preview("0x0=low,2G=high,4G=private", "kvm", &["--json"]);

    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let slots = report["slots"].as_array().unwrap().iter();
    let told: Vec<_> =
        slots.map(|slot| (slot["object"].as_str().unwrap(), slot["offset"].as_u64())).collect();
    assert_eq!(told, [("low", Some(16 << 20)), ("high", Some(2064 << 20)), ("private", None)]);
}

#[test]
fn what_cannot_be_programmed_is_refused_with_the_repair() {
    let said = preview("0x0=private", "vhost-user", &[]);

    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    insta::assert_snapshot!(said.err, @r"
    error[not-shareable]: a device cannot map 'private': it is memory of this process, which has no file
     --> --layout, byte 4
      |
    1 | 0x0=private
      |     ^^^^^^^
      |
      = help: use share=on
    ");
}

#[test]
fn everything_that_is_wrong_with_a_layout_is_told() {
    let said = preview_of(LINES.to_vec(), "0x0=low,1G=hihg,8G=rng0", "kvm", &[]);

    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    insta::assert_snapshot!(said.err, @r"
    error[no-such-memory]: there is no memory 'hihg'
     --> --layout, byte 11
      |
    1 | 0x0=low,1G=hihg,8G=rng0
      |            ^^^^
      |
      = help: did you mean 'high'?

    error[not-memory]: object 'rng0': its type rng-builtin has no memory
     --> --layout, byte 19
      |
    1 | 0x0=low,1G=hihg,8G=rng0
      |                    ^^^^
      |
      = help: name the id of a memory-backend-*
    ");
}

#[test]
fn memory_that_overlaps_for_the_guest_is_refused() {
    let said = preview("0x0=low,1G=high", "kvm", &["--json"]);

    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said.code, Some(1));
    assert_eq!(report["diagnostics"][0]["code"], "guest-ranges-overlap");
    assert_eq!(report.get("slots"), None);
}

#[test]
fn a_mistake_in_the_layout_is_shown_where_it_stands() {
    let said = preview("0x0=low,0x4000000g=high", "kvm", &[]);

    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    insta::assert_snapshot!(said.err, @r"
    error[layout-address]: position 8 of the layout: '0x4000000g' is no address
     --> --layout, byte 8
      |
    1 | 0x0=low,0x4000000g=high
      |         ^^^^^^^^^^
    ");
}

#[test]
fn memory_that_the_layout_leaves_out_is_told() {
    let said = preview_of(LINES.to_vec(), "0x0=low,2G=high,4G=other", "vhost-user", &[]);

    assert_eq!(said.code, Some(0));
    insta::assert_snapshot!(said.err, @r"
    warning[unused-object]: object 'private' is not used: others of the kind memory-backend are, and it by nobody
     --> --object #4, byte 0
      |
    1 | memory-backend-ram,id=private,size=1M
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
     ::: --layout, byte 4
      |
    1 | 0x0=low,2G=high,4G=other
      |     --- 'low' is used here
     ::: --layout, byte 11
      |
    1 | 0x0=low,2G=high,4G=other
      |            ---- 'high' is used here
     ::: --layout, byte 19
      |
    1 | 0x0=low,2G=high,4G=other
      |                    ----- 'other' is used here
      |
      = help: link to it where it is wanted, or leave it out
    ");
}
