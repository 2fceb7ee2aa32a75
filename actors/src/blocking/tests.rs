use std::future::Future;
use std::pin::pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::join_all;

use super::*;

/// How long what has to happen may take.
const LIMIT: Duration = Duration::from_secs(10);

fn limits(threads: usize, queue: usize) -> BlockingLimits {
    BlockingLimits { threads: NonZeroUsize::new(threads).unwrap(), queue }
}

fn opened(threads: usize, queue: usize) -> Blocking {
    let blocking = Blocking::new(limits(threads, queue));
    blocking.open(&Handle::current()).unwrap();
    blocking
}

/// Hands the work in; it must not be done yet.
fn begin<F: Future>(future: std::pin::Pin<&mut F>) {
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// Work that says that it runs, and then waits to be let go.
struct Held {
    runs: mpsc::Receiver<()>,
    go: mpsc::Sender<()>,
}

impl Held {
    fn new() -> (Self, impl FnOnce() + Send + 'static) {
        let (running, runs) = mpsc::channel();
        let (go, gone) = mpsc::channel();
        let work = move || {
            running.send(()).unwrap();
            gone.recv_timeout(LIMIT).unwrap();
        };
        (Self { runs, go }, work)
    }

    fn wait_until_it_runs(&self) {
        self.runs.recv_timeout(LIMIT).unwrap();
    }

    fn let_go(&self) {
        self.go.send(()).unwrap();
    }
}

#[tokio::test]
async fn no_more_runs_at_once_than_may() {
    let blocking = opened(3, 100);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Passed only by three at once, so that fewer would never end.
    let together = Arc::new(Barrier::new(3));
    let all = (0..60).map(|_| {
        let (now, most, together) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&together));
        blocking.run(move || {
            let running = now.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(running, Ordering::SeqCst);
            together.wait();
            now.fetch_sub(1, Ordering::SeqCst);
        })
    });
    for outcome in join_all(all).await {
        outcome.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert_eq!(blocking.detail()["finished"], 60);
}

#[tokio::test]
async fn work_begins_in_the_order_of_arrival() {
    let blocking = opened(1, 100);
    let order = Arc::new(Mutex::new(Vec::new()));
    let all = (0..50).map(|number| {
        let order = Arc::clone(&order);
        blocking.run(move || order.lock().push(number))
    });
    join_all(all).await;
    assert_eq!(*order.lock(), (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_how_much_there_is() {
    let blocking = opened(1, 1);
    let (held, work) = Held::new();
    let mut first = pin!(blocking.run(work));
    begin(first.as_mut());
    held.wait_until_it_runs();
    let mut second = pin!(blocking.run(|| 2));
    begin(second.as_mut());
    let third = blocking.run(|| 3).await;
    assert_eq!(third, Err(BlockingError::Full { running: 1, waiting: 1 }));
    held.let_go();
    assert_eq!(first.await, Ok(()));
    assert_eq!(second.await, Ok(2));
    assert_eq!(blocking.detail()["refused"], 1);
}

#[tokio::test]
async fn whoever_has_an_answer_finds_its_place_free() {
    let blocking = opened(1, 0);
    for number in 0..1000 {
        assert_eq!(blocking.run(move || number).await, Ok(number));
    }
}

#[tokio::test]
async fn a_panic_is_told_with_text_and_place_and_costs_no_thread() {
    let blocking = opened(1, 10);
    let outcome = blocking.run(|| panic!("no such\nuser")).await;
    let Err(error @ BlockingError::Panicked(panic)) = &outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(&*panic.text, "no such\nuser");
    assert!(panic.place.contains("blocking/tests.rs:"), "{}", panic.place);
    assert!(!error.to_string().contains('\n'), "the text is escaped: {error}");
    assert_eq!(blocking.run(|| 1).await, Ok(1));
    assert_eq!(blocking.detail()["panicked"], 1);
}

#[tokio::test]
async fn what_is_given_up_before_it_begins_never_runs() {
    let blocking = opened(1, 1);
    let (held, work) = Held::new();
    let mut first = pin!(blocking.run(work));
    begin(first.as_mut());
    held.wait_until_it_runs();
    let ran = Arc::new(AtomicBool::new(false));
    {
        let ran = Arc::clone(&ran);
        let mut second = pin!(blocking.run(move || ran.store(true, Ordering::SeqCst)));
        begin(second.as_mut());
    }
    assert_eq!(Arc::strong_count(&ran), 1, "what it held is free at once");
    let mut third = pin!(blocking.run(|| 3));
    begin(third.as_mut());
    held.let_go();
    assert_eq!((first.await, third.await), (Ok(()), Ok(3)));
    assert!(!ran.load(Ordering::SeqCst));
}

#[tokio::test]
async fn what_is_given_up_while_it_runs_holds_its_place_until_its_end() {
    let blocking = opened(1, 0);
    let (held, work) = Held::new();
    {
        let mut first = pin!(blocking.run(work));
        begin(first.as_mut());
        held.wait_until_it_runs();
    }
    let refused = blocking.run(|| 2).await;
    assert_eq!(refused, Err(BlockingError::Full { running: 1, waiting: 0 }));
    held.let_go();
    blocking.rested().await;
    assert_eq!(blocking.run(|| 2).await, Ok(2));
    assert_eq!(blocking.detail()["finished"], 2);
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("a destructor");
    }
}

#[tokio::test]
async fn a_result_that_panics_when_nobody_takes_it_costs_no_thread() {
    let blocking = opened(1, 0);
    let (held, work) = Held::new();
    {
        let mut first = pin!(blocking.run(move || {
            work();
            PanicsWhenDropped
        }));
        begin(first.as_mut());
        held.wait_until_it_runs();
    }
    held.let_go();
    blocking.rested().await;
    assert_eq!(blocking.detail()["panicked"], 1);
    assert_eq!(blocking.run(|| 2).await, Ok(2));
}

#[tokio::test]
async fn it_works_from_threads_without_a_runtime() {
    let blocking = Arc::new(opened(2, 100));
    let (done, all) = tokio::sync::oneshot::channel();
    let shared = Arc::clone(&blocking);
    let plain = std::thread::Builder::new().spawn(move || {
        let numbers = (0..20).map(|number| shared.run(move || number));
        done.send(futures_executor(join_all(numbers))).unwrap();
    });
    assert_eq!(all.await.unwrap(), (0..20).map(Ok).collect::<Vec<_>>());
    plain.unwrap().join().unwrap();
}

/// Drives a future on a thread that has no event loop.
fn futures_executor<F: Future>(future: F) -> F::Output {
    let thread = std::thread::current();
    let waker = futures_util::task::waker(Arc::new(Unpark(thread)));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park_timeout(LIMIT),
        }
    }
}

