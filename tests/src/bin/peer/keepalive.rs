//! Requests back and forth on connections that stay.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::keepalive::{Connected, KeepalivePlan, Round};
use trunkline_tests::latency::Latency;

use crate::dial;
use crate::exchange::{Exchange, Persistence};

/// How long one connection may take to be opened, and one request to be answered.
const ANSWER: Duration = Duration::from_secs(10);

/// What ends a round, whichever comes first, and how fast it is.
struct Limits {
    requests: u64,
    taken: AtomicU64,
    began: Instant,
    seconds: Option<u32>,
    /// Requests a second.
    rate: Option<u32>,
}

impl Limits {
    fn of(plan: &KeepalivePlan, requests: Option<u64>) -> Self {
        let requests = requests.unwrap_or(u64::MAX);
        let KeepalivePlan { seconds, rate, .. } = *plan;
        Self { requests, taken: AtomicU64::new(0), began: Instant::now(), seconds, rate }
    }

    /// Takes the right to send one more request: its number.
    fn take(&self) -> Option<u64> {
        let in_time = self
            .seconds
            .is_none_or(|seconds| self.began.elapsed() < Duration::from_secs(seconds.into()));
        let one_more = |taken: u64| (in_time && taken < self.requests).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()
    }

    /// Waits until this request is due. From when it counts, in nanoseconds of the monotonic clock:
    /// from its sending, unless it should have been sent while all connections were busy.
    async fn due(&self, number: u64) -> u64 {
        let Some(rate) = self.rate else { return monotonic_nanos() };
        let due = self.began + Duration::from_secs_f64(number as f64 / f64::from(rate));
        let late = due.elapsed();
        if late.is_zero() {
            // A timer is a millisecond late, which is not the server's doing.
            sleep_until(due).await;
        }
        monotonic_nanos() - u64::try_from(late.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Opens the connections, then makes the round of the plan, or one for every command.
pub(crate) async fn run(plan: KeepalivePlan, mut commands: mpsc::Receiver<String>) -> Result<()> {
    let exchange = if plan.http {
        Exchange::get(plan.size, Persistence::Kept)
    } else {
        Exchange::echo(plan.size, plan.lines)?
    };
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        let mut stream =
            dial::dial(plan.to).await.with_context(|| format!("connecting to {}", plan.to))?;
        exchange
            .make_within(ANSWER, &mut stream, &mut Vec::new())
            .await
            .context("the first answer")?;
        connections.push(stream);
    }
    crate::answer(&Connected { connected: plan.connections.into() })?;
    if plan.requests.is_some() || plan.seconds.is_some() {
        let limits = Limits::of(&plan, plan.requests);
        return round(&mut connections, &exchange, limits).await;
    }
    while let Some(command) = commands.recv().await {
        let Some(requests) =
            command.strip_prefix("go ").and_then(|count| count.parse::<u64>().ok())
        else {
            bail!("{command:?} is no command: go REQUESTS");
        };
        let limits = Limits::of(&plan, Some(requests));
        round(&mut connections, &exchange, limits).await?;
    }
    Ok(())
}

/// What one connection did in a round.
struct Share {
    stream: TcpStream,
    nanos: Vec<u64>,
    error: Option<io::Error>,
}

async fn round(
    connections: &mut Vec<TcpStream>,
    exchange: &Exchange,
    limits: Limits,
) -> Result<()> {
    let limits = Arc::new(limits);
    let began = monotonic_nanos();
    let mut working = JoinSet::new();
    for stream in connections.drain(..) {
        working.spawn(share(stream, exchange.clone(), limits.clone()));
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

async fn share(mut stream: TcpStream, exchange: Exchange, limits: Arc<Limits>) -> Share {
    let mut buffer = Vec::new();
    let mut nanos = Vec::new();
    let mut error = None;
    while error.is_none()
        && let Some(number) = limits.take()
    {
        let sent = limits.due(number).await;
        match exchange.make_within(ANSWER, &mut stream, &mut buffer).await {
            Ok(()) => nanos.push(monotonic_nanos() - sent),
            Err(failed) => error = Some(failed),
        }
    }
    Share { stream, nanos, error }
}
