//! JSON: from the outermost value down to the innermost that holds the offset.
//!
//! Between two tokens stand white space, comments, punctuation and what the parser made nothing of. Whether a colon or
//! comma is among it says what may stand at the offset.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use qomet::InputKind;

use super::gap::{Gap, next_byte, word_around};
use super::{Spot, Step, What};
use crate::tape::Node;

/// The way down.
struct Search<'t, 'b> {
    text: &'t str,
    bags: &'b [Node<'t>],
    offset: usize,
    bag: Option<Node<'t>>,
    path: Vec<Step<'t>>,
}

/// Either the value to look into, or what was found.
type Found<'t> = ControlFlow<Option<Spot<'t>>, Node<'t>>;

pub(super) fn spot<'t>(text: &'t str, root: Node<'t>, bags: &[Node<'t>], offset: usize) -> Option<Spot<'t>> {
    let mut search = Search { text, bags, offset, bag: None, path: Vec::new() };
    let mut node = root;
    if !is_container(root) {
        return search.around_root(root);
    }
    if !search.is_inside(root) {
        return None;
    }
    loop {
        if node.kind() == InputKind::Struct && search.is_bag(node) {
            search.bag = Some(node);
            search.path.clear();
        }
        let found =
            if node.kind() == InputKind::Struct { search.in_struct(node) } else { search.in_list(node) };
        match found {
            ControlFlow::Continue(inner) => node = inner,
            ControlFlow::Break(spot) => return spot,
        }
    }
}

fn is_container(node: Node<'_>) -> bool {
    matches!(node.kind(), InputKind::Struct | InputKind::List)
}

impl<'t> Search<'t, '_> {
    fn is_bag(&self, node: Node<'_>) -> bool {
        self.bags.binary_search_by_key(&node.start(), |bag| bag.start()).is_ok()
    }

    /// Whether the offset is between the brackets; behind what has none to close it counts.
    fn is_inside(&self, container: Node<'_>) -> bool {
        let end = container.end();
        self.offset > container.start()
            && (self.offset < end || (self.offset == end && !container.is_closed()))
    }

    /// A document that is no struct or list, or nothing yet.
    fn around_root(mut self, root: Node<'t>) -> Option<Spot<'t>> {
        Gap::between(self.text, 0, self.offset.min(root.start()))?;
        let place = match (root.start()..=root.end()).contains(&self.offset) {
            true => root.start()..root.end(),
            false => word_around(self.text, 0, self.offset),
        };
        let is_first = self.text.get(..place.start)?.trim().is_empty() || self.offset <= root.end();
        is_first.then(|| self.found(What::Bag, place))
    }

    fn in_struct(&mut self, node: Node<'t>) -> Found<'t> {
        let mut before = self.first_inside(node);
        let mut is_first = true;
        for (key, value) in node.members() {
            let name = quoted_place(self.text, key);
            if self.offset < name.start {
                break;
            }
            let text = key.str().unwrap_or_else(|| key.source_text().trim_matches(['"', '\'']).into());
            if self.offset <= name.end && name.start < name.end {
                self.path.push(Step::Member(text));
                return ControlFlow::Break(Some(self.found(What::Name, name)));
            }
            let is_before = self.offset < value.start() || value.start() == value.end();
            if is_before && self.offset <= value.start()
                || self.offset == value.start() && is_container(value)
            {
                let gap = Gap::between(self.text, name.end, self.offset);
                self.path.push(Step::Member(text));
                // Between two quotes that the parser made nothing of.
                let is_empty = self.offset == value.start() && value.start() == value.end();
                let here = self.offset..self.offset;
                let place = if is_empty { quoted_place(self.text, value) } else { here };
                let spot = gap.filter(|gap| gap.colon).map(|_| self.found(What::Value, place));
                return ControlFlow::Break(spot);
            }
            if self.reaches(value) {
                self.path.push(Step::Member(text));
                return self.in_value(value, What::Value);
            }
            before = value.end();
            is_first = false;
        }
        ControlFlow::Break(self.between(before, is_first, What::Name, Step::Member))
    }

    fn in_list(&mut self, node: Node<'t>) -> Found<'t> {
        let mut before = self.first_inside(node);
        let mut index = 0;
        let is_list_of_bags = self.bag.is_none();
        let what = if is_list_of_bags { What::Bag } else { What::Value };
        for element in node.elements() {
            let is_before = self.offset == element.start() && is_container(element);
            if self.offset < element.start() || is_before {
                break;
            }
            if self.reaches(element) {
                self.path.push(Step::Element(index));
                return self.in_value(element, what);
            }
            before = element.end();
            index += 1;
        }
        ControlFlow::Break(self.between(before, index == 0, what, |_| Step::Element(index)))
    }

    /// Whether the offset is in the value, or at its end.
    fn reaches(&self, value: Node<'_>) -> bool {
        if is_container(value) { self.is_inside(value) } else { self.offset <= value.end() }
    }

    fn in_value(&mut self, value: Node<'t>, what: What) -> Found<'t> {
        if is_container(value) {
            return ControlFlow::Continue(value);
        }
        ControlFlow::Break(Some(self.found(what, quoted_place(self.text, value))))
    }

    /// Behind the opening bracket, which the parser may have made up.
    fn first_inside(&self, node: Node<'_>) -> usize {
        let start = node.start();
        let is_there = matches!(self.text.as_bytes().get(start), Some(b'{' | b'['));
        start + usize::from(is_there)
    }

    /// Behind what ends at `before`, where something new may be written.
    fn between(
        &mut self,
        before: usize,
        is_first: bool,
        what: What,
        step: impl FnOnce(Cow<'t, str>) -> Step<'t>,
    ) -> Option<Spot<'t>> {
        let gap = Gap::between(self.text, before, self.offset)?;
        let place = word_around(self.text, before, self.offset);
        let wants_comma = !is_first && !gap.comma;
        if wants_comma && place.start <= before {
            return None;
        }
        let word = self.text.get(place.clone())?.trim_matches(['"', '\'']);
        self.path.push(step(Cow::Borrowed(word)));
        let spot = self.found(what, place);
        Some(Spot { comma_before: wants_comma.then_some(before), ..spot })
    }

    fn found(&mut self, what: What, place: Range<usize>) -> Spot<'t> {
        let next = next_byte(self.text, place.end);
        let is_followed = what == What::Name && next == b':';
        let path = std::mem::take(&mut self.path);
        // Behind a member of a struct no bracket opens but where the closing one is missing.
        let is_member = matches!(path.last(), Some(Step::Member(_)));
        let ends = matches!(next, 0 | b',' | b':' | b'}' | b']') || is_member && matches!(next, b'{' | b'[');
        Spot { what, bag: self.bag, path, place, is_followed, comma_before: None, comma_after: !ends }
    }
}

/// Where a name or value stands with its quotes, of which one may be missing.
fn quoted_place(text: &str, node: Node<'_>) -> Range<usize> {
    let is_quote = |at: usize| matches!(text.as_bytes().get(at), Some(b'"' | b'\''));
    let (start, end) = (node.start(), node.end());
    if is_quote(start) {
        return start..end;
    }
    let opened = start.checked_sub(1).is_some_and(is_quote);
    let closed = opened && end > start && is_quote(end);
    start - usize::from(opened)..end + usize::from(closed)
}
