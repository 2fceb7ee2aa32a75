//! What is due on a connection: idle times, beats, and peers that are gone or take nothing.

use std::time::Duration;

use tokio::time::Instant;

use super::heartbeat::Heartbeat;

/// The times that a connection is held to; what is `None` is never due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How long nothing may move in either direction.
    pub idle: Option<Duration>,
    /// When a silent peer is asked, and when it is taken for gone.
    pub heartbeat: Option<Heartbeat>,
    /// How long a peer may take nothing while output waits for it.
    pub send: Option<Duration>,
}

/// What the connection has to act on.
///
/// Of several that are due at once the one further up comes first: a peer that takes nothing cannot
/// get a beat either, so it is not called silent; and an author who closes an idle connection spares
/// it the beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Output waits and the peer has taken nothing for the limit. The connection is over.
    SendTimeout,
    /// As many beats as may be missed have stayed without an answer. The connection is over.
    HeartbeatLost,
    /// Nothing has moved for the idle limit. Due again after as much silence again.
    Idle,
    /// A beat is to be sent.
    Beat {
        /// How many beats in a row have stayed without an answer before this one.
        missed: u32,
    },
}

/// Decides what is due on one connection from the times of what has happened.
///
/// Pure: it is told facts and asked at [`next_deadline`](Self::next_deadline) or at any other time.
/// Nothing is due early, and nothing twice for the same silence. A caller who comes late gets the
/// next beat a full `every` after this one, so that a worker which was stuck takes no peer for gone
/// that was never asked.
///
/// Bytes of beats and of their answers move like any others: a connection whose heartbeat is shorter
/// than its idle limit is never idle, unless the caller does not note those bytes.
///
/// Times are kept as nanoseconds since the start, and limits in whole milliseconds, rounded up; one of
/// more than 49 days is none. 64 bytes per connection, and a note is a subtraction and a store. Times that run
/// backwards count as the latest that was noted.
#[derive(Debug, Clone)]
pub struct Timers {
    start: Instant,
    /// The last movement in either direction, report of idleness, or change of its limit.
    moved: u64,
    /// The last input or beat; [`NEVER`] while nobody reads.
    heard: u64,
    idle: u32,
    every: u32,
    send: u32,
    misses: u32,
    missed: u32,
    /// Since when the peer has taken nothing; [`NEVER`] while no output waits.
    stalled: u64,
    over: bool,
}

/// A time that does not come.
const NEVER: u64 = u64::MAX;

/// A limit that is not reached.
const UNLIMITED: u32 = u32::MAX;

impl Timers {
    /// Nothing has happened yet on a connection that begins at `now`.
    #[must_use]
    pub fn new(limits: Limits, now: Instant) -> Self {
        Self {
            start: now,
            moved: 0,
            idle: limit(limits.idle),
            heard: 0,
            every: limit(limits.heartbeat.map(|heartbeat| heartbeat.every())),
            misses: limits.heartbeat.map_or(0, |heartbeat| heartbeat.misses()),
            missed: 0,
            stalled: NEVER,
            send: limit(limits.send),
            over: false,
        }
    }

    /// Bytes came from the peer; also while it is [paused](Self::pause), where a hook reads by itself.
    pub fn received(&mut self, now: Instant) {
        let now = self.since_start(now);
        self.moved = self.moved.max(now);
        if self.heard != NEVER {
            self.hear(now);
        }
    }

    /// The peer took bytes: its socket did, as far as anyone can see.
    pub fn sent(&mut self, now: Instant) {
        let now = self.since_start(now);
        self.moved = self.moved.max(now);
        if self.stalled != NEVER {
            self.stalled = self.stalled.max(now);
        }
    }

    /// Output waits for the peer, since `now` unless it did already.
    pub fn queued(&mut self, now: Instant) {
        if self.stalled == NEVER {
            self.stalled = self.since_start(now);
        }
    }

    /// No output waits any more.
    pub fn flushed(&mut self) {
        self.stalled = NEVER;
    }

