//! Where a link leads, who else names an object, and what there is in a document.

use std::collections::BTreeMap;
use std::ops::Range;

use lsp_types::{DocumentHighlight, DocumentHighlightKind, DocumentSymbol, SymbolKind, TextEdit};
use qomet::{TypeRegistry, ValueType};
use qomet_config::{Node, Outline, Spot, What};
use serde::Serialize;

use super::check::Checked;
use super::links::{self, Mention, OBJECTS};
use super::shape::{Location, WorkspaceEdit};
use super::subject::{node_at, property_of, text_of, types_at};
use super::text::Text;

/// Of more objects than this the properties are not listed: an editor asks again with every change.
const MANY: usize = 5_000;

/// More objects than this are not listed: nobody finds anything in such a list, and an editor that asks for it with every
/// change would wait for seconds each time.
const MOST: usize = 20_000;

/// A document, and those that belong to it.
pub(super) struct Context<'a> {
    pub(super) registry: &'a TypeRegistry,
    pub(super) here: Checked,
    pub(super) others: Vec<Checked>,
}

/// The object that a link leads to.
pub(super) struct Target {
    pub(super) id: String,
    pub(super) type_name: String,
    pub(super) location: Location,
}

/// What would be renamed, and its name.
#[derive(Debug, Serialize)]
pub(super) struct Renamable {
    range: lsp_types::Range,
    placeholder: String,
}

/// The id that the link at a place names.
fn linked<'t>(registry: &TypeRegistry, spot: &Spot<'t>) -> Option<std::borrow::Cow<'t, str>> {
    let (property, _) = property_of(registry, spot)?;
    let is_link = |kind: &&ValueType| matches!(kind, ValueType::Link { .. } | ValueType::Id { .. });
    if spot.what != What::Value || !types_at(property, &spot.path).iter().any(is_link) {
        return None;
    }
    node_at(spot.bag?, &spot.path)?.str()
}

/// The object that the link at a place leads to, in this document or in another of its set.
pub(super) fn target(context: &Context<'_>, outline: &Outline<'_>, spot: &Spot<'_>) -> Option<Target> {
    let link = linked(context.registry, spot)?;
    let id = link.strip_prefix(OBJECTS).unwrap_or(&link);
    let others = context.others.iter();
    declared(outline, &context.here, id).or_else(|| {
        others.into_iter().find_map(|other| declared(&Outline::new(other.text.as_str()), other, id))
    })
}

/// The object of that id in a document.
fn declared(outline: &Outline<'_>, document: &Checked, id: &str) -> Option<Target> {
    let bags = outline.bags();
    let bag = bags.into_iter().find(|bag| text_of(*bag, "id").is_some_and(|its| its == id))?;
    let name = bag.get("id")?;
    Some(Target {
        id: id.to_owned(),
        type_name: text_of(bag, "qom-type").unwrap_or_default().into_owned(),
        location: Location {
            uri: document.address.clone(),
            range: document.text.range(name.start()..name.end()),
        },
    })
}

/// Where the object is named that the link at `offset` leads to.
pub(super) fn definition(context: &Context<'_>, offset: usize) -> Option<Location> {
    let outline = Outline::new(context.here.text.as_str());
    let spot = outline.spot(offset)?;
    target(context, &outline, &spot).map(|target| target.location)
}

/// The id at `offset`, with every place of it in this document and in those that belong to it.
struct Named {
    here: Mention,
    everywhere: Vec<(Checked, Vec<Mention>)>,
}

fn named(context: &Context<'_>, offset: usize) -> Option<Named> {
    let mentions = links::mentions(context.registry, &context.here.text);
    let here = links::at(&mentions, offset)?.clone();
    let others = context.others.iter();
    let others = others.map(|other| (other.clone(), links::mentions(context.registry, &other.text)));
    let mut everywhere: Vec<_> = std::iter::once((context.here.clone(), mentions)).chain(others).collect();
    for (_, mentions) in &mut everywhere {
        mentions.retain(|one| one.id == here.id);
    }
    Some(Named { here, everywhere })
}

/// Every place where the object at `offset` is named; where it gets its id only if asked for.
pub(super) fn references(context: &Context<'_>, offset: usize, with_declaration: bool) -> Vec<Location> {
    let everywhere = named(context, offset).map(|named| named.everywhere).unwrap_or_default();
    let locations = everywhere.iter().flat_map(|(document, mentions)| {
        let wanted = mentions.iter().filter(|one| with_declaration || !one.is_declaration);
        wanted.map(|one| Location {
            uri: document.address.clone(),
            range: document.text.range(one.place.clone()),
        })
    });
    locations.collect()
}

