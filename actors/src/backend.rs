//! A backend's cell: what is known of it, outliving every actor.
//!
//! The backend's actor, its probe and the workers' routers all share one [`Backend`] behind an
//! `Arc`. A crash of any of them loses none of it. What every lease reads is an atomic load;
//! health changes under a small lock that the path of a healthy backend never takes.

use std::net::SocketAddr;
use std::sync::atomic::{
    AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use self::ejection::{Ejection, EjectionPolicy, Rate};
use self::gate::Gate;
pub(crate) use self::gate::Open;
use self::health::{Admission, EjectReason, Health, HealthPolicy, Standing, Transition, Trial};
use self::latency::PeakEwma;
use self::moment::Moment;
use self::tally::Tally;
use crate::metrics::BackendMetrics;
use crate::pool::key::key_of;

pub mod ejection;
mod gate;
pub mod health;
pub mod latency;
pub mod lease;
mod moment;
mod tally;

/// Names one backend cell within the process; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackendId(u64);

impl BackendId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Relaxed))
    }
}

/// What has happened at a backend since its cell was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Leases given.
    pub leases: u64,
    /// Connections made.
    pub connected: u64,
    /// Connections that failed, and the backend was to blame.
    pub failed: u64,
}

/// What a lease reports.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Connected,
    Failed,
}

/// One backend: its address, how it does and who uses it.
///
/// Weight and rank are not here but in the pool's [`Member`](crate::pool::Member): they can be
/// changed without touching the cell, its health and its leases.
#[derive(Debug)]
pub struct Backend {
    id: BackendId,
    address: SocketAddr,
    name: Box<str>,
    tag: u64,
    host: Option<Box<str>>,
    gate: Gate,
    /// When it came back last, and until when it is ejected: see [`Moment`].
    back_since: Moment,
    ejected_until: Moment,
    /// Counts the changes of its pool that make a difference to who may be chosen.
    changes: OnceLock<Arc<AtomicU64>>,
    latency: PeakEwma,
    tally: Tally,
    in_flight: AtomicU32,
    leases: AtomicU64,
    connected: AtomicU64,
    failed: AtomicU64,
    judged: Mutex<Judged>,
    metrics: BackendMetrics,
}

#[derive(Debug)]
struct Judged {
    health: Health,
    policy: HealthPolicy,
    ejection: Ejection,
    /// It is ejected, or was and nobody has been told that it is no longer.
    ejected: bool,
}

impl Backend {
    /// A backend that is up; `host` is the name that led to its address, if one did.
    #[must_use]
    pub fn new(address: SocketAddr, host: Option<&str>, policy: HealthPolicy) -> Self {
        let born = Instant::now();
        let name = address.to_string();
        Self {
            id: BackendId::next(),
            address,
            tag: key_of(name.as_bytes()),
            name: name.into(),
            host: host.map(Into::into),
            gate: Gate::new(born),
            back_since: Moment::new(born),
            ejected_until: Moment::new(born),
            changes: OnceLock::new(),
            latency: PeakEwma::new(born),
            tally: Tally::default(),
            in_flight: AtomicU32::new(0),
            leases: AtomicU64::new(0),
            connected: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            judged: Mutex::new(Judged {
                health: Health::default(),
                policy,
                ejection: Ejection::default(),
                ejected: false,
            }),
            metrics: BackendMetrics::default(),
        }
    }

