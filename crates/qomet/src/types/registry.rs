//! All types of a program.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::{Class, Container, Need, ObjectType, Property, TypeEntry};
use crate::error::{Diagnostic, Diagnostics, EXPLANATIONS, ModelErrorKind, Result, nearest};
use crate::value::{Mutability, ValueType};

/// The types of a program, checked. A value: a program may have many.
#[derive(Debug)]
pub struct TypeRegistry {
    classes: IndexMap<&'static str, Arc<Class>, foldhash::fast::RandomState>,
    container: Arc<Class>,
    /// Codes and what they mean.
    explanations: Vec<(&'static str, &'static str)>,
    /// Types that are known by name only, and what they lack.
    unavailable: IndexMap<&'static str, &'static str, foldhash::fast::RandomState>,
}

/// Types on their way into a registry.
#[derive(Default)]
pub struct RegistryBuilder {
    entries: Vec<TypeEntry>,
    explanations: Vec<(&'static str, &'static str)>,
}

impl TypeRegistry {
    /// A builder that holds the built-in types only.
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder { entries: vec![Container::entry()], explanations: EXPLANATIONS.to_vec() }
    }

    /// The codes that these types report, those of the model itself first, each with what it means.
    pub fn explanations(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.explanations.iter().copied()
    }

    /// All classes, in the order of registration.
    pub fn classes(&self) -> impl Iterator<Item = &Arc<Class>> {
        self.classes.values()
    }

    /// The class `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Class>> {
        self.classes.get(name)
    }

    /// The class `name`.
    ///
    /// # Errors
    /// There is none; the diagnostic has the nearest name, or says what the type needs that is not here, or that the
    /// name is that of an interface.
    pub fn lookup(&self, name: &str) -> Result<&Arc<Class>> {
        self.get(name).ok_or_else(|| {
            if let Some(missing) = self.missing(name) {
                return ModelErrorKind::UnavailableType { name: name.to_owned(), missing }.into();
            }
            if name == Class::INTERFACE || self.interfaces().any(|interface| interface == name) {
                return ModelErrorKind::InterfaceNotType { name: name.to_owned() }.into();
            }
            let candidates =
                self.classes().filter(|class| class.is_user_creatable()).map(|class| class.name());
            let nearest = nearest(name, candidates).map(str::to_owned);
            Diagnostic::new(ModelErrorKind::UnknownType { name: name.to_owned(), nearest })
        })
    }

    /// The names of the interfaces that the classes have, each once.
    pub fn interfaces(&self) -> impl Iterator<Item = &'static str> {
        let names: IndexSet<_> = self.classes().flat_map(|class| class.interfaces()).collect();
        names.into_iter()
    }

    /// What the type `name` lacks, if it is known but not available here.
    #[must_use]
    pub fn missing(&self, name: &str) -> Option<&'static str> {
        self.unavailable.get(name).copied()
    }

    /// The types that are known but not available here, each with what it lacks.
    pub fn unavailable(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.unavailable.iter().map(|(name, missing)| (*name, *missing))
    }

    pub(crate) fn container(&self) -> &Arc<Class> {
        &self.container
    }
}

/// Whether `name` is fit for types and properties: letters, digits and `-`, `_`, `.`, starting with a letter or digit.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

impl RegistryBuilder {
    /// Adds types, such as a crate's list.
    #[allow(clippy::should_implement_trait, reason = "what a builder does; nobody takes it for arithmetic")]
    #[must_use]
    pub fn add(mut self, entries: impl IntoIterator<Item = TypeEntry>) -> Self {
        self.entries.extend(entries);
        self
    }

    /// Adds what the codes mean that the types report.
    #[must_use]
    pub fn explain(mut self, codes: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        self.explanations.extend(codes);
        self
    }

