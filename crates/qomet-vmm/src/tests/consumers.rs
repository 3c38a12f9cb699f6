//! One byte, seen by every consumer: wherever files, offsets and guest addresses are.

use std::fs::{File, OpenOptions};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;

use kvm_ioctls::VcpuFd;
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::unistd::Pid;
use proptest::prelude::*;
use qomet_memory::Host;
use vm_memory::{Bytes, FileOffset, GuestAddress, GuestMemoryMmap, MmapRegion, VolatileMemory};

use super::machine::{Stopped, cpu, machine, rom, run};
use super::*;
use crate::{KeepsAlive, KvmMemory, MemoryTable, TableEntry, guest_memory_mmap};

/// `mov [bx], al`, `hlt`; at 8: `mov al, [bx]`, `hlt`.
const STORE_AND_LOAD: &[u8] = &[0x88, 0x07, 0xf4, 0x90, 0x90, 0x90, 0x90, 0x90, 0x8a, 0x07, 0xf4];
const STORE: u64 = 0;
const LOAD: u64 = 8;

const IDS: [&str; 5] = ["r0", "r1", "r2", "r3", "r4"];
const FILES: [&str; 2] = ["a", "b"];
const FILE_PAGES: u64 = 32;

/// A window of pages, and how far behind the one before it is for the guest.
#[derive(Clone, Debug)]
struct Plan {
    file: usize,
    offset: u64,
    pages: u64,
    gap: u64,
    rom: bool,
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let gap = prop_oneof![Just(0), Just(0), 1..5_u64];
    // Windows of few files, so that some overlap.
    let plan = (0..FILES.len(), 0..FILE_PAGES - 4, 1..=4_u64, gap, prop::bool::weighted(0.2))
        .prop_map(|(file, offset, pages, gap, rom)| Plan { file, offset, pages, gap, rom });
    let plans = prop::collection::vec((plan, any::<bool>()), 1..=IDS.len());
    // Every other window continues the one before it in its file, so that some are merged.
    plans.prop_map(|plans| {
        let mut all: Vec<Plan> = Vec::new();
        for (mut plan, continues) in plans {
            if let (true, Some(before)) = (continues, all.last()) {
                let offset = before.offset + before.pages;
                if offset + plan.pages <= FILE_PAGES {
                    (plan.file, plan.offset, plan.gap) = (before.file, offset, 0);
                }
            }
            all.push(plan);
        }
        // There is no vm-memory of ROM alone.
        all.iter_mut().take(1).for_each(|first| first.rom = false);
        all
    })
}

/// Somebody who sees the memory.
trait Consumer {
    fn name(&self) -> &'static str;
    /// Whether ROM is among it.
    fn sees_rom(&self) -> bool {
        true
    }
    fn may_write(&self, at: &At) -> bool {
        !at.rom
    }
    fn store(&mut self, at: &At, byte: u8);
    fn load(&mut self, at: &At) -> u8;
}

/// A byte: one of its guest addresses, and where it is in which file.
#[derive(Clone, Debug)]
struct At {
    guest: u64,
    rom: bool,
    file: usize,
    position: u64,
}

struct Mapping(GuestMemory);

impl Consumer for Mapping {
    fn name(&self) -> &'static str {
        "the mapping"
    }
    fn store(&mut self, at: &At, byte: u8) {
        self.0.write(at.guest, &[byte]).unwrap();
    }
    fn load(&mut self, at: &At) -> u8 {
        let mut byte = [0];
        self.0.read(at.guest, &mut byte).unwrap();
        byte[0]
    }
}

/// The addresses of this process that rings are named by.
struct UserAddress(GuestMemory);

impl UserAddress {
    fn remote(&self, at: &At) -> [RemoteIoVec; 1] {
        let base = self.0.user_address(at.guest).unwrap();
        [RemoteIoVec { base: usize::try_from(base).unwrap(), len: 1 }]
    }
}

impl Consumer for UserAddress {
    fn name(&self) -> &'static str {
        "the reservation"
    }
    fn store(&mut self, at: &At, byte: u8) {
        let done = process_vm_writev(Pid::this(), &[IoSlice::new(&[byte])], &self.remote(at));
        assert_eq!(done, Ok(1));
    }
    fn load(&mut self, at: &At) -> u8 {
        let mut byte = [0];
        let done = process_vm_readv(Pid::this(), &mut [IoSliceMut::new(&mut byte)], &self.remote(at));
        assert_eq!(done, Ok(1));
        byte[0]
    }
}

