//! The backend: accepts, records, answers as its mode says.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Signal, getpid, kill_process};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use trunkline_tests::backend::{BackendPlan, Counts, Crashed, Listening, Mode};
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::ledger::BackendLine;

mod connection;

/// Connections that the kernel may complete before they are accepted; it lowers this to its own
/// limit.
const BACKLOG: u32 = 16_384;
/// How long a crash waits for tokens that are on their way: through a proxy that is short of
/// processor time, too.
const TOKENS: Duration = Duration::from_secs(1);
/// How long accepting pauses after an error, which is nearly always a lack of descriptors.
const PAUSE: Duration = Duration::from_millis(10);

/// What all connections share.
struct Backend {
    name: String,
    mode: Mode,
    log: Option<File>,
    seen: watch::Sender<Seen>,
    // Once set, nothing is answered any more.
    mute: AtomicBool,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    accepted: u64,
    open: u64,
    // Open connections that may still send a token.
    nameless: u64,
}

impl Seen {
    fn counts(self) -> Counts {
        Counts { accepted: self.accepted, open: self.open }
    }
}

/// Serves until it is told to crash.
pub(crate) async fn run(plan: BackendPlan, mut commands: mpsc::Receiver<String>) -> Result<()> {
    let listener =
        listen(plan.listen).with_context(|| format!("cannot listen on {}", plan.listen))?;
    let backend = Arc::new(Backend {
        name: plan.name,
        mode: plan.mode,
        log: plan.log.as_deref().map(open_log).transpose()?,
        seen: watch::Sender::default(),
        mute: AtomicBool::new(false),
    });
    crate::answer(&Listening { listening: listener.local_addr()? })?;
    loop {
        let command = tokio::select! {
            accepted = listener.accept() => {
                match accepted {
                    Ok((stream, _)) => backend.take(stream)?,
                    Err(error) => {
                        eprintln!("peer: accept: {error}");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                continue;
            }
            Some(command) = commands.recv() => command,
        };
        match command.split_once(' ').unwrap_or((&command, "")) {
            ("count", "") => crate::answer(&backend.counts())?,
            ("accepted", count) => backend.answer_when_accepted(count.parse()?),
            ("mute", "") => {
                backend.mute.store(true, Ordering::Release);
                crate::answer(&backend.counts())?;
            }
            ("crash", "") => return backend.crash(listener).await,
            _ => bail!("{command:?} is no command: count, accepted N, mute or crash"),
        }
    }
}

/// Listens with a long queue.
pub(crate) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Hands on all connections that the kernel has queued, then stops listening.
pub(crate) fn take_queued(
    listener: TcpListener,
    mut take: impl FnMut(TcpStream) -> Result<()>,
) -> Result<()> {
    // Not tokio's accept, which learns of connections later than the kernel does.
    let listener = listener.into_std()?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                take(TcpStream::from_std(stream)?)?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("cannot empty the accept queue"),
        }
    }
}

/// Opens a log to append to.
pub(crate) fn open_log(path: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.with_context(|| format!("cannot open the log {}", path.display()))
}

impl Backend {
    /// Records an accepted connection, then serves it.
    fn take(self: &Arc<Self>, stream: TcpStream) -> Result<()> {
        // Both fail only if the peer is gone already, and with it everything there was to record.
        let (Ok(peer), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else {
            return Ok(());
        };
        self.record(&BackendLine::Accepted { at_nanos: monotonic_nanos(), peer, local })?;
        self.seen.send_modify(|seen| {
            seen.accepted += 1;
            seen.open += 1;
            seen.nameless += 1;
        });
        let backend = Arc::clone(self);
        tokio::spawn(connection::serve(backend, stream, peer));
        Ok(())
    }

    /// Appends a line in one write, which the kernel keeps whatever becomes of this process.
    fn record(&self, line: &BackendLine) -> Result<()> {
        let Some(mut log) = self.log.as_ref() else {
            return Ok(());
        };
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        log.write_all(&bytes).context("cannot write the log")
    }

    fn counts(&self) -> Counts {
        self.seen.borrow().counts()
    }

    fn answer_when_accepted(&self, count: u64) {
        let mut seen = self.seen.subscribe();
        tokio::spawn(async move {
            if let Ok(seen) = seen.wait_for(|seen| seen.accepted >= count).await {
                crate::answer(&seen.counts())?;
            }
            anyhow::Ok(())
        });
    }

    async fn crash(self: Arc<Self>, listener: TcpListener) -> Result<()> {
        self.mute.store(true, Ordering::Release);
        take_queued(listener, |stream| self.take(stream))?;
        let mut seen = self.seen.subscribe();
        let _late = tokio::time::timeout(TOKENS, seen.wait_for(|seen| seen.nameless == 0)).await;
        let nameless = self.seen.borrow().nameless;
        crate::answer(&Crashed { killed_nanos: monotonic_nanos(), nameless })?;
        kill_process(getpid(), Signal::KILL).context("cannot kill itself")
    }
}
