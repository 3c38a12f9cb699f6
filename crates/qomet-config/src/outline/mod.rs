//! What stands where in a document that is being written.
//!
//! For editors: [`Outline::spot`] tells what an offset is in (the name of a property, its value, where a bag may begin),
//! whatever state the text is in, and [`Outline::bags`] what there is. Called by the language server.
//!
//! It judges nothing: that is `document`. It knows no types either: whoever has the registry turns a path into a
//! property.
//!
//! Why over the tape and not over a grammar of its own: the parser that tells every mistake at its place already knows
//! best what was probably meant by a text with mistakes, and an editor's texts mostly have some.

mod gap;
mod json;
mod sections;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use qomet::{Diagnostics, InputKind};

use crate::document::each_bag;
use crate::ini;
use crate::json::Syntax;
use crate::tape::{Leniency, Node, Tape, TapeInput};
use crate::write::Language;

/// A text as far as it can be understood.
#[derive(Debug)]
pub struct Outline<'a> {
    text: &'a str,
    language: Language,
    tape: Tape<'a>,
}

/// What an offset is in.
#[derive(Clone, Debug)]
pub struct Spot<'t> {
    /// What may stand there.
    pub what: What,
    /// The bag; none for what is the document's.
    pub bag: Option<Node<'t>>,
    /// The way there from the bag, or from the document: the last step is the name or value itself.
    pub path: Vec<Step<'t>>,
    /// What stands there now, quotes included; what is put there replaces it. Empty where nothing does.
    pub place: Range<usize>,
    /// Whether something follows that belongs to it: the colon behind a name.
    pub is_followed: bool,
    /// Where a comma is missing before it, if one is.
    pub comma_before: Option<usize>,
    /// Whether a comma is missing between it and what follows.
    pub comma_after: bool,
}

/// What may stand at a [`Spot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The name of a member.
    Name,
    /// The value of a member, or an element of a list.
    Value,
    /// A whole bag.
    Bag,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'t> {
    /// To the member of that name, which may not be complete.
    Member(Cow<'t, str>),
    /// To the element of that number, from 0.
    Element(usize),
}

impl<'a> Outline<'a> {
    /// Of a text in the language that its content shows, as [`Documents::add`](crate::Documents::add) tells it.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        // What is wrong with it is for others to say.
        let mut said = Diagnostics::new();
        let (language, tape) = if ini::is_ini(text) {
            (Language::Ini, Tape::sections(text, &mut said))
        } else {
            (Language::Json, Tape::of(text, Syntax::DOCUMENT, &mut said))
        };
        let _ = said.take();
        Outline { text, language, tape }
    }

    /// How it is written: as JSON, or in sections.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The bags in order, damaged ones too.
    #[must_use]
    pub fn bags(&self) -> Vec<Node<'_>> {
        let mut said = Diagnostics::new();
        let mut bags = Vec::new();
        let root = self.tape.root();
        let mut input = TapeInput::new(root, Leniency::Lenient, &mut said);
        each_bag(root, &mut input, &mut |bag, _| bags.push(bag));
        let _ = said.take();
        bags.retain(|bag| bag.kind() == InputKind::Struct);
        bags
    }

    /// What `offset` is in. None in comments, between things, and behind the end.
    #[must_use]
    pub fn spot(&self, offset: usize) -> Option<Spot<'_>> {
        if !self.text.is_char_boundary(offset) {
            return None;
        }
        match self.language {
            Language::Ini => sections::spot(self.text, &self.bags(), offset),
            Language::Json | Language::Line(_) => {
                json::spot(self.text, self.tape.root(), &self.bags(), offset)
            }
        }
    }
}

impl Spot<'_> {
    /// The name that stands there or whose value this is; none for an element of a list.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self.path.last() {
            Some(Step::Member(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether it is a member of its bag, or the value of one, and not a part of that value.
    #[must_use]
    pub fn is_of_bag(&self) -> bool {
        self.bag.is_some() && self.path.len() == 1
    }
}
