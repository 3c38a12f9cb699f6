//! What the memory of an object to be would be: for those who show what they would do with it.

use qomet::{AnyDraft, Diagnostic, Draft, Model, Result};
use qomet_memory::{Foreseen, foresee_anonymous, foresee_file};

use super::batch::MemoryHost;
use super::{FileBackend, MemfdBackend, RamBackend, ShmBackend, refusal};
use crate::problem::BackendErrorKind;

/// What the memory of a draft would be; nothing is made. A file that somebody passes (`/dev/fdset/N`) is not looked up.
///
/// # Errors
/// It has no memory; its path leads nowhere; the kernel offers no such pages.
pub fn foresee_memory(model: &Model, draft: &dyn AnyDraft) -> Result<Foreseen> {
    let host = model.services().get::<MemoryHost>();
    let host = &host.0;
    let any = draft.as_any();
    let foreseen = if let Some(draft) = any.downcast_ref::<Draft<FileBackend>>() {
        foresee_file(host, &draft.properties().request(None))
    } else if let Some(draft) = any.downcast_ref::<Draft<RamBackend>>() {
        foresee_anonymous(host, &draft.properties().request())
    } else if let Some(draft) = any.downcast_ref::<Draft<MemfdBackend>>() {
        foresee_anonymous(host, &draft.properties().request())
    } else if let Some(draft) = any.downcast_ref::<Draft<ShmBackend>>() {
        foresee_anonymous(host, &draft.properties().request())
    } else {
        let problem = BackendErrorKind::NotMemory { type_name: draft.class().name().to_owned() };
        return Err(Diagnostic::new(problem).with_about(draft.about()));
    };
    foreseen.map_err(|why| refusal(why).with_about(draft.about()))
}
