//! The texts that are checked together, and how a byte offset becomes a line and column.
//!
//! [`Sources`] is filled by whoever reads files; a [`Place`] names one of its texts by number. Offsets are those
//! of the bytes as they were read: a byte that is not UTF-8 is reported and replaced by one `?`, so that nothing
//! moves and later mistakes are still found.
//!
//! Not here: reading files, and what the text means. Lines are not counted while parsing, because a valid
//! document never needs them: the table of line starts is made when the first place is asked for, and for places far
//! inside long lines (a document may be one line of megabytes) another one that says how many characters precede
//! each block of the text.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use parking_lot::Mutex;
use qomet::{Diagnostic, Diagnostics, Failed, Place};

use crate::syntax_error::{MISTAKES_LIMIT, SyntaxErrorKind};

/// The length of a text is below this: an offset, or the length of a value, fits 28 bits of a token.
pub const TEXT_LIMIT: usize = 1 << 28;

/// Up to so many bytes characters are counted one by one.
const BLOCK: usize = 1024;

const BOM: &str = "\u{feff}";

/// Texts that are checked together.
#[derive(Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
}

/// How places in a text are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// By line and column.
    File,
    /// By offset in bytes.
    Line,
}

/// One text with the name that its diagnostics show.
#[derive(Debug)]
pub struct Source {
    name: String,
    form: Form,
    text: String,
    lines: OnceLock<Vec<u32>>,
    /// How many characters stand before each [`BLOCK`] of the text.
    blocks: OnceLock<Vec<u32>>,
    damage: Vec<Range<u32>>,
    /// What was reported when the text was added, to be said again by each check.
    mistakes: Vec<(SyntaxErrorKind, Place)>,
    /// What no excerpt shows: in order, and none overlaps another.
    hidden: Mutex<Vec<Range<usize>>>,
    failed: Option<Failed>,
    unusable: bool,
}

/// A line and column, counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A [`Place`] as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The name of the source.
    pub file: &'a str,
    /// The first character.
    pub start: Position,
    /// The character after the last one.
    pub end: Position,
}

impl Sources {
    /// No text yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and returns its number, which is [`Place::source`].
    ///
    /// Reports bytes that are not UTF-8, and text that is too long or UTF-16 (which is then treated as empty).
    pub fn add(
        &mut self,
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        diagnostics: &mut Diagnostics,
    ) -> u32 {
        self.add_as(name, bytes, Form::File, diagnostics)
    }

