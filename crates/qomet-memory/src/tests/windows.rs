//! Section A: where a window is: its numbers, its path, and the others in the same file.

use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a07_a_misaligned_offset_is_reported_with_every_other_fault() {
    let bench = Bench::new();
    let mut request = shared(&bench.path("ram"), 100, pages(1) + 1);
    request.align = Some(3);
    request.rom = Rom::On;
    request.memory.prealloc = true;
    request.memory.reserve = Some(false);
    let faults = bench.faults(&request);
    let all = [
        "align-not-power-of-two",
        "rom-needs-readonly",
        "prealloc-without-reserve",
        "not-a-page-multiple",
        "not-a-page-multiple",
    ];
    assert_eq!(faults, all);
}

#[test]
fn a07_a_misaligned_offset_is_not_also_too_short() {
    let bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    assert_eq!(bench.faults(&shared(&path, 100, pages(2))), ["not-a-page-multiple"]);
}

#[test]
fn a07_faults_of_the_values_are_reported_beside_those_of_the_path() {
    let bench = Bench::new();
    let request = shared(&bench.path("no/ram"), 100, pages(1));
    assert_eq!(bench.faults(&request), ["not-a-page-multiple", "folder-not-found"]);
}

#[test]
fn a09_numbers_above_the_largest_file_offset_are_refused() {
    let bench = Bench::new();
    let path = bench.path("ram");
    assert_eq!(bench.faults(&shared(&path, 1 << 63, pages(1))), ["value-too-large"]);
    assert_eq!(bench.faults(&shared(&path, 0, 1 << 63)), ["value-too-large"]);
    assert_eq!(bench.faults(&shared(&path, pages(1), (1 << 63) - pages(1))), ["end-too-large"]);
    assert_eq!(bench.faults(&shared(&path, u64::MAX, u64::MAX)), ["value-too-large", "value-too-large"]);
}

#[test]
fn a10_no_size_and_size_zero_are_two_errors() {
    let bench = Bench::new();
    let mut request = FileRequest::new(bench.path("ram"), 0);
    assert_eq!(bench.faults(&request), ["size-zero"]);
    request.size = None;
    assert_eq!(bench.faults(&request), ["size-missing"]);
}

#[test]
fn a11_a_file_size_that_is_not_whole_pages_is_refused_with_both_neighbours() {
    let mut bench = Bench::new();
    let path = bench.path("ram");
    let error = bench.open("ram0", &shared(&path, 0, pages(1) + 1)).unwrap_err();
    assert_eq!(error.help().unwrap(), format!("use {} or {}", pages(1), pages(2)));
    assert!(!path.exists());
}

#[test]
fn a11_an_anonymous_size_is_rounded_up_inside() {
    let request = AnonymousRequest::new(5000);
    let region = create_anonymous(&Host::real(), &request).unwrap().region;
    assert_eq!((region.len(), region.mapped_len()), (5000, 5000_u64.next_multiple_of(page())));
    let warnings = check_anonymous(&Host::real(), &request).warnings;
    assert_eq!(warnings.iter().map(MemoryWarning::code).collect::<Vec<_>>(), ["size-rounded-up"]);
}

#[test]
fn a12_a_window_over_a_tail_that_the_file_does_not_fill_is_refused_as_too_short() {
    let bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(1) + 100));
    let verdict = bench.verdict(&shared(&path, 0, pages(2)));
    assert_eq!(verdict.faults.iter().map(MemoryError::code).collect::<Vec<_>>(), ["file-too-short"]);
    assert!(verdict.faults[0].help().unwrap().contains("never reach it"), "{verdict:?}");
}

#[test]
fn a12_a_window_before_the_tail_is_granted_without_a_word() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(1) + 100));
    let request = shared(&path, 0, pages(1));
    assert_eq!(bench.warnings(&request), [""; 0]);
    bench.region(&request).write(0, b"x").unwrap();
    assert_eq!((length(&path), std::fs::read(&path).unwrap()[0]), (pages(1) + 100, b'x'));
}

#[test]
fn a20_an_odd_alignment_is_refused() {
    let bench = Bench::new();
    let mut request = shared(&bench.path("ram"), 0, pages(1));
    request.align = Some(pages(3));
    assert_eq!(bench.faults(&request), ["align-not-power-of-two"]);
    request.align = Some(page() / 2);
    assert_eq!(bench.faults(&request), ["align-not-page-multiple"]);
}

#[test]
fn a20_a_good_alignment_is_that_of_the_address() {
    let mut bench = Bench::new();
    let mut request = shared(&bench.path("ram"), 0, pages(1));
    request.align = Some(1 << 30);
    assert_eq!(bench.region(&request).address() % (1 << 30), 0);
}

