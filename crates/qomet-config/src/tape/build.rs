//! From `key=value` pairs to a tape.
//!
//! A syntax of pairs splits its text and gives each pair to a [`Builder`], which gathers them: dotted keys become
//! structs and lists, and what is given again goes to where it was given first. Used by the syntaxes `keyval`,
//! `opts` and `ini`; the first pair of a name decides where it stands.

use std::collections::HashMap;

use super::{Implied, Kind, Token};

/// A name or a value: where it stands and how it is read.
pub(crate) type Atom = Token;

/// A pair: the parts of its key, and its value.
pub(crate) struct Entry {
    pub(crate) key: Vec<Atom>,
    pub(crate) value: Atom,
}

/// A contradiction between pairs, and the bytes of the key where it shows.
#[derive(Debug)]
pub(crate) enum Clash {
    /// A value where there are members, members where there is a value, or names beside numbers.
    Inconsistent { start: usize, end: usize },
    /// The elements of a list do not start at 0 or leave one out.
    Missing { start: usize, end: usize, index: usize },
}

/// Gathers pairs.
pub(crate) struct Builder<'a> {
    text: &'a str,
    root: Level<'a>,
}

/// The members of a struct, or the elements of a list.
#[derive(Default)]
struct Level<'a> {
    members: Vec<Member<'a>>,
    by_name: HashMap<&'a str, usize>,
    /// The key that led here first.
    start: usize,
    end: usize,
}

struct Member<'a> {
    name: Atom,
    text: &'a str,
    value: Given<'a>,
}

enum Given<'a> {
    Values(Vec<Atom>),
    Level(Level<'a>),
}

impl Atom {
    /// A word as it stands.
    pub(crate) fn word(start: usize, end: usize) -> Atom {
        Token::new(Kind::Word, start, end.saturating_sub(start))
    }

    /// A word whose commas are doubled.
    pub(crate) fn doubled(start: usize, end: usize) -> Atom {
        Token::new(Kind::Doubled, start, end.saturating_sub(start))
    }

    /// Text that was reported.
    pub(crate) fn damaged(start: usize, end: usize) -> Atom {
        Token::new(Kind::Damaged, start, end.saturating_sub(start))
    }

    /// The end of it in the text.
    fn end(self) -> usize {
        match self.kind() {
            Kind::Implied => self.start() + self.implication().1,
            _ => self.start() + self.extent(),
        }
    }

    fn text(self, text: &str) -> &str {
        match self.kind() {
            Kind::Implied => self.implication().0,
            _ => text.get(self.start()..self.start() + self.extent()).unwrap_or_default(),
        }
    }
}

impl Entry {
    /// `qom-type`, which is not written.
    pub(crate) fn type_name(value: Atom) -> Entry {
        Entry { key: vec![Token::implied(Implied::TypeName, value.start(), 0)], value }
    }
}

impl<'a> Builder<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Builder { text, root: Level::default() }
    }

    /// Whether the name is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.root.by_name.contains_key(name)
    }

    /// The text of the value of that name that counts.
    pub(crate) fn word(&self, name: &str) -> Option<&'a str> {
        let member = self.root.members.get(*self.root.by_name.get(name)?)?;
        match &member.value {
            Given::Values(values) => values.last().map(|value| value.text(self.text)),
            Given::Level(_) => None,
        }
    }

    /// Notes text that was reported and may belong to the value of `key`, which it follows. It does not count, but if
    /// that value must not be seen, it must not either.
    pub(crate) fn aside(&mut self, key: Option<&[Atom]>, text: Atom) {
        let Some([name]) = key else { return };
        let index = self.root.by_name.get(name.text(self.text));
        if let Some(member) = index.and_then(|index| self.root.members.get_mut(*index))
            && let Given::Values(values) = &mut member.value
        {
            values.insert(values.len().saturating_sub(1), text);
        }
    }

    /// Adds a pair.
    ///
    /// # Errors
    /// It contradicts another one.
    pub(crate) fn put(&mut self, entry: &Entry) -> Result<(), Clash> {
        let Some(first) = entry.key.first() else { return Ok(()) };
        let start = first.start();
        let mut level = &mut self.root;
        let mut parts = entry.key.iter().peekable();
        while let Some(part) = parts.next() {
            let name = part.text(self.text);
            let is_last = parts.peek().is_none();
            let end = part.end();
            let next = level.members.len();
            let index = *level.by_name.entry(name).or_insert(next);
            if index == next {
                let value = match is_last {
                    true => Given::Values(Vec::new()),
                    false => Given::Level(Level { start, end, ..Level::default() }),
                };
                level.members.push(Member { name: *part, text: name, value });
            }
            let Some(member) = level.members.get_mut(index) else { return Ok(()) };
            level = match (&mut member.value, is_last) {
                (Given::Values(values), true) => {
                    values.push(entry.value);
                    return Ok(());
                }
                (Given::Level(level), false) => level,
                _ => return Err(Clash::Inconsistent { start, end }),
            };
        }
        Ok(())
    }

    /// Appends the struct of all pairs, which stands at `start..end`, and returns what is contradictory in it.
    pub(crate) fn finish(mut self, start: usize, end: usize, tokens: &mut Vec<Token>) -> Vec<Clash> {
        (self.root.start, self.root.end) = (start, end);
        let mut clashes = Vec::new();
        self.root.write(true, tokens, &mut clashes);
        clashes
    }
}