    /// Adds a text whose places are told in another way.
    pub(crate) fn add_as(
        &mut self,
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        form: Form,
        diagnostics: &mut Diagnostics,
    ) -> u32 {
        let index = narrow(self.list.len());
        let mut source = Source {
            name: name.into(),
            form,
            text: String::new(),
            lines: OnceLock::new(),
            blocks: OnceLock::new(),
            damage: Vec::new(),
            mistakes: Vec::new(),
            hidden: Mutex::default(),
            failed: None,
            unusable: false,
        };
        let bytes = bytes.into();
        let whole = Place { source: index, start: 0, end: 0 };
        let refusal = if bytes.len() >= TEXT_LIMIT {
            Some(SyntaxErrorKind::TooLong { length: bytes.len(), limit: TEXT_LIMIT })
        } else if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            Some(SyntaxErrorKind::Utf16)
        } else {
            None
        };
        if let Some(kind) = refusal {
            source.mistakes.push((kind, whole));
            source.unusable = true;
        } else {
            match String::from_utf8(bytes) {
                Ok(text) => source.text = text,
                Err(error) => source.fill_lossily(error.as_bytes(), index),
            }
        }
        source.failed = source.report_again(diagnostics);
        self.list.push(source);
        index
    }

    /// The source of that number.
    #[must_use]
    pub fn get(&self, source: u32) -> Option<&Source> {
        self.list.get(usize::try_from(source).ok()?)
    }

    /// Notes a mistake that was found while taking a text apart; each check says it.
    pub(crate) fn add_mistake(&mut self, source: u32, kind: SyntaxErrorKind, place: Range<usize>) {
        let place = Place { source, start: narrow(place.start), end: narrow(place.end) };
        if let Some(source) = usize::try_from(source).ok().and_then(|index| self.list.get_mut(index)) {
            source.mistakes.push((kind, place));
        }
    }

    /// Notes that a text cannot be read at all, and why; each check says it.
    pub(crate) fn refuse(&mut self, source: u32, kind: SyntaxErrorKind, place: Range<usize>) {
        self.add_mistake(source, kind, place);
        if let Some(source) = usize::try_from(source).ok().and_then(|index| self.list.get_mut(index)) {
            source.unusable = true;
        }
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.list.iter()
    }

    /// Whether all of a place is hidden.
    pub(crate) fn hides(&self, place: Place) -> bool {
        let (start, end) = (widen(place.start), widen(place.end));
        let Some(source) = self.get(place.source) else { return false };
        let hidden = source.hidden.lock();
        let last = hidden.partition_point(|range| range.start <= start).checked_sub(1);
        let range = last.and_then(|last| hidden.get(last));
        range.is_some_and(|range| end <= range.end && range.start < end)
    }

    /// Whether some of a place is hidden.
    pub(crate) fn hides_some(&self, place: Place) -> bool {
        let Some(source) = self.get(place.source) else { return false };
        let hidden = source.hidden.lock();
        let first = hidden.partition_point(|range| range.end <= widen(place.start));
        hidden.get(first).is_some_and(|range| range.start < widen(place.end))
    }

    /// From now on no excerpt shows what stands there.
    pub(crate) fn hide(&self, source: u32, mut ranges: Vec<Range<usize>>) {
        let Some(source) = self.get(source) else { return };
        let mut hidden = source.hidden.lock();
        ranges.append(&mut hidden);
        // Mostly two runs that are in order already, which is what a stable sort is good at.
        ranges.sort_by_key(|range| range.start);
        ranges.dedup_by(|next, range| {
            let overlap = next.start < range.end || next == range;
            if overlap {
                range.end = range.end.max(next.end);
            }
            overlap
        });
        *hidden = ranges;
    }

    /// File, line and column of a place. `None` if there is no such source.
    #[must_use]
    pub fn locate(&self, place: Place) -> Option<Location<'_>> {
        let source = self.get(place.source)?;
        Some(Location {
            file: &source.name,
            start: source.position(place.start),
            end: source.position(place.end),
        })
    }
}

impl Source {
    /// The name, such as the file's path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a line, whose places are told by their offset.
    pub(crate) fn is_line(&self) -> bool {
        self.form == Form::Line
    }

