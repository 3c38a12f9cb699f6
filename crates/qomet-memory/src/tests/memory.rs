//! Sections C and D: populate, advice, discard, guards, copies.

use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

pub(super) fn anonymous(size: u64, share: bool) -> Region {
    let mut request = AnonymousRequest::new(size);
    request.memory.share = share;
    create_anonymous(&Host::real(), &request).unwrap().region
}

/// What `/proc/self/smaps` says about the memory, one value of it.
fn smaps(region: &Region, field: &str) -> Option<String> {
    let start = format!("{:08x}-", region.address());
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = smaps.lines().skip_while(|line| !line.starts_with(&start)).skip(1);
    lines.find_map(|line| line.strip_prefix(field).map(|value| value.trim().to_owned()))
}

/// A number of `/proc/self/smaps` in bytes.
pub(super) fn bytes_of(region: &Region, field: &str) -> u64 {
    smaps(region, field).unwrap().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

pub(super) fn resident(region: &Region) -> u64 {
    bytes_of(region, "Rss:")
}

fn is_send_and_sync<T: Send + Sync + 'static>(_: &T) {}

#[test]
fn regions_and_plans_may_be_used_by_many_threads() {
    is_send_and_sync(&anonymous(pages(1), false));
    is_send_and_sync(&FileLedger::new().plan(&Host::real(), []));
    is_send_and_sync(&Vec::<Undo>::new());
    is_send_and_sync(&MemoryError::SizeZero);
}

#[test]
fn c02_prealloc_without_reserve_is_refused() {
    let mut request = AnonymousRequest::new(pages(1));
    request.memory.prealloc = true;
    request.memory.reserve = Some(false);
    let faults = check_anonymous(&Host::real(), &request).faults;
    assert_eq!(faults, [MemoryError::PreallocWithoutReserve]);
}

#[test]
fn c09_populate_makes_every_page_present() {
    let region = anonymous(pages(1000), false);
    assert_eq!(resident(&region), 0);
    region.populate(3, &unwatched).unwrap();
    assert_eq!(resident(&region), pages(1000));
}

#[test]
fn c09_populate_keeps_contents() {
    let mut bench = Bench::new();
    let region = bench.region(&shared(&bench.path("ram"), pages(1), pages(3)));
    region.write(pages(2), b"x").unwrap();
    region.populate(1, &unwatched).unwrap();
    assert_eq!(byte(&region, pages(2)), b'x');
}

#[test]
fn c09_read_only_memory_is_populated_for_reading() {
    let mut bench = Bench::new();
    let mut request = shared(&bench.file("rom", &zeroes(pages(8))), 0, pages(8));
    request.readonly = true;
    let region = bench.region(&request);
    region.populate(2, &unwatched).unwrap();
    assert_eq!(resident(&region), pages(8));
}

#[test]
fn c09_a_kernel_without_populate_is_touched_by_copies() {
    let host = Host::with(Faults::none().call(Call::Populate, Errno::EINVAL));
    let region = create_anonymous(&host, &AnonymousRequest::new(pages(20))).unwrap().region;
    region.write(pages(7), b"x").unwrap();
    region.populate(2, &unwatched).unwrap();
    assert_eq!((resident(&region), byte(&region, pages(7))), (pages(20), b'x'));
}

/// A region of eight pages whose file lost all but three.
fn truncated(bench: &mut Bench) -> Region {
    let path = bench.file("ram", &zeroes(pages(9)));
    let region = bench.region(&shared(&path, pages(1), pages(8)));
    std::fs::File::options().write(true).open(path).unwrap().set_len(pages(4)).unwrap();
    region
}

#[test]
fn c10_a_page_that_is_not_there_is_named_by_its_place_in_the_file() {
    let mut bench = Bench::new();
    let error = truncated(&mut bench).populate(1, &unwatched).unwrap_err();
    assert!(matches!(error, MemoryError::NoPage { offset, .. } if offset == pages(4)), "{error:?}");
}

#[test]
fn c10_so_it_is_where_populate_is_done_by_copies() {
    let mut bench = Bench::with(Host::with(Faults::none().call(Call::Populate, Errno::EINVAL)));
    let error = truncated(&mut bench).populate(1, &unwatched).unwrap_err();
    assert!(matches!(error, MemoryError::NoPage { offset, .. } if offset == pages(4)), "{error:?}");
}

#[test]
fn c11_threads_are_one_per_256_mib_by_default_and_one_per_64_mib_at_most() {
    let host = Host::with(Faults::none().cpus(8));
    let threads = |asked, size_mib: u64| prealloc_threads(&host, asked, size_mib << 20).unwrap();
    assert_eq!(
        [threads(None, 0), threads(None, 255), threads(None, 512), threads(None, 1 << 20)],
        [1, 1, 2, 8]
    );
    assert_eq!(
        [threads(Some(4), 64), threads(Some(4), 128), threads(Some(4), 1024), threads(Some(99), 1 << 20)],
        [1, 2, 4, 8]
    );
    assert_eq!(threads(Some(0), 1024), 1);
}

#[test]
fn c12_settings_without_effect_are_warned_of() {
    let bench = Bench::new();
    let mut request = shared(&bench.path("ram"), 0, pages(1));
    request.memory.merge = Some(true);
    request.memory.reserve = Some(false);
    assert_eq!(bench.warnings(&request), ["no-effect", "no-effect"]);
    request.memory.share = false;
    assert_eq!(bench.warnings(&request), [""; 0]);
}

#[test]
fn c13_a_template_that_is_populated_is_warned_of() {
    let bench = Bench::new();
    let mut request = FileRequest::new(bench.file("ram", &zeroes(pages(1))), pages(1));
    (request.readonly, request.rom, request.memory.prealloc) = (true, Rom::Off, true);
    assert_eq!(bench.warnings(&request), ["template-copied"]);
}

#[test]
fn c14_populating_can_be_cancelled() {
    let region = anonymous(256 << 20, false);
    let steps = AtomicU64::new(0);
    let watcher = |bytes: u64| {
        let done = steps.fetch_add(bytes, Ordering::Relaxed) + bytes;
        assert!(done != bytes || bytes <= 2 << 20, "a long step is a late cancellation");
        if done >= 8 << 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let error = region.populate(1, &watcher).unwrap_err();
    let done = steps.into_inner();
    assert_eq!(error, MemoryError::Cancelled { subject: "memory".to_owned(), done });
    assert_eq!(resident(&region), done);
    assert!(done < 256 << 20);
}

#[test]
fn c14_allocating_can_be_cancelled() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&shared(&path, 0, 64 << 20));
    let calls = AtomicU64::new(0);
    let watcher = |bytes: u64| {
        assert_eq!(bytes, 0);
        if calls.fetch_add(1, Ordering::Relaxed) == 0 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let error = region.allocate(&watcher).unwrap_err();
    assert_eq!((error.code(), calls.into_inner()), ("populate-cancelled", 2));
    assert!(std::fs::metadata(&path).unwrap().blocks() * 512 < 64 << 20);
}

#[test]
fn d06_a_range_of_shared_memory_is_punched_out_of_the_file_at_its_place() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &vec![7; usize::try_from(pages(4)).unwrap()]);
    let region = bench.region(&shared(&path, pages(1), pages(3)));
    region.discard(pages(1), pages(1)).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let firsts: Vec<_> = bytes.chunks(usize::try_from(page()).unwrap()).map(|chunk| chunk[0]).collect();
    assert_eq!((firsts, byte(&region, pages(1))), (vec![7, 7, 0, 7], 0));
}

