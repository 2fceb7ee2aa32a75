//! Whether a backend may be used: a pure policy with time as an argument.
//!
//! ```text
//!            `fall` connections or `probe_fall` probes failed in a row
//!      Up ────────────────────────────────────────────────────────────► Down
//!       ▲   `rise` probes passed in a row, or the trial connected        │
//!       └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! While a backend is down, one connection at a time is let through as a *trial*, first after
//! `retry_after` and then after twice the time of before, up to [`LONGEST_RETRY`]. A failing probe
//! counts like a failed trial, so that a pool with probes spends no client's connection on a
//! backend that is known to be down. Where a probe was connected and then answered badly there are
//! no trials: that a client connects would show nothing that the probe had not seen. Only probes
//! that pass end such an outage, as in haproxy and Envoy.

use std::time::Duration;

use tokio::time::Instant;

/// The longest wait between two trials, unless `retry_after` itself is longer.
pub const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// When a backend is taken out and when it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthPolicy {
    /// Failed connections in a row that take a backend out; 0 means the same as 1.
    pub fall: u32,
    /// Failed probes in a row that take a backend out; 0 means the same as 1.
    pub probe_fall: u32,
    /// Passed probes in a row that bring it back; 0 means the same as 1.
    pub rise: u32,
    /// How long a backend that was taken out waits for its first trial.
    pub retry_after: Duration,
}

/// The right to be the one connection that tries a backend which is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial(u32);

/// How a connection may use the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The backend is up.
    Ordinary,
    /// The backend is down and this connection is its trial.
    Trial(Trial),
    /// The backend is down and no trial is due.
    Refused,
}

/// What others need to know of a backend's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It serves and its last connection did not fail.
    Up,
    /// It serves, but its last connection failed.
    Shaky,
    /// It is out and a trial may begin at this time.
    Down {
        /// When the next trial is due.
        retry_at: Instant,
    },
    /// It is out and its trial is under way.
    OnTrial,
    /// It is out, as it connects but answers probes badly: only they bring it back.
    Unfit,
}

/// A change between up and down, for whoever logs and emits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The backend was taken out.
    WentDown {
        /// What spoke against it.
        reason: DownReason,
        /// How often in a row.
        failures: u32,
        /// When its first trial is due; none where only probes can bring it back.
        retry_at: Option<Instant>,
    },
    /// The backend connects but answers badly, and is left out for a while.
    Ejected {
        /// What spoke against it.
        reason: EjectReason,
        /// Until when.
        until: Instant,
    },
    /// That while is over.
    Readmitted,
    /// The backend is back.
    CameUp {
        /// What spoke for it.
        reason: UpReason,
        /// How long it was out.
        down_for: Duration,
    },
}

/// What took a backend out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownReason {
    /// Connections of clients failed.
    Connections,
    /// Probes failed.
    Probes,
}

impl DownReason {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Probes => "probes",
        }
    }
}

/// What ejected a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EjectReason {
    /// Bad answers in a row.
    Failures,
    /// A success rate far below the pool's.
    SuccessRate,
}

impl EjectReason {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::SuccessRate => "success_rate",
        }
    }
}

/// What brought a backend back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpReason {
    /// The trial connected.
    Trial,
    /// Probes passed.
    Probes,
}

impl UpReason {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Probes => "probes",
        }
    }
}

/// The health of one backend. A new one is up: only failures speak against a backend.
#[derive(Debug)]
pub struct Health {
    state: State,
    /// Numbers the trials, so that the outcome of one from an earlier outage is not taken for
    /// that of today's.
    trials: u32,
}

#[derive(Debug)]
enum State {
    Up { failures: u32, probe_failures: u32 },
    Down(Outage),
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    retry_at: Instant,
    /// The wait that ended or ends at `retry_at`.
    wait: Duration,
    /// Probes passed in a row.
    passes: u32,
    /// A probe was connected and answered badly.
    unfit: bool,
    trial: Option<Trial>,
}

const UP: State = State::Up { failures: 0, probe_failures: 0 };

impl Default for Health {
    fn default() -> Self {
        Self { state: UP, trials: 0 }
    }
}