struct Unpark(std::thread::Thread);

impl futures_util::task::ArcWake for Unpark {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.unpark();
    }
}

#[tokio::test]
async fn while_it_is_paused_work_waits_and_what_runs_goes_on() {
    let blocking = opened(1, 10);
    let (held, work) = Held::new();
    let mut first = pin!(blocking.run(work));
    begin(first.as_mut());
    held.wait_until_it_runs();
    let mut second = pin!(blocking.run(|| 2));
    begin(second.as_mut());
    blocking.pause();
    held.let_go();
    assert_eq!(first.await, Ok(()));
    begin(second.as_mut());
    let detail = blocking.detail();
    assert_eq!((&detail["running"], &detail["waiting"]), (&json!(0), &json!(1)));
    blocking.open(&Handle::current()).unwrap();
    assert_eq!(second.await, Ok(2));
}

#[tokio::test]
async fn when_it_stops_what_waits_is_told_and_what_runs_is_answered() {
    let blocking = opened(1, 10);
    let (held, work) = Held::new();
    let mut first = pin!(blocking.run(work));
    begin(first.as_mut());
    held.wait_until_it_runs();
    let second = blocking.run(|| 2);
    let dropped = PanicsWhenDropped;
    let third = blocking.run(move || drop(dropped));
    let (mut second, mut third) = (pin!(second), pin!(third));
    begin(second.as_mut());
    begin(third.as_mut());
    blocking.stop();
    assert_eq!(second.await, Err(BlockingError::Stopped));
    assert_eq!(third.await, Err(BlockingError::Stopped));
    assert_eq!(blocking.run(|| 4).await, Err(BlockingError::Stopped));
    held.let_go();
    assert_eq!(first.await, Ok(()));
}

#[test]
fn the_default_has_room_for_some_slow_work_on_any_machine() {
    let BlockingLimits { threads, queue } = BlockingLimits::default();
    assert!((LEAST_THREADS..=MOST_THREADS).contains(&threads.get()));
    assert_eq!(queue, 1024);
}
