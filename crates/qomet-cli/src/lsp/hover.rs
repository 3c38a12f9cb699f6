//! What something in a document means.

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};
use qomet::{Size, ValueType};
use qomet_config::{Outline, Spot, Step, What};

use super::complete::{HEAD, WRAPPER};
use super::navigate::{Context, target};
use super::subject::{class_of, node_at, property_of, types_at};
use crate::describe::markdown;

/// What stands at `offset`, explained.
pub(super) fn hover(context: &Context<'_>, offset: usize) -> Option<Hover> {
    let text = &context.here.text;
    let outline = Outline::new(text.as_str());
    let spot = outline.spot(offset).filter(|spot| !spot.place.is_empty())?;
    let value = explain(context, &outline, &spot)?;
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    Some(Hover { contents, range: Some(text.range(spot.place)) })
}

fn explain(context: &Context<'_>, outline: &Outline<'_>, spot: &Spot<'_>) -> Option<String> {
    let registry = context.registry;
    let Some(bag) = spot.bag else { return fixed(&WRAPPER, spot.name()?) };
    let class = class_of(registry, bag);
    match spot.name() {
        Some("qom-type") if spot.is_of_bag() && class.is_some() => return class.map(markdown::summary),
        Some(name) if spot.is_of_bag() && HEAD.iter().any(|(head, _)| *head == name) => {
            return fixed(&HEAD, name);
        }
        _ => {}
    }
    let (property, type_name) = property_of(registry, spot)?;
    if let Some(member) = part(property, spot) {
        return Some(format!("`{}`: {}\n\n{}", member.name, member.value_type, member.description));
    }
    let mut out = match spot.what {
        What::Value => value(context, outline, spot, property).unwrap_or_default(),
        What::Name | What::Bag => String::new(),
    };
    if !out.is_empty() {
        out.push_str("\n\n---\n\n");
    }
    out.push_str(&markdown::property(property, &type_name));
    Some(out)
}

fn fixed(all: &[(&str, &str)], name: &str) -> Option<String> {
    let (_, description) = all.iter().find(|(one, _)| *one == name)?;
    Some(format!("`{name}`\n\n{description}"))
}

/// The member of a struct in a value.
fn part(property: &'static qomet::Property, spot: &Spot<'_>) -> Option<&'static qomet::Member> {
    let (Step::Member(name), way) = spot.path.split_last()? else { return None };
    let structs = types_at(property, way).into_iter().filter(|_| !way.is_empty());
    structs.into_iter().find_map(|kind| match kind {
        ValueType::Struct(kind) => kind.members.iter().find(|member| member.name == name),
        _ => None,
    })
}

/// What this value of the property means.
fn value(
    context: &Context<'_>,
    outline: &Outline<'_>,
    spot: &Spot<'_>,
    property: &qomet::Property,
) -> Option<String> {
    if let Some(target) = target(context, outline, spot) {
        let class = context.registry.get(&target.type_name)?;
        return Some(format!("`{}`: {}\n\n{}", target.id, class.name(), class.description()));
    }
    let text = node_at(spot.bag?, &spot.path)?.str()?;
    types_at(property, &spot.path).into_iter().find_map(|kind| {
        if let ValueType::Size = kind {
            let size: Size = text.parse().ok()?;
            return Some(format!("`{text}`: {} bytes ({size})", size.bytes()));
        }
        let ValueType::Enum(kind) = kind else { return None };
        let index = kind.names.iter().position(|name| *name == text)?;
        let description = kind.descriptions.get(index).filter(|text| !text.is_empty())?;
        Some(format!("`{text}`: {description}"))
    })
}
