//! Deleting objects, and who may forbid it.
//!
//! An object is in use while a link that holds it or a [`Lease`] exists. Deleting takes the object out of the tree
//! at once; what it holds is released when the last reference is dropped.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Model;
use crate::error::{Diagnostic, ModelErrorKind, Result, WayOut};
use crate::object::{Hold, ObjectRef};
use crate::tree::absent;

/// The leases of a model.
#[derive(Default)]
pub(super) struct Leases {
    list: Mutex<Vec<(u64, ObjectRef, String)>>,
    next: std::sync::atomic::AtomicU64,
}

/// Keeps an object from being deleted on behalf of somebody who is no object: a guest, a device.
pub struct Lease {
    object: ObjectRef,
    _hold: Hold,
    number: u64,
    leases: Arc<Leases>,
}

impl Lease {
    /// The object.
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        &self.object
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
        Ok(Lease { object: object.clone(), _hold: hold, number, leases })
    }

    /// Deletes an object and everything below it.
    ///
    /// # Errors
    /// It or something below it is in use, vetoes its deletion, or has been deleted; then nothing is deleted.
    pub fn delete(&self, object: &ObjectRef) -> Result<()> {
        self.delete_if(object, None)
    }

    /// The same, if the model has the expected revision: it is compared under the lock that makes the change.
    ///
    /// # Errors
    /// Those of [`delete`](Self::delete), and that the revision is another.
    pub fn delete_if(&self, object: &ObjectRef, revision: Option<u64>) -> Result<()> {
        if object.is(self.root()) || object.is(self.objects()) {
            return Err(Diagnostic::new(ModelErrorKind::NotDeletable).with_object(&object.path()));
        }
        if self.delete_leaf(object, revision)? {
            return Ok(());
        }
        // Types may veto, and are asked without a lock. If something was added below meanwhile, they are asked again.
        let (mut change, all) = loop {
            let asked = self.inner.tree.subtree(object);
            for one in &asked {
                one.can_be_deleted()?;
            }
            let change = self.inner.tree.change();
            change.check_revision(revision)?;
            if !change.contains(object) {
                return Err(absent(object));
            }
            let all = self.inner.tree.subtree(object);
            if all.len() == asked.len() && all.iter().zip(&asked).all(|(one, other)| one.is(other)) {
                break (change, all);
            }
        };
        change.begin();
        if let Err((used, flickered)) = mark(&all) {
            if flickered {
                change.missed();
            }
            drop(change);
            let problem = ModelErrorKind::InUse { users: self.users(used, &all), way: WayOut::None };
            return Err(Diagnostic::new(problem).with_object(used.name()).with_type(used.class().name()));
        }
        let gone = change.remove(&all);
        drop(change);
        // Outside of every lock.
        drop((all, gone));
        Ok(())
    }

    /// Deletes an object that has no children and that nobody holds; false if it is not such.
    fn delete_leaf(&self, object: &ObjectRef, revision: Option<u64>) -> Result<bool> {
        if !self.inner.tree.is_leaf(object) {
            return Ok(false);
        }
        object.can_be_deleted()?;
        let mut change = self.inner.tree.change();
        change.check_revision(revision)?;
        change.begin();
        if !change.contains(object) || !change.is_leaf(object) || !object.header().try_delete(0) {
            return Ok(false);
        }
        let gone = change.remove_one(object);
        drop(change);
        // Outside of every lock.
        drop(gone);
        Ok(true)
    }

    /// Who keeps `object` from being deleted: the paths of objects with a link that holds it, and those that lease it.
    #[must_use]
    pub fn users_of(&self, object: &ObjectRef) -> Vec<String> {
        self.users(object, &[])
    }

    /// Who uses `object`, apart from those in `except`.
    pub(super) fn users(&self, object: &ObjectRef, except: &[ObjectRef]) -> Vec<String> {
        let mut users = Vec::new();
        for other in self.inner.tree.subtree(self.root()) {
            if except.iter().any(|one| one.is(&other)) || !other.has_links() {
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

/// Marks all as deleted, or none.
///
/// # Errors
/// The first that is held by somebody who stays, and whether any seemed to be deleted for a moment.
pub(super) fn mark(all: &[ObjectRef]) -> Result<(), (&ObjectRef, bool)> {
    let inside = if all.iter().any(|one| one.header().holds() > 0) { holds_inside(all) } else { Vec::new() };
    let own = |at: usize| inside.get(at).copied().unwrap_or(0);
    // Looked at first, so that an object that stays is not missed by a reader even for a moment.
    if let Some((_, used)) = all.iter().enumerate().find(|(at, one)| one.header().holds() != own(*at)) {
        return Err((used, false));
    }
    for (at, one) in all.iter().enumerate() {
        if !one.header().try_delete(own(at)) {
            // Somebody took hold of it just now.
            all.iter().take(at).for_each(|marked| marked.header().undelete());
            return Err((one, at > 0));
        }
    }
    Ok(())
}

/// How often each of `all` is held by others of `all`.
fn holds_inside(all: &[ObjectRef]) -> Vec<u32> {
    let mut holds = vec![0; all.len()];
    let places: HashMap<usize, usize, foldhash::fast::RandomState> =
        all.iter().enumerate().map(|(at, one)| (one.address(), at)).collect();
    for one in all.iter().filter(|one| one.has_links()) {
        one.links(&mut |_, link| {
            let target = link.target().filter(|_| link.holds());
            if let Some(count) = target.and_then(|target| holds.get_mut(*places.get(&target.address())?)) {
                *count += 1;
            }
        });
    }
    holds
}
