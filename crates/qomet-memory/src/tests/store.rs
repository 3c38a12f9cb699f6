//! Rule D15 and what belongs to it: the backing store truncated, removed, replaced, filled up, shrunk, unplugged or
//! unmounted while it is mapped. What is needed of the machine, and is not there, is skipped and told.

use std::process::{Command, Stdio};

use super::*;

/// A window from the third page of a file on, eight pages long.
fn window(path: &Path) -> FileRequest {
    shared(path, pages(2), pages(8))
}

fn cut(path: &Path, length: u64) {
    std::fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

/// Everything that can be asked of a region, and that may fail: the codes. That it returns at all is the point.
fn everything(region: &Region) -> Vec<&'static str> {
    let whole = zeroes(region.mapped_len());
    let code = |done: Result<(), MemoryError>| done.err().map_or("done", |error| error.code());
    vec![
        code(region.read(0, &mut whole.clone())),
        code(region.write(0, &whole)),
        code(region.set_merge(false).map(drop)),
        code(region.set_merge(true).map(drop)),
        code(region.set_dump(false)),
        code(region.set_dump(true)),
        code(region.allocate(&unwatched)),
        code(region.populate(2, &unwatched)),
        code(region.discard(0, region.mapped_len())),
    ]
}

/// What [`everything`] comes to where a page cannot be had, but the file system takes and gives space.
const NO_PAGE: [&str; 9] =
    ["page-lost", "page-lost", "done", "done", "done", "done", "done", "no-backing-page", "done"];
const FINE: [&str; 9] = ["done"; 9];

fn text(fault: Option<MemoryError>, bench: &Bench) -> String {
    let text = fault.map_or_else(String::new, |fault| fault.to_string());
    text.replace(&format!("{}/", bench.folder.path().display()), "")
}

#[test]
fn d15_a_file_truncated_to_nothing_is_an_error_of_everything_that_touches_it() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&window(&path));

    cut(&path, 0);

    // Allocating keeps the length as it is: what was cut off stays cut off.
    assert_eq!(everything(&region), NO_PAGE);
    assert_eq!(length(&path), 0);
    assert_eq!(
        text(region.fault(), &bench),
        "'ram' is 0 bytes long now, and the memory is its bytes 8192 to 40960"
    );
}

#[test]
fn d15_a_file_truncated_in_the_middle_of_a_window_leaves_what_is_in_front() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&window(&path));
    region.write(pages(2), b"kept").unwrap();

    cut(&path, pages(5));

    let mut all = zeroes(pages(8));
    let lost = region.read(0, &mut all).unwrap_err();
    assert_eq!(
        text(Some(lost), &bench),
        "reading of 'ram' stopped at offset 20480: the page is not there (the file is now 20480 bytes (20 KiB) long)"
    );
    assert_eq!(&all[8192..8196], b"kept");
    assert_eq!(everything(&region), NO_PAGE);
    region.write(0, &zeroes(pages(3))).unwrap();
}

#[test]
fn d15_the_other_windows_of_a_truncated_file_and_other_files_are_unharmed() {
    let bench = Bench::new();
    let path = bench.path("ram");
    let requests = [
        shared(&path, 0, pages(2)),
        shared(&path, pages(2), pages(8)),
        shared(&bench.path("other"), 0, pages(4)),
    ];
    let named = ["low", "high", "other"].map(str::to_owned).into_iter().zip(requests);
    let plan = bench.ledger.plan(&bench.host, named);
    let open = |owner| plan.open(owner, &mut |undo| drop(undo)).unwrap().region;
    let [low, high, other] = ["low", "high", "other"].map(open);

    cut(&path, pages(2));

    assert_eq!(everything(&high), NO_PAGE);
    assert_eq!((everything(&low), low.fault()), (FINE.to_vec(), None));
    assert_eq!((everything(&other), other.fault()), (FINE.to_vec(), None));
}

#[test]
fn d15_a_file_that_is_as_long_again_as_it_was_is_memory_again() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&window(&path));
    region.write(0, b"lost").unwrap();
    cut(&path, 0);
    assert_eq!(region.read(0, &mut [0]).unwrap_err().code(), "page-lost");

    cut(&path, pages(10));

    assert_eq!((region.fault(), byte(&region, 0)), (None, 0));
    assert_eq!(everything(&region), FINE);
}

