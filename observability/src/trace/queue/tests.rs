use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::trace::testing::Many;

fn queue(room: usize) -> Arc<Queue> {
    Arc::new(Queue::new(room))
}

fn take(queue: &Arc<Queue>, most: usize) -> Option<Taken> {
    queue.take(most, 0, &mut Vec::new())
}

#[test]
fn what_does_not_fit_is_dropped_and_counted_before_it_is_built() {
    let queue = queue(10);
    for spans in [6, 5, 4, 1] {
        queue.finish(Box::new(Many(spans)));
    }
    let counts = queue.counts();
    assert_eq!((counts.ended, counts.waiting, counts.dropped.queue_full), (16, 10, 6));
    assert!(counts.add_up());
}

#[test]
fn what_makes_no_spans_does_not_wait() {
    let queue = queue(10);
    queue.finish(Box::new(Many(0)));
    assert!(take(&queue, 512).is_none());
    assert_eq!(queue.counts(), Counts::default());
}

#[test]
fn what_is_taken_still_counts_against_the_bound_until_it_is_sent() {
    let queue = queue(10);
    queue.finish(Box::new(Many(10)));
    let mut taken = take(&queue, 512).unwrap();
    queue.finish(Box::new(Many(1)));
    assert_eq!(queue.counts().dropped.queue_full, 1);
    taken.release();
    queue.finish(Box::new(Many(1)));
    assert_eq!(queue.counts().dropped.queue_full, 1);
    taken.end(Fate::Exported);
    assert_eq!((queue.counts().exported, queue.held()), (10, 1));
}

#[test]
fn what_nobody_answers_for_was_lost_to_a_crash() {
    let queue = queue(100);
    queue.finish(Box::new(Many(7)));
    let mut taken = take(&queue, 512).unwrap();
    taken.end_some(3, Fate::Exported);
    drop(taken);
    let counts = queue.counts();
    assert_eq!((counts.exported, counts.dropped.crashed, queue.held()), (3, 4, 0));
}

#[test]
fn a_closed_queue_counts_what_it_has_and_what_comes_as_left_over_until_it_is_opened() {
    let queue = queue(100);
    queue.finish(Box::new(Many(7)));
    queue.close();
    queue.finish(Box::new(Many(2)));
    assert_eq!((queue.counts().dropped.shutdown, queue.held()), (9, 0));
    assert!(take(&queue, 512).is_none());
    queue.open();
    queue.finish(Box::new(Many(1)));
    assert_eq!(queue.counts().waiting, 1);
}

#[test]
fn a_batch_is_never_longer_than_asked_for_but_for_one_entry_that_is() {
    let queue = queue(1000);
    for spans in [300, 300, 600] {
        queue.finish(Box::new(Many(spans)));
    }
    let sizes: Vec<_> =
        std::iter::from_fn(|| take(&queue, 512)).map(|taken| taken.spans()).collect();
    assert_eq!(sizes, [300, 300], "the last had no room");
    queue.finish(Box::new(Many(600)));
    assert_eq!(take(&queue, 512).unwrap().spans(), 600);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_called_for_a_few_spans_but_at_once_for_a_batch() {
    let queue = queue(16384);
    let begun = tokio::time::Instant::now();
    queue.finish(Box::new(Many(511)));
    queue.gather().await;
    assert_eq!(begun.elapsed(), GATHER);
    queue.finish(Box::new(Many(1)));
    queue.gather().await;
    assert_eq!(begun.elapsed(), GATHER);
}

#[test]
fn every_copy_of_the_counts_adds_up_while_threads_add_and_take() {
    let queue = queue(2000);
    let done = AtomicBool::new(false);
    let start = Barrier::new(5);
    let looked = thread::scope(|scope| {
        let adding: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    (0..20_000).for_each(|spans| queue.finish(Box::new(Many(spans % 7))));
                })
            })
            .collect();
        scope.spawn(|| {
            start.wait();
            while !done.load(Ordering::Acquire) {
                if let Some(mut taken) = take(&queue, 512) {
                    taken.end_some(5, Fate::Failed);
                    taken.end(Fate::Exported);
                }
            }
        });
        let looking = scope.spawn(|| {
            start.wait();
            let (mut looks, mut before) = (0, 0);
            while !done.load(Ordering::Acquire) {
                let counts = queue.counts();
                assert!(counts.add_up() && counts.ended >= before, "{counts:?}");
                (looks, before) = (looks + 1, counts.ended);
            }
            looks
        });
        adding.into_iter().for_each(|thread| thread.join().unwrap());
        done.store(true, Ordering::Release);
        looking.join().unwrap()
    });
    assert!(looked > 0);
    drop(std::iter::from_fn(|| take(&queue, 512)).last());
    assert_eq!((queue.held(), queue.counts().waiting), (0, 0));
}

#[derive(Debug, Clone)]
enum Step {
    Finish(usize),
    Take(usize),
    End(Fate),
    Release,
    Split(usize),
    Drop,
    Close,
    Open,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0usize..40).prop_map(Step::Finish),
        3 => (1usize..60).prop_map(Step::Take),
        1 => Just(Step::End(Fate::Exported)),
        1 => Just(Step::End(Fate::Shutdown)),
        1 => Just(Step::Release),
        1 => (0usize..60).prop_map(Step::Split),
        1 => Just(Step::Drop),
        1 => Just(Step::Close),
        1 => Just(Step::Open),
    ]
}

proptest! {
    #[test]
    fn no_order_of_things_loses_a_span_or_keeps_more_than_may_wait(
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let queue = queue(100);
        let mut out: Vec<Taken> = Vec::new();
        for step in steps {
            match step {
                Step::Finish(spans) => queue.finish(Box::new(Many(spans))),
                Step::Take(most) => out.extend(take(&queue, most)),
                Step::End(fate) => drop(out.pop().map(|taken| taken.end(fate))),
                Step::Release => drop(out.last_mut().map(Taken::release)),
                Step::Split(spans) => {
                    let part = out.last_mut().and_then(|taken| taken.split(spans));
                    out.extend(part);
                }
                Step::Drop => drop(out.pop()),
                Step::Close => queue.close(),
                Step::Open => queue.open(),
            }
            let counts = queue.counts();
            prop_assert!(counts.add_up(), "{counts:?}");
            prop_assert!(queue.held() <= 100);
        }
        out.clear();
        queue.close();
        prop_assert_eq!((queue.held(), queue.counts().waiting), (0, 0));
    }
}
