//! A broadcast that waits for slow members.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use trunkline_runtime::{Deadline, Message, Node, Recipient, clock};

use super::{Copies, Delivery, Fate, Inner, is};
use crate::roster::Seat;

/// How often a member that was slow is tried again. A mailbox does not tell when it has room: who
/// empties one would pay for that with every message.
const RETRY: Duration = Duration::from_millis(10);

/// The rest of a broadcast: waits until every member has the message, or time is up.
///
/// Whoever had room has the message before the future is first polled; the others are tried every
/// 10 ms, each apart from the rest, and miss it when time is up. It holds one copy of the message
/// and the members that still wait for it. Two broadcasts reach each member in their order if the
/// first is awaited before the second is begun.
///
/// It belongs to the thread that made it, and is not `Send`. Cancel-safe: when it is dropped, those
/// who still wait miss the message.
#[must_use = "members that are slow are only waited for while it is polled"]
pub struct Broadcast<M: Message> {
    group: Arc<Inner<M>>,
    copies: Copies<M>,
    slow: Vec<Arc<Seat<Recipient<M>>>>,
    delivery: Delivery,
    until: Instant,
    retry: Option<Deadline>,
}

// Nothing in it is ever pinned.
impl<M: Message> Unpin for Broadcast<M> {}

impl<M: Message<Answer = ()> + Clone> Broadcast<M> {
    pub(super) fn begin(
        group: &Arc<Inner<M>>,
        without: Option<&Node>,
        message: M,
        within: Duration,
    ) -> Self {
        let members = group.roster.list();
        let mut broadcast = Self {
            group: Arc::clone(group),
            copies: Copies::new(message),
            slow: Vec::new(),
            delivery: Delivery::default(),
            until: clock::after(within),
            retry: None,
        };
        for seat in members.iter().filter(|seat| !is(&seat.who, without)) {
            if broadcast.is_slow(seat) {
                broadcast.slow.push(Arc::clone(seat));
            }
        }
        broadcast
    }

    fn is_slow(&mut self, seat: &Seat<Recipient<M>>) -> bool {
        match self.group.deliver(seat, &mut self.copies) {
            Fate::Delivered => self.delivery.delivered += 1,
            Fate::Gone => self.delivery.gone += 1,
            Fate::Full => return true,
        }
        false
    }

    fn try_again(&mut self) {
        let mut slow = std::mem::take(&mut self.slow);
        slow.retain(|seat| self.is_slow(seat));
        self.slow = slow;
    }
}

impl<M: Message> Broadcast<M> {
    /// Those who still wait miss the message, and all is counted; once.
    fn finish(&mut self) -> Delivery {
        self.delivery.dropped += self.slow.drain(..).len() as u64;
        let delivery = std::mem::take(&mut self.delivery);
        self.group.totals.add(&delivery);
        delivery
    }
}

impl<M: Message<Answer = ()> + Clone> Future for Broadcast<M> {
    type Output = Delivery;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Delivery> {
        let this = &mut *self;
        let mut now = clock::now();
        while !this.slow.is_empty() && now < this.until {
            let next = this.until.min(now + RETRY);
            let retry = this.retry.get_or_insert_with(|| Deadline::at(next));
            ready!(Pin::new(&mut *retry).poll(cx));
            now = clock::now();
            retry.reset(this.until.min(now + RETRY));
            this.try_again();
        }
        Poll::Ready(this.finish())
    }
}

impl<M: Message> Drop for Broadcast<M> {
    fn drop(&mut self) {
        self.finish();
    }
}

impl<M: Message> fmt::Debug for Broadcast<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("slow", &self.slow.len()).finish_non_exhaustive()
    }
}
