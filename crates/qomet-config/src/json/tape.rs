//! The tape: a document as a flat list of tokens.
//!
//! A token is eight bytes: where it starts, what it is, and how far it reaches (bytes of a scalar, tokens of a
//! struct or list). A struct is `Struct, name, value, name, value, …, End`, so that its closing bracket is the
//! start of its `End`; walking past a value is one addition. The parser makes it, [`Node`] reads it, and
//! nothing else sees tokens.
//!
//! Why not a tree: 100,000 bags are 600,000 tokens, and a box for each costs more than reading the text.

use qomet::{Diagnostics, Failed, InputKind, Place};

use super::node::Node;
use super::parse::Parser;
use crate::source::{Source, Sources, TEXT_LIMIT, narrow, widen};
use crate::syntax_error::SyntaxErrorKind;

/// What the text may contain beside JSON, and how deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// `// …` and `/* … */`.
    pub comments: bool,
    /// A comma before a closing bracket.
    pub trailing_commas: bool,
    /// `'…'` for `"…"`.
    pub single_quotes: bool,
    /// How many brackets may stand inside each other.
    pub max_depth: usize,
}

impl Syntax {
    /// Files that people write: comments and trailing commas.
    pub const DOCUMENT: Syntax =
        Syntax { comments: true, trailing_commas: true, single_quotes: false, max_depth: 128 };
    /// JSON as RFC 8259 has it.
    pub const STRICT: Syntax =
        Syntax { comments: false, trailing_commas: false, single_quotes: false, max_depth: 128 };
    /// What QEMU takes in `-object` and over its protocol: single quotes too, and 1024 levels.
    pub const QEMU: Syntax =
        Syntax { comments: false, trailing_commas: false, single_quotes: true, max_depth: 1024 };
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
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
}

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
    Kind::Damaged,
    Kind::Damaged,
    Kind::Damaged,
    Kind::Damaged,
];

/// One token: see the module.
#[derive(Clone, Copy)]
pub(super) struct Token {
    start: u32,
    /// The kind in the low four bits, the extent above them.
    packed: u32,
}

impl Token {
    #[inline(always)]
    pub(super) fn new(kind: Kind, start: usize, extent: usize) -> Token {
        Token { start: narrow(start), packed: (narrow(extent) << 4) | u32::from(kind as u8) }
    }

    #[inline(always)]
    pub(super) fn kind(self) -> Kind {
        // Sixteen kinds for four bits: the look-up cannot fail, and the compiler knows.
        KINDS.get(widen(self.packed & 15)).copied().unwrap_or(Kind::Damaged)
    }

    #[inline(always)]
    pub(super) fn start(self) -> usize {
        widen(self.start)
    }

    /// Bytes of a scalar; tokens up to behind the `End` of a struct or list, itself included.
    #[inline(always)]
    pub(super) fn extent(self) -> usize {
        widen(self.packed >> 4)
    }

    #[inline(always)]
    pub(super) fn is_container(self) -> bool {
        matches!(self.kind(), Kind::Struct | Kind::List)
    }
}

/// A parsed text. See [`Node`] for reading it.
pub struct Tape<'a> {
    pub(super) text: &'a str,
    pub(super) source: u32,
    pub(super) tokens: Vec<Token>,
    pub(super) failed: Option<Failed>,
    /// The first bracket inside too many others.
    pub(super) too_deep: Option<usize>,
}

impl<'a> Tape<'a> {
    /// Parses one of the sources. What is wrong is reported; the rest is on the tape, with damaged places marked.
    #[must_use]
    pub fn parse(
        sources: &'a Sources,
        source: u32,
        syntax: Syntax,
        diagnostics: &mut Diagnostics,
    ) -> Tape<'a> {
        match sources.get(source) {
            Some(from) if !from.is_unusable() => Parser::new(from, source, syntax, diagnostics).run(),
            other => {
                let failed = other.and_then(Source::failed);
                Tape {
                    text: "",
                    source,
                    tokens: vec![Token::new(Kind::Damaged, 0, 0)],
                    failed,
                    too_deep: None,
                }
            }
        }
    }

    /// Parses a text that stands in no [`Sources`], such as a message of a protocol. Its places are those of source
    /// number 0.
    #[must_use]
    pub fn of(text: &'a str, syntax: Syntax, diagnostics: &mut Diagnostics) -> Tape<'a> {
        if text.len() < TEXT_LIMIT {
            return Parser::over(text, syntax, diagnostics).run();
        }
        let kind = SyntaxErrorKind::TooLong { length: text.len(), limit: TEXT_LIMIT };
        let failed = Some(diagnostics.report(kind));
        Tape { text: "", source: 0, tokens: vec![Token::new(Kind::Damaged, 0, 0)], failed, too_deep: None }
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

    pub(super) fn token(&self, index: usize) -> Token {
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
            Kind::Struct => InputKind::Struct,
            Kind::List => InputKind::List,
            Kind::Damaged | Kind::End => InputKind::Damaged,
        }
    }
}
