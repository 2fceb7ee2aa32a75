//! An echo of lines without anything around it: what a plain task with a codec costs.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use anyhow::{Context, Result, anyhow};
use futures_util::{SinkExt, StreamExt};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
use trunkline_tests::backend::Listening;
use trunkline_tests::plain_echo::PlainEchoPlan;

/// Connections that the kernel may complete for a worker before they are accepted.
const BACKLOG: i32 = 4096;

/// Serves until stdin closes, or a worker fails.
pub(crate) fn run(plan: &PlainEchoPlan) -> Result<()> {
    // The first finds the port that the others share.
    let first = listen(plan.listen).with_context(|| format!("cannot listen on {}", plan.listen))?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..plan.workers.get() {
        listeners.push(listen(address)?);
    }
    let mut workers = Vec::new();
    for (number, listener) in listeners.into_iter().enumerate() {
        let worker = thread::Builder::new().name(format!("plain-w{number}"));
        workers.push(worker.spawn(move || serve(listener))?);
    }
    crate::answer(&Listening { listening: address })?;
    for worker in workers {
        worker.join().map_err(|_| anyhow!("a worker has crashed"))??;
    }
    Ok(())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn serve(listener: TcpListener) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await.context("cannot accept")?;
            stream.set_nodelay(true)?;
            tokio::task::spawn_local(async move {
                // A client that goes away in the middle is the client's business.
                let _ended = echo(stream).await;
            });
        }
    })
}

async fn echo(stream: TcpStream) -> Result<(), LinesCodecError> {
    let mut framed = Framed::new(stream, LinesCodec::new());
    while let Some(line) = framed.next().await {
        framed.send(line?).await?;
    }
    Ok(())
}
