//! What would mend a mistake: first as the kind of mistake knows it, then as the change of a text.
//!
//! A [`Problem`](super::Problem) knows what was probably meant, but neither the place nor how a name is written there: that is a
//! [`Remedy`]. Who has the text turns it into a [`Repair`], which a [`Diagnostic`](super::Diagnostic) carries to whoever shows or
//! applies it: reports for programs, `check --fix`, editors. None of them works out a repair of its own, so that all offer the
//! same.

use super::Place;

/// Whether a repair can be made without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// It may be what was meant; somebody has to decide.
    Guess,
    /// Nothing else can have been meant.
    Certain,
}

impl Applicability {
    /// `"guess"` or `"certain"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Applicability::Guess => "guess",
            Applicability::Certain => "certain",
        }
    }
}

/// How the text of a [`Remedy`] becomes text of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// It is that already.
    Verbatim,
    /// It is a name, to be written as names are where the wrong one stands.
    Name,
    /// It is a number of bytes, to be written as the wrong one is: a number, or a string with a unit.
    Size,
    /// It is `on` or `off`, to be written as a boolean is.
    Switch,
}

/// What belongs in place of what a problem is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What belongs there; nothing, to take out what is there.
    pub text: String,
    /// How it is written.
    pub spelling: Spelling,
    /// Whether there can be a doubt.
    pub applicability: Applicability,
    /// The property of the first related object that is to be this, where it is not what the problem is about.
    pub property: Option<&'static str>,
}

impl Remedy {
    /// A name that belongs in place of the wrong one. Certain; whoever knows all names may see that another is as near.
    #[must_use]
    pub fn name(text: impl Into<String>) -> Self {
        Remedy { spelling: Spelling::Name, ..Self::verbatim(text) }
    }

    /// Text of a document.
    #[must_use]
    pub fn verbatim(text: impl Into<String>) -> Self {
        Remedy {
            text: text.into(),
            spelling: Spelling::Verbatim,
            applicability: Applicability::Certain,
            property: None,
        }
    }

    /// A number of bytes.
    #[must_use]
    pub fn size(bytes: u64) -> Self {
        Remedy { spelling: Spelling::Size, ..Self::verbatim(bytes.to_string()) }
    }

    /// What this property of the first related object is to be.
    #[must_use]
    pub fn of_related(self, property: &'static str) -> Self {
        Remedy { property: Some(property), ..self }
    }

    /// A boolean.
    #[must_use]
    pub fn switch(on: bool) -> Self {
        Remedy { spelling: Spelling::Switch, ..Self::verbatim(if on { "on" } else { "off" }) }
    }

    /// The same, where it is not certain.
    #[must_use]
    pub fn guess(self) -> Self {
        Remedy { applicability: Applicability::Guess, ..self }
    }
}

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes; an empty place is where something is put in.
    pub place: Place,
    /// What comes in its place.
    pub text: String,
}

/// Changes that mend a mistake, all of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The changes, in the order of their places; none overlaps another.
    pub edits: Vec<Edit>,
    /// Whether there can be a doubt.
    pub applicability: Applicability,
}
