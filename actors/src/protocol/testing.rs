//! A protocol under test: no sockets, virtual time, crashes on command.

mod peer;
mod tap;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use trunkline_runtime::{
    Actor, ChildSpec, Context, Failure, Flags, OnSpent, Panic, Runtime, Shutdown, StartError,
    Strategy, SupervisorHandle, SupervisorSpec, contain,
};

use super::{Hosted, Means, Protocol};
use crate::blocking::Blocking;
use crate::handler::Handler;
use crate::record::Record;
use crate::stream::memory;
use crate::tree::connection::{Connection as ConnectionActor, MAILBOX, Place, Premises};

pub use peer::TestPeer;
pub(super) use tap::Tap;

/// How long, in virtual time, a test waits for what it expects.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Time in which whatever can happen at once does.
const MOMENT: Duration = Duration::from_millis(20);

/// One connection of a protocol, in a runtime of its own whose clock jumps to the next timer
/// whenever there is nothing else to do. What a test does as the peer is a [`TestPeer`]'s:
///
/// | to | use |
/// |---|---|
/// | talk | [`send`](TestPeer::send), [`expect`](TestPeer::expect), [`receive`](TestPeer::receive), [`expect_nothing`](TestPeer::expect_nothing) |
/// | let time pass | [`advance`](TestPeer::advance), [`settle`](TestPeer::settle) |
/// | have the handler crash | [`crash_on`](TestPeer::crash_on), [`restarts`](TestPeer::restarts) |
/// | be slow | [`window`](Self::window), and read nothing |
/// | be another actor | [`notify`](TestPeer::notify), [`connection`](TestPeer::connection) |
/// | be another client | [`another`](TestPeer::another) |
/// | end it | [`end`](TestPeer::end), [`reset`](TestPeer::reset), [`stop`](TestPeer::stop) |
/// | see how it ended | [`expect_end`](TestPeer::expect_end), [`expect_cut`](TestPeer::expect_cut), [`closed`](TestPeer::closed) |
///
/// ```
/// # use trunkline_actors::protocol::{Closed, Cx, Next, Peer, Protocol, Result};
/// use tokio_util::codec::LinesCodec;
/// use trunkline_actors::protocol::testing::TestConnection;
///
/// struct Echo;
///
/// impl Protocol for Echo {
///     type Codec = LinesCodec;
///     type State = ();
///
///     fn codec(&self) -> LinesCodec {
///         LinesCodec::new()
///     }
///
///     fn state(&self, _: &Peer) {}
///
///     async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
///         cx.send(line).await?;
///         Ok(Next::Read)
///     }
/// }
///
/// TestConnection::new(Echo).run(async |peer| {
///     peer.send("hello\n").await;
///     peer.expect("hello\n").await;
///     // Echo does not say how to go on after a crash: it costs the connection.
///     peer.crash_on(2);
///     peer.send("one\ntwo\nthree\n").await;
///     peer.expect("one\n").await;
///     assert_eq!(peer.expect_end().await, Closed::Crashed);
/// });
/// ```
pub struct TestConnection<P> {
    protocol: P,
    idle: Option<Duration>,
    window: usize,
    children: Vec<ChildSpec>,
}

impl<P: Protocol> TestConnection<P> {
    /// A connection of `protocol`, with no idle time, and 64 KiB on their way in each direction.
    pub fn new(protocol: P) -> Self {
        Self { protocol, idle: None, window: 64 * 1024, children: Vec::new() }
    }

    /// With an idle time, as a listener's.
    #[must_use]
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// With so many bytes that may be on their way: what a peer that does not read is sent at the
    /// most.
    #[must_use]
    pub fn window(mut self, bytes: usize) -> Self {
        self.window = bytes;
        self
    }

    /// With an actor of the application, started before the connection.
    #[must_use]
    pub fn child(mut self, child: impl Into<ChildSpec>) -> Self {
        self.children.push(child.into());
        self
    }

