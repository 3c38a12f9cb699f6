//! What is declared of a property, in words.

use qomet::{Mutability, Presence, Property, Size, TextOutput, ValueType};

/// `required`, the default as text, or nothing.
pub(super) fn default(property: &Property) -> String {
    match property.presence {
        _ if property.mutability == Mutability::Computed => String::new(),
        Presence::Required => "required".to_owned(),
        Presence::Default(_) if property.sensitive => "(not shown)".to_owned(),
        Presence::Default(write) => match TextOutput::of(|out| write(out)) {
            empty if empty.is_empty() => "\"\"".to_owned(),
            text => text,
        },
        Presence::Optional => "none".to_owned(),
    }
}

/// When it may be set.
pub(super) fn mutability(property: &Property) -> &'static str {
    match property.mutability {
        Mutability::UntilRealized => "until realized",
        Mutability::Live => "any time",
        Mutability::Computed => "computed",
    }
}

/// The unit, unless the type says it.
pub(super) fn unit(property: &Property) -> Option<&'static str> {
    property.unit.filter(|_| !is_size(property))
}

/// The bounds: `1 to 16`, `at least 4 KiB`, `a multiple of 2`.
pub(super) fn bounds(property: &Property) -> Option<String> {
    let bounds = property.bounds;
    let number = |value: i128| match u64::try_from(value) {
        Ok(bytes) if is_size(property) => Size(bytes).to_string(),
        _ => value.to_string(),
    };
    let below = bounds.maximum.filter(|_| is_size(property)).and_then(round_limit);
    let range = match (bounds.minimum, bounds.maximum, below) {
        (Some(minimum), Some(_), Some(below)) => {
            Some(format!("at least {}, less than {below}", number(minimum)))
        }
        (None, Some(_), Some(below)) => Some(format!("less than {below}")),
        (Some(minimum), Some(maximum), None) => Some(format!("{} to {}", number(minimum), number(maximum))),
        (Some(minimum), None, _) => Some(format!("at least {}", number(minimum))),
        (None, Some(maximum), None) => Some(format!("at most {}", number(maximum))),
        (None, None, _) => None,
    };
    let multiple = bounds.multiple_of.map(|multiple| format!("a multiple of {}", number(multiple.into())));
    match (range, multiple) {
        (Some(range), Some(multiple)) => Some(format!("{range}, {multiple}")),
        (range, multiple) => range.or(multiple),
    }
}

/// What one should know before one uses it.
pub(super) fn remarks(property: &Property) -> Vec<String> {
    let mut remarks = Vec::new();
    if !property.needs.is_empty() {
        let needs: Vec<String> = property.needs.iter().map(ToString::to_string).collect();
        remarks.push(format!("needs {}", needs.join(" and ")));
    }
    if property.sensitive {
        remarks.push("write-only".to_owned());
    }
    if property.unstable {
        remarks.push("unstable".to_owned());
    }
    remarks.extend(property.since.map(|version| format!("since {version}")));
    remarks.extend(property.deprecated.map(|version| format!("deprecated since {version}")));
    remarks
}

/// The size just above `maximum`, if that is the rounder number: 8 EiB for 2^63 - 1.
fn round_limit(maximum: i128) -> Option<Size> {
    let next = u64::try_from(maximum).ok()?.checked_add(1)?;
    next.is_multiple_of(1 << 20).then_some(Size(next))
}

fn is_size(property: &Property) -> bool {
    matches!(property.value_type.inner(), ValueType::Size)
}
