//! Every mistake the object model itself can find, each worded here and nowhere else.

use std::fmt;
use std::sync::Arc;

use super::meant::{id_meant, size_meant, value_help, value_meant};
use super::{About, ErrorClass, Problem, Remedy, is_nearest_alone, nearest};
use crate::tree::NO_ID;
use crate::visit::InputKind;

/// The mistakes of the object model. `code()` is their stable name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts that the message of the kind names")]
pub enum ModelErrorKind {
    // values
    /// Something of another kind stands there.
    WrongType { expected: &'static str, found: InputKind, value: String },
    /// A number outside of what the property takes.
    OutOfRange { minimum: i128, maximum: i128, value: String },
    /// A number that is not a multiple of what it must be.
    NotMultiple { multiple: u64, value: u64 },
    /// Text that is no size.
    InvalidSize { value: String },
    /// Something that is no name where an enum's name is wanted.
    NotAName { names: &'static [&'static str], found: InputKind },
    /// A name the enum does not have.
    UnknownEnumValue { value: String, names: &'static [&'static str] },
    /// A sensitive value of another kind, which is not shown.
    SensitiveMismatch { expected: &'static str },
    /// A string with a NUL byte where the host takes none.
    NulInString,
    /// A string longer than the property takes.
    TooLong { limit: usize, length: usize },
    /// A member the struct does not have.
    UnknownMember { name: String, members: Vec<&'static str> },
    /// A member given twice.
    DuplicateMember { name: &'static str },
    /// A member that is missing.
    MissingMember { name: &'static str },

    // properties
    /// A property the type does not have, and those that it has, where none is near.
    UnknownProperty { name: String, nearest: Option<&'static str>, has: Arc<[&'static str]> },
    /// A property given twice.
    DuplicateProperty,
    /// A required property that is missing.
    MissingProperty { name: &'static str, value_type: &'static str },
    /// A property that is fixed once realized.
    CannotChange,
    /// A property that is computed.
    ReadOnly,
    /// A property that is write-only.
    WriteOnly,
    /// A property was asked for as something that it is not, or it has no value.
    NotReadableAs { asked: &'static str },
    /// A deprecated property was used (warning).
    Deprecated { since: &'static str, replaced_by: Option<&'static str> },

    // types
    /// No type of that name.
    UnknownType { name: String, nearest: Option<String> },
    /// A type that is known by name, but lacks something here.
    UnavailableType { name: String, missing: &'static str },
    /// An interface where a type is asked for.
    InterfaceNotType { name: String },
    /// An abstract type cannot have objects; those below it that can, where somebody looked.
    AbstractType { name: String, below: Vec<&'static str> },
    /// A type that is not user-creatable.
    NotUserCreatable { name: String },
    /// Two types with one name.
    DuplicateType { name: String },
    /// A parent that is not registered.
    UnknownParent { name: String, parent: String },
    /// Types that are each other's parents.
    TypeCycle { names: Vec<String> },
    /// One property declared by a type and again by its child.
    ShadowedProperty { type_name: String, parent: String, property: String },
    /// A sensitive property that is no string.
    SensitiveNotString { type_name: String, property: String },
    /// More properties than a type may have.
    TooManyProperties { name: String, limit: usize },
    /// A need that nothing could ever meet or break.
    ImpossibleNeed { type_name: String, property: String, need: String, why: &'static str },
    /// A name that is not fit for a type or property.
    InvalidName { what: &'static str, name: String },

    // the tree
    /// No id where one is needed.
    MissingId,
    /// No `qom-type` where one is needed.
    MissingType,
    /// An id that is not well formed.
    InvalidId { id: String },
    /// An id that is taken, and the next one that is not, where somebody looked.
    DuplicateId { id: String, free: Option<String> },
    /// No object there.
    NotFound { path: String, nearest: Option<String> },
    /// More than one object there.
    AmbiguousPath { path: String, candidates: Vec<String> },
    /// A link to an object of another type.
    WrongLinkType { path: String, expected: String, found: String },
    /// A link without a target.
    DanglingLink { path: String, nearest: Option<String> },
    /// An id that no object has, where a property takes one.
    UnknownId { id: String, nearest: Option<String> },
    /// What an object links to is not what it needs.
    UnmetNeed(Box<UnmetNeed>),
    /// An object that is there for others, and that none of them links to (warning).
    Unused { kind: String },
    /// An object that two use who both want it alone.
    UsedTwice { id: String },
    /// Objects whose links need each other.
    LinkCycle { ids: Vec<String>, path: String },
    /// The object is being used.
    InUse { users: Vec<String>, way: WayOut },
    /// The object cannot be deleted for another reason.
    NotDeletable,
    /// The object is gone.
    Deleted,
    /// Something changed since somebody looked.
    RevisionChanged { what: &'static str, expected: u64, found: u64 },
    /// An object would go, and its content with it.
    ContentLost { action: &'static str, because: Option<&'static str> },
    /// A draft or batch of which something was refused before.
    AlreadyRefused,

    // the host and authors
    /// The host refused.
    Host { message: String },
    /// Somebody cancelled.
    Cancelled,
    /// An author's own kind.
    Custom { code: &'static str, message: String },
}

/// What else than its users can make way for an object that is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Nothing.
    None,
    /// It is to be replaced: users that are declared with it are replaced too.
    Declare,
    /// It is to be pruned: what is declared stays.
    Keep,
    /// It is to be pruned, and what is declared uses it.
    KeepForDeclared,
}

/// What is known of a need that is not met: see [`Need`](crate::Need).
#[derive(Clone, Debug, PartialEq)]
pub struct UnmetNeed {
    /// What the link says.
    pub path: String,
    /// The need, such as `share=on`.
    pub needed: String,
    /// What the target has, such as `share=off`.
    pub found: String,
    /// The value of the need.
    pub value: String,
    /// What to do, where the target's type knows better than that the property be set.
    pub advice: Option<String>,
    /// How to set the property of the target, where that can be done.
    pub set: Option<Remedy>,
}

use ModelErrorKind as K;

/// At most this many characters of what a user wrote are repeated in a message.
pub(super) const SHOWN: usize = 60;

/// What a user wrote, shortened and with control characters made visible.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shown, c) in self.0.chars().enumerate() {
            if shown == SHOWN {
                return f.write_str("…");
            }
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

fn join<T: AsRef<str>>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    const MOST: usize = 10;
    for (index, item) in items.iter().take(MOST).enumerate() {
        write!(f, "{}'{}'", if index == 0 { "" } else { ", " }, Shown(item.as_ref()))?;
    }
    if items.len() > MOST { write!(f, " and {} more", items.len() - MOST) } else { Ok(()) }
}

struct List<'a, T>(&'a [T]);

impl<T: AsRef<str>> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, self.0)
    }
}

/// All of a list whose length the program knows.
struct All<'a>(&'a [&'static str]);

impl fmt::Display for All<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            write!(f, "{}'{name}'", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// ` of TYPE`, where the type is known.
fn of_type(about: &About, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &about.type_name {
        Some(name) => write!(f, " of {name}"),
        None => Ok(()),
    }
}

/// `property 'P' of TYPE`, `property 'P'`, or `value`.
struct Subject<'a>(&'a About);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.property {
            Some(property) => {
                write!(f, "property '{}'", Shown(property))?;
                of_type(self.0, f)
            }
            None => f.write_str("value"),
        }
    }
}

/// Whether a member is an argument of a command: who reads those says that they are about themselves.
fn is_argument(about: &About, name: &str) -> bool {
    about.type_name.is_none() && about.property.as_deref() == Some(name)
}

/// The object's id in quotes, or `object`.
struct Object<'a>(&'a About);

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.object {
            Some(id) => write!(f, "object '{}'", Shown(id)),
            None => f.write_str("object"),
        }
    }
}

