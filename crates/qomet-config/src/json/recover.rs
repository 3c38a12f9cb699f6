//! What to report, and how to go on, where a document is not JSON.
//!
//! One function for each state of the parser. Each reports one mistake, leaves a tape that still is names and
//! values in pairs (with damaged ones where something is missing), and moves on or changes the state, so that
//! parsing ends. The aim: each independent mistake once, at its place, and nothing that only follows from one.
//!
//! Mistakes in strings and words are in `recover_string.rs`, guesses about brackets in `recover_brackets.rs`. Nothing here runs for a valid document, so that it
//! may look ahead and back as it likes, within a fixed reach.

use super::parse::{Inside, Next, Parser};
use super::scan::{blanks_end, byte, closer, is_word, line_end, opener, space_end, string_end};
use crate::source::widen;
use crate::syntax_error::{SyntaxErrorKind as K, is_invisible};
use crate::tape::{Kind, Token};

/// At most so many opening brackets are shown beside the end of the text.
const OPENERS_SHOWN: usize = 3;

impl Parser<'_, '_> {
    /// Where a value is expected.
    #[cold]
    pub(super) fn recover_value(&mut self) -> Next {
        if self.skip_stray() {
            return Next::Value;
        }
        let (at, found) = (self.pos, byte(self.bytes, self.pos));
        match (found, self.inside) {
            _ if at >= self.bytes.len() => {
                if self.inside == Inside::Struct {
                    self.push(Kind::Damaged, at, at);
                }
                self.end_of_text()
            }
            (b',', Inside::List) => {
                self.report(K::ExtraComma, at, at + 1);
                self.comma = usize::MAX;
                self.pos += 1;
                Next::Value
            }
            (b'}' | b']', Inside::Struct) if self.opener_is_missing(at) => {
                let bracket = char::from(opener(found));
                self.report(K::MissingOpening { bracket }, at, at);
                self.open_before(at, bracket);
                self.close_bracket(1)
            }
            (b',' | b'}' | b';', Inside::Struct) | (b']', Inside::Struct) => {
                self.missing_value();
                Next::After
            }
            (b']', Inside::List) => {
                self.trailing_comma();
                self.close_bracket(1)
            }
            (b'}', Inside::List) => self.recover_closer(),
            (b'}' | b']', Inside::Document) => {
                self.report(K::ExtraBracket { found: char::from(found) }, at, at + 1);
                self.pos += 1;
                Next::Value
            }
            (b',' | b';', _) => {
                self.report(K::UnexpectedText { text: char::from(found).to_string() }, at, at + 1);
                self.pos += 1;
                Next::Value
            }
            (b':' | b'=', _) => {
                let end = self.punctuation_end(at);
                self.report(K::ExtraColon { in_list: false }, at, end);
                self.pos = end;
                Next::Value
            }
            _ => match self.other_quotes() {
                Some(()) => Next::After,
                None => self.recover_word(),
            },
        }
    }

