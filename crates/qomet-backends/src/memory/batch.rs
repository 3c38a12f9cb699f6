//! The file windows of a batch, judged together.
//!
//! Several objects may have windows in one file; whether it can be made or grown depends on all of them. So each
//! object announces its request; the first that is probed makes the plan, and realizing opens what was planned.

use std::sync::OnceLock;

use parking_lot::Mutex;
use qomet::Service;
use qomet_memory::{FileLedger, FileRequest, Host, Plan};

/// The host that a model's memory comes from; a test puts one in its place that fails.
#[derive(Clone)]
pub struct MemoryHost(pub Host);

impl Default for MemoryHost {
    fn default() -> Self {
        MemoryHost(Host::real())
    }
}

impl Service for MemoryHost {}

/// Which object of a model holds which bytes of which file.
#[derive(Default)]
pub(super) struct Files(FileLedger);

impl Service for Files {}

/// The requests of one batch.
#[derive(Default)]
pub(super) struct Requests {
    announced: Mutex<Vec<(String, FileRequest)>>,
    plan: OnceLock<Plan>,
}

impl Service for Requests {}

impl Requests {
    pub(super) fn announce(&self, id: &str, request: FileRequest) {
        self.announced.lock().push((id.to_owned(), request));
    }

    /// The plan over all that was announced before it was first asked for.
    pub(super) fn plan(&self, files: &Files, host: &MemoryHost) -> &Plan {
        self.plan.get_or_init(|| files.0.plan(&host.0, std::mem::take(&mut *self.announced.lock())))
    }
}
