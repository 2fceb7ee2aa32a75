//! The bytes of a connection: what was read and not yet understood, what waits to be written.
//!
//! Reads go through the thread's scratch buffer and writes through a spare one, so that a
//! connection on which nothing is under way holds no buffer at all.

mod due;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use tokio::time::Instant;
use trunkline_runtime::Deadline;

use super::buffers::Buffers;
use super::quarantine::{Fingerprint, Quarantine};
use super::timers::Timers;
use crate::closed::Moved;
use crate::scratch::with_scratch;
use crate::stream::{Loss, Stream};

/// How much of what the peer still sends is read and thrown away at the end.
const LINGER_BYTES: usize = 1024 * 1024;

/// How far the peer's stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    Open,
    Ended,
}

/// A stream with its buffers and its timers.
pub(super) struct Link {
    stream: Stream,
    /// None while nothing is under way.
    buffers: Option<Box<Buffers>>,
    /// The codec may find a message in what there is.
    pub(super) readable: bool,
    pub(super) input: Input,
    /// Its end needs no reset.
    pub(super) orderly: bool,
    moved: Moved,
    timers: Timers,
    /// When it goes off, as the timers count, and the timer.
    alarm: Option<(u64, Deadline)>,
}

impl Link {
    /// `unread` is what was read of the stream already.
    pub(super) fn new(stream: Stream, unread: BytesMut, timers: Timers) -> Self {
        let received = unread.len() as u64;
        let buffers = (received > 0).then(|| {
            let mut buffers = Buffers::lend();
            buffers.unread = unread;
            buffers
        });
        let mut link = Self {
            stream,
            buffers,
            readable: received > 0,
            input: Input::Open,
            orderly: false,
            moved: Moved { from_client: received, to_client: 0 },
            alarm: None,
            timers,
        };
        link.arm();
        link
    }

    pub(super) fn local_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    pub(super) fn moved(&self) -> Moved {
        self.moved
    }

    pub(super) fn waiting(&self) -> usize {
        self.buffers.as_ref().map_or(0, |buffers| buffers.output.len())
    }

    /// Lets `encode` add a message to what is to be written: all of it, or nothing where it fails
    /// or panics, for half a message would be the beginning of a wrong one.
    pub(super) fn write<E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        let buffers = self.buffers.get_or_insert_with(Buffers::lend);
        let before = buffers.output.len();
        if before == 0 {
            self.timers.queued(Instant::now());
        }
        let Self { timers, .. } = self;
        let mut writing = Writing { output: &mut buffers.output, timers, before, whole: false };
        encode(writing.output)?;
        writing.whole = true;
        Ok(())
    }

    /// Writes until at most `left` bytes wait.
    pub(super) fn poll_flush(
        &mut self,
        task: &mut Context<'_>,
        left: usize,
    ) -> Poll<Result<(), Loss>> {
        while let Some(buffers) = &mut self.buffers
            && buffers.output.len() > left
        {
            let polled = self.stream.poll_write(task, &buffers.output);
            if polled.is_pending() {
                self.arm();
                return Poll::Pending;
            }
            let taken = ready!(polled).map_err(|error| Loss::of(&error))?;
            if taken == 0 {
                return Poll::Ready(Err(Loss::Reset));
            }
            self.moved.to_client += taken as u64;
            self.timers.sent(Instant::now());
            if taken == buffers.output.len() {
                // The whole of its room again, which `advance` would not give.
                buffers.output.clear();
                self.timers.flushed();
            } else {
                buffers.output.advance(taken);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what the peer takes at once. Whoever is woken by the stream is not changed by it for
    /// long: the connection asks again before it waits.
    pub(super) fn flush_now(&mut self) -> Result<(), Loss> {
        match self.poll_flush(&mut Context::from_waker(Waker::noop()), 0) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// Reads what there is, up to a message of `limit` bytes; 0 is the peer's end.
    pub(super) fn poll_fill(
        &mut self,
        task: &mut Context<'_>,
        limit: usize,
    ) -> Poll<Result<usize, Loss>> {
        let room = limit.saturating_sub(self.message_len()).max(1);
        let Self { stream, buffers, .. } = self;
        let polled = with_scratch(|scratch| {
            let room = room.min(scratch.len());
            let polled = stream.poll_read(task, &mut scratch[..room]);
            polled.map_ok(|read| {
                if read > 0 {
                    buffers.get_or_insert_with(Buffers::lend).received(&scratch[..read]);
                }
                read
            })
        });
        if polled.is_pending()
            && let Some(idle) = buffers.take_if(|buffers| buffers.are_idle())
        {
            idle.give_back();
        }
        let read = ready!(polled).map_err(|error| Loss::of(&error))?;
        self.readable = true;
        if read == 0 {
            self.input = Input::Ended;
        } else {
            self.moved.from_client += read as u64;
            self.timers.received(Instant::now());
        }
        Poll::Ready(Ok(read))
    }

    /// Lets the codec look at what there is. Says, besides, whether it took anything.
    pub(super) fn decode<I, E>(
        &mut self,
        look: impl FnOnce(&mut BytesMut, Input) -> Result<Option<I>, E>,
    ) -> (Result<Option<I>, E>, bool) {
        let buffers = self.buffers.get_or_insert_with(Buffers::lend);
        let before = buffers.unread.len();
        let result = look(&mut buffers.unread, self.input);
        let taken = before.saturating_sub(buffers.unread.len());
        let found = !matches!(result, Ok(None));
        self.readable = found;
        buffers.took(taken, found);
        (result, taken > 0)
    }

    /// Begins or ends the watch on what messages are made of.
    pub(super) fn watch(&mut self, quarantine: &Quarantine) {
        if let Some(buffers) = &mut self.buffers {
            buffers.watch(quarantine);
        }
    }

    /// The fingerprint of the message that was decoded just now, where that is known.
    pub(super) fn fingerprint(&mut self, quarantine: &Quarantine) -> Option<Fingerprint> {
        self.buffers.as_mut()?.fingerprint(quarantine)
    }

    /// How long the message is as far as it has come.
    pub(super) fn message_len(&self) -> usize {
        self.buffers.as_ref().map_or(0, |buffers| buffers.message_len())
    }

    /// Ends our direction after all that waits.
    pub(super) fn poll_shutdown(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Loss>> {
        ready!(self.poll_flush(task, 0))?;
        self.stream.poll_shutdown(task).map_err(|error| Loss::of(&error))
    }

    /// Reads on until the peer ends its own direction: closing a socket with unread input resets
    /// it, and would destroy what the peer has not read yet.
    pub(super) fn poll_linger(
        &mut self,
        task: &mut Context<'_>,
        discarded: &mut usize,
    ) -> Poll<()> {
        while self.input == Input::Open && *discarded < LINGER_BYTES {
            let Self { stream, .. } = self;
            match ready!(with_scratch(|scratch| stream.poll_read(task, scratch))) {
                Ok(0) | Err(_) => self.input = Input::Ended,
                Ok(read) => *discarded += read,
            }
        }
        Poll::Ready(())
    }

    /// Makes the end a reset.
    pub(super) fn abort(&mut self) {
        self.stream.abort();
    }

    /// The stream with what was read of it and is not understood yet. All output is written.
    pub(super) fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.buffers.map_or_else(BytesMut::new, |buffers| buffers.unread))
    }
}

/// A message that is being written.
struct Writing<'a> {
    output: &'a mut BytesMut,
    timers: &'a mut Timers,
    before: usize,
    whole: bool,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.whole {
            self.output.truncate(self.before);
        }
        if self.output.is_empty() {
            self.timers.flushed();
        }
    }
}
