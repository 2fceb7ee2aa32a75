//! One direction of a byte pump.

use std::io;
use std::task::{Context, Poll, ready};

use super::bulk::Bulk;
use super::pipe::{FillError, PIPE_SIZE, Pipe};
use crate::scratch::SCRATCH_SIZE;
use crate::stream::{Loss, Stream};

/// Reads in one turn, each of at most the scratch buffer; then the neighbours on the thread are
/// served.
pub(crate) const READS_PER_TURN: u32 = 4;

/// A turn that has read this much is over. Only a splice can bring more: it takes a whole pipe at
/// once, which costs the processor about what copying two turns does, since smaller pieces wake
/// both peers more often, and that is most of the price.
const TURN_SIZE: usize = READS_PER_TURN as usize * SCRATCH_SIZE;

/// Bytes on their way from one stream to another, or back into the same.
///
/// While a rest waits for the receiver nothing is read: the sender is held back by its own
/// window, and no more than one read is ever held here: in memory up to 64 KiB, or in a pipe up
/// to [`PIPE_SIZE`]. A pipe is lent as the scratch buffer is, for one read, and longer only
/// while the receiver is blocked.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    phase: Phase,
    silent: bool,
    bulk: Bulk,
    /// What a blocked write left over, from when it blocks until it is flushed.
    rest: Option<Box<Rest>>,
    read: u64,
    written: u64,
}

/// Where bytes wait for the receiver.
#[derive(Debug)]
enum Rest {
    /// Its last `read - written` bytes are still to be written.
    Copied(Box<[u8]>),
    Piped(Pipe),
}

/// The streams that a direction connects.
#[derive(Debug)]
pub(crate) enum Ends<'a> {
    /// From one to another.
    Two { from: &'a mut Stream, to: &'a mut Stream },
    /// Back to where it came from.
    Same(&'a mut Stream),
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A stream wakes the task when there is more to do.
    Waiting,
    /// There may be more to do, but the neighbours come first.
    Yielded,
    /// The direction is at its end.
    Settled(Settled),
}

/// How a direction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The sender ended its stream, and all its bytes were passed on.
    Ended,
    /// The sender failed.
    SenderLost(Loss),
    /// The receiver failed.
    ReceiverLost(Loss),
}

#[derive(Debug, Clone, Copy, Default)]
enum Phase {
    #[default]
    Open,
    /// The sender has ended; the receiver has not been told yet.
    Ending,
    Settled(Settled),
}

impl Ends<'_> {
    fn from(&mut self) -> &mut Stream {
        match self {
            Self::Two { from, .. } => from,
            Self::Same(stream) => stream,
        }
    }

    fn to(&mut self) -> &mut Stream {
        match self {
            Self::Two { to, .. } => to,
            Self::Same(stream) => stream,
        }
    }
}

