//! The HTTP origin: as cheap as it can be, since it shares the machine with what is measured.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use trunkline_tests::backend::Listening;
use trunkline_tests::origin::{OriginCounts, OriginPlan};

use crate::backend::listen;

/// Bytes read at once; small, since thousands of connections may hold one of these each.
const ROOM: usize = 4096;
/// The longest head.
const LONGEST_HEAD: usize = 64 * 1024;
/// Bodies up to here are sent in one write with their heads.
const SMALL: u64 = 16 * 1024;
/// What longer bodies are made of.
static CHUNK: [u8; 256 * 1024] = [b'x'; 256 * 1024];
/// How long accepting pauses after an error, which is nearly always a lack of descriptors.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Default)]
struct Seen {
    accepted: AtomicU64,
    requests: AtomicU64,
}

/// Serves until stdin closes.
pub(crate) async fn run(plan: OriginPlan, mut commands: mpsc::Receiver<String>) -> Result<()> {
    let listener =
        listen(plan.listen).with_context(|| format!("cannot listen on {}", plan.listen))?;
    let seen = Arc::new(Seen::default());
    crate::answer(&Listening { listening: listener.local_addr()? })?;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    seen.accepted.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(connection(stream, Arc::clone(&seen)));
                }
                Err(error) => {
                    eprintln!("peer: accept: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(command) = commands.recv() => {
                ensure!(command == "count", "{command:?} is no command: count");
                crate::answer(&OriginCounts {
                    accepted: seen.accepted.load(Ordering::Relaxed),
                    requests: seen.requests.load(Ordering::Relaxed),
                })?;
            }
        }
    }
}

async fn connection(stream: TcpStream, seen: Arc<Seen>) {
    if let Err(error) = serve(stream, &seen).await {
        // A proxy that goes away is no news; a request that is not understood is.
        if !error.is::<io::Error>() {
            eprintln!("peer: {error:#}");
        }
    }
}

async fn serve(mut stream: TcpStream, seen: &Seen) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut unread, mut answer) = (Vec::with_capacity(ROOM), Vec::new());
    while stream.read_buf(&mut unread).await? > 0 {
        let mut done = 0;
        while let Some(length) = head_length(&unread[done..]) {
            let body = wanted(&unread[done..])?;
            seen.requests.fetch_add(1, Ordering::Relaxed);
            answer.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n");
            answer.extend_from_slice(format!("Content-Length: {body}\r\n\r\n").as_bytes());
            if body <= SMALL {
                answer.extend(CHUNK.iter().take(usize::try_from(body)?));
            } else {
                stream.write_all(&answer).await?;
                answer.clear();
                send_body(&mut stream, body).await?;
            }
            done += length;
        }
        unread.drain(..done);
        ensure!(unread.len() <= LONGEST_HEAD, "a head without an end");
        stream.write_all(&answer).await?;
        answer.clear();
    }
    Ok(())
}

async fn send_body(stream: &mut TcpStream, body: u64) -> Result<()> {
    let mut left = body;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK.len());
        left -= stream.write(&CHUNK[..part]).await? as u64;
    }
    Ok(())
}

/// The length of the head that `bytes` begin with, if it is whole.
fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// How many bytes a head asks for: `GET /bytes/N HTTP/1.1`.
fn wanted(head: &[u8]) -> Result<u64> {
    let number = head.strip_prefix(b"GET /bytes/").unwrap_or_default();
    let end = number.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(number.len());
    match std::str::from_utf8(&number[..end])?.parse() {
        Ok(bytes) if number[end..].starts_with(b" HTTP/1.1\r\n") => Ok(bytes),
        _ => bail!("not a request that it knows: GET /bytes/N HTTP/1.1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_how_many_bytes_it_wants() -> Result<()> {
        let head = b"GET /bytes/128 HTTP/1.1\r\nHost: a\r\n\r\nGET";
        assert_eq!((wanted(head)?, head_length(head)), (128, Some(head.len() - 3)));
        assert_eq!(head_length(&head[..20]), None);
        Ok(())
    }

    #[test]
    fn another_request_is_not_understood() {
        for other in ["GET / HTTP/1.1\r\n", "GET /bytes/ HTTP/1.1\r\n", "GET /bytes/1 HTTP/1.0\r\n"]
        {
            assert!(wanted(other.as_bytes()).is_err(), "{other}");
        }
    }
}
