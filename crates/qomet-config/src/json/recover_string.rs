//! Mistakes in strings, and words that should have been strings.
//!
//! The hard case is a quote that is missing: from there on, inside and outside are swapped up to the next quote
//! or the end of the line. What gives it away is what a string ends with (`, ` or `: `) and what follows it.

use super::parse::{Inside, Next, Parser};
use super::scan::{blanks_end, byte, is_comment, is_word, line_end, opener, space_end};
use crate::syntax_error::SyntaxErrorKind as K;
use crate::tape::Kind;

/// At most so many bytes at the end of a line are taken for what follows a string without closing quote.
const PUNCTUATION: usize = 64;

impl Parser<'_, '_> {
    pub(super) fn bad_escape(&mut self, start: usize, end: usize, lone: bool) {
        let escape = self.text.get(start..end).unwrap_or_default().to_owned();
        let kind = if lone { K::LoneSurrogate { escape } } else { K::BadEscape { escape } };
        self.report(kind, start, end);
    }

    pub(super) fn control_character(&mut self, at: usize) {
        let character = char::from(byte(self.bytes, at));
        self.report(K::ControlCharacter { character }, at, at + 1);
    }

    /// Whether the string from `start` that meets a control character at `at` ends there. A line break ends it
    /// unless the next line looks like more of it.
    pub(super) fn ends_early(&self, start: usize, at: usize) -> bool {
        if at >= self.bytes.len() {
            return true;
        }
        let next = space_end(self.bytes, at);
        let content = self.text.get(start + 1..at).unwrap_or_default().trim_end();
        let punctuated = content.ends_with([',', ':', '{', '}', '[', ']'])
            || (self.expects_name() && content.contains(':'));
        let text_follows =
            is_word(byte(self.bytes, next)) && !is_comment(self.bytes, next) && next < self.bytes.len();
        matches!(byte(self.bytes, at), b'\n' | b'\r') && (punctuated || !text_follows)
    }

    /// A string without its closing quote, up to the end of its line at `line`.
    pub(super) fn unterminated_string(&mut self, start: usize, line: usize) {
        let content = self.text.get(start + 1..line).unwrap_or_default();
        // Where a name is expected, the first colon ends it.
        if self.expects_name()
            && let Some(colon) = content.find([':', '='])
        {
            return self
                .cut_string(start, start + 1 + content.get(..colon).unwrap_or_default().trim_end().len());
        }
        let trimmed = content.trim_end_matches([' ', '\t', '\r', ',', '}', ']']);
        let mut end = (start + 1 + trimmed.len()).max(line.saturating_sub(PUNCTUATION));
        // Of the punctuation at the end, only what fits the open brackets is taken for punctuation.
        while !self.closes(end, line) && end < line {
            end += 1;
        }
        self.cut_string(start, end);
    }

    /// Whether the punctuation from `at` to `end` closes brackets that are open.
    fn closes(&self, at: usize, end: usize) -> bool {
        let mut open = self.open.iter().rev().map(|open| self.kind_of(*open));
        self.bytes.get(at..end).unwrap_or_default().iter().all(|found| match found {
            b'}' | b']' => {
                open.next().is_some_and(|inside| (inside == Inside::Struct) == (opener(*found) == b'{'))
            }
            _ => true,
        })
    }

    /// Whether the string being read is the name of a member: it would be followed by its value.
    fn expects_name(&self) -> bool {
        self.inside == Inside::Struct && self.in_name
    }

    /// Ends a string at `end`, where its closing quote is missing. A name can still be told.
    fn cut_string(&mut self, start: usize, end: usize) {
        let text = self.text.get(start + 1..end).unwrap_or_default().to_owned();
        self.report(K::UnterminatedString { text }, start, end);
        if self.expects_name() {
            self.push(Kind::Bare, start + 1, end.max(start + 1));
        } else {
            self.push(Kind::Damaged, start, end);
        }
        self.pos = end;
    }

