//! The map as a picture: a band for each file, its windows on it in lanes, holes hatched, overlaps marked.
//!
//! Plain SVG: no script, no font of its own, the same for the same input. Every mark says exactly what it is when the
//! pointer rests on it.

use std::fmt::Write as _;

use qomet::Size;

use super::scale::spans;
use super::window::{HeldFile, Holdings, Window, files, manner};
use crate::text::shown;

/// The picture's width, but for many pieces.
const WIDTH: usize = 960;
const MARGIN: usize = 16;
/// The height of a lane, and the space below it.
const LANE: usize = 30;
const GAP: usize = 4;
/// About the width of a letter.
const LETTER: usize = 7;
/// The least width of a piece, where there is room.
const LEAST: usize = 12;

/// Colours that are told apart by everybody, and on which black is read.
const COLOURS: [&str; 8] =
    ["#8ecae6", "#ffd166", "#a7d49b", "#f4a6c0", "#c8b6ff", "#ffb385", "#9fd8cb", "#d9d2b0"];

/// Draws everything.
pub(super) fn draw(holdings: &Holdings) -> String {
    let files = files(&holdings.windows);
    let most = files.iter().map(|file| file.pieces.len()).max().unwrap_or_default();
    let room = (WIDTH - 2 * MARGIN).max(most.saturating_mul(2));
    let mut body = String::new();
    let mut y = MARGIN;
    for file in &files {
        y = draw_file(&mut body, file, room, y);
    }
    if !holdings.memory.is_empty() {
        text(&mut body, MARGIN, y + 14, "file", "memory of no file");
        y += 22;
        for one in &holdings.memory {
            let line =
                format!("{}: {} ({})", shown(&one.object), Size(one.size), manner(one.access, one.present));
            text(&mut body, MARGIN, y + 14, "label", &line);
            y += 20;
        }
        y += MARGIN;
    }
    let (width, height) = (room + 2 * MARGIN, y.max(2 * MARGIN));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <defs>\n\
         <pattern id=\"hole\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect width=\"8\" height=\"8\" fill=\"#f3f3f3\"/>\
         <rect width=\"2\" height=\"8\" fill=\"#d5d5d5\"/></pattern>\n\
         <style>.file {{ font-weight: bold }} .mark {{ font-size: 11px; fill: #555 }}</style>\n\
         </defs>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         {body}</svg>\n"
    )
}

/// Draws a file from `y` on; returns where the next one begins.
fn draw_file(out: &mut String, file: &HeldFile<'_>, room: usize, y: usize) -> usize {
    let sizes: Vec<u64> = file.pieces.iter().map(|piece| piece.size()).collect();
    let least = (room / (2 * sizes.len().max(1))).clamp(1, LEAST);
    let widths = spans(&sizes, room, least).unwrap_or_default();
    // Where each cut is, the end of the file last.
    let mut cuts: Vec<(u64, usize)> = Vec::new();
    let mut x = MARGIN;
    for (piece, width) in file.pieces.iter().zip(&widths) {
        cuts.push((piece.start, x));
        x += width;
    }
    cuts.extend(file.pieces.last().map(|piece| (piece.end, x)));
    let at = |byte: u64| cuts.iter().find(|(cut, _)| *cut == byte).map_or(MARGIN, |(_, x)| *x);

    let length = file.length.map_or(String::new(), |length| format!(" ({})", Size(length)));
    text(out, MARGIN, y + 14, "file", &format!("{}{length}", shown(file.path)));
    let top = y + 24;
    let lanes = lanes(&file.windows);
    let count = lanes.iter().max().map_or(0, |last| last + 1);
    let height = count * (LANE + GAP) - GAP.min(count * GAP);
    for (piece, width) in file.pieces.iter().zip(&widths).filter(|(piece, _)| piece.holders.is_empty()) {
        let about = range("hole", piece.start, piece.end);
        rect(out, (at(piece.start), top, *width, height), "fill=\"url(#hole)\" stroke=\"#d5d5d5\"", &about);
    }
    for (number, (window, lane)) in file.windows.iter().zip(&lanes).enumerate() {
        let (from, to) = (at(window.start), at(window.end));
        let colour = COLOURS.get(number % COLOURS.len()).copied().unwrap_or("#cccccc");
        let y = top + lane * (LANE + GAP);
        let about = range(
            &format!("{} ({})", window.object, manner(window.access, window.present)),
            window.start,
            window.end,
        );
        let paint = format!("fill=\"{colour}\" stroke=\"#555555\"");
        rect(out, (from, y, to - from, LANE), &paint, &about);
        let (name, size) = (shown(&window.object), Size(window.end - window.start).to_string());
        let fits = |text: &str| (text.chars().count() + 1) * LETTER <= to - from;
        let full = format!("{name}, {size}");
        if let Some(label) = [full, name].into_iter().find(|label| fits(label)) {
            text(out, from + 5, y + 20, "label", &label);
        }
    }
    // On top, so that nobody misses them.
    for (piece, width) in file.pieces.iter().zip(&widths).filter(|(piece, _)| piece.holders.len() > 1) {
        let names: Vec<&str> = piece.holders.iter().map(|one| one.object.as_str()).collect();
        let about = range(&format!("overlap of {}", names.join(", ")), piece.start, piece.end);
        let place = (at(piece.start), top.saturating_sub(3), *width, height + 6);
        rect(
            out,
            place,
            "fill=\"#cc0000\" fill-opacity=\"0.2\" stroke=\"#cc0000\" stroke-width=\"2\"",
            &about,
        );
    }
    let marks = top + height + 16;
    let mut free = 0;
    for (byte, x) in &cuts {
        let mark = Size(*byte).to_string();
        // The last one stands before its cut.
        let width = mark.chars().count() * LETTER;
        let x = (*x).min((MARGIN + room).saturating_sub(width));
        if x >= free {
            text(out, x, marks, "mark", &mark);
            free = x + width + LETTER;
        }
    }
    marks + 2 * MARGIN
}

