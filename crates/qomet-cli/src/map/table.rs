//! Every piece of each file on a line: from where to where, and who holds it.

use std::fmt::Write as _;

use qomet::Size;

use super::bar::{bar, letter, number};
use super::window::{HeldFile, Holdings, Piece, Window, files, manner};
use crate::console::Paint;
use crate::text::shown;

/// The widest bar: beyond it the eye gains nothing.
const BAR: usize = 100;

/// The table of each file, in the order in which they are first held.
pub(crate) fn render(windows: &[Window], paint: Paint) -> String {
    let mut out = String::new();
    for file in files(windows) {
        out.push('\n');
        heading(&mut out, &file, paint);
        rows(&mut out, &file, false, paint);
    }
    out
}

/// The picture and table of each file, then what is no file's.
pub(super) fn whole(holdings: &Holdings, width: usize, paint: Paint) -> String {
    let mut out = String::new();
    for file in files(&holdings.windows) {
        if !out.is_empty() {
            out.push('\n');
        }
        heading(&mut out, &file, paint);
        let drawn = bar(&file, width.saturating_sub(4).min(BAR), paint);
        if let Some(bar) = &drawn {
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(out, "  [{bar}]");
        }
        rows(&mut out, &file, drawn.is_some(), paint);
    }
    if !holdings.memory.is_empty() {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", paint.heading("memory of no file"));
        let sizes: Vec<String> = holdings.memory.iter().map(|one| Size(one.size).to_string()).collect();
        let width = sizes.iter().map(String::len).max().unwrap_or_default();
        for (one, size) in holdings.memory.iter().zip(sizes) {
            let manner = manner(one.access, one.present);
            let _ = writeln!(out, "  {size:>width$}  {} ({manner})", paint.name(&shown(&one.object)));
        }
    }
    if out.is_empty() {
        out.push_str("no memory\n");
    }
    out
}

fn heading(out: &mut String, file: &HeldFile<'_>, paint: Paint) {
    let length = file.length.map_or(String::new(), |length| format!(" ({})", Size(length)));
    let _ = writeln!(out, "{}{length}", paint.heading(&shown(file.path)));
}

/// Who holds a piece, and the letter for it in the bar.
fn holders(file: &HeldFile<'_>, piece: &Piece<'_>, paint: Paint) -> (char, String) {
    let name = |window: &&Window| {
        format!("{} ({})", paint.name(&shown(&window.object)), manner(window.access, window.present))
    };
    match piece.holders.as_slice() {
        [] => ('.', paint.faint("hole")),
        [one] => (letter(number(file, one)), name(one)),
        several => {
            let names: Vec<String> = several.iter().map(name).collect();
            ('!', format!("{}: {}", paint.alert("overlap"), names.join(", ")))
        }
    }
}

/// The pieces; with `letters` each with its letter.
fn rows(out: &mut String, file: &HeldFile<'_>, letters: bool, paint: Paint) {
    let cells =
        |piece: &Piece<'_>| [piece.start, piece.end, piece.size()].map(|bytes| Size(bytes).to_string());
    let rows: Vec<[String; 3]> = file.pieces.iter().map(cells).collect();
    let widths = ["start", "end", "size"].map(str::len);
    let [start, end, size] = rows.iter().fold(widths, |[a, b, c], row| {
        let [x, y, z] = row.each_ref().map(String::len);
        [a.max(x), b.max(y), c.max(z)]
    });
    let lead = if letters { "  " } else { "" };
    let title = format!("  {lead}{:>start$}  {:>end$}  {:>size$}  held by", "start", "end", "size");
    let _ = writeln!(out, "{}", paint.faint(&title));
    for ([from, to, length], piece) in rows.iter().zip(&file.pieces) {
        let (letter, holders) = holders(file, piece, paint);
        let lead = if letters { format!("{letter} ") } else { String::new() };
        let _ = writeln!(out, "  {lead}{from:>start$}  {to:>end$}  {length:>size$}  {holders}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::{File, Memory};
    use super::*;
    use crate::console::Console;

    const GIB: u64 = 1 << 30;

    fn window(object: &str, start: u64, end: u64) -> Window {
        Window {
            path: "/dev/shm/vm".to_owned(),
            file: File::Path("/dev/shm/vm".into()),
            length: Some(4 * GIB),
            object: object.to_owned(),
            start,
            end,
            access: "shared",
            present: None,
        }
    }

    fn text(windows: &[Window]) -> String {
        let paint = Console::of(std::io::empty(), std::io::sink(), std::io::sink(), 80).paint();
        render(windows, paint)
    }

    #[test]
    fn holes_are_shown_at_both_ends_and_between() {
        let windows = [window("high", 3 * GIB, 7 * (GIB / 2)), window("low", GIB, 2 * GIB)];
        insta::assert_snapshot!(text(&windows), @r"
        /dev/shm/vm (4 GiB)
             start       end     size  held by
               0 B     1 GiB    1 GiB  hole
             1 GiB     2 GiB    1 GiB  low (shared)
             2 GiB     3 GiB    1 GiB  hole
             3 GiB  3584 MiB  512 MiB  high (shared)
          3584 MiB     4 GiB  512 MiB  hole
        ");
    }

    #[test]
    fn an_overlap_names_all_who_hold_it() {
        let windows = [window("a", 0, 2 * GIB), window("b", GIB, 4 * GIB)];
        insta::assert_snapshot!(text(&windows), @r"
        /dev/shm/vm (4 GiB)
          start    end   size  held by
            0 B  1 GiB  1 GiB  a (shared)
          1 GiB  2 GiB  1 GiB  overlap: a (shared), b (shared)
          2 GiB  4 GiB  2 GiB  b (shared)
        ");
    }

    #[test]
    fn one_file_by_two_names_is_one_file() {
        let mut other = window("b", 2 * GIB, 4 * GIB);
        other.path = "/dev/shm/link".to_owned();
        insta::assert_snapshot!(text(&[window("a", 0, 2 * GIB), other]), @r"
        /dev/shm/vm (4 GiB)
          start    end   size  held by
            0 B  2 GiB  2 GiB  a (shared)
          2 GiB  4 GiB  2 GiB  b (shared)
        ");
    }

    #[test]
    fn a_picture_shows_what_the_table_says() {
        let windows =
            [window("low", 0, 2 * GIB), window("both", GIB, 3 * GIB), window("tiny", 4 * GIB - 1, 4 * GIB)];
        let memory =
            vec![Memory { object: "own".to_owned(), size: GIB, access: "private", present: Some(GIB / 4) }];
        let paint = Console::of(std::io::empty(), std::io::sink(), std::io::sink(), 80).paint();
        let text = whole(&Holdings { windows: windows.to_vec(), memory }, 44, paint);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn of_many_objects_there_is_no_picture() {
        let windows: Vec<Window> = (0..50).map(|at| window("a", at * GIB, (at + 1) * GIB)).collect();
        let paint = Console::of(std::io::empty(), std::io::sink(), std::io::sink(), 80).paint();
        let text = whole(&Holdings { windows, memory: Vec::new() }, 40, paint);
        assert!(!text.contains('['), "{text}");
        assert_eq!(text.lines().count(), 52);
    }

    #[test]
    fn no_file_gives_no_text() {
        assert_eq!(text(&[]), "");
    }
}
