//! What an editor calls a document: its URI.
//!
//! An editor gets back the very text that it sent. Two spellings of one address are one document all the same: some
//! editors escape more characters in one message than in the next. The types of lsp-types are not used for addresses: they
//! refuse what has letters that should have been escaped, which editors do send.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// An address.
#[derive(Clone, Debug)]
pub(super) struct Address {
    given: String,
}

/// By which equal addresses are found: without escapes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(Vec<u8>);

impl Address {
    pub(super) fn new(given: impl Into<String>) -> Self {
        Address { given: given.into() }
    }

    /// Of a file.
    pub(super) fn of_file(path: &Path) -> Self {
        let mut given = "file://".to_owned();
        for byte in path.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                    given.push(char::from(*byte));
                }
                byte => given.push_str(&format!("%{byte:02X}")),
            }
        }
        Address { given }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.given
    }

    pub(super) fn key(&self) -> Key {
        let mut key = unescaped(&self.given);
        // Of a Windows path it is the same drive either way.
        if let Some(rest) = key.strip_prefix(b"file:///")
            && let [drive, b':', ..] = rest
            && drive.is_ascii_alphabetic()
        {
            let drive = drive.to_ascii_lowercase();
            if let Some(there) = key.get_mut(b"file:///".len()) {
                *there = drive;
            }
        }
        Key(key)
    }

    /// The file of this address; none if it is none of this host, such as a document that was not saved yet.
    pub(super) fn path(&self) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStringExt as _;
        let rest = self.given.strip_prefix("file://")?;
        let rest = rest.strip_prefix("localhost").unwrap_or(rest);
        let bytes = unescaped(rest);
        let path = PathBuf::from(std::ffi::OsString::from_vec(bytes));
        path.is_absolute().then_some(path)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.given)
    }
}

/// The bytes that a text with escapes stands for. What only looks like an escape stands for itself.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let escaped = match (byte, behind) {
            (b'%', [high, low, behind @ ..]) => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, behind))
            }
            _ => None,
        };
        let (byte, behind) = escaped.unwrap_or((*byte, behind));
        bytes.push(byte);
        rest = behind;
    }
    bytes
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(address: &str) -> Option<String> {
        Address::new(address).path().map(|path| path.to_string_lossy().into_owned())
    }

    fn is_one(one: &str, other: &str) -> bool {
        Address::new(one).key() == Address::new(other).key()
    }

    #[test]
    fn escapes_and_raw_letters_are_one_address_and_one_file() {
        assert!(is_one("file:///a/%C3%BC%20%7e.json", "file:///a/ü ~.json"));
        assert_eq!(path("file:///a/%C3%BC%20b.json").as_deref(), Some("/a/ü b.json"));
        assert_eq!(path("file:///a/ü b.json").as_deref(), Some("/a/ü b.json"));
        assert!(!is_one("file:///a", "file:///b"));
    }

    #[test]
    fn a_drive_is_the_same_in_capitals_and_escaped() {
        assert!(is_one("file:///C:/vm.json", "file:///c%3A/vm.json"));
        assert!(!is_one("file:///C:/vm.json", "file:///C:/VM.json"));
    }

    #[test]
    fn what_is_no_file_of_this_host_has_no_path() {
        assert_eq!(path("untitled:Untitled-1"), None);
        assert_eq!(path("file://server/share/vm.json"), None);
        assert_eq!(path("vm.json"), None);
        assert_eq!(path("file://localhost/vm.json").as_deref(), Some("/vm.json"));
    }

    #[test]
    fn half_an_escape_is_text() {
        assert_eq!(path("file:///100%").as_deref(), Some("/100%"));
        assert_eq!(path("file:///%zz%4").as_deref(), Some("/%zz%4"));
    }

    #[test]
    fn a_file_has_an_address_that_leads_back_to_it() {
        let odd = Path::new("/a b/ü%20#?.json");
        let address = Address::of_file(odd);
        assert_eq!(address.as_str(), "file:///a%20b/%C3%BC%2520%23%3F.json");
        assert_eq!(address.path().as_deref(), Some(odd));
    }
}
