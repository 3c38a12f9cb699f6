//! Section A: files that are not regular, and file systems with their own rules.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::*;

/// A block device over a file, for one test; `None` where there are no loop devices.
struct Loop {
    device: PathBuf,
}

impl Loop {
    fn new(file: &Path) -> Option<Self> {
        let output = Command::new("losetup").args(["--find", "--show"]).arg(file).output().ok()?;
        let device = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !device.is_empty()).then(|| Self { device: device.into() })
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("--detach").arg(&self.device).status();
    }
}

#[test]
fn a08_on_hugetlbfs_the_page_size_is_the_file_system_s() {
    let Some(mount) = Mount::new("hugetlbfs", "pagesize=2M") else { return skip("cannot mount hugetlbfs") };
    let bench = Bench::new();
    let verdict = bench.verdict(&shared(&mount.path("ram"), pages(1), 3 << 20));
    let codes: Vec<_> = verdict.faults.iter().map(|fault| (fault.code(), fault.property())).collect();
    assert_eq!(codes, [("not-a-page-multiple", Some("offset")), ("not-a-page-multiple", Some("size"))]);
    assert!(verdict.faults[0].to_string().contains("hugetlbfs page size of 2097152"), "{verdict:?}");
    assert_eq!(listing(mount.at.path()), []);
}

#[test]
fn a08_an_alignment_below_the_huge_page_is_refused() {
    let Some(mount) = Mount::new("hugetlbfs", "pagesize=2M") else { return skip("cannot mount hugetlbfs") };
    let mut request = shared(&mount.path("ram"), 0, 2 << 20);
    (request.align, request.memory.reserve) = (Some(pages(1)), Some(false));
    assert_eq!(Bench::new().faults(&request), ["align-not-page-multiple"]);
}

#[test]
fn a08_c10_huge_pages_that_are_not_there_are_an_error_with_the_file_offset() {
    let Some(mount) = Mount::new("hugetlbfs", "pagesize=2M") else { return skip("cannot mount hugetlbfs") };
    let Some(_pool) = HugePages::exactly(0) else { return skip("cannot have an empty pool of huge pages") };
    let mut bench = Bench::new();
    let mut request = shared(&mount.path("ram"), 2 << 20, 4 << 20);
    request.memory.reserve = Some(false);
    let region = bench.region(&request);
    assert_eq!((region.page_size(), region.address() % (2 << 20)), (2 << 20, 0));
    let error = region.populate(1, &unwatched).unwrap_err();
    assert_eq!(
        error,
        MemoryError::NoPage { subject: format!("'{}'", request.path.display()), offset: 2 << 20 }
    );
    assert_eq!(region.read(0, &mut [0]).unwrap_err().code(), "page-lost");
    drop(region);
    bench.roll_back();
    assert_eq!(listing(mount.at.path()), []);
}

#[test]
fn a08_huge_pages_are_mapped_populated_and_punched_at_their_place() {
    let Some(mount) = Mount::new("hugetlbfs", "pagesize=2M") else { return skip("cannot mount hugetlbfs") };
    let Some(_pool) = HugePages::exactly(2) else { return skip("cannot reserve two huge pages") };
    let mut bench = Bench::new();
    let mut request = shared(&mount.path("ram"), 2 << 20, 4 << 20);
    request.memory.prealloc = true;
    let region = bench.region(&request);
    region.populate(2, &unwatched).unwrap();
    region.write(0, b"x").unwrap();
    region.write(2 << 20, b"y").unwrap();
    region.discard(0, 2 << 20).unwrap();
    assert_eq!([byte(&region, 0), byte(&region, 2 << 20)], [0, b'y']);
    assert_eq!(region.discard(pages(1), 2 << 20).unwrap_err().code(), "discard-misaligned");
    assert_eq!((region.page_size(), length(&request.path)), (2 << 20, 6 << 20));
}

