//! What the host's memory says, as problems of properties. The wording stays where the facts are: in `qomet-memory`.

use std::fmt;

use qomet::{About, Diagnostic, Problem, Remedy, Severity};
use qomet_memory::{MemoryError, MemoryWarning};

/// A refusal.
#[derive(Debug)]
pub struct Fault(pub MemoryError);

/// A warning.
#[derive(Debug)]
pub struct Warning(pub MemoryWarning);

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
        _ => &[],
    };
    let property = error.property();
    let mut diagnostic = Diagnostic::new(Fault(error));
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
    let diagnostic = Diagnostic::new(Warning(warning));
    match property {
        Some(property) => diagnostic.with_property(property),
        None => diagnostic,
    }
}
