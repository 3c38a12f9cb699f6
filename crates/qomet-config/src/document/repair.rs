//! From what a problem would have written to a change of the text.
//!
//! The one place where repairs are made: reports, `check --fix` and editors take them from the diagnostics. It runs once
//! something is wrong, over the same tapes that the places come from. A repair is certain only if nothing else can have been
//! meant: no other name is as near, and what is written anew does not stand there already.

use std::collections::HashMap;

use qomet::{
    AnyDraft, Applicability, Diagnostic, Edit, Place, Remedy, Repair, Spelling, TypeRegistry,
    is_nearest_alone,
};

use super::place::Bags;
use super::setting;
use crate::source::{Sources, widen};
use crate::tape::Node;

/// What it takes to work repairs out.
pub(super) struct Repairs<'d, 't> {
    pub(super) registry: &'d TypeRegistry,
    pub(super) sources: &'d Sources,
    pub(super) drafts: &'d [Box<dyn AnyDraft>],
    pub(super) bags: &'d Bags<'t>,
}

impl Repairs<'_, '_> {
    /// Gives each diagnostic the repair that there is for it.
    pub(super) fn make(&self, diagnostics: &mut [Diagnostic]) {
        // Two names of one struct that would both become the same cannot both be right.
        let mut renamed: HashMap<(Place, String), Vec<usize>> = HashMap::new();
        // What is put in behind a string without its closing quote would be a part of it.
        let open = diagnostics.iter().filter(|one| one.code() == "unterminated-string");
        let open: Vec<Place> = open.filter_map(Diagnostic::place).collect();
        for (index, one) in diagnostics.iter_mut().enumerate() {
            let repair = self.repair(one).filter(|repair| {
                let is_inside = |edit: &Edit| {
                    let place = edit.place;
                    let ends = |open: &Place| (open.source, open.end) == (place.source, place.start);
                    place.start == place.end && open.iter().any(ends)
                };
                !repair.edits.iter().any(is_inside)
            });
            if let Some(repair) = &repair
                && let [edit] = &*repair.edits
                && let Some(whole) = self.renames(one)
            {
                renamed.entry((whole.place(), edit.text.clone())).or_default().push(index);
            }
            one.set_repair(repair);
        }
        for index in renamed.into_values().filter(|several| several.len() > 1).flatten() {
            let Some(one) = diagnostics.get_mut(index) else { continue };
            let doubtful = one.repair().cloned();
            one.set_repair(doubtful.map(|repair| Repair { applicability: Applicability::Guess, ..repair }));
        }
    }

    /// The struct of which a diagnostic says that the name of a member is wrong.
    fn renames(&self, diagnostic: &Diagnostic) -> Option<Node<'_>> {
        let bag = diagnostic.about().bag.and_then(|number| self.bags.bag(number))?;
        around(bag, diagnostic.place()?)
    }

    fn repair(&self, diagnostic: &Diagnostic) -> Option<Repair> {
        let remedy = diagnostic.problem().remedy()?;
        if let Some(property) = remedy.property {
            let bag = diagnostic.related().first().and_then(|related| related.about.bag);
            let edit = setting::set(self.sources, self.bags.bag(bag?)?, property, &remedy)?;
            return Some(Repair { edits: vec![edit], applicability: remedy.applicability });
        }
        let place = diagnostic.place()?;
        let text = self.sources.get(place.source)?.text();
        let there = text.get(widen(place.start)..widen(place.end))?;
        let (text, applicability) = match remedy.spelling {
            Spelling::Verbatim | Spelling::Switch => (remedy.text, remedy.applicability),
            Spelling::Size => (size(there, &remedy)?, remedy.applicability),
            Spelling::Name => {
                let wrong = content(there)?;
                // A name of which only a part stands in that place, as in a key with points, is spelt in another way.
                if wrong.is_empty() || !names(diagnostic, &wrong) {
                    return None;
                }
                let sure = self.is_alone(diagnostic, &wrong) && self.is_free(diagnostic, &remedy.text);
                let applicability = if sure { remedy.applicability } else { Applicability::Guess };
                (name(there, &remedy.text)?, applicability)
            }
        };
        let repair = Repair { edits: vec![Edit { place, text }], applicability };
        (repair.edits.iter().any(|edit| edit.text != there)).then_some(repair)
    }

    /// Whether no other name is as near to the wrong one. Kinds that have all names know it themselves.
    fn is_alone(&self, diagnostic: &Diagnostic, wrong: &str) -> bool {
        match diagnostic.code() {
            "unknown-type" => {
                let classes = self.registry.classes().filter(|class| class.is_user_creatable());
                is_nearest_alone(wrong, classes.map(|class| class.name()))
            }
            "unknown-property" => {
                let class = diagnostic.about().type_name.as_deref().and_then(|name| self.registry.get(name));
                let properties = class.into_iter().flat_map(|class| class.properties());
                let settable = properties.filter(|property| property.is_settable());
                let names = settable.map(|property| property.name).chain(["id", "qom-type"]);
                is_nearest_alone(wrong, names)
            }
            "dangling-link" | "unknown-id" => {
                let wrong = wrong.strip_prefix("/objects/").unwrap_or(wrong);
                is_nearest_alone(wrong, self.drafts.iter().filter_map(|draft| draft.id()))
            }
            _ => true,
        }
    }

    /// Whether the struct that has a name at `place` does not have `new` as well; true for values.
    fn is_free(&self, diagnostic: &Diagnostic, new: &str) -> bool {
        self.renames(diagnostic).is_none_or(|whole| whole.get(new).is_none())
    }
}

