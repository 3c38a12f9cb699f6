//! What objects did, in order: the only way to see realize, undo and drop from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use qomet::Service;

type Hook = Arc<dyn Fn(&str) + Send + Sync>;

/// A log that all objects of a model share. Cloning gives another handle to the same log.
///
/// ```
/// use qomet_testkit::{Trace, build};
/// let (model, trace) = build::traced();
/// build::object(&model, "step", "a");
/// assert_eq!(trace.take(), ["announce a", "probe a", "realize a", "commit a"]);
/// ```
#[derive(Clone, Default)]
pub struct Trace(Arc<Inner>);

#[derive(Default)]
struct Inner {
    lines: Mutex<Vec<String>>,
    realized: AtomicU32,
    hook: Mutex<Option<Hook>>,
}

impl Service for Trace {}

impl Trace {
    /// Adds a line.
    pub fn note(&self, line: impl Into<String>) {
        self.0.lines.lock().push(line.into());
    }

    /// Takes the lines out.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lines.lock())
    }

    /// Runs `hook` with the id of each step while it is being realized.
    pub fn on_realize(&self, hook: impl Fn(&str) + Send + Sync + 'static) {
        *self.0.hook.lock() = Some(Arc::new(hook));
    }

    /// Counts a realized object and runs the hook; returns which one it is, counted from 1.
    pub(crate) fn realizing(&self, id: &str) -> u32 {
        let hook = self.0.hook.lock().clone();
        if let Some(hook) = hook {
            hook(id);
        }
        self.0.realized.fetch_add(1, Ordering::Relaxed) + 1
    }
}
