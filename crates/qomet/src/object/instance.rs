//! A realized object.
//!
//! Properties and state are frozen together; reading either takes no lock. A live property is its own atomic or
//! snapshot; writers are kept in order by the object's one mutex. Here is the one place where changing a fixed
//! property is refused: [`AnyObject::set`].

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use compact_str::CompactString;

use super::ObjectRef;
use super::extras::Extras;
use super::lock::{Lock, ObjectLock, Target, Terms};
use crate::error::{Diagnostic, Diagnostics, Failed, ModelErrorKind, Result, Told};
use crate::model::Progress;
use crate::types::{Advice, Class, Content, Need, ObjectType, Realize};
use crate::value::{LinkRef, Mutability};
use crate::visit::{Input, Output, ValueRef};
use crate::watch::Hub;

/// The bit of [`Header::uses`] that says that the object left its model.
const DELETED: u32 = 1 << 31;
/// The bit of [`Header::uses`] that says that applying a batch created the object.
const APPLIED: u32 = 1 << 30;

/// What every object has, whatever its type.
pub struct Header {
    class: Arc<Class>,
    above: Above,
    name: CompactString,
    /// Where the tree keeps it. Only the tree's writer changes it; a reader checks that it finds the object there.
    index: AtomicU32,
    /// How many holds there are, [`DELETED`] and [`APPLIED`]. One word, so that a hold and a deletion cannot both win.
    uses: AtomicU32,
    lock: Lock,
    extras: Extras,
}

/// What is above an object.
enum Above {
    Parent(ObjectRef),
    /// Nothing: it is the root of a tree, which has the tree's watchers, or in no tree.
    Top(Option<Arc<Hub>>),
}

impl Header {
    pub(crate) fn new(class: Arc<Class>, parent: Option<ObjectRef>, name: CompactString) -> Self {
        Header {
            class,
            above: parent.map_or(Above::Top(None), Above::Parent),
            name,
            index: AtomicU32::new(u32::MAX),
            uses: AtomicU32::new(0),
            lock: Lock::default(),
            extras: Extras::default(),
        }
    }

    /// The class.
    pub fn class(&self) -> &Arc<Class> {
        &self.class
    }

    /// The parent in the tree; the root has none.
    pub fn parent(&self) -> Option<&ObjectRef> {
        match &self.above {
            Above::Parent(parent) => Some(parent),
            Above::Top(_) => None,
        }
    }

    /// Makes it the root of a watched tree.
    pub(crate) fn set_hub(&mut self, hub: Arc<Hub>) {
        self.above = Above::Top(Some(hub));
    }

    /// The watchers of the tree it is in.
    pub(super) fn hub(&self) -> Option<&Arc<Hub>> {
        let mut at = self;
        loop {
            match &at.above {
                Above::Parent(parent) => at = parent.header(),
                Above::Top(hub) => return hub.as_ref(),
            }
        }
    }

    /// The canonical path.
    pub(crate) fn path(&self) -> String {
        let above = self.parent().filter(|parent| parent.parent().is_some()).map(ObjectRef::path);
        format!("{}/{}", above.unwrap_or_default(), self.name)
    }

    /// Has watchers told of changes. Returns when every change that they were not told of is complete.
    pub(crate) fn watch(&self) {
        self.lock.watch();
    }

    /// The same for an object that nobody else can set yet.
    pub(crate) fn watch_from_the_start(&self) {
        self.lock.watch_from_the_start();
    }

    /// Returns when watchers have been told of every change that can be seen.
    pub(crate) fn settle(&self) {
        self.lock.settle();
    }

    /// The name below the parent.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How often a live property was set.
    pub fn revision(&self) -> u64 {
        self.lock.revision()
    }

    pub(super) fn lock(&self) -> &Lock {
        &self.lock
    }

    pub(super) fn extras(&self) -> &Extras {
        &self.extras
    }

    pub(crate) fn index(&self) -> u32 {
        self.index.load(Ordering::Relaxed)
    }

    pub(crate) fn set_index(&self, index: u32) {
        self.index.store(index, Ordering::Relaxed);
    }

