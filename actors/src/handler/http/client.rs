//! The client's stream, and what was read from it too early.

use std::io;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use crate::http::answer::OwnAnswer;
use crate::scratch::with_scratch;
use crate::spare::Lent;
use crate::stream::Stream;

/// How far the client has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// It waits for nothing.
    Idle,
    /// It waits for an answer that has not begun.
    Due,
    /// It has a part of an answer.
    Partly,
}

/// What the connection has of its client.
pub(super) struct Client {
    /// None once something else has taken it over.
    stream: Option<Stream>,
    /// Read and not yet used: the beginning of a head, or what came behind a request.
    pub(super) held: Vec<u8>,
    /// It has ended its side.
    pub(super) ended: bool,
    pub(super) answered: Answered,
}

impl Client {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream: Some(stream), held: Vec::new(), ended: false, answered: Answered::Idle }
    }

    fn stream(&mut self) -> io::Result<&mut Stream> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// The way to the client, for whoever waits in its place.
    pub(super) fn waits(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_read(cx, buffer)
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }

    /// Its drop will be a reset.
    pub(super) fn abort(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.abort();
        }
    }

    /// For something else to take over, with what was read from it too early.
    pub(super) fn take(&mut self) -> Option<(Stream, Vec<u8>)> {
        self.stream.take().map(|stream| (stream, std::mem::take(&mut self.held)))
    }

    /// Tells the client that its connection's actor has crashed: whatever can be said without
    /// waiting. Says whether it had asked for something that nobody has begun; that is held then.
    pub(super) fn own_up(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let mut cx = Context::from_waker(Waker::noop());
        let is_new = match self.answered {
            Answered::Partly => return false,
            Answered::Due => false,
            Answered::Idle => {
                // A request that has come by now is answered as well: its sender would wait for it.
                if self.held.is_empty() {
                    with_scratch(|scratch| {
                        if let Ok(count) = stream.read_now(scratch) {
                            self.held.extend_from_slice(&scratch[..count]);
                        }
                    });
                }
                if self.held.is_empty() {
                    return false;
                }
                true
            }
        };
        let mut answer = Lent::new();
        let crashed = OwnAnswer {
            status: 503,
            content_type: "text/plain; charset=utf-8",
            body: b"503 Service Unavailable: this connection's actor crashed\n",
            location: None,
            retry_after: None,
            head: false,
            connection: Some("close"),
        };
        crashed.write(SystemTime::now(), &mut answer);
        let _ = stream.poll_write(&mut cx, &answer);
        // Unread input would turn the end into a reset, and the answer might be lost with it.
        let _ = stream.poll_shutdown(&mut cx);
        let _ = with_scratch(|scratch| stream.read_now(scratch));
        is_new
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.answered == Answered::Partly {
            // Cut off by a crash, a kill or the end of the drain: no truncated answer may look whole.
            self.abort();
        }
    }
}
