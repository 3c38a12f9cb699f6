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
    // memory
    /// An object of whose memory somebody wants a lease, and that has none.
    NotMemory { type_name: String },
    /// A private copy of a file that is only read, for somebody who needs to share it.
    TemplateHandedOut { id: String, need: String },

    // files
    /// A file or device cannot be opened; what may have been meant, if it is not there.
    NotOpened { path: PathBuf, reason: String, near: Option<PathBuf> },
    /// A file or device cannot be read; what may have been meant, if it is not there.
    NotRead { path: PathBuf, reason: String, near: Option<PathBuf> },
    /// The changes of a folder cannot be watched.
    NotWatched { path: PathBuf, reason: String },

    // who is allowed
    /// A file is no list of rules.
    NoRules { path: PathBuf, reason: String },

    // rates
    /// A rate that is negative or too high.
    RateTooHigh { name: &'static str, value: i64, highest: u64 },
    /// A burst that lasts no whole number of seconds that there is.
    BurstLength { name: &'static str, value: i64 },
    /// A limit of reads and writes together, and one of its parts.
    TotalAndOneWay { total: &'static str, one_way: &'static str },
    /// The size of an operation without a limit of operations.
    SizeWithoutIops,
    /// The length of a burst without its rate.
    LengthWithoutBurst { length: &'static str, max: &'static str },
    /// A burst in which more would go than can be counted.
    BurstTooLong { length: &'static str, seconds: u32, most: u64 },
    /// The rate of a burst without the rate it is an exception of.
    BurstWithoutRate { max: &'static str, rate: &'static str },
    /// A burst that is slower than the rate.
    BurstBelowRate { max: &'static str, rate: &'static str, burst: u64, average: u64 },

    // secrets
    /// A secret that is neither given nor in a file.
    NoSecret,
    /// A secret that is given and in a file.
    TwoSecrets,
    /// A character that base64 does not have.
    InvalidBase64 { what: &'static str },
    /// Characters at the end that are no whole group of base64 (warning).
    Base64Dropped { what: &'static str, dropped: usize },
    /// A key without an initialisation vector.
    NoVector,
    /// An initialisation vector of another length.
    VectorLength { length: usize },
    /// A key of another length.
    KeyLength { length: usize },
    /// Encrypted data that is no whole number of blocks.
    NotWholeBlocks { length: usize },
    /// Decrypting gave no padding.
    WrongKey,
    /// A secret that is no text where text is wanted.
    NoText,
    /// What this program was built without.
    BuiltWithout { feature: &'static str },
    /// The number that no key of the kernel has.
    SerialZero,
    /// A key of the kernel that cannot be read.
    NoKey { serial: i32, reason: String },
    /// A kernel that keeps no keys.
    NoKeyrings,

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

/// What is there under a name that is near, if nothing is there under this one.
fn near(path: &Path, error: &io::Error) -> Option<PathBuf> {
    (error.kind() == io::ErrorKind::NotFound).then(|| crate::host::near(path))?
}

impl BackendErrorKind {
    pub(crate) fn not_opened(path: &Path, error: &io::Error) -> Self {
        K::NotOpened { path: path.to_owned(), reason: reason(error), near: near(path, error) }
    }

    pub(crate) fn not_read(path: &Path, error: &io::Error) -> Self {
        K::NotRead { path: path.to_owned(), reason: reason(error), near: near(path, error) }
    }

    #[cfg(feature = "authz-file")]
    pub(crate) fn not_watched(path: &Path, error: &io::Error) -> Self {
        K::NotWatched { path: path.to_owned(), reason: reason(error) }
    }

    #[cfg(feature = "keyring")]
    pub(crate) fn no_key(serial: i32, error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(nix::libc::ENOSYS) => K::NoKeyrings,
            _ => K::NoKey { serial, reason: reason(error) },
        }
    }

    /// The limit of a `throttle-group` that it is about, where it is one.
    pub(crate) fn limit(&self) -> Option<&'static str> {
        Some(match self {
            K::RateTooHigh { name, .. } | K::BurstLength { name, .. } => name,
            K::TotalAndOneWay { one_way, .. } => one_way,
            K::SizeWithoutIops => "iops-size",
            K::LengthWithoutBurst { length, .. } | K::BurstTooLong { length, .. } => length,
            K::BurstWithoutRate { max, .. } | K::BurstBelowRate { max, .. } => max,
            _ => return None,
        })
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
            K::NotMemory { type_name: s("rng-builtin") },
            K::TemplateHandedOut { id: s("ram0"), need: s("share=on") },
            K::NotOpened {
                path: "/dev/hrwng".into(),
                reason: s("No such file or directory"),
                near: Some("/dev/hwrng".into()),
            },
            K::NotRead { path: "/dev/hwrng".into(), reason: s("No such device"), near: None },
            K::NotWatched { path: "/etc/qomet".into(), reason: s("Too many open files") },
            K::NoRules { path: "/etc/qomet/rules.json".into(), reason: s("there is no member 'rule'") },
            K::RateTooHigh { name: "bps-total", value: -1, highest: 1_000_000_000_000_000 },
            K::BurstLength { name: "bps-total-max-length", value: 0 },
            K::TotalAndOneWay { total: "bps-total", one_way: "bps-read" },
            K::SizeWithoutIops,
            K::LengthWithoutBurst { length: "bps-total-max-length", max: "bps-total-max" },
            K::BurstTooLong { length: "bps-total-max-length", seconds: 3, most: 2 },
            K::BurstWithoutRate { max: "bps-total-max", rate: "bps-total" },
            K::BurstBelowRate { max: "bps-total-max", rate: "bps-total", burst: 5, average: 6 },
            K::NoSecret,
            K::TwoSecrets,
            K::InvalidBase64 { what: "data" },
            K::Base64Dropped { what: "data", dropped: 3 },
            K::NoVector,
            K::VectorLength { length: 12 },
            K::KeyLength { length: 16 },
            K::NotWholeBlocks { length: 20 },
            K::WrongKey,
            K::NoText,
            K::BuiltWithout { feature: "crypto" },
            K::SerialZero,
            K::NoKey { serial: 17, reason: s("Required key not available") },
            K::NoKeyrings,
            K::NoRandomness { reason: s("Function not implemented") },
            K::RandomEnded { path: "/tmp/seed".into(), wanted: 64, got: 16 },
        ]
    }
}

impl Problem for BackendErrorKind {
    fn code(&self) -> &'static str {
        match self {
            K::NotMemory { .. } => "not-memory",
            K::TemplateHandedOut { .. } => "template-handed-out",
            K::NotOpened { .. } => "not-opened",
            K::NotRead { .. } => "not-read",
            K::NotWatched { .. } => "not-watched",
            K::NoRules { .. } => "no-rules",
            K::RateTooHigh { .. } => "rate-too-high",
            K::BurstLength { .. } => "burst-length",
            K::TotalAndOneWay { .. } => "total-and-one-way",
            K::SizeWithoutIops => "size-without-iops",
            K::LengthWithoutBurst { .. } => "length-without-burst",
            K::BurstTooLong { .. } => "burst-too-long",
            K::BurstWithoutRate { .. } => "burst-without-rate",
            K::BurstBelowRate { .. } => "burst-below-rate",
            K::NoSecret => "no-secret",
            K::TwoSecrets => "two-secrets",
            K::InvalidBase64 { .. } => "invalid-base64",
            K::Base64Dropped { .. } => "base64-dropped",
            K::NoVector => "no-vector",
            K::VectorLength { .. } => "vector-length",
            K::KeyLength { .. } => "key-length",
            K::NotWholeBlocks { .. } => "not-whole-blocks",
            K::WrongKey => "wrong-key",
            K::NoText => "secret-not-text",
            K::BuiltWithout { .. } => "built-without",
            K::SerialZero => "serial-zero",
            K::NoKey { .. } => "no-key",
            K::NoKeyrings => "no-keyrings",
            K::NoRandomness { .. } => "no-randomness",
            K::RandomEnded { .. } => "random-source-ended",
        }
    }

    fn message(&self, about: &About, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = &about.object {
            write!(f, "object '{id}': ")?;
        }
        match self {
            K::NotMemory { type_name } => write!(f, "its type {type_name} has no memory"),
            K::TemplateHandedOut { id, need } => {
                write!(
                    f,
                    "'{id}' is a private copy of a file that is only read, so nobody else sees what is written to it; {} \
                     needs {need}",
                    about.property.as_ref().map_or("somebody".to_owned(), |name| format!("'{name}'"))
                )
            }
            K::NotOpened { path, reason, .. } => write!(f, "cannot open '{}': {reason}", path.display()),
            K::NotRead { path, reason, .. } => write!(f, "cannot read '{}': {reason}", path.display()),
            K::NotWatched { path, reason } => write!(f, "cannot watch '{}': {reason}", path.display()),
            K::NoRules { path, reason } => write!(f, "'{}' is no list of rules: {reason}", path.display()),
            K::RateTooHigh { name, value, highest } => {
                write!(f, "'{name}' must be between 0 and {highest}, not {value}")
            }
            K::BurstLength { name, value } => {
                write!(f, "'{name}' must be between 1 and {} seconds, not {value}", u32::MAX)
            }
            K::TotalAndOneWay { total, one_way } => {
                write!(
                    f,
                    "'{total}' limits reads and writes together, so '{one_way}' cannot limit one of them"
                )
            }
            K::SizeWithoutIops => write!(f, "'iops-size' counts operations, and no 'iops-*' limits them"),
            K::LengthWithoutBurst { length, max } => {
                write!(f, "'{length}' is about a burst, and there is no '{max}'")
            }
            K::BurstTooLong { length, seconds, most } => {
                write!(f, "'{length}' must be at most {most} seconds at this rate, not {seconds}")
            }
            K::BurstWithoutRate { max, rate } => {
                write!(f, "'{max}' is an exception of '{rate}', which is not given")
            }
            K::BurstBelowRate { max, rate, burst, average } => {
                write!(f, "'{max}' is {burst}, less than '{rate}', which is {average}")
            }
            K::NoSecret => write!(f, "a secret needs its 'data' or a 'file'"),
            K::TwoSecrets => write!(f, "a secret has either 'data' or a 'file', not both"),
            K::InvalidBase64 { what } => write!(f, "'{what}' has a character that base64 does not have"),
            K::Base64Dropped { what, dropped } => {
                write!(
                    f,
                    "'{what}' ends within a group of base64: its last characters ({dropped}) stand for nothing"
                )
            }
            K::NoVector => {
                write!(f, "'keyid' needs the initialisation vector that the secret was encrypted with, 'iv'")
            }
            K::VectorLength { length } => write!(f, "'iv' must stand for 16 bytes, not {length}"),
            K::KeyLength { length } => {
                write!(f, "the key that 'keyid' names must have 32 bytes, not {length}")
            }
            K::NotWholeBlocks { length } => {
                write!(f, "what was encrypted has a multiple of 16 bytes, not {length}")
            }
            K::WrongKey => write!(f, "the secret was not encrypted with this key and 'iv'"),
            K::NoText => write!(f, "the secret is no text in UTF-8"),
            K::BuiltWithout { feature } => {
                write!(f, "this program is built without the feature '{feature}' of qomet-backends")
            }
            K::SerialZero => write!(f, "no key has the serial number 0"),
            K::NoKey { serial, reason } => {
                write!(f, "cannot read the key {serial} ({serial:#x}) of the kernel: {reason}")
            }
            K::NoKeyrings => {
                write!(f, "this kernel keeps no keys: it lacks CONFIG_KEYS, or a filter hides keyctl(2)")
            }
            K::NoRandomness { reason } => write!(f, "the kernel gives no random numbers: {reason}"),
            K::RandomEnded { path, wanted, got } => {
                write!(f, "'{}' has ended: {got} of {wanted} bytes were left", path.display())
            }
        }
    }

    fn severity(&self) -> Severity {
        match self {
            K::Base64Dropped { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    fn expected(&self) -> Option<String> {
        match self {
            K::VectorLength { .. } => Some("16 bytes".to_owned()),
            K::KeyLength { .. } => Some("32 bytes".to_owned()),
            K::NotWholeBlocks { .. } => Some("a multiple of 16 bytes".to_owned()),
            K::RateTooHigh { highest, .. } => Some(format!("0 to {highest}")),
            K::BurstLength { .. } => Some(format!("1 to {}", u32::MAX)),
            K::BurstTooLong { most, .. } => Some(format!("1 to {most}")),
            K::BurstBelowRate { average, .. } => Some(format!("at least {average}")),
            K::RandomEnded { wanted, .. } => Some(format!("{wanted} bytes")),
            _ => None,
        }
    }

    fn found(&self) -> Option<String> {
        match self {
            K::VectorLength { length } | K::KeyLength { length } | K::NotWholeBlocks { length } => {
                Some(format!("{length} bytes"))
            }
            K::RateTooHigh { value, .. } | K::BurstLength { value, .. } => Some(value.to_string()),
            K::BurstTooLong { seconds, .. } => Some(seconds.to_string()),
            K::BurstBelowRate { burst, .. } => Some(burst.to_string()),
            K::RandomEnded { got, .. } => Some(format!("{got} bytes")),
            _ => None,
        }
    }

    fn part(&self) -> Option<&str> {
        match self {
            K::TemplateHandedOut { id, .. } => Some(id),
            _ => self.limit(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            K::TemplateHandedOut { .. } => Some(
                "a template cannot be shared: take other memory, such as a memory-backend-memfd, or let writes reach the \
                 file with readonly=off and share=on"
                    .to_owned(),
            ),
            K::NoSecret => Some("add 'file', or 'data' where nobody else reads this text".to_owned()),
            K::TwoSecrets => Some("leave one of the two out".to_owned()),
            K::NotMemory { .. } => Some("name the id of a memory-backend-*".to_owned()),
            K::NotOpened { near: Some(near), .. } | K::NotRead { near: Some(near), .. } => {
                Some(format!("did you mean '{}'?", near.display()))
            }
            K::NotOpened { .. } | K::NotRead { .. } => {
                Some("name a file or device that is there and may be read".to_owned())
            }
            K::RateTooHigh { value: ..=-1, .. } => Some("0, or leaving it out, sets no limit".to_owned()),
            K::BurstLength { .. } => Some("leave it out for one second".to_owned()),
            K::BurstTooLong { most, .. } => Some(format!("use at most {most}, or a lower rate of the burst")),
            K::BurstBelowRate { max, rate, average, .. } => {
                Some(format!("set '{max}' to {average} or more, or lower '{rate}'"))
            }
            K::InvalidBase64 { .. } => Some(
                "encode it again ('base64 -w0 FILE'), or leave 'format' out if it is plain text".to_owned(),
            ),
            K::Base64Dropped { .. } => Some(
                "base64 comes in groups of four characters, the last of them filled up with '='".to_owned(),
            ),
            K::NoVector => Some("add 'iv', 16 bytes in base64, or leave 'keyid' out".to_owned()),
            K::VectorLength { .. } => Some(
                "16 bytes are 24 characters of base64 ('openssl rand -base64 16' makes a new one)".to_owned(),
            ),
            K::KeyLength { .. } => Some(
                "32 bytes are 44 characters of base64 ('openssl rand -base64 32' makes a new one)".to_owned(),
            ),
            K::NotWholeBlocks { .. } => {
                Some("encrypt it with AES-256-CBC, which fills up the last block".to_owned())
            }
            K::WrongKey => Some("use the key and 'iv' that it was encrypted with".to_owned()),
            K::BuiltWithout { feature } => Some(format!("build it with '--features {feature}'")),
            K::SerialZero => Some("'keyctl show' lists the keys and their numbers".to_owned()),
            K::NoKeyrings => Some("use the type secret with a 'file'".to_owned()),
            K::NoKey { .. } => Some("keyctl(1) lists the keys: 'keyctl show'".to_owned()),
            K::TotalAndOneWay { total, .. } => {
                Some(format!("leave '{total}' out, or the limits of its parts"))
            }
            K::SizeWithoutIops => Some("add 'iops-total', or leave 'iops-size' out".to_owned()),
            K::LengthWithoutBurst { max, .. } => Some(format!("add '{max}'")),
            K::BurstWithoutRate { rate, .. } => Some(format!("add '{rate}'")),
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
        matches!(
            self,
            K::NotOpened { .. }
                | K::NotRead { .. }
                | K::NotWatched { .. }
                | K::NoKey { .. }
                | K::NoKeyrings
                | K::NoRandomness { .. }
                | K::RandomEnded { .. }
        )
    }
}
