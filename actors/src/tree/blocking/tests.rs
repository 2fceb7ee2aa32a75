use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{broadcast, oneshot};
use trunkline_runtime::{Ended, Event, Flags, Restart, Runtime, StartError, Strategy};

use super::*;
use crate::blocking::{BlockingError, BlockingLimits};

/// How long a test may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What a test's body has to do with.
struct Universe {
    runtime: Runtime,
    blocking: Arc<Blocking>,
    events: broadcast::Receiver<Event>,
}

impl Universe {
    /// Waits until the pool's actor goes through `name`.
    async fn see(&mut self, name: &str) {
        loop {
            let event = self.events.recv().await.unwrap();
            if event.node.path() == "server/blocking" && event.what.name() == name {
                return;
            }
        }
    }

    fn crash(&self) {
        self.runtime.registry().find("server/blocking").unwrap().inject_panic();
    }
}

/// The child in which a test's body runs.
struct Body<F> {
    future: Option<F>,
    runtime: Runtime,
}

impl<F: Future<Output = ()> + 'static> Actor for Body<F> {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let body = tokio::time::timeout(LIMIT, self.future.take().unwrap());
        cx.run(async move { Ok(body.await?) });
        Ok(())
    }
}

impl<F> Drop for Body<F> {
    fn drop(&mut self) {
        self.runtime.stop();
    }
}

/// Runs `body` beside a pool of one thread, and stops the tree when it is over. What the body returns is
/// dropped after the tree has ended.
fn run<F, T>(body: impl FnOnce(Universe) -> F + Send + 'static) -> (T, Arc<Blocking>)
where
    F: Future<Output = T> + 'static,
    T: Send + 'static,
{
    let limits = BlockingLimits { threads: NonZeroUsize::MIN, queue: 16 };
    let blocking = Arc::new(Blocking::new(limits));
    let (result, results) = mpsc::channel();
    let builder = Runtime::builder().workers(0).watchdog(None);
    let ended = builder.run("server", Flags::new(Strategy::OneForOne), |runtime, root| {
        let universe = Universe {
            runtime: runtime.clone(),
            blocking: Arc::clone(&blocking),
            events: runtime.events().subscribe(),
        };
        let once = Mutex::new(Some(move || async move {
            result.send(body(universe).await).unwrap();
        }));
        let runtime = runtime.clone();
        let leaf = ChildSpec::leaf("body", move || Body {
            future: Some((once.lock().take().unwrap())()),
            runtime: runtime.clone(),
        });
        let root = root.child(spec(&blocking)).child(leaf.restart(Restart::Temporary));
        Ok::<_, StartError>(root)
    });
    assert_eq!(ended.unwrap(), Ended::Shutdown);
    (results.try_recv().expect("the body came to its end"), blocking)
}

#[test]
fn while_the_actor_is_being_restarted_work_waits_and_what_runs_goes_on() {
    run(|mut universe| async move {
        let blocking = Arc::clone(&universe.blocking);
        let (running, runs) = oneshot::channel();
        let (go, gone) = mpsc::channel();
        let first = blocking.run(move || {
            running.send(()).unwrap();
            gone.recv_timeout(LIMIT).unwrap()
        });
        let crash = async {
            runs.await.unwrap();
            universe.crash();
            universe.see("restarting").await;
            go.send(1).unwrap();
            // Comes while there is no actor, or is begun by the next.
            assert_eq!(blocking.run(|| 2).await, Ok(2));
        };
        let (first, ()) = tokio::join!(first, crash);
        assert_eq!(first, Ok(1));
    });
}

#[test]
fn the_tree_shows_what_the_pool_does() {
    run(|universe| async move {
        universe.blocking.run(|| ()).await.unwrap();
        let _ = universe.blocking.run(|| panic!("as it is meant")).await;
        let tree = universe.runtime.registry().tree();
        let detail = tree.get("server/blocking").and_then(|node| node.detail.clone()).unwrap();
        for (key, value) in [("running", 0), ("finished", 2), ("panicked", 1), ("longest_ms", 0)] {
            assert_eq!(detail[key], value, "{key} of {detail}");
        }
    });
}

#[test]
fn an_orderly_end_waits_for_what_runs_and_takes_nothing_more() {
    let (finished, blocking) = run(|universe| async move {
        let Universe { blocking, .. } = universe;
        let (running, runs) = oneshot::channel();
        let (finishing, finished) = mpsc::channel();
        let own = Arc::clone(&blocking);
        let work = blocking.run(move || {
            running.send(()).unwrap();
            // Behind itself in the queue, so that nothing but the pool's end answers it.
            let told = Handle::current().block_on(own.run(|| ()));
            finishing.send(told).unwrap();
        });
        // Given up with the body, but it goes on.
        tokio::select! {
            _ = work => {}
            _ = runs => {}
        }
        finished
    });
    assert_eq!(finished.try_recv(), Ok(Err(BlockingError::Stopped)));
    assert_eq!(blocking.running(), 0);
}

#[test]
fn after_the_end_there_is_no_more_work() {
    let ((), blocking) = run(|_| async {});
    let mut late = std::pin::pin!(blocking.run(|| ()));
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(late.as_mut().poll(&mut task), std::task::Poll::Ready(Err(BlockingError::Stopped)));
}

#[test]
fn who_waits_for_an_actor_that_never_comes_is_told() {
    let blocking = Arc::new(Blocking::default());
    let child = spec(&blocking);
    let mut waiting = std::pin::pin!(blocking.run(|| ()));
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(&mut task).is_pending());
    drop(child);
    let told = std::task::Poll::Ready(Err(BlockingError::Stopped));
    assert_eq!(waiting.as_mut().poll(&mut task), told);
}
