//! How requests have gone, and what that says of the backends.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::percentile::Percentile;
use super::{Current, Member, Pool};
use crate::backend::Backend;
use crate::backend::ejection::{most_ejected, outliers};
use crate::backend::health::{EjectReason, Transition};
use crate::balance::Algorithm;

/// How often the window of latencies moves on.
const WINDOW: Duration = Duration::from_secs(5);

/// What is known of a pool's requests.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    latencies: Percentile,
    /// Held while somebody is being ejected, so that each ejection counts those before; and when the
    /// pool was looked after last.
    upkeep: Mutex<Upkeep>,
}

#[derive(Debug, Default)]
struct Upkeep {
    turned: Option<Instant>,
    settled: Option<Instant>,
}

/// Whether so much time has passed; the first time it just begins.
fn is_due(last: &mut Option<Instant>, every: Duration, now: Instant) -> bool {
    let due = last.is_some_and(|last| now.saturating_duration_since(last) >= every);
    if due || last.is_none() {
        *last = Some(now);
    }
    due
}

impl Pool {
    /// How a backend has done with a request, and how long it took to the first byte of its answer.
    pub(crate) fn answered(
        &self,
        backend: &Arc<Backend>,
        well: bool,
        took: Duration,
        now: Instant,
    ) -> Option<Transition> {
        let current = self.current.load();
        let settings = &current.settings;
        // One that fails at once is not fast.
        if well && settings.balancing.algorithm == Algorithm::PeakEwma {
            backend.observe_latency(took, now);
        }
        if well && settings.retry.hedge.is_some() {
            self.outcomes.latencies.record(took);
        }
        let failures = backend.tally(well, settings.ejection.success_rate.is_some());
        let most = settings.ejection.failures;
        // Only once in so many failures, as in Envoy: where nobody else may be ejected, the lock and the
        // look at all members would else come with every bad answer.
        (most > 0 && failures > 0 && failures.is_multiple_of(most) && !backend.is_ejected(now))
            .then(|| self.eject(&current, backend, EjectReason::Failures, now))
            .flatten()
    }

    /// When a second backend is asked as well, if it may be.
    pub(crate) fn hedges_after(&self) -> Option<Duration> {
        let percentile = self.current.load().settings.retry.hedge?;
        self.outcomes.latencies.after(percentile)
    }

    /// What time brings about: to be called every second or so, by one caller. Says what has become of
    /// which backend.
    pub(crate) fn look_after(self: &Arc<Self>, now: Instant) -> Vec<(Arc<Backend>, Transition)> {
        self.serve_queue(now);
        let current = self.current.load();
        let policy = &current.settings.ejection;
        let settles = {
            let mut upkeep = self.outcomes.upkeep.lock();
            if is_due(&mut upkeep.turned, WINDOW, now) {
                self.outcomes.latencies.turn();
            }
            is_due(&mut upkeep.settled, policy.interval, now)
        };
        let mut changes = Vec::new();
        for Member { backend, .. } in current.members() {
            let readmitted = backend.readmit(now);
            changes.extend(readmitted.map(|transition| (Arc::clone(backend), transition)));
            if settles {
                backend.settle(policy, now);
            }
        }
        if let Some(deviations) = policy.success_rate.filter(|_| settles) {
            let members: Vec<_> = current.members().map(|member| &member.backend).collect();
            let rates: Vec<_> = members.iter().map(|backend| backend.take_rate()).collect();
            for index in outliers(&rates, deviations, policy.least_requests) {
                let ejected = self.eject(&current, members[index], EjectReason::SuccessRate, now);
                changes.extend(ejected.map(|ejected| (Arc::clone(members[index]), ejected)));
            }
        }
        changes
    }

    /// Ejects a backend, unless as many are as may be.
    fn eject(
        &self,
        current: &Current,
        backend: &Backend,
        reason: EjectReason,
        now: Instant,
    ) -> Option<Transition> {
        let _others_wait = self.outcomes.upkeep.lock();
        let ejected = |member: &&Member| member.backend.is_ejected(now);
        let out = current.members().filter(ejected).count();
        let policy = &current.settings.ejection;
        if backend.is_ejected(now) || out >= most_ejected(current.members().count(), policy.share) {
            return None;
        }
        Some(backend.eject(policy, reason, now))
    }
}

#[cfg(test)]
mod tests;
