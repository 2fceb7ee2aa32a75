//! What some threads have ended and nobody has built yet.

use std::collections::VecDeque;

use parking_lot::Mutex;

use super::spans::Ended;

/// How many spans, and what they are built of.
type Entry = (usize, Box<dyn Ended>);

/// One lane of the queue. Aligned so that neighbours share no cache line.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct Lane {
    inside: Mutex<Inside>,
}

/// Everything here changes under one lock, so that the figures of a lane belong together.
#[derive(Default)]
struct Inside {
    entries: VecDeque<Entry>,
    closed: bool,
    counts: LaneCounts,
}

/// What became of spans in a lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LaneCounts {
    pub(super) ended: u64,
    pub(super) waiting: u64,
    pub(super) full: u64,
    pub(super) shutdown: u64,
}

impl Lane {
    /// Takes `ended`, or gives it back: `room` says whether there is any for it, and is asked once.
    pub(super) fn add(
        &self,
        spans: usize,
        ended: Box<dyn Ended>,
        room: impl FnOnce() -> bool,
    ) -> Result<(), Box<dyn Ended>> {
        let mut inside = self.inside.lock();
        let inside = &mut *inside;
        inside.counts.ended += spans as u64;
        if inside.closed {
            inside.counts.shutdown += spans as u64;
            return Err(ended);
        }
        if !room() {
            inside.counts.full += spans as u64;
            return Err(ended);
        }
        inside.counts.waiting += spans as u64;
        inside.entries.push_back((spans, ended));
        Ok(())
    }

    /// Moves the oldest into `out`, as long as they make at most `most` spans, or only one where
    /// `even_longer`; returns how many spans that is.
    pub(super) fn take(&self, most: usize, mut even_longer: bool, out: &mut Vec<Entry>) -> usize {
        let mut inside = self.inside.lock();
        let mut taken = 0;
        while let Some((spans, _)) = inside.entries.front()
            && (taken + spans <= most || even_longer)
        {
            even_longer = false;
            taken += spans;
            out.extend(inside.entries.pop_front());
        }
        inside.counts.waiting -= taken as u64;
        taken
    }

    /// From now on nothing is taken in; what waits is counted as left over and returned.
    pub(super) fn close(&self) -> (u64, VecDeque<Entry>) {
        let mut inside = self.inside.lock();
        inside.closed = true;
        let left = std::mem::take(&mut inside.counts.waiting);
        inside.counts.shutdown += left;
        (left, std::mem::take(&mut inside.entries))
    }

    pub(super) fn open(&self) {
        self.inside.lock().closed = false;
    }

    pub(super) fn counts(&self) -> LaneCounts {
        self.inside.lock().counts
    }
}
