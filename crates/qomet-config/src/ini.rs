//! Files of QEMU's option `-readconfig`: sections of keys and values.
//!
//! ```text
//! [object "ram0"]
//!   qom-type = "memory-backend-ram"
//!   size = "1G"
//! ```
//!
//! A section named `object` is a bag, and the text in quotes its id; keys and values mean what they mean in the dialect
//! `keyval`. Sections of another name are told to whoever asks, and left alone. As in QEMU a value cannot contain a
//! quote, and what stands behind its closing one is ignored; blank lines, comments and the heads of sections may be
//! indented, which QEMU does not take.

use std::ops::Range;

use qomet::Diagnostics;

use crate::line::{Context, Reporter, key};
use crate::syntax_error::SyntaxErrorKind;
use crate::tape::{Atom, Builder, Dialect, Entry, Implied, Kind, Tape, wrap};

/// QEMU reads lines in pieces of so many bytes, their end included.
pub(crate) const LINE_LIMIT: usize = 1023;
/// A key has at most so many bytes.
pub(crate) const KEY_LIMIT: usize = 63;

/// A line with its place.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Without its line break.
    pub(crate) text: &'a str,
    /// The offset of its first byte.
    pub(crate) start: usize,
}

/// What a line is.
enum Content<'a> {
    Nothing,
    Section {
        group: &'a str,
        id: Option<Range<usize>>,
    },
    Pair {
        key: Range<usize>,
        value: Range<usize>,
    },
    /// A pair whose value has no closing quote.
    Open {
        key: Range<usize>,
        value: Range<usize>,
    },
    Other,
}

/// Whether a text is such a file and not JSON: its first line that says something is a section or a pair.
pub(crate) fn is_ini(text: &str) -> bool {
    let mut text = text.trim_start();
    while text.starts_with('#') {
        text = text.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
    }
    // A document of JSON may be one long line, of which no more than its beginning is looked at.
    if !text.strip_prefix('[').unwrap_or(text).starts_with(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    match lines(text).next().map_or(Content::Nothing, Line::content) {
        Content::Section { group, .. } => {
            group.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        }
        Content::Pair { .. } => true,
        Content::Nothing | Content::Open { .. } | Content::Other => false,
    }
}

/// The sections that are no objects.
pub(crate) fn others(text: &str) -> Vec<String> {
    let sections = lines(text).filter_map(|line| match line.content() {
        Content::Section { group, .. } if group != "object" => Some(format!("[{group}]")),
        _ => None,
    });
    sections.collect()
}

impl<'a> Tape<'a> {
    /// Parses sections that stand in no [`Sources`](crate::Sources). Their places are those of source number 0.
    #[must_use]
    pub fn sections(text: &'a str, diagnostics: &mut Diagnostics) -> Tape<'a> {
        parse(Context { text, source: 0, origin: None }, diagnostics)
    }
}

/// Parses a file into a list of bags.
pub(crate) fn parse<'a>(context: Context<'a>, diagnostics: &mut Diagnostics) -> Tape<'a> {
    let text = context.text;
    let mut report = Reporter::new(context, diagnostics);
    let mut tokens = Vec::new();
    wrap(Kind::List, 0, text.len(), &mut tokens, |tokens| {
        let mut section: Option<(Line<'a>, Builder<'a>)> = None;
        let mut close = |section: Option<(Line<'a>, Builder<'a>)>, report: &mut Reporter<'a, '_>| {
            let Some((line, builder)) = section else { return };
            let clashes = builder.finish(line.start, line.start + line.text.len(), tokens);
            report.clashes(clashes);
        };
        // Whether what follows belongs to a section that is no object.
        let mut skipping = false;
        for line in lines(text) {
            if report.is_exhausted() {
                break;
            }
            let end = line.start + line.text.len();
            if line.text.len() > LINE_LIMIT {
                let kind = SyntaxErrorKind::LineTooLong { length: line.text.len(), limit: LINE_LIMIT };
                report.at(line.start, end, kind);
                continue;
            }
            match line.content() {
                Content::Nothing => {}
                Content::Section { group, id } => {
                    close(section.take(), &mut report);
                    skipping = group != "object";
                    if !skipping {
                        let mut builder = Builder::new(text);
                        if let Some(id) = id {
                            let name = Atom::implied(Implied::Id, id.start, 0);
                            let value = Atom::word(id.start, id.end);
                            let _ = builder.put(&Entry { key: vec![name], value });
                        }
                        section = Some((line, builder));
                    }
                }
                Content::Pair { .. } | Content::Open { .. } if skipping => {}
                Content::Pair { key: at, value } => match &mut section {
                    None => report.at(line.start, end, SyntaxErrorKind::NoSection),
                    Some((_, builder)) => {
                        put(builder, text, at, Atom::word(value.start, value.end), &mut report)
                    }
                },
                Content::Open { key: at, value } => {
                    let found = text.get(value.clone()).unwrap_or_default().to_owned();
                    report.at(
                        value.start - 1,
                        value.end,
                        SyntaxErrorKind::UnterminatedString { text: found },
                    );
                    if let Some((_, builder)) = &mut section {
                        // It is not missing as well.
                        put(builder, text, at, Atom::damaged(value.start, value.end), &mut report);
                    }
                }
                Content::Other => report.at(line.start, end, SyntaxErrorKind::NotASectionLine),
            }
        }
        close(section, &mut report);
    });
    report.tape(tokens, Dialect::Keyval)
}

