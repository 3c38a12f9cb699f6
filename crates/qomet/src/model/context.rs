//! What a type is given when its objects are probed and realized.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Journal, Service, Services};
use crate::error::{Diagnostic, Diagnostics, ModelErrorKind, Result};

/// For [`Realize::announce`](crate::Realize::announce) and [`probe`](crate::Realize::probe): the host is read,
/// never changed.
pub struct ProbeContext<'a> {
    pub(crate) id: &'a str,
    pub(crate) services: &'a Services,
    pub(crate) batch: &'a Services,
    pub(crate) report: &'a mut Diagnostics,
}

impl ProbeContext<'_> {
    /// The id of the object to be.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id
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

    /// Reports a mistake or warning.
    pub fn report(&mut self, diagnostic: impl Into<Diagnostic>) {
        let _ = self.report.report(diagnostic);
    }
}

/// For [`Realize::realize`](crate::Realize::realize).
pub struct RealizeContext<'a> {
    pub(crate) id: &'a str,
    pub(crate) services: &'a Services,
    pub(crate) batch: &'a Services,
    pub(crate) journal: &'a mut Journal,
    pub(crate) warnings: &'a mut Diagnostics,
    pub(crate) cancel: &'a AtomicBool,
}

impl RealizeContext<'_> {
    /// The id of the object to be.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id
    }

    /// What the model's objects share.
    #[must_use]
    pub fn service<S: Service>(&self) -> Arc<S> {
        self.services.get()
    }

    /// What the objects of this batch share.
    #[must_use]
    pub fn batch<S: Service>(&self) -> Arc<S> {
        self.batch.get()
    }

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
        if self.cancel.load(Ordering::Relaxed) { Err(ModelErrorKind::Cancelled.into()) } else { Ok(()) }
    }

    /// The flag itself, for threads that work on the object's behalf.
    #[must_use]
    pub fn cancel_flag(&self) -> &AtomicBool {
        self.cancel
    }
}
