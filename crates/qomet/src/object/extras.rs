//! Properties that one object has beside those of its type: aliases, links and computed values, added at run time.
//!
//! A program uses them to lay out its own tree: a board that shows its memory's size as its own, a bus with a link to
//! whoever drives it. They are an immutable map that is replaced as a whole, so that reading them takes no lock; an
//! object without any pays one pointer.
//!
//! Children are not here: they are the tree's.

use std::sync::{Arc, Weak};

use arc_swap::{ArcSwap, ArcSwapOption};
use compact_str::CompactString;
use indexmap::IndexMap;

use super::lock::{ObjectLock, Target, Terms};
use super::{Hold, ObjectRef, WeakRef};
use crate::error::{Failed, ModelErrorKind, Result};
use crate::types::Property;
use crate::value::{LinkRef, ValueType};
use crate::visit::{Input, LinkTarget, Native, Output, ValueRef};

type Map = IndexMap<CompactString, Arc<Extra>, foldhash::fast::RandomState>;

/// The extra properties of one object.
#[derive(Default)]
pub(crate) struct Extras(ArcSwapOption<Map>);

/// A property that only one object has.
pub struct Extra {
    description: String,
    kind: Kind,
}

enum Kind {
    /// Of a property of the other's type. An alias of an alias is one of what that shows, so no chain and no loop.
    Alias {
        target: WeakRef,
        property: &'static Property,
        slot: usize,
    },
    /// Of a property, itself no alias, that the other object has beside those of its type.
    AliasOfExtra {
        owner: WeakRef,
        extra: Weak<Extra>,
    },
    Link(ExtraLink),
    Computed {
        value_type: &'static ValueType,
        value: Box<dyn Fn() -> Native<'static> + Send + Sync>,
    },
}

/// A link that one object has.
struct ExtraLink {
    target_type: &'static str,
    holds: bool,
    target: ArcSwap<Pointed>,
}

/// Where a link points.
enum Pointed {
    None,
    Held(Hold),
    Weak(WeakRef),
}

impl Extra {
    /// What it means.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The type that QEMU's `qom-list` shows.
    #[must_use]
    pub fn qom_type(&self) -> String {
        match &self.kind {
            Kind::Alias { property, .. } => property.value_type.qom_name(),
            Kind::AliasOfExtra { extra, .. } => {
                extra.upgrade().map_or_else(String::new, |extra| extra.qom_type())
            }
            Kind::Link(link) => format!("link<{}>", link.target_type),
            Kind::Computed { value_type, .. } => value_type.qom_name(),
        }
    }

    /// An alias of this property of `owner`'s.
    fn alias_of(self: &Arc<Self>, owner: &ObjectRef) -> Kind {
        match &self.kind {
            Kind::Alias { target, property, slot } => {
                Kind::Alias { target: target.clone(), property, slot: *slot }
            }
            Kind::AliasOfExtra { owner, extra } => {
                Kind::AliasOfExtra { owner: owner.clone(), extra: extra.clone() }
            }
            _ => Kind::AliasOfExtra { owner: owner.downgrade(), extra: Arc::downgrade(self) },
        }
    }

    pub(super) fn write(&self, output: &mut dyn Output) -> Result<()> {
        match &self.kind {
            Kind::Alias { target, slot, .. } => gone(target)?.write_slot(*slot, output),
            Kind::AliasOfExtra { owner, extra } => return alias(owner, extra)?.1.write(output),
            Kind::Link(link) => output.string(&link.path()),
            Kind::Computed { value, .. } => value().write(output),
        }
        Ok(())
    }

