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

/// The parent of every type that declares none, to a client.
const OBJECT: &str = "object";

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
    let is_wanted = |class: &Class| {
        (with_abstract == Some(true) || !class.is_abstract())
            && implements.as_deref().is_none_or(|name| {
                name == OBJECT || class.is_a(name) || class.interfaces().any(|interface| interface == name)
            })
    };
    let registry = call.dispatcher.model.registry();
    call.output.begin_list();
    for class in registry.classes().filter(|class| is_wanted(class)) {
        call.output.begin_struct();
        call.output.member("name");
        call.output.string(class.name());
        if class.is_abstract() {
            call.output.member("abstract");
            call.output.boolean(true);
        }
        call.output.member("parent");
        call.output.string(class.parent().map_or(OBJECT, |parent| parent.name()));
        call.output.end_struct();
    }
    call.output.end_list();
    Ok(Done::Now)
}

fn list_properties(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let ListProperties { typename } = call.read()?;
    let class = match call.dispatcher.model.registry().lookup(&typename) {
        Ok(class) => class,
        Err(problem) => return Err(Refusal::from(problem).with_class(ErrorClass::DeviceNotFound)),
    };
    call.dispatcher.write_properties(class, call.output);
    Ok(Done::Now)
}

/// The reply to `qom-list-properties` for a type.
pub(crate) fn render_properties(class: &Class) -> String {
    let mut output = JsonOutput::default();
    output.begin_list();
    super::qom::write_property(&mut output, TYPE, "string");
    for property in class.properties() {
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
