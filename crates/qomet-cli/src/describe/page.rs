//! The pages that people read.

use std::fmt::Write as _;

use qomet::{Class, Property, ValueType};

use super::facts;
use crate::console::Paint;
use crate::table::Table;
use crate::text::{indented, wrap};

/// A type: what it is for, where it stands, its properties by the type that declares them.
pub(super) fn type_page(class: &Class, width: usize, paint: Paint) -> String {
    let mut out = String::new();
    let kind = crate::types::kind(class);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "{} ({kind})", paint.heading(class.name()));
    indented(&mut out, "  ", class.description(), width);
    let interfaces: Vec<_> = class.interfaces().filter(|name| *name != "user-creatable").collect();
    let rows = [
        ("parent", class.parent().map(|parent| parent.name().to_owned())),
        ("interfaces", (!interfaces.is_empty()).then(|| interfaces.join(", "))),
    ];
    facts_list(&mut out, &rows, width, paint);
    out.push('\n');
    if class.properties().is_empty() {
        out.push_str("It has no properties.\n");
        return out;
    }
    let mut table = Table::new(["PROPERTY", "TYPE", "DEFAULT", "CHANGES", "DESCRIPTION"]);
    let mut declaring = class.name();
    for property in class.properties() {
        let owner = class.declaring(property.name).map_or(class.name(), Class::name);
        if owner != declaring {
            declaring = owner;
            let own = owner == class.name();
            table.section(if own { "its own:".to_owned() } else { format!("inherited from {owner}:") });
        }
        table.row([
            property.name.to_owned(),
            short_type(property),
            facts::default(property),
            facts::mutability(property).to_owned(),
            summary(property),
        ]);
    }
    out.push_str(&table.render(width, paint));
    out
}

/// One property, everything that is known of it.
pub(super) fn property_page(class: &Class, property: &Property, width: usize, paint: Paint) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}.{}", class.name(), paint.heading(property.name));
    indented(&mut out, "  ", property.description, width);
    let remarks = facts::remarks(property);
    let default = facts::default(property);
    let declaring = class.declaring(property.name).filter(|declaring| declaring.name() != class.name());
    let rows = [
        ("type", Some(property.value_type.to_string())),
        ("default", (!default.is_empty()).then_some(default)),
        ("changes", Some(facts::mutability(property).to_owned())),
        ("unit", facts::unit(property).map(str::to_owned)),
        ("bounds", facts::bounds(property)),
        ("remarks", (!remarks.is_empty()).then(|| remarks.join(", "))),
        ("inherited from", declaring.map(|declaring| declaring.name().to_owned())),
    ];
    facts_list(&mut out, &rows, width, paint);
    if let ValueType::Enum(kind) = property.value_type.inner()
        && kind.descriptions.len() == kind.names.len()
    {
        let mut table = Table::new(["VALUE", "DESCRIPTION"]);
        for (name, description) in kind.names.iter().zip(kind.descriptions) {
            table.row([(*name).to_owned(), (*description).to_owned()]);
        }
        out.push('\n');
        out.push_str(&table.render(width, paint));
    }
    out
}

/// Names and texts in two columns, after an empty line.
fn facts_list(out: &mut String, rows: &[(&str, Option<String>)], width: usize, paint: Paint) {
    let present = || rows.iter().filter_map(|(name, text)| Some((*name, text.as_ref()?)));
    let column = present().map(|(name, _)| name.len()).max().unwrap_or(0);
    if column > 0 {
        out.push('\n');
    }
    for (name, text) in present() {
        let mut label = name;
        for line in wrap(text, width.saturating_sub(column + 2)) {
            let padding = column - label.len() + 2;
            let _ = writeln!(out, "{}{:padding$}{line}", paint.faint(label), "");
            label = "";
        }
    }
}

/// The type, or just `enum` where all names would take the room of the description.
fn short_type(property: &Property) -> String {
    let text = property.value_type.to_string();
    match property.value_type.enum_names() {
        Some(_) if text.chars().count() > 20 => "enum".to_owned(),
        _ => text,
    }
}

/// The description with what else one needs to write a value.
fn summary(property: &Property) -> String {
    let mut remarks = Vec::new();
    if short_type(property) == "enum" {
        remarks.push(property.value_type.to_string());
    }
    let range = facts::bounds(property);
    match (range, facts::unit(property)) {
        (Some(range), Some(unit)) => remarks.push(format!("{range} {unit}")),
        (Some(range), None) => remarks.push(range),
        (None, Some(unit)) => remarks.push(format!("in {unit}")),
        (None, None) => {}
    }
    remarks.extend(facts::remarks(property));
    if remarks.is_empty() {
        property.description.to_owned()
    } else {
        format!("{} [{}]", property.description, remarks.join("; "))
    }
}