#[test]
fn a14_a_write_to_a_full_file_system_is_an_error_and_no_signal() {
    let Some(mount) = Mount::new("tmpfs", "size=1m") else { return skip("cannot mount tmpfs") };
    let mut bench = Bench::new();
    let region = bench.region(&shared(&mount.path("ram"), 0, 4 << 20));
    let error = region.write(0, &vec![1; 4 << 20]).unwrap_err();
    assert_eq!((error.code(), error.is_host()), ("page-lost", true));
    let error = region.populate(1, &unwatched).unwrap_err();
    let subject = format!("'{}'", mount.path("ram").display());
    assert_eq!(error, MemoryError::Populate { subject, offset: 1 << 20, errno: Errno::ENOSPC });
}

#[test]
fn c12_a_policy_has_no_effect_on_a_block_device() {
    if !numa::can_bind() {
        return;
    }
    let bench = Bench::new();
    let Some(disk) = Loop::new(&bench.file("disk", &zeroes(1 << 20))) else { return skip("no loop device") };
    let mut request = shared(&disk.device, 0, pages(1));
    (request.memory.policy, request.memory.host_nodes) = (Policy::Bind, vec![0]);
    assert_eq!(bench.warnings(&request), ["no-effect"]);
}

#[test]
fn a17_a_block_device_is_as_long_as_its_end_is_far_and_never_grown() {
    let mut bench = Bench::new();
    let file = bench.file("disk", &zeroes(1 << 20));
    let Some(disk) = Loop::new(&file) else { return skip("no loop device") };
    assert_eq!(bench.faults(&shared(&disk.device, pages(1), 1 << 20)), ["device-too-short"]);
    let region = bench.region(&shared(&disk.device, pages(1), (1 << 20) - pages(1)));
    region.write(0, b"x").unwrap();
    drop(region);
    assert_eq!((length(&file), bench.journal.len()), (1 << 20, 0));
    std::fs::File::open(&disk.device).unwrap().sync_all().unwrap();
    let mut again = [0];
    bench.region(&shared(&disk.device, 0, pages(2))).read(pages(1), &mut again).unwrap();
    assert_eq!(again, *b"x");
}

#[test]
fn a18_dev_zero_has_no_bounds() {
    let mut bench = Bench::new();
    let mut request = FileRequest::new("/dev/zero", pages(4));
    request.offset = 1 << 40;
    assert_eq!(bench.warnings(&request), [""; 0]);
    let region = bench.region(&request);
    region.write(pages(3), b"x").unwrap();
    assert_eq!((byte(&region, pages(3)), region.file_id(), bench.journal.len()), (b'x', None, 0));
}

#[test]
fn a18_a_device_without_memory_is_refused() {
    let error = Bench::new().open("ram0", &shared(Path::new("/dev/null"), 0, pages(1))).unwrap_err();
    assert_eq!((error.code(), error.is_host()), ("not-mappable", false));
}

#[test]
fn a18_dev_zero_can_be_shared() {
    let mut bench = Bench::new();
    let region = bench.region(&shared(Path::new("/dev/zero"), 0, pages(4)));
    region.write(pages(3), b"x").unwrap();
    assert_eq!(byte(&region, pages(3)), b'x');
}

#[test]
fn a18_dev_zero_shared_at_an_offset_maps_and_has_no_pages() {
    // The kernel makes an object as long as the mapping, and then looks at the offset in it (measured on 6.18).
    let mut bench = Bench::new();
    let region = bench.region(&shared(Path::new("/dev/zero"), pages(4), pages(4)));
    assert_eq!(region.write(0, b"x").unwrap_err().code(), "page-lost");
}

/// A sysfs in which `/dev/zero` (1:5) is a device DAX.
fn dax(length: &str, align: &str) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let device = folder.path().join("dev/char/1:5");
    std::fs::create_dir_all(&device).unwrap();
    symlink("../../../bus/dax", device.join("subsystem")).unwrap();
    std::fs::write(device.join("size"), length).unwrap();
    std::fs::write(device.join("align"), align).unwrap();
    let mut bench = Bench::with(Host::with(Faults::none().sysfs(folder.path())));
    bench.folder = folder;
    bench
}

