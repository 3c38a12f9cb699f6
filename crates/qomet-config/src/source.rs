//! The texts that are checked together, and how a byte offset becomes a line and column.
//!
//! [`Sources`] is filled by whoever reads files; a [`Place`] names one of its texts by number. Offsets are those
//! of the bytes as they were read: a byte that is not UTF-8 is reported and replaced by one `?`, so that nothing
//! moves and later mistakes are still found.
//!
//! Not here: reading files, and what the text means. Lines are not counted while parsing, because a valid
//! document never needs them: the table of line starts is made when the first place is asked for.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use parking_lot::Mutex;
use qomet::{Diagnostic, Diagnostics, Failed, Place};

use crate::syntax_error::{MISTAKES_LIMIT, SyntaxErrorKind};

/// The length of a text is below this: an offset, or the length of a value, fits 28 bits of a token.
pub const TEXT_LIMIT: usize = 1 << 28;

const BOM: &str = "\u{feff}";

/// Texts that are checked together.
#[derive(Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
}

/// One text with the name that its diagnostics show.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: String,
    lines: OnceLock<Vec<u32>>,
    damage: Vec<Range<u32>>,
    /// What no excerpt shows.
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
        let index = narrow(self.list.len());
        let mut source = Source {
            name: name.into(),
            text: String::new(),
            lines: OnceLock::new(),
            damage: Vec::new(),
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
            source.failed = Some(diagnostics.report(Diagnostic::new(kind).at(whole)));
            source.unusable = true;
        } else {
            match String::from_utf8(bytes) {
                Ok(text) => source.text = text,
                Err(error) => source.fill_lossily(error.as_bytes(), index, diagnostics),
            }
        }
        self.list.push(source);
        index
    }

    /// The source of that number.
    #[must_use]
    pub fn get(&self, source: u32) -> Option<&Source> {
        self.list.get(usize::try_from(source).ok()?)
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.list.iter()
    }

    /// Whether all of a place is hidden.
    pub(crate) fn hides(&self, place: Place) -> bool {
        let (start, end) = (widen(place.start), widen(place.end));
        let within = |range: &Range<usize>| range.start <= start && end <= range.end && range.start < end;
        self.get(place.source).is_some_and(|source| source.hidden.lock().iter().any(within))
    }

    /// From now on no excerpt shows what stands there.
    pub(crate) fn hide(&self, place: Place) {
        if let Some(source) = self.get(place.source) {
            source.hidden.lock().push(widen(place.start)..widen(place.end));
        }
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

    /// The text, a byte-order mark included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
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
        let (line, start) = self.line_of(offset);
        let mut offset = widen(offset).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let start = start.max(self.first());
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Position { line, column }
    }

    /// The number of the line that holds a byte, from 1, and the offset where it starts.
    pub(crate) fn line_of(&self, offset: u32) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| narrow(at + 1));
            std::iter::once(0).chain(breaks).collect()
        });
        let line = lines.partition_point(|start| *start <= offset);
        (line, lines.get(line.saturating_sub(1)).map_or(0, |start| widen(*start)))
    }

    /// The text from `start` to the end of its line, with what is hidden made unreadable. As many bytes as in the text.
    pub(crate) fn line_from(&self, start: usize) -> Cow<'_, str> {
        let line = self.text.get(start..).unwrap_or_default().split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let end = start + line.len();
        let hidden = self.hidden.lock();
        let mut within = hidden.iter().filter(|range| range.start < end && range.end > start).peekable();
        if within.peek().is_none() {
            return Cow::Borrowed(line);
        }
        let mut bytes = line.as_bytes().to_vec();
        for range in within {
            let range = range.start.max(start) - start..range.end.min(end) - start;
            if let Some(part) = bytes.get_mut(range) {
                part.fill(b'*');
            }
        }
        // Values begin and end between characters, so this is text as before.
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

    fn fill_lossily(&mut self, bytes: &[u8], index: u32, diagnostics: &mut Diagnostics) {
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
                self.failed = Some(diagnostics.report(Diagnostic::new(kind).at(place)));
            } else if number == MISTAKES_LIMIT {
                let _ = diagnostics.report(Diagnostic::new(SyntaxErrorKind::TooManyMistakes).at(place));
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
