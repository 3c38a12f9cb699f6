//! A registered type: everything flattened over its parents.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use super::names::NameTable;
use super::{Interface, InterfaceEntry, Property, TypeEntry};
use crate::error::{Diagnostic, ModelErrorKind, Result, nearest};
use crate::object::{AnyDraft, SlotSet};

/// The interface that tells types of which users may create objects, as QEMU calls it.
const USER_CREATABLE: &str = "user-creatable";

/// A type in a registry.
pub struct Class {
    entry: TypeEntry,
    parent: Option<Arc<Class>>,
    /// The parents' properties first; the index is the slot.
    properties: Box<[&'static Property]>,
    names: NameTable,
    interfaces: Box<[InterfaceEntry]>,
    has_links: bool,
    /// Whether it or a parent has QEMU's interface `user-creatable`.
    user_creatable: bool,
    has_needs: bool,
    serving: Option<&'static str>,
    required: SlotSet,
}

impl Class {
    /// What QEMU calls the parent of every type that declares none. It is no class: it has neither properties nor objects.
    pub const OBJECT: &'static str = "object";

    /// What QEMU calls the parent of every interface.
    pub const INTERFACE: &'static str = "interface";

    pub(crate) fn new(entry: TypeEntry, parent: Option<Arc<Class>>) -> Result<Self> {
        let name = entry.info.name;
        let mut properties = parent.as_ref().map_or_else(Vec::new, |parent| parent.properties.to_vec());
        for property in entry.info.properties {
            if let Some(first) = parent.as_ref().and_then(|parent| parent.declaring(property.name)) {
                return Err(Diagnostic::new(ModelErrorKind::ShadowedProperty {
                    type_name: name.to_owned(),
                    parent: first.name().to_owned(),
                    property: property.name.to_owned(),
                }));
            }
            properties.push(property);
        }
        if properties.len() > NameTable::LIMIT {
            let limit = NameTable::LIMIT;
            return Err(Diagnostic::new(ModelErrorKind::TooManyProperties { name: name.to_owned(), limit }));
        }
        let mut required = SlotSet::default();
        for (slot, _) in properties.iter().enumerate().filter(|(_, property)| property.is_required()) {
            required.insert(slot);
        }
        let mut interfaces = Vec::new();
        (entry.interfaces)(&mut interfaces);
        let above = parent.as_ref().and_then(|parent| parent.serving);
        Ok(Class {
            serving: above.or_else(|| entry.info.serves.then_some(name)),
            required,
            user_creatable: entry.info.user_creatable
                || parent.as_ref().is_some_and(|parent| parent.user_creatable),
            has_links: properties.iter().any(|property| property.value_type.has_links()),
            has_needs: properties.iter().any(|property| !property.needs.is_empty()),
            names: NameTable::new(&properties),
            properties: properties.into_boxed_slice(),
            interfaces: interfaces.into_boxed_slice(),
            entry,
            parent,
        })
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry.info.name
    }

    /// What objects of the type are for.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.entry.info.description
    }

    /// The parent, if there is one.
    #[must_use]
    pub fn parent(&self) -> Option<&Arc<Class>> {
        self.parent.as_ref()
    }

    /// Whether it has no objects of its own.
    #[must_use]
    pub fn is_abstract(&self) -> bool {
        self.entry.draft.is_none()
    }

    /// Whether a user may create objects of it: it or a parent is declared so, and it has objects.
    #[must_use]
    pub fn is_user_creatable(&self) -> bool {
        !self.is_abstract() && self.user_creatable
    }

    /// Whether it is the type `name` or below it, or has the interface `name`.
    #[must_use]
    pub fn is_a(&self, name: &str) -> bool {
        self.lineage().any(|class| class.name() == name)
            || self.interfaces().any(|interface| interface == name)
    }

    /// The class and its parents, up to the one that has none.
    pub fn lineage(&self) -> impl Iterator<Item = &Class> {
        std::iter::successors(Some(self), |class| class.parent.as_deref())
    }

