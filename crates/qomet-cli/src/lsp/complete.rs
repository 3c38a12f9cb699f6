//! What may stand at a place of a document.

use lsp_types::{CompletionItem, CompletionItemKind, CompletionList};
use qomet::{Class, Property, Size, TypeRegistry, ValueType};
use qomet_config::{Language, Node, Outline, Spot, What, default_value};

use super::links::OBJECTS;
use super::navigate::Context;
use super::propose::{Proposal, Writer, detail};
use super::subject::{class_of, is_target, node_at, property_of, text_of, types_at};
use crate::describe::markdown;

/// The members of a document of several bags.
pub(super) const WRAPPER: [(&str, &str); 2] = [
    ("$schema", "Where the JSON Schema of this document is, for editors that complete by it"),
    ("objects", "The objects; their order does not matter"),
];

/// What every object has.
pub(super) const HEAD: [(&str, &str); 2] =
    [("qom-type", "The type of the object"), ("id", "The name of the object below /objects")];

/// Sizes that memory has.
const SIZES: [&str; 8] = ["2M", "64M", "512M", "1G", "2G", "4G", "8G", "16G"];

/// More than anybody looks through; what does not fit into the list comes with more letters.
const LIMIT: usize = 1000;

/// Everything that may stand at `offset`.
pub(super) fn complete(context: &Context<'_>, offset: usize, has_snippets: bool) -> CompletionList {
    let (registry, text) = (context.registry, &*context.here.text);
    let outline = Outline::new(text.as_str());
    let Some(spot) = outline.spot(offset) else { return CompletionList::default() };
    let writer = Writer { text, spot: &spot, language: outline.language(), has_snippets };
    let mut is_incomplete = false;
    let items = match (spot.what, spot.name()) {
        (What::Bag, _) => bags(registry, &writer),
        (What::Name, _) if spot.bag.is_none() => wrapper(&writer, &[]),
        (What::Name, _) if spot.is_of_bag() => names(registry, &writer),
        (What::Name, _) => members(registry, &writer),
        (What::Value, Some("qom-type")) if spot.is_of_bag() => types(registry, &writer),
        (What::Value, _) => {
            let typed = text.get(spot.place.start..offset).trim_start_matches(['"', '\'']);
            let ids = Ids { context, outline: &outline, typed, is_incomplete: &mut is_incomplete };
            values(context, &writer, ids)
        }
    };
    CompletionList { is_incomplete, items }
}

fn creatable(registry: &TypeRegistry) -> impl Iterator<Item = &Class> {
    registry.classes().map(|class| &**class).filter(|class| class.is_user_creatable())
}

fn of_class(class: &Class) -> Proposal<'_> {
    Proposal {
        label: class.name(),
        kind: CompletionItemKind::CLASS,
        detail: String::new(),
        documentation: class.description().to_owned(),
        rank: 0,
        deprecated: false,
    }
}

fn bags(registry: &TypeRegistry, writer: &Writer<'_>) -> Vec<CompletionItem> {
    creatable(registry).map(|class| writer.bag(class, &of_class(class))).collect()
}

/// The types, each with what must be given beside it and is not there yet.
fn types(registry: &TypeRegistry, writer: &Writer<'_>) -> Vec<CompletionItem> {
    let there = writer.spot.bag.map(|bag| given(bag, writer.spot)).unwrap_or_default();
    let item = |class: &Class| writer.type_name(class, &there, &of_class(class));
    creatable(registry).map(item).collect()
}

