//! Memory that is handed out is in use.

use super::*;
use crate::VmmError;

fn memory_of_one(bench: &Bench) -> GuestMemory {
    bench.memory(&[(0, Window::of("ram0", "ram", PAGE, PAGE))])
}

#[test]
fn an_object_whose_memory_is_handed_out_cannot_be_deleted() {
    let bench = Bench::new();
    let memory = memory_of_one(&bench);
    let object = bench.model.object("ram0").unwrap();

    let refused = bench.model.delete(&object).unwrap_err();

    assert_eq!(refused.code(), "in-use");
    assert!(refused.to_string().contains("test"), "{refused}");
    assert_eq!(qomet_backends::memory::query_memdev(&bench.model)[0].x_users, ["test"]);
    drop(memory);
    bench.model.delete(&object).unwrap();
}

#[test]
fn a_clone_keeps_the_memory_in_use() {
    let bench = Bench::new();
    let memory = memory_of_one(&bench);
    let clone = memory.clone();

    drop(memory);

    assert!(bench.model.delete(&bench.model.object("ram0").unwrap()).is_err());
    clone.write(0, b"x").unwrap();
}

#[test]
fn a_copy_goes_over_the_border_of_two_regions() {
    let bench = Bench::new();
    let memory = bench.memory(&[
        (PAGE, Window::of("high", "ram", 3 * PAGE, PAGE)),
        (0, Window::of("low", "ram", PAGE, PAGE)),
    ]);

    memory.write(PAGE - 2, b"abcd").unwrap();

    let file = bench.path("ram");
    assert_eq!(bytes_at(&file, 2 * PAGE - 2, 2), b"ab");
    assert_eq!(bytes_at(&file, 3 * PAGE, 2), b"cd");
    let mut read = [0; 4];
    memory.read(PAGE - 2, &mut read).unwrap();
    assert_eq!(&read, b"abcd");
}

#[test]
fn a_copy_beyond_the_memory_is_refused_with_the_first_address_that_is_missing() {
    let bench = Bench::new();
    let memory = memory_of_one(&bench);

    let refused = memory.write(PAGE - 1, b"ab").unwrap_err();

    assert_eq!(refused, VmmError::OutsideGuest { address: PAGE - 1, length: 2, missing: PAGE });
    assert_eq!(memory.user_address(PAGE), None);
}

#[test]
fn the_same_memory_may_be_at_two_addresses() {
    let bench = Bench::new();
    bench.create(&Window::of("ram0", "ram", PAGE, PAGE));
    let memory = GuestMemory::new(vec![(0, bench.lease("ram0")), (16 * PAGE, bench.lease("ram0"))]).unwrap();

    memory.write(16 * PAGE, b"alias").unwrap();

    let mut read = [0; 5];
    memory.read(0, &mut read).unwrap();
    assert_eq!(&read, b"alias");
}

#[test]
fn private_memory_is_not_mapped_side_by_side() {
    let bench = Bench::new();
    let members = bench.members(&[(0, Window::memory("ram0", PAGE, false))]);

    let refused = GuestMemory::side_by_side(&qomet_memory::Host::real(), members).unwrap_err();

    assert_eq!(qomet::Problem::code(&refused.all()[0]), "not-shared");
}

#[test]
fn there_is_no_lease_on_what_is_no_memory() {
    let bench = Bench::new();
    let mut draft = bench.model.draft("rng-builtin").unwrap();
    draft.set_id("rng0");
    bench.model.create(draft).unwrap();

    let refused = lease_memory(&bench.model, "rng0", "test").map(drop).unwrap_err();

    assert_eq!(refused.to_string(), "object 'rng0': its type rng-builtin has no memory");
}
