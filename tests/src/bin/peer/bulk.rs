//! Downloads of which nothing is kept.

use std::io::{self, ErrorKind};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use trunkline_tests::bulk::BulkPlan;
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::keepalive::{Connected, Round};
use trunkline_tests::latency::Latency;

use crate::dial;
use crate::exchange::{Exchange, Persistence, get, read_head};

/// The most that is taken from a socket at once.
const MOST: usize = 1024 * 1024;
/// How long the first answer of a connection may take.
const FIRST: Duration = Duration::from_secs(10);

/// Opens the connections, then makes a download for every command.
pub(crate) async fn run(plan: BulkPlan, mut commands: mpsc::Receiver<String>) -> Result<()> {
    let mut streams = Vec::new();
    for _ in 0..plan.streams {
        let mut stream =
            dial::dial(plan.to).await.with_context(|| format!("connecting to {}", plan.to))?;
        let first = Exchange::get(1, Persistence::Kept);
        first.make_within(FIRST, &mut stream, &mut Vec::new()).await.context("the first answer")?;
        streams.push(stream);
    }
    crate::answer(&Connected { connected: plan.streams.into() })?;
    while let Some(command) = commands.recv().await {
        let Some(bytes) = command.strip_prefix("go ").and_then(|count| count.parse().ok()) else {
            bail!("{command:?} is no command: go BYTES");
        };
        crate::answer(&round(&mut streams, bytes).await?)?;
    }
    Ok(())
}

/// Downloads `bytes` in all, in equal parts; the first gets what cannot be divided.
async fn round(streams: &mut Vec<TcpStream>, bytes: u64) -> Result<Round> {
    let (part, rest) = (bytes / streams.len() as u64, bytes % streams.len() as u64);
    let began = monotonic_nanos();
    let mut working = JoinSet::new();
    for (number, stream) in streams.drain(..).enumerate() {
        working.spawn(download(stream, if number == 0 { part + rest } else { part }));
    }
    let (mut nanos, mut done, mut first_error) = (Vec::new(), 0, None);
    while let Some(downloaded) = working.join_next().await {
        match downloaded.context("a download has crashed")? {
            Ok((stream, bytes)) => {
                nanos.push(monotonic_nanos() - began);
                done += bytes;
                streams.push(stream);
            }
            Err(error) => first_error = first_error.or(Some(error.to_string())),
        }
    }
    let took_nanos = monotonic_nanos() - began;
    Ok(Round { started: bytes, done, took_nanos, latency: Latency::of(nanos), first_error })
}

async fn download(mut stream: TcpStream, bytes: u64) -> io::Result<(TcpStream, u64)> {
    stream.write_all(&get(bytes, Persistence::Kept)).await?;
    let mut buffer = Vec::new();
    let head = timeout(FIRST, read_head(&mut stream, &mut buffer, bytes)).await??;
    let mut seen = (buffer.len() - head) as u64;
    // Only its length matters: the kernel throws the bytes away instead of copying them here, and
    // the client takes less of the machine from what is measured (MSG_TRUNC of tcp(7)).
    let mut nowhere = vec![0; MOST];
    while seen < bytes {
        let read = stream.async_io(Interest::READABLE, || {
            let most = usize::try_from(bytes - seen).unwrap_or(MOST).min(MOST);
            Ok(recv(&stream, &mut nowhere[..most], RecvFlags::TRUNC | RecvFlags::DONTWAIT)?.1)
        });
        match read.await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => seen += read as u64,
        }
    }
    if seen == bytes { Ok((stream, bytes)) } else { Err(io::Error::other("more than the answer")) }
}
