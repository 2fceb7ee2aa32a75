//! A try with one backend, and with a second one where the first takes too long.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Site;
use super::begun::put_span;
use super::conversation::Conversation;
use super::fault::Fault;
use super::pump::{End, Pump};
use super::rival::{Rival, second};
use crate::backend::lease::Lease;
use crate::metrics::Again;

/// A try with a backend. The second one is polled here as well: whatever ends the request ends both.
pub(super) struct Race {
    pump: Pump,
    lease: Lease,
    /// Its connection has served before.
    reused: bool,
    rival: Option<Pin<Box<dyn Future<Output = Option<Rival>>>>>,
    /// How the first one has failed, while the second is still asked.
    lost: Option<Fault>,
    /// When the one that is listened to was sent the request.
    at: Instant,
}

impl Race {
    pub(super) fn new(pump: Pump, lease: Lease, reused: bool, at: Instant) -> Self {
        Self { pump, lease, reused, rival: None, lost: None, at }
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
    ) -> Poll<End> {
        loop {
            if self.lost.is_none() {
                if let Poll::Ready(end) = self.pump.poll(cx, conversation) {
                    match self.ended(end, conversation) {
                        Some(end) => return Poll::Ready(end),
                        None => continue,
                    }
                }
                if !self.pump.may_go_again() {
                    // The client has got something from this one.
                    self.rival = None;
                }
            } else if let Poll::Ready(end) = self.pump.poll_client(cx, conversation) {
                return Poll::Ready(end);
            }
            let Some(rival) = &mut self.rival else {
                // Both have failed, or there is only one.
                let Some(fault) = self.lost.take() else { return Poll::Pending };
                match self.fails(fault) {
                    Some(end) => return Poll::Ready(end),
                    None => continue,
                }
            };
            let second = ready!(rival.as_mut().poll(cx));
            self.rival = None;
            if let Some(rival) = second {
                self.overtake(rival, conversation);
            }
        }
    }

    /// What is left of the one that was listened to. Nobody else is asked any more.
    pub(super) fn into_parts(self) -> (Pump, Lease) {
        (self.pump, self.lease)
    }

    /// Tells the backend what the end of the try says of it.
    pub(super) fn report(&mut self, end: &End, site: &Site) {
        let well = match end {
            End::Whole | End::Switched | End::Left(_) => self.has_answered_well(),
            End::Fault(fault) | End::Again(fault, _) => self.blames(*fault),
            End::Unwanted(_) | End::Slow => None,
        };
        if let Some(well) = well {
            let account = &self.pump.begun().account;
            let first_byte = account.first_byte_at().unwrap_or_else(Instant::now);
            let took = self.took(first_byte);
            site.report(&mut self.lease, well, took, self.at);
        }
    }

    fn has_answered_well(&mut self) -> Option<bool> {
        let exchange = &self.pump.begun().exchange;
        exchange.answer_has_begun().then(|| exchange.status() < 500)
    }

    /// Whether the backend has done well all the same; nothing if the fault does not tell.
    fn blames(&mut self, fault: Fault) -> Option<bool> {
        match fault {
            // That a connection was stale says nothing about its backend.
            Fault::BackendLost(_) if self.is_stale(fault) => None,
            Fault::SlowBackend if self.pump.waits_for_client() => self.has_answered_well(),
            Fault::BackendLost(_)
            | Fault::Answer(_)
            | Fault::FirstByte
            | Fault::TryTimeout
            | Fault::SlowBackend => Some(false),
            Fault::Unwanted(status) => Some(status < 500),
            Fault::Request(_)
            | Fault::SlowHead
            | Fault::SlowBody
            | Fault::SlowReader
            | Fault::ClientLost(_)
            | Fault::NoRoute
            | Fault::Unreached(_)
            | Fault::Deadline => self.has_answered_well(),
        }
    }

    /// The connection had been kept too long.
    fn is_stale(&self, fault: Fault) -> bool {
        self.reused && matches!(fault, Fault::BackendLost(_)) && self.pump.is_unheard()
    }

