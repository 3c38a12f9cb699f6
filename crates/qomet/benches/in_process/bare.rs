//! Anchors: programs that do only what cannot be avoided.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use parking_lot::Mutex;

pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;

/// An object of an unknown type.
pub(crate) trait Bare: Send + Sync + Any {
    fn read(&self, slot: usize) -> u64;
    fn store(&self, slot: usize, value: u64);
    fn as_any(&self) -> &dyn Any;
}

pub(crate) struct Words {
    words: [AtomicU64; 20],
    lock: Mutex<()>,
    revision: AtomicU64,
}

impl Bare for Words {
    #[inline(never)]
    fn read(&self, slot: usize) -> u64 {
        self.words[slot].load(Ordering::Acquire)
    }
    #[inline(never)]
    fn store(&self, slot: usize, value: u64) {
        let _guard = self.lock.lock();
        self.words[slot].store(value, Ordering::Release);
        self.revision.store(self.revision.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A bare object and its names.
pub(crate) struct Object {
    pub(crate) object: Arc<dyn Bare>,
    pub(crate) names: Map<String, usize>,
    pub(crate) text: ArcSwap<String>,
    lock: Mutex<()>,
}

impl Object {
    pub(crate) fn new(names: impl Iterator<Item = &'static str>) -> Self {
        let words = std::array::from_fn(|at| AtomicU64::new(at as u64));
        Object {
            object: Arc::new(Words { words, lock: Mutex::default(), revision: AtomicU64::default() }),
            names: names.take(20).enumerate().map(|(slot, name)| (name.to_owned(), slot)).collect(),
            text: ArcSwap::from_pointee("a string of nineteen".to_owned()),
            lock: Mutex::default(),
        }
    }

    #[inline(never)]
    pub(crate) fn get(&self, name: &str) -> Option<u64> {
        Some(self.object.read(*self.names.get(name)?))
    }

    #[inline(never)]
    pub(crate) fn set(&self, name: &str, value: u64) -> Option<()> {
        self.object.store(*self.names.get(name)?, value);
        Some(())
    }

    #[inline(never)]
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.names.get(name)?;
        Some(String::clone(&self.text.load()))
    }

    #[inline(never)]
    pub(crate) fn set_text(&self, name: &str, text: &str) -> Option<()> {
        self.names.get(name)?;
        let fresh = Arc::new(text.to_owned());
        let _guard = self.lock.lock();
        self.text.store(fresh);
        Some(())
    }
}

/// A tree of one level: names to objects.
#[derive(Default)]
pub(crate) struct Level {
    pub(crate) children: Map<String, Arc<[u8; 64]>>,
}

impl Level {
    pub(crate) fn of(count: usize) -> Self {
        let mut level = Level::default();
        for number in 0..count {
            level.children.insert(format!("obj{number:06}"), Arc::new([0; 64]));
        }
        level
    }
}
