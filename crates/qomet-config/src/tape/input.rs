//! A tape as a source of values.
//!
//! [`TapeInput`] is the object model's [`Input`] over a [`Node`]. Everything it reports has a place: the value,
//! the name for an unknown or duplicate member, the brackets for what concerns a struct as a whole. What the
//! parser has reported fails without a word. After [`MISTAKES_LIMIT`] mistakes the rest is not read, as in the
//! parser: a struct of a million wrong names is one mistake, not a million.
//!
//! Numbers are read from their text here, exactly: a 64-bit integer never passes through a double. Words are read by the
//! rules of `words`; in the dialect `opts` a word, or several given under one name, are a list where one is asked
//! for, and each may be a range of integers.

use std::borrow::Cow;
use std::fmt;

use qomet::{
    About, Diagnostic, Diagnostics, ErrorClass, Failed, Input, InputKind, ModelErrorKind, Place, Problem,
    Related, Severity, Size, nearest,
};

use super::words::{self, Dialect, Misread};
use super::{Kind, Names, Node};
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
    /// Behind the last member or element.
    end: usize,
    /// The element of the range in front, and the last one of it.
    range: Option<(i128, i128)>,
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
pub struct TapeInput<'t, 'd> {
    front: Node<'t>,
    name: Option<Node<'t>>,
    stack: Vec<Frame<'t>>,
    /// Whether the struct or list in front has been read to its end.
    ended: bool,
    leniency: Leniency,
    count: Count,
    diagnostics: &'d mut Diagnostics,
}

impl<'t, 'd> TapeInput<'t, 'd> {
    /// An input that stands in front of `value`.
    pub fn new(value: Node<'t>, leniency: Leniency, diagnostics: &'d mut Diagnostics) -> Self {
        TapeInput {
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
            _ => self.front_text(),
        };
        self.report(Box::new(ModelErrorKind::WrongType { expected, found, value }))
    }

    /// The value in front as it is written; a word that is implied as what it means.
    fn front_text(&self) -> String {
        match self.word() {
            Some(word) => shortened(&word),
            None => shortened(self.front.source_text()),
        }
    }

