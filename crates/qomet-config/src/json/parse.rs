//! Text to tape: what a valid document goes through.
//!
//! Three states (a value is expected, a name is expected, a value has just ended) and a stack of open brackets;
//! no recursion, so depth costs nothing but a number. Everything that is not as it should be goes to
//! `recover.rs`, which reports and says how to go on; none of it is on the path of a valid document.
//!
//! Why not a first pass that finds all structural bytes with vector instructions, as simdjson does: it needs
//! `unsafe` or nightly, and names and values of bags are so short that jumping from token to token is as fast.

use std::ops::Range;

use qomet::{Diagnostic, Diagnostics, Failed, Place, Related};

use super::Syntax;
use super::escape::{Escape, escape};
use super::scan::{byte, digits_end, is_word, line_end, space_end, string_special};
use crate::source::{Source, narrow, widen};
use crate::syntax_error::{MISTAKES_LIMIT, SyntaxErrorKind};
use crate::tape::{Dialect, Kind, Tape, Token};

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A value: the document, an element, or what follows a colon.
    Value,
    /// The name of a member.
    Name,
    /// A colon; the name has just been read.
    Colon,
    /// A comma or closing bracket; a value has just been read.
    After,
    /// Nothing.
    End,
}

/// What the innermost open bracket is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    Document,
    Struct,
    List,
}

/// The state of parsing one text.
pub(super) struct Parser<'a, 'd> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) pos: usize,
    pub(super) tokens: Vec<Token>,
    /// The tokens of the open brackets.
    pub(super) open: Vec<u32>,
    pub(super) inside: Inside,
    /// The last comma, to be pointed at if nothing follows it.
    pub(super) comma: usize,
    pub(super) syntax: Syntax,
    /// Whether the last string that is not plain is a name.
    pub(super) in_name: bool,
    /// Set when what follows can only be a consequence.
    pub(super) silent: bool,
    /// The first bracket inside too many others.
    pub(super) too_deep: Option<usize>,
    mistakes: usize,
    source: u32,
    damage: &'a [Range<u32>],
    failed: Option<Failed>,
    diagnostics: &'d mut Diagnostics,
}

impl<'a, 'd> Parser<'a, 'd> {
    pub(super) fn new(
        from: &'a Source,
        source: u32,
        syntax: Syntax,
        diagnostics: &'d mut Diagnostics,
    ) -> Self {
        Parser {
            pos: from.first(),
            source,
            damage: from.damage(),
            failed: from.failed(),
            ..Parser::over(from.text(), syntax, diagnostics)
        }
    }

    /// Over a text that is in no `Sources`.
    pub(super) fn over(text: &'a str, syntax: Syntax, diagnostics: &'d mut Diagnostics) -> Self {
        Parser {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            // Short names and values: a token for every seven to ten bytes. What is not written costs nothing.
            tokens: Vec::with_capacity(text.len() / 8 + 8),
            open: Vec::new(),
            inside: Inside::Document,
            comma: usize::MAX,
            syntax,
            in_name: false,
            silent: false,
            too_deep: None,
            mistakes: 0,
            source: 0,
            damage: &[],
            failed: None,
            diagnostics,
        }
    }

