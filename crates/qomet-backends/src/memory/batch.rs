//! The memory of a batch, judged together.
//!
//! Several objects may have windows in one file; whether it can be made or grown depends on all of them. So each
//! object announces its request; the first that is probed makes the plan, and realizing opens what was planned.
//! Those without a file announce theirs, too: what they need in sum may be more than there is.

use std::collections::HashMap;
use std::sync::OnceLock;

use parking_lot::Mutex;
use qomet::Service;
use qomet_memory::{AnonymousRequest, FileLedger, FileRequest, Host, MemoryWarning, Plan, check_sum};

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
    anonymous: Mutex<Vec<(String, AnonymousRequest)>>,
    /// What is too much in sum, by the object with which it is.
    sums: OnceLock<HashMap<String, Vec<MemoryWarning>>>,
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

    pub(super) fn announce_anonymous(&self, id: &str, request: AnonymousRequest) {
        self.anonymous.lock().push((id.to_owned(), request));
    }

    /// What there is to say about an object because of all that were announced before this was first asked for.
    pub(super) fn sum(&self, id: &str, host: &MemoryHost) -> &[MemoryWarning] {
        let sums = self.sums.get_or_init(|| {
            let announced = std::mem::take(&mut *self.anonymous.lock());
            let requests = announced.iter().map(|(id, request)| (id.as_str(), request));
            let mut sums: HashMap<String, Vec<MemoryWarning>> = HashMap::new();
            for (id, one) in check_sum(&host.0, requests) {
                sums.entry(id.to_owned()).or_default().push(one);
            }
            sums
        });
        sums.get(id).map_or(&[], Vec::as_slice)
    }
}
