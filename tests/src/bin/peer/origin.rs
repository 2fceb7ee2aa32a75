//! The HTTP origin: as cheap as it can be, since it shares the machine with what is measured.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use rustix::process::{Signal, getpid, kill_process};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use trunkline_tests::backend::{Crashed, Listening};
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::origin::{Behaviour, OriginCounts, OriginLine, OriginPlan};

use crate::backend::{listen, open_log, take_queued};

mod connection;
mod request;

/// How long accepting pauses after an error, which is nearly always a lack of descriptors.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a crash waits for requests that are on their way.
const NAMES: Duration = Duration::from_secs(1);

/// What all connections share.
struct Origin {
    log: Option<File>,
    behaviour: Mutex<Behaviour>,
    // Once set, nothing is answered any more.
    mute: AtomicBool,
    accepted: AtomicU64,
    requests: AtomicU64,
    under_way: AtomicU64,
    most: AtomicU64,
    // Connections that have not sent a request yet.
    nameless: watch::Sender<u64>,
}

/// Serves until stdin closes, or it is told to crash.
pub(crate) async fn run(plan: OriginPlan, mut commands: mpsc::Receiver<String>) -> Result<()> {
    let first = listen(plan.listen).with_context(|| format!("cannot listen on {}", plan.listen))?;
    let address = first.local_addr()?;
    let mut listener = Some(first);
    let origin = Arc::new(Origin {
        log: plan.log.as_deref().map(open_log).transpose()?,
        behaviour: Mutex::new(Behaviour::Delay(plan.delay_millis)),
        mute: AtomicBool::new(false),
        accepted: AtomicU64::default(),
        requests: AtomicU64::default(),
        under_way: AtomicU64::default(),
        most: AtomicU64::default(),
        nameless: watch::Sender::default(),
    });
    crate::answer(&Listening { listening: address })?;
    loop {
        let command = tokio::select! {
            accepted = accept(listener.as_ref()) => {
                match accepted {
                    Ok((stream, _)) => origin.take(stream),
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
            ("count", "") => {}
            ("delay", millis) => *origin.behaviour.lock() = Behaviour::Delay(millis.parse()?),
            ("status", status) => *origin.behaviour.lock() = Behaviour::Status(status.parse()?),
            ("reset", "") => *origin.behaviour.lock() = Behaviour::Reset,
            ("close", "") => listener = None,
            ("open", "") => {
                let opened = listen(address);
                listener = Some(opened.with_context(|| format!("cannot listen on {address}"))?);
            }
            ("crash", "") => return origin.crash(listener).await,
            _ => bail!(
                "{command:?} is no command: count, delay N, status N, reset, close, open or crash"
            ),
        }
        crate::answer(&origin.counts())?;
    }
}

/// The next connection; none comes while it does not listen.
async fn accept(
    listener: Option<&TcpListener>,
) -> std::io::Result<(TcpStream, std::net::SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

impl Origin {
    fn take(self: &Arc<Self>, stream: TcpStream) {
        self.accepted.fetch_add(1, Relaxed);
        self.nameless.send_modify(|nameless| *nameless += 1);
        tokio::spawn(connection::serve(Arc::clone(self), stream));
    }

    fn counts(&self) -> OriginCounts {
        OriginCounts {
            accepted: self.accepted.load(Relaxed),
            requests: self.requests.load(Relaxed),
            most: self.most.swap(self.under_way.load(Relaxed), Relaxed),
        }
    }

    /// Appends lines in one write, which the kernel keeps whatever becomes of this process.
    fn record(&self, ids: &[String], done: bool) -> Result<()> {
        let Some(mut log) = self.log.as_ref().filter(|_| !ids.is_empty()) else {
            return Ok(());
        };
        let (at_nanos, mut bytes) = (monotonic_nanos(), Vec::new());
        for id in ids {
            serde_json::to_writer(&mut bytes, &OriginLine { at_nanos, id: id.clone(), done })?;
            bytes.push(b'\n');
        }
        log.write_all(&bytes).context("cannot write the log")
    }

    async fn crash(self: Arc<Self>, listener: Option<TcpListener>) -> Result<()> {
        self.mute.store(true, Relaxed);
        if let Some(listener) = listener {
            take_queued(listener, |stream| {
                self.take(stream);
                Ok(())
            })?;
        }
        let mut nameless = self.nameless.subscribe();
        let _late = tokio::time::timeout(NAMES, nameless.wait_for(|left| *left == 0)).await;
        let nameless = *self.nameless.borrow();
        crate::answer(&Crashed { killed_nanos: monotonic_nanos(), nameless })?;
        kill_process(getpid(), Signal::KILL).context("cannot kill itself")
    }
}
