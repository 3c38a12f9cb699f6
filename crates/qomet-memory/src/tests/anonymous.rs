//! Memory without a path: memfds, POSIX shared memory, huge pages.

use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};

use super::*;

const MIB: u64 = 1 << 20;
const HUGE: u64 = 2 * MIB;

const MEMFD: AnonymousKind = AnonymousKind::Memfd { huge: false, huge_size: None, seal: true };

fn huge(size: Option<u64>) -> AnonymousKind {
    AnonymousKind::Memfd { huge: true, huge_size: size, seal: true }
}

fn memory(kind: AnonymousKind, size: u64) -> Region {
    create_anonymous(&Host::real(), &AnonymousRequest::shared(kind, size)).unwrap().region
}

fn faults(host: &Host, request: &AnonymousRequest) -> Vec<&'static str> {
    check_anonymous(host, request).faults.iter().map(MemoryError::code).collect()
}

fn warnings(request: &AnonymousRequest) -> Vec<MemoryWarning> {
    let verdict = check_anonymous(&Host::real(), request);
    assert_eq!(verdict.faults, []);
    verdict.warnings
}

fn seals(file: impl AsFd) -> SealFlag {
    SealFlag::from_bits_retain(fcntl(file, FcntlArg::F_GET_SEALS).unwrap())
}

/// A kernel with two sizes of huge pages, of which three and none are free.
fn kernel() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (size, free) in [("2048kB", "3"), ("1048576kB", "0")] {
        let pool = root.path().join("kernel/mm/hugepages").join(format!("hugepages-{size}"));
        std::fs::create_dir_all(&pool).unwrap();
        std::fs::write(pool.join("free_hugepages"), free).unwrap();
        for other in ["resv_hugepages", "nr_overcommit_hugepages", "surplus_hugepages"] {
            std::fs::write(pool.join(other), "0\n").unwrap();
        }
    }
    std::fs::write(root.path().join("meminfo"), "MemTotal: 1 kB\nHugepagesize:       2048 kB\n").unwrap();
    root
}

fn with_kernel(root: &TempDir) -> Host {
    Host::with(Faults::none().sysfs(root.path()).procfs(root.path()))
}

#[test]
fn a11_a_memfd_or_shared_memory_that_is_no_whole_pages_is_refused_with_both_neighbours() {
    for kind in [MEMFD, AnonymousKind::Shm] {
        let error = create_anonymous(&Host::real(), &AnonymousRequest::shared(kind, 5000)).unwrap_err();
        assert_eq!((error.code(), error.property()), ("not-a-page-multiple", Some("size")));
        assert_eq!(
            error.help().unwrap(),
            format!("use {} or {}", 5000 / page() * page(), 5000_u64.next_multiple_of(page()))
        );
    }
}

#[test]
fn a11_a_memfd_of_huge_pages_consists_of_whole_huge_pages() {
    let root = kernel();
    let verdict = check_anonymous(&with_kernel(&root), &AnonymousRequest::shared(huge(None), 3 * MIB));
    assert_eq!(verdict.faults.iter().map(MemoryError::code).collect::<Vec<_>>(), ["not-a-page-multiple"]);
    assert!(verdict.faults[0].to_string().contains("huge page size of 2097152"), "{verdict:?}");
}

#[test]
fn a14_shared_memory_above_the_free_space_is_warned_of_with_both_numbers() {
    let host = Host::with(Faults::none().free_space(4096));
    let verdict = check_anonymous(&host, &AnonymousRequest::shared(AnonymousKind::Shm, pages(2)));
    let needed = pages(2);
    let expected =
        MemoryWarning::BackingMayRunOut { path: "/dev/shm".into(), needed, free: 4096, prealloc: false };
    assert_eq!((verdict.faults, verdict.warnings), (vec![], vec![expected]));
}

#[test]
fn a14_shared_memory_whose_pages_cannot_be_had_is_an_error_with_the_reason_that_allocating_has() {
    let faults = Faults::none().call(Call::Populate, Errno::EFAULT).call(Call::Allocate, Errno::ENOSPC);
    let request = AnonymousRequest::shared(AnonymousKind::Shm, pages(2));
    let region = create_anonymous(&Host::with(faults), &request).unwrap().region;
    let error = region.populate(1, &unwatched).unwrap_err();
    let subject = "memory".to_owned();
    assert_eq!(error, MemoryError::Populate { subject, offset: 0, errno: Errno::ENOSPC });
}

#[test]
fn a23_descriptors_of_memory_close_on_exec() {
    for kind in [AnonymousKind::Ram, MEMFD, AnonymousKind::Shm] {
        let flags = fcntl(memory(kind, pages(1)).file().unwrap(), FcntlArg::F_GETFD).unwrap();
        assert_eq!(flags, nix::libc::FD_CLOEXEC);
    }
}