impl UnmetNeed {
    fn help(&self) -> Option<String> {
        let set = || {
            let property = self.set.as_ref()?.property?;
            let id = self.path.strip_prefix("/objects/").unwrap_or(&self.path);
            Some(format!("set {property}={} on '{}'", self.value, Shown(id)))
        };
        self.advice.clone().or_else(set)
    }
}

impl Problem for ModelErrorKind {
    fn code(&self) -> &'static str {
        match self {
            K::WrongType { .. } => "wrong-type",
            K::OutOfRange { .. } => "out-of-range",
            K::NotMultiple { .. } => "not-a-multiple",
            K::InvalidSize { .. } => "invalid-size",
            K::NotAName { .. } => "not-a-name",
            K::UnknownEnumValue { .. } => "unknown-enum-value",
            K::SensitiveMismatch { .. } => "sensitive-mismatch",
            K::NulInString => "nul-in-string",
            K::TooLong { .. } => "too-long",
            K::UnknownMember { .. } => "unknown-member",
            K::DuplicateMember { .. } => "duplicate-member",
            K::MissingMember { .. } => "missing-member",
            K::UnknownProperty { .. } => "unknown-property",
            K::DuplicateProperty => "duplicate-property",
            K::MissingProperty { .. } => "missing-property",
            K::CannotChange => "cannot-change",
            K::ReadOnly => "read-only",
            K::WriteOnly => "write-only",
            K::NotReadableAs { .. } => "not-readable-as",
            K::Deprecated { .. } => "deprecated",
            K::UnknownType { .. } => "unknown-type",
            K::UnavailableType { .. } => "unavailable-type",
            K::InterfaceNotType { .. } => "interface-not-type",
            K::AbstractType { .. } => "abstract-type",
            K::NotUserCreatable { .. } => "not-user-creatable",
            K::DuplicateType { .. } => "duplicate-type",
            K::UnknownParent { .. } => "unknown-parent",
            K::TypeCycle { .. } => "type-cycle",
            K::ShadowedProperty { .. } => "shadowed-property",
            K::SensitiveNotString { .. } => "sensitive-not-a-string",
            K::TooManyProperties { .. } => "too-many-properties",
            K::ImpossibleNeed { .. } => "impossible-need",
            K::InvalidName { .. } => "invalid-name",
            K::MissingId => "missing-id",
            K::MissingType => "missing-type",
            K::InvalidId { .. } => "invalid-id",
            K::DuplicateId { .. } => "duplicate-id",
            K::NotFound { .. } => "not-found",
            K::AmbiguousPath { .. } => "ambiguous-path",
            K::WrongLinkType { .. } => "wrong-link-type",
            K::DanglingLink { .. } => "dangling-link",
            K::UnknownId { .. } => "unknown-id",
            K::UnmetNeed(_) => "unmet-need",
            K::Unused { .. } => "unused-object",
            K::UsedTwice { .. } => "used-twice",
            K::LinkCycle { .. } => "link-cycle",
            K::InUse { .. } => "in-use",
            K::NotDeletable => "not-deletable",
            K::Deleted => "deleted",
            K::RevisionChanged { .. } => "revision-changed",
            K::ContentLost { .. } => "content-lost",
            K::AlreadyRefused => "already-refused",
            K::Host { .. } => "host-refused",
            K::Cancelled => "cancelled",
            K::Custom { code, .. } => code,
        }
    }

    fn message(&self, about: &About, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            K::WrongType { expected, found, value } => {
                write!(f, "{} takes {expected}, not {found}", Subject(about))?;
                if value.is_empty() { Ok(()) } else { write!(f, " ({})", Shown(value)) }
            }
            K::OutOfRange { minimum, maximum, value } => {
                write!(f, "{} must be between {minimum} and {maximum}, not {}", Subject(about), Shown(value))
            }
            K::NotMultiple { multiple, value } => {
                write!(f, "{} must be a multiple of {multiple}, not {value}", Subject(about))
            }
            K::InvalidSize { value } => {
                write!(f, "{} takes a size, which '{}' is not", Subject(about), Shown(value))
            }
            K::NotAName { found, .. } => {
                write!(f, "{} takes a name, not {found}", Subject(about))
            }
            K::UnknownEnumValue { value, .. } => {
                write!(f, "{} does not take '{}'", Subject(about), Shown(value))
            }
            K::SensitiveMismatch { expected } => {
                write!(f, "{} takes {expected}; what it was given is not shown", Subject(about))
            }
            K::NulInString => write!(f, "{} contains a NUL character", Subject(about)),
            K::TooLong { limit, length } => {
                write!(f, "{} is {length} bytes long, the limit is {limit}", Subject(about))
            }
            // The arguments of a command are members of nothing that has a name.
            K::UnknownMember { name, .. } if is_argument(about, name) => {
                write!(f, "there is no argument '{}'", Shown(name))
            }
            K::DuplicateMember { name } if is_argument(about, name) => {
                write!(f, "argument '{name}' is given twice")
            }
            K::MissingMember { name } if is_argument(about, name) => {
                write!(f, "argument '{name}' is missing")
            }
            K::UnknownMember { name, .. } if about.property.is_none() => {
                write!(f, "there is no member '{}'", Shown(name))
            }
            K::UnknownMember { name, .. } => {
                write!(f, "{} has no member '{}'", Subject(about), Shown(name))
            }
            K::DuplicateMember { name } if about.property.is_none() => {
                write!(f, "member '{name}' is given twice")
            }
            K::DuplicateMember { name } => write!(f, "{} has member '{name}' twice", Subject(about)),
            K::MissingMember { name } => write!(f, "{} lacks its member '{name}'", Subject(about)),
            K::UnknownProperty { name, .. } => match &about.type_name {
                Some(type_name) => write!(f, "{type_name} has no property '{}'", Shown(name)),
                None => write!(f, "no property '{}'", Shown(name)),
            },
            K::DuplicateProperty => write!(f, "{} is given twice", Subject(about)),
            K::MissingProperty { name, .. } => {
                write!(f, "{} lacks the required property '{name}'", Object(about))?;
                of_type(about, f)
            }
            K::CannotChange => {
                write!(f, "cannot change {}", Subject(about))
            }
            K::ReadOnly => write!(f, "{} is read-only", Subject(about)),
            K::WriteOnly => write!(f, "{} is write-only", Subject(about)),
            K::NotReadableAs { asked } => write!(f, "{} cannot be read as {asked}", Subject(about)),
            K::Deprecated { since, .. } => write!(f, "{} is deprecated since {since}", Subject(about)),
            K::UnknownType { name, .. } => write!(f, "there is no type '{}'", Shown(name)),
            K::UnavailableType { name, missing } => {
                write!(f, "type '{name}' is not available here: {missing}")
            }
            K::InterfaceNotType { name } => {
                write!(f, "'{name}' is an interface that types have, not a type")
            }
            K::AbstractType { name, .. } => {
                write!(f, "type '{name}' is abstract: it has no objects of its own")
            }
            K::NotUserCreatable { name } => {
                write!(f, "objects of type '{name}' are made by the program, not by a user")
            }
            K::DuplicateType { name } => {
                write!(f, "type '{name}' is registered twice")
            }
            K::UnknownParent { name, parent } => {
                write!(f, "type '{name}' has the parent '{parent}', which is not registered")
            }
            K::TypeCycle { names } => {
                write!(f, "types are each other's parents: {}", List(names))
            }
            K::ShadowedProperty { type_name, parent, property } => {
                write!(
                    f,
                    "type '{type_name}' declares property '{property}', which its parent '{parent}' has too"
                )
            }
            K::SensitiveNotString { type_name, property } => {
                write!(f, "property '{property}' of {type_name} is sensitive, which only a string can be")
            }
            K::TooManyProperties { name, limit } => {
                write!(f, "type '{name}' has more than {limit} properties")
            }
            K::ImpossibleNeed { type_name, property, need, why } => {
                write!(f, "property '{property}' of {type_name} cannot need {need}: {why}")
            }
            K::InvalidName { what, name } => write!(f, "'{}' is not a {what} name", Shown(name)),
            K::MissingId => write!(f, "object lacks its 'id'"),
            K::MissingType => write!(f, "object does not tell its type: 'qom-type' is missing"),
            K::InvalidId { id } => write!(f, "'{}' is not a valid id", Shown(id)),
            K::DuplicateId { id, .. } => write!(f, "the id '{}' is already used", Shown(id)),
            K::NotFound { path, .. } => write!(f, "there is no object '{}'", Shown(path)),
            K::AmbiguousPath { path, candidates } => {
                write!(f, "path '{}' is ambiguous: {}", Shown(path), List(candidates))
            }
            K::WrongLinkType { path, expected, found } => {
                write!(f, "{} takes a {expected}, but '{}' is a {found}", Subject(about), Shown(path))
            }
            K::UnknownId { id, .. } => {
                write!(f, "{} names '{}', which no object has for its id", Subject(about), Shown(id))
            }
            K::DanglingLink { path, .. } => {
                write!(f, "{} names '{}', which does not exist", Subject(about), Shown(path))
            }
            K::UnmetNeed(need) => {
                let UnmetNeed { path, needed, found, .. } = &**need;
                write!(f, "{} needs {needed}, but '{}' has {found}", Subject(about), Shown(path))
            }
            K::Unused { kind } => {
                write!(f, "{} is not used: others of the kind {kind} are, and it by nobody", Object(about))
            }
            K::UsedTwice { id } => {
                write!(f, "{} takes '{}', which another one has already", Subject(about), Shown(id))
            }
            K::LinkCycle { ids, .. } => write!(f, "objects need each other: {}", List(ids)),
            K::InUse { users, .. } if users.is_empty() => {
                write!(f, "{} is in use by somebody without a name", Object(about))
            }
            K::InUse { users, .. } => {
                write!(f, "{} is in use by {}", Object(about), List(users))
            }
            K::NotDeletable => write!(f, "{} cannot be deleted", Object(about)),
            K::RevisionChanged { what, expected, found } => {
                write!(f, "the {what}")?;
                match &about.object {
                    Some(id) if *what == "object" => write!(f, " '{}'", Shown(id))?,
                    _ => {}
                }
                write!(f, " is at revision {found}, not {expected} as expected")
            }
            K::ContentLost { action, because } => {
                write!(f, "to {action} {} loses its content", Object(about))?;
                match because {
                    Some(property) => write!(f, ": '{property}' is fixed once realized"),
                    None => Ok(()),
                }
            }
            K::AlreadyRefused => {
                write!(f, "{} cannot be created: something about it was refused before", Object(about))
            }
            K::Deleted => write!(f, "{} has been deleted", Object(about)),
            K::Host { message } => match &about.object {
                Some(_) => write!(f, "{}: {message}", Object(about)),
                None => f.write_str(message),
            },
            K::Cancelled => match &about.property {
                Some(name) => {
                    write!(f, "setting property '{}' of {} was cancelled", Shown(name), Object(about))
                }
                None => write!(f, "creating {} was cancelled", Object(about)),
            },
            K::Custom { message, .. } => f.write_str(message),
        }
    }

    fn severity(&self) -> super::Severity {
        match self {
            K::Deprecated { .. } | K::Unused { .. } => super::Severity::Warning,
            _ => super::Severity::Error,
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            K::NotFound { .. } | K::DanglingLink { .. } => ErrorClass::DeviceNotFound,
            _ => ErrorClass::GenericError,
        }
    }

    fn expected(&self) -> Option<String> {
        Some(match self {
            K::WrongType { expected, .. } | K::SensitiveMismatch { expected } => (*expected).to_owned(),
            K::OutOfRange { minimum, maximum, .. } => format!("{minimum} to {maximum}"),
            K::NotMultiple { multiple, .. } => format!("a multiple of {multiple}"),
            K::InvalidSize { .. } => "a number of bytes, or a number and one of B K M G T P E".to_owned(),
            K::UnknownEnumValue { names, .. } | K::NotAName { names, .. } => {
                format!("one of {}", List(names))
            }
            K::TooLong { limit, .. } => format!("at most {limit} bytes"),
            K::MissingMember { name } => (*name).to_owned(),
            K::RevisionChanged { expected, .. } => format!("revision {expected}"),
            K::MissingProperty { value_type, .. } => (*value_type).to_owned(),
            K::WrongLinkType { expected, .. } => expected.clone(),
            K::UnmetNeed(need) => need.needed.clone(),
            K::InvalidId { id } if id == NO_ID => "another name".to_owned(),
            K::InvalidId { .. } => "a letter, then letters, digits, '-', '.' or '_'".to_owned(),
            _ => return None,
        })
    }

    fn found(&self) -> Option<String> {
        Some(match self {
            K::NotAName { found, .. } => found.to_string(),
            K::WrongType { found, value, .. } if value.is_empty() => found.to_string(),
            K::WrongType { value, .. } => Shown(value).to_string(),
            K::OutOfRange { value, .. } | K::InvalidSize { value } | K::UnknownEnumValue { value, .. } => {
                Shown(value).to_string()
            }
            K::NotMultiple { value, .. } => value.to_string(),
            K::RevisionChanged { found, .. } => format!("revision {found}"),
            K::TooLong { length, .. } => format!("{length} bytes"),
            K::UnknownMember { name, .. }
            | K::UnknownProperty { name, .. }
            | K::UnknownType { name, .. }
            | K::InvalidId { id: name } => Shown(name).to_string(),
            K::WrongLinkType { found, .. } => found.clone(),
            K::UnmetNeed(need) => need.found.clone(),
            _ => return None,
        })
    }

    fn part(&self) -> Option<&str> {
        match self {
            K::UnmetNeed(need) => Some(&need.path),
            K::WrongLinkType { path, .. }
            | K::DanglingLink { path, .. }
            | K::LinkCycle { path, .. }
            | K::UsedTwice { id: path }
            | K::UnknownId { id: path, .. } => Some(path),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            K::NotMultiple { multiple, value } => {
                let below = value - value % multiple;
                match below.checked_add(*multiple) {
                    Some(above) => format!("the neighbours are {below} and {above}"),
                    None => format!("the nearest is {below}"),
                }
            }
            K::NotAName { names, found: InputKind::Bool } if names.contains(&"on") => {
                format!("write one of {}, with quotes", List(names))
            }
            K::NotAName { names, .. } => format!("it takes {}", List(names)),
            K::WrongType { expected, found, value } => match value_meant(expected, *found, value) {
                Some((meant, _)) => format!("write {meant}"),
                None => value_help(expected, *found, value)?.to_owned(),
            },
            K::SensitiveMismatch { expected: "a string" } => "a string stands in double quotes".to_owned(),
            K::TooLong { limit, .. } => format!("shorten it to {limit} bytes"),
            K::DuplicateMember { .. } | K::DuplicateProperty => "keep one of the two".to_owned(),
            K::MissingMember { name } => format!("add '{name}'"),
            K::ReadOnly => "leave it out: the program works it out".to_owned(),
            K::UnknownProperty { nearest: None, has, .. } if has.is_empty() => {
                "'qomet describe TYPE' lists the properties of a type".to_owned()
            }
            K::UnknownProperty { nearest: None, has, .. } => format!("it has {}", All(has)),
            K::UnavailableType { .. } => {
                "leave the object out, or use another type ('qomet types' lists them)".to_owned()
            }
            K::InterfaceNotType { .. } => "'qomet types' lists the types".to_owned(),
            K::NotUserCreatable { .. } => "leave the object out".to_owned(),
            K::DuplicateId { free: Some(free), .. } => {
                format!("give one of them another id: '{}' is free", Shown(free))
            }
            K::DuplicateId { free: None, .. } => "give one of them another id".to_owned(),
            K::WrongLinkType { expected, .. } => format!("name the id of a {expected}"),
            K::DanglingLink { nearest: None, .. } | K::UnknownId { nearest: None, .. } => {
                "name the id of an object that there is, or leave it out".to_owned()
            }
            K::LinkCycle { .. } => "leave one of these links out".to_owned(),
            K::AmbiguousPath { .. } => "write one of them in full".to_owned(),
            K::Deprecated { replaced_by: None, .. } => "leave it out".to_owned(),
            K::UnknownEnumValue { names, .. } => match self.suggestion() {
                Some(name) => format!("did you mean '{name}'?"),
                None => format!("it takes {}", List(names)),
            },
            K::UnknownMember { members, .. } if self.suggestion().is_none() => {
                format!("it has {}", List(members))
            }
            K::InvalidSize { .. } if self.suggestion().is_none() => {
                "write a number of bytes, or for example \"1G\" or \"512M\"".to_owned()
            }
            K::InvalidId { id } if id == NO_ID => "every object has a property of that name".to_owned(),
            K::InvalidId { .. } => {
                let rule = "an id starts with a letter and goes on with letters, digits, '-', '.' or '_'";
                match self.suggestion() {
                    Some(id) => format!("{rule}, such as '{id}'"),
                    None => rule.to_owned(),
                }
            }
            // In each language a name is written in another way.
            K::MissingProperty { name, value_type: "a size" } => {
                format!("add '{name}', which takes a size, such as 512M or 1G")
            }
            K::MissingProperty { name, value_type } => format!("add '{name}', which takes {value_type}"),
            K::MissingId => "add 'id', a name for the object, such as 'ram0'".to_owned(),
            K::MissingType => "add 'qom-type', the name of a type ('qomet types' lists them)".to_owned(),
            K::CannotChange => {
                "it is fixed once the object is realized: delete the object and create it anew".to_owned()
            }
            K::Deprecated { replaced_by, .. } => format!("use '{}' instead", (*replaced_by)?),
            K::NulInString => "remove the \\u0000".to_owned(),
            K::UnknownType { .. } if self.suggestion().is_none() => {
                "'qomet types' lists the types".to_owned()
            }
            K::AbstractType { below, .. } if !below.is_empty() => format!("use one of {}", All(below)),
            K::AbstractType { .. } => "use one of the types below it ('qomet types' shows them)".to_owned(),
            K::UnmetNeed(need) => return need.help(),
            K::UsedTwice { .. } => "give each of them an object of its own".to_owned(),
            K::Unused { .. } => "link to it where it is wanted, or leave it out".to_owned(),
            K::InUse { users, way } => let_go(users, *way),
            K::ContentLost { .. } => "keep it as it is, or allow the loss (--allow-loss)".to_owned(),
            K::RevisionChanged { .. } => "read it again, and decide again".to_owned(),
            _ => return self.suggestion().map(|name| format!("did you mean '{name}'?")),
        })
    }

    fn suggestion(&self) -> Option<String> {
        match self {
            K::UnknownEnumValue { value, names } => nearest(value, names.iter().copied()).map(str::to_owned),
            K::InvalidSize { value } => size_meant(value),
            K::InvalidId { id } => id_meant(id),
            K::UnknownMember { name, members } => nearest(name, members.iter().copied()).map(str::to_owned),
            K::UnknownProperty { nearest, .. } => nearest.map(str::to_owned),
            K::Deprecated { replaced_by, .. } => replaced_by.map(str::to_owned),
            K::UnknownType { nearest, .. }
            | K::NotFound { nearest, .. }
            | K::DanglingLink { nearest, .. }
            | K::UnknownId { nearest, .. } => nearest.clone(),
            _ => None,
        }
    }

    fn remedy(&self) -> Option<Remedy> {
        let sure = |remedy: Remedy, sure: bool| if sure { remedy } else { remedy.guess() };
        match self {
            K::NotMultiple { multiple, value } => {
                // Up, because who asks for less than a whole one must not get nothing.
                (value - value % multiple).checked_add(*multiple).map(Remedy::size)
            }
            K::UnknownEnumValue { value, names } => {
                let alone = is_nearest_alone(value, names.iter().copied());
                self.suggestion().map(|name| sure(Remedy::name(name), alone))
            }
            K::UnknownMember { name, members } => {
                let alone = is_nearest_alone(name, members.iter().copied());
                self.suggestion().map(|name| sure(Remedy::name(name), alone))
            }
            K::WrongType { expected, found, value } => {
                let (meant, is_certain) = value_meant(expected, *found, value)?;
                Some(sure(Remedy::verbatim(meant), is_certain))
            }
            K::UnmetNeed(need) => need.set.clone(),
            K::InvalidId { id } => id_meant(id).map(|id| Remedy::name(id).guess()),
            K::DuplicateId { free, .. } => free.clone().map(|free| Remedy::name(free).guess()),
            K::DanglingLink { path, nearest: Some(nearest) } if path.starts_with("/objects/") => {
                Some(Remedy::name(format!("/objects/{nearest}")))
            }
            _ => self.suggestion().map(Remedy::name),
        }
    }

    fn is_host_refusal(&self) -> bool {
        matches!(self, K::Host { .. } | K::Cancelled)
    }
}

