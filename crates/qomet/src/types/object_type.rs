//! What `#[derive(Object)]` makes of a struct.
//!
//! A property is found by name in its [`Class`](super::Class) and from then on is a *slot*: its number among the
//! properties of the type, those of the parents first. Every function that takes a slot is a `match` that the
//! compiler flattens over the parents, so an inherited property costs what an own one costs.

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use super::{Class, InterfaceEntry, Property, Realize};
use crate::error::{Diagnostics, Failed};
use crate::object::{AnyDraft, Draft, ObjectLock};
use crate::value::LinkRef;
use crate::visit::{Input, Output, ValueRef};

/// What is known of a type without any object.
#[derive(Clone, Copy, Debug)]
pub struct TypeInfo {
    /// The name on the wire.
    pub name: &'static str,
    /// The first paragraph of the struct's documentation.
    pub description: &'static str,
    /// Whether it has no objects of its own.
    pub is_abstract: bool,
    /// Whether a user may create objects of it.
    pub user_creatable: bool,
    /// Whether objects of it, and of types below it, are there for others to link to.
    pub serves: bool,
    /// Its own properties, in declared order, without those of the parents.
    pub properties: &'static [Property],
}

/// Marks a type that stands in a crate's list of types; made by [`types!`](crate::types!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is an object type that stands in no list of types",
    note = "add it to the crate's list: `qomet::types! {{ pub fn types = [{Self}]; }}`"
)]
pub trait Listed {}

/// A type of objects: made by the derive, not by hand.
///
/// Functions named `own_*` know the type's own properties, counted from 0; the provided ones dispatch between
/// them and the parent.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an object type",
    note = "an object type is a struct with `#[derive(Object)]`"
)]
pub trait ObjectType: Any + Send + Sync + Sized {
    /// The parent's struct, which this one contains; [`NoParent`](super::NoParent) at the top.
    type Parent: ObjectType;
    /// What an object holds once it is realized.
    type State: Any + Send + Sync;
    /// The name on the wire. Apart from [`INFO`](Self::INFO), so that types can have links to each other.
    const NAME: &'static str;
    /// Name, description, properties.
    const INFO: TypeInfo;
    /// Whether the type or a parent has rules across properties.
    const CHECKED: bool;
    /// How many parents there are: what a cast looks for first, because comparing numbers is faster than types.
    const DEPTH: usize = <Self::Parent as ObjectType>::DEPTH + 1;
    /// How many properties the parents have.
    const FIRST: usize = <Self::Parent as ObjectType>::COUNT;
    /// How many properties there are, the parents' included.
    const COUNT: usize = Self::FIRST + Self::INFO.properties.len();

    /// A struct with all defaults.
    fn defaults() -> Self;
    /// A copy, to be the candidate of a live set.
    fn duplicate(&self) -> Self;
    /// The parent's part.
    fn parent(&self) -> Option<&Self::Parent>;
    /// The parent's part.
    fn parent_mut(&mut self) -> Option<&mut Self::Parent>;
    /// The parent's part of the state.
    fn parent_state(state: &Self::State) -> Option<&<Self::Parent as ObjectType>::State>;
    /// The entry in a list of types.
    fn entry() -> TypeEntry;
    /// The interfaces. A parent's are not inherited, as they are implemented for its instances, not for the child's:
    /// the child names those again that it has too.
    fn own_interfaces(_list: &mut Vec<InterfaceEntry>) {}

