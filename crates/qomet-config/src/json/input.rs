//! A tape as a source of values.
//!
//! [`JsonInput`] is the object model's [`Input`] over a [`Node`]. Everything it reports has a place: the value,
//! the name for an unknown or duplicate member, the brackets for what concerns a struct as a whole. What the
//! parser has reported fails without a word. After [`MISTAKES_LIMIT`] mistakes the rest is not read, as in the
//! parser: a struct of a million wrong names is one mistake, not a million.
//!
//! Numbers are read from their text here, exactly: a 64-bit integer never passes through a double.

use std::borrow::Cow;

use qomet::{
    About, Diagnostic, Diagnostics, Failed, Input, InputKind, ModelErrorKind, Place, Problem, Related, Size,
    nearest,
};

use super::names::Names;
use super::node::Node;
use super::tape::Kind;
use crate::syntax_error::{MISTAKES_LIMIT, SyntaxErrorKind};

/// How values may be spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leniency {
    /// As QEMU's protocol takes them: a size is an integer, a boolean `true` or `false`.
    Strict,
    /// As people write documents: `"1G"` for a size and `"on"` or `"off"` for a boolean too.
    Lenient,
}

/// At most so many bytes of what a user wrote go into a problem.
const VALUE_BYTES: usize = 256;

struct Frame<'t> {
    container: Node<'t>,
    next: Node<'t>,
    /// One bit for each of the first 128 members that was given.
    seen: u128,
    /// Whether each of the others was given, as far as is known.
    seen_more: Vec<bool>,
    names: Names<'t>,
    /// Members mostly come in declared order.
    hint: usize,
    /// Valid names that unknown ones were probably meant to be.
    misspelt: Vec<(&'static str, Failed)>,
}

impl Frame<'_> {
    /// Notes that a member beyond the first 128 was given; false if it was before.
    #[cold]
    fn note(&mut self, index: usize) -> bool {
        if self.seen_more.len() <= index {
            self.seen_more.resize(index + 1, false);
        }
        self.seen_more.get_mut(index).is_some_and(|seen| !std::mem::replace(seen, true))
    }
}

/// How many mistakes were reported.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    mistakes: usize,
    /// The proof that there were too many, so that the rest is not read.
    exhausted: Option<Failed>,
}

/// Reads the values of a tape.
pub struct JsonInput<'t, 'd> {
    front: Node<'t>,
    name: Option<Node<'t>>,
    stack: Vec<Frame<'t>>,
    /// Whether the struct or list in front has been read to its end.
    ended: bool,
    leniency: Leniency,
    count: Count,
    diagnostics: &'d mut Diagnostics,
}

impl<'t, 'd> JsonInput<'t, 'd> {
    /// An input that stands in front of `value`.
    pub fn new(value: Node<'t>, leniency: Leniency, diagnostics: &'d mut Diagnostics) -> Self {
        JsonInput {
            front: value,
            name: None,
            stack: Vec::new(),
            ended: false,
            leniency,
            count: Count::default(),
            diagnostics,
        }
    }

    /// Goes on with another count of mistakes and returns the one so far: what has bounds of its own is counted by
    /// itself.
    pub(crate) fn count(&mut self, count: Count) -> Count {
        std::mem::replace(&mut self.count, count)
    }

    /// The proof, if there were so many mistakes that the rest is not read.
    pub(crate) fn exhausted(&self) -> Option<Failed> {
        self.count.exhausted
    }

    /// Moves in front of another value, for reading many with one input.
    pub fn move_to(&mut self, value: Node<'t>) {
        self.front = value;
        self.name = None;
        self.stack.clear();
        self.ended = false;
    }

    /// Moves in front of the value of a member; `name` is where problems with its name are reported.
    pub fn move_to_member(&mut self, name: Node<'t>, value: Node<'t>) {
        self.move_to(value);
        self.name = Some(name);
    }

