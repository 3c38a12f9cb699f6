//! Aligned columns, the last one wrapped to the width of the terminal.
//!
//! Where the last column would have too little room, a long name gets a line of its own, so that one outlier does not
//! push everything to the right; where even that is not enough, the last column goes below its row.

use crate::console::Paint;
use crate::text::wrap;

/// Spaces between columns.
const GAP: usize = 2;
/// The least room in which the last column is readable.
const ROOM: usize = 28;
/// What the first column is cut to where room is short.
const NAME: usize = 24;

/// Rows of cells under headings.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Row>,
}

enum Row {
    Cells(Vec<String>),
    Section(String),
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(headings: impl Into<Vec<&'static str>>) -> Self {
        Table { headings: headings.into(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(Row::Cells(cells.into()));
    }

    /// Adds a line across all columns.
    pub(crate) fn section(&mut self, title: impl Into<String>) {
        self.rows.push(Row::Section(title.into()));
    }

    /// The text of the table.
    pub(crate) fn render(&self, width: usize, paint: Paint) -> String {
        let last = self.headings.len().saturating_sub(1);
        let mut widths: Vec<usize> = self.headings.iter().map(|heading| heading.chars().count()).collect();
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(cell.chars().count());
                }
            }
        }
        let room_before = |widths: &[usize]| widths.iter().take(last).map(|width| width + GAP).sum::<usize>();
        if let (true, Some(name)) = (width < room_before(&widths) + ROOM, widths.first_mut()) {
            *name = (*name).min(NAME);
        }
        let before = room_before(&widths);
        let (indent, below) = if width >= before + ROOM { (before, false) } else { (4, true) };
        let room = width.saturating_sub(indent);
        let mut out = String::new();
        let headings: Vec<String> = self.headings.iter().map(|&heading| heading.to_owned()).collect();
        let mut line = |cells: &[String], style: &dyn Fn(usize, &str) -> String| {
            for (column, (cell, width)) in cells.iter().zip(&widths).enumerate().take(last) {
                out.push_str(&style(column, cell));
                let length = cell.chars().count();
                if length > *width && cells.len() > 1 {
                    out.push('\n');
                    out.extend(std::iter::repeat_n(' ', width + GAP));
                } else {
                    out.extend(std::iter::repeat_n(' ', width.saturating_sub(length) + GAP));
                }
            }
            let text = cells.get(last).map_or("", String::as_str);
            for (count, piece) in wrap(text, room).iter().enumerate() {
                if count > 0 || (below && !piece.is_empty()) {
                    trim(&mut out);
                    out.push('\n');
                    out.extend(std::iter::repeat_n(' ', indent));
                }
                out.push_str(&style(last, piece));
            }
            trim(&mut out);
            out.push('\n');
        };
        line(&headings, &|_, text| paint.heading(text));
        for row in &self.rows {
            match row {
                Row::Cells(cells) => {
                    line(cells, &|column, text| if column == 0 { paint.name(text) } else { text.to_owned() });
                }
                Row::Section(title) => line(std::slice::from_ref(title), &|_, text| paint.faint(text)),
            }
        }
        out
    }
}

/// Takes spaces off the end.
fn trim(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Console;

    fn render(width: usize) -> String {
        let mut table = Table::new(["NAME", "KIND", "DESCRIPTION"]);
        table.row(["speed".to_owned(), "u8".to_owned(), "How fast it goes, in all weather".to_owned()]);
        table.section("of the parent");
        table.row(["x".to_owned(), String::new(), String::new()]);
        table.render(width, plain())
    }

    fn plain() -> Paint {
        Console::of(std::io::empty(), std::io::sink(), std::io::sink(), 80).paint()
    }

    #[test]
    fn the_last_column_wraps() {
        insta::assert_snapshot!(render(42), @r"
        NAME   KIND  DESCRIPTION
        speed  u8    How fast it goes, in all
                     weather
        of the parent
        x
        ");
    }

    #[test]
    fn a_name_that_takes_all_the_room_has_its_own_line() {
        let mut table = Table::new(["NAME", "DESCRIPTION"]);
        table.row(["a-name-that-leaves-no-room-for-more".to_owned(), "That is long".to_owned()]);
        table.row(["short".to_owned(), "That is short".to_owned()]);
        insta::assert_snapshot!(table.render(60, plain()), @r"
        NAME                      DESCRIPTION
        a-name-that-leaves-no-room-for-more
                                  That is long
        short                     That is short
        ");
    }

    #[test]
    fn without_room_the_last_column_goes_below() {
        insta::assert_snapshot!(render(30), @r"
        NAME   KIND
            DESCRIPTION
        speed  u8
            How fast it goes, in all
            weather
        of the parent
        x
        ");
    }
}
