//! The tape: a text as a flat list of tokens, whatever its syntax.
//!
//! A token is eight bytes: where it starts, what it is, and how far it reaches (bytes of a scalar, tokens of a
//! struct or list). A struct is `Struct, name, value, name, value, …, End`, so that its closing bracket is the
//! start of its `End`; walking past a value is one addition. Each syntax is one module that makes tapes (`json`,
//! `keyval`, `opts`, `ini`); [`Node`] walks them, [`TapeInput`] feeds them to the visitors of the object model, and nothing
//! else sees tokens. So whoever reads bags does not know in which syntax they are written.
//!
//! JSON says of what kind a value is; the other syntaxes have only words, which mean what is asked of them (`words`).
//! What a syntax implies without writing it (`qom-type` before the type's name, `on` behind a flag) is on the tape all
//! the same, at the place that implies it.
//!
//! Adding a syntax takes one module with `parse(Context, &mut Diagnostics) -> Tape`: it finds the pairs of a bag, gives
//! them to a `Builder` and words what is wrong by a `SyntaxErrorKind`; `ini` is the shortest to copy. One variant and how
//! its texts are recognised go into `document::piece`, the only place that knows which syntaxes there are. In the test kit a
//! `Source` that prints values in the syntax runs `check_words` (`check_input` where values have kinds) over it, which is
//! what every visitor must do; `write` has a printer if bags are to be written in it too.
//!
//! Why not a tree: 100,000 bags are 600,000 tokens, and a box for each costs more than reading the text. Why not a
//! trait over syntaxes: the tape is it, and costs nothing to walk.

mod build;
mod input;
#[cfg(test)]
mod input_tests;
mod names;
mod node;
mod origin;
mod words;

use qomet::{Failed, InputKind, Place};

use crate::source::{narrow, widen};

pub(crate) use build::{Atom, Builder, Clash, Entry, wrap};
pub(crate) use input::Count;
pub use input::{Leniency, TapeInput};
pub(crate) use names::Names;
pub use node::{Elements, Members, Node};
pub(crate) use origin::Origin;
pub use words::Dialect;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Null,
    False,
    True,
    /// A number with neither fraction nor exponent.
    Integer,
    /// Any other number.
    Number,
    /// A string without escapes; the token includes the quotes.
    String,
    /// A string with escapes.
    Escaped,
    /// A name whose quotes are missing or unusual; the token is its content.
    Bare,
    /// What was already reported.
    Damaged,
    Struct,
    List,
    /// The closing bracket of a struct or list.
    End,
    /// Text that means what is asked of it.
    Word,
    /// The same with commas doubled.
    Doubled,
    /// A name or word that is not written: see [`IMPLIED`].
    Implied,
    /// The values that one name was given, in order. It stands for the last one, or for all where a list is asked for.
    Repeated,
}

/// What a syntax can imply. The token covers what implies it.
const IMPLIED: [&str; 8] = ["qom-type", "id", "on", "off", "", "", "", ""];

const KINDS: [Kind; 16] = [
    Kind::Null,
    Kind::False,
    Kind::True,
    Kind::Integer,
    Kind::Number,
    Kind::String,
    Kind::Escaped,
    Kind::Bare,
    Kind::Damaged,
    Kind::Struct,
    Kind::List,
    Kind::End,
    Kind::Word,
    Kind::Doubled,
    Kind::Implied,
    Kind::Repeated,
];

/// The places in [`IMPLIED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Implied {
    TypeName,
    Id,
    On,
    Off,
}

/// One token: see the module.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    start: u32,
    /// The kind in the low four bits, the extent above them.
    packed: u32,
}

impl Token {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "texts are shorter than TEXT_LIMIT")]
    pub(crate) fn new(kind: Kind, start: usize, extent: usize) -> Token {
        Token { start: start as u32, packed: ((extent as u32) << 4) | u32::from(kind as u8) }
    }

    /// Whether it is of that kind: for what happens with every token.
    #[inline(always)]
    pub(crate) fn is(self, kind: Kind) -> bool {
        self.packed & 15 == u32::from(kind as u8)
    }

    #[inline(always)]
    pub(crate) fn kind(self) -> Kind {
        // Sixteen kinds for four bits: the look-up cannot fail, and the compiler knows.
        KINDS.get(widen(self.packed & 15)).copied().unwrap_or(Kind::Damaged)
    }

    #[inline(always)]
    pub(crate) fn start(self) -> usize {
        widen(self.start)
    }

    /// What is implied by so many bytes.
    pub(crate) fn implied(what: Implied, start: usize, length: usize) -> Token {
        // Far longer than any name.
        Token::new(Kind::Implied, start, (length.min(1 << 20) << 3) | usize::from(what as u8))
    }

    /// The text of what is implied, and how many bytes imply it.
    pub(crate) fn implication(self) -> (&'static str, usize) {
        (IMPLIED.get(self.extent() & 7).copied().unwrap_or_default(), self.extent() >> 3)
    }

    /// Bytes of a scalar; tokens up to behind the `End` of a struct or list, itself included.
    #[inline(always)]
    pub(crate) fn extent(self) -> usize {
        widen(self.packed >> 4)
    }

    #[inline(always)]
    pub(crate) fn is_container(self) -> bool {
        self.is(Kind::Struct) || self.is(Kind::List) || self.is(Kind::Repeated)
    }
}

