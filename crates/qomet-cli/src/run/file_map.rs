//! Which object holds which bytes of which file.
//!
//! Each file is cut where a window starts or ends, so that every line says who holds all of its bytes: nobody (a
//! hole), one object, or several (an overlap).

use std::fmt::Write as _;
use std::path::PathBuf;

use qomet::{ObjectRef, Size};
use qomet_backends::memory::HostMemory;

use crate::console::Paint;
use crate::host;
use crate::text::shown;

/// What an object holds of a file.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// The path by which the object names the file.
    pub(super) path: String,
    pub(super) file: File,
    /// The length of the file in bytes, if it has one.
    pub(super) length: Option<u64>,
    /// The object.
    pub(super) object: String,
    /// The first byte.
    pub(super) start: u64,
    /// The byte after the last one.
    pub(super) end: u64,
    /// How it is mapped.
    pub(super) access: &'static str,
}

/// Tells files apart, whatever their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum File {
    Inode { device: u64, inode: u64 },
    Path(PathBuf),
}

/// The windows of the objects that hold memory of a file.
pub(super) fn windows(objects: &[ObjectRef]) -> Vec<Window> {
    objects.iter().filter_map(window).collect()
}

fn window(object: &ObjectRef) -> Option<Window> {
    let memory = object.interface::<dyn HostMemory>()?;
    let (region, path) = (memory.region(), memory.path()?);
    // A device has no identity of its own: its path does.
    let file = region.file_id().map_or_else(
        || File::Path(path.to_owned()),
        |file| File::Inode { device: file.device, inode: file.inode },
    );
    Some(Window {
        path: path.to_string_lossy().into_owned(),
        file,
        length: region.file().and_then(|file| host::file_length(file)),
        object: object.name().to_owned(),
        start: region.file_offset(),
        end: region.file_offset().saturating_add(region.len()),
        access: match (region.is_shared(), region.is_readonly()) {
            (true, false) => "shared",
            (true, true) => "shared, read-only",
            (false, false) => "private",
            (false, true) => "private, read-only",
        },
    })
}

/// The map of each file, in the order in which they are first held.
pub(super) fn render(windows: &[Window], paint: Paint) -> String {
    let mut files: Vec<&File> = Vec::new();
    for window in windows {
        if !files.contains(&&window.file) {
            files.push(&window.file);
        }
    }
    let mut out = String::new();
    for file in files {
        let held: Vec<&Window> = windows.iter().filter(|window| window.file == *file).collect();
        render_file(&mut out, &held, paint);
    }
    out
}

/// A range of a file, and who holds all of it.
struct Piece<'w> {
    start: u64,
    end: u64,
    holders: Vec<&'w Window>,
}

fn pieces<'w>(windows: &[&'w Window], length: Option<u64>) -> Vec<Piece<'w>> {
    let mut cuts: Vec<u64> = std::iter::once(0).chain(length).collect();
    cuts.extend(windows.iter().flat_map(|window| [window.start, window.end]));
    cuts.sort_unstable();
    cuts.dedup();
    let ends = cuts.iter().skip(1);
    cuts.iter()
        .zip(ends)
        .map(|(&start, &end)| {
            let holds = |window: &&&Window| window.start < end && start < window.end;
            Piece { start, end, holders: windows.iter().filter(holds).copied().collect() }
        })
        .collect()
}

fn render_file(out: &mut String, windows: &[&Window], paint: Paint) {
    let Some(first) = windows.first() else { return };
    let length = first.length.map_or(String::new(), |length| format!(" ({})", Size(length)));
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "\n{}{length}", paint.heading(&shown(&first.path)));
    let mut rows: Vec<[String; 3]> = Vec::new();
    let mut holders: Vec<String> = Vec::new();
    for piece in pieces(windows, first.length) {
        let size = piece.end - piece.start;
        rows.push([Size(piece.start).to_string(), Size(piece.end).to_string(), Size(size).to_string()]);
        let names: Vec<String> = piece
            .holders
            .iter()
            .map(|window| format!("{} ({})", paint.name(&shown(&window.object)), window.access))
            .collect();
        holders.push(match names.len() {
            0 => paint.faint("hole"),
            1 => names.join(""),
            _ => format!("{}: {}", paint.alert("overlap"), names.join(", ")),
        });
    }
    let widths = ["start", "end", "size"].map(str::len);
    let widths = rows.iter().fold(widths, |widths, row| {
        let [a, b, c] = widths;
        let [x, y, z] = row.each_ref().map(String::len);
        [a.max(x), b.max(y), c.max(z)]
    });
    let [start, end, size] = widths;
    let title = format!("  {:>start$}  {:>end$}  {:>size$}  held by", "start", "end", "size");
    let _ = writeln!(out, "{}", paint.faint(&title));
    for ([from, to, length], holder) in rows.iter().zip(holders) {
        let _ = writeln!(out, "  {from:>start$}  {to:>end$}  {length:>size$}  {holder}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Console;

    const GIB: u64 = 1 << 30;

    fn window(object: &str, start: u64, end: u64) -> Window {
        Window {
            path: "/dev/shm/vm".to_owned(),
            file: File::Inode { device: 1, inode: 7 },
            length: Some(4 * GIB),
            object: object.to_owned(),
            start,
            end,
            access: "shared",
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
    fn no_file_gives_no_text() {
        assert_eq!(text(&[]), "");
    }
}