#[test]
fn d06_a_range_of_private_memory_reads_as_zero_again() {
    let region = anonymous(pages(3), false);
    region.write(0, &vec![7; usize::try_from(pages(3)).unwrap()]).unwrap();
    region.discard(pages(1), pages(1)).unwrap();
    assert_eq!([byte(&region, 0), byte(&region, pages(1)), byte(&region, pages(2))], [7, 0, 7]);
    assert_eq!(resident(&region), pages(2));
}

#[test]
fn d06_shared_anonymous_memory_is_a_memfd_that_is_punched() {
    use std::os::unix::fs::MetadataExt;
    let region = anonymous(pages(2), true);
    region.write(0, &vec![7; usize::try_from(pages(2)).unwrap()]).unwrap();
    region.discard(0, pages(1)).unwrap();
    let file = std::fs::File::from(region.file().unwrap().try_clone().unwrap());
    assert_eq!((file.metadata().unwrap().blocks() * 512, byte(&region, 0)), (pages(1), 0));
}

#[test]
fn d06_a_range_that_is_misaligned_or_outside_is_refused() {
    let region = anonymous(pages(2), false);
    let code = |start, length| region.discard(start, length).unwrap_err().code();
    assert_eq!([code(1, pages(1)), code(0, 100)], ["discard-misaligned"; 2]);
    assert_eq!([code(pages(1), pages(2)), code(u64::MAX, 1)], ["outside-region"; 2]);
    region.discard(pages(2), 0).unwrap();
}