    /// After a string that is directly followed by a word: a quote is missing before, or not escaped.
    pub(super) fn requote(&mut self, name: bool) -> bool {
        let Some(last) = self.tokens.last().copied() else { return false };
        let (start, end) = (last.start(), last.start() + last.extent());
        let follows = byte(self.bytes, end);
        let adjacent = matches!(last.kind(), Kind::String | Kind::Escaped)
            && end == self.pos
            && is_word(follows)
            && follows != b'=';
        if !adjacent || is_comment(self.bytes, end) || byte(self.bytes, start) != b'"' {
            return false;
        }
        let content = self.text.get(start + 1..end - 1).unwrap_or_default();
        let cut = if name {
            content.find(':').map(|colon| content.get(..colon).unwrap_or_default().trim_end().len())
        } else {
            let length = content.trim_end_matches([' ', '\t', ',', ':', '{', '}', '[', ']']).len();
            let run = content.get(length..).unwrap_or_default();
            run.contains([',', '}', ']']).then_some(length)
        };
        let value = follows.is_ascii_digit() || follows == b'-' || self.is_literal(end);
        if name && cut.is_none() && value {
            return false;
        }
        self.tokens.pop();
        match cut {
            Some(length) => {
                self.in_name = name;
                self.cut_string(start, start + 1 + length);
            }
            None => {
                self.report(K::UnescapedQuote, end - 1, end);
                let end = self.quote_end(end);
                self.push(Kind::Damaged, start, end);
                self.pos = end;
            }
        }
        true
    }

    /// Behind the quote, from `at` on in this line, that is followed by punctuation; else the end of the word.
    fn quote_end(&self, at: usize) -> usize {
        let line = line_end(self.bytes, at);
        let rest = self.bytes.get(at..line).unwrap_or_default();
        let quote = memchr::memchr_iter(b'"', rest).map(|quote| at + quote + 1).find(|end| {
            let next = blanks_end(self.bytes, *end);
            next >= line || matches!(byte(self.bytes, next), b',' | b':' | b'}' | b']')
        });
        quote.unwrap_or_else(|| self.word_end(at))
    }

    /// A string or name in single or typographic quotes: read as if they were right.
    pub(super) fn other_quotes(&mut self) -> Option<()> {
        let start = self.pos;
        let quote = self.text.get(start..)?.chars().next()?;
        let closing: &[char] = match quote {
            '\'' => &['\''],
            '`' => &['`', '\''],
            '“' | '”' | '„' | '‟' => &['“', '”', '"'],
            '‘' | '’' | '‚' => &['‘', '’', '\''],
            '«' => &['»'],
            _ => return None,
        };
        let first = start + quote.len_utf8();
        let line = self.text.get(first..line_end(self.bytes, start))?;
        let mut escaped = false;
        let end = line.char_indices().find(|(_, c)| {
            let ends = !escaped && closing.contains(c);
            escaped = *c == '\\' && !escaped;
            ends
        });
        let Some((length, closing)) = end else {
            if quote != '\'' {
                return None;
            }
            self.report(
                K::UnterminatedString { text: self.word_text(start, line.len() + 1) },
                start,
                first + line.len(),
            );
            self.push(Kind::Damaged, start, first + line.len());
            self.pos = first + line.len();
            return Some(());
        };
        let content = line.get(..length)?;
        let end = first + length;
        if self.syntax.single_quotes && quote == '\'' {
            self.single_quoted(start, end);
            return Some(());
        }
        self.report(K::WrongQuotes { quote, text: content.to_owned() }, start, end + closing.len_utf8());
        self.push(Kind::Bare, first, end);
        self.pos = end + closing.len_utf8();
        Some(())
    }

