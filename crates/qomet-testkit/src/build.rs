//! A model or an object in one line.

use std::sync::Arc;

use qomet::{AnyDraft, Batch, Diagnostic, Diagnostics, Model, Native, ObjectRef, TypeRegistry};

use crate::{Trace, types};

/// An empty model of the kit's types.
#[must_use]
pub fn model() -> Model {
    Model::new(Arc::<TypeRegistry>::new(types::registry()))
}

/// A model with a log of what its steps do.
#[must_use]
pub fn traced() -> (Model, Trace) {
    let (model, trace) = (model(), Trace::default());
    model.services().put(trace.clone());
    (model, trace)
}

/// A draft with properties.
#[must_use]
pub fn draft(model: &Model, kind: &str, id: &str, properties: &[(&str, Native<'_>)]) -> Box<dyn AnyDraft> {
    let mut draft = model.draft(kind).unwrap();
    draft.set_id(id);
    for (name, value) in properties {
        draft.set(name, value).unwrap();
    }
    draft
}

/// An object with defaults below `/objects`.
pub fn object(model: &Model, kind: &str, id: &str) -> ObjectRef {
    model.create(draft(model, kind, id, &[])).unwrap()
}

/// A container anywhere in the tree.
pub fn container(model: &Model, parent: &ObjectRef, name: &str) -> ObjectRef {
    model.add::<qomet::Container>(parent, name, |_| Ok(())).unwrap()
}

/// Creates a batch; gives the objects, or all that is wrong.
///
/// # Errors
/// All diagnostics, warnings included.
pub fn create(batch: Batch) -> Result<Vec<ObjectRef>, Vec<Diagnostic>> {
    let mut report = Diagnostics::new();
    let created = batch.create(&mut report);
    let found = report.take();
    created.map_err(|_| found)
}

/// The codes of diagnostics.
#[must_use]
pub fn codes(found: &[Diagnostic]) -> Vec<&'static str> {
    found.iter().map(Diagnostic::code).collect()
}
