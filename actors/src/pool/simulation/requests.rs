//! Clients and their requests: what [`handler::http`](crate::handler) does, without connections.

use std::time::Duration;

use super::nature::{Fate, Reached};
use super::scenario::{chance, millis};
use super::world::{Event, World};
use crate::backend::health::EjectReason;
use crate::metrics::Again;
use crate::pool::{Asked, Grant, NoBackend};
use crate::socket::ConnectFailure;

/// A request on its way.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Who sends the next one when it is done.
    client: Option<u32>,
    /// Backends that have failed it.
    pub(super) excluded: Vec<usize>,
    /// Leases that it has had.
    pub(super) tried: u32,
    /// How it has failed last.
    failed: Option<Failed>,
    /// Those that have failed it are asked once more.
    desperate: bool,
    hash: Option<u64>,
    /// The backend that its cookie names.
    pub(super) sticky: Option<usize>,
    repeatable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    /// Nothing was sent.
    Unreached,
    Reached,
}

impl World {
    /// Somebody comes, and the next one after a while.
    pub(super) fn arrives(&mut self) {
        self.begins(None);
        if let Some(gap) = self.scenario.gap {
            let next = gap.mul_f64(-(1.0 - self.rng.f64()).ln());
            self.after(next, Event::Arrives);
        }
    }

    pub(super) fn begins(&mut self, client: Option<u32>) {
        let cells = self.cells.len();
        let (rng, scenario) = (&mut self.rng, &self.scenario);
        let request = Request {
            client,
            excluded: Vec::new(),
            tried: 0,
            failed: None,
            desperate: false,
            hash: if chance(rng, 80) { Some(rng.u64(..)) } else { None },
            sticky: (cells > 0 && chance(rng, scenario.sticky)).then(|| rng.usize(..cells)),
            repeatable: chance(rng, scenario.repeatable),
        };
        self.pool.received(&self.settings.retry);
        self.purse.received(self.settings.retry.budget);
        self.ask(request);
    }

    /// The request is done, one way or another.
    pub(super) fn finish(&mut self, request: &Request) {
        if let Some(client) = request.client {
            let pause = self.scenario.pause.as_millis() as u64;
            let pause = millis(&mut self.rng, 0..=pause);
            self.after(pause, Event::Begins(client));
        }
    }

    fn ask(&mut self, request: Request) {
        if self.over {
            return;
        }
        let asked = Asked {
            excluded: request.excluded.iter().map(|cell| self.cells[*cell].backend.id()).collect(),
            hash: request.hash,
            sticky: request.sticky.map(|cell| self.cells[cell].backend.tag()),
        };
        // Who is asked as a second takes no place in the queue.
        let past = chance(&mut self.rng, 3);
        let granted = if past {
            self.pool.lease(&asked, self.now, &mut self.of_pool).map(Grant::Lease)
        } else {
            self.pool.grant(asked, self.now, &mut self.of_pool)
        };
        // Those who wait may have been served before.
        let others = self.take_answers();
        match granted {
            Ok(Grant::Lease(lease)) => self.leased(lease, request),
            Ok(Grant::Queued(ticket)) => self.waits(ticket, request),
            Err(refusal) => {
                if let Some(wrong) = self.wrong_refusal(refusal, &request, past) {
                    panic!("{wrong}");
                }
                self.refused(refusal, request);
            }
        }
        for (refusal, request) in others {
            self.refused(refusal, request);
        }
        self.serve_line(false);
    }

    /// There is no lease for it.
    pub(super) fn refused(&mut self, refusal: NoBackend, mut request: Request) {
        self.tell(|_| format!("refused, {refusal:?}: {request:?}"));
        let exhausted = matches!(refusal, NoBackend::AllTried | NoBackend::AllDown);
        let reached = request.failed == Some(Failed::Reached);
        if exhausted && reached && !request.desperate && !request.excluded.is_empty() {
            request.excluded.clear();
            request.desperate = true;
            self.ask(request);
        } else {
            self.finish(&request);
        }
    }

