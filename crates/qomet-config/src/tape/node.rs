//! Walking a tape.
//!
//! [`Node`] is a value (or the name of a member) on a tape: two words, copied freely. Used by whoever reads
//! bags by hand and by [`TapeInput`](super::TapeInput). It judges nothing and reports nothing.

use std::borrow::Cow;

use qomet::{Failed, InputKind, Place};

use super::{Dialect, Kind, Tape, Token};
use crate::json::unescape;

/// A value, or the name of a member, on a [`Tape`].
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tape: &'t Tape<'t>,
    index: usize,
}

impl<'t> Node<'t> {
    pub(super) fn new(tape: &'t Tape<'_>, index: usize) -> Node<'t> {
        Node { tape, index }
    }

    #[inline(always)]
    pub(super) fn token(self) -> Token {
        self.tape.token(self.index)
    }

    pub(super) fn index(self) -> usize {
        self.index
    }

    pub(super) fn at(self, index: usize) -> Node<'t> {
        Node { tape: self.tape, index }
    }

    /// The node behind this one and all it contains.
    #[inline(always)]
    pub(super) fn after(self) -> Node<'t> {
        let token = self.token();
        let step = if token.is_container() { token.extent().max(1) } else { 1 };
        self.at(self.index.saturating_add(step))
    }

    /// Whether its kind is for the reader to say.
    pub(crate) fn is_word(self) -> bool {
        matches!(self.token().kind(), Kind::Word | Kind::Doubled | Kind::Implied | Kind::Repeated)
    }

    /// How words are read.
    pub(super) fn dialect(self) -> Dialect {
        self.tape.dialect
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> InputKind {
        self.token().kind().into()
    }

    /// The value that counts where several were given, and else itself.
    #[must_use]
    pub(super) fn counted(self) -> Node<'t> {
        match self.token().kind() {
            Kind::Repeated => self.at(self.after().index().saturating_sub(2)),
            _ => self,
        }
    }

    /// Every value that was given, the one that counts last.
    pub(crate) fn given(self) -> impl Iterator<Item = Node<'t>> {
        let repeated = self.token().kind() == Kind::Repeated;
        let first = if repeated { self.index + 1 } else { self.index };
        let end = if repeated { self.after().index().saturating_sub(1) } else { first + 1 };
        (first..end).map(move |index| self.at(index))
    }

    /// The offset of its first byte.
    #[must_use]
    pub fn start(self) -> usize {
        self.counted().token().start()
    }

    /// The offset behind its last byte.
    #[must_use]
    pub fn end(self) -> usize {
        let token = self.counted().token();
        if token.kind() == Kind::Implied {
            return token.start() + token.implication().1;
        }
        if !token.is_container() {
            return token.start() + token.extent();
        }
        let end = self.tape.token(self.index + token.extent().saturating_sub(1));
        (end.start() + end.extent()).max(token.start() + 1).min(self.tape.text.len())
    }

    /// Whether the closing bracket of a struct or list is there.
    pub(crate) fn is_closed(self) -> bool {
        let token = self.token();
        self.tape.token(self.index + token.extent().saturating_sub(1)).extent() > 0
    }

    /// Where it stands: for strings with the quotes, for structs and lists with the brackets.
    #[must_use]
    pub fn place(self) -> Place {
        self.tape.place(self.start(), self.end())
    }

    /// Its text as it stands in the source.
    #[must_use]
    pub fn source_text(self) -> &'t str {
        self.tape.text.get(self.start()..self.end()).unwrap_or_default()
    }

    /// Where a scalar stands in the text, as it is written.
    #[inline(always)]
    pub(super) fn scalar_text(self) -> &'t str {
        let token = self.token();
        self.tape.text.get(token.start()..token.start() + token.extent()).unwrap_or_default()
    }

    /// The content of a string or name without escapes: of nearly every one.
    #[inline(always)]
    pub(crate) fn plain(self) -> Option<&'t str> {
        let token = self.token();
        if !token.is(Kind::String) {
            return None;
        }
        self.tape.text.get(token.start() + 1..token.start() + token.extent() - 1)
    }

    /// Whether both are the same place of one tape.
    #[inline(always)]
    pub(crate) fn is(self, other: Node<'_>) -> bool {
        self.index == other.index
    }

    /// Whether it is a string or name with that content.
    #[inline(always)]
    pub(crate) fn is_named(self, name: &str) -> bool {
        match self.plain() {
            Some(text) => text == name,
            None => self.str().is_some_and(|text| text == name),
        }
    }

    /// The content of a string or name. Borrowed unless it has escapes.
    #[must_use]
    #[inline]
    pub fn str(self) -> Option<Cow<'t, str>> {
        match self.plain() {
            Some(text) => Some(Cow::Borrowed(text)),
            None => self.unusual_str(),
        }
    }

    fn unusual_str(self) -> Option<Cow<'t, str>> {
        let token = self.token();
        let (start, end) = (token.start(), token.start() + token.extent());
        match token.kind() {
            Kind::Escaped => self.tape.text.get(start + 1..end - 1).map(|text| Cow::Owned(unescape(text))),
            Kind::Bare | Kind::Word => self.tape.text.get(start..end).map(Cow::Borrowed),
            Kind::Doubled => self.tape.text.get(start..end).map(|text| Cow::Owned(text.replace(",,", ","))),
            Kind::Implied => Some(Cow::Borrowed(token.implication().0)),
            Kind::Repeated => self.counted().str(),
            _ => None,
        }
    }

    /// The members of a struct in order, names first; nothing for other values.
    #[must_use]
    pub fn members(self) -> Members<'t> {
        Members { next: self.token().is(Kind::Struct).then(|| self.at(self.index + 1)) }
    }

    /// The elements of a list in order; nothing for other values.
    #[must_use]
    pub fn elements(self) -> Elements<'t> {
        Elements { next: self.token().is(Kind::List).then(|| self.at(self.index + 1)) }
    }

    /// The value of the first member of that name.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Node<'t>> {
        self.members().find(|(key, _)| key.is_named(name)).map(|(_, value)| value)
    }

    /// The proof, if this value was already reported and cannot be read.
    #[must_use]
    pub fn damaged(self) -> Option<Failed> {
        if self.token().kind() == Kind::Damaged { self.tape.failed } else { None }
    }

    /// The proof, if a member's name in this struct was already reported: what seems to be missing may be there.
    #[must_use]
    pub fn damaged_name(self) -> Option<Failed> {
        self.tape.failed.filter(|_| self.members().any(|(name, _)| name.token().kind() == Kind::Damaged))
    }

    /// The proof, if it holds brackets so deep that they were reported: that it is of the wrong kind follows.
    #[must_use]
    pub(crate) fn too_deep(self) -> Option<Failed> {
        let at = self
            .tape
            .too_deep
            .filter(|at| self.token().is_container() && (self.start()..self.end()).contains(at));
        at.and(self.tape.failed)
    }

    /// The JSON path, such as `objects[3].size`.
    #[must_use]
    pub fn path(self) -> String {
        self.tape.path_at(self.place())
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}..{}", self.kind(), self.start(), self.end())
    }
}

/// The members of a struct: see [`Node::members`].
#[derive(Clone, Debug)]
pub struct Members<'t> {
    next: Option<Node<'t>>,
}

impl<'t> Iterator for Members<'t> {
    type Item = (Node<'t>, Node<'t>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let name = self.next.filter(|next| !next.token().is(Kind::End))?;
        // A name holds nothing.
        let value = name.at(name.index + 1);
        self.next = Some(value.after());
        Some((name, value))
    }
}

/// The elements of a list: see [`Node::elements`].
#[derive(Clone, Debug)]
pub struct Elements<'t> {
    next: Option<Node<'t>>,
}

impl<'t> Iterator for Elements<'t> {
    type Item = Node<'t>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let element = self.next.filter(|next| !next.token().is(Kind::End));
        self.next = element.map(Node::after);
        element
    }
}
