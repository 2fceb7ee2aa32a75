//! From a lease to a connection that a request can be sent over.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::Site;
use super::account::Phase;
use super::begun::Begun;
use super::fault::Fault;
use super::timer::Timer;
use crate::backend::lease::Lease;
use crate::handler::LEASE_LIMIT;
use crate::handler::upstreams::Route;
use crate::kept::{self, KeepLimits};
use crate::pool::{Asked, Grant, NoBackend, Reuse};
use crate::record::Code;
use crate::socket::connect;
use crate::stream::Stream;

/// A connection to a backend, and the right to use it.
pub(super) struct Reached {
    pub(super) stream: Stream,
    pub(super) lease: Lease,
    /// It has served before.
    pub(super) reused: bool,
    /// Whether and how it is kept afterwards.
    pub(super) keep: KeepLimits,
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
        timer: &mut Timer,
    ) -> Result<Reached, Fault> {
        let route = self.upstreams.route(pool);
        let mut asked = Asked::default();
        let mut failure = None;
        // The first time nothing has been waited for yet.
        let mut now = if fresh { Instant::now() } else { begun.account.whole() };
        loop {
            let lease = begun.lease(&route, &asked, now, timer).await?;
            now = Instant::now();
            let mut lease = lease.map_err(|code| match (code, failure) {
                // That there is nothing left to try is less than how the last try failed.
                (Code::Refused(refusal), Some(failure)) if refusal.follows_failures() => {
                    Fault::Unreached(Code::ConnectFailed(failure))
                }
                (code, _) => Fault::Unreached(code),
            })?;
            begun.account.phase = Phase::Connect;
            begun.account.tries(&lease);
            let settings = lease.pool().current().settings().clone();
            let may_reuse = match settings.reuse {
                Reuse::Always => !fresh,
                Reuse::Safe => !fresh && begun.repeatable,
                Reuse::Never => false,
            };
            let backend = Arc::clone(lease.backend());
            let keep = match settings.reuse {
                Reuse::Never => KeepLimits { connections: 0, ..settings.keep },
                Reuse::Safe | Reuse::Always => settings.keep,
            };
            if may_reuse
                && !lease.is_trial()
                && let Some(stream) = kept::take(backend.id(), now)
            {
                begun.account.reused = true;
                return Ok(Reached { stream, lease, reused: true, keep, at: now });
            }
            begun.account.reused = false;
            let within = settings.connect_timeout.min(begun.remaining(now)?);
            let connected = connect(&[backend.address()], within, &self.upstreams.tcp).await;
            now = Instant::now();
            match connected {
                Ok(stream) => {
                    let transition = lease.connected(now);
                    self.upstreams.directory.tell(backend.id(), transition);
                    return Ok(Reached { stream, lease, reused: false, keep, at: now });
                }
                Err(error) => {
                    let transition = lease.failed(error.failure, now);
                    self.upstreams.directory.tell(backend.id(), transition);
                    asked.excluded.push(backend.id());
                    if begun.account.tried() >= settings.attempts.get() {
                        return Err(Fault::Unreached(Code::ConnectFailed(error.failure)));
                    }
                    failure = Some(error.failure);
                }
            }
        }
    }
}

impl Begun {
    /// Asks for a lease, and waits where all backends are at their limits.
    async fn lease(
        &mut self,
        route: &Route,
        asked: &Asked,
        now: Instant,
        timer: &mut Timer,
    ) -> Result<Result<Lease, Code>, Fault> {
        self.account.phase = Phase::Route;
        let due = now + self.remaining(now)?.min(LEASE_LIMIT);
        let grant = in_time(route.grant(asked, true), due, timer).await;
        let ticket = match grant.unwrap_or(Err(Code::RouterLost)) {
            Ok(Grant::Lease(lease)) => return Ok(Ok(lease)),
            Ok(Grant::Queued(ticket)) => ticket,
            Err(code) => return Ok(Err(code)),
        };
        self.account.phase = Phase::Queue;
        let now = Instant::now();
        let due = now + self.remaining(now)?.min(ticket.within);
        let granted = in_time(ticket, due, timer).await.unwrap_or(Err(NoBackend::QueueTimeout));
        Ok(granted.map_err(|refusal| Code::Refused(refusal.into())))
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
