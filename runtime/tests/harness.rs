//! A universe for each test: a runtime of its own, in which the test's body is a child.

pub(crate) mod faults;
pub(crate) mod good;
pub(crate) mod journal;
pub(crate) mod parent;
pub(crate) mod quit;

use std::future::Future;
use std::time::Duration;

use tokio::sync::{Mutex, broadcast};
use trunkline_runtime::{
    Actor, ChildId, ChildSpec, Context, Ended, Event, ExitReason, Failure, Flags, Leaf, Lifecycle,
    NodeView, Restart, Runtime, StartError, Strategy, SupervisorHandle, SupervisorSpec,
};

use good::Good;
use journal::Journal;

/// How long a body may take: of virtual time, which passes at once, or of real time.
const VIRTUAL_LIMIT: Duration = Duration::from_secs(24 * 3600);
const REAL_LIMIT: Duration = Duration::from_secs(20);

/// What a test's body has to do with.
pub(crate) struct Universe {
    pub(crate) runtime: Runtime,
    /// The root, `one_for_one`: what a test starts is below it.
    pub(crate) root: SupervisorHandle,
    pub(crate) journal: Journal,
    events: Mutex<broadcast::Receiver<Event>>,
}

/// Runs a test's body on a control thread without workers, on a clock that jumps to the next timer
/// whenever nothing else is to be done.
pub(crate) fn run<F>(body: impl FnOnce(Universe) -> F + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let builder = Runtime::builder().workers(0).watchdog(None).paused_clock();
    host(builder, VIRTUAL_LIMIT, body);
}

/// As [`run_with_workers`], for a body that blocks a thread for good: what that thread holds stays.
pub(crate) fn run_and_lose_a_thread<F>(
    workers: usize,
    body: impl FnOnce(Universe) -> F + Send + 'static,
) where
    F: Future<Output = ()> + 'static,
{
    let builder = Runtime::builder().workers(workers);
    drop(host_and_keep(builder, REAL_LIMIT, body));
}

/// Runs a test's body beside real workers, in real time, with a watchdog.
pub(crate) fn run_with_workers<F>(workers: usize, body: impl FnOnce(Universe) -> F + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    host(Runtime::builder().workers(workers), REAL_LIMIT, body);
}

fn host<F>(
    builder: trunkline_runtime::Builder,
    limit: Duration,
    body: impl FnOnce(Universe) -> F + Send + 'static,
) where
    F: Future<Output = ()> + 'static,
{
    let journal = host_and_keep(builder, limit, body);
    assert_eq!(journal.holders(), 1, "an actor or a factory was not dropped");
}

fn host_and_keep<F>(
    builder: trunkline_runtime::Builder,
    limit: Duration,
    body: impl FnOnce(Universe) -> F + Send + 'static,
) -> Journal
where
    F: Future<Output = ()> + 'static,
{
    let journal = Journal::default();
    let mut outside = None;
    let kept = journal.clone();
    let ended = builder.run("root", Flags::new(Strategy::OneForOne), |runtime, root| {
        outside = Some((runtime.clone(), runtime.events().subscribe()));
        let universe = Universe {
            runtime: runtime.clone(),
            root: root.handle(),
            journal,
            events: Mutex::new(runtime.events().subscribe()),
        };
        let started = parking_lot::Mutex::new(Some(move || body(universe)));
        let end = runtime.clone();
        let leaf = ChildSpec::leaf("body", move || Body {
            future: Some((started.lock().take().expect("the body runs once"))()),
            end: end.clone(),
            limit,
        });
        Ok::<_, StartError>(root.child(leaf.restart(Restart::Temporary)))
    });
    assert_eq!(ended.expect("the universe starts"), Ended::Shutdown);
    let (runtime, events) = outside.expect("the universe was built");
    carry_on(events);
    assert_eq!(runtime.registry().len(), 0, "a child was left behind");
    kept
}

/// Brings a panic of the body to the test.
fn carry_on(mut events: broadcast::Receiver<Event>) {
    loop {
        match events.try_recv() {
            Ok(Event { node, what: Lifecycle::Exited(reason), .. })
                if node.id() == &ChildId::from("body") =>
            {
                match reason {
                    ExitReason::Normal => return,
                    ExitReason::Shutdown
                    | ExitReason::Killed
                    | ExitReason::Failed(_)
                    | ExitReason::Panicked(_) => panic!("the body {reason}"),
                }
            }
            Ok(_) | Err(broadcast::error::TryRecvError::Lagged(_)) => {}
            Err(error) => panic!("the body never ended: {error}"),
        }
    }
}

