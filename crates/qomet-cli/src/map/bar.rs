//! The pieces of a file as one line: a letter for each object, `.` for a hole, `!` for an overlap.

use super::scale::spans;
use super::window::{HeldFile, Window};
use crate::console::Paint;

/// The letter of the object with this number among those of its file.
pub(super) fn letter(number: usize) -> char {
    ('A'..='Z').chain('a'..='z').nth(number).unwrap_or('+')
}

/// The number of an object among those of its file.
pub(super) fn number(file: &HeldFile<'_>, window: &Window) -> usize {
    file.windows.iter().position(|one| std::ptr::eq(*one, window)).unwrap_or(usize::MAX)
}

/// The line, if `width` columns are enough.
pub(super) fn bar(file: &HeldFile<'_>, width: usize, paint: Paint) -> Option<String> {
    let sizes: Vec<u64> = file.pieces.iter().map(|piece| piece.size()).collect();
    let spans = spans(&sizes, width, 1)?;
    let mut line = String::new();
    for (piece, span) in file.pieces.iter().zip(spans) {
        let text = |c: char| String::from(c).repeat(span);
        line.push_str(&match piece.holders.as_slice() {
            [] => paint.faint(&text('.')),
            [one] => paint.name(&text(letter(number(file, one)))),
            _ => paint.alert(&text('!')),
        });
    }
    Some(line)
}