/// Who has to go or let go first, and what else would do.
fn let_go(users: &[String], way: WayOut) -> String {
    let (objects, others): (Vec<&String>, Vec<&String>) =
        users.iter().partition(|user| user.starts_with('/'));
    let first = match (&*objects, &*others) {
        ([], []) => "whoever uses it has to let go of it first".to_owned(),
        (objects, []) => format!("delete {} first", List(objects)),
        ([], others) => format!("{} must let go of it first", List(others)),
        (objects, others) => {
            format!("delete {} first, and {} must let go of it", List(objects), List(others))
        }
    };
    match way {
        WayOut::None => first,
        WayOut::Declare if objects.is_empty() => first,
        WayOut::Declare => format!("{first}; or declare its users too: then they are replaced with it"),
        WayOut::Keep => format!("{first}; or declare it too: then it stays"),
        WayOut::KeepForDeclared => {
            "declare it too, as what is declared links to it: then it stays".to_owned()
        }
    }
}

impl ModelErrorKind {
    /// One of each kind, for the table of all messages.
    #[must_use]
    pub fn samples() -> Vec<ModelErrorKind> {
        let s = str::to_owned;
        vec![
            K::WrongType { expected: "a size", found: InputKind::Bool, value: s("true") },
            K::WrongType { expected: "a list", found: InputKind::String, value: s("\"0-3\"") },
            K::OutOfRange { minimum: 1, maximum: 16, value: s("17") },
            K::NotMultiple { multiple: 4096, value: 5000 },
            K::InvalidSize { value: s("1Q") },
            K::NotAName { names: &["auto", "on", "off"], found: InputKind::Bool },
            K::UnknownEnumValue { value: s("autp"), names: &["auto", "on", "off"] },
            K::SensitiveMismatch { expected: "a string" },
            K::NulInString,
            K::TooLong { limit: 4095, length: 5000 },
            K::UnknownMember { name: s("bps-totl"), members: vec!["bps-total"] },
            K::DuplicateMember { name: "bps-total" },
            K::MissingMember { name: "match" },
            K::UnknownProperty { name: s("ofset"), nearest: Some("offset"), has: Arc::default() },
            K::UnknownProperty { name: s("colour"), nearest: None, has: ["offset", "size"].into() },
            K::UnknownProperty { name: s("colour"), nearest: None, has: Arc::default() },
            K::DuplicateProperty,
            K::MissingProperty { name: "size", value_type: "a size" },
            K::CannotChange,
            K::ReadOnly,
            K::WriteOnly,
            K::NotReadableAs { asked: "a boolean" },
            K::Deprecated { since: "9.0", replaced_by: Some("count") },
            K::Deprecated { since: "9.0", replaced_by: None },
            K::UnknownType { name: s("memory-backend-rom"), nearest: Some(s("memory-backend-ram")) },
            K::UnavailableType { name: s("can-bus"), missing: "it needs a guest" },
            K::InterfaceNotType { name: s("user-creatable") },
            K::AbstractType {
                name: s("memory-backend"),
                below: vec!["memory-backend-ram", "memory-backend-file"],
            },
            K::AbstractType { name: s("memory-backend"), below: Vec::new() },
            K::NotUserCreatable { name: s("container") },
            K::DuplicateType { name: s("printer") },
            K::UnknownParent { name: s("laser"), parent: s("printer") },
            K::TypeCycle { names: vec![s("hen"), s("egg")] },
            K::ShadowedProperty { type_name: s("laser"), parent: s("printer"), property: s("speed") },
            K::SensitiveNotString { type_name: s("printer"), property: s("pin") },
            K::TooManyProperties { name: s("printer"), limit: 128 },
            K::ImpossibleNeed {
                type_name: s("printer"),
                property: s("paper"),
                need: s("size=4"),
                why: "a paper-tray has no such property",
            },
            K::InvalidName { what: "type", name: s("a b") },
            K::MissingId,
            K::MissingType,
            K::InvalidId { id: s("0ram") },
            K::DuplicateId { id: s("ram0"), free: Some(s("ram1")) },
            K::DuplicateId { id: s("ram0"), free: None },
            K::NotFound { path: s("/objects/ram1"), nearest: Some(s("ram0")) },
            K::AmbiguousPath { path: s("mem"), candidates: vec![s("/objects/a/mem"), s("/objects/b/mem")] },
            K::WrongLinkType {
                path: s("ram0"),
                expected: s("thread-context"),
                found: s("memory-backend-ram"),
            },
            K::DanglingLink { path: s("tc1"), nearest: Some(s("tc0")) },
            K::UnknownId { id: s("key1"), nearest: Some(s("key0")) },
            K::UnmetNeed(Box::new(UnmetNeed {
                path: s("ram0"),
                needed: s("share=on"),
                found: s("share=off"),
                value: s("on"),
                advice: None,
                set: Some(Remedy::switch(true).of_related("share")),
            })),
            K::UnmetNeed(Box::new(UnmetNeed {
                path: s("ram1"),
                needed: s("x-page-size of at least 2 MiB"),
                found: s("x-page-size=4 KiB"),
                value: s("2 MiB"),
                advice: Some(s("take memory of huge pages")),
                set: None,
            })),
            K::Unused { kind: s("memory-backend") },
            K::UsedTwice { id: s("ram0") },
            K::LinkCycle { ids: vec![s("a"), s("b")], path: s("b") },
            K::InUse { users: vec![s("/objects/vm0")], way: WayOut::None },
            K::InUse { users: vec![s("/objects/vm0"), s("vhost-user")], way: WayOut::Declare },
            K::InUse { users: vec![s("/objects/vm0")], way: WayOut::Keep },
            K::InUse { users: vec![s("/objects/vm0")], way: WayOut::KeepForDeclared },
            K::NotDeletable,
            K::Deleted,
            K::RevisionChanged { what: "model", expected: 7, found: 9 },
            K::ContentLost { action: "replace", because: Some("size") },
            K::AlreadyRefused,
            K::Host { message: s("cannot allocate memory") },
            K::Cancelled,
            K::Custom { code: "out-of-paper", message: s("the tray is empty") },
        ]
    }
}