struct Body<F> {
    future: Option<F>,
    end: Runtime,
    limit: Duration,
}

impl<F: Future<Output = ()> + 'static> Actor for Body<F> {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let body = self.future.take().expect("the body starts once");
        let limit = self.limit;
        cx.run(async move {
            tokio::time::timeout(limit, body)
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

impl Universe {
    /// A well-behaved leaf that writes what it goes through into the journal.
    pub(crate) fn good(&self, id: &'static str) -> Leaf<Good> {
        let journal = self.journal.clone();
        ChildSpec::leaf(id, move || Good::new(id, journal.clone()))
    }

    /// A supervisor `tree` below the root.
    pub(crate) fn tree(&self, flags: Flags) -> SupervisorSpec {
        SupervisorSpec::new("tree", flags)
    }

    /// Starts a supervisor, and waits until its first start is complete.
    pub(crate) async fn start(&self, tree: SupervisorSpec) -> SupervisorHandle {
        let handle = tree.handle();
        self.root.start_child(tree).expect("the spec is sound");
        self.started("tree").await;
        handle
    }

    /// The next event that `wanted` accepts.
    pub(crate) async fn event(&self, wanted: impl Fn(&Event) -> bool) -> Event {
        let mut events = self.events.lock().await;
        loop {
            match events.recv().await {
                Ok(event) if wanted(&event) => return event,
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(error) => panic!("no more events: {error}"),
            }
        }
    }

    /// The next event of that name at that path below the root.
    pub(crate) async fn saw(&self, path: &str, name: &str) -> Event {
        let path = format!("root/{path}");
        self.event(|event| event.what.name() == name && event.node.path() == path).await
    }

    /// Waits until a child is up; the incarnation.
    pub(crate) async fn started(&self, path: &str) -> u32 {
        self.saw(path, "started").await.generation
    }

    /// Waits until a child ends; the reason.
    pub(crate) async fn exited(&self, path: &str) -> ExitReason {
        let Lifecycle::Exited(reason) = self.saw(path, "exited").await.what else {
            panic!("an event of that name is an exit");
        };
        reason
    }

    /// Waits until a child rests before its restart; how long it will.
    pub(crate) async fn restarting(&self, path: &str) -> Duration {
        let Lifecycle::Restarting { after } = self.saw(path, "restarting").await.what else {
            panic!("an event of that name is a rest");
        };
        after
    }

    /// All events until nothing more happens without time passing, as `path what`.
    pub(crate) async fn past_events(&self) -> Vec<String> {
        self.settle().await;
        let mut events = self.events.lock().await;
        std::iter::from_fn(|| events.try_recv().ok())
            .map(|event| format!("{} {}", event.node.path(), event.what.name()))
            .collect()
    }

    /// Lets everything run that can run without time passing.
    pub(crate) async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Lets virtual time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// A child as the tree shows it.
    pub(crate) fn view(&self, path: &str) -> Option<NodeView> {
        let tree = self.runtime.registry().tree();
        tree.get(&format!("root/{path}")).cloned()
    }
}

/// Runs a tree until the runtime ends by itself, on a clock that jumps.
pub(crate) fn run_to_the_end(
    flags: Flags,
    tree: impl FnOnce(SupervisorSpec, &Journal) -> SupervisorSpec,
) -> (Ended, Vec<String>) {
    let journal = Journal::default();
    let builder = Runtime::builder().workers(0).watchdog(None).paused_clock();
    let mut outside = None;
    let ended = builder
        .run("root", flags, |runtime, root| {
            outside = Some(runtime.clone());
            Ok::<_, StartError>(tree(root, &journal))
        })
        .expect("the specs are sound");
    let registry = outside.map_or(1, |runtime| runtime.registry().len());
    assert_eq!(registry, 0, "a child was left behind");
    assert_eq!(journal.holders(), 1, "an actor or a factory was not dropped");
    (ended, journal.lines())
}

/// Seconds, for short.
pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Milliseconds, for short.
pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
