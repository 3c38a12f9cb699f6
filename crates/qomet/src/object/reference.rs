//! An object whatever its type: what a caller holds.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Weak};

use super::{AnyObject, Handle, Header, Instance, Terms};
use crate::error::{Diagnostic, Diagnostics, Failed, ModelErrorKind, Result};
use crate::types::{Advice, Class, Content, Interface, Need, ObjectType, Realize};
use crate::value::{LinkRef, Size};
use crate::visit::{Input, Native, NativeInput, Output, Resolving, ToNative, ValueRef};

/// A realized object of any type. Cloning counts a reference; the object itself lives until the last is dropped,
/// but leaves its model when it is deleted there.
#[derive(Clone)]
pub struct ObjectRef(Arc<dyn AnyObject>);

/// An object that may have gone.
#[derive(Clone)]
pub struct WeakRef(Weak<dyn AnyObject>);

/// Nobody is there to look a path up.
fn no_path(path: &str) -> Result<ObjectRef> {
    Err(ModelErrorKind::DanglingLink { path: path.to_owned(), nearest: None }.into())
}

/// Keeps an object from being deleted while it lives.
///
/// It does not keep the object's memory: the tree does that. So objects that hold each other, or themselves, still
/// go with their model.
pub struct Hold(WeakRef);

impl ObjectRef {
    pub(crate) fn new<T: Realize>(instance: Arc<Instance<T>>) -> Self {
        ObjectRef(instance)
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        self.0.header()
    }

    /// The class.
    #[inline]
    #[must_use]
    pub fn class(&self) -> &Arc<Class> {
        self.header().class()
    }

    /// The name below the parent: for what a user created, its id.
    #[must_use]
    pub fn name(&self) -> &str {
        self.header().name()
    }

    /// The parent in the tree; the root has none.
    #[must_use]
    pub fn parent(&self) -> Option<&ObjectRef> {
        self.header().parent()
    }