#[test]
fn a20_alignment_0_is_none() {
    let bench = Bench::new();
    let mut request = shared(&bench.path("ram"), 0, pages(1));
    request.align = Some(0);
    assert_eq!(bench.faults(&request), [""; 0]);
}

#[test]
fn a21_a_file_is_the_same_by_every_name() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    std::fs::hard_link(&path, bench.path("hard")).unwrap();
    symlink(&path, bench.path("soft")).unwrap();
    let dotted = bench.folder.path().join("./../").join(bench.folder.path().file_name().unwrap()).join("ram");
    let _held = bench.region(&shared(&path, 0, pages(1)));
    for other in [bench.path("hard"), bench.path("soft"), dotted] {
        assert_eq!(bench.warnings(&shared(&other, 0, pages(1))), ["file-ranges-overlap"], "{other:?}");
    }
}

#[test]
fn a21_a_missing_file_is_the_same_by_every_way_to_its_folder() {
    let mut bench = Bench::new();
    symlink(bench.folder.path(), bench.path("link")).unwrap();
    let requests = [
        ("a".to_owned(), shared(&bench.path("ram"), 0, pages(1))),
        ("b".to_owned(), shared(&bench.path("link/ram"), pages(1), pages(1))),
        ("c".to_owned(), shared(&bench.path("./link/../ram"), pages(2), pages(1))),
    ];
    // `link/..` is the parent of the folder: another file.
    let plan = bench.ledger.plan(&bench.host, requests.into_iter().take(2));
    let _a = plan.open("a", &mut |undo| bench.journal.push(undo)).unwrap();
    let _b = plan.open("b", &mut |undo| bench.journal.push(undo)).unwrap();
    assert_eq!(length(&bench.path("ram")), pages(2));
    assert_eq!(bench.journal.len(), 1);
}

#[test]
fn a22_overlapping_windows_are_named_with_both_ranges() {
    let bench = Bench::new();
    let path = bench.path("ram");
    let requests =
        [("a".to_owned(), shared(&path, 0, pages(2))), ("b".to_owned(), shared(&path, pages(1), pages(2)))];
    let plan = bench.ledger.plan(&bench.host, requests);
    let expected = MemoryWarning::FileRangesOverlap {
        path: path.clone(),
        owner: "b".into(),
        own: pages(1)..pages(3),
        other: "a".into(),
        others: 0..pages(2),
        free: Some(pages(2)),
        both_shared_and_writable: true,
    };
    assert_eq!(plan.verdict("a").unwrap().warnings, []);
    assert_eq!(plan.verdict("b").unwrap().warnings, [expected]);
}

#[test]
fn a22_windows_side_by_side_do_not_overlap() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(2)));
    let _held = bench.region(&shared(&path, 0, pages(1)));
    assert_eq!(bench.warnings(&shared(&path, pages(1), pages(1))), [""; 0]);
}

#[test]
fn a22_many_windows_are_judged_and_named_in_the_order_of_their_requests() {
    let bench = Bench::new();
    let path = bench.path("ram");
    // Every other one overlaps with the one before it.
    let request = |index: u64| (index.to_string(), shared(&path, pages(index), pages(1 + (index + 1) % 2)));
    let plan = bench.ledger.plan(&bench.host, (0..20_000).map(request));
    let warned = |index: u64| {
        let warnings = &plan.verdict(&index.to_string()).unwrap().warnings;
        warnings.iter().filter(|warning| warning.code() == "file-ranges-overlap").count()
    };
    assert_eq!((0..20_000).filter(|index| warned(*index) == 1).count(), 10_000);
    assert!(plan.verdicts().enumerate().all(|(index, (owner, _))| owner == index.to_string()));
}

#[test]
fn a22_windows_that_are_held_are_named_before_those_of_the_batch() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(4)));
    let _held = bench.open("held", &shared(&path, pages(1), pages(2))).unwrap();
    let _more = bench.open("more", &shared(&path, 0, pages(2))).unwrap();
    let requests = [("a", 0, 4), ("b", 2, 2), ("c", 1, 1)];
    let requests =
        requests.map(|(owner, first, count)| (owner.to_owned(), shared(&path, pages(first), pages(count))));
    let plan = bench.ledger.plan(&bench.host, requests);
    let others = |owner| {
        let warnings = plan.verdict(owner).unwrap().warnings.iter();
        let other = |warning: &MemoryWarning| match warning {
            MemoryWarning::FileRangesOverlap { other, .. } => Some(other.clone()),
            _ => None,
        };
        warnings.filter_map(other).collect::<Vec<_>>()
    };
    assert_eq!(
        [others("a"), others("b"), others("c")],
        [vec!["held", "more"], vec!["held", "a"], vec!["held", "more", "a"]]
    );
}

