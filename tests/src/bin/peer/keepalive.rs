//! Requests back and forth on connections that stay.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::keepalive::{Connected, KeepalivePlan, Round};
use trunkline_tests::latency::Latency;

use crate::dial;

/// How long one connection may take to be opened, and one request to be answered.
const ANSWER: Duration = Duration::from_secs(10);

/// What ends a round: whichever comes first.
struct Limits {
    requests: AtomicU64,
    until: Option<Instant>,
}

impl Limits {
    /// Takes the right to send one more request.
    fn take(&self) -> bool {
        let in_time = self.until.is_none_or(|until| Instant::now() < until);
        let one_less = |left: u64| left.checked_sub(1);
        in_time
            && self.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

/// Opens the connections, then makes the round of the plan, or one for every command.
pub(crate) async fn run(plan: KeepalivePlan, mut commands: mpsc::Receiver<String>) -> Result<()> {
    let request = request(plan.size, plan.lines)?;
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        let mut stream =
            dial::dial(plan.to).await.with_context(|| format!("connecting to {}", plan.to))?;
        let mut answer = vec![0; request.len()];
        exchange(&mut stream, &request, &mut answer).await.context("the first echo")?;
        connections.push(stream);
    }
    crate::answer(&Connected { connected: plan.connections.into() })?;
    if plan.requests.is_some() || plan.seconds.is_some() {
        let seconds = plan.seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let limits = Limits {
            requests: plan.requests.unwrap_or(u64::MAX).into(),
            until: seconds.map(|seconds| Instant::now() + seconds),
        };
        return round(&mut connections, request, limits).await;
    }
    while let Some(command) = commands.recv().await {
        let Some(requests) =
            command.strip_prefix("go ").and_then(|count| count.parse::<u64>().ok())
        else {
            bail!("{command:?} is no command: go REQUESTS");
        };
        let limits = Limits { requests: requests.into(), until: None };
        round(&mut connections, request.clone(), limits).await?;
    }
    Ok(())
}

/// A request of so many bytes; `line` says whether the last of them is a line feed.
pub(crate) fn request(size: u32, line: bool) -> Result<Arc<[u8]>> {
    let mut request = vec![b'k'; usize::try_from(size)?];
    if let Some(last) = request.last_mut().filter(|_| line) {
        *last = b'\n';
    }
    Ok(request.into())
}

/// What one connection did in a round.
struct Share {
    stream: TcpStream,
    nanos: Vec<u64>,
    error: Option<io::Error>,
}

async fn round(connections: &mut Vec<TcpStream>, request: Arc<[u8]>, limits: Limits) -> Result<()> {
    let limits = Arc::new(limits);
    let began = monotonic_nanos();
    let mut working = JoinSet::new();
    for stream in connections.drain(..) {
        working.spawn(share(stream, request.clone(), limits.clone()));
    }
    let (mut nanos, mut started, mut first_error) = (Vec::new(), 0, None);
    while let Some(share) = working.join_next().await {
        let Share { stream, nanos: mine, error } = share.context("a connection has crashed")?;
        started += mine.len() as u64 + u64::from(error.is_some());
        nanos.extend(mine);
        match error {
            // A connection that failed takes no part in later rounds: its answers might come late.
            Some(error) => first_error = first_error.or(Some(error.to_string())),
            None => connections.push(stream),
        }
    }
    let took_nanos = monotonic_nanos() - began;
    let done = nanos.len() as u64;
    crate::answer(&Round { started, done, took_nanos, latency: Latency::of(nanos), first_error })
}

async fn share(mut stream: TcpStream, request: Arc<[u8]>, limits: Arc<Limits>) -> Share {
    let mut answer = vec![0; request.len()];
    let mut nanos = Vec::new();
    let mut error = None;
    while error.is_none() && limits.take() {
        let sent = monotonic_nanos();
        match exchange(&mut stream, &request, &mut answer).await {
            Ok(()) => nanos.push(monotonic_nanos() - sent),
            Err(failed) => error = Some(failed),
        }
    }
    Share { stream, nanos, error }
}

async fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut [u8]) -> io::Result<()> {
    let both = async {
        let (mut reading, mut writing) = stream.split();
        tokio::try_join!(writing.write_all(request), reading.read_exact(answer))?;
        io::Result::Ok(())
    };
    timeout(ANSWER, both).await.map_err(io::Error::from).flatten()?;
    if answer == request { Ok(()) } else { Err(io::Error::other("not the bytes that were sent")) }
}
