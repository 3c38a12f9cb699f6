//! `secret_keyring`: a key that the kernel keeps.

use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Instance, ProbeContext, Result};

use super::bytes::SecretBytes;
use super::common::{SecretCommon, SecretProvider};
use crate::host::Host;
use crate::problem::BackendErrorKind;

/// A password or key that the kernel keeps in a keyring.
///
/// ```
/// use linux_keyutils::{KeyRing, KeyRingIdentifier};
/// use qomet::prelude::*;
/// use qomet_backends::secret::SecretProvider;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // As `keyctl add user disk0 hunter2 @p` does, which prints the serial number.
/// let ring = KeyRing::from_special_id(KeyRingIdentifier::Process, true);
/// let Ok(key) = ring.and_then(|ring| ring.add_key("disk0", b"hunter2")) else {
///     return Ok(()); // a container may forbid keys
/// };
///
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("secret_keyring")?;
/// draft.set_id("sec0");
/// draft.set("serial", key.get_id().0)?;
/// let object = model.create(draft)?;
///
/// let provider = object.interface::<dyn SecretProvider>().expect("every secret provides it");
/// assert_eq!(provider.secret().expose(), b"hunter2");
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "secret_keyring", user_creatable, state = KeyringSecret, check, interfaces(SecretProvider))]
pub struct SecretKeyring {
    #[object(parent)]
    common: SecretCommon,
    /// The serial number of the key, as keyctl(1) prints it
    #[property(required, example = "722426428")]
    serial: i32,
}

/// The secret of a realized `secret_keyring`.
pub struct KeyringSecret(Arc<SecretBytes>);

impl std::borrow::Borrow<()> for KeyringSecret {
    fn borrow(&self) -> &() {
        &()
    }
}

impl SecretKeyring {
    fn read(&self, host: &Host) -> Result<zeroize::Zeroizing<Vec<u8>>> {
        let serial = self.serial;
        host.key(serial).map_err(|error| BackendErrorKind::no_key(serial, &error).about("serial"))
    }
}

impl Check for SecretKeyring {
    fn check(&self, report: &mut Diagnostics) {
        if self.serial == 0 {
            let _ = report.report(BackendErrorKind::SerialZero.about("serial"));
        }
    }
}

impl Realize for SecretKeyring {
    fn announce(&self, cx: &mut ProbeContext<'_>) {
        if let Ok(given) = self.read(&cx.service::<Host>()) {
            self.announced(given, "serial", cx);
        }
    }

    fn probe(&self, cx: &mut ProbeContext<'_>) {
        if self.serial == 0 {
            return;
        }
        match self.read(&cx.service::<Host>()) {
            Ok(given) => self.probed(&given, "serial", cx),
            Err(problem) => cx.report(problem),
        }
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<KeyringSecret> {
        let given = self.read(&cx.service::<Host>())?;
        self.realized(&given, "serial", cx).map(KeyringSecret)
    }
}

impl SecretProvider for Instance<SecretKeyring> {
    fn secret(&self) -> &SecretBytes {
        &self.state().0
    }
}
