//! From whom a diagnostic concerns to where that stands.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use qomet::{About, CompactString, Diagnostic, Place};

use super::shape;
use crate::tape::{Leniency, Node, Tape, TapeInput};

/// The bags of all tapes.
pub(super) fn bags<'t>(tapes: &'t [Tape<'_>]) -> Bags<'t> {
    let mut bags = Bags::default();
    // Only the shape is wanted; what is wrong with it was said before.
    let mut said = qomet::Diagnostics::new();
    for tape in tapes {
        let mut input = TapeInput::new(tape.root(), Leniency::Lenient, &mut said);
        shape::each_bag(tape.root(), &mut input, &mut |bag, _| bags.list.push(bag));
    }
    let _ = said.take();
    bags
}

/// Fills in the places of diagnostics that only say which bag and property they are about.
pub(super) fn locate(bags: &mut Bags<'_>, diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics {
        if diagnostic.place().is_none() {
            let whole = bags.node(diagnostic.about());
            let part = whole
                .zip(diagnostic.problem().part())
                .and_then(|(whole, part)| bags.part(whole, part).or_else(|| whole.get(part)));
            diagnostic.set_place(part.or(whole).map(Node::place));
        }
        // A property that has its default stands nowhere.
        diagnostic.related_mut().retain(|related| related.place.is_some() || bags.has(&related.about));
        for related in diagnostic.related_mut() {
            related.place = related.place.or_else(|| bags.node(&related.about).map(Node::place));
        }
    }
}

/// The bags by their numbers, and what was looked up in them: many diagnostics may be about the same value.
#[derive(Default)]
pub(super) struct Bags<'t> {
    list: Vec<Node<'t>>,
    /// The values of properties, by bag.
    values: HashMap<(usize, CompactString), Option<Node<'t>>>,
    /// The first bag of each id, once somebody asks.
    by_id: Option<HashMap<Cow<'t, str>, usize>>,
    /// The strings in a value, by its place.
    parts: HashMap<Place, Parts<'t>>,
}

/// Those of equal strings that are not taken, in order.
type Parts<'t> = HashMap<Cow<'t, str>, VecDeque<Node<'t>>>;

impl<'t> Bags<'t> {
    /// The bag of that number.
    pub(super) fn bag(&self, number: usize) -> Option<Node<'t>> {
        self.list.get(number).copied()
    }

    /// Whether the property is given; true where it is not known which or of what.
    fn has(&mut self, about: &About) -> bool {
        let bag = self.number(about).filter(|number| *number < self.list.len());
        match (bag, &about.property) {
            (Some(bag), Some(property)) => self.value(bag, property).is_some(),
            _ => true,
        }
    }

    /// The number of the bag, which who reports of another object than its own does not know.
    fn number(&mut self, about: &About) -> Option<usize> {
        if about.bag.is_some() {
            return about.bag;
        }
        let id = about.object.as_deref()?;
        let list = &self.list;
        let by_id = self.by_id.get_or_insert_with(|| {
            let ids = list.iter().enumerate().rev();
            ids.filter_map(|(number, bag)| Some((bag.get("id")?.str()?, number))).collect()
        });
        by_id.get(id).copied()
    }

    /// The value of the property, or else the bag.
    fn node(&mut self, about: &About) -> Option<Node<'t>> {
        let number = self.number(about)?;
        let bag = *self.list.get(number)?;
        let value = about.property.as_ref().and_then(|property| self.value(number, property));
        Some(value.unwrap_or(bag))
    }

    fn value(&mut self, number: usize, property: &CompactString) -> Option<Node<'t>> {
        let bag = *self.list.get(number)?;
        *self.values.entry((number, property.clone())).or_insert_with(|| bag.get(property))
    }

    /// The string `part` in the list or struct `whole`; each time the next of several that are equal.
    fn part(&mut self, whole: Node<'t>, part: &str) -> Option<Node<'t>> {
        let parts = self.parts.entry(whole.place()).or_insert_with(|| {
            let mut parts = Parts::new();
            collect(whole, &mut parts);
            parts
        });
        parts.get_mut(part)?.pop_front()
    }
}

/// The strings in a value, but not itself.
fn collect<'t>(whole: Node<'t>, parts: &mut Parts<'t>) {
    for value in whole.elements().chain(whole.members().map(|(_, value)| value)) {
        if let Some(text) = value.str() {
            parts.entry(text).or_default().push_back(value);
        }
        collect(value, parts);
    }
}
