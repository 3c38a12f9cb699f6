//! A25: files that somebody opened and passed.

use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::*;

/// A memfd of this length with these seals.
fn memory(length: u64, seals: SealFlag) -> File {
    let file = File::from(memfd_create("test", MFdFlags::MFD_ALLOW_SEALING).unwrap());
    file.set_len(length).unwrap();
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals)).unwrap();
    file
}

/// A shared window of a passed file, by a path at which there is nothing.
fn window(file: impl Into<OwnedFd>, offset: u64, size: u64) -> FileRequest {
    let mut request = shared(Path::new("/dev/fdset/7"), offset, size);
    request.passed = Some(Passed(Arc::new(file.into())));
    request
}

#[test]
fn a25_writes_reach_the_file_that_was_passed_at_its_offset() {
    let mut bench = Bench::new();
    let file = memory(pages(3), SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW);
    let region = bench.region(&window(file.try_clone().unwrap(), pages(1), pages(2)));
    region.write(0, b"hello").unwrap();
    let mut bytes = [0; 5];
    file.read_exact_at(&mut bytes, page()).unwrap();
    assert_eq!(&bytes, b"hello");
    assert_eq!(region.file_offset(), page());
}

#[test]
fn a25_an_empty_file_that_was_passed_is_grown_and_put_back() {
    let mut bench = Bench::new();
    let file = memory(0, SealFlag::empty());
    let region = bench.region(&window(file.try_clone().unwrap(), pages(1), pages(1)));
    assert_eq!(file.metadata().unwrap().len(), pages(2));
    drop(region);
    bench.roll_back();
    assert_eq!(file.metadata().unwrap().len(), 0);
}

#[test]
fn a25_a_file_that_is_too_short_is_refused() {
    let file = memory(pages(1), SealFlag::empty());
    assert_eq!(Bench::new().faults(&window(file, pages(1), pages(1))), ["file-too-short"]);
}

#[test]
fn a25_seals_that_forbid_what_is_asked_are_refused() {
    let bench = Bench::new();
    let sealed = |length, seal| window(memory(length, seal), 0, pages(1));
    assert_eq!(bench.faults(&sealed(0, SealFlag::F_SEAL_GROW)), ["file-sealed"]);
    assert_eq!(bench.faults(&sealed(pages(1), SealFlag::F_SEAL_WRITE)), ["file-sealed"]);
    assert_eq!(bench.faults(&sealed(pages(1), SealFlag::F_SEAL_FUTURE_WRITE)), ["file-sealed"]);
}

#[test]
fn a25_seals_against_writing_are_fine_where_no_write_reaches_the_file() {
    let mut bench = Bench::new();
    let mut request = window(memory(pages(1), SealFlag::F_SEAL_WRITE), 0, pages(1));
    request.memory.share = false;
    bench.region(&request).write(0, b"x").unwrap();
    request.memory.share = true;
    request.readonly = true;
    assert_eq!(byte(&bench.region(&request), 0), 0);
}

#[test]
fn a25_what_the_descriptor_cannot_do_is_refused_whoever_we_are() {
    let bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(1)));
    let reads = || File::open(&path).unwrap();
    assert_eq!(bench.faults(&window(reads(), 0, pages(1))), ["file-not-writable"]);
    let mut template = window(reads(), 0, pages(1));
    (template.memory.share, template.readonly) = (false, true);
    assert_eq!(bench.faults(&template), [""; 0]);
    let writes = OpenOptions::new().write(true).open(&path).unwrap();
    assert_eq!(bench.faults(&window(writes, 0, pages(1))), ["file-not-readable"]);
}

#[test]
fn a25_what_cannot_be_mapped_is_refused() {
    let bench = Bench::new();
    let (reader, _writer) = std::io::pipe().unwrap();
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    assert_eq!(bench.faults(&window(reader, 0, pages(1))), ["wrong-file-kind"]);
    assert_eq!(bench.faults(&window(socket, 0, pages(1))), ["wrong-file-kind"]);
    assert_eq!(bench.faults(&window(File::open("/").unwrap(), 0, pages(1))), ["wrong-file-kind"]);
}

#[test]
fn a21_a_file_is_the_same_by_path_and_by_descriptor() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    let _held = bench.region(&shared(&path, 0, pages(2)));
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    assert_eq!(bench.warnings(&window(file, pages(1), pages(1))), ["file-ranges-overlap"]);
}
