//! `/dev/fdset/N` as a `mem-path`: a file that somebody opened and passed (memory rule A25).
//!
//! The descriptor comes from the model's [`Descriptors`], chosen by what `readonly` needs, and is never opened again:
//! the program may have no right to. Everything else about the file is judged by `qomet-memory`, as that of any other.
//! QEMU has such paths for disks, but not for memory, where it looks for a file of that name.

use std::fmt;
use std::path::{Path, PathBuf};

use qomet::{About, Access, Borrowed, Descriptors, Diagnostic, Missing, Problem, Result};

const PREFIX: &str = "/dev/fdset/";

/// Why a set of descriptors is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the facts that the message of the kind names")]
pub enum FdsetFault {
    /// The path has no number.
    NoNumber { path: PathBuf },
    /// There is no such set.
    NoSuchSet { path: PathBuf },
    /// The set has nothing that may be read, or that may be read and written.
    NotAllowed { path: PathBuf, write: bool, found: Access },
}

/// The descriptor that a path names; `None` if it is a path like any other.
///
/// # Errors
/// The path is of no set, or the set has nothing that fits.
pub(super) fn borrow(path: &Path, readonly: bool, all: &Descriptors) -> Result<Option<Borrowed>> {
    let Some(number) = path.to_str().and_then(|path| path.strip_prefix(PREFIX)) else { return Ok(None) };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let set = number.parse().ok().filter(|_| is_number);
    let path = path.to_owned();
    let fault = match set.map(|set| all.borrow(set, !readonly)) {
        Some(Ok(borrowed)) => return Ok(Some(borrowed)),
        None => FdsetFault::NoNumber { path },
        Some(Err(Missing::Access(found))) => FdsetFault::NotAllowed { path, write: !readonly, found },
        Some(Err(Missing::Set | Missing::Number)) => FdsetFault::NoSuchSet { path },
    };
    Err(Diagnostic::new(fault).with_property("mem-path"))
}

impl FdsetFault {
    /// One of each kind, for the table of all messages.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let path = || PathBuf::from("/dev/fdset/3");
        vec![
            Self::NoNumber { path: PathBuf::from("/dev/fdset/ram") },
            Self::NoSuchSet { path: path() },
            Self::NotAllowed { path: path(), write: true, found: Access::Read },
            Self::NotAllowed { path: path(), write: false, found: Access::Write },
        ]
    }
}

fn allowed(access: Access) -> &'static str {
    match access {
        Access::Read => "reading only",
        Access::Write => "writing only",
        Access::Both => "reading and writing",
    }
}

impl Problem for FdsetFault {
    fn code(&self) -> &'static str {
        match self {
            Self::NoNumber { .. } => "fdset-path",
            Self::NoSuchSet { .. } => "no-such-fdset",
            Self::NotAllowed { .. } => "fdset-access",
        }
    }

    fn message(&self, about: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = &about.object {
            write!(out, "object '{id}': ")?;
        }
        match self {
            Self::NoNumber { path } => {
                write!(out, "'{}' does not end in the number of a set", path.display())
            }
            Self::NoSuchSet { path } => write!(out, "'{}' is no set of file descriptors", path.display()),
            Self::NotAllowed { path, write, .. } => {
                let wanted = if *write { "written" } else { "read" };
                write!(out, "'{}' has no file descriptor that may be {wanted}", path.display())
            }
        }
    }

    fn expected(&self) -> Option<String> {
        Some(match self {
            Self::NoNumber { .. } => "/dev/fdset/ and a number".to_owned(),
            Self::NoSuchSet { .. } => "a set that add-fd or --add-fd made".to_owned(),
            Self::NotAllowed { write: true, .. } => format!("a descriptor for {}", allowed(Access::Both)),
            Self::NotAllowed { write: false, .. } => "a descriptor for reading".to_owned(),
        })
    }

    fn found(&self) -> Option<String> {
        match self {
            Self::NotAllowed { found, .. } => Some(format!("one for {}", allowed(*found))),
            Self::NoNumber { .. } | Self::NoSuchSet { .. } => None,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::NotAllowed { found: Access::Read, .. } => {
                Some("use readonly=on, and rom=off for memory that can be written".to_owned())
            }
            _ => None,
        }
    }
}
