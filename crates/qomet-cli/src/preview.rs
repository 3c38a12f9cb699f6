//! `preview`: what a vhost-user device or KVM would be told of a guest's memory. Nothing is created.
//!
//! The documents are checked as `check` does it; then each memory of the layout is foreseen, and `qomet-vmm` says what
//! would be programmed, by the functions that program it of realized memory.

use qomet::{About, AnyDraft, Diagnostic, Level, Model, Place, Related, Size, TypeRegistry, Use, nearest};
use qomet_backends::memory::foresee_memory;
use qomet_config::{Plan, render_human, render_json};
use qomet_memory::{Foreseen, Host, page_size};
use qomet_vmm::{
    BASELINE_REGIONS, DeviceSlots, Facts, GuestMap, KvmSlot, Layout, MAX_REGIONS, Piece, TableEntry,
    VmmError, VmmErrors, entries, left_out, slots,
};
use serde_json::{Map, Value, json};

use crate::arguments::{Consumer, Preview};
use crate::console::{Console, Paint};
use crate::input;
use crate::outcome::{Outcome, Trouble};
use crate::table::Table;
use crate::text::{count, shown};

/// The argument `--layout`, as a source of its own.
#[derive(Clone, Copy)]
struct Text<'t> {
    source: u32,
    text: &'t str,
}

impl Text<'_> {
    /// Where in the argument the ids stand, each with its id.
    fn ids(&self) -> impl Iterator<Item = (&str, Place)> {
        let mut at = 0;
        self.text.split(',').filter_map(move |part| {
            let start = at;
            at += part.len() + 1;
            let (address, id) = part.split_once('=')?;
            Some((id, self.place(start + address.len() + 1, id.len())))
        })
    }

    fn place(&self, start: usize, length: usize) -> Place {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Place { source: self.source, start: narrow(start), end: narrow(start + length) }
    }

    /// What is wrong, where the argument says what it is about.
    fn told(&self, why: VmmError) -> Diagnostic {
        let last = |id: &str| self.ids().filter(|(named, _)| *named == id).last().map(|(_, place)| place);
        let mut related = None;
        let place = match &why {
            VmmError::LayoutSyntax { position, found }
            | VmmError::LayoutAddress { position, found }
            | VmmError::LayoutId { position, found } => Some(self.place(*position, found.len())),
            VmmError::Overlap { first, second, .. } => {
                related = self.ids().find(|(named, _)| named == first).map(|(_, place)| place);
                last(second)
            }
            VmmError::NoSuchMemory { id, .. }
            | VmmError::Misaligned { id, .. }
            | VmmError::Wraps { id, .. }
            | VmmError::TooFar { id }
            | VmmError::NotShareable { id, .. }
            | VmmError::SlotTooLarge { id, .. }
            | VmmError::VmMemory { id, .. }
            | VmmError::Backend { id, .. } => last(id),
            _ => None,
        };
        let mut problem = Diagnostic::new(why);
        problem.set_place(place);
        let label = "the other one".to_owned();
        let related = related.map(|place| Related { label, about: About::default(), place: Some(place) });
        related.into_iter().fold(problem, Diagnostic::with_related)
    }

    /// Everything that is wrong.
    fn all(&self, wrong: VmmErrors) -> Vec<Diagnostic> {
        wrong.into_vec().into_iter().map(|why| self.told(why)).collect()
    }

    /// A mistake about the object that the argument names by this id, at the last place where it does.
    fn of(&self, id: &str, mut problem: Diagnostic) -> Diagnostic {
        problem.set_place(self.ids().filter(|(named, _)| *named == id).last().map(|(_, place)| place));
        problem
    }

    /// The argument as a user of the memory that it places: what it leaves out is used by nobody. Where it names something
    /// else, that may be what is meant.
    fn uses(&self, drafts: &[Box<dyn AnyDraft>]) -> Vec<Use> {
        const MEMORY: &str = "memory-backend";
        let is_memory =
            |id: &str| drafts.iter().any(|draft| draft.id() == Some(id) && draft.class().is_a(MEMORY));
        if !self.ids().all(|(id, _)| is_memory(id)) {
            return Vec::new();
        }
        self.ids()
            .map(|(id, place)| Use {
                path: id.to_owned(),
                target_type: MEMORY,
                place: Some(place),
                ..Use::default()
            })
            .collect()
    }
}

