//! From what was given or read to the secret itself: base64, then AES-256-CBC, as QEMU does it.

use zeroize::Zeroizing;

use super::base64::{self, Decoded};
use super::bytes::SecretBytes;
use super::common::SecretFormat;
use crate::problem::BackendErrorKind;

/// How a secret is wrapped.
pub(super) struct Wrapping<'a> {
    pub(super) format: SecretFormat,
    /// The key that it is encrypted under, and the initialisation vector as given.
    pub(super) key: Option<(&'a SecretBytes, Option<&'a str>)>,
    /// The property or file that has it, for messages.
    pub(super) from: &'static str,
}

/// An opened secret, and what was dropped on the way.
pub(super) struct Opened {
    pub(super) secret: SecretBytes,
    pub(super) dropped: usize,
}

/// Opens a secret.
///
/// # Errors
/// What is wrong, and the property that it is about.
pub(super) fn open(
    given: &[u8],
    wrapping: &Wrapping<'_>,
) -> Result<Opened, (BackendErrorKind, &'static str)> {
    let Decoded { bytes, dropped } = match wrapping.format {
        SecretFormat::Raw => Decoded { bytes: Zeroizing::new(given.to_vec()), dropped: 0 },
        SecretFormat::Base64 => base64::decode(given)
            .ok_or((BackendErrorKind::InvalidBase64 { what: wrapping.from }, wrapping.from))?,
    };
    let bytes = match wrapping.key {
        None => bytes,
        Some((key, iv)) => decrypt(bytes, key, iv, wrapping.from)?,
    };
    Ok(Opened { secret: SecretBytes::new(bytes), dropped })
}

/// The initialisation vector.
///
/// # Errors
/// There is none, or it is no base64 of 16 bytes.
pub(super) fn vector(iv: Option<&str>) -> Result<[u8; 16], BackendErrorKind> {
    let iv = iv.ok_or(BackendErrorKind::NoVector)?;
    let decoded = base64::decode(iv.as_bytes()).ok_or(BackendErrorKind::InvalidBase64 { what: "iv" })?;
    <[u8; 16]>::try_from(&decoded.bytes[..])
        .map_err(|_| BackendErrorKind::VectorLength { length: decoded.bytes.len() })
}

#[cfg(feature = "crypto")]
fn decrypt(
    mut bytes: Zeroizing<Vec<u8>>,
    key: &SecretBytes,
    iv: Option<&str>,
    from: &'static str,
) -> Result<Zeroizing<Vec<u8>>, (BackendErrorKind, &'static str)> {
    use cbc::cipher::block_padding::NoPadding;
    use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};

    let key: &[u8; 32] = key
        .expose()
        .try_into()
        .map_err(|_| (BackendErrorKind::KeyLength { length: key.expose().len() }, "keyid"))?;
    let iv = vector(iv).map_err(|problem| (problem, "iv"))?;
    let length = bytes.len();
    let cipher = cbc::Decryptor::<aes::Aes256>::new(key.into(), (&iv).into());
    // Nothing is no block either, though its length is a multiple.
    if length == 0 || cipher.decrypt_padded::<NoPadding>(&mut bytes).is_err() {
        return Err((BackendErrorKind::NotWholeBlocks { length }, from));
    }
    // QEMU looks at the last byte only, and takes 0 for no padding.
    let padding = usize::from(bytes.last().copied().unwrap_or(0));
    if padding > 16 {
        return Err((BackendErrorKind::WrongKey, "keyid"));
    }
    bytes.truncate(length - padding);
    Ok(bytes)
}

#[cfg(not(feature = "crypto"))]
fn decrypt(
    _: Zeroizing<Vec<u8>>,
    _: &SecretBytes,
    _: Option<&str>,
    _: &'static str,
) -> Result<Zeroizing<Vec<u8>>, (BackendErrorKind, &'static str)> {
    Err((BackendErrorKind::BuiltWithout { feature: "crypto" }, "keyid"))
}
