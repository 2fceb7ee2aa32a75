//! When a backend that connects but answers badly is left out: a pure policy with time as an
//! argument.
//!
//! It is Envoy's outlier detection ([architecture overview], [settings]): a backend is ejected for
//! `time`, and for so much longer at each further ejection; whoever behaves gets it shorter again.
//! Either answers that failed in a row eject, or a success rate far below that of the others.
//! At most a share of the pool is ejected at once, whatever it answers.
//!
//! [architecture overview]: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
//! [settings]: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/outlier_detection.proto

use std::time::Duration;

use tokio::time::Instant;

/// When a backend is ejected, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EjectionPolicy {
    /// Bad answers in a row that eject; 0 means never.
    pub failures: u32,
    /// How many standard deviations below the mean a success rate ejects; none means never.
    pub success_rate: Option<f64>,
    /// Requests in an interval from which on a backend's rate counts; 0 means the same as 1.
    pub least_requests: u32,
    /// How often rates are compared, and after how long without ejection the next one is shorter.
    pub interval: Duration,
    /// How long the first ejection lasts.
    pub time: Duration,
    /// How long any ejection lasts at most.
    pub longest: Duration,
    /// Per cent of the pool that may be ejected at once; see [`most_ejected`].
    pub share: u8,
}

impl Default for EjectionPolicy {
    /// As a file has it that says nothing.
    fn default() -> Self {
        Self {
            failures: 5,
            success_rate: None,
            least_requests: 100,
            interval: Duration::from_secs(10),
            time: Duration::from_secs(10),
            longest: Duration::from_secs(300),
            share: 50,
        }
    }
}

/// The ejections of one backend. It begins without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ejection {
    /// Ejections that still count: the next one lasts one `time` more than so many.
    counted: u32,
    /// When the last one ends or ended.
    until: Option<Instant>,
}

impl Ejection {
    /// Ejects the backend and says until when: for [`EjectionPolicy::time`] times the ejections so
    /// far that still count, at most [`EjectionPolicy::longest`].
    ///
    /// One that is ejected stays so until the same time: answers to what it was sent before say
    /// nothing new.
    pub fn eject(&mut self, policy: &EjectionPolicy, now: Instant) -> Instant {
        if let Some(until) = self.until.filter(|until| *until > now) {
            return until;
        }
        // What the longest cuts off need not be waited for when it grows shorter again.
        if policy.time.saturating_mul(self.counted) < policy.longest {
            self.counted = self.counted.saturating_add(1);
        }
        let until = now + policy.time.saturating_mul(self.counted).min(policy.longest);
        self.until = Some(until);
        until
    }

    /// Ends an ejection early; says whether there was one. It counts for the next all the same.
    pub fn end(&mut self, now: Instant) -> bool {
        let ends = self.is_out(now);
        if ends {
            self.until = Some(now);
        }
        ends
    }

    /// Whether it is ejected.
    #[must_use]
    pub fn is_out(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    /// When the last ejection ends or ended; none where none counts any more.
    #[must_use]
    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    /// To be called once an interval: an interval without ejection makes the next one shorter by one
    /// [`EjectionPolicy::time`], down to the first.
    pub fn settle(&mut self, policy: &EjectionPolicy, now: Instant) {
        if self.until.is_none_or(|until| now.saturating_duration_since(until) < policy.interval) {
            return;
        }
        self.counted = self.counted.saturating_sub(1);
        if self.counted == 0 {
            self.until = None;
        }
    }
}

/// How many of a pool's `members` may be ejected at once: `share` per cent, rounded down, but one of
/// three or more, and never all. A pool of one ejects nobody, one of two only from 50 per cent on.
#[must_use]
pub fn most_ejected(members: usize, share: u8) -> usize {
    let shared = members.saturating_mul(usize::from(share)) / 100;
    shared.max(usize::from(members >= 3)).min(members.saturating_sub(1))
}

/// How a backend answered in an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rate {
    /// Requests that it answered or failed to answer.
    pub requests: u64,
    /// Those of them that it answered well. More than `requests` is the same as all.
    pub successes: u64,
}

/// Rates that differ by less differ by the rounding of their mean.
const ROUNDING: f64 = 1e-9;

/// Those of `stats` whose success rate is lower than the mean by more than `deviations` standard
/// deviations, by their index, the worst first. Only backends with `least_requests` are looked at,
/// and only if they are three or more.
///
/// Of n backends none can be more than √(n-1) standard deviations below their mean: with 1.9, which
/// is Envoy's default, a single bad backend is found among five or more, with 1.4 among three.
#[must_use]
pub fn outliers(stats: &[Rate], deviations: f64, least_requests: u32) -> Vec<usize> {
    let least = u64::from(least_requests.max(1));
    let rates: Vec<(usize, f64)> = stats
        .iter()
        .enumerate()
        .filter(|(_, rate)| rate.requests >= least)
        .map(|(index, rate)| {
            (index, rate.successes.min(rate.requests) as f64 / rate.requests as f64)
        })
        .collect();
    if rates.len() < 3 {
        return Vec::new();
    }
    let count = rates.len() as f64;
    let mean = rates.iter().map(|(_, rate)| rate).sum::<f64>() / count;
    let variance = rates.iter().map(|(_, rate)| (rate - mean).powi(2)).sum::<f64>() / count;
    let threshold = mean - deviations * variance.sqrt() - ROUNDING;
    let mut found: Vec<_> = rates.into_iter().filter(|(_, rate)| *rate < threshold).collect();
    found.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    found.into_iter().map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests;