    /// The way to a backend ends.
    pub(super) fn reached(&mut self, number: u64) {
        let now = self.now;
        let Some(mut live) = self.live.remove(&number) else { return };
        let cell = live.cell;
        let failure = match live.reached {
            Reached::Yes => {
                let due = self.cells[cell].connected(number, now);
                let is = live.lease.connected(now);
                self.live.insert(number, live);
                self.same(cell, is, due);
                self.send(number);
                return;
            }
            Reached::Refused => ConnectFailure::Refused,
            Reached::TimedOut => ConnectFailure::TimedOut,
            Reached::Ours => ConnectFailure::LocalLimits,
        };
        let blamed = live.reached != Reached::Ours;
        let due = if blamed { self.cells[cell].failed(number, now) } else { None };
        self.cells[cell].dropped(number);
        let is = live.lease.failed(failure, now);
        self.same(cell, is, due);
        self.serve_line(true);
        self.goes_on(live.request, cell, Failed::Unreached);
    }

    /// It failed with this backend: to the next, if that may be. That of connecting is free.
    fn goes_on(&mut self, mut request: Request, cell: usize, failed: Failed) {
        if request.tried >= self.settings.attempts.get() {
            return self.finish(&request);
        }
        if failed == Failed::Reached {
            let budget = self.settings.retry.budget;
            let granted = self.pool.may_repeat(Again::Failed);
            self.purse.asked(granted, budget);
            if !granted {
                return self.finish(&request);
            }
            self.seen.count("again");
        }
        request.excluded.push(cell);
        request.failed = Some(failed);
        request.desperate = false;
        self.ask(request);
    }

    /// The request goes over the connection.
    pub(super) fn send(&mut self, number: u64) {
        let Some(live) = self.live.get_mut(&number) else { return };
        live.sent_at = self.now;
        let (mut fate, mut delay) = self.cells[live.cell].nature.fate(&mut self.rng);
        if let Some(most) = self.settings.retry.per_try.filter(|most| *most < delay) {
            (fate, delay) = (Fate::TimedOut, most);
        }
        self.purse.sends();
        self.after(delay, Event::Answered(number, fate));
    }

    /// A request has come to its end with this backend.
    pub(super) fn answered(&mut self, number: u64, fate: Fate) {
        let Some(mut live) = self.live.remove(&number) else { return };
        let (cell, now) = (live.cell, self.now);
        let took: Duration = now - live.sent_at;
        if fate != Fate::Crash {
            let policy = self.settings.ejection;
            let well = fate == Fate::Well;
            let due = self.cells[cell].answered(well, &policy) && !self.cells[cell].is_ejected(now);
            let due = if due && self.may_eject() {
                Some(self.cells[cell].eject(&policy, EjectReason::Failures, now))
            } else {
                if due {
                    self.seen.count("spared");
                }
                None
            };
            let is = live.lease.answered(well, took, now);
            self.same(cell, is, due);
        }
        let Request { repeatable, .. } = live.request;
        self.cells[cell].dropped(number);
        drop(live.lease);
        self.serve_line(true);
        let again = match fate {
            Fate::Reset | Fate::TimedOut => repeatable,
            Fate::Status(status) => repeatable && self.settings.retry.statuses.contains(&status),
            Fate::Well | Fate::Crash => false,
        };
        if again {
            self.goes_on(live.request, cell, Failed::Reached);
        } else {
            self.finish(&live.request);
        }
    }

    /// Whether one more may be ejected: so many per cent of the members, one of three or more, and
    /// never all.
    pub(super) fn may_eject(&self) -> bool {
        let members = self.places.len();
        let ejected = |place: &&super::sight::Place| self.cells[place.cell].is_ejected(self.now);
        let out = self.places.iter().filter(ejected).count();
        let shared = (out + 1) * 100 <= members * usize::from(self.settings.ejection.share);
        (shared || (out == 0 && members >= 3)) && out + 1 < members.max(1)
    }
}
