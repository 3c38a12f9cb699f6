//! Which secrets there are and will be.
//!
//! A secret may be encrypted under one of the same batch, which does not exist while the batch is checked. So each
//! announces what it will be; a check opens one as creation would, through any number of keys.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use qomet::Service;
use zeroize::Zeroizing;

use super::bytes::SecretBytes;

/// The secrets of a model.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<String, Weak<SecretBytes>>>);

impl Service for Known {}

impl Known {
    pub(super) fn add(&self, id: &str, secret: &Arc<SecretBytes>) {
        let mut known = self.0.lock();
        known.retain(|_, secret| secret.strong_count() > 0);
        known.insert(id.to_owned(), Arc::downgrade(secret));
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<SecretBytes>> {
        self.0.lock().get(id).and_then(Weak::upgrade)
    }
}

/// How to open a secret, given its key.
type Open = Box<dyn Fn(Option<&SecretBytes>) -> Option<SecretBytes> + Send + Sync>;

/// A secret to be.
struct ToBe {
    key: Option<String>,
    open: Open,
}

/// The secrets of a batch.
#[derive(Default)]
pub(super) struct Announced(Mutex<HashMap<String, Arc<ToBe>>>);

impl Service for Announced {}

impl Announced {
    /// Notes a secret to be. One that cannot be read before it is created is not noted.
    pub(super) fn add(
        &self,
        id: &str,
        key: Option<&str>,
        given: Zeroizing<Vec<u8>>,
        open: impl Fn(&[u8], Option<&SecretBytes>) -> Option<SecretBytes> + Send + Sync + 'static,
    ) {
        let open: Open = Box::new(move |key| open(&given, key));
        self.0.lock().insert(id.to_owned(), Arc::new(ToBe { key: key.map(str::to_owned), open }));
    }

    /// The secret `id`, of this batch or of the model; `None` if it cannot be told before creation, or is wrong itself.
    pub(super) fn find(&self, id: &str, known: &Known) -> Option<Arc<SecretBytes>> {
        // From the one that is wanted to the one that has no key.
        let mut chain: Vec<Arc<ToBe>> = Vec::new();
        let mut next = id.to_owned();
        let mut secret = loop {
            let Some(to_be) = self.0.lock().get(&next).cloned() else {
                break Some(known.get(&next)?);
            };
            // Keys that need each other are told as a cycle of links.
            if chain.iter().any(|one| Arc::ptr_eq(one, &to_be)) {
                return None;
            }
            let key = to_be.key.clone();
            chain.push(to_be);
            match key {
                Some(key) => next = key,
                None => break None,
            }
        };
        while let Some(to_be) = chain.pop() {
            secret = Some(Arc::new((to_be.open)(secret.as_deref())?));
        }
        secret
    }
}
