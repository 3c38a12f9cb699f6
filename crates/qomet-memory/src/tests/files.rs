//! Section A: files that are made, grown, or shortened behind our back, and the room that they need.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;

#[test]
fn a01_a_missing_file_is_created_for_the_owner_alone_and_as_long_as_needed() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&shared(&path, pages(1), pages(2)));
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    assert_eq!(metadata.len(), pages(3));
    assert_eq!((region.file_offset(), region.len()), (pages(1), pages(2)));
}

#[test]
fn a01_a_created_file_goes_when_the_transaction_fails() {
    let mut bench = Bench::new();
    let request = shared(&bench.path("ram"), 0, pages(1));
    drop(bench.region(&request));
    bench.roll_back();
    assert_eq!(listing(bench.folder.path()), []);
}

#[test]
fn a01_a_created_file_stays_when_the_transaction_is_kept() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    drop(bench.region(&shared(&path, 0, pages(1))));
    bench.journal.clear();
    assert_eq!(length(&path), pages(1));
}

#[test]
fn a01_a_file_that_took_the_name_is_not_removed() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&shared(&path, 0, pages(1)));
    std::fs::rename(&path, bench.path("old")).unwrap();
    std::fs::write(&path, b"somebody else's").unwrap();
    drop(region);
    let error = bench.journal.pop().unwrap().undo().unwrap_err();
    assert_eq!(error.code(), "not-undone");
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody else's");
}

#[test]
fn a01_a_file_that_took_the_name_of_a_removed_one_is_not_removed() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    drop(bench.region(&shared(&path, 0, pages(1))));
    std::fs::remove_file(&path).unwrap();
    // The file system would hand out the same number again, did the undo not keep the file open.
    std::fs::write(&path, b"somebody else's").unwrap();
    assert_eq!(bench.journal.pop().unwrap().undo().unwrap_err().code(), "not-undone");
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody else's");
}

#[test]
fn a02_an_empty_file_is_grown() {
    let mut bench = Bench::new();
    let path = bench.file("ram", b"");
    let _region = bench.region(&shared(&path, pages(1), pages(1)));
    assert_eq!(length(&path), pages(2));
}

#[test]
fn a02_a_grown_file_is_empty_again_when_the_transaction_fails() {
    let mut bench = Bench::new();
    let path = bench.file("ram", b"");
    drop(bench.region(&shared(&path, 0, pages(1))));
    bench.roll_back();
    assert_eq!(length(&path), 0);
}

#[test]
fn a02_a_grown_file_that_somebody_changed_is_left_alone() {
    let mut bench = Bench::new();
    let path = bench.file("ram", b"");
    drop(bench.region(&shared(&path, 0, pages(1))));
    std::fs::File::options().write(true).open(&path).unwrap().set_len(pages(3)).unwrap();
    assert_eq!(bench.journal.pop().unwrap().undo().unwrap_err().code(), "not-undone");
    assert_eq!(length(&path), pages(3));
}

#[test]
fn a03_a_shorter_non_empty_file_is_refused() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    let error = bench.open("ram0", &shared(&path, pages(1), pages(2))).unwrap_err();
    assert_eq!((error.code(), error.property()), ("file-too-short", Some("size")));
    assert!(error.to_string().contains(&pages(2).to_string()), "{error}");
    assert!(error.help().unwrap().contains(&format!("at most {}", pages(1))), "{error:?}");
    assert_eq!(length(&path), pages(2));
}

#[test]
fn a03_a_window_behind_the_end_blames_the_offset() {
    let bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    let verdict = bench.verdict(&shared(&path, pages(5), pages(1)));
    assert_eq!(verdict.faults[0].property(), Some("offset"));
    assert!(verdict.faults[0].help().unwrap().contains(&pages(1).to_string()));
}

