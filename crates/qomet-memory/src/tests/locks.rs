//! Locks against other processes. A second description of a file is as strange to the kernel as another process.

use std::fs::File;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::*;

/// What somebody else has locked, as long as it lives.
struct Stranger(File);

impl Stranger {
    /// A lock of a description, for writing or reading.
    fn locks(path: &Path, range: std::ops::Range<u64>, kind: i32) -> Result<Self, Errno> {
        let file = File::options().read(true).write(true).open(path).unwrap();
        fcntl(&file, FcntlArg::F_OFD_SETLK(&Self::flock(range, kind)))?;
        Ok(Self(file))
    }

    fn flock(range: std::ops::Range<u64>, kind: i32) -> libc::flock {
        libc::flock {
            l_type: kind.try_into().unwrap(),
            l_whence: 0,
            l_start: range.start.try_into().unwrap(),
            l_len: (range.end - range.start).try_into().unwrap(),
            l_pid: 0,
        }
    }
}

/// Whether a stranger could lock a range now.
fn could_lock(path: &Path, range: std::ops::Range<u64>, kind: i32) -> bool {
    Stranger::locks(path, range, kind).is_ok()
}

fn locked(path: &Path, offset: u64, size: u64) -> FileRequest {
    FileRequest { lock: Lock::On, ..shared(path, offset, size) }
}

fn codes(opened: &Opened) -> Vec<&'static str> {
    opened.warnings.iter().map(MemoryWarning::code).collect()
}

#[test]
fn a_locked_window_is_locked_for_writing_as_long_as_it_lives_and_nothing_beside_it() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&locked(&path, pages(1), pages(2)));

    assert!(!could_lock(&path, pages(1)..pages(1) + 1, libc::F_RDLCK));
    assert!(!could_lock(&path, pages(3) - 1..pages(3), libc::F_RDLCK));
    assert!(could_lock(&path, 0..pages(1), libc::F_WRLCK));
    assert!(could_lock(&path, pages(3)..pages(9), libc::F_WRLCK));
    drop(region);
    assert!(could_lock(&path, 0..pages(9), libc::F_WRLCK));
}

#[test]
fn memory_that_does_not_write_the_file_locks_it_for_reading() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(1)));
    let _private = bench.region(&FileRequest { lock: Lock::On, ..FileRequest::new(&path, pages(1)) });
    assert!(could_lock(&path, 0..pages(1), libc::F_RDLCK));
    assert!(!could_lock(&path, 0..pages(1), libc::F_WRLCK));
}

#[test]
fn a_window_that_somebody_else_has_locked_is_refused_with_both_ranges_and_leaves_nothing() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(4)));
    let stranger = Stranger::locks(&path, 0..pages(2), libc::F_WRLCK).unwrap();

    let refused = bench.open("ram0", &locked(&path, pages(1), pages(2))).unwrap_err();

    let expected = format!(
        "bytes 4K to 12K of 'ram0' in '{}' cannot be locked: another process has bytes 0 to 8K locked for writing",
        path.display()
    );
    assert_eq!((refused.to_string(), refused.property()), (expected, Some("x-lock")));
    assert_eq!(bench.ledger.remembered(), 0);
    drop(stranger);
    bench.open("ram0", &locked(&path, pages(1), pages(2))).unwrap();
}

#[test]
fn a_refused_lock_gives_back_the_part_that_it_had() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(4)));
    let _own = bench.region(&locked(&path, pages(1), pages(1)));
    let _stranger = Stranger::locks(&path, pages(3)..pages(4), libc::F_WRLCK).unwrap();

    bench.open("ram1", &locked(&path, 0, pages(4))).unwrap_err();

    assert!(could_lock(&path, 0..pages(1), libc::F_WRLCK));
    assert!(!could_lock(&path, pages(1)..pages(2), libc::F_WRLCK));
    assert!(could_lock(&path, pages(2)..pages(3), libc::F_WRLCK));
}