fn put<'a>(
    builder: &mut Builder<'a>,
    text: &'a str,
    at: Range<usize>,
    value: Atom,
    report: &mut Reporter<'_, '_>,
) {
    if at.len() > KEY_LIMIT {
        report.at(at.start, at.end, SyntaxErrorKind::KeyTooLong { length: at.len(), limit: KEY_LIMIT });
        return;
    }
    let Some(key) = key(text, at.start, at.end, report) else { return };
    if let Err(clash) = builder.put(&Entry { key, value }) {
        report.clashes([clash]);
    }
}

/// The lines of a text.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let here = start;
        start += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        Line { text: line.strip_suffix('\r').unwrap_or(line), start: here }
    })
}

impl<'a> Line<'a> {
    /// The name of the section that begins here, if one does.
    pub(crate) fn group(self) -> Option<&'a str> {
        match self.content() {
            Content::Section { group, .. } => Some(group),
            _ => None,
        }
    }

    fn content(self) -> Content<'a> {
        let text = self.text.trim_start();
        let start = self.start + (self.text.len() - text.len());
        if text.is_empty() || text.starts_with('#') {
            return Content::Nothing;
        }
        match text.strip_prefix('[') {
            Some(inside) => section(inside, start + 1),
            None => pair(text, start),
        }
    }
}

/// `object "ram0"]` or `object]`, which starts at `start`.
fn section(inside: &str, start: usize) -> Content<'_> {
    let Some(end) = inside.find([']', ' ', '\t']) else { return Content::Other };
    let (group, rest) = inside.split_at(end);
    if rest.starts_with(']') {
        return Content::Section { group, id: None };
    }
    let quoted = rest.trim_start().strip_prefix('"').and_then(|rest| Some((rest, rest.find('"')?)));
    match quoted {
        Some((id, length)) if id.get(length + 1..).is_some_and(|rest| rest.trim_start().starts_with(']')) => {
            let from = start + (inside.len() - id.len());
            Content::Section { group, id: Some(from..from + length) }
        }
        _ => Content::Other,
    }
}

