//! The transport of a connection: one enum, so that nothing else need know what it runs over.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

#[cfg(any(test, feature = "test-stream"))]
use self::memory::MemoryStream;

#[cfg(any(test, feature = "test-stream"))]
pub mod memory;

/// A stream of bytes in both directions.
///
/// Reads go into a buffer of the caller's, so that a stream that is idle owns none.
#[derive(Debug)]
pub enum Stream {
    /// TCP as it comes.
    Plain(TcpStream),
    /// One end of a stream within the process, for tests; boxed, to leave the enum its size.
    #[cfg(any(test, feature = "test-stream"))]
    Memory(Box<MemoryStream>),
}

/// How a stream failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The peer cut it off.
    Reset,
    /// The peer was not heard of any more: `TCP_USER_TIMEOUT`, keep-alive or the network.
    Vanished,
}

impl Loss {
    /// Sorts the error of a read, a write or a shutdown.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        use rustix::io::Errno;
        match Errno::from_io_error(error) {
            Some(Errno::TIMEDOUT | Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::HOSTDOWN) => {
                Self::Vanished
            }
            // ECONNRESET, EPIPE and ENOTCONN are the usual ones; whatever else ends a stream
            // that had been established is no silence.
            Some(_) | None => Self::Reset,
        }
    }
}

impl Stream {
    /// Reads what there is into `buffer` and says how much; 0 is the peer's end of its stream.
    /// Must be polled again until it is pending before a wake-up can be relied on. After a read
    /// shorter than `buffer` that next poll costs no system call.
    ///
    /// # Errors
    /// Whatever ended the stream; see [`Loss::of`].
    pub fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let polled = match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, &mut buffer),
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(memory) => Pin::new(memory).poll_read(cx, &mut buffer),
        };
        polled.map_ok(|()| buffer.filled().len())
    }

    /// Reads what the kernel holds by now, also where this thread was not told of it yet. Nobody is
    /// woken when more comes: it is for last words.
    ///
    /// # Errors
    /// As the system has them; `WouldBlock` where there is nothing.
    pub(crate) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => (&*SockRef::from(&*tcp)).read(buffer),
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(_) => {
                match self.poll_read(&mut Context::from_waker(std::task::Waker::noop()), buffer) {
                    Poll::Ready(read) => read,
                    Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
                }
            }
        }
    }

    /// Writes from `bytes` and says how much was taken.
    ///
    /// # Errors
    /// Whatever ended the stream; see [`Loss::of`].
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(memory) => Pin::new(memory).poll_write(cx, bytes),
        }
    }

    /// Ends our direction, after all that was written; the other stays open.
    ///
    /// # Errors
    /// Whatever ended the stream; see [`Loss::of`].
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(memory) => Pin::new(memory).poll_shutdown(cx),
        }
    }

    /// Waits until the peer has cut the connection off, or was not heard of any more. Reads nothing,
    /// and does not notice an end in order. It takes the error away: reads and writes may not have it.
    ///
    /// # Cancel safety
    /// It may be dropped at any time.
    pub(crate) async fn cut_off(&self) -> Loss {
        match self {
            Self::Plain(tcp) => loop {
                if let Err(error) = tcp.ready(Interest::ERROR).await {
                    return Loss::of(&error);
                }
                let taken = tcp.try_io(Interest::ERROR, || match tcp.take_error()? {
                    Some(error) => Ok(error),
                    None => Err(io::ErrorKind::WouldBlock.into()),
                });
                match taken {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Ok(error) | Err(error) => return Loss::of(&error),
                }
            },
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(_) => std::future::pending().await,
        }
    }

    /// Makes its drop a reset, so that the peer learns that this was no orderly end. What was
    /// written and not yet sent is lost.
    pub fn abort(&mut self) {
        match self {
            Self::Plain(tcp) => {
                // It fails only on a descriptor that is no socket, and then there is no peer.
                let _ = SockRef::from(&*tcp).set_linger(Some(Duration::ZERO));
            }
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(memory) => memory.abort(),
        }
    }

    /// The address of the peer.
    ///
    /// # Errors
    /// When the peer has already reset the connection.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(tcp) => tcp.peer_addr(),
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(memory) => Ok(memory.peer_addr()),
        }
    }

    /// Our own address.
    ///
    /// # Errors
    /// Whatever the kernel says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(tcp) => tcp.local_addr(),
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(memory) => Ok(memory.local_addr()),
        }
    }

    /// The bare socket, where the bytes on it are the bytes of the stream: what the kernel can
    /// move by itself.
    #[must_use]
    pub fn plain(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(tcp) => Some(tcp),
            #[cfg(any(test, feature = "test-stream"))]
            Self::Memory(_) => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
