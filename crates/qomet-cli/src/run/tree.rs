//! The tree of objects with the values that their readers see.
//!
//! Values that differ from the default have a line each: they are what somebody gave, or what `auto` came to. The
//! others follow together, so that a tree of many objects stays readable.

use qomet::{Model, ObjectRef, Presence, Property, TextOutput};

use crate::console::Paint;
use crate::text::{fill, shown};

/// The objects below `top`, and `top` itself.
pub(super) fn render(model: &Model, top: &ObjectRef, width: usize, paint: Paint) -> String {
    let mut out = format!("{}\n", shown(&top.path()));
    // An own stack: a tree may be deeper than the real one.
    let mut stack: Vec<(ObjectRef, String, bool)> = Vec::new();
    push_children(&mut stack, model, top, "");
    while let Some((object, indent, is_last)) = stack.pop() {
        let (branch, below) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
        let (name, type_name) = (shown(object.name()), object.class().name());
        out.push_str(&format!("{indent}{branch}{}: {type_name}\n", paint.name(&name)));
        let inner = format!("{indent}{below}");
        let has_children = push_children(&mut stack, model, &object, &inner);
        let bar = if has_children { "│ " } else { "" };
        properties(&mut out, &object, &format!("{inner}{bar}"), width, paint);
    }
    out
}

/// Puts the children on the stack, the first on top. Says whether there are any.
fn push_children(
    stack: &mut Vec<(ObjectRef, String, bool)>,
    model: &Model,
    parent: &ObjectRef,
    indent: &str,
) -> bool {
    let children = model.children(parent);
    let last = children.len().saturating_sub(1);
    let numbered = children.into_iter().enumerate().rev();
    let before = stack.len();
    stack.extend(numbered.map(|(index, child)| (child, indent.to_owned(), index == last)));
    stack.len() > before
}

fn properties(out: &mut String, object: &ObjectRef, indent: &str, width: usize, paint: Paint) {
    let mut special: Vec<(&str, String)> = Vec::new();
    let mut defaults: Vec<String> = Vec::new();
    for property in object.class().properties() {
        let Some(value) = value(object, property) else { continue };
        if default(property).is_some_and(|default| default == value) {
            defaults.push(format!("{}={value}", property.name));
        } else if !is_absent(property, &value) {
            special.push((property.name, value));
        }
    }
    const REST: &str = "defaults";
    let names = special.iter().map(|(name, _)| name.len());
    let rest = (!defaults.is_empty()).then_some(REST.len());
    let column = names.chain(rest).max().unwrap_or(0);
    for (name, value) in special {
        let padding = column.saturating_sub(name.len()) + 2;
        out.push_str(&format!("{indent}{name}{:padding$}{value}\n", ""));
    }
    let Some((_, all_but_last)) = defaults.split_last_mut() else { return };
    all_but_last.iter_mut().for_each(|item| item.push(','));
    let room = width.saturating_sub(indent.chars().count() + column + 2);
    let mut label = REST;
    for line in fill(defaults.iter().map(String::as_str), room) {
        out.push_str(&format!("{indent}{}\n", paint.faint(&format!("{label:column$}  {line}"))));
        label = "";
    }
}

/// The value as text; that of a sensitive property is nobody's business.
fn value(object: &ObjectRef, property: &Property) -> Option<String> {
    if property.sensitive {
        return None;
    }
    let mut text = TextOutput::new();
    object.write(property.name, &mut text).ok()?;
    Some(text.finish())
}

fn default(property: &Property) -> Option<String> {
    match property.presence {
        Presence::Default(write) => Some(TextOutput::of(|out| write(out))),
        Presence::Required | Presence::Optional => None,
    }
}

/// Whether an optional or computed property has no value.
fn is_absent(property: &Property, value: &str) -> bool {
    !property.is_required() && TextOutput::of(|out| property.value_type.write_absent(out)) == value
}