    /// Where a comma or closing bracket is expected.
    #[cold]
    pub(super) fn recover_after(&mut self) -> Next {
        if self.inside == Inside::Document {
            return self.recover_end();
        }
        if self.pos < self.bytes.len() && self.requote(false) {
            return Next::After;
        }
        if self.skip_stray() {
            return Next::After;
        }
        let (at, found) = (self.pos, byte(self.bytes, self.pos));
        let end = self.last_end();
        match (found, self.inside) {
            _ if at >= self.bytes.len() => self.end_of_text(),
            (b'}' | b']', _) => self.recover_closer(),
            (b':', _) => self.recover_second_colon(),
            (b'"', _) if self.is_doubled_quote(at) => {
                self.report(K::StrayCharacter { character: '"' }, at, at + 1);
                self.pos += 1;
                Next::After
            }
            (b';' | b'=', _) => {
                self.report(K::WrongSeparator { found: char::from(found) }, at, at + 1);
                self.pos += 1;
                self.comma = usize::MAX;
                if self.inside == Inside::Struct { Next::Name } else { Next::Value }
            }
            (b'"', Inside::Struct) => {
                self.report(K::MissingComma, end, end);
                Next::Name
            }
            (b'{', Inside::Struct) if self.outer() == Inside::List => self.missing_closer(),
            (b'{' | b'[', Inside::Struct) => {
                self.report(K::UnexpectedText { text: char::from(found).to_string() }, at, at + 1);
                self.push(Kind::Damaged, at, at);
                Next::Value
            }
            (b'"' | b'{' | b'[' | b'0'..=b'9' | b'-', Inside::List) => {
                self.report(K::MissingComma, end, end);
                Next::Value
            }
            (b'\'', _) => {
                self.report(K::MissingComma, end, end);
                if self.inside == Inside::Struct { Next::Name } else { Next::Value }
            }
            (_, Inside::Struct) if self.is_unquoted_name(at) => {
                self.report(K::MissingComma, end, end);
                Next::Name
            }
            (_, Inside::List) if self.is_literal(at) => {
                self.report(K::MissingComma, end, end);
                Next::Value
            }
            _ => {
                self.unexpected_text();
                Next::After
            }
        }
    }

    /// Where the name of a member is expected.
    #[cold]
    pub(super) fn recover_name(&mut self) -> Next {
        if self.skip_stray() {
            return Next::Name;
        }
        let (at, found) = (self.pos, byte(self.bytes, self.pos));
        match found {
            _ if at >= self.bytes.len() => self.end_of_text(),
            b'}' => {
                self.trailing_comma();
                self.close_bracket(1)
            }
            b',' | b';' => {
                self.report(K::ExtraComma, at, at + 1);
                self.comma = usize::MAX;
                self.pos += 1;
                Next::Name
            }
            b']' => self.recover_closer(),
            b'{' | b'[' if self.bracket_is_extra(at) => {
                self.report(K::ExtraBracket { found: char::from(found) }, at, at + 1);
                self.pos += 1;
                Next::Name
            }
            b'{' if self.outer() == Inside::List && !self.fits_inside(at) => self.missing_closer(),
            b'{' if self.open_list_before_last() => Next::Value,
            b'{' | b'[' => {
                let found = if found == b'{' { "an object" } else { "a list" };
                self.report(K::MissingName { found }, at, at + 1);
                self.push(Kind::Damaged, at, at);
                Next::Value
            }
            b':' | b'=' => {
                let end = self.punctuation_end(at);
                self.report(K::MissingName { found: "a colon" }, at, end);
                self.push(Kind::Damaged, at, end);
                self.pos = end;
                Next::Value
            }
            _ => match self.other_quotes() {
                Some(()) => Next::Colon,
                None if self.list_is_missing() => {
                    let start = self.tokens.last().map_or(at, |value| value.start());
                    let value = self.tokens.pop();
                    self.report(K::MissingOpening { bracket: '[' }, start, start);
                    self.open_before(start, '[');
                    self.tokens.extend(value);
                    Next::Value
                }
                None => self.unquoted_name(),
            },
        }
    }

    /// Where a colon is expected.
    #[cold]
    pub(super) fn recover_colon(&mut self) -> Next {
        if self.pos < self.bytes.len() && self.requote(true) {
            return Next::Colon;
        }
        if self.skip_stray() {
            return Next::Colon;
        }
        let (at, found) = (self.pos, byte(self.bytes, self.pos));
        match found {
            _ if at >= self.bytes.len() => {
                self.push(Kind::Damaged, at, at);
                self.end_of_text()
            }
            b'=' => {
                let end = self.punctuation_end(at);
                self.report(K::MissingColon { found: Some('=') }, at, end);
                self.pos = end;
                Next::Value
            }
            b',' | b';' if self.starts_value(at + 1) => {
                self.report(K::MissingColon { found: Some(char::from(found)) }, at, at + 1);
                self.pos += 1;
                Next::Value
            }
            b',' | b';' | b'}' | b']' => {
                self.missing_value();
                Next::After
            }
            b'"' if self.is_doubled_quote(at) => {
                self.report(K::StrayCharacter { character: '"' }, at, at + 1);
                self.pos += 1;
                Next::Colon
            }
            b'"' if self.is_quoted_name(at) => {
                self.missing_value();
                Next::Name
            }
            _ => {
                let end = self.last_end();
                self.report(K::MissingColon { found: None }, end, end);
                Next::Value
            }
        }
    }

