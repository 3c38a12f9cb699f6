//! The escape sequences of strings: checking them and undoing them.
//!
//! The parser checks, so that reading a string later cannot fail. QEMU also takes `\'`; that is a matter of the
//! syntax and allowed where single quotes are.

use super::scan::byte;

/// What stands behind a backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// A character; the sequence has so many bytes.
    Char(char, usize),
    /// Half of a surrogate pair, so many bytes.
    Lone(usize),
    /// Nothing known, so many bytes.
    Unknown(usize),
}

/// Reads the escape sequence whose backslash is at `at`.
pub(super) fn escape(bytes: &[u8], at: usize) -> Escape {
    let simple = |c| Escape::Char(c, 2);
    match byte(bytes, at + 1) {
        b'"' => simple('"'),
        b'\'' => simple('\''),
        b'\\' => simple('\\'),
        b'/' => simple('/'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'u' => {
            let Some(first) = four_digits(bytes, at + 2) else {
                let digits = (0..4).take_while(|i| byte(bytes, at + 2 + i).is_ascii_hexdigit()).count();
                return Escape::Unknown(2 + digits);
            };
            if let Some(c) = char::from_u32(first) {
                return Escape::Char(c, 6);
            }
            let second = if byte(bytes, at + 6) == b'\\' && byte(bytes, at + 7) == b'u' {
                four_digits(bytes, at + 8)
            } else {
                None
            };
            match second {
                Some(second @ 0xdc00..=0xdfff) if first < 0xdc00 => {
                    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    char::from_u32(code).map_or(Escape::Lone(12), |c| Escape::Char(c, 12))
                }
                _ => Escape::Lone(6),
            }
        }
        // A character may have several bytes, and what ends the line or text is none.
        0..0x20 => Escape::Unknown(1),
        _ => {
            let mut length = 2;
            while byte(bytes, at + length) & 0xc0 == 0x80 {
                length += 1;
            }
            Escape::Unknown(length)
        }
    }
}

fn four_digits(bytes: &[u8], at: usize) -> Option<u32> {
    let mut value = 0;
    for digit in bytes.get(at..at + 4)? {
        value = value * 16 + char::from(*digit).to_digit(16)?;
    }
    Some(value)
}

/// The text that a checked string stands for.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let (c, length) = match escape(rest.as_bytes(), at) {
            Escape::Char(c, length) => (c, length),
            Escape::Lone(length) | Escape::Unknown(length) => (char::REPLACEMENT_CHARACTER, length),
        };
        out.push(c);
        rest = rest.get(at + length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape(r#"a\n\"\u00fc\ud83d\ude00/"#), "a\n\"ü😀/");
    }

    #[test]
    fn half_a_pair_is_told() {
        assert_eq!(escape(br"\ud83dx", 0), Escape::Lone(6));
        assert_eq!(escape(br"\ude00", 0), Escape::Lone(6));
        assert_eq!(escape(br"\ud83d\u0041", 0), Escape::Lone(6));
    }

    #[test]
    fn unknown_sequences_have_a_length() {
        assert_eq!(escape(br"\d", 0), Escape::Unknown(2));
        assert_eq!(escape(br"\u12x", 0), Escape::Unknown(4));
        assert_eq!(escape("\\ü".as_bytes(), 0), Escape::Unknown(3));
        assert_eq!(escape(b"\\", 0), Escape::Unknown(1));
    }
}
