//! How much of a memory is there, as the kernel tells it.

use std::os::unix::fs::symlink;

use super::*;

const MIB: u64 = 1 << 20;

fn memory(kind: AnonymousKind, size: u64, share: bool) -> Region {
    let mut request = AnonymousRequest::new(size);
    request.kind = kind;
    request.memory.share = share;
    create_anonymous(&Host::real(), &request).unwrap().region
}

const MEMFD: AnonymousKind = AnonymousKind::Memfd { huge: false, huge_size: None, seal: true };

/// A `/proc` with this `smaps`, and without a pagemap: a kernel before 6.7.
fn older_kernel(smaps: &str) -> (Host, TempDir) {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("self")).unwrap();
    std::fs::write(root.path().join("self/smaps"), smaps).unwrap();
    (Host::with(Faults::none().procfs(root.path())), root)
}

/// A range as `smaps` tells it, with these fields in KiB.
fn range(start: usize, length: usize, fields: &[(&str, u64)]) -> String {
    let mut text =
        format!("{start:x}-{:x} rw-s 00000000 00:01 77                     /mem\n", start + length);
    for (name, kib) in fields {
        text.push_str(&format!("{name}:{kib:>20} kB\n"));
    }
    text + "VmFlags: rd wr sh mr mw me ms sd \n"
}

#[test]
fn memory_that_nobody_touched_has_no_pages() {
    let region = memory(AnonymousKind::Ram, MIB, false);
    assert_eq!(region.residency().unwrap(), Residency { swap: Some(0), ..Residency::default() });
}

#[test]
fn pages_that_were_written_are_present() {
    let region = memory(AnonymousKind::Ram, MIB, false);
    region.write(page(), &zeroes(pages(2))).unwrap();
    region.write(pages(9), b"x").unwrap();

    let told = region.residency().unwrap();

    assert_eq!((told.rss, told.shmem, told.huge), (pages(3), 0, 0));
    assert_eq!(told.nodes.iter().map(|(_, bytes)| bytes).sum::<u64>(), pages(3));
}

#[test]
fn zeroes_that_were_only_read_take_no_memory() {
    let region = memory(AnonymousKind::Ram, MIB, false);
    region.read(0, &mut zeroes(pages(4))).unwrap();
    assert_eq!(region.residency().unwrap().rss, 0);
}

#[test]
fn pages_of_a_memfd_are_shared_memory_once_they_are_mapped() {
    let region = memory(MEMFD, MIB, true);
    nix::sys::uio::pwrite(region.file().unwrap(), b"x", 0).unwrap();
    region.write(pages(3), b"x").unwrap();

    let told = region.residency().unwrap();

    assert_eq!((told.rss, told.shmem), (pages(1), pages(1)));
}

#[test]
fn copies_of_pages_of_a_memfd_are_not_shared_memory() {
    let region = memory(MEMFD, MIB, false);
    nix::sys::uio::pwrite(region.file().unwrap(), &zeroes(pages(8)), 0).unwrap();
    region.read(0, &mut [0]).unwrap();
    let shared = region.residency().unwrap().shmem;
    region.write(pages(20), b"x").unwrap();

    let told = region.residency().unwrap();

    assert!(shared > 0);
    assert_eq!((told.shmem, told.rss), (shared, shared + pages(1)));
}

#[test]
fn only_the_window_counts() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let plan = [(0, 4), (4, 4)].map(|(at, size)| shared(&path, pages(at), pages(size)));
    let named = ["a", "b"].iter().map(ToString::to_string).zip(plan);
    let plan = bench.ledger.plan(&bench.host, named);
    let mut journal = |undo| bench.journal.push(undo);
    let (low, high) = (plan.open("a", &mut journal).unwrap(), plan.open("b", &mut journal).unwrap());
    low.region.write(0, &zeroes(pages(4))).unwrap();
    high.region.write(pages(1), b"x").unwrap();

    let told = Residency::of_all(&bench.host, &[&high.region, &low.region]).unwrap();

    assert_eq!(told.iter().map(|one| one.rss).collect::<Vec<_>>(), [pages(1), pages(4)]);
}

#[test]
fn a_second_mapping_of_the_same_bytes_is_not_counted() {
    let region = std::sync::Arc::new(memory(MEMFD, MIB, true));
    let second = Reservation::map(&Host::real(), MIB, vec![(0, std::sync::Arc::clone(&region))]).unwrap();
    let remote = [nix::sys::uio::RemoteIoVec { base: second.address(), len: 1 }];
    let local = [std::io::IoSlice::new(b"x")];
    nix::sys::uio::process_vm_writev(nix::unistd::Pid::this(), &local, &remote).unwrap();
    assert_eq!(region.residency().unwrap().rss, 0);
}

#[test]
fn memory_with_more_stretches_than_one_call_tells_is_told_whole() {
    let count = 1500;
    // Not private memory, where a huge page may fill the gaps.
    let region = memory(MEMFD, pages(2 * count), true);
    (0..count).for_each(|n| region.write(pages(2 * n), b"x").unwrap());
    assert_eq!(region.residency().unwrap().rss, pages(count));
}

