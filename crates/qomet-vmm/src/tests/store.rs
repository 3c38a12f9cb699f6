//! Files that are truncated while a guest has them (memory rule D15): errors that name the object, the file and the place.

use super::machine::{ADD_ONE, Stopped, cpu, machine, rom, run, try_run};
use super::*;
use crate::KvmMemory;

fn ram() -> [(u64, Window); 2] {
    [(0, Window::of("ram0", "ram", PAGE, PAGE)), (PAGE, Window::of("ram1", "other", PAGE, PAGE))]
}

fn truncate(bench: &Bench, name: &str) {
    std::fs::File::options().write(true).open(bench.path(name)).unwrap().set_len(0).unwrap();
}

fn text(error: &impl std::fmt::Display, bench: &Bench) -> String {
    error.to_string().replace(&bench.path("").display().to_string(), "")
}

#[test]
fn d15_a_copy_that_reaches_a_lost_page_names_object_file_and_offset() {
    let bench = Bench::new();
    let memory = bench.memory(&ram());
    memory.write(PAGE - 2, b"both").unwrap();

    truncate(&bench, "other");

    let lost = memory.write(PAGE - 2, b"more").unwrap_err();
    assert_eq!(
        text(&lost, &bench),
        "'ram1': writing of 'other' stopped at offset 4096: the page is not there (the file is now 0 bytes long)"
    );
    let mut bytes = [0; 2];
    memory.read(PAGE - 2, &mut bytes).unwrap();
    assert_eq!(&bytes, b"mo");
}

#[test]
fn d15_memory_of_a_file_that_is_too_short_is_given_to_nobody() {
    let bench = Bench::new();
    ram().iter().for_each(|(_, window)| bench.create(window));
    truncate(&bench, "ram");
    truncate(&bench, "other");

    let refused = GuestMemory::new(vec![(0, bench.lease("ram0")), (PAGE, bench.lease("ram1"))]).unwrap_err();

    let texts: Vec<_> = refused.all().iter().map(|one| text(one, &bench)).collect();
    assert_eq!(
        texts,
        [
            "'ram0': 'ram' is 0 bytes long now, and the memory is its bytes 4096 to 8192",
            "'ram1': 'other' is 0 bytes long now, and the memory is its bytes 4096 to 8192",
        ]
    );
}

#[test]
fn d15_a_guest_that_reads_a_lost_page_stops_without_a_signal() {
    let bench = Bench::new();
    let Some(vm) = machine() else { return };
    let [ram0, ram1] = ram();
    let memory = bench.memory(&[rom(&bench, ADD_ONE), ram0, ram1]);
    let _given = KvmMemory::give(&vm, &memory, 0).unwrap();

    truncate(&bench, "ram");

    // An error, or an exit where KVM emulates the instruction.
    let stopped = try_run(&mut cpu(&vm), 0, 0, PAGE, 0, 0).map_err(|error| error.errno());
    assert!(matches!(stopped, Err(nix::libc::EFAULT) | Ok(Stopped::Read(0x100))), "{stopped:?}");
    // Memory that is there is as it was.
    let mut other = vm.create_vcpu(1).unwrap();
    assert_eq!(run(&mut other, 0, PAGE, PAGE, 0, 0).0, Stopped::Halted);
    assert_eq!(bytes_at(&bench.path("other"), PAGE + 0x200, 1), [1]);
}
