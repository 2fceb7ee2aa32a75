//! Which request waits, which is with the peer, and what becomes of each: pure, with time as an
//! argument.

mod request;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::RequestError;
use request::Waiting;

pub(super) use request::{Ended, Flight};

/// How many requests there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Not sent yet.
    pub(super) queue: usize,
    /// Sent and not answered yet.
    pub(super) in_flight: usize,
}

/// Whether requests are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// No more are taken; those that are there go on.
    Draining,
    /// None is taken, and none is there.
    Stopped,
}

/// The requests of one client: of type `R`, each asked by a `T`.
///
/// A request is here from [`admit`](Self::admit) until exactly one of: its answer, an [`Ended`],
/// or [`give_up`](Self::give_up). Whatever leaves is handed out, as destructors of requests and
/// of their askers must not run under a lock.
#[derive(Debug)]
pub(super) struct Pending<R, T> {
    bounds: Bounds,
    phase: Phase,
    last: u64,
    /// By id: the order of arrival. What is repeated comes before all that is newer.
    waiting: BTreeMap<u64, Waiting<R, T>>,
    /// By id, which is the order of sending as well: nothing returns to the queue while a
    /// connection lasts.
    flying: BTreeMap<u64, Flight<R, T>>,
    /// By deadline: all that wait, and those with the peer whose deadlines have not come yet,
    /// also where nobody wants the answer.
    due: BTreeSet<(Instant, u64)>,
    counts: Counts,
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Turn<R, T> {
    /// Send this; then [`Pending::keep`] it, where it is to be repeated.
    Send(u64, R),
    /// It waited for too long; there may be more.
    Expired(Ended<R, T>),
    /// Requests wait for answers that are all past their deadlines: the connection is of no use.
    Stalled,
    /// Nothing.
    Rest,
}

/// How things stand, and how many there have been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) waiting: usize,
    pub(super) in_flight: usize,
    pub(super) sent: u64,
    pub(super) repeated: u64,
    pub(super) answered: u64,
    pub(super) refused: u64,
}

