//! Changing the tree. One mutex keeps writers in order; what is dropped is dropped outside of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use arc_swap::{ArcSwap, Guard};
use compact_str::CompactString;
use parking_lot::{Mutex, MutexGuard};

use super::index::{Generation, NONE, OBJECTS, ROOT};
use super::names::Wildcards;
use super::resolve::is_leaf;
use crate::error::{Diagnostic, ModelErrorKind, Result};
use crate::object::ObjectRef;
use crate::watch::{Hub, Wakes, Watch, WatchOptions};

/// The tree of one model.
pub(crate) struct Tree {
    generation: ArcSwap<Generation>,
    writer: Mutex<Writer>,
    /// How often the structure changed.
    revision: AtomicU64,
    /// Odd while a change is under way that readers may see half of.
    turns: AtomicU64,
    hub: Arc<Hub>,
}

/// What only writers see.
struct Writer {
    /// The one that readers see: the writer need not ask for it as they do.
    generation: Arc<Generation>,
    /// Keeps every object in the tree alive; the index is that of the generation's entries.
    objects: Vec<Option<ObjectRef>>,
    live: usize,
    wildcards: Wildcards,
}

impl Tree {
    /// A tree of the root and its child `objects`.
    pub(crate) fn new(root: &ObjectRef, objects: &ObjectRef, hub: Arc<Hub>) -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let hasher = foldhash::fast::FixedState::with_seed(RandomState::new().hash_one(0));
        let generation = Generation::new(SMALLEST, hasher);
        root.header().set_index(ROOT);
        generation.insert(ROOT, NONE, NONE, root);
        objects.header().set_index(OBJECTS);
        generation.insert(OBJECTS, ROOT, NONE, objects);
        generation.list(ROOT, OBJECTS);
        let generation = Arc::new(generation);
        Tree {
            generation: ArcSwap::new(Arc::clone(&generation)),
            writer: Mutex::new(Writer {
                generation,
                objects: vec![Some(root.clone()), Some(objects.clone())],
                live: 2,
                wildcards: Wildcards::default(),
            }),
            revision: AtomicU64::new(0),
            turns: AtomicU64::new(0),
            hub,
        }
    }

    #[inline]
    pub(super) fn generation(&self) -> Guard<Arc<Generation>> {
        self.generation.load()
    }

    /// How often the structure changed.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// How many objects there are, the root included.
    pub(crate) fn len(&self) -> usize {
        self.writer.lock().live
    }

    /// Starts a change; nobody else changes the tree until the result is dropped.
    pub(crate) fn change(&self) -> Change<'_> {
        Change {
            tree: self,
            writer: self.writer.lock(),
            begun: false,
            changed: false,
            wakes: Wakes::default(),
        }
    }

    /// The watchers.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Reads what belongs together; also the revision at which it was so. `read` may run several times; it must only
    /// look at the tree.
    pub(crate) fn read<R>(&self, read: impl Fn() -> R) -> (R, u64) {
        /// How often it is tried before writers are kept out.
        const TRIES: usize = 4;
        for _ in 0..TRIES {
            let before = self.turns.load(Ordering::Acquire);
            if before % 2 == 1 {
                std::thread::yield_now();
                continue;
            }
            let revision = self.revision();
            let found = read();
            fence(Ordering::Acquire);
            if self.turns.load(Ordering::Relaxed) == before {
                return (found, revision);
            }
        }
        let _writer = self.writer.lock();
        (read(), self.revision())
    }

    /// Starts telling `watch` what changes; nothing changes meanwhile.
    pub(crate) fn watch(&self, options: WatchOptions, wake: Box<dyn Fn() + Send + Sync>) -> Watch {
        let _writer = self.writer.lock();
        self.hub.add(options, wake, self.revision())
    }
}

/// The smallest generation.
const SMALLEST: usize = 64;

