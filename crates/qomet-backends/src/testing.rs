//! What the tests of this crate begin with.

use qomet::{Model, Native, ObjectRef, Result, TypeRegistry};

/// A model with the types of this crate.
pub(crate) fn model() -> Model {
    Model::new(TypeRegistry::builder().add(crate::types()).build().unwrap())
}

/// Creates the object `x0`.
pub(crate) fn create(model: &Model, type_name: &str, bag: &[(&str, Native<'_>)]) -> Result<ObjectRef> {
    create_as(model, "x0", type_name, bag)
}

/// Creates the object `id`.
pub(crate) fn create_as(
    model: &Model,
    id: &str,
    type_name: &str,
    bag: &[(&str, Native<'_>)],
) -> Result<ObjectRef> {
    let mut draft = model.draft(type_name)?;
    draft.set_id(id);
    for (name, value) in bag {
        draft.set(name, value)?;
    }
    model.create(draft)
}

/// A path as a value.
pub(crate) fn text(path: &std::path::Path) -> Native<'_> {
    Native::Str(path.to_str().unwrap().into())
}

/// Whether a thread of this process has gone, or goes soon: who waits for its end is woken a moment before.
pub(crate) fn thread_goes(number: u32) -> bool {
    let task = std::path::PathBuf::from(format!("/proc/self/task/{number}"));
    (0..1000).any(|_| {
        let is_there = task.exists();
        if is_there {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        !is_there
    })
}
