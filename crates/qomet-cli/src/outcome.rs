//! How a command ends.
//!
//! One rule for the whole program. 64 is `EX_USAGE` of sysexits.h, and not the usual 2: that is what `plan` answers where
//! there is something to do, and a script must tell the two apart.

use std::process::ExitCode;

use qomet::Diagnostic;

/// The exit code, by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 0.
    Fine,
    /// 1: what was given is wrong.
    Rejected,
    /// 64: the command line is wrong, a file cannot be read or written, or a server cannot be reached.
    Usage,
    /// 2: there is something to do (`plan`).
    Changes,
    /// 3: what was given is right and the host could not honour it, or a signal cancelled it.
    Refused,
}

/// Why the command cannot go on: a sentence for people. Ends as [`Outcome::Usage`].
#[derive(Debug)]
pub(crate) struct Trouble(pub(crate) String);

impl Outcome {
    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Outcome::Fine => 0,
            Outcome::Rejected => 1,
            Outcome::Changes => 2,
            Outcome::Refused => 3,
            Outcome::Usage => 64,
        }
    }

    /// What a creation that failed comes to. One mistake of the user is enough to make it a rejection: the host is
    /// to blame only if nothing else is.
    pub(crate) fn of_failed_creation(diagnostics: &[Diagnostic]) -> Self {
        let mut errors = diagnostics.iter().filter(|one| one.is_error());
        if errors.all(|one| one.problem().is_host_refusal()) { Outcome::Refused } else { Outcome::Rejected }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        outcome.code().into()
    }
}
