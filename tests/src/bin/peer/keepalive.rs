//! Requests back and forth on connections that stay.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::keepalive::{Connected, KeepalivePlan, Round};
use trunkline_tests::latency::Latency;

use crate::dial;
use crate::exchange::{Exchange, Persistence};

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
        let seconds = plan.seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let limits = Limits {
            requests: plan.requests.unwrap_or(u64::MAX).into(),
            until: seconds.map(|seconds| Instant::now() + seconds),
        };
        return round(&mut connections, &exchange, limits).await;
    }
    while let Some(command) = commands.recv().await {
        let Some(requests) =
            command.strip_prefix("go ").and_then(|count| count.parse::<u64>().ok())
        else {
            bail!("{command:?} is no command: go REQUESTS");
        };
        let limits = Limits { requests: requests.into(), until: None };
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
    while error.is_none() && limits.take() {
        let sent = monotonic_nanos();
        match exchange.make_within(ANSWER, &mut stream, &mut buffer).await {
            Ok(()) => nanos.push(monotonic_nanos() - sent),
            Err(failed) => error = Some(failed),
        }
    }
    Share { stream, nanos, error }
}