    /// A string in single quotes, where they are allowed.
    fn single_quoted(&mut self, start: usize, end: usize) {
        use super::escape::{Escape, escape};
        let (mut at, mut kind) = (start + 1, Kind::String);
        while at < end {
            match byte(self.bytes, at) {
                b'\\' => {
                    let length = match escape(self.bytes, at) {
                        Escape::Char(_, length) => {
                            if kind == Kind::String {
                                kind = Kind::Escaped;
                            }
                            length
                        }
                        Escape::Lone(length) => {
                            self.bad_escape(at, at + length, true);
                            kind = Kind::Damaged;
                            length
                        }
                        Escape::Unknown(length) => {
                            self.bad_escape(at, at + length, false);
                            kind = Kind::Damaged;
                            length
                        }
                    };
                    at += length;
                }
                0..0x20 => {
                    self.control_character(at);
                    kind = Kind::Damaged;
                    at += 1;
                }
                _ => at += 1,
            }
        }
        self.push(kind, start, end + 1);
        self.pos = end + 1;
    }

    /// A word where a value belongs: a number that JSON writes differently, or a string without quotes.
    #[cold]
    pub(super) fn recover_word(&mut self) -> Next {
        let start = self.pos;
        let mut end = self.word_end(start).max(start + 1);
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let number = looks_like_a_number(self.text.get(start..end).unwrap_or_default());
        // A string without quotes may have spaces.
        loop {
            let next = blanks_end(self.bytes, end);
            let more = self.word_end(next);
            let colon = matches!(byte(self.bytes, blanks_end(self.bytes, more)), b':' | b'=');
            if number || next == end || more == next || is_comment(self.bytes, next) || colon {
                break;
            }
            end = more;
        }
        // A quote at its end belongs to it if nothing could start there.
        let next = byte(self.bytes, blanks_end(self.bytes, end + 1));
        let quoted = byte(self.bytes, end) == b'"' && matches!(next, b',' | b'}' | b']' | b'\n' | b'\r' | 0);
        let text = self.word_text(start, end - start);
        let end = end + usize::from(quoted);
        let kind = if number && !quoted { K::BadNumber { text } } else { K::UnquotedValue { text } };
        self.report(kind, start, end);
        self.push(Kind::Damaged, start, end);
        self.pos = end;
        Next::After
    }

    /// A word where a name belongs.
    pub(super) fn unquoted_name(&mut self) -> Next {
        let start = self.pos;
        let mut end = start;
        while is_word(byte(self.bytes, end)) && byte(self.bytes, end) != b'=' {
            end += 1;
        }
        let end = end.max(start + 1);
        let quoted = usize::from(byte(self.bytes, end) == b'"');
        let next = byte(self.bytes, blanks_end(self.bytes, end + quoted));
        let text = self.word_text(start, end - start);
        if matches!(next, b':' | b'=') || (matches!(next, b'"' | b'[' | b'{') && quoted == 0) {
            self.report(K::UnquotedName { name: text }, start, end + quoted);
            self.push(Kind::Bare, start, end);
            self.pos = end + quoted;
            return Next::Colon;
        }
        self.report(K::UnexpectedText { text }, start, end + quoted);
        self.push(Kind::Damaged, start, end);
        self.pos = end + quoted;
        while !self.text.is_char_boundary(self.pos) {
            self.pos += 1;
        }
        self.push(Kind::Damaged, self.pos, self.pos);
        Next::After
    }

    fn word_text(&self, start: usize, length: usize) -> String {
        self.text.get(start..start + length).unwrap_or_default().to_owned()
    }

    /// The end of a word; comments are no part of it.
    pub(super) fn word_end(&self, start: usize) -> usize {
        let mut end = start;
        while is_word(byte(self.bytes, end)) && !is_comment(self.bytes, end) {
            end += 1;
        }
        end
    }
}

/// Whether somebody meant a number: digits with a sign, point, radix prefix or separators, `NaN`, `Infinity`.
fn looks_like_a_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    if matches!(digits, "NaN" | "nan" | "Infinity" | "infinity" | "Inf" | "inf" | "-Infinity") {
        return true;
    }
    let lower = digits.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("0x") {
        return !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_');
    }
    let lower = lower.trim_start_matches("0o").trim_start_matches("0b");
    let starts = lower.starts_with(|c: char| c.is_ascii_digit() || c == '.') || lower.is_empty();
    starts && lower.bytes().all(|b| b.is_ascii_digit() || b"._e+-".contains(&b))
}