#[test]
fn c01_an_empty_pool_is_refused_with_the_numbers() {
    let root = kernel();
    let verdict = check_anonymous(&with_kernel(&root), &AnonymousRequest::shared(huge(None), 4 * HUGE));
    let expected = MemoryError::HugePoolTooSmall { page: HUGE, needed: 4, free: 3, cgroup: None };
    assert_eq!(verdict.faults, [expected]);
    assert!(verdict.faults[0].is_host());
}

#[test]
fn c01_pages_that_are_promised_are_not_free_and_those_that_may_be_added_are() {
    let root = kernel();
    let request = AnonymousRequest::shared(huge(None), 3 * HUGE);
    let pool = root.path().join("kernel/mm/hugepages/hugepages-2048kB");
    assert_eq!(faults(&with_kernel(&root), &request), [""; 0]);
    std::fs::write(pool.join("resv_hugepages"), "1").unwrap();
    assert_eq!(faults(&with_kernel(&root), &request), ["huge-pool-too-small"]);
    std::fs::write(pool.join("nr_overcommit_hugepages"), "1").unwrap();
    assert_eq!(faults(&with_kernel(&root), &request), [""; 0]);
}

#[test]
fn c01_without_a_reservation_the_pool_may_be_empty() {
    let root = kernel();
    let mut request = AnonymousRequest::shared(huge(None), 4 * HUGE);
    request.memory.reserve = Some(false);
    assert_eq!(faults(&with_kernel(&root), &request), [""; 0]);
}

#[test]
fn c01_the_limit_of_the_control_group_counts_of_every_level_and_version() {
    let root = kernel();
    let (first, second) = (root.path().join("v1"), root.path().join("v2"));
    let group = |mount: &Path, path: &str, files: &[(&str, &str)]| {
        let folder = mount.join(path);
        std::fs::create_dir_all(&folder).unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    };
    group(
        &first,
        "a",
        &[("hugetlb.2MB.limit_in_bytes", "6291456"), ("hugetlb.2MB.usage_in_bytes", "2097152")],
    );
    group(&second, "b/c", &[("hugetlb.2MB.max", "max"), ("hugetlb.2MB.current", "0")]);
    let (one, two) = (first.display(), second.display());
    let mounts = format!("cgroup {one} cgroup rw,cpu,hugetlb 0 0\ncgroup2 {two} cgroup2 rw 0 0\n");
    std::fs::create_dir(root.path().join("self")).unwrap();
    std::fs::write(root.path().join("self/mounts"), mounts).unwrap();
    std::fs::write(root.path().join("self/cgroup"), "5:cpu,hugetlb:/a\n0::/b/c\n").unwrap();
    let request = AnonymousRequest::shared(huge(None), 3 * HUGE);

    let verdict = check_anonymous(&with_kernel(&root), &request);
    let expected =
        |cgroup| MemoryError::HugePoolTooSmall { page: HUGE, needed: 3, free: 3, cgroup: Some(cgroup) };
    assert_eq!(verdict.faults, [expected(2)]);

    // A level above, of the other version.
    group(&second, "b", &[("hugetlb.2MB.rsvd.max", "2097152"), ("hugetlb.2MB.rsvd.current", "0")]);
    assert_eq!(check_anonymous(&with_kernel(&root), &request).faults, [expected(1)]);
}

#[test]
fn c01_a_lack_that_shows_only_when_mapping_has_the_numbers_too() {
    let root = kernel();
    let faults = Faults::none().sysfs(root.path()).procfs(root.path()).call(Call::Map, Errno::ENOMEM);
    let mut request = AnonymousRequest::shared(huge(None), 4 * HUGE);
    request.memory.reserve = Some(false);
    if Host::real().create_memory("test", Some(HUGE)).is_err() {
        return skip("no huge pages of 2 MiB");
    }
    let error = create_anonymous(&Host::with(faults), &request).unwrap_err();
    assert_eq!(error.code(), "huge-pool-too-small");
}

#[test]
fn c01_a_file_on_hugetlbfs_is_refused_with_the_numbers_and_not_made() {
    let Some(mount) = Mount::new("hugetlbfs", "pagesize=2M") else { return skip("cannot mount hugetlbfs") };
    let Some(pool) = HugePages::exactly(0) else { return skip("cannot have an empty pool of huge pages") };
    let bench = Bench::new();
    assert_eq!(bench.faults(&shared(&mount.path("ram"), 0, HUGE)), ["huge-pool-too-small"]);
    assert_eq!(listing(mount.at.path()), []);
    drop(pool);
}

