//! The lines of one thread that are not yet written.

use std::mem;

use parking_lot::Mutex;

/// The longest line, in bytes, with its line feed. Longer ones are cut.
pub(crate) const LONGEST: usize = 8 * 1024;

/// The most bytes of one thread that wait: a tenth of a second of 25,000 lines each second, which
/// is how long the writer may have to wait for a processor. Memory grows to this only where it is
/// needed.
pub(super) const ROOM: usize = 1024 * 1024;

/// From here on the writer is told not to gather any longer.
const HALF: usize = ROOM / 2;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// It waits for the writer.
    Waits,
    /// It waits, and with it the lane is half full.
    HalfFull,
    /// There was no room for it.
    Dropped,
}

/// Whole lines, in order. Its lock is held to format one line or to swap the buffer, never while
/// something is written.
#[derive(Default)]
pub(super) struct Lane {
    lines: Mutex<Vec<u8>>,
}

impl Lane {
    /// Adds what `format` appends: one line of at most [`LONGEST`] bytes, line feed included.
    pub(super) fn add(&self, format: impl FnOnce(&mut Vec<u8>)) -> Added {
        let mut lines = self.lines.lock();
        let before = lines.len();
        // Asking for the longest keeps the capacity a power of two and within `ROOM`.
        if before + LONGEST > ROOM {
            return Added::Dropped;
        }
        lines.reserve(LONGEST);
        format(&mut lines);
        debug_assert!(lines.len() - before <= LONGEST && lines.ends_with(b"\n"));
        if before < HALF && lines.len() >= HALF { Added::HalfFull } else { Added::Waits }
    }

    /// Takes all lines and leaves the memory of `empty` for the next ones.
    pub(super) fn swap(&self, empty: &mut Vec<u8>) {
        debug_assert!(empty.is_empty());
        mem::swap(&mut *self.lines.lock(), empty);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.lock().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(length: usize) -> Vec<u8> {
        let mut line = vec![b'x'; length - 1];
        line.push(b'\n');
        line
    }

    #[test]
    fn a_full_lane_drops_what_comes_and_keeps_what_is_there() {
        let (lane, line) = (Lane::default(), line(LONGEST));
        let added: Vec<_> =
            (0..ROOM / LONGEST).map(|_| lane.add(|out| out.extend_from_slice(&line))).collect();
        assert_eq!(added.iter().filter(|&&added| added == Added::HalfFull).count(), 1);
        assert!(!added.contains(&Added::Dropped));
        assert_eq!(lane.add(|out| out.extend_from_slice(b"one more\n")), Added::Dropped);
        let mut taken = Vec::new();
        lane.swap(&mut taken);
        assert_eq!(taken, line.repeat(ROOM / LONGEST));
        assert!(lane.is_empty());
    }

    #[test]
    fn a_lane_never_takes_more_memory_than_its_room() {
        let (lane, line) = (Lane::default(), line(311));
        while lane.add(|out| out.extend_from_slice(&line)) != Added::Dropped {}
        assert!(lane.lines.lock().capacity() <= ROOM);
    }
}
