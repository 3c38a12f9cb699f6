//! `memory-backend-ram`: memory of the process itself.

use std::path::Path;
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Instance, ProbeContext, Progress, Result};
use qomet_memory::{AnonymousRequest, Region, check_anonymous, create_anonymous};

use super::backend::{BackendState, HostMemory, MemoryBackend};
use super::batch::MemoryHost;
use super::problem::{refusal, warning};

/// Guest memory without a file: the host's RAM, gone with the object.
#[derive(Object)]
#[object(name = "memory-backend-ram", user_creatable, state = BackendState, interfaces(HostMemory))]
pub struct RamBackend {
    #[object(parent)]
    backend: MemoryBackend,
}

impl RamBackend {
    fn request(&self) -> AnonymousRequest {
        AnonymousRequest { size: Some(self.size().bytes()), memory: self.options(false) }
    }
}

impl Realize for RamBackend {
    const APPLIES: bool = true;

    fn takes_long(&self) -> bool {
        self.is_much()
    }

    fn announce(&self, cx: &mut ProbeContext<'_>) {
        self.announce_work(cx);
    }

    fn probe(&self, cx: &mut ProbeContext<'_>) {
        let verdict = check_anonymous(&cx.service::<MemoryHost>().0, &self.request());
        verdict.faults.into_iter().for_each(|fault| cx.report(refusal(fault)));
        verdict.warnings.into_iter().for_each(|one| cx.report(warning(one)));
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<BackendState> {
        let opened = create_anonymous(&cx.service::<MemoryHost>().0, &self.request()).map_err(refusal)?;
        self.finish(opened, false, cx)
    }

    fn prepare(&self, state: &BackendState, property: &'static str, progress: &Progress) -> Result<()> {
        self.prepare_live(state, property, progress)
    }

    fn apply(&self, state: &BackendState, property: &'static str) -> Result<()> {
        self.apply_live(state, property)
    }
}

impl HostMemory for Instance<RamBackend> {
    fn region(&self) -> &Arc<Region> {
        self.state().region()
    }
    fn path(&self) -> Option<&Path> {
        None
    }
}
