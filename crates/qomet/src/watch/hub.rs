//! Who watches a model, and what waits for each of them.
//!
//! Lock order: an object's mutex or the tree's, then a watcher's queue. Nothing else is taken while a queue is locked,
//! and no watcher is woken before all of them are free.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::{Event, Glob, Warned};
use crate::object::{Header, ObjectRef};
use crate::visit::Native;

/// What to be told, and how much of it is kept for whoever does not listen.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Only objects with such a path.
    pub paths: Option<Glob>,
    /// Only properties with such a name; it is not about creation and deletion.
    pub properties: Option<Glob>,
    /// How many events wait at most. Fewer do where their values are long: one waits in any case, more only while their
    /// values take no more than 4 MiB.
    pub capacity: usize,
}

/// Values of so many bytes wait for a watcher; a single one may be longer.
const VALUE_BYTES: usize = 4 << 20;

impl Default for WatchOptions {
    fn default() -> Self {
        WatchOptions { paths: None, properties: None, capacity: 1024 }
    }
}

/// The watchers of one model. The root of its tree has it, so that every object can find it.
#[derive(Default)]
pub(crate) struct Hub {
    watchers: ArcSwap<Vec<Arc<Watcher>>>,
    /// How many there are; looked at before anything else is done.
    count: AtomicUsize,
}

struct Watcher {
    options: WatchOptions,
    queue: Mutex<Queue>,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// What waits for a watcher.
#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    /// How long the values in it are together.
    bytes: usize,
}

impl Queue {
    fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.bytes = self.bytes.saturating_sub(event.value_bytes());
        Some(event)
    }

    /// To be called when events were taken out of the middle.
    fn measure(&mut self) {
        self.bytes = self.events.iter().map(Event::value_bytes).sum();
    }
}

/// Whom to wake: it is dropped when every lock is free, and wakes them.
#[derive(Default)]
#[must_use]
pub(crate) struct Wakes(Vec<Arc<Watcher>>);

/// What a property was set to.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) value: Option<Native<'static>>,
    pub(crate) configured: Option<Native<'static>>,
}

/// A subscription. It ends when this is dropped.
pub struct Watch {
    hub: Arc<Hub>,
    watcher: Arc<Watcher>,
    revision: u64,
}

impl Wakes {
    fn note(&mut self, watcher: &Arc<Watcher>) {
        if !self.0.iter().any(|one| Arc::ptr_eq(one, watcher)) {
            self.0.push(Arc::clone(watcher));
        }
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        for watcher in &self.0 {
            (watcher.wake)();
        }
    }
}

impl Watcher {
    fn wants_path(&self, path: &str) -> bool {
        self.options.paths.as_ref().is_none_or(|glob| glob.fits(path))
    }

    fn wants_property(&self, name: &str) -> bool {
        self.options.properties.as_ref().is_none_or(|glob| glob.fits(name))
    }

    /// Appends what `event` makes, if anything; true if the watcher must be woken. A full queue ends in how many were lost.
    fn post(&self, event: impl FnOnce() -> Option<Event>) -> bool {
        let mut queue = self.queue.lock();
        let was_empty = queue.events.is_empty();
        let Some(event) = event() else { return false };
        let bytes = queue.bytes + event.value_bytes();
        let has_room = queue.events.len() < self.options.capacity && (was_empty || bytes <= VALUE_BYTES);
        if has_room {
            queue.bytes = bytes;
            queue.events.push_back(event);
        } else if let Some(Event::Lost { count }) = queue.events.back_mut() {
            *count += 1;
        } else {
            queue.events.push_back(Event::Lost { count: 1 });
        }
        was_empty
    }
}

impl Hub {
    /// Whether anybody watches.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Adds a watcher. The caller keeps the structure from changing meanwhile; `revision` is that of now.
    pub(crate) fn add(
        self: &Arc<Self>,
        options: WatchOptions,
        wake: Box<dyn Fn() + Send + Sync>,
        revision: u64,
    ) -> Watch {
        let watcher = Arc::new(Watcher { options, queue: Mutex::default(), wake });
        self.watchers.rcu(|watchers| {
            let mut watchers = Vec::clone(watchers);
            watchers.push(Arc::clone(&watcher));
            watchers
        });
        self.count.fetch_add(1, Ordering::AcqRel);
        Watch { hub: Arc::clone(self), watcher, revision }
    }

    fn remove(&self, watcher: &Arc<Watcher>) {
        self.watchers.rcu(|watchers| {
            let others = watchers.iter().filter(|one| !Arc::ptr_eq(one, watcher));
            others.cloned().collect::<Vec<_>>()
        });
        self.count.fetch_sub(1, Ordering::AcqRel);
    }

    /// Tells that an object is about to enter the tree. The tree's lock is held.
    pub(crate) fn created(&self, object: &ObjectRef, revision: u64, wakes: &mut Wakes) {
        let path = object.path();
        for watcher in self.watchers.load().iter().filter(|watcher| watcher.wants_path(&path)) {
            let event = || Event::Created {
                revision,
                path: path.clone(),
                type_name: object.class().name(),
                object: object.downgrade(),
            };
            if watcher.post(|| Some(event())) {
                wakes.note(watcher);
            }
        }
    }