#[test]
fn d07_a_private_file_mapping_is_not_discarded() {
    let mut bench = Bench::new();
    let region = bench.region(&FileRequest::new(bench.path("ram"), pages(1)));
    assert_eq!(region.discard(0, pages(1)).unwrap_err().code(), "discard-private-file");
}

#[test]
fn d08_read_only_memory_is_not_discarded() {
    let mut bench = Bench::new();
    let mut request = shared(&bench.file("ram", &zeroes(pages(1))), 0, pages(1));
    request.readonly = true;
    assert_eq!(bench.region(&request).discard(0, pages(1)).unwrap_err().code(), "discard-read-only");
}

/// First bytes of four pages of a file whose middle two were a region.
fn after_drop(committed: bool, discard_data: bool) -> Vec<u8> {
    let mut bench = Bench::new();
    let path = bench.file("ram", &vec![7; usize::try_from(pages(4)).unwrap()]);
    let mut request = shared(&path, pages(1), pages(2));
    request.discard_data = discard_data;
    let region = bench.region(&request);
    if committed {
        region.discard_on_drop();
    }
    drop(region);
    std::fs::read(&path).unwrap().chunks(usize::try_from(page()).unwrap()).map(|chunk| chunk[0]).collect()
}

#[test]
fn d09_discard_data_empties_only_its_own_window() {
    assert_eq!(after_drop(true, true), [7, 0, 0, 7]);
}

#[test]
fn d09_what_another_object_holds_too_is_not_discarded() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &vec![7; usize::try_from(pages(6)).unwrap()]);
    let region = bench.region(&shared(&path, pages(1), pages(4)));
    region.set_discard_on_drop(true);
    let _over_the_start = bench.region(&shared(&path, 0, pages(2)));
    let _inside = bench.region(&shared(&path, pages(3), pages(1)));

    drop(region);

    let left = std::fs::read(&path).unwrap();
    let first: Vec<u8> = left.chunks(usize::try_from(page()).unwrap()).map(|chunk| chunk[0]).collect();
    assert_eq!(first, [7, 7, 0, 7, 0, 7]);
}

#[test]
fn d09_a_transaction_that_failed_discards_nothing() {
    assert_eq!((after_drop(false, true), after_drop(true, false)), (vec![7; 4], vec![7; 4]));
}

/// First bytes of two pages of a file that was a region, which was told these things before it was dropped.
fn after_switches(request: impl FnOnce(&mut FileRequest), switches: &[bool]) -> Vec<u8> {
    let mut bench = Bench::new();
    let path = bench.file("ram", &vec![7; usize::try_from(pages(2)).unwrap()]);
    let mut asked = shared(&path, 0, pages(2));
    request(&mut asked);
    let region = bench.region(&asked);
    switches.iter().for_each(|on| region.set_discard_on_drop(*on));
    drop(region);
    std::fs::read(&path).unwrap().chunks(usize::try_from(page()).unwrap()).map(|chunk| chunk[0]).collect()
}

#[test]
fn d09_discarding_can_be_switched_on_though_the_request_did_not_say_so() {
    assert_eq!(after_switches(|_| (), &[true]), [0, 0]);
}

#[test]
fn d09_discarding_can_be_switched_off_again() {
    assert_eq!(after_switches(|request| request.discard_data = true, &[true, false]), [7, 7]);
}

#[test]
fn d09_switching_it_on_does_nothing_where_writes_do_not_reach_the_file() {
    assert_eq!(after_switches(|request| request.memory.share = false, &[true]), [7, 7]);
    assert_eq!(after_switches(|request| request.readonly = true, &[true]), [7, 7]);
}

#[test]
fn d09_discard_data_on_private_memory_is_warned_of() {
    let bench = Bench::new();
    let mut request = FileRequest::new(bench.path("ram"), pages(1));
    request.discard_data = true;
    assert_eq!(bench.warnings(&request), ["no-effect"]);
}

#[test]
fn d11_memory_can_be_left_out_of_dumps() {
    let mut request = AnonymousRequest::new(pages(3));
    let flags = |request: &AnonymousRequest| {
        let region = create_anonymous(&Host::real(), request).unwrap().region;
        has_flag(&region, "dd")
    };
    assert!(!flags(&request));
    request.memory.dump = false;
    assert!(flags(&request));
}

fn has_flag(region: &Region, flag: &str) -> bool {
    smaps(region, "VmFlags:").unwrap().split(' ').any(|found| found == flag)
}

#[test]
fn d11_dump_can_be_switched_while_the_memory_is_used() {
    let region = anonymous(pages(1), true);
    region.set_dump(false).unwrap();
    assert!(has_flag(&region, "dd"));
    region.set_dump(true).unwrap();
    assert!(!has_flag(&region, "dd"));
}

