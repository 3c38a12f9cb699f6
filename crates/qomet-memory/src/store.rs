//! What became of the file or device behind a region since it was mapped.
//!
//! Everybody else may truncate, remove, replace or fill it up at any time. Nobody tells us, so who wants to know asks: the
//! command that lists memory, and whoever is about to hand memory to a consumer that touches it (memory rule D15). Asking
//! looks at the file and at no byte of the memory, but for one page that was not there before. It mends nothing, and what it
//! says may be over a moment later: copies through the kernel are what is safe.

use std::path::Path;

use nix::libc;
use parking_lot::Mutex;

use crate::error::MemoryError;
use crate::probe::{FileId, file_type};
use crate::region::Region;

/// The last page of a region that was not there, until it is.
#[derive(Debug, Default)]
pub(crate) struct LostPage(Mutex<Option<Lost>>);

#[derive(Clone, Debug)]
struct Lost {
    /// Where in the region.
    position: u64,
    /// Whether it was wanted for writing.
    write: bool,
    error: MemoryError,
}

impl LostPage {
    pub(crate) fn note(&self, position: u64, write: bool, error: &MemoryError) {
        *self.0.lock() = Some(Lost { position, write, error: error.clone() });
    }
}

impl Region {
    /// What is known to be wrong with the memory: its file or device is too short now; a page was not there and still is
    /// not; no name leads to its file any more. Nobody needs to have touched the memory to be told of the first and the
    /// last.
    pub fn fault(&self) -> Option<MemoryError> {
        self.check_length().err().or_else(|| self.lost_page()).or_else(|| self.gone())
    }

    /// For whoever hands the memory to somebody who touches it: behind the end of its file that is a SIGBUS.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Truncated`].
    pub fn check_length(&self) -> Result<(), MemoryError> {
        let (start, end) = self.range();
        match self.length_now() {
            Some(length) if length < end => {
                Err(MemoryError::Truncated { subject: self.subject(), length, start, end })
            }
            _ => Ok(()),
        }
    }

    /// Whether the path that it was mapped from no longer leads to its file: what is in it will not be found there again.
    pub fn is_gone(&self) -> bool {
        self.gone().is_some()
    }

    /// The length of what is behind it, in bytes; `None` where that is no question, or not answered.
    pub(crate) fn length_now(&self) -> Option<u64> {
        let file = self.parts.file.as_ref()?;
        let stat = self.host.stat_open(file).ok()?;
        match file_type(&stat) {
            libc::S_IFREG => u64::try_from(stat.st_size).ok(),
            libc::S_IFBLK => self.host.seek_end(file).ok(),
            _ => None,
        }
    }

    /// The page that was not there, if it is not there now either.
    fn lost_page(&self) -> Option<MemoryError> {
        let lost = self.lost.0.lock().clone()?;
        let unit = self.parts.unit;
        if self.mapping.populate(&self.host, unit.down(lost.position), unit.size, lost.write).is_err() {
            return Some(lost.error);
        }
        *self.lost.0.lock() = None;
        None
    }

    fn gone(&self) -> Option<MemoryError> {
        let path = self.parts.path.as_deref()?;
        let stat = self.host.stat_open(self.parts.file.as_ref()?).ok()?;
        if file_type(&stat) != libc::S_IFREG {
            return None;
        }
        let removed = stat.st_nlink == 0;
        let leads_here =
            |path: &Path| self.host.stat(path).is_ok_and(|found| FileId::of(&found) == FileId::of(&stat));
        if !removed && leads_here(path) {
            return None;
        }
        let (start, end) = self.range();
        Some(MemoryError::Gone { path: path.to_owned(), start, end, removed })
    }

    /// The bytes of the file that are the memory.
    fn range(&self) -> (u64, u64) {
        (self.parts.offset, self.parts.offset.saturating_add(self.parts.mapped))
    }
}
