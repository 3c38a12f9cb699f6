//! The same memory in the form of vm-memory.

use vm_memory::bitmap::{AtomicBitmap, Bitmap};
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryRegion};

use super::*;
use crate::guest_memory_mmap;

fn windows() -> [(u64, Window); 3] {
    [
        (0, Window::of("low", "ram", 3 * PAGE, 2 * PAGE)),
        (2 * PAGE, Window::of("next", "ram", PAGE, PAGE)),
        (1 << 32, Window::memory("high", PAGE, false)),
    ]
}

#[test]
fn what_vm_memory_writes_is_in_the_file_at_the_offset() {
    let bench = Bench::new();
    let memory = bench.memory(&windows());
    let theirs = guest_memory_mmap(&memory, |_| ()).unwrap();

    theirs.write_slice(b"border", GuestAddress(2 * PAGE - 3)).unwrap();

    let file = bench.path("ram");
    assert_eq!(bytes_at(&file, 5 * PAGE - 3, 3), b"bor");
    assert_eq!(bytes_at(&file, PAGE, 3), b"der");
}

#[test]
fn regions_tell_their_file_and_offset() {
    let bench = Bench::new();
    let memory = bench.memory(&windows());
    let theirs = guest_memory_mmap(&memory, |_| ()).unwrap();

    let offsets: Vec<_> =
        theirs.iter().map(|region| region.file_offset().map(|offset| offset.start())).collect();

    assert_eq!(offsets, [Some(3 * PAGE), Some(PAGE), None]);
}

#[test]
fn nothing_is_copied_and_nothing_is_mapped_again() {
    let bench = Bench::new();
    let memory = bench.memory(&windows());
    let theirs = guest_memory_mmap(&memory, |_| ()).unwrap();

    let host = theirs.get_host_address(GuestAddress(1 << 32)).unwrap();

    let user = usize::try_from(memory.user_address(1 << 32).unwrap()).unwrap();
    assert_eq!(host.addr(), user);
    memory.write(1 << 32, b"private").unwrap();
    let mut read = [0; 7];
    theirs.read_slice(&mut read, GuestAddress(1 << 32)).unwrap();
    assert_eq!(&read, b"private");
}

#[test]
fn memory_side_by_side_is_where_the_others_know_it() {
    let bench = Bench::new();
    let members = bench.members(&[(0, Window::of("low", "ram", PAGE, PAGE))]);
    let memory = GuestMemory::side_by_side(&qomet_memory::Host::real(), members).unwrap();
    let theirs = guest_memory_mmap(&memory, |_| ()).unwrap();

    let host = theirs.get_host_address(GuestAddress(8)).unwrap();

    assert_eq!(host.addr(), usize::try_from(memory.user_address(8).unwrap()).unwrap());
}

#[test]
fn a_clone_of_one_region_keeps_all_memory_mapped_and_in_use() {
    let bench = Bench::new();
    let memory = bench.memory(&windows());
    let theirs = guest_memory_mmap(&memory, |_| ()).unwrap();
    let mapping = theirs.find_region(GuestAddress(1 << 32)).unwrap().get_mmap();

    drop((memory, theirs));

    let high = bench.model.object("high").unwrap();
    assert_eq!(bench.model.delete(&high).unwrap_err().code(), "in-use");
    drop(mapping);
    bench.model.delete(&high).unwrap();
}

#[test]
fn read_only_memory_is_left_out() {
    let bench = Bench::new();
    std::fs::write(bench.path("rom"), [0; 4096]).unwrap();
    let rom = Window { readonly: true, ..Window::of("rom", "rom", 0, PAGE) };
    let memory = bench.memory(&[(0, rom), (PAGE, Window::of("ram", "ram", PAGE, PAGE))]);

    let theirs = guest_memory_mmap(&memory, |_| ()).unwrap();

    assert!(theirs.write_slice(b"x", GuestAddress(0)).is_err());
    theirs.write_slice(b"x", GuestAddress(PAGE)).unwrap();
}

#[test]
fn a_bitmap_notes_what_was_written() {
    let bench = Bench::new();
    let memory = bench.memory(&windows());
    let page = std::num::NonZeroUsize::new(4096).unwrap();
    let theirs = guest_memory_mmap(&memory, |size| AtomicBitmap::new(size, page)).unwrap();

    theirs.write_slice(b"x", GuestAddress(PAGE)).unwrap();

    let region = theirs.find_region(GuestAddress(0)).unwrap();
    assert!(region.bitmap().dirty_at(4096));
    assert!(!region.bitmap().dirty_at(0));
}
