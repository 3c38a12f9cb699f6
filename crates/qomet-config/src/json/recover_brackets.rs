//! Brackets that are missing, wrong or too many.
//!
//! One bracket says little: `[1, 2}` may lack a `]` or have the wrong one. So each reading is tried, and the one
//! under which the brackets of the following text fit longest wins. Only brackets are compared, over a fixed
//! reach: enough to be right about a single slip, and cheap enough for a text that consists of slips.

use qomet::{About, Related};

use super::parse::{Inside, Next, Parser};
use super::scan::{brackets_fit, byte, closer, opener, space_end};
use crate::source::{narrow, widen};
use crate::syntax_error::SyntaxErrorKind as K;
use crate::tape::{Kind, Token};

/// How far ahead brackets are compared.
const REACH: usize = 16 << 10;

impl Parser<'_, '_> {
    /// A closing bracket that does not fit the innermost open one: is one forgotten, is this one wrong, or is it
    /// one too many? The reading under which the rest of the text fits longest wins.
    pub(super) fn recover_closer(&mut self) -> Next {
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
            let end = self.last_end();
            self.report_forgotten(end, end);
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
    pub(super) fn missing_closer(&mut self) -> Next {
        let end = self.last_end();
        self.report_forgotten(end, end);
        self.close_bracket(0);
        Next::Value
    }

    pub(super) fn report_forgotten(&mut self, start: usize, end: usize) {
        let bracket = if self.inside == Inside::Struct { '}' } else { ']' };
        let related = self.innermost();
        self.report_with(K::MissingBracket { bracket }, start, end, related);
    }

    /// A colon after a value. Was that value a name, in a struct whose opening bracket is missing, or after a
    /// list whose closing one is? Or is there a colon too many?
    pub(super) fn recover_second_colon(&mut self) -> Next {
        let at = self.pos;
        let last =
            self.tokens.last().copied().filter(|token| matches!(token.kind(), Kind::String | Kind::Escaped));
        let mut openers = self.openers();
        let colon = self.fit(at, &openers);
        let closed = match (self.inside, self.outer()) {
            (Inside::List, Inside::Struct) => {
                self.fit(at, openers.get(..openers.len() - 1).unwrap_or_default())
            }
            _ => 0,
        };
        openers.push(b'{');
        let opened = self.fit(at, &openers);
        match last {
            Some(name) if opened > colon && opened > closed => {
                self.report(K::MissingOpening { bracket: '{' }, name.start(), name.start());
                self.tokens.pop();
                self.open_before(name.start(), '{');
                self.tokens.push(name);
                return Next::Colon;
            }
            Some(name) if closed > colon => {
                self.tokens.pop();
                let end = self.last_end();
                self.report_forgotten(end, end);
                self.pos = end;
                self.close_bracket(0);
                self.pos = at;
                self.tokens.push(name);
                return Next::Colon;
            }
            _ => {}
        }
        let next = space_end(self.bytes, at + 1);
        self.pos += 1;
        if self.inside == Inside::Struct && byte(self.bytes, next) == b'"' && self.is_quoted_name(next) {
            self.report(K::WrongSeparator { found: ':' }, at, at + 1);
            return Next::Name;
        }
        self.report(K::ExtraColon { in_list: self.inside == Inside::List }, at, at + 1);
        if self.inside == Inside::Struct {
            self.push(Kind::Damaged, at, at + 1);
        } else {
            // A name is no element.
            self.damage_last();
        }
        Next::Value
    }

    /// Opens a bracket that is missing at `at`.
    pub(super) fn open_before(&mut self, at: usize, bracket: char) {
        let (kind, inside) =
            if bracket == '{' { (Kind::Struct, Inside::Struct) } else { (Kind::List, Inside::List) };
        self.open.push(narrow(self.tokens.len()));
        self.push(kind, at, at);
        self.inside = inside;
    }

    /// Whether the closing bracket at `at` belongs to an opening one that is missing just before it.
    pub(super) fn opener_is_missing(&self, at: usize) -> bool {
        let openers = self.openers();
        self.fit(at + 1, &openers) > self.fit(at, &openers)
    }

    /// Whether the rest fits better without the opening bracket at `at`.
    pub(super) fn bracket_is_extra(&self, at: usize) -> bool {
        let first = self.tokens.last().is_some_and(|last| last.kind() == Kind::Struct);
        let openers = self.openers();
        first && self.fit(at + 1, &openers) > self.fit(at, &openers)
    }

    /// Whether the last value and what is in front are elements of a list without its opening bracket.
    pub(super) fn list_is_missing(&self) -> bool {
        let scalar = self.tokens.last().is_some_and(|last| !last.is_container() && last.kind() != Kind::End);
        let end = self.word_end(self.pos);
        let follows = byte(self.bytes, space_end(self.bytes, end));
        let mut openers = self.openers();
        let without = self.fit(self.pos, &openers);
        openers.push(b'[');
        scalar && end > self.pos && matches!(follows, b',' | b']') && self.fit(self.pos, &openers) > without
    }

    /// Opens a list before the last value, if that and the struct in front are elements of a list without its
    /// opening bracket.
    pub(super) fn open_list_before_last(&mut self) -> bool {
        let count = self.tokens.len();
        let is_last =
            |(index, token): &(usize, &Token)| token.is_container() && index + token.extent() == count;
        let Some((index, last)) = self.tokens.iter().enumerate().rev().find(is_last) else { return false };
        let start = last.start();
        let mut openers = self.openers();
        let without = self.fit(self.pos, &openers);
        openers.push(b'[');
        if self.fit(self.pos, &openers) <= without {
            return false;
        }
        self.report(K::MissingOpening { bracket: '[' }, start, start);
        self.tokens.insert(index, Token::new(Kind::List, start, 0));
        self.open.push(narrow(index));
        self.inside = Inside::List;
        true
    }

    pub(super) fn fit(&self, at: usize, openers: &[u8]) -> usize {
        brackets_fit(self.bytes, at, openers, REACH)
    }

    /// Whether the rest fits with the bracket at `at` inside the innermost open one, and not only behind it.
    pub(super) fn fits_inside(&self, at: usize) -> bool {
        let openers = self.openers();
        let behind = openers.get(..openers.len().saturating_sub(1)).unwrap_or_default();
        self.fit(at, &openers) > self.fit(at, behind)
    }

    /// What the bracket around the innermost open one is.
    pub(super) fn outer(&self) -> Inside {
        self.open.iter().rev().nth(1).map_or(Inside::Document, |outer| self.kind_of(*outer))
    }

    pub(super) fn openers(&self) -> Vec<u8> {
        let opening = |inside| if inside == Inside::Struct { b'{' } else { b'[' };
        self.open.iter().map(|open| opening(self.kind_of(*open))).collect()
    }

    pub(super) fn innermost(&self) -> Vec<Related> {
        let token = self.open.last().and_then(|open| self.tokens.get(widen(*open)));
        token.map(|token| self.opened_here(*token)).into_iter().collect()
    }

    pub(super) fn opened_here(&self, token: Token) -> Related {
        let place = self.place(token.start(), token.start() + 1);
        Related { label: "opened here".to_owned(), about: About::default(), place: Some(place) }
    }
}