    /// The names of its interfaces.
    pub fn interfaces(&self) -> impl Iterator<Item = &'static str> {
        let user_creatable = self.user_creatable.then_some(USER_CREATABLE);
        user_creatable.into_iter().chain(self.interfaces.iter().map(|interface| interface.name))
    }

    /// All properties, the parents' first, in declared order. The index is the slot.
    #[must_use]
    pub fn properties(&self) -> &[&'static Property] {
        &self.properties
    }

    /// The properties the type declares itself.
    #[must_use]
    pub fn own_properties(&self) -> &'static [Property] {
        self.entry.info.properties
    }

    /// The class, this or a parent, that declares the property.
    #[must_use]
    pub fn declaring(&self, property: &str) -> Option<&Class> {
        if self.own_properties().iter().any(|own| own.name == property) {
            return Some(self);
        }
        self.parent.as_ref()?.declaring(property)
    }

    /// The slot of the property `name`.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.find(&self.properties, name)
    }

    /// The property in `slot`.
    #[inline]
    #[must_use]
    pub fn property(&self, slot: usize) -> Option<&'static Property> {
        self.properties.get(slot).copied()
    }

    /// The slot and property of `name`.
    ///
    /// # Errors
    /// There is none; the diagnostic has the nearest name.
    #[inline]
    pub fn lookup(&self, name: &str) -> Result<(usize, &'static Property)> {
        match self.find(name).and_then(|slot| Some((slot, self.property(slot)?))) {
            Some(found) => Ok(found),
            None => Err(Diagnostic::new(self.unknown_property(name)).with_type(self.name())),
        }
    }

    /// The problem that there is no property `name`.
    #[must_use]
    pub fn unknown_property(&self, name: &str) -> ModelErrorKind {
        let candidates = || self.properties.iter().filter(|one| one.is_settable()).map(|one| one.name);
        let nearest = nearest(name, candidates());
        // Those that are not for everybody would only be in the way.
        let usual = self.properties.iter().filter(|one| one.is_settable() && !one.unstable);
        let has = if nearest.is_none() { usual.map(|one| one.name).collect() } else { Arc::default() };
        ModelErrorKind::UnknownProperty { name: name.to_owned(), nearest, has }
    }

    /// The properties that must be given.
    #[must_use]
    pub fn required(&self) -> SlotSet {
        self.required
    }

    /// Whether any of its properties is or contains a link.
    #[must_use]
    pub fn has_links(&self) -> bool {
        self.has_links
    }

    /// Whether any of its properties needs something of what it links to.
    #[must_use]
    pub fn has_needs(&self) -> bool {
        self.has_needs
    }

    /// The name of the type, this or a parent, whose objects are there for others to link to, if it is such a one.
    #[must_use]
    pub fn serving(&self) -> Option<&'static str> {
        self.serving
    }

    /// A draft with all defaults.
    ///
    /// # Errors
    /// The type is abstract.
    pub fn draft(self: &Arc<Self>) -> Result<Box<dyn AnyDraft>> {
        match self.entry.draft {
            Some(make) => Ok(make(self)),
            None => Err(Diagnostic::new(ModelErrorKind::AbstractType {
                name: self.name().to_owned(),
                below: Vec::new(),
            })),
        }
    }

    /// A draft for a user.
    ///
    /// # Errors
    /// The type is abstract or not user-creatable.
    pub fn user_draft(self: &Arc<Self>) -> Result<Box<dyn AnyDraft>> {
        if !self.is_abstract() && !self.is_user_creatable() {
            return Err(Diagnostic::new(ModelErrorKind::NotUserCreatable { name: self.name().to_owned() }));
        }
        self.draft()
    }

    pub(crate) fn interface<'a, I: Interface + ?Sized>(&self, instance: &'a dyn Any) -> Option<&'a I> {
        let id = TypeId::of::<I>();
        self.interfaces.iter().find(|entry| entry.id == id).and_then(|entry| entry.get::<I>(instance))
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Class({})", self.name())
    }
}
