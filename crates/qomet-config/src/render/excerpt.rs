//! The piece of a source that is shown beside a message.
//!
//! One line, cut around the mark if it is long, so that a string of a megabyte does not fill the terminal. A
//! mark that spans lines (a whole bag) is shown at its first line: that is where one starts to read.

use std::ops::Range;

use qomet::Place;

use crate::source::{Position, Source, Sources, widen};

/// A line of at most so many characters is shown whole.
const WHOLE: usize = 120;
/// Characters of a longer one that are shown before the mark.
const BEFORE: usize = 50;
/// Characters shown from the start of the mark on.
const FROM: usize = 70;

/// A line or a piece of it, and which bytes of it are marked.
pub(super) struct Excerpt<'a> {
    pub(super) source: &'a Source,
    pub(super) start: Position,
    pub(super) text: String,
    pub(super) mark: Range<usize>,
    /// Whether something of the line is left out.
    pub(super) cut: bool,
}

impl<'a> Excerpt<'a> {
    pub(super) fn new(place: Place, sources: &'a Sources) -> Option<Excerpt<'a>> {
        let source = sources.get(place.source)?;
        let text = source.text();
        let (_, line_start) = source.line_of(place.start);
        let line_start = line_start.max(source.first().min(text.len()));
        let line = source.line_from(line_start);
        let line = &*line;
        let within = |offset: u32| floor(line, widen(offset).saturating_sub(line_start));
        let (start, end) = (within(place.start), within(place.end));

        let before = line.get(..start).unwrap_or_default();
        let from = line.get(start..).unwrap_or_default();
        let whole = line.char_indices().nth(WHOLE).is_none();
        let skipped = before.char_indices().rev().nth(BEFORE - 1).filter(|_| !whole).map_or(0, |(at, _)| at);
        let shown = from.char_indices().nth(FROM).filter(|_| !whole).map_or(from.len(), |(at, _)| at);
        let mut piece = String::new();
        if skipped > 0 {
            piece.push('…');
        }
        piece.push_str(before.get(skipped..).unwrap_or_default());
        let mark = piece.len();
        piece.push_str(from.get(..shown).unwrap_or_default());
        let mark = mark..mark + (end.max(start) - start).min(shown);
        if shown < from.len() {
            piece.push('…');
        }
        let cut = skipped > 0 || shown < from.len();
        Some(Excerpt { source, start: source.position(place.start), text: piece, mark, cut })
    }

    /// Whether a mark of `other` can be drawn into this excerpt.
    pub(super) fn shows(&self, other: &Excerpt<'_>) -> bool {
        let same = std::ptr::eq(self.source, other.source) && self.start.line == other.start.line;
        same && !self.cut && !other.cut
    }
}

/// The last character boundary of `line` that is not after `at`.
fn floor(line: &str, at: usize) -> usize {
    let mut at = at.min(line.len());
    while !line.is_char_boundary(at) {
        at -= 1;
    }
    at
}
