//! `memory-backend-file`: a window of a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{
    About, Advice, Borrowed, Content, Descriptors, Diagnostic, Foreseen, Instance, Native, Need,
    ProbeContext, Progress, Related, Result, Surroundings,
};
use qomet_memory::{FileRequest, Lock, MemoryWarning, Passed, Region, Rom, foresee_file};

use super::backend::{BackendState, HostMemory, MemoryBackend};
use super::batch::{Files, MemoryHost, Requests};
use super::fdset;
use super::problem::{refusal, warning};
use crate::problem::BackendErrorKind;

/// Guest memory that is a window of a file, a block device or persistent memory.
///
/// Several objects may have windows in one file.
///
/// ```
/// use qomet::{Model, TypeRegistry};
/// use qomet_backends::memory::HostMemory;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("guest.img");
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("memory-backend-file")?;
/// draft.set_id("ram0");
/// draft.set("mem-path", path.to_str().expect("a path of text"))?;
/// draft.set("offset", 1_u64 << 20)?;
/// draft.set("size", 2_u64 << 20)?;
/// draft.set("share", true)?;
/// let object = model.create(draft)?;
/// let region = object.interface::<dyn HostMemory>().expect("an interface of every backend").region();
/// region.write(0, b"hello")?;
///
/// // The start of the memory is at the offset in the file, which was made as long as that takes.
/// let bytes = std::fs::read(&path)?;
/// assert_eq!(bytes.len(), 3 << 20);
/// assert_eq!(bytes.get(1 << 20..).and_then(|window| window.get(..5)), Some(&b"hello"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "memory-backend-file", user_creatable, state = BackendState, interfaces(HostMemory))]
pub struct FileBackend {
    #[object(parent)]
    backend: MemoryBackend,
    /// Alignment of the address the file is mapped at; 0: the page size
    #[property(default = Size(0), max = i64::MAX)]
    align: Size,
    /// Offset into the target file (ex: 1G)
    #[property(default = Size(0), max = i64::MAX, since = "8.1")]
    offset: Size,
    /// Whether the contents of the window are worthless once the object goes
    #[property(default = false)]
    discard_data: Live<bool>,
    /// The file, device, or folder for a temporary file
    #[property(required, example = "/dev/shm/guest")]
    mem_path: PathBuf,
    /// Whether the file is persistent memory
    #[property(default = false)]
    pmem: bool,
    /// Whether the file is opened read-only
    #[property(default = false)]
    readonly: bool,
    /// Whether the memory is ROM; auto: as `readonly` says
    #[property(default = OnOffAuto::Auto, effective = FileBackend::effective_rom)]
    rom: OnOffAuto,
    /// Whether the window is locked against other processes; auto: only warn of others
    #[property(default = OnOffAuto::Auto)]
    x_lock: OnOffAuto,
}

impl FileBackend {
    /// The window that the properties describe.
    pub(super) fn request(&self, passed: Option<&Borrowed>) -> FileRequest {
        FileRequest {
            path: self.mem_path.clone(),
            passed: passed.map(|borrowed| Passed(Arc::clone(borrowed.descriptor()))),
            offset: self.offset.bytes(),
            size: Some(self.size().bytes()),
            align: Some(self.align.bytes()),
            readonly: self.readonly,
            rom: match self.rom {
                OnOffAuto::Auto => Rom::Auto,
                OnOffAuto::On => Rom::On,
                OnOffAuto::Off => Rom::Off,
            },
            pmem: self.pmem,
            discard_data: self.discard_data.get(),
            lock: match self.x_lock {
                OnOffAuto::Auto => Lock::Warn,
                OnOffAuto::On => Lock::On,
                OnOffAuto::Off => Lock::Off,
            },
            memory: self.options(false),
        }
    }

    fn page_size(&self, around: Option<&Surroundings<'_>>) -> Option<u64> {
        let around = around?;
        let passed = self.borrow(around).ok()?;
        let host = around.service::<MemoryHost>();
        Some(foresee_file(&host.0, &self.request(passed.as_ref())).ok()?.page_size)
    }

    fn effective_rom(&self, _: &BackendState) -> OnOffAuto {
        self.request(None).is_rom().into()
    }

    /// The file, if somebody passed it.
    fn borrow(&self, around: &Surroundings<'_>) -> Result<Option<Borrowed>> {
        fdset::borrow(&self.mem_path, self.readonly, &around.service::<Descriptors>())
    }
}

impl Realize for FileBackend {
    const APPLIES: bool = true;

