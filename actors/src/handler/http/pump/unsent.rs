//! What a stream has not taken yet.

use std::io;
use std::task::Poll;

use crate::spare::Lent;

/// Bytes that wait for a stream that is not ready for them.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    bytes: Lent,
    taken: usize,
}

impl Unsent {
    /// All of `bytes` is to be sent.
    pub(super) fn of(bytes: Lent) -> Self {
        Self { bytes, taken: 0 }
    }

    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// All of it, also what was taken.
    pub(super) fn into_whole(self) -> Lent {
        self.bytes
    }

    /// Nothing is to be sent any more.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.taken = 0;
    }

    /// Sends what waits; ready when that is nothing more. What was sent is kept until something else
    /// is to be sent.
    pub(super) fn poll(
        &mut self,
        mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            match write(&self.bytes[self.taken..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => self.taken += count,
                // It is kept: all of it may have to go elsewhere.
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sends `piece` behind what is kept, and keeps it as well.
    pub(super) fn append(
        &mut self,
        piece: &[u8],
        write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>,
    ) -> io::Result<()> {
        self.bytes.extend_from_slice(piece);
        match self.poll(write) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Ok(()),
        }
    }

    /// A copy of all of it, also of what was taken.
    pub(super) fn copy(&self) -> Lent {
        Lent::of(&self.bytes)
    }

    /// Sends `piece` behind nothing, and keeps what is not taken.
    pub(super) fn send(
        &mut self,
        piece: &[u8],
        mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>,
    ) -> io::Result<()> {
        self.clear();
        let mut taken = 0;
        while taken < piece.len() {
            match write(&piece[taken..]) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => taken += count,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => {
                    self.bytes = Lent::of(&piece[taken..]);
                    break;
                }
            }
        }
        Ok(())
    }
}
