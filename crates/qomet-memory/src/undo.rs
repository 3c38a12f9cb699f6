//! How to take back what opening did to a file.
//!
//! Opening hands an [`Undo`] to its caller right after each effect; the caller keeps them in the journal of its
//! transaction and, on failure, runs them last first. Committing is dropping them. An undo looks before it acts: it
//! never removes, shrinks or truncates anything that is not exactly what opening made.
//!
//! Nor does it take away what others of the same model use, or are about to: then the file becomes theirs, as long
//! as they need it, and the undo answers [`Left::InUse`]. Whoever opens a file that a running transaction made or
//! grew gets an undo as well, though it changed nothing: if it fails as the last one, it takes back what the others
//! could not. The books of that are in `ledger`.
//!
//! Leaving a file to others is reported as an error, not as a success of another kind: a transaction that failed
//! promises to leave nothing behind, and whoever reads its report should know of what is still there.
//!
//! Not undone: blocks that `prealloc` allocated inside a file that had its length before. Its length and contents are
//! unchanged, and which of the blocks were holes is not known.

use std::ffi::OsString;
use std::fmt;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::error::{Left, MemoryError};
use crate::faults::Call;
use crate::host::Host;
use crate::ledger::{Before, FileLedger, Turn, Withdrawn};
use crate::probe::{FileId, host_error, length};

/// One effect on a file, and the way back.
#[derive(Debug)]
#[must_use = "an effect that is not journalled cannot be undone"]
pub struct Undo {
    host: Host,
    ledger: FileLedger,
    path: PathBuf,
    id: FileId,
    /// Of the claim.
    number: u64,
    effect: Effect,
    /// Dropping it commits nothing any more.
    run: bool,
}

/// What this transaction did itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect {
    /// It made the file.
    Created,
    /// It grew the file, which had this length.
    Grown { from: u64 },
    /// It uses a file that others, which may still fail, made or grew.
    Relied,
}

impl fmt::Display for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.effect {
            Effect::Created => write!(f, "remove '{path}'"),
            Effect::Grown { from } => write!(f, "shrink '{path}' back to {from} bytes"),
            Effect::Relied => write!(f, "let go of '{path}'"),
        }
    }
}

impl Undo {
    /// Of an effect for which the ledger has a claim of this number.
    pub(crate) fn new(
        host: &Host,
        ledger: &FileLedger,
        path: PathBuf,
        id: FileId,
        number: u64,
        effect: Effect,
    ) -> Self {
        Self { host: host.clone(), ledger: ledger.clone(), path, id, number, effect, run: false }
    }

    /// Takes the effect back. The transaction's own regions on the file should be gone by then: what they need is
    /// not cut off, so a file that was grown would stay long.
    ///
    /// Waits while another transaction of the model looks at or changes the length of the same file.
    ///
    /// # Errors
    ///
    /// [`MemoryError::NotUndone`] if the file is no longer what opening made, which is then left alone, or if others
    /// of the model need it, which then have it; a refusal of the host.
    pub fn undo(mut self) -> Result<(), MemoryError> {
        self.run = true;
        // Outlives the turn: closing a file that was removed frees its blocks, which may take long.
        let withdrawn;
        let turn = self.ledger.turn(self.id);
        withdrawn = turn.withdraw(self.number);
        let done = match &withdrawn {
            Some(withdrawn) => self.take_back(&turn, withdrawn),
            None => Ok(()),
        };
        drop(turn);
        done
    }

    fn take_back(&self, turn: &Turn<'_>, withdrawn: &Withdrawn) -> Result<(), MemoryError> {
        match (&withdrawn.origin.before, withdrawn.needed) {
            (Before::Missing { folder, name }, None) => self.remove(folder, name),
            (_, needed) => self.shrink(turn, withdrawn, needed.unwrap_or(withdrawn.length)),
        }
    }

    fn remove(&self, folder: &OwnedFd, name: &OsString) -> Result<(), MemoryError> {
        match self.host.stat_link(folder, name) {
            Ok(stat) if FileId::of(&stat) == self.id => {}
            Ok(_) => return Err(self.left(Left::Replaced)),
            Err(Errno::ENOENT) => return Ok(()),
            Err(errno) => return Err(host_error(Call::Stat, &self.path, errno)),
        }
        self.host.unlink(folder, name).map_err(|errno| host_error(Call::Unlink, &self.path, errno))
    }

    fn shrink(&self, turn: &Turn<'_>, withdrawn: &Withdrawn, to: u64) -> Result<(), MemoryError> {
        if to < withdrawn.length {
            let (path, file) = (&self.path, &withdrawn.origin.file);
            let refused = |call| move |errno| host_error(call, path, errno);
            let stat = self.host.stat_open(file).map_err(refused(Call::StatOpen))?;
            if length(path, &stat)? != withdrawn.length {
                return Err(self.left(Left::Resized));
            }
            self.host.set_length(file, to).map_err(refused(Call::SetLength))?;
            turn.set_length(to);
        }
        match self.effect {
            Effect::Created => Err(self.left(Left::InUse { length: to })),
            Effect::Grown { from } if to > from => Err(self.left(Left::InUse { length: to })),
            Effect::Grown { .. } | Effect::Relied => Ok(()),
        }
    }

    fn left(&self, left: Left) -> MemoryError {
        MemoryError::NotUndone { path: self.path.clone(), left }
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        if !self.run {
            self.ledger.keep(self.id, self.number);
        }
    }
}
