//! Section B: share × readonly × rom, one test a row.

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::*;

/// What a row of the table says.
#[derive(Debug, PartialEq)]
struct Row {
    opened_for_writing: bool,
    shared: bool,
    rom: bool,
    write_works: bool,
    write_reaches_the_file: bool,
}

fn row(share: bool, readonly: bool, rom: Rom) -> Row {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(1)));
    let mut request = shared(&path, 0, pages(1));
    (request.memory.share, request.readonly, request.rom) = (share, readonly, rom);
    let region = bench.region(&request);
    let flags = OFlag::from_bits_retain(fcntl(region.file().unwrap(), FcntlArg::F_GETFL).unwrap());
    let write = region.write(0, b"x");
    assert_eq!(byte(&region, 0), if write.is_ok() { b'x' } else { 0 });
    Row {
        opened_for_writing: flags & OFlag::O_ACCMODE == OFlag::O_RDWR,
        shared: region.is_shared(),
        rom: region.is_readonly(),
        write_works: write.is_ok(),
        write_reaches_the_file: std::fs::read(&path).unwrap()[0] == b'x',
    }
}

fn refused(share: bool, readonly: bool, rom: Rom) -> Vec<&'static str> {
    let bench = Bench::new();
    let mut request = shared(&bench.file("ram", &zeroes(pages(1))), 0, pages(1));
    (request.memory.share, request.readonly, request.rom) = (share, readonly, rom);
    bench.faults(&request)
}

const PRIVATE_RAM: Row = Row {
    opened_for_writing: true,
    shared: false,
    rom: false,
    write_works: true,
    write_reaches_the_file: false,
};
const SHARED_RAM: Row = Row { shared: true, write_reaches_the_file: true, ..PRIVATE_RAM };
const PRIVATE_ROM: Row = Row {
    opened_for_writing: false,
    shared: false,
    rom: true,
    write_works: false,
    write_reaches_the_file: false,
};
const SHARED_ROM: Row = Row { shared: true, ..PRIVATE_ROM };
const TEMPLATE: Row = Row { opened_for_writing: false, ..PRIVATE_RAM };

#[test]
fn b1_private_ram() {
    assert_eq!((row(false, false, Rom::Off), row(false, false, Rom::Auto)), (PRIVATE_RAM, PRIVATE_RAM));
}

#[test]
fn b2_shared_ram() {
    assert_eq!((row(true, false, Rom::Off), row(true, false, Rom::Auto)), (SHARED_RAM, SHARED_RAM));
}

#[test]
fn b3_private_rom() {
    assert_eq!((row(false, true, Rom::On), row(false, true, Rom::Auto)), (PRIVATE_ROM, PRIVATE_ROM));
}

#[test]
fn b4_shared_rom() {
    assert_eq!((row(true, true, Rom::On), row(true, true, Rom::Auto)), (SHARED_ROM, SHARED_ROM));
}

#[test]
fn b5_ram_from_a_template() {
    assert_eq!(row(false, true, Rom::Off), TEMPLATE);
}

#[test]
fn b6_writable_memory_cannot_be_shared_with_a_file_opened_for_reading() {
    assert_eq!(refused(true, true, Rom::Off), ["shared-read-only-ram"]);
}

#[test]
fn b7_rom_needs_a_file_opened_for_reading() {
    assert_eq!(
        (refused(true, false, Rom::On), refused(false, false, Rom::On)),
        (vec!["rom-needs-readonly"], vec!["rom-needs-readonly"])
    );
}

#[test]
fn b8_a_private_mapping_of_a_file_we_may_not_write_suggests_a_template() {
    let mut bench = Bench::with(Host::with(Faults::none().call(Call::Open, Errno::EACCES)));
    let path = bench.file("ram", &zeroes(pages(1)));
    let error = bench.open("ram0", &FileRequest::new(&path, pages(1))).unwrap_err();
    assert_eq!((error.code(), error.is_host()), ("file-not-writable", false));
    assert!(error.help().unwrap().contains("readonly=on,rom=off"), "{error:?}");
}

#[test]
fn b8_check_sees_a_read_only_file_system() {
    let Some(mount) = Mount::new("tmpfs", "size=1m") else { return skip("cannot mount tmpfs") };
    std::fs::write(mount.path("ram"), zeroes(pages(1))).unwrap();
    let done = std::process::Command::new("mount").args(["-o", "remount,ro"]).arg(mount.at.path()).status();
    assert!(done.unwrap().success());
    let bench = Bench::new();
    assert_eq!(bench.faults(&FileRequest::new(mount.path("ram"), pages(1))), ["file-not-writable"]);
    assert_eq!(bench.faults(&FileRequest::new(mount.path("new"), pages(1))), ["folder-not-writable"]);
}

#[test]
fn b9_reading_a_missing_file_does_not_create_it() {
    let bench = Bench::new();
    let mut request = shared(&bench.path("ram"), 0, pages(1));
    request.readonly = true;
    assert_eq!(bench.faults(&request), ["file-not-found"]);
}
