//! Pages that are broken, and bytes that shall be on the disk.

use super::*;

fn ram() -> Region {
    create_anonymous(&Host::real(), &AnonymousRequest::new(pages(4))).unwrap().region
}

/// A bench on tmpfs: the kernel pretends nothing on a disk.
fn on_tmpfs() -> Bench {
    let mut bench = Bench::new();
    bench.folder = tempfile::tempdir_in("/dev/shm").unwrap();
    bench
}

/// A region with something in every page but one, which is broken; `None` where the kernel cannot pretend that.
fn broken(region: &Region, page: u64) -> Option<()> {
    let unit = region.page_size();
    (0..4).filter(|one| *one != page).for_each(|one| region.write(one * unit, b"sound").unwrap());
    match region.mapping.break_pages(page * unit, unit) {
        Ok(()) => Some(()),
        Err(errno) => {
            skip(&format!("no pages that look broken: {}", errno.desc()));
            None
        }
    }
}

/// What the first byte of each page is.
fn firsts(region: &Region) -> Vec<Result<u8, &'static str>> {
    let first = |page| {
        let mut byte = [0];
        region.read(page * region.page_size(), &mut byte).map(|()| byte[0]).map_err(|error| error.code())
    };
    (0..4).map(first).collect()
}

const REPLACED: [Result<u8, &str>; 4] = [Ok(b's'), Ok(0), Ok(b's'), Ok(b's')];

#[test]
fn a_broken_page_is_an_error_and_no_signal() {
    let region = ram();
    let Some(()) = broken(&region, 1) else { return };
    assert_eq!(firsts(&region), [Ok(b's'), Err("page-lost"), Ok(b's'), Ok(b's')]);
}

#[test]
fn a_broken_page_of_private_memory_is_replaced_by_zeroes() {
    let region = ram();
    let Some(()) = broken(&region, 1) else { return };

    let replaced = region.replace_page(pages(1) + 77).unwrap();

    assert_eq!(replaced, pages(1)..pages(2));
    assert_eq!(firsts(&region), REPLACED);
}

#[test]
fn a_broken_page_of_a_file_is_replaced_in_its_window() {
    let mut bench = on_tmpfs();
    let path = bench.file("ram", &vec![7; usize::try_from(pages(6)).unwrap()]);
    let region = bench.region(&shared(&path, pages(1), pages(4)));
    let Some(()) = broken(&region, 1) else { return };

    region.replace_page(pages(1)).unwrap();

    assert_eq!(firsts(&region), REPLACED);
    let bytes = std::fs::read(&path).unwrap();
    let first = |page: u64| bytes[usize::try_from(pages(page)).unwrap()];
    assert_eq!([0, 1, 2, 3, 4, 5].map(first), [7, b's', 0, b's', b's', 7]);
}

#[test]
fn a_hole_alone_does_not_repair_a_shared_page() {
    let mut bench = on_tmpfs();
    let region = bench.region(&shared(&bench.path("ram"), 0, pages(4)));
    let Some(()) = broken(&region, 1) else { return };
    region.discard(pages(1), pages(1)).unwrap();
    assert_eq!(firsts(&region)[1], Err("page-lost"));
}

#[test]
fn a_broken_huge_page_is_replaced_whole() {
    let Some(_pool) = HugePages::exactly(5) else { return skip("no huge pages to be had") };
    let kind = AnonymousKind::Memfd { huge: true, huge_size: Some(2 << 20), seal: true };
    let region = create_anonymous(&Host::real(), &AnonymousRequest::shared(kind, 8 << 20)).unwrap().region;
    let Some(()) = broken(&region, 1) else { return };

    let replaced = region.replace_page((2 << 20) + 5000).unwrap();

    assert_eq!(replaced, 2 << 20..4 << 20);
    assert_eq!(firsts(&region), REPLACED);
}