    pub(super) fn value(&self) -> Result<ValueRef<'static>> {
        Ok(match &self.kind {
            Kind::Alias { target, slot, .. } => gone(target)?.value(*slot).into_owned(),
            Kind::AliasOfExtra { owner, extra } => return alias(owner, extra)?.1.value(),
            Kind::Link(link) => ValueRef::Str(link.path().into()),
            Kind::Computed { value, .. } => value().into_value_ref(),
        })
    }

    /// Sets the property; a link's path was already looked up by `input`.
    pub(super) fn set(
        &self,
        owner: &ObjectRef,
        input: &mut dyn Input,
        terms: Terms<'_>,
    ) -> Result<(), Failed> {
        match &self.kind {
            Kind::Alias { target, slot, .. } => match target.upgrade() {
                Some(target) => target.set_slot_from(*slot, input, terms),
                None => Err(input.report(Box::new(ModelErrorKind::Deleted))),
            },
            Kind::AliasOfExtra { owner, extra } => match alias(owner, extra) {
                Ok((owner, extra)) => extra.set(&owner, input, terms),
                Err(_) => Err(input.report(Box::new(ModelErrorKind::Deleted))),
            },
            Kind::Link(link) => {
                let lock = ObjectLock::new(owner.as_object(), Target::Extra(self), terms.revision);
                link.set(&lock, input)?;
                lock.check(input)
            }
            Kind::Computed { .. } => Err(input.report(Box::new(ModelErrorKind::ReadOnly))),
        }
    }
}

/// The target of an alias, which may have gone.
fn gone(target: &WeakRef) -> Result<ObjectRef> {
    target.upgrade().ok_or_else(|| ModelErrorKind::Deleted.into())
}

/// The target of an alias of an extra property, and whose it is. Either may have gone.
fn alias(owner: &WeakRef, extra: &Weak<Extra>) -> Result<(ObjectRef, Arc<Extra>)> {
    owner.upgrade().zip(extra.upgrade()).ok_or_else(|| ModelErrorKind::Deleted.into())
}

impl ExtraLink {
    fn path(&self) -> String {
        LinkRef::target(self).map(|target| target.path()).unwrap_or_default()
    }

    fn point(&self, target: &ObjectRef) -> Result<(), ModelErrorKind> {
        if !target.class().is_a(self.target_type) {
            return Err(ModelErrorKind::WrongLinkType {
                path: target.name().to_owned(),
                expected: self.target_type.to_owned(),
                found: target.class().name().to_owned(),
            });
        }
        let target =
            if self.holds { Pointed::Held(target.hold()?) } else { Pointed::Weak(target.downgrade()) };
        self.target.store(Arc::new(target));
        Ok(())
    }

    fn set(&self, lock: &ObjectLock<'_>, input: &mut dyn Input) -> Result<(), Failed> {
        let target = input.link()?;
        let done = lock.store(|| match target {
            LinkTarget::Object(target) => self.point(&target),
            LinkTarget::Path(path) if path.is_empty() => {
                self.target.store(Arc::new(Pointed::None));
                Ok(())
            }
            LinkTarget::Path(path) => Err(ModelErrorKind::DanglingLink { path, nearest: None }),
        });
        done.map_err(|problem| input.report(Box::new(problem)))
    }
}

impl LinkRef for ExtraLink {
    fn unresolved(&self) -> Option<&str> {
        None
    }
    fn target(&self) -> Option<ObjectRef> {
        match &**self.target.load() {
            Pointed::None => None,
            Pointed::Held(hold) => hold.object(),
            Pointed::Weak(weak) => weak.upgrade(),
        }
    }
    fn target_type(&self) -> &'static str {
        self.target_type
    }
    fn holds(&self) -> bool {
        self.holds
    }
    fn resolve(&mut self, target: &ObjectRef) -> Result<(), ModelErrorKind> {
        self.point(target)
    }
}

impl Extras {
    pub(super) fn get(&self, name: &str) -> Option<Arc<Extra>> {
        self.0.load().as_ref()?.get(name).cloned()
    }

    /// The name of `extra`, which is one of these.
    pub(super) fn name_of(&self, extra: &Extra) -> Option<CompactString> {
        let map = self.0.load();
        let found = map.as_ref()?.iter().find(|(_, one)| std::ptr::eq(&***one, extra));
        found.map(|(name, _)| name.clone())
    }

    pub(super) fn links(&self, each: &mut dyn FnMut(&str, &dyn LinkRef)) {
        if let Some(map) = self.0.load().as_ref() {
            for (name, extra) in map.iter() {
                if let Kind::Link(link) = &extra.kind {
                    each(name, link);
                }
            }
        }
    }

    pub(crate) fn has_links(&self) -> bool {
        self.0
            .load()
            .as_ref()
            .is_some_and(|map| map.values().any(|extra| matches!(extra.kind, Kind::Link(_))))
    }

