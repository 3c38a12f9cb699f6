//! What an author implements for a type.

use super::{Advice, Foreseen, Need, ObjectType};
use crate::error::{Diagnostics, Result};
use crate::model::{ProbeContext, Progress, RealizeContext, Surroundings};

/// Rules across the properties of a type: `#[object(check)]` asks for it.
///
/// The one place for such rules: they run before an object is realized and on the candidate of every live set
/// (unless [`Realize::CHECKS_LIVE`] says otherwise), the parents' before the child's.
#[diagnostic::on_unimplemented(
    message = "`#[object(check)]` needs the rules of `{Self}`",
    note = "write `impl Check for {Self}`"
)]
pub trait Check {
    /// Reports every rule that is broken; name the property with
    /// [`Diagnostic::with_property`](crate::Diagnostic::with_property).
    fn check(&self, report: &mut Diagnostics);
}

/// What becomes of what an object holds when the object goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// It holds nothing that anybody could miss.
    #[default]
    None,
    /// It stays where it is, such as in a file.
    Kept,
    /// It is lost.
    Lost,
}

impl Content {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Content::None => "none",
            Content::Kept => "kept",
            Content::Lost => "lost",
        }
    }
}

/// How an object of this type comes to life. Only `realize` is needed.
#[diagnostic::on_unimplemented(
    message = "the object type `{Self}` does not say how its objects come to life",
    note = "write `impl Realize for {Self}`; a type without objects of its own is `#[object(abstract)]`"
)]
pub trait Realize: ObjectType {
    /// Acquires what the object needs. The properties are given and checked; they cannot change any more.
    ///
    /// Whatever is done to the world outside goes into the context's journal, so that it is undone if this object
    /// or another of the same batch fails. What is held is dropped with the state.
    ///
    /// # Errors
    /// What the host refused, or what is wrong with the properties that only the host can tell.
    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<Self::State>;

    /// Tells the others of the batch what this object is going to use. Runs for every object of the batch before
    /// any is probed; changes nothing outside.
    fn announce(&self, _cx: &mut ProbeContext<'_>) {}

    /// Checks against the host, only reading: all that `realize` would refuse and that can be seen before.
    fn probe(&self, _cx: &mut ProbeContext<'_>) {}

    /// Whether realizing, changing or deleting such an object may take longer than others should wait, such as making
    /// a lot of memory present: a server then does it on a thread of its own.
    fn takes_long(&self) -> bool {
        false
    }

    /// Whether [`prepare`](Self::prepare) or [`apply`](Self::apply) does something. Set it to `true` where you implement that.
    const APPLIES: bool = false;

    /// Whether the rules of [`Check`] are asked about each live set too. Set it to `false` where a live set is merged
    /// into what the state holds, so that only [`apply`](Self::apply) can judge what it comes to.
    const CHECKS_LIVE: bool = true;

    /// Does what takes long before a live property is set, without a lock. `self` has the new value. It must do no
    /// harm if the value is not stored after all. It tells `progress` how far it has come, and ends early when that
    /// is cancelled.
    ///
    /// # Errors
    /// Why it cannot be; then nothing is stored.
    fn prepare(&self, _state: &Self::State, _property: &'static str, _progress: &Progress) -> Result<()> {
        Ok(())
    }

    /// Puts a live property into effect, under the object's lock, before it is stored. `self` is the candidate. It must be
    /// short, and not set anything on the same object.
    ///
    /// # Errors
    /// Why it cannot be; then nothing is stored.
    fn apply(&self, _state: &Self::State, _property: &'static str) -> Result<()> {
        Ok(())
    }

    /// What a property will read as once the object is realized, where that is not what was configured: for those who
    /// [need](Need) something of it and link to what is not there yet. `around` is there once the host may be read.
    fn foresee(&self, _property: &'static str, _around: Option<&Surroundings<'_>>) -> Foreseen {
        Foreseen::AsConfigured
    }

    /// What to do about a need that the object, which goes by `id`, does not meet.
    fn advise(&self, _need: &Need, _id: &str) -> Advice {
        Advice::Set
    }

    /// What becomes of what the object holds when it goes; a plan tells, and asks before something is lost.
    fn content(&self, _state: &Self::State) -> Content {
        Content::None
    }

    /// Vetoes deletion for a reason of the type's own. Links that hold the object are not its business.
    ///
    /// # Errors
    /// Why it must stay.
    fn can_be_deleted(&self, _state: &Self::State) -> Result<()> {
        Ok(())
    }
}