    /// Tells that an object, marked deleted, has left the tree. The tree's lock is held.
    pub(crate) fn deleted(&self, object: &ObjectRef, revision: u64, wakes: &mut Wakes) {
        let path = object.path();
        for watcher in self.watchers.load().iter().filter(|watcher| watcher.wants_path(&path)) {
            let event = || Event::Deleted { revision, path: path.clone(), type_name: object.class().name() };
            if watcher.post(|| Some(event())) {
                wakes.note(watcher);
            }
        }
    }

    /// Tells that a property was set. The object's mutex is held.
    pub(crate) fn changed(
        &self,
        header: &Header,
        property: &str,
        revision: u64,
        change: &dyn Fn() -> Change,
    ) -> Wakes {
        let mut wakes = Wakes::default();
        let mut path: Option<String> = None;
        for watcher in self.watchers.load().iter().filter(|watcher| watcher.wants_property(property)) {
            let path = path.get_or_insert_with(|| header.path());
            if !watcher.wants_path(path) {
                continue;
            }
            let Change { value, configured } = change();
            let event =
                Event::Changed { revision, path: path.clone(), property: property.into(), value, configured };
            // Asked under the queue's lock: an object is marked deleted before that is told, so nothing of it follows.
            if watcher.post(|| (!header.is_deleted()).then_some(event)) {
                wakes.note(watcher);
            }
        }
        wakes
    }

    /// Tells of a warning.
    pub(crate) fn warned(&self, warned: &Warned) {
        let mut wakes = Wakes::default();
        let path = warned.object.as_ref().map(|id| format!("/objects/{id}"));
        for watcher in self.watchers.load().iter() {
            let wanted = path.as_ref().is_none_or(|path| watcher.wants_path(path));
            if wanted && watcher.post(|| Some(Event::Warned(warned.clone()))) {
                wakes.note(watcher);
            }
        }
    }

    /// Tells that something may have been missed, because an object seemed to go and stayed.
    pub(crate) fn missed(&self, wakes: &mut Wakes) {
        for watcher in self.watchers.load().iter() {
            if watcher.post(|| Some(Event::Lost { count: 1 })) {
                wakes.note(watcher);
            }
        }
    }
}

impl Watch {
    /// The model's revision when the subscription began: later ones are told.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The next event. After `None` the watcher is woken when there is one.
    #[must_use]
    pub fn next(&self) -> Option<Event> {
        self.watcher.queue.lock().pop()
    }

    /// Drops everything that waits: a snapshot taken after this has it all.
    pub fn clear(&self) {
        *self.watcher.queue.lock() = Queue::default();
    }

    /// Drops events that a snapshot taken since has reached: its revision of the structure, and its objects with the
    /// revisions at which they were read. What remains, and what comes, is newer. Nothing stands before
    /// [`Event::Lost`] then.
    pub fn skip_known(&self, structure: u64, objects: &[(ObjectRef, u64)]) {
        for (object, _) in objects {
            object.header().settle();
        }
        let mut waiting = self.watcher.queue.lock();
        let queue = &mut waiting.events;
        let is_lost = |event: &Event| matches!(event, Event::Lost { .. });
        if let Some(gap) = queue.iter().rposition(is_lost) {
            queue.drain(..gap);
        }
        // Values are read after the structure, so what stands before a known change of the structure is known too, even
        // if it is about an object that had gone by then.
        let is_known_structure = |event: &Event| match event {
            Event::Created { revision, .. } | Event::Deleted { revision, .. } => *revision <= structure,
            _ => false,
        };
        if let Some(last) = queue.iter().rposition(is_known_structure) {
            let kept: Vec<Event> = queue
                .drain(..=last)
                .filter(|event| matches!(event, Event::Lost { .. } | Event::Warned(_)))
                .collect();
            kept.into_iter().rev().for_each(|event| queue.push_front(event));
        }
        let any_changed = queue.iter().any(|event| matches!(event, Event::Changed { .. }));
        if any_changed {
            skip_changes(queue, objects);
        }
        waiting.measure();
    }
}

/// Drops changes that were read with these objects.
fn skip_changes(queue: &mut VecDeque<Event>, objects: &[(ObjectRef, u64)]) {
    let mut known: HashMap<String, u64> =
        objects.iter().map(|(object, revision)| (object.path(), *revision)).collect();
    queue.retain(|event| match event {
        Event::Changed { revision, path, .. } => known.get(path).is_none_or(|known| revision > known),
        Event::Deleted { path, .. } => {
            // Whoever has the path from now on is another.
            known.remove(path);
            true
        }
        _ => true,
    });
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.hub.remove(&self.watcher);
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watch({} events)", self.watcher.queue.lock().events.len())
    }
}
