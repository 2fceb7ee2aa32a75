//! A runtime for each test, in which the test's body is a child.

use std::future::Future;
use std::time::Duration;

use tokio::sync::broadcast;
use trunkline_runtime::{
    Actor, Backoff, Builder, ChildId, ChildSpec, Context, Ended, Event, ExitReason, Failure, Flags,
    Lifecycle, Registry, Restart, Runtime, StartError, Strategy, SupervisorHandle,
};

/// Hardly rests and never gives up: what is tested here is what others see meanwhile.
pub(crate) const TIRELESS: Flags =
    Flags::new(Strategy::OneForOne).intensity(u32::MAX, Duration::from_secs(1)).backoff(
        Backoff::new(Duration::from_millis(1), Duration::from_millis(10), Duration::from_secs(1)),
    );

/// How long a body may take, of the clock that it runs on.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Universe {
    runtime: Runtime,
    /// `one_for_one`; what a test starts is below it.
    pub(crate) root: SupervisorHandle,
}

impl Universe {
    pub(crate) fn registry(&self) -> &Registry {
        self.runtime.registry()
    }

    /// Lets everything run that can run in this time.
    pub(crate) async fn pass(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// On a clock that jumps whenever nothing else is to be done.
pub(crate) fn run<F>(body: impl FnOnce(Universe) -> F + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    host(Runtime::builder().workers(0).watchdog(None).paused_clock(), body);
}

/// Beside real workers, in real time.
pub(crate) fn run_with_workers<F>(workers: usize, body: impl FnOnce(Universe) -> F + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    host(Runtime::builder().workers(workers), body);
}

fn host<F>(builder: Builder, body: impl FnOnce(Universe) -> F + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let mut events = None;
    let ended = builder.run("root", TIRELESS, |runtime, root| {
        events = Some(runtime.events().subscribe());
        let universe = Universe { runtime: runtime.clone(), root: root.handle() };
        let body = parking_lot::Mutex::new(Some(move || body(universe)));
        let end = runtime.clone();
        let leaf = ChildSpec::leaf("body", move || Body {
            future: Some((body.lock().take().expect("the body starts once"))()),
            end: end.clone(),
        });
        Ok::<_, StartError>(root.child(leaf.restart(Restart::Temporary)))
    });
    assert_eq!(ended.expect("the universe starts"), Ended::Shutdown);
    carry_on(events.expect("the universe was built"));
}

/// Brings a panic of the body to the test.
fn carry_on(mut events: broadcast::Receiver<Event>) {
    loop {
        match events.try_recv() {
            Ok(Event { node, what: Lifecycle::Exited(reason), .. })
                if node.id() == &ChildId::from("body") =>
            {
                assert!(matches!(reason, ExitReason::Normal), "the body {reason}");
                return;
            }
            Ok(_) | Err(broadcast::error::TryRecvError::Lagged(_)) => {}
            Err(error) => panic!("the body never ended: {error}"),
        }
    }
}

struct Body<F> {
    future: Option<F>,
    end: Runtime,
}

impl<F: Future<Output = ()> + 'static> Actor for Body<F> {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let body = self.future.take().expect("the body starts once");
        cx.run(async move {
            tokio::time::timeout(LIMIT, body)
                .await
                .map_err(|_| Failure::new("waited for something that never came"))
        });
        Ok(())
    }
}

impl<F> Drop for Body<F> {
    fn drop(&mut self) {
        self.end.stop();
    }
}
