//! From a lease to a connection that a request can be sent over.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::Site;
use super::account::Phase;
use super::begun::{Begun, Upstream};
use super::client::Client;
use super::fault::Fault;
use super::timer::Timer;
use crate::backend::lease::Lease;
use crate::handler::LEASE_LIMIT;
use crate::handler::upstreams::Route;
use crate::handler::waiting::granted;
use crate::kept::{self, KeepLimits};
use crate::pool::{Asked, Grant, NoBackend, PoolSettings, Reuse};
use crate::record::Code;
use crate::socket::{ConnectFailure, connect};
use crate::stream::Stream;

/// A connection to a backend, and the right to use it.
pub(super) struct Reached {
    pub(super) stream: Stream,
    pub(super) lease: Lease,
    /// It has served before.
    pub(super) reused: bool,
    pub(super) at: Instant,
}

impl Site {
    /// Asks for leases until a backend is reached. Failover is a further ask, which excludes those
    /// that have failed. `fresh` wants a connection that nobody has used.
    pub(super) async fn reach(
        &self,
        pool: &Arc<str>,
        begun: &mut Begun,
        fresh: bool,
        client: &Client,
        timer: &mut Timer,
    ) -> Result<Reached, Fault> {
        let route = self.upstreams.route(pool);
        // The first time nothing has been waited for yet.
        let first = begun.account.tried() == 0;
        let mut now = if first { begun.account.whole() } else { Instant::now() };
        loop {
            let mut lease = begun.lease(&route, now, client, timer).await?;
            now = Instant::now();
            begun.account.phase = Phase::Connect;
            begun.tries(&lease, now);
            let backend = Arc::clone(lease.backend());
            let (may_reuse, within, attempts) = {
                let current = lease.pool().current();
                let settings = current.settings();
                let may_reuse = !fresh && may_reuse(settings, begun.repeatable);
                (may_reuse, settings.connect_timeout, settings.attempts.get())
            };
            if may_reuse
                && !lease.is_trial()
                && let Some(stream) = kept::take(backend.id(), now)
            {
                begun.account.reused = true;
                if let Some(attempt) = begun.account.attempt() {
                    attempt.reuses();
                }
                return Ok(Reached { stream, lease, reused: true, at: now });
            }
            begun.account.reused = false;
            let left = match begun.remaining(now) {
                Ok(left) => left,
                Err(fault) => {
                    begun.account.try_ends(fault.code(), false, 0, now);
                    return Err(fault);
                }
            };
            let addresses = [backend.address()];
            let connected = connect(&addresses, within.min(left), &self.upstreams.tcp).await;
            now = Instant::now();
            match connected {
                Ok(stream) => {
                    let transition = lease.connected(now);
                    self.upstreams.directory.tell(backend.id(), transition);
                    if let Some(attempt) = begun.account.attempt() {
                        attempt.connected(now);
                    }
                    return Ok(Reached { stream, lease, reused: false, at: now });
                }
                // It has not had its time: that says nothing about it.
                Err(error) if error.failure == ConnectFailure::TimedOut && left < within => {
                    begun.account.try_ends(Fault::Deadline.code(), false, 0, now);
                    return Err(Fault::Deadline);
                }
                Err(error) => {
                    begun.account.try_ends(error.failure.name(), false, 0, now);
                    let transition = lease.failed(error.failure, now);
                    self.upstreams.directory.tell(backend.id(), transition);
                    let fault = Fault::Unreached(Code::ConnectFailed(error.failure));
                    if begun.account.tried() >= attempts {
                        return Err(fault);
                    }
                    if let Some(upstream) = &mut begun.upstream {
                        upstream.asked.excluded.push(backend.id());
                        upstream.failure = Some(fault);
                    }
                }
            }
        }
    }
}

impl Site {
    /// Tells the backend of `lease` how it has done with a request, and how long it took to the first
    /// byte of the answer, or has taken at least; it was sent the request at `sent`.
    pub(super) fn report(&self, lease: &mut Lease, well: bool, took: Duration, sent: Instant) {
        let now = Instant::now();
        lease.backend().metrics().tried(well, took, now.saturating_duration_since(sent));
        let transition = lease.answered(well, took, now);
        self.upstreams.directory.tell(lease.backend().id(), transition);
    }
}

