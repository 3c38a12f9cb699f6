//! What `map` shows of documents and of a running program.

use super::process::{Running, program, run, wait_until};
use crate::folder::Folder;

#[test]
fn documents_are_drawn_and_nothing_is_made() {
    let folder = Folder::new();
    let (file, link, picture) = (folder.join("vm"), folder.join("link"), folder.join("map.svg"));
    std::fs::write(&file, vec![0; 1 << 20]).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let line = |id: &str, path: &std::path::Path, offset: &str| {
        format!("memory-backend-file,id={id},mem-path={},offset={offset},size=256K,share=on", path.display())
    };
    // Two names of one file.
    let lines = [line("low", &file, "0"), line("high", &link, "512K"), line("new", &folder.join("new"), "0")];
    let lines: Vec<&str> = lines.iter().flat_map(|line| ["--object", line]).collect();

    let said = run(["map"].into_iter().chain(lines.iter().copied()));
    let drawn = run(["map", "--svg", picture.to_str().unwrap()].into_iter().chain(lines));

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(said.out.replace(&folder.join("").display().to_string(), ""), @r"
    vm (1 MiB)
      [AAAAAAAAAAAAAAAAAAAAAAAA........................BBBBBBBBBBBBBBBBBBBBBBBB........................]
          start      end     size  held by
      A     0 B  256 KiB  256 KiB  low (shared)
      . 256 KiB  512 KiB  256 KiB  hole
      B 512 KiB  768 KiB  256 KiB  high (shared)
      . 768 KiB    1 MiB  256 KiB  hole

    new
      [AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA]
        start      end     size  held by
      A   0 B  256 KiB  256 KiB  new (shared)
    ");
    assert_eq!((drawn.code, drawn.out.as_str(), drawn.err.as_str()), (Some(0), "", ""));
    assert!(std::fs::read_to_string(&picture).unwrap().starts_with("<svg "));
    assert!(!folder.join("new").exists());
}

#[test]
fn a_picture_replaces_neither_a_document_nor_what_objects_hold() {
    let folder = Folder::new();
    let (document, held) = (folder.join("vm.json"), folder.join("held"));
    std::fs::write(&held, vec![0; 1 << 20]).unwrap();
    let bag = serde_json::json!([{ "qom-type": "memory-backend-file", "id": "low", "size": "1M", "mem-path": held }]);
    std::fs::write(&document, bag.to_string()).unwrap();
    let name = document.to_str().unwrap();

    let over_document = run(["map", name, "--svg", name]);
    let over_memory = run(["map", name, "--svg", held.to_str().unwrap()]);
    let piped = run(["map", name, "--svg", "-"]);

    assert_eq!((over_document.code, over_memory.code, piped.code), (Some(64), Some(64), Some(0)));
    assert!(over_document.err.ends_with("vm.json', which is a document\n"), "{}", over_document.err);
    assert!(over_memory.err.ends_with("held', which 'low' holds\n"), "{}", over_memory.err);
    assert_eq!(std::fs::read_to_string(&document).unwrap(), bag.to_string());
    assert_eq!(std::fs::read(&held).unwrap(), vec![0; 1 << 20]);
    assert!(piped.out.starts_with("<svg "), "{}", piped.out);
}

#[test]
fn a_rejected_document_is_drawn_as_far_as_it_is_known() {
    let said =
        run(["map", "--object", "memory-backend-ram,id=a,size=1M", "--object", "memory-backend-ram,id=b"]);

    assert_eq!((said.code, said.out.as_str()), (Some(1), "memory of no file\n  1 MiB  a (private)\n"));
    assert!(said.err.contains("missing-property"), "{}", said.err);
}

#[test]
fn live_objects_are_drawn() {
    let folder = Folder::new();
    let (socket, file) = (folder.join("qmp.sock"), folder.join("vm"));
    let line = |id: &str, offset: u32| {
        let path = file.display();
        format!("memory-backend-file,id={id},mem-path={path},offset={offset}K,size=128K,share=on")
    };
    let address = format!("unix:{}", socket.display());
    let server = Running::start(program([
        "run",
        "--object",
        &line("low", 0),
        "--object",
        &(line("high", 192) + ",prealloc=on"),
        "--qmp",
        &address,
    ]));
    wait_until("the socket", || socket.exists());

    let said = run(["map", "--connect", &address]);

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(said.out.replace(&folder.join("").display().to_string(), ""), @r"
    vm
      [AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA....................BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB]
          start      end     size  held by
      A     0 B  128 KiB  128 KiB  low (shared, 0 B present)
      . 128 KiB  192 KiB   64 KiB  hole
      B 192 KiB  320 KiB  128 KiB  high (shared, 128 KiB present)
    ");
    server.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(server.end().code, Some(0));
}

#[test]
fn somebody_who_names_nothing_is_told_what_to_name() {
    let mut command = program(["map"]);
    let said = command.env_remove("QOMET_SOCKET").output().unwrap();

    assert_eq!(said.status.code(), Some(64));
    assert_eq!(
        String::from_utf8(said.stderr).unwrap(),
        "error: nothing to draw: give documents, --object, or --connect ADDR\n"
    );
}
