//! Which draft of a batch has which id.
//!
//! A table of numbers alone, so that it stays in the processor's cache where the ids of a large batch would not: names
//! are compared where they stand, in the drafts.

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::object::AnyDraft;

/// The drafts by their ids.
pub(super) struct Ids<'a> {
    drafts: &'a [Box<dyn AnyDraft>],
    table: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
}

fn id(drafts: &[Box<dyn AnyDraft>], number: u32) -> Option<&str> {
    drafts.get(number as usize)?.id()
}

impl<'a> Ids<'a> {
    /// For these drafts; none of them is in it yet.
    pub(super) fn of(drafts: &'a [Box<dyn AnyDraft>]) -> Self {
        Ids {
            drafts,
            table: HashTable::with_capacity(drafts.len()),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    /// Adds the draft `number`, unless another one has its id already; then the number of that one.
    pub(super) fn insert(&mut self, number: usize) -> Option<usize> {
        let (Some(draft), Ok(short)) = (self.drafts.get(number), u32::try_from(number)) else { return None };
        let name = draft.id()?;
        let (drafts, hasher) = (self.drafts, &self.hasher);
        let is_same = |other: &u32| id(drafts, *other) == Some(name);
        match self.table.entry(hasher.hash_one(name), is_same, |other| {
            hasher.hash_one(id(drafts, *other).unwrap_or_default())
        }) {
            Entry::Occupied(first) => Some(*first.get() as usize),
            Entry::Vacant(free) => {
                free.insert(short);
                None
            }
        }
    }

    /// The number of the draft with that id.
    pub(super) fn get(&self, name: &str) -> Option<usize> {
        let found =
            self.table.find(self.hasher.hash_one(name), |other| id(self.drafts, *other) == Some(name));
        found.map(|number| *number as usize)
    }

    /// The next id after `name`, by its number at the end, that no draft has, in the table or not yet, and that is not
    /// taken otherwise. None where the name is as long as names are.
    pub(super) fn free(&self, name: &str, is_taken: impl Fn(&str) -> bool) -> Option<String> {
        let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = |id: &str| id.strip_prefix(base)?.parse::<u32>().ok();
        let used: HashSet<u32> = self.drafts.iter().filter_map(|draft| number(draft.id()?)).collect();
        let first = number(name).map_or(1, |number| number.saturating_add(1));
        let free = (first..).take(used.len() + 100).filter(|number| !used.contains(number));
        let mut ids = free.map(|number| format!("{base}{number}"));
        let free = ids.find(|id| !is_taken(id))?;
        crate::tree::check_id(&free).is_ok().then_some(free)
    }

    /// The number of every draft that has an id, and that, in order.
    pub(super) fn names(&self) -> Vec<(usize, &'a str)> {
        let mut numbers: Vec<u32> = self.table.iter().copied().collect();
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| Some((number as usize, id(self.drafts, number)?))).collect()
    }
}