    fn takes_long(&self) -> bool {
        // Nobody knows how long a file system takes to open a file.
        true
    }

    fn announce(&self, cx: &mut ProbeContext<'_>) {
        // One that cannot be had is told by `probe`.
        if let Ok(passed) = self.borrow(cx) {
            cx.batch::<Requests>().announce(cx.id(), self.request(passed.as_ref()));
        }
        self.announce_work(cx);
    }

    fn probe(&self, cx: &mut ProbeContext<'_>) {
        if let Err(missing) = self.borrow(cx) {
            return cx.report(missing);
        }
        let (requests, files, host) =
            (cx.batch::<Requests>(), cx.service::<Files>(), cx.service::<MemoryHost>());
        let Some(verdict) = requests.plan(&files, &host).verdict(cx.id()) else { return };
        verdict.faults.iter().for_each(|fault| cx.report(refusal(fault.clone())));
        for one in &verdict.warnings {
            // Who goes with this batch leaves the range.
            if !matches!(one, MemoryWarning::FileRangesOverlap { other, .. } if cx.is_leaving(other)) {
                cx.report(with_other(warning(one.clone()), one));
            }
        }
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<BackendState> {
        let (requests, files, host) =
            (cx.batch::<Requests>(), cx.service::<Files>(), cx.service::<MemoryHost>());
        let id = cx.id().to_owned();
        let borrowed = self.borrow(cx)?;
        let journal = cx.journal();
        let mut undo = |undo: qomet_memory::Undo| journal.record(move || undo.undo().map_err(refusal));
        let opened = requests.plan(&files, &host).open(&id, &mut undo).map_err(refusal)?;
        let state = self.finish(opened, false, cx)?.of(borrowed);
        if self.discard_data.get() {
            // Only once everything has succeeded: a refused object must not punch holes.
            let region = Arc::clone(state.region());
            cx.journal().on_commit(move || region.set_discard_on_drop(true));
        }
        Ok(state)
    }

    fn prepare(&self, state: &BackendState, property: &'static str, progress: &Progress) -> Result<()> {
        self.prepare_live(state, property, progress)
    }

    fn foresee(&self, property: &'static str, around: Option<&Surroundings<'_>>) -> Foreseen {
        match property {
            "rom" => {
                let rom = OnOffAuto::from(self.request(None).is_rom());
                Foreseen::Value(Native::Str(rom.as_str().into()), &["readonly"])
            }
            _ => self.foresee_common(property, false, (&["mem-path"], || self.page_size(around))),
        }
    }

    fn advise(&self, need: &Need, id: &str) -> Advice {
        match need.property {
            "share" if self.readonly && !self.request(None).is_rom() => {
                let (id, need) = (id.to_owned(), need.to_string());
                Advice::Mistake(Box::new(BackendErrorKind::TemplateHandedOut { id, need }))
            }
            "rom" if self.readonly => Advice::Instead(
                "with readonly=on it is ROM, or with rom=off a private copy: leave 'readonly' out".into(),
            ),
            "x-page-size" => Advice::Instead(
                "its file system says how large pages are: take a file on a hugetlbfs that has such pages"
                    .into(),
            ),
            _ => Advice::Set,
        }
    }

    fn content(&self, state: &BackendState) -> Content {
        let region = state.region();
        match () {
            () if region.is_readonly() => Content::None,
            // What was written to a private mapping is in no file, a temporary file has no name, and one that was removed
            // or replaced has none any more.
            () if !region.is_shared() || region.file_id().is_none() || self.discard_data.get() => {
                Content::Lost
            }
            () if region.is_gone() => Content::Lost,
            () => Content::Kept,
        }
    }

    fn apply(&self, state: &BackendState, property: &'static str) -> Result<()> {
        if property == "discard-data" {
            state.region().set_discard_on_drop(self.discard_data.get());
        }
        self.apply_live(state, property)
    }
}

/// Shows where the other window of an overlap is given.
fn with_other(diagnostic: Diagnostic, about: &MemoryWarning) -> Diagnostic {
    let MemoryWarning::FileRangesOverlap { other, .. } = about else { return diagnostic };
    let about =
        About { object: Some(other.as_str().into()), property: Some("mem-path".into()), ..About::default() };
    diagnostic.with_related(Related { label: "the other window".to_owned(), about, place: None })
}

impl HostMemory for Instance<FileBackend> {
    fn region(&self) -> &Arc<Region> {
        self.state().region()
    }
    fn path(&self) -> Option<&Path> {
        Some(self.mem_path())
    }
}
