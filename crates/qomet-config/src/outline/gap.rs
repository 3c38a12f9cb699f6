//! What stands between two tokens.

use std::ops::Range;

/// The punctuation between a token and an offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) comma: bool,
    pub(super) colon: bool,
}

impl Gap {
    /// Of what stands from `from` to `to`; none if `to` is in a comment.
    pub(super) fn between(text: &str, from: usize, to: usize) -> Option<Gap> {
        let mut gap = Gap::default();
        let mut at = from;
        while at < to {
            match comment_end(text, at) {
                Some(end) if to < end || (to == end && !text.get(..end)?.ends_with("*/")) => return None,
                Some(end) => at = end,
                None => {
                    match text.as_bytes().get(at)? {
                        b',' => gap.comma = true,
                        b':' => gap.colon = true,
                        _ => {}
                    }
                    at += 1;
                }
            }
        }
        Some(gap)
    }
}

/// The first byte from `at` on that is neither white space nor in a comment; 0 at the end.
pub(super) fn next_byte(text: &str, mut at: usize) -> u8 {
    loop {
        match (comment_end(text, at), text.as_bytes().get(at)) {
            (Some(end), _) => at = end,
            (None, Some(byte)) if byte.is_ascii_whitespace() => at += 1,
            (None, byte) => return byte.copied().unwrap_or(0),
        }
    }
}

/// Behind the comment that starts at `at`, if one does: its line break is not a part of it.
fn comment_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'/') {
        return None;
    }
    let rest = bytes.get(at + 2..)?;
    let length = match bytes.get(at + 1)? {
        b'/' => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
        b'*' => memchr::memmem::find(rest, b"*/").map_or(rest.len(), |length| length + 2),
        _ => return None,
    };
    Some(at + 2 + length)
}

/// The word that holds or touches `offset`, a quote before or behind it included; nothing before `from` is.
pub(super) fn word_around(text: &str, from: usize, offset: usize) -> Range<usize> {
    let is_word = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '$' | '"' | '\'');
    let length = |chars: &mut dyn Iterator<Item = char>| chars.take_while(is_word).map(char::len_utf8).sum();
    let before: usize = length(&mut text.get(from..offset).unwrap_or_default().chars().rev());
    let behind: usize = length(&mut text.get(offset..).unwrap_or_default().chars());
    // What begins behind the offset is another one.
    let behind = if before == 0 { 0 } else { behind };
    offset - before..offset + behind
}
