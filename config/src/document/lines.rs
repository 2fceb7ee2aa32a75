//! From a position in a text to its line and column.

use crate::mistake::Place;

/// Bytes between two known counts of characters, so that a file of one very long line does not
/// cost its length for each of its places.
const STRIDE: usize = 1024;

/// Where the lines of a text begin.
pub(crate) struct Lines<'t> {
    bytes: &'t [u8],
    starts: Vec<usize>,
    /// Characters before each multiple of [`STRIDE`].
    counts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(bytes: &'t [u8]) -> Self {
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let counts = bytes
            .chunks(STRIDE)
            .scan(0, |sum, chunk| Some(std::mem::replace(sum, *sum + characters(chunk))))
            .collect();
        Self { bytes, starts, counts }
    }

    /// The place of a byte; one past the end is the end.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.bytes.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.offset(line);
        Place { line, column: self.before(offset) - self.before(start) + 1 }
    }

    /// The byte at which a line begins, counted from 1.
    pub(crate) fn offset(&self, line: usize) -> usize {
        self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.bytes.len())
    }

    /// Characters before a byte.
    fn before(&self, offset: usize) -> usize {
        // A text that ends on a stride has no count of its own for its end.
        let stride = (offset / STRIDE).min(self.counts.len().saturating_sub(1));
        let known = self.counts.get(stride).copied().unwrap_or(0);
        known + self.bytes.get(stride * STRIDE..offset).map_or(0, characters)
    }
}

/// Characters that begin in these bytes: all but UTF-8's continuation bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(text: &str, offset: usize) -> Place {
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
        }
    }

    proptest! {
        #[test]
        fn a_place_is_what_counting_from_the_start_would_give(
            text in "([aäß€𐍈\n]|[a-z]{700}|[ä]{600}){0,12}",
        ) {
            let lines = Lines::of(text.as_bytes());
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                prop_assert_eq!(lines.place(offset), counted(&text, offset));
            }
        }
    }
}
