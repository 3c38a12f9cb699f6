//! A problem, whom it concerns and where it stands.

use std::fmt;

use compact_str::CompactString;

use super::{ModelErrorKind, Remedy, Repair};

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is refused, but somebody should know.
    Warning,
    /// What was asked for is refused.
    Error,
}

impl Severity {
    /// `"warning"` or `"error"`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// The error classes of the QEMU Machine Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Everything that has no class of its own.
    GenericError,
    /// An object or path that does not exist.
    DeviceNotFound,
    /// A command that does not exist.
    CommandNotFound,
}

/// A range of bytes in one of the sources that are checked together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Which source, counted from 0 in the order they were given.
    pub source: u32,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

/// Whom a diagnostic concerns. What is not known is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The object's id.
    pub object: Option<CompactString>,
    /// The name of its type.
    pub type_name: Option<CompactString>,
    /// The property, in its wire spelling.
    pub property: Option<CompactString>,
    /// The number of the bag in its batch; whoever read the batch can turn it into a [`Place`].
    pub bag: Option<usize>,
}

/// Another place that helps to understand a diagnostic: the first of two equal ids, the far end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// What stands there, such as `"first used here"`.
    pub label: String,
    /// Whom it concerns; gives the place where `place` is absent.
    pub about: About,
    /// Where.
    pub place: Option<Place>,
}

/// One kind of mistake with its facts. Each crate words its own kinds in one file.
///
/// The texts are made when somebody looks at them. Messages are lower case, have no final full stop and no
/// place (the place is drawn beside them).
pub trait Problem: fmt::Debug + Send + Sync + 'static {
    /// The stable kebab-case name of the kind; `qomet explain` and programs go by it.
    fn code(&self) -> &'static str;
    /// The sentence, given whom it concerns.
    fn message(&self, about: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// An error unless the kind is a warning.
    fn severity(&self) -> Severity {
        Severity::Error
    }
    /// The class a QMP client sees.
    fn class(&self) -> ErrorClass {
        ErrorClass::GenericError
    }
    /// What would have been right.
    fn expected(&self) -> Option<String> {
        None
    }
    /// What was there.
    fn found(&self) -> Option<String> {
        None
    }
    /// What it is about where that is only a part of the property's value: one of several links, or the member of that name.
    fn part(&self) -> Option<&str> {
        None
    }
    /// What to do, as a sentence.
    fn help(&self) -> Option<String> {
        None
    }
    /// The text to write in place of what is there, if there is exactly one good candidate.
    fn suggestion(&self) -> Option<String> {
        None
    }
    /// What belongs in place of what is there, and how sure that is. By itself it is what is
    /// [suggested](Self::suggestion), taken for a name.
    fn remedy(&self) -> Option<Remedy> {
        self.suggestion().map(Remedy::name)
    }
    /// True if the request was fine and the host could not honour it (out of memory, no permission).
    fn is_host_refusal(&self) -> bool {
        false
    }
}

struct Inner {
    problem: Box<dyn Problem>,
    about: About,
    place: Option<Place>,
    related: Vec<Related>,
    repair: Option<Repair>,
}

/// A [`Problem`], whom it concerns and where it stands.
///
/// One pointer wide, so that a `Result` stays cheap. `Display` prints the message alone.
pub struct Diagnostic(Box<Inner>);

/// What fallible functions of the object model return.
pub type Result<T, E = Diagnostic> = std::result::Result<T, E>;

impl Diagnostic {
    /// A problem about nobody yet; add whom and where with the `with_*` methods.
    pub fn new(problem: impl Problem) -> Self {
        Diagnostic(Box::new(Inner {
            problem: Box::new(problem),
            about: About::default(),
            place: None,
            related: Vec::new(),
            repair: None,
        }))
    }

