//! Connections of one listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use trunkline_observability::metrics::{Counters, Histogram, LIFETIME, TraceId};

use super::request::RequestMetrics;
use crate::http::route::Route;
use crate::record::Code;

/// How connections end, as labels: the names of all [`Code`]s, and last what is none of them.
pub const CODES: [&str; 37] = [
    "done",
    "client_reset",
    "client_vanished",
    "backend_reset",
    "backend_vanished",
    "idle_timeout",
    "drained",
    "crashed",
    "refused",
    "timed_out",
    "unreachable",
    "broken",
    "local_limits",
    "unknown_pool",
    "pool_parked",
    "empty",
    "all_down",
    "all_tried",
    "full",
    "queue_timeout",
    "router_full",
    "router_lost",
    "handler_closed",
    "truncated",
    "heartbeat_lost",
    "send_timeout",
    "handler_timeout",
    "message_too_large",
    "malformed",
    "crash_limit",
    "children_failed",
    "quarantined",
    "unsolicited_answer",
    "unanswered",
    "actor_closed",
    "disconnected",
    "other",
];

/// Counts the connections of a listener, and its requests that fit no route.
#[derive(Debug)]
pub struct ListenerMetrics {
    pub(super) name: Arc<str>,
    pub(super) routes: Vec<Arc<Route>>,
    /// Connections that were accepted.
    accepted: Counters<1>,
    pub(super) closed: Counters<{ CODES.len() }>,
    pub(super) duration: Histogram,
    /// How often accepting waited at a limit.
    at_limit: AtomicU64,
    /// How often accepting paused, as descriptors or memory were used up.
    paused: AtomicU64,
    /// Requests that fit no route.
    unrouted: RequestMetrics,
}

impl ListenerMetrics {
    /// Of a listener with these routes.
    #[must_use]
    pub fn new(name: Arc<str>, routes: Vec<Arc<Route>>) -> Self {
        Self {
            name,
            routes,
            accepted: Counters::default(),
            closed: Counters::default(),
            duration: Histogram::with_exemplars(&LIFETIME),
            at_limit: AtomicU64::new(0),
            paused: AtomicU64::new(0),
            unrouted: RequestMetrics::default(),
        }
    }

    /// A connection was accepted. Each is counted as [closed](Self::closed) once.
    pub fn accepted(&self) {
        self.accepted.count(0);
    }

    /// A connection has ended.
    pub fn closed(&self, code: Code, lasted: Duration, trace: Option<TraceId>) {
        let name = code.name();
        let place = CODES.iter().position(|code| *code == name);
        self.closed.count(place.unwrap_or(CODES.len() - 1));
        self.duration.observe_in(lasted, trace);
    }

    /// Accepting waits at a limit.
    pub fn waits_at_limit(&self) {
        self.at_limit.fetch_add(1, Relaxed);
    }

    /// Accepting pauses, as descriptors or memory are used up.
    pub fn pauses(&self) {
        self.paused.fetch_add(1, Relaxed);
    }

    /// Counts requests that fit no route.
    #[must_use]
    pub fn unrouted(&self) -> &RequestMetrics {
        &self.unrouted
    }

    /// How many connections there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.accepted.total()
    }

    /// How often accepting has waited at a limit, and how often it has paused.
    #[must_use]
    pub fn hindered(&self) -> (u64, u64) {
        (self.at_limit.load(Relaxed), self.paused.load(Relaxed))
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> u64 {
        // In this order: who ends in between was counted before.
        let closed = self.closed.total();
        self.accepted.total().saturating_sub(closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closed::Ending;
    use crate::pool::NoBackend;
    use crate::protocol::Closed;
    use crate::socket::ConnectFailure;
    use crate::stream::Loss;
    use crate::tree::router::Refusal;

    #[test]
    fn every_code_has_a_place_of_its_own_name() {
        let endings = [
            Ending::Done,
            Ending::ClientReset,
            Ending::ClientVanished,
            Ending::BackendReset,
            Ending::BackendVanished,
            Ending::IdleTimeout,
        ];
        let refusals = [
            NoBackend::Empty,
            NoBackend::AllDown,
            NoBackend::AllTried,
            NoBackend::Full,
            NoBackend::QueueTimeout,
        ];
        let failures = [
            ConnectFailure::Refused,
            ConnectFailure::TimedOut,
            ConnectFailure::Unreachable,
            ConnectFailure::Broken,
            ConnectFailure::LocalLimits,
        ];
        let protocols = [
            Closed::ByHandler,
            Closed::PeerDone,
            Closed::Truncated,
            Closed::PeerLost(Loss::Reset),
            Closed::PeerLost(Loss::Vanished),
            Closed::Idle,
            Closed::HeartbeatLost,
            Closed::SendTimeout,
            Closed::HandlerTimeout,
            Closed::TooLarge,
            Closed::Malformed,
            Closed::Crashed,
            Closed::CrashLimit,
            Closed::ChildrenFailed,
            Closed::Quarantined,
            Closed::Unsolicited,
            Closed::Unanswered,
            Closed::ByActor,
            Closed::Disconnected,
            Closed::Drained,
        ];
        let mut codes = vec![
            Code::RouterFull,
            Code::RouterLost,
            Code::Crashed,
            Code::Drained,
            Code::Refused(Refusal::UnknownPool),
            Code::Refused(Refusal::Parked),
        ];
        codes.extend(endings.map(Code::Ended));
        codes.extend(refusals.map(|reason| Code::Refused(reason.into())));
        codes.extend(failures.map(Code::ConnectFailed));
        codes.extend(protocols.map(Code::Protocol));
        let mut seen: Vec<_> = codes.iter().map(|code| code.name()).collect();
        seen.sort_unstable();
        seen.dedup();
        let mut expected = CODES[..CODES.len() - 1].to_vec();
        expected.sort_unstable();
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_open_was_accepted_and_has_not_ended() {
        let metrics = ListenerMetrics::new("web".into(), Vec::new());
        metrics.accepted();
        metrics.accepted();
        metrics.closed(Code::Crashed, Duration::from_secs(1), None);
        assert_eq!((metrics.total(), metrics.open()), (2, 1));
        assert_eq!(metrics.duration.snapshot().count(), 1);
    }
}
