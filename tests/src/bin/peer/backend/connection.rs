//! One connection of a backend.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_tests::backend::Mode;
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::ledger::BackendLine;

use super::Backend;

/// What a connection's first line begins with if it has a name.
const TOKEN: &[u8] = b"token ";
/// The longest first line that is looked at.
const LONGEST_TOKEN: usize = 256;
/// Bytes read at once; small, since ten thousand connections hold one of these each.
const CHUNK: usize = 4096;
/// The end of an HTTP/1.1 head.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Counts a connection as open, and as nameless until it has said its token or anything else.
struct Open {
    backend: Arc<Backend>,
    nameless: bool,
}

impl Open {
    fn named(&mut self) {
        if std::mem::take(&mut self.nameless) {
            self.backend.seen.send_modify(|seen| seen.nameless -= 1);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.named();
        self.backend.seen.send_modify(|seen| seen.open -= 1);
    }
}

/// Serves `stream` to its end.
pub(super) async fn serve(backend: Arc<Backend>, mut stream: TcpStream, peer: SocketAddr) {
    let mut open = Open { backend: backend.clone(), nameless: true };
    let served = match backend.mode {
        Mode::Echo => echo(&mut open, &mut stream, peer).await,
        Mode::Banner => match greet(&backend, &mut stream).await {
            Ok(()) => echo(&mut open, &mut stream, peer).await,
            Err(error) => Err(error),
        },
        Mode::Sink => sink(&mut open, &mut stream, peer).await,
        Mode::Http => http(&mut open, &mut stream).await,
    };
    if let Err(error) = served {
        // A client that goes away is no news: tests make thousands of them. Anything else is a
        // broken backend.
        if !error.is::<io::Error>() {
            eprintln!("peer: {peer}: {error:#}");
        }
    }
}

async fn greet(backend: &Backend, stream: &mut TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    reply(backend, stream, format!("{}\n", backend.name).as_bytes()).await
}

async fn echo(open: &mut Open, stream: &mut TcpStream, peer: SocketAddr) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut first = first_line(open, stream, peer).await?;
    reply(&open.backend, stream, &first).await?;
    // From here on only for its space.
    first.resize(CHUNK, 0);
    loop {
        match stream.read(&mut first).await? {
            0 => break,
            read => reply(&open.backend, stream, &first[..read]).await?,
        }
    }
    Ok(stream.shutdown().await?)
}

async fn sink(open: &mut Open, stream: &mut TcpStream, peer: SocketAddr) -> Result<()> {
    let mut buffer = first_line(open, stream, peer).await?;
    buffer.resize(CHUNK, 0);
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// Answers heads, also pipelined ones. Request bodies are not understood.
async fn http(open: &mut Open, stream: &mut TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let name = &open.backend.name;
    let length = name.len() + 1;
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{name}\n").into_bytes();
    open.named();
    let mut buffer = vec![0; CHUNK];
    let mut matched = 0;
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let mut answers = Vec::new();
        for byte in &buffer[..read] {
            matched =
                if *byte == HEAD_END[matched] { matched + 1 } else { usize::from(*byte == b'\r') };
            if matched == HEAD_END.len() {
                answers.extend_from_slice(&answer);
                matched = 0;
            }
        }
        reply(&open.backend, stream, &answers).await?;
    }
}

/// Reads the first bytes; if they begin with a token, the whole token, which is recorded before
/// anybody answers.
async fn first_line(open: &mut Open, stream: &mut TcpStream, peer: SocketAddr) -> Result<Vec<u8>> {
    let mut first = Vec::with_capacity(CHUNK);
    while stream.read_buf(&mut first).await? > 0 {
        let compared = first.len().min(TOKEN.len());
        if first[..compared] != TOKEN[..compared] {
            break;
        }
        if let Some(end) = first.iter().position(|byte| *byte == b'\n') {
            let token = String::from_utf8_lossy(&first[TOKEN.len()..end]).into_owned();
            let at_nanos = monotonic_nanos();
            open.backend.record(&BackendLine::Token { at_nanos, peer, token })?;
            break;
        }
        if first.len() > LONGEST_TOKEN {
            break;
        }
    }
    open.named();
    Ok(first)
}

/// Sends `bytes`, unless the backend is mute: then the connection hangs until somebody ends it.
async fn reply(backend: &Backend, stream: &mut TcpStream, bytes: &[u8]) -> Result<()> {
    if backend.mute.load(Ordering::Acquire) {
        std::future::pending::<()>().await;
    }
    Ok(stream.write_all(bytes).await?)
}
