//! Deleting objects, and who may forbid it.
//!
//! An object is in use while a link that holds it or a [`Lease`] exists. Deleting takes the object out of the tree
//! at once; what it holds is released when the last reference is dropped.

use std::sync::Arc;

use parking_lot::Mutex;

use super::Model;
use crate::error::{Diagnostic, ModelErrorKind, Result};
use crate::object::{Hold, ObjectRef};

/// The leases of a model.
#[derive(Default)]
pub(super) struct Leases {
    list: Mutex<Vec<(u64, ObjectRef, String)>>,
    next: std::sync::atomic::AtomicU64,
}

/// Keeps an object from being deleted on behalf of somebody who is no object: a guest, a device.
pub struct Lease {
    hold: Hold,
    number: u64,
    leases: Arc<Leases>,
}

impl Lease {
    /// The object.
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        self.hold.object()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.list.lock().retain(|(number, ..)| *number != self.number);
    }
}

impl Model {
    /// Keeps `object` from being deleted while the result lives; `user` is named when somebody tries.
    ///
    /// # Errors
    /// It has been deleted.
    pub fn lease(&self, object: &ObjectRef, user: &str) -> Result<Lease> {
        let hold = object.hold()?;
        let leases = self.inner.leases.clone();
        let number = leases.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        leases.list.lock().push((number, object.clone(), user.to_owned()));
        Ok(Lease { hold, number, leases })
    }

    /// Deletes an object and everything below it.
    ///
    /// # Errors
    /// It or something below it is in use, vetoes its deletion, or has been deleted; then nothing is deleted.
    pub fn delete(&self, object: &ObjectRef) -> Result<()> {
        if object.is(self.root()) || object.is(self.objects()) {
            return Err(Diagnostic::new(ModelErrorKind::NotDeletable).with_object(&object.path()));
        }
        // Types may veto, and are asked without a lock. If something was added below meanwhile, they are asked again.
        let (mut change, mut all) = loop {
            let asked = self.inner.tree.subtree(object);
            for one in &asked {
                one.can_be_deleted()?;
            }
            let change = self.inner.tree.change();
            let all = self.inner.tree.subtree(object);
            if all.len() == asked.len() && all.iter().zip(&asked).all(|(one, other)| one.is(other)) {
                break (change, all);
            }
        };
        for (count, one) in all.iter().enumerate() {
            if one.header().try_delete(0) || one.header().try_delete(holds_from(&all, one)) {
                continue;
            }
            for marked in all.iter().take(count) {
                marked.header().undelete();
            }
            let already = one.is_deleted();
            drop(change);
            let problem = if already {
                ModelErrorKind::Deleted
            } else {
                ModelErrorKind::InUse { users: self.users(one, &all) }
            };
            return Err(Diagnostic::new(problem).with_object(one.name()).with_type(one.class().name()));
        }
        all.reverse();
        let gone = change.remove(&all);
        drop(change);
        // Children go before their parents, outside of every lock.
        drop(all);
        drop(gone);
        Ok(())
    }

    /// Who uses `object`, apart from those in `except`.
    fn users(&self, object: &ObjectRef, except: &[ObjectRef]) -> Vec<String> {
        let mut users = Vec::new();
        for other in self.inner.tree.subtree(self.root()) {
            if except.iter().any(|one| one.is(&other)) || !other.class().has_links() {
                continue;
            }
            other.links(&mut |_, link| {
                if link.holds() && link.target().is_some_and(|target| target.is(object)) {
                    users.push(other.path());
                }
            });
        }
        let leases = self.inner.leases.list.lock();
        users.extend(leases.iter().filter(|(_, of, _)| of.is(object)).map(|(_, _, user)| user.clone()));
        users
    }
}

/// How often objects of `all` hold `object`.
fn holds_from(all: &[ObjectRef], object: &ObjectRef) -> u32 {
    if object.header().holds() == 0 {
        return 0;
    }
    let mut holds = 0;
    for other in all.iter().filter(|other| other.class().has_links()) {
        other.links(&mut |_, link| {
            holds += u32::from(link.holds() && link.target().is_some_and(|target| target.is(object)));
        });
    }
    holds
}