#[test]
fn a19_a_device_dax_takes_its_size_from_sysfs() {
    let bench = dax("4194304\n", "2097152\n");
    assert_eq!(bench.faults(&shared(Path::new("/dev/zero"), 0, 6 << 20)), ["device-too-short"]);
    assert_eq!(bench.faults(&shared(Path::new("/dev/zero"), 0, 4 << 20)), [""; 0]);
}

#[test]
fn a19_the_alignment_of_a_device_dax_is_its_page_size_and_default() {
    let mut bench = dax("4194304\n", "0x200000\n");
    assert_eq!(bench.faults(&shared(Path::new("/dev/zero"), pages(1), 2 << 20)), ["not-a-page-multiple"]);
    let region = bench.region(&shared(Path::new("/dev/zero"), 2 << 20, 2 << 20));
    assert_eq!((region.page_size(), region.address() % (2 << 20)), (2 << 20, 0));
}

#[test]
fn a19_an_alignment_that_is_not_the_device_s_is_refused() {
    let bench = dax("4194304\n", "2097152\n");
    let mut request = shared(Path::new("/dev/zero"), 0, 2 << 20);
    request.align = Some(pages(1));
    let verdict = bench.verdict(&request);
    let expected = MemoryError::AlignNotDax { path: "/dev/zero".into(), align: pages(1), device: 2 << 20 };
    assert_eq!(verdict.faults, [expected]);
}

#[test]
fn a19_a_device_dax_cannot_be_private() {
    let bench = dax("4194304\n", "2097152\n");
    assert_eq!(bench.faults(&FileRequest::new("/dev/zero", 2 << 20)), ["dax-needs-share"]);
}

#[test]
fn a19_an_attribute_that_cannot_be_read_is_the_host_s_fault() {
    let bench = dax("lots\n", "2097152\n");
    let verdict = bench.verdict(&shared(Path::new("/dev/zero"), 0, 2 << 20));
    assert!(matches!(verdict.faults[..], [MemoryError::Host { call: Call::Sysfs, .. }]), "{verdict:?}");
}

#[test]
fn d13_pmem_on_a_file_without_dax_is_refused() {
    let bench = Bench::new();
    let mut existing = shared(&bench.file("ram", &zeroes(pages(1))), 0, pages(1));
    existing.pmem = true;
    assert_eq!(bench.faults(&existing), ["pmem-without-dax"]);
    existing.memory.share = false;
    assert_eq!(bench.faults(&existing), ["pmem-without-dax"]);
    let mut folder = shared(bench.folder.path(), 0, pages(1));
    folder.pmem = true;
    assert_eq!(bench.faults(&folder), ["pmem-without-dax"]);
}

#[test]
fn d13_pmem_on_a_new_file_without_dax_is_refused_and_leaves_nothing() {
    let mut bench = Bench::new();
    let mut request = shared(&bench.path("ram"), 0, pages(1));
    request.pmem = true;
    assert_eq!(bench.open("ram0", &request).unwrap_err().code(), "pmem-without-dax");
    bench.roll_back();
    assert_eq!(listing(bench.folder.path()), []);
}

#[test]
fn d13_persistent_memory_is_mapped_with_map_sync_or_not_at_all() {
    let mut bench = dax("4194304\n", "2097152\n");
    let mut request = shared(Path::new("/dev/zero"), 0, 2 << 20);
    assert!(bench.open("ram0", &request).is_ok());
    request.pmem = true;
    // What says that it is a device DAX is believed, so only the kernel is left to refuse MAP_SYNC.
    assert_eq!(bench.faults(&request), [""; 0]);

    assert_eq!(bench.open("ram0", &request).unwrap_err().code(), "pmem-without-dax");
}
