//! A document: its text, and what an editor calls the places in it.
//!
//! Editors count lines from 0 and columns in units of UTF-16, where a character outside of the Basic Multilingual Plane is
//! two. A line ends with `\n`, `\r\n` or `\r`. A document may be one line of megabytes, so the units before each block
//! of the text are counted once.

use std::ops::Range;

use lsp_types::Position;

/// Up to so many bytes units are counted one by one.
const BLOCK: usize = 1024;

/// A text with its lines.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    /// Where each line starts.
    lines: Vec<usize>,
    /// How many units of UTF-16 begin before each block.
    blocks: Vec<usize>,
}

impl Text {
    pub(super) fn new(text: String) -> Self {
        let bytes = text.as_bytes();
        let ends_line = |(at, byte): &(usize, &u8)| match byte {
            b'\n' => true,
            // Of `\r\n` only the second ends the line.
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let breaks = bytes.iter().enumerate().filter(ends_line);
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        let mut before = 0;
        let mut blocks = vec![0];
        for block in bytes.chunks(BLOCK) {
            before += units(block);
            blocks.push(before);
        }
        Text { lines, blocks, text }
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
        let mut changed = std::mem::take(&mut self.text);
        changed.replace_range(start..end, text);
        *self = Text::new(changed);
    }

    /// The line and column of a byte; of one behind the end, the end.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or(0);
        Position {
            line: narrow(line),
            character: narrow(self.units_before(offset) - self.units_before(start)),
        }
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
        let wanted = self.units_before(start) + usize::try_from(position.character).unwrap_or(usize::MAX / 2);
        // The last block that begins at or before what is wanted, and then one by one.
        let block = self.blocks.partition_point(|before| *before <= wanted).saturating_sub(1);
        let mut at = self.floor((block * BLOCK).max(start));
        let mut left = wanted.saturating_sub(self.units_before(at));
        for character in self.get(at..end.max(at)).chars() {
            if left < character.len_utf16() {
                break;
            }
            left -= character.len_utf16();
            at += character.len_utf8();
        }
        at.clamp(start, end)
    }

    fn units_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default();
        self.blocks.get(block).copied().unwrap_or(0) + units(rest)
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

/// How many units of UTF-16 the characters are that begin in some bytes of UTF-8.
fn units(bytes: &[u8]) -> usize {
    bytes.iter().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(*byte >= 0xf0)).sum()
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
