//! A real vhost-user device: the block device that `qemu-storage-daemon` exports.

use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use qomet_memory::Host;
use vhost::VhostBackend;
use vhost::vhost_user::Frontend;
use vhost::vhost_user::message::VhostUserProtocolFeatures;

use super::blk::{Disk, Fresh, Places, SECTOR};
use super::*;
use crate::{DeviceMemory, DeviceSlots, MemoryTable};

const SECTORS: usize = 2048;

/// The daemon, serving an image.
struct Daemon {
    child: Child,
    socket: PathBuf,
    image: PathBuf,
}

impl Daemon {
    /// `None`, and a line that says so, where there is no daemon.
    fn start(bench: &Bench) -> Option<Self> {
        let (image, socket) = (bench.path("disk.img"), bench.path("disk.sock"));
        std::fs::write(&image, pattern(0x5a, SECTORS * SECTOR)).unwrap();
        // It listens before there is a daemon, so that nobody has to wait for one.
        let listener = UnixListener::bind(&socket).unwrap();
        let child = Command::new("qemu-storage-daemon")
            .arg("--blockdev")
            .arg(format!("driver=file,node-name=disk,filename={}", image.display()))
            .arg("--export")
            .arg("type=vhost-user-blk,id=export,node-name=disk,writable=on,addr.type=fd,addr.str=0")
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .spawn();
        match child {
            Ok(child) => Some(Daemon { child, socket, image }),
            Err(error) => {
                println!("skipped: qemu-storage-daemon: {error}");
                None
            }
        }
    }

    fn connect(&self, wanted: VhostUserProtocolFeatures) -> Fresh {
        Fresh::negotiate(Frontend::connect(&self.socket, 1).unwrap(), wanted)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One end of a pair of sockets: whoever is told anything there is refused.
fn pair() -> UnixStream {
    UnixStream::pair().unwrap().0
}

/// Two windows of one file, neither at its start, and memory of the process that is shared.
fn windows() -> [(u64, Window); 3] {
    [
        (0, Window::of("low", "ram", 5 * MIB, MIB)),
        (MIB, Window::of("middle", "ram", 2 * MIB, 2 * MIB)),
        (1 << 32, Window::memory("high", MIB, true)),
    ]
}

/// The rings and buffers are in all three.
const PLACES: Places = Places {
    descriptors: 0x1000,
    available: MIB + 0x3000,
    used: (1 << 32) + 0x5000,
    header: 0x8200,
    status: (1 << 32) + 0x9001,
    data: MIB + 0x2_0000,
};

/// Where in the file `ram` the data is.
const DATA_IN_FILE: u64 = 2 * MIB + 0x2_0000;

#[test]
fn a_device_reads_and_writes_sectors_through_three_backends() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    let memory = bench.memory(&windows());
    let table = MemoryTable::of(&memory).unwrap();
    assert_eq!(table.entries().len(), 3);
    let mut fresh = daemon.connect(VhostUserProtocolFeatures::empty());
    assert_eq!(fresh.slots, DeviceSlots::Baseline);
    table.program(&mut fresh.device, fresh.slots).unwrap();
    let mut disk = fresh.start(&memory, PLACES);

    disk.read(7, 3);

    let expected = pattern(0x5a, SECTORS * SECTOR)[7 * SECTOR..10 * SECTOR].to_vec();
    assert_eq!(bytes_at(&bench.path("ram"), DATA_IN_FILE, 3 * SECTOR), expected);
    let written = pattern(0x33, 4 * SECTOR);
    memory.write(PLACES.data, &written).unwrap();

    disk.write(100, 4);

    assert_eq!(bytes_at(&daemon.image, 100 * SECTOR as u64, 4 * SECTOR), written);
    disk.read(100, 4);
    assert_eq!(bytes_at(&bench.path("ram"), DATA_IN_FILE, 4 * SECTOR), written);
}

/// What the test above would not survive: a consumer that takes the descriptor's offset for zero.
#[test]
fn a_table_without_the_offset_has_the_device_write_elsewhere() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    let memory = bench.memory(&windows());
    let mut infos = MemoryTable::of(&memory).unwrap().infos();
    assert_eq!(infos[1].mmap_offset, 2 * MIB);
    infos[1].mmap_offset = 0;
    let fresh = daemon.connect(VhostUserProtocolFeatures::empty());
    fresh.device.set_mem_table(&infos).unwrap();
    // The rings are elsewhere, so that there is an answer at all.
    let places = Places { available: 0x3000, ..PLACES };
    let mut disk = fresh.start(&memory, places);