#[test]
fn d11_a_refusal_to_switch_dump_is_an_error() {
    let host = Host::with(Faults::none().call(Call::Advise, Errno::ENOMEM));
    let region = create_anonymous(&host, &AnonymousRequest::new(pages(1))).unwrap().region;
    let refused = MemoryError::Host { call: Call::Advise, subject: "memory".into(), errno: Errno::ENOMEM };
    assert_eq!(region.set_dump(false).unwrap_err(), refused);
}

#[test]
fn c11_cpus_are_counted_only_where_their_number_matters() {
    let host = Host::with(Faults::none().call(Call::Cpus, Errno::EIO));

    assert_eq!(prealloc_threads(&host, None, 511 << 20), Ok(1));
    assert!(prealloc_threads(&host, None, 512 << 20).is_err());
}

#[test]
fn c11_the_threads_take_even_shares() {
    let region = anonymous(pages(10), false);
    let steps = parking_lot::Mutex::new(Vec::new());
    let watcher = |bytes| {
        steps.lock().push(bytes);
        ControlFlow::Continue(())
    };
    region.populate(4, &watcher).unwrap();
    let mut shares = steps.into_inner();
    shares.sort_unstable();
    assert_eq!(shares, [pages(2), pages(2), pages(3), pages(3)]);
}

#[test]
fn c11_the_threads_run_where_they_are_told_and_the_calling_one_where_it_was() {
    let host = Host::real();
    let before = cpus_of(&host, ThreadNumber::current()).unwrap();
    let last = *before.last().unwrap();
    let region = anonymous(pages(4), false);
    let seen = parking_lot::Mutex::new(Vec::new());
    let watcher = |_| {
        seen.lock().push(cpus_of(&host, ThreadNumber::current()).unwrap());
        ControlFlow::Continue(())
    };
    region.populate(Workers { threads: 2, cpus: Some(vec![last]) }, &watcher).unwrap();
    assert_eq!(seen.into_inner(), [vec![last], vec![last]]);
    assert_eq!(cpus_of(&host, ThreadNumber::current()).unwrap(), before);
    assert_eq!(resident(&region), pages(4));
}

#[test]
fn c11_cpus_that_are_refused_are_an_error() {
    let host = Host::with(Faults::none().call(Call::SetAffinity, Errno::EPERM));
    let region = create_anonymous(&host, &AnonymousRequest::new(pages(1))).unwrap().region;
    let error = region.populate(Workers { threads: 1, cpus: Some(vec![0]) }, &unwatched).unwrap_err();
    assert!(matches!(error, MemoryError::Host { call: Call::SetAffinity, .. }), "{error:?}");
}

#[test]
fn c12_merge_can_be_switched_while_the_memory_is_used() {
    let region = anonymous(pages(1), false);
    if !Path::new("/sys/kernel/mm/ksm").exists() {
        return skip("the kernel has no KSM");
    }
    assert!(has_flag(&region, "mg"));
    assert_eq!(region.set_merge(false), Ok(None));
    assert!(!has_flag(&region, "mg"));
    assert_eq!(region.set_merge(true), Ok(None));
    assert!(has_flag(&region, "mg"));
}

#[test]
fn c12_merge_does_nothing_on_shared_memory() {
    let host = Host::with(Faults::none().call(Call::Advise, Errno::EIO));
    let mut request = AnonymousRequest::new(pages(1));
    request.memory.share = true;
    let region = create_anonymous(&host, &request).unwrap().region;
    assert_eq!((region.set_merge(true), region.set_merge(false)), (Ok(None), Ok(None)));
}

#[test]
fn c12_merge_on_a_kernel_without_it_is_a_warning() {
    let host = Host::with(Faults::none().call(Call::Advise, Errno::EINVAL));
    let region = create_anonymous(&host, &AnonymousRequest::new(pages(1))).unwrap().region;
    let warning = MemoryWarning::NoEffect { setting: "merge=on", why: "on a kernel without KSM" };
    assert_eq!((region.set_merge(true), region.set_merge(false)), (Ok(Some(warning)), Ok(None)));
}

#[test]
fn c12_a_refusal_to_switch_merge_is_an_error() {
    let host = Host::with(Faults::none().call(Call::Advise, Errno::ENOMEM));
    let region = create_anonymous(&host, &AnonymousRequest::new(pages(1))).unwrap().region;
    assert_eq!(region.set_merge(false).unwrap_err().code(), "host-refused");
}

