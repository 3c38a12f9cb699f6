//! Descriptors that somebody passed to the program: sets of them, and single ones by name.
//!
//! The model has one [`Descriptors`] (a [`Service`]). The server adds what clients send, the command line what the
//! program inherited; a type borrows one for a path such as `/dev/fdset/3`. It makes no system call: who adds a
//! descriptor says what it can do.
//!
//! # How long they live
//!
//! A set that the program got with its command line lives as long as the model, unless somebody removes it. One that a
//! client passed lives as long as there is any client, or something [uses](Borrowed) it: QEMU has the same rule, because
//! nobody is left who knows its number. Named descriptors live until they are closed, as those of QEMU do, where they
//! outlive the connection too. Whatever was borrowed stays open for whoever borrowed it.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use parking_lot::Mutex;

use super::Service;

/// What a descriptor can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading
    Read,
    /// Writing
    Write,
    /// Both
    Both,
}

/// A descriptor of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptorInfo {
    /// Its number in this process
    pub number: RawFd,
    /// What whoever passed it wrote beside it
    pub opaque: Option<String>,
}

/// Why a descriptor is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// There is no such set.
    Set,
    /// The set has none that allows what is wanted; it has one with this access.
    Access(Access),
    /// The set has no descriptor of this number.
    Number,
}

/// A descriptor of a set, in use. The set does not go by itself before this does.
#[derive(Clone, Debug)]
pub struct Borrowed {
    descriptor: Arc<OwnedFd>,
    _use: Arc<()>,
}

impl Borrowed {
    /// The descriptor.
    #[must_use]
    pub fn descriptor(&self) -> &Arc<OwnedFd> {
        &self.descriptor
    }
}

struct Member {
    descriptor: Arc<OwnedFd>,
    access: Access,
    opaque: Option<String>,
}

#[derive(Default)]
struct Set {
    members: Vec<Member>,
    /// Whether it goes when no client is left.
    passed_by_client: bool,
    users: Arc<()>,
}

#[derive(Default)]
struct Inner {
    sets: BTreeMap<u64, Set>,
    named: BTreeMap<String, OwnedFd>,
}

/// The descriptors that a model was passed.
#[derive(Default)]
pub struct Descriptors(Mutex<Inner>);

impl Service for Descriptors {}

impl Descriptors {
    /// Adds a descriptor to a set, which is made if need be; without a number to the new set of the lowest free one.
    /// `by_client` says who passed it, if that makes the set. Returns the numbers of the set and of the descriptor.
    pub fn add(
        &self,
        set: Option<u64>,
        descriptor: OwnedFd,
        access: Access,
        opaque: Option<String>,
        by_client: bool,
    ) -> (u64, RawFd) {
        let number = descriptor.as_raw_fd();
        let mut inner = self.0.lock();
        let id = set.unwrap_or_else(|| {
            let taken = inner.sets.keys().copied().zip(0..).take_while(|(id, at)| id == at);
            u64::try_from(taken.count()).unwrap_or(u64::MAX)
        });
        let fresh = || Set { passed_by_client: by_client, ..Set::default() };
        let set = inner.sets.entry(id).or_insert_with(fresh);
        set.members.push(Member { descriptor: Arc::new(descriptor), access, opaque });
        (id, number)
    }

    /// Removes a descriptor from a set, or the whole set. What is in use stays open for those who use it.
    ///
    /// # Errors
    /// There is no such set, or nothing of this number in it.
    pub fn remove(&self, set: u64, number: Option<RawFd>) -> Result<(), Missing> {
        let mut inner = self.0.lock();
        let found = inner.sets.get_mut(&set).ok_or(Missing::Set)?;
        let gone = match number {
            None => std::mem::take(&mut found.members),
            Some(number) => {
                let at = found.members.iter().position(|one| one.descriptor.as_raw_fd() == number);
                vec![found.members.remove(at.ok_or(Missing::Number)?)]
            }
        };
        if found.members.is_empty() {
            inner.sets.remove(&set);
        }
        drop(inner);
        // Closing may wait for a device.
        drop(gone);
        Ok(())
    }

    /// All sets by number, with their descriptors in the order in which they were added.
    #[must_use]
    pub fn sets(&self) -> Vec<(u64, Vec<DescriptorInfo>)> {
        let inner = self.0.lock();
        let info =
            |one: &Member| DescriptorInfo { number: one.descriptor.as_raw_fd(), opaque: one.opaque.clone() };
        inner.sets.iter().map(|(id, set)| (*id, set.members.iter().map(info).collect())).collect()
    }

    /// Borrows a descriptor of a set that can be read, and also written if that is wanted. Where only reading is, one
    /// that can do no more comes first.
    ///
    /// # Errors
    /// There is no such set, or none in it that can do what is wanted.
    pub fn borrow(&self, set: u64, write: bool) -> Result<Borrowed, Missing> {
        let inner = self.0.lock();
        let set = inner.sets.get(&set).ok_or(Missing::Set)?;
        let with = |access| set.members.iter().find(|one| one.access == access);
        let found =
            if write { with(Access::Both) } else { with(Access::Read).or_else(|| with(Access::Both)) };
        match (found, set.members.first()) {
            (Some(one), _) => {
                Ok(Borrowed { descriptor: Arc::clone(&one.descriptor), _use: Arc::clone(&set.users) })
            }
            (None, Some(other)) => Err(Missing::Access(other.access)),
            (None, None) => Err(Missing::Set),
        }
    }