/// The room for a tree of `live` objects that grows: twice as much while that is little memory, later half as much
/// again.
fn grown(live: usize) -> usize {
    live + if live < 1 << 15 { live } else { live / 2 }
}

/// The writer's access to the tree.
pub(crate) struct Change<'a> {
    tree: &'a Tree,
    writer: MutexGuard<'a, Writer>,
    /// Whether readers may see half of it.
    begun: bool,
    /// Whether anything has changed.
    changed: bool,
    /// Last, so that it is dropped when the lock is free.
    wakes: Wakes,
}

impl Change<'_> {
    /// Says that from now on readers may see half of the change.
    pub(crate) fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            let turns = self.tree.turns.load(Ordering::Relaxed);
            self.tree.turns.store(turns + 1, Ordering::Relaxed);
            fence(Ordering::Release);
        }
    }

    /// The revision before the change.
    ///
    /// # Errors
    /// It is not the expected one.
    pub(crate) fn check_revision(&self, expected: Option<u64>) -> Result<()> {
        check_revision(expected, self.tree.revision())
    }

    /// Tells watchers that an object seemed to go for a moment.
    pub(crate) fn missed(&mut self) {
        if self.tree.hub.is_watched() {
            self.tree.hub.missed(&mut self.wakes);
        }
    }

    /// The revision after the change.
    fn next_revision(&self) -> u64 {
        self.tree.revision() + 1
    }

    /// The name a child of `parent` gets: `name` itself, or with `[*]` replaced by the lowest free index.
    ///
    /// # Errors
    /// The name is taken.
    pub(crate) fn name(&mut self, parent: &ObjectRef, name: &str) -> Result<CompactString> {
        self.check_parent(parent)?;
        let Writer { generation, wildcards, .. } = &mut *self.writer;
        let index = parent.header().index();
        let is_free = |name: &str| generation.child(index, name).is_none();
        if let Some(base) = name.strip_suffix("[*]") {
            return Ok(wildcards.assign(parent.address(), base, is_free));
        }
        if is_free(name) { Ok(name.into()) } else { Err(taken(name)) }
    }

    /// Gives a name back that nobody got in the end.
    pub(crate) fn give_back(&mut self, parent: &ObjectRef, name: &str) {
        if self.contains(parent) {
            self.writer.wildcards.free(parent.address(), name);
        }
    }

    /// Whether `object` is in this tree.
    pub(crate) fn contains(&self, object: &ObjectRef) -> bool {
        let place = self.writer.objects.get(object.header().index() as usize);
        place.and_then(Option::as_ref).is_some_and(|there| there.is(object))
    }

    /// Whether nothing is below `object`.
    pub(crate) fn is_leaf(&self, object: &ObjectRef) -> bool {
        is_leaf(&self.writer.generation, object)
    }

    /// Checks that `parent` is in this tree.
    fn check_parent(&self, parent: &ObjectRef) -> Result<()> {
        if self.contains(parent) { Ok(()) } else { Err(absent(parent)) }
    }

    /// Adds objects below `parent`, which is the parent of each; their names differ. A listing sees all or none.
    ///
    /// # Errors
    /// A name is taken, or the parent is not in the tree; then nothing was added.
    pub(crate) fn add(&mut self, parent: &ObjectRef, objects: &[ObjectRef]) -> Result<()> {
        self.check_parent(parent)?;
        self.reserve(objects.len());
        let above = parent.header().index();
        let mut last = self.writer.generation.last_child(above);
        let is_taken = |object: &&ObjectRef| self.writer.generation.child(above, object.name()).is_some();
        if last != NONE
            && let Some(object) = objects.iter().find(is_taken)
        {
            return Err(taken(object.name()));
        }
        self.begin();
        self.changed = true;
        let revision = self.next_revision();
        let is_watched = self.tree.hub.is_watched();
        let writer = &mut *self.writer;
        for object in objects {
            let index = u32::try_from(writer.objects.len()).unwrap_or(NONE);
            object.header().set_index(index);
            if is_watched {
                // First, so that nothing about the object comes before it.
                object.header().watch_from_the_start();
                self.tree.hub.created(object, revision, &mut self.wakes);
            }
            writer.generation.insert(index, above, last, object);
            writer.objects.push(Some(object.clone()));
            last = index;
        }
        writer.generation.list(above, last);
        writer.live += objects.len();
        Ok(())
    }

    /// Takes objects out that were marked deleted. They are returned, to be dropped when the change is over.
    pub(crate) fn remove(&mut self, objects: &[ObjectRef]) -> Vec<ObjectRef> {
        objects.iter().filter_map(|object| self.remove_one(object)).collect()
    }

    /// The same for one.
    pub(crate) fn remove_one(&mut self, object: &ObjectRef) -> Option<ObjectRef> {
        let place = self.writer.objects.get_mut(object.header().index() as usize)?;
        let gone = place.take_if(|there| there.is(object))?;
        self.writer.live -= 1;
        if let Some(parent) = object.parent() {
            self.writer.wildcards.free(parent.address(), object.name());
        }
        self.writer.wildcards.forget(object.address());
        self.changed = true;
        if self.tree.hub.is_watched() {
            let revision = self.next_revision();
            self.tree.hub.deleted(object, revision, &mut self.wakes);
        }
        Some(gone)
    }

    /// Makes room for so many more objects at once.
    fn reserve(&mut self, more: usize) {
        if self.writer.objects.len() + more > self.writer.generation.capacity() {
            let live = self.writer.live + more;
            // A little more than was asked for, and no less than when they come one by one.
            self.renew((live + live / 8).max(grown(self.writer.live)));
        }
    }

    /// Makes a new generation with so much room, and without what was deleted.
    fn renew(&mut self, room: usize) {
        let room = room.max(SMALLEST);
        let next = Generation::new(room, self.writer.generation.hasher());
        let objects = std::mem::take(&mut self.writer.objects);
        // Parents were added before their children, so they are renumbered before them.
        self.writer.objects = Vec::with_capacity(room);
        for object in objects.into_iter().flatten() {
            let index = u32::try_from(self.writer.objects.len()).unwrap_or(NONE);
            let parent = object.parent().map_or(NONE, |parent| parent.header().index());
            object.header().set_index(index);
            next.insert(index, parent, next.last_child(parent), &object);
            next.list(parent, index);
            self.writer.objects.push(Some(object));
        }
        self.writer.generation = Arc::new(next);
        self.tree.generation.store(Arc::clone(&self.writer.generation));
    }
}

