//! Forwarding: bytes between a client and a backend, both ways, until it ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use self::direction::{Direction, Ends, Settled, Turn};
pub(crate) use self::pipe::PIPES_PER_THREAD;
use crate::closed::{Closed, Ending, Moved};
use crate::idle::Idle;
use crate::scratch::with_scratch;
use crate::stream::Stream;

mod bulk;
pub(crate) mod direction;
mod pipe;

/// Moves bytes both ways between two streams until both have ended in order, one is cut off, or
/// nothing moves for the idle time-out.
///
/// - **Back-pressure**: while one side does not take what was read from the other, the other is
///   not read. At most 64 KiB are held per direction, or 1 MiB of the kernel's in a pipe, and
///   nothing while nothing is blocked.
/// - **Bulk**: between plain sockets, what comes in large pieces is moved by the kernel (splice),
///   as long as the thread has a pipe for it; all else is as with bytes that are copied. An idle
///   connection has no pipe.
/// - **Half-close**: the end of one stream is passed on after all its bytes, and the other
///   direction goes on.
/// - **Idle time-out**: an orderly end for a side that has taken all that was read for it, as any
///   proxy's; a reset would throw away what it has not read yet.
/// - **Reset**: a side that is cut off has the other aborted, so that neither takes a truncated
///   stream for a whole one. The same when the future is dropped before it is done. A side that
///   takes no more bytes may have answered before it went (a refusal of a large upload): what
///   it sent is still passed on first.
/// - **Fairness**: after a few reads in one poll, or one splice of a full pipe, it lets its
///   neighbours on the thread run.
#[derive(Debug)]
#[must_use = "a future does nothing unless polled"]
pub struct Forward {
    client: Stream,
    backend: Stream,
    to_backend: Direction,
    to_client: Direction,
    idle: Idle,
    done: bool,
}

impl Forward {
    /// Forwards between the two. `idle` ends it when nothing has moved either way for so long;
    /// without it there is no timer. To be made within the runtime that polls it.
    pub fn new(client: Stream, backend: Stream, idle: Option<Duration>) -> Self {
        Self {
            client,
            backend,
            to_backend: Direction::default(),
            to_client: Direction::default(),
            idle: Idle::new(idle),
            done: false,
        }
    }

    /// With bytes of the client that were read before.
    pub fn starting_with(mut self, first: &[u8]) -> Self {
        self.to_backend.preload(first);
        self
    }

    /// What it has moved so far.
    #[must_use]
    pub fn moved(&self) -> Moved {
        Moved { from_client: self.to_backend.written(), to_client: self.to_client.written() }
    }

    /// Bytes that were read from one side and that the other has not taken yet.
    #[must_use]
    pub fn held(&self) -> usize {
        self.to_backend.held() + self.to_client.held()
    }

    /// Everything that moves changes this.
    fn progress(&self) -> u64 {
        let directions = [&self.to_backend, &self.to_client];
        directions.map(|direction| direction.read() + direction.written()).iter().sum()
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> (Turn, Turn) {
        with_scratch(|scratch| {
            let ends = Ends::Two { from: &mut self.client, to: &mut self.backend };
            let to_backend = self.to_backend.poll(cx, ends, scratch);
            // Whoever is to be aborted must not see an orderly end just before.
            if let Turn::Settled(Settled::ReceiverLost(_)) = to_backend {
                self.to_client.silence();
            }
            let ends = Ends::Two { from: &mut self.backend, to: &mut self.client };
            let to_client = self.to_client.poll(cx, ends, scratch);
            if let Turn::Settled(Settled::ReceiverLost(_)) = to_client {
                self.to_backend.silence();
            }
            (to_backend, to_client)
        })
    }

    fn close(&mut self, ending: Ending) -> Poll<Closed> {
        match ending {
            Ending::Done => {}
            Ending::ClientReset | Ending::ClientVanished => self.backend.abort(),
            Ending::BackendReset | Ending::BackendVanished => self.client.abort(),
            Ending::IdleTimeout => {
                if self.to_backend.held() > 0 {
                    self.backend.abort();
                }
                if self.to_client.held() > 0 {
                    self.client.abort();
                }
            }
        }
        self.done = true;
        Poll::Ready(Closed { ending, moved: self.moved() })
    }
}

impl Future for Forward {
    type Output = Closed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let this = &mut *self;
        let before = this.progress();
        let (to_backend, to_client) = this.turn(cx);
        match (to_backend, to_client) {
            (Turn::Settled(Settled::SenderLost(loss)), _) => {
                return this.close(Ending::of_client(loss));
            }
            (_, Turn::Settled(Settled::SenderLost(loss))) => {
                return this.close(Ending::of_backend(loss));
            }
            (Turn::Settled(Settled::ReceiverLost(loss)), Turn::Settled(_)) => {
                return this.close(Ending::of_backend(loss));
            }
            (Turn::Settled(_), Turn::Settled(Settled::ReceiverLost(loss))) => {
                return this.close(Ending::of_client(loss));
            }
            (Turn::Settled(Settled::Ended), Turn::Settled(Settled::Ended)) => {
                return this.close(Ending::Done);
            }
            (Turn::Yielded, _) | (_, Turn::Yielded) => cx.waker().wake_by_ref(),
            (Turn::Waiting, _) | (_, Turn::Waiting) => {}
        }
        let active = this.progress() != before;
        match this.idle.poll(cx, active) {
            Poll::Ready(()) => this.close(Ending::IdleTimeout),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        if !self.done {
            self.client.abort();
            self.backend.abort();
        }
    }
}

#[cfg(test)]
mod tests;
