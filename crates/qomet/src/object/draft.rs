//! An object being configured.

use std::any::Any;
use std::sync::Arc;

use compact_str::CompactString;

use super::{Header, Instance, ObjectRef};
use crate::error::{About, Diagnostic, Diagnostics, Failed, ModelErrorKind, Result};
use crate::model::{ProbeContext, RealizeContext, Surroundings};
use crate::types::{Advice, Class, Foreseen, Need, Property, Realize};
use crate::value::{LinkRef, Mutability};
use crate::visit::{Input, Native, NativeInput, Output, ToNative};

/// A set of slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotSet(u128);

impl SlotSet {
    /// Whether `slot` is in it.
    #[must_use]
    pub fn contains(self, slot: usize) -> bool {
        slot < 128 && self.0 >> slot & 1 == 1
    }

    /// Takes `slot` out.
    pub fn remove(&mut self, slot: usize) {
        if slot < 128 {
            self.0 &= !(1 << slot);
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn without(self, other: SlotSet) -> SlotSet {
        SlotSet(self.0 & !other.0)
    }

    /// The slots in it, least first.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let slot = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (slot < 128).then_some(slot as usize)
        })
    }

    /// Adds `slot`; false if it was there.
    pub fn insert(&mut self, slot: usize) -> bool {
        let fresh = slot < 128 && !self.contains(slot);
        if fresh {
            self.0 |= 1 << slot;
        }
        fresh
    }
}

/// An object of type `T` being configured: the only thing with `&mut` to its properties.
pub struct Draft<T: Realize> {
    class: Arc<Class>,
    id: Option<CompactString>,
    properties: T,
    given: SlotSet,
    /// What was given, but wrongly. Rules that look at it would only report a consequence.
    damaged: SlotSet,
    /// Proof for a slot in `damaged`.
    slot_failed: Option<Failed>,
    /// Proof that something else about the draft was reported.
    failed: Option<Failed>,
    bag: Option<usize>,
}

