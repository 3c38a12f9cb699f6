//! What a virtual machine monitor does with realized memory.
//!
//! A [`Layout`] says at which guest address the memory of which object begins. [`GuestMemory`] is that memory, realized:
//! regions at guest addresses, each with a lease that keeps its object in use. From it come what consumers want:
//!
//! ```text
//!   document ─► objects ─► regions (file, offset, length) ─┐
//!                                                          ├─► GuestMemory ─┬─► MemoryTable        vhost-user device
//!   "0x0=ram0,0x100000000=ram1" ─► Layout ─────────────────┘                ├─► KvmMemory          slots of a guest
//!                                                                           └─► GuestMemoryMmap    crates of rust-vmm
//! ```
//!
//! No consumer sees a descriptor without its offset and length (design decision 10), and none copies: a byte that one of
//! them writes is where all others, and whoever reads the file, find it:
//!
//! ```text
//!   guest address     0x0 ........ 0x200000 ........ 0x400000
//!                      │ ram0        │ ram1            │
//!   this process       base ........ base+0x200000 ....         (side by side: a Reservation, guard pages at its ends)
//!                      │             │
//!   the file           0x100000 .... 0x300000 ........          offset of ram0 ... offset of ram1 in one file
//!
//!   vhost-user table   one entry: guest 0x0, size 0x400000, user base, mmap offset 0x100000
//!   KVM                two slots, so that each region keeps its own dirty log and may be read-only
//! ```
//!
//! What can be said before anything is realized, from [`Facts`] alone, is said by [`GuestMap`]: the same checks, the same
//! merging. `qomet preview` shows it.
//!
//! # Leases
//!
//! A region is handed out as a [`LeasedRegion`]. While it lives, and consumers keep it as long as they know the memory,
//! deleting the object is refused with the name of the user, and `query-memdev` shows that name in `x-users`.
//!
//! ```
//! use qomet::{Model, TypeRegistry};
//! use qomet_backends::memory::lease_memory;
//! use qomet_vmm::{GuestMemory, Layout};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
//! # for id in ["ram0", "ram1"] {
//! #     let mut draft = model.draft("memory-backend-memfd")?;
//! #     draft.set_id(id);
//! #     draft.set("size", 2_u64 << 20)?;
//! #     model.create(draft)?;
//! # }
//! let layout: Layout = "0x0=ram0,0x200000=ram1".parse()?;
//! let members = layout.places().iter().map(|place| {
//!     let (lease, region) = lease_memory(&model, &place.id, "vmm")?;
//!     Ok((place.address, (lease, region).into()))
//! });
//! let memory = GuestMemory::new(members.collect::<qomet::Result<_>>()?)?;
//!
//! memory.write(0x1f_fffe, b"over the border")?;
//! let mut bytes = [0; 4];
//! memory.read(0x20_0000, &mut bytes)?;
//! assert_eq!(&bytes, b"er t");
//!
//! let ram0 = model.object("ram0")?;
//! assert!(model.delete(&ram0).unwrap_err().to_string().contains("vmm"));
//! drop(memory);
//! model.delete(&ram0)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! ```text
//! layout       which memory at which address, as text
//! map          facts of memory at guest addresses: checked, arranged; nothing needs to be realized
//! table        the entries that a vhost-user device is told, and how many it takes
//! slots        the slots that KVM is told, and how many it has
//! guest        realized memory at guest addresses
//! error        everything that can be wrong, each with one wording
//! vhost_user   feature vhost-user: the table with its descriptors
//! plug         the same, of a device that runs: more is plugged and some is unplugged
//! kvm          feature kvm
//! vm_memory    feature vm-memory
//! raw          the one module with unsafe
//! ```
//!
//! # Limits
//!
//! 64-bit Linux. The layout of a [`GuestMemory`] is fixed. What is plugged while a guest runs is another one, which consumers
//! get beside the first and give back by itself: KVM in further slots, a vhost-user device by `DeviceMemory::plug`.
//!
//! A file that is truncated while a guest uses it makes the guest's access an exit or an error of running its CPU (KVM), and
//! a signal for a device in another process (vhost-user) or for who reads and writes slices of vm-memory: nothing here
//! installs a signal handler. [`GuestMemory`] refuses files that are too short already, and copies through the kernel, which
//! returns the error with the object, the file and the offset.
#![deny(unsafe_code)]

mod error;
mod explain;
mod guest;
#[cfg(feature = "kvm")]
mod kvm;
mod layout;
mod map;
#[cfg(feature = "vhost-user")]
mod plug;
#[cfg(any(feature = "kvm", feature = "vm-memory"))]
#[allow(unsafe_code, reason = "the one module that hands out addresses")]
mod raw;
mod slots;
mod table;
#[cfg(test)]
mod tests;
#[cfg(feature = "vhost-user")]
mod vhost_user;
#[cfg(feature = "vm-memory")]
mod vm_memory;

pub use error::{VmmError, VmmErrors};
pub use explain::EXPLANATIONS;
pub use guest::{GuestMemory, GuestRegion, LeasedRegion};
#[cfg(feature = "kvm")]
pub use kvm::KvmMemory;
pub use layout::{Layout, Place};
pub use map::{Facts, FileKey, FileRange, GuestMap, Piece};
#[cfg(feature = "vhost-user")]
pub use plug::DeviceMemory;
pub use slots::{KvmSlot, check_slots, slots};
pub use table::{BASELINE_REGIONS, DeviceSlots, MAX_REGIONS, TableEntry, entries, left_out};
#[cfg(feature = "vhost-user")]
pub use vhost_user::MemoryTable;
#[cfg(feature = "vm-memory")]
pub use vm_memory::{KeepsAlive, guest_memory_mmap};
