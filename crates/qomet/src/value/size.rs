//! Numbers of bytes.

use std::fmt;
use std::str::FromStr;

use super::{Value, ValueType};
use crate::error::{Failed, ModelErrorKind};
use crate::visit::{Input, Output, ValueRef};

/// A number of bytes.
///
/// Parses what QEMU's command line takes: decimal with an optional fraction and one of the letters B K M G T P E in
/// either case (powers of 1024), or hexadecimal. A fraction is rounded as QEMU does it: to a double, then to the
/// nearest byte. Prints the shortest exact form: `1 GiB`, `1537 KiB`,
/// `4097 B`.
///
/// ```
/// use qomet::Size;
/// assert_eq!("1.5k".parse::<Size>().unwrap(), Size(1536));
/// assert_eq!("0x1000".parse::<Size>().unwrap().to_string(), "4 KiB");
/// assert!("1Q".parse::<Size>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

impl Size {
    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// So many KiB; saturates.
    #[must_use]
    pub const fn kib(count: u64) -> Self {
        Size(count.saturating_mul(1 << 10))
    }

    /// So many MiB; saturates.
    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Size(count.saturating_mul(1 << 20))
    }

    /// So many GiB; saturates.
    #[must_use]
    pub const fn gib(count: u64) -> Self {
        Size(count.saturating_mul(1 << 30))
    }
}

impl From<Size> for u64 {
    fn from(size: Size) -> u64 {
        size.0
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let (mut value, mut unit) = (self.0, "B");
        for name in UNITS {
            if value == 0 || value % 1024 != 0 {
                break;
            }
            (value, unit) = (value / 1024, name);
        }
        write!(f, "{value} {unit}")
    }
}

/// The shift of a suffix letter.
fn shift(letter: u8) -> Option<u32> {
    Some(match letter.to_ascii_uppercase() {
        b'B' => 0,
        b'K' => 10,
        b'M' => 20,
        b'G' => 30,
        b'T' => 40,
        b'P' => 50,
        b'E' => 60,
        _ => return None,
    })
}

impl FromStr for Size {
    type Err = ModelErrorKind;

    fn from_str(text: &str) -> Result<Self, ModelErrorKind> {
        let invalid = || ModelErrorKind::InvalidSize { value: text.to_owned() };
        let too_large =
            || ModelErrorKind::OutOfRange { minimum: 0, maximum: u64::MAX.into(), value: text.to_owned() };
        let trimmed = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
        let trimmed = trimmed.strip_prefix('+').unwrap_or(trimmed);
        if let Some(digits) = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X")) {
            // B and E are digits here, so QEMU takes no letter behind them.
            if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(invalid());
            }
            return u64::from_str_radix(digits, 16).map(Size).map_err(|_| too_large());
        }
        let (number, shift) = match trimmed.as_bytes().last() {
            Some(last) if last.is_ascii_alphabetic() => {
                (trimmed.get(..trimmed.len() - 1).ok_or_else(invalid)?, shift(*last).ok_or_else(invalid)?)
            }
            _ => (trimmed, 0),
        };
        let (whole, fraction) =
            number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
        let all_digits = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
        if !all_digits(whole)
            || !fraction.is_none_or(all_digits)
            || (whole.is_empty() && fraction.is_none_or(str::is_empty))
        {
            return Err(invalid());
        }
        let mut units = if whole.is_empty() { 0 } else { whole.parse::<u64>().map_err(|_| too_large())? };
        let fraction = fixed_point(fraction.unwrap_or_default());
        if fraction == Fraction::One {
            units = units.checked_add(1).ok_or_else(too_large)?;
        }
        let part = match fraction {
            // A fraction of bytes means nothing.
            Fraction::Part(1..) if shift == 0 => return Err(invalid()),
            Fraction::Part(part) => u128::from(part) << shift,
            Fraction::One => 0,
        };
        let whole = u128::from(units) << shift;
        let bytes = whole + (part >> 64) + (part >> 63 & 1);
        u64::try_from(bytes).map(Size).map_err(|_| too_large())
    }
}

