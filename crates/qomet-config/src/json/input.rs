//! A tape as a source of values.
//!
//! [`JsonInput`] is the object model's [`Input`] over a [`Node`]. Everything it reports has a place: the value,
//! the name for an unknown or duplicate member, the brackets for what concerns a struct as a whole. What the
//! parser has reported fails without a word.
//!
//! Numbers are read from their text here, exactly: a 64-bit integer never passes through a double.

use std::borrow::Cow;

use qomet::{
    About, Diagnostic, Diagnostics, Failed, Input, InputKind, ModelErrorKind, Place, Problem, Related, Size,
    nearest,
};

use super::node::Node;
use super::tape::Kind;

/// How values may be spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leniency {
    /// As QEMU's protocol takes them: a size is an integer, a boolean `true` or `false`.
    Strict,
    /// As people write documents: `"1G"` for a size and `"on"` or `"off"` for a boolean too.
    Lenient,
}

/// After so many wrong names in one struct the next ones are reported without looking for what goes with them.
const EXPLAINED: usize = 100;

/// At most so many bytes of what a user wrote go into a problem.
const VALUE_BYTES: usize = 256;

struct Frame<'t> {
    container: Node<'t>,
    next: Node<'t>,
    /// One bit for each of the first 128 members that was given.
    seen: u128,
    /// Members mostly come in declared order.
    hint: usize,
    /// Valid names that unknown ones were probably meant to be.
    misspelt: Vec<(String, Failed)>,
    /// How many names were unknown or given twice.
    mistakes: usize,
}

/// Reads the values of a tape.
pub struct JsonInput<'t, 'd> {
    front: Node<'t>,
    name: Option<Node<'t>>,
    stack: Vec<Frame<'t>>,
    /// Whether the struct or list in front has been read to its end.
    ended: bool,
    leniency: Leniency,
    diagnostics: &'d mut Diagnostics,
}

impl<'t, 'd> JsonInput<'t, 'd> {
    /// An input that stands in front of `value`.
    pub fn new(value: Node<'t>, leniency: Leniency, diagnostics: &'d mut Diagnostics) -> Self {
        JsonInput { front: value, name: None, stack: Vec::new(), ended: false, leniency, diagnostics }
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
        self.diagnostics.report(Diagnostic::from(problem).at(place))
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

    fn begin(&mut self) {
        let container = self.front;
        let next = container.at(container.index() + 1);
        self.stack.push(Frame { container, next, seen: 0, hint: 0, misspelt: Vec::new(), mistakes: 0 });
        self.ended = false;
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
            frame.mistakes += 1;
            let near = if frame.mistakes < EXPLAINED { nearest(name, members.iter().copied()) } else { None };
            frame.misspelt.extend(near.map(|near| (near.to_owned(), failed)));
        }
        failed
    }

    #[cold]
    fn duplicate(&mut self, member: &'static str, name: Node<'t>, text: &str) -> Failed {
        let problem = ModelErrorKind::DuplicateMember { name: member };
        let mut diagnostic = Diagnostic::new(problem).at(name.place());
        let mistakes = self.stack.last_mut().map_or(0, |frame| {
            frame.mistakes += 1;
            frame.mistakes
        });
        if mistakes < EXPLAINED
            && let Some(place) = self.earlier(name, text)
        {
            let label = "first given here".to_owned();
            diagnostic =
                diagnostic.with_related(Related { label, about: About::default(), place: Some(place) });
        }
        self.diagnostics.report(diagnostic)
    }

    /// The earlier name of the same member in the struct being read.
    fn earlier(&self, name: Node<'t>, text: &str) -> Option<Place> {
        let frame = self.stack.last()?;
        let mut before =
            frame.container.members().map(|(name, _)| name).take_while(|one| one.index() < name.index());
        before.find(|one| one.str().is_some_and(|one| one == text)).map(Node::place)
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
        self.begin();
        Ok(())
    }

    fn next_member(&mut self, members: &[&'static str]) -> Option<Result<usize, Failed>> {
        let frame = self.stack.last_mut()?;
        let name = frame.next;
        if frame.container.token().kind() != Kind::Struct || name.token().kind() == Kind::End {
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
        let again = match bit {
            Some(bit) => frame.seen & bit != 0,
            None => self.earlier(name, &text).is_some(),
        };
        if again {
            return Some(Err(self.duplicate(member, name, &text)));
        }
        if let (Some(bit), Some(frame)) = (bit, self.stack.last_mut()) {
            frame.seen |= bit;
        }
        Some(Ok(index))
    }

    fn end_struct(&mut self) {
        self.end();
    }

    fn begin_list(&mut self) -> Result<(), Failed> {
        if self.front.token().kind() != Kind::List {
            return Err(self.wrong("a list"));
        }
        self.begin();
        Ok(())
    }

    fn next_element(&mut self) -> bool {
        let Some(frame) = self.stack.last_mut() else { return false };
        self.name = None;
        self.ended = frame.container.token().kind() != Kind::List || frame.next.token().kind() == Kind::End;
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