struct VmMemory(GuestMemoryMmap<KeepsAlive>);

impl Consumer for VmMemory {
    fn name(&self) -> &'static str {
        "vm-memory"
    }
    fn sees_rom(&self) -> bool {
        false
    }
    fn store(&mut self, at: &At, byte: u8) {
        self.0.write_obj(byte, GuestAddress(at.guest)).unwrap();
    }
    fn load(&mut self, at: &At) -> u8 {
        self.0.read_obj(GuestAddress(at.guest)).unwrap()
    }
}

/// What a device maps that has nothing but the table.
struct Device(Vec<(TableEntry, MmapRegion)>);

impl Device {
    fn of(table: &MemoryTable) -> Self {
        let maps = table.infos().into_iter().zip(table.entries()).map(|(info, entry)| {
            let region = table.memory().regions().nth(entry.first).unwrap();
            let descriptor: BorrowedFd<'_> = std::os::fd::AsFd::as_fd(region.memory.region().file().unwrap());
            assert_eq!(std::os::fd::AsRawFd::as_raw_fd(&descriptor), info.mmap_handle);
            let file = File::from(descriptor.try_clone_to_owned().unwrap());
            let size = usize::try_from(info.memory_size).unwrap();
            (entry.clone(), MmapRegion::from_file(FileOffset::new(file, info.mmap_offset), size).unwrap())
        });
        Device(maps.collect())
    }

    fn find(&self, at: &At) -> (&MmapRegion, usize) {
        let inside = |entry: &TableEntry| (entry.guest..entry.guest + entry.size).contains(&at.guest);
        let (entry, map) = self.0.iter().find(|(entry, _)| inside(entry)).unwrap();
        (map, usize::try_from(at.guest - entry.guest).unwrap())
    }
}

impl Consumer for Device {
    fn name(&self) -> &'static str {
        "a mapping from the table"
    }
    fn sees_rom(&self) -> bool {
        false
    }
    fn store(&mut self, at: &At, byte: u8) {
        let (map, offset) = self.find(at);
        map.get_slice(offset, 1).unwrap().write_obj(byte, 0).unwrap();
    }
    fn load(&mut self, at: &At) -> u8 {
        let (map, offset) = self.find(at);
        map.get_slice(offset, 1).unwrap().read_obj(0).unwrap()
    }
}

struct Guest {
    cpu: VcpuFd,
    _memory: KvmMemory,
}

impl Guest {
    fn call(&mut self, entry: u64, at: &At, al: u8) -> u8 {
        let (stopped, al) = run(&mut self.cpu, entry, at.guest & !0xfff, 0, al, at.guest & 0xfff);
        assert_eq!(stopped, Stopped::Halted);
        al
    }
}

impl Consumer for Guest {
    fn name(&self) -> &'static str {
        "a guest"
    }
    fn store(&mut self, at: &At, byte: u8) {
        self.call(STORE, at, byte);
    }
    fn load(&mut self, at: &At) -> u8 {
        self.call(LOAD, at, 0)
    }
}

struct Files {
    files: Vec<File>,
    /// Files on hugetlbfs can only be mapped and read.
    writable: bool,
}

impl Files {
    fn open(bench: &Bench, names: &[&str], length: u64, writable: bool) -> Self {
        let open = |name: &&str| {
            let file =
                OpenOptions::new().read(true).write(true).create_new(true).open(bench.path(name)).unwrap();
            file.set_len(length).unwrap();
            file
        };
        Files { files: names.iter().map(open).collect(), writable }
    }
}

impl Consumer for Files {
    fn name(&self) -> &'static str {
        "the file"
    }
    fn may_write(&self, _: &At) -> bool {
        self.writable
    }
    fn store(&mut self, at: &At, byte: u8) {
        self.files[at.file].write_all_at(&[byte], at.position).unwrap();
    }
    fn load(&mut self, at: &At) -> u8 {
        let mut byte = [0];
        self.files[at.file].read_exact_at(&mut byte, at.position).unwrap();
        byte[0]
    }
}

