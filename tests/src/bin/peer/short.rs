//! Short connections, one after the other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::keepalive::Round;
use trunkline_tests::latency::Latency;
use trunkline_tests::short::{Ready, ShortPlan};

use crate::dial;
use crate::exchange::{Exchange, Persistence};

/// How long one connection may take in all.
const CONNECTION: Duration = Duration::from_secs(10);

/// Makes one connection, then a round for every command.
pub(crate) async fn run(plan: ShortPlan, mut commands: mpsc::Receiver<String>) -> Result<()> {
    let exchange = if plan.http {
        Exchange::get(plan.size, Persistence::Closed)
    } else {
        Exchange::echo(plan.size, true)?
    };
    connection(plan.to, &exchange).await.with_context(|| format!("connecting to {}", plan.to))?;
    crate::answer(&Ready { ready: 1 })?;
    while let Some(command) = commands.recv().await {
        let Some(connections) =
            command.strip_prefix("go ").and_then(|count| count.parse::<u64>().ok())
        else {
            bail!("{command:?} is no command: go CONNECTIONS");
        };
        crate::answer(&round(&plan, &exchange, connections).await?)?;
    }
    Ok(())
}

async fn round(plan: &ShortPlan, exchange: &Exchange, connections: u64) -> Result<Round> {
    let left = Arc::new(AtomicU64::new(connections));
    let began = monotonic_nanos();
    let mut working = JoinSet::new();
    for _ in 0..plan.clients {
        working.spawn(client(plan.to, exchange.clone(), Arc::clone(&left)));
    }
    let (mut nanos, mut started, mut first_error) = (Vec::new(), 0, None);
    while let Some(share) = working.join_next().await {
        let (mine, error) = share.context("a client has crashed")?;
        started += mine.len() as u64 + u64::from(error.is_some());
        nanos.extend(mine);
        first_error = first_error.or(error.map(|error| error.to_string()));
    }
    let took_nanos = monotonic_nanos() - began;
    let done = nanos.len() as u64;
    Ok(Round { started, done, took_nanos, latency: Latency::of(nanos), first_error })
}

/// How long each connection of one client took, until one failed.
async fn client(
    to: SocketAddr,
    exchange: Exchange,
    left: Arc<AtomicU64>,
) -> (Vec<u64>, Option<io::Error>) {
    let mut nanos = Vec::new();
    let one_less = |left: u64| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
        let began = monotonic_nanos();
        match connection(to, &exchange).await {
            Ok(()) => nanos.push(monotonic_nanos() - began),
            Err(error) => return (nanos, Some(error)),
        }
    }
    (nanos, None)
}

/// From connecting to the end, so that closing is part of what is measured.
async fn connection(to: SocketAddr, exchange: &Exchange) -> io::Result<()> {
    let all = async {
        let mut stream = dial::dial(to).await?;
        exchange.make(&mut stream, &mut Vec::new()).await?;
        if !exchange.other_side_closes() {
            stream.shutdown().await?;
        }
        match stream.read(&mut [0]).await? {
            0 => Ok(()),
            _ => Err(io::Error::other("more than the answer")),
        }
    };
    timeout(CONNECTION, all).await.map_err(io::Error::from).flatten()
}
