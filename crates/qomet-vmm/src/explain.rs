//! What the codes of this crate mean: see [`qomet::Explanations`].

use qomet::Explanations;

/// Codes, each with what it means and what to do about it.
pub const EXPLANATIONS: Explanations = &[
    (
        "layout-syntax",
        "A layout is a list of ADDRESS=ID with commas between them: which memory begins at which guest address.",
    ),
    (
        "layout-address",
        "A guest address is a number of bytes: hexadecimal with 0x, decimal, or with a suffix such as 4G.",
    ),
    ("layout-id", "After the '=' of a place comes the id of an object."),
    ("no-such-memory", "There is no memory of that id, in the documents or in the guest."),
    (
        "guest-address-misaligned",
        "Guest memory is mapped in whole pages, so it begins at a multiple of the machine's page size.",
    ),
    ("guest-range-wraps", "Guest addresses are numbers of 64 bits; the memory would end beyond the largest."),
    (
        "guest-ranges-overlap",
        "Two backends would be at the same guest address, and nobody could say which of them a guest sees there.",
    ),
    ("too-few-addresses", "The process has too few addresses for all of the memory in one range."),
    ("outside-guest-memory", "There is no memory at a guest address that was to be read or written."),
    (
        "not-shareable",
        "A device in another process maps a file. Private memory has none, or the device would see other bytes. 'share=on' \
         makes all mappings the same memory.",
    ),
    (
        "too-many-regions",
        "A vhost-user device takes a limited number of memory ranges: 8, or with CONFIGURE_MEM_SLOTS as many as it says, at most \
         509. Ranges that continue each other for the guest, in this process and in the file are one.",
    ),
    ("too-many-slots", "KVM has a limited number of slots for a guest, and every backend needs one."),
    (
        "kvm-slot-too-large",
        "A slot of KVM has fewer than 2^31 pages. Larger memory is made of several backends.",
    ),
    (
        "no-read-only-slots",
        "ROM needs slots that a guest cannot write (KVM_CAP_READONLY_MEM), and this KVM has none.",
    ),
    ("kvm-refused", "KVM refused memory. The message has the kernel's reason."),
    ("device-refused", "A vhost-user device refused its memory, or went away. The message has the reason."),
    ("vm-memory-refused", "The crate vm-memory refused a region. The message has its reason."),
];