    disk.read(7, 3);

    let expected = pattern(0x5a, SECTORS * SECTOR)[7 * SECTOR..10 * SECTOR].to_vec();
    assert_eq!(bytes_at(&bench.path("ram"), DATA_IN_FILE, 3 * SECTOR), vec![0; 3 * SECTOR]);
    assert_eq!(bytes_at(&bench.path("ram"), DATA_IN_FILE - 2 * MIB, 3 * SECTOR), expected);
}

#[test]
fn a_merged_entry_serves_a_buffer_that_lies_in_two_backends() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    let members = bench.members(&[
        (0, Window::of("low", "ram", 3 * MIB, MIB)),
        (MIB, Window::of("middle", "ram", 4 * MIB, MIB)),
        (2 * MIB, Window::memory("high", MIB, true)),
    ]);
    let memory = GuestMemory::side_by_side(&Host::real(), members).unwrap();
    let table = MemoryTable::of(&memory).unwrap();
    let ids: Vec<_> = table.entries().iter().map(|entry| entry.ids.join("+")).collect();
    assert_eq!(ids, ["low+middle", "high"]);
    let mut fresh = daemon.connect(VhostUserProtocolFeatures::empty());
    table.program(&mut fresh.device, fresh.slots).unwrap();
    let border = MIB - SECTOR as u64;
    let places = Places {
        descriptors: 0x1000,
        available: MIB + 0x3000,
        used: 2 * MIB + 0x5000,
        header: 0x8200,
        status: 2 * MIB,
        data: border,
    };
    let mut disk = fresh.start(&memory, places);

    disk.read(20, 2);

    let expected = pattern(0x5a, SECTORS * SECTOR)[20 * SECTOR..22 * SECTOR].to_vec();
    assert_eq!(bytes_at(&bench.path("ram"), 3 * MIB + border, 2 * SECTOR), expected);
}

#[test]
fn a_device_that_takes_slots_is_told_them_one_by_one() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    let memory = bench.memory(&windows());
    let table = MemoryTable::of(&memory).unwrap();
    let mut fresh = daemon.connect(VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS);
    if fresh.slots == DeviceSlots::Baseline {
        println!("skipped: this qemu-storage-daemon has no CONFIGURE_MEM_SLOTS");
        return;
    }
    table.program(&mut fresh.device, fresh.slots).unwrap();
    let mut disk = fresh.start(&memory, PLACES);

    disk.read(7, 1);

    let expected = pattern(0x5a, SECTORS * SECTOR)[7 * SECTOR..8 * SECTOR].to_vec();
    assert_eq!(bytes_at(&bench.path("ram"), DATA_IN_FILE, SECTOR), expected);
}

#[test]
fn a_device_with_slots_takes_more_memory_than_a_table_holds() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    // In the file they stand the other way round, so that none continues another.
    let windows: Vec<_> = (0..)
        .zip(["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11"])
        .map(|(at, id)| (at * 16 * PAGE, Window::of(id, "ram", (12 - at) * 16 * PAGE, 16 * PAGE)))
        .collect();
    let memory = GuestMemory::side_by_side(&Host::real(), bench.members(&windows)).unwrap();
    let table = MemoryTable::of(&memory).unwrap();
    assert_eq!(table.entries().len(), 12);
    let baseline = table.program(&mut Frontend::from_stream(pair(), 1), DeviceSlots::Baseline).unwrap_err();
    assert_eq!(qomet::Problem::code(&baseline), "too-many-regions");
    let mut fresh = daemon.connect(VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS);
    if fresh.slots.limit() < 12 {
        println!("skipped: this qemu-storage-daemon has {} slots for memory", fresh.slots.limit());
        return;
    }
    table.program(&mut fresh.device, fresh.slots).unwrap();
    let part = |number: u64| number * 16 * PAGE;
    let places = Places {
        descriptors: part(1),
        available: part(3),
        used: part(5),
        header: part(7),
        status: part(9),
        data: part(11),
    };
    let mut disk = fresh.start(&memory, places);

    disk.read(30, 2);

    let expected = pattern(0x5a, SECTORS * SECTOR)[30 * SECTOR..32 * SECTOR].to_vec();
    assert_eq!(bytes_at(&bench.path("ram"), part(1), 2 * SECTOR), expected);
}

