//! How to take back what opening did to a file.
//!
//! Opening hands an [`Undo`] to its caller right after each effect; the caller keeps them in the journal of its
//! transaction and, on failure, runs them last first. Committing is dropping them. An undo looks before it acts: it
//! never removes, shrinks or truncates anything that is not exactly what opening made.
//!
//! Not undone: blocks that `prealloc` allocated inside a file that had its length before. Its length and contents are
//! unchanged, and which of the blocks were holes is not known.

use std::ffi::OsString;
use std::fmt;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use nix::errno::Errno;

use crate::error::MemoryError;
use crate::faults::Call;
use crate::host::Host;
use crate::ledger::FileLedger;
use crate::probe::{FileId, host_error, length};

/// One effect on a file, and the way back.
#[derive(Debug)]
#[must_use = "an effect that is not journalled cannot be undone"]
pub struct Undo {
    host: Host,
    ledger: FileLedger,
    path: PathBuf,
    id: FileId,
    effect: Effect,
}

#[derive(Debug)]
enum Effect {
    /// A file was made; the folder is kept open, as the working directory or a link in the path may change.
    /// The file is kept open, so that no other file can get its number meanwhile.
    Created { _file: Arc<OwnedFd>, folder: OwnedFd, name: OsString },
    /// A file was grown.
    Grown { file: Arc<OwnedFd>, from: u64, to: u64 },
}

impl fmt::Display for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.effect {
            Effect::Created { .. } => write!(f, "remove '{}'", self.path.display()),
            Effect::Grown { from, .. } => write!(f, "shrink '{}' back to {from} bytes", self.path.display()),
        }
    }
}

impl Undo {
    /// `place`: the folder, and the name in it.
    pub(crate) fn created(
        host: &Host,
        ledger: &FileLedger,
        path: PathBuf,
        id: FileId,
        file: Arc<OwnedFd>,
        place: (OwnedFd, OsString),
    ) -> Self {
        let effect = Effect::Created { _file: file, folder: place.0, name: place.1 };
        Self { host: host.clone(), ledger: ledger.clone(), path, id, effect }
    }

    /// `lengths`: before and after.
    pub(crate) fn grown(
        host: &Host,
        ledger: &FileLedger,
        path: PathBuf,
        id: FileId,
        file: Arc<OwnedFd>,
        lengths: (u64, u64),
    ) -> Self {
        let effect = Effect::Grown { file, from: lengths.0, to: lengths.1 };
        Self { host: host.clone(), ledger: ledger.clone(), path, id, effect }
    }

    /// Takes the effect back. Regions on the file should be gone by then: touching their pages behind the new end
    /// would fault.
    ///
    /// # Errors
    ///
    /// [`MemoryError::NotUndone`] if the file is no longer what opening made, which is then left alone; a refusal
    /// of the host.
    pub fn undo(self) -> Result<(), MemoryError> {
        let Self { host, ledger, path, id, effect } = self;
        match effect {
            Effect::Created { _file, folder, name } => {
                ledger.forget_made(id);
                match host.stat_link(&folder, &name) {
                    Ok(stat) if FileId::of(&stat) == id => {}
                    Ok(_) => return Err(MemoryError::NotUndone { path, why: "it is another file now" }),
                    Err(Errno::ENOENT) => return Ok(()),
                    Err(errno) => return Err(host_error(Call::Stat, &path, errno)),
                }
                host.unlink(&folder, &name).map_err(|errno| host_error(Call::Unlink, &path, errno))
            }
            Effect::Grown { file, from, to } => {
                let stat = host.stat_open(&file).map_err(|errno| host_error(Call::StatOpen, &path, errno))?;
                if length(&path, &stat)? != to {
                    let why = "its length is no longer what it was grown to";
                    return Err(MemoryError::NotUndone { path, why });
                }
                host.set_length(&file, from).map_err(|errno| host_error(Call::SetLength, &path, errno))?;
                ledger.correct_made(id, from);
                Ok(())
            }
        }
    }
}
