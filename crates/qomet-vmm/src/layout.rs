//! Which memory begins at which guest address, as people write it: `0x0=ram0,0x100000000=ram1`.
//!
//! An address is a number of bytes, hexadecimal with `0x`, decimal, or with a suffix (`4G`), as sizes are elsewhere. Ids are
//! those of objects. Nothing is looked up here, and nothing is known of sizes: [`crate::GuestMap`] judges what overlaps.

use std::fmt;
use std::str::FromStr;

use qomet::Size;

use crate::error::VmmError;

/// A guest address and the id of the memory that begins there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The guest physical address in bytes.
    pub address: u64,
    /// The id of a memory backend.
    pub id: String,
}

/// Places in the order in which they were given; at least one. The same memory may be at several addresses.
///
/// ```
/// use qomet_vmm::Layout;
///
/// let layout: Layout = "0=low,4G=high".parse()?;
/// assert_eq!(layout.places()[1].address, 1 << 32);
/// assert_eq!(layout.to_string(), "0x0=low,0x100000000=high");
/// # Ok::<(), qomet_vmm::VmmError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    places: Vec<Place>,
}

impl Layout {
    /// The places.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }
}

impl FromStr for Layout {
    type Err = VmmError;

    fn from_str(text: &str) -> Result<Self, VmmError> {
        let mut at = 0;
        let mut places = Vec::new();
        for part in text.split(',') {
            places.push(place(part, at)?);
            at += part.len() + 1;
        }
        Ok(Self { places })
    }
}

/// One `ADDRESS=ID`, which starts at byte `at` of the whole.
fn place(part: &str, at: usize) -> Result<Place, VmmError> {
    let Some((address, id)) = part.split_once('=') else {
        return Err(VmmError::LayoutSyntax { position: at, found: part.to_owned() });
    };
    if !qomet::is_id(id) {
        return Err(VmmError::LayoutId { position: at + address.len() + 1, found: id.to_owned() });
    }
    let address = parse_address(address)
        .ok_or_else(|| VmmError::LayoutAddress { position: at, found: address.to_owned() })?;
    Ok(Place { address, id: id.to_owned() })
}

fn parse_address(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // A sign would be taken by the standard library.
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => text.parse::<Size>().ok().map(Size::bytes),
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Place { address, id }) in self.places.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{address:#x}={id}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<Layout>().unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_a_place_is_refused_with_its_position() {
        assert_eq!(refusal("0x0=ram0,ram1"), "position 9 of the layout: 'ram1' is no ADDRESS=ID");
        assert_eq!(refusal(""), "position 0 of the layout: '' is no ADDRESS=ID");
        assert_eq!(refusal("0x0=ram0,"), "position 9 of the layout: '' is no ADDRESS=ID");
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_its_position() {
        assert_eq!(refusal("0x0=ram0,0xg=ram1"), "position 9 of the layout: '0xg' is no address");
        assert_eq!(refusal("0x+1=ram0"), "position 0 of the layout: '0x+1' is no address");
        assert_eq!(refusal("=ram0"), "position 0 of the layout: '' is no address");
        assert_eq!(refusal("-1=ram0"), "position 0 of the layout: '-1' is no address");
        let above = "0x10000000000000000=ram0";
        assert_eq!(refusal(above), "position 0 of the layout: '0x10000000000000000' is no address");
    }

    #[test]
    fn what_is_not_an_id_is_refused_with_its_position() {
        assert_eq!(refusal("0x0=ram0,4G=9"), "position 12 of the layout: '9' is no id");
        assert_eq!(refusal("0x0=ram0=1"), "position 4 of the layout: 'ram0=1' is no id");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(places in prop::collection::vec((any::<u64>(), "[a-z][a-z0-9._-]{0,8}"), 1..6)) {
            let places = places.into_iter().map(|(address, id)| Place { address, id }).collect();
            let layout = Layout { places };

            prop_assert_eq!(layout.to_string().parse(), Ok(layout));
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            if let Err(refused) = text.parse::<Layout>() {
                prop_assert!(refused.to_string().starts_with("position "));
            }
        }
    }
}
