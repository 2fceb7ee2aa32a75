//! A peer that answers lines, remembers them, and dies and comes back on command.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// What an answer takes: long enough for lines to be on their way when it dies.
const WORK: Duration = Duration::from_micros(500);

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Accepts, and answers.
    Living,
    /// Nobody listens.
    Gone,
    /// Accepts, counts, and resets at once.
    Dying,
}

/// What it remembers through all its lives.
#[derive(Default)]
struct Memory {
    /// How often each line came.
    lines: Mutex<HashMap<String, u32>>,
    /// Connections that were accepted while it was dying.
    attempts: AtomicU64,
}

/// To be so, and to say when it is.
type Order = (Life, oneshot::Sender<()>);

/// The peer, on a thread of its own.
pub(super) struct Mortal {
    memory: Arc<Memory>,
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<Result<()>>,
}

impl Mortal {
    /// Lives at `address`.
    pub(super) fn start(address: SocketAddr) -> Result<Self> {
        let memory = Arc::<Memory>::default();
        let (orders, ordered) = mpsc::channel(1);
        let own = Arc::clone(&memory);
        let thread = Builder::new().name("mortal".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(live(address, own, ordered))
        })?;
        let mortal = Self { memory, orders, thread };
        mortal.order(Life::Living)?;
        Ok(mortal)
    }

    /// Has it be so; returns when it is.
    pub(super) fn order(&self, life: Life) -> Result<()> {
        let (done, is_done) = oneshot::channel();
        let gone = "the peer's thread has ended";
        self.orders.blocking_send((life, done)).map_err(|_| anyhow!(gone))?;
        is_done.blocking_recv().context(gone)
    }

    /// Connections that were accepted while it was dying.
    pub(super) fn attempts(&self) -> u64 {
        self.memory.attempts.load(Ordering::Relaxed)
    }

    /// Ends it; how often each line came to it.
    pub(super) fn end(self) -> Result<HashMap<String, u32>> {
        drop(self.orders);
        self.thread.join().map_err(|_| anyhow!("the peer panicked"))??;
        Ok(std::mem::take(&mut *self.memory.lines.lock()))
    }
}

async fn live(
    address: SocketAddr,
    memory: Arc<Memory>,
    mut ordered: mpsc::Receiver<Order>,
) -> Result<()> {
    let mut life = Life::Gone;
    let mut listener: Option<TcpListener> = None;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            order = ordered.recv() => {
                let Some((order, done)) = order else { return Ok(()) };
                life = order;
                listener = match life {
                    Life::Gone => None,
                    Life::Living | Life::Dying => Some(match listener.take() {
                        Some(listener) => listener,
                        None => listen(address)?,
                    }),
                };
                // Every connection is reset, whatever is on its way.
                connections.shutdown().await;
                // Nobody waits for it any more where the run has failed.
                let _ = done.send(());
            }
            Ok((stream, _)) = accept(listener.as_ref()) => {
                SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                if life == Life::Living {
                    connections.spawn(answer(stream, Arc::clone(&memory)));
                } else {
                    memory.attempts.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> std::io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(128)
}

async fn answer(stream: TcpStream, memory: Arc<Memory>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        *memory.lines.lock().entry(line.trim_end().to_owned()).or_default() += 1;
        tokio::time::sleep(WORK).await;
        stream.write_all(line.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
