//! A client whose peer is the test.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::codec::LinesCodec;
use trunkline_runtime::{
    Actor, ChildId, ChildSpec, Context, Failure, Flags, Node, Panic, Runtime, StartError, Strategy,
    SupervisorHandle, contain,
};

use crate::client::dial::Dial;
use crate::client::{
    Arrival, Broken, Client, ClientSettings, RequestError, Requested, Requests, build,
};
use crate::protocol::{
    Crash, Cx, Heartbeat, Limits, Malformed, Means, Next, Peer, Protocol, Result,
};
use crate::stream::{Stream, memory};

/// Far more than anything takes, in virtual time.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// Time in which whatever can happen at once does.
const MOMENT: Duration = Duration::from_millis(20);

/// Lines. A request goes out as it is, or behind its id where it begins with `#`. Answers come as
/// `=TEXT`, to the oldest, or as `@ID TEXT`; other lines are no answers.
#[derive(Default)]
pub(crate) struct Lines {
    /// Whether the handler goes on after a crash.
    pub(crate) goes_on: bool,
    pub(crate) heartbeat: Option<Heartbeat>,
}

impl Protocol for Lines {
    type Codec = LinesCodec;
    type State = ();

    fn codec(&self) -> LinesCodec {
        LinesCodec::new_with_max_length(20_000)
    }

    fn state(&self, _: &Peer) {}

    fn limits(&self) -> Limits {
        Limits { heartbeat: self.heartbeat, ..Limits::default() }
    }

    async fn heartbeat(&self, cx: &mut Cx<Self>, _: u32) -> Result<Next> {
        cx.send("ping").await?;
        Ok(Next::Read)
    }

    async fn malformed(&self, _: &mut Cx<Self>, _: &Malformed) -> Result<Next> {
        Ok(if self.goes_on { Next::Read } else { Next::Close })
    }

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        if line == "panic in message" {
            panic!("as told");
        }
        cx.send(format!("heard {line}")).await?;
        Ok(Next::Read)
    }

    async fn recovered(&self, cx: &mut Cx<Self>, _: &Crash) -> Result<Next> {
        if self.goes_on {
            cx.send("recovered").await?;
            return Ok(Next::Read);
        }
        Ok(Next::Close)
    }
}

impl Requests for Lines {
    type Request = String;
    type Answer = String;

    async fn request(&self, cx: &mut Cx<Self>, id: u64, request: &String) -> Result<Next> {
        if request == "panic before" {
            panic!("as told");
        }
        match request.strip_prefix('#') {
            Some(text) => cx.send(format!("{id} {text}")).await?,
            None => cx.send(request).await?,
        }
        if request == "panic after" {
            panic!("as told");
        }
        Ok(Next::Read)
    }

    fn sort(&self, _: &mut Cx<Self>, line: String) -> Result<Arrival<Self>> {
        if line == "panic in sort" {
            panic!("as told");
        }
        if let Some(answer) = line.strip_prefix('=') {
            return Ok(Arrival::Next(answer.to_owned()));
        }
        match line.strip_prefix('@').and_then(|answer| answer.split_once(' ')) {
            Some((id, answer)) => Ok(Arrival::To(id.parse()?, answer.to_owned())),
            None => Ok(Arrival::Message(line)),
        }
    }

    fn broken(&self, request: &String) -> Broken {
        if request.contains("again") { Broken::Repeat } else { Broken::Fail }
    }
}

/// What a test has to do with.
pub(crate) struct World {
    pub(crate) client: Client<Lines>,
    pub(crate) runtime: Runtime,
    pub(crate) root: SupervisorHandle,
    streams: mpsc::Receiver<Stream>,
    refuses: Arc<AtomicBool>,
    /// When it was tried to connect.
    pub(crate) attempts: Arc<Mutex<Vec<Instant>>>,
}

impl World {
    /// The next connection that the client has made.
    pub(crate) async fn accept(&mut self) -> Far {
        let stream = timeout(LONG, self.streams.recv()).await.expect("it connects").unwrap();
        Far { stream, unread: Vec::new() }
    }

    /// From now on nobody listens, or somebody does again.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Relaxed);
    }

    pub(crate) fn ask(&self, request: &str) -> Requested<Lines> {
        self.client.request(request.to_owned(), LONG)
    }

    pub(crate) fn ask_all<const N: usize>(&self, requests: [&str; N]) -> [Requested<Lines>; N] {
        requests.map(|request| self.ask(request))
    }

    pub(crate) fn node(&self, path: &str) -> Arc<Node> {
        self.runtime.registry().find(&format!("test/client/{path}")).expect("it is in the tree")
    }

    pub(crate) fn detail(&self, path: &str) -> serde_json::Value {
        let tree = self.runtime.registry().tree();
        let node = tree.get(&format!("test/client/{path}")).expect("it is in the tree");
        node.detail.clone().expect("it shows something")
    }

    /// Stops the client, as its supervisor would.
    pub(crate) fn stop(&self) {
        assert!(self.root.remove_child(&ChildId::from("client")));
    }
}