    /// After the document.
    fn recover_end(&mut self) -> Next {
        if self.peek() == b':'
            && let [name] = self.tokens[..]
            && matches!(name.kind(), Kind::String | Kind::Escaped)
        {
            // That was no document but its first name.
            self.report(K::MissingOpening { bracket: '{' }, name.start(), name.start());
            self.tokens.clear();
            self.open_before(name.start(), '{');
            self.tokens.push(name);
            return Next::Colon;
        }
        while matches!(self.peek(), b'}' | b']') {
            let (at, found) = (self.pos, char::from(byte(self.bytes, self.pos)));
            self.report(K::ExtraBracket { found }, at, at + 1);
            self.pos += 1;
        }
        let damaged = self.tokens.first().is_some_and(|token| token.kind() == Kind::Damaged);
        if self.pos < self.bytes.len() && !damaged {
            // Other white space than that of JSON, such as U+00A0, is text.
            let end = self.text.trim_end_matches([' ', '\t', '\r', '\n']).len();
            self.report(K::TextAfterEnd, self.pos, end);
        }
        Next::End
    }

    /// Where the text ends too early, or is empty.
    fn end_of_text(&mut self) -> Next {
        let end = self.text.trim_end().len();
        if self.open.is_empty() {
            self.report(K::EmptyDocument, end.min(self.pos), end);
            return Next::End;
        }
        let mut missing = String::new();
        let mut related = Vec::new();
        for opened in self.open.iter().rev() {
            let Some(token) = self.tokens.get(widen(*opened)) else { continue };
            let opening = byte(self.bytes, token.start());
            missing.push(char::from(closer(opening)));
            if related.len() < OPENERS_SHOWN {
                related.push(self.opened_here(*token));
            }
        }
        self.report_with(K::UnexpectedEnd { missing }, end, end, related);
        while !self.open.is_empty() {
            self.close_bracket(0);
        }
        Next::End
    }

    /// A bracket inside more brackets than are allowed: skipped with all it contains.
    #[cold]
    pub(super) fn recover_depth(&mut self) -> Next {
        let at = self.pos;
        self.too_deep = self.too_deep.or(Some(at));
        self.report(K::TooDeep { limit: self.syntax.max_depth }, at, at + 1);
        let mut depth = 0_usize;
        while self.pos < self.bytes.len() {
            match self.peek() {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b'"' => self.pos = string_end(self.bytes, self.pos).max(self.pos + 1) - 1,
                _ => {}
            }
            self.pos = (self.pos + 1).min(self.bytes.len());
            if depth == 0 {
                break;
            }
        }
        self.push(Kind::Damaged, at, self.pos);
        Next::After
    }

    // Punctuation.

    fn trailing_comma(&mut self) {
        if !self.syntax.trailing_commas && self.comma != usize::MAX {
            self.report(K::TrailingComma, self.comma, self.comma + 1);
        }
    }

    fn missing_value(&mut self) {
        let name = self.tokens.last().map_or("", |name| {
            let text = self.text.get(name.start()..name.start() + name.extent()).unwrap_or_default();
            text.trim_matches('"')
        });
        let name = if self.inside == Inside::Struct { name.to_owned() } else { String::new() };
        // Not in another line, where the next thing stands.
        let behind = self.text.get(..self.pos).unwrap_or_default().trim_end().len();
        let gap = self.bytes.get(behind..self.pos).unwrap_or_default();
        let at = if memchr::memchr(b'\n', gap).is_some() { behind } else { self.pos };
        self.report(K::MissingValue { name }, at, at);
        self.push(Kind::Damaged, self.pos, self.pos);
    }

