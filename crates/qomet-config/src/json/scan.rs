//! Looking for the next interesting byte.
//!
//! Only positions go in and out; what is found there is judged by the caller. Eight bytes at a time where texts
//! are long: strings and indentation.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = ONES << 7;

/// The byte at `at`, or 0 behind the end. A real NUL is told apart by its position.
#[inline(always)]
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk::<8>().map(|chunk| u64::from_le_bytes(*chunk))
}

/// The next quote, backslash or control character from `at` on, or the end.
#[inline(always)]
pub(super) fn string_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word(bytes, at) {
        // The usual test for a zero byte. Borrows may set bits above the first hit, never below it. Neither mask has a
        // high bit, so that those of all three are the word's own.
        let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
        let slash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
        let control = word.wrapping_sub(ONES * 0x20);
        let hits = (quote | slash | control) & !word & HIGHS;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        at += 1;
    }
    at
}

/// The first byte from `at` on that is not JSON white space, or the end.
#[inline]
pub(super) fn space_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            // Indentation comes in runs.
            Some(b' ') if word(bytes, at) == Some(ONES * 0x20) => at += 8,
            Some(b' ' | b'\n' | b'\r' | b'\t') => at += 1,
            _ => return at,
        }
    }
}

/// The end of a run of decimal digits.
#[inline(always)]
pub(super) fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while byte(bytes, at).is_ascii_digit() {
        at += 1;
    }
    at
}

/// Whether a byte may stand inside something unquoted: a number, a literal, or a string that lacks its quotes.
#[inline(always)]
pub(super) fn is_word(byte: u8) -> bool {
    !matches!(byte, 0..=b' ' | b'"' | b'\'' | b',' | b':' | b';' | b'[' | b']' | b'{' | b'}' | b'#' | 0x7f)
}

/// The end of the line that holds `at`, its line break not included.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let end = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    if end > at && byte(bytes, end - 1) == b'\r' { end - 1 } else { end }
}

/// Whether a comment starts at `at`.
pub(super) fn is_comment(bytes: &[u8], at: usize) -> bool {
    byte(bytes, at) == b'/' && matches!(byte(bytes, at + 1), b'/' | b'*')
}

/// The first byte after spaces and tabs of the same line.
pub(super) fn blanks_end(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte(bytes, at), b' ' | b'\t') {
        at += 1;
    }
    at
}

/// The end of the string whose opening quote is at `at`: behind its closing quote, or where its line ends.
pub(super) fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    loop {
        end = string_special(bytes, end);
        match byte(bytes, end) {
            b'"' => return end + 1,
            b'\\' => end = (end + 2).min(bytes.len()),
            b'\n' | 0 => return end.min(bytes.len()),
            _ => end += 1,
        }
    }
}

/// How far the brackets from `at` on fit those that are open (`b'{'` or `b'['`, innermost last), over at most
/// `reach` bytes. Strings and comments are skipped. The larger of two results belongs to the better guess.
pub(super) fn brackets_fit(bytes: &[u8], at: usize, open: &[u8], reach: usize) -> usize {
    let end = bytes.len().min(at.saturating_add(reach));
    let mut open = open.to_vec();
    let mut at = at;
    while at < end {
        match byte(bytes, at) {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'/' if byte(bytes, at + 1) == b'/' => {
                at = line_end(bytes, at);
                continue;
            }
            bracket @ (b'{' | b'[') => open.push(bracket),
            bracket @ (b'}' | b']') => match open.pop() {
                Some(opening) if opening == opener(bracket) => {}
                _ => return at,
            },
            _ => {}
        }
        at += 1;
    }
    // At the real end everything has to be closed; brackets left open are worse than none.
    if end == bytes.len() && open.is_empty() { end + 1 } else { end }
}

/// The opening bracket of a closing one.
pub(super) fn opener(closing: u8) -> u8 {
    if closing == b'}' { b'{' } else { b'[' }
}

/// The closing bracket of an opening one.
pub(super) fn closer(opening: u8) -> u8 {
    if opening == b'{' { b'}' } else { b']' }
}
