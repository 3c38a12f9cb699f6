//! `memory-backend-ram`: memory of the process itself.

use std::path::Path;
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Advice, Content, Foreseen, Instance, Need, ProbeContext, Progress, Result, Surroundings};
use qomet_memory::{AnonymousKind, AnonymousRequest, Region};

use super::anonymous;
use super::backend::{BackendState, HostMemory, MemoryBackend};

/// Guest memory without a file: the host's RAM, gone with the object. With `share` other processes can map it too.
///
/// ```
/// use std::fs::File;
/// use std::os::unix::fs::FileExt as _;
///
/// use qomet::{Model, TypeRegistry};
/// use qomet_backends::memory::HostMemory;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("memory-backend-ram")?;
/// draft.set_id("own0");
/// draft.set("size", 1_u64 << 20)?;
/// let own = model.create(draft)?;
/// let region = own.interface::<dyn HostMemory>().expect("an interface of every backend").region();
/// assert!(region.file().is_none()); // nothing that another process could map
///
/// let mut draft = model.draft("memory-backend-ram")?;
/// draft.set_id("ram0");
/// draft.set("size", 1_u64 << 20)?;
/// draft.set("share", true)?;
/// let shared = model.create(draft)?;
/// let region = shared.interface::<dyn HostMemory>().expect("an interface of every backend").region();
/// region.write(4096, b"hello")?;
/// let file = File::from(region.file().expect("what shared memory is handed on as").try_clone()?);
/// let mut bytes = [0; 5];
/// file.read_exact_at(&mut bytes, region.file_offset() + 4096)?;
/// assert_eq!(&bytes, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "memory-backend-ram", user_creatable, state = BackendState, interfaces(HostMemory))]
pub struct RamBackend {
    #[object(parent)]
    backend: MemoryBackend,
}

impl RamBackend {
    pub(super) fn request(&self) -> AnonymousRequest {
        AnonymousRequest {
            size: Some(self.size().bytes()),
            kind: AnonymousKind::Ram,
            memory: self.options(false),
        }
    }
}

impl Realize for RamBackend {
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
        self.finish(opened, false, cx)
    }

    fn prepare(&self, state: &BackendState, property: &'static str, progress: &Progress) -> Result<()> {
        self.prepare_live(state, property, progress)
    }

    fn foresee(&self, property: &'static str, around: Option<&Surroundings<'_>>) -> Foreseen {
        self.foresee_common(property, false, (&[], || anonymous::page_size(&self.request(), around)))
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

impl HostMemory for Instance<RamBackend> {
    fn region(&self) -> &Arc<Region> {
        self.state().region()
    }
    fn path(&self) -> Option<&Path> {
        None
    }
}
