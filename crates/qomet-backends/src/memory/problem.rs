//! What the host's memory says, as problems of properties. The wording stays where the facts are: in `qomet-memory`.

use std::fmt;
use std::path::PathBuf;

use qomet::{About, Diagnostic, Problem, Remedy, Severity};
use qomet_memory::{MemoryError, MemoryWarning};

/// A refusal.
#[derive(Debug)]
pub struct Fault(pub MemoryError);

/// A warning.
#[derive(Debug)]
pub struct Warning(pub MemoryWarning);

/// A refusal because nothing is there, and what is there under a name that is near.
#[derive(Debug)]
struct NotThere(Fault, PathBuf);

fn about_object(about: &About, text: &dyn fmt::Display, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &about.object {
        Some(id) => write!(out, "object '{id}': {text}"),
        None => write!(out, "{text}"),
    }
}

impl Problem for Fault {
    fn code(&self) -> &'static str {
        self.0.code()
    }
    fn message(&self, about: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        about_object(about, &self.0, out)
    }
    fn expected(&self) -> Option<String> {
        self.0.expected()
    }
    fn found(&self) -> Option<String> {
        self.0.found()
    }
    fn help(&self) -> Option<String> {
        self.0.help()
    }
    fn remedy(&self) -> Option<Remedy> {
        self.0.meant().map(Remedy::size)
    }
    fn is_host_refusal(&self) -> bool {
        self.0.is_host()
    }
}

impl Problem for NotThere {
    fn code(&self) -> &'static str {
        self.0.code()
    }
    fn message(&self, about: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.message(about, out)
    }
    fn expected(&self) -> Option<String> {
        self.0.expected()
    }
    fn found(&self) -> Option<String> {
        self.0.found()
    }
    fn help(&self) -> Option<String> {
        let near = format!("did you mean '{}'?", self.1.display());
        Some(self.0.help().map_or_else(|| near.clone(), |help| format!("{near} otherwise {help}")))
    }
    fn is_host_refusal(&self) -> bool {
        self.0.is_host_refusal()
    }
}

impl Problem for Warning {
    fn code(&self) -> &'static str {
        self.0.code()
    }
    fn message(&self, about: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        about_object(about, &self.0, out)
    }
    fn severity(&self) -> Severity {
        Severity::Warning
    }
    fn help(&self) -> Option<String> {
        self.0.help()
    }
}

/// A refusal as a diagnostic about its property, with the others that have part in it.
pub(crate) fn refusal(error: MemoryError) -> Diagnostic {
    let others: &[(&str, &str)] = match &error {
        MemoryError::TooShort { .. } => &[("offset", "the window starts here"), ("size", "and is this long")],
        MemoryError::EndTooLarge { .. } => &[("size", "the window is this long")],
        MemoryError::RomNeedsReadonly => &[("readonly", "given here")],
        MemoryError::SharedTemplate => &[("readonly", "given here"), ("share", "given here")],
        MemoryError::PreallocWithoutReserve => &[("prealloc", "given here")],
        MemoryError::FileSizeLimit { .. } => &[("offset", "the window starts here")],
        MemoryError::PolicyWithoutNodes { .. } => &[("host-nodes", "given here")],
        MemoryError::NodesWithoutPolicy { .. } => &[("policy", "given here")],
        MemoryError::HugePageSizeWithoutHuge => &[("hugetlb", "given here")],
        MemoryError::NotFound { .. } | MemoryError::EmptyReadonly { .. } => &[("readonly", "given here")],
        MemoryError::FolderReadonly { .. } => &[("mem-path", "given here")],
        _ => &[],
    };
    let property = error.property();
    let near = match &error {
        MemoryError::FolderNotFound { folder: path } | MemoryError::NotFound { path } => {
            crate::host::near(path)
        }
        _ => None,
    };
    let mut diagnostic = match near {
        Some(near) => Diagnostic::new(NotThere(Fault(error), near)),
        None => Diagnostic::new(Fault(error)),
    };
    if let Some(property) = property {
        diagnostic = diagnostic.with_property(property);
    }
    others
        .iter()
        .filter(|(name, _)| Some(*name) != property)
        .fold(diagnostic, |diagnostic, (name, label)| diagnostic.with_other_property(name, *label))
}

/// A warning as a diagnostic about its property.
pub(super) fn warning(warning: MemoryWarning) -> Diagnostic {
    let property = warning.property();
    let other = match &warning {
        MemoryWarning::FileRangesOverlap { .. } => Some(("size", "this long")),
        _ => None,
    };
    let mut diagnostic = Diagnostic::new(Warning(warning));
    if let Some(property) = property {
        diagnostic = diagnostic.with_property(property);
    }
    match other {
        Some((name, label)) => diagnostic.with_other_property(name, label),
        None => diagnostic,
    }
}
