//! The way to a lease.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use tokio::time::Instant;

use super::{Current, NoBackend, Pool, Ticket};
use crate::backend::count_in;
use crate::backend::health::Admission;
use crate::backend::lease::Lease;
use crate::backend::{Backend, BackendId};
use crate::balance::Candidates;
use crate::balance::view::Views;

/// What a lease is asked for with.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Backends that have already failed this connection or request.
    pub excluded: Vec<BackendId>,
    /// What the hashes hash, if it is there.
    pub hash: Option<u64>,
    /// The backend that the client was with before, by its [tag](Backend::tag).
    pub sticky: Option<u64>,
}

/// What a pool gives.
#[derive(Debug)]
#[must_use = "a lease that is dropped at once gives the backend back unused"]
pub enum Grant {
    /// The right to use a backend.
    Lease(Lease),
    /// A place in the queue for it.
    Queued(Ticket),
}

/// How an attempt to lease one backend went.
enum Attempt {
    Granted(Lease),
    /// It is at its limit by now.
    Full,
    /// It is out by now.
    Out,
}

impl Pool {
    /// The right to use a member, or a place among those who wait for it.
    ///
    /// # Errors
    /// When no member can serve, or too many wait already: says why.
    pub fn grant(
        self: &Arc<Self>,
        asked: Asked,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Result<Grant, NoBackend> {
        let granted = self.grant_or_queue(asked, now, rng);
        granted.inspect_err(|reason| self.metrics().refused(*reason))
    }

    fn grant_or_queue(
        self: &Arc<Self>,
        asked: Asked,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Result<Grant, NoBackend> {
        if self.waiting() == 0 {
            let answer = match self.lease(&asked, now, rng) {
                Err(NoBackend::Full) => self.enqueue(asked, now, rng).map(Grant::Queued),
                answer => answer.map(Grant::Lease),
            };
            // Who looks for a member holds a place of the pool meanwhile. Somebody may have queued for
            // just that one, and nobody else may be left whose end would wake it.
            return answer.inspect_err(|_| self.serve_queue(now));
        }
        // Whoever waits has come before.
        match self.enqueue(asked.clone(), now, rng) {
            Err(NoBackend::Full) => {}
            queued => return queued.map(Grant::Queued),
        }
        // Time may have made room for them, and so in the queue.
        self.serve_queue(now);
        match self.enqueue(asked.clone(), now, rng) {
            // What is free now is for none of those in front: they have tried it before.
            Err(NoBackend::Full) => self.lease(&asked, now, rng).map(Grant::Lease),
            queued => queued.map(Grant::Queued),
        }
    }

    /// The right to use a member once, past those who wait. A member that is down and due for a trial
    /// stands in the choice like any other; the one connection that gets it is the trial.
    ///
    /// # Errors
    /// When no member can serve at this moment: says why.
    pub fn lease(
        self: &Arc<Self>,
        asked: &Asked,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Result<Lease, NoBackend> {
        let current = self.current.load();
        let limits = current.settings.limits;
        let Some(in_flight) = count_in(&self.in_flight, limits.in_flight) else {
            // One that would be refused anyway does not wait for it.
            let views = self.views(&current, now);
            return Err(current.why_none(&views, asked));
        };
        let leased = self.choose(&current, asked, in_flight, now, rng);
        if leased.is_err() {
            self.in_flight.fetch_sub(1, SeqCst);
        }
        leased
    }

    fn choose(
        self: &Arc<Self>,
        current: &Arc<Current>,
        asked: &Asked,
        in_flight: u32,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Result<Lease, NoBackend> {
        let limit = current.settings.limits.backend_in_flight;
        let mut views = self.views(current, now);
        // A choice comes to nothing only when another worker took the trial or the last place, or the
        // member went down since: the next is among fewer.
        for _ in 0..=2 * current.members().count() {
            let Some(backend) = current.candidate(&views, asked, in_flight, now, rng) else {
                break;
            };
            match self.attempt(backend, limit, now) {
                Attempt::Granted(lease) => return Ok(lease),
                Attempt::Full => {}
                Attempt::Out => views = self.views(current, now),
            }
        }
        Err(current.why_none(&views, asked))
    }

    fn attempt(
        self: &Arc<Self>,
        backend: &Arc<Backend>,
        limit: Option<u32>,
        now: Instant,
    ) -> Attempt {
        if !backend.begin_lease(limit) {
            return Attempt::Full;
        }
        let trial = match backend.admit(now) {
            Admission::Ordinary => None,
            Admission::Trial(trial) => Some(trial),
            Admission::Refused => {
                backend.end_lease();
                return Attempt::Out;
            }
        };
        Attempt::Granted(Lease::new(Arc::clone(self), Arc::clone(backend), trial))
    }

    /// A lease has ended.
    pub(crate) fn end_lease(&self) {
        self.in_flight.fetch_sub(1, SeqCst);
    }
}

impl Current {
    /// Who is to serve, if anybody may.
    fn candidate(
        &self,
        views: &Views,
        asked: &Asked,
        in_flight: u32,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Option<&Arc<Backend>> {
        let of_tier = |tier: usize| Candidates {
            tier: &self.tiers[tier],
            view: &views.tiers[tier],
            excluded: &asked.excluded,
            limit: self.settings.limits.backend_in_flight,
            hash: asked.hash,
            in_flight,
            now,
        };
        let tiers = 0..self.tiers.len();
        if let Some(tag) = asked.sticky {
            for tier in tiers.clone() {
                if let Some(index) = self.tiers[tier].find(tag)
                    && of_tier(tier).may_serve(index)
                {
                    return Some(&self.tiers[tier].members()[index].backend);
                }
            }
        }
        if tiers.is_empty() {
            return None;
        }
        // Where the tier whose turn it is has nobody for this one, the next best does.
        let first = views.pick(rng);
        std::iter::once(first).chain(tiers.filter(|tier| *tier != first)).find_map(|tier| {
            let chosen = self.tiers[tier].balance().choose(&of_tier(tier), rng)?;
            self.tiers[tier].members().get(chosen).map(|member| &member.backend)
        })
    }

    /// Why nobody may serve. A member that has a place by now had none when one was chosen: whoever asks
    /// waits, and gets it at once.
    fn why_none(&self, views: &Views, asked: &Asked) -> NoBackend {
        if self.tiers.is_empty() {
            return NoBackend::Empty;
        }
        if !views.any() {
            let tried = !asked.excluded.is_empty();
            return if tried { NoBackend::AllTried } else { NoBackend::AllDown };
        }
        let mut serving = self.tiers.iter().zip(&views.tiers).flat_map(|(tier, view)| {
            view.serving().iter().map(|index| &tier.members()[*index as usize].backend)
        });
        let untried = serving.any(|backend| !asked.excluded.contains(&backend.id()));
        if untried { NoBackend::Full } else { NoBackend::AllTried }
    }
}
