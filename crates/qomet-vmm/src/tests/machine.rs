//! A guest of a few instructions under KVM.

use std::sync::Arc;

use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};

use super::*;
use crate::KvmMemory;

/// Where the guest's code is: the last page below 4 GiB, where machines have their ROM.
pub(crate) const CODE: u64 = (1 << 32) - PAGE;

/// A machine without memory; `None`, and a line that says so, where there is no KVM.
pub(crate) fn machine() -> Option<Arc<VmFd>> {
    let made = Kvm::new().and_then(|kvm| kvm.create_vm());
    match made {
        Ok(vm) => {
            vm.set_tss_address(0xfffb_d000).unwrap();
            Some(Arc::new(vm))
        }
        Err(error) => {
            println!("skipped: /dev/kvm: {error}");
            None
        }
    }
}

/// What a guest left behind when it stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Halted,
    /// It wrote where no memory can be written.
    Wrote(u64),
    /// It read where there is no memory.
    Read(u64),
}

/// A CPU in real mode whose code segment is the ROM.
pub(crate) fn cpu(vm: &VmFd) -> VcpuFd {
    vm.create_vcpu(0).unwrap()
}

/// Runs the code at `entry` of the ROM, with data segments at these guest addresses. Returns how it ended, and what is in
/// AL.
pub(crate) fn run(cpu: &mut VcpuFd, entry: u64, ds: u64, es: u64, al: u8, bx: u64) -> (Stopped, u8) {
    let stopped = try_run(cpu, entry, ds, es, al, bx).unwrap();
    let [al, ..] = cpu.get_regs().unwrap().rax.to_le_bytes();
    (stopped, al)
}

/// The same, where KVM may refuse to go on.
pub(crate) fn try_run(
    cpu: &mut VcpuFd,
    entry: u64,
    ds: u64,
    es: u64,
    al: u8,
    bx: u64,
) -> Result<Stopped, kvm_ioctls::Error> {
    let mut segments = cpu.get_sregs().unwrap();
    for (segment, base) in [(&mut segments.cs, CODE), (&mut segments.ds, ds), (&mut segments.es, es)] {
        segment.base = base;
        segment.selector = 0;
        segment.limit = 0xffff;
    }
    cpu.set_sregs(&segments).unwrap();
    let mut registers = cpu.get_regs().unwrap();
    (registers.rip, registers.rflags, registers.rax, registers.rbx) = (entry, 2, al.into(), bx);
    cpu.set_regs(&registers).unwrap();
    Ok(match cpu.run()? {
        VcpuExit::Hlt => Stopped::Halted,
        VcpuExit::MmioWrite(address, _) => Stopped::Wrote(address),
        VcpuExit::MmioRead(address, _) => Stopped::Read(address),
        other => panic!("{other:?}"),
    })
}

/// A ROM with this code at its start.
pub(crate) fn rom(bench: &Bench, code: &[u8]) -> (u64, Window) {
    let mut image = vec![0xf4; 3 * 4096];
    image[4096..4096 + code.len()].copy_from_slice(code);
    std::fs::write(bench.path("rom"), image).unwrap();
    (CODE, Window { readonly: true, ..Window::of("rom", "rom", PAGE, PAGE) })
}

/// `mov al, [0x100]`, `inc al`, `mov es:[0x200], al`, `hlt`.
pub(crate) const ADD_ONE: &[u8] = &[0xa0, 0x00, 0x01, 0xfe, 0xc0, 0x26, 0xa2, 0x00, 0x02, 0xf4];
/// `mov cs:[0x80], al`, `hlt`.
const WRITE_ROM: &[u8] = &[0x2e, 0xa2, 0x80, 0x00, 0xf4];

fn ram() -> [(u64, Window); 2] {
    [
        (0, Window::of("ram0", "ram", 5 * PAGE, 2 * PAGE)),
        (16 * MIB, Window::of("ram1", "ram", 2 * PAGE, 2 * PAGE)),
    ]
}

#[test]
fn a_guest_runs_from_rom_and_reads_and_writes_ram_at_file_offsets() {
    let bench = Bench::new();
    let Some(vm) = machine() else { return };
    let [ram0, ram1] = ram();
    let memory = bench.memory(&[rom(&bench, ADD_ONE), ram0, ram1]);
    let _given = KvmMemory::give(&vm, &memory, 0).unwrap();
    memory.write(0x100, &[41]).unwrap();

    let (stopped, _) = run(&mut cpu(&vm), 0, 0, 16 * MIB, 0, 0);

    assert_eq!(stopped, Stopped::Halted);
    assert_eq!(bytes_at(&bench.path("ram"), 2 * PAGE + 0x200, 1), [42]);
    assert_eq!(bytes_at(&bench.path("ram"), 5 * PAGE + 0x100, 1), [41]);
}