#[test]
fn a22_a_window_is_held_from_its_offset_on() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(4)));
    let held = bench.region(&shared(&path, pages(2), pages(1)));
    assert_eq!(bench.warnings(&shared(&path, 0, pages(2))), [""; 0]);
    assert_eq!(bench.warnings(&shared(&path, 0, pages(3))), ["file-ranges-overlap"]);
    let windows = bench.ledger.windows(held.file_id().unwrap());
    assert_eq!((windows.len(), windows[0].range.clone()), (1, pages(2)..pages(3)));
}

#[test]
fn a22_a_window_is_free_once_its_region_is_dropped() {
    let mut bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(1)));
    let held = bench.region(&shared(&path, 0, pages(1)));
    let file = held.file_id().unwrap();
    assert_eq!((bench.ledger.files(), bench.ledger.windows(file).len()), (vec![file], 1));
    drop(held);
    assert_eq!((bench.ledger.files(), bench.ledger.windows(file)), (vec![], vec![]));
}

#[test]
fn a24_impossible_paths_are_refused() {
    use std::os::unix::ffi::OsStringExt;
    let bench = Bench::new();
    let faults = |bytes: Vec<u8>| {
        bench.faults(&shared(&PathBuf::from(std::ffi::OsString::from_vec(bytes)), 0, pages(1)))
    };
    assert_eq!(faults(b"/tmp/a\0b".to_vec()), ["path-has-nul"]);
    assert_eq!(faults(vec![b'a'; 4096]), ["path-too-long"]);
    assert_eq!(faults(vec![b'a'; 4095]), ["path-unreachable"]);
    assert_eq!(faults(Vec::new()), ["path-empty"]);
}

#[test]
fn a24_a_missing_folder_and_a_final_slash_are_refused() {
    let bench = Bench::new();
    let file = bench.file("file", b"");
    assert_eq!(bench.faults(&shared(&bench.path("no/ram"), 0, pages(1))), ["folder-not-found"]);
    assert_eq!(bench.faults(&shared(&bench.path("no/"), 0, pages(1))), ["folder-not-found"]);
    assert_eq!(bench.faults(&shared(&file.join("ram"), 0, pages(1))), ["path-unreachable"]);
}

#[test]
fn a26_a_fifo_and_a_socket_are_refused_without_opening() {
    let bench = Bench::new();
    nix::unistd::mkfifo(&bench.path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(bench.path("socket")).unwrap();
    assert_eq!(bench.faults(&shared(&bench.path("fifo"), 0, pages(1))), ["wrong-file-kind"]);
    assert_eq!(bench.faults(&shared(&bench.path("socket"), 0, pages(1))), ["wrong-file-kind"]);
}

#[test]
fn a27_a_dangling_link_is_refused_with_its_target() {
    let bench = Bench::new();
    symlink("gone", bench.path("link")).unwrap();
    let verdict = bench.verdict(&shared(&bench.path("link"), 0, pages(1)));
    assert_eq!(
        verdict.faults,
        [MemoryError::DanglingLink { path: bench.path("link"), target: "gone".into() }]
    );
}

#[test]
fn a22_the_first_gap_that_is_large_enough_is_named() {
    let bench = Bench::new();
    let path = bench.file("ram", &zeroes(pages(8)));
    let at = |owner: &str, offset, length| (owner.to_owned(), shared(&path, pages(offset), pages(length)));
    let requests = [at("a", 0, 2), at("b", 4, 2), at("c", 3, 2), at("d", 0, 1), at("e", 1, 7)];
    let plan = bench.ledger.plan(&bench.host, requests);
    let free = |owner| match plan.verdict(owner).unwrap().warnings.first() {
        Some(MemoryWarning::FileRangesOverlap { free, .. }) => *free,
        other => panic!("{other:?}"),
    };
    // The file has eight pages: nowhere are seven beside the others, and "e" leaves no other room.
    assert_eq!((free("c"), free("d"), free("e")), (None, None, None));
    let plan = bench.ledger.plan(&bench.host, [at("a", 0, 2), at("b", 4, 2), at("c", 3, 2), at("d", 0, 1)]);
    let free = |owner| match plan.verdict(owner).unwrap().warnings.first() {
        Some(MemoryWarning::FileRangesOverlap { free, .. }) => *free,
        other => panic!("{other:?}"),
    };
    assert_eq!((free("c"), free("d")), (Some(pages(2)), Some(pages(2))));
}