#[test]
fn d15_a_page_that_was_not_there_is_told_of_until_it_is() {
    let faults = Faults::none().call(Call::CopyOut, Errno::EFAULT).call(Call::Populate, Errno::EFAULT);
    let region = create_anonymous(&Host::with(faults), &AnonymousRequest::new(pages(2))).unwrap().region;
    assert_eq!(region.fault(), None);
    let error = region.read(pages(1), &mut [0]).unwrap_err();
    assert_eq!((error.code(), region.fault()), ("page-lost", Some(error)));

    let faults = Faults::none().call(Call::CopyOut, Errno::EFAULT);
    let region = create_anonymous(&Host::with(faults), &AnonymousRequest::new(pages(2))).unwrap().region;
    assert_eq!(region.read(pages(1), &mut [0]).unwrap_err().code(), "page-lost");
    assert_eq!(region.fault(), None);
}

#[test]
fn d15_a_file_that_is_removed_is_told_of_and_works_on() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&window(&path));
    assert!(!region.is_gone());

    std::fs::remove_file(&path).unwrap();

    assert_eq!(everything(&region), FINE);
    assert!(region.is_gone());
    assert_eq!(
        text(region.fault(), &bench),
        "'ram' was removed or replaced: no name leads any more to the file whose bytes 8192 to 40960 are the memory"
    );
}

#[test]
fn d15_a_file_of_the_same_name_is_another_file() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let old = bench.region(&window(&path));
    old.write(0, b"old").unwrap();
    std::fs::rename(&path, bench.path("moved")).unwrap();
    let new = shared(&path, pages(2), pages(8));
    assert_eq!(bench.warnings(&new), [""; 0]);
    assert_eq!(bench.warnings(&window(&bench.path("moved"))), ["file-ranges-overlap"]);

    let new = bench.open("new", &new).unwrap().region;

    assert_eq!(
        text(old.fault(), &bench),
        "'ram' no longer leads to the file whose bytes 8192 to 40960 are the memory"
    );
    assert_eq!((byte(&old, 0), byte(&new, 0), new.fault()), (b'o', 0, None));
}

#[test]
fn d15_memory_without_a_path_is_never_gone() {
    let mut bench = Bench::new();
    let folder = bench.region(&shared(bench.folder.path().to_owned().as_path(), 0, pages(1)));
    let mut request = AnonymousRequest::new(pages(1));
    request.memory.share = true;
    let memory = create_anonymous(&Host::real(), &request).unwrap().region;
    assert_eq!((folder.fault(), memory.fault()), (None, None));
}

#[test]
fn d15_a_file_system_that_is_full_is_an_error_with_the_place_and_freed_space_heals_it() {
    let Some(mount) = Mount::new("tmpfs", "size=64k") else { return skip("this process may not mount") };
    let mut bench = Bench::new();
    let region = bench.region(&shared(&mount.path("ram"), pages(2), pages(8)));
    let small = bench.open("small", &shared(&mount.path("small"), 0, pages(1))).unwrap().region;
    small.write(0, b"here").unwrap();
    std::fs::write(mount.path("filler"), zeroes(48 << 10)).unwrap();
    let filled = std::fs::write(mount.path("rest"), zeroes(64 << 10));
    assert_eq!(filled.unwrap_err().kind(), std::io::ErrorKind::StorageFull);

    let lost = region.write(pages(3), b"x").unwrap_err();
    let populating = region.populate(1, &unwatched).unwrap_err();

    let name = mount.path("ram").display().to_string();
    let texts = [lost, populating.clone()].map(|error| error.to_string().replace(&name, "ram"));
    assert_eq!(
        texts,
        [
            "writing of 'ram' stopped at offset 20480: the page is not there (the file is now 40960 bytes (40 KiB) long)",
            "cannot populate 'ram' at offset 8192: No space left on device",
        ]
    );
    assert_eq!(region.fault(), Some(populating));
    assert_eq!((byte(&small, 0), small.fault()), (b'h', None));
    std::fs::remove_file(mount.path("filler")).unwrap();
    std::fs::remove_file(mount.path("rest")).unwrap();
    assert_eq!(region.fault(), None);
    assert_eq!(everything(&region), FINE);
}

#[test]
fn d15_a_file_system_that_is_made_smaller_keeps_what_is_there_and_gives_no_more() {
    let Some(mount) = Mount::new("tmpfs", "size=1m") else { return skip("this process may not mount") };
    let mut bench = Bench::new();
    let region = bench.region(&window(&mount.path("ram")));
    region.write(0, b"kept").unwrap();

    mount.remount("size=4k");

    assert_eq!(byte(&region, 0), b'k');
    assert_eq!(region.write(pages(4), b"x").unwrap_err().code(), "page-lost");
    assert_eq!(byte(&region, 0), b'k');
}