/// Every guest address of a byte of a file.
fn addresses(names: &[&str], windows: &[(u64, Window)], of: &Window, place: u64) -> Vec<At> {
    let position = of.offset + place;
    let file = names.iter().position(|name| Some(*name) == of.file).unwrap();
    let holds = |one: &Window| one.file == of.file && (one.offset..one.offset + one.size).contains(&position);
    let at = |(guest, one): &(u64, Window)| At {
        guest: guest + position - one.offset,
        rom: one.readonly,
        file,
        position,
    };
    windows.iter().filter(|(_, one)| holds(one)).map(at).collect()
}

/// Has everybody who may write each of the bytes by each of its addresses, and everybody read it by all of them. The bytes
/// are places in windows.
fn check(bench: &Bench, names: &[&str], files: Files, windows: &[(u64, Window)], bytes: &[(&Window, u64)]) {
    let code = rom(bench, STORE_AND_LOAD);
    let with_code: Vec<_> = windows.iter().cloned().chain([code]).collect();
    let memory = bench.memory(&with_code);
    let again = with_code.iter().map(|(guest, window)| (*guest, bench.lease(window.id))).collect();
    let together = GuestMemory::side_by_side(&Host::real(), again).unwrap();
    let mut consumers: Vec<Box<dyn Consumer>> = vec![
        Box::new(Mapping(memory.clone())),
        Box::new(UserAddress(together.clone())),
        Box::new(VmMemory(guest_memory_mmap(&memory, |_| ()).unwrap())),
        Box::new(VmMemory(guest_memory_mmap(&together, |_| ()).unwrap())),
        Box::new(Device::of(&MemoryTable::of(&memory).unwrap())),
        Box::new(Device::of(&MemoryTable::of(&together).unwrap())),
        Box::new(files),
    ];
    for memory in [memory, together] {
        if let Some(vm) = machine() {
            let given = KvmMemory::give(&vm, &memory, 0).unwrap();
            consumers.push(Box::new(Guest { cpu: cpu(&vm), _memory: given }));
        }
    }

    let mut value = 0_u8;
    for (window, place) in bytes {
        let all = addresses(names, windows, window, *place);
        for writer in 0..consumers.len() {
            for to in all.iter().filter(|at| consumers[writer].may_write(at)).cloned().collect::<Vec<_>>() {
                value = value.wrapping_add(1);
                consumers[writer].store(&to, value);
                let by = consumers[writer].name();
                for reader in &mut consumers {
                    let sees_rom = reader.sees_rom();
                    for at in all.iter().filter(|at| !at.rom || sees_rom) {
                        assert_eq!(reader.load(at), value, "{by} at {to:?}, {} at {at:?}", reader.name());
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_byte_that_one_consumer_writes_is_the_byte_that_all_others_read(
        plans in plans(),
        bytes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
    ) {
        let bench = Bench::new();
        let files = Files::open(&bench, &FILES, FILE_PAGES * PAGE, true);
        let mut windows = Vec::new();
        let mut next = MIB;
        for (plan, id) in plans.iter().zip(IDS) {
            let guest = next + plan.gap * PAGE;
            let window = Window::of(id, FILES[plan.file], plan.offset * PAGE, plan.pages * PAGE);
            windows.push((guest, Window { readonly: plan.rom, ..window }));
            next = guest + plan.pages * PAGE;
        }
        let bytes = bytes.iter().map(|(window, place)| {
            let (_, window) = window.get(&windows);
            (window, place.index(usize::try_from(window.size).unwrap()) as u64)
        });
        check(&bench, &FILES, files, &windows, &bytes.collect::<Vec<_>>());
    }
}

#[test]
fn a_byte_of_huge_pages_is_the_same_for_every_consumer() {
    let Some((_pool, bench)) = Bench::with_huge_pages(4) else { return };
    let huge = 2 * MIB;
    let names = ["huge/a"];
    let files = Files::open(&bench, &names, 4 * huge, false);
    // Two that continue each other, and one that is read-only and overlaps.
    let windows = [
        (2 * huge, Window::of("r0", names[0], huge, huge)),
        (3 * huge, Window::of("r1", names[0], 2 * huge, 2 * huge)),
        (8 * huge, Window { readonly: true, ..Window::of("r2", names[0], huge, 2 * huge) }),
    ];
    let bytes = [(&windows[0].1, huge - 1), (&windows[1].1, 0), (&windows[1].1, huge + 5)];

    check(&bench, &names, files, &windows, &bytes);
}