    /// An author's own refusal: a stable kebab-case code and a sentence.
    pub fn custom(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ModelErrorKind::Custom { code, message: message.into() })
    }

    /// The problem with its facts.
    pub fn problem(&self) -> &dyn Problem {
        &*self.0.problem
    }

    /// Shorthand for `problem().code()`.
    pub fn code(&self) -> &'static str {
        self.0.problem.code()
    }

    /// Shorthand for `problem().severity()`.
    pub fn severity(&self) -> Severity {
        self.0.problem.severity()
    }

    /// Whether this refuses something (as opposed to warning of it).
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// Whom it concerns.
    pub fn about(&self) -> &About {
        &self.0.about
    }

    /// Whom it concerns, to be completed by whoever knows more.
    pub fn about_mut(&mut self) -> &mut About {
        &mut self.0.about
    }

    /// Where it stands, if it came from a source and the place is known.
    pub fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// Sets or removes the place.
    pub fn set_place(&mut self, place: Option<Place>) {
        self.0.place = place;
    }

    /// Other places that help.
    pub fn related(&self) -> &[Related] {
        &self.0.related
    }

    /// Other places that help, to be completed.
    pub fn related_mut(&mut self) -> &mut Vec<Related> {
        &mut self.0.related
    }

    /// The changes of the text that would mend it, if its source was there to work them out.
    pub fn repair(&self) -> Option<&Repair> {
        self.0.repair.as_ref()
    }

    /// Sets or removes the changes that would mend it.
    pub fn set_repair(&mut self, repair: Option<Repair>) {
        self.0.repair = repair;
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// Fills in what `about` knows and this does not.
    #[must_use]
    pub fn with_about(mut self, about: About) -> Self {
        let own = &mut self.0.about;
        own.object = own.object.take().or(about.object);
        own.type_name = own.type_name.take().or(about.type_name);
        own.property = own.property.take().or(about.property);
        own.bag = own.bag.or(about.bag);
        self
    }

    /// Names the property, in its wire spelling.
    #[must_use]
    pub fn with_property(mut self, property: &str) -> Self {
        self.0.about.property = Some(property.into());
        self
    }

    /// Names the object.
    #[must_use]
    pub fn with_object(mut self, id: &str) -> Self {
        self.0.about.object = Some(id.into());
        self
    }

    /// Names the type.
    #[must_use]
    pub fn with_type(mut self, name: &str) -> Self {
        self.0.about.type_name = Some(name.into());
        self
    }

    /// Names another property that has part in it, with the words for its place. If that property is itself wrong
    /// or missing, the diagnostic is a mere consequence and is withheld.
    #[must_use]
    pub fn with_other_property(self, property: &str, label: impl Into<String>) -> Self {
        let about = About { property: Some(property.into()), ..About::default() };
        self.with_related(Related { label: label.into(), about, place: None })
    }

    /// Keeps of the problem only its code and what would have been right, because it repeats a sensitive value.
    pub fn conceal(&mut self) {
        let problem = &self.0.problem;
        self.0.problem = Box::new(Concealed {
            code: problem.code(),
            severity: problem.severity(),
            class: problem.class(),
            expected: problem.expected(),
        });
        self.0.repair = None;
    }

    /// Makes an error of a warning, for whoever takes warnings strictly.
    #[must_use]
    pub fn into_error(mut self) -> Self {
        if !self.is_error() {
            let problem = std::mem::replace(&mut self.0.problem, Box::new(ModelErrorKind::Cancelled));
            self.0.problem = Box::new(Strict(problem));
        }
        self
    }

    /// Adds another place that helps.
    #[must_use]
    pub fn with_related(mut self, related: Related) -> Self {
        self.0.related.push(related);
        self
    }
}

/// A problem whose words would show what must not be seen.
#[derive(Debug)]
struct Concealed {
    code: &'static str,
    severity: Severity,
    class: ErrorClass,
    expected: Option<String>,
}

impl Problem for Concealed {
    fn code(&self) -> &'static str {
        self.code
    }
    fn message(&self, _: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mistake in a sensitive value, which is not shown")?;
        match &self.expected {
            Some(expected) => write!(out, ": expected {expected}"),
            None => Ok(()),
        }
    }
    fn severity(&self) -> Severity {
        self.severity
    }
    fn class(&self) -> ErrorClass {
        self.class
    }
    fn expected(&self) -> Option<String> {
        self.expected.clone()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.problem.message(&self.0.about, f)
    }
}

impl fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Diagnostic")
            .field("code", &self.code())
            .field("message", &self.to_string())
            .field("about", &self.0.about)
            .field("place", &self.0.place)
            .finish()
    }
}

impl std::error::Error for Diagnostic {}

impl From<Box<dyn Problem>> for Diagnostic {
    fn from(problem: Box<dyn Problem>) -> Self {
        Diagnostic(Box::new(Inner {
            problem,
            about: About::default(),
            place: None,
            related: Vec::new(),
            repair: None,
        }))
    }
}

impl<P: Problem> From<P> for Diagnostic {
    fn from(problem: P) -> Self {
        Diagnostic::new(problem)
    }
}

impl From<std::io::Error> for Diagnostic {
    fn from(error: std::io::Error) -> Self {
        ModelErrorKind::Host { message: error.to_string() }.into()
    }
}

/// A warning that is taken for an error.
#[derive(Debug)]
struct Strict(Box<dyn Problem>);

impl Problem for Strict {
    fn code(&self) -> &'static str {
        self.0.code()
    }
    fn message(&self, about: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.message(about, out)
    }
    fn class(&self) -> ErrorClass {
        self.0.class()
    }
    fn expected(&self) -> Option<String> {
        self.0.expected()
    }
    fn found(&self) -> Option<String> {
        self.0.found()
    }
    fn part(&self) -> Option<&str> {
        self.0.part()
    }
    fn help(&self) -> Option<String> {
        self.0.help()
    }
    fn suggestion(&self) -> Option<String> {
        self.0.suggestion()
    }
    fn remedy(&self) -> Option<Remedy> {
        self.0.remedy()
    }
    fn is_host_refusal(&self) -> bool {
        self.0.is_host_refusal()
    }
}

/// A diagnostic of somebody else's, told through an input: its problem, at the input's place.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) Diagnostic);

impl Problem for Told {
    fn code(&self) -> &'static str {
        self.0.code()
    }
    fn message(&self, _: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.problem().message(self.0.about(), out)
    }
    fn severity(&self) -> Severity {
        self.0.severity()
    }
    fn class(&self) -> ErrorClass {
        self.0.problem().class()
    }
    fn expected(&self) -> Option<String> {
        self.0.problem().expected()
    }
    fn found(&self) -> Option<String> {
        self.0.problem().found()
    }
    fn help(&self) -> Option<String> {
        self.0.problem().help()
    }
    fn suggestion(&self) -> Option<String> {
        self.0.problem().suggestion()
    }
    fn remedy(&self) -> Option<Remedy> {
        self.0.problem().remedy()
    }
    fn is_host_refusal(&self) -> bool {
        self.0.problem().is_host_refusal()
    }
}