#[test]
fn a04_of_a_longer_file_only_the_window_is_used() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &vec![7; usize::try_from(pages(3)).unwrap()]);
    let region = bench.region(&shared(&path, pages(1), pages(1)));
    region.write(0, &zeroes(pages(1))).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let sevens =
        |from: u64| bytes[usize::try_from(from).unwrap()..].iter().take_while(|byte| **byte == 7).count();
    assert_eq!(
        (bytes.len() as u64, sevens(0) as u64, sevens(pages(1)), sevens(pages(2)) as u64),
        (pages(3), pages(1), 0, pages(1))
    );
}

/// Opens all requests of a batch in this order and returns the length of the file.
fn batch_length(order: [u64; 3], prepared: impl Fn(&Bench) -> PathBuf) -> u64 {
    let mut bench = Bench::new();
    let path = prepared(&bench);
    let owners: Vec<_> = order.iter().map(|place| format!("ram{place}")).collect();
    let requests = order.map(|place| (format!("ram{place}"), shared(&path, pages(place), pages(1))));
    let plan = bench.ledger.plan(&bench.host, requests);
    let regions: Vec<_> =
        owners.iter().map(|owner| plan.open(owner, &mut |undo| bench.journal.push(undo)).unwrap()).collect();
    let found = length(&path);
    drop((regions, plan));
    assert_eq!(bench.journal.len(), 1, "one effect");
    bench.roll_back();
    assert_eq!(if path.exists() { length(&path) } else { 0 }, 0);
    found
}

#[test]
fn a05_a_batch_makes_a_file_once_as_long_as_its_largest_end_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        assert_eq!(batch_length(order, |bench| bench.path("ram")), pages(3), "{order:?}");
    }
}

#[test]
fn a05_a_batch_grows_an_empty_file_once_in_any_order() {
    for order in [[0, 1, 2], [2, 0, 1], [1, 0, 2]] {
        assert_eq!(batch_length(order, |bench| bench.file("ram", b"")), pages(3), "{order:?}");
    }
}

#[test]
fn a05_a_reader_may_come_before_the_writer_that_makes_the_file() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let mut reader = shared(&path, 0, pages(2));
    reader.readonly = true;
    let requests = [("reader".to_owned(), reader), ("writer".to_owned(), shared(&path, 0, pages(1)))];
    let plan = bench.ledger.plan(&bench.host, requests);
    let reader = plan.open("reader", &mut |undo| bench.journal.push(undo)).unwrap().region;
    let writer = plan.open("writer", &mut |undo| bench.journal.push(undo)).unwrap().region;
    writer.write(5, b"x").unwrap();
    assert_eq!((byte(&reader, 5), length(&path)), (b'x', pages(2)));
}

#[test]
fn a05_a_reader_may_come_before_the_writer_that_grows_an_empty_file() {
    let mut bench = Bench::new();
    let path = bench.file("ram", b"");
    let mut reader = shared(&path, 0, pages(2));
    reader.readonly = true;
    let requests = [("reader".to_owned(), reader), ("writer".to_owned(), shared(&path, 0, pages(1)))];
    let plan = bench.ledger.plan(&bench.host, requests);
    assert!(plan.verdicts().all(|(_, verdict)| verdict.faults.is_empty()));
    let reader = plan.open("reader", &mut |undo| bench.journal.push(undo)).unwrap().region;
    assert_eq!((byte(&reader, 0), length(&path)), (0, pages(2)));
}

#[test]
fn a05_a_reader_alone_does_not_grow_a_file_that_this_model_made() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let _made = bench.region(&shared(&path, 0, pages(1)));
    let mut reader = shared(&path, 0, pages(2));
    reader.readonly = true;
    assert_eq!(bench.faults(&reader), ["file-too-short"]);
}

#[test]
fn a05_a_single_add_grows_a_file_that_this_model_made() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let first = bench.region(&shared(&path, 0, pages(1)));
    let second = bench.open("ram1", &shared(&path, pages(1), pages(2))).unwrap();
    assert_eq!(length(&path), pages(3));
    drop(second);
    bench.journal.pop().unwrap().undo().unwrap();
    assert_eq!(length(&path), pages(1));
    let _third = bench.open("ram2", &shared(&path, pages(1), pages(1))).unwrap();
    assert_eq!((length(&path), byte(&first, 0)), (pages(2), 0));
}