#[test]
fn d12_a_guard_page_stands_on_each_side() {
    let region = anonymous(pages(2), false);
    let probe = |at: usize| {
        let mut byte = [0];
        let remote = [nix::sys::uio::RemoteIoVec { base: at, len: 1 }];
        let mut local = [std::io::IoSliceMut::new(&mut byte)];
        nix::sys::uio::process_vm_readv(nix::unistd::Pid::this(), &mut local, &remote)
    };
    let end = region.address() + usize::try_from(pages(2)).unwrap();
    assert_eq!([probe(region.address()), probe(end - 1)], [Ok(1), Ok(1)]);
    assert_eq!([probe(region.address() - 1), probe(end)], [Err(Errno::EFAULT), Err(Errno::EFAULT)]);
    // Not merely free addresses: reserved ones.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(
        maps.lines().any(|line| line.starts_with(&format!("{end:08x}-")) && line.contains("---p")),
        "{maps}"
    );
}

/// Which of the bytes in front of a region, at its ends and behind it can be read.
fn readable(region: &Region) -> [bool; 4] {
    let probe = |at: usize| {
        let mut byte = [0];
        let remote = [nix::sys::uio::RemoteIoVec { base: at, len: 1 }];
        let mut local = [std::io::IoSliceMut::new(&mut byte)];
        nix::sys::uio::process_vm_readv(nix::unistd::Pid::this(), &mut local, &remote).is_ok()
    };
    let (start, end) = (region.address(), region.address() + usize::try_from(region.mapped_len()).unwrap());
    [probe(start - 1), probe(start), probe(end - 1), probe(end)]
}

#[test]
fn d12_windows_of_one_file_have_guards_between_them() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(8)));
    let regions: Vec<Region> =
        (0..8).map(|page| bench.region(&shared(&path, pages(page), pages(1)))).collect();
    let readable: Vec<_> = regions.iter().map(readable).collect();
    assert_eq!(readable, [[false, true, true, false]; 8]);
}

#[test]
fn d12_a_window_of_huge_pages_has_guards_too() {
    let Some(_pool) = HugePages::exactly(2) else { return skip("cannot reserve two huge pages") };
    let kind = AnonymousKind::Memfd { huge: true, huge_size: Some(2 << 20), seal: true };
    let region = create_anonymous(&Host::real(), &AnonymousRequest::shared(kind, 4 << 20)).unwrap().region;
    assert_eq!(readable(&region), [false, true, true, false]);
}

#[test]
fn d14_a_region_tells_file_offset_length_and_page_size() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&shared(&path, pages(2), pages(3)));
    region.write(10, b"from here").unwrap();
    let mut bytes = [0; 9];
    let at = i64::try_from(region.file_offset() + 10).unwrap();
    nix::sys::uio::pread(region.file().unwrap(), &mut bytes, at).unwrap();
    assert_eq!(&bytes, b"from here");
    assert_eq!((region.len(), region.page_size(), region.is_shared()), (pages(3), page(), true));
}

#[test]
fn d15_a_truncated_file_is_an_error_and_no_signal() {
    let mut bench = Bench::new();
    let region = truncated(&mut bench);
    let mut bytes = zeroes(pages(8));
    let error = region.read(0, &mut bytes).unwrap_err();
    let expected = |action| MemoryError::PageLost {
        action,
        subject: format!("'{}'", bench.path("ram").display()),
        offset: pages(4),
        file_length: Some(pages(4)),
    };
    assert_eq!(error, expected("reading"));
    assert_eq!(
        region.write(pages(2), &bytes[..usize::try_from(pages(2)).unwrap()]).unwrap_err(),
        expected("writing")
    );
}

#[test]
fn d15_a_copy_beyond_the_region_is_refused() {
    let region = anonymous(5000, false);
    assert_eq!(region.read(4999, &mut [0, 0]).unwrap_err().code(), "outside-region");
    assert_eq!(region.write(u64::MAX, b"x").unwrap_err().code(), "outside-region");
    region.read(5000, &mut []).unwrap();
}

#[test]
fn dropping_a_region_unmaps_it_and_its_guards() {
    // Large enough that no other test's memory is mistaken for it.
    let mut request = AnonymousRequest::new(1 << 40);
    request.memory.reserve = Some(false);
    let region = create_anonymous(&Host::real(), &request).unwrap().region;
    let reserved = || {
        let maps = std::fs::read_to_string("/proc/self/statm").unwrap();
        maps.split(' ').next().unwrap().parse::<u64>().unwrap() * page()
    };
    let before = reserved();
    drop(region);
    assert!(before - reserved() > 1 << 39);
}
