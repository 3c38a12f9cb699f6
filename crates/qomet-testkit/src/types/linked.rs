//! Links that hold and links that let go, fixed and live.

use qomet::IdOf;
use qomet::prelude::*;

/// Points at others
#[derive(Object)]
#[object(name = "linked", user_creatable)]
pub struct Linked {
    /// Holds another one.
    next: Option<Link<Linked>>,
    /// Lets go of another one.
    peer: Option<WeakLink<Linked>>,
    /// Holds another one, and may change.
    live_next: Live<Option<Link<Linked>>>,
    /// Lets go of another one, and may change.
    live_peer: Live<Option<WeakLink<Linked>>>,
    /// Holds many.
    #[property(default = Vec::new())]
    many: Vec<Link<Linked>>,
    /// Names another one by its id.
    named: Option<IdOf<Linked>>,
}

impl Realize for Linked {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}