#[test]
fn c01_huge_pages_that_are_there_are_mapped_populated_and_sealed() {
    let Some(pool) = HugePages::exactly(2) else { return skip("cannot reserve two huge pages") };
    assert_eq!(
        faults(&Host::real(), &AnonymousRequest::shared(huge(None), 3 * HUGE)),
        ["huge-pool-too-small"]
    );

    let region = memory(huge(Some(HUGE)), 2 * HUGE);
    region.populate(1, &unwatched).unwrap();
    region.write(HUGE, b"x").unwrap();

    assert_eq!((region.page_size(), byte(&region, HUGE), region.address() % (2 << 20)), (HUGE, b'x', 0));
    assert!(seals(region.file().unwrap()).contains(SealFlag::F_SEAL_SHRINK));
    assert_eq!(faults(&Host::real(), &AnonymousRequest::shared(huge(None), HUGE)), ["huge-pool-too-small"]);
    region.discard(0, HUGE).unwrap();
    assert_eq!(region.discard(page(), HUGE).unwrap_err().code(), "discard-misaligned");
    drop(region);
    assert_eq!(faults(&Host::real(), &AnonymousRequest::shared(huge(None), 2 * HUGE)), [""; 0]);
    drop(pool);
}

#[test]
fn c01_the_real_limit_of_a_control_group_is_told() {
    if std::env::var_os("QOMET_TEST_IN_GROUP").is_some() {
        let faults = check_anonymous(&Host::real(), &AnonymousRequest::shared(huge(None), 2 * HUGE)).faults;
        let expected = MemoryError::HugePoolTooSmall { page: HUGE, needed: 2, free: 2, cgroup: Some(1) };
        assert_eq!(faults, [expected]);
        return;
    }
    let Some(pool) = HugePages::exactly(2) else { return skip("cannot reserve two huge pages") };
    let Some(mount) = Mount::new("cgroup", "hugetlb") else { return skip("cannot mount control groups") };
    let group = mount.path("qomet-test");
    std::fs::create_dir(&group).unwrap();
    let limited = std::fs::write(group.join("hugetlb.2MB.limit_in_bytes"), HUGE.to_string());
    let name = "tests::anonymous::c01_the_real_limit_of_a_control_group_is_told";
    let status = Command::new("sh")
        .args(["-c", "echo $$ > \"$2/cgroup.procs\" && exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .args([name.as_ref(), group.as_os_str()])
        .env("QOMET_TEST_IN_GROUP", "1")
        .stdout(Stdio::null())
        .status();
    let removed = std::fs::remove_dir(&group);
    assert!(status.unwrap().success() && limited.is_ok() && removed.is_ok());
    drop(pool);
}

#[test]
fn c03_a_size_that_the_kernel_does_not_offer_is_refused_with_those_that_it_does() {
    let root = kernel();
    for size in [0, 1, 4096, 3 << 20, HUGE + 1, 1 << 63] {
        let verdict = check_anonymous(&with_kernel(&root), &AnonymousRequest::shared(huge(Some(size)), HUGE));
        let offered = vec![HUGE, 1 << 30];
        assert_eq!(verdict.faults, [MemoryError::NoSuchHugePageSize { size, offered }]);
    }
}

#[test]
fn c03_a_size_without_huge_pages_is_refused() {
    let kind = AnonymousKind::Memfd { huge: false, huge_size: Some(HUGE), seal: true };
    assert_eq!(faults(&Host::real(), &AnonymousRequest::shared(kind, HUGE)), ["hugetlbsize-without-hugetlb"]);
}

#[test]
fn c03_a_kernel_without_huge_pages_has_none_of_any_size() {
    let root = tempfile::tempdir().unwrap();
    let host = with_kernel(&root);
    assert_eq!(faults(&host, &AnonymousRequest::shared(huge(None), HUGE)), ["no-huge-pages"]);
    assert_eq!(faults(&host, &AnonymousRequest::shared(huge(Some(HUGE)), HUGE)), ["no-such-huge-page-size"]);
}

#[test]
fn c12_what_has_no_effect_on_a_memfd_or_shared_memory_is_warned_of() {
    for kind in [MEMFD, AnonymousKind::Shm] {
        let mut request = AnonymousRequest::shared(kind, pages(1));
        assert_eq!(warnings(&request), []);
        (request.memory.merge, request.memory.reserve) = (Some(true), Some(false));
        let codes: Vec<_> = warnings(&request).iter().map(MemoryWarning::property).collect();
        assert_eq!(codes, [Some("merge"), Some("reserve")]);
    }
}

#[test]
fn c14_a_memfd_and_shared_memory_fail_cleanly_at_any_call() {
    for kind in [MEMFD, AnonymousKind::Shm] {
        let mut request = AnonymousRequest::shared(kind, pages(3));
        (request.memory.dump, request.memory.prealloc) = (false, true);
        let host = Host::with(Faults::none());
        create_anonymous(&host, &request).unwrap();
        let before = named_shared_memory();
        let fails =
            |call| create_anonymous(&Host::with(Faults::none().nth(call, Errno::ENOMEM)), &request).is_err();
        let passed: Vec<_> = (0..host.calls()).filter(|call| !fails(*call)).collect();
        assert_eq!(passed, []);
        assert_eq!(named_shared_memory(), before);
    }
}

/// What this process has named below `/dev/shm`.
fn named_shared_memory() -> usize {
    let own = format!("qomet-{}-", std::process::id());
    let names = std::fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(&own)).count()
}

#[test]
fn d01_a_memfd_and_shared_memory_are_files_without_a_name_that_others_can_map() {
    for kind in [AnonymousKind::Ram, MEMFD, AnonymousKind::Shm] {
        let region = memory(kind, pages(2));
        region.write(pages(1), b"x").unwrap();
        let mut byte = [0];
        let at = i64::try_from(pages(1)).unwrap();
        nix::sys::uio::pread(region.file().unwrap(), &mut byte, at).unwrap();
        let stat = nix::sys::stat::fstat(region.file().unwrap()).unwrap();
        assert_eq!((byte, region.is_shared(), stat.st_nlink), (*b"x", true, 0));
    }
}

#[test]
fn d02_a_private_memfd_is_warned_of() {
    let mut request = AnonymousRequest::shared(MEMFD, pages(1));
    request.memory.share = false;
    assert_eq!(warnings(&request), [MemoryWarning::MemfdNotShared]);
    let region = create_anonymous(&Host::real(), &request).unwrap().region;
    region.write(0, b"x").unwrap();
    let mut file = [0];
    nix::sys::uio::pread(region.file().unwrap(), &mut file, 0).unwrap();
    assert_eq!((file, region.is_shared()), ([0], false));
}

#[test]
fn d02_private_shared_memory_is_refused() {
    let mut request = AnonymousRequest::shared(AnonymousKind::Shm, pages(1));
    request.memory.share = false;
    assert_eq!(faults(&Host::real(), &request), ["shm-needs-share"]);
}

#[test]
fn d03_a_sealed_memfd_refuses_to_shrink_to_grow_and_to_be_unsealed_and_can_be_punched() {
    let region = memory(MEMFD, pages(2));
    let file = std::fs::File::from(region.file().unwrap().try_clone().unwrap());
    region.write(0, b"x").unwrap();

    let refusals = [pages(1), pages(3)].map(|length| file.set_len(length).unwrap_err().raw_os_error());

    assert_eq!(refusals, [Some(nix::libc::EPERM); 2]);
    let expected = SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
    assert!(seals(&file).contains(expected));
    assert!(fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_WRITE)).is_err());
    region.discard(0, pages(1)).unwrap();
    assert_eq!(byte(&region, 0), 0);
}

