//! The backends of a pool at a scrape.

use std::collections::HashMap;
use std::fmt;

use tokio::time::Instant;
use trunkline_observability::metrics::Page;

use super::backend::{BackendCounts, RESULTS, TRANSITIONS};
use super::lasting::{Counted, Lasting};
use crate::backend::health::Standing;
use crate::pool::{Member, Pool};

/// How many backends of a pool are shown by themselves.
const SHOWN: usize = 1_000;

/// The name of the rest of them together.
const OTHER: &str = "other";

/// A backend, or several together, at one moment.
struct Seen {
    pool: String,
    backend: String,
    /// How many of those that it stands for serve, are ejected, drain.
    up: u64,
    ejected: u64,
    draining: u64,
    weight: u64,
    in_flight: u64,
    counts: Counts,
}

/// What never falls while it is a member.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    leases: u64,
    connected: u64,
    failed: u64,
    answers: BackendCounts,
}

impl Counted for Counts {
    fn since(&self, before: &Self) -> Self {
        Self {
            leases: self.leases.since(&before.leases),
            connected: self.connected.since(&before.connected),
            failed: self.failed.since(&before.failed),
            answers: self.answers.since(&before.answers),
        }
    }

    fn add(&mut self, more: &Self) {
        self.leases += more.leases;
        self.connected += more.connected;
        self.failed += more.failed;
        self.answers.add(&more.answers);
    }
}

/// What those of each pool that are not shown by themselves have counted, from scrape to scrape.
pub(super) type Rest = HashMap<String, Lasting<Counts>>;

impl Seen {
    fn of(pool: &Pool, member: &Member, now: Instant) -> Self {
        let backend = &member.backend;
        let totals = backend.totals();
        Self {
            pool: pool.name().to_owned(),
            backend: backend.name().to_owned(),
            up: match backend.standing() {
                Standing::Up | Standing::Shaky => 1,
                Standing::Down { .. } | Standing::OnTrial | Standing::Unfit => 0,
            },
            ejected: u64::from(backend.is_ejected(now)),
            draining: u64::from(member.draining),
            weight: u64::from(member.weight.get()),
            in_flight: u64::from(backend.in_flight()),
            counts: Counts {
                leases: totals.leases,
                connected: totals.connected,
                failed: totals.failed,
                answers: backend.metrics().counts(),
            },
        }
    }

    /// Adds all but what is counted.
    fn join(&mut self, other: &Self) {
        self.up += other.up;
        self.ejected += other.ejected;
        self.draining += other.draining;
        self.weight += other.weight;
        self.in_flight += other.in_flight;
    }
}

/// The backends of all pools.
pub(super) struct Members {
    seen: Vec<Seen>,
}

impl Members {
    pub(super) fn of<'a>(
        pools: impl IntoIterator<Item = &'a Pool>,
        rests: &mut Rest,
        now: Instant,
    ) -> Self {
        let mut seen = Vec::new();
        for pool in pools {
            let current = pool.current();
            // By address: who is shown by itself does not change with every change of the rest.
            let mut members: Vec<_> = current.members().collect();
            members.sort_unstable_by_key(|member| member.backend.address());
            let mut shown: Vec<_> =
                members.iter().map(|member| Seen::of(pool, member, now)).collect();
            // Where there never was a rest, nothing has to be remembered.
            if members.len() > SHOWN || rests.contains_key(pool.name()) {
                let each = members.iter().zip(&shown).enumerate().map(|(place, (member, seen))| {
                    (member.backend.id(), seen.counts.clone(), place >= SHOWN)
                });
                let counts = rests.entry(pool.name().to_owned()).or_default().update(each);
                let rest = shown.drain(SHOWN.min(members.len())..).reduce(|mut all, next| {
                    all.join(&next);
                    all
                });
                let rest = rest.zip(counts);
                let rest =
                    rest.map(|(all, counts)| Seen { backend: OTHER.to_owned(), counts, ..all });
                shown.extend(rest);
            }
            seen.extend(shown);
        }
        Self { seen }
    }

    fn each(&self, mut write: impl FnMut([(&str, &str); 2], &Seen) -> fmt::Result) -> fmt::Result {
        self.seen.iter().try_for_each(|seen| {
            write([("pool", seen.pool.as_str()), ("backend", seen.backend.as_str())], seen)
        })
    }

    pub(super) fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        self.standing(page)?;
        self.leases(page)?;
        self.tries(page)
    }

    fn standing(&self, page: &mut Page<'_>) -> fmt::Result {
        type Gauge = (&'static str, &'static str, fn(&Seen) -> u64);
        let gauges: [Gauge; 5] = [
            (
                "trunkline_backend_up",
                "Whether its breaker is closed: it gets connections",
                |seen| seen.up,
            ),
            ("trunkline_backend_ejected", "Whether it is left out, as it answers badly", |seen| {
                seen.ejected
            }),
            ("trunkline_backend_draining", "Whether it gets no new lease, by an order", |seen| {
                seen.draining
            }),
            ("trunkline_backend_weight", "Its share against others of the pool", |seen| {
                seen.weight
            }),
            ("trunkline_backend_in_flight", "Leases that are out", |seen| seen.in_flight),
        ];
        for (name, help, value) in gauges {
            let mut family = page.gauges(name, None, help)?;
            self.each(|labels, seen| family.add(&labels, value(seen)))?;
        }
        let help = "Changes of what is known of it";
        let mut family = page.counts("trunkline_backend_transitions", help)?;
        self.each(|[pool, backend], seen| {
            for (to, times) in TRANSITIONS.into_iter().zip(seen.counts.answers.transitions) {
                family.add(&[pool, backend, ("to", to)], times)?;
            }
            Ok(())
        })
    }

    fn leases(&self, page: &mut Page<'_>) -> fmt::Result {
        let mut family = page.counts("trunkline_backend_leases", "Leases that were given")?;
        self.each(|labels, seen| family.add(&labels, seen.counts.leases))?;
        let help = "Connections that were made";
        let mut family = page.counts("trunkline_backend_connections", help)?;
        self.each(|labels, seen| family.add(&labels, seen.counts.connected))?;
        let help = "Connections that failed, and it was to blame";
        let mut family = page.counts("trunkline_backend_connection_failures", help)?;
        self.each(|labels, seen| family.add(&labels, seen.counts.failed))
    }

    fn tries(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "Requests that it was sent, and that told how it does";
        let mut family = page.counts("trunkline_backend_tries", help)?;
        self.each(|[pool, backend], seen| {
            for (result, times) in RESULTS.into_iter().zip(seen.counts.answers.tries) {
                family.add(&[pool, backend, ("result", result)], times)?;
            }
            Ok(())
        })?;
        let help = "From the request to the first byte of its answer";
        let mut family = page.histograms("trunkline_backend_first_byte", help)?;
        self.each(|labels, seen| family.add_if_any(&labels, &seen.counts.answers.first_byte))?;
        let help = "From the request to the end of the try";
        let mut family = page.histograms("trunkline_backend_duration", help)?;
        self.each(|labels, seen| family.add_if_any(&labels, &seen.counts.answers.duration))
    }
}

#[cfg(test)]
mod tests;
