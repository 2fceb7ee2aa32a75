use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::*;
use crate::trace::counts::Counts;
use crate::trace::queue::Queue;
use crate::trace::testing::{Many, span};

/// What becomes of the next batch.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Yes,
    No,
    After(Duration),
    Never,
}

/// A collector in virtual time: takes batches as it is told to.
#[derive(Debug, Clone, Default)]
struct Fake {
    answer: Arc<Mutex<Option<Answer>>>,
    sizes: Arc<Mutex<Vec<usize>>>,
    at_once: Arc<AtomicUsize>,
}

impl Fake {
    fn answers(&self, answer: Answer) {
        *self.answer.lock() = Some(answer);
    }
}

impl SpanExporter for Fake {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.sizes.lock().push(batch.len());
        self.at_once.fetch_add(1, Ordering::Relaxed);
        let answer = self.answer.lock().unwrap_or(Answer::Yes);
        let result = match answer {
            Answer::Yes => Ok(()),
            Answer::No => Err(OTelSdkError::InternalFailure("no".into())),
            Answer::After(wait) => {
                sleep(wait).await;
                Ok(())
            }
            Answer::Never => pending().await,
        };
        self.at_once.fetch_sub(1, Ordering::Relaxed);
        result
    }
}

struct Rig {
    queue: Arc<Queue>,
    fake: Fake,
    sender: Sender<Fake>,
}

impl Rig {
    fn new(room: usize) -> Self {
        let fake = Fake::default();
        let sender = Sender::new(fake.clone(), Duration::from_secs(10), room);
        Self { queue: Arc::new(Queue::new(100_000)), fake, sender }
    }

    /// Gives the sender a batch, as the thread does.
    fn push(&mut self, spans: usize) {
        self.queue.finish(Box::new(Many(spans)));
        let taken = self.queue.take(spans, 0, &mut Vec::new()).unwrap();
        self.sender.push((1..=spans as u64).map(|id| span(1, id, 0, 0)).collect(), taken);
        self.sender.send(now());
    }

    /// Until nothing waits and nothing is under way.
    async fn idle(&mut self) {
        while !self.sender.is_idle() {
            let rests = self.sender.rests_until().map(Instant::from_std);
            tokio::select! {
                () = self.sender.settle(|| 1.0) => {}
                () = tokio::time::sleep_until(rests.unwrap_or_else(Instant::now)),
                    if rests.is_some_and(|until| until > Instant::now()) => {}
            }
            self.sender.send(now());
        }
    }

    fn counts(&self) -> Counts {
        let counts = self.queue.counts();
        assert!(counts.add_up());
        counts
    }
}

#[tokio::test(start_paused = true)]
async fn batches_are_of_at_most_512_spans_and_four_are_under_way() {
    let mut rig = Rig::new(100_000);
    rig.fake.answers(Answer::After(Duration::from_millis(20)));
    rig.push(3000);
    tokio::select! {
        biased;
        () = rig.sender.settle(|| 1.0) => panic!("nothing is answered yet"),
        () = tokio::task::yield_now() => {}
    }
    assert_eq!(rig.fake.at_once.load(Ordering::Relaxed), 4);
    rig.idle().await;
    assert_eq!(*rig.fake.sizes.lock(), [512, 512, 512, 512, 512, 440]);
    assert_eq!(rig.counts().exported, 3000);
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_takes_20_ms_for_a_batch_is_sent_100_000_spans_a_second() {
    let mut rig = Rig::new(100_000);
    rig.fake.answers(Answer::After(Duration::from_millis(20)));
    let begun = Instant::now();
    for _ in 0..20 {
        rig.push(5_000);
    }
    rig.idle().await;
    assert!(begun.elapsed() <= Duration::from_millis(1_050), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_has_failed_after_the_time_out() {
    let mut rig = Rig::new(1000);
    rig.fake.answers(Answer::Never);
    let begun = Instant::now();
    rig.push(10);
    rig.idle().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    assert_eq!(rig.counts().dropped.export_failed, 10);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_there_is_a_rest_and_one_batch_at_a_time_until_one_is_taken() {
    let mut rig = Rig::new(100_000);
    rig.fake.answers(Answer::No);
    rig.push(512);
    rig.sender.settle(|| 1.0).await;
    rig.push(4 * 512);
    assert_eq!(rig.fake.sizes.lock().len(), 1, "it rests");
    sleep(Duration::from_millis(100)).await;
    rig.sender.send(now());
    assert_eq!(rig.sender.under_way.len(), 1);
    rig.fake.answers(Answer::Yes);
    rig.sender.settle(|| 1.0).await;
    rig.sender.send(now());
    assert_eq!(rig.sender.under_way.len(), 3);
    rig.idle().await;
    assert_eq!((rig.counts().dropped.export_failed, rig.counts().exported), (512, 4 * 512));
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_during_an_outage_is_dropped_and_counted() {
    let mut rig = Rig::new(1000);
    rig.fake.answers(Answer::No);
    rig.push(10);
    rig.sender.settle(|| 1.0).await;
    for _ in 0..3 {
        rig.push(400);
    }
    let counts = rig.counts();
    assert_eq!((counts.waiting, counts.dropped.queue_full), (800, 400));
    assert!(rig.queue.held() <= 1000);
}

#[tokio::test(start_paused = true)]
async fn small_batches_that_wait_become_large_ones() {
    let mut rig = Rig::new(1000);
    rig.fake.answers(Answer::No);
    rig.push(1);
    rig.sender.settle(|| 1.0).await;
    rig.fake.answers(Answer::Yes);
    for _ in 0..600 {
        rig.push(1);
    }
    rig.idle().await;
    assert_eq!(*rig.fake.sizes.lock(), [1, 512, 88]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_takes_no_rest_and_gives_up_at_the_first_failure() {
    let mut rig = Rig::new(100_000);
    rig.fake.answers(Answer::No);
    rig.push(10);
    rig.sender.settle(|| 1.0).await;
    rig.push(2000);
    let begun = Instant::now();
    rig.sender.flush();
    rig.sender.send(now());
    rig.idle().await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let counts = rig.counts();
    assert_eq!((counts.dropped.export_failed, counts.dropped.shutdown), (10 + 512, 2000 - 512));
    rig.push(5);
    assert_eq!(rig.counts().dropped.shutdown, 2000 - 512 + 5);
}