    /// The text in front, if its kind is for the reader to say.
    fn word(&self) -> Option<Cow<'t, str>> {
        self.front.is_word().then(|| self.front.str()).flatten()
    }

    /// An integer written as a word: `read` says what it is by itself, `in_range` whether one of a range fits.
    fn integer_of_word<T>(
        &mut self,
        read: impl Fn(&str, Dialect) -> Result<T, Misread>,
        in_range: impl Fn(i128) -> Option<T>,
        (expected, minimum, maximum): (&'static str, i128, i128),
    ) -> Result<T, Failed> {
        let Some(word) = self.word() else { return Err(self.wrong(expected)) };
        let dialect = self.front.dialect();
        let misread = match read(&word, dialect) {
            Ok(value) => return Ok(value),
            Err(misread) => misread,
        };
        let is_element = |frame: &&mut Frame<'_>| {
            dialect == Dialect::Opts && frame.container.token().kind() != Kind::Struct
        };
        if let Some(frame) = self.stack.last_mut().filter(is_element)
            && let Some((first, last)) = frame.range.or_else(|| words::range(&word))
        {
            frame.range = Some((first, last));
            if let Some(value) = in_range(first) {
                return Ok(value);
            }
            // The others are outside too.
            frame.range = None;
            return Err(self.outside(minimum, maximum));
        }
        Err(match misread {
            Misread::Other => self.wrong(expected),
            Misread::Outside => self.outside(minimum, maximum),
        })
    }

    #[cold]
    fn outside(&mut self, minimum: i128, maximum: i128) -> Failed {
        let value = self.front_text();
        self.report(Box::new(ModelErrorKind::OutOfRange { minimum, maximum, value }))
    }

    fn size_of_text(&mut self) -> Result<u64, Failed> {
        let Some(text) = self.front.str() else { return Err(self.wrong("a size")) };
        match shortened(&text).parse::<Size>() {
            Ok(size) => Ok(size.bytes()),
            Err(kind) => Err(self.report(Box::new(kind))),
        }
    }

    fn begin(&mut self) -> Result<(), Failed> {
        if let Some(failed) = self.count.exhausted {
            return Err(failed);
        }
        let container = self.front;
        let (next, end) = match container.token().is_container() {
            true => (container.at(container.index() + 1), container.after().index().saturating_sub(1)),
            false => (container, container.index() + 1),
        };
        self.stack.push(Frame {
            container,
            next,
            end,
            range: None,
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

impl Input for TapeInput<'_, '_> {
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
        let place = self.front.place();
        match self.name.and_then(Node::str).filter(|_| !self.ended && !self.stack.is_empty()) {
            Some(member) => {
                let member = shortened(&member);
                self.report_at(Box::new(InMember { problem, member }), place)
            }
            None => self.report_at(problem, place),
        }
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
            _ => match self.word() {
                Some(word) => words::boolean(&word).ok_or_else(|| self.wrong("'on' or 'off'")),
                None => Err(self.wrong("a boolean")),
            },
        }
    }

    fn int64(&mut self) -> Result<i64, Failed> {
        if !self.front.token().is(Kind::Integer) {
            let asked = ("an integer", i64::MIN.into(), i64::MAX.into());
            return self.integer_of_word(|word, _| words::signed(word), |value| value.try_into().ok(), asked);
        }
        match self.front.scalar_text().parse() {
            Ok(value) => Ok(value),
            Err(_) => Err(self.outside(i64::MIN.into(), i64::MAX.into())),
        }
    }

    fn uint64(&mut self) -> Result<u64, Failed> {
        if !self.front.token().is(Kind::Integer) {
            let asked = ("an unsigned integer", 0, u64::MAX.into());
            return self.integer_of_word(words::unsigned, |value| value.try_into().ok(), asked);
        }
        match self.front.scalar_text().parse() {
            Ok(value) => Ok(value),
            Err(_) if self.front.scalar_text() == "-0" => Ok(0),
            Err(_) => Err(self.outside(0, u64::MAX.into())),
        }
    }

    fn size(&mut self) -> Result<u64, Failed> {
        match self.front.token().kind() {
            Kind::Integer => self.uint64(),
            Kind::Word | Kind::Doubled | Kind::Implied | Kind::Repeated => self.size_of_text(),
            Kind::String | Kind::Escaped | Kind::Bare if self.leniency == Leniency::Lenient => {
                self.size_of_text()
            }
            _ => Err(self.wrong("a size")),
        }
    }

    fn number(&mut self) -> Result<f64, Failed> {
        if !matches!(self.front.token().kind(), Kind::Integer | Kind::Number) {
            let value = self.word().and_then(|word| words::number(&word));
            return value.ok_or_else(|| self.wrong("a number"));
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
        let is_over = name.index() >= frame.end || self.count.exhausted.is_some();
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
        let words = self.front.dialect() == Dialect::Opts && self.word().is_some();
        if self.front.token().kind() != Kind::List && !words {
            return Err(self.wrong("a list"));
        }
        self.begin()
    }

    fn next_element(&mut self) -> bool {
        let Some(frame) = self.stack.last_mut() else { return false };
        self.name = None;
        if let Some((now, last)) = frame.range.take()
            && now < last
            && self.count.exhausted.is_none()
        {
            frame.range = Some((now + 1, last));
            return true;
        }
        let is_over = frame.next.index() >= frame.end || self.count.exhausted.is_some();
        self.ended = frame.container.token().kind() == Kind::Struct || is_over;
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

/// A problem with the value of a member: the property that it is about is told with the member's name.
#[derive(Debug)]
struct InMember {
    problem: Box<dyn Problem>,
    member: String,
}

impl Problem for InMember {
    fn code(&self) -> &'static str {
        self.problem.code()
    }
    fn message(&self, about: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut about = about.clone();
        // The arguments of a command are members themselves: there the member is the property.
        if let Some(property) = about.property.take_if(|property| **property != *self.member) {
            about.property = Some(format!("{property}.{}", self.member).into());
        }
        self.problem.message(&about, out)
    }
    fn severity(&self) -> Severity {
        self.problem.severity()
    }
    fn class(&self) -> ErrorClass {
        self.problem.class()
    }
    fn expected(&self) -> Option<String> {
        self.problem.expected()
    }
    fn found(&self) -> Option<String> {
        self.problem.found()
    }
    fn part(&self) -> Option<&str> {
        self.problem.part()
    }
    fn help(&self) -> Option<String> {
        self.problem.help()
    }
    fn suggestion(&self) -> Option<String> {
        self.problem.suggestion()
    }
    fn remedy(&self) -> Option<qomet::Remedy> {
        self.problem.remedy()
    }
    fn is_host_refusal(&self) -> bool {
        self.problem.is_host_refusal()
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

impl std::fmt::Debug for TapeInput<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TapeInput").field("front", &self.front).field("depth", &self.stack.len()).finish()
    }
}
