//! Section C: huge pages of memory that is made present, where it is placed for them, and what must not change by them.

use std::os::unix::fs::{FileExt, MetadataExt};

use super::memory::{anonymous, bytes_of, resident};
use super::*;

const MIB: u64 = 1 << 20;
const HUGE: u64 = 2 * MIB;
const MEMFD: AnonymousKind = AnonymousKind::Memfd { huge: false, huge_size: None, seal: true };

/// What the kernel's setting of this name came to: the word in brackets.
fn setting(name: &str) -> String {
    let path = format!("/sys/kernel/mm/transparent_hugepage/{name}");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split(['[', ']']).nth(1).unwrap_or("no transparent huge pages").to_owned()
}

/// Whether this kernel makes huge pages of files that are their pages; they are 2 MiB in a test's eyes.
fn collapses() -> bool {
    let size = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
    let fits = size.is_ok_and(|size| size.trim() == HUGE.to_string());
    // MADV_COLLAPSE is of Linux 6.1.
    let release = nix::sys::utsname::uname().unwrap().release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    fits && version >= (6, 1) && setting("shmem_enabled") != "deny"
}

fn memfd(host: &Host, size: u64) -> Region {
    create_anonymous(host, &AnonymousRequest::shared(MEMFD, size)).unwrap().region
}

#[test]
fn c09_shared_memory_is_populated_in_huge_pages_and_the_rest_in_small_ones() {
    if !collapses() {
        return skip("the kernel makes no huge pages of shared memory");
    }
    let region = memfd(&Host::real(), 4 * HUGE + pages(3));
    region.populate(1, &unwatched).unwrap();
    assert_eq!(bytes_of(&region, "ShmemPmdMapped:"), 4 * HUGE);
    assert_eq!(resident(&region), 4 * HUGE + pages(3));
}

#[test]
fn c09_a_window_of_tmpfs_is_where_huge_pages_fit_and_takes_no_more_of_the_file() {
    let Some(mount) = Mount::new("tmpfs", "size=64m") else { return skip("cannot mount tmpfs") };
    let (path, offset, size) = (mount.path("ram"), MIB + pages(1), 8 * MIB);
    let mut bench = Bench::new();
    std::fs::write(&path, []).unwrap();
    let region = bench.region(&shared(&path, offset, size));
    assert_eq!(u64::try_from(region.address()).unwrap() % HUGE, offset % HUGE);
    region.populate(2, &unwatched).unwrap();
    assert_eq!((resident(&region), std::fs::metadata(&path).unwrap().blocks() * 512), (size, size));
    if !collapses() {
        return skip("the kernel makes no huge pages of shared memory");
    }
    assert_eq!(bytes_of(&region, "ShmemPmdMapped:"), 3 * HUGE);
}

#[test]
fn c09_contents_of_a_file_survive_that_its_pages_become_huge() {
    let Some(mount) = Mount::new("tmpfs", "size=64m") else { return skip("cannot mount tmpfs") };
    let path = mount.path("ram");
    let file = std::fs::File::create_new(&path).unwrap();
    file.set_len(4 * HUGE).unwrap();
    let places = [0, HUGE - 1, HUGE + pages(7), 4 * HUGE - 1];
    places.iter().for_each(|at| file.write_all_at(b"x", *at).unwrap());
    let region = Bench::new().region(&shared(&path, 0, 4 * HUGE));
    region.populate(1, &unwatched).unwrap();
    let mut bytes = zeroes(4 * HUGE);
    region.read(0, &mut bytes).unwrap();
    let found: Vec<u64> = (0..).zip(&bytes).filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
    assert_eq!(found, places);
}

#[test]
fn c09_memory_whose_huge_pages_are_refused_is_populated_in_small_ones() {
    for errno in [Errno::EINVAL, Errno::EBUSY, Errno::ENOMEM, Errno::EAGAIN] {
        let host = Host::with(Faults::none().call(Call::Collapse, errno));
        let region = memfd(&host, 4 * HUGE);
        region.populate(1, &unwatched).unwrap();
        assert_eq!(resident(&region), 4 * HUGE);
    }
}

