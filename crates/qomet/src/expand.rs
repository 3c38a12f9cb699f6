//! What expanded code needs and nobody else: re-exported as `qomet::__private`.
//!
//! The derives put here what they would otherwise repeat in every expansion. It is no stable interface.

use std::borrow::Borrow;
use std::fmt::Write as _;
use std::marker::PhantomData;

use crate::types::Bounds;
use crate::value::ValueType;
use crate::visit::InputKind;

pub use crate::value::Snapshot;

/// How to get from a state to the parent's part of it: `S` lends a `P`, or `P` is nothing.
///
/// The method `project` is found here for a parent that holds nothing, and else in [`ProjectByBorrow`]. A plain
/// bound `S: Borrow<P>` would make the author of every child of a stateless parent implement it.
pub struct Project<S, P>(PhantomData<fn(S) -> P>);

impl<S, P> Project<S, P> {
    /// The only value.
    pub const NEW: Self = Project(PhantomData);
}

impl<S> Project<S, ()> {
    /// Nothing.
    #[inline]
    pub fn project(&self, _: &S) -> &'static () {
        &()
    }
}

/// See [`Project`].
pub trait ProjectByBorrow<S, P> {
    /// The parent's part. The bound stands here, so that the compiler names it where it is missing.
    #[inline]
    fn project<'a>(&self, state: &'a S) -> &'a P
    where
        S: Borrow<P>,
    {
        state.borrow()
    }
}

impl<S, P> ProjectByBorrow<S, P> for Project<S, P> {}

const fn inner(kind: &'static ValueType) -> &'static ValueType {
    match kind {
        ValueType::Optional(kind) => inner(kind),
        other => other,
    }
}

/// Whether bounds mean something for the type.
pub const fn is_integer(kind: &'static ValueType) -> bool {
    matches!(inner(kind), ValueType::Int { .. } | ValueType::Size)
}

/// Whether there is a number that both bounds allow.
pub const fn is_range(bounds: &Bounds) -> bool {
    match (bounds.minimum, bounds.maximum) {
        (Some(minimum), Some(maximum)) => minimum <= maximum,
        _ => true,
    }
}

/// What a value of the type looks like in a source; `None` for an alternate, which has no one look.
const fn look(kind: &'static ValueType) -> Option<InputKind> {
    Some(match inner(kind) {
        ValueType::Bool => InputKind::Bool,
        ValueType::Int { .. } | ValueType::Size => InputKind::Integer,
        ValueType::Number => InputKind::Number,
        ValueType::String
        | ValueType::Path
        | ValueType::Enum(_)
        | ValueType::Link { .. }
        | ValueType::Id { .. } => InputKind::String,
        ValueType::Struct(_) => InputKind::Struct,
        ValueType::List(_) => InputKind::List,
        ValueType::Alternate(_) | ValueType::Optional(_) => return None,
    })
}

/// Whether the branches of an alternate can be told apart.
pub const fn are_distinct(branches: &[&'static ValueType]) -> bool {
    let mut rest = branches;
    while let [first, others @ ..] = rest {
        rest = others;
        let Some(first) = look(first) else { return false };
        let mut seconds = others;
        while let [second, after @ ..] = seconds {
            seconds = after;
            match look(second) {
                // InputKind has no data, so its number is all there is to compare.
                Some(second) if first as u8 != second as u8 => {}
                _ => return false,
            }
        }
    }
    true
}

/// Which branch of an alternate takes what stands in front. An integer is also a number, and a string also a
/// size (`"1G"`), where no branch takes it as it is. What is damaged goes to the first, which fails in silence.
pub fn branch(branches: &[&'static ValueType], kind: InputKind) -> Option<usize> {
    let takes = |wanted: InputKind| branches.iter().position(|branch| look(branch) == Some(wanted));
    match kind {
        InputKind::Damaged => Some(0),
        InputKind::Integer => takes(kind).or_else(|| takes(InputKind::Number)),
        InputKind::String => takes(kind)
            .or_else(|| branches.iter().position(|branch| matches!(inner(branch), ValueType::Size))),
        _ => takes(kind),
    }
}

/// What an alternate takes, for messages: `a size, a string or a list`.
pub fn any_of(branches: &[&'static ValueType]) -> String {
    let mut text = String::new();
    for (at, branch) in branches.iter().enumerate() {
        let joint = match at {
            0 => "",
            _ if at + 1 == branches.len() => " or ",
            _ => ", ",
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{joint}{}", branch.phrase());
    }
    text
}
