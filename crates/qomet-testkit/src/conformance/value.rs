//! Abstract values: comparing, writing and making them up.

use std::borrow::Cow;

use proptest::prelude::*;
use qomet::{Native, Output};

/// Whether two values are the same. An integer is the same however wide it is kept; a number that is no integer is
/// another thing.
#[must_use]
pub fn same(one: &Native<'_>, other: &Native<'_>) -> bool {
    match (one, other) {
        (Native::Null, Native::Null) => true,
        (Native::Bool(one), Native::Bool(other)) => one == other,
        (Native::Int(_) | Native::Uint(_), Native::Int(_) | Native::Uint(_)) => {
            integer(one) == integer(other)
        }
        (Native::Number(one), Native::Number(other)) => one == other,
        (Native::Str(one), Native::Str(other)) => one == other,
        (Native::List(one), Native::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Native::Struct(one), Native::Struct(other)) => {
            let member = |((name, one), (other_name, other)): (&Member<'_>, &Member<'_>)| {
                name == other_name && same(one, other)
            };
            one.len() == other.len() && one.iter().zip(other).all(member)
        }
        _ => false,
    }
}

type Member<'a> = (Cow<'a, str>, Native<'a>);

fn integer(value: &Native<'_>) -> Option<i128> {
    match value {
        Native::Int(value) => Some((*value).into()),
        Native::Uint(value) => Some((*value).into()),
        _ => None,
    }
}

/// Writes a value.
pub fn write(value: &Native<'_>, output: &mut dyn Output) {
    match value {
        Native::Null => output.null(),
        Native::Bool(value) => output.boolean(*value),
        Native::Int(value) => output.int64(*value),
        Native::Uint(value) => output.uint64(*value),
        Native::Number(value) => output.number(*value),
        Native::Str(value) => output.string(value),
        Native::Object(object) => output.string(&object.path()),
        Native::List(list) => {
            output.begin_list();
            list.iter().for_each(|element| write(element, output));
            output.end_list();
        }
        Native::Struct(members) => {
            output.begin_struct();
            for (name, value) in members {
                output.member(name);
                write(value, output);
            }
            output.end_struct();
        }
    }
}

/// Random values. The names of a struct's members are all different.
pub fn values() -> impl Strategy<Value = Native<'static>> {
    let text = || prop_oneof![".*", "[a-z\"\\\\/\u{0}-\u{1f}é😀 ]{0,12}"].prop_map(Cow::Owned);
    let leaf = prop_oneof![
        Just(Native::Null),
        any::<bool>().prop_map(Native::Bool),
        any::<i64>().prop_map(Native::Int),
        any::<u64>().prop_map(Native::Uint),
        (proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO)
            .prop_map(Native::Number),
        text().prop_map(Native::Str),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let member = (text(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Native::List),
            prop::collection::vec(member, 0..6).prop_map(|mut members| {
                let mut seen = std::collections::HashSet::new();
                members.retain(|(name, _)| seen.insert(name.clone()));
                Native::Struct(members)
            }),
        ]
    })
}
