//! `memory-backend-shm`: POSIX shared memory, for other processes on any Unix that QEMU runs on.

use std::path::Path;
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Content, Instance, ProbeContext, Progress, Result};
use qomet_memory::{AnonymousKind, AnonymousRequest, Region};

use super::anonymous;
use super::backend::{BackendState, HostMemory, MemoryBackend};

/// Guest memory that is POSIX shared memory, whose name is removed at once: other processes get it as a descriptor.
#[derive(Object)]
#[object(name = "memory-backend-shm", user_creatable, state = BackendState, interfaces(HostMemory))]
pub struct ShmBackend {
    #[object(parent)]
    backend: MemoryBackend,
}

impl ShmBackend {
    pub(super) fn request(&self) -> AnonymousRequest {
        AnonymousRequest {
            size: Some(self.size().bytes()),
            kind: AnonymousKind::Shm,
            memory: self.options(true),
        }
    }
}

impl Realize for ShmBackend {
    const APPLIES: bool = true;

    fn takes_long(&self) -> bool {
        self.is_much()
    }

    fn announce(&self, cx: &mut ProbeContext<'_>) {
        self.announce_work(cx);
    }

    fn probe(&self, cx: &mut ProbeContext<'_>) {
        anonymous::probe(&self.request(), cx);
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<BackendState> {
        let opened = anonymous::create(&self.request(), cx)?;
        self.finish(opened, true, cx)
    }

    fn prepare(&self, state: &BackendState, property: &'static str, progress: &Progress) -> Result<()> {
        self.prepare_live(state, property, progress)
    }

    fn content(&self, _: &BackendState) -> Content {
        Content::Lost
    }

    fn apply(&self, state: &BackendState, property: &'static str) -> Result<()> {
        self.apply_live(state, property)
    }
}

impl HostMemory for Instance<ShmBackend> {
    fn region(&self) -> &Arc<Region> {
        self.state().region()
    }
    fn path(&self) -> Option<&Path> {
        None
    }
}