/// Lets everything happen that can happen now.
pub(crate) async fn settle() {
    tokio::time::sleep(MOMENT).await;
}

pub(crate) async fn advance(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

pub(crate) fn ok(answer: &str) -> std::result::Result<String, RequestError> {
    Ok(answer.to_owned())
}

/// The peer's end of a connection.
pub(crate) struct Far {
    stream: Stream,
    unread: Vec<u8>,
}

impl Far {
    /// The next line; none at the end, orderly or not.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<_> = self.unread.drain(..=end).collect();
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            let mut buffer = [0; 1000];
            let reading = poll_fn(|task| self.stream.poll_read(task, &mut buffer));
            match timeout(LONG, reading).await.expect("a line, or the end") {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.unread.extend_from_slice(&buffer[..read]),
            }
        }
    }

    pub(crate) async fn expect<const N: usize>(&mut self, lines: [&str; N]) {
        for line in lines {
            assert_eq!(self.line().await.as_deref(), Some(line));
        }
    }

    pub(crate) async fn expect_nothing(&mut self) {
        let line = timeout(MOMENT, self.line()).await;
        assert!(line.is_err(), "nothing was expected, and there came {line:?}");
    }

    pub(crate) async fn expect_end(&mut self) {
        assert_eq!(self.line().await, None);
    }

    /// Says lines; that the other side is gone is no matter.
    pub(crate) async fn say<const N: usize>(&mut self, lines: [&str; N]) {
        for line in lines {
            self.send(format!("{line}\n").as_bytes()).await;
        }
    }

    /// Sends bytes; that the other side is gone is no matter.
    pub(crate) async fn send(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match poll_fn(|task| self.stream.poll_write(task, bytes)).await {
                Ok(written) => bytes = &bytes[written..],
                Err(_) => return,
            }
        }
    }

    pub(crate) fn reset(mut self) {
        self.stream.abort();
    }
}

/// Runs `test` beside a client of `protocol`, and stops everything.
pub(crate) fn run<T>(protocol: Lines, settings: ClientSettings, test: T)
where
    T: AsyncFnOnce(World) + Send + 'static,
{
    let outcome = Arc::new(Mutex::new(None));
    let flags = Flags::new(Strategy::OneForOne);
    let builder = Runtime::builder().workers(0).watchdog(None).paused_clock();
    let ended = builder.run("test", flags, |runtime, root| {
        let (accepted, streams) = mpsc::channel(64);
        let refuses = Arc::new(AtomicBool::new(false));
        let attempts = Arc::<Mutex<Vec<_>>>::default();
        let (told, noted) = (Arc::clone(&refuses), Arc::clone(&attempts));
        let connect = move || {
            noted.lock().push(Instant::now());
            if told.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (near, far) = memory::pair(64 * 1024);
            accepted.try_send(far).map_err(|_| io::Error::from(io::ErrorKind::ConnectionReset))?;
            Ok(near)
        };
        let means = Arc::new(Means { upstreams: None, blocking: Arc::default() });
        let dial = Dial::Memory(Box::new(connect));
        let (spec, client) = build("client", dial, Arc::new(protocol), means, settings);
        let world = World {
            client,
            runtime: runtime.clone(),
            root: root.handle(),
            streams,
            refuses,
            attempts,
        };
        let once = Mutex::new(Some((world, test)));
        let (outcome, runtime) = (Arc::clone(&outcome), runtime.clone());
        let tester = ChildSpec::leaf("tester", move || Tester {
            once: once.lock().take(),
            outcome: Arc::clone(&outcome),
            runtime: runtime.clone(),
        });
        Ok::<_, StartError>(root.child(spec).child(tester))
    });
    let outcome = outcome.lock().take();
    match outcome {
        Some(Ok(())) => {}
        Some(Err(Panic { text, place, .. })) => panic!("{text}\n(at {place})"),
        None => panic!("the runtime ended before the test did: {ended:?}"),
    }
}

struct Tester<T> {
    once: Option<(World, T)>,
    outcome: Arc<Mutex<Option<Result<(), Panic>>>>,
    runtime: Runtime,
}

impl<T> Actor for Tester<T>
where
    T: AsyncFnOnce(World) + Send + 'static,
{
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let (world, test) = self.once.take().expect("a test runs once");
        let (outcome, runtime) = (Arc::clone(&self.outcome), self.runtime.clone());
        cx.run(async move {
            let mut body = pin!(test(world));
            let ran = poll_fn(|task| match contain(|| body.as_mut().poll(task)) {
                Ok(polled) => polled.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            });
            *outcome.lock() = Some(ran.await);
            runtime.stop();
            Ok(())
        });
        Ok(())
    }
}
