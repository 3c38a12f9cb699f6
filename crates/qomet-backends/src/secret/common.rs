//! What all secrets share.

use std::sync::Arc;

use qomet::prelude::*;
use qomet::{IdOf, Interface, ModelErrorKind, ProbeContext, Result};
use zeroize::Zeroizing;

use super::batch::{Announced, Known};
use super::bytes::SecretBytes;
use super::open::{Opened, Wrapping, open, vector};
use crate::problem::BackendErrorKind;

/// How a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
#[value(name = "QCryptoSecretFormat")]
pub enum SecretFormat {
    /// As it is
    Raw,
    /// In base64, for bytes that are no text
    Base64,
}

/// What has a secret.
pub trait SecretProvider: Send + Sync {
    /// The secret, decoded and decrypted.
    fn secret(&self) -> &SecretBytes;

    /// The secret as text.
    ///
    /// # Errors
    /// It is no UTF-8.
    fn secret_text(&self) -> Result<&str> {
        std::str::from_utf8(self.secret().expose()).map_err(|_| BackendErrorKind::NoText.into())
    }
}

impl Interface for dyn SecretProvider {
    const NAME: &'static str = "secret-provider";
}

/// A password or key, whatever it comes from.
#[derive(Object)]
#[object(name = "secret_common", abstract, user_creatable, check)]
pub struct SecretCommon {
    /// How the secret is written
    #[property(default = SecretFormat::Raw)]
    format: SecretFormat,
    /// The secret of 32 bytes under which this one is encrypted with AES-256-CBC
    keyid: Option<IdOf<SecretCommon>>,
    /// The initialisation vector, in base64; needed with `keyid`
    iv: Option<String>,
}

impl Check for SecretCommon {
    fn check(&self, report: &mut Diagnostics) {
        // Without a key QEMU does not look at the vector.
        if self.keyid.is_none() {
            return;
        }
        if !cfg!(feature = "crypto") {
            let _ = report.report(BackendErrorKind::BuiltWithout { feature: "crypto" }.about("keyid"));
        } else if let Err(problem) = vector(self.iv.as_deref()) {
            let _ = report
                .report(problem.about("iv").with_other_property("keyid", "encrypted under this secret"));
        }
    }
}

impl SecretCommon {
    /// The id of the key, if the secret is encrypted.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.keyid.as_ref().map(IdOf::id)
    }

    /// The secret that `given` stands for; `from` is the property that has it.
    pub(super) fn opened(
        &self,
        given: &[u8],
        key: Option<&SecretBytes>,
        from: &'static str,
    ) -> Result<Opened> {
        let key = key.map(|key| (key, self.iv.as_deref()));
        let wrapping = Wrapping { format: self.format, key, from };
        open(given, &wrapping).map_err(|(problem, property)| problem.about(property))
    }

    /// Tells the others of the batch what `given` will be.
    pub(super) fn announced(&self, given: Zeroizing<Vec<u8>>, from: &'static str, cx: &ProbeContext<'_>) {
        let (format, iv) = (self.format, self.iv.clone());
        cx.batch::<Announced>().add(cx.id(), self.key_id(), given, move |given, key| {
            let key = key.map(|key| (key, iv.as_deref()));
            open(given, &Wrapping { format, key, from }).ok().map(|opened| opened.secret)
        });
    }

    /// Reports what will be wrong when the secret is opened.
    pub(super) fn probed(&self, given: &[u8], from: &'static str, cx: &mut ProbeContext<'_>) {
        // A vector that is wrong is told by the rules.
        let key = match self.key_id() {
            None => None,
            Some(_) if vector(self.iv.as_deref()).is_err() => return,
            Some(id) => match cx.batch::<Announced>().find(id, &cx.service::<Known>()) {
                // What is wrong with the key is told of the key.
                None => return,
                found => found,
            },
        };
        match self.opened(given, key.as_deref(), from) {
            Ok(Opened { dropped: 0, .. }) => {}
            Ok(Opened { dropped, .. }) => {
                cx.report(BackendErrorKind::Base64Dropped { what: from, dropped }.about(from));
            }
            Err(problem) => cx.report(problem),
        }
    }

    /// The same when the object is realized: the key is there by now, and the secret becomes one that others can
    /// have as their key.
    pub(super) fn realized(
        &self,
        given: &[u8],
        from: &'static str,
        cx: &mut RealizeContext<'_>,
    ) -> Result<Arc<SecretBytes>> {
        let holder = match &self.keyid {
            None => None,
            Some(keyid) => Some(keyid.get().ok_or_else(|| self.no_key(keyid))?),
        };
        let key = match &holder {
            None => None,
            Some(object) => Some(
                object
                    .interface::<dyn SecretProvider>()
                    .ok_or_else(|| Diagnostic::from(ModelErrorKind::Deleted).with_property("keyid"))?
                    .secret(),
            ),
        };
        // What was dropped was told when it was probed.
        let Opened { secret, .. } = self.opened(given, key, from)?;
        let secret = Arc::new(secret);
        cx.service::<Known>().add(cx.id(), &secret);
        Ok(secret)
    }

    fn no_key(&self, keyid: &IdOf<SecretCommon>) -> Diagnostic {
        let id = keyid.id().to_owned();
        Diagnostic::new(ModelErrorKind::UnknownId { id, nearest: None }).with_property("keyid")
    }
}
