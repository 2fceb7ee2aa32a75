//! A collector of traces, over gRPC or HTTP, that keeps what it is sent and can misbehave.

mod grpc;
mod http;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// OTLP over gRPC.
    Grpc,
    /// OTLP over HTTP/1.1, as protobuf, at `/v1/traces`.
    Http,
}

/// How it treats who sends to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes and keeps what comes.
    Keeps,
    /// Takes it and only counts it.
    Counts,
    /// Keeps it, and answers so much later.
    Slow(Duration),
    /// Answers nothing for as long as it is in this mood, and then with an error.
    Silent,
    /// Answers that it cannot take anything now (`UNAVAILABLE`, 503).
    Unavailable,
    /// Answers that what it was sent is wrong (`INVALID_ARGUMENT`, 400).
    Rejects,
    /// Resets connections, old and new, as soon as anything moves on them.
    Resets,
    /// Listens no more: connections are refused, and those that are there reset.
    Refuses,
}

/// A span as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Who it is from.
    pub resource: Arc<Resource>,
    /// The span.
    pub span: Span,
}

/// Listens on a port of 127.0.0.1 until it is dropped, on a thread of its own.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    speaks: Speaks,
    shared: Arc<Shared>,
    moods: watch::Sender<Mood>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    got: Mutex<Got>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Got {
    spans: Vec<Received>,
    counted: usize,
    requests: usize,
    headers: Vec<(String, String)>,
}

/// Why it takes nothing.
enum Trouble {
    Unavailable,
    Wrong,
}

impl Collector {
    /// Listens, and keeps what comes.
    ///
    /// # Errors
    /// If there is no port, thread or event loop.
    pub fn start(speaks: Speaks) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let (moods, mood) = watch::channel(Mood::Keeps);
        let (stop, stopped) = watch::channel(false);
        let service = Service { shared: Arc::clone(&shared), mood: mood.clone() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = Builder::new().name("collector".to_owned()).spawn(move || {
            runtime.block_on(async {
                let connections = wire::accepted(listener, address, mood);
                match speaks {
                    Speaks::Grpc => grpc::serve(connections, service, stopped).await,
                    Speaks::Http => http::serve(connections, service, stopped).await,
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { address, speaks, shared, moods, stop, thread: Some(thread) })
    }

    /// The URL to which traces are sent.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match self.speaks {
            Speaks::Grpc => format!("http://{}", self.address),
            Speaks::Http => format!("http://{}/v1/traces", self.address),
        }
    }

    /// Behaves otherwise from now on.
    pub fn become_of(&self, mood: Mood) {
        self.moods.send_replace(mood);
    }

    /// The spans that have come, in the order in which they did.
    #[must_use]
    pub fn spans(&self) -> Vec<Received> {
        self.shared.got.lock().spans.clone()
    }

    /// How many spans have come, also of those that were only counted.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.shared.got.lock().counted
    }

    /// How many requests have come, whatever became of them.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.shared.got.lock().requests
    }

    /// The header fields, or the metadata, of the last request.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        self.shared.got.lock().headers.clone()
    }

    /// Waits until the spans that have come are as `wanted`; false if they never are `within` that
    /// time.
    #[must_use]
    pub fn wait_for(&self, within: Duration, mut wanted: impl FnMut(&[Received]) -> bool) -> bool {
        self.wait(within, |got| wanted(&got.spans))
    }

    /// Waits until so many requests have come.
    #[must_use]
    pub fn wait_for_requests(&self, within: Duration, requests: usize) -> bool {
        self.wait(within, |got| got.requests >= requests)
    }

    /// Waits until so many spans have come.
    #[must_use]
    pub fn wait_for_count(&self, within: Duration, spans: usize) -> bool {
        self.wait(within, |got| got.counted >= spans)
    }

    fn wait(&self, within: Duration, mut wanted: impl FnMut(&Got) -> bool) -> bool {
        let until = Instant::now() + within;
        let mut got = self.shared.got.lock();
        while !wanted(&got) {
            if self.shared.came.wait_until(&mut got, until).timed_out() {
                return wanted(&got);
            }
        }
        true
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.moods.send_replace(Mood::Refuses);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What answers requests, whatever they come over.
#[derive(Debug, Clone)]
struct Service {
    shared: Arc<Shared>,
    mood: watch::Receiver<Mood>,
}

impl Service {
    async fn take(
        &mut self,
        request: ExportTraceServiceRequest,
        headers: Vec<(String, String)>,
    ) -> Result<(), Trouble> {
        {
            let mut got = self.shared.got.lock();
            got.requests += 1;
            got.headers = headers;
        }
        self.shared.came.notify_all();
        let mood = *self.mood.borrow();
        match mood {
            Mood::Keeps | Mood::Resets | Mood::Refuses => self.shared.keep(request),
            Mood::Counts => self.shared.count(&request),
            Mood::Slow(wait) => {
                tokio::time::sleep(wait).await;
                self.shared.keep(request);
            }
            Mood::Silent => {
                let _ = self.mood.wait_for(|mood| *mood != Mood::Silent).await;
                return Err(Trouble::Unavailable);
            }
            Mood::Unavailable => return Err(Trouble::Unavailable),
            Mood::Rejects => return Err(Trouble::Wrong),
        }
        Ok(())
    }
}

impl Shared {
    fn keep(&self, request: ExportTraceServiceRequest) {
        let mut got = self.got.lock();
        for of in request.resource_spans {
            let resource = Arc::new(of.resource.unwrap_or_default());
            let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
            got.spans.extend(spans.map(|span| Received { resource: Arc::clone(&resource), span }));
        }
        got.counted = got.counted.max(got.spans.len());
        drop(got);
        self.came.notify_all();
    }

    fn count(&self, request: &ExportTraceServiceRequest) {
        let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
        self.got.lock().counted += scopes.map(|scope| scope.spans.len()).sum::<usize>();
        self.came.notify_all();
    }
}
