//! Who is allowed: `authz` and the types below it.
//!
//! A server that has authenticated a client (by TLS certificate, SASL, peer credentials) knows its identity, a string. It
//! asks any object for [`Authorizer`], or links to an [`Authz`], whether that identity is allowed. Who the client is,
//! is not decided here.
//!
//! `simple` allows one identity, `list` has rules, `list_file` reads them from a file that may change.

mod list;
#[cfg(feature = "authz-file")]
mod list_file;
mod simple;

use qomet::Interface;
use qomet::prelude::*;

pub use list::{AuthzList, ListFormat, ListPolicy, ListRule};
#[cfg(feature = "authz-file")]
pub use list_file::{AuthzListFile, ListFile};
pub use simple::AuthzSimple;

/// What decides who is allowed.
pub trait Authorizer: Send + Sync {
    /// Whether `identity` is allowed. Where that cannot be found out, it is not.
    fn is_allowed(&self, identity: &str) -> bool;
}

impl Interface for dyn Authorizer {
    const NAME: &'static str = "authorizer";
}

/// Decides who is allowed.
#[derive(Object)]
#[object(name = "authz", abstract)]
pub struct Authz {}