#[test]
fn a05_a_single_add_does_not_grow_a_file_that_somebody_else_made() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(1)));
    let _first = bench.region(&shared(&path, 0, pages(1)));
    assert_eq!(bench.faults(&shared(&path, pages(1), pages(1))), ["file-too-short"]);
}

#[test]
fn a05_a_single_add_does_not_grow_a_file_that_somebody_else_grew_since() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let _first = bench.region(&shared(&path, 0, pages(1)));
    std::fs::File::options().write(true).open(&path).unwrap().set_len(pages(2)).unwrap();
    assert_eq!(bench.faults(&shared(&path, pages(2), pages(1))), ["file-too-short"]);
}

#[test]
fn a05_a_made_file_is_nobody_s_once_all_its_windows_are_gone() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let region = bench.region(&shared(&path, 0, pages(1)));
    bench.journal.clear();
    drop(region);
    assert_eq!(bench.faults(&shared(&path, pages(1), pages(1))), ["file-too-short"]);
}

#[test]
fn a06_an_offset_into_an_empty_file_leaves_a_hole() {
    let mut bench = Bench::new();
    let path = bench.file("ram", b"");
    let region = bench.region(&shared(&path, 1 << 30, pages(1)));
    region.write(0, b"x").unwrap();
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!(metadata.len(), (1 << 30) + pages(1));
    assert!(metadata.blocks() * 512 < 1 << 20, "{} blocks", metadata.blocks());
}

#[test]
fn a13_a_file_shortened_after_the_check_is_refused() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    let plan = bench.ledger.plan(&bench.host, [("ram0".to_owned(), shared(&path, 0, pages(2)))]);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(pages(1)).unwrap();
    let error = plan.open("ram0", &mut |undo| bench.journal.push(undo)).unwrap_err();
    assert_eq!(error.code(), "file-too-short");
}

#[test]
fn a13_a_file_replaced_after_the_check_is_refused() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    let plan = bench.ledger.plan(&bench.host, [("ram0".to_owned(), shared(&path, 0, pages(2)))]);
    std::fs::rename(bench.file("other", &zeroes(pages(2))), &path).unwrap();
    let error = plan.open("ram0", &mut |undo| bench.journal.push(undo)).unwrap_err();
    assert_eq!(error.code(), "file-replaced");
}

/// Opens what a probe saw, after `change` came in between.
fn opened_after(change: impl Fn(&Bench, &Path)) -> MemoryError {
    let bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    let probe = crate::probe::probe(&bench.host, path.as_path().into()).unwrap();
    change(&bench, &path);
    let request = shared(&path, 0, pages(2));
    crate::open::file(&bench.host, &bench.ledger, "ram0", &request, &probe).unwrap_err()
}

#[test]
fn a13_a_file_shortened_at_the_last_moment_is_refused() {
    let error = opened_after(|_, path| {
        std::fs::File::options().write(true).open(path).unwrap().set_len(pages(1)).unwrap();
    });
    assert_eq!(error.code(), "file-length-changed");
}

#[test]
fn a13_a_file_replaced_at_the_last_moment_is_refused() {
    let replaced = opened_after(|bench, path| {
        std::fs::rename(bench.file("other", &zeroes(pages(2))), path).unwrap();
    });
    let removed = opened_after(|_, path| std::fs::remove_file(path).unwrap());
    assert_eq!((replaced.code(), removed.code()), ("file-replaced", "file-replaced"));
}

#[test]
fn a26_a_fifo_that_took_the_name_at_the_last_moment_is_refused_and_does_not_hang() {
    let error = opened_after(|_, path| {
        std::fs::remove_file(path).unwrap();
        nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    });
    assert_eq!(error.code(), "file-replaced");
}