impl Health {
    /// What others need to know.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.state {
            State::Up { failures: 0, .. } => Standing::Up,
            State::Up { .. } => Standing::Shaky,
            State::Down(Outage { unfit: true, .. }) => Standing::Unfit,
            State::Down(Outage { trial: Some(_), .. }) => Standing::OnTrial,
            State::Down(outage) => Standing::Down { retry_at: outage.retry_at },
        }
    }

    /// Asks for one connection. A trial that is granted is the only one until it is reported
    /// with [`connected`](Self::connected), [`failed`](Self::failed) or
    /// [`released`](Self::released).
    pub fn admit(&mut self, now: Instant) -> Admission {
        match &mut self.state {
            State::Up { .. } => Admission::Ordinary,
            State::Down(outage)
                if !outage.unfit && outage.trial.is_none() && outage.retry_at <= now =>
            {
                self.trials = self.trials.wrapping_add(1);
                outage.trial = Some(Trial(self.trials));
                Admission::Trial(Trial(self.trials))
            }
            State::Down(_) => Admission::Refused,
        }
    }

    /// A connection was made. While the backend is down only its trial counts: a connection
    /// that was admitted before the outage says nothing new.
    pub fn connected(&mut self, trial: Option<Trial>, now: Instant) -> Option<Transition> {
        match &mut self.state {
            State::Up { failures, .. } => {
                *failures = 0;
                None
            }
            State::Down(outage) if trial.is_some() && outage.trial == trial => {
                if outage.unfit {
                    // It was let through before the probe found more out than it can.
                    outage.trial = None;
                    return None;
                }
                Some(self.come_up(UpReason::Trial, now))
            }
            State::Down(_) => None,
        }
    }

    /// A connection could not be made, and the backend is to blame.
    pub fn failed(
        &mut self,
        trial: Option<Trial>,
        policy: &HealthPolicy,
        now: Instant,
    ) -> Option<Transition> {
        match &mut self.state {
            State::Up { failures, .. } => {
                *failures = failures.saturating_add(1);
                let failures = *failures;
                (failures >= policy.fall)
                    .then(|| self.go_down(DownReason::Connections, failures, false, policy, now))
            }
            State::Down(outage) => {
                if trial.is_some() && outage.trial == trial {
                    outage.trial = None;
                    outage.postpone(policy, now);
                }
                None
            }
        }
    }

    /// A trial ended without saying anything about the backend: the next may begin at once.
    pub fn released(&mut self, trial: Trial) {
        if let State::Down(outage) = &mut self.state
            && outage.trial == Some(trial)
        {
            outage.trial = None;
        }
    }

    /// A probe passed.
    pub fn probe_passed(&mut self, policy: &HealthPolicy, now: Instant) -> Option<Transition> {
        match &mut self.state {
            State::Up { probe_failures, .. } => {
                *probe_failures = 0;
                None
            }
            State::Down(outage) => {
                outage.passes = outage.passes.saturating_add(1);
                (outage.passes >= policy.rise).then(|| self.come_up(UpReason::Probes, now))
            }
        }
    }

    /// A probe failed to connect.
    pub fn probe_failed(&mut self, policy: &HealthPolicy, now: Instant) -> Option<Transition> {
        self.probed_in_vain(false, policy, now)
    }

    /// A probe was connected, and answered badly or not at all.
    pub fn probe_answered_badly(
        &mut self,
        policy: &HealthPolicy,
        now: Instant,
    ) -> Option<Transition> {
        self.probed_in_vain(true, policy, now)
    }

    fn probed_in_vain(
        &mut self,
        unfit: bool,
        policy: &HealthPolicy,
        now: Instant,
    ) -> Option<Transition> {
        match &mut self.state {
            State::Up { probe_failures, .. } => {
                *probe_failures = probe_failures.saturating_add(1);
                let failures = *probe_failures;
                (failures >= policy.probe_fall)
                    .then(|| self.go_down(DownReason::Probes, failures, unfit, policy, now))
            }
            State::Down(outage) => {
                outage.passes = 0;
                outage.unfit |= unfit;
                outage.postpone(policy, now);
                None
            }
        }
    }

    fn go_down(
        &mut self,
        reason: DownReason,
        failures: u32,
        unfit: bool,
        policy: &HealthPolicy,
        now: Instant,
    ) -> Transition {
        let wait = policy.retry_after;
        let retry_at = now + wait;
        let (passes, trial) = (0, None);
        self.state = State::Down(Outage { since: now, retry_at, wait, passes, unfit, trial });
        let retry_at = (!unfit).then_some(retry_at);
        Transition::WentDown { reason, failures, retry_at }
    }

    fn come_up(&mut self, reason: UpReason, now: Instant) -> Transition {
        let down_for = match &self.state {
            State::Up { .. } => Duration::ZERO,
            State::Down(outage) => now.saturating_duration_since(outage.since),
        };
        self.state = UP;
        Transition::CameUp { reason, down_for }
    }
}

impl Outage {
    fn postpone(&mut self, policy: &HealthPolicy, now: Instant) {
        let longest = LONGEST_RETRY.max(policy.retry_after);
        self.wait = self.wait.saturating_mul(2).min(longest);
        self.retry_at = now + self.wait;
    }
}

#[cfg(test)]
mod tests;