impl Level<'_> {
    /// The depth is that of the keys, which syntaxes bound.
    fn write(self, is_root: bool, tokens: &mut Vec<Token>, clashes: &mut Vec<Clash>) {
        let (start, end) = (self.start, self.end);
        let numbers = self.members.iter().filter(|member| index(member.text).is_some()).count();
        if is_root || numbers == 0 {
            return wrap(Kind::Struct, start, end, tokens, |tokens| {
                for member in self.members {
                    tokens.push(member.name);
                    member.value.write(tokens, clashes);
                }
            });
        }
        if numbers < self.members.len() {
            clashes.push(Clash::Inconsistent { start, end });
            tokens.push(Token::new(Kind::Damaged, start, end.saturating_sub(start)));
            return;
        }
        // Two spellings of a number are one element, and the last one counts.
        let mut elements: Vec<Option<Given<'_>>> = self.members.iter().map(|_| None).collect();
        let mut last = 0;
        for member in self.members {
            let index = index(member.text).unwrap_or(usize::MAX);
            last = last.max(index);
            if let Some(element) = elements.get_mut(index) {
                *element = Some(member.value);
            }
        }
        elements.truncate(last.saturating_add(1));
        if let Some(index) = elements.iter().position(Option::is_none) {
            clashes.push(Clash::Missing { start, end, index });
            tokens.push(Token::new(Kind::Damaged, start, end.saturating_sub(start)));
            return;
        }
        wrap(Kind::List, start, end, tokens, |tokens| {
            for element in elements.into_iter().flatten() {
                element.write(tokens, clashes);
            }
        });
    }
}

impl Given<'_> {
    fn write(self, tokens: &mut Vec<Token>, clashes: &mut Vec<Clash>) {
        match self {
            Given::Level(level) => level.write(false, tokens, clashes),
            Given::Values(values) => match values.as_slice() {
                [value] => tokens.push(*value),
                all => {
                    let (first, last) = (all.first(), all.last());
                    let start = first.map_or(0, |first| first.start());
                    let end = last.map_or(start, |last| last.end());
                    wrap(Kind::Repeated, start, end, tokens, |tokens| tokens.extend_from_slice(all));
                }
            },
        }
    }
}

/// Writes a container at `start..end` around what `inside` writes.
pub(crate) fn wrap(
    kind: Kind,
    start: usize,
    end: usize,
    tokens: &mut Vec<Token>,
    inside: impl FnOnce(&mut Vec<Token>),
) {
    let at = tokens.len();
    tokens.push(Token::new(kind, start, 0));
    inside(tokens);
    tokens.push(Token::new(Kind::End, end, 0));
    let extent = tokens.len() - at;
    if let Some(token) = tokens.get_mut(at) {
        *token = Token::new(kind, start, extent);
    }
}

/// The number of an element; one that is too large is none that can be there.
fn index(name: &str) -> Option<usize> {
    let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| name.parse().unwrap_or(usize::MAX))
}
