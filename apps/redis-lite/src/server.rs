//! What all connections share.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::channels::Channels;
use crate::commands;
use crate::resp::{Answer, Request};
use crate::session::Session;
use crate::store::Store;

/// The version of redis whose answers these are.
pub(crate) const COMPATIBLE_WITH: &str = "7.0.15";

/// The server: its keyspace and its age.
#[derive(Debug, Clone)]
pub struct Server {
    pub(crate) store: Store,
    started: Instant,
    started_at: SystemTime,
}

impl Server {
    /// A server with nothing in it. `started` and `started_at` are the present on both clocks.
    #[must_use]
    pub fn new(started: Instant, started_at: SystemTime) -> Self {
        Self { store: Store::new(), started, started_at }
    }

    /// The same server for clients who may not make it hold more than `max_keys` keys. What would
    /// be one more is refused with `-OOM`.
    #[must_use]
    pub fn limited(&self, max_keys: usize) -> Self {
        Self { store: self.store.limited(max_keys), ..*self }
    }

    /// Its keyspace.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Executes one command, as a whole before or after any other on the same keys. Does not
    /// block for longer than the command needs.
    ///
    /// # Panics
    /// On `DEBUG PANIC`, which is there to show what a crash costs. The keyspace is not locked then.
    pub fn execute(
        &self,
        request: &Request,
        session: &mut Session,
        channels: &mut dyn Channels,
        now: Instant,
    ) -> Answer {
        commands::execute(self, request, session, channels, now)
    }

    /// How long it has been up.
    pub(crate) fn uptime(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// The time since 1970. It goes with the clock that never steps, as the ends of keys do.
    pub(crate) fn unix_time(&self, now: Instant) -> Duration {
        let started = self.started_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        started + self.uptime(now)
    }
}