    /// The value in front.
    #[must_use]
    pub fn node(&self) -> Node<'t> {
        self.front
    }

    /// What has been reported so far.
    pub fn diagnostics(&mut self) -> &mut Diagnostics {
        self.diagnostics
    }

    #[cold]
    fn report_at(&mut self, problem: Box<dyn Problem>, place: Place) -> Failed {
        self.report_mistake(Diagnostic::from(problem).at(place))
    }

    /// Reports, unless there were too many mistakes.
    #[cold]
    pub(crate) fn report_mistake(&mut self, diagnostic: Diagnostic) -> Failed {
        if let Some(failed) = self.count.exhausted {
            return failed;
        }
        self.count.mistakes += usize::from(diagnostic.is_error());
        if self.count.mistakes <= MISTAKES_LIMIT {
            return self.diagnostics.report(diagnostic);
        }
        let mut last = Diagnostic::new(SyntaxErrorKind::TooManyMistakes);
        last.set_place(diagnostic.place());
        let failed = self.diagnostics.report(last);
        self.count.exhausted = Some(failed);
        failed
    }

    #[cold]
    fn wrong(&mut self, expected: &'static str) -> Failed {
        if let Some(failed) = self.front.too_deep() {
            return failed;
        }
        let found = self.front.kind();
        let value = match found {
            InputKind::Struct | InputKind::List | InputKind::Null => String::new(),
            _ => shortened(self.front.source_text()),
        };
        self.report(Box::new(ModelErrorKind::WrongType { expected, found, value }))
    }

    #[cold]
    fn outside(&mut self, minimum: i128, maximum: i128) -> Failed {
        let value = shortened(self.front.source_text());
        self.report(Box::new(ModelErrorKind::OutOfRange { minimum, maximum, value }))
    }

    fn begin(&mut self) -> Result<(), Failed> {
        if let Some(failed) = self.count.exhausted {
            return Err(failed);
        }
        let container = self.front;
        let next = container.at(container.index() + 1);
        self.stack.push(Frame {
            container,
            next,
            seen: 0,
            seen_more: Vec::new(),
            names: Names::new(container),
            hint: 0,
            misspelt: Vec::new(),
        });
        self.ended = false;
        Ok(())
    }

    fn end(&mut self) {
        if let Some(frame) = self.stack.pop() {
            self.front = frame.container;
        }
        self.name = None;
        self.ended = false;
    }

    #[cold]
    fn unknown(&mut self, name: &str, members: &[&'static str]) -> Failed {
        let problem = ModelErrorKind::UnknownMember { name: shortened(name), members: members.to_vec() };
        let failed = self.report_name(Box::new(problem));
        if let Some(frame) = self.stack.last_mut() {
            let near = nearest(name, members.iter().copied());
            let near = members.iter().find(|member| Some(**member) == near);
            frame.misspelt.extend(near.map(|near| (*near, failed)));
        }
        failed
    }

    #[cold]
    fn duplicate(&mut self, member: &'static str, name: Node<'t>, text: &str) -> Failed {
        let problem = ModelErrorKind::DuplicateMember { name: member };
        let mut diagnostic = Diagnostic::new(problem).at(name.place());
        if let Some(first) = self.stack.last_mut().and_then(|frame| frame.names.first(text)) {
            let label = "first given here".to_owned();
            let place = Some(first.place());
            diagnostic = diagnostic.with_related(Related { label, about: About::default(), place });
        }
        self.report_mistake(diagnostic)
    }
}

impl Input for JsonInput<'_, '_> {
    fn kind(&mut self) -> InputKind {
        self.front.kind()
    }

    fn report(&mut self, problem: Box<dyn Problem>) -> Failed {
        if let Some(failed) = self.front.damaged() {
            return failed;
        }
        if self.ended {
            // What is missing may be what was damaged or misspelt.
            if let Some(failed) = self.front.damaged_name() {
                return failed;
            }
            if problem.code() == "missing-member"
                && let (Some(name), Some(frame)) = (problem.expected(), self.stack.last())
                && let Some((_, failed)) = frame.misspelt.iter().find(|(valid, _)| *valid == name)
            {
                return *failed;
            }
        }
        self.report_at(problem, self.front.place())
    }

    fn report_name(&mut self, problem: Box<dyn Problem>) -> Failed {
        let node = self.name.unwrap_or(self.front);
        match node.damaged() {
            Some(failed) => failed,
            None => self.report_at(problem, node.place()),
        }
    }

    fn boolean(&mut self) -> Result<bool, Failed> {
        match self.front.token().kind() {
            Kind::True => Ok(true),
            Kind::False => Ok(false),
            Kind::String if self.leniency == Leniency::Lenient => match self.front.source_text() {
                "\"on\"" => Ok(true),
                "\"off\"" => Ok(false),
                _ => Err(self.wrong("a boolean")),
            },
            _ => Err(self.wrong("a boolean")),
        }
    }

