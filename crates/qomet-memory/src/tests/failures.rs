//! C14: whatever call the host refuses, at whatever moment, nothing is left behind.

use super::*;

/// What is left of a run: the folder, the ledger, the mappings of its files.
#[derive(Debug, PartialEq)]
struct Left {
    folder: Vec<(PathBuf, u64)>,
    files_held: usize,
    mapped: usize,
}

fn left(bench: &Bench) -> Left {
    let folder = bench.folder.path().canonicalize().unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    Left {
        folder: listing(bench.folder.path()),
        files_held: bench.ledger.files().len(),
        mapped: maps.lines().filter(|line| line.contains(folder.to_str().unwrap())).count(),
    }
}

/// Two windows on a new file, one on an empty file, a temporary file, and a template, all populated.
fn transaction(bench: &mut Bench) -> Result<Vec<Region>, MemoryError> {
    let mut preallocated = shared(&bench.path("new"), 0, pages(2));
    preallocated.memory.prealloc = true;
    preallocated.memory.dump = false;
    if numa::binds() {
        (preallocated.memory.policy, preallocated.memory.host_nodes) = (Policy::Bind, vec![0]);
    }
    let mut template = FileRequest::new(bench.path("old"), pages(1));
    (template.readonly, template.rom) = (true, Rom::Off);
    template.memory.merge = Some(true);
    let requests = [
        ("new".to_owned(), preallocated),
        ("more".to_owned(), shared(&bench.path("new"), pages(2), pages(2))),
        ("empty".to_owned(), shared(&bench.path("empty"), pages(1), pages(2))),
        ("folder".to_owned(), shared(bench.folder.path(), 0, pages(1))),
        ("template".to_owned(), template),
    ];
    // Locks that nobody asked for are a wish.
    let requests = requests.map(|(owner, request)| (owner, FileRequest { lock: Lock::On, ..request }));
    let plan = bench.ledger.plan(&bench.host, requests);
    if let Some(fault) = plan.verdicts().find_map(|(_, verdict)| verdict.faults.first()) {
        return Err(fault.clone());
    }
    let mut regions = Vec::new();
    for owner in ["new", "more", "empty", "folder", "template"] {
        let region = plan.open(owner, &mut |undo| bench.journal.push(undo))?.region;
        region.allocate(&unwatched)?;
        region.populate(2, &unwatched)?;
        regions.push(region);
    }
    Ok(regions)
}

fn prepared(host: Host) -> Bench {
    let bench = Bench::with(host);
    bench.file("empty", b"");
    bench.file("old", &zeroes(pages(1)));
    bench
}

/// Runs the transaction with one call refused; whether it failed.
fn fails_cleanly(faults: Faults) -> bool {
    let mut bench = prepared(Host::with(faults));
    let before = left(&bench);
    let failed = transaction(&mut bench).is_err();
    bench.roll_back();
    assert_eq!(left(&bench), before);
    failed
}

#[test]
fn c14_every_single_call_can_fail_without_leaving_anything() {
    let mut bench = prepared(Host::with(Faults::none()));
    let regions = transaction(&mut bench).unwrap();
    let calls = bench.host.calls();
    drop(regions);
    bench.roll_back();
    assert!(calls > 100, "{calls}");
    let outcomes: Vec<_> =
        (0..calls).map(|call| fails_cleanly(Faults::none().nth(call, Errno::EIO))).collect();
    // The calls whose refusal is not an error: merging by default is a wish, a missing file may still be a link
    // that cannot be looked at, populating falls back.
    let ignored = outcomes.iter().filter(|failed| !**failed).count();
    assert!(ignored <= 6, "{ignored} of {calls}");
}

#[test]
fn c14_a_lack_of_memory_at_any_call_leaves_nothing() {
    let mut bench = prepared(Host::with(Faults::none()));
    drop(transaction(&mut bench).unwrap());
    let calls = bench.host.calls();
    bench.roll_back();
    let failed = (0..calls).filter(|call| fails_cleanly(Faults::none().nth(*call, Errno::ENOMEM))).count();
    assert!(failed > 100, "{failed} of {calls}");
}

#[test]
fn c14_every_kind_of_call_is_an_error_when_refused() {
    let kinds = [
        Call::Stat,
        Call::Access,
        Call::AccessRead,
        Call::Open,
        Call::OpenFolder,
        Call::Create,
        Call::CreateTemporary,
        Call::StatOpen,
        Call::SetLength,
        Call::Allocate,
        Call::FileSystem,
        Call::FreeSpace,
        Call::Limit,
        Call::PageSize,
        Call::Reserve,
        Call::Map,
        Call::Advise,
        Call::Populate,
        Call::Spawn,
        Call::Lock,
    ];
    let ignored: Vec<_> = kinds.into_iter().filter(|call| !refusal_is_seen(*call)).collect();
    assert_eq!(ignored, []);
}

#[test]
fn c14_binding_is_an_error_when_refused() {
    if numa::can_bind() {
        assert_eq!([Call::Nodes, Call::Bind].map(refusal_is_seen), [true; 2]);
    }
}

fn refusal_is_seen(call: Call) -> bool {
    let mut bench = prepared(Host::with(Faults::none().call(call, Errno::EIO)));
    let result = transaction(&mut bench);
    let seen = matches!(&result, Err(error) if error.is_host() && error.found().unwrap().contains("EIO"));
    if !seen {
        println!("{call:?}: {result:?}");
    }
    seen
}

#[test]
fn c14_anonymous_memory_fails_cleanly_too() {
    let mut request = AnonymousRequest::new(pages(3));
    request.memory.share = true;
    request.memory.dump = false;
    let host = Host::with(Faults::none());
    create_anonymous(&host, &request).unwrap();
    let failed =
        |call| create_anonymous(&Host::with(Faults::none().nth(call, Errno::ENOMEM)), &request).is_err();
    assert_eq!((0..host.calls()).filter(|call| !failed(*call)).count(), 0);
}

#[test]
fn a_place_that_another_thread_takes_is_tried_again() {
    let host = Host::with(Faults::none());
    create_anonymous(&host, &AnonymousRequest::new(pages(1))).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..200 {
                    create_anonymous(&Host::real(), &AnonymousRequest::new(pages(16))).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
