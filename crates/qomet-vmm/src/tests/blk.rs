//! The driver of a virtio block device, as a guest would have it: one queue, one request at a time.
//!
//! It reads and writes by guest address, through the kernel; the device is another process that has only the table.

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use vhost::vhost_user::message::{VhostUserHeaderFlag, VhostUserProtocolFeatures, VhostUserVirtioFeatures};
use vhost::vhost_user::{Frontend, VhostUserFrontend};
use vhost::{VhostBackend, VringConfigData};
use vmm_sys_util::eventfd::EventFd;

use crate::{DeviceSlots, GuestMemory, MemoryTable};

/// So often a device is looked at, once a millisecond, until it is taken for dead.
const PATIENCE: u32 = 60_000;
const QUEUE: u16 = 16;
const VERSION_1: u64 = 1 << 32;
const NEXT: u16 = 1;
const WRITE: u16 = 2;
pub(crate) const SECTOR: usize = 512;

/// Where in the guest's memory everything is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) descriptors: u64,
    pub(crate) available: u64,
    pub(crate) used: u64,
    pub(crate) header: u64,
    pub(crate) status: u64,
    pub(crate) data: u64,
}

/// A device with one queue.
pub(crate) struct Disk {
    /// Ends the connection first.
    pub(crate) device: Frontend,
    memory: GuestMemory,
    pub(crate) places: Places,
    kick: EventFd,
    /// Open as long as the device may ring it.
    _call: EventFd,
    done: u16,
}

/// A device that was asked what it can do.
pub(crate) struct Fresh {
    pub(crate) device: Frontend,
    pub(crate) slots: DeviceSlots,
}

impl Fresh {
    /// Negotiates features; of the protocol, those of `wanted` that the device has.
    pub(crate) fn negotiate(mut device: Frontend, wanted: VhostUserProtocolFeatures) -> Self {
        device.set_owner().unwrap();
        let protocol = VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits();
        let features = device.get_features().unwrap() & (VERSION_1 | protocol);
        assert_eq!(features, VERSION_1 | protocol);
        device.set_features(features).unwrap();
        let both = device.get_protocol_features().unwrap() & (wanted | VhostUserProtocolFeatures::REPLY_ACK);
        device.set_protocol_features(both).unwrap();
        if both.contains(VhostUserProtocolFeatures::REPLY_ACK) {
            device.set_hdr_flags(VhostUserHeaderFlag::NEED_REPLY);
        }
        let slots = MemoryTable::ask(&mut device, both).unwrap();
        Fresh { device, slots }
    }

    /// Sets the queue up, once the device has its table.
    pub(crate) fn start(mut self, memory: &GuestMemory, places: Places) -> Disk {
        let (kick, call) = (EventFd::new(0).unwrap(), EventFd::new(0).unwrap());
        let user = |guest| memory.user_address(guest).unwrap();
        let device = &mut self.device;
        device.set_vring_num(0, QUEUE).unwrap();
        device.set_vring_base(0, 0).unwrap();
        let ring = VringConfigData {
            queue_max_size: QUEUE,
            queue_size: QUEUE,
            flags: 0,
            desc_table_addr: user(places.descriptors),
            used_ring_addr: user(places.used),
            avail_ring_addr: user(places.available),
            log_addr: None,
        };
        device.set_vring_addr(0, &ring).unwrap();
        device.set_vring_call(0, &call).unwrap();
        device.set_vring_kick(0, &kick).unwrap();
        device.set_vring_enable(0, true).unwrap();
        Disk { device: self.device, memory: memory.clone(), places, kick, _call: call, done: 0 }
    }
}

impl Disk {
    /// Reads sectors into the data buffer.
    pub(crate) fn read(&mut self, sector: u64, count: usize) {
        self.request(0, sector, count, WRITE);
    }

    /// Writes the data buffer to sectors.
    pub(crate) fn write(&mut self, sector: u64, count: usize) {
        self.request(1, sector, count, 0);
    }

    fn put(&self, at: u64, bytes: &[u8]) {
        self.memory.write(at, bytes).unwrap();
    }

    fn get<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.memory.read(at, &mut bytes).unwrap();
        bytes
    }

    fn request(&mut self, kind: u32, sector: u64, sectors: usize, data_flag: u16) {
        let places = self.places;
        let header = [&kind.to_le_bytes()[..], &[0; 4], &sector.to_le_bytes()].concat();
        self.put(places.header, &header);
        self.put(places.status, &[0xff]);
        let length = u32::try_from(sectors * SECTOR).unwrap();
        let chain = [
            (places.header, 16, NEXT, 1),
            (places.data, length, NEXT | data_flag, 2),
            (places.status, 1, WRITE, 0),
        ];
        for (at, (address, length, flags, next)) in (0_u64..).zip(chain) {
            let (address, length): (u64, u32) = (address, length);
            let (flags, next): (u16, u16) = (flags, next);
            let descriptor = [
                &address.to_le_bytes()[..],
                &length.to_le_bytes(),
                &flags.to_le_bytes(),
                &next.to_le_bytes(),
            ]
            .concat();
            self.put(places.descriptors + 16 * at, &descriptor);
        }
        self.put(places.available + 4 + 2 * u64::from(self.done % QUEUE), &0_u16.to_le_bytes());
        fence(Ordering::SeqCst);
        self.done = self.done.wrapping_add(1);
        self.put(places.available + 2, &self.done.to_le_bytes());
        fence(Ordering::SeqCst);
        self.kick.write(1).unwrap();
        self.wait();
        assert_eq!(self.get::<1>(places.status), [0], "the status of the request");
    }

    /// Waits until the device has used what was made available. It looks again and again, as the descriptor of the
    /// eventfd cannot be polled without unsafe code.
    fn wait(&self) {
        for _ in 0..PATIENCE {
            if u16::from_le_bytes(self.get(self.places.used + 2)) == self.done {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("the device does not answer");
    }
}
