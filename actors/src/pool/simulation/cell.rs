//! What must be known of a backend, from what it was seen to do.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::nature::Nature;
use super::ramp::Ramp;
use crate::backend::Backend;
use crate::backend::ejection::EjectionPolicy;
use crate::backend::health::{
    DownReason, EjectReason, HealthPolicy, LONGEST_RETRY, Transition, UpReason,
};

/// A backend of the world, with the test's own books.
pub(super) struct Cell {
    pub(super) backend: Arc<Backend>,
    pub(super) nature: Nature,
    /// The longest time that it stays as it is.
    pub(super) temper: Duration,
    pub(super) probed: bool,
    pub(super) policy: HealthPolicy,
    pub(super) health: Health,
    pub(super) back_since: Option<Instant>,
    pub(super) ejected_until: Option<Instant>,
    /// Ejections that still count.
    counted: u32,
    /// When the last of them ends; none where none counts.
    counted_until: Option<Instant>,
    /// The end of its ejection has not been told.
    untold: bool,
    /// Bad answers in a row.
    streak: u32,
    pub(super) requests: u32,
    pub(super) successes: u32,
    pub(super) in_flight: u32,
    pub(super) ramp: Option<Ramp>,
}

pub(super) enum Health {
    Up {
        failures: u32,
        probe_failures: u32,
    },
    Down {
        since: Instant,
        due: Instant,
        wait: Duration,
        passes: u32,
        /// The number of the lease that is out as its trial.
        trial: Option<u64>,
        /// Trials that have failed.
        failed: u32,
    },
}

impl Cell {
    pub(super) fn new(
        backend: Arc<Backend>,
        nature: Nature,
        temper: Duration,
        policy: HealthPolicy,
    ) -> Self {
        Self {
            backend,
            nature,
            temper,
            probed: false,
            policy,
            health: Health::Up { failures: 0, probe_failures: 0 },
            back_since: None,
            ejected_until: None,
            counted: 0,
            counted_until: None,
            untold: false,
            streak: 0,
            requests: 0,
            successes: 0,
            in_flight: 0,
            ramp: None,
        }
    }

    /// Whether it would be let connect: up, or down with a trial due that nobody has.
    pub(super) fn is_in(&self, now: Instant) -> bool {
        match self.health {
            Health::Up { .. } => true,
            Health::Down { due, trial, .. } => trial.is_none() && due <= now,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.health, Health::Up { .. })
    }

    pub(super) fn is_ejected(&self, now: Instant) -> bool {
        self.ejected_until.is_some_and(|until| until > now)
    }

    /// The part of its weight that it may have: what the ramp of a slow start says.
    pub(super) fn part(&self, slow_start: Option<Duration>, now: Instant) -> f64 {
        let readmitted = self.ejected_until.filter(|until| *until <= now);
        let Some((whole, since)) = slow_start.zip(self.back_since.max(readmitted)) else {
            return 1.0;
        };
        let age = now.duration_since(since);
        (age.as_secs_f64() / whole.as_secs_f64()).clamp(0.1, 1.0)
    }

    /// A lease is given; it is the trial if the backend is down.
    pub(super) fn leased(&mut self, lease: u64) -> bool {
        self.in_flight += 1;
        let Health::Down { trial, .. } = &mut self.health else { return false };
        *trial = Some(lease);
        true
    }

    /// A lease has ended without an outcome, or after it.
    pub(super) fn dropped(&mut self, lease: u64) {
        self.in_flight -= 1;
        self.lose_trial(lease);
    }

    fn lose_trial(&mut self, lease: u64) -> bool {
        match &mut self.health {
            Health::Down { trial, .. } if *trial == Some(lease) => {
                *trial = None;
                true
            }
            Health::Up { .. } | Health::Down { .. } => false,
        }
    }

    pub(super) fn connected(&mut self, lease: u64, now: Instant) -> Option<Transition> {
        if let Health::Up { failures, .. } = &mut self.health {
            *failures = 0;
            return None;
        }
        self.lose_trial(lease).then(|| self.come_up(UpReason::Trial, now))
    }

    pub(super) fn failed(&mut self, lease: u64, now: Instant) -> Option<Transition> {
        if let Health::Up { failures, .. } = &mut self.health {
            *failures += 1;
            let failures = *failures;
            let falls = failures >= self.policy.fall;
            return falls.then(|| self.go_down(DownReason::Connections, failures, now));
        }
        if self.lose_trial(lease) {
            self.postpone(now);
            self.trial_failed(now);
        }
        None
    }

