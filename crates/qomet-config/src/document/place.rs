//! From whom a diagnostic concerns to where that stands.

use qomet::{About, Diagnostic, Place};

use super::shape;
use crate::json::{JsonInput, Leniency, Node, Tape};

/// Fills in the places of diagnostics that only say which bag and property they are about.
pub(super) fn locate(tapes: &[Tape<'_>], diagnostics: &mut [Diagnostic]) {
    let missing = |one: &Diagnostic| {
        one.place().is_none() || one.related().iter().any(|related| related.place.is_none())
    };
    if !diagnostics.iter().any(missing) {
        return;
    }
    let mut bags: Vec<Node<'_>> = Vec::new();
    // Only the shape is wanted; what is wrong with it was said before.
    let mut said = qomet::Diagnostics::new();
    for tape in tapes {
        let mut input = JsonInput::new(tape.root(), Leniency::Lenient, &mut said);
        shape::each_bag(tape.root(), &mut input, &mut |bag, _| bags.push(bag));
    }
    let _ = said.take();
    let mut parts: Vec<(Place, String)> = Vec::new();
    for diagnostic in diagnostics {
        if diagnostic.place().is_none() {
            let whole = find_node(&bags, diagnostic.about());
            let part = whole.zip(diagnostic.problem().part()).and_then(|(whole, part)| {
                let known = (whole.place(), part.to_owned());
                let before = parts.iter().filter(|one| **one == known).count();
                parts.push(known);
                find_part(whole, part, &mut { before })
            });
            diagnostic.set_place(part.or(whole).map(Node::place));
        }
        // A property that has its default stands nowhere.
        diagnostic.related_mut().retain(|related| related.place.is_some() || stands(&bags, &related.about));
        for related in diagnostic.related_mut() {
            related.place = related.place.or_else(|| find(&bags, &related.about));
        }
    }
}

/// Whether the property is given; true where it is not known which or of what.
fn stands(bags: &[Node<'_>], about: &About) -> bool {
    let bag = about.bag.and_then(|number| bags.get(number));
    let (Some(bag), Some(property)) = (bag, about.property.as_deref()) else { return true };
    bag.get(property).is_some()
}

fn find(bags: &[Node<'_>], about: &About) -> Option<Place> {
    find_node(bags, about).map(Node::place)
}

fn find_node<'t>(bags: &[Node<'t>], about: &About) -> Option<Node<'t>> {
    let bag = bags.get(about.bag?)?;
    let value = about.property.as_deref().and_then(|property| bag.get(property));
    Some(value.unwrap_or(*bag))
}

/// The string `part` in the list or struct `whole`, after `skip` others that are equal to it.
fn find_part<'t>(whole: Node<'t>, part: &str, skip: &mut usize) -> Option<Node<'t>> {
    let values = whole.elements().chain(whole.members().map(|(_, value)| value));
    for value in values {
        if value.str().is_some_and(|text| text == part) {
            match skip.checked_sub(1) {
                None => return Some(value),
                Some(left) => *skip = left,
            }
        }
        if let Some(found) = find_part(value, part, skip) {
            return Some(found);
        }
    }
    None
}
