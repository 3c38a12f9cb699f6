//! What a type is given when its objects are probed and realized.

use std::ops::Deref;
use std::sync::Arc;

use super::update::Update;
use super::{Journal, Progress, Service, Services};
use crate::error::{Diagnostic, Diagnostics, Result};

/// What is around an object to be: its id, its model, its batch. Both contexts deref to it.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    pub(crate) id: &'a str,
    pub(crate) services: &'a Services,
    pub(crate) batch: &'a Services,
    pub(crate) progress: &'a Progress,
    pub(crate) update: Option<&'a Update>,
}

impl Surroundings<'_> {
    /// The id of the object to be.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id
    }

    /// Whether the object with this id goes when this batch comes: what it uses will be free.
    #[must_use]
    pub fn is_leaving(&self, id: &str) -> bool {
        self.update.is_some_and(|update| update.is_leaving(id))
    }

    /// What the model's objects share.
    #[must_use]
    pub fn service<S: Service>(&self) -> Arc<S> {
        self.services.get()
    }

    /// What the objects of this batch share, until it is created or let go.
    #[must_use]
    pub fn batch<S: Service>(&self) -> Arc<S> {
        self.batch.get()
    }

    /// Where to tell how much there is to do and how much is done, and whether somebody cancelled.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        self.progress
    }
}

/// For [`Realize::announce`](crate::Realize::announce) and [`probe`](crate::Realize::probe): the host is read,
/// never changed.
pub struct ProbeContext<'a> {
    pub(crate) around: Surroundings<'a>,
    pub(crate) report: &'a mut Diagnostics,
}

impl ProbeContext<'_> {
    /// The same for the object `id`, unless the context has a name for it already.
    pub(crate) fn of<'b>(&'b mut self, id: Option<&'b str>) -> ProbeContext<'b> {
        let id = if self.around.id.is_empty() { id.unwrap_or_default() } else { self.around.id };
        ProbeContext { around: Surroundings { id, ..self.around }, report: self.report }
    }

    /// Reports a mistake or warning.
    pub fn report(&mut self, diagnostic: impl Into<Diagnostic>) {
        let _ = self.report.report(diagnostic);
    }
}

impl<'a> Deref for ProbeContext<'a> {
    type Target = Surroundings<'a>;

    fn deref(&self) -> &Surroundings<'a> {
        &self.around
    }
}

/// For [`Realize::realize`](crate::Realize::realize).
pub struct RealizeContext<'a> {
    pub(crate) around: Surroundings<'a>,
    pub(crate) journal: &'a mut Journal,
    pub(crate) warnings: &'a mut Diagnostics,
    /// Whether a batch is applied, and not only created.
    pub(crate) applied: bool,
}

impl RealizeContext<'_> {
    /// Where to note how to undo what was done to the world outside.
    pub fn journal(&mut self) -> &mut Journal {
        self.journal
    }

    /// Tells of something that is not refused.
    pub fn warn(&mut self, diagnostic: impl Into<Diagnostic>) {
        let _ = self.warnings.report(diagnostic);
    }

    /// Whether somebody cancelled; long work asks now and then.
    ///
    /// # Errors
    /// Somebody did.
    pub fn check_cancelled(&self) -> Result<()> {
        self.around.progress.check_cancelled()
    }
}

impl<'a> Deref for RealizeContext<'a> {
    type Target = Surroundings<'a>;

    fn deref(&self) -> &Surroundings<'a> {
        &self.around
    }
}
