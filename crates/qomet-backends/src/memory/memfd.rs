//! `memory-backend-memfd`: a file of the kernel's memory, to be handed to other processes.

use std::path::Path;
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Advice, Content, Foreseen, Instance, Need, ProbeContext, Progress, Result, Surroundings};
use qomet_memory::{AnonymousKind, AnonymousRequest, Region};

use super::anonymous;
use super::backend::{BackendState, HostMemory, MemoryBackend};

/// Guest memory that other processes can map: a file without a name, gone with the last who has it open.
///
/// ```
/// use std::fs::File;
/// use std::io::Read as _;
///
/// use qomet::{Model, TypeRegistry};
/// use qomet_backends::memory::HostMemory;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("memory-backend-memfd")?;
/// draft.set_id("ram0");
/// draft.set("size", 1_u64 << 20)?;
/// let object = model.create(draft)?;
/// let region = object.interface::<dyn HostMemory>().expect("an interface of every backend").region();
/// region.write(0, b"hello")?;
///
/// // Another process gets the descriptor; here it is read in this one.
/// let mut file = File::from(region.file().expect("the file of a memfd").try_clone()?);
/// let mut bytes = [0; 5];
/// file.read_exact(&mut bytes)?;
/// assert_eq!(&bytes, b"hello");
/// assert!(file.set_len(0).is_err()); // nobody takes the memory away
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "memory-backend-memfd", user_creatable, state = BackendState, interfaces(HostMemory))]
pub struct MemfdBackend {
    #[object(parent)]
    backend: MemoryBackend,
    /// Whether it consists of huge pages
    #[property(default = false)]
    hugetlb: bool,
    /// The size of its huge pages (ex: 2M, 1G); unset: the kernel's default. Reads 0 where unset
    #[property(min = 1, effective = MemfdBackend::effective_size)]
    hugetlbsize: Option<Size>,
    /// Whether nobody can change its length
    #[property(default = true)]
    seal: bool,
}

impl MemfdBackend {
    pub(super) fn request(&self) -> AnonymousRequest {
        AnonymousRequest {
            size: Some(self.size().bytes()),
            kind: AnonymousKind::Memfd {
                huge: self.hugetlb,
                huge_size: self.hugetlbsize.map(Size::bytes),
                seal: self.seal,
            },
            memory: self.options(true),
        }
    }

    fn effective_size(&self, _: &BackendState) -> Option<Size> {
        Some(self.hugetlbsize.unwrap_or(Size(0)))
    }
}

impl Realize for MemfdBackend {
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
        let page = || match (self.hugetlb, self.hugetlbsize) {
            (true, Some(size)) => Some(size.bytes()),
            _ => anonymous::page_size(&self.request(), around),
        };
        self.foresee_common(property, true, (&["hugetlb", "hugetlbsize"], page))
    }

    fn advise(&self, need: &Need, _: &str) -> Advice {
        match need.property {
            "x-page-size" => Advice::Instead(
                "have it consist of huge pages: hugetlb=on, and their size in hugetlbsize".into(),
            ),
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

impl HostMemory for Instance<MemfdBackend> {
    fn region(&self) -> &Arc<Region> {
        self.state().region()
    }
    fn path(&self) -> Option<&Path> {
        None
    }
}