#[test]
fn d15_a_file_system_that_is_made_read_only_leaves_rom_as_it_is() {
    let Some(mount) = Mount::new("tmpfs", "size=1m") else { return skip("this process may not mount") };
    std::fs::write(mount.path("rom"), zeroes(pages(10))).unwrap();
    let mut bench = Bench::new();
    let mut request = window(&mount.path("rom"));
    request.readonly = true;
    let region = bench.region(&request);

    mount.remount("ro");

    assert_eq!((byte(&region, 0), region.fault()), (0, None));
    region.populate(1, &unwatched).unwrap();
    let late = bench.verdict(&window(&mount.path("rom"))).faults;
    assert_eq!(
        late[0].to_string(),
        format!("'{}' cannot be written: Read-only file system", mount.path("rom").display())
    );
}

#[test]
fn d15_a_file_system_that_is_unmounted_lazily_works_on_under_no_name() {
    let Some(mount) = Mount::new("tmpfs", "size=1m") else { return skip("this process may not mount") };
    let mut bench = Bench::new();
    let path = mount.path("ram");
    let region = bench.region(&window(&path));
    region.write(0, b"kept").unwrap();

    drop(mount);

    assert_eq!(byte(&region, 0), b'k');
    assert_eq!(region.fault().map(|fault| fault.code()), Some("file-gone"));
    assert_eq!(everything(&region), FINE);
}

#[test]
fn d15_huge_pages_that_are_taken_out_of_the_pool_are_an_error_and_no_signal() {
    let Some(pool) = HugePages::exactly(3) else {
        return skip("needs a pool of huge pages that nobody uses");
    };
    let Some(mount) = Mount::new("hugetlbfs", "pagesize=2M") else {
        return skip("this process may not mount");
    };
    let unit = 2 << 20;
    let mut bench = Bench::new();
    let mut request = shared(&mount.path("ram"), unit, 2 * unit);
    request.memory.reserve = Some(false);
    let region = bench.region(&request);
    region.write(0, b"kept").unwrap();

    pool.shrink();

    assert_eq!(byte(&region, 0), b'k');
    let lost = region.write(unit, b"x").unwrap_err();
    let MemoryError::PageLost { offset, .. } = lost else { panic!("{lost}") };
    assert_eq!(offset, 2 * unit);
    assert_eq!(region.populate(1, &unwatched).unwrap_err().code(), "no-backing-page");
    assert_eq!(region.fault().map(|fault| fault.code()), Some("no-backing-page"));
    drop(region);
    bench.roll_back();
}

/// A block device over a file; `None` where there can be none.
struct Loop(PathBuf);

impl Loop {
    fn over(image: &Path) -> Option<Self> {
        let mut command = Command::new("losetup");
        let made = command.args(["--find", "--show"]).arg(image).stderr(Stdio::null()).output().ok()?;
        let name = String::from_utf8(made.stdout).unwrap();
        made.status.success().then(|| Self(name.trim().into()))
    }

    fn losetup(&self, option: &str) -> bool {
        let mut command = Command::new("losetup");
        command.arg(option).arg(&self.0).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.losetup("--detach");
    }
}

#[test]
fn d15_a_device_that_no_longer_answers_is_an_error_and_no_signal() {
    let mut bench = Bench::new();
    let image = bench.file("image", &zeroes(1 << 20));
    let Some(device) = Loop::over(&image) else { return skip("this process may not make loop devices") };
    let region = bench.region(&shared(&device.0, pages(2), pages(64)));

    cut(&image, 0);

    assert_eq!(region.read(0, &mut zeroes(pages(64))).unwrap_err().code(), "page-lost");
    let failure = region.populate(1, &unwatched).unwrap_err();
    assert_eq!(failure.code(), "no-backing-page");
    assert!(failure.to_string().contains(&device.0.display().to_string()), "{failure}");
    assert_eq!(region.fault(), Some(failure));
}

#[test]
fn d15_a_device_that_is_shorter_now_is_told_of() {
    let mut bench = Bench::new();
    let image = bench.file("image", &zeroes(1 << 20));
    let Some(device) = Loop::over(&image) else { return skip("this process may not make loop devices") };
    let region = bench.region(&shared(&device.0, pages(2), pages(64)));
    assert_eq!(region.fault(), None);

    cut(&image, pages(4));
    assert!(device.losetup("--set-capacity"));

    assert_eq!(region.check_length().unwrap_err().code(), "file-truncated");
    assert_eq!(region.read(0, &mut zeroes(pages(64))).unwrap_err().code(), "page-lost");
}