/// A member that is no property.
fn fixed(name: &'static str, description: &str, rank: u8) -> Proposal<'static> {
    Proposal {
        label: name,
        kind: CompletionItemKind::FIELD,
        detail: String::new(),
        documentation: description.to_owned(),
        rank,
        deprecated: false,
    }
}

fn wrapper(writer: &Writer<'_>, given: &[String]) -> Vec<CompletionItem> {
    let missing = WRAPPER.iter().filter(|(name, _)| !given.iter().any(|given| given == name));
    let item = |(name, description): &(&'static str, &str)| {
        let kind = if *name == "$schema" { &ValueType::String } else { &ValueType::List(&ValueType::Bool) };
        writer.name(Some(kind), &fixed(name, description, 5))
    };
    missing.map(item).collect()
}

/// The names in a bag or struct, but not the one that is being written.
fn given(node: Node<'_>, spot: &Spot<'_>) -> Vec<String> {
    let others =
        node.members().filter(|(key, _)| !(spot.place.start..=spot.place.end).contains(&key.start()));
    others.filter_map(|(key, _)| key.str().map(std::borrow::Cow::into_owned)).collect()
}

/// The properties that a bag does not have yet.
fn names(registry: &TypeRegistry, writer: &Writer<'_>) -> Vec<CompletionItem> {
    let Some(bag) = writer.spot.bag else { return Vec::new() };
    let given = given(bag, writer.spot);
    let is_missing = |name: &str| !given.iter().any(|given| given == name);
    let head = HEAD.iter().filter(|(name, _)| is_missing(name));
    let mut items: Vec<CompletionItem> = head
        .enumerate()
        .map(|(index, (name, description))| {
            let item = writer.name(Some(&ValueType::String), &fixed(name, description, 0));
            CompletionItem { sort_text: Some(format!("0{index}")), ..item }
        })
        .collect();
    match class_of(registry, bag) {
        Some(class) => {
            let properties =
                class.properties().iter().filter(|one| one.is_settable() && is_missing(one.name));
            items.extend(properties.map(|property| {
                let proposal = of_property(property, class.name());
                writer.name(Some(property.value_type), &proposal)
            }));
        }
        // Only the outermost struct may be a whole document.
        None if writer.language == Language::Json && is_missing("qom-type") && bag.path().is_empty() => {
            items.extend(wrapper(writer, &given));
        }
        None => {}
    }
    items
}

fn of_property<'a>(property: &'static Property, type_name: &str) -> Proposal<'a> {
    Proposal {
        label: property.name,
        kind: CompletionItemKind::PROPERTY,
        detail: detail(property),
        documentation: markdown::property(property, type_name),
        rank: match (property.is_required(), property.deprecated.is_some(), property.unstable) {
            (_, true, _) => 4,
            (_, _, true) => 3,
            (true, ..) => 1,
            (false, ..) => 2,
        },
        deprecated: property.deprecated.is_some(),
    }
}

/// The members that a struct in a value does not have yet.
fn members(registry: &TypeRegistry, writer: &Writer<'_>) -> Vec<CompletionItem> {
    let spot = writer.spot;
    let (Some((property, _)), Some((_, way))) = (property_of(registry, spot), spot.path.split_last()) else {
        return Vec::new();
    };
    let there = spot.bag.and_then(|bag| node_at(bag, way));
    let given = there.map(|node| given(node, spot)).unwrap_or_default();
    let structs = types_at(property, way).into_iter().filter_map(|kind| match kind {
        ValueType::Struct(kind) => Some(kind),
        _ => None,
    });
    let missing =
        structs.flat_map(|kind| kind.members).filter(|one| !given.iter().any(|name| name == one.name));
    let item = |member: &qomet::Member| {
        let required = if member.required { ", required" } else { "" };
        let proposal = Proposal {
            label: member.name,
            kind: CompletionItemKind::FIELD,
            detail: format!("{}{required}", member.value_type),
            documentation: member.description.to_owned(),
            rank: if member.required { 1 } else { 2 },
            deprecated: false,
        };
        writer.name(Some(member.value_type), &proposal)
    };
    missing.map(item).collect()
}

/// The values that a property, or a part of its value, may have.
fn values(context: &Context<'_>, writer: &Writer<'_>, mut ids: Ids<'_, '_>) -> Vec<CompletionItem> {
    let spot = writer.spot;
    let Some((property, _)) = property_of(context.registry, spot) else { return Vec::new() };
    let mut items = Vec::new();
    // A section has numbers of elements where JSON has brackets.
    let is_whole = spot.path.len() == 1;
    let default =
        default_value(property).filter(|default| is_whole && !default.is_array() && !default.is_object());
    for kind in types_at(property, &spot.path) {
        match kind {
            ValueType::Bool => items.extend(booleans(writer)),
            ValueType::Enum(kind) => items.extend(kind.names.iter().enumerate().map(|(index, name)| {
                let description = kind.descriptions.get(index).copied().unwrap_or_default();
                writer.value(&quoted(name), &plain(name, CompletionItemKind::ENUM_MEMBER, description))
            })),
            ValueType::Size => items.extend(sizes(property, writer)),
            ValueType::Link { target, .. } | ValueType::Id { target } => {
                items.extend(ids.of(target, writer));
            }
            ValueType::Struct(kind) if writer.language == Language::Json => {
                items.push(writer.structure(kind, &plain("{}", CompletionItemKind::STRUCT, "")));
            }
            ValueType::List(_) if writer.language == Language::Json => {
                items.push(writer.value("[]", &plain("[]", CompletionItemKind::VALUE, "")));
            }
            _ => {}
        }
    }
    if let Some(default) = default.map(|default| default.to_string()) {
        mark_default(&mut items, &default, writer);
    }
    items
}