    pub(super) fn run(mut self) -> Tape<'a> {
        let mut next = Next::Value;
        loop {
            next = match next {
                Next::Value => self.value(),
                Next::After => self.after(),
                Next::Name => self.name(),
                Next::Colon => self.colon(),
                Next::End => break,
            };
        }
        if self.tokens.is_empty() {
            self.tokens.push(Token::new(Kind::Damaged, self.pos.min(self.bytes.len()), 0));
        }
        self.mark_damage();
        let Parser { text, source, tokens, failed, too_deep, .. } = self;
        Tape { text, source, tokens, failed, too_deep, dialect: Dialect::Keyval, origin: None }
    }

    // The valid document.

    #[inline(always)]
    fn value(&mut self) -> Next {
        match byte(self.bytes, self.pos) {
            b'"' => {
                self.string(false);
                self.after()
            }
            // Behind it a value is still to come.
            b' ' | b'\n' | b'\r' | b'\t' | b'/' if self.skips_space() => Next::Value,
            b'{' => self.open_bracket(Kind::Struct),
            b'[' => self.open_bracket(Kind::List),
            b'0'..=b'9' | b'-' => self.number(),
            b't' => self.literal(b"true", Kind::True),
            b'f' => self.literal(b"false", Kind::False),
            b'n' => self.literal(b"null", Kind::Null),
            _ => self.recover_value(),
        }
    }

    #[inline(always)]
    fn after(&mut self) -> Next {
        let found = self.peek();
        if found == b',' && self.inside != Inside::Document {
            self.comma = self.pos;
            self.pos += 1;
            return if self.inside == Inside::Struct { Next::Name } else { Next::Value };
        }
        match (found, self.inside) {
            (b'}', Inside::Struct) | (b']', Inside::List) => self.close_bracket(1),
            _ => self.recover_after(),
        }
    }

    #[inline(always)]
    fn name(&mut self) -> Next {
        if byte(self.bytes, self.pos) == b'"' || self.peek() == b'"' {
            self.string(true);
            self.colon()
        } else {
            self.recover_name()
        }
    }

    #[inline(always)]
    fn colon(&mut self) -> Next {
        if byte(self.bytes, self.pos) == b':' || self.peek() == b':' {
            self.pos += 1;
            self.value()
        } else {
            self.recover_colon()
        }
    }

    #[inline(always)]
    fn string(&mut self, name: bool) {
        let start = self.pos;
        let end = string_special(self.bytes, start + 1);
        if byte(self.bytes, end) == b'"' {
            self.push(Kind::String, start, end + 1);
            self.pos = end + 1;
        } else {
            self.in_name = name;
            self.unusual_string(start, end);
        }
    }

    #[inline(always)]
    fn number(&mut self) -> Next {
        let start = self.pos;
        let digits = start + usize::from(byte(self.bytes, start) == b'-');
        let mut end = digits_end(self.bytes, digits);
        let mut kind = Kind::Integer;
        let mut good = end > digits && (end == digits + 1 || byte(self.bytes, digits) != b'0');
        if byte(self.bytes, end) == b'.' {
            kind = Kind::Number;
            let fraction = end + 1;
            end = digits_end(self.bytes, fraction);
            good &= end > fraction;
        }
        if matches!(byte(self.bytes, end), b'e' | b'E') {
            kind = Kind::Number;
            let exponent = end + 1 + usize::from(matches!(byte(self.bytes, end + 1), b'+' | b'-'));
            end = digits_end(self.bytes, exponent);
            good &= end > exponent;
        }
        if !good || self.goes_on(end) {
            return self.recover_word();
        }
        self.push(kind, start, end);
        self.pos = end;
        self.after()
    }

    #[inline(always)]
    fn literal(&mut self, word: &[u8], kind: Kind) -> Next {
        let (start, end) = (self.pos, self.pos + word.len());
        if self.bytes.get(start..end) != Some(word) || self.goes_on(end) {
            return self.recover_word();
        }
        self.push(kind, start, end);
        self.pos = end;
        Next::After
    }

    /// Whether the word before `end` does not end there.
    #[inline(always)]
    fn goes_on(&self, end: usize) -> bool {
        is_word(byte(self.bytes, end)) && !super::scan::is_comment(self.bytes, end)
    }

    #[inline(always)]
    fn open_bracket(&mut self, kind: Kind) -> Next {
        if self.open.len() >= self.syntax.max_depth {
            return self.recover_depth();
        }
        self.open.push(narrow(self.tokens.len()));
        self.push(kind, self.pos, self.pos);
        self.pos += 1;
        self.inside = if kind == Kind::Struct { Inside::Struct } else { Inside::List };
        match (self.peek(), self.inside) {
            (b'}', Inside::Struct) | (b']', Inside::List) => self.close_bracket(1),
            (_, Inside::Struct) => Next::Name,
            _ => Next::Value,
        }
    }

    /// Closes the innermost bracket with one of `length` bytes: 0 where it is missing.
    #[inline(always)]
    pub(super) fn close_bracket(&mut self, length: usize) -> Next {
        self.push(Kind::End, self.pos, self.pos + length);
        self.pos += length;
        let Some(opened) = self.open.pop() else { return Next::End };
        let count = self.tokens.len() - widen(opened);
        if let Some(token) = self.tokens.get_mut(widen(opened)) {
            *token = Token::new(token.kind(), token.start(), count);
        }
        self.inside = self.open.last().map_or(Inside::Document, |outer| self.kind_of(*outer));
        Next::After
    }

    #[inline(always)]
    pub(super) fn kind_of(&self, open: u32) -> Inside {
        match self.tokens.get(widen(open)).map(|token| token.kind()) {
            Some(Kind::Struct) => Inside::Struct,
            _ => Inside::List,
        }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token::new(kind, start, end - start));
    }

    /// The next byte that is neither white space nor part of a comment; 0 at the end.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> u8 {
        let found = byte(self.bytes, self.pos);
        if found > b' ' && found != b'/' { found } else { self.skip_space() }
    }

    /// Skips white space and comments, and says whether there were any.
    fn skips_space(&mut self) -> bool {
        let start = self.pos;
        self.skip_space();
        self.pos > start
    }

    #[inline(never)]
    fn skip_space(&mut self) -> u8 {
        loop {
            self.pos = space_end(self.bytes, self.pos);
            if byte(self.bytes, self.pos) != b'/' || !self.skip_comment() {
                return byte(self.bytes, self.pos);
            }
        }
    }

    /// Skips the comment in front, if there is one.
    fn skip_comment(&mut self) -> bool {
        let start = self.pos;
        let end = match byte(self.bytes, start + 1) {
            b'/' => line_end(self.bytes, start),
            b'*' => {
                let rest = self.bytes.get(start + 2..).unwrap_or_default();
                match memchr::memmem::find(rest, b"*/") {
                    Some(length) => start + 2 + length + 2,
                    None => {
                        self.report(SyntaxErrorKind::UnterminatedComment, start, start + 2);
                        self.silent = true;
                        self.bytes.len()
                    }
                }
            }
            _ => return false,
        };
        self.pos = end;
        if !self.syntax.comments {
            self.report(SyntaxErrorKind::CommentNotAllowed, start, end);
        }
        true
    }

    /// A string with escapes, or one that does not end as it should; `at` is the first special byte.
    #[inline(never)]
    fn unusual_string(&mut self, start: usize, mut at: usize) {
        let mut good = true;
        loop {
            match byte(self.bytes, at) {
                b'"' => break,
                b'\\' => {
                    let (length, kind) = match escape(self.bytes, at) {
                        Escape::Char('\'', length) if !self.syntax.single_quotes => (length, Some(false)),
                        Escape::Char(_, length) => (length, None),
                        Escape::Lone(length) => (length, Some(true)),
                        Escape::Unknown(length) => (length, Some(false)),
                    };
                    if let Some(lone) = kind {
                        good = false;
                        self.bad_escape(at, at + length, lone);
                    }
                    at += length;
                }
                _ if self.ends_early(start, at) => return self.unterminated_string(start, at),
                _ => {
                    good = false;
                    self.control_character(at);
                    at += 1;
                }
            }
            at = string_special(self.bytes, at);
        }
        self.push(if good { Kind::Escaped } else { Kind::Damaged }, start, at + 1);
        self.pos = at + 1;
    }

    // Reporting.

    pub(super) fn place(&self, start: usize, end: usize) -> Place {
        let length = self.text.len();
        Place { source: self.source, start: narrow(start.min(length)), end: narrow(end.min(length)) }
    }

    pub(super) fn report(&mut self, kind: SyntaxErrorKind, start: usize, end: usize) {
        self.report_with(kind, start, end, Vec::new());
    }

    /// Reports, unless what is there was reported as not UTF-8 or can only be a consequence.
    #[cold]
    pub(super) fn report_with(
        &mut self,
        kind: SyntaxErrorKind,
        start: usize,
        end: usize,
        related: Vec<Related>,
    ) {
        let place = self.place(start, end);
        let next = self.damage.partition_point(|range| range.end < place.start);
        let known = self.damage.get(next).is_some_and(|range| range.start <= place.end);
        let consequence = self.failed.is_some() && (self.silent || known);
        self.mistakes += 1;
        let kind = if self.mistakes > MISTAKES_LIMIT { SyntaxErrorKind::TooManyMistakes } else { kind };
        if !consequence {
            let mut diagnostic = Diagnostic::new(kind).at(place);
            *diagnostic.related_mut() = related;
            self.failed = Some(self.diagnostics.report(diagnostic));
        }
        if self.mistakes > MISTAKES_LIMIT {
            // The text ends here, so that guessing has an end too.
            self.silent = true;
            self.bytes = self.bytes.get(..self.pos).unwrap_or_default();
        }
    }

    /// Marks the values that hold bytes that are not UTF-8.
    fn mark_damage(&mut self) {
        for range in self.damage {
            let index = self.tokens.partition_point(|token| token.start() <= widen(range.start));
            let Some(token) = index.checked_sub(1).and_then(|index| self.tokens.get_mut(index)) else {
                continue;
            };
            let scalar = !token.is_container() && token.kind() != Kind::End;
            if scalar && widen(range.start) < token.start() + token.extent() {
                *token = Token::new(Kind::Damaged, token.start(), token.extent());
            }
        }
    }
}
