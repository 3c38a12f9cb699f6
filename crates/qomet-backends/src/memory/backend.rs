//! What all memory backends share.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use qomet::prelude::*;
use qomet::{Borrowed, Foreseen, Interface, Native, ProbeContext, Progress, Result};
use qomet_memory::{MemoryError, MemoryOptions, Opened, Region, Workers, prealloc_threads};

use super::batch::MemoryHost;
use super::problem::{refusal, warning};
use crate::thread::{ThreadContext, ThreadSource};

/// Where the host takes memory from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
#[value(name = "HostMemPolicy")]
pub enum Policy {
    /// From wherever the process usually gets it
    Default,
    /// From the given nodes first
    Preferred,
    /// From the given nodes only
    Bind,
    /// From the given nodes in turn
    Interleave,
}

impl From<Policy> for qomet_memory::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Default => qomet_memory::Policy::Default,
            Policy::Preferred => qomet_memory::Policy::Preferred,
            Policy::Bind => qomet_memory::Policy::Bind,
            Policy::Interleave => qomet_memory::Policy::Interleave,
        }
    }
}

/// Memory of a guest, whatever it comes from.
#[derive(Object)]
#[object(name = "memory-backend", abstract, user_creatable, serves, state = BackendState)]
pub struct MemoryBackend {
    /// Size of the memory region (ex: 500M)
    #[property(required, min = 1, max = i64::MAX)]
    size: Size,
    /// Whether others who map the same file or inherit the memory see the writes; unset: as is usual for the type
    #[property(effective = MemoryBackend::effective_share)]
    share: Option<bool>,
    /// Whether the kernel may merge equal pages; unset: where that is possible
    #[property(effective = MemoryBackend::effective_merge)]
    merge: Live<Option<bool>>,
    /// Whether the memory is part of a core dump
    #[property(default = true)]
    dump: Live<bool>,
    /// Whether all pages are made present before the memory is used
    #[property(default = false, effective = MemoryBackend::is_populated)]
    prealloc: Live<bool>,
    /// Threads that make pages present; unset: as many as are worth while
    #[property(min = 1, effective = MemoryBackend::effective_threads)]
    prealloc_threads: Live<Option<u32>>,
    /// The thread-context on whose CPUs pages are made present; unset: where the caller runs
    #[property(since = "7.2")]
    prealloc_context: Live<Option<WeakLink<ThreadContext>>>,
    /// Whether swap space or huge pages are reserved when mapping; unset: where that is possible
    #[property(effective = MemoryBackend::effective_reserve)]
    reserve: Option<bool>,
    /// The NUMA nodes of the host that `policy` is about
    #[property(default = Vec::new(), effective = MemoryBackend::effective_nodes)]
    host_nodes: Vec<u16>,
    /// From which NUMA nodes of the host the memory comes
    #[property(default = Policy::Default)]
    policy: Policy,
    /// Whether a RAM block is known by the canonical path rather than by the id (for migration)
    #[property(default = false, unstable)]
    x_use_canonical_path_for_ramblock_id: Live<bool>,
    /// Size of the pages that the memory consists of
    #[property(computed = MemoryBackend::page_size)]
    x_page_size: Computed<Size>,
    /// Threads that made pages present, or would
    #[property(computed = MemoryBackend::worthwhile_threads)]
    x_effective_prealloc_threads: Computed<u32>,
    /// What was accepted though it may not do what was hoped
    #[property(computed = MemoryBackend::warnings)]
    x_warnings: Computed<Vec<String>>,
}

/// What a realized backend holds.
pub struct BackendState {
    region: Arc<Region>,
    share: bool,
    host: Arc<MemoryHost>,
    threads: AtomicU32,
    populated: AtomicBool,
    warnings: Vec<String>,
    /// What the memory came from, if somebody passed it: then its set does not go by itself.
    _borrowed: Option<Borrowed>,
}

/// Memory that consumers map: the interface of every backend.
///
/// A consumer takes the region, which knows its file, offset and length, and never a bare descriptor.
pub trait HostMemory: Send + Sync {
    /// The memory.
    fn region(&self) -> &Arc<Region>;
    /// The path as configured, if the memory is a window of a file that has one.
    fn path(&self) -> Option<&Path>;
}

impl Interface for dyn HostMemory {
    const NAME: &'static str = "host-memory";
}

impl BackendState {
    /// Keeps what the memory came from in use.
    pub(super) fn of(self, borrowed: Option<Borrowed>) -> Self {
        Self { _borrowed: borrowed, ..self }
    }

    /// The memory.
    #[must_use]
    pub fn region(&self) -> &Arc<Region> {
        &self.region
    }
}

impl MemoryBackend {
    /// What all memory has in common, in the words of the host, given what is usual for the type. `None` where a
    /// setting was left to its default, which then has no effect silently.
    pub(super) fn options(&self, share: bool) -> MemoryOptions {
        MemoryOptions {
            share: self.share.unwrap_or(share),
            reserve: self.reserve,
            merge: self.merge.get(),
            dump: self.dump.get(),
            prealloc: self.prealloc.get(),
            prealloc_threads: self.prealloc_threads.get(),
            policy: self.policy.into(),
            host_nodes: self.host_nodes.clone(),
        }
    }

    /// Whether there is so much memory that populating it, or giving it back, holds up whoever waits.
    pub(super) fn is_much(&self) -> bool {
        const MUCH: u64 = 16 << 20;
        self.size().bytes() >= MUCH
    }

    /// Announces how much there will be to populate.
    pub(super) fn announce_work(&self, cx: &ProbeContext<'_>) {
        if self.prealloc.get() {
            cx.progress().expect(self.size().bytes());
        }
    }

