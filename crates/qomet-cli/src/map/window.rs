//! What objects hold of files, and files cut where a window starts or ends.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::PathBuf;

use qomet::{AnyDraft, Model, ObjectRef, Size};
use qomet_backends::memory::{HostMemory, foresee_memory};
use qomet_memory::{FileId, ForeseenFile};
use qomet_qmp::{ObjectView, Reading};
use serde_json::Value;

use crate::host;

/// What objects hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    pub(super) windows: Vec<Window>,
    pub(super) memory: Vec<Memory>,
}

/// What an object holds of a file.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The path by which the object names the file.
    pub(super) path: String,
    pub(super) file: File,
    /// The length of the file in bytes, if it has one that is known.
    pub(super) length: Option<u64>,
    /// The object.
    pub(super) object: String,
    /// The first byte.
    pub(super) start: u64,
    /// The byte after the last one.
    pub(super) end: u64,
    /// How it is mapped.
    pub(super) access: &'static str,
    /// How much of it is present, in bytes, if a server told.
    pub(super) present: Option<u64>,
}

/// What an object holds of no file that others could have.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) object: String,
    /// In bytes.
    pub(super) size: u64,
    pub(super) access: &'static str,
    pub(super) present: Option<u64>,
}

/// Tells files apart, whatever their names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum File {
    Inode(FileId),
    /// One that would be made.
    Name(FileId, OsString),
    Path(PathBuf),
}

/// The object of an entry of `query-memdev`, and how much of its memory is present.
fn residency(memdev: &Value) -> Option<(&str, u64)> {
    Some((memdev.get("id")?.as_str()?, memdev.get("x-residency")?.get("rss")?.as_u64()?))
}

/// How memory is mapped and how much of it is present, in words.
pub(super) fn manner(access: &str, present: Option<u64>) -> String {
    match present {
        Some(bytes) => format!("{access}, {} present", Size(bytes)),
        None => access.to_owned(),
    }
}

fn access(shared: bool, readonly: bool) -> &'static str {
    match (shared, readonly) {
        (true, false) => "shared",
        (true, true) => "shared, read-only",
        (false, false) => "private",
        (false, true) => "private, read-only",
    }
}

/// The windows of the objects that hold memory of a file.
pub(crate) fn of_objects(objects: &[ObjectRef]) -> Vec<Window> {
    objects.iter().filter_map(of_object).collect()
}

fn of_object(object: &ObjectRef) -> Option<Window> {
    let memory = object.interface::<dyn HostMemory>()?;
    let (region, path) = (memory.region(), memory.path()?);
    Some(Window {
        path: path.to_string_lossy().into_owned(),
        // A device has no identity of its own: its path does.
        file: region.file_id().map_or_else(|| File::Path(path.to_owned()), File::Inode),
        length: region.file().and_then(|file| host::file_length(file)),
        object: object.name().to_owned(),
        start: region.file_offset(),
        end: region.file_offset().saturating_add(region.len()),
        access: access(region.is_shared(), region.is_readonly()),
        present: None,
    })
}

/// What objects would hold, those of which nothing is known left out.
pub(super) fn of_drafts(model: &Model, drafts: &[Box<dyn AnyDraft>]) -> Holdings {
    let mut holdings = Holdings::default();
    for draft in drafts {
        let (Some(object), Ok(foreseen)) = (draft.id(), foresee_memory(model, &**draft)) else { continue };
        let (object, size) = (object.to_owned(), foreseen.length);
        if size == 0 {
            // Its size is missing or wrong.
            continue;
        }
        let access = access(foreseen.shared, foreseen.readonly);
        let file = match foreseen.file {
            Some((ForeseenFile::Exists(id), offset)) => Some((File::Inode(id), offset)),
            Some((ForeseenFile::WouldBeMade { folder, name }, offset)) => {
                Some((File::Name(folder, name), offset))
            }
            _ => None,
        };
        match (file, foreseen.path) {
            (Some((file, start)), Some(path)) => holdings.windows.push(Window {
                length: host::length_of(&path),
                path: path.to_string_lossy().into_owned(),
                file,
                object,
                start,
                end: start.saturating_add(size),
                access,
                present: None,
            }),
            _ => holdings.memory.push(Memory { object, size, access, present: None }),
        }
    }
    holdings
}

