//! Raw echo: every byte back to the client, until it ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::closed::{Closed, Ending, Moved};
use crate::forward::direction::{Direction, Ends, Settled, Turn};
use crate::idle::Idle;
use crate::scratch::with_scratch;
use crate::stream::Stream;

/// Sends every byte back to where it came from, with the back-pressure, the half-close and the
/// fairness of [`Forward`](crate::forward::Forward).
#[derive(Debug)]
#[must_use = "a future does nothing unless polled"]
pub struct Echo {
    client: Stream,
    back: Direction,
    idle: Idle,
}

impl Echo {
    /// Echoes `client`. `idle` ends it when nothing has moved for so long; without it there is no
    /// timer. To be made within the runtime that polls it.
    pub fn new(client: Stream, idle: Option<Duration>) -> Self {
        Self { client, back: Direction::default(), idle: Idle::new(idle) }
    }

    /// What it has moved so far.
    #[must_use]
    pub fn moved(&self) -> Moved {
        Moved { from_client: self.back.read(), to_client: self.back.written() }
    }

    fn closed(&self, ending: Ending) -> Poll<Closed> {
        Poll::Ready(Closed { ending, moved: self.moved() })
    }
}

impl Future for Echo {
    type Output = Closed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let this = &mut *self;
        let before = this.moved();
        let ends = Ends::Same(&mut this.client);
        match with_scratch(|scratch| this.back.poll(cx, ends, scratch)) {
            Turn::Settled(Settled::Ended) => return this.closed(Ending::Done),
            Turn::Settled(Settled::SenderLost(loss) | Settled::ReceiverLost(loss)) => {
                return this.closed(Ending::of_client(loss));
            }
            Turn::Yielded => cx.waker().wake_by_ref(),
            Turn::Waiting => {}
        }
        let active = this.moved() != before;
        match this.idle.poll(cx, active) {
            Poll::Ready(()) => this.closed(Ending::IdleTimeout),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