    /// Populates what was opened and makes the state of it.
    pub(super) fn finish(
        &self,
        opened: Opened,
        share: bool,
        cx: &mut RealizeContext<'_>,
    ) -> Result<BackendState> {
        let Opened { region, warnings } = opened;
        let told = warnings.iter().map(ToString::to_string).collect();
        for one in warnings {
            cx.warn(warning(one));
        }
        let host = cx.service::<MemoryHost>();
        let workers = self.workers(&host, &region)?;
        let threads = workers.threads;
        if self.prealloc.get() {
            cx.progress().tell_object(cx.id());
            populate(&region, workers, cx.progress())?;
        }
        let populated = self.prealloc.get().into();
        Ok(BackendState {
            region: Arc::new(region),
            share: self.share.unwrap_or(share),
            host,
            threads: threads.into(),
            populated,
            warnings: told,
            _borrowed: None,
        })
    }

    /// Populates the memory when `prealloc` is set later: that takes long, so it is done before the object's lock.
    pub(super) fn prepare_live(
        &self,
        state: &BackendState,
        property: &str,
        progress: &Progress,
    ) -> Result<()> {
        if property == "prealloc" && self.prealloc.get() {
            if self.reserve == Some(false) {
                return Err(refusal(MemoryError::PreallocWithoutReserve));
            }
            let workers = self.workers(&state.host, &state.region)?;
            progress.expect(state.region.mapped_len());
            progress.begin();
            populate(&state.region, workers, progress)?;
        }
        Ok(())
    }

    /// Puts a changed live property into effect.
    pub(super) fn apply_live(&self, state: &BackendState, property: &str) -> Result<()> {
        match property {
            "merge" => state.region.set_merge(self.merge.get().unwrap_or(true)).map(drop).map_err(refusal),
            "dump" => state.region.set_dump(self.dump.get()).map_err(refusal),
            "prealloc" if self.prealloc.get() => {
                state.populated.store(true, Ordering::Relaxed);
                Ok(())
            }
            "prealloc-threads" | "prealloc-context" => {
                state.threads.store(self.workers(&state.host, &state.region)?.threads, Ordering::Relaxed);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Who populates so much memory: at most so many threads, where the context says.
    fn workers(&self, host: &MemoryHost, region: &Region) -> Result<Workers> {
        let context = self.prealloc_context.get().and_then(|link| link.get());
        let source = context.as_ref().and_then(|object| object.interface::<dyn ThreadSource>());
        let cpus = source.map(ThreadSource::cpus).transpose()?;
        let asked = self.prealloc_threads.get();
        let threads = prealloc_threads(&host.0, asked, region.len()).map_err(refusal)?;
        let most = cpus.as_ref().map_or(u32::MAX, |cpus| u32::try_from(cpus.len()).unwrap_or(u32::MAX));
        Ok(Workers { threads: threads.min(most), cpus })
    }

    /// What properties that all memory has will come to; `share` is what is usual for the type, `page` finds the page size,
    /// which follows from the properties `from`.
    pub(super) fn foresee_common(
        &self,
        property: &str,
        share: bool,
        (from, page): (&'static [&'static str], impl FnOnce() -> Option<u64>),
    ) -> Foreseen {
        match property {
            "share" => Foreseen::Value(Native::Bool(self.share.unwrap_or(share)), &[]),
            "reserve" => Foreseen::Value(Native::Bool(self.reserve.unwrap_or(true)), &[]),
            "x-page-size" => {
                page().map_or(Foreseen::Unknown, |size| Foreseen::Value(Native::Uint(size), from))
            }
            _ => Foreseen::AsConfigured,
        }
    }

    fn page_size(&self, state: &BackendState) -> Size {
        Size(state.region.page_size())
    }

    fn effective_share(&self, state: &BackendState) -> Option<bool> {
        Some(state.share)
    }

    fn effective_merge(&self, _: &BackendState) -> Option<bool> {
        Some(self.merge.get().unwrap_or(true))
    }

    fn effective_reserve(&self, _: &BackendState) -> Option<bool> {
        Some(self.reserve.unwrap_or(true))
    }

    fn effective_nodes(&self, _: &BackendState) -> Vec<u16> {
        self.nodes()
    }

    /// Each node once and in order, as the kernel keeps them.
    pub(super) fn nodes(&self) -> Vec<u16> {
        let mut nodes = self.host_nodes.clone();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// What has been made present stays so, whatever `prealloc` is set to.
    fn is_populated(&self, state: &BackendState) -> bool {
        state.populated.load(Ordering::Relaxed)
    }

    fn effective_threads(&self, _: &BackendState) -> Option<u32> {
        Some(self.prealloc_threads.get().unwrap_or(1))
    }

    fn worthwhile_threads(&self, state: &BackendState) -> u32 {
        state.threads.load(Ordering::Relaxed)
    }

    fn warnings(&self, state: &BackendState) -> Vec<String> {
        state.warnings.clone()
    }
}

/// Makes all pages present, tells how many are, and stops when that is cancelled.
fn populate(region: &Region, workers: Workers, progress: &Progress) -> Result<()> {
    let watcher = |bytes: u64| {
        progress.advance(bytes);
        if progress.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let done = region.allocate(&watcher).and_then(|()| region.populate(workers, &watcher));
    done.map_err(|error| match error {
        MemoryError::Cancelled { .. } => qomet::ModelErrorKind::Cancelled.into(),
        other => refusal(other).with_property("prealloc"),
    })
}