impl<R, T> Pending<R, T> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            phase: Phase::Open,
            last: 0,
            waiting: BTreeMap::new(),
            flying: BTreeMap::new(),
            due: BTreeSet::new(),
            counts: Counts::default(),
        }
    }

    /// Takes requests, again.
    pub(super) fn open(&mut self) {
        self.phase = Phase::Open;
    }

    /// Takes no more requests.
    pub(super) fn drain(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Draining;
        }
    }

    /// Takes no more requests, and ends all that are there.
    pub(super) fn stop(&mut self) -> Vec<Ended<R, T>> {
        self.phase = Phase::Stopped;
        self.due.clear();
        let flying = std::mem::take(&mut self.flying).into_values();
        let waiting = std::mem::take(&mut self.waiting).into_values();
        flying
            .map(|flight| flight.end(RequestError::Broken))
            .chain(waiting.map(|waiting| {
                waiting.end(|was_sent| match was_sent {
                    true => RequestError::Broken,
                    false => RequestError::Stopped,
                })
            }))
            .collect()
    }

    /// Takes a request in; its id, from 1, is of no other.
    ///
    /// # Errors
    /// Why it is not taken; it is handed back.
    pub(super) fn admit(
        &mut self,
        request: R,
        to: T,
        deadline: Instant,
    ) -> Result<u64, Ended<R, T>> {
        let error = if self.phase != Phase::Open {
            RequestError::Stopped
        } else if self.waiting.len() >= self.bounds.queue {
            RequestError::Full
        } else {
            self.last += 1;
            self.due.insert((deadline, self.last));
            self.waiting.insert(self.last, Waiting { request, to, deadline, was_sent: false });
            return Ok(self.last);
        };
        self.counts.refused += 1;
        Err(Ended { to: Some(to), request: Some(request), error })
    }

    /// What a connection that can send is to do.
    pub(super) fn next(&mut self, now: Instant) -> Turn<R, T> {
        let Some(first) = self.waiting.first_entry() else { return Turn::Rest };
        if first.get().deadline <= now {
            let (id, first) = first.remove_entry();
            self.due.remove(&(first.deadline, id));
            return Turn::Expired(first.late());
        }
        if self.flying.len() >= self.bounds.in_flight {
            let late = self.flying.values().all(|flight| flight.deadline <= now);
            return if late { Turn::Stalled } else { Turn::Rest };
        }
        let (id, Waiting { request, to, deadline, was_sent }) = first.remove_entry();
        self.flying.insert(id, Flight { to: Some(to), request: None, deadline, was_sent });
        self.counts.sent += 1;
        Turn::Send(id, request)
    }

    /// Keeps a request that was sent, for it is to be repeated if the connection breaks. It is
    /// handed back where nobody wants its answer any more.
    pub(super) fn keep(&mut self, id: u64, request: R) -> Option<R> {
        match self.flying.get_mut(&id) {
            Some(flight) if flight.to.is_some() => flight.request.replace(request),
            Some(_) | None => Some(request),
        }
    }

    /// What was to be sent never was, and the connection ends: it returns to the queue as if it had
    /// not been taken. It is handed back where nobody wants its answer any more.
    pub(super) fn unsent(&mut self, id: u64, request: R) -> Option<R> {
        let Some(flight) = self.flying.remove(&id) else { return Some(request) };
        self.counts.sent -= 1;
        let Flight { to, deadline, was_sent, .. } = flight;
        let Some(to) = to else {
            self.due.remove(&(deadline, id));
            return Some(request);
        };
        self.waiting.insert(id, Waiting { request, to, deadline, was_sent });
        None
    }

    /// The peer has answered the request that has been with it longest; none if there is none.
    pub(super) fn answered_next(&mut self) -> Option<Flight<R, T>> {
        self.answered(*self.flying.first_key_value()?.0)
    }

    /// The peer has answered this request; none if it is not with it.
    pub(super) fn answered(&mut self, id: u64) -> Option<Flight<R, T>> {
        let flight = self.land(id)?;
        self.counts.answered += 1;
        Some(flight)
    }

    /// The handler crashed as it sent this request. Where something of it `was_sent`, the peer
    /// will answer, and the answer is nobody's.
    pub(super) fn crashed_over(&mut self, id: u64, was_sent: bool) -> Option<Ended<R, T>> {
        let flight = if was_sent {
            let flight = self.flying.get_mut(&id)?;
            Flight { to: flight.to.take(), request: flight.request.take(), ..*flight }
        } else {
            self.land(id)?
        };
        Some(flight.end(RequestError::Crashed))
    }

    /// The handler crashed over what may have been the answer to any of those that are with the
    /// peer. None is repeated: it may be the one that crashes handlers.
    pub(super) fn crashed_over_any(&mut self) -> Vec<Ended<R, T>> {
        self.land_all().into_values().map(|flight| flight.end(RequestError::Crashed)).collect()
    }

    /// The connection is over. What is to be repeated returns to the queue, in its place.
    pub(super) fn broke(&mut self, now: Instant) -> Vec<Ended<R, T>> {
        let mut ended = Vec::new();
        for (id, flight) in self.land_all() {
            let Flight { to: Some(to), request: Some(request), deadline, .. } = flight else {
                ended.push(flight.end(RequestError::Broken));
                continue;
            };
            let waiting = Waiting { request, to, deadline, was_sent: true };
            if deadline <= now {
                ended.push(waiting.late());
            } else {
                self.counts.repeated += 1;
                self.due.insert((deadline, id));
                self.waiting.insert(id, waiting);
            }
        }
        ended
    }

    /// Who asked wants no answer any more. None if the request has ended already; otherwise it
    /// would end like this. What is with the peer is still answered, to nobody.
    pub(super) fn give_up(&mut self, id: u64) -> Option<Ended<R, T>> {
        if let Some(waiting) = self.waiting.remove(&id) {
            self.due.remove(&(waiting.deadline, id));
            return Some(waiting.late());
        }
        let flight = self.flying.get_mut(&id)?;
        let to = flight.to.take()?;
        let request = flight.request.take();
        Some(Ended { to: Some(to), request, error: RequestError::Unanswered })
    }

    /// Gives up all whose deadlines have passed.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Ended<R, T>> {
        let mut ended = Vec::new();
        while let Some(&(deadline, id)) = self.due.first()
            && deadline <= now
        {
            self.due.pop_first();
            ended.extend(self.give_up(id));
        }
        ended
    }

    /// When the next deadline comes. That of a request which was given up counts while it is with
    /// the peer: the connection may be [`Turn::Stalled`] then.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.first().map(|(deadline, _)| *deadline)
    }

    /// Whether requests are taken.
    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether nobody waits for anything, nor will.
    pub(super) fn is_done(&self) -> bool {
        self.phase != Phase::Open
            && self.waiting.is_empty()
            && self.flying.values().all(|flight| flight.to.is_none())
    }

    /// Whether no answer is to come.
    pub(super) fn is_grounded(&self) -> bool {
        self.flying.is_empty()
    }

    pub(super) fn counts(&self) -> Counts {
        Counts { waiting: self.waiting.len(), in_flight: self.flying.len(), ..self.counts }
    }

    fn land(&mut self, id: u64) -> Option<Flight<R, T>> {
        let flight = self.flying.remove(&id)?;
        self.due.remove(&(flight.deadline, id));
        Some(flight)
    }

    fn land_all(&mut self) -> BTreeMap<u64, Flight<R, T>> {
        self.due.retain(|(_, id)| !self.flying.contains_key(id));
        std::mem::take(&mut self.flying)
    }
}
