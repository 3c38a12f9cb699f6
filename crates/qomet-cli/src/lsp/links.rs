//! Who names whom: the ids of a document, and the links to them.
//!
//! For what concerns every place of an id at once: finding and renaming. Where one link leads is [`navigate`](super::navigate)'s.

use std::ops::Range;

use qomet::{TypeRegistry, ValueType};
use qomet_config::{Node, Outline, Step};

use super::subject::{class_of, types_at};
use super::text::Text;

/// What a link may be written in front of the id.
pub(super) const OBJECTS: &str = "/objects/";

/// A place where an id stands: without quotes, and of a link only the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) id: String,
    pub(super) place: Range<usize>,
    /// Whether this is where the object gets it.
    pub(super) is_declaration: bool,
}

/// Every place of every id, object by object.
pub(super) fn mentions(registry: &TypeRegistry, text: &Text) -> Vec<Mention> {
    let outline = Outline::new(text.as_str());
    let mut found = Vec::new();
    for bag in outline.bags() {
        found.extend(bag.get("id").and_then(|id| mention(id, text, true)));
        let Some(class) = class_of(registry, bag) else { continue };
        for (key, value) in bag.members() {
            let property = key.str().and_then(|name| class.find(&name)).and_then(|slot| class.property(slot));
            if let Some(property) = property {
                links(value, types_at(property, &[]), text, &mut found);
            }
        }
    }
    found
}

/// The links in a value that may be of these types.
fn links(value: Node<'_>, types: Vec<&'static ValueType>, text: &Text, found: &mut Vec<Mention>) {
    if types.iter().any(|kind| matches!(kind, ValueType::Link { .. } | ValueType::Id { .. })) {
        found.extend(mention(value, text, false));
    }
    for (index, element) in value.elements().enumerate() {
        links(element, super::subject::inside(&types, &Step::Element(index)), text, found);
    }
    for (key, member) in value.members() {
        let Some(name) = key.str() else { continue };
        links(member, super::subject::inside(&types, &Step::Member(name)), text, found);
    }
}

fn mention(node: Node<'_>, text: &Text, is_declaration: bool) -> Option<Mention> {
    let content = node.str()?;
    let there = text.get(node.start()..node.end());
    let quoted = there.len() >= 2 && there.starts_with(['"', '\'']);
    let mut place = node.start() + usize::from(quoted)..node.end() - usize::from(quoted);
    let mut id = content.as_ref();
    if let Some(rest) = id.strip_prefix(OBJECTS).filter(|_| !is_declaration) {
        // With escapes in it, it is not known where the id begins.
        if !text.get(place.clone()).starts_with(OBJECTS) {
            return None;
        }
        place.start += OBJECTS.len();
        id = rest;
    }
    (!id.is_empty()).then(|| Mention { id: id.to_owned(), place, is_declaration })
}

/// The one that holds or touches a place.
pub(super) fn at(mentions: &[Mention], offset: usize) -> Option<&Mention> {
    mentions.iter().find(|one| (one.place.start..=one.place.end).contains(&offset))
}
