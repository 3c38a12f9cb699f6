//! Regions mapped once more, side by side.

use std::sync::Arc;

use nix::sys::uio::RemoteIoVec;
use nix::unistd::Pid;

use super::*;

const PAGE: u64 = 4096;

fn window(bench: &mut Bench, name: &str, offset: u64, pages: u64, share: bool) -> Arc<Region> {
    let mut request = FileRequest::new(bench.path(name), pages * PAGE);
    request.offset = offset;
    request.memory.share = share;
    Arc::new(bench.region(&request))
}

/// The byte at an address of this process, unless nobody can read it.
fn byte(at: usize) -> Result<u8, Errno> {
    let mut byte = [0];
    let remote = [RemoteIoVec { base: at, len: 1 }];
    let mut local = [std::io::IoSliceMut::new(&mut byte)];
    nix::sys::uio::process_vm_readv(Pid::this(), &mut local, &remote)?;
    Ok(byte[0])
}

fn address(reservation: &Reservation, at: u64) -> usize {
    reservation.address() + usize::try_from(at).unwrap()
}

#[test]
fn a_reservation_shows_the_same_bytes_as_the_regions() {
    let mut bench = Bench::new();
    let second = window(&mut bench, "ram", 3 * PAGE, 2, true);
    let first = window(&mut bench, "other", PAGE, 1, true);
    first.write(5, b"a").unwrap();
    second.write(PAGE, b"b").unwrap();

    let both = Reservation::map(&bench.host, PAGE, vec![(0, first), (PAGE, Arc::clone(&second))]).unwrap();

    assert_eq!(byte(address(&both, 5)), Ok(b'a'));
    assert_eq!(byte(address(&both, 2 * PAGE)), Ok(b'b'));
    second.write(PAGE, b"c").unwrap();
    assert_eq!(byte(address(&both, 2 * PAGE)), Ok(b'c'));
}

#[test]
fn nobody_reads_beyond_the_ends_or_in_a_gap() {
    let mut bench = Bench::new();
    let (first, second) = (window(&mut bench, "a", 0, 1, true), window(&mut bench, "b", 0, 1, true));

    let both = Reservation::map(&bench.host, PAGE, vec![(0, first), (2 * PAGE, second)]).unwrap();

    assert_eq!(both.len(), 3 * PAGE);
    assert_eq!(byte(both.address() - 1), Err(Errno::EFAULT));
    assert_eq!(byte(address(&both, PAGE)), Err(Errno::EFAULT));
    assert_eq!(byte(address(&both, 2 * PAGE - 1)), Err(Errno::EFAULT));
    assert_eq!(byte(address(&both, 2 * PAGE)), Ok(0));
    assert_eq!(byte(address(&both, 3 * PAGE)), Err(Errno::EFAULT));
}

#[test]
fn a_reservation_starts_at_a_multiple_of_its_alignment() {
    let mut bench = Bench::new();
    let region = window(&mut bench, "a", 0, 1, true);

    let reserved = Reservation::map(&bench.host, 1 << 30, vec![(0, region)]).unwrap();

    assert_eq!(reserved.address() % (1 << 30), 0);
}

#[test]
fn regions_outlive_their_reservation() {
    let mut bench = Bench::new();
    let region = window(&mut bench, "a", PAGE, 1, true);
    region.write(0, b"a").unwrap();

    drop(Reservation::map(&bench.host, PAGE, vec![(0, Arc::clone(&region))]).unwrap());

    let mut read = [0];
    region.read(0, &mut read).unwrap();
    assert_eq!(read, *b"a");
}

#[test]
fn private_memory_cannot_be_reserved() {
    let mut bench = Bench::new();
    let region = window(&mut bench, "a", 0, 1, false);

    let refused = Reservation::map(&bench.host, PAGE, vec![(0, region)]).unwrap_err();

    assert_eq!(refused.code(), "not-shared");
    assert_eq!(refused.help().as_deref(), Some("use share=on"));
}

#[test]
fn read_only_memory_is_reserved_read_only() {
    let mut bench = Bench::new();
    let path = bench.file("rom", &[7; 4096]);
    let mut request = FileRequest::new(&path, PAGE);
    request.readonly = true;
    let region = Arc::new(bench.region(&request));

    let reserved = Reservation::map(&bench.host, PAGE, vec![(0, region)]).unwrap();

    let remote = [RemoteIoVec { base: reserved.address(), len: 1 }];
    let written = nix::sys::uio::process_vm_writev(Pid::this(), &[std::io::IoSlice::new(b"x")], &remote);
    assert_eq!(written, Err(Errno::EFAULT));
    assert_eq!(byte(reserved.address()), Ok(7));
}