    fn list(&self) -> Vec<(CompactString, Arc<Extra>)> {
        self.0
            .load()
            .as_ref()
            .map(|map| map.iter().map(|(name, extra)| (name.clone(), extra.clone())).collect())
            .unwrap_or_default()
    }

    /// Adds `extra` unless the name is there.
    fn add(&self, name: &str, extra: Extra) -> bool {
        let extra = Arc::new(extra);
        let before = self.0.rcu(|map| {
            let mut map = map.as_deref().cloned().unwrap_or_default();
            map.entry(name.into()).or_insert_with(|| extra.clone());
            Some(Arc::new(map))
        });
        before.is_none_or(|map| !map.contains_key(name))
    }

    fn remove(&self, name: &str) -> bool {
        let before = self.0.rcu(|map| {
            let mut map = map.as_deref().cloned()?;
            map.shift_remove(name);
            (!map.is_empty()).then(|| Arc::new(map))
        });
        before.is_some_and(|map| map.contains_key(name))
    }
}

impl ObjectRef {
    /// Adds a property that shows, and sets, `property` of another object under the name `name`. It does not keep
    /// the other object alive: once that has gone, reading fails.
    ///
    /// # Errors
    /// The name is taken, the other object has no such property, or it is write-only.
    pub fn add_alias(&self, name: &str, target: &ObjectRef, property: &str) -> Result<()> {
        let (description, kind) = match (target.class().lookup(property), target.extra(property)) {
            (Ok((_, known)), _) if known.sensitive => {
                return Err(target.about_property(ModelErrorKind::WriteOnly, property));
            }
            (Ok((slot, property)), _) => {
                (property.description.to_owned(), Kind::Alias { target: target.downgrade(), property, slot })
            }
            (Err(_), Some(extra)) => (extra.description.clone(), extra.alias_of(target)),
            (Err(problem), None) => return Err(problem.with_object(target.name())),
        };
        self.add_extra(name, Extra { description, kind })
    }

    /// Adds a link to objects of type `target_type`, which holds its target or lets go of it.
    ///
    /// # Errors
    /// The name is taken, or the target has the wrong type or is being deleted.
    pub fn add_link(
        &self,
        name: &str,
        description: &str,
        target_type: &'static str,
        holds: bool,
        target: Option<&ObjectRef>,
    ) -> Result<()> {
        let link = ExtraLink { target_type, holds, target: ArcSwap::from_pointee(Pointed::None) };
        if let Some(target) = target {
            link.point(target).map_err(|problem| self.about_property(problem, name))?;
        }
        self.add_extra(name, Extra { description: description.to_owned(), kind: Kind::Link(link) })
    }

    /// Adds a property that is worked out when it is read.
    ///
    /// # Errors
    /// The name is taken.
    pub fn add_computed(
        &self,
        name: &str,
        description: &str,
        value_type: &'static ValueType,
        value: impl Fn() -> Native<'static> + Send + Sync + 'static,
    ) -> Result<()> {
        let kind = Kind::Computed { value_type, value: Box::new(value) };
        self.add_extra(name, Extra { description: description.to_owned(), kind })
    }

    /// Removes a property that was added; false if there is none.
    pub fn remove_extra(&self, name: &str) -> bool {
        let mut removed = false;
        let lock = ObjectLock::new(self.as_object(), Target::Name(name), None);
        let _ = lock.store(|| {
            removed = self.header().extras().remove(name);
            if removed { Ok(()) } else { Err(()) }
        });
        removed
    }

    /// The properties that were added, in that order.
    #[must_use]
    pub fn extras(&self) -> Vec<(CompactString, Arc<Extra>)> {
        self.header().extras().list()
    }

    pub(super) fn extra(&self, name: &str) -> Option<Arc<Extra>> {
        self.header().extras().get(name)
    }

    fn add_extra(&self, name: &str, extra: Extra) -> Result<()> {
        let lock = ObjectLock::new(self.as_object(), Target::Name(name), None);
        let added = lock.store(|| {
            let free = self.class().find(name).is_none() && self.header().extras().add(name, extra);
            if free { Ok(()) } else { Err(ModelErrorKind::DuplicateProperty) }
        });
        added.map_err(|problem| self.about_property(problem, name))
    }
}
