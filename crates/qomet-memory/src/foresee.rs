//! What memory would be, told from its request alone: nothing is made, opened or mapped.
//!
//! For whoever shows what would be done with it before anything is. Whether the request is right is the business of a
//! check; here is only what follows for those who would use the memory.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::anonymous;
use crate::error::MemoryError;
use crate::host::Host;
use crate::pages::PageUnit;
use crate::probe::{FileId, Key, probe};
use crate::request::{AnonymousRequest, FileRequest};

/// What memory would be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Foreseen {
    /// Its length in whole pages, in bytes.
    pub length: u64,
    /// Its page size in bytes.
    pub page_size: u64,
    /// Whether writes reach the file.
    pub shared: bool,
    /// Whether it is ROM.
    pub readonly: bool,
    /// The file, and where in it the memory begins, in bytes.
    pub file: Option<(ForeseenFile, u64)>,
    /// The path as it was asked for, if there is one.
    pub path: Option<PathBuf>,
}

/// Tells the files of foreseen memory apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForeseenFile {
    /// A file that exists.
    Exists(FileId),
    /// One that would be made.
    WouldBeMade {
        /// The folder.
        folder: FileId,
        /// Its name there.
        name: OsString,
    },
    /// One that no other memory has.
    Own,
}

/// What a window of a file would be.
///
/// # Errors
///
/// The path leads nowhere; the size is missing.
pub fn foresee_file(host: &Host, request: &FileRequest) -> Result<Foreseen, MemoryError> {
    let found = probe(host, request.place())?;
    let file = match found.key {
        Key::File(id) => ForeseenFile::Exists(id),
        Key::Name(folder, name) => ForeseenFile::WouldBeMade { folder, name },
        Key::Own => ForeseenFile::Own,
    };
    Ok(Foreseen {
        length: length(request.size, found.unit)?,
        page_size: found.unit.size,
        shared: request.memory.share,
        readonly: request.is_rom(),
        file: Some((file, request.offset)),
        path: Some(request.path.clone()),
    })
}

/// What memory without a path would be.
///
/// # Errors
///
/// The kernel offers no such pages; the size is missing.
pub fn foresee_anonymous(host: &Host, request: &AnonymousRequest) -> Result<Foreseen, MemoryError> {
    let unit = anonymous::unit(host, request.kind)?;
    Ok(Foreseen {
        length: length(request.size, unit)?,
        page_size: unit.size,
        shared: request.memory.share,
        readonly: false,
        file: anonymous::has_file(request).then_some((ForeseenFile::Own, 0)),
        path: None,
    })
}

fn length(size: Option<u64>, unit: PageUnit) -> Result<u64, MemoryError> {
    size.map(|size| unit.up(size)).ok_or(MemoryError::SizeMissing)
}
