//! `secret`: given as it is, or in a file.

use std::path::PathBuf;
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Instance, ProbeContext, Result};
use zeroize::Zeroizing;

use super::bytes::{SecretBytes, SecretText};
use super::common::{SecretCommon, SecretProvider};
use crate::host::Host;
use crate::problem::BackendErrorKind;

/// A password or key that is given, or stands in a file.
///
/// ```
/// use qomet::prelude::*;
/// use qomet_backends::secret::SecretProvider;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("secret")?;
/// draft.set_id("sec0");
/// draft.set("data", "aGVsbG8=")?;
/// draft.set("format", "base64")?;
/// model.create(draft)?;
///
/// // Whoever was told the id finds it; a client cannot read it.
/// let object = model.object("sec0")?;
/// let provider = object.interface::<dyn SecretProvider>().expect("every secret provides it");
/// assert_eq!(provider.secret().expose(), b"hello");
/// assert_eq!(object.get::<String>("data").unwrap_err().code(), "write-only");
///
/// // Another one, encrypted under a key of 32 bytes: openssl enc -aes-256-cbc -base64 -K … -iv …
/// let mut key = model.draft("secret")?;
/// key.set_id("key0");
/// key.set("data", "0123456789abcdef0123456789abcdef")?;
/// model.create(key)?;
/// let mut draft = model.draft("secret")?;
/// draft.set_id("sec1");
/// draft.set("data", "Agcyiky1Hq9ku0Y8VmSiSg==")?;
/// draft.set("format", "base64")?;
/// draft.set("keyid", "key0")?;
/// draft.set("iv", "ZmVkY2JhOTg3NjU0MzIxMA==")?;
/// let object = model.create(draft)?;
/// let provider = object.interface::<dyn SecretProvider>().expect("every secret provides it");
/// assert_eq!(provider.secret().expose(), b"hunter2");
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "secret", user_creatable, state = Opening, check, interfaces(SecretProvider))]
pub struct Secret {
    #[object(parent)]
    common: SecretCommon,
    /// The secret itself
    #[property(sensitive)]
    data: Option<SecretText>,
    /// The file that has the secret
    #[property(example = "/run/secrets/disk0")]
    file: Option<PathBuf>,
}

/// The secret of a realized object.
pub struct Opening(Arc<SecretBytes>);

impl std::borrow::Borrow<()> for Opening {
    fn borrow(&self) -> &() {
        &()
    }
}

impl Secret {
    /// The property that has the secret.
    fn source(&self) -> &'static str {
        if self.data.is_some() { "data" } else { "file" }
    }

    fn read(&self, host: &Host) -> Result<Zeroizing<Vec<u8>>> {
        match (&self.data, &self.file) {
            (Some(data), _) => Ok(Zeroizing::new(data.expose().as_bytes().to_vec())),
            (None, Some(file)) => {
                host.read_secret(file).map_err(|error| BackendErrorKind::not_read(file, &error).about("file"))
            }
            (None, None) => Err(BackendErrorKind::NoSecret.into()),
        }
    }

    /// The same before the object is created: a pipe or terminal gives what it has only once.
    fn read_early(&self, host: &Host) -> Option<Result<Zeroizing<Vec<u8>>>> {
        let once = self.data.is_none() && self.file.as_ref().is_some_and(|file| host.gives_once(file));
        (!once).then(|| self.read(host))
    }
}

impl Check for Secret {
    fn check(&self, report: &mut Diagnostics) {
        let problem = match (&self.data, &self.file) {
            (Some(_), Some(_)) => {
                BackendErrorKind::TwoSecrets.about("file").with_other_property("data", "given here")
            }
            (None, None) => BackendErrorKind::NoSecret.about("data").with_other_property("file", "or here"),
            _ => return,
        };
        let _ = report.report(problem);
    }
}

impl Realize for Secret {
    fn takes_long(&self) -> bool {
        // Nobody knows how long a file system takes to open a file.
        self.file.is_some()
    }

    fn announce(&self, cx: &mut ProbeContext<'_>) {
        if let Some(Ok(given)) = self.read_early(&cx.service::<Host>()) {
            self.announced(given, self.source(), cx);
        }
    }

    fn probe(&self, cx: &mut ProbeContext<'_>) {
        if self.data.is_some() == self.file.is_some() {
            return;
        }
        match self.read_early(&cx.service::<Host>()) {
            None => {}
            Some(Ok(given)) => self.probed(&given, self.source(), cx),
            Some(Err(problem)) => cx.report(problem),
        }
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<Opening> {
        let given = self.read(&cx.service::<Host>())?;
        self.realized(&given, self.source(), cx).map(Opening)
    }
}

impl SecretProvider for Instance<Secret> {
    fn secret(&self) -> &SecretBytes {
        &self.state().0
    }
}
