//! Everything that serves traffic, at a scrape.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use tokio::time::Instant;
use trunkline_observability::metrics::{Page, Source};

use super::lasting::Lasting;
use super::listener::{CODES, ListenerMetrics};
use super::mailboxes::{self, Mailbox};
use super::members::{Members, Rest};
use super::request::{CLASSES, RequestMetrics};
use crate::directory::Directory;
use crate::http::route::Target;
use crate::pool::Pool;

/// The pools, routers and listeners that a directory knows.
pub struct Traffic {
    directory: Arc<Directory>,
    /// What outlives the members of pools.
    lasting: Mutex<PastMembers>,
}

#[derive(Default)]
struct PastMembers {
    rest: Rest,
    /// What mailboxes of backends have refused, by pool.
    refused: HashMap<Arc<str>, Lasting<u64>>,
}

impl Source for Traffic {
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        let listeners = self.directory.listeners();
        connections(page, listeners)?;
        requests(page, listeners)?;
        let names = self.directory.pools();
        let cells: Vec<_> = names.iter().filter_map(|name| self.directory.pool(name)).collect();
        pools(page, &cells)?;
        let mut lasting = self.lasting.lock();
        let PastMembers { rest, refused } = &mut *lasting;
        Members::of(cells.iter().map(|pool| &**pool), rest, Instant::now()).measure(page)?;
        mailboxes::measure(page, &self.mailboxes(&names, refused))
    }
}

impl Traffic {
    /// What `directory` knows at a scrape; it may be filled later.
    #[must_use]
    pub fn new(directory: Arc<Directory>) -> Self {
        Self { directory, lasting: Mutex::default() }
    }

    fn mailboxes(
        &self,
        pools: &[Arc<str>],
        refused: &mut HashMap<Arc<str>, Lasting<u64>>,
    ) -> Vec<Mailbox> {
        let of_router = |(worker, router): (usize, &trunkline_runtime::Address<_>)| {
            Mailbox::of(format!("routers/w{worker}"), router.node())
        };
        let mut mailboxes: Vec<_> =
            self.directory.routers().iter().enumerate().map(of_router).collect();
        for name in pools {
            let listed = self.directory.with_pool(name, Clone::clone);
            let Some(listed) = listed else { continue };
            mailboxes.push(Mailbox::of(format!("pools/{name}/pool"), listed.actor.node()));
            let current = listed.pool.current();
            let nodes: Vec<_> = current
                .members()
                .filter_map(|member| {
                    let id = member.backend.id();
                    Some((id, self.directory.backend_node(id)?))
                })
                .collect();
            let actor = format!("pools/{name}/ADDRESS/backend");
            let refused = refused.entry(Arc::clone(name)).or_default();
            mailboxes.push(Mailbox::of_members(actor, &nodes, refused));
        }
        mailboxes
    }
}

fn connections(page: &mut Page<'_>, listeners: &[Arc<ListenerMetrics>]) -> fmt::Result {
    let mut family = page.gauges("trunkline_connections", None, "Connections that are open")?;
    for listener in listeners {
        family.add(&[("listener", &listener.name)], listener.open())?;
    }
    let help = "Connections that were accepted";
    let mut family = page.counts("trunkline_connections_accepted", help)?;
    for listener in listeners {
        family.add(&[("listener", &listener.name)], listener.total())?;
    }
    let help = "How often accepting waited, as a limit of connections was reached";
    let mut family = page.counts("trunkline_accept_limited", help)?;
    for listener in listeners {
        family.add(&[("listener", &listener.name)], listener.hindered().0)?;
    }
    let help = "How often accepting paused, as descriptors or memory were used up";
    let mut family = page.counts("trunkline_accept_paused", help)?;
    for listener in listeners {
        family.add(&[("listener", &listener.name)], listener.hindered().1)?;
    }
    let help = "Connections that have ended, by how they did; codes that never came are left out";
    let mut family = page.counts("trunkline_connections_closed", help)?;
    for listener in listeners {
        let codes = CODES.into_iter().zip(listener.closed.totals());
        for (code, times) in codes.filter(|(code, times)| *times > 0 || *code == CODES[0]) {
            family.add(&[("listener", &listener.name), ("code", code)], times)?;
        }
    }
    let help = "How long connections lasted";
    let mut family = page.histograms("trunkline_connection_duration", help)?;
    for listener in listeners {
        family.add(&[("listener", &listener.name)], &listener.duration.snapshot())?;
    }
    Ok(())
}

