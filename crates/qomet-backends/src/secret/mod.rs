//! Secrets: passwords and keys, `secret_common` and the types below it.
//!
//! Whoever needs one (TLS credentials, an encrypted disk) names its object by id ([`qomet::IdOf`]) or links to a
//! [`SecretCommon`], and asks it for [`SecretProvider`]. No client can read a secret: `data` is write-only, which in QEMU
//! it is not.
//!
//! What a secret is made of is wiped when it is dropped: the given data, what was read, decoded and decrypted. What is not in
//! reach is not wiped: the text of the document or message that had the data, the key schedule of the cipher.
//!
//! ```text
//! plain      the type secret: data or a file
//! keyring    the type secret_keyring: a key that the kernel keeps
//! common     their parent: the encoding
//! open       decoding and decrypting
//! base64     base64 as QEMU reads it
//! batch      keys that are secrets of the same batch, so that a check sees what creation would
//! ```

mod base64;
mod batch;
mod bytes;
mod common;
#[cfg(feature = "keyring")]
mod keyring;
mod open;
mod plain;
#[cfg(test)]
mod tests;

pub use bytes::{SecretBytes, SecretText};
pub use common::{SecretCommon, SecretFormat, SecretProvider};
#[cfg(feature = "keyring")]
pub use keyring::SecretKeyring;
pub use plain::Secret;