/// What live objects of a server hold: those with a size, which only memory has. How long a file is, and whether two
/// paths lead to one, only the server's host could tell. `memdevs` is what `query-memdev` says, if anything.
pub(super) fn of_views(objects: &[ObjectView], memdevs: &Value) -> Holdings {
    let present: HashMap<&str, u64> =
        memdevs.as_array().into_iter().flatten().filter_map(residency).collect();
    let mut holdings = Holdings::default();
    for view in objects.iter().filter(|view| view.type_name.starts_with("memory-backend-")) {
        let value = |name: &str| match view.property(name).map(|property| &property.reading) {
            Some(Reading::Value(value)) => value.clone(),
            _ => Value::Null,
        };
        let is = |name: &str| value(name).as_bool().unwrap_or_default();
        let Some(size) = value("size").as_u64() else { continue };
        let (object, access) = (view.name().to_owned(), access(is("share"), is("readonly")));
        let present = present.get(object.as_str()).copied();
        match value("mem-path").as_str().filter(|path| !path.is_empty()) {
            Some(path) => {
                let start = value("offset").as_u64().unwrap_or_default();
                holdings.windows.push(Window {
                    path: path.to_owned(),
                    file: File::Path(path.into()),
                    length: None,
                    object,
                    start,
                    end: start.saturating_add(size),
                    access,
                    present,
                });
            }
            None => holdings.memory.push(Memory { object, size, access, present }),
        }
    }
    holdings
}

/// A file, and who holds what of it.
pub(super) struct HeldFile<'w> {
    /// The first path by which it is named.
    pub(super) path: &'w str,
    pub(super) length: Option<u64>,
    pub(super) windows: Vec<&'w Window>,
    /// All of it, in order.
    pub(super) pieces: Vec<Piece<'w>>,
}

/// A range of a file, and who holds all of it: nobody (a hole), one object, or several (an overlap).
pub(super) struct Piece<'w> {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) holders: Vec<&'w Window>,
}

impl Piece<'_> {
    /// Its length in bytes.
    pub(super) fn size(&self) -> u64 {
        self.end - self.start
    }
}

/// Each file, in the order in which they are first held.
pub(super) fn files(windows: &[Window]) -> Vec<HeldFile<'_>> {
    let mut files: Vec<HeldFile<'_>> = Vec::new();
    let mut known: HashMap<&File, usize> = HashMap::new();
    for window in windows {
        let at = *known.entry(&window.file).or_insert(files.len());
        match files.get_mut(at) {
            Some(file) => file.windows.push(window),
            None => files.push(HeldFile {
                path: &window.path,
                length: window.length,
                windows: vec![window],
                pieces: Vec::new(),
            }),
        }
    }
    for file in &mut files {
        file.pieces = pieces(&file.windows, file.length);
    }
    files
}

fn pieces<'w>(windows: &[&'w Window], length: Option<u64>) -> Vec<Piece<'w>> {
    let mut cuts: Vec<u64> = std::iter::once(0).chain(length).collect();
    cuts.extend(windows.iter().flat_map(|window| [window.start, window.end]));
    cuts.sort_unstable();
    cuts.dedup();
    // In the order of the windows, whichever of them starts first.
    let mut to_come: Vec<(usize, &Window)> = windows.iter().copied().enumerate().collect();
    to_come.sort_by_key(|(_, window)| window.start);
    let mut to_come = to_come.into_iter().peekable();
    let mut holding: BTreeMap<usize, &Window> = BTreeMap::new();
    let ends = cuts.iter().skip(1);
    cuts.iter()
        .zip(ends)
        .map(|(&start, &end)| {
            holding.retain(|_, window| window.end > start);
            while let Some((number, window)) = to_come.next_if(|(_, window)| window.start <= start) {
                if window.end > start {
                    holding.insert(number, window);
                }
            }
            Piece { start, end, holders: holding.values().copied().collect() }
        })
        .collect()
}