/// In which lane each window is: those of a lane do not overlap.
fn lanes(windows: &[&Window]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..windows.len()).collect();
    order.sort_by_key(|number| windows.get(*number).map(|window| window.start));
    let mut lanes = vec![0; windows.len()];
    let mut ends: Vec<u64> = Vec::new();
    for number in order {
        let (Some(window), Some(lane)) = (windows.get(number), lanes.get_mut(number)) else { continue };
        *lane = ends.iter().position(|end| *end <= window.start).unwrap_or(ends.len());
        match ends.get_mut(*lane) {
            Some(end) => *end = window.end,
            None => ends.push(window.end),
        }
    }
    lanes
}

fn range(what: &str, start: u64, end: u64) -> String {
    format!("{}: bytes {start} to {end}, {}", shown(what), Size(end - start))
}

fn rect(out: &mut String, (x, y, width, height): (usize, usize, usize, usize), paint: &str, about: &str) {
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {paint}><title>{}</title></rect>",
        escaped(about)
    );
}

fn text(out: &mut String, x: usize, y: usize, class: &str, text: &str) {
    let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>", escaped(text));
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::window::File;
    use super::*;

    fn window(object: &str, start: u64, end: u64) -> Window {
        Window {
            path: "/tmp/a&b".to_owned(),
            file: File::Path("/tmp/a&b".into()),
            length: Some(4096),
            object: object.to_owned(),
            start,
            end,
            access: "shared",
            present: None,
        }
    }

    #[test]
    fn windows_that_overlap_stand_in_lanes() {
        let windows = [window("a", 0, 10), window("b", 5, 15), window("c", 10, 20), window("d", 0, 20)];
        assert_eq!(lanes(&windows.iter().collect::<Vec<_>>()), [0, 2, 0, 1]);
    }

    #[test]
    fn a_picture_is_xml_and_names_everything() {
        let windows = vec![window("low<1>", 0, 2048), window("high", 1024, 3000)];
        let picture = draw(&Holdings { windows, memory: Vec::new() });

        let parsed = roxmltree::Document::parse(&picture).unwrap();
        let titles: Vec<&str> = parsed
            .descendants()
            .filter(|node| node.has_tag_name("title"))
            .filter_map(|node| node.text())
            .collect();
        assert_eq!(
            titles,
            [
                "hole: bytes 3000 to 4096, 1096 B",
                "low<1> (shared): bytes 0 to 2048, 2 KiB",
                "high (shared): bytes 1024 to 3000, 1976 B",
                "overlap of low<1>, high: bytes 1024 to 2048, 1 KiB",
            ]
        );
    }

    #[test]
    fn of_nothing_there_is_an_empty_picture() {
        let picture = draw(&Holdings::default());
        assert!(
            roxmltree::Document::parse(&picture)
                .unwrap()
                .descendants()
                .all(|node| !node.has_tag_name("title"))
        );
    }
}
