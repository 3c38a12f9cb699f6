//! What is said of memory before there is any comes true.

use qomet::AnyDraft;
use qomet_backends::memory::foresee_memory;
use qomet_memory::Host;

use super::*;
use crate::{Facts, FileKey, GuestMap, Piece, entries};

fn foreseen(bench: &Bench, draft: &dyn AnyDraft) -> Facts {
    let memory = foresee_memory(&bench.model, draft).unwrap();
    Facts::foreseen(draft.id().unwrap(), &memory)
}

fn draft(bench: &Bench, type_name: &str, set: impl FnOnce(&mut dyn AnyDraft)) -> Box<dyn AnyDraft> {
    let mut draft = bench.model.draft(type_name).unwrap();
    draft.set_id("ram0");
    draft.set("size", 2 * MIB).unwrap();
    set(&mut *draft);
    draft
}

/// The facts that were foreseen and those of the realized memory, without the file's identity.
fn both(bench: &Bench, draft: Box<dyn AnyDraft>) -> (Facts, Facts) {
    let nameless = |mut facts: Facts| {
        if let Some(range) = &mut facts.file {
            range.file = FileKey::Alone(String::new());
        }
        facts
    };
    let before = foreseen(bench, &*draft);
    bench.model.create(draft).unwrap();
    let memory = GuestMemory::new(vec![(0, bench.lease("ram0"))]).unwrap();
    (nameless(before), nameless(memory.map().pieces()[0].facts.clone()))
}

macro_rules! comes_true {
    ($($name:ident: $type:literal, $set:expr;)*) => {$(
        #[test]
        fn $name() {
            let bench = Bench::new();
            let draft = draft(&bench, $type, |draft| ($set)(draft, &bench));

            let (foreseen, realized) = both(&bench, draft);

            assert_eq!(foreseen, realized);
        }
    )*};
}

fn file(draft: &mut dyn AnyDraft, bench: &Bench) {
    draft.set("mem-path", bench.path("ram").to_str().unwrap()).unwrap();
    draft.set("offset", 3 * PAGE).unwrap();
}

comes_true! {
    private_memory: "memory-backend-ram", |_: &mut dyn AnyDraft, _: &Bench| ();
    shared_memory: "memory-backend-ram", |draft: &mut dyn AnyDraft, _: &Bench| draft.set("share", true).unwrap();
    memory_that_is_no_whole_pages: "memory-backend-ram", |draft: &mut dyn AnyDraft, _: &Bench| {
        draft.set("size", 5000_u64).unwrap();
    };
    a_memfd: "memory-backend-memfd", |_: &mut dyn AnyDraft, _: &Bench| ();
    posix_shared_memory: "memory-backend-shm", |_: &mut dyn AnyDraft, _: &Bench| ();
    a_private_window: "memory-backend-file", file;
    a_shared_window: "memory-backend-file", |draft: &mut dyn AnyDraft, bench: &Bench| {
        file(draft, bench);
        draft.set("share", true).unwrap();
    };
    rom: "memory-backend-file", |draft: &mut dyn AnyDraft, bench: &Bench| {
        std::fs::write(bench.path("ram"), vec![0; 4 << 20]).unwrap();
        file(draft, bench);
        draft.set("readonly", true).unwrap();
    };
}

#[test]
fn files_that_would_be_made_are_told_apart() {
    let bench = Bench::new();
    let one = |id: &str, name: &str, offset: u64| {
        let mut draft = draft(&bench, "memory-backend-file", |_| ());
        draft.set_id(id);
        draft.set("mem-path", bench.path(name).to_str().unwrap()).unwrap();
        draft.set("offset", offset).unwrap();
        draft.set("share", true).unwrap();
        foreseen(&bench, &*draft)
    };
    let pieces = vec![
        Piece { address: 0, facts: one("a", "ram", 0) },
        Piece { address: 2 * MIB, facts: one("b", "./ram", 2 * MIB) },
        Piece { address: 4 * MIB, facts: one("c", "other", 4 * MIB) },
    ];
    let map = GuestMap::new(PAGE, pieces).unwrap();

    let table = entries(&map, &map.arrange(PAGE).unwrap().0).unwrap();

    let ids: Vec<_> = table.iter().map(|entry| entry.ids.join("+")).collect();
    assert_eq!(ids, ["a+b", "c"]);
}

#[test]
fn the_table_is_the_one_that_is_programmed() {
    let bench = Bench::new();
    let windows =
        [(0, Window::of("low", "ram", PAGE, MIB)), (MIB, Window::of("high", "ram", PAGE + MIB, MIB))];
    let pieces = windows.iter().map(|(address, window)| {
        let draft = bench.draft(window);
        Piece { address: *address, facts: foreseen(&bench, &*draft) }
    });
    let map = GuestMap::new(PAGE, pieces.collect()).unwrap();
    let before = entries(&map, &map.arrange(PAGE).unwrap().0).unwrap();

    let memory = GuestMemory::side_by_side(&Host::real(), bench.members(&windows)).unwrap();

    let after = crate::MemoryTable::of(&memory).unwrap();
    let base = memory.user_addresses()[0];
    let facts = |entry: &crate::TableEntry, base| (entry.guest, entry.size, entry.user - base, entry.offset);
    let before: Vec<_> = before.iter().map(|entry| facts(entry, 0)).collect();
    let after: Vec<_> = after.entries().iter().map(|entry| facts(entry, base)).collect();
    assert_eq!(before, after);
}