#[test]
fn by_default_others_who_hold_the_bytes_are_told_of_and_not_disturbed() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(4)));
    let stranger = Stranger::locks(&path, 100..101, libc::F_RDLCK).unwrap();

    let opened = bench.open("ram0", &shared(&path, 0, pages(4))).unwrap();

    let MemoryWarning::FileRangeLocked { owner, own, other, .. } = &opened.warnings[0] else { panic!() };
    assert_eq!(
        (owner.as_str(), own, &other.range, other.write),
        ("ram0", &(0..pages(4)), &(100..101), false)
    );
    let again = fcntl(&stranger.0, FcntlArg::F_OFD_SETLK(&Stranger::flock(0..pages(4), libc::F_WRLCK)));
    assert!(again.is_ok());
}

#[test]
fn by_default_two_models_that_write_the_same_bytes_notice_each_other() {
    let (mut one, mut other) = (Bench::new(), Bench::new());
    let path = one.file("ram", &zeroes(pages(4)));
    let first = one.open("ram0", &shared(&path, 0, pages(2))).unwrap();

    let overlapping = other.open("ram0", &shared(&path, pages(1), pages(2))).unwrap();
    let beside = other.open("ram1", &shared(&path, pages(3), pages(1))).unwrap();

    let told = [&first, &overlapping, &beside].map(codes);
    assert_eq!(told, [vec![], vec!["file-range-locked"], vec![]]);
    drop(overlapping);
    drop(first);
    assert_eq!(codes(&other.open("ram0", &shared(&path, 0, pages(2))).unwrap()), [] as [&str; 0]);
}

#[test]
fn what_a_window_could_not_have_is_not_taken_for_had_by_the_next_one_there() {
    let (mut one, mut other) = (Bench::new(), Bench::new());
    let path = one.file("ram", &zeroes(pages(4)));
    let first = one.open("a", &shared(&path, 0, pages(2))).unwrap();
    let quiet = other.open("b", &shared(&path, 0, pages(2))).unwrap();

    let warned = other.open("c", &shared(&path, 0, pages(1))).unwrap();
    let refused = other.open("d", &locked(&path, 0, pages(2))).unwrap_err();

    assert_eq!([codes(&quiet), codes(&warned)], [["file-range-locked"]; 2]);
    assert_eq!(refused.code(), "file-lock-conflict");
    drop(first);
    other.open("d", &locked(&path, 0, pages(2))).unwrap();
}

#[test]
fn a_reader_is_not_refused_for_what_only_a_writer_beside_it_could_not_have() {
    let (mut one, mut other) = (Bench::new(), Bench::new());
    let path = one.file("ram", &zeroes(pages(2)));
    let reading = FileRequest { readonly: true, ..shared(&path, 0, pages(1)) };
    let _reader = one.open("a", &reading).unwrap();
    let writer = other.open("b", &shared(&path, 0, pages(1))).unwrap();
    assert_eq!(codes(&writer), ["file-range-locked"]);

    let opened = other.open("c", &FileRequest { lock: Lock::On, ..reading }).unwrap();

    assert_eq!(codes(&opened), [] as [&str; 0]);
    assert!(!could_lock(&path, 0..pages(1), libc::F_WRLCK));
}

#[test]
fn a_lock_that_was_asked_for_is_in_the_way_of_those_who_asked_for_nothing_and_the_other_way_round() {
    let (mut one, mut other) = (Bench::new(), Bench::new());
    let path = one.file("ram", &zeroes(pages(4)));
    let asked = one.open("a", &locked(&path, 0, pages(2))).unwrap();
    let quiet = other.open("b", &shared(&path, pages(2), pages(2))).unwrap();

    assert_eq!(codes(&other.open("c", &shared(&path, 0, pages(1))).unwrap()), ["file-range-locked"]);
    assert_eq!(one.open("d", &locked(&path, pages(3), pages(1))).unwrap_err().code(), "file-lock-conflict");
    drop((asked, quiet));
}

#[test]
fn readers_are_not_in_each_other_s_way() {
    let (mut one, mut other) = (Bench::new(), Bench::new());
    let path = one.file("template", &zeroes(pages(1)));
    let request = FileRequest { lock: Lock::On, ..FileRequest::new(&path, pages(1)) };
    let _first = one.region(&request);
    assert_eq!(codes(&other.open("ram0", &request).unwrap()), [] as [&str; 0]);
}

