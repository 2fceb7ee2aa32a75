//! When a direction is worth splicing.

/// A read from which on splicing costs less than copying, in bytes: its system calls are one
/// more, and for small messages they are most of the price.
const LARGE: usize = 16 * 1024;

/// As many large reads more than small ones begin it.
const BEGINS: u8 = 4;

/// No more are remembered, so that a few small reads end it.
const MOST: u8 = 8;

/// Large reads less small ones of late. A stream of messages never comes to splicing, and one
/// that has come to it does not leave it for a single short read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bulk(u8);

impl Bulk {
    /// A read has brought so many bytes.
    pub(super) fn note(&mut self, read: usize) {
        self.0 = if read >= LARGE { (self.0 + 1).min(MOST) } else { self.0.saturating_sub(1) };
    }

    /// Splicing could not be had: it is tried again after as many large reads as at first.
    pub(super) fn forget(&mut self) {
        self.0 = 0;
    }

    /// Whether to splice.
    pub(super) fn is_on(self) -> bool {
        self.0 >= BEGINS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(reads: impl IntoIterator<Item = usize>) -> bool {
        let mut bulk = Bulk::default();
        reads.into_iter().for_each(|read| bulk.note(read));
        bulk.is_on()
    }

    #[test]
    fn large_reads_in_a_row_begin_it() {
        assert!(!after([LARGE; 3]));
        assert!(after([LARGE; 4]));
    }

    #[test]
    fn large_answers_that_are_all_in_two_pieces_never_begin_it() {
        assert!(!after([LARGE, 100].into_iter().cycle().take(1000)));
    }

    #[test]
    fn one_short_read_does_not_end_it_but_a_few_do() {
        let long = || [LARGE; 1000].into_iter();
        assert!(after(long().chain([1])));
        assert!(after(long().chain([1, LARGE, 1, 1, LARGE])));
        assert!(!after(long().chain([1; 5])));
    }
}