#[test]
fn a13_a_read_only_empty_file_is_refused() {
    let bench = Bench::new();
    let mut request = shared(&bench.file("ram", b""), 0, pages(1));
    request.readonly = true;
    assert_eq!(bench.faults(&request), ["read-only-file-empty"]);
}

#[test]
fn a14_more_than_the_free_space_is_warned_of_with_both_numbers() {
    let bench = Bench::with(Host::with(Faults::none().free_space(pages(1))));
    let verdict = bench.verdict(&shared(&bench.path("ram"), 0, pages(3)));
    let expected = MemoryWarning::BackingMayRunOut {
        path: bench.path("ram"),
        needed: pages(3),
        free: pages(1),
        prealloc: false,
    };
    assert_eq!(verdict.warnings, [expected]);
}

#[test]
fn a14_a_private_window_takes_space_of_tmpfs_too() {
    let Some(mount) = Mount::new("tmpfs", "size=64k") else { return skip("this process may not mount") };
    let bench = Bench::new();
    let request = FileRequest::new(mount.path("ram"), 128 << 10);
    assert_eq!(bench.warnings(&request), ["backing-may-run-out"]);
}

#[test]
fn a14_the_requests_of_a_batch_are_added_up() {
    let bench = Bench::with(Host::with(Faults::none().free_space(pages(3))));
    let one = |name: &str| (name.to_owned(), shared(&bench.path(name), 0, pages(2)));
    let plan = bench.ledger.plan(&bench.host, [one("a"), one("b"), one("c")]);
    let counts: Vec<_> = plan.verdicts().map(|(_, verdict)| verdict.warnings.len()).collect();
    assert_eq!(counts, [0, 1, 0]);
}

#[test]
fn a14_a_file_that_has_its_blocks_needs_none() {
    let bench = Bench::with(Host::with(Faults::none().free_space(0)));
    let path = bench.file("ram", &vec![1; usize::try_from(pages(2)).unwrap()]);
    std::fs::File::open(&path).unwrap().sync_all().unwrap();
    assert_eq!(bench.warnings(&shared(&path, 0, pages(2))), [""; 0]);
}

#[test]
fn a14_prealloc_on_a_full_file_system_is_refused_and_leaves_nothing() {
    let Some(mount) = Mount::new("tmpfs", "size=1m") else { return skip("cannot mount tmpfs") };
    let mut bench = Bench::new();
    let mut request = shared(&mount.path("ram"), 0, 4 << 20);
    assert_eq!(bench.warnings(&request), ["backing-may-run-out"]);
    request.memory.prealloc = true;
    let opened = bench.open("ram0", &request).unwrap();
    let done = opened.region.allocate(&unwatched).and_then(|()| opened.region.populate(1, &unwatched));
    let error = done.unwrap_err();
    drop(opened);
    assert!(
        matches!(error, MemoryError::Populate { errno: Errno::ENOSPC, offset, .. } if offset == 1 << 20),
        "{error:?}"
    );
    assert!(error.is_host());
    bench.roll_back();
    assert_eq!(listing(mount.at.path()), []);
}

#[test]
fn a15_a_file_above_the_process_s_limit_is_refused_before_it_is_made() {
    let mut bench = Bench::with(Host::with(Faults::none().file_size_limit(pages(1))));
    let path = bench.path("ram");
    let error = bench.open("ram0", &shared(&path, pages(1), pages(1))).unwrap_err();
    assert_eq!((error.code(), error.is_host()), ("file-size-limit", true));
    assert!(!path.exists());
    assert_eq!(bench.faults(&shared(&path, 0, pages(1))), [""; 0]);
}

/// Opens the small one of two requests of a batch, of which the other is above the limit of the process.
fn small_beside_too_large(prepare: impl Fn(&Bench) -> PathBuf) -> (&'static str, Option<u64>) {
    let bench = Bench::with(Host::with(Faults::none().file_size_limit(pages(2))));
    let path = prepare(&bench);
    let requests =
        [("small".to_owned(), shared(&path, 0, pages(1))), ("large".to_owned(), shared(&path, 0, pages(3)))];
    let refused = bench.ledger.plan(&bench.host, requests).open("small", &mut |undo| drop(undo)).unwrap_err();
    (refused.code(), path.exists().then(|| length(&path)))
}