    /// Sets an own property of a draft.
    ///
    /// # Errors
    /// The proof that what was wrong was reported.
    fn own_assign(&mut self, slot: usize, input: &mut dyn Input) -> Result<(), Failed>;
    /// Sets an own live property: reads without the lock, stores under it.
    ///
    /// # Errors
    /// The proof that what was wrong was reported.
    fn own_set_live(&self, slot: usize, input: &mut dyn Input, lock: &ObjectLock<'_>) -> Result<(), Failed>;
    /// Makes an own live property that of `from`.
    fn own_adopt(&self, slot: usize, from: &Self);
    /// Whether an own sensitive property is the same in `other`; true of all others.
    fn own_is_same(&self, _slot: usize, _other: &Self) -> bool {
        true
    }
    /// Reads an own property; without a state, computed ones are absent.
    fn own_value<'a>(&'a self, state: Option<&'a Self::State>, slot: usize) -> ValueRef<'a>;
    /// Writes an own property; without a state, computed ones are absent.
    fn own_write(&self, state: Option<&Self::State>, slot: usize, output: &mut dyn Output);
    /// Shows every link in the own property.
    fn own_links(&self, _slot: usize, _each: &mut dyn FnMut(&dyn LinkRef)) {}
    /// Shows every link in the own property, to be resolved.
    fn own_links_mut(&mut self, _slot: usize, _each: &mut dyn FnMut(&mut dyn LinkRef)) {}
    /// The rules across the type's own properties.
    fn own_check(&self, _report: &mut Diagnostics) {}

    /// Sets a property of a draft.
    ///
    /// # Errors
    /// The proof that what was wrong was reported.
    #[inline]
    fn assign(&mut self, slot: usize, input: &mut dyn Input) -> Result<(), Failed> {
        match slot.checked_sub(Self::FIRST) {
            Some(own) => self.own_assign(own, input),
            None => self.parent_mut().map_or(Ok(()), |parent| parent.assign(slot, input)),
        }
    }

    /// Sets a live property.
    ///
    /// # Errors
    /// The proof that what was wrong was reported.
    #[inline]
    fn set_live(&self, slot: usize, input: &mut dyn Input, lock: &ObjectLock<'_>) -> Result<(), Failed> {
        match slot.checked_sub(Self::FIRST) {
            Some(own) => self.own_set_live(own, input, lock),
            None => self.parent().map_or(Ok(()), |parent| parent.set_live(slot, input, lock)),
        }
    }

    /// Makes a live property that of `from`.
    #[inline]
    fn adopt(&self, slot: usize, from: &Self) {
        match slot.checked_sub(Self::FIRST) {
            Some(own) => self.own_adopt(own, from),
            None => {
                if let (Some(parent), Some(from)) = (self.parent(), from.parent()) {
                    parent.adopt(slot, from);
                }
            }
        }
    }

    /// Whether a sensitive property is the same in `other`; true of all others.
    fn is_same(&self, slot: usize, other: &Self) -> bool {
        match slot.checked_sub(Self::FIRST) {
            Some(own) => self.own_is_same(own, other),
            None => match (self.parent(), other.parent()) {
                (Some(parent), Some(other)) => parent.is_same(slot, other),
                _ => true,
            },
        }
    }

    /// Reads a property.
    #[inline]
    fn value<'a>(&'a self, state: Option<&'a Self::State>, slot: usize) -> ValueRef<'a> {
        match slot.checked_sub(Self::FIRST) {
            Some(own) => self.own_value(state, own),
            None => self
                .parent()
                .map_or(ValueRef::Null, |parent| parent.value(state.and_then(Self::parent_state), slot)),
        }
    }

    /// Writes a property.
    #[inline]
    fn write(&self, state: Option<&Self::State>, slot: usize, output: &mut dyn Output) {
        match slot.checked_sub(Self::FIRST) {
            Some(own) => self.own_write(state, own, output),
            None => match self.parent() {
                Some(parent) => parent.write(state.and_then(Self::parent_state), slot, output),
                None => output.null(),
            },
        }
    }

    /// Shows every link with its slot.
    fn links(&self, each: &mut dyn FnMut(usize, &dyn LinkRef)) {
        if let Some(parent) = self.parent() {
            parent.links(each);
        }
        for slot in 0..Self::INFO.properties.len() {
            self.own_links(slot, &mut |link| each(Self::FIRST + slot, link));
        }
    }

    /// Shows every link with its slot, to be resolved.
    fn links_mut(&mut self, each: &mut dyn FnMut(usize, &mut dyn LinkRef)) {
        if let Some(parent) = self.parent_mut() {
            parent.links_mut(each);
        }
        for slot in 0..Self::INFO.properties.len() {
            self.own_links_mut(slot, &mut |link| each(Self::FIRST + slot, link));
        }
    }

    /// The rules across properties, the parents' first.
    fn check_all(&self, report: &mut Diagnostics) {
        if Self::CHECKED {
            if let Some(parent) = self.parent() {
                parent.check_all(report);
            }
            self.own_check(report);
        }
    }

    /// The struct of this type or the parent that has so many parents.
    #[inline]
    fn upcast(&self, depth: usize) -> Option<&dyn Any> {
        match depth.cmp(&Self::DEPTH) {
            Ordering::Equal => Some(self),
            Ordering::Less => self.parent()?.upcast(depth),
            Ordering::Greater => None,
        }
    }
}

/// Makes a draft with all defaults.
pub(crate) type MakeDraft = fn(&Arc<Class>) -> Box<dyn AnyDraft>;

/// A type on its way into a registry.
#[derive(Clone)]
pub struct TypeEntry {
    pub(crate) info: TypeInfo,
    pub(crate) parent: Option<&'static str>,
    pub(crate) draft: Option<MakeDraft>,
    pub(crate) interfaces: fn(&mut Vec<InterfaceEntry>),
    /// Why there are no objects of it here, where it is known by name only.
    pub(crate) missing: Option<&'static str>,
}

impl TypeEntry {
    /// A type that can have objects.
    #[must_use]
    pub fn concrete<T: Realize>() -> Self {
        TypeEntry {
            draft: Some(|class| Box::new(Draft::<T>::new(class.clone()))),
            ..Self::of_abstract::<T>()
        }
    }

    /// A type that has no objects of its own.
    #[must_use]
    pub fn of_abstract<T: ObjectType>() -> Self {
        let parent = <T::Parent as ObjectType>::INFO.name;
        TypeEntry {
            info: T::INFO,
            parent: (!parent.is_empty()).then_some(parent),
            draft: None,
            interfaces: T::own_interfaces,
            missing: None,
        }
    }

    /// An abstract type that has no struct: only a name to stand between others.
    #[must_use]
    pub fn named(info: TypeInfo, parent: Option<&'static str>) -> Self {
        TypeEntry { info, parent, draft: None, interfaces: |_| {}, missing: None }
    }

    /// A type that is known by name only: this build or program lacks what it needs, and `missing` says what, as a
    /// clause (`"it needs a guest"`). It is no class and in no listing; whoever asks for it is told why.
    #[must_use]
    pub fn unavailable(name: &'static str, missing: &'static str) -> Self {
        let info = TypeInfo {
            name,
            description: "",
            is_abstract: true,
            user_creatable: false,
            serves: false,
            properties: &[],
        };
        TypeEntry { missing: Some(missing), ..TypeEntry::named(info, None) }
    }
}