#[test]
fn d03_without_seal_the_length_is_free_and_no_seal_can_be_added() {
    let kind = AnonymousKind::Memfd { huge: false, huge_size: None, seal: false };
    let region = memory(kind, pages(2));
    let file = std::fs::File::from(region.file().unwrap().try_clone().unwrap());
    file.set_len(pages(3)).unwrap();
    assert!(!seals(&file).contains(SealFlag::F_SEAL_GROW));
    assert!(fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_GROW)).is_err());
}

#[test]
fn d03_memory_that_others_get_is_not_executable_where_the_kernel_promises_that() {
    let region = memory(MEMFD, pages(1));
    let stat = nix::sys::stat::fstat(region.file().unwrap()).unwrap();
    let promised = seals(region.file().unwrap()).bits() & 0x20 != 0; // F_SEAL_EXEC, Linux 6.3
    assert_eq!(promised, stat.st_mode & 0o111 == 0);
}

#[test]
fn more_than_there_are_addresses_for_is_refused_with_what_is_left() {
    for kind in [AnonymousKind::Ram, MEMFD, AnonymousKind::Shm] {
        let request = AnonymousRequest::shared(kind, 1 << 60);
        let verdict = check_anonymous(&Host::with(Faults::none().memory(1 << 62)), &request);
        let [MemoryError::TooFewAddresses { length, most }] = &*verdict.faults else { panic!("{verdict:?}") };
        assert!(*length == 1 << 60 && (1 << 40..1 << 60).contains(most), "{most}");
    }
}

#[test]
fn what_the_kernel_does_not_promise_is_refused_by_the_check_as_by_the_host() {
    // More than any machine has that these tests run on; where the kernel promises it all the same, nothing is wrong.
    let request = AnonymousRequest::new(30 << 40);
    let checked = faults(&Host::real(), &request);
    let made = create_anonymous(&Host::real(), &request).map(drop).map_err(|error| error.code());
    assert_eq!(made, checked.first().map_or(Ok(()), |code| Err(*code)));
}