#[test]
fn a_guest_cannot_write_rom() {
    let bench = Bench::new();
    let Some(vm) = machine() else { return };
    let memory = bench.memory(&[rom(&bench, WRITE_ROM)]);
    let given = KvmMemory::give(&vm, &memory, 0).unwrap();
    assert!(given.slots()[0].readonly);

    let (stopped, _) = run(&mut cpu(&vm), 0, 0, 0, 0x77, 0);

    assert_eq!(stopped, Stopped::Wrote(CODE + 0x80));
    assert_eq!(bytes_at(&bench.path("rom"), PAGE + 0x80, 1), [0xf4]);
}

#[test]
fn the_dirty_log_of_a_region_has_the_pages_that_the_guest_wrote() {
    let bench = Bench::new();
    let Some(vm) = machine() else { return };
    let [ram0, ram1] = ram();
    let memory = bench.memory(&[rom(&bench, ADD_ONE), ram0, ram1]);
    let mut given = KvmMemory::give(&vm, &memory, 0).unwrap();
    given.log_dirty("ram0", true).unwrap();
    given.log_dirty("ram1", true).unwrap();
    let mut cpu = cpu(&vm);

    // The segment begins a page further on.
    run(&mut cpu, 0, 0, 16 * MIB + PAGE, 0, 0);

    assert_eq!(given.dirty_pages("ram1").unwrap(), [PAGE]);
    assert_eq!(given.dirty_pages("ram0").unwrap(), [0; 0]);
    assert_eq!(given.dirty_pages("ram1").unwrap(), [0; 0]);
    given.log_dirty("ram1", false).unwrap();
    assert_eq!(qomet::Problem::code(&given.dirty_pages("ram1").unwrap_err()), "kvm-refused");
}

#[test]
fn the_dirty_log_of_a_large_region_has_its_far_pages_and_not_those_of_its_neighbour() {
    let bench = Bench::new();
    let Some(vm) = machine() else { return };
    let far = 16 * MIB;
    let memory = bench.memory(&[
        rom(&bench, ADD_ONE),
        (0, Window::of("ram0", "ram", 0, PAGE)),
        (far, Window::of("ram1", "ram", PAGE, 130 * PAGE)),
        (far + 130 * PAGE, Window::of("ram2", "other", 3 * PAGE, PAGE)),
    ]);
    let mut given = KvmMemory::give(&vm, &memory, 0).unwrap();
    given.log_dirty("ram1", true).unwrap();
    let mut cpu = cpu(&vm);

    for page in [0, 63, 64, 129, 130] {
        run(&mut cpu, 0, 0, far + page * PAGE, 0, 0);
    }

    assert_eq!(given.dirty_pages("ram1").unwrap(), [0, 63, 64, 129].map(|page| page * PAGE));
    assert_eq!(bytes_at(&bench.path("other"), 3 * PAGE + 0x200, 1), [1]);
}

#[test]
fn more_slots_than_kvm_has_are_refused_before_the_guest_has_any() {
    let bench = Bench::new();
    let Some(vm) = machine() else { return };
    let [ram0, ram1] = ram();
    let memory = bench.memory(&[ram0, ram1]);

    let refused = KvmMemory::give(&vm, &memory, 1 << 20).unwrap_err();

    assert_eq!(qomet::Problem::code(&refused.all()[0]), "too-many-slots");
}

#[test]
fn a_guest_keeps_its_memory_in_use_and_loses_it_when_it_is_taken_away() {
    let bench = Bench::new();
    let Some(vm) = machine() else { return };
    let [ram0, ram1] = ram();
    let memory = bench.memory(&[rom(&bench, ADD_ONE), ram0, ram1]);
    let given = KvmMemory::give(&vm, &memory, 0).unwrap();
    drop(memory);
    let ram0 = bench.model.object("ram0").unwrap();
    assert_eq!(bench.model.delete(&ram0).unwrap_err().code(), "in-use");
    let mut cpu = cpu(&vm);
    assert_eq!(run(&mut cpu, 0, 0, 16 * MIB, 0, 0).0, Stopped::Halted);

    drop(given);

    bench.model.delete(&ram0).unwrap();
    let others = GuestMemory::new(vec![(CODE, bench.lease("rom"))]).unwrap();
    let _given = KvmMemory::give(&vm, &others, 0).unwrap();
    assert_eq!(run(&mut cpu, 0, 0, 16 * MIB, 0, 0).0, Stopped::Read(0x100));
}

#[test]
fn memory_that_kvm_refuses_is_named_and_the_guest_has_none_of_it() {
    let bench = Bench::new();
    let Some(vm) = machine() else { return };
    let [ram0, ram1] = ram();
    let memory = bench.memory(&[ram0, ram1]);
    let first = GuestMemory::new(vec![(16 * MIB, bench.lease("ram1"))]).unwrap();
    let taken = KvmMemory::give(&vm, &first, 7).unwrap();

    let refused = KvmMemory::give(&vm, &memory, 0).unwrap_err();

    assert_eq!(refused.to_string(), "cannot give a guest the memory of 'ram1': File exists");
    drop(taken);
    KvmMemory::give(&vm, &memory, 0).unwrap();
}