/// A parsed text. See [`Node`] for reading it.
pub struct Tape<'a> {
    pub(crate) text: &'a str,
    pub(crate) source: u32,
    pub(crate) tokens: Vec<Token>,
    pub(crate) failed: Option<Failed>,
    /// The first bracket inside too many others.
    pub(crate) too_deep: Option<usize>,
    /// How its words are read.
    pub(crate) dialect: Dialect,
    /// Whence the text was taken, if it does not stand in the source as it is.
    pub(crate) origin: Option<&'a Origin>,
}

impl<'a> Tape<'a> {
    /// A tape of nothing but damage.
    pub(crate) fn damaged(source: u32, failed: Option<Failed>) -> Tape<'a> {
        let tokens = vec![Token::new(Kind::Damaged, 0, 0)];
        Tape { text: "", source, tokens, failed, too_deep: None, dialect: Dialect::Keyval, origin: None }
    }

    /// The number of the source.
    pub(crate) fn source(&self) -> u32 {
        self.source
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// Proof that something was reported about this text, if something was.
    #[must_use]
    pub fn failed(&self) -> Option<Failed> {
        self.failed
    }

    /// How many tokens there are: for sizing what is built from them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is not even a damaged value; never true after parsing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// A place in the source, by its place in the text.
    pub(crate) fn place(&self, start: usize, end: usize) -> Place {
        match self.origin {
            None => Place { source: self.source, start: narrow(start), end: narrow(end) },
            Some(origin) => origin.place(self.source, start, end),
        }
    }

    /// The JSON path of a place, such as `objects[3].size`. Empty for the document itself.
    #[must_use]
    pub fn path_at(&self, place: Place) -> String {
        let start = widen(place.start);
        let mut node = self.root();
        let mut path = String::new();
        loop {
            let inside = |value: Node<'_>| start < value.end() || start == value.start();
            let member = node.members().find(|(name, value)| name.start() <= start && inside(*value));
            if let Some((name, value)) = member {
                push_name(&mut path, &name.str().unwrap_or_default());
                node = value;
                continue;
            }
            let element =
                node.elements().enumerate().find(|(_, value)| value.start() <= start && inside(*value));
            let Some((index, value)) = element else { return path };
            path.push_str(&format!("[{index}]"));
            node = value;
        }
    }

    pub(crate) fn token(&self, index: usize) -> Token {
        self.tokens.get(index).copied().unwrap_or(Token::new(Kind::End, self.text.len(), 0))
    }
}

fn push_name(path: &mut String, name: &str) {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_$".contains(&b));
    if !plain {
        let mut shown = String::new();
        shown.extend(name.chars().take(60).flat_map(|c| {
            let escape = c.is_control() || matches!(c, '"' | '\\');
            std::iter::once(c).filter(move |_| !escape).chain(c.escape_default().filter(move |_| escape))
        }));
        path.push_str(&format!("[\"{shown}\"]"));
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

impl std::fmt::Debug for Tape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("source", &self.source).field("tokens", &self.tokens.len()).finish()
    }
}

impl From<Kind> for InputKind {
    fn from(kind: Kind) -> InputKind {
        match kind {
            Kind::Null => InputKind::Null,
            Kind::False | Kind::True => InputKind::Bool,
            Kind::Integer => InputKind::Integer,
            Kind::Number => InputKind::Number,
            Kind::String | Kind::Escaped | Kind::Bare => InputKind::String,
            Kind::Word | Kind::Doubled | Kind::Implied | Kind::Repeated => InputKind::String,
            Kind::Struct => InputKind::Struct,
            Kind::List => InputKind::List,
            Kind::Damaged | Kind::End => InputKind::Damaged,
        }
    }
}
