//! Judging what objects need of those that they link to.
//!
//! A [`Need`] stands on the property that links. It is judged wherever a link gets its target: between the drafts of a
//! batch and against objects that there are (`graph`), once more of what only the host tells (`batch`), when the links
//! of a draft are resolved, and when a live link is set ([`of_value`], from `Property::read`). All of them come here.

use crate::error::{About, Diagnostic, Failed, ModelErrorKind, Problem, Related, Remedy, UnmetNeed};
use crate::object::{AnyDraft, ObjectRef};
use crate::types::{Advice, Foreseen, Need, Property};
use crate::value::{Mutability, Value, ValueType};
use crate::visit::{Input, Native, NativeOutput, TextOutput};

use super::Surroundings;

/// A need that is not met.
pub(super) struct Unmet {
    problem: Box<dyn Problem>,
    related: Related,
}

impl Unmet {
    /// As a diagnostic about the property that links.
    pub(super) fn told(self, about: About) -> Diagnostic {
        Diagnostic::from(self.problem).with_about(about).with_related(self.related)
    }
}

/// Judges the links of a value that lead to objects that there are.
pub(crate) fn of_value<V: Value>(
    property: &Property,
    value: &V,
    input: &mut dyn Input,
) -> Result<(), Failed> {
    let mut done = Ok(());
    value.links(&mut |link| {
        let Some(target) = link.target() else { return };
        for unmet in of_object(property.needs, target.name(), &target) {
            done = Err(input.report(unmet.problem));
        }
    });
    done
}

/// The needs that an object, which goes by `path`, does not meet.
pub(super) fn of_object(needs: &[Need], path: &str, target: &ObjectRef) -> Vec<Unmet> {
    let judged = needs.iter().filter_map(|need| {
        let slot = target.class().find(need.property)?;
        let property = target.class().property(slot)?;
        let mut output = NativeOutput::telling_absence();
        target.write_slot(slot, &mut output);
        let value = output.finish();
        if need.is_met(&value) {
            return None;
        }
        let about = About {
            object: Some(target.name().into()),
            type_name: Some(target.class().name().into()),
            ..About::default()
        };
        let related = Related { label: "this object, which is there already".to_owned(), about, place: None };
        // What is realized cannot be set any more.
        let problem = match target.advise(need, target.name()) {
            Advice::Set => kind(need, property, path, &value, None, None),
            Advice::Instead(advice) => kind(need, property, path, &value, Some(advice.into_owned()), None),
            Advice::Mistake(problem) => problem,
        };
        Some(Unmet { problem, related })
    });
    judged.collect()
}

/// The needs that the object of a draft, which goes by `path`, would not meet. What was reported of the draft before is
/// not judged. With `around`, what only the host can tell is judged, and else everything else.
pub(super) fn of_draft(
    needs: &[Need],
    path: &str,
    target: &dyn AnyDraft,
    around: Option<&Surroundings<'_>>,
) -> Vec<Unmet> {
    let mut judged = Vec::new();
    for need in needs {
        let Some(slot) = target.class().find(need.property).filter(|slot| target.is_sound(*slot)) else {
            continue;
        };
        let Some(property) = target.class().property(slot) else { continue };
        let value = match (foreseen(target, slot, property, None), around) {
            (Some(_), Some(_)) => continue,
            (Some(value), None) => Some(value),
            (None, None) => None,
            (None, around) => foreseen(target, slot, property, around),
        };
        let Some(value) = value.flatten() else { continue };
        if !need.is_met(&value) {
            judged.push(unmet(need, path, target, slot, property, &value));
        }
    }
    judged
}

/// What a property of a draft will come to: nothing where that cannot be told, no value where that was refused.
fn foreseen(
    target: &dyn AnyDraft,
    slot: usize,
    property: &Property,
    around: Option<&Surroundings<'_>>,
) -> Option<Option<Native<'static>>> {
    let is_sound = |name: &str| target.class().find(name).is_none_or(|slot| target.is_sound(slot));
    match target.foresee(slot, around) {
        Foreseen::Value(value, from) => Some(from.iter().all(|name| is_sound(name)).then_some(value)),
        Foreseen::AsConfigured if property.mutability != Mutability::Computed => {
            let mut output = NativeOutput::telling_absence();
            target.write(slot, &mut output);
            match output.finish() {
                // Left to the type, which does not say what it will make of it.
                Native::Null if property.effective => None,
                value => Some(Some(value)),
            }
        }
        Foreseen::AsConfigured | Foreseen::Unknown => None,
    }
}

fn unmet(
    need: &Need,
    path: &str,
    target: &dyn AnyDraft,
    slot: usize,
    property: &Property,
    value: &Native<'_>,
) -> Unmet {
    let id = target.id().unwrap_or(path);
    let is_given = target.is_given(slot);
    let settable = property.mutability != Mutability::Computed;
    let (label, property_name) = match is_given {
        true => ("given here".to_owned(), Some(need.property.into())),
        false => (format!("this object has {}", need.found(property, value)), None),
    };
    let related = Related { label, about: About { property: property_name, ..target.about() }, place: None };
    let problem = match target.advise(need, id) {
        Advice::Set if settable => {
            kind(need, property, path, value, None, Some(remedy(need, property, is_given)))
        }
        Advice::Set => kind(need, property, path, value, None, None),
        Advice::Instead(advice) => kind(need, property, path, value, Some(advice.into_owned()), None),
        Advice::Mistake(problem) => problem,
    };
    Unmet { problem, related }
}

fn kind(
    need: &Need,
    property: &Property,
    path: &str,
    value: &Native<'_>,
    advice: Option<String>,
    set: Option<Remedy>,
) -> Box<dyn Problem> {
    Box::new(ModelErrorKind::UnmetNeed(Box::new(UnmetNeed {
        path: path.to_owned(),
        needed: need.to_string(),
        found: need.found(property, value),
        value: TextOutput::of(|out| (need.value)(out)),
        advice,
        set,
    })))
}

/// To set the property. Where somebody set it to something else, one of the two is wrong, and nobody knows which.
fn remedy(need: &Need, property: &Property, is_given: bool) -> Remedy {
    let value = need.native();
    let remedy = match (property.value_type.inner(), &value) {
        (ValueType::Bool, Native::Bool(on)) => Remedy::switch(*on),
        (ValueType::Size, Native::Uint(bytes)) => Remedy::size(*bytes),
        (_, Native::Str(name)) => Remedy::name(name.to_string()),
        (_, other) => Remedy::verbatim(TextOutput::of(|out| other.write(out))),
    };
    let remedy = remedy.of_related(property.name);
    if is_given { remedy.guess() } else { remedy }
}
