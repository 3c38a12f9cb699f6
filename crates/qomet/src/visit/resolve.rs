//! An input whose links are objects.
//!
//! A link in a source is a path. Before a live link is stored, its path must have become an object: this wraps the
//! source and looks every link up as it is read.

use std::borrow::Cow;

use super::{Input, InputKind, LinkTarget};
use crate::error::{Diagnostic, Failed, Problem, Told};
use crate::object::ObjectRef;

/// Looks up the links of another input.
pub(crate) struct Resolving<'a> {
    pub(crate) inner: &'a mut dyn Input,
    /// What a path names.
    pub(crate) find: &'a dyn Fn(&str) -> Result<ObjectRef, Diagnostic>,
}

impl Input for Resolving<'_> {
    fn link(&mut self) -> Result<LinkTarget, Failed> {
        match self.inner.link()? {
            // The empty path is how a link is unset.
            LinkTarget::Path(path) if !path.is_empty() => match (self.find)(&path) {
                Ok(object) => Ok(LinkTarget::Object(object)),
                Err(problem) => Err(self.inner.report(Box::new(Told(problem)))),
            },
            other => Ok(other),
        }
    }

    fn kind(&mut self) -> InputKind {
        self.inner.kind()
    }
    fn report(&mut self, problem: Box<dyn Problem>) -> Failed {
        self.inner.report(problem)
    }
    fn report_name(&mut self, problem: Box<dyn Problem>) -> Failed {
        self.inner.report_name(problem)
    }
    fn boolean(&mut self) -> Result<bool, Failed> {
        self.inner.boolean()
    }
    fn int64(&mut self) -> Result<i64, Failed> {
        self.inner.int64()
    }
    fn uint64(&mut self) -> Result<u64, Failed> {
        self.inner.uint64()
    }
    fn size(&mut self) -> Result<u64, Failed> {
        self.inner.size()
    }
    fn number(&mut self) -> Result<f64, Failed> {
        self.inner.number()
    }
    fn string(&mut self) -> Result<Cow<'_, str>, Failed> {
        self.inner.string()
    }
    fn null(&mut self) -> Result<(), Failed> {
        self.inner.null()
    }
    fn enumeration(&mut self, names: &'static [&'static str]) -> Result<usize, Failed> {
        self.inner.enumeration(names)
    }
    fn begin_struct(&mut self) -> Result<(), Failed> {
        self.inner.begin_struct()
    }
    fn next_member(&mut self, members: &[&'static str]) -> Option<Result<usize, Failed>> {
        self.inner.next_member(members)
    }
    fn end_struct(&mut self) {
        self.inner.end_struct();
    }
    fn begin_list(&mut self) -> Result<(), Failed> {
        self.inner.begin_list()
    }
    fn next_element(&mut self) -> bool {
        self.inner.next_element()
    }
    fn end_list(&mut self) {
        self.inner.end_list();
    }
}