    /// How often a live property of the object was set.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.header().revision()
    }

    /// Whether the object was deleted from its model.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.header().is_deleted()
    }

    /// The canonical path, such as `/objects/ram0`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut length = 0;
        let mut at = Some(self);
        while let Some(object) = at {
            length += object.name().len() + 1;
            at = object.parent();
        }
        let mut path = String::with_capacity(length);
        self.write_path(&mut path);
        if path.is_empty() {
            path.push('/');
        }
        path
    }

    fn write_path(&self, path: &mut String) {
        // Deep trees must not exhaust the stack.
        let mut chain: [Option<&ObjectRef>; 8] = [None; 8];
        let mut deep = Vec::new();
        let mut used = 0;
        let mut at = Some(self);
        while let Some(object) = at {
            match chain.get_mut(used) {
                Some(place) => *place = Some(object),
                None => deep.push(object),
            }
            used += 1;
            at = object.parent();
        }
        for object in deep.iter().rev().copied().chain(chain.iter().rev().flatten().copied()) {
            if object.parent().is_some() {
                path.push('/');
                path.push_str(object.name());
            }
        }
    }

    /// The struct of the object's type or of a parent type.
    #[inline]
    #[must_use]
    pub fn cast<T: ObjectType>(&self) -> Option<&T> {
        self.0.upcast(T::DEPTH)?.downcast_ref()
    }

    /// The object with its type and state.
    #[must_use]
    pub fn downcast<T: ObjectType>(&self) -> Option<Arc<Instance<T>>> {
        let any: Arc<dyn Any + Send + Sync> = self.0.clone();
        any.downcast().ok()
    }

    /// The object with its type and state, borrowed.
    #[inline]
    #[must_use]
    pub fn instance<T: ObjectType>(&self) -> Option<&Instance<T>> {
        self.0.as_any().downcast_ref()
    }

    /// An interface of the object.
    #[inline]
    #[must_use]
    pub fn interface<I: Interface + ?Sized>(&self) -> Option<&I> {
        self.class().interface::<I>(self.0.as_any())
    }

    /// Reads a property by name.
    ///
    /// # Errors
    /// There is no such property, it is write-only, or its value is no `T`.
    #[inline]
    pub fn get<'a, T: FromValue<'a>>(&'a self, name: &str) -> Result<T> {
        if let Some(slot) = self.class().find(name)
            && let Some(property) = self.class().property(slot)
            && !property.sensitive
            && let Some(value) = T::from_value(self.0.value(slot))
        {
            return Ok(value);
        }
        self.get_otherwise(name)
    }

    #[cold]
    fn get_otherwise<'a, T: FromValue<'a>>(&'a self, name: &str) -> Result<T> {
        let property = match (self.class().lookup(name), self.extra(name)) {
            (Ok((_, property)), _) => property,
            (Err(_), Some(extra)) => {
                let value = extra.value().map_err(|problem| problem.with_property(name))?;
                return T::from_value(value).ok_or_else(|| self.no_such_value(name, T::EXPECTED));
            }
            (Err(problem), None) => return Err(problem.with_object(self.name())),
        };
        if property.sensitive {
            return Err(self.about_property(ModelErrorKind::WriteOnly, name));
        }
        Err(self.no_such_value(name, T::EXPECTED))
    }

    fn no_such_value(&self, name: &str, asked: &'static str) -> Diagnostic {
        self.about_property(ModelErrorKind::NotReadableAs { asked }, name)
    }

    pub(super) fn about_property(&self, problem: ModelErrorKind, property: &str) -> Diagnostic {
        Diagnostic::new(problem)
            .with_object(self.name())
            .with_type(self.class().name())
            .with_property(property)
    }

    /// Writes a property by name.
    ///
    /// # Errors
    /// There is no such property, or it is write-only.
    pub fn write(&self, name: &str, output: &mut dyn Output) -> Result<()> {
        let (slot, property) = match (self.class().lookup(name), self.extra(name)) {
            (Ok(found), _) => found,
            (Err(_), Some(extra)) => {
                return extra.write(output).map_err(|problem| problem.with_property(name));
            }
            (Err(problem), None) => return Err(problem.with_object(self.name())),
        };
        if property.sensitive {
            return Err(self.about_property(ModelErrorKind::WriteOnly, name));
        }
        self.0.write(slot, output);
        Ok(())
    }

    /// Writes a property of the type as it was configured, where [`write`](Self::write) writes what that came to.
    ///
    /// # Errors
    /// There is no such property, or it is write-only.
    pub fn write_configured(&self, name: &str, output: &mut dyn Output) -> Result<()> {
        let (slot, property) =
            self.class().lookup(name).map_err(|problem| problem.with_object(self.name()))?;
        if property.sensitive {
            return Err(self.about_property(ModelErrorKind::WriteOnly, name));
        }
        self.0.write_configured(slot, output);
        Ok(())
    }

    /// Reads several properties as they were at one revision of the object, which is returned too. `read` may run
    /// several times, and must not set the object.
    pub fn read<R>(&self, read: impl FnMut() -> R) -> (R, u64) {
        self.header().lock().read(read)
    }

    /// Sets a live property by name. Links take an object here; [`Model::set`](crate::Model::set) takes a path too.
    ///
    /// # Errors
    /// There is no such property, it cannot be changed, or the value does not fit.
    #[inline]
    pub fn set(&self, name: &str, value: impl ToNative) -> Result<()> {
        match self.class().find(name) {
            Some(slot) => self.set_slot(slot, &value.to_native()),
            None => self.set_resolving(name, &value.to_native(), &no_path, Terms::default()),
        }
    }

    #[inline]
    pub(crate) fn set_slot(&self, slot: usize, value: &Native<'_>) -> Result<()> {
        let mut report = Diagnostics::new();
        let mut input = NativeInput::new(value, &mut report);
        let done = if self.class().has_links() {
            self.0.set(slot, &mut Resolving { inner: &mut input, find: &no_path }, Terms::default())
        } else {
            self.0.set(slot, &mut input, Terms::default())
        };
        if done.is_ok() && report.is_empty() {
            return Ok(());
        }
        self.conclude(self.class().property(slot).map_or("", |property| property.name), report)
    }

    pub(super) fn set_slot_from(
        &self,
        slot: usize,
        input: &mut dyn Input,
        terms: Terms<'_>,
    ) -> Result<(), Failed> {
        self.0.set(slot, input, terms)
    }

    /// Sets a property by name; `find` looks up the paths of links.
    pub(crate) fn set_resolving(
        &self,
        name: &str,
        value: &Native<'_>,
        find: &dyn Fn(&str) -> Result<ObjectRef>,
        terms: Terms<'_>,
    ) -> Result<()> {
        let mut report = Diagnostics::new();
        let done = self.set_from(name, &mut NativeInput::new(value, &mut report), find, terms);
        match done {
            Ok(Ok(())) if report.is_empty() => Ok(()),
            Ok(_) => self.conclude(name, report),
            Err(problem) => {
                report.extend([problem]);
                self.conclude(name, report)
            }
        }
    }

    /// Sets a property by name from any source; `find` looks up the paths of links.
    pub(crate) fn set_from(
        &self,
        name: &str,
        input: &mut dyn Input,
        find: &dyn Fn(&str) -> Result<ObjectRef>,
        terms: Terms<'_>,
    ) -> Result<Result<(), Failed>> {
        // Before any work; at the end it is compared once more, under the object's mutex.
        if let Some(expected) = terms.revision
            && self.revision() != expected
        {
            let found = self.revision();
            let problem = ModelErrorKind::RevisionChanged { what: "object", expected, found };
            return Ok(Err(input.report_name(Box::new(problem))));
        }
        let mut input = Resolving { inner: input, find };
        match (self.class().lookup(name), self.extra(name)) {
            (Ok((slot, _)), _) => Ok(self.0.set(slot, &mut input, terms)),
            (Err(_), Some(extra)) => Ok(extra.set(self, &mut input, terms)),
            (Err(problem), None) => Err(problem.with_object(self.name())),
        }
    }

    #[cold]
    fn conclude(&self, property: &str, report: Diagnostics) -> Result<()> {
        match report.first_error() {
            Ok(_) => Ok(()),
            Err(diagnostic) => Err(diagnostic.with_about(crate::About {
                object: Some(self.name().into()),
                type_name: Some(self.class().name().into()),
                property: Some(property.into()),
                bag: None,
            })),
        }
    }

    /// Binds a property, so that its name is looked up only once.
    ///
    /// # Errors
    /// There is no such property, or it is write-only.
    pub fn handle(&self, name: &str) -> Result<Handle> {
        let (slot, property) =
            self.class().lookup(name).map_err(|problem| problem.with_object(self.name()))?;
        if property.sensitive {
            return Err(self.about_property(ModelErrorKind::WriteOnly, name));
        }
        Ok(Handle::new(self.clone(), slot))
    }

    pub(crate) fn write_slot(&self, slot: usize, output: &mut dyn Output) {
        self.0.write(slot, output);
    }

    /// The same as configured, of a sensitive property too.
    pub(crate) fn write_configured_slot(&self, slot: usize, output: &mut dyn Output) {
        self.0.write_configured(slot, output);
    }

    /// What becomes of what the object holds when it goes.
    #[must_use]
    pub fn content(&self) -> Content {
        self.0.content()
    }

    /// What its type says of a need that it does not meet.
    pub(crate) fn advise(&self, need: &Need, id: &str) -> Advice {
        self.0.advise(need, id)
    }

    #[inline]
    pub(super) fn as_object(&self) -> &dyn AnyObject {
        &*self.0
    }

    #[inline]
    pub(crate) fn value(&self, slot: usize) -> ValueRef<'_> {
        self.0.value(slot)
    }

    /// Keeps the object from being deleted while the result lives.
    ///
    /// # Errors
    /// It has been deleted.
    pub fn hold(&self) -> Result<Hold, ModelErrorKind> {
        self.header().hold()?;
        Ok(Hold(self.downgrade()))
    }

    /// A reference that does not keep the object alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakRef {
        WeakRef(Arc::downgrade(&self.0))
    }

    /// Shows every link with the name of its property.
    pub fn links(&self, each: &mut dyn FnMut(&str, &dyn LinkRef)) {
        self.0.links(&mut |slot, link| {
            if let Some(property) = self.class().property(slot) {
                each(property.name, link);
            }
        });
        self.header().extras().links(each);
    }

    /// Whether any of its properties is or contains a link.
    #[must_use]
    pub fn has_links(&self) -> bool {
        self.class().has_links() || self.header().extras().has_links()
    }

    pub(crate) fn can_be_deleted(&self) -> Result<()> {
        self.0.can_be_deleted().map_err(|diagnostic| {
            diagnostic.with_about(crate::About {
                object: Some(self.name().into()),
                type_name: Some(self.class().name().into()),
                ..crate::About::default()
            })
        })
    }

    /// The address of the object, its own while it lives.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self.header()).addr()
    }

    /// Whether the object is dropped with this reference.
    pub(super) fn is_last_reference(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Whether changing or deleting it may take longer than others should wait: see
    /// [`Realize::takes_long`](crate::Realize::takes_long).
    #[must_use]
    pub fn takes_long(&self) -> bool {
        self.0.takes_long()
    }

    /// Whether both are the same object.
    #[inline]
    #[must_use]
    pub fn is(&self, other: &ObjectRef) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.0), Arc::as_ptr(&other.0))
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.class().name(), self.path())
    }
}

