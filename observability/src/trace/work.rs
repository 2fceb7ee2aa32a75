//! What the thread of spans does: takes what has ended, builds it, and hands it on.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::select;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};
use tracing::warn;
use trunkline_runtime::contain;

use super::file::TraceFile;
use super::memory::Memory;
use super::notice::Notice;
use super::queue::{BATCH, Queue};
use super::sender::{Sender, now};
use super::spans::Ended;
use super::taken::{Fate, Taken};

/// How long the end waits for what is still to be exported.
pub(super) const FLUSH: Duration = Duration::from_secs(5);

/// What the actor wants of its thread. That it is gone means: end at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Work,
    /// Export what is there, within [`FLUSH`], and end.
    Flush,
    #[cfg(test)]
    Panic,
}

/// The state of the thread.
pub(super) struct Work<E> {
    pub(super) queue: Arc<Queue>,
    pub(super) memory: Option<Arc<Memory>>,
    pub(super) file: Option<TraceFile>,
    pub(super) sender: Option<Sender<E>>,
    pub(super) builder: Builder,
}

/// Builds spans, and keeps what that needs from one batch to the next.
#[derive(Default)]
pub(super) struct Builder {
    /// With which lane the next batch begins.
    lane: usize,
    entries: Vec<(usize, Box<dyn Ended>)>,
    notice: Notice,
}

impl<E: SpanExporter + 'static> Work<E> {
    /// Works until it is told to end, or nobody is there who could tell it.
    pub(super) async fn run(mut self, mut orders: watch::Receiver<Order>) {
        loop {
            let order = *orders.borrow_and_update();
            match order {
                Order::Work => {}
                Order::Flush => break,
                #[cfg(test)]
                Order::Panic => panic!("as ordered"),
            }
            let took = self.turn();
            let (may_take, rests_until) = (self.may_take(), self.rests_until());
            select! {
                biased;
                changed = orders.changed() => if changed.is_err() { return },
                () = settle(&mut self.sender), if self.sender.is_some() => {}
                // The tasks of the library live on this thread, too.
                () = yield_now(), if took => {}
                () = self.queue.gather(), if may_take && !took => {}
                () = until(rests_until), if rests_until.is_some() => {}
            }
        }
        self.flush(&mut orders).await;
    }

    /// Exports what is there, as far as there is time.
    async fn flush(&mut self, orders: &mut watch::Receiver<Order>) {
        let deadline = Instant::now() + FLUSH;
        if let Some(sender) = &mut self.sender {
            sender.flush();
        }
        loop {
            let took = self.turn();
            let idle = self.sender.as_ref().is_none_or(Sender::is_idle);
            if !took && idle {
                return;
            }
            select! {
                biased;
                changed = orders.changed() => if changed.is_err() { return },
                () = sleep_until(deadline) => break,
                () = settle(&mut self.sender), if !idle => {}
                () = yield_now(), if took => {}
            }
        }
        if let Some(sender) = &mut self.sender {
            sender.give_up();
        }
    }

    /// Hands one batch on, if there is one and somebody for it; begins to send what may be sent.
    fn turn(&mut self) -> bool {
        let took = self.may_take() && self.take();
        if let Some(sender) = &mut self.sender {
            sender.send(now());
        }
        took
    }

    /// Whether spans that are taken now have somewhere to go. Where only the collector wants them,
    /// they stay in the queue until they can be sent, so that what finds no room there has never
    /// been built; file and memory do not wait for a collector.
    fn may_take(&self) -> bool {
        let others = self.memory.is_some() || self.file.is_some();
        others || self.sender.as_ref().is_some_and(|sender| sender.is_free(now()))
    }

    fn rests_until(&self) -> Option<Instant> {
        let until = self.sender.as_ref().and_then(Sender::rests_until)?;
        (until > now()).then(|| Instant::from_std(until))
    }

    /// Takes a batch, if there is anything, and gives it to all who want it.
    fn take(&mut self) -> bool {
        let Some((spans, taken)) = self.builder.batch(&self.queue) else { return false };
        if spans.is_empty() {
            // None of it could be built, and that is counted.
            return true;
        }
        // The last who wants them gets them, all others a copy.
        if let Some(memory) = &self.memory {
            if self.file.is_none() && self.sender.is_none() {
                memory.keep(spans);
                taken.end(Fate::Exported);
                return true;
            }
            memory.keep(spans.iter().cloned());
        }
        let Some(sender) = &mut self.sender else {
            let well = self.file.as_mut().is_none_or(|file| file.write(spans, now()));
            if !well {
                self.queue.unwritten(taken.spans());
            }
            taken.end(if well { Fate::Exported } else { Fate::Failed });
            return true;
        };
        if let Some(file) = &mut self.file
            && !file.write(spans.clone(), now())
        {
            self.queue.unwritten(taken.spans());
        }
        sender.push(spans, taken);
        true
    }
}

impl Builder {
    /// Takes and builds a batch. What panics is lost, alone, and counted.
    fn batch(&mut self, queue: &Arc<Queue>) -> Option<(Vec<SpanData>, Taken)> {
        let mut taken = queue.take(BATCH, self.lane, &mut self.entries)?;
        self.lane = self.lane.wrapping_add(1);
        let mut spans = Vec::with_capacity(taken.spans());
        let mut lost = 0;
        let mut last = None;
        for (number, ended) in self.entries.drain(..) {
            let before = spans.len();
            let built = contain(|| {
                ended.build(&mut spans);
                debug_assert_eq!(spans.len(), before + number, "it has said how many there are");
            });
            if let Err(panic) = built {
                spans.truncate(before);
                taken.end_some(number, Fate::Crashed);
                lost += number;
                last = Some(panic);
            }
        }
        if let Some(panic) = last
            && let Some(spans) = self.notice.lost(lost, now())
        {
            let (text, place) = (&panic.text, &panic.place);
            warn!(?text, ?place, spans, "what builds spans panicked: please report this");
        }
        Some((spans, taken))
    }
}

async fn settle<E: SpanExporter + 'static>(sender: &mut Option<Sender<E>>) {
    if let Some(sender) = sender {
        sender.settle(fastrand::f64).await;
    }
}

async fn until(instant: Option<Instant>) {
    if let Some(instant) = instant {
        sleep_until(instant).await;
    }
}

#[cfg(test)]
mod tests;
