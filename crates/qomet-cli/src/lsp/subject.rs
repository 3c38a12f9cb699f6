//! From a place in a text to what it is about.

use std::borrow::Cow;

use qomet::{Class, Property, TypeRegistry, ValueType};
use qomet_config::{Node, Spot, Step};

/// The type that a bag names, if there is one.
pub(super) fn class_of<'r>(registry: &'r TypeRegistry, bag: Node<'_>) -> Option<&'r Class> {
    registry.get(&text_of(bag, "qom-type")?).map(|class| &**class)
}

/// The text of a member of a bag.
pub(super) fn text_of<'t>(bag: Node<'t>, name: &str) -> Option<Cow<'t, str>> {
    bag.get(name).and_then(Node::str)
}

/// The property of its bag that a place is about, whether it is in the name or in the value.
pub(super) fn property_of(registry: &TypeRegistry, spot: &Spot<'_>) -> Option<(&'static Property, String)> {
    let class = class_of(registry, spot.bag?)?;
    let Some(Step::Member(name)) = spot.path.first() else { return None };
    let property = class.find(name).and_then(|slot| class.property(slot))?;
    Some((property, class.name().to_owned()))
}

/// What a value may be that stands at the end of `path` in the bag: mostly one type, several where an alternate is on the
/// way.
pub(super) fn types_at(property: &Property, path: &[Step<'_>]) -> Vec<&'static ValueType> {
    let whole = branches(property.value_type);
    path.iter().skip(1).fold(whole, |types, step| inside(&types, step))
}

/// What a part of a value may be that is one of these.
pub(super) fn inside(types: &[&'static ValueType], step: &Step<'_>) -> Vec<&'static ValueType> {
    types.iter().filter_map(|kind| into(kind, step)).flat_map(branches).collect()
}

/// The branches of an alternate; any other type is its own.
fn branches(kind: &'static ValueType) -> Vec<&'static ValueType> {
    match kind {
        ValueType::Optional(inner) => branches(inner),
        ValueType::Alternate(all) => all.iter().flat_map(|one| branches(one.value_type)).collect(),
        kind => vec![kind],
    }
}

fn into(kind: &'static ValueType, step: &Step<'_>) -> Option<&'static ValueType> {
    match (kind, step) {
        (ValueType::List(element), Step::Element(_)) => Some(element),
        (ValueType::Struct(kind), Step::Member(name)) => {
            kind.members.iter().find(|member| member.name == name).map(|member| member.value_type)
        }
        _ => None,
    }
}

/// The value at the end of `path` in a bag.
pub(super) fn node_at<'t>(bag: Node<'t>, path: &[Step<'_>]) -> Option<Node<'t>> {
    path.iter().try_fold(bag, |node, step| match step {
        Step::Member(name) => node.get(name),
        Step::Element(index) => node.elements().nth(*index),
    })
}

/// Whether an object of a bag may be what a link leads to.
pub(super) fn is_target(registry: &TypeRegistry, bag: Node<'_>, target: &str) -> bool {
    class_of(registry, bag).is_some_and(|class| class.is_a(target))
}
