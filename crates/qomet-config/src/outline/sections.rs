//! Sections: what a line is says everything, and the last section before it which bag it belongs to.

use std::borrow::Cow;
use std::ops::Range;

use super::{Spot, Step, What};
use crate::ini::{self, Line};
use crate::tape::Node;

pub(super) fn spot<'t>(text: &'t str, bags: &[Node<'t>], offset: usize) -> Option<Spot<'t>> {
    let mut section = None;
    let mut here = None;
    for line in ini::lines(text).take_while(|line| line.start <= offset) {
        if let Some(group) = line.group() {
            section = Some((group, line.start));
        }
        here = Some(line);
    }
    // Behind the last line break begins another line.
    let here = match here {
        Some(line) if offset <= line.start + line.text.len() => line,
        _ => Line { text: "", start: offset },
    };
    let is_header = section.is_some_and(|(_, start)| start == here.start) && !here.text.is_empty();
    let content = here.text.trim_start();
    if is_header || content.starts_with('#') {
        return None;
    }
    let bag = match section {
        None => None,
        Some(("object", start)) => Some(*bags.iter().find(|bag| bag.start() == start)?),
        Some(_) => return None,
    };
    let start = here.start + (here.text.len() - content.len());
    let spot = |what, path, place| Spot {
        what,
        bag,
        path,
        place,
        is_followed: false,
        comma_before: None,
        comma_after: false,
    };
    if bag.is_none() {
        let place = start..start + content.trim_end().len();
        return (place.start..=place.end).contains(&offset).then(|| spot(What::Bag, Vec::new(), place));
    }
    let (key, value) = match content.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (content, None),
    };
    let name = key.trim_end();
    if offset <= start + name.len() {
        // In front of an indented name is where another one may stand.
        let place = if offset < start { offset..offset } else { start..start + name.len() };
        let path = steps(if offset < start { "" } else { name });
        return Some(Spot {
            is_followed: offset >= start && value.is_some(),
            ..spot(What::Name, path, place)
        });
    }
    let value_at = start + key.len() + 1;
    let value = value.filter(|_| offset >= value_at)?;
    let place = value_place(value, value_at, offset)?;
    Some(spot(What::Value, steps(name), place))
}

/// The parts of a key: names, and numbers of elements.
fn steps(key: &str) -> Vec<Step<'_>> {
    let step = |part| str::parse(part).map_or(Step::Member(Cow::Borrowed(part)), Step::Element);
    key.split('.').map(step).collect()
}

/// Where the value stands behind the equals sign at `at`, its quotes included; none where QEMU ignores the rest.
fn value_place(value: &str, at: usize, offset: usize) -> Option<Range<usize>> {
    let content = value.trim_start();
    let start = at + (value.len() - content.len());
    if offset < start || content.is_empty() {
        return Some(offset..offset);
    }
    let length = match content.strip_prefix('"') {
        Some(inside) => inside.find('"').map_or(content.trim_end().len(), |end| end + 2),
        None => content.trim_end().len(),
    };
    (offset <= start + length).then(|| start..start + length)
}
