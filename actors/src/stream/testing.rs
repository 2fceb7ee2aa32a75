//! Streams and peers for tests that run over TCP and in memory alike.

use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::task::Poll;
use std::time::Duration;

use super::Stream;
use super::memory;
use crate::socket::{ListenOptions, Listening, TcpOptions, connect};

/// What a test runs over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Transport {
    Tcp,
    Memory,
}

/// Makes each of these functions a test of its own over every transport.
macro_rules! over_every_transport {
    ($($name:ident)*) => {
        mod over_tcp {
            $(#[tokio::test] async fn $name() {
                super::$name($crate::stream::testing::Transport::Tcp).await;
            })*
        }
        mod over_memory {
            $(#[tokio::test] async fn $name() {
                super::$name($crate::stream::testing::Transport::Memory).await;
            })*
        }
    };
}
pub(crate) use over_every_transport;

impl Transport {
    /// A peer's end and ours.
    pub(crate) async fn pair(self) -> (Stream, Stream) {
        match self {
            Self::Tcp => tcp_pair().await,
            Self::Memory => memory::pair(1000),
        }
    }
}

async fn tcp_pair() -> (Stream, Stream) {
    let tcp = TcpOptions::default();
    let options = ListenOptions { backlog: 16, tcp };
    let listening =
        Listening::bind(([127, 0, 0, 1], 0).into(), NonZeroUsize::MIN, &options).unwrap();
    let accept = listening.accept_socket(0).unwrap();
    let peer = connect(&[listening.local_addr()], Duration::from_secs(60), &tcp).await.unwrap();
    let (ours, _) = poll_fn(|cx| accept.poll_accept(cx)).await.unwrap();
    (peer, ours)
}

pub(crate) async fn read(stream: &mut Stream, buffer: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| stream.poll_read(cx, buffer)).await
}

pub(crate) async fn write_all(stream: &mut Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = poll_fn(|cx| stream.poll_write(cx, bytes)).await?;
        bytes = &bytes[written..];
    }
    Ok(())
}

pub(crate) async fn shutdown(stream: &mut Stream) -> io::Result<()> {
    poll_fn(|cx| stream.poll_shutdown(cx)).await
}

/// All that comes before the end, and how it ended.
pub(crate) async fn read_to_end(stream: &mut Stream) -> (Vec<u8>, io::Result<()>) {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match read(stream, &mut buffer).await {
            Ok(0) => return (all, Ok(())),
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) => return (all, Err(error)),
        }
    }
}

/// A text that is different at every place, and for every seed.
pub(crate) fn pattern(seed: u64, place: u64) -> u8 {
    ((place ^ (seed << 40)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

/// One side of a conversation: what it sends and what it expects, and in what pieces.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    pub(crate) sends: u64,
    pub(crate) send_seed: u64,
    pub(crate) expects: u64,
    pub(crate) expect_seed: u64,
    /// Sizes of the writes and of the reads, in turn and from the beginning again.
    pub(crate) write_sizes: Vec<usize>,
    pub(crate) read_sizes: Vec<usize>,
}

impl Talk {
    /// Sends and reads at the same time until both are through, and checks every byte.
    pub(crate) async fn over(self, mut stream: Stream) {
        let (mut sent, mut received, mut writes, mut reads) = (0, 0, 0, 0);
        let (mut shut, mut ended) = (false, false);
        let largest = self.read_sizes.iter().copied().max().unwrap_or(1);
        let mut buffer = vec![0; largest];
        let mut chunk = Vec::new();
        poll_fn(|cx| {
            let mut moved = false;
            if !shut && sent == self.sends {
                if let Poll::Ready(result) = stream.poll_shutdown(cx) {
                    result.unwrap();
                    shut = true;
                }
            } else if !shut {
                if chunk.is_empty() {
                    let size = self.write_sizes[writes % self.write_sizes.len()] as u64;
                    let end = self.sends.min(sent + size);
                    chunk.extend((sent..end).map(|at| pattern(self.send_seed, at)));
                    writes += 1;
                }
                if let Poll::Ready(written) = stream.poll_write(cx, &chunk) {
                    let written = written.unwrap();
                    chunk.drain(..written);
                    sent += written as u64;
                    moved = true;
                }
            }
            if !ended {
                let size = self.read_sizes[reads % self.read_sizes.len()];
                if let Poll::Ready(read) = stream.poll_read(cx, &mut buffer[..size]) {
                    let read = read.unwrap();
                    for byte in &buffer[..read] {
                        assert_eq!(*byte, pattern(self.expect_seed, received), "at {received}");
                        received += 1;
                    }
                    reads += 1;
                    ended = read == 0;
                    moved = true;
                }
            }
            if shut && ended {
                return Poll::Ready(());
            }
            if moved {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await;
        assert_eq!(received, self.expects);
    }
}
