//! A guest of a few instructions whose memory is described by a document: a ROM it runs from, and two windows of one file,
//! at offsets, that it reads and writes. Afterwards the file holds what it wrote.
//!
//! ```text
//! cargo run -p qomet-vmm --features kvm --example guest
//! ```
//!
//! The guest address space, and what is behind it:
//!
//! ```text
//! 0x00000000   ram0   ram.img from 64 KiB     "Hello" is put here
//! 0x01000000   ram1   ram.img from 16 KiB     the guest copies it here, in capitals
//! 0xfffff000   rom    rom.img from 4 KiB      the guest's code; it cannot write it
//! ```

use std::error::Error;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use kvm_ioctls::{Kvm, VcpuExit, VmFd};
use qomet::{Model, TypeRegistry};
use qomet_backends::memory::lease_memory;
use qomet_vmm::{GuestMemory, KvmMemory, Layout};

/// Copies bytes from DS to ES, letters as capitals, up to a zero; then writes into its own ROM, and halts.
const CODE: &[u8] = &[
    0x31, 0xdb, //                         xor bx, bx
    0x8a, 0x07, //                   next: mov al, [bx]
    0x26, 0x88, 0x07, //                   mov es:[bx], al
    0x84, 0xc0, //                         test al, al
    0x74, 0x0c, //                         jz done
    0x3c, 0x61, //                         cmp al, 'a'
    0x72, 0x05, //                         jb skip
    0x26, 0x80, 0x2f, 0x20, //             sub byte es:[bx], 32
    0x90, //                               nop
    0x43, //                         skip: inc bx
    0xeb, 0xeb, //                         jmp next
    0x2e, 0xc6, 0x06, 0x80, 0x00, 0x55, // done: mov byte cs:[0x80], 0x55
    0xf4, //                               hlt
];

const LAYOUT: &str = "0x0=ram0,0x1000000=ram1,0xfffff000=rom";
const TEXT: &[u8] = b"Hello, offset!\0";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (ram, rom) = (folder.path().join("ram.img"), folder.path().join("rom.img"));
    let mut image = vec![0; 8 << 10];
    image.splice(4096..4096 + CODE.len(), CODE.iter().copied());
    std::fs::write(&rom, image)?;
    std::fs::File::create(&ram)?.set_len(128 << 10)?;

    // The objects; `qomet run` makes the same of a document.
    let types = TypeRegistry::builder().add(qomet_backends::types());
    let model = Model::new(types.build().map_err(|wrong| format!("{wrong:?}"))?);
    window(&model, "ram0", &ram, 64 << 10, 16 << 10, false)?;
    window(&model, "ram1", &ram, 16 << 10, 16 << 10, false)?;
    window(&model, "rom", &rom, 4 << 10, 4 << 10, true)?;

    // Their memory at guest addresses: from here on they are in use.
    let layout: Layout = LAYOUT.parse()?;
    let members = layout
        .places()
        .iter()
        .map(|place| Ok((place.address, lease_memory(&model, &place.id, "the guest")?.into())));
    let memory = GuestMemory::new(members.collect::<qomet::Result<_>>()?)?;
    memory.write(0, TEXT)?;

    let vm = Arc::new(Kvm::new()?.create_vm()?);
    vm.set_tss_address(0xfffb_d000)?;
    let mut given = KvmMemory::give(&vm, &memory, 0)?;
    given.log_dirty("ram1", true)?;
    for slot in given.slots() {
        let kind = if slot.readonly { "read-only" } else { "" };
        println!("slot {}: {:#010x} + {:#x}  {} {kind}", slot.number, slot.guest, slot.size, slot.id);
    }

    run(&vm)?;

    let mut bytes = [0; TEXT.len() - 1];
    std::fs::File::open(&ram)?.read_exact_at(&mut bytes, 16 << 10)?;
    println!("ram.img from 16 KiB: {}", String::from_utf8_lossy(&bytes));
    println!("pages of ram1 that the guest wrote: {:x?}", given.dirty_pages("ram1")?);
    let refused = model.delete(&model.object("ram1")?);
    println!("deleting ram1: {}", refused.map_or_else(|why| why.to_string(), |()| "done".to_owned()));
    drop((given, memory));
    let done = model.delete(&model.object("ram1")?);
    println!("without the guest: {}", done.map_or_else(|why| why.to_string(), |()| "done".to_owned()));
    Ok(())
}

fn window(model: &Model, id: &str, file: &Path, offset: u64, size: u64, rom: bool) -> qomet::Result<()> {
    let mut draft = model.draft("memory-backend-file")?;
    draft.set_id(id);
    draft.set("mem-path", file.to_string_lossy().as_ref())?;
    draft.set("offset", offset)?;
    draft.set("size", size)?;
    draft.set("share", true)?;
    draft.set("readonly", rom)?;
    model.create(draft).map(drop)
}

/// Runs the guest in real mode until it halts.
fn run(vm: &VmFd) -> Result<(), Box<dyn Error>> {
    let mut cpu = vm.create_vcpu(0)?;
    let mut segments = cpu.get_sregs()?;
    let bases = [(&mut segments.cs, 0xffff_f000), (&mut segments.ds, 0), (&mut segments.es, 0x100_0000)];
    for (segment, base) in bases {
        (segment.base, segment.selector) = (base, 0);
    }
    cpu.set_sregs(&segments)?;
    let mut registers = cpu.get_regs()?;
    (registers.rip, registers.rflags) = (0, 2);
    cpu.set_regs(&registers)?;
    loop {
        match cpu.run()? {
            VcpuExit::Hlt => return Ok(()),
            VcpuExit::MmioWrite(address, data) => {
                println!("the guest wrote {data:x?} to its ROM at {address:#x}: an exit, and no change");
            }
            other => return Err(format!("the guest stopped: {other:?}").into()),
        }
    }
}
