//! Spans that were taken out of the queue, until it is known what became of them.

use std::mem;
use std::sync::Arc;

use super::queue::Queue;

/// What becomes of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Exported,
    QueueFull,
    Failed,
    Crashed,
    Shutdown,
}

/// Accounts for spans that were taken. Dropped before their fate was told, as when the thread that
/// has them unwinds, they count as lost to a crash.
#[derive(Debug)]
pub(super) struct Taken {
    queue: Arc<Queue>,
    spans: usize,
    /// As many of them still count against the bound of the queue.
    held: usize,
}

impl Taken {
    /// Only the queue makes these, of spans that it counts as taken.
    pub(super) fn new(queue: Arc<Queue>, spans: usize) -> Self {
        Self { queue, spans, held: spans }
    }

    pub(super) fn spans(&self) -> usize {
        self.spans
    }

    /// They no longer wait.
    pub(super) fn release(&mut self) {
        self.queue.release(mem::take(&mut self.held));
    }

    /// Says what became of all.
    pub(super) fn end(mut self, fate: Fate) {
        let spans = self.spans;
        self.end_some(spans, fate);
    }

    /// Says what became of as many of them.
    pub(super) fn end_some(&mut self, spans: usize, fate: Fate) {
        if let Some(mut part) = self.split(spans) {
            part.release();
            part.queue.settle(mem::take(&mut part.spans), fate);
        }
    }

    /// Takes as many out, or as there are; none of none.
    pub(super) fn split(&mut self, spans: usize) -> Option<Self> {
        let spans = spans.min(self.spans);
        self.spans -= spans;
        // What still counts stays with those that stay.
        let stays = self.held.min(self.spans);
        let held = mem::replace(&mut self.held, stays) - stays;
        (spans > 0).then(|| Self { queue: Arc::clone(&self.queue), spans, held })
    }

    /// Takes over those of `other`.
    pub(super) fn absorb(&mut self, mut other: Self) {
        self.spans += mem::take(&mut other.spans);
        self.held += mem::take(&mut other.held);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.release();
        if self.spans > 0 {
            self.queue.settle(self.spans, Fate::Crashed);
        }
    }
}