/// The struct in `whole` of which the name of a member stands at `place`.
fn around<'t>(whole: Node<'t>, place: Place) -> Option<Node<'t>> {
    if whole.members().any(|(key, _)| key.place() == place) {
        return Some(whole);
    }
    let inside = |value: &Node<'t>| {
        let of = value.place();
        of.start <= place.start && place.end <= of.end
    };
    let values = whole.elements().chain(whole.members().map(|(_, value)| value));
    values.filter(inside).find_map(|value| around(value, place))
}

/// Whether a diagnostic is about this name.
fn names(diagnostic: &Diagnostic, wrong: &str) -> bool {
    let problem = diagnostic.problem();
    let property = diagnostic.about().property.as_deref();
    problem.part() == Some(wrong) || problem.found().as_deref() == Some(wrong) || property == Some(wrong)
}

/// What stands in a text as a string of JSON, or as a word that every syntax writes as it is.
fn content(there: &str) -> Option<String> {
    if there.starts_with('"') {
        return serde_json::from_str(there).ok();
    }
    is_plain(there).then(|| there.to_owned())
}

/// A name as it is written in place of `there`.
fn name(there: &str, new: &str) -> Option<String> {
    match there.starts_with('"') {
        true => Some(serde_json::Value::from(new).to_string()),
        false => is_plain(new).then(|| new.to_owned()),
    }
}

/// Whether it is written alike in every syntax, without quotes or escapes.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./+".contains(&byte))
}

/// A number of bytes as it is written in place of `there`: with a unit if that has one.
fn size(there: &str, remedy: &Remedy) -> Option<String> {
    let bytes: u64 = remedy.text.parse().ok()?;
    let quoted = there.starts_with('"');
    let old = content(there)?;
    let unit = old.chars().last().filter(|letter| letter.is_ascii_alphabetic() && !old.starts_with("0x"));
    let new = match unit {
        Some(unit) => with_unit(bytes, unit.is_ascii_lowercase()),
        None => bytes.to_string(),
    };
    Some(if quoted { format!("\"{new}\"") } else { new })
}

/// With the largest unit of which it is a whole number.
fn with_unit(bytes: u64, lower: bool) -> String {
    let units = [(60, 'E'), (50, 'P'), (40, 'T'), (30, 'G'), (20, 'M'), (10, 'K')];
    match units.into_iter().find(|(shift, _)| bytes != 0 && bytes.trailing_zeros() >= *shift) {
        Some((shift, unit)) => {
            let unit = if lower { unit.to_ascii_lowercase() } else { unit };
            format!("{}{unit}", bytes >> shift)
        }
        None => bytes.to_string(),
    }
}
