//! Page sizes, and arithmetic with them.
//!
//! Everything that aligns asks here. The page size is a fact of the machine and of the file system, never a
//! constant: 64-bit Linux runs with 4, 16 and 64 KiB pages, and hugetlbfs has its own (memory rule A8).

use std::fmt;

/// Where a page size comes from, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSource {
    /// The machine.
    Machine,
    /// The hugetlbfs that the file is on.
    HugeTlbFs,
    /// The size of huge pages that was asked for, or the kernel's.
    Huge,
    /// The alignment of a device DAX.
    Dax,
}

/// The unit that offset and size are multiples of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageUnit {
    /// In bytes, a power of two.
    pub size: u64,
    /// Who says so.
    pub source: PageSource,
}

impl fmt::Display for PageUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            PageSource::Machine => write!(f, "the page size of {}", Bytes(self.size)),
            PageSource::HugeTlbFs => write!(f, "the hugetlbfs page size of {}", Bytes(self.size)),
            PageSource::Huge => write!(f, "the huge page size of {}", Bytes(self.size)),
            PageSource::Dax => write!(f, "the device's alignment of {}", Bytes(self.size)),
        }
    }
}

impl PageUnit {
    pub(crate) fn divides(self, value: u64) -> bool {
        value.is_multiple_of(self.size)
    }

    pub(crate) fn down(self, value: u64) -> u64 {
        value - value % self.size
    }

    /// The next multiple, or `u64::MAX` where there is none.
    pub(crate) fn up(self, value: u64) -> u64 {
        value.checked_next_multiple_of(self.size).unwrap_or(u64::MAX)
    }
}

/// A number of bytes as people read it: exact, with the binary unit where that is a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

impl Bytes {
    /// The number as a property takes it: with the largest unit of which it is a whole number.
    pub(crate) fn unit(self) -> String {
        let units = [(60, 'E'), (50, 'P'), (40, 'T'), (30, 'G'), (20, 'M'), (10, 'K')];
        let unit = units.into_iter().find(|(shift, _)| self.0 != 0 && self.0.trailing_zeros() >= *shift);
        unit.map_or_else(|| self.0.to_string(), |(shift, unit)| format!("{}{unit}", self.0 >> shift))
    }
}

/// A number of bytes that nobody needs exactly, such as what is free: in the largest unit, with one decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rough(pub(crate) u64);

impl fmt::Display for Rough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        let Some((shift, name)) = units.into_iter().find(|(shift, _)| self.0 >> shift != 0) else {
            return write!(f, "{} bytes", self.0);
        };
        let tenths = (u128::from(self.0) * 10) >> shift;
        match tenths % 10 {
            0 => write!(f, "{} {name}", tenths / 10),
            tenth => write!(f, "{}.{tenth} {name}", tenths / 10),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        let unit = units.into_iter().find(|(shift, _)| self.0 != 0 && self.0.trailing_zeros() >= *shift);
        match unit {
            Some((shift, name)) => write!(f, "{} bytes ({} {name})", self.0, self.0 >> shift),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_show_the_largest_whole_unit() {
        assert_eq!(Bytes(3 << 30).to_string(), "3221225472 bytes (3 GiB)");
        assert_eq!(Bytes(4097).to_string(), "4097 bytes");
        assert_eq!(Bytes(0).to_string(), "0 bytes");
    }

    #[test]
    fn a_size_is_written_as_a_property_takes_it() {
        assert_eq!(Bytes(3 << 29).unit(), "1536M");
        assert_eq!(Bytes(4097).unit(), "4097");
    }

    #[test]
    fn what_nobody_needs_exactly_has_one_decimal() {
        assert_eq!(Rough(25_276_502_016).to_string(), "23.5 GiB");
        assert_eq!(Rough(1 << 40).to_string(), "1 TiB");
        assert_eq!(Rough(1000).to_string(), "1000 bytes");
        assert_eq!(Rough(u64::MAX).to_string(), "15.9 EiB");
    }

    #[test]
    fn rounding_up_past_the_end_saturates() {
        let unit = PageUnit { size: 4096, source: PageSource::Machine };
        assert_eq!(unit.up(u64::MAX - 1), u64::MAX);
        assert_eq!(unit.up(4097), 8192);
        assert_eq!(unit.down(4097), 4096);
    }
}