#[test]
fn places_that_overlap_or_split_pages_are_refused() {
    let mut bench = Bench::new();
    let (first, second) = (window(&mut bench, "a", 0, 2, true), window(&mut bench, "b", 0, 1, true));
    let refusal = |at| {
        let members = vec![(0, Arc::clone(&first)), (at, Arc::clone(&second))];
        match Reservation::map(&bench.host, PAGE, members).unwrap_err() {
            MemoryError::Misplaced { why, .. } => why,
            other => panic!("{other}"),
        }
    };

    assert_eq!(refusal(PAGE), Misplacement::Overlapping(2 * PAGE));
    assert!(matches!(refusal(2 * PAGE + 1), Misplacement::Misaligned(_)));
    assert_eq!(refusal(u64::MAX - PAGE + 1), Misplacement::Beyond);
}

#[test]
fn every_call_that_is_refused_is_told() {
    let mut bench = Bench::new();
    let (first, second) = (window(&mut bench, "a", 0, 1, true), window(&mut bench, "b", 0, 1, true));
    second.set_dump(false).unwrap();
    let members = || vec![(0, Arc::clone(&first)), (PAGE, Arc::clone(&second))];
    let counting = Host::with(Faults::none());
    Reservation::map(&counting, PAGE, members()).unwrap();
    let calls = counting.calls();

    let refused: Vec<_> = (0..calls)
        .map(|nth| Reservation::map(&Host::with(Faults::none().nth(nth, Errno::ENOMEM)), PAGE, members()))
        .filter_map(|outcome| match outcome {
            Err(MemoryError::Host { call, errno: Errno::ENOMEM, .. }) => Some(call),
            _ => None,
        })
        .collect();

    assert_eq!(refused, [Call::PageSize, Call::Reserve, Call::Map, Call::Map, Call::Advise]);
}

const HUGE: u64 = 2 << 20;

#[test]
fn huge_pages_of_a_file_stand_beside_small_ones_at_multiples_of_their_size() {
    let Some(mount) = Mount::new("hugetlbfs", "pagesize=2M") else { return skip("cannot mount hugetlbfs") };
    let Some(_pool) = HugePages::exactly(3) else { return skip("cannot reserve three huge pages") };
    let mut bench = Bench::new();
    let large = Arc::new(bench.region(&shared(&mount.path("ram"), HUGE, 2 * HUGE)));
    let small = window(&mut bench, "small", PAGE, 1, true);
    large.write(HUGE + 5, b"a").unwrap();
    small.write(0, b"b").unwrap();

    let members = vec![(0, Arc::clone(&small)), (HUGE, Arc::clone(&large)), (3 * HUGE, small)];
    let reserved = Reservation::map(&bench.host, PAGE, members).unwrap();

    assert_eq!(reserved.address() % usize::try_from(HUGE).unwrap(), 0);
    let at = |place| byte(address(&reserved, place));
    assert_eq!([at(0), at(HUGE), at(2 * HUGE + 5), at(3 * HUGE)], [Ok(b'b'), Ok(0), Ok(b'a'), Ok(b'b')]);
    let nobodys = [at(PAGE), at(HUGE - 1), at(3 * HUGE + PAGE), byte(reserved.address() - 1)];
    assert_eq!(nobodys, [Err(Errno::EFAULT); 4]);
    // All of it goes again: the pool is whole once the file has gone too.
    drop(reserved);
    drop(large);
    bench.roll_back();
    assert_eq!(HugePages::number("free_hugepages"), Some(3));
}

#[test]
fn huge_pages_side_by_side_have_a_guard_at_each_end_only() {
    let Some(_pool) = HugePages::exactly(3) else { return skip("cannot reserve three huge pages") };
    let kind = AnonymousKind::Memfd { huge: true, huge_size: Some(HUGE), seal: true };
    let memory = |pages| {
        let request = AnonymousRequest::shared(kind, pages * HUGE);
        Arc::new(create_anonymous(&Host::real(), &request).unwrap().region)
    };
    let (first, second) = (memory(1), memory(2));
    second.write(0, b"x").unwrap();

    let both = Reservation::map(&Host::real(), PAGE, vec![(0, first), (HUGE, second)]).unwrap();

    let at = |place| byte(address(&both, place));
    assert_eq!([at(0), at(HUGE - 1), at(HUGE), at(3 * HUGE - 1)], [Ok(0), Ok(0), Ok(b'x'), Ok(0)]);
    assert_eq!([byte(both.address() - 1), at(3 * HUGE)], [Err(Errno::EFAULT); 2]);
}

#[test]
fn a_huge_page_at_a_place_that_is_none_of_its_own_is_refused_with_its_size() {
    let Some(_pool) = HugePages::exactly(1) else { return skip("cannot reserve a huge page") };
    let kind = AnonymousKind::Memfd { huge: true, huge_size: Some(HUGE), seal: true };
    let region = create_anonymous(&Host::real(), &AnonymousRequest::shared(kind, HUGE)).unwrap().region;

    let refused = Reservation::map(&Host::real(), HUGE, vec![(PAGE, Arc::new(region))]).unwrap_err();

    let told = "memory cannot be at 4096 of a reservation: that is not a multiple of the huge page size of 2097152 bytes (2 MiB)";
    assert_eq!((refused.code(), refused.to_string().as_str()), ("reservation-misplaced", told));
}