/// What stands behind the point.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fraction {
    /// So many units of 2^-64.
    Part(u64),
    /// So near to one that it is one.
    One,
}

/// `0.DIGITS` as QEMU has it: the nearest double, in fixed point of 64 bits; not 0 unless all digits are.
fn fixed_point(digits: &str) -> Fraction {
    if digits.bytes().all(|digit| digit == b'0') {
        return Fraction::Part(0);
    }
    let fraction: f64 = format!("0.{digits}").parse().unwrap_or(0.0);
    if fraction >= 1.0 {
        return Fraction::One;
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below 2^64 and not negative; what is behind the point is cut off as in QEMU"
    )]
    let part = (fraction * 2.0_f64.powi(64)) as u64;
    Fraction::Part(part.max(1))
}

impl Value for Size {
    const TYPE: &'static ValueType = &ValueType::Size;

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        input.size().map(Size)
    }
    fn write(&self, output: &mut dyn Output) {
        output.size(self.0);
    }
    fn placeholder() -> Self {
        Size(0)
    }
    fn value_ref(&self) -> ValueRef<'_> {
        ValueRef::Size(self.0)
    }
    fn magnitude(&self) -> Option<i128> {
        Some(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> Option<u64> {
        text.parse::<Size>().ok().map(Size::bytes)
    }

    #[test]
    fn suffixes_are_powers_of_1024_in_either_case() {
        assert_eq!(size("1k"), Some(1 << 10));
        assert_eq!(size("1G"), Some(1 << 30));
        assert_eq!(size("7e"), Some(7 << 60));
        assert_eq!(size("12B"), Some(12));
    }

    #[test]
    fn fractions_need_a_unit_larger_than_a_byte() {
        assert_eq!(size("1.5k"), Some(1536));
        assert_eq!(size("0.5G"), Some(1 << 29));
        assert_eq!(size("1.5"), None);
        assert_eq!(size("1.5B"), None);
    }

    #[test]
    fn hexadecimal_has_neither_fraction_nor_letter() {
        assert_eq!(size("0x10"), Some(16));
        assert_eq!(size("0x10k"), None);
        assert_eq!(size("0x1.8"), None);
        assert_eq!(size("0x"), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", " ", "-1", "1Q", "G", ".", "1 G", "1GG", "1G ", "٣", "+-1", "0xg"] {
            assert_eq!(size(text), None, "{text:?}");
        }
    }

    #[test]
    fn fractions_are_rounded_as_doubles_and_then_to_the_nearest_byte() {
        assert_eq!(size("0.00048828126k"), Some(1));
        assert_eq!(size("1.0004882812k"), Some(1024));
        assert_eq!(size("1.7E"), Some(1_959_966_557_831_639_808));
        assert_eq!(size("4095.999999999999999999999999999999B"), Some(4096));
        assert_eq!(size("0.00000000000000000000000000001B"), None);
        assert_eq!(size("15.99999999999999999999999E"), None);
    }

    #[test]
    fn what_does_not_fit_64_bits_is_out_of_range() {
        assert_eq!(
            "16E".parse::<Size>().unwrap_err().clone(),
            ModelErrorKind::OutOfRange { minimum: 0, maximum: u64::MAX.into(), value: "16E".into() }
        );
        assert_eq!(size("18446744073709551615"), Some(u64::MAX));
        assert_eq!(size("18446744073709551616"), None);
    }

    proptest::proptest! {
        #[test]
        fn printing_and_parsing_agree(bytes: u64) {
            let printed = Size(bytes).to_string();
            let (number, unit) = printed.split_once(' ').unwrap();
            let letter = &unit[..1];
            assert_eq!(size(&format!("{number}{letter}")), Some(bytes));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text: String) {
            let _ = size(&text);
        }
    }
}