    /// The text, a byte-order mark included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text with sensitive values made unreadable, once a plan has [hidden](crate::Plan::hide_sensitive) them.
    #[must_use]
    pub fn shown_text(&self) -> Cow<'_, str> {
        self.shown(0..self.text.len())
    }

    /// Where the text starts: behind a byte-order mark.
    #[must_use]
    pub fn first(&self) -> usize {
        if self.text.starts_with(BOM) { BOM.len() } else { 0 }
    }

    /// The line and column of a byte. An offset behind the end counts as the end, one inside a character as its
    /// start.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let (number, line) = self.line_of(offset);
        let offset = self.floor(widen(offset));
        let start = line.start.max(self.first());
        let column = if offset.saturating_sub(start) <= BLOCK {
            self.count(start, offset)
        } else {
            self.characters(offset) - self.characters(start)
        };
        Position { line: number, column: column + 1 }
    }

    /// How many characters start in a range of bytes.
    fn count(&self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes().get(start..end).unwrap_or_default();
        bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
    }

    /// How many characters start before a byte.
    fn characters(&self, offset: usize) -> usize {
        let blocks = self.blocks.get_or_init(|| {
            let starts = (0..=self.text.len()).step_by(BLOCK);
            let count = |before: &mut usize, start: usize| {
                let here = narrow(*before);
                *before += self.count(start, (start + BLOCK).min(self.text.len()));
                Some(here)
            };
            starts.scan(0, count).collect()
        });
        let block = offset / BLOCK;
        blocks.get(block).map_or(0, |before| widen(*before)) + self.count(block * BLOCK, offset)
    }

    /// The last place between two characters that is not after `at`.
    pub(crate) fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The number of the line that holds a byte, from 1, and where it stands, without its line break.
    pub(crate) fn line_of(&self, offset: u32) -> (usize, Range<usize>) {
        let lines = self.lines.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| narrow(at + 1));
            std::iter::once(0).chain(breaks).collect()
        });
        let number = lines.partition_point(|start| *start <= offset);
        let start = lines.get(number.saturating_sub(1)).map_or(0, |start| widen(*start));
        let end = lines.get(number).map_or(self.text.len(), |next| widen(*next) - 1);
        let is_crlf = end > start && self.text.as_bytes().get(end - 1) == Some(&b'\r');
        (number, start..end - usize::from(is_crlf))
    }

    /// A piece of the text with what is hidden made unreadable. As many bytes as in the text.
    pub(crate) fn shown(&self, piece: Range<usize>) -> Cow<'_, str> {
        let Some(text) = self.text.get(piece.clone()) else { return Cow::Borrowed("") };
        let hidden = self.hidden.lock();
        let first = hidden.partition_point(|range| range.end <= piece.start);
        let mut within = hidden.iter().skip(first).take_while(|range| range.start < piece.end).peekable();
        if within.peek().is_none() {
            return Cow::Borrowed(text);
        }
        let mut bytes = text.as_bytes().to_vec();
        for range in within {
            let range = range.start.max(piece.start) - piece.start..range.end.min(piece.end) - piece.start;
            if let Some(part) = bytes.get_mut(range) {
                part.fill(b'*');
            }
        }
        // Values and pieces begin and end between characters, so this is text as before.
        Cow::Owned(String::from_utf8(bytes).unwrap_or_default())
    }

    /// Where bytes were replaced because they are not UTF-8.
    pub(crate) fn damage(&self) -> &[Range<u32>] {
        &self.damage
    }

    /// Whether something was reported when the text was added.
    pub(crate) fn failed(&self) -> Option<Failed> {
        self.failed
    }

    /// Whether the text could not be taken at all.
    pub(crate) fn is_unusable(&self) -> bool {
        self.unusable
    }

    /// Reports what was reported when the text was added.
    pub(crate) fn report_again(&self, diagnostics: &mut Diagnostics) -> Option<Failed> {
        let mut report = |(kind, place): &(SyntaxErrorKind, Place)| {
            diagnostics.report(Diagnostic::new(kind.clone()).at(*place))
        };
        self.mistakes.iter().map(&mut report).last()
    }

    fn fill_lossily(&mut self, bytes: &[u8], index: u32) {
        let mut reports: Vec<(Range<u32>, Vec<u8>)> = Vec::new();
        for chunk in bytes.utf8_chunks() {
            self.text.push_str(chunk.valid());
            let start = narrow(self.text.len());
            self.text.extend(chunk.invalid().iter().map(|_| '?'));
            let end = narrow(self.text.len());
            if start == end {
                continue;
            }
            // Neighbours are one mistake.
            match reports.last_mut() {
                Some((range, found)) if range.end == start => {
                    range.end = end;
                    found.extend_from_slice(chunk.invalid());
                }
                _ => reports.push((start..end, chunk.invalid().to_vec())),
            }
        }
        for (number, (range, bytes)) in reports.into_iter().enumerate() {
            let place = Place { source: index, start: range.start, end: range.end };
            self.damage.push(range);
            if number < MISTAKES_LIMIT {
                let kind = SyntaxErrorKind::NotUtf8 { bytes, offset: place.start };
                self.mistakes.push((kind, place));
            } else if number == MISTAKES_LIMIT {
                self.mistakes.push((SyntaxErrorKind::TooManyMistakes, place));
            }
        }
    }
}

