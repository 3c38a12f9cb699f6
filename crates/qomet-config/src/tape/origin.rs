//! Whence a text was taken that does not stand in its source as it is.
//!
//! An `-object` argument of a command line is read without the shell's quotes, a value of an XML file without its
//! entities. What is wrong with it is shown where it was taken from all the same. Made by the syntaxes that take
//! texts out of others; a text that stands in its source as it is has none.

use qomet::Place;

use crate::source::narrow;

/// Which bytes of the text come from where, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    runs: Vec<Run>,
}

/// Bytes that stand together in both.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The first byte in the text, and how many there are.
    text: usize,
    length: usize,
    /// The first byte in the source, and how many there are: as many, or any number that stand for the whole run.
    source: usize,
    spread: usize,
}

impl Origin {
    /// The next `length` bytes of the text are `spread` bytes of the source, from `source` on.
    pub(crate) fn push(&mut self, length: usize, source: usize, spread: usize) {
        let text = self.length();
        if let Some(last) = self.runs.last_mut() {
            let straight = last.length == last.spread && length == spread;
            if straight && last.source + last.spread == source {
                last.length += length;
                last.spread += spread;
                return;
            }
        }
        self.runs.push(Run { text, length, source, spread });
    }

    /// How long the text is.
    pub(crate) fn length(&self) -> usize {
        self.runs.last().map_or(0, |last| last.text + last.length)
    }

    /// The place in the source of a range of the text.
    pub(crate) fn place(&self, source: u32, start: usize, end: usize) -> Place {
        let from = self.start(start);
        let to = if end > start { self.end(end) } else { from };
        Place { source, start: narrow(from), end: narrow(to.max(from)) }
    }

    /// Where the byte at `offset` comes from.
    fn start(&self, offset: usize) -> usize {
        let index = self.runs.partition_point(|run| run.text + run.length <= offset);
        match self.runs.get(index).or(self.runs.last()) {
            None => 0,
            Some(run) if offset >= run.text + run.length => run.source + run.spread,
            Some(run) if run.length == run.spread => run.source + offset.saturating_sub(run.text),
            Some(run) => run.source,
        }
    }

    /// Behind where the byte before `offset` comes from.
    fn end(&self, offset: usize) -> usize {
        let index = self.runs.partition_point(|run| run.text + run.length < offset);
        match self.runs.get(index).or(self.runs.last()) {
            None => 0,
            Some(run) if run.length == run.spread => {
                run.source + offset.saturating_sub(run.text).min(run.length)
            }
            Some(run) => run.source + run.spread,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(origin: &Origin, start: usize, end: usize) -> (u32, u32) {
        let place = origin.place(0, start, end);
        (place.start, place.end)
    }

    #[test]
    fn runs_that_meet_in_both_are_one() {
        let mut origin = Origin::default();
        origin.push(3, 10, 3);
        origin.push(2, 13, 2);
        assert_eq!(origin.runs.len(), 1);
        assert_eq!(place(&origin, 1, 5), (11, 15));
    }

    #[test]
    fn what_is_left_out_between_is_covered() {
        // a"b"c at 10: the text is abc.
        let mut origin = Origin::default();
        origin.push(1, 10, 1);
        origin.push(1, 12, 1);
        origin.push(1, 14, 1);
        assert_eq!(place(&origin, 0, 3), (10, 15));
        assert_eq!(place(&origin, 1, 2), (12, 13));
        assert_eq!(place(&origin, 3, 3), (15, 15));
    }

    #[test]
    fn what_stands_for_other_text_is_a_whole() {
        // x&amp;y at 0.
        let mut origin = Origin::default();
        origin.push(1, 0, 1);
        origin.push(1, 1, 5);
        origin.push(1, 6, 1);
        assert_eq!(place(&origin, 1, 2), (1, 6));
        assert_eq!(place(&origin, 2, 3), (6, 7));
    }
}