    fn int64(&mut self) -> Result<i64, Failed> {
        if self.front.token().kind() != Kind::Integer {
            return Err(self.wrong("an integer"));
        }
        match self.front.source_text().parse() {
            Ok(value) => Ok(value),
            Err(_) => Err(self.outside(i64::MIN.into(), i64::MAX.into())),
        }
    }

    fn uint64(&mut self) -> Result<u64, Failed> {
        if self.front.token().kind() != Kind::Integer {
            return Err(self.wrong("an unsigned integer"));
        }
        match self.front.source_text() {
            "-0" => Ok(0),
            text => match text.parse() {
                Ok(value) => Ok(value),
                Err(_) => Err(self.outside(0, u64::MAX.into())),
            },
        }
    }

    fn size(&mut self) -> Result<u64, Failed> {
        match self.front.token().kind() {
            Kind::Integer => self.uint64(),
            Kind::String | Kind::Escaped | Kind::Bare if self.leniency == Leniency::Lenient => {
                match shortened(&self.front.str().unwrap_or_default()).parse::<Size>() {
                    Ok(size) => Ok(size.bytes()),
                    Err(kind) => Err(self.report(Box::new(kind))),
                }
            }
            _ => Err(self.wrong("a size")),
        }
    }

    fn number(&mut self) -> Result<f64, Failed> {
        if !matches!(self.front.token().kind(), Kind::Integer | Kind::Number) {
            return Err(self.wrong("a number"));
        }
        match self.front.source_text().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.wrong("a finite number")),
        }
    }

    fn string(&mut self) -> Result<Cow<'_, str>, Failed> {
        match self.front.str() {
            Some(text) => Ok(text),
            None => Err(self.wrong("a string")),
        }
    }

    fn null(&mut self) -> Result<(), Failed> {
        match self.front.token().kind() {
            Kind::Null => Ok(()),
            _ => Err(self.wrong("null")),
        }
    }

    fn begin_struct(&mut self) -> Result<(), Failed> {
        if self.front.token().kind() != Kind::Struct {
            return Err(self.wrong("an object"));
        }
        self.begin()
    }

    fn next_member(&mut self, members: &[&'static str]) -> Option<Result<usize, Failed>> {
        let frame = self.stack.last_mut()?;
        let name = frame.next;
        let is_over = name.token().kind() == Kind::End || self.count.exhausted.is_some();
        if frame.container.token().kind() != Kind::Struct || is_over {
            self.front = frame.container;
            self.name = None;
            self.ended = true;
            return None;
        }
        let value = name.after();
        frame.next = value.after();
        self.front = value;
        self.name = Some(name);
        self.ended = false;
        if let Some(failed) = name.damaged() {
            return Some(Err(failed));
        }
        let text = name.str().unwrap_or_default();
        let known = match members.get(frame.hint) {
            Some(member) if *member == text => Some((frame.hint, *member)),
            _ => members
                .iter()
                .enumerate()
                .find(|(_, member)| **member == text)
                .map(|(at, member)| (at, *member)),
        };
        let Some((index, member)) = known else { return Some(Err(self.unknown(&text, members))) };
        frame.hint = index + 1;
        let bit = u32::try_from(index).ok().and_then(|index| 1_u128.checked_shl(index));
        let is_first = match bit {
            Some(bit) => frame.seen & bit == 0,
            None => frame.note(index),
        };
        if !is_first {
            return Some(Err(self.duplicate(member, name, &text)));
        }
        frame.seen |= bit.unwrap_or(0);
        Some(Ok(index))
    }

    fn end_struct(&mut self) {
        self.end();
    }

    fn begin_list(&mut self) -> Result<(), Failed> {
        if self.front.token().kind() != Kind::List {
            return Err(self.wrong("a list"));
        }
        self.begin()
    }

    fn next_element(&mut self) -> bool {
        let Some(frame) = self.stack.last_mut() else { return false };
        self.name = None;
        let is_over = frame.next.token().kind() == Kind::End || self.count.exhausted.is_some();
        self.ended = frame.container.token().kind() != Kind::List || is_over;
        if self.ended {
            self.front = frame.container;
            return false;
        }
        self.front = frame.next;
        frame.next = frame.next.after();
        true
    }

    fn end_list(&mut self) {
        self.end();
    }
}

/// The beginning of a long text: what a message shows of it is shorter still.
fn shortened(text: &str) -> String {
    let mut end = text.len().min(VALUE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

impl std::fmt::Debug for JsonInput<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonInput").field("front", &self.front).field("depth", &self.stack.len()).finish()
    }
}