/// A draft of any type.
pub trait AnyDraft: Send {
    /// The class.
    fn class(&self) -> &Arc<Class>;
    /// The id, once it is given.
    fn id(&self) -> Option<&str>;
    /// Gives the id; it is checked when the object is created.
    fn set_id(&mut self, id: &str);
    /// The number of the bag in its batch, for diagnostics.
    fn bag(&self) -> Option<usize>;
    /// Says which bag of its batch this came from.
    fn set_bag(&mut self, bag: usize);
    /// Whether the property in `slot` was given.
    fn is_given(&self, slot: usize) -> bool;
    /// Sets the property in `slot`; a second time replaces the first.
    ///
    /// # Errors
    /// The proof that what was wrong was reported.
    fn assign(&mut self, slot: usize, input: &mut dyn Input) -> Result<(), Failed>;
    /// Notes that something about the draft was already reported: the property in `slot`, or the draft itself. What
    /// follows from it is not reported again, and the draft cannot be created.
    fn damage(&mut self, slot: Option<usize>, reported: Failed);
    /// The proof that something about the draft was reported.
    fn damaged(&self) -> Option<Failed>;
    /// Whether `diagnostic` is a mere consequence: it is about a property that was already reported or is missing.
    fn withholds(&self, diagnostic: &Diagnostic) -> bool;
    /// Whether the sensitive property in `slot` is the same in `object`, which is of the same type.
    fn is_same_secret(&self, slot: usize, object: &ObjectRef) -> bool;
    /// Writes the property in `slot` as configured.
    fn write(&self, slot: usize, output: &mut dyn Output);
    /// Reports required properties that are missing and broken rules across properties.
    fn check(&self, report: &mut Diagnostics);
    /// Shows every link with its slot.
    fn links(&self, each: &mut dyn FnMut(usize, &dyn LinkRef));
    /// Shows every link with its slot, to be resolved.
    fn links_mut(&mut self, each: &mut dyn FnMut(usize, &mut dyn LinkRef));
    /// See [`Realize::announce`].
    fn announce(&self, cx: &mut ProbeContext<'_>);
    /// See [`Realize::probe`].
    fn probe(&self, cx: &mut ProbeContext<'_>);
    /// See [`Realize::takes_long`].
    fn takes_long(&self) -> bool;
    /// Whether nothing was reported of the property in `slot`, and it is not missing.
    fn is_sound(&self, slot: usize) -> bool;
    /// See [`Realize::foresee`].
    fn foresee(&self, slot: usize, around: Option<&Surroundings<'_>>) -> Foreseen;
    /// See [`Realize::advise`].
    fn advise(&self, need: &Need, id: &str) -> Advice;
    /// Realizes the object; it is in no tree yet.
    ///
    /// # Errors
    /// Why the type refused.
    fn realize(
        self: Box<Self>,
        parent: Option<ObjectRef>,
        name: &str,
        cx: &mut RealizeContext<'_>,
    ) -> Result<ObjectRef>;
    /// The draft itself, to look at: a [`Draft`] of its type.
    fn as_any(&self) -> &dyn Any;
    /// The draft itself.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl dyn AnyDraft + '_ {
    /// Whom a diagnostic about this draft concerns.
    #[must_use]
    pub fn about(&self) -> About {
        About {
            object: self.id().map(CompactString::from),
            type_name: Some(self.class().name().into()),
            property: None,
            bag: self.bag(),
        }
    }

    /// Sets a property by name.
    ///
    /// # Errors
    /// There is no such property, it is computed, or the value does not fit.
    pub fn set(&mut self, name: &str, value: impl ToNative) -> Result<()> {
        let about = self.about();
        let (slot, _) = self.class().lookup(name).map_err(|problem| problem.with_about(about.clone()))?;
        let mut report = Diagnostics::new();
        let native: Native<'_> = value.to_native();
        let done = self.assign(slot, &mut NativeInput::new(&native, &mut report));
        report.first_error().map_err(|problem| problem.with_property(name).with_about(about))?;
        debug_assert!(done.is_ok(), "a failure without a report");
        Ok(())
    }
}

impl<T: Realize> Draft<T> {
    /// A draft with all defaults.
    #[must_use]
    pub fn new(class: Arc<Class>) -> Self {
        Draft {
            class,
            id: None,
            properties: T::defaults(),
            given: SlotSet::default(),
            damaged: SlotSet::default(),
            slot_failed: None,
            failed: None,
            bag: None,
        }
    }

    /// The properties, as they are so far.
    #[must_use]
    pub fn properties(&self) -> &T {
        &self.properties
    }

    fn is_missing(&self, slot: usize) -> bool {
        self.class.required().without(self.given).contains(slot)
    }

    fn assign_sound(
        &mut self,
        slot: usize,
        property: &Property,
        input: &mut dyn Input,
    ) -> Result<(), Failed> {
        if property.mutability == Mutability::Computed {
            return Err(input.report_name(Box::new(ModelErrorKind::ReadOnly)));
        }
        if let Some(since) = property.deprecated {
            let _ = input.report_name(Box::new(ModelErrorKind::Deprecated {
                since,
                replaced_by: property.replaced_by,
            }));
        }
        self.properties.assign(slot, input)
    }
}

impl<T: Realize> AnyDraft for Draft<T> {
    fn class(&self) -> &Arc<Class> {
        &self.class
    }

    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn set_id(&mut self, id: &str) {
        self.id = Some(id.into());
    }

    fn bag(&self) -> Option<usize> {
        self.bag
    }

    fn set_bag(&mut self, bag: usize) {
        self.bag = Some(bag);
    }

    fn is_given(&self, slot: usize) -> bool {
        self.given.contains(slot)
    }

    fn assign(&mut self, slot: usize, input: &mut dyn Input) -> Result<(), Failed> {
        let Some(property) = self.class.property(slot) else { return Ok(()) };
        // Given even if it turns out wrong: its absence must not be reported as a second mistake.
        self.given.insert(slot);
        let done = self.assign_sound(slot, property, input);
        match done {
            // What was wrong with it before is mended.
            Ok(()) if !self.damaged.is_empty() => self.damaged.remove(slot),
            Ok(()) => {}
            Err(reported) => self.damage(Some(slot), reported),
        }
        done
    }

    fn damage(&mut self, slot: Option<usize>, reported: Failed) {
        match slot {
            Some(slot) => {
                self.given.insert(slot);
                self.damaged.insert(slot);
                self.slot_failed = Some(reported);
            }
            None => self.failed = Some(reported),
        }
    }

    fn damaged(&self) -> Option<Failed> {
        self.failed.or(self.slot_failed.filter(|_| !self.damaged.is_empty()))
    }

    fn is_same_secret(&self, slot: usize, object: &ObjectRef) -> bool {
        object.instance::<T>().is_some_and(|other| self.properties.is_same(slot, other))
    }

    fn write(&self, slot: usize, output: &mut dyn Output) {
        self.properties.write(None, slot, output);
    }

    fn withholds(&self, diagnostic: &Diagnostic) -> bool {
        let unsound = |about: &About| {
            let slot = about.property.as_deref().and_then(|name| self.class.find(name));
            slot.is_some_and(|slot| !self.is_sound(slot))
        };
        unsound(diagnostic.about()) || diagnostic.related().iter().any(|related| unsound(&related.about))
    }

    fn check(&self, report: &mut Diagnostics) {
        for slot in self.class.required().without(self.given).iter() {
            if let Some(property) = self.class.property(slot) {
                let _ = report.report(ModelErrorKind::MissingProperty {
                    name: property.name,
                    value_type: property.value_type.phrase(),
                });
            }
        }
        if T::CHECKED {
            let mut rules = Diagnostics::new();
            self.properties.check_all(&mut rules);
            report.extend(rules.take().into_iter().filter(|broken| !self.withholds(broken)));
        }
    }

    fn links(&self, each: &mut dyn FnMut(usize, &dyn LinkRef)) {
        self.properties.links(each);
    }

    fn links_mut(&mut self, each: &mut dyn FnMut(usize, &mut dyn LinkRef)) {
        self.properties.links_mut(each);
    }

    fn announce(&self, cx: &mut ProbeContext<'_>) {
        self.properties.announce(&mut cx.of(self.id.as_deref()));
    }

    fn probe(&self, cx: &mut ProbeContext<'_>) {
        self.properties.probe(&mut cx.of(self.id.as_deref()));
    }

    fn takes_long(&self) -> bool {
        self.properties.takes_long()
    }

    fn is_sound(&self, slot: usize) -> bool {
        !self.damaged.contains(slot) && !self.is_missing(slot)
    }

    fn foresee(&self, slot: usize, around: Option<&Surroundings<'_>>) -> Foreseen {
        self.class
            .property(slot)
            .map_or(Foreseen::Unknown, |property| self.properties.foresee(property.name, around))
    }

    fn advise(&self, need: &Need, id: &str) -> Advice {
        self.properties.advise(need, id)
    }

    fn realize(
        self: Box<Self>,
        parent: Option<ObjectRef>,
        name: &str,
        cx: &mut RealizeContext<'_>,
    ) -> Result<ObjectRef> {
        let state = self.properties.realize(cx).map_err(|diagnostic: Diagnostic| {
            diagnostic.with_about(About {
                object: Some(name.into()),
                type_name: Some(self.class.name().into()),
                property: None,
                bag: self.bag,
            })
        })?;
        let Draft { class, properties, .. } = *self;
        let mut header = Header::new(class, parent, name.into());
        if cx.applied {
            header.mark_applied();
        }
        Ok(ObjectRef::new(Arc::new(Instance::new(header, properties, state))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
