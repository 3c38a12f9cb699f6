//! Where a link leads, and what there is in a document.

use std::ops::Range;

use lsp_types::{DocumentSymbol, Location, SymbolKind, Uri};
use qomet::{TypeRegistry, ValueType};
use qomet_config::{Node, Outline, Spot, What};

use super::subject::{node_at, property_of, text_of, types_at};
use super::text::Text;

/// The bag that the link at a place leads to.
pub(super) fn target<'t>(
    registry: &TypeRegistry,
    outline: &'t Outline<'_>,
    spot: &Spot<'_>,
) -> Option<Node<'t>> {
    let (property, _) = property_of(registry, spot)?;
    let is_link = |kind: &&ValueType| matches!(kind, ValueType::Link { .. } | ValueType::Id { .. });
    if spot.what != What::Value || !types_at(property, &spot.path).iter().any(is_link) {
        return None;
    }
    let link = node_at(spot.bag?, &spot.path)?.str()?;
    let id = link.strip_prefix("/objects/").unwrap_or(&link);
    outline.bags().into_iter().find(|bag| text_of(*bag, "id").is_some_and(|its| its == id))
}

/// Where the object is named that the link at `offset` leads to.
pub(super) fn definition(registry: &TypeRegistry, uri: &Uri, text: &Text, offset: usize) -> Option<Location> {
    let outline = Outline::new(text.as_str());
    let bag = target(registry, &outline, &outline.spot(offset)?)?;
    let id = bag.get("id")?;
    Some(Location { uri: uri.clone(), range: text.range(id.start()..id.end()) })
}

/// The objects with their properties; no values, which may be secret.
pub(super) fn symbols(text: &Text) -> Vec<DocumentSymbol> {
    let outline = Outline::new(text.as_str());
    outline.bags().into_iter().map(|bag| object(bag, text)).collect()
}

fn object(bag: Node<'_>, text: &Text) -> DocumentSymbol {
    let id = bag.get("id");
    let name = id.and_then(Node::str).filter(|id| !id.is_empty());
    let type_name = text_of(bag, "qom-type").map(std::borrow::Cow::into_owned);
    // Of a section the bag is the first line, and the properties are below it.
    let end = bag.members().map(|(_, value)| value.end()).fold(bag.end(), usize::max);
    let place = bag.start()..end;
    let properties = bag.members().filter_map(|(key, value)| {
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