#[test]
fn a_table_too_large_for_the_device_is_refused_before_it_is_told() {
    let bench = Bench::new();
    let windows: Vec<_> = (0..)
        .zip(["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"])
        .map(|(index, id)| (index * 2 * PAGE, Window::of(id, "ram", index * PAGE, PAGE)))
        .collect();
    let table = MemoryTable::of(&bench.memory(&windows)).unwrap();
    let mut device = Frontend::from_stream(pair(), 1);

    let refused = table.program(&mut device, DeviceSlots::Baseline).unwrap_err();

    assert_eq!(qomet::Problem::code(&refused), "too-many-regions");
}

/// A buffer over the border of two entries, of two files, one of which has huge pages; ROM is between them and the rings.
#[test]
fn a_device_serves_a_buffer_that_lies_in_two_files_and_is_not_told_of_rom() {
    let Some((_pool, bench)) = Bench::with_huge_pages(3) else { return };
    let Some(daemon) = Daemon::start(&bench) else { return };
    std::fs::write(bench.path("rom"), [0; 8192]).unwrap();
    let memory = bench.memory(&[
        (0, Window::of("low", "ram", 5 * MIB, 2 * MIB)),
        (2 * MIB, Window::of("huge", "huge/a", 2 * MIB, 4 * MIB)),
        (6 * MIB, Window { readonly: true, ..Window::of("rom", "rom", PAGE, PAGE) }),
        (8 * MIB, Window::of("rings", "ram", MIB, MIB)),
    ]);
    let table = MemoryTable::of(&memory).unwrap();
    let ids: Vec<_> = table.entries().iter().map(|entry| entry.ids.join("+")).collect();
    assert_eq!(ids, ["low", "huge", "rings"]);
    let mut fresh = daemon.connect(VhostUserProtocolFeatures::empty());
    table.program(&mut fresh.device, fresh.slots).unwrap();
    let at = |offset| 8 * MIB + offset;
    let places = Places {
        descriptors: at(0x1000),
        available: at(0x3000),
        used: at(0x5000),
        header: at(0x8200),
        status: at(0x9001),
        data: 2 * MIB - SECTOR as u64,
    };
    let mut disk = fresh.start(&memory, places);

    disk.read(60, 3);

    assert_eq!(bytes_at(&bench.path("ram"), 7 * MIB - SECTOR as u64, SECTOR), sectors(60, 1));
    assert_eq!(bytes_at(&bench.path("huge/a"), 2 * MIB, 2 * SECTOR), sectors(61, 2));
    memory.write(places.data, &pattern(0x44, 3 * SECTOR)).unwrap();
    disk.write(200, 3);
    assert_eq!(bytes_at(&daemon.image, 200 * SECTOR as u64, 3 * SECTOR), pattern(0x44, 3 * SECTOR));
}

/// Sectors of the image as it was made.
fn sectors(first: usize, count: usize) -> Vec<u8> {
    pattern(0x5a, SECTORS * SECTOR)[first * SECTOR..(first + count) * SECTOR].to_vec()
}

/// Plugs memory into a device that runs, reads into it, unplugs it, and plugs other memory at the same address.
fn plug_and_unplug(bench: &Bench, mut disk: Disk, mut known: DeviceMemory) {
    let at = 8 << 30;
    let dimm = |window: Window| {
        let memory = bench.memory(&[(at, window)]);
        MemoryTable::of(&memory).unwrap()
    };
    let delete = |id| bench.model.delete(&bench.model.object(id).unwrap());
    // It continues `high` in its file, and is an entry of its own all the same.
    known.plug(&mut disk.device, dimm(Window::of("dimm", "ram", 6 * MIB, MIB))).unwrap();
    assert_eq!(delete("dimm").unwrap_err().code(), "in-use");
    disk.places.data = at + 0x3000;
    disk.read(40, 2);
    assert_eq!(bytes_at(&bench.path("ram"), 6 * MIB + 0x3000, 2 * SECTOR), sectors(40, 2));

    let unplugged = known.unplug(&mut disk.device, "dimm").unwrap();
    assert_eq!(unplugged.entries()[0].offset, 6 * MIB);
    drop(unplugged);

    delete("dimm").unwrap();
    assert_eq!(known.tables().len(), 1);
    known.plug(&mut disk.device, dimm(Window::of("other", "second", 3 * MIB, MIB))).unwrap();
    disk.read(50, 2);
    assert_eq!(bytes_at(&bench.path("second"), 3 * MIB + 0x3000, 2 * SECTOR), sectors(50, 2));
    assert_eq!(bytes_at(&bench.path("ram"), 6 * MIB + 0x3000, 2 * SECTOR), sectors(40, 2));
    // What it had from the beginning is where it was.
    disk.places.data = PLACES.data;
    disk.read(7, 3);
    assert_eq!(bytes_at(&bench.path("ram"), DATA_IN_FILE, 3 * SECTOR), sectors(7, 3));
}