/// What would be programmed.
enum Told {
    Table { entries: Vec<TableEntry>, left_out: Vec<String> },
    Slots(Vec<KvmSlot>),
}

/// The memory of a layout.
struct Memory {
    map: GuestMap,
    page: u64,
    /// In the order of the map.
    foreseen: Vec<Foreseen>,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn preview(
    registry: TypeRegistry,
    arguments: &Preview,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    let mut documents = input::read(&arguments.files, &arguments.lines, console)?;
    if let Some(helped) = input::help(&documents, &registry, console)? {
        return Ok(helped);
    }
    let model = Model::new(registry);
    let layout = Text {
        source: documents.add_argument("--layout", arguments.layout.as_bytes()),
        text: &arguments.layout,
    };
    layout
        .uses(documents.plan(&model, Level::Schema).drafts())
        .into_iter()
        .for_each(|one| documents.expect_use(one));
    let plan = documents.plan(&model, Level::Host);
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut told = None;
    if plan.is_accepted() {
        match memory(&model, &plan, layout) {
            Ok(memory) => match tell(&memory, arguments.consumer, layout) {
                Ok(what) => told = Some((memory, what)),
                Err(wrong) => found = wrong,
            },
            Err(wrong) => found = wrong,
        }
    }
    if arguments.json {
        let mut report = render_json(plan.diagnostics().iter().chain(&found), documents.sources());
        if let (Some(report), Some((memory, told))) = (report.as_object_mut(), &told) {
            add(report, memory, told);
        }
        console.print(&format!("{report:#}\n"));
    } else {
        let colour = console.colours_complaints();
        console.complain(&render_human(plan.diagnostics(), documents.sources(), colour));
        console.complain(&render_human(&found, documents.sources(), colour));
        if let Some((memory, told)) = &told {
            let (width, paint) = (console.width(), console.paint());
            console.print(&text(memory, told, width, paint));
        }
    }
    Ok(if told.is_some() { Outcome::Fine } else { Outcome::Rejected })
}

/// What the memory of the layout would be, each at its place.
fn memory(model: &Model, plan: &Plan<'_>, text: Text<'_>) -> Result<Memory, Vec<Diagnostic>> {
    let layout: Layout = text.text.parse().map_err(|why: VmmError| vec![text.told(why)])?;
    let page = page_size(&Host::real()).map_err(|why| vec![text.told(why.into())])?;
    let ids = || plan.drafts().iter().filter_map(|draft| draft.id());
    let (mut pieces, mut wrong) = (Vec::new(), Vec::new());
    for place in layout.places() {
        let Some(draft) = plan.drafts().iter().find(|draft| draft.id() == Some(place.id.as_str())) else {
            let nearest = nearest(&place.id, ids()).map(str::to_owned);
            let problem = VmmError::NoSuchMemory { id: place.id.clone(), nearest };
            wrong.push(text.told(problem));
            continue;
        };
        match foresee_memory(model, &**draft) {
            Ok(foreseen) => pieces.push((place.address, place.id.as_str(), foreseen)),
            Err(why) => wrong.push(text.of(&place.id, why)),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    // Stable, as is the order of the map.
    pieces.sort_by_key(|(address, ..)| *address);
    let facts = pieces
        .iter()
        .map(|(address, id, foreseen)| Piece { address: *address, facts: Facts::foreseen(id, foreseen) });
    let map = GuestMap::new(page, facts.collect()).map_err(|wrong| text.all(wrong))?;
    Ok(Memory { map, page, foreseen: pieces.into_iter().map(|(.., foreseen)| foreseen).collect() })
}

fn tell(memory: &Memory, consumer: Consumer, text: Text<'_>) -> Result<Told, Vec<Diagnostic>> {
    match consumer {
        Consumer::Kvm => slots(&memory.map, 0, memory.page).map(Told::Slots).map_err(|wrong| text.all(wrong)),
        Consumer::VhostUser => {
            let (places, _) = memory.map.arrange(memory.page).map_err(|why| vec![text.told(why)])?;
            let entries = entries(&memory.map, &places).map_err(|wrong| text.all(wrong))?;
            let most = DeviceSlots::Configurable(MAX_REGIONS);
            most.check(entries.len()).map_err(|why| vec![text.told(why)])?;
            let left_out = left_out(&memory.map).into_iter().map(|piece| piece.facts.id.clone());
            Ok(Told::Table { entries, left_out: left_out.collect() })
        }
    }
}

impl Memory {
    /// The path that the memory of the piece with this number is a window of.
    fn path(&self, piece: usize) -> Option<String> {
        let foreseen = self.foreseen.get(piece)?;
        foreseen.path.as_ref().map(|path| path.display().to_string())
    }

    /// The same for people.
    fn file(&self, piece: usize) -> String {
        self.path(piece).map_or_else(|| "memory".to_owned(), |path| shown(&path))
    }

    /// Where in it the memory begins, in bytes, if it is a file.
    fn offset(&self, piece: usize) -> Option<u64> {
        self.foreseen.get(piece)?.file.as_ref().map(|(_, offset)| *offset)
    }
}

/// A size that reads well: exact, in the largest unit that divides it.
fn size(bytes: u64) -> String {
    Size(bytes).to_string()
}

fn text(memory: &Memory, told: &Told, width: usize, paint: Paint) -> String {
    match told {
        Told::Table { entries, left_out } => {
            let mut table = Table::new(["GUEST", "SIZE", "PROCESS", "MMAP OFFSET", "MEMORY", "FILE"]);
            for entry in entries {
                table.row([
                    format!("{:#x}", entry.guest),
                    size(entry.size),
                    format!("+{:#x}", entry.user),
                    format!("{:#x}", entry.offset),
                    shown(&entry.ids.join("+")),
                    memory.file(entry.first),
                ]);
            }
            let mut out = table.render(width, paint);
            let few = u64::try_from(entries.len()).is_ok_and(|count| count <= BASELINE_REGIONS);
            let who = if few { "every device takes that" } else { "for a device with CONFIGURE_MEM_SLOTS" };
            let entries = match entries.len() {
                1 => "1 entry".to_owned(),
                many => format!("{many} entries"),
            };
            out.push_str(&format!("{entries}: {who}\n"));
            if !left_out.is_empty() {
                out.push_str(&format!(
                    "left out, as devices map for writing: {}\n",
                    shown(&left_out.join(", "))
                ));
            }
            out
        }
        Told::Slots(slots) => {
            let mut table = Table::new(["SLOT", "GUEST", "SIZE", "FLAGS", "OFFSET", "MEMORY", "FILE"]);
            for (piece, slot) in slots.iter().enumerate() {
                table.row([
                    slot.number.to_string(),
                    format!("{:#x}", slot.guest),
                    size(slot.size),
                    if slot.readonly { "read-only" } else { "" }.to_owned(),
                    memory.offset(piece).map_or_else(|| "-".to_owned(), |offset| format!("{offset:#x}")),
                    shown(&slot.id),
                    memory.file(piece),
                ]);
            }
            format!("{}{}\n", table.render(width, paint), count(slots.len(), "slot"))
        }
    }
}

/// Adds what would be programmed to the report on the documents.
fn add(report: &mut Map<String, Value>, memory: &Memory, told: &Told) {
    let (name, list) = match told {
        Told::Table { entries, left_out } => {
            report.insert("left_out".to_owned(), json!(left_out));
            ("entries", entries.iter().map(|entry| entry_json(memory, entry)).collect())
        }
        Told::Slots(slots) => {
            ("slots", slots.iter().enumerate().map(|(at, slot)| slot_json(memory, at, slot)).collect())
        }
    };
    report.insert(name.to_owned(), Value::Array(list));
}

fn entry_json(memory: &Memory, entry: &TableEntry) -> Value {
    json!({
        "guest": entry.guest,
        "size": entry.size,
        "process": entry.user,
        "mmap_offset": entry.offset,
        "objects": entry.ids,
        "file": memory.path(entry.first),
    })
}

fn slot_json(memory: &Memory, piece: usize, slot: &KvmSlot) -> Value {
    json!({
        "slot": slot.number,
        "guest": slot.guest,
        "size": slot.size,
        "readonly": slot.readonly,
        "offset": memory.offset(piece),
        "object": slot.id,
        "file": memory.path(piece),
    })
}
