//! Transparent huge pages in files that are their pages: tmpfs and memfds.
//!
//! `populate` asks for them in front of each step. A fault in such a file makes small pages unless the administrator has
//! chosen otherwise (`shmem_enabled`, the mount option `huge`), and 512 small pages cost several times what one huge page
//! does, both now and when they are given back. `MADV_COLLAPSE` (Linux 6.1) makes huge ones on request, but not of a
//! range without any page: one page of each is made present first.
//!
//! It is a wish: whatever is refused is populated by small pages. There may be no huge page left, pages of the range may
//! be in use by somebody else at this moment, or huge pages may be denied for all files (`shmem_enabled=deny`). Only the
//! last of these is for ever, and not even that can be told from the error, so it is tried again, but not at once.

use nix::errno::Errno;

use crate::open::HUGE;
use crate::region::{Blocks, Region};

/// After so many refusals in a row a range is tried after every 2 to the power of that many steps.
const MOST_REFUSALS: u32 = 5;

/// What one thread knows of its luck.
#[derive(Debug, Default)]
pub(crate) struct Luck {
    /// Refusals in a row.
    refusals: u32,
    /// Steps before the next try.
    pause: u32,
}

impl Luck {
    /// Whether to try now.
    fn try_now(&mut self) -> bool {
        match self.pause.checked_sub(1) {
            Some(rest) => {
                self.pause = rest;
                false
            }
            None => true,
        }
    }

    fn tell<T>(&mut self, done: Result<T, Errno>) {
        self.refusals = if done.is_ok() { 0 } else { (self.refusals + 1).min(MOST_REFUSALS) };
        self.pause = (1 << self.refusals) - 1;
    }
}

impl Region {
    /// Whether huge pages can be made by [`Region::collapse`]: of whole ones both in the file and in the address space.
    pub(crate) fn can_collapse(&self) -> bool {
        let at = u64::try_from(self.address()).unwrap_or(0);
        self.parts.blocks == Blocks::Pages && at % HUGE == self.parts.offset % HUGE
    }

    /// Where the first huge page from `position` on starts.
    pub(crate) fn next_huge(&self, position: u64) -> u64 {
        let at = u64::try_from(self.address()).unwrap_or(0);
        let over = at.wrapping_add(position) % HUGE;
        if over == 0 { position } else { position.saturating_add(HUGE - over) }
    }

    /// Makes huge pages of the whole ones of a range, if the kernel is willing.
    pub(crate) fn collapse(&self, luck: &mut Luck, start: u64, length: u64) {
        if luck.try_now() {
            luck.tell(self.try_to_collapse(start, length));
        }
    }

    fn try_to_collapse(&self, start: u64, length: u64) -> Result<(), Errno> {
        let end = start.saturating_add(length);
        let mut at = self.next_huge(start);
        while at.saturating_add(HUGE) <= end {
            let page = at
                + representative((self.parts.offset + at) / HUGE, HUGE / self.parts.unit.size)
                    * self.parts.unit.size;
            self.mapping.populate(&self.host, page, self.parts.unit.size, true)?;
            at += HUGE;
        }
        self.mapping.collapse(&self.host, start, length)
    }
}

/// Which of its `pages` small pages stands for the `index`-th huge page of a file, a power of two. A huge page comes from
/// the NUMA node where its small pages are, and under the policy `interleave` those are in turn on the nodes: if the
/// first one always stood for its huge page, all huge pages would be on one node. As the golden ratio of the number of
/// pages, made odd, is added from one to the next, they are in turn on the nodes too if those are a power of two, and
/// evenly spread if not.
fn representative(index: u64, pages: u64) -> u64 {
    let stride = (pages.saturating_mul(618) / 1000) | 1;
    (index % pages).wrapping_mul(stride) % pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_followed_by_a_pause_that_doubles_and_ends_with_the_first_success() {
        let mut luck = Luck::default();
        let mut tries = |done: Result<(), Errno>| {
            let steps = (1..=100).find(|_| luck.try_now());
            luck.tell(done);
            steps
        };
        let refused = Err(Errno::EINVAL);
        let found: Vec<_> = (0..8).map(|_| tries(refused).unwrap()).collect();
        assert_eq!(found, [1, 2, 4, 8, 16, 32, 32, 32]);
        assert_eq!([tries(Ok(())), tries(Ok(()))], [Some(32), Some(1)]);
    }

    #[test]
    fn c06_huge_pages_of_interleaved_memory_are_spread_over_the_nodes() {
        for nodes in 1..=9 {
            let mut counts = vec![0_u64; nodes];
            for index in 0..9216_u64 {
                let page = index * 512 + representative(index, 512);
                counts[usize::try_from(page).unwrap() % nodes] += 1;
            }
            let fair = 9216 / u64::try_from(nodes).unwrap();
            assert!(counts.iter().all(|count| count.abs_diff(fair) * 20 <= fair), "{counts:?}");
        }
    }
}
