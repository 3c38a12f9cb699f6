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

use qomet::{Diagnostics, nearest};

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
    /// What is nearly a section: with the id that it was meant to have, if that can be told, and how it is written.
    NearlySection {
        id: Option<Range<usize>>,
        meant: Option<String>,
    },
    /// What is nearly a pair, and how it is written.
    NearlyPair {
        key: Range<usize>,
        value: Range<usize>,
        meant: String,
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
    let is_object = |rest: &str| rest.starts_with([' ', '\t', ']']);
    if text.strip_prefix("[object").is_some_and(is_object) {
        return true;
    }
    match lines(text).next().map_or(Content::Nothing, Line::content) {
        Content::Section { group, .. } => {
            group.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        }
        Content::Pair { .. } => true,
        Content::Nothing
        | Content::Open { .. }
        | Content::NearlySection { .. }
        | Content::NearlyPair { .. }
        | Content::Other => false,
    }
}

/// The sections that are no objects.
pub(crate) fn others(text: &str) -> Vec<String> {
    let sections = lines(text).filter_map(|line| match line.content() {
        Content::Section { group, .. } if !is_objects(group) => Some(format!("[{group}]")),
        _ => None,
    });
    sections.collect()
}

/// Whether a section of that name is an object, or was meant to be one.
fn is_objects(group: &str) -> bool {
    nearest(group, ["object"]).is_some()
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
                    skipping = !is_objects(group);
                    if !skipping {
                        if group != "object" {
                            let at = line.content_place().start + 1;
                            let name = group.to_owned();
                            report.at(at, at + group.len(), SyntaxErrorKind::UnknownSection { name });
                        }
                        section = Some((line, named(text, id.map(|id| Atom::word(id.start, id.end)))));
                    }
                }
                Content::NearlySection { id, meant } => {
                    close(section.take(), &mut report);
                    skipping = false;
                    let at = line.content_place();
                    report.at(at.start, at.end, SyntaxErrorKind::NotASectionLine { meant });
                    let id = match id {
                        Some(id) => Atom::word(id.start, id.end),
                        None => Atom::damaged(at.start, at.end),
                    };
                    section = Some((line, named(text, Some(id))));
                }
                Content::Pair { .. } | Content::Open { .. } if skipping => {}
                Content::NearlyPair { key, value, meant } => {
                    let at = line.content_place();
                    report.at(at.start, at.end, SyntaxErrorKind::NotASectionLine { meant: Some(meant) });
                    if let Some((_, builder)) = &mut section {
                        put(builder, text, key, Atom::word(value.start, value.end), &mut report);
                    }
                }
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
                Content::Other => {
                    let at = line.content_place();
                    report.at(at.start, at.end, SyntaxErrorKind::NotASectionLine { meant: None });
                }
            }
        }
        close(section, &mut report);
    });
    report.tape(tokens, Dialect::Keyval)
}

/// A bag with its id, if it has one.
fn named(text: &str, id: Option<Atom>) -> Builder<'_> {
    let mut builder = Builder::new(text);
    if let Some(value) = id {
        let name = Atom::implied(Implied::Id, value.start(), 0);
        let _ = builder.put(&Entry { key: vec![name], value });
    }
    builder
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
            None => match pair(text, start) {
                Content::Other => nearly_pair(text, start),
                content => content,
            },
        }
    }

    /// Where its text stands, without white space around it.
    fn content_place(self) -> Range<usize> {
        let start = self.start + (self.text.len() - self.text.trim_start().len());
        start..start + self.text.trim().len()
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
        _ => nearly_section(inside, rest, start),
    }
}

/// `object ram0]` or `object "ram0"`, which starts at `start`: `rest` is what stands behind the name.
fn nearly_section(inside: &str, rest: &str, start: usize) -> Content<'static> {
    let group = inside.get(..inside.len() - rest.len()).unwrap_or_default();
    if !is_objects(group) {
        return Content::Other;
    }
    let id = rest.trim_start_matches([' ', '\t', '"', '\'']);
    let from = start + (inside.len() - id.len());
    let id = id.trim_end_matches([' ', '\t', '\r', ']', '"', '\'']);
    if id.is_empty() || id.contains(['"', '\'', ']', '[', ' ']) {
        return Content::NearlySection { id: None, meant: None };
    }
    let meant = Some(format!("[object \"{id}\"]"));
    Content::NearlySection { id: Some(from..from + id.len()), meant }
}

/// `key = value`, `key: "value"` or `key="value"`, which starts at `start`.
fn nearly_pair(text: &str, start: usize) -> Content<'static> {
    let Some(at) = text.find(['=', ':']) else { return Content::Other };
    let (key, behind) = text.split_at(at);
    let key = key.trim_end().trim_matches(['"', '\'']);
    let is_key = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if key.is_empty() || !key.chars().all(is_key) {
        return Content::Other;
    }
    let from = start + (text.len() - text.trim_start_matches(['"', '\'']).len());
    let behind = behind.get(1..).unwrap_or_default().trim_start();
    let value = behind.split(" #").next().unwrap_or_default().trim_end().trim_end_matches([',', ';']);
    let at = start + (text.len() - behind.len());
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let (at, value) = quoted.map_or((at, value), |inside| (at + 1, inside));
    if value.is_empty() || value.contains(['"', '\'']) {
        return Content::Other;
    }
    let meant = format!("{key} = \"{value}\"");
    Content::NearlyPair { key: from..from + key.len(), value: at..at + value.len(), meant }
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
        // What is nearly a pair is read as one, so that it is not missing as well.
        assert_eq!(bags, "{id:a k:1 l:2 m:3 n:4}");
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
        assert_eq!(read(text), ("{id:x b:2 c:3}{id:y e:!}".to_owned(), found.map(str::to_owned).to_vec()));
    }

    /// What a line that is none was probably meant to be.
    fn meant(line: &str) -> Option<String> {
        let mut diagnostics = Diagnostics::new();
        let _ = parse(Context { text: line, source: 0, origin: None }, &mut diagnostics);
        let found = diagnostics.take();
        let line = found.iter().find(|one| one.code() == "not-a-section-line")?;
        line.problem().suggestion()
    }

    #[test]
    fn a_line_that_is_nearly_right_is_told_in_full() {
        let nearly = [
            ("  size = 1G # one", "size = \"1G\""),
            ("size: '1G',", "size = \"1G\""),
            ("\"size\"=\"1G\"", "size = \"1G\""),
            ("[object ram0]", "[object \"ram0\"]"),
            ("[objct 'ram0']", "[object \"ram0\"]"),
            ("[object \"ram0\"", "[object \"ram0\"]"),
        ];

        for (line, wanted) in nearly {
            assert_eq!(meant(line).as_deref(), Some(wanted), "{line}");
        }
        for line in ["size", "a b = 1", "size =", "x = \"1\" \"2", "[drive x]", "[object \"a b]"] {
            assert_eq!(meant(line), None, "{line}");
        }
    }

    #[test]
    fn a_section_that_is_nearly_that_of_objects_is_one() {
        let text = "[objct \"a\"]\n k = \"1\"\n[Object b]\n k = \"2\"\n[machine]\n k = \"3\"\n";

        let found = ["unknown-section: objct", "not-a-section-line: [Object b]"];
        assert_eq!(read(text), ("{id:a k:1}{id:b k:2}".to_owned(), found.map(str::to_owned).to_vec()));
        assert_eq!(others(text), ["[machine]"]);
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
        for text in ["[object \"a\"]", "[object a]", "# x\n\n[drive]\n", "a = \"1\"", "\n  [machine]"] {
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
