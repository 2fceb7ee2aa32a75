//! A stream within the process, for tests: bounded buffers, half-close and reset as TCP has them,
//! no sockets, and it runs in virtual time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::Stream;

/// One end of a stream within the process.
#[derive(Debug)]
pub struct MemoryStream {
    io: DuplexStream,
    /// Said by either end; the other finds it when the drop wakes it.
    reset: Arc<AtomicBool>,
    local: SocketAddr,
    peer: SocketAddr,
}

/// Two ends of one stream; each holds up to `capacity` bytes on their way to it.
#[must_use]
pub fn pair(capacity: usize) -> (Stream, Stream) {
    let (near, far) = tokio::io::duplex(capacity);
    let reset = Arc::new(AtomicBool::new(false));
    let [local, peer] = [1, 2].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let end =
        |io, reset, local, peer| Stream::Memory(Box::new(MemoryStream { io, reset, local, peer }));
    (end(near, reset.clone(), local, peer), end(far, reset, peer, local))
}

impl MemoryStream {
    pub(super) fn abort(&mut self) {
        self.reset.store(true, SeqCst);
    }

    pub(super) fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn check_reset(&self) -> io::Result<()> {
        if self.reset.load(SeqCst) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for MemoryStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_reset()?;
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for MemoryStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_reset()?;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_reset()?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
