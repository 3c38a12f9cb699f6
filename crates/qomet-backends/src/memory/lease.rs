//! Memory for somebody who is no object: a guest, a device, a client.

use std::sync::Arc;

use qomet::{Diagnostic, Lease, Model, Result};
use qomet_memory::Region;

use super::HostMemory;
use crate::problem::BackendErrorKind;

/// The memory of the object `id`, and what keeps that object from being deleted while it lives; `user` is named when
/// somebody tries, and in `x-users` of `query-memdev`.
///
/// # Errors
/// There is no such object, or it has no memory.
pub fn lease_memory(model: &Model, id: &str, user: &str) -> Result<(Lease, Arc<Region>)> {
    let object = model.object(id)?;
    let Some(memory) = object.interface::<dyn HostMemory>() else {
        let problem = BackendErrorKind::NotMemory { type_name: object.class().name().to_owned() };
        return Err(Diagnostic::new(problem).with_object(id));
    };
    let region = Arc::clone(memory.region());
    Ok((model.lease(&object, user)?, region))
}