impl fmt::Debug for WeakRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.upgrade() {
            Some(object) => object.fmt(f),
            None => f.write_str("(gone)"),
        }
    }
}

impl WeakRef {
    /// The object, if it is still in its model.
    #[inline]
    #[must_use]
    pub fn upgrade(&self) -> Option<ObjectRef> {
        self.0.upgrade().map(ObjectRef).filter(|object| !object.is_deleted())
    }

    /// Whether it is this object, and that still in its model. Counts no reference.
    #[inline]
    pub(crate) fn is(&self, object: &ObjectRef) -> bool {
        std::ptr::addr_eq(self.0.as_ptr(), Arc::as_ptr(&object.0)) && !object.is_deleted()
    }
}

impl Hold {
    /// The object that is held. It is there as long as its model is.
    #[must_use]
    pub fn object(&self) -> Option<ObjectRef> {
        self.0.0.upgrade().map(ObjectRef)
    }
}

impl Clone for Hold {
    fn clone(&self) -> Self {
        // There is a hold, so there may be another, even of an object that is being deleted together with its holder.
        if let Some(object) = self.object() {
            object.header().hold_again();
        }
        Hold(self.0.clone())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(object) = self.object() {
            object.header().release();
        }
    }
}

/// What a property can be read as.
pub trait FromValue<'a>: Sized {
    /// The words for it in messages.
    const EXPECTED: &'static str;
    /// The value, if it fits.
    fn from_value(value: ValueRef<'a>) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty, $phrase:literal: $($pattern:pat => $result:expr),*;)*) => {$(
        impl<'a> FromValue<'a> for $type {
            const EXPECTED: &'static str = $phrase;
            #[inline]
            fn from_value(value: ValueRef<'a>) -> Option<Self> {
                match value {
                    $($pattern => $result,)*
                    _ => None,
                }
            }
        }
    )*};
}

from_value! {
    bool, "a boolean": ValueRef::Bool(value) => Some(value);
    u64, "an unsigned integer": ValueRef::Uint(value) => Some(value), ValueRef::Size(value) => Some(value),
        ValueRef::Int(value) => u64::try_from(value).ok();
    i64, "an integer": ValueRef::Int(value) => Some(value),
        ValueRef::Uint(value) => i64::try_from(value).ok(), ValueRef::Size(value) => i64::try_from(value).ok();
    u32, "an unsigned integer": ValueRef::Uint(value) => u32::try_from(value).ok();
    Size, "a size": ValueRef::Size(value) => Some(Size(value));
    f64, "a number": ValueRef::Number(value) => Some(value);
    String, "a string": ValueRef::Str(value) => Some(value.into_owned()),
        ValueRef::Enum(name) => Some(name.to_owned());
    Cow<'a, str>, "a string": ValueRef::Str(value) => Some(value),
        ValueRef::Enum(name) => Some(Cow::Borrowed(name));
}
