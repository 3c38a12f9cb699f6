//! Base64 as QEMU reads it.
//!
//! QEMU refuses characters that base64 does not have, but for line breaks, and then takes every four as three bytes:
//! what is left over at the end is dropped, and `=` counts as a character of value 0 that takes a byte off its group
//! wherever it stands. Every crate for base64 refuses some of that, and a secret that QEMU opens must open here too.

use zeroize::Zeroizing;

/// What base64 text stands for.
#[derive(Debug, PartialEq)]
pub(super) struct Decoded {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// How many characters at the end are no whole group, and so stand for nothing.
    pub(super) dropped: usize,
}

/// Decodes; `None` if there is a character that base64 does not have.
pub(super) fn decode(text: &[u8]) -> Option<Decoded> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    let mut group = [0_u8; 4];
    let mut used = 0;
    for byte in text.iter().filter(|byte| **byte != b'\n') {
        rank(*byte)?;
        if let Some(place) = group.get_mut(used) {
            *place = *byte;
        }
        used += 1;
        if used == group.len() {
            let [a, b, c, d] = group.map(|one| rank(one).unwrap_or(0));
            let [_, first, second, third] =
                (u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d)).to_be_bytes();
            bytes.push(first);
            if group[2] != b'=' {
                bytes.push(second);
            }
            if group[3] != b'=' {
                bytes.push(third);
            }
            used = 0;
        }
    }
    zeroize::Zeroize::zeroize(&mut group);
    Some(Decoded { bytes, dropped: used })
}

/// The six bits that a character stands for.
fn rank(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        b'=' => 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> (Vec<u8>, usize) {
        let Decoded { bytes, dropped } = decode(text.as_bytes()).unwrap();
        (bytes.to_vec(), dropped)
    }

    #[test]
    fn whole_groups_stand_for_three_bytes_and_padding_takes_them_off() {
        assert_eq!(decoded(""), (vec![], 0));
        assert_eq!(decoded("aGVs"), (b"hel".to_vec(), 0));
        assert_eq!(decoded("aGVsbG8="), (b"hello".to_vec(), 0));
        assert_eq!(decoded("aGVsbA=="), (b"hell".to_vec(), 0));
        assert_eq!(decoded("+/+/"), (vec![0xFB, 0xFF, 0xBF], 0));
    }

    #[test]
    fn line_breaks_do_not_count() {
        assert_eq!(decoded("aG\nVs\n"), (b"hel".to_vec(), 0));
    }

    #[test]
    fn what_is_no_whole_group_is_dropped() {
        assert_eq!(decoded("aGVsbG8"), (b"hel".to_vec(), 3));
        assert_eq!(decoded("aa"), (vec![], 2));
        assert_eq!(decoded("aGVsbG8=="), (b"hello".to_vec(), 1));
    }

    #[test]
    fn padding_in_the_middle_takes_a_byte_off_there() {
        assert_eq!(decoded("aG==bG8="), (b"hlo".to_vec(), 0));
        assert_eq!(decoded("===="), (vec![0], 0));
    }

    #[test]
    fn other_characters_are_refused() {
        let taken: Vec<&str> = ["!!!!", "aGVs bG8=", "-_-_", "aGVs\r\n", "aGVs\0", "aGVsé"]
            .into_iter()
            .filter(|text| decode(text.as_bytes()).is_some())
            .collect();
        assert!(taken.is_empty(), "{taken:?}");
    }

    proptest::proptest! {
        #[test]
        fn what_was_encoded_decodes_to_itself(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(decoded(&encode(&bytes)), (bytes, 0));
        }
    }

    /// The standard's encoding, bit by bit.
    fn encode(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: Vec<u8> =
            bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let mut text: String = bits
            .chunks(6)
            .map(|six| {
                let value = (0..6).fold(0, |value, at| value << 1 | six.get(at).copied().unwrap_or(0));
                char::from(DIGITS[usize::from(value)])
            })
            .collect();
        while !text.len().is_multiple_of(4) {
            text.push('=');
        }
        text
    }
}
