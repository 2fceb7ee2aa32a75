//! A protocol under test: no sockets, virtual time, crashes on command.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use trunkline_runtime::{
    Actor, ChildSpec, Context, Failure, Flags, Message, Node, OnSpent, Panic, Runtime, Shutdown,
    StartError, Strategy, SupervisorHandle, SupervisorSpec, contain,
};

use super::inbox::Inbox;
use super::{Closed, Connection, Hosted, Means, Protocol, Receive};
use crate::blocking::Blocking;
use crate::record::Record;
use crate::stream::{Stream, memory};
use crate::tree::connection::{Connection as ConnectionActor, MAILBOX, Place};

/// How long, in virtual time, a test waits for what it expects.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Time in which whatever can happen at once does.
const MOMENT: Duration = Duration::from_millis(20);

/// What a test is told of the connection.
pub(super) struct Tap<P> {
    connection: watch::Sender<Option<Connection<P>>>,
    closed: watch::Sender<Option<Closed>>,
}

impl<P> Default for Tap<P> {
    fn default() -> Self {
        Self { connection: watch::Sender::new(None), closed: watch::Sender::new(None) }
    }
}

pub(super) type Receivers<P> =
    (watch::Receiver<Option<Connection<P>>>, watch::Receiver<Option<Closed>>);

impl<P: Protocol> Tap<P> {
    pub(super) fn subscribe(&self) -> Receivers<P> {
        (self.connection.subscribe(), self.closed.subscribe())
    }

    pub(super) fn opened(&self, inbox: &Arc<Inbox<P>>) {
        self.connection.send_replace(Some(Connection::new(inbox)));
    }

    pub(super) fn closed(&self, closed: Closed) {
        self.closed.send_replace(Some(closed));
    }
}

/// One connection of a protocol, in a runtime of its own whose clock jumps to the next timer
/// whenever there is nothing else to do.
///
/// ```
/// # use trunkline_actors::protocol::{Cx, Next, Peer, Protocol, Result};
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
///     peer.end().await;
///     peer.expect_end().await;
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
                    outcome: Arc::clone(&outcome),
                };
                let once = Mutex::new(Some((bench, test)));
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

/// What the test's own actor is made of.
struct Bench<P> {
    hosted: Arc<Hosted<P>>,
    window: usize,
    connections: SupervisorHandle,
    runtime: Runtime,
    outcome: Arc<Mutex<Option<Result<(), Panic>>>>,
}

/// Plays the peer.
struct Tester<P, T> {
    once: Option<(Bench<P>, T)>,
}