#[test]
fn windows_of_one_model_are_not_in_each_other_s_way_and_lock_until_the_last_is_gone() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(4)));
    let wide = bench.open("a", &locked(&path, 0, pages(4))).unwrap();
    let narrow = bench.open("b", &locked(&path, pages(1), pages(2))).unwrap();
    assert_eq!((codes(&wide), codes(&narrow)), (vec![], vec![]));

    drop(wide);

    assert!(could_lock(&path, 0..pages(1), libc::F_WRLCK));
    assert!(!could_lock(&path, pages(1)..pages(1) + 1, libc::F_RDLCK));
    assert!(!could_lock(&path, pages(3) - 1..pages(3), libc::F_RDLCK));
    assert!(could_lock(&path, pages(3)..pages(4), libc::F_WRLCK));
    drop(narrow);
    assert!(could_lock(&path, 0..pages(4), libc::F_WRLCK));
}

#[test]
fn a_reader_that_came_first_stays_locked_beside_a_writer_and_after_it() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(4)));
    let mut reader = locked(&path, 0, pages(2));
    reader.readonly = true;
    let reader = bench.open("a", &reader).unwrap();
    let writer = bench.open("b", &locked(&path, pages(1), pages(3))).unwrap();

    assert!(could_lock(&path, 0..pages(1), libc::F_RDLCK));
    assert!(!could_lock(&path, 0..pages(1), libc::F_WRLCK));
    assert!(!could_lock(&path, pages(1)..pages(2), libc::F_RDLCK));
    drop(writer);
    assert!(could_lock(&path, 0..pages(4), libc::F_RDLCK));
    assert!(!could_lock(&path, pages(1)..pages(2), libc::F_WRLCK));
    assert!(could_lock(&path, pages(2)..pages(4), libc::F_WRLCK));
    drop(reader);
    assert!(could_lock(&path, 0..pages(4), libc::F_WRLCK));
}

#[test]
fn a_reader_that_comes_later_does_not_weaken_the_lock_of_a_writer() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    let _writer = bench.open("a", &locked(&path, 0, pages(2))).unwrap();
    let mut reader = locked(&path, pages(1), pages(1));
    reader.readonly = true;
    let _reader = bench.open("b", &reader).unwrap();
    assert!(!could_lock(&path, pages(1)..pages(2), libc::F_RDLCK));
}

#[test]
fn switched_off_nothing_is_locked_and_nobody_looked_for() {
    let mut bench = Bench::with(Host::with(Faults::none().call(Call::Lock, Errno::EIO)));
    let mut other = Bench::new();
    let path = bench.file("ram", &zeroes(pages(1)));
    let _stranger = Stranger::locks(&path, 0..pages(1), libc::F_WRLCK).unwrap();
    let off = bench.open("a", &FileRequest { lock: Lock::Off, ..shared(&path, 0, pages(1)) }).unwrap();
    drop(_stranger);
    assert_eq!(codes(&off), [] as [&str; 0]);
    assert_eq!(codes(&other.open("b", &locked(&path, 0, pages(1))).unwrap()), [] as [&str; 0]);
}

#[test]
fn a_file_system_that_refuses_locks_is_told_to_whoever_asked_for_one() {
    let refusing = || Bench::with(Host::with(Faults::none().call(Call::Lock, Errno::ENOLCK)));
    let (mut bench, mut silent) = (refusing(), refusing());
    let opened = bench.open("a", &locked(&bench.path("ram"), 0, pages(1))).unwrap();
    let expected = "x-lock=on has no effect on a file system that refuses locks";
    assert_eq!(opened.warnings[0].to_string(), expected);
    assert_eq!(codes(&silent.open("a", &shared(&silent.path("ram"), 0, pages(1))).unwrap()), [] as [&str; 0]);
}

#[test]
fn a_descriptor_that_was_handed_on_does_not_keep_the_lock_of_memory_that_went() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&locked(&path, 0, pages(1)));
    let _device = region.file().unwrap().try_clone().unwrap();
    assert!(!could_lock(&path, 0..pages(1), libc::F_RDLCK));
    drop(region);
    assert!(could_lock(&path, 0..pages(1), libc::F_WRLCK));
}