    /// Whether it was deleted from its model.
    pub fn is_deleted(&self) -> bool {
        self.uses.load(Ordering::Acquire) & DELETED != 0
    }

    /// How many holds there are.
    pub(crate) fn holds(&self) -> u32 {
        self.uses.load(Ordering::Acquire) & !(DELETED | APPLIED)
    }

    pub(crate) fn hold(&self) -> Result<(), ModelErrorKind> {
        let take = |uses: u32| (uses & DELETED == 0).then(|| uses + 1);
        self.uses
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .map(|_| ())
            .map_err(|_| ModelErrorKind::Deleted)
    }

    /// Takes one more hold beside one that there is.
    pub(crate) fn hold_again(&self) {
        self.uses.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn release(&self) {
        self.uses.fetch_sub(1, Ordering::AcqRel);
    }

    /// Marks the object deleted if exactly `holds` hold it.
    pub(crate) fn try_delete(&self, holds: u32) -> bool {
        let holds = holds | self.uses.load(Ordering::Relaxed) & APPLIED;
        self.uses.compare_exchange(holds, holds | DELETED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whether applying a batch created the object.
    pub(crate) fn is_applied(&self) -> bool {
        self.uses.load(Ordering::Acquire) & APPLIED != 0
    }

    /// Says that applying a batch created the object.
    pub(crate) fn mark_applied(&mut self) {
        *self.uses.get_mut() |= APPLIED;
    }

    /// Takes the mark back.
    pub(crate) fn undelete(&self) {
        self.uses.fetch_and(!DELETED, Ordering::AcqRel);
    }
}

/// The last reference to a deep child may be the last to all its parents. They go one after the other here, not each
/// inside of the one before, which would exhaust the stack.
impl Drop for Header {
    fn drop(&mut self) {
        let mut next = match std::mem::replace(&mut self.above, Above::Top(None)) {
            Above::Parent(parent) => Some(parent),
            Above::Top(_) => None,
        };
        while let Some(object) = next {
            // If it goes now, it finds that its parent has another reference, and this loop goes on with that.
            next = object.parent().filter(|_| object.is_last_reference()).cloned();
        }
    }
}

/// Any realized object. Sealed: [`Instance`] is the only one.
pub trait AnyObject: Any + Send + Sync {
    /// What every object has.
    fn header(&self) -> &Header;
    /// The property in `slot`.
    fn value(&self, slot: usize) -> ValueRef<'_>;
    /// Writes the property in `slot`.
    fn write(&self, slot: usize, output: &mut dyn Output);
    /// Sets the property in `slot`, if the object has the expected revision; what takes long tells how far it has come.
    ///
    /// # Errors
    /// The proof that what was wrong was reported.
    fn set(&self, slot: usize, input: &mut dyn Input, terms: Terms<'_>) -> Result<(), Failed>;
    /// Writes the property in `slot` as configured.
    fn write_configured(&self, slot: usize, output: &mut dyn Output);
    /// The struct of the object's type or the parent that has so many parents.
    fn upcast(&self, depth: usize) -> Option<&dyn Any>;
    /// The instance itself.
    fn as_any(&self) -> &dyn Any;
    /// Shows every link with its slot.
    fn links(&self, each: &mut dyn FnMut(usize, &dyn LinkRef));
    /// See [`Realize::takes_long`].
    fn takes_long(&self) -> bool;
    /// See [`Realize::advise`].
    fn advise(&self, need: &Need, id: &str) -> Advice;
    /// See [`Realize::content`].
    fn content(&self) -> Content;
    /// The type's own veto.
    ///
    /// # Errors
    /// Why it must stay.
    fn can_be_deleted(&self) -> Result<()>;
}

/// A realized object of type `T`: its properties (by `Deref`) and its state.
pub struct Instance<T: ObjectType> {
    header: Header,
    properties: T,
    state: T::State,
}

impl<T: ObjectType> Instance<T> {
    pub(crate) fn new(header: Header, properties: T, state: T::State) -> Self {
        Instance { header, properties, state }
    }

    /// What it holds.
    pub fn state(&self) -> &T::State {
        &self.state
    }

    /// The name below the parent.
    pub fn name(&self) -> &str {
        self.header.name()
    }
}

impl<T: ObjectType> Deref for Instance<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.properties
    }
}

impl<T: Realize> Instance<T> {
    /// Sets a live property of a type that has rules across properties or an effect outside: what is new is tried
    /// on a candidate first.
    fn set_by_candidate(
        &self,
        slot: usize,
        name: &'static str,
        input: &mut dyn Input,
        lock: &ObjectLock<'_>,
        terms: Terms<'_>,
    ) -> Result<(), Failed> {
        let mut parsed = self.properties.duplicate();
        match terms.unset {
            true => parsed.adopt(slot, &T::defaults()),
            false => parsed.assign(slot, input)?,
        }
        let progress = terms.progress;
        let unwatched = Progress::new();
        if let Err(problem) = parsed.prepare(&self.state, name, progress.unwrap_or(&unwatched)) {
            return Err(input.report(Box::new(Told(problem))));
        }
        let verdict = lock.store(|| -> Result<(), Vec<Diagnostic>> {
            let candidate = self.properties.duplicate();
            candidate.adopt(slot, &parsed);
            let mut report = Diagnostics::new();
            if T::CHECKS_LIVE {
                candidate.check_all(&mut report);
            }
            let broken: Vec<Diagnostic> = report.take().into_iter().filter(Diagnostic::is_error).collect();
            if !broken.is_empty() {
                return Err(broken);
            }
            candidate.apply(&self.state, name).map_err(|diagnostic| vec![diagnostic])?;
            self.properties.adopt(slot, &parsed);
            Ok(())
        });
        let Err(broken) = verdict else { return Ok(()) };
        let told = broken.into_iter().map(|diagnostic| input.report(Box::new(Told(diagnostic)))).last();
        match told {
            Some(failed) => Err(failed),
            None => Ok(()),
        }
    }
}

impl<T: Realize> AnyObject for Instance<T> {
    #[inline]
    fn header(&self) -> &Header {
        &self.header
    }

    #[inline]
    fn value(&self, slot: usize) -> ValueRef<'_> {
        self.properties.value(Some(&self.state), slot)
    }

    fn write(&self, slot: usize, output: &mut dyn Output) {
        self.properties.write(Some(&self.state), slot, output);
    }

    fn write_configured(&self, slot: usize, output: &mut dyn Output) {
        self.properties.write(None, slot, output);
    }

    fn set(&self, slot: usize, input: &mut dyn Input, terms: Terms<'_>) -> Result<(), Failed> {
        let Some(property) = self.header.class.property(slot) else { return Ok(()) };
        if self.header.is_deleted() && property.mutability == Mutability::Live {
            return Err(input.report(Box::new(ModelErrorKind::Deleted)));
        }
        match property.mutability {
            Mutability::Live => {
                let lock = ObjectLock::new(self, Target::Slot(slot), terms.revision);
                if T::CHECKED || T::APPLIES || terms.unset {
                    self.set_by_candidate(slot, property.name, input, &lock, terms)?;
                } else {
                    self.properties.set_live(slot, input, &lock)?;
                }
                lock.check(input)
            }
            Mutability::UntilRealized => Err(input.report(Box::new(ModelErrorKind::CannotChange))),
            Mutability::Computed => Err(input.report(Box::new(ModelErrorKind::ReadOnly))),
        }
    }

    #[inline]
    fn upcast(&self, depth: usize) -> Option<&dyn Any> {
        self.properties.upcast(depth)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn links(&self, each: &mut dyn FnMut(usize, &dyn LinkRef)) {
        self.properties.links(each);
    }

    fn takes_long(&self) -> bool {
        self.properties.takes_long()
    }

    fn advise(&self, need: &Need, id: &str) -> Advice {
        self.properties.advise(need, id)
    }

    fn content(&self) -> Content {
        self.properties.content(&self.state)
    }

    fn can_be_deleted(&self) -> Result<()> {
        self.properties.can_be_deleted(&self.state)
    }
}

/// Every object pays for its header: what only a root has, or what is seldom, must fit into what is there.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Header>() == 80);
