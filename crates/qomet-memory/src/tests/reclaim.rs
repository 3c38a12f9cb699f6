//! Dropped regions: what is free at once, and what a moment later.

use super::*;
use crate::map::{Mapping, Shape, Source};

const MUCH: u64 = 64 << 20;

/// How many ranges of addresses are windows of a file.
fn mappings(path: &Path) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.contains(path.to_str().unwrap())).count()
}

fn large(bench: &mut Bench) -> (PathBuf, Region) {
    let path = bench.path("ram");
    let region = bench.region(&shared(&path, 0, MUCH));
    region.populate(1, &unwatched).unwrap();
    assert_eq!(mappings(&path), 1);
    (path, region)
}

#[test]
fn memory_of_many_pieces_is_given_back_whole() {
    let mut bench = Bench::new();
    let (path, region) = large(&mut bench);
    drop(region);
    bench.host.settle();
    assert_eq!(mappings(&path), 0);
    assert!(!bench.host.settle());
}

#[test]
fn a_window_is_free_at_once() {
    let mut bench = Bench::new();
    let (_, region) = large(&mut bench);
    let file = region.file_id().unwrap();
    assert_eq!(bench.ledger.windows(file).len(), 1);
    drop(region);
    assert_eq!(bench.ledger.windows(file), []);
}

#[test]
fn whoever_drops_the_last_of_a_host_has_everything_given_back() {
    let mut bench = Bench::new();
    let (path, region) = large(&mut bench);
    drop(bench);
    drop(region);
    assert_eq!(mappings(&path), 0);
}

#[test]
fn memory_that_many_threads_drop_is_given_back_once_each() {
    let host = Host::real();
    let request = AnonymousRequest::shared(AnonymousKind::Ram, MUCH);
    let files = std::thread::scope(|scope| {
        let work = || {
            let regions: Vec<_> = (0..8).map(|_| create_anonymous(&host, &request).unwrap().region).collect();
            let files: Vec<_> =
                regions.iter().map(|region| std::sync::Arc::downgrade(region.file().unwrap())).collect();
            regions.iter().for_each(|region| region.write(MUCH - 1, b"x").unwrap());
            drop(regions);
            files
        };
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    host.settle();
    assert_eq!(files.iter().filter(|file| file.upgrade().is_some()).count(), 0);
    assert_eq!(files.len(), 16);
}

#[test]
fn a14_space_that_is_on_its_way_back_counts_as_free() {
    let Some(mount) = Mount::new("tmpfs", "size=96m") else { return skip("cannot mount tmpfs") };
    let mut bench = Bench::new();
    let path = mount.path("ram");
    let region = bench.region(&shared(&path, 0, MUCH));
    region.populate(1, &unwatched).unwrap();
    std::fs::remove_file(&path).unwrap();
    // The journal holds the file, too, until the transaction is over.
    bench.journal.clear();
    drop(region);
    assert_eq!(bench.warnings(&shared(&mount.path("next"), 0, MUCH)), [""; 0]);
}

#[test]
fn addresses_that_are_on_their_way_back_are_waited_for() {
    let length = pages(1);
    let shape = Shape { length, alignment: length, residue: 0, guard: length, writable: true, reserve: true };
    // The first call is that for addresses.
    let host = || Host::with(Faults::none().nth(0, Errno::ENOMEM));
    let (idle, busy) = (host(), host());
    busy.reclaimer().pretend(true);

    let mapping = std::thread::scope(|scope| {
        scope.spawn(|| {
            while busy.calls() == 0 {
                std::thread::yield_now();
            }
            busy.reclaimer().pretend(false);
        });
        Mapping::new(&busy, Source::Anonymous, shape)
    });

    assert!(mapping.is_ok());
    assert!(Mapping::new(&idle, Source::Anonymous, shape).is_err());
}

#[test]
fn little_memory_is_made_present_without_waiting() {
    let mut bench = Bench::new();
    let [little, much] = [("little", pages(1)), ("much", MUCH)].map(|(name, size)| {
        let path = bench.path(name);
        bench.region(&shared(&path, 0, size))
    });
    bench.host.reclaimer().pretend(true);
    let watcher = |step: u64| if step == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };

    let results = [&little, &much].map(|region| region.populate(1, &watcher).is_ok());

    bench.host.reclaimer().pretend(false);
    assert_eq!(results, [true, false]);
}