    /// Behind `:`, `=`, `:=`, `==`, `=>` and the like.
    fn punctuation_end(&self, mut at: usize) -> usize {
        while matches!(byte(self.bytes, at), b':' | b'=' | b'>') {
            at += 1;
        }
        at
    }

    /// Behind the last thing that was read: where something is missing.
    pub(super) fn last_end(&self) -> usize {
        self.tokens.last().map_or(0, |token| match token.kind() {
            Kind::Struct | Kind::List => token.start() + 1,
            // A name without its closing quote; see `requote`.
            _ => token.start() + token.extent(),
        })
    }

    /// Whether a closing quote is followed by another one that opens nothing.
    fn is_doubled_quote(&self, at: usize) -> bool {
        let next = byte(self.bytes, blanks_end(self.bytes, at + 1));
        at == self.last_end() && matches!(next, b':' | b',' | b'}' | b']' | b'\n' | b'\r' | 0)
    }

    pub(super) fn is_quoted_name(&self, at: usize) -> bool {
        byte(self.bytes, space_end(self.bytes, string_end(self.bytes, at))) == b':'
    }

    /// Whether a value follows that is not the name of a member.
    fn starts_value(&self, at: usize) -> bool {
        let at = space_end(self.bytes, at);
        match byte(self.bytes, at) {
            b'"' => !self.is_quoted_name(at),
            b'{' | b'[' | b'0'..=b'9' | b'-' => true,
            _ => self.is_literal(at),
        }
    }

    fn is_unquoted_name(&self, at: usize) -> bool {
        let mut end = at;
        while is_word(byte(self.bytes, end)) && byte(self.bytes, end) != b'=' {
            end += 1;
        }
        end > at && matches!(byte(self.bytes, blanks_end(self.bytes, end)), b':' | b'=')
    }

    pub(super) fn is_literal(&self, at: usize) -> bool {
        let end = self.word_end(at);
        matches!(self.bytes.get(at..end), Some(b"true" | b"false" | b"null"))
    }

    /// Text after a value that is no part of anything; it makes the value doubtful too.
    fn unexpected_text(&mut self) {
        let at = self.pos;
        let line = line_end(self.bytes, at);
        let mut end = at;
        while end < line && !matches!(byte(self.bytes, end), b',' | b'}' | b']' | b'"') {
            if super::scan::is_comment(self.bytes, end) {
                break;
            }
            end += 1;
        }
        let text = self.text.get(at..end).unwrap_or_default().trim_end();
        self.report(K::UnexpectedText { text: text.to_owned() }, at, at + text.len());
        self.pos = end.max(at + 1);
        while !self.text.is_char_boundary(self.pos) {
            self.pos += 1;
        }
        self.damage_last();
    }

    /// Marks the value that was read last, if it is a scalar.
    pub(super) fn damage_last(&mut self) {
        if let Some(last) = self.tokens.last_mut()
            && !last.is_container()
            && last.kind() != Kind::End
        {
            *last = Token::new(Kind::Damaged, last.start(), last.extent());
        }
    }

    /// Skips characters that stand for nothing anywhere, and comments of other languages.
    fn skip_stray(&mut self) -> bool {
        let at = self.pos;
        if byte(self.bytes, at) == b'#' {
            let end = line_end(self.bytes, at);
            self.report(K::HashComment, at, at + 1);
            self.pos = end;
            return true;
        }
        let rest = self.text.get(at..).unwrap_or_default();
        let stray = |c: char| {
            !matches!(c, ' ' | '\t' | '\r' | '\n') && (c.is_control() || c.is_whitespace() || is_invisible(c))
        };
        let Some(character) = rest.chars().next().filter(|c| stray(*c)) else { return false };
        // A run of one character is one mistake.
        let end = at + rest.len() - rest.trim_start_matches(character).len();
        self.report(K::StrayCharacter { character }, at, end);
        self.pos = end;
        true
    }
}