    /// How long the backend took until `then`. The time in which the client sent its body is not its.
    fn took(&mut self, then: Instant) -> Duration {
        let sent = self.pump.begun().account.sent_at().filter(|sent| *sent <= then);
        then.saturating_duration_since(sent.map_or(self.at, |sent| sent.max(self.at)))
    }

    /// What the end of the first one means; nothing where it goes on.
    fn ended(&mut self, end: End, conversation: &Conversation) -> Option<End> {
        match end {
            End::Slow => {
                self.challenge(&conversation.site);
                None
            }
            End::Unwanted(status) => self.loses(Fault::Unwanted(status)),
            End::Fault(fault) if fault.may_be_retried() => self.loses(fault),
            end @ (End::Whole | End::Switched | End::Again(..) | End::Left(_) | End::Fault(_)) => {
                Some(end)
            }
        }
    }

    /// The first one has failed: the second is waited for, if there is one.
    fn loses(&mut self, fault: Fault) -> Option<End> {
        // Whatever the client has got, it got from this one.
        if self.rival.is_some() && self.pump.may_go_again() {
            self.lost = Some(fault);
            return None;
        }
        self.fails(fault)
    }

    /// It has failed before a byte of the answer has reached the client; nothing where what it has
    /// answered is passed on after all.
    fn fails(&mut self, fault: Fault) -> Option<End> {
        let (lost, unheard) = (matches!(fault, Fault::BackendLost(_)), self.pump.is_unheard());
        let stale = self.is_stale(fault);
        let again = if !self.pump.may_go_again() {
            // Not all of it was kept: its rest would be taken for a request.
            false
        } else if stale {
            self.lease.pool().may_repeat(Again::Stale)
        } else {
            // One that has begun to answer has carried it out, if only to break down behind that.
            (unheard || !lost) && self.pump.begun().goes_again(&self.lease)
        };
        match (again, fault) {
            (true, _) => Some(End::Again(fault, stale)),
            (false, Fault::Unwanted(_)) => {
                self.pump.accept();
                None
            }
            (false, _) => Some(End::Fault(fault)),
        }
    }

    /// Asks a second backend, if one can be had at once and the budget allows.
    fn challenge(&mut self, site: &Arc<Site>) {
        let Some(mut request) = self.pump.waiting() else { return };
        let attempts = self.lease.pool().current().settings().attempts.get();
        let begun = self.pump.begun();
        if self.rival.is_some() || begun.account.tried() >= attempts {
            return;
        }
        let Some(upstream) = &begun.upstream else { return };
        if upstream.asked.sticky == Some(self.lease.backend().tag()) {
            // Nobody else knows the client: another one's answer is quick and wrong.
            return;
        }
        let mut asked = upstream.asked.clone();
        asked.excluded.push(self.lease.backend().id());
        asked.sticky = None;
        let until = begun.waits_since.unwrap_or_else(Instant::now) + site.times.first_byte;
        let until = begun.deadline.map_or(until, |deadline| deadline.min(until));
        let (site, pool) = (Arc::clone(site), Arc::from(upstream.pool.name()));
        let hedge = begun.account.trace.as_mut().and_then(|trace| trace.hedges(Instant::now()));
        if let (Some(hedge), Some(at)) = (&hedge, begun.span_at) {
            put_span(&mut request, at, hedge.span);
        }
        self.rival = Some(Box::pin(async move {
            let second = second(&site, &pool, &asked, &request, hedge.as_deref());
            timeout_at(until, second).await.ok().flatten()
        }));
    }

    /// The second one goes on in the place of the first.
    fn overtake(&mut self, rival: Rival, conversation: &Conversation) {
        let Rival { stream, lease, first, reused, at } = rival;
        // The first one has taken that long at least.
        let lost = self.lost.take();
        let well = lost.map_or(Some(true), |fault| self.blames(fault));
        if let Some(well) = well {
            let took = self.took(Instant::now());
            conversation.site.report(&mut self.lease, well, took, self.at);
        }
        self.pump.switch(stream, first).abort();
        (self.lease, self.reused, self.at) = (lease, reused, at);
        let begun = self.pump.begun();
        begun.account.reused = reused;
        begun.account.overtaken(lost);
        begun.account.turns_to(&self.lease);
        let current = self.lease.pool().current();
        begun.stick(current.settings(), &self.lease);
    }
}
