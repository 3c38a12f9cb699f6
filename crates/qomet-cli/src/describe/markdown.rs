//! Reference pages, and the pieces of them that an editor shows.
//!
//! Descriptions are written as sentences with code between backquotes, so they are Markdown as they are. Tables would not do:
//! a description may hold a `|`, and a property has up to ten facts.

use std::fmt::Write as _;

use qomet::{Class, Member, Property, TypeRegistry, ValueType};

use super::facts;

/// A type in a few lines.
#[cfg_attr(not(feature = "lsp"), allow(dead_code, reason = "only the language server shows it"))]
pub(crate) fn summary(class: &Class) -> String {
    let mut out = format!("`{}` ({})\n\n{}\n", class.name(), crate::types::kind(class), class.description());
    let required: Vec<_> = class.properties().iter().filter(|one| one.is_required()).collect();
    if !required.is_empty() {
        let names: Vec<_> = required.iter().map(|property| format!("`{}`", property.name)).collect();
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "\nRequired: {}", names.join(", "));
    }
    out
}

/// A property: its description, and what else is known of it.
pub(crate) fn property(property: &Property, type_name: &str) -> String {
    let mut out = format!("`{}` ({type_name})\n\n{}\n\n", property.name, property.description);
    facts_list(&mut out, property);
    out
}

/// The name of the index.
pub(super) const INDEX: &str = "README.md";

/// The pages of all types, and an index first: the name of each file, and its text.
pub(super) fn pages(registry: &TypeRegistry) -> Vec<(String, String)> {
    let pages = creatable(registry).map(|class| (file(class), page(class)));
    std::iter::once((INDEX.to_owned(), index(registry))).chain(pages).collect()
}

/// The types, those of one parent together.
fn index(registry: &TypeRegistry) -> String {
    let mut out = "# Object types\n".to_owned();
    let mut families: Vec<&str> = creatable(registry).map(family).collect();
    families.sort_unstable();
    families.dedup();
    // Those that have no parent come last.
    let named = families.iter().filter(|name| !name.is_empty());
    for name in named.chain(families.iter().filter(|name| name.is_empty())).copied() {
        let title = if name.is_empty() { "others" } else { name };
        let _ = write!(out, "\n## {title}\n\n");
        for class in creatable(registry).filter(|class| family(class) == name) {
            let _ = writeln!(out, "- [{}]({}): {}", class.name(), file(class), class.description());
        }
    }
    out
}

/// The name of the type's parent, if it shares that with others.
fn family(class: &Class) -> &str {
    class.parent().map_or("", |parent| parent.name())
}

/// The types of which there are documents.
fn creatable(registry: &TypeRegistry) -> impl Iterator<Item = &Class> {
    registry.classes().map(|class| &**class).filter(|class| class.is_user_creatable())
}

fn file(class: &Class) -> String {
    format!("{}.md", class.name())
}

/// All there is to know of a type.
pub(super) fn page(class: &Class) -> String {
    let mut out = format!("# {}\n\n{}.\n", class.name(), class.description().trim_end_matches('.'));
    let parents: Vec<_> = class.lineage().skip(1).map(|parent| format!("`{}`", parent.name())).collect();
    if !parents.is_empty() {
        let _ = writeln!(out, "\nParents: {}.", parents.join(", "));
    }
    let _ = write!(out, "\n```json\n{:#}\n```\n", qomet_config::example_bag(class));
    let (settable, computed): (Vec<&'static Property>, Vec<_>) =
        class.properties().iter().copied().partition(|one| one.is_settable());
    let (required, others): (Vec<&'static Property>, Vec<_>) =
        settable.into_iter().partition(|one| one.is_required());
    section(&mut out, class, "Required properties", &required);
    section(&mut out, class, "Properties", &others);
    section(&mut out, class, "Computed properties", &computed);
    if class.properties().is_empty() {
        out.push_str("\nIt has no properties.\n");
    }
    structs(&mut out, class);
    out
}

fn section(out: &mut String, class: &Class, title: &str, properties: &[&'static Property]) {
    if properties.is_empty() {
        return;
    }
    let _ = write!(out, "\n## {title}\n");
    for property in properties {
        let _ = write!(out, "\n### {}\n\n{}.\n\n", property.name, property.description.trim_end_matches('.'));
        facts_list(out, property);
        let declaring = class.declaring(property.name).filter(|one| one.name() != class.name());
        if let Some(declaring) = declaring {
            let _ = writeln!(out, "- of every `{}`", declaring.name());
        }
    }
}

fn facts_list(out: &mut String, property: &Property) {
    let default = match &*facts::default(property) {
        "" => None,
        "required" => Some("required".to_owned()),
        "none" => Some("default: none".to_owned()),
        "(not shown)" => Some("default: not shown".to_owned()),
        default => Some(format!("default: `{default}`")),
    };
    let _ = writeln!(out, "- type: {}", type_name(property.value_type));
    values(out, property.value_type);
    let rows = [
        default,
        facts::bounds(property).map(|bounds| format!("range: {bounds}")),
        facts::unit(property).map(|unit| format!("unit: {unit}")),
        property.is_settable().then(|| format!("can be set: {}", facts::mutability(property))),
    ];
    for row in rows.into_iter().flatten().chain(facts::remarks(property)) {
        let _ = writeln!(out, "- {row}");
    }
}

/// The type as code where it is a word, and in words where it is about other types.
fn type_name(kind: &ValueType) -> String {
    match kind.inner() {
        ValueType::Enum(_) => "one of".to_owned(),
        ValueType::List(element) => format!("list of {}", type_name(element)),
        ValueType::Link { target, .. } => format!("id or path of a `{target}`"),
        ValueType::Id { target } => format!("id of a `{target}`"),
        ValueType::Alternate(all) => {
            all.iter().map(|one| type_name(one.value_type)).collect::<Vec<_>>().join(" or ")
        }
        kind => format!("`{kind}`"),
    }
}

/// What the names of an enum mean.
fn values(out: &mut String, kind: &'static ValueType) {
    let ValueType::Enum(kind) = innermost(kind) else { return };
    for (index, name) in kind.names.iter().enumerate() {
        match kind.descriptions.get(index).filter(|text| !text.is_empty()) {
            Some(description) => {
                let _ = writeln!(out, "  - `{name}`: {description}");
            }
            None => {
                let _ = writeln!(out, "  - `{name}`");
            }
        }
    }
}

/// The structs that values of the type's properties are made of.
fn structs(out: &mut String, class: &Class) {
    let mut told: Vec<&str> = Vec::new();
    for property in class.properties() {
        let ValueType::Struct(kind) = innermost(property.value_type) else { continue };
        if told.contains(&kind.name) {
            continue;
        }
        told.push(kind.name);
        let _ = write!(out, "\n## {}\n\n", kind.name);
        for Member { name, value_type, required, description } in kind.members {
            let required = if *required { ", required" } else { "" };
            let description = description.trim_end_matches('.');
            let _ = writeln!(out, "- `{name}` ({}{required}): {description}", value_type.inner());
        }
    }
}

/// The type without the lists around it.
fn innermost(kind: &'static ValueType) -> &'static ValueType {
    match kind.inner() {
        ValueType::List(element) => innermost(element),
        kind => kind,
    }
}