/// `key = "value"`, which starts at `start`.
fn pair(text: &str, start: usize) -> Content<'_> {
    let Some((key, rest)) = text.split_once('=') else { return Content::Other };
    // QEMU takes all up to white space for the key; behind the '=' it needs none.
    let (name, behind) = (key.trim_end(), rest.trim_start());
    let spaced = name.len() < key.len() && !name.contains(char::is_whitespace);
    let Some(value) = behind.strip_prefix('"').filter(|_| spaced && !name.is_empty()) else {
        return Content::Other;
    };
    let from = start + (text.len() - value.len());
    match value.find('"') {
        Some(length) => Content::Pair { key: start..start + name.len(), value: from..from + length },
        None => Content::Open { key: start..start + name.len(), value: from..from + value.len() },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use qomet::InputKind;

    use super::*;

    fn read(text: &str) -> (String, Vec<String>) {
        let mut diagnostics = Diagnostics::new();
        let tape = parse(Context { text, source: 0, origin: None }, &mut diagnostics);
        let bags = tape.root().elements().map(|bag| {
            let members = bag.members().map(|(name, value)| {
                let value = match value.kind() {
                    InputKind::List => format!("[{}]", value.elements().count()),
                    InputKind::Damaged => "!".to_owned(),
                    _ => value.str().unwrap_or_default().into_owned(),
                };
                format!("{}:{value}", name.str().unwrap())
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(" "))
        });
        let bags = bags.collect();
        let found = diagnostics.take();
        let shown = found.iter().map(|one| {
            let place = one.place().unwrap();
            format!("{}: {}", one.code(), &text[place.start as usize..place.end as usize])
        });
        (bags, shown.collect())
    }

    #[test]
    fn a_section_is_a_bag() {
        let text = "# of two\n[object \"a\"]\n  qom-type = \"t\"\n\tsize = \"1G\" # one\n\n[object \"b\"]\r\n  l.1 = \"y, z\"\r\n  l.0 = \"\"\r\n";
        assert_eq!(read(text), ("{id:a qom-type:t size:1G}{id:b l:[2]}".to_owned(), vec![]));
    }

    #[test]
    fn white_space_stands_before_the_equals_sign_and_may_stand_behind_it() {
        let (bags, mistakes) = read("[object \"a\"]\n k =\"1\"\nl\t=  \"2\"\nm= \"3\"\nn=\"4\"\n");
        assert_eq!(bags, "{id:a k:1 l:2}");
        assert_eq!(mistakes, ["not-a-section-line: m= \"3\"", "not-a-section-line: n=\"4\""]);
    }

    #[test]
    fn other_sections_are_left_alone() {
        let text = "[drive \"d\"]\n  file = \"x\"\n[object \"a\"]\n[machine]\n  type = \"none\"\n";
        assert_eq!(read(text), ("{id:a}".to_owned(), vec![]));
        assert_eq!(others(text), ["[drive]", "[machine]"]);
    }

    #[test]
    fn every_mistake_is_told() {
        let text = "a = \"1\"\n[object \"x\"]\nb=\"2\"\nc = 3\n[object \"y]\n  1d = \"4\"\n  e = \"5\n";
        let found = [
            "no-section: a = \"1\"",
            "not-a-section-line: b=\"2\"",
            "not-a-section-line: c = 3",
            "not-a-section-line: [object \"y]",
            "invalid-key: 1d",
            "unterminated-string: \"5",
        ];
        assert_eq!(read(text), ("{id:x e:!}".to_owned(), found.map(str::to_owned).to_vec()));
    }

    #[test]
    fn lines_and_keys_are_bounded() {
        let text = format!("[object \"x\"]\n{} = \"1\"\na = \"{}\"\n", "k".repeat(64), "v".repeat(1020));
        let codes: Vec<_> =
            read(&text).1.iter().map(|one| one.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(codes, ["key-too-long", "line-too-long"]);
    }

    #[test]
    fn content_tells_it_from_json() {
        for text in ["[object \"a\"]", "# x\n\n[drive]\n", "a = \"1\"", "\n  [machine]"] {
            assert!(is_ini(text), "{text:?}");
        }
        for text in
            ["", "{}", "[]", "[{\"id\": \"a\"}]", "[\n", "[1]", "[\"object\"]", "# x", "{\"a\" = \"b\"}"]
        {
            assert!(!is_ini(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([\\[\\]\"= a#.1\n]{0,60}|.{0,60})") {
            let _ = (read(&text), is_ini(&text), others(&text));
        }
    }
}