    /// Gives a descriptor a name; one that had it is closed.
    pub fn name(&self, name: &str, descriptor: OwnedFd) {
        let before = self.0.lock().named.insert(name.to_owned(), descriptor);
        drop(before);
    }

    /// Takes the descriptor of this name, which has none then.
    #[must_use]
    pub fn take(&self, name: &str) -> Option<OwnedFd> {
        self.0.lock().named.remove(name)
    }

    /// The last client has left: closes the sets that clients passed and that nothing uses.
    pub fn last_client_left(&self) {
        let mut inner = self.0.lock();
        let all = std::mem::take(&mut inner.sets);
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            all.into_iter().partition(|(_, set)| !set.passed_by_client || Arc::strong_count(&set.users) > 1);
        inner.sets = kept;
        drop(inner);
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn null() -> OwnedFd {
        std::fs::File::open("/dev/null").unwrap().into()
    }

    fn add(all: &Descriptors, set: Option<u64>, access: Access) -> (u64, RawFd) {
        all.add(set, null(), access, None, true)
    }

    #[test]
    fn a_set_without_a_number_gets_the_lowest_free_one() {
        let all = Descriptors::default();
        let asked = [None, Some(5), Some(1), None, None];
        assert_eq!(asked.map(|set| add(&all, set, Access::Read).0), [0, 5, 1, 2, 3]);
        assert_eq!(all.sets().iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0, 1, 2, 3, 5]);
    }

    #[test]
    fn descriptors_are_told_in_the_order_they_came_with_what_was_written_beside_them() {
        let all = Descriptors::default();
        let (_, first) = add(&all, Some(7), Access::Read);
        let (_, second) = all.add(Some(7), null(), Access::Both, Some("disk".to_owned()), true);
        let info =
            |number, opaque: Option<&str>| DescriptorInfo { number, opaque: opaque.map(str::to_owned) };
        assert_eq!(all.sets(), [(7, vec![info(first, None), info(second, Some("disk"))])]);
    }

    #[test]
    fn a_set_goes_with_its_last_descriptor() {
        let all = Descriptors::default();
        let (id, first) = add(&all, None, Access::Read);
        let (_, second) = add(&all, Some(id), Access::Read);
        assert_eq!(all.remove(id, Some(first)), Ok(()));
        assert_eq!(all.remove(id, Some(first)), Err(Missing::Number));
        assert_eq!(all.remove(id, Some(second)), Ok(()));
        assert_eq!(all.remove(id, None), Err(Missing::Set));
    }

    #[test]
    fn what_is_borrowed_can_do_what_is_wanted_and_no_more_than_needed() {
        let all = Descriptors::default();
        let (_, both) = add(&all, Some(1), Access::Both);
        let number = |write| all.borrow(1, write).unwrap().descriptor().as_raw_fd();
        assert_eq!((number(false), number(true)), (both, both));
        let (_, read) = add(&all, Some(1), Access::Read);
        assert_eq!((number(false), number(true)), (read, both));
        add(&all, Some(2), Access::Read);
        assert_eq!(all.borrow(2, true).unwrap_err(), Missing::Access(Access::Read));
        add(&all, Some(3), Access::Write);
        assert_eq!(all.borrow(3, false).unwrap_err(), Missing::Access(Access::Write));
        assert_eq!(all.borrow(4, false).unwrap_err(), Missing::Set);
    }

    #[test]
    fn the_last_client_takes_its_sets_along_unless_they_are_used() {
        let all = Descriptors::default();
        let (used, _) = add(&all, None, Access::Read);
        let (unused, _) = add(&all, None, Access::Read);
        let (inherited, _) = all.add(None, null(), Access::Read, None, false);
        let borrowed = all.borrow(used, false).unwrap();
        all.last_client_left();
        assert_eq!(all.sets().iter().map(|(id, _)| *id).collect::<Vec<_>>(), [used, inherited]);
        assert_eq!(all.borrow(unused, false).unwrap_err(), Missing::Set);
        drop(borrowed);
        all.last_client_left();
        assert_eq!(all.sets().iter().map(|(id, _)| *id).collect::<Vec<_>>(), [inherited]);
    }

    #[test]
    fn what_was_borrowed_outlives_its_set() {
        let all = Descriptors::default();
        let (id, _) = add(&all, None, Access::Read);
        let borrowed = all.borrow(id, false).unwrap();
        all.remove(id, None).unwrap();
        assert!(borrowed.descriptor().try_clone().is_ok());
    }

    #[test]
    fn a_name_is_given_anew_and_taken_once() {
        let all = Descriptors::default();
        all.name("a", null());
        all.name("a", null());
        assert!(all.take("a").is_some());
        assert!(all.take("a").is_none());
    }
}
