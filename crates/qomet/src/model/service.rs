//! What the types of a crate share within one model: a ledger of files, a cache.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// A value that each model has one of, made when it is first asked for.
pub trait Service: Any + Send + Sync + Default {}

/// The services of a model.
#[derive(Default)]
pub struct Services {
    map: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Services {
    /// Puts `service` in place of the one there is; objects that have it keep the old one.
    pub fn put<S: Service>(&self, service: S) {
        self.map.lock().insert(TypeId::of::<S>(), Arc::new(service));
    }

    /// The model's `S`.
    #[must_use]
    pub fn get<S: Service>(&self) -> Arc<S> {
        let any = self.map.lock().entry(TypeId::of::<S>()).or_insert_with(|| Arc::new(S::default())).clone();
        // The key is the type, so this finds it; a default is what a first call would give.
        any.downcast().unwrap_or_default()
    }
}