/// Whether a request may go over a connection that has served before.
pub(super) fn may_reuse(settings: &PoolSettings, repeatable: bool) -> bool {
    match settings.reuse {
        Reuse::Always => true,
        Reuse::Safe => repeatable,
        Reuse::Never => false,
    }
}

/// What of a pool's connections is kept.
pub(super) fn keep_limits(settings: &PoolSettings) -> KeepLimits {
    match settings.reuse {
        Reuse::Never => KeepLimits { connections: 0, ..settings.keep },
        Reuse::Safe | Reuse::Always => settings.keep,
    }
}

impl Begun {
    /// Asks for a lease, and waits where all backends are at their limits.
    async fn lease(
        &mut self,
        route: &Route,
        now: Instant,
        client: &Client,
        timer: &mut Timer,
    ) -> Result<Lease, Fault> {
        let (mut now, mut again) = (now, false);
        loop {
            let asked = self.upstream.as_ref().map(|upstream| upstream.asked.clone());
            let asked = asked.unwrap_or_default();
            self.account.asks_for_lease(now);
            let refusal = match self.ask(route, &asked, now, client, timer).await {
                Ok(Ok(lease)) => return Ok(lease),
                Ok(Err(refusal)) => refusal,
                Err(fault) => {
                    self.account.refused(fault.code());
                    return Err(fault);
                }
            };
            self.account.refused(refusal.name());
            let Some(Upstream { asked, failure: Some(failure), .. }) = &mut self.upstream else {
                return Err(Fault::Unreached(refusal));
            };
            // That there is nothing left to try is less than how the last try failed.
            if !matches!(refusal, Code::Refused(refusal) if refusal.follows_failures()) {
                return Err(Fault::Unreached(refusal));
            }
            // Those that were reached may be asked once more: they are better than nobody.
            if again || asked.excluded.is_empty() || matches!(failure, Fault::Unreached(_)) {
                return Err(*failure);
            }
            asked.excluded.clear();
            (now, again) = (Instant::now(), true);
        }
    }

    async fn ask(
        &mut self,
        route: &Route,
        asked: &Asked,
        now: Instant,
        client: &Client,
        timer: &mut Timer,
    ) -> Result<Result<Lease, Code>, Fault> {
        self.account.phase = Phase::Route;
        let due = now + self.remaining(now)?.min(LEASE_LIMIT);
        let Some(grant) = in_time(route.grant(asked, true), due, timer).await else {
            return self.too_late(Code::RouterLost);
        };
        let ticket = match grant {
            Ok(Grant::Lease(lease)) => return Ok(Ok(lease)),
            Ok(Grant::Queued(ticket)) => ticket,
            Err(code) => return Ok(Err(code)),
        };
        let now = Instant::now();
        self.account.queues(now);
        let due = now + self.remaining(now)?.min(ticket.within);
        let Some(granted) = in_time(granted(ticket, client.waits()), due, timer).await else {
            return self.too_late(Code::Refused(NoBackend::QueueTimeout.into()));
        };
        let granted = granted.map_err(Fault::ClientLost)?;
        Ok(granted.map_err(|refusal| Code::Refused(refusal.into())))
    }

    /// `otherwise`, unless the whole request has taken too long.
    fn too_late(&self, otherwise: Code) -> Result<Result<Lease, Code>, Fault> {
        self.remaining(Instant::now()).map(|_| Err(otherwise))
    }

    /// The time that is left for it: nothing is begun for a request that nobody waits for any more.
    fn remaining(&self, now: Instant) -> Result<Duration, Fault> {
        let Some(deadline) = self.deadline else { return Ok(Duration::MAX) };
        let left = deadline.saturating_duration_since(now);
        if left.is_zero() { Err(Fault::Deadline) } else { Ok(left) }
    }
}

/// What `future` comes to, or nothing if that is not until `due`.
async fn in_time<F: Future>(future: F, due: Instant, timer: &mut Timer) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.poll(cx, due).map(|()| None),
    })
    .await
}
