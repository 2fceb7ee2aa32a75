//! What has ended and waits to be exported: lanes that threads write to, one bound over all.
//!
//! Nobody waits here, and nobody is woken for a single span: the exporter looks every
//! [`GATHER`], and is called only when another [`BATCH`] spans have come together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::timeout;
use trunkline_runtime::contain;

use super::counts::{Counts, Dropped};
use super::lane::Lane;
use super::spans::Ended;
use super::taken::{Fate, Taken};

/// How many spans are exported together: what the batch processor of every OpenTelemetry SDK takes
/// (specification, "Batching processor", `maxExportBatchSize`).
pub(super) const BATCH: usize = 512;

/// How long spans gather where there are fewer than a batch.
pub(super) const GATHER: Duration = Duration::from_millis(100);

/// More than there are workers on most machines, so that hardly any two share one.
const LANES: usize = 32;

thread_local! {
    static LANE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % LANES
    };
}

/// The queue. It outlives the exporter, and so do its counts.
pub(super) struct Queue {
    lanes: [Lane; LANES],
    /// Spans that wait, in lanes or built; those that are being sent have made room.
    held: AtomicUsize,
    room: usize,
    /// Locked before any lane: what leaves a lane arrives here within one lock.
    ledger: Mutex<Ledger>,
    called: Notify,
}

/// What became of spans that have left their lane.
#[derive(Debug, Clone, Copy, Default)]
struct Ledger {
    taken: u64,
    exported: u64,
    dropped: Dropped,
    unwritten: u64,
}

impl Queue {
    /// A queue in which at most `room` spans wait.
    pub(super) fn new(room: usize) -> Self {
        Self {
            lanes: Default::default(),
            held: AtomicUsize::new(0),
            room,
            ledger: Mutex::default(),
            called: Notify::new(),
        }
    }

    /// Takes what has ended, or drops and counts it.
    pub(super) fn finish(&self, ended: Box<dyn Ended>) {
        let spans = ended.spans();
        if spans == 0 {
            // It would count against no bound.
            return;
        }
        // While a thread ends it has no number; any lane will do.
        let lane = LANE.try_with(|&lane| lane).unwrap_or(0);
        let Some(lane) = self.lanes.get(lane) else { return };
        let mut before = 0;
        let added = lane.add(spans, ended, || {
            let reserved = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                held.checked_add(spans).filter(|&after| after <= self.room)
            });
            before = reserved.unwrap_or(0);
            reserved.is_ok()
        });
        // Dropped, if at all, after the lock is.
        if added.is_ok() && before / BATCH != (before + spans) / BATCH {
            self.called.notify_one();
        }
    }

    /// Takes about `most` spans, the oldest of each lane first; `first` says with which lane to
    /// begin. More than `most` are taken only where one entry has more.
    pub(super) fn take(
        self: &Arc<Self>,
        most: usize,
        first: usize,
        out: &mut Vec<(usize, Box<dyn Ended>)>,
    ) -> Option<Taken> {
        let mut ledger = self.ledger.lock();
        let mut spans = 0;
        for lane in self.lanes.iter().cycle().skip(first % LANES).take(LANES) {
            spans += lane.take(most.saturating_sub(spans), spans == 0, out);
            if spans >= most {
                break;
            }
        }
        ledger.taken += spans as u64;
        drop(ledger);
        (!out.is_empty()).then(|| Taken::new(Arc::clone(self), spans))
    }

    /// Waits until a batch has come together, or for [`GATHER`]. Cancel-safe.
    pub(super) async fn gather(&self) {
        let _ = timeout(GATHER, self.called.notified()).await;
    }

    /// Makes room for as many spans.
    pub(super) fn release(&self, spans: usize) {
        self.held.fetch_sub(spans, Ordering::Relaxed);
    }

    /// Says what became of spans that were taken.
    pub(super) fn settle(&self, spans: usize, fate: Fate) {
        let spans = spans as u64;
        let mut ledger = self.ledger.lock();
        ledger.taken = ledger.taken.saturating_sub(spans);
        let to = match fate {
            Fate::Exported => &mut ledger.exported,
            Fate::QueueFull => &mut ledger.dropped.queue_full,
            Fate::Failed => &mut ledger.dropped.export_failed,
            Fate::Crashed => &mut ledger.dropped.crashed,
            Fate::Shutdown => &mut ledger.dropped.shutdown,
        };
        *to += spans;
    }

    /// Counts spans that could not be written to the file.
    pub(super) fn unwritten(&self, spans: usize) {
        self.ledger.lock().unwritten += spans as u64;
    }

    /// Takes spans (again).
    pub(super) fn open(&self) {
        self.lanes.iter().for_each(Lane::open);
    }

    /// Takes no more; what waits in the lanes counts as left over.
    pub(super) fn close(&self) {
        for lane in &self.lanes {
            let (spans, left) = lane.close();
            self.release(usize::try_from(spans).unwrap_or(usize::MAX));
            for (_, ended) in left {
                // Somebody's values: a destructor that panics must not cost the others theirs.
                let _ = contain(|| drop(ended));
            }
        }
    }

    /// What has become of all spans, at one moment.
    pub(super) fn counts(&self) -> Counts {
        // What would leave a lane meanwhile waits for the ledger; what is added to one is counted
        // there twice, in `ended` and beside.
        let ledger = self.ledger.lock();
        let mut counts = Counts {
            ended: 0,
            waiting: ledger.taken,
            exported: ledger.exported,
            dropped: ledger.dropped,
            unwritten: ledger.unwritten,
        };
        for lane in &self.lanes {
            let lane = lane.counts();
            counts.ended += lane.ended;
            counts.waiting += lane.waiting;
            counts.dropped.queue_full += lane.full;
            counts.dropped.shutdown += lane.shutdown;
        }
        counts
    }

    /// How many spans wait for room to become free.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({:?})", self.counts())
    }
}

#[cfg(test)]
mod tests;
