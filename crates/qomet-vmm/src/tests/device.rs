//! A real vhost-user device: the block device that `qemu-storage-daemon` exports.

use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use qomet_memory::Host;
use vhost::VhostBackend;
use vhost::vhost_user::Frontend;
use vhost::vhost_user::message::VhostUserProtocolFeatures;

use super::blk::{Fresh, Places, SECTOR};
use super::*;
use crate::{DeviceSlots, MemoryTable};

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