fn running(bench: &Bench, daemon: &Daemon, wanted: VhostUserProtocolFeatures) -> (Disk, DeviceMemory) {
    let memory = bench.memory(&windows());
    let mut fresh = daemon.connect(wanted);
    let table = MemoryTable::of(&memory).unwrap();
    let known = DeviceMemory::program(&mut fresh.device, fresh.slots, table).unwrap();
    (fresh.start(&memory, PLACES), known)
}

#[test]
fn memory_is_plugged_into_a_running_device_with_slots_and_unplugged_again() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    let (disk, known) = running(&bench, &daemon, VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS);
    plug_and_unplug(&bench, disk, known);
}

#[test]
fn memory_is_plugged_into_a_running_device_by_another_table() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    let (disk, known) = running(&bench, &daemon, VhostUserProtocolFeatures::empty());
    plug_and_unplug(&bench, disk, known);
}

#[test]
fn what_cannot_be_plugged_is_refused_before_the_device_is_told() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    let (mut disk, mut known) = running(&bench, &daemon, VhostUserProtocolFeatures::empty());
    let windows: Vec<_> = (0..)
        .zip(["r0", "r1", "r2", "r3", "r4", "r5"])
        .map(|(index, id)| (8 * MIB + index * 2 * PAGE, Window::of(id, "more", index * PAGE, PAGE)))
        .collect();
    let many = MemoryTable::of(&bench.memory(&windows)).unwrap();
    let overlapping = bench.memory(&[(MIB, Window::of("over", "more", 0, PAGE))]);
    let overlapping = MemoryTable::of(&overlapping).unwrap();

    let refused =
        [many, overlapping].map(|table| known.plug(&mut disk.device, table).unwrap_err().to_string());

    assert_eq!(
        refused,
        [
            "the table has 9 entries, and the device takes 8",
            "'middle' (0x100000 to 0x300000) and 'over' (0x100000 to 0x101000) overlap",
        ]
    );
    let unknown = known.unplug(&mut disk.device, "over").unwrap_err();
    assert_eq!(qomet::Problem::code(&unknown), "no-such-memory");
    bench.model.delete(&bench.model.object("r0").unwrap()).unwrap();
    disk.read(7, 3);
    assert_eq!(bytes_at(&bench.path("ram"), DATA_IN_FILE, 3 * SECTOR), sectors(7, 3));
}

#[test]
fn a_device_that_refuses_memory_has_it_named_and_gets_none_of_it() {
    let bench = Bench::new();
    let Some(daemon) = Daemon::start(&bench) else { return };
    let (mut disk, mut known) = running(&bench, &daemon, VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS);
    if known.slots() == DeviceSlots::Baseline {
        println!("skipped: this qemu-storage-daemon has no CONFIGURE_MEM_SLOTS");
        return;
    }
    let memory = bench.memory(&[(8 << 30, Window::of("dimm", "ram", 6 * MIB, MIB))]);
    // The connection is over, as when the device has died.
    drop(daemon);

    let refused = known.plug(&mut disk.device, MemoryTable::of(&memory).unwrap()).unwrap_err();

    assert!(refused.to_string().starts_with("the device refuses the memory of dimm: "), "{refused}");
    assert_eq!(known.tables().len(), 1);
    drop(memory);
    bench.model.delete(&bench.model.object("dimm").unwrap()).unwrap();
}