/// A change is one, however many objects it is about.
impl Drop for Change<'_> {
    fn drop(&mut self) {
        if self.changed {
            self.tree.revision.store(self.next_revision(), Ordering::Release);
        }
        if self.begun {
            let turns = self.tree.turns.load(Ordering::Relaxed);
            self.tree.turns.store(turns + 1, Ordering::Release);
        }
    }
}

/// Compares the model's revision with the one that was expected.
///
/// # Errors
/// They differ.
pub(crate) fn check_revision(expected: Option<u64>, found: u64) -> Result<()> {
    match expected {
        Some(expected) if expected != found => {
            Err(ModelErrorKind::RevisionChanged { what: "model", expected, found }.into())
        }
        _ => Ok(()),
    }
}

/// The problem that `object` is not in the tree: not any more, or never.
pub(crate) fn absent(object: &ObjectRef) -> Diagnostic {
    let problem = if object.is_deleted() {
        ModelErrorKind::Deleted
    } else {
        ModelErrorKind::NotFound { path: object.path(), nearest: None }
    };
    Diagnostic::new(problem).with_object(object.name()).with_type(object.class().name())
}

fn taken(name: &str) -> Diagnostic {
    Diagnostic::new(ModelErrorKind::DuplicateId { id: name.to_owned(), free: None })
}
