//! `qom-list-types` and `qom-list-properties`: what types there are. Nothing is constructed.

use qomet::{Bounds, Class, ErrorClass, Mutability, Output, Property, Value, ValueType};
use qomet_config::JsonOutput;

use super::qom::{PropertyInfo, TYPE};
use crate::dispatch::{Call, Command, Done, Shape};
use crate::wire::Refusal;

/// The arguments of `qom-list-types`.
#[derive(Clone, Debug, PartialEq, Value)]
struct ListTypes {
    /// Only types that are this one, below it, or have this interface
    implements: Option<String>,
    /// Whether abstract types are listed too
    #[value(rename = "abstract")]
    with_abstract: Option<bool>,
}

/// The arguments of `qom-list-properties`.
#[derive(Clone, Debug, PartialEq, Value)]
struct ListProperties {
    /// The name of the type
    typename: String,
}

/// A type as `qom-list-types` tells it.
#[derive(Clone, Debug, PartialEq, Value)]
struct TypeInfo {
    /// The name
    name: String,
    /// Whether it has no objects of its own
    #[value(rename = "abstract")]
    is_abstract: Option<bool>,
    /// The name of its parent
    parent: Option<String>,
}

pub(super) fn all() -> Vec<Command> {
    vec![
        Command::raw(
            "qom-list-types",
            Shape::Of(ListTypes::TYPE),
            Shape::Of(<Vec<TypeInfo>>::TYPE),
            list_types,
        )
        .read_only(),
        Command::raw(
            "qom-list-properties",
            Shape::Of(ListProperties::TYPE),
            Shape::Of(<Vec<PropertyInfo>>::TYPE),
            list_properties,
        )
        .read_only(),
    ]
}

fn list_types(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let ListTypes { implements, with_abstract } = call.read()?;
    let registry = call.dispatcher.model.registry();
    let classes = registry.classes().map(|class| {
        let is_wanted = |name: &str| {
            name == Class::OBJECT
                || class.is_a(name)
                || (name == Class::INTERFACE && class.interfaces().next().is_some())
        };
        let parent = class.parent().map_or(Class::OBJECT, |parent| parent.name());
        (class.name(), Some(parent), class.is_abstract(), implements.as_deref().is_none_or(is_wanted))
    });
    // The two roots and the interfaces are types to QEMU, with no objects of their own.
    let roots = [Class::OBJECT, Class::INTERFACE].map(|root| (root, None));
    let interfaces = registry.interfaces().map(|interface| (interface, Some(Class::INTERFACE)));
    let others = roots.into_iter().chain(interfaces).map(|(name, parent)| {
        let is_wanted = |wanted: &str| wanted == name || parent == Some(wanted);
        (name, parent, true, implements.as_deref().is_none_or(is_wanted))
    });
    call.output.begin_list();
    for (name, parent, is_abstract, is_wanted) in classes.chain(others) {
        if is_wanted && (with_abstract == Some(true) || !is_abstract) {
            write_type(call.output, name, parent, is_abstract);
        }
    }
    call.output.end_list();
    Ok(Done::Now)
}

fn write_type(out: &mut JsonOutput, name: &str, parent: Option<&str>, is_abstract: bool) {
    out.begin_struct();
    out.member("name");
    out.string(name);
    if is_abstract {
        out.member("abstract");
        out.boolean(true);
    }
    if let Some(parent) = parent {
        out.member("parent");
        out.string(parent);
    }
    out.end_struct();
}

fn list_properties(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let ListProperties { typename } = call.read()?;
    match call.dispatcher.model.registry().lookup(&typename) {
        Ok(class) => call.dispatcher.write_properties(class, call.output),
        Err(_) if typename == Class::OBJECT => call.output.rendered(&render([])),
        Err(problem) if problem.code() == "interface-not-type" => {
            return Err(problem.with_property("typename").into());
        }
        Err(problem) => return Err(Refusal::from(problem).with_class(ErrorClass::DeviceNotFound)),
    }
    Ok(Done::Now)
}

/// The reply to `qom-list-properties` for a type.
pub(crate) fn render_properties(class: &Class) -> String {
    render(class.properties().iter().copied())
}

/// What every object has, then these properties.
fn render<'p>(properties: impl IntoIterator<Item = &'p Property>) -> String {
    let mut output = JsonOutput::default();
    output.begin_list();
    super::qom::write_property(&mut output, TYPE, "string");
    for property in properties {
        write_property(&mut output, property);
    }
    output.end_list();
    output.finish()
}

/// QEMU's members, then what is known beyond them.
fn write_property(out: &mut JsonOutput, property: &Property) {
    out.begin_struct();
    let text = |out: &mut JsonOutput, name: &str, value: &str| {
        out.member(name);
        out.string(value);
    };
    text(out, "name", property.name);
    text(out, "type", &property.value_type.qom_name());
    text(out, "description", property.description);
    if let (qomet::Presence::Default(write), false) = (property.presence, property.sensitive) {
        out.member("default-value");
        write(out);
    }
    text(out, "value-type", &property.value_type.to_string());
    let unit = property.unit.or((*property.value_type.inner() == ValueType::Size).then_some("bytes"));
    if let Some(unit) = unit {
        text(out, "unit", unit);
    }
    let Bounds { minimum, maximum, multiple_of } = property.bounds;
    for (name, bound) in
        [("minimum", minimum), ("maximum", maximum), ("multiple-of", multiple_of.map(i128::from))]
    {
        let (signed, unsigned) = (bound.map(i64::try_from), bound.map(u64::try_from));
        match (unsigned, signed) {
            (Some(Ok(bound)), _) => {
                out.member(name);
                out.uint64(bound);
            }
            (_, Some(Ok(bound))) => {
                out.member(name);
                out.int64(bound);
            }
            _ => {}
        }
    }
    if !property.needs.is_empty() {
        out.member("needs");
        out.begin_list();
        property.needs.iter().for_each(|need| out.string(&need.to_string()));
        out.end_list();
    }
    out.member("required");
    out.boolean(property.is_required());
    let mutable = match property.mutability {
        Mutability::UntilRealized => "until-realized",
        Mutability::Live => "live",
        Mutability::Computed => "never",
    };
    text(out, "mutable", mutable);
    if let Some(since) = property.since {
        text(out, "since", since);
    }
    if property.sensitive {
        out.member("sensitive");
        out.boolean(true);
    }
    out.end_struct();
}
