//! Names that end in `[*]`: the lowest free index is put in.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use compact_str::{CompactString, format_compact};

/// Which indexes of which names are free. Keyed by the parent's address, which is its own while it is in the tree,
/// then by what stands before the index.
#[derive(Default)]
pub(super) struct Wildcards {
    parents: Map<usize, Map<CompactString, Counter>>,
}

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

#[derive(Default)]
struct Counter {
    next: u64,
    freed: BinaryHeap<Reverse<u64>>,
}

/// `name` and index of `name[INDEX]`.
fn split(name: &str) -> Option<(&str, u64)> {
    let (base, rest) = name.strip_suffix(']')?.rsplit_once('[')?;
    let canonical = rest == "0" || !rest.starts_with('0') && rest.bytes().all(|byte| byte.is_ascii_digit());
    if canonical { Some((base, rest.parse().ok()?)) } else { None }
}

impl Wildcards {
    /// `name` with the lowest index for which `is_free` holds.
    pub(super) fn assign(
        &mut self,
        parent: usize,
        base: &str,
        is_free: impl Fn(&str) -> bool,
    ) -> CompactString {
        let counter = self.parents.entry(parent).or_default().entry(base.into()).or_default();
        loop {
            let index = match counter.freed.pop() {
                Some(Reverse(index)) => index,
                None => {
                    counter.next += 1;
                    counter.next - 1
                }
            };
            let name = format_compact!("{base}[{index}]");
            if is_free(&name) {
                return name;
            }
        }
    }

    /// Gives the index of a removed child back.
    pub(super) fn free(&mut self, parent: usize, name: &str) {
        if let Some((base, index)) = split(name)
            && let Some(counter) = self.parents.get_mut(&parent).and_then(|names| names.get_mut(base))
            && index < counter.next
        {
            counter.freed.push(Reverse(index));
        }
    }

    /// Forgets a parent that left the tree.
    pub(super) fn forget(&mut self, parent: usize) {
        if !self.parents.is_empty() {
            self.parents.remove(&parent);
        }
    }
}
