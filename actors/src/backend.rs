//! A backend's cell: what is known of it, outliving every actor.
//!
//! The backend's actor, its probe and the workers' routers all share one [`Backend`] behind an
//! `Arc`. A crash of any of them loses none of it. What every lease reads is an atomic load;
//! health changes under a small lock that the path of a healthy backend never takes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::time::Instant;

use self::gate::Gate;
use self::health::{Admission, Health, HealthPolicy, Standing, Transition, Trial};

mod gate;
pub mod health;
pub mod lease;

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
    host: Option<Box<str>>,
    gate: Gate,
    in_flight: AtomicU32,
    leases: AtomicU64,
    connected: AtomicU64,
    failed: AtomicU64,
    judged: Mutex<Judged>,
}

#[derive(Debug)]
struct Judged {
    health: Health,
    policy: HealthPolicy,
}

impl Backend {
    /// A backend that is up; `host` is the name that led to its address, if one did.
    #[must_use]
    pub fn new(address: SocketAddr, host: Option<&str>, policy: HealthPolicy) -> Self {
        Self {
            id: BackendId::next(),
            address,
            name: address.to_string().into(),
            host: host.map(Into::into),
            gate: Gate::new(Instant::now()),
            in_flight: AtomicU32::new(0),
            leases: AtomicU64::new(0),
            connected: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            judged: Mutex::new(Judged { health: Health::default(), policy }),
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
        self.judge(|health, policy| health.probe_passed(policy, now))
    }

    /// A probe failed.
    pub fn probe_failed(&self, now: Instant) -> Option<Transition> {
        self.judge(|health, policy| health.probe_failed(policy, now))
    }

    /// Whether a lease would be granted now: up, or down with a trial due.
    #[must_use]
    pub fn serves(&self, now: Instant) -> bool {
        self.gate.is_open(now)
    }

    pub(crate) fn admit(&self, now: Instant) -> Admission {
        if self.gate.is_up() {
            return Admission::Ordinary;
        }
        self.judge(|health, _| health.admit(now))
    }

    fn report(&self, outcome: Outcome, trial: Option<Trial>, now: Instant) -> Option<Transition> {
        match outcome {
            Outcome::Connected => {
                self.connected.fetch_add(1, Relaxed);
                if trial.is_none() && self.gate.is_clean() {
                    return None;
                }
                self.judge(|health, _| health.connected(trial, now))
            }
            Outcome::Failed => {
                self.failed.fetch_add(1, Relaxed);
                self.judge(|health, policy| health.failed(trial, policy, now))
            }
        }
    }

    fn release_trial(&self, trial: Trial) {
        self.judge(|health, _| health.released(trial));
    }

    fn begin_lease(&self) {
        self.in_flight.fetch_add(1, Relaxed);
        self.leases.fetch_add(1, Relaxed);
    }

    fn end_lease(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// The one place where health changes: the gate is set before the lock is given back, so it
    /// never shows an older state than the last.
    fn judge<R>(&self, change: impl FnOnce(&mut Health, &HealthPolicy) -> R) -> R {
        let mut judged = self.judged.lock();
        let Judged { health, policy } = &mut *judged;
        let answer = change(health, policy);
        self.gate.set(health.standing());
        answer
    }
}

#[cfg(test)]
mod tests;