/// The same places in this document, for an editor to mark.
pub(super) fn highlights(context: &Context<'_>, offset: usize) -> Vec<DocumentHighlight> {
    let mentions = links::mentions(context.registry, &context.here.text);
    let Some(here) = links::at(&mentions, offset) else { return Vec::new() };
    let same = mentions.iter().filter(|one| one.id == here.id);
    let highlight = |one: &Mention| DocumentHighlight {
        range: context.here.text.range(one.place.clone()),
        kind: Some(match one.is_declaration {
            true => DocumentHighlightKind::WRITE,
            false => DocumentHighlightKind::READ,
        }),
    };
    same.map(highlight).collect()
}

/// What would be renamed at `offset`, and its name.
pub(super) fn renamable(context: &Context<'_>, offset: usize) -> Option<Renamable> {
    let mentions = links::mentions(context.registry, &context.here.text);
    let here = links::at(&mentions, offset)?;
    Some(Renamable { range: context.here.text.range(here.place.clone()), placeholder: here.id.clone() })
}

/// Gives the object at `offset` another id, everywhere it is named.
///
/// # Errors
/// No id stands there, the new one is none, or another object has it: a sentence for people.
pub(super) fn rename(context: &Context<'_>, offset: usize, new: &str) -> Result<WorkspaceEdit, String> {
    let Some(named) = named(context, offset) else { return Err("no id of an object stands here".to_owned()) };
    qomet::check_id(new).map_err(|refused| refused.to_string())?;
    let documents = std::iter::once(&context.here).chain(&context.others);
    let mut taken = documents.flat_map(|one| links::mentions(context.registry, &one.text));
    if new != named.here.id && taken.any(|one| one.is_declaration && one.id == new) {
        return Err(format!("another object has the id '{new}'"));
    }
    let mut changes = BTreeMap::new();
    for (document, mentions) in named.everywhere.iter().filter(|(_, mentions)| !mentions.is_empty()) {
        let edit = |one: &Mention| TextEdit {
            range: document.text.range(one.place.clone()),
            new_text: new.to_owned(),
        };
        changes.insert(document.address.as_str().to_owned(), mentions.iter().map(edit).collect());
    }
    Ok(WorkspaceEdit { changes })
}

/// The objects with their properties, the first [`MOST`] of them; no values, which may be secret.
pub(super) fn symbols(text: &Text) -> Vec<DocumentSymbol> {
    let outline = Outline::new(text.as_str());
    let bags = outline.bags();
    let has_properties = bags.len() <= MANY;
    bags.into_iter().take(MOST).map(|bag| object(bag, text, has_properties)).collect()
}

fn object(bag: Node<'_>, text: &Text, has_properties: bool) -> DocumentSymbol {
    let id = bag.get("id");
    let name = id.and_then(Node::str).filter(|id| !id.is_empty());
    let type_name = text_of(bag, "qom-type").map(std::borrow::Cow::into_owned);
    // Of a section the bag is the first line, and the properties are below it.
    let end = bag.members().map(|(_, value)| value.end()).fold(bag.end(), usize::max);
    let place = bag.start()..end;
    let members = bag.members().filter(|_| has_properties);
    let properties = members.filter_map(|(key, value)| {
        let name = key.str().filter(|name| !matches!(&**name, "" | "id" | "qom-type"))?;
        let place = key.start()..value.end().max(key.end());
        Some(symbol(name.into_owned(), SymbolKind::PROPERTY, place, key.start()..key.end(), text))
    });
    let properties: Vec<DocumentSymbol> = properties.collect();
    let name = name.map_or_else(|| type_name.clone().unwrap_or("?".to_owned()), std::borrow::Cow::into_owned);
    let name = if name.is_empty() { "?".to_owned() } else { name };
    let selected = id.map_or(place.start..place.start, |id| id.start()..id.end());
    let whole = symbol(name, SymbolKind::OBJECT, place, selected, text);
    DocumentSymbol { detail: type_name, children: Some(properties), ..whole }
}

#[allow(deprecated, reason = "the field must be given all the same")]
fn symbol(
    name: String,
    kind: SymbolKind,
    place: Range<usize>,
    selected: Range<usize>,
    text: &Text,
) -> DocumentSymbol {
    // Editors want the second range inside of the first.
    let selected = selected.start.max(place.start)..selected.end.min(place.end).max(place.start);
    DocumentSymbol {
        name,
        kind,
        range: text.range(place),
        selection_range: text.range(selected),
        detail: None,
        tags: None,
        deprecated: None,
        children: None,
    }
}
