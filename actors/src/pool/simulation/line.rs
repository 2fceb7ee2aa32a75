//! Who waits, and what is checked of them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::leases::Verdict;
use super::requests::Request;
use super::world::{Event, World};
use crate::pool::{NoBackend, Ticket};

/// How many in front are looked at when a place is free; whoever stands behind them may have to wait
/// although a place is free that none of those may take.
const LOOKED_AT: usize = 16;

/// A request in the queue.
pub(super) struct Waiter {
    number: u64,
    ticket: Ticket,
    request: Request,
}

impl World {
    /// It has got a ticket.
    pub(super) fn waits(&mut self, ticket: Ticket, request: Request) {
        let most = self.settings.limits.queue as usize;
        assert!(self.line.len() < most, "more than {most} wait");
        assert_eq!(ticket.within, self.settings.limits.queue_timeout);
        let number = self.number();
        self.tell(|_| format!("waiter {number}: {request:?}"));
        self.after(ticket.within, Event::Expires(number));
        self.line.push_back(Waiter { number, ticket, request });
        self.seen.count("queued");
        self.serve_line(true);
    }

    /// It has waited long enough.
    pub(super) fn expires(&mut self, number: u64) {
        let Some(place) = self.line.iter().position(|waiter| waiter.number == number) else {
            return;
        };
        self.seen.count("expired");
        if let Some(Waiter { request, ticket, .. }) = self.line.remove(place) {
            drop(ticket);
            self.finish(&request);
        }
    }

    /// Serves those who have got something. `served` says that the pool has just looked at them.
    pub(super) fn serve_line(&mut self, mut served: bool) {
        loop {
            let refused = self.take_answers();
            if served {
                self.nobody_waits_for_nothing();
            }
            if refused.is_empty() {
                return;
            }
            for (refusal, request) in refused {
                self.refused(refusal, request);
            }
            served = false;
        }
    }

    /// Takes out what those who wait have got: the leases begin, the refusals are returned.
    pub(super) fn take_answers(&mut self) -> Vec<(NoBackend, Request)> {
        // A few clients go away without asking whether they have got anything.
        let rng = &mut self.rng;
        let (line, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.line).into_iter().partition(|_| rng.u8(..) > 0);
        // What they had got was taken when others were answered, and is not to be seen any more.
        self.blind |= !gone.is_empty();
        let gone: Vec<_> = gone.into_iter().map(|waiter| waiter.request).collect();
        for request in &gone {
            self.finish(request);
        }
        let (mut answered, mut waiting) = (Vec::new(), VecDeque::new());
        let mut cx = Context::from_waker(Waker::noop());
        for mut waiter in line {
            match Pin::new(&mut waiter.ticket).poll(&mut cx) {
                Poll::Pending => waiting.push_back(waiter),
                Poll::Ready(Err(refusal)) => answered.push((waiter, Err(refusal))),
                Poll::Ready(Ok(lease)) => {
                    let same = |other: &&Waiter| other.request.excluded == waiter.request.excluded;
                    if let Some(first) = waiting.iter().find(same) {
                        panic!("{} is served before {}", waiter.number, first.number);
                    }
                    answered.push((waiter, Ok(lease)));
                }
            }
        }
        self.line = waiting;
        let mut refused = Vec::new();
        for (waiter, answer) in answered {
            let number = waiter.number;
            match answer {
                Ok(lease) => {
                    self.tell(|_| format!("waiter {number} has a lease"));
                    self.leased(lease, waiter.request);
                }
                Err(refusal) => {
                    let wrong = self.wrong_refusal(refusal, &waiter.request, false);
                    refused.push((refusal, waiter.request, wrong));
                }
            }
        }
        for (refusal, request, wrong) in &refused {
            // One of those behind may have been served before it was refused.
            let wrong = wrong.as_ref().and_then(|_| self.wrong_refusal(*refusal, request, false));
            assert_eq!(wrong, None, "a refusal of who waited");
        }
        refused.into_iter().map(|(refusal, request, _)| (refusal, request)).collect()
    }

    fn nobody_waits_for_nothing(&self) {
        if self.blind {
            return;
        }
        let sight = self.sight();
        for waiter in self.line.iter().take(LOOKED_AT) {
            let number = waiter.number;
            match self.verdict(&sight, &waiter.request.excluded) {
                Verdict::Full => {}
                Verdict::Free(free) => panic!("{number} waits though {free:?} have a place"),
                Verdict::Nobody => panic!("{number} waits though nobody can serve it"),
            }
        }
    }
}
