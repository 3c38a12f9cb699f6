//! `authz-simple`: exactly one identity is allowed.

use qomet::prelude::*;
use qomet::{Instance, Result};

use super::{Authorizer, Authz};

/// Allows exactly one identity.
///
/// ```
/// use qomet::prelude::*;
/// use qomet_backends::authz::Authorizer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("authz-simple")?;
/// draft.set_id("auth0");
/// draft.set("identity", "CN=laptop.example.org,O=Example")?;
/// let object = model.create(draft)?;
///
/// let authorizer = object.interface::<dyn Authorizer>().expect("every authz decides");
/// assert!(authorizer.is_allowed("CN=laptop.example.org,O=Example"));
/// assert!(!authorizer.is_allowed("CN=desktop.example.org,O=Example"));
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "authz-simple", user_creatable, interfaces(Authorizer))]
pub struct AuthzSimple {
    #[object(parent)]
    base: Authz,
    /// The identity that is allowed
    #[property(required, example = "CN=laptop.example.org,O=Example")]
    identity: Live<String>,
}

impl Realize for AuthzSimple {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

impl Authorizer for Instance<AuthzSimple> {
    fn is_allowed(&self, identity: &str) -> bool {
        self.identity() == identity
    }
}

#[cfg(test)]
mod tests {
    use qomet::Native;

    use super::*;
    use crate::testing::{create, model};

    #[test]
    fn the_identity_that_was_set_last_is_allowed() {
        let object = create(&model(), "authz-simple", &[("identity", Native::Str("fred".into()))]).unwrap();
        let authorizer = object.interface::<dyn Authorizer>().unwrap();
        assert!(authorizer.is_allowed("fred") && !authorizer.is_allowed("Fred"));

        object.set("identity", "bob").unwrap();

        assert!(authorizer.is_allowed("bob") && !authorizer.is_allowed("fred"));
    }
}