#[test]
fn c09_huge_pages_that_do_not_fit_on_a_full_file_system_are_no_error_but_a_page_is() {
    let Some(mount) = Mount::new("tmpfs", "size=5m") else { return skip("cannot mount tmpfs") };
    let path = mount.path("ram");
    let mut bench = Bench::new();
    bench.region(&shared(&path, 0, 5 * MIB)).populate(1, &unwatched).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().blocks() * 512, 5 * MIB);
    let error = bench.region(&shared(&path, 0, 6 * MIB)).populate(1, &unwatched).unwrap_err();
    let subject = format!("'{}'", path.display());
    assert_eq!(error, MemoryError::Populate { subject, offset: 5 * MIB, errno: Errno::ENOSPC });
}

#[test]
fn c09_anonymous_memory_is_populated_in_huge_pages() {
    if !matches!(setting("enabled").as_str(), "madvise" | "always") {
        return skip("the kernel makes no huge pages of anonymous memory");
    }
    let region = anonymous(8 * HUGE, false);
    region.populate(1, &unwatched).unwrap();
    assert_eq!(resident(&region), 8 * HUGE);
    assert!(bytes_of(&region, "AnonHugePages:") > 0);
}

#[test]
fn c09_the_file_of_a_private_window_stays_as_it_is() {
    let Some(mount) = Mount::new("tmpfs", "size=64m") else { return skip("cannot mount tmpfs") };
    let path = mount.path("ram");
    std::fs::File::create_new(&path).unwrap().set_len(2 * HUGE).unwrap();
    let region = Bench::new().region(&FileRequest::new(&path, 2 * HUGE));
    region.populate(1, &unwatched).unwrap();
    region.write(HUGE, b"x").unwrap();
    let mut byte = [0];
    std::fs::File::open(&path).unwrap().read_exact_at(&mut byte, HUGE).unwrap();
    assert_eq!((resident(&region), byte), (2 * HUGE, [0]));
}

#[test]
fn d06_a_part_of_a_huge_page_is_given_back() {
    let region = memfd(&Host::real(), 2 * HUGE);
    region.populate(1, &unwatched).unwrap();
    region.write(HUGE + pages(1), &[b'x'; 1]).unwrap();
    region.write(HUGE + pages(2), &[b'y'; 1]).unwrap();
    region.discard(HUGE + pages(1), pages(1)).unwrap();
    assert_eq!([byte(&region, HUGE + pages(1)), byte(&region, HUGE + pages(2))], [0, b'y']);
}

#[test]
fn a20_an_alignment_that_was_asked_for_counts_more_than_huge_pages() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let residues = [pages(1), HUGE, 2 * HUGE].map(|align| {
        let mut request = shared(&path, pages(1), 2 * HUGE);
        request.align = Some(align);
        let region = bench.region(&request);
        u64::try_from(region.address()).unwrap() % align.max(HUGE)
    });
    assert_eq!(residues, [pages(1), 0, 0]);
}

#[test]
fn c14_a_step_ends_between_two_huge_pages() {
    let Some(mount) = Mount::new("tmpfs", "size=64m") else { return skip("cannot mount tmpfs") };
    let path = mount.path("ram");
    let offset = MIB;
    let region = Bench::new().region(&shared(&path, offset, 8 * HUGE));
    let steps = parking_lot::Mutex::new(Vec::new());
    let watcher = |bytes| {
        steps.lock().push(bytes);
        ControlFlow::Continue(())
    };
    region.populate(1, &watcher).unwrap();
    let mut steps = steps.into_inner();
    assert_eq!((steps.iter().sum::<u64>(), steps.pop().unwrap() % HUGE), (8 * HUGE, MIB));
    let mut end = offset;
    for step in steps {
        end += step;
        assert_eq!(end % HUGE, 0);
    }
}

#[test]
fn c14_a_cancelled_half_of_a_file_keeps_its_place_in_the_journal() {
    let Some(mount) = Mount::new("tmpfs", "size=64m") else { return skip("cannot mount tmpfs") };
    let path = mount.path("ram");
    let mut bench = Bench::new();
    let region = bench.region(&shared(&path, 0, 16 * HUGE));
    let error = region.populate(1, &|_| ControlFlow::Break(())).unwrap_err();
    drop(region);
    bench.roll_back();
    assert_eq!((error.code(), listing(mount.at.path())), ("populate-cancelled", vec![]));
}
