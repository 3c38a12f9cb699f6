//! A generation of the tree: arrays that are only appended to.
//!
//! An entry is filled once and then published, by linking it to its parent and putting it into two tables:
//! *places* finds a child by parent and name, *names* finds the first of all objects with a name. Deleting an
//! object changes nothing here: the entry's weak reference stops upgrading. A table's slot of a deleted object is
//! taken over by the next object with the same key.
//!
//! Why not a concurrent hash map: one that frees entries needs a guard or a count per lookup, costs 30 to 50 bytes
//! per object and index, and keeps no order.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::object::{ObjectRef, WeakRef};

/// No entry.
pub(super) const NONE: u32 = u32::MAX;

/// The root's entry.
pub(super) const ROOT: u32 = 0;

/// The entry of `/objects`: it is made with the root and never goes.
pub(super) const OBJECTS: u32 = 1;

#[derive(Default)]
pub(super) struct Entry {
    object: OnceLock<WeakRef>,
    parent: AtomicU32,
    /// The children, last first.
    last_child: AtomicU32,
    previous_sibling: AtomicU32,
    /// Another object with the same name, made before this one.
    previous_namesake: AtomicU32,
}

impl Entry {
    pub(super) fn object(&self) -> Option<ObjectRef> {
        self.object.get()?.upgrade()
    }

    /// Whether it is that of `object`.
    pub(super) fn is_of(&self, object: &ObjectRef) -> bool {
        self.object.get().is_some_and(|there| there.is(object))
    }
}

/// A table of entries by the hash of their key.
pub(super) struct Table {
    /// The upper half of the hash and the entry + 1, or 0. At most two thirds are used.
    slots: Box<[AtomicU64]>,
}

impl Table {
    fn new(capacity: usize) -> Self {
        // No power of two: that would be up to twice as much memory.
        let size = capacity + capacity / 2 + 1;
        Table { slots: std::iter::repeat_with(AtomicU64::default).take(size).collect() }
    }

    /// The slots where a key with this hash may be, with the entries there.
    fn candidates(&self, hash: u64) -> impl Iterator<Item = (&AtomicU64, Option<u32>)> {
        // The lower half of the hash as a fraction of the length.
        #[allow(clippy::cast_possible_truncation, reason = "less than the length")]
        let first = (((hash & u64::from(u32::MAX)) * self.slots.len() as u64) >> 32) as usize;
        let (before, after) = self.slots.split_at_checked(first).unwrap_or_default();
        let tag = hash >> 32;
        after
            .iter()
            .chain(before)
            .map(|slot| (slot, slot.load(Ordering::Acquire)))
            .filter(move |(_, value)| *value == 0 || value >> 32 == tag)
            .map(|(slot, value)| {
                #[allow(clippy::cast_possible_truncation, reason = "the lower half")]
                let entry = (value as u32).checked_sub(1);
                (slot, entry)
            })
    }

    fn publish(slot: &AtomicU64, hash: u64, entry: u32) {
        slot.store(hash >> 32 << 32 | u64::from(entry + 1), Ordering::Release);
    }
}

pub(super) struct Generation {
    entries: Box<[Entry]>,
    places: Table,
    names: Table,
    hasher: foldhash::fast::FixedState,
}