#[test]
fn a15_the_limit_is_for_the_end_that_the_file_will_have_and_not_for_that_of_one_window() {
    let missing = small_beside_too_large(|bench| bench.path("ram"));
    let empty = small_beside_too_large(|bench| bench.file("ram", b""));
    assert_eq!((missing, empty), (("file-size-limit", None), ("file-size-limit", Some(0))));
}

#[test]
fn a15_the_real_limit_does_not_end_the_process() {
    if std::env::var_os("QOMET_TEST_LIMITED").is_some() {
        let bench = Bench::new();
        assert_eq!(bench.faults(&shared(&bench.path("ram"), 0, 1 << 30)), ["file-size-limit"]);
        let mut anonymous = AnonymousRequest::new(1 << 30);
        anonymous.memory.share = true;
        assert_eq!(create_anonymous(&Host::real(), &anonymous).unwrap_err().code(), "file-size-limit");
        return;
    }
    let name = "tests::files::a15_the_real_limit_does_not_end_the_process";
    let status = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 1024; exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env("QOMET_TEST_LIMITED", "1")
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a16_a_folder_gets_a_file_without_a_name() {
    let mut bench = Bench::new();
    let request = shared(bench.folder.path(), pages(1), pages(1));
    let region = bench.region(&request);
    region.write(0, b"x").unwrap();
    assert_eq!(listing(bench.folder.path()), []);
    let file = std::fs::File::from(region.file().unwrap().try_clone().unwrap());
    assert_eq!((file.metadata().unwrap().len(), file.metadata().unwrap().nlink()), (pages(2), 0));
}

#[test]
fn a16_a_folder_of_a_file_system_without_o_tmpfile_works_too() {
    let mut bench = Bench::with(Host::with(Faults::none().call(Call::CreateTemporary, Errno::EOPNOTSUPP)));
    let request = shared(bench.folder.path(), 0, pages(1));
    let region = bench.region(&request);
    region.write(0, b"x").unwrap();
    assert_eq!(listing(bench.folder.path()), []);
}

#[test]
fn a16_a_folder_is_not_for_reading() {
    let bench = Bench::new();
    let mut request = shared(bench.folder.path(), 0, pages(1));
    request.readonly = true;
    assert_eq!(bench.faults(&request), ["folder-read-only"]);
}

#[test]
fn a23_descriptors_close_on_exec() {
    use std::os::fd::AsRawFd;
    let mut bench = Bench::new();
    let named = bench.region(&shared(&bench.path("ram"), 0, pages(1)));
    let folder = shared(bench.folder.path(), 0, pages(1));
    let nameless = bench.region(&folder);
    let mut request = AnonymousRequest::new(pages(1));
    request.memory.share = true;
    let memfd = create_anonymous(&bench.host, &request).unwrap().region;
    bench.host = Host::with(Faults::none().call(Call::CreateTemporary, Errno::EOPNOTSUPP));
    let briefly_named = bench.region(&folder);
    for region in [named, nameless, briefly_named, memfd] {
        let info =
            std::fs::read_to_string(format!("/proc/self/fdinfo/{}", region.file().unwrap().as_raw_fd()));
        let flags =
            info.unwrap().lines().find_map(|line| line.strip_prefix("flags:\t").map(str::to_owned)).unwrap();
        assert_ne!(u32::from_str_radix(&flags, 8).unwrap() & 0o2_000_000, 0, "{region:?}");
    }
}

#[test]
fn a28_a_private_mapping_of_an_empty_file_grows_it_and_leaves_it_empty_of_data() {
    let mut bench = Bench::new();
    let path = bench.file("ram", b"");
    let region = bench.region(&FileRequest::new(&path, pages(2)));
    region.write(0, b"private").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), zeroes(pages(2)));
    assert_eq!(byte(&region, 0), b'p');
}