/// The counts of each route, and of what fits none: that has a route without a name.
fn routes(
    listeners: &[Arc<ListenerMetrics>],
    mut write: impl FnMut([(&str, &str); 3], &RequestMetrics) -> fmt::Result,
) -> fmt::Result {
    for listener in listeners.iter().filter(|listener| !listener.routes.is_empty()) {
        let name = ("listener", &*listener.name);
        for route in &listener.routes {
            let pool = match &route.target {
                Target::Pool { pool, .. } => pool,
                Target::Redirect(_) | Target::Answer(_) => "",
            };
            write([name, ("route", &route.name), ("pool", pool)], &route.metrics)?;
        }
        write([name, ("route", ""), ("pool", "")], listener.unrouted())?;
    }
    Ok(())
}

fn requests(page: &mut Page<'_>, listeners: &[Arc<ListenerMetrics>]) -> fmt::Result {
    let help = "Requests that are over, by the class of their status; `none` got no answer";
    let mut family = page.counts("trunkline_requests", help)?;
    routes(listeners, |[listener, route, pool], metrics| {
        for (class, times) in CLASSES.into_iter().zip(metrics.classes.totals()) {
            family.add(&[listener, route, pool, ("class", class)], times)?;
        }
        Ok(())
    })?;
    let help = "From the first byte of a request to its end; without those that switched protocols";
    let mut family = page.histograms("trunkline_request_duration", help)?;
    routes(listeners, |labels, metrics| family.add(&labels, &metrics.duration.snapshot()))?;
    let help = "From the whole head of a request to the first byte of a backend's answer";
    let mut family = page.histograms("trunkline_request_first_byte", help)?;
    routes(listeners, |labels, metrics| family.add(&labels, &metrics.first_byte.snapshot()))
}

fn pools(page: &mut Page<'_>, pools: &[Arc<Pool>]) -> fmt::Result {
    let help = "Leases that are out";
    let mut family = page.gauges("trunkline_pool_in_flight", None, help)?;
    for pool in pools {
        family.add(&[("pool", pool.name())], u64::from(pool.in_flight()))?;
    }
    let help = "Who waits for a lease";
    let mut family = page.gauges("trunkline_pool_waiting", None, help)?;
    for pool in pools {
        family.add(&[("pool", pool.name())], pool.waiting() as u64)?;
    }
    let help = "How long whoever had to wait for a lease did so";
    let mut family = page.histograms("trunkline_pool_wait", help)?;
    for pool in pools {
        family.add(&[("pool", pool.name())], &pool.metrics().wait.snapshot())?;
    }
    let help = "Questions for a lease that got none, by why";
    let mut family = page.counts("trunkline_pool_refusals", help)?;
    for pool in pools {
        for (reason, times) in pool.metrics().refusals() {
            family.add(&[("pool", pool.name()), ("reason", reason)], times)?;
        }
    }
    let help =
        "Requests that were sent once more, since the backend had failed or the connection had";
    let mut family = page.counts("trunkline_pool_retries", help)?;
    for pool in pools {
        for (reason, times) in pool.metrics().repeats() {
            family.add(&[("pool", pool.name()), ("reason", reason)], times)?;
        }
    }
    let help = "Requests that a second backend was asked, as the first took long";
    let mut family = page.counts("trunkline_pool_hedges", help)?;
    for pool in pools {
        family.add(&[("pool", pool.name())], pool.metrics().hedged.load(Relaxed))?;
    }
    let help = "Requests that were not sent once more, as the budget had no token";
    let mut family = page.counts("trunkline_pool_budget_refusals", help)?;
    for pool in pools {
        family.add(&[("pool", pool.name())], pool.metrics().over_budget.load(Relaxed))?;
    }
    let help = "Tokens of the budget: so many requests may be sent once more at once";
    let mut family = page.gauges("trunkline_pool_budget_tokens", None, help)?;
    for pool in pools {
        family.add_fraction(&[("pool", pool.name())], pool.budget_tokens())?;
    }
    Ok(())
}
