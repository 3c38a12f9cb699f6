//! Everything that can be wrong with the memory of a guest, each kind with one wording.
//!
//! Kinds are made where they are found and worded only here. What memory itself refuses keeps the wording of
//! `qomet-memory`.

use std::fmt;
use std::ops::Range;

use qomet::{About, Problem};
use qomet_memory::{Details, Errno, MemoryError};

/// Why memory cannot be used as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the wording above a variant says what its members are")]
pub enum VmmError {
    #[error("position {position} of the layout: '{}' is no ADDRESS=ID", shown(found))]
    LayoutSyntax { position: usize, found: String },
    #[error("position {position} of the layout: '{}' is no address", shown(found))]
    LayoutAddress { position: usize, found: String },
    #[error("position {position} of the layout: '{}' is no id", shown(found))]
    LayoutId { position: usize, found: String },
    #[error("there is no memory '{}'", shown(id))]
    NoSuchMemory { id: String, nearest: Option<String> },
    #[error("'{id}' cannot begin at {address:#x}: that is not a multiple of the page size {page}")]
    Misaligned { id: String, address: u64, page: u64 },
    #[error("'{id}' of {length} bytes cannot begin at {address:#x}: it would end above the largest address")]
    Wraps { id: String, address: u64, length: u64, page: u64 },
    #[error("'{first}' ({}) and '{second}' ({}) overlap", Hex(first_range), Hex(second_range))]
    Overlap { first: String, first_range: Range<u64>, second: String, second_range: Range<u64> },
    #[error("'{id}' cannot be mapped beside the others: there are too few addresses")]
    TooFar { id: String },
    #[error("{length} bytes at guest address {address:#x}: no memory is at {missing:#x}")]
    OutsideGuest { address: u64, length: u64, missing: u64 },
    #[error("a device cannot map '{id}': {}", if *anonymous { "it is memory of this process, which has no file" } else { "it is a private mapping, whose writes nobody else sees" })]
    NotShareable { id: String, anonymous: bool },
    #[error("the table has {needed} entries, and the device takes {limit}")]
    TooManyRegions { needed: u64, limit: u64, configurable: bool },
    #[error("{needed} slots are needed, and KVM has {limit}")]
    TooManySlots { needed: u64, limit: u64 },
    #[error("'{id}' of {size} bytes is too large for a slot of KVM, which has up to {limit}")]
    SlotTooLarge { id: String, size: u64, limit: u64 },
    #[error("'{id}' is read-only memory, which this KVM does not have")]
    NoReadOnlySlots { id: String },
    #[error("cannot {action} '{id}': {}", errno.desc())]
    Kvm { action: &'static str, id: String, errno: Errno },
    #[error("the device refuses {what}: {why}")]
    Device { what: String, why: String },
    #[error("'{id}' cannot be memory of vm-memory: {why}")]
    VmMemory { id: String, why: String },
    #[error("'{id}': {error}")]
    Backend { id: String, error: MemoryError },
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// Everything that was found wrong at once; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmmErrors(Vec<VmmError>);

impl VmmErrors {
    /// Succeeds if nothing is wrong.
    pub(crate) fn none(wrong: Vec<VmmError>) -> Result<(), Self> {
        if wrong.is_empty() { Ok(()) } else { Err(Self(wrong)) }
    }

    /// What is wrong, one by one.
    #[must_use]
    pub fn all(&self) -> &[VmmError] {
        &self.0
    }

    /// The same, owned.
    #[must_use]
    pub fn into_vec(self) -> Vec<VmmError> {
        self.0
    }
}

impl<E: Into<VmmError>> From<E> for VmmErrors {
    fn from(one: E) -> Self {
        Self(vec![one.into()])
    }
}

impl fmt::Display for VmmErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            write!(f, "{between}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for VmmErrors {}

impl VmmError {
    fn details(&self) -> Details {
        use VmmError as E;
        match self {
            E::LayoutSyntax { .. } => {
                Details::of("layout-syntax").expected("ADDRESS=ID,ADDRESS=ID,… such as 0x0=ram0,4G=ram1")
            }
            E::LayoutAddress { found, .. } => Details::of("layout-address")
                .expected("a number of bytes below 2^64, such as 0x100000000, 4294967296 or 4G")
                .found(format!("'{}'", shown(found))),
            E::LayoutId { found, .. } => {
                let details = Details::of("layout-id")
                    .expected("the id of an object: a letter, then letters, digits, '-', '.', '_'");
                details.found(format!("'{}'", shown(found)))
            }
            E::NoSuchMemory { nearest, .. } => {
                let details = Details::of("no-such-memory").expected("the id of a memory backend");
                match nearest {
                    Some(nearest) => details.help(format!("did you mean '{nearest}'?")),
                    None => details,
                }
            }
            E::Misaligned { address, page, .. } => {
                let below =
                    address.checked_next_multiple_of(*page).and_then(|above| above.checked_sub(*page));
                let above = address.checked_next_multiple_of(*page);
                let details =
                    Details::of("guest-address-misaligned").expected(format!("a multiple of {page}"));
                match (below, above) {
                    (Some(below), Some(above)) => details.help(format!("use {below:#x} or {above:#x}")),
                    _ => details,
                }
                .found(format!("{address:#x}"))
            }
            E::Wraps { address, length, page, .. } => {
                let details = Details::of("guest-range-wraps").expected("an end of at most 2^64 - 1");
                match last_address(*length, *page) {
                    Some(last) => details.help(format!("the largest address for it is {last:#x}")),
                    None => details,
                }
                .found(format!("{address:#x} + {length:#x}"))
            }
            E::Overlap { first_range, .. } => Details::of("guest-ranges-overlap")
                .expected(format!("an address of {:#x} or more for the second", first_range.end)),
            E::TooFar { .. } => Details::of("too-few-addresses").host(),
            E::OutsideGuest { .. } => Details::of("outside-guest-memory"),
            E::NotShareable { anonymous, .. } => Details::of("not-shareable")
                .expected("share=on")
                .found(if *anonymous { "memory without a file" } else { "share=off" })
                .help("use share=on"),
            E::TooManyRegions { limit, configurable, .. } => {
                let details = Details::of("too-many-regions").expected(format!("at most {limit}"));
                details.help(if *configurable {
                    "use fewer, larger backends, or windows that continue each other in one file"
                } else {
                    "a device with CONFIGURE_MEM_SLOTS takes more; windows that continue each other in one file are one entry"
                })
            }
            E::TooManySlots { needed, limit } => Details::of("too-many-slots")
                .expected(format!("at most {limit}"))
                .found(needed.to_string())
                .help("use fewer, larger backends"),
            E::SlotTooLarge { size, limit, .. } => Details::of("kvm-slot-too-large")
                .expected(format!("at most {limit}"))
                .found(size.to_string())
                .help("use several backends"),
            E::NoReadOnlySlots { .. } => Details::of("no-read-only-slots")
                .expected("KVM_CAP_READONLY_MEM")
                .help("use memory that can be written")
                .host(),
            E::Kvm { .. } => Details::of("kvm-refused").host(),
            E::Device { .. } => Details::of("device-refused").host(),
            E::VmMemory { .. } => Details::of("vm-memory-refused"),
            E::Backend { error, .. } | E::Memory(error) => error.details(),
        }
    }

    /// One of each kind of this crate, for a table of all wordings.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let id = || "ram0".to_owned();
        vec![
            Self::LayoutSyntax { position: 9, found: "ram1".to_owned() },
            Self::LayoutAddress { position: 0, found: "0xg".to_owned() },
            Self::LayoutId { position: 4, found: "0".to_owned() },
            Self::NoSuchMemory { id: "ram".to_owned(), nearest: Some(id()) },
            Self::NoSuchMemory { id: id(), nearest: None },
            Self::Misaligned { id: id(), address: 0x1001, page: 4096 },
            Self::Wraps { id: id(), address: u64::MAX - 4095, length: 8192, page: 4096 },
            Self::Overlap {
                first: id(),
                first_range: 0..0x20_0000,
                second: "ram1".to_owned(),
                second_range: 0x10_0000..0x30_0000,
            },
            Self::TooFar { id: id() },
            Self::OutsideGuest { address: 0xf_fff0, length: 32, missing: 0x10_0000 },
            Self::NotShareable { id: id(), anonymous: true },
            Self::NotShareable { id: id(), anonymous: false },
            Self::TooManyRegions { needed: 9, limit: 8, configurable: false },
            Self::TooManyRegions { needed: 40, limit: 32, configurable: true },
            Self::TooManySlots { needed: 33, limit: 32 },
            Self::SlotTooLarge { id: id(), size: 1 << 43, limit: ((1 << 31) - 1) << 12 },
            Self::NoReadOnlySlots { id: "rom".to_owned() },
            Self::Kvm { action: "give a guest the memory of", id: id(), errno: Errno::EEXIST },
            Self::Device { what: "the memory table".to_owned(), why: "socket is broken".to_owned() },
            Self::VmMemory { id: id(), why: "the guest range is too large".to_owned() },
        ]
    }
}

impl Problem for VmmError {
    fn code(&self) -> &'static str {
        self.details().code
    }
    fn message(&self, _: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
    fn expected(&self) -> Option<String> {
        self.details().expected
    }
    fn found(&self) -> Option<String> {
        self.details().found
    }
    fn help(&self) -> Option<String> {
        self.details().help
    }
    fn is_host_refusal(&self) -> bool {
        self.details().host
    }
}

/// The last address, in whole pages, from which so many bytes do not wrap.
fn last_address(length: u64, page: u64) -> Option<u64> {
    let end = u64::MAX.checked_div(page)?.checked_mul(page)?;
    end.checked_sub(length.checked_next_multiple_of(page)?)
}

/// A range of addresses.
struct Hex<'a>(&'a Range<u64>);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x} to {:#x}", self.0.start, self.0.end)
    }
}

/// What somebody wrote: not much of it, and nothing that moves a cursor.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = text.chars().take(MOST).flat_map(visible).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

fn visible(c: char) -> impl Iterator<Item = char> {
    let (plain, escaped) = if c.is_control() { (None, Some(c.escape_default())) } else { (Some(c), None) };
    plain.into_iter().chain(escaped.into_iter().flatten())
}
