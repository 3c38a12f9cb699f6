//! What `--qmp` names: `unix:PATH[,server=on,wait=off]`, in QEMU's spelling.

use std::fmt;
use std::path::{Path, PathBuf};

/// A path in a socket address has at most so many bytes (unix(7): 108 with the NUL).
const PATH_BYTES: usize = 107;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    path: PathBuf,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(String);

impl Address {
    /// The path of the socket.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let refuse = |why: String| Err(AddressError(why));
        let Some(rest) = text.strip_prefix("unix:") else {
            return refuse(format!("'{text}' is no address: expected unix:PATH[,server=on,wait=off]"));
        };
        // A comma in a path is written twice.
        let mut words = vec![String::new()];
        let mut chars = rest.chars().peekable();
        while let Some(c) = chars.next() {
            match words.last_mut() {
                Some(word) if c != ',' => word.push(c),
                Some(word) if chars.next_if_eq(&',').is_some() => word.push(','),
                _ => words.push(String::new()),
            }
        }
        let mut words = words.into_iter();
        let path = words.next().unwrap_or_default();
        let path = path.strip_prefix("path=").unwrap_or(&path);
        for option in words {
            match option.as_str() {
                "server" | "server=on" | "wait=off" | "nowait" => {}
                "server=off" => return refuse("'server=off' is not supported: Qomet listens".to_owned()),
                "wait=on" | "wait" => {
                    return refuse("'wait=on' is not supported: nothing waits for a client".to_owned());
                }
                other => return refuse(format!("'{other}' is no option: expected server=on or wait=off")),
            }
        }
        match path.len() {
            0 => refuse("the path of the socket is missing".to_owned()),
            1..=PATH_BYTES => Ok(Address { path: PathBuf::from(path) }),
            length => refuse(format!(
                "the path of the socket has {length} bytes, the limit is {PATH_BYTES}: '{path}'"
            )),
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddressError {}