fn plain<'a>(label: &'a str, kind: CompletionItemKind, description: &str) -> Proposal<'a> {
    Proposal {
        label,
        kind,
        detail: String::new(),
        documentation: description.to_owned(),
        rank: 1,
        deprecated: false,
    }
}

fn booleans(writer: &Writer<'_>) -> [CompletionItem; 2] {
    let words = if writer.language == Language::Ini { ["on", "off"] } else { ["true", "false"] };
    words.map(|word| writer.value(word, &plain(word, CompletionItemKind::VALUE, "")))
}

/// Usual sizes that are within the bounds.
fn sizes(property: &Property, writer: &Writer<'_>) -> Vec<CompletionItem> {
    let bounds = property.bounds;
    let fits = |size: &str| {
        let Ok(Size(bytes)) = size.parse::<Size>() else { return false };
        let number = i128::from(bytes);
        bounds.minimum.is_none_or(|least| least <= number)
            && bounds.maximum.is_none_or(|greatest| number <= greatest)
            && bounds.multiple_of.is_none_or(|multiple| multiple == 0 || bytes % multiple == 0)
    };
    let sizes = SIZES.into_iter().filter(|size| fits(size)).enumerate();
    // In their own order, which is not that of the alphabet.
    let item = |(index, size): (usize, &'static str)| {
        let item = writer.value(&quoted(size), &plain(size, CompletionItemKind::VALUE, ""));
        CompletionItem { sort_text: Some(format!("2{index}")), ..item }
    };
    sizes.map(item).collect()
}

/// The ids that links may lead to.
struct Ids<'a, 't> {
    context: &'a Context<'a>,
    outline: &'a Outline<'t>,
    /// What is written of it by now.
    typed: &'a str,
    is_incomplete: &'a mut bool,
}

impl Ids<'_, '_> {
    /// Those of objects of a type: of this document first.
    fn of(&mut self, target: &str, writer: &Writer<'_>) -> Vec<CompletionItem> {
        let own = writer.spot.bag.map(|bag| bag.start());
        let bags = self.outline.bags().into_iter().filter(|bag| Some(bag.start()) != own);
        let mut found: Vec<(String, String, u8)> =
            bags.filter_map(|bag| named(self.context.registry, bag, target, 1)).collect();
        for other in &self.context.others {
            let outline = Outline::new(other.text.as_str());
            let bags = outline.bags().into_iter();
            found.extend(bags.filter_map(|bag| named(self.context.registry, bag, target, 2)));
        }
        if found.len() > LIMIT {
            *self.is_incomplete = true;
            let typed = self.typed.strip_prefix(OBJECTS).unwrap_or(self.typed);
            found.retain(|(id, ..)| is_meant(typed, id));
            found.truncate(LIMIT);
        }
        // Who writes a path gets paths: editors look for what begins alike.
        let prefix = if self.typed.starts_with('/') { OBJECTS } else { "" };
        let item = |(id, type_name, rank): &(String, String, u8)| {
            let id = &format!("{prefix}{id}");
            let mut proposal = plain(id, CompletionItemKind::REFERENCE, "");
            proposal.detail.clone_from(type_name);
            proposal.rank = *rank;
            writer.value(&quoted(id), &proposal)
        };
        found.iter().map(item).collect()
    }
}

/// The id of an object that may be a link's target, its type, and its rank.
fn named(registry: &TypeRegistry, bag: Node<'_>, target: &str, rank: u8) -> Option<(String, String, u8)> {
    let id = text_of(bag, "id").filter(|id| !id.is_empty() && is_target(registry, bag, target))?;
    Some((id.into_owned(), text_of(bag, "qom-type").unwrap_or_default().into_owned(), rank))
}

/// Whether an id has all letters that were typed, in that order: editors look for them like that.
fn is_meant(typed: &str, id: &str) -> bool {
    let mut letters = id.chars();
    typed.chars().all(|wanted| letters.any(|letter| letter.eq_ignore_ascii_case(&wanted)))
}

/// Says which of the values is the default, or adds it.
fn mark_default(items: &mut Vec<CompletionItem>, default: &str, writer: &Writer<'_>) {
    let word = default.trim_matches('"');
    let word = match (writer.language, word) {
        (Language::Ini, "true") => "on",
        (Language::Ini, "false") => "off",
        (_, word) => word,
    };
    match items.iter_mut().find(|item| item.label == word) {
        Some(item) => {
            item.detail = Some("default".to_owned());
            item.sort_text = Some(format!("0{word}"));
        }
        None if word.is_empty() => {}
        None => {
            let mut proposal = plain(word, CompletionItemKind::VALUE, "");
            proposal.detail = "default".to_owned();
            proposal.rank = 0;
            items.push(writer.value(default, &proposal));
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
