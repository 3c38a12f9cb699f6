//! Collecting diagnostics, so that a pass can go on after the first.

use super::{Diagnostic, Severity};

/// Proof that something was reported: a function that returns it has nothing more to say.
///
/// Only a collector makes one, so that no path can fail in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Failed(());

/// Diagnostics in the order they were found.
///
/// In builds with debug assertions, a collector that holds something and is dropped unread panics, so that no
/// path forgets to report.
#[derive(Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Diagnostics {
    /// An empty collector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a diagnostic. The returned proof means something only if it was an error.
    pub fn report(&mut self, diagnostic: impl Into<Diagnostic>) -> Failed {
        let diagnostic = diagnostic.into();
        self.errors += usize::from(diagnostic.is_error());
        self.list.push(diagnostic);
        Failed(())
    }

    /// The proof that something was reported that refuses, if so.
    #[must_use]
    pub fn proof(&self) -> Option<Failed> {
        (self.errors > 0).then_some(Failed(()))
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        for one in others {
            let _ = self.report(one);
        }
    }

    /// How many refuse something.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many only warn.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors
    }

    /// Whether nothing was reported, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many diagnostics there are, warnings included.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The diagnostics so far.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The diagnostics so far, to be completed by whoever knows more.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Diagnostic> {
        self.list.iter_mut()
    }

    /// Those from number `from` on: what a step added.
    pub fn since(&mut self, from: usize) -> &mut [Diagnostic] {
        self.list.get_mut(from..).unwrap_or_default()
    }

    /// Takes everything out; this is how a collector is read.
    #[must_use]
    pub fn take(&mut self) -> Vec<Diagnostic> {
        self.errors = 0;
        std::mem::take(&mut self.list)
    }

    /// Everything, or the first error.
    ///
    /// # Errors
    /// The first diagnostic that refuses something; the rest is let go.
    pub fn first_error(mut self) -> Result<Vec<Diagnostic>, Diagnostic> {
        let mut all = self.take();
        match all.iter().position(|one| one.severity() == Severity::Error) {
            Some(index) => Err(all.swap_remove(index)),
            None => Ok(all),
        }
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        debug_assert!(
            self.list.is_empty() || std::thread::panicking(),
            "diagnostics dropped unread: {:?}",
            self.list
        );
    }
}

impl std::fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}
