use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;

use super::*;
use crate::trace::counts::Counts;
use crate::trace::testing::{Bomb, Many};

/// A collector in virtual time that answers each batch after a while, or never.
#[derive(Debug)]
struct Slow(Option<Duration>, Arc<AtomicUsize>);

impl SpanExporter for Slow {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        match self.0 {
            Some(wait) => tokio::time::sleep(wait).await,
            None => pending().await,
        }
        self.1.fetch_add(batch.len(), Ordering::Relaxed);
        Ok(())
    }
}

fn work(queue: &Arc<Queue>, memory: Option<Arc<Memory>>, slow: Option<Slow>) -> Work<Slow> {
    Work {
        queue: Arc::clone(queue),
        memory,
        file: None,
        sender: slow.map(|slow| Sender::new(slow, Duration::from_secs(30), 1000)),
        builder: Builder::default(),
    }
}

/// Runs `work` for so long, and then until it has ended as it is told to.
async fn run(work: Work<Slow>, first: Duration) -> (Counts, Duration) {
    let queue = Arc::clone(&work.queue);
    let (orders, ordered) = watch::channel(Order::Work);
    let ordering = async {
        tokio::time::sleep(first).await;
        orders.send_replace(Order::Flush);
        Instant::now()
    };
    let (asked, ()) = tokio::join!(ordering, work.run(ordered));
    queue.close();
    assert!(queue.counts().add_up());
    (queue.counts(), asked.elapsed())
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn what_ended_is_exported_within_a_tenth_of_a_second() {
    let (queue, got) = (Arc::new(Queue::new(1000)), Arc::new(AtomicUsize::new(0)));
    queue.finish(Box::new(Many(5)));
    let slow = Slow(Some(Duration::ZERO), Arc::clone(&got));
    let work = work(&queue, None, Some(slow));
    let (_orders, ordered) = watch::channel(Order::Work);
    let ended = tokio::time::timeout(Duration::from_millis(101), work.run(ordered)).await;
    assert!(ended.is_err());
    assert_eq!((got.load(Ordering::Relaxed), queue.counts().exported), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_the_end_is_flushed() {
    let (queue, got) = (Arc::new(Queue::new(10_000)), Arc::new(AtomicUsize::new(0)));
    let slow = Slow(Some(Duration::from_millis(500)), Arc::clone(&got));
    let work = work(&queue, None, Some(slow));
    (0..2000).for_each(|_| queue.finish(Box::new(Many(5))));
    let (counts, took) = run(work, Duration::ZERO).await;
    assert_eq!((counts.exported, got.load(Ordering::Relaxed)), (10_000, 10_000));
    assert_eq!(took, Duration::from_millis(2500), "twenty batches, four at a time");
}

#[tokio::test(start_paused = true)]
async fn a_flush_ends_after_five_seconds_and_what_is_left_is_counted() {
    let queue = Arc::new(Queue::new(10_000));
    let work = work(&queue, None, Some(Slow(None, Arc::default())));
    (0..100).for_each(|_| queue.finish(Box::new(Many(50))));
    let (counts, took) = run(work, SECOND).await;
    assert_eq!(took, FLUSH);
    assert_eq!((counts.exported, counts.dropped.shutdown), (0, 5000));
}

#[tokio::test(start_paused = true)]
async fn spans_wait_unbuilt_for_a_collector_that_hangs() {
    let queue = Arc::new(Queue::new(10_000));
    let work = work(&queue, None, Some(Slow(None, Arc::default())));
    (0..100).for_each(|_| queue.finish(Box::new(Many(100))));
    let (_orders, ordered) = watch::channel(Order::Work);
    let _ = tokio::time::timeout(SECOND, work.run(ordered)).await;
    // Four batches of 500 were under way; no more was taken.
    assert_eq!(queue.held(), 8000);
    assert_eq!(queue.counts().dropped.crashed, 2000);
}

#[tokio::test(start_paused = true)]
async fn memory_does_not_wait_for_a_collector_that_hangs() {
    let queue = Arc::new(Queue::new(10_000));
    let memory = Arc::new(Memory::new(1000));
    let work = work(&queue, Some(Arc::clone(&memory)), Some(Slow(None, Arc::default())));
    (0..100).for_each(|_| queue.finish(Box::new(Many(100))));
    let (counts, _) = run(work, SECOND).await;
    assert_eq!(memory.newest(1000).len(), 100);
    // 2000 were under way and 1000 had room behind them.
    assert_eq!((counts.dropped.queue_full, counts.dropped.shutdown), (7000, 3000));
}

#[tokio::test(start_paused = true)]
async fn what_panics_while_it_is_built_costs_itself_alone() {
    let queue = Arc::new(Queue::new(1000));
    let memory = Arc::new(Memory::new(1000));
    let work = work(&queue, Some(Arc::clone(&memory)), None);
    queue.finish(Box::new(Many(2)));
    queue.finish(Box::new(Bomb(3)));
    queue.finish(Box::new(Many(4)));
    let (counts, _) = run(work, SECOND).await;
    assert_eq!((counts.exported, counts.dropped.crashed), (6, 3));
    let kept: usize = memory.newest(10).iter().map(|trace| trace.spans).sum();
    assert_eq!(kept, 6);
}

#[tokio::test(start_paused = true)]
async fn spans_that_cannot_be_written_are_counted_as_that_alone_where_there_is_a_collector() {
    let path = std::path::Path::new("/dev/full");
    let resource = Resource::builder_empty().build();
    for (collector, exported, failed) in [(true, 7, 0), (false, 0, 7)] {
        let queue = Arc::new(Queue::new(1000));
        let slow = collector.then(|| Slow(Some(Duration::ZERO), Arc::default()));
        let mut work = work(&queue, None, slow);
        work.file = Some(TraceFile::new(path, &resource));
        queue.finish(Box::new(Many(7)));
        let (counts, _) = run(work, SECOND).await;
        assert_eq!((counts.unwritten, counts.exported), (7, exported));
        assert_eq!(counts.dropped.export_failed, failed);
    }
}