impl Direction {
    /// Moves what can be moved, by way of `scratch`.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut ends: Ends<'_>,
        scratch: &mut [u8],
    ) -> Turn {
        let end = self.read + TURN_SIZE as u64;
        for _ in 0..READS_PER_TURN {
            match self.step(cx, &mut ends, scratch) {
                Poll::Pending => return Turn::Waiting,
                Poll::Ready(Ok(())) if self.read >= end => return Turn::Yielded,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(settled)) => {
                    self.phase = Phase::Settled(settled);
                    self.rest = None;
                    return Turn::Settled(settled);
                }
            }
        }
        Turn::Yielded
    }

    /// Begins with bytes that were read elsewhere.
    pub(crate) fn preload(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.read = bytes.len() as u64;
            self.rest = Some(Box::new(Rest::Copied(bytes.into())));
        }
    }

    /// The receiver is not to be told when the sender ends: it will be aborted.
    pub(crate) fn silence(&mut self) {
        self.silent = true;
    }

    /// Bytes read so far.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// Bytes that the receiver has taken so far.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Bytes that wait for the receiver.
    pub(crate) fn held(&self) -> usize {
        self.rest.as_ref().map_or(0, |_| self.unwritten())
    }

    /// Flushes, then makes one read or passes on the end. `Err` is the end of the direction.
    fn step(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_>,
        scratch: &mut [u8],
    ) -> Poll<Result<(), Settled>> {
        if let Some(rest) = self.rest.take() {
            ready!(self.flush(cx, ends.to(), rest))?;
        }
        match self.phase {
            Phase::Open => {
                let read = match self.splice(cx, ends) {
                    Some(spliced) => ready!(spliced)?,
                    None => ready!(self.copy(cx, ends, scratch))?,
                };
                if read == 0 {
                    self.phase = Phase::Ending;
                }
                Poll::Ready(Ok(()))
            }
            Phase::Ending => {
                if !self.silent {
                    ready!(ends.to().poll_shutdown(cx)).map_err(receiver_lost)?;
                }
                Poll::Ready(Err(Settled::Ended))
            }
            Phase::Settled(settled) => Poll::Ready(Err(settled)),
        }
    }

    /// Reads once into `scratch` and writes what it was. How much it was; 0 is the end.
    fn copy(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_>,
        scratch: &mut [u8],
    ) -> Poll<Result<usize, Settled>> {
        let read = ready!(ends.from().poll_read(cx, scratch)).map_err(sender_lost)?;
        self.read += read as u64;
        self.bulk.note(read);
        let bytes = &scratch[..read];
        if self.write(cx, ends.to(), bytes)?.is_pending() {
            let rest = &bytes[read - self.unwritten()..];
            self.rest = Some(Box::new(Rest::Copied(rest.into())));
        }
        Poll::Ready(Ok(read))
    }

    /// The same by way of a pipe. None where the bytes are to be copied; nothing was read then.
    fn splice(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_>,
    ) -> Option<Poll<Result<usize, Settled>>> {
        if !self.bulk.is_on() {
            return None;
        }
        let Ends::Two { from, to } = ends else { return None };
        let (tcp, _) = from.plain().zip(to.plain())?;
        let Some(mut pipe) = Pipe::lend() else {
            self.bulk.forget();
            return None;
        };
        let read = match pipe.poll_fill(cx, tcp, PIPE_SIZE) {
            Poll::Pending => return Some(Poll::Pending),
            Poll::Ready(Ok(read)) => read,
            Poll::Ready(Err(FillError::Socket(error))) => {
                return Some(Poll::Ready(Err(sender_lost(error))));
            }
            Poll::Ready(Err(FillError::Unable)) => {
                self.bulk.forget();
                return None;
            }
        };
        self.read += read as u64;
        self.bulk.note(read);
        match self.drain(cx, to, &mut pipe) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(settled)) => return Some(Poll::Ready(Err(settled))),
            Poll::Pending => self.rest = Some(Box::new(Rest::Piped(pipe))),
        }
        Some(Poll::Ready(Ok(read)))
    }

    /// Writes what a blocked write has left over; what is still left is kept.
    fn flush(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut Stream,
        mut rest: Box<Rest>,
    ) -> Poll<Result<(), Settled>> {
        let flushed = match &mut *rest {
            Rest::Copied(bytes) => {
                let taken = bytes.len() - self.unwritten();
                self.write(cx, to, &bytes[taken..])
            }
            Rest::Piped(pipe) => self.drain(cx, to, pipe),
        };
        if flushed.is_pending() {
            self.rest = Some(rest);
        }
        flushed
    }

    /// Empties `pipe`, until the receiver blocks or fails.
    fn drain(
        &mut self,
        cx: &mut Context<'_>,
        to: &Stream,
        pipe: &mut Pipe,
    ) -> Poll<Result<(), Settled>> {
        while pipe.held() > 0 {
            let taken = match to.plain() {
                Some(tcp) => ready!(pipe.poll_drain(cx, tcp)).map_err(receiver_lost)?,
                None => 0,
            };
            if taken == 0 {
                return Poll::Ready(Err(Settled::ReceiverLost(Loss::Reset)));
            }
            self.written += taken as u64;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes until all of `bytes` is taken, or the receiver blocks or fails.
    fn write(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut Stream,
        mut bytes: &[u8],
    ) -> Poll<Result<(), Settled>> {
        while !bytes.is_empty() {
            let taken = ready!(to.poll_write(cx, bytes)).map_err(receiver_lost)?;
            if taken == 0 {
                return Poll::Ready(Err(Settled::ReceiverLost(Loss::Reset)));
            }
            self.written += taken as u64;
            bytes = &bytes[taken..];
        }
        Poll::Ready(Ok(()))
    }

    fn unwritten(&self) -> usize {
        // At most one read, whose size was one.
        (self.read - self.written) as usize
    }
}

fn sender_lost(error: io::Error) -> Settled {
    Settled::SenderLost(Loss::of(&error))
}

fn receiver_lost(error: io::Error) -> Settled {
    Settled::ReceiverLost(Loss::of(&error))
}