#[test]
fn what_is_said_of_the_memory_stays_when_a_page_is_replaced() {
    let region = ram();
    region.set_dump(false).unwrap();
    let Some(()) = broken(&region, 1) else { return };

    region.replace_page(pages(1)).unwrap();

    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let start =
        format!("{:08x}-{:08x}", region.address(), region.address() + usize::try_from(pages(4)).unwrap());
    let flags =
        maps.lines().skip_while(|line| !line.starts_with(&start)).find(|line| line.starts_with("VmFlags"));
    assert!(flags.unwrap().contains(" dd"), "one range, still not dumped: {flags:?}");
}

#[test]
fn a_replaced_page_is_no_fault_any_more() {
    let region = ram();
    let Some(()) = broken(&region, 1) else { return };
    region.read(pages(1), &mut [0]).unwrap_err();
    assert_eq!(region.fault().map(|fault| fault.code()), Some("page-lost"));
    region.replace_page(pages(3)).unwrap();
    assert_eq!(region.fault().map(|fault| fault.code()), Some("page-lost"));
    region.replace_page(pages(1)).unwrap();
    assert_eq!(region.fault(), None);
}

#[test]
fn a_page_whose_contents_nobody_can_bring_back_is_not_replaced() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &[7; 4096]);
    let private = bench.region(&FileRequest::new(&path, pages(1)));
    let mut rom = shared(&path, 0, pages(1));
    rom.readonly = true;
    let rom = bench.region(&rom);

    assert_eq!(private.replace_page(0).unwrap_err().code(), "discard-private-file");
    assert_eq!(rom.replace_page(0).unwrap_err().code(), "discard-read-only");
    assert_eq!(rom.replace_page(pages(1)).unwrap_err().code(), "outside-region");
    assert_eq!(std::fs::read(&path).unwrap(), [7; 4096]);
}

#[test]
fn a_page_that_the_file_no_longer_has_is_not_replaced() {
    let mut bench = Bench::new();
    let region = bench.region(&shared(&bench.path("ram"), 0, pages(4)));
    std::fs::File::options().write(true).open(bench.path("ram")).unwrap().set_len(pages(1)).unwrap();
    assert_eq!(region.replace_page(pages(2)).unwrap_err().code(), "page-lost");
}

#[test]
fn written_bytes_are_written_back() {
    let mut bench = Bench::new();
    let region = bench.region(&shared(&bench.path("ram"), pages(1), pages(4)));
    region.write(10, b"hello").unwrap();
    assert_eq!(region.sync(10, 5), Ok(()));
    assert_eq!(region.sync(0, pages(4)), Ok(()));
    assert_eq!(region.sync(pages(4), 0), Ok(()));
}

#[test]
fn bytes_that_cannot_be_written_back_are_told_with_their_place_in_the_file() {
    let mut bench = Bench::with(Host::with(Faults::none().call(Call::Sync, Errno::EIO)));
    let path = bench.path("ram");
    let region = bench.region(&shared(&path, pages(1), pages(4)));

    let refused = region.sync(pages(1) + 10, 5).unwrap_err();

    let subject = format!("'{}'", path.display());
    let expected = MemoryError::NotSynced { subject, start: pages(2), end: pages(3), errno: Errno::EIO };
    assert_eq!(refused, expected);
}

#[test]
fn bytes_that_the_file_no_longer_has_are_not_said_to_be_written_back() {
    let mut bench = Bench::new();
    let region = bench.region(&shared(&bench.path("ram"), pages(1), pages(4)));
    std::fs::File::options().write(true).open(bench.path("ram")).unwrap().set_len(pages(3)).unwrap();
    assert_eq!(region.sync(0, pages(2)), Ok(()));
    assert_eq!(region.sync(0, pages(2) + 1).unwrap_err().code(), "file-truncated");
}

#[test]
fn memory_that_no_file_keeps_has_nothing_to_write_back() {
    let host = Host::with(Faults::none().call(Call::Sync, Errno::EIO));
    let region = create_anonymous(&host, &AnonymousRequest::new(pages(4))).unwrap().region;
    assert_eq!(region.sync(0, pages(4)), Ok(()));
    assert_eq!(region.sync(1, pages(4)).unwrap_err().code(), "outside-region");
    assert_eq!(region.sync(1, u64::MAX).unwrap_err().code(), "outside-region");
}
