//! Properties: random windows over files.

use std::ops::Range;

use proptest::prelude::*;

use super::*;
use crate::overlap::{Other, overlaps};

/// Windows as (first page, pages), and writes into them as (window, position, byte).
type Case = (Vec<(u64, u64)>, Vec<(usize, u64, u8)>);

fn case() -> impl Strategy<Value = Case> {
    let windows = prop::collection::vec((0..16_u64, 1..5_u64), 1..6);
    let writes = prop::collection::vec((any::<usize>(), any::<u64>(), 1..=u8::MAX), 0..40);
    (windows, writes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn bytes_land_at_file_offset_plus_position((windows, writes) in case(), exists: bool) {
        let mut bench = Bench::new();
        let path = bench.path("ram");
        let end = windows.iter().map(|(first, count)| pages(first + count)).max().unwrap();
        if exists {
            bench.file("ram", &zeroes(end));
        }
        let requests = windows.iter().enumerate();
        let requests = requests.map(|(index, (first, count))| (index.to_string(), shared(&path, pages(*first), pages(*count))));
        let plan = bench.ledger.plan(&bench.host, requests);
        let open = |index: usize| plan.open(&index.to_string(), &mut |undo| bench.journal.push(undo)).unwrap().region;
        let regions: Vec<_> = (0..windows.len()).map(open).collect();
        let mut model = zeroes(end);
        for (window, position, value) in writes {
            let region = &regions[window % regions.len()];
            let position = position % region.len();
            region.write(position, &[value]).unwrap();
            model[usize::try_from(region.file_offset() + position).unwrap()] = value;
        }
        prop_assert!(std::fs::read(&path).unwrap() == model);
        for region in &regions {
            let mut seen = zeroes(region.len());
            region.read(0, &mut seen).unwrap();
            let from = usize::try_from(region.file_offset()).unwrap();
            prop_assert!(seen == model[from..from + seen.len()]);
        }
    }

    #[test]
    fn a_batch_that_is_undone_leaves_the_folder_as_it_was(windows in prop::collection::vec((0..8_u64, 1..4_u64, 0..3_usize), 1..6)) {
        let mut bench = Bench::new();
        bench.file("empty", b"");
        bench.file("full", &zeroes(pages(4)));
        let before = listing(bench.folder.path());
        let requests = windows.iter().enumerate().map(|(index, (first, count, file))| {
            (index.to_string(), shared(&bench.path(["new", "empty", "full"][*file]), pages(*first), pages(*count)))
        });
        let plan = bench.ledger.plan(&bench.host, requests);
        for index in 0..windows.len() {
            let _ = plan.open(&index.to_string(), &mut |undo| bench.journal.push(undo));
        }
        bench.roll_back();
        prop_assert_eq!(listing(bench.folder.path()), before);
    }

    #[test]
    fn a_file_is_as_long_as_those_who_run_or_are_committed_need(steps in prop::collection::vec((0..4_usize, 0..4_u64, 1..4_u64, any::<bool>()), 1..24)) {
        let bench = Bench::new();
        let path = bench.path("ram");
        // Each step opens the transaction of its place, or ends the one that is there.
        let mut running: [Option<(Region, Vec<Undo>)>; 4] = Default::default();
        let mut committed = Vec::new();
        for (place, first, count, commits) in steps {
            match running[place].take() {
                None => {
                    let plan = bench.ledger.plan(&bench.host, [("ram".to_owned(), shared(&path, pages(first), pages(count)))]);
                    let mut journal = Vec::new();
                    let region = plan.open("ram", &mut |undo| journal.push(undo)).unwrap().region;
                    region.write(0, &[7]).unwrap();
                    running[place] = Some((region, journal));
                }
                Some((region, _journal)) if commits => committed.push(region),
                Some((region, journal)) => {
                    drop(region);
                    journal.into_iter().rev().for_each(super::sharing::fails);
                }
            }
            let left = running.iter().flatten().map(|(region, _)| region).chain(&committed);
            let needed = left.clone().map(|region| region.file_offset() + region.len()).max();
            prop_assert_eq!(path.exists().then(|| length(&path)), needed);
            for region in left {
                region.read(0, &mut zeroes(region.len())).unwrap();
                prop_assert_eq!(byte(region, 0), 7);
            }
        }
    }

    #[test]
    fn the_overlaps_are_those_of_every_pair(
        asked in prop::collection::vec((0..12_u64, 0..5_u64), 0..20),
        held in prop::collection::vec((0..12_u64, 0..5_u64), 0..20),
    ) {
        let ranges = |all: &[(u64, u64)]| all.iter().map(|(start, length)| *start..start + length).collect::<Vec<_>>();
        let (asked, held) = (ranges(&asked), ranges(&held));
        let overlap = |a: &Range<u64>, b: &Range<u64>| a.start < b.end && b.start < a.end;
        let mut expected = Vec::new();
        for (place, range) in asked.iter().enumerate() {
            let with_held = (0..held.len()).filter(|other| overlap(range, &held[*other])).map(Other::Held);
            let earlier = (0..place).filter(|other| overlap(range, &asked[*other])).map(Other::Asked);
            expected.extend(with_held.chain(earlier).map(|other| (place, other)));
        }
        prop_assert_eq!(overlaps(asked.into_iter(), held.into_iter()), expected);
    }

    #[test]
    fn a_verdict_is_what_opening_does(offset: u64, size: u64, align: Option<u64>, share: bool, readonly: bool, rom in 0..3_usize, whole: bool, exists: bool) {
        let mut bench = Bench::new();
        let path = bench.path("ram");
        if exists {
            bench.file("ram", &zeroes(pages(3)));
        }
        let (offset, size) = if whole { (pages(offset % 4), pages(size % 4)) } else { (offset, size) };
        let mut request = shared(&path, offset, size);
        (request.align, request.readonly, request.memory.share) = (align.map(|a| 1 << (a % 24)), readonly, share);
        request.rom = [Rom::Auto, Rom::On, Rom::Off][rom];
        let faults = bench.verdict(&request).faults;
        let opened = bench.open("ram0", &request);
        prop_assert_eq!(faults.first().cloned(), opened.err());
    }
}
