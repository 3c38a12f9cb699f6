//! Small pieces of text.

use std::fmt::Write as _;
use std::io;

/// What a user or the host named, with control characters made visible: it must not move the cursor.
pub(crate) fn shown(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Why a call of the host failed, without the error's number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// `1 file`, `2 files`, `no files`.
pub(crate) fn count(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// Breaks `text` at white space into lines of at most `width` characters; a longer word has a line of its own.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().flat_map(|paragraph| fill(paragraph.split_whitespace(), width)).collect();
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// Puts words, which may hold spaces, into lines of at most `width` characters.
pub(crate) fn fill<'a>(words: impl IntoIterator<Item = &'a str>, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut length) = (Vec::new(), String::new(), 0);
    for word in words {
        let more = word.chars().count();
        if length > 0 && length + 1 + more > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += more;
    }
    lines.push(line);
    lines
}

/// Appends `text`, wrapped, each line after `indent`.
pub(crate) fn indented(out: &mut String, indent: &str, text: &str, width: usize) {
    for line in wrap(text, width.saturating_sub(indent.chars().count())) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{indent}{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_white_space() {
        assert_eq!(wrap("one two  three", 8), ["one two", "three"]);
    }

    #[test]
    fn a_word_that_does_not_fit_has_its_own_line() {
        assert_eq!(wrap("a verylongword b", 4), ["a", "verylongword", "b"]);
    }

    #[test]
    fn nothing_is_one_empty_line() {
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn control_characters_are_made_visible() {
        assert_eq!(shown("a\u{1b}[2J\n"), "a\\u{1b}[2J\\n");
    }

    #[test]
    fn an_error_of_the_host_has_no_number() {
        assert_eq!(reason(&io::Error::from_raw_os_error(2)), "No such file or directory");
    }
}
