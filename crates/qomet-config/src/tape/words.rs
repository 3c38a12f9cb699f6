//! What words mean: numbers and booleans in the syntaxes that have no kinds of values.
//!
//! Called by [`TapeInput`](super::TapeInput) once it is known what is asked for. The rules are those of QEMU: integers as C's
//! `strtoll` takes them with base 0 (white space and a sign before them, `0x` and octal `0`), booleans as `on`, `yes`,
//! `true`, `y` and their opposites. Sizes are [`qomet::Size`]'s.

/// How QEMU reads a line of `key=value`. It has two ways, each strict: what one takes the other may refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// That of `object_add` and of QEMU's tools: `host-nodes.0=5`, `share=on`.
    #[default]
    Keyval,
    /// That of the emulator's `-object`: `host-nodes=0-3,host-nodes=5`, `share`.
    Opts,
}

impl Dialect {
    /// Its name on a command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Dialect::Keyval => "keyval",
            Dialect::Opts => "opts",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Dialect {
        match self {
            Dialect::Keyval => Dialect::Opts,
            Dialect::Opts => Dialect::Keyval,
        }
    }
}

/// Why a word is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misread {
    /// It is none.
    Other,
    /// It is one that does not fit.
    Outside,
}

/// A range in the dialect `opts` has at most so many elements.
const RANGE: i128 = 65_536;

/// `on`, `off` and what else QEMU takes for them.
pub(super) fn boolean(word: &str) -> Option<bool> {
    match word {
        "on" | "yes" | "true" | "y" => Some(true),
        "off" | "no" | "false" | "n" => Some(false),
        _ => None,
    }
}

/// A signed integer of 64 bits.
pub(super) fn signed(word: &str) -> Result<i64, Misread> {
    match integer(word) {
        Some((value, "")) => i64::try_from(value).map_err(|_| Misread::Outside),
        _ => Err(Misread::Other),
    }
}

/// An unsigned integer of 64 bits. In `keyval` a negative one wraps around, as `strtoull` has it.
pub(super) fn unsigned(word: &str, dialect: Dialect) -> Result<u64, Misread> {
    match integer(word) {
        Some((value, "")) if value < 0 && dialect == Dialect::Keyval => {
            let magnitude = u64::try_from(value.unsigned_abs()).map_err(|_| Misread::Outside)?;
            Ok(magnitude.wrapping_neg())
        }
        Some((value, "")) => u64::try_from(value).map_err(|_| Misread::Outside),
        _ => Err(Misread::Other),
    }
}

/// `0-3`: the first and the last of a range.
pub(super) fn range(word: &str) -> Option<(i128, i128)> {
    let (first, rest) = integer(word)?;
    let (last, rest) = integer(rest.strip_prefix('-')?)?;
    (rest.is_empty() && first <= last && last - first < RANGE).then_some((first, last))
}

/// A finite number, in decimal.
pub(super) fn number(word: &str) -> Option<f64> {
    let digits = word.trim_start_matches(is_space);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    digits.parse().ok().filter(|value: &f64| plain && value.is_finite())
}

/// White space as C has it.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// The integer at the start, which may be far outside of any type, and what follows it.
fn integer(word: &str) -> Option<(i128, &str)> {
    let rest = word.trim_start_matches(is_space);
    let (negative, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let hexadecimal = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"));
    let hexadecimal = hexadecimal.filter(|digits| digits.starts_with(|c: char| c.is_ascii_hexdigit()));
    let (radix, digits) = match hexadecimal {
        Some(digits) => (16, digits),
        None if rest.starts_with('0') => (8, rest),
        None => (10, rest),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).unwrap_or(i128::MAX);
    Some((if negative { -value } else { value }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_those_of_strtoll() {
        for (word, value) in
            [("5", 5), (" \t+7", 7), ("-12", -12), ("0x10", 16), ("010", 8), ("0", 0), ("-0X1f", -31)]
        {
            assert_eq!(signed(word), Ok(value), "{word:?}");
        }
        for word in ["", "-", "+", "+ 1", "5 ", "1_0", "0x", "08", "1.5", "1k", "- 1", "--1", "٣"] {
            assert_eq!(signed(word), Err(Misread::Other), "{word:?}");
        }
        for word in ["9223372036854775808", "-9223372036854775809", &"9".repeat(60)] {
            assert_eq!(signed(word), Err(Misread::Outside), "{word:?}");
        }
    }

    #[test]
    fn a_negative_unsigned_integer_wraps_in_keyval_only() {
        assert_eq!(unsigned("-1", Dialect::Keyval), Ok(u64::MAX));
        assert_eq!(unsigned("-1", Dialect::Opts), Err(Misread::Outside));
        assert_eq!(unsigned("0xffffffffffffffff", Dialect::Opts), Ok(u64::MAX));
        assert_eq!(unsigned("18446744073709551616", Dialect::Keyval), Err(Misread::Outside));
    }

    #[test]
    fn ranges_are_bounded_and_rising() {
        assert_eq!(range("0-3"), Some((0, 3)));
        assert_eq!(range("-3--1"), Some((-3, -1)));
        assert_eq!(range("00-0x1"), Some((0, 1)));
        assert_eq!(range("0-65535"), Some((0, 65_535)));
        for word in ["0-65536", "3-0", "0-", "0-1-2", "0 - 1", "5", "a-b"] {
            assert_eq!(range(word), None, "{word:?}");
        }
    }

    #[test]
    fn booleans_are_spelt_in_four_ways() {
        assert_eq!(["on", "yes", "true", "y"].map(boolean), [Some(true); 4]);
        assert_eq!(["off", "no", "false", "n"].map(boolean), [Some(false); 4]);
        assert_eq!(["", "ON", "1", "t", " on", "onn"].map(boolean), [None; 6]);
    }

    #[test]
    fn numbers_are_decimal_and_finite() {
        assert_eq!((number("1.5"), number(" -2e3"), number("7")), (Some(1.5), Some(-2000.0), Some(7.0)));
        assert_eq!(["", "inf", "nan", "1e999", "1 ", "0x1p3"].map(number), [None; 6]);
    }

    proptest::proptest! {
        #[test]
        fn no_word_panics(word: String) {
            let _ = (signed(&word), unsigned(&word, Dialect::Opts), range(&word), number(&word), boolean(&word));
        }

        #[test]
        fn every_integer_is_read_back(value: i64) {
            proptest::prop_assert_eq!(signed(&value.to_string()), Ok(value));
            proptest::prop_assert_eq!(unsigned(&format!("{value:#x}"), Dialect::Opts), Ok(value.cast_unsigned()));
        }
    }
}
