//! All origins are killed, and come back.

use std::time::Duration;

use anyhow::Result;

use crate::clock::monotonic_nanos;
use crate::crowd::{Asked, latency};
use crate::runs::Report;
use crate::runs::http::mortal::Mortal;
use crate::runs::pace::rest;
use crate::runs::report::{millis, spread};

use super::scenario::{INTER, RISE_AND_FALL};

/// A refusal takes less.
const AT_ONCE: Duration = Duration::from_millis(10);
/// All are served again after so much more than a probe's interval.
const RECOVERED: Duration = Duration::from_secs(1);

/// One of them.
#[derive(Default)]
pub(super) struct Outage {
    /// When none was left, and when the first was started again, in nanoseconds.
    gone_nanos: u64,
    returning_nanos: u64,
    /// When all were back.
    back_nanos: u64,
    /// The most requests that an origin had at once: before, and from its return on.
    usual: u64,
    on_return: u64,
    /// What was asked while there was none, and probes had had the time to find that.
    refusals: Vec<Asked>,
    /// From the return of the last to the end of the last request that was not served.
    recovered_nanos: u64,
    /// What was not served although it ended after that time.
    late: Vec<Asked>,
}

impl Outage {
    pub(super) fn make(origins: &mut [Mortal], time: Duration) -> Result<Self> {
        most(origins)?;
        rest(time / 4);
        let usual = most(origins)?;
        for origin in &mut *origins {
            origin.kill()?;
        }
        let gone_nanos = monotonic_nanos();
        rest(time / 4);
        let returning_nanos = monotonic_nanos();
        for origin in &mut *origins {
            origin.revive()?;
        }
        let back_nanos = monotonic_nanos();
        rest(time / 2);
        let on_return = most(origins)?;
        Ok(Self { gone_nanos, returning_nanos, back_nanos, usual, on_return, ..Self::default() })
    }

    pub(super) fn judge(&mut self, asked: &[Asked]) {
        // Before that, a request may still be refused by each of them, which is a 502.
        let known = u64::from(INTER * RISE_AND_FALL.1) * 1_000_000;
        let none = self.gone_nanos + known..self.returning_nanos;
        let meanwhile =
            |it: &&Asked| none.contains(&it.began_nanos) && none.contains(&it.ended_nanos);
        self.refusals = asked.iter().filter(meanwhile).cloned().collect();
        let failed = asked.iter().filter(|it| !it.is_served()).map(|it| it.ended_nanos);
        self.recovered_nanos = failed.max().unwrap_or_default().saturating_sub(self.back_nanos);
        let by = self.back_nanos + u64::from(INTER) * 1_000_000 + RECOVERED.as_nanos() as u64;
        let late = asked.iter().filter(|it| !it.is_served() && it.ended_nanos > by);
        self.late = late.cloned().collect();
    }
}

fn most(origins: &mut [Mortal]) -> Result<u64> {
    let most = origins.iter_mut().map(|origin| Ok(origin.origin()?.counts()?.most));
    Ok(most.collect::<Result<Vec<_>>>()?.into_iter().max().unwrap_or_default())
}

/// What is asked of this server alone.
pub(super) fn tell(outages: &[Outage], timed: bool, report: &mut Report) {
    if outages.is_empty() {
        return;
    }
    let refusals = || outages.iter().flat_map(|outage| &outage.refusals);
    let others = refusals().filter(|asked| asked.outcome != Ok(503)).count();
    let figure = format!("{} of {}", others, refusals().count());
    report.require(
        "outage: answers other than 503 once all are known to be down, none",
        figure,
        others == 0,
    );
    for asked in refusals().filter(|asked| asked.outcome != Ok(503)).take(5) {
        report.show("  one of them", format!("{}: {:?}", asked.id, asked.outcome));
    }
    let times = latency(refusals());
    report.show("outage: times of refusals", spread(&times));
    let recovered = outages.iter().map(|outage| outage.recovered_nanos).max().unwrap_or_default();
    let usual = outages.iter().map(|outage| outage.usual).min().unwrap_or_default();
    let on_return = outages.iter().map(|outage| outage.on_return).max().unwrap_or_default();
    let most = Duration::from_millis(INTER.into()) + RECOVERED;
    let within = Duration::from_nanos(recovered) <= most;
    let name = format!("outage: last refusal after the return, at most {most:?}");
    report.require(&name, millis(recovered), within);
    for asked in outages.iter().flat_map(|outage| &outage.late).take(5) {
        let took = millis(asked.nanos());
        report.show("  one later", format!("{}: {:?} after {took}", asked.id, asked.outcome));
    }
    let name = "outage: requests of an origin at once, usual and on return";
    let figure = format!("{usual}, {on_return}");
    if timed {
        report.require(&format!("{name}, at most twice as many"), figure, on_return <= 2 * usual);
        let within = Duration::from_nanos(times.p99_nanos) < AT_ONCE;
        report.require("outage: p99 of refusals, below 10 ms", millis(times.p99_nanos), within);
    } else {
        report.show(name, figure);
    }
}
