//! What to report, and how to go on, where a document is not JSON.
//!
//! One function for each state of the parser. Each reports one mistake, leaves a tape that still is names and
//! values in pairs (with damaged ones where something is missing), and moves on or changes the state, so that
//! parsing ends. The aim: each independent mistake once, at its place, and nothing that only follows from one.
//!
//! Mistakes in strings and words are in `recover_string.rs`. Nothing here runs for a valid document, so that it
//! may look ahead and back as it likes, within a fixed reach.

use qomet::{About, Related};

use super::parse::{Inside, Next, Parser};
use super::scan::{blanks_end, brackets_fit, byte, closer, is_word, line_end, opener, space_end, string_end};
use super::tape::{Kind, Token};
use crate::source::widen;
use crate::syntax_error::{SyntaxErrorKind as K, is_invisible};

/// How far ahead brackets are compared to tell a forgotten one from a wrong one.
const REACH: usize = 16 << 10;

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
            (b':' | b'=', Inside::List) if found == b':' => self.name_in_list(),
            (b':', _) => {
                self.report(K::ExtraColon { in_list: false }, at, at + 1);
                self.pos += 1;
                self.push(Kind::Damaged, at, at + 1);
                Next::Value
            }
            (b';', _) => {
                self.report(K::WrongSeparator { found: ';' }, at, at + 1);
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
            b'{' if self.outer() == Inside::List => self.missing_closer(),
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
            b',' | b';' | b'}' | b']' => {
                self.missing_value();
                Next::After
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
        while matches!(self.peek(), b'}' | b']') {
            let (at, found) = (self.pos, char::from(byte(self.bytes, self.pos)));
            self.report(K::ExtraBracket { found }, at, at + 1);
            self.pos += 1;
        }
        let damaged = self.tokens.first().is_some_and(|token| token.kind() == Kind::Damaged);
        if self.pos < self.bytes.len() && !damaged {
            let end = self.text.trim_end().len().max(self.pos + 1);
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

    // Brackets.

    /// A closing bracket that does not fit the innermost open one: is one forgotten, is this one wrong, or is it
    /// one too many? The reading under which the rest of the text fits longest wins.
    fn recover_closer(&mut self) -> Next {
        let (at, found) = (self.pos, byte(self.bytes, self.pos));
        let openers = self.openers();
        let depth = openers.len();
        let outer = openers.iter().rposition(|opening| *opening == opener(found));
        let fit =
            |keep: usize| brackets_fit(self.bytes, at + 1, openers.get(..keep).unwrap_or_default(), REACH);
        let forgotten = outer.map_or(0, fit);
        let wrong = fit(depth.saturating_sub(1));
        let extra = fit(depth);
        let expected = openers.last().map_or(']', |opening| char::from(closer(*opening)));
        let found = char::from(found);
        if outer.is_some() && forgotten >= wrong && forgotten >= extra {
            self.report_forgotten(at, at);
            self.close_bracket(0)
        } else if wrong >= extra {
            let related = self.innermost();
            self.report_with(K::WrongBracket { expected, found }, at, at + 1, related);
            self.close_bracket(1)
        } else {
            self.report(K::ExtraBracket { found }, at, at + 1);
            self.pos += 1;
            Next::After
        }
    }

    /// A struct of a list was not closed before the next one starts.
    fn missing_closer(&mut self) -> Next {
        let end = self.last_end();
        self.report_forgotten(end, end);
        self.close_bracket(0);
        Next::Value
    }

    fn report_forgotten(&mut self, start: usize, end: usize) {
        let bracket = if self.inside == Inside::Struct { '}' } else { ']' };
        let related = self.innermost();
        self.report_with(K::MissingBracket { bracket }, start, end, related);
    }

    /// `"name":` in a list: was the list not closed, or is it no list?
    fn name_in_list(&mut self) -> Next {
        let at = self.pos;
        let name =
            self.tokens.last().copied().filter(|token| matches!(token.kind(), Kind::String | Kind::Escaped));
        let openers = self.openers();
        let inner = brackets_fit(self.bytes, at, &openers, REACH);
        let outer = brackets_fit(
            self.bytes,
            at,
            openers.get(..openers.len().saturating_sub(1)).unwrap_or_default(),
            REACH,
        );
        if let (Some(name), Inside::Struct, true) = (name, self.outer(), outer > inner) {
            self.tokens.pop();
            let end = self.last_end();
            self.report_forgotten(end, end);
            self.pos = end;
            self.close_bracket(0);
            self.pos = at;
            self.tokens.push(name);
            return Next::Colon;
        }
        self.report(K::ExtraColon { in_list: true }, at, at + 1);
        self.pos += 1;
        Next::Value
    }

    /// What the bracket around the innermost open one is.
    fn outer(&self) -> Inside {
        self.open.iter().rev().nth(1).map_or(Inside::Document, |outer| self.kind_of(*outer))
    }

    fn openers(&self) -> Vec<u8> {
        let opening = |inside| if inside == Inside::Struct { b'{' } else { b'[' };
        self.open.iter().map(|open| opening(self.kind_of(*open))).collect()
    }

    fn innermost(&self) -> Vec<Related> {
        let token = self.open.last().and_then(|open| self.tokens.get(widen(*open)));
        token.map(|token| self.opened_here(*token)).into_iter().collect()
    }

    fn opened_here(&self, token: Token) -> Related {
        let place = self.place(token.start(), token.start() + 1);
        Related { label: "opened here".to_owned(), about: About::default(), place: Some(place) }
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
        self.report(K::MissingValue { name }, self.pos, self.pos);
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

    fn is_quoted_name(&self, at: usize) -> bool {
        byte(self.bytes, space_end(self.bytes, string_end(self.bytes, at))) == b':'
    }

    fn is_unquoted_name(&self, at: usize) -> bool {
        let mut end = at;
        while is_word(byte(self.bytes, end)) && byte(self.bytes, end) != b'=' {
            end += 1;
        }
        end > at && matches!(byte(self.bytes, blanks_end(self.bytes, end)), b':' | b'=')
    }

    fn is_literal(&self, at: usize) -> bool {
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