    /// The connection does not read for now, so that silence is not the peer's: no beat is due, and
    /// no peer is lost, until [`resume`](Self::resume).
    pub fn pause(&mut self) {
        self.heard = NEVER;
    }

    /// The connection reads again; the peer's silence counts from `now`. Changes nothing without a
    /// [`pause`](Self::pause).
    pub fn resume(&mut self, now: Instant) {
        if self.heard == NEVER {
            let now = self.since_start(now);
            self.hear(now);
        }
    }

    /// Sets the idle limit. A new one counts from `now`: nobody is closed for a silence that was
    /// allowed while it lasted. The same one again changes nothing.
    pub fn set_idle(&mut self, idle: Option<Duration>, now: Instant) {
        let idle = limit(idle);
        if idle != self.idle {
            self.idle = idle;
            self.moved = self.moved.max(self.since_start(now));
        }
    }

    /// Sets the heartbeat; the peer's silence counts anew from `now`.
    pub fn set_heartbeat(&mut self, heartbeat: Option<Heartbeat>, now: Instant) {
        self.every = limit(heartbeat.map(|heartbeat| heartbeat.every()));
        self.misses = heartbeat.map_or(0, |heartbeat| heartbeat.misses());
        if self.heard != NEVER {
            let now = self.since_start(now);
            self.hear(now);
        }
    }

    /// The connection itself was busy until `now`, so that silence until then was not the peer's.
    pub fn busy_until(&mut self, now: Instant) {
        let now = self.since_start(now);
        self.moved = self.moved.max(now);
        if self.heard != NEVER {
            self.heard = self.heard.max(now);
        }
    }

    /// When to ask again, as far as is known now; `None`: only after something has happened.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let next = self.send_at().min(self.idle_at()).min(self.beat_at());
        // A sum that no clock can show is as good as never.
        (next != NEVER).then(|| self.start.checked_add(Duration::from_nanos(next))).flatten()
    }

    /// What is due at `now`, if anything; ask until nothing is. After
    /// [`SendTimeout`](Due::SendTimeout) and [`HeartbeatLost`](Due::HeartbeatLost) nothing ever is.
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        if self.over {
            return None;
        }
        let now = self.since_start(now);
        if self.send_at() <= now {
            self.over = true;
            Some(Due::SendTimeout)
        } else if self.beat_at() <= now && self.missed >= self.misses {
            self.over = true;
            Some(Due::HeartbeatLost)
        } else if self.idle_at() <= now {
            self.moved = now;
            Some(Due::Idle)
        } else if self.beat_at() <= now {
            let missed = self.missed;
            self.heard = now;
            self.missed += 1;
            Some(Due::Beat { missed })
        } else {
            None
        }
    }

    /// How long after the start `at` is, in nanoseconds.
    pub(super) fn offset(&self, at: Instant) -> u64 {
        self.since_start(at)
    }

    fn hear(&mut self, now: u64) {
        self.heard = if self.heard == NEVER { now } else { self.heard.max(now) };
        self.missed = 0;
    }

    fn idle_at(&self) -> u64 {
        after(self.moved, self.idle)
    }

    fn beat_at(&self) -> u64 {
        after(self.heard, self.every)
    }

    fn send_at(&self) -> u64 {
        after(self.stalled, self.send)
    }

    fn since_start(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.start))
    }
}

/// In milliseconds; at least one, so that what was reported is not due again at the same time.
fn limit(limit: Option<Duration>) -> u32 {
    let millis = |limit: Duration| limit.as_nanos().div_ceil(1_000_000).max(1);
    limit.map_or(UNLIMITED, |limit| u32::try_from(millis(limit)).unwrap_or(UNLIMITED))
}

/// When `limit` is over that began at `at`.
fn after(at: u64, limit: u32) -> u64 {
    if limit == UNLIMITED { NEVER } else { at.saturating_add(u64::from(limit) * 1_000_000) }
}

/// Below [`NEVER`]: 584 years are the longest.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER).min(NEVER - 1)
}

#[cfg(test)]
mod tests;
