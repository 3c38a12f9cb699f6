//! What the types of this crate refuse or warn of, each kind worded here and nowhere else. What memory refuses is
//! worded in `qomet-memory`; mistakes that any type can have, in `qomet`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use qomet::{About, Diagnostic, Problem, Severity};

/// The kinds of mistakes of the types other than memory. `code()` is their stable name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts that the message of the kind names")]
pub enum BackendErrorKind {
    // files
    /// A file or device cannot be opened.
    NotOpened { path: PathBuf, reason: String },
    /// A file or device cannot be read.
    NotRead { path: PathBuf, reason: String },
    /// The changes of a folder cannot be watched.
    NotWatched { path: PathBuf, reason: String },

    // who is allowed
    /// A file is no list of rules.
    NoRules { path: PathBuf, reason: String },

    // random numbers
    /// The kernel gives no random numbers.
    NoRandomness { reason: String },
    /// A source has no more bytes.
    RandomEnded { path: PathBuf, wanted: usize, got: usize },
}

use BackendErrorKind as K;

/// Why the host refused, without the number that the standard library adds.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_owned(),
        None => error.to_string(),
    }
}

impl BackendErrorKind {
    pub(crate) fn not_opened(path: &Path, error: &io::Error) -> Self {
        K::NotOpened { path: path.to_owned(), reason: reason(error) }
    }

    pub(crate) fn not_read(path: &Path, error: &io::Error) -> Self {
        K::NotRead { path: path.to_owned(), reason: reason(error) }
    }

    #[cfg(feature = "authz-file")]
    pub(crate) fn not_watched(path: &Path, error: &io::Error) -> Self {
        K::NotWatched { path: path.to_owned(), reason: reason(error) }
    }

    /// The kind as a diagnostic about a property.
    pub(crate) fn about(self, property: &str) -> Diagnostic {
        Diagnostic::new(self).with_property(property)
    }

    /// The kind as a diagnostic about an object.
    pub(crate) fn of(self, object: &str) -> Diagnostic {
        Diagnostic::new(self).with_object(object)
    }

    /// One of each kind, for the table of all messages.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let s = str::to_owned;
        vec![
            K::NotOpened { path: "/dev/hwrng".into(), reason: s("No such file or directory") },
            K::NotRead { path: "/dev/hwrng".into(), reason: s("No such device") },
            K::NotWatched { path: "/etc/qomet".into(), reason: s("Too many open files") },
            K::NoRules { path: "/etc/qomet/rules.json".into(), reason: s("there is no member 'rule'") },
            K::NoRandomness { reason: s("Function not implemented") },
            K::RandomEnded { path: "/tmp/seed".into(), wanted: 64, got: 16 },
        ]
    }
}

impl Problem for BackendErrorKind {
    fn code(&self) -> &'static str {
        match self {
            K::NotOpened { .. } => "not-opened",
            K::NotRead { .. } => "not-read",
            K::NotWatched { .. } => "not-watched",
            K::NoRules { .. } => "no-rules",
            K::NoRandomness { .. } => "no-randomness",
            K::RandomEnded { .. } => "random-source-ended",
        }
    }

    fn message(&self, about: &About, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = &about.object {
            write!(f, "object '{id}': ")?;
        }
        match self {
            K::NotOpened { path, reason } => write!(f, "cannot open '{}': {reason}", path.display()),
            K::NotRead { path, reason } => write!(f, "cannot read '{}': {reason}", path.display()),
            K::NotWatched { path, reason } => write!(f, "cannot watch '{}': {reason}", path.display()),
            K::NoRules { path, reason } => write!(f, "'{}' is no list of rules: {reason}", path.display()),
            K::NoRandomness { reason } => write!(f, "the kernel gives no random numbers: {reason}"),
            K::RandomEnded { path, wanted, got } => {
                write!(f, "'{}' has ended: {got} of {wanted} bytes were left", path.display())
            }
        }
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn expected(&self) -> Option<String> {
        match self {
            K::RandomEnded { wanted, .. } => Some(format!("{wanted} bytes")),
            _ => None,
        }
    }

    fn found(&self) -> Option<String> {
        match self {
            K::RandomEnded { got, .. } => Some(format!("{got} bytes")),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            K::NoRules { .. } => Some(
                "write { \"rules\": [{ \"match\": \"fred\", \"policy\": \"allow\" }], \"policy\": \"deny\" }"
                    .to_owned(),
            ),
            K::RandomEnded { .. } => {
                Some("use a device that does not end, such as \"/dev/urandom\"".to_owned())
            }
            _ => None,
        }
    }

    fn is_host_refusal(&self) -> bool {
        !matches!(self, K::NoRules { .. })
    }
}