#[test]
fn huge_pages_of_hugetlbfs_are_present_and_huge() {
    let Some(_pool) = HugePages::exactly(2) else { return skip("no huge pages to be had") };
    let kind = AnonymousKind::Memfd { huge: true, huge_size: Some(2 * MIB), seal: true };
    let region = memory(kind, 4 * MIB, true);
    region.write(2 * MIB, b"x").unwrap();

    let told = region.residency().unwrap();

    assert_eq!((told.rss, told.shmem, told.huge, told.swap), (2 * MIB, 0, 2 * MIB, Some(0)));
}

#[test]
fn on_a_host_with_several_nodes_pages_are_asked_for_theirs() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("devices/system/node")).unwrap();
    std::fs::write(root.path().join("devices/system/node/online"), "0-1\n").unwrap();
    let host = Host::with(Faults::none().sysfs(root.path()));
    let region = memory(AnonymousKind::Ram, 16 * MIB, false);
    region.write(MIB, &zeroes(9 * MIB + 1)).unwrap();

    let told = Residency::of_all(&host, &[&region]).unwrap().remove(0);

    // The pages are where they really are, whatever the host pretends to have.
    assert!(told.rss > 9 * MIB);
    assert_eq!(told.nodes.iter().map(|(_, bytes)| bytes).sum::<u64>(), told.rss);
}

#[test]
fn a_kernel_that_does_not_tell_nodes_leaves_them_out() {
    let host = Host::with(Faults::none().call(Call::Nodes, Errno::ENOENT));
    let region = memory(AnonymousKind::Ram, MIB, false);
    region.write(0, b"x").unwrap();

    let told = Residency::of_all(&host, &[&region]).unwrap().remove(0);

    assert_eq!((told.rss, told.nodes), (page(), vec![]));
}

#[test]
fn swapped_pages_of_shared_memory_are_unknown_while_the_machine_swaps() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("self")).unwrap();
    symlink("/proc/self/pagemap", root.path().join("self/pagemap")).unwrap();
    let meminfo = "SwapTotal:       8388604 kB\nSwapFree:        8388000 kB\n";
    std::fs::write(root.path().join("meminfo"), meminfo).unwrap();
    let host = Host::with(Faults::none().procfs(root.path()));
    let (private, shared) = (memory(AnonymousKind::Ram, MIB, false), memory(MEMFD, MIB, true));

    let told = Residency::of_all(&host, &[&private, &shared]).unwrap();

    assert_eq!(told.iter().map(|one| one.swap).collect::<Vec<_>>(), [Some(0), None]);
}

#[test]
fn an_older_kernel_is_read_once_for_all_and_ranges_that_advice_split_are_added_up() {
    let (first, second) = (memory(MEMFD, MIB, true), memory(AnonymousKind::Ram, MIB, false));
    let half = 512 << 10;
    let text = [
        range(first.address() - 4096, 4096, &[("Rss", 4000)]),
        range(first.address(), half, &[("Rss", 100), ("Anonymous", 0), ("ShmemPmdMapped", 64), ("Swap", 8)]),
        range(first.address() + half, half, &[("Rss", 20), ("Anonymous", 4), ("Swap", 1)]),
        range(first.address() + 2 * half, 4096, &[("Rss", 4000)]),
        range(second.address(), 2 * half, &[("Rss", 12), ("Anonymous", 12), ("Private_Hugetlb", 2048)]),
    ];
    let (host, _root) = older_kernel(&text.concat());

    let told = Residency::of_all(&host, &[&second, &first]).unwrap();

    let counts = |of: &Residency| [of.rss, of.shmem, of.huge, of.swap.unwrap()].map(|bytes| bytes >> 10);
    assert_eq!(counts(&told[1]), [120, 116, 64, 9]);
    assert_eq!(counts(&told[0]), [2060, 0, 2048, 0]);
    let reads = host.calls();
    Residency::of_all(&host, &[&first]).unwrap();
    assert_eq!(host.calls() - reads, reads, "one region costs as many calls of the host as two");
}

#[test]
fn both_ways_to_look_agree() {
    let region = memory(MEMFD, MIB, true);
    region.write(0, &zeroes(pages(5))).unwrap();
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let (host, _root) = older_kernel(&smaps);

    let told = Residency::of_all(&host, &[&region]).unwrap();

    assert_eq!(told, [region.residency().unwrap()]);
}

#[test]
fn a_host_that_tells_nothing_is_an_error() {
    let host = Host::with(Faults::none().call(Call::Present, Errno::EACCES));
    let region = memory(AnonymousKind::Ram, MIB, false);
    let error = Residency::of_all(&host, &[&region]).unwrap_err();
    assert_eq!(error.to_string(), "cannot find out what is present of memory: Permission denied");
}