impl<P, T> Actor for Tester<P, T>
where
    P: Protocol,
    T: AsyncFnOnce(&mut TestPeer<P>) + Send + 'static,
{
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let Some((bench, test)) = self.once.take() else {
            return Err(Failure::new("a test runs once"));
        };
        let (outcome, runtime) = (Arc::clone(&bench.outcome), bench.runtime.clone());
        cx.run(async move {
            let mut run = pin!(async move {
                let mut peer = bench.connect().await?;
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
    async fn connect(self) -> Result<TestPeer<P>, Failure> {
        let Self { hosted, window, connections, .. } = self;
        let (near, far) = memory::pair(window);
        let record = Record::new(1, near.peer_addr()?, "test".into(), false);
        let place =
            Place { _listener: None, _process: Arc::new(Semaphore::new(1)).acquire_owned().await? };
        let (mut connection, mut closed) = hosted.tap();
        let actor = ConnectionActor::new(near, hosted, record, place);
        let grace = Shutdown::Grace(PATIENCE);
        let address = connections.start_here(1, grace, MAILBOX, actor)?;
        let handler = connection.wait_for(Option::is_some).await?.clone();
        closed.mark_unchanged();
        Ok(TestPeer {
            stream: far,
            connections,
            node: Arc::clone(address.node()),
            connection: handler,
            closed,
        })
    }
}

/// The other side of a [`TestConnection`].
pub struct TestPeer<P> {
    stream: Stream,
    connections: SupervisorHandle,
    node: Arc<Node>,
    connection: Option<Connection<P>>,
    closed: watch::Receiver<Option<Closed>>,
}

#[expect(clippy::panic, reason = "how a test fails")]
impl<P: Protocol> TestPeer<P> {
    /// Sends bytes, and waits until they are on their way.
    ///
    /// # Panics
    /// When the connection does not take them within an hour of virtual time.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let mut bytes = bytes.as_ref();
        let stream = &mut self.stream;
        let sending = async {
            while !bytes.is_empty() {
                let written = poll_fn(|task| stream.poll_write(task, bytes)).await?;
                bytes = &bytes[written..];
            }
            Ok::<(), std::io::Error>(())
        };
        match tokio::time::timeout(PATIENCE, sending).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the connection is gone: {error}"),
            Err(_) => panic!("the connection does not read"),
        }
    }

    /// Reads as many bytes as `expected` has, which they must be.
    ///
    /// # Panics
    /// When other bytes come, or too few.
    pub async fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let received = self.receive(expected.len()).await;
        assert_eq!(
            String::from_utf8_lossy(&received),
            String::from_utf8_lossy(expected),
            "from the connection"
        );
        assert_eq!(received, expected, "from the connection");
    }

    /// Reads `count` bytes; fewer where the connection ends or sends no more for an hour of virtual
    /// time.
    pub async fn receive(&mut self, count: usize) -> Vec<u8> {
        let mut received = vec![0; count];
        let mut filled = 0;
        let stream = &mut self.stream;
        let reading = async {
            while filled < count {
                let free = &mut received[filled..];
                match poll_fn(|task| stream.poll_read(task, free)).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => filled += read,
                }
            }
        };
        let _: Result<(), _> = tokio::time::timeout(PATIENCE, reading).await;
        received.truncate(filled);
        received
    }

    /// Expects that nothing comes at once.
    ///
    /// # Panics
    /// When something does.
    pub async fn expect_nothing(&mut self) {
        let mut byte = [0];
        let reading = poll_fn(|task| self.stream.poll_read(task, &mut byte));
        if let Ok(read) = tokio::time::timeout(MOMENT, reading).await {
            panic!("nothing was expected from the connection, and there came {read:?} {byte:?}");
        }
    }

    /// Ends the peer's own direction, in order.
    pub async fn end(&mut self) {
        // That the connection has ended before is what `expect_end` is for.
        let _ = poll_fn(|task| self.stream.poll_shutdown(task)).await;
    }

    /// Cuts the connection off.
    pub fn reset(&mut self) {
        self.stream.abort();
        let (stream, _) = memory::pair(1);
        self.stream = stream;
    }

    /// Expects the end of the connection's stream, after all that came before, and says why it
    /// ended.
    ///
    /// # Panics
    /// When something else comes before the end, or nothing at all.
    pub async fn expect_end(&mut self) -> Closed {
        let rest = self.receive(usize::from(u16::MAX)).await;
        assert_eq!(String::from_utf8_lossy(&rest), "", "before the connection's end");
        self.closed().await
    }

    /// Waits for the end of the connection, whatever comes before, and says why it ended.
    ///
    /// # Panics
    /// When it does not end within an hour of virtual time.
    pub async fn closed(&mut self) -> Closed {
        let closed = tokio::time::timeout(PATIENCE, self.closed.wait_for(Option::is_some)).await;
        match closed.ok().and_then(Result::ok).and_then(|closed| *closed) {
            Some(closed) => closed,
            None => panic!("the connection does not end"),
        }
    }

    /// Lets time pass; everything that is due meanwhile happens in its order.
    pub async fn advance(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Lets everything happen that can happen now.
    pub async fn settle(&mut self) {
        tokio::time::sleep(MOMENT).await;
    }

    /// Makes the handler panic over the `nth` message from now, from 1.
    pub fn crash_on(&self, nth: u32) {
        if let Some(connection) = &self.connection {
            connection.node().inject_panic_at_nth_message(nth);
        }
    }

    /// How often the handler has been built anew.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.connection.as_ref().map_or(0, |connection| connection.node().generation() - 1)
    }

    /// The connection's address: for what other actors would send it.
    #[must_use]
    pub fn connection(&self) -> &Connection<P> {
        match &self.connection {
            Some(connection) => connection,
            None => panic!("there is no connection"),
        }
    }

    /// Sends the connection a message as another actor would, and waits until it was received.
    ///
    /// # Panics
    /// When it is not taken, or crashes the handler.
    pub async fn notify<M: Message<Answer = ()>>(&self, message: M)
    where
        P: Receive<M>,
    {
        if let Err(error) = self.connection().ask(message, PATIENCE).await {
            panic!("the connection did not receive the message: {error}");
        }
    }

    /// Stops the connection as its listener would: it drains.
    pub fn stop(&self) {
        self.connections.remove_child(self.node.id());
    }
}