    /// However dead it is, no more clients are spent on it than this.
    fn trial_failed(&mut self, now: Instant) {
        let Health::Down { since, failed, .. } = &mut self.health else { return };
        *failed += 1;
        let first = self.policy.retry_after.as_secs_f64();
        let outage = now.duration_since(*since).as_secs_f64();
        let most = 1.0 + (1.0 + outage / first).log2() + outage / LONGEST_RETRY.as_secs_f64();
        assert!(
            f64::from(*failed) <= most,
            "{failed} trials in an outage of {outage} s, not {most} at most"
        );
    }

    pub(super) fn probe_passed(&mut self, now: Instant) -> Option<Transition> {
        match &mut self.health {
            Health::Up { probe_failures, .. } => {
                *probe_failures = 0;
                None
            }
            Health::Down { passes, .. } => {
                *passes += 1;
                (*passes >= self.policy.rise).then(|| self.come_up(UpReason::Probes, now))
            }
        }
    }

    pub(super) fn probe_failed(&mut self, now: Instant) -> Option<Transition> {
        match &mut self.health {
            Health::Up { probe_failures, .. } => {
                *probe_failures += 1;
                let failures = *probe_failures;
                let falls = failures >= self.policy.probe_fall;
                falls.then(|| self.go_down(DownReason::Probes, failures, now))
            }
            Health::Down { passes, .. } => {
                *passes = 0;
                self.postpone(now);
                None
            }
        }
    }

    fn go_down(&mut self, reason: DownReason, failures: u32, now: Instant) -> Transition {
        let wait = self.policy.retry_after;
        let due = now + wait;
        self.health = Health::Down { since: now, due, wait, passes: 0, trial: None, failed: 0 };
        Transition::WentDown { reason, failures, retry_at: Some(due) }
    }

    fn come_up(&mut self, reason: UpReason, now: Instant) -> Transition {
        let Health::Down { since, .. } = self.health else { panic!("it is up already") };
        self.health = Health::Up { failures: 0, probe_failures: 0 };
        self.back_since = Some(now);
        if self.is_ejected(now) {
            self.ejected_until = Some(now);
            self.counted_until = Some(now);
            self.streak = 0;
        }
        Transition::CameUp { reason, down_for: now.duration_since(since) }
    }

    fn postpone(&mut self, now: Instant) {
        let Health::Down { due, wait, .. } = &mut self.health else { return };
        *wait = (*wait * 2).min(LONGEST_RETRY.max(self.policy.retry_after));
        *due = now + *wait;
    }

    /// Whether it is to be ejected after this answer, if that may be.
    pub(super) fn answered(&mut self, well: bool, policy: &EjectionPolicy) -> bool {
        if policy.success_rate.is_some() {
            self.requests += 1;
            self.successes += u32::from(well);
        }
        self.streak = if well { 0 } else { self.streak + 1 };
        policy.failures > 0 && self.streak > 0 && self.streak.is_multiple_of(policy.failures)
    }

    /// The n-th ejection lasts n times as long as the first, up to the longest.
    pub(super) fn eject(
        &mut self,
        policy: &EjectionPolicy,
        reason: EjectReason,
        now: Instant,
    ) -> Transition {
        if policy.time * self.counted < policy.longest {
            self.counted += 1;
        }
        let until = now + (policy.time * self.counted).min(policy.longest);
        self.ejected_until = Some(until);
        self.counted_until = Some(until);
        self.untold = true;
        self.streak = 0;
        Transition::Ejected { reason, until }
    }

    /// Whether its ejection has ended, and nobody has been told.
    pub(super) fn readmit(&mut self, now: Instant) -> bool {
        let is_back = !self.is_ejected(now) && std::mem::take(&mut self.untold);
        if is_back {
            self.streak = 0;
        }
        is_back
    }

    /// An interval is over.
    pub(super) fn settle(&mut self, interval: Duration, now: Instant) {
        if self.counted_until.is_some_and(|until| until + interval <= now) {
            self.counted -= u32::from(self.counted > 0);
            if self.counted == 0 {
                self.counted_until = None;
            }
        }
    }
}
