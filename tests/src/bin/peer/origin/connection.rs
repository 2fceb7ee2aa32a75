//! One connection of an origin.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_tests::origin::Behaviour;

use super::Origin;
use super::request::Request;

/// Bytes read at once; small, since thousands of connections may hold one of these each.
const ROOM: usize = 4096;
/// The longest request.
const LONGEST: usize = 1024 * 1024;
/// Bodies up to here are sent in one write with their heads.
const SMALL: u64 = 16 * 1024;
/// What longer bodies are made of.
static CHUNK: [u8; 256 * 1024] = [b'x'; 256 * 1024];

/// Serves `stream` to its end.
pub(super) async fn serve(origin: Arc<Origin>, stream: TcpStream) {
    let nameless = Nameless { origin: Arc::clone(&origin), still: true };
    if let Err(error) = converse(&origin, stream, nameless).await {
        // A proxy that goes away is no news; a request that is not understood is.
        if !error.is::<io::Error>() {
            eprintln!("peer: {error:#}");
        }
    }
}

async fn converse(origin: &Origin, mut stream: TcpStream, mut nameless: Nameless) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut unread, mut answer) = (Vec::with_capacity(ROOM), Vec::new());
    let mut ids = Vec::new();
    while stream.read_buf(&mut unread).await? > 0 {
        let mut done = 0;
        let mut under_way = UnderWay { origin, requests: 0 };
        while let Some(request) = Request::read(&unread[done..], origin.log.is_some())? {
            done += request.length;
            under_way.add();
            let id: Vec<_> = request.id.map(str::to_owned).into_iter().collect();
            origin.record(&id, false)?;
            ids.extend(id);
            nameless.end();
            if origin.mute.load(Relaxed) {
                std::future::pending::<()>().await;
            }
            let behaviour = *origin.behaviour.lock();
            let status = match behaviour {
                Behaviour::Reset => return Ok(stream.set_zero_linger()?),
                Behaviour::Status(status) => status,
                Behaviour::Delay(0) => 200,
                Behaviour::Delay(millis) => {
                    tokio::time::sleep(Duration::from_millis(millis.into())).await;
                    200
                }
            };
            let body = request.wanted;
            answer.extend_from_slice(format!("HTTP/1.1 {status} x\r\n").as_bytes());
            answer.extend_from_slice(b"Content-Type: text/plain\r\n");
            answer.extend_from_slice(format!("Content-Length: {body}\r\n\r\n").as_bytes());
            if body <= SMALL {
                answer.extend(CHUNK.iter().take(usize::try_from(body)?));
            } else {
                stream.write_all(&answer).await?;
                answer.clear();
                send_body(&mut stream, body).await?;
            }
        }
        unread.drain(..done);
        ensure!(unread.len() <= LONGEST, "a request without an end");
        stream.write_all(&answer).await?;
        answer.clear();
        origin.record(&ids, true)?;
        ids.clear();
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

/// Counts a connection until it has sent a request.
struct Nameless {
    origin: Arc<Origin>,
    still: bool,
}

impl Nameless {
    fn end(&mut self) {
        if std::mem::take(&mut self.still) {
            self.origin.nameless.send_modify(|nameless| *nameless -= 1);
        }
    }
}

impl Drop for Nameless {
    fn drop(&mut self) {
        self.end();
    }
}

/// Counts requests until they are answered.
struct UnderWay<'a> {
    origin: &'a Origin,
    requests: u64,
}

impl UnderWay<'_> {
    fn add(&mut self) {
        self.requests += 1;
        self.origin.requests.fetch_add(1, Relaxed);
        let now = self.origin.under_way.fetch_add(1, Relaxed) + 1;
        self.origin.most.fetch_max(now, Relaxed);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.origin.under_way.fetch_sub(self.requests, Relaxed);
    }
}
