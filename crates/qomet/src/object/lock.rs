//! The mutex of an object's writers, its revision, and whether somebody watches.
//!
//! Every change of a live property goes through [`ObjectLock::store`]: here the revision is compared with the one that
//! was expected, the change is made, the revision goes up, and watchers are told, all under the one mutex, so that events
//! come in the order of revisions. Watchers are woken when the mutex is free again.
//!
//! Whether somebody watches is a flag of the object itself and stands beside the revision, so a set that nobody
//! watches pays one load of a line that it has just written. Why not a counter of the model: an object does not know its
//! model, and finding it by the parents would cost every set some cache misses.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

use parking_lot::Mutex;

use super::extras::Extra;
use super::instance::AnyObject;
use crate::error::{Failed, ModelErrorKind, Result};
use crate::model::Progress;
use crate::types::Property;
use crate::visit::{Input, Native, NativeOutput};
use crate::watch::{Change, Wakes};

/// What stands in an object's header.
#[derive(Default)]
pub(crate) struct Lock {
    mutex: Mutex<()>,
    /// Written under the mutex. It may be set though nobody watches any more, never the other way round.
    watched: AtomicBool,
    revision: AtomicU64,
}

/// How often a read is tried again because a writer came in between, before writers are kept out.
const TRIES: usize = 8;

impl Lock {
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// From now on changes are told to the model's watchers. Returns when every change that was not told is complete.
    pub(super) fn watch(&self) {
        let _guard = self.mutex.lock();
        self.watched.store(true, Ordering::Relaxed);
    }

    /// The same for an object that nobody else can set yet.
    pub(super) fn watch_from_the_start(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Returns when a change whose revision can be seen has been told.
    pub(super) fn settle(&self) {
        drop(self.mutex.lock());
    }

    /// Reads what belongs together; also the revision at which it was so. `read` may run several times. If writers
    /// leave no gap they are kept out at last, so `read` must not set the object.
    pub(super) fn read<R>(&self, mut read: impl FnMut() -> R) -> (R, u64) {
        for _ in 0..TRIES {
            let before = self.revision();
            // A writer that has the mutex may have stored and not yet counted.
            if self.mutex.is_locked() {
                std::hint::spin_loop();
                continue;
            }
            let found = read();
            fence(Ordering::Acquire);
            if !self.mutex.is_locked() && self.revision() == before {
                return (found, before);
            }
        }
        let _guard = self.mutex.lock();
        (read(), self.revision())
    }
}

/// Which property is set.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    Slot(usize),
    Extra(&'a Extra),
    /// Properties were added or removed.
    Name(&'a str),
}

/// On what terms a property is set.
#[derive(Clone, Copy, Default)]
pub struct Terms<'a> {
    /// The revision of the object without which nothing is changed.
    pub(crate) revision: Option<u64>,
    /// Who is told how far it has come, where that takes long.
    pub(crate) progress: Option<&'a Progress>,
    /// Whether the value is taken away instead: the property has its default again. Nothing is read then.
    pub(crate) unset: bool,
}

/// Access to change one property of one object.
pub struct ObjectLock<'a> {
    lock: &'a Lock,
    object: &'a dyn AnyObject,
    target: Target<'a>,
    /// The revision without which nothing is changed.
    expected: Option<u64>,
    /// The revision that was found in its place.
    found: Cell<Option<u64>>,
}

impl<'a> ObjectLock<'a> {
    pub(super) fn new(object: &'a dyn AnyObject, target: Target<'a>, expected: Option<u64>) -> Self {
        ObjectLock { lock: object.header().lock(), object, target, expected, found: Cell::new(None) }
    }

    /// Runs `store` under the mutex; if it succeeds, the object's revision goes up by one and watchers are told. If
    /// another revision was expected, nothing happens, which whoever made the lock learns from it.
    ///
    /// # Errors
    /// Those of `store`.
    #[inline]
    pub fn store<E>(&self, store: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let lock = self.lock;
        let guard = lock.mutex.lock();
        let revision = lock.revision.load(Ordering::Relaxed);
        if let Some(expected) = self.expected
            && expected != revision
        {
            self.found.set(Some(revision));
            return Ok(());
        }
        store()?;
        // A plain store: nobody else writes while the mutex is held.
        lock.revision.store(revision + 1, Ordering::Release);
        if lock.watched.load(Ordering::Relaxed) {
            let wakes = self.tell(revision + 1);
            drop(guard);
            drop(wakes);
        }
        Ok(())
    }

    /// Reports that the object's revision was not the expected one, if so.
    ///
    /// # Errors
    /// The proof that it was reported.
    #[inline]
    pub(super) fn check(&self, input: &mut dyn Input) -> Result<(), Failed> {
        match self.unexpected() {
            None => Ok(()),
            Some(problem) => Err(input.report_name(Box::new(problem))),
        }
    }

    fn unexpected(&self) -> Option<ModelErrorKind> {
        let (expected, found) = (self.expected?, self.found.get()?);
        Some(ModelErrorKind::RevisionChanged { what: "object", expected, found })
    }

    /// Tells the watchers, under the mutex.
    #[cold]
    fn tell(&self, revision: u64) -> Wakes {
        let header = self.object.header();
        let hub = header.hub().filter(|hub| hub.is_watched());
        let Some(hub) = hub else {
            // Whoever watches next sets it again, and that comes after this.
            self.lock.watched.store(false, Ordering::Relaxed);
            return Wakes::default();
        };
        let is_sensitive = |property: &Property| property.sensitive;
        match self.target {
            Target::Slot(slot) => {
                let Some(property) = header.class().property(slot) else { return Wakes::default() };
                let value = |configured: bool| {
                    let mut output = NativeOutput::default();
                    match configured {
                        true => self.object.write_configured(slot, &mut output),
                        false => self.object.write(slot, &mut output),
                    }
                    output.finish()
                };
                hub.changed(header, property.name, revision, &|| Change {
                    value: (!is_sensitive(property)).then(|| value(false)),
                    configured: (property.effective && !is_sensitive(property)).then(|| value(true)),
                })
            }
            Target::Extra(extra) => {
                let Some(name) = header.extras().name_of(extra) else { return Wakes::default() };
                let value = || -> Option<Native<'static>> {
                    let mut output = NativeOutput::default();
                    extra.write(&mut output).ok()?;
                    Some(output.finish())
                };
                hub.changed(header, &name, revision, &|| Change { value: value(), configured: None })
            }
            Target::Name(name) => hub.changed(header, name, revision, &Change::default),
        }
    }
}
