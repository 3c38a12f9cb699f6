//! Windows of one file in two processes at once: refused where a lock was asked for, told of where nothing was said.

use std::fs::File;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::signal::Signal;

use super::process::{Running, Said, program, run};
use crate::folder::Folder;

const PAGE: u64 = 4096;

/// A backend whose writes reach the file, and what it says of the lock.
fn backend(folder: &Folder, id: &str, offset: u64, lock: &str) -> [String; 2] {
    let path = folder.join("ram").display().to_string();
    let line =
        format!("memory-backend-file,id={id},mem-path={path},share=on,offset={offset},size={PAGE}{lock}");
    ["--object".to_owned(), line]
}

/// A server that holds it.
fn serve(folder: &Folder, name: &str, backend: [String; 2]) -> Running {
    let qmp = format!("unix:{}", folder.join(name).display());
    let arguments = ["run".to_owned(), "--qmp".to_owned(), qmp].into_iter().chain(backend);
    let running = Running::start(program(arguments));
    running.wait_for("serves clients");
    running
}

/// A file of four pages.
fn folder() -> Folder {
    let folder = Folder::new();
    File::create(folder.join("ram")).unwrap().set_len(4 * PAGE).unwrap();
    folder
}

/// What a second process says that only wants to have the memory for a moment.
fn second(backend: [String; 2]) -> Said {
    run(["run".to_owned(), "--once".to_owned()].into_iter().chain(backend))
}

#[test]
fn a_window_that_another_process_locked_is_refused_until_that_is_killed() {
    let folder = folder();
    let first = serve(&folder, "qmp", backend(&folder, "ram0", PAGE, ",x-lock=on"));

    let refused = second(backend(&folder, "other", PAGE, ",x-lock=on"));
    let beside = second(backend(&folder, "other", 2 * PAGE, ",x-lock=on"));
    first.signal(Signal::SIGKILL);
    first.end();
    let after = second(backend(&folder, "other", PAGE, ",x-lock=on"));

    let told = "bytes 4K to 8K of 'other' in '";
    assert!(refused.err.contains(told) && refused.err.contains("another process has"), "{}", refused.err);
    assert!(refused.err.contains("file-lock-conflict"), "{}", refused.err);
    assert_eq!([refused.code, beside.code, after.code], [Some(3), Some(0), Some(0)], "{}", after.err);
}

#[test]
fn two_processes_of_which_neither_said_anything_are_told_of_each_other() {
    let folder = folder();
    let _first = serve(&folder, "qmp", backend(&folder, "ram0", PAGE, ""));

    let same = second(backend(&folder, "other", PAGE, ""));
    let beside = second(backend(&folder, "other", 2 * PAGE, ""));
    let meant = second(backend(&folder, "other", PAGE, ",x-lock=off"));

    assert_eq!([same.code, beside.code, meant.code], [Some(0); 3], "{}", same.err);
    let told = [same, beside, meant].map(|said| said.err.contains("file-range-locked"));
    assert_eq!(told, [true, false, false]);
}

#[test]
fn by_default_another_program_can_lock_what_it_likes() {
    let folder = folder();
    let _first = serve(&folder, "qmp", backend(&folder, "ram0", 0, ""));
    let file = File::options().write(true).open(folder.join("ram")).unwrap();
    let all = libc::flock {
        l_type: libc::F_WRLCK.try_into().unwrap(),
        l_whence: 0,
        l_start: 0,
        l_len: (4 * PAGE).try_into().unwrap(),
        l_pid: 0,
    };
    assert_eq!(fcntl(&file, FcntlArg::F_OFD_SETLK(&all)), Ok(0));
}