impl Generation {
    pub(super) fn new(capacity: usize, hasher: foldhash::fast::FixedState) -> Self {
        Generation {
            entries: std::iter::repeat_with(Entry::default).take(capacity).collect(),
            places: Table::new(capacity),
            names: Table::new(capacity),
            hasher,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn hasher(&self) -> foldhash::fast::FixedState {
        self.hasher.clone()
    }

    #[inline]
    fn hash(&self, parent: u32, name: &str) -> u64 {
        use std::hash::{BuildHasher as _, Hasher as _};
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(parent);
        hasher.write(name.as_bytes());
        hasher.finish()
    }

    pub(super) fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    pub(super) fn object(&self, index: u32) -> Option<ObjectRef> {
        self.entry(index)?.object()
    }

    /// The child `name` of `parent`.
    #[inline]
    pub(super) fn child(&self, parent: u32, name: &str) -> Option<(u32, ObjectRef)> {
        for (_, candidate) in self.places.candidates(self.hash(parent, name)) {
            let index = candidate?;
            let Some(entry) = self.entry(index) else { continue };
            if entry.parent.load(Ordering::Relaxed) == parent
                && let Some(object) = entry.object()
                && object.name() == name
            {
                return Some((index, object));
            }
        }
        None
    }

    /// The children of `parent`, last first.
    pub(super) fn children(&self, parent: u32) -> impl Iterator<Item = (u32, ObjectRef)> {
        let mut at = self.entry(parent).map_or(NONE, |entry| entry.last_child.load(Ordering::Acquire));
        std::iter::from_fn(move || {
            while let Some(entry) = self.entry(at) {
                let index = at;
                at = entry.previous_sibling.load(Ordering::Acquire);
                if let Some(object) = entry.object() {
                    return Some((index, object));
                }
            }
            None
        })
    }

    /// All objects called `name`, last first.
    pub(super) fn namesakes(&self, name: &str) -> impl Iterator<Item = (u32, ObjectRef)> {
        let mut at = self.first_namesake(self.hash(NONE, name), name).1;
        std::iter::from_fn(move || {
            while let Some(entry) = self.entry(at) {
                let index = at;
                at = entry.previous_namesake.load(Ordering::Acquire);
                if let Some(object) = entry.object() {
                    return Some((index, object));
                }
            }
            None
        })
    }

    /// The slot for `name` in the table of names, and the newest live entry there.
    fn first_namesake(&self, hash: u64, name: &str) -> (Option<&AtomicU64>, u32) {
        for (slot, candidate) in self.names.candidates(hash) {
            let Some(index) = candidate else { return (Some(slot), NONE) };
            // A chain belongs to one name; it is known by any of its objects that lives.
            let mut at = index;
            while let Some(entry) = self.entry(at) {
                if let Some(object) = entry.object() {
                    if object.name() == name {
                        return (Some(slot), at);
                    }
                    break;
                }
                at = entry.previous_namesake.load(Ordering::Acquire);
            }
            if at == NONE {
                // Nobody of that chain lives, so the slot may be taken over. Another chain of this name cannot
                // stand behind it: while it was alive it was found first, or had another name with the same tag.
                if self.later_namesake(slot, hash, name).is_none() {
                    return (Some(slot), NONE);
                }
            }
        }
        (None, NONE)
    }

    /// The newest live entry of `name` in a slot other than `not`.
    fn later_namesake(&self, not: &AtomicU64, hash: u64, name: &str) -> Option<u32> {
        self.names
            .candidates(hash)
            .map_while(|(slot, candidate)| candidate.map(|index| (slot, index)))
            .filter(|(slot, _)| !std::ptr::eq(*slot, not))
            .find_map(|(_, index)| {
                let mut at = index;
                while let Some(entry) = self.entry(at) {
                    if let Some(object) = entry.object() {
                        return (object.name() == name).then_some(at);
                    }
                    at = entry.previous_namesake.load(Ordering::Acquire);
                }
                None
            })
    }

    /// Fills the free entry `index` and lets readers find it by name and path. Only the writer calls this, once per
    /// entry. `previous` is the sibling before it; listings see it once [`list`](Self::list) is called.
    pub(super) fn insert(&self, index: u32, parent: u32, previous: u32, object: &ObjectRef) {
        let Some(entry) = self.entry(index) else { return };
        let name = object.name();
        let (place, any_place) = (self.hash(parent, name), self.hash(NONE, name));
        let (namesake_slot, namesake) = self.first_namesake(any_place, name);
        entry.parent.store(parent, Ordering::Relaxed);
        entry.last_child.store(NONE, Ordering::Relaxed);
        entry.previous_sibling.store(previous, Ordering::Relaxed);
        entry.previous_namesake.store(namesake, Ordering::Relaxed);
        // Last: a reader that got the object otherwise, by a link, may look for its entry at once.
        let _ = entry.object.set(object.downgrade());

        let dead = |candidate: Option<u32>| {
            candidate.is_none_or(|other| {
                self.entry(other).is_none_or(|other| {
                    other.parent.load(Ordering::Relaxed) == parent && other.object().is_none()
                })
            })
        };
        if let Some((slot, _)) = self.places.candidates(place).find(|(_, candidate)| dead(*candidate)) {
            Table::publish(slot, place, index);
        }
        if let Some(slot) = namesake_slot {
            Table::publish(slot, any_place, index);
        }
    }

    /// The newest child of `parent`, as listings see it.
    pub(super) fn last_child(&self, parent: u32) -> u32 {
        self.entry(parent).map_or(NONE, |entry| entry.last_child.load(Ordering::Relaxed))
    }

    /// Lets listings see the children of `parent` up to `last`: all of a batch at once.
    pub(super) fn list(&self, parent: u32, last: u32) {
        if let Some(entry) = self.entry(parent) {
            entry.last_child.store(last, Ordering::Release);
        }
    }
}
