//! `memory-backend-shm`: POSIX shared memory, for other processes on any Unix that QEMU runs on.

use std::path::Path;
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Advice, Content, Foreseen, Instance, Need, ProbeContext, Progress, Result, Surroundings};
use qomet_memory::{AnonymousKind, AnonymousRequest, Region};

use super::anonymous;
use super::backend::{BackendState, HostMemory, MemoryBackend};

/// Guest memory that is POSIX shared memory, whose name is removed at once: other processes get it as a descriptor.
///
/// ```
/// use qomet::{Model, TypeRegistry};
/// use qomet_backends::memory::HostMemory;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("memory-backend-shm")?;
/// draft.set_id("ram0");
/// draft.set("size", 1_u64 << 20)?;
/// let object = model.create(draft)?;
/// let region = object.interface::<dyn HostMemory>().expect("an interface of every backend").region();
///
/// // Two mappings of the same bytes, as of two processes.
/// let file = std::fs::File::from(region.file().expect("the file of shared memory").try_clone()?);
/// assert_eq!(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?), 0); // it has no name any more
/// std::os::unix::fs::FileExt::write_all_at(&file, b"there", 4096)?;
/// let mut bytes = [0; 5];
/// region.read(4096, &mut bytes)?;
/// assert_eq!(&bytes, b"there");
/// region.discard(4096, 4096)?;
/// region.read(4096, &mut bytes)?;
/// assert_eq!(bytes, [0; 5]);
/// # Ok(())
/// # }
/// ```
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
        anonymous::announce(self.request(), cx);
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

    fn foresee(&self, property: &'static str, around: Option<&Surroundings<'_>>) -> Foreseen {
        self.foresee_common(property, true, (&[], || anonymous::page_size(&self.request(), around)))
    }

    fn advise(&self, need: &Need, _: &str) -> Advice {
        match need.property {
            "x-page-size" => Advice::Instead(anonymous::HUGE_ELSEWHERE.into()),
            _ => Advice::Set,
        }
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
