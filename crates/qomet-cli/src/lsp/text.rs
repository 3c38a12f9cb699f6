//! A document: its text, and what an editor calls the places in it.
//!
//! Editors count lines from 0 and columns in units of UTF-16, where a character outside of the Basic Multilingual Plane is
//! two. A line ends with `\n`, `\r\n` or `\r`. Where lines start is kept up to date with every change, not counted anew: a
//! document may have megabytes, and one message many changes. A document may also be one line of megabytes, so for places
//! far inside lines the units before each block of the text are counted once.

use std::ops::Range;
use std::sync::OnceLock;

use lsp_types::Position;

/// Up to so many bytes units are counted one by one.
const BLOCK: usize = 1024;

/// A text with its lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    text: String,
    /// Where each line starts.
    lines: Vec<usize>,
    /// How many units of UTF-16 begin before each block, once somebody asks.
    blocks: OnceLock<Vec<usize>>,
}

impl Text {
    pub(super) fn new(text: String) -> Self {
        let mut lines = vec![0];
        line_starts(text.as_bytes(), 0..text.len(), &mut lines);
        Text { text, lines, blocks: OnceLock::new() }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands at a range; nothing if that is none.
    pub(super) fn get(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Replaces a range, or everything.
    pub(super) fn change(&mut self, range: Option<lsp_types::Range>, text: &str) {
        let Some(range) = range else { return *self = Text::new(text.to_owned()) };
        let start = self.offset(range.start);
        let end = self.offset(range.end).max(start);
        self.text.replace_range(start..end, text);
        self.blocks = OnceLock::new();
        // Whether a line starts at a place depends on the bytes on both sides of it: those between here and there are
        // looked for anew.
        let new_end = start + text.len();
        let first = self.lines.partition_point(|line| *line == 0 || *line < start);
        let last = self.lines.partition_point(|line| *line == 0 || *line <= end);
        for line in self.lines.iter_mut().skip(last) {
            *line = *line - end + new_end;
        }
        let mut between = Vec::new();
        line_starts(self.text.as_bytes(), start.saturating_sub(1)..new_end, &mut between);
        self.lines.splice(first..last, between);
    }

    /// The line and column of a byte; of one behind the end, the end.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or(0);
        Position { line: narrow(line), character: narrow(self.units_between(start, offset)) }
    }

    pub(super) fn range(&self, range: Range<usize>) -> lsp_types::Range {
        lsp_types::Range { start: self.position(range.start), end: self.position(range.end) }
    }

    /// The byte at a position: behind the end of its line, the line's end; inside of a character, its start.
    pub(super) fn offset(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.lines.get(line).copied() else { return self.text.len() };
        let next = line.checked_add(1).and_then(|next| self.lines.get(next)).copied();
        let content = self.get(start..next.unwrap_or(self.text.len()));
        let end = start + content.trim_end_matches(['\n', '\r']).len();
        let wanted = usize::try_from(position.character).unwrap_or(usize::MAX / 2);
        // The last block that begins at or before what is wanted, and then one by one.
        let mut at = start;
        if end - start > BLOCK {
            let wanted = wanted.saturating_add(self.units_before(start));
            let block = self.blocks().partition_point(|before| *before <= wanted).saturating_sub(1);
            at = self.floor((block * BLOCK).max(start));
        }
        let mut left = wanted.saturating_sub(self.units_between(start, at));
        for character in self.get(at..end.max(at)).chars() {
            if left < character.len_utf16() {
                break;
            }
            left -= character.len_utf16();
            at += character.len_utf8();
        }
        at.clamp(start, end)
    }

    fn units_between(&self, start: usize, end: usize) -> usize {
        match self.text.as_bytes().get(start..end) {
            Some(bytes) if bytes.len() <= BLOCK => units(bytes),
            _ => self.units_before(end).saturating_sub(self.units_before(start)),
        }
    }

    fn units_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default();
        self.blocks().get(block).copied().unwrap_or(0) + units(rest)
    }

    fn blocks(&self) -> &[usize] {
        self.blocks.get_or_init(|| {
            let counts = self.text.as_bytes().chunks(BLOCK).scan(0, |before, block| {
                *before += units(block);
                Some(*before)
            });
            std::iter::once(0).chain(counts).collect()
        })
    }

    /// The last place between two characters that is not after `at`.
    fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// Adds the places behind the line ends in a range of a text.
fn line_starts(text: &[u8], range: Range<usize>, lines: &mut Vec<usize>) {
    let part = text.get(range.clone()).unwrap_or_default();
    let breaks = memchr::memchr2_iter(b'\n', b'\r', part).map(|at| range.start + at);
    // Of `\r\n` only the second ends the line.
    let ends_line = |at: &usize| text.get(*at) == Some(&b'\n') || text.get(at + 1) != Some(&b'\n');
    lines.extend(breaks.filter(ends_line).map(|at| at + 1));
}

/// How many units of UTF-16 the characters are that begin in some bytes of UTF-8.
fn units(bytes: &[u8]) -> usize {
    bytes.iter().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(*byte >= 0xf0)).sum()
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