    /// Its name within the process.
    #[must_use]
    pub fn id(&self) -> BackendId {
        self.id
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as text: its name in the tree and in the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a sticky cookie calls it: the same in every process, as long as its address is.
    #[must_use]
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// The host name that led to its address, if one did.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Leases that are out.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// What has happened so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals {
            leases: self.leases.load(Relaxed),
            connected: self.connected.load(Relaxed),
            failed: self.failed.load(Relaxed),
        }
    }

    /// How it does.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.judged.lock().health.standing()
    }

    /// A probe passed.
    pub fn probe_passed(&self, now: Instant) -> Option<Transition> {
        self.noted(self.judge(now, |health, policy| health.probe_passed(policy, now)))
    }

    /// A probe failed to connect.
    pub fn probe_failed(&self, now: Instant) -> Option<Transition> {
        self.noted(self.judge(now, |health, policy| health.probe_failed(policy, now)))
    }

    /// A probe was connected, and answered badly or not at all.
    pub fn probe_answered_badly(&self, now: Instant) -> Option<Transition> {
        self.noted(self.judge(now, |health, policy| health.probe_answered_badly(policy, now)))
    }

    /// Whether a lease would be granted now: up, or down with a trial due.
    #[must_use]
    pub fn serves(&self, now: Instant) -> bool {
        self.open(now) == Open::Now
    }

    pub(crate) fn open(&self, now: Instant) -> Open {
        self.gate.open(now)
    }

    /// Since when it is back, if it was out before, or came to a pool that was serving.
    pub(crate) fn back_since(&self) -> Option<Instant> {
        self.back_since.get()
    }

    /// Until when it is ejected, or was.
    pub(crate) fn ejected_until(&self) -> Option<Instant> {
        self.ejected_until.get()
    }

    /// Whether it is left out, since it answers badly.
    #[must_use]
    pub fn is_ejected(&self, now: Instant) -> bool {
        self.ejected_until().is_some_and(|until| until > now)
    }

    pub(crate) fn eject(
        &self,
        policy: &EjectionPolicy,
        reason: EjectReason,
        now: Instant,
    ) -> Transition {
        let mut judged = self.judged.lock();
        let until = judged.ejection.eject(policy, now);
        judged.ejected = true;
        self.ejected_until.set(until);
        self.tally.restart();
        self.changed();
        let ejected = Transition::Ejected { reason, until };
        self.metrics.became(Some(&ejected));
        ejected
    }

    /// Says once that an ejection is over.
    pub(crate) fn readmit(&self, now: Instant) -> Option<Transition> {
        if self.ejected_until().is_none_or(|until| until > now) {
            return None;
        }
        if !std::mem::take(&mut self.judged.lock().ejected) {
            return None;
        }
        // What it answered meanwhile to requests of before, or in a panic, says nothing new.
        self.tally.restart();
        self.noted(Some(Transition::Readmitted))
    }

    /// An interval of the ejections' policy is over.
    pub(crate) fn settle(&self, policy: &EjectionPolicy, now: Instant) {
        self.judged.lock().ejection.settle(policy, now);
    }

    /// An answer took so long to its first byte.
    pub fn observe_latency(&self, took: Duration, now: Instant) {
        self.latency.observe(took, now);
    }

    /// What a request to it costs before those under way count, in nanoseconds; 0 is unknown.
    #[must_use]
    pub fn latency_cost(&self, now: Instant) -> f64 {
        self.latency.cost(now)
    }

    /// A request went well or not; says how many in a row did not. `counts` says whether its success
    /// rate matters.
    pub(crate) fn tally(&self, well: bool, counts: bool) -> u32 {
        self.tally.add(well, counts)
    }

    /// How requests have gone since this was asked last.
    pub(crate) fn take_rate(&self) -> Rate {
        self.tally.take_rate()
    }

    /// It begins to serve now, in a pool that has been serving: it starts slowly.
    pub fn arrives(&self, now: Instant) {
        self.back_since.set(now);
        self.changed();
    }

    /// Changes are counted there from now on. A cell belongs to one pool for good.
    pub(crate) fn belongs_to(&self, changes: &Arc<AtomicU64>) {
        let _ = self.changes.set(Arc::clone(changes));
    }

    fn changed(&self) {
        if let Some(changes) = self.changes.get() {
            // Behind what has changed: who sees the number sees that too.
            changes.fetch_add(1, Release);
        }
    }

    pub(crate) fn admit(&self, now: Instant) -> Admission {
        if self.gate.is_up() {
            return Admission::Ordinary;
        }
        self.judge(now, |health, _| health.admit(now))
    }

    /// What it counts.
    pub(crate) fn metrics(&self) -> &BackendMetrics {
        &self.metrics
    }

    fn noted(&self, transition: Option<Transition>) -> Option<Transition> {
        self.metrics.became(transition.as_ref());
        transition
    }

    fn report(&self, outcome: Outcome, trial: Option<Trial>, now: Instant) -> Option<Transition> {
        match outcome {
            Outcome::Connected => {
                self.connected.fetch_add(1, Relaxed);
                if trial.is_none() && self.gate.is_clean() {
                    return None;
                }
                self.noted(self.judge(now, |health, _| health.connected(trial, now)))
            }
            Outcome::Failed => {
                self.failed.fetch_add(1, Relaxed);
                self.noted(self.judge(now, |health, policy| health.failed(trial, policy, now)))
            }
        }
    }

    fn release_trial(&self, trial: Trial, now: Instant) {
        self.judge(now, |health, _| health.released(trial));
    }

    /// Counts a lease, unless there are `limit` already.
    pub(crate) fn begin_lease(&self, limit: Option<u32>) -> bool {
        if count_in(&self.in_flight, limit).is_none() {
            return false;
        }
        self.leases.fetch_add(1, Relaxed);
        true
    }

    pub(crate) fn end_lease(&self) {
        // Before anybody looks who waits for a place.
        self.in_flight.fetch_sub(1, SeqCst);
    }

    /// The one place where health changes: the gate is set before the lock is given back, so it
    /// never shows an older state than the last.
    fn judge<R>(&self, now: Instant, change: impl FnOnce(&mut Health, &HealthPolicy) -> R) -> R {
        let mut judged = self.judged.lock();
        let Judged { health, policy, ejection, .. } = &mut *judged;
        let was_out = !self.gate.is_up();
        let answer = change(health, policy);
        let standing = health.standing();
        if was_out && matches!(standing, Standing::Up | Standing::Shaky) {
            self.back_since.set(now);
            // What it was ejected for was the beginning of its outage, or is to be seen again.
            if ejection.end(now) {
                self.ejected_until.set(now);
                self.tally.restart();
            }
        }
        if self.gate.set(standing) {
            self.changed();
        }
        answer
    }
}

/// Counts one more and says how many they are with it, or none where there are `limit` already. Never
/// counts beyond the limit, not for a moment: who looked just then would find no place and wait,
/// while nobody is left whose end would wake it.
pub(crate) fn count_in(count: &AtomicU32, limit: Option<u32>) -> Option<u32> {
    let Some(limit) = limit else {
        return Some(count.fetch_add(1, SeqCst).saturating_add(1));
    };
    let next = |count: u32| (count < limit).then(|| count.saturating_add(1));
    count.fetch_update(SeqCst, SeqCst, next).ok().map(|before| before.saturating_add(1))
}

#[cfg(test)]
mod tests;