    /// Checks the types and flattens their properties. The order of registration does not matter.
    ///
    /// # Errors
    /// Everything that is wrong: duplicate names, unknown parents, cycles, shadowed properties, bad names.
    pub fn build(self) -> Result<TypeRegistry, Vec<Diagnostic>> {
        let mut report = Diagnostics::new();
        let mut entries: IndexMap<&'static str, TypeEntry> = IndexMap::new();
        let mut unavailable: IndexMap<&'static str, &'static str, _> = IndexMap::default();
        for entry in self.entries {
            let info = entry.info;
            for (what, name) in std::iter::once(("type", info.name))
                .chain(info.properties.iter().map(|property| ("property", property.name)))
            {
                if !is_name(name) {
                    let _ = report.report(ModelErrorKind::InvalidName { what, name: name.to_owned() });
                }
            }
            for property in info.properties.iter().filter(|property| property.sensitive) {
                if !matches!(property.value_type.inner(), ValueType::String | ValueType::Path) {
                    let (type_name, property) = (info.name.to_owned(), property.name.to_owned());
                    let _ = report.report(ModelErrorKind::SensitiveNotString { type_name, property });
                }
            }
            if let Some(missing) = entry.missing {
                unavailable.entry(info.name).or_insert(missing);
                continue;
            }
            if entries.contains_key(info.name) {
                let _ = report.report(ModelErrorKind::DuplicateType { name: info.name.to_owned() });
                continue;
            }
            entries.insert(info.name, entry);
        }
        // A program may well have what a list of types could not offer.
        unavailable.retain(|name, _| !entries.contains_key(name));
        let mut classes: IndexMap<&'static str, Arc<Class>, _> = IndexMap::default();
        let mut waiting: Vec<&TypeEntry> = Vec::new();
        for entry in entries.values() {
            match entry.parent {
                Some(parent) if !entries.contains_key(parent) => {
                    let (name, parent) = (entry.info.name.to_owned(), parent.to_owned());
                    let _ = report.report(ModelErrorKind::UnknownParent { name, parent });
                }
                _ => waiting.push(entry),
            }
        }
        // Each round takes the types whose parent is there; when none is, the rest wait for each other.
        loop {
            let before = waiting.len();
            waiting.retain(|entry| {
                let parent = match entry.parent.map(|parent| classes.get(parent)) {
                    Some(None) => return true,
                    Some(Some(parent)) => Some(Arc::clone(parent)),
                    None => None,
                };
                match Class::new((*entry).clone(), parent) {
                    Ok(class) => {
                        classes.insert(entry.info.name, Arc::new(class));
                    }
                    Err(diagnostic) => {
                        let _ = report.report(diagnostic);
                    }
                }
                false
            });
            if waiting.len() == before {
                break;
            }
        }
        let names: Vec<String> = waiting
            .iter()
            .filter(|entry| in_cycle(entry, &entries))
            .map(|entry| entry.info.name.to_owned())
            .collect();
        if !names.is_empty() {
            let _ = report.report(ModelErrorKind::TypeCycle { names });
        }
        // The order in which the author listed them, not the order in which parents were ready.
        classes.sort_by_cached_key(|name, _| entries.get_index_of(name));
        needs(&classes, &mut report);
        let diagnostics = report.take();
        match classes.get(Container::INFO.name).cloned() {
            Some(container) if diagnostics.is_empty() => {
                Ok(TypeRegistry { classes, container, explanations: self.explanations, unavailable })
            }
            _ => Err(diagnostics),
        }
    }
}

/// Reports needs that nothing could ever meet or break, which are slips of the pen.
fn needs(
    classes: &IndexMap<&'static str, Arc<Class>, foldhash::fast::RandomState>,
    report: &mut Diagnostics,
) {
    for class in classes.values() {
        for property in class.own_properties() {
            for need in property.needs {
                if let Some(why) = impossible(need, property, classes) {
                    let (type_name, property) = (class.name().to_owned(), property.name.to_owned());
                    let need = need.to_string();
                    let _ = report.report(ModelErrorKind::ImpossibleNeed { type_name, property, need, why });
                }
            }
        }
    }
}

/// Why no object could ever meet the need, or one could cease to.
fn impossible(
    need: &Need,
    property: &Property,
    classes: &IndexMap<&'static str, Arc<Class>, foldhash::fast::RandomState>,
) -> Option<&'static str> {
    let mut targets = Vec::new();
    property.value_type.targets(&mut |target| targets.push(target));
    let has = |class: &&Arc<Class>| targets.iter().any(|target| class.is_a(target));
    let found: Vec<&Property> =
        classes.values().filter(has).filter_map(|class| class.property(class.find(need.property)?)).collect();
    match found.first() {
        _ if targets.is_empty() => Some("it links to nothing"),
        None => Some("no type that it links to has such a property"),
        Some(_) if found.iter().any(|one| one.mutability == Mutability::Live) => {
            Some("that may change while the link stands")
        }
        Some(_) if found.iter().any(|one| one.sensitive) => Some("that is not shown to anybody"),
        Some(_) if !found.iter().all(|one| need.fits(one.value_type)) => Some("that is no value of it"),
        Some(_) => None,
    }
}

/// Whether following the parents comes back to `entry`.
fn in_cycle(entry: &TypeEntry, entries: &IndexMap<&'static str, TypeEntry>) -> bool {
    let mut at = entry.parent;
    for _ in 0..entries.len() {
        match at {
            Some(name) if name == entry.info.name => return true,
            Some(name) => at = entries.get(name).and_then(|next| next.parent),
            None => return false,
        }
    }
    false
}

/// Lists the object types of a crate: one function that returns them all.
///
/// A type with `#[derive(Object)]` that stands in no list does not compile. `#[cfg(…)]` before a type leaves it out
/// where the build does not have it; what the rest of the program knows of it then is
/// [`TypeEntry::unavailable`](crate::TypeEntry::unavailable).
///
/// ```
/// use qomet::prelude::*;
///
/// /// Prints pages
/// #[derive(Object)]
/// #[object(name = "printer", user_creatable)]
/// struct Printer {}
///
/// impl Realize for Printer {
///     fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
///         Ok(())
///     }
/// }
///
/// types! {
///     /// The types of this crate.
///     pub fn types = [Printer];
/// }
/// assert!(TypeRegistry::builder().add(types()).build().is_ok());
/// ```
#[macro_export]
macro_rules! types {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident = [$($(#[$on:meta])* $type:ty),* $(,)?];) => {
        $($(#[$on])* impl $crate::Listed for $type {})*

        $(#[$meta])*
        $visibility fn $name() -> ::std::vec::Vec<$crate::TypeEntry> {
            ::std::vec::Vec::from([$($(#[$on])* <$type as $crate::ObjectType>::entry()),*])
        }
    };
}
