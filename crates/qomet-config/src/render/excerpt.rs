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
/// Characters that may lie between the marks of one excerpt.
const TOGETHER: usize = WHOLE;
/// Characters shown behind the last mark of several.
const BEHIND: usize = 10;
/// At most so many bytes are a character.
const BYTES: usize = 4;

/// A line or a piece of it, and which bytes of it are marked.
pub(super) struct Excerpt<'a> {
    pub(super) source: &'a Source,
    pub(super) start: Position,
    /// The first byte in the source.
    pub(super) offset: u32,
    pub(super) text: String,
    pub(super) mark: Range<usize>,
    /// Whether something of the line is left out.
    pub(super) cut: bool,
}

impl<'a> Excerpt<'a> {
    pub(super) fn new(place: Place, sources: &'a Sources) -> Option<Excerpt<'a>> {
        Excerpt::spanning(place, place, sources)
    }

    /// What both places span, if they are on one line and so near to each other that one excerpt shows them.
    pub(super) fn span(one: Place, other: Place, sources: &Sources) -> Option<Place> {
        let source = sources.get(one.source).filter(|_| one.source == other.source)?;
        let (number, line) = source.line_of(one.start);
        let span = Place { start: one.start.min(other.start), end: one.end.max(other.end), ..one };
        let piece = widen(span.start)..widen(span.end).min(line.end);
        let is_near = source.line_of(other.start).0 == number
            && piece.len() <= BYTES * TOGETHER
            && source.shown(source.floor(piece.start)..source.floor(piece.end)).chars().count() <= TOGETHER;
        is_near.then_some(span)
    }

    /// The excerpt of a place, as far as one that shows all of `span` goes; the place is in it.
    pub(super) fn spanning(place: Place, span: Place, sources: &'a Sources) -> Option<Excerpt<'a>> {
        let source = sources.get(place.source)?;
        let (_, line) = source.line_of(span.start);
        let line = line.start.max(source.first()).min(line.end)..line.end;
        let within = |offset: usize| source.floor(offset.clamp(line.start, line.end));
        let (start, last) = (within(widen(span.start)), within(widen(span.end)));
        let marked = within(widen(place.start))..within(widen(place.end));
        let spread = match last - start <= BYTES * TOGETHER {
            true => source.shown(start..last).chars().count(),
            false => usize::MAX,
        };
        let most = if spread <= TOGETHER { FROM.max(spread + BEHIND) } else { FROM };

        // Only what is near the mark is looked at: the line may be the whole of a large text.
        let whole = source.shown(line.start..within(line.start + BYTES * WHOLE));
        let whole = line.len() <= BYTES * WHOLE && whole.char_indices().nth(WHOLE).is_none();
        let reach = if whole { line.len() } else { BYTES * (BEFORE + most) };
        let from = source.shown(start..within(start + reach));
        let behind = from.char_indices().nth(most).filter(|_| !whole).map_or(from.len(), |(at, _)| at);
        let before = source.shown(within(start.saturating_sub(reach))..start);
        let far = before.char_indices().rev().nth(BEFORE - 1).filter(|_| !whole).map_or(0, |(at, _)| at);
        let before = before.get(far..).unwrap_or_default();
        let from = from.get(..behind).unwrap_or_default();

        let is_cut_before = start - before.len() > line.start;
        let is_cut_behind = start + from.len() < line.end;
        let mut piece = String::new();
        if is_cut_before {
            piece.push('…');
        }
        piece.push_str(before);
        let at = |offset: usize| piece.len() + offset.saturating_sub(start).min(from.len());
        let mark = at(marked.start)..at(marked.end.max(marked.start));
        piece.push_str(from);
        if is_cut_behind {
            piece.push('…');
        }
        let cut = is_cut_before || is_cut_behind;
        Some(Excerpt {
            source,
            start: source.position(place.start),
            offset: place.start,
            text: piece,
            mark,
            cut,
        })
    }
}
