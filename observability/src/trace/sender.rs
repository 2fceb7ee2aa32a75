//! Batches on their way to the collector.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::time::timeout;
use tracing::{info, warn};

use super::notice::Notice;
use super::pace::Pace;
use super::queue::BATCH;
use super::taken::{Fate, Taken};

/// How the export with this number ended, if not well.
type Done = (u64, Result<(), String>);

/// Sends batches, several at a time while all is well. It owns the futures that do: where it is
/// dropped, they end.
pub(super) struct Sender<E> {
    exporter: Arc<E>,
    timeout: Duration,
    /// Built, and waiting. Only where somebody beside the collector wants spans, else they wait in
    /// the queue, unbuilt.
    waiting: VecDeque<Batch>,
    waits: usize,
    room: usize,
    under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Done>>>>,
    /// What each export accounts for.
    owed: Vec<(u64, Taken)>,
    number: u64,
    pace: Pace,
    notice: Notice,
    stage: Stage,
}

struct Batch {
    spans: Vec<SpanData>,
    taken: Taken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Sending,
    /// The next failure is the last.
    Flushing,
    GivenUp,
}

impl<E: SpanExporter + 'static> Sender<E> {
    /// Sends to `exporter`, and gives it `timeout` for a batch. At most `room` spans wait.
    pub(super) fn new(exporter: E, timeout: Duration, room: usize) -> Self {
        Self {
            exporter: Arc::new(exporter),
            timeout,
            waiting: VecDeque::new(),
            waits: 0,
            room,
            under_way: FuturesUnordered::new(),
            owed: Vec::new(),
            number: 0,
            pace: Pace::default(),
            notice: Notice::default(),
            stage: Stage::Sending,
        }
    }

    /// Whether a batch that is given now is sent now.
    pub(super) fn is_free(&self, now: Instant) -> bool {
        self.stage != Stage::GivenUp
            && self.waiting.is_empty()
            && self.pace.allows(self.under_way.len(), now)
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }

    /// Until when it rests after a failure.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.pace.rests_until()
    }

    /// Takes spans to send, or drops those for which there is no room.
    pub(super) fn push(&mut self, mut spans: Vec<SpanData>, mut taken: Taken) {
        if self.stage == Stage::GivenUp {
            return taken.end(Fate::Shutdown);
        }
        if self.waits + taken.spans() > self.room.max(BATCH) {
            return taken.end(Fate::QueueFull);
        }
        self.waits += taken.spans();
        // Only something with more spans than a batch makes this longer than one.
        while spans.len() > BATCH
            && let Some(first) = taken.split(BATCH)
        {
            let rest = spans.split_off(BATCH);
            self.waiting.push_back(Batch { spans, taken: first });
            spans = rest;
        }
        match self.waiting.back_mut() {
            Some(last) if last.spans.len() + spans.len() <= BATCH => {
                last.spans.append(&mut spans);
                last.taken.absorb(taken);
            }
            _ => self.waiting.push_back(Batch { spans, taken }),
        }
    }

    /// Begins to send what may be sent now.
    pub(super) fn send(&mut self, now: Instant) {
        while self.pace.allows(self.under_way.len(), now)
            && let Some(Batch { spans, mut taken }) = self.waiting.pop_front()
        {
            self.waits -= taken.spans();
            taken.release();
            self.number += 1;
            let number = self.number;
            let (exporter, within) = (Arc::clone(&self.exporter), self.timeout);
            self.under_way.push(Box::pin(async move {
                let result = match timeout(within, exporter.export(spans)).await {
                    Ok(result) => result.map_err(|error| error.to_string()),
                    Err(_) => Err(format!("no answer within {within:?}")),
                };
                (number, result)
            }));
            self.owed.push((number, taken));
        }
    }

    /// Waits until one that is under way has ended; for ever, if none is. Cancel-safe.
    pub(super) async fn settle(&mut self, random: impl FnOnce() -> f64) {
        let Some((number, result)) = self.under_way.next().await else { return pending().await };
        let Some(owed) = self.owed.iter().position(|(owed, _)| *owed == number) else { return };
        let (_, taken) = self.owed.swap_remove(owed);
        match result {
            Ok(()) => {
                taken.end(Fate::Exported);
                self.pace.taken();
                if self.notice.recovered() {
                    info!("the collector takes spans again");
                }
            }
            Err(error) => {
                let (lost, now) = (taken.spans(), now());
                taken.end(Fate::Failed);
                self.pace.failed(now, random());
                if let Some(spans) = self.notice.lost(lost, now) {
                    warn!(?error, spans, "the collector does not take spans: see that it runs");
                }
                if self.stage == Stage::Flushing {
                    self.give_up();
                }
            }
        }
    }

    /// What is here, and what still comes, is to be sent without any rest, and given up by the first
    /// failure: whoever stops the server does not wait for a collector that is not there.
    pub(super) fn flush(&mut self) {
        if self.stage == Stage::Sending {
            self.stage = Stage::Flushing;
            self.pace.hurry();
        }
    }

    /// Sends no more. What waits or is under way counts as left over.
    pub(super) fn give_up(&mut self) {
        self.stage = Stage::GivenUp;
        self.under_way = FuturesUnordered::new();
        self.waits = 0;
        let owed = self.owed.drain(..).map(|(_, taken)| taken);
        let waiting = self.waiting.drain(..).map(|batch| batch.taken);
        owed.chain(waiting).for_each(|taken| taken.end(Fate::Shutdown));
    }
}

/// On the clock of timers, which tests can turn.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests;
