//! What follows when a child fails: a restart, more than one, or giving up.

use std::time::Instant;

use crate::exit::ExitReason;
use crate::policy::{Restart, RestartDecision, Strategy};
use crate::spec::{Flags, OnSpent};

use super::action::{Action, Key, Outcome};
use super::core::{Core, Phase, Then};
use super::entry::{Orphans, Parking, State};
use super::operation::Wish;

impl<P> Core<P> {
    /// A child that was being stopped or killed is down. `random` is uniform in `0..1`.
    pub(super) fn down(&mut self, key: Key, reason: &ExitReason, now: Instant, random: f64) {
        let expected = self.is_expected_down(key);
        match self.get_mut(key) {
            // Whatever it made of it: it was to fail.
            Some(entry) if entry.wish == Wish::Failure && !expected => {
                entry.wish = Wish::None;
                let reason = if reason.is_abnormal() { reason } else { &ExitReason::Killed };
                self.failed(key, reason, now, random);
            }
            Some(_) | None => self.retire(key, now),
        }
    }

    /// Whether it is being stopped for a reason of its supervisor's own, so that its end is no
    /// failure.
    pub(super) fn is_expected_down(&self, key: Key) -> bool {
        self.get(key).is_some_and(|entry| entry.removing)
            || matches!(self.phase, Phase::Stopping(_))
            || self.is_awaited_down(key)
    }

    /// Forgets its failures, if it has been well for long enough.
    pub(super) fn note_uptime(&mut self, key: Key, now: Instant) {
        let healthy = self.flags.backoff.healthy;
        if let Some(entry) = self.get_mut(key)
            && let State::Running { since } = entry.state
            && now.saturating_duration_since(since) >= healthy
            && let Some(history) = &mut entry.history
        {
            history.attempts = 0;
        }
    }

    /// What to do about an exit that nobody asked for.
    pub(super) fn decide(
        &mut self,
        key: Key,
        reason: &ExitReason,
        now: Instant,
        random: f64,
    ) -> RestartDecision {
        self.note_uptime(key, now);
        let Flags { intensity, backoff, on_spent, .. } = self.flags;
        let shared = &mut self.window;
        let Some(entry) = self.entries.get_mut(key.index as usize) else {
            return RestartDecision::Never;
        };
        if self.init && matches!(reason, ExitReason::Failed(_) | ExitReason::Killed) {
            return RestartDecision::BudgetSpent { restarts: 0 };
        }
        if !entry.terms.restart.wants_restart(reason) {
            return match entry.terms.restart {
                Restart::Temporary => RestartDecision::Never,
                Restart::Transient | Restart::Permanent => RestartDecision::Done,
            };
        }
        let history = entry.history.get_or_insert_default();
        let window = match on_spent {
            OnSpent::ParkChild => &mut history.window,
            OnSpent::Escalate | OnSpent::Park => shared,
        };
        if !window.record(now, intensity) {
            // All that the period may hold; this one would have been one more.
            let restarts = intensity.restarts;
            return RestartDecision::BudgetSpent { restarts };
        }
        let after = backoff.delay(history.attempts, random);
        history.attempts = history.attempts.saturating_add(1);
        RestartDecision::Restart { after }
    }

    pub(super) fn failed(&mut self, key: Key, reason: &ExitReason, now: Instant, random: f64) {
        match self.decide(key, reason, now, random) {
            RestartDecision::Never => self.retire(key, now),
            RestartDecision::Done => {
                self.retire(key, now);
                if let Some(entry) = self.get_mut(key) {
                    entry.planned = false;
                }
            }
            RestartDecision::Restart { after } => {
                self.actions.push(Action::Rest { key, after });
                // A supervisor that panicked comes back to children that live: nobody else is
                // restarted because of it, whatever the strategy.
                let adopts = self.get(key).is_some_and(|entry| entry.orphans == Orphans::Adopt);
                if adopts || self.flags.strategy == Strategy::OneForOne {
                    self.set_state(key, State::Resting { until: now + after });
                } else {
                    self.set_state(key, State::Down);
                    self.widen(key, now + after, now);
                }
            }
            RestartDecision::BudgetSpent { restarts } => self.spent(key, restarts, now, random),
        }
    }

    pub(super) fn spent(&mut self, key: Key, restarts: u32, now: Instant, random: f64) {
        let retry = self.flags.backoff.longest(random);
        match self.flags.on_spent {
            OnSpent::Escalate => {
                let Some(entry) = self.get(key) else { return };
                let child = entry.terms.id.clone();
                self.actions.push(Action::Escalate { child: child.clone(), restarts });
                self.hurry(now);
                self.set_aside(key, now);
                self.stop_all(Then::End(Outcome::Spent { child, restarts }), now);
            }
            OnSpent::Park => {
                self.set_aside(key, now);
                self.stop_all(Then::Park { retry }, now);
            }
            OnSpent::ParkChild => {
                if let Some(entry) = self.get_mut(key) {
                    entry.planned = false;
                    let parking = Parking { until: now + retry, retry };
                    entry.history.get_or_insert_default().to_park = Some(parking);
                }
                // If it left children, it comes back first, to stop them in good order.
                self.retire(key, now);
            }
        }
    }
}