    /// Runs `test` as the peer of the connection, and then stops everything.
    ///
    /// # Panics
    /// When `test` does, or when the runtime cannot be started.
    #[expect(clippy::panic, reason = "how a test fails")]
    pub fn run<T>(self, test: T)
    where
        T: AsyncFnOnce(&mut TestPeer<P>) + Send + 'static,
    {
        let Self { protocol, idle, window, children } = self;
        let blocking = Arc::<Blocking>::default();
        let means = Arc::new(Means { upstreams: None, blocking: Arc::clone(&blocking) });
        let hosted = Arc::new(Hosted::new("test", Arc::new(protocol), idle, means));
        let outcome = Arc::new(Mutex::new(None));
        let flags = Flags::new(Strategy::OneForOne).on_spent(OnSpent::Escalate);
        let ended = Runtime::builder().workers(0).watchdog(None).paused_clock().run(
            "test",
            flags,
            |runtime, root| {
                let root = root.child(crate::tree::blocking::spec(&blocking));
                let app = children
                    .into_iter()
                    .fold(SupervisorSpec::new("app", flags), SupervisorSpec::child);
                let connections = SupervisorSpec::dynamic("connections", flags);
                let bench = Bench {
                    hosted,
                    window,
                    connections: connections.handle(),
                    runtime: runtime.clone(),
                    made: AtomicU64::new(0),
                };
                let script = Script { bench, test, outcome: Arc::clone(&outcome) };
                let once = Mutex::new(Some(script));
                let tester = ChildSpec::leaf("tester", move || Tester { once: once.lock().take() });
                Ok::<_, StartError>(root.child(app).child(connections).child(tester))
            },
        );
        if let Err(error) = ended {
            panic!("the test's runtime does not start: {error}");
        }
        let outcome = outcome.lock().take();
        match outcome {
            Some(Ok(())) => {}
            Some(Err(panic)) => panic!("{}\n(at {})", panic.text, panic.place),
            None => panic!("the runtime ended before the test did: {ended:?}"),
        }
    }
}

/// What the connections of a test have in common.
struct Bench<P> {
    hosted: Arc<Hosted<P>>,
    window: usize,
    connections: SupervisorHandle,
    runtime: Runtime,
    made: AtomicU64,
}

/// What the test's own actor is to do.
struct Script<P, T> {
    bench: Bench<P>,
    test: T,
    outcome: Arc<Mutex<Option<Result<(), Panic>>>>,
}

/// Plays the peer.
struct Tester<P, T> {
    once: Option<Script<P, T>>,
}

impl<P, T> Actor for Tester<P, T>
where
    P: Protocol,
    T: AsyncFnOnce(&mut TestPeer<P>) + Send + 'static,
{
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let Some(Script { bench, test, outcome }) = self.once.take() else {
            return Err(Failure::new("a test runs once"));
        };
        let runtime = bench.runtime.clone();
        cx.run(async move {
            let mut run = pin!(async move {
                let mut peer = Arc::new(bench).connect().await?;
                test(&mut peer).await;
                Ok::<(), Failure>(())
            });
            let ran = poll_fn(|task| match contain(|| run.as_mut().poll(task)) {
                Ok(polled) => polled.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            });
            let result = match ran.await {
                Ok(ran) => ran.map(Ok)?,
                Err(panic) => Err(panic),
            };
            *outcome.lock() = Some(result);
            runtime.stop();
            Ok(())
        });
        Ok(())
    }
}

impl<P: Protocol> Bench<P> {
    async fn connect(self: Arc<Self>) -> Result<TestPeer<P>, Failure> {
        let (near, far) = memory::pair(self.window);
        let number = self.made.fetch_add(1, Relaxed) + 1;
        let record = Record::new(number, near.peer_addr()?, "test".into(), false);
        let handler = Arc::clone(&self.hosted) as Arc<dyn Handler>;
        let process = Arc::new(Semaphore::new(1));
        let premises = Arc::new(Premises { handler, listener: None, process });
        let place = Place::take(&premises).ok_or_else(|| Failure::new("there is one place"))?;
        let actor = ConnectionActor::new(near, record, place);
        let grace = Shutdown::Grace(PATIENCE);
        let address = self.connections.start_here(number, grace, MAILBOX, actor)?;
        let connection = self.hosted.tap().connection(number).await;
        let connection = connection.ok_or_else(|| Failure::new("the connection does not open"))?;
        Ok(TestPeer::new(self, far, Arc::clone(address.node()), number, connection))
    }
}