/// An offset as a place holds it. Texts are shorter than [`TEXT_LIMIT`], so nothing is lost.
pub(crate) fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// An offset of a place as an index.
pub(crate) fn widen(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(bytes: &[u8]) -> (Sources, Vec<Diagnostic>) {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        sources.add("a.json", bytes, &mut diagnostics);
        (sources, diagnostics.take())
    }

    fn position(sources: &Sources, offset: u32) -> (usize, usize) {
        let position = sources.get(0).unwrap().position(offset);
        (position.line, position.column)
    }

    #[test]
    fn columns_count_characters() {
        let (sources, _) = add("aü\nb€c".as_bytes());
        assert_eq!(position(&sources, 0), (1, 1));
        assert_eq!(position(&sources, 3), (1, 3));
        assert_eq!(position(&sources, 4), (2, 1));
        assert_eq!(position(&sources, 8), (2, 3));
    }

    #[test]
    fn an_offset_outside_or_inside_a_character_is_moved_back() {
        let (sources, _) = add("€".as_bytes());
        assert_eq!(position(&sources, 2), (1, 1));
        assert_eq!(position(&sources, 99), (1, 2));
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let (sources, diagnostics) = add(b"\xef\xbb\xbf{}");
        assert!(diagnostics.is_empty());
        assert_eq!(position(&sources, 3), (1, 1));
    }

    #[test]
    fn bytes_that_are_not_utf8_keep_their_offsets() {
        let (sources, diagnostics) = add(b"a\xff\xfeb\n\xc3(");
        assert_eq!(sources.get(0).unwrap().text(), "a??b\n?(");
        let places: Vec<_> =
            diagnostics.iter().filter_map(Diagnostic::place).map(|at| (at.start, at.end)).collect();
        assert_eq!(places, [(1, 3), (5, 6)]);
    }

    #[test]
    fn columns_far_inside_a_long_line_are_those_that_counting_gives() {
        let text = format!("short\n{}\nshort", "aü€😀".repeat(20_000));
        let (sources, _) = add(text.as_bytes());
        let line = "short\n".len();
        let mut counted = 0;
        for (at, c) in text[line..].char_indices().take_while(|(_, c)| *c != '\n') {
            counted += 1;
            let last_byte = line + at + c.len_utf8() - 1;
            assert_eq!(position(&sources, u32::try_from(last_byte).unwrap()), (2, counted));
        }
        assert_eq!(counted, 80_000);
        assert_eq!(position(&sources, u32::try_from(text.len()).unwrap()), (3, 6));
    }

    #[test]
    fn a_column_behind_a_byte_order_mark_and_many_characters() {
        let text = format!("\u{feff}{}", "ü".repeat(5000));
        let (sources, _) = add(text.as_bytes());
        assert_eq!(position(&sources, u32::try_from(text.len()).unwrap()), (1, 5001));
    }

    #[test]
    fn a_line_ends_before_its_break() {
        let (sources, _) = add(b"ab\r\ncd\n\nef");
        let source = sources.get(0).unwrap();
        let lines: Vec<_> = [0, 3, 5, 7, 8, 10, 99].map(|at| source.line_of(at)).into();
        assert_eq!(lines, [(1, 0..2), (1, 0..2), (2, 4..6), (3, 7..7), (4, 8..10), (4, 8..10), (4, 8..10)]);
    }

    #[test]
    fn what_is_hidden_twice_is_kept_once() {
        let (sources, _) = add("x".repeat(100_000).as_bytes());
        let ranges = || (0..10_000_usize).map(|at| at * 10..at * 10 + 5).collect();
        sources.hide(0, ranges());
        sources.hide(0, ranges());
        sources.hide(0, vec![12..14, 7..9]);
        let source = sources.get(0).unwrap();
        assert_eq!(source.hidden.lock().len(), 10_001);
        assert_eq!(source.shown(0..22), "*****xx**x*****xxxxx**");
        assert_eq!(source.shown(99_988..100_000), "xx*****xxxxx");
        let place = |start, end| Place { source: 0, start, end };
        assert!(sources.hides(place(50_001, 50_005)) && sources.hides(place(7, 9)));
        assert!(!sources.hides(place(50_001, 50_006)) && !sources.hides(place(5, 6)));
    }

    #[test]
    fn utf16_is_one_mistake() {
        let (sources, diagnostics) = add(b"\xff\xfe{\0}\0");
        assert_eq!(diagnostics.len(), 1);
        assert!(sources.get(0).unwrap().text().is_empty());
    }

    #[test]
    fn binary_noise_is_reported_up_to_the_limit() {
        let (_, diagnostics) = add(&b"\xff ".repeat(10_000));
        assert_eq!(diagnostics.len(), MISTAKES_LIMIT + 1);
    }
}
