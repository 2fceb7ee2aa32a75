//! Connections to backends that wait for their next request: those of one worker.
//!
//! They are in a cell of the thread that outlives every actor, and are taken and given back without
//! a message. `upstreams/wN` only closes those that have waited too long, and shows how many there
//! are. They are in no budget of descriptors: where these run out, the oldest give way.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::backend::BackendId;
use crate::stream::Stream;

/// What may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepLimits {
    /// Connections to one backend, of one worker.
    pub connections: usize,
    /// How long one waits.
    pub idle: Duration,
}

/// How the connections of one worker fare.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Waiting now.
    pub idle: AtomicUsize,
    /// Used again.
    pub reused: AtomicU64,
    /// Found closed, or closed for having waited too long.
    pub ended: AtomicU64,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

#[derive(Default)]
struct Kept {
    /// The one used last is at the back: it is the least likely to be closed, and those in front
    /// may run out of time.
    backends: BTreeMap<BackendId, VecDeque<Idle>>,
    counts: Arc<Counts>,
}

struct Idle {
    stream: Stream,
    until: Instant,
}

impl Idle {
    /// Nothing has come on it and it has not ended; either would make it useless.
    fn is_quiet(&mut self) -> bool {
        // Nobody is woken when something comes: that is seen when it is looked at again.
        let mut cx = Context::from_waker(Waker::noop());
        let mut byte = [0];
        matches!(self.stream.poll_read(&mut cx, &mut byte), Poll::Pending)
    }
}

/// Takes the connection to `backend` that was used last.
pub(crate) fn take(backend: BackendId, now: Instant) -> Option<Stream> {
    KEPT.with_borrow_mut(|kept| {
        let waiting = kept.backends.get_mut(&backend)?;
        while let Some(mut idle) = waiting.pop_back() {
            kept.counts.idle.fetch_sub(1, Relaxed);
            if idle.until > now && idle.is_quiet() {
                kept.counts.reused.fetch_add(1, Relaxed);
                return Some(idle.stream);
            }
            kept.counts.ended.fetch_add(1, Relaxed);
        }
        None
    })
}

/// Keeps a connection on which nothing is under way; beyond the limit the oldest is closed.
pub(crate) fn keep(backend: BackendId, stream: Stream, limits: &KeepLimits, now: Instant) {
    if limits.connections == 0 {
        return;
    }
    KEPT.with_borrow_mut(|kept| {
        let waiting = kept.backends.entry(backend).or_default();
        while waiting.len() >= limits.connections {
            waiting.pop_front();
            kept.counts.idle.fetch_sub(1, Relaxed);
            kept.counts.ended.fetch_add(1, Relaxed);
        }
        waiting.push_back(Idle { stream, until: now + limits.idle });
        kept.counts.idle.fetch_add(1, Relaxed);
    });
}

/// Closes what has waited too long, was ended by its backend, or leads to one that `keeps` denies.
pub(crate) fn sweep(now: Instant, keeps: impl Fn(BackendId) -> bool) {
    KEPT.with_borrow_mut(|kept| {
        let Kept { backends, counts } = kept;
        backends.retain(|backend, waiting| {
            let before = waiting.len();
            let keeps = keeps(*backend);
            waiting.retain_mut(|idle| keeps && idle.until > now && idle.is_quiet());
            let ended = before - waiting.len();
            counts.idle.fetch_sub(ended, Relaxed);
            counts.ended.fetch_add(ended as u64, Relaxed);
            !waiting.is_empty()
        });
    });
}

/// Closes the one that has the least time left, since a descriptor is wanted for something that does
/// not only wait; says whether there was one.
pub(crate) fn give_way() -> bool {
    KEPT.with_borrow_mut(|kept| {
        let Kept { backends, counts } = kept;
        // Those in front have waited longest.
        let fronts = backends.values_mut().filter(|waiting| !waiting.is_empty());
        let Some(waiting) = fronts.min_by_key(|waiting| waiting.front().map(|idle| idle.until))
        else {
            return false;
        };
        waiting.pop_front();
        counts.idle.fetch_sub(1, Relaxed);
        counts.ended.fetch_add(1, Relaxed);
        true
    })
}

/// Closes all.
pub(crate) fn clear() {
    KEPT.with_borrow_mut(|kept| {
        kept.backends.clear();
        kept.counts.idle.store(0, Relaxed);
    });
}

/// Those of this thread.
pub(crate) fn counts() -> Arc<Counts> {
    KEPT.with_borrow(|kept| Arc::clone(&kept.counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::backend::health::HealthPolicy;
    use crate::stream::memory;

    const LIMITS: KeepLimits = KeepLimits { connections: 2, idle: Duration::from_secs(10) };

    fn id() -> BackendId {
        let policy =
            HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };
        Backend::new(([127, 0, 0, 1], 1).into(), None, policy).id()
    }

    #[test]
    fn the_one_used_last_is_taken_first_and_the_oldest_makes_room() {
        clear();
        let (now, backend) = (Instant::now(), id());
        let mut cx = Context::from_waker(Waker::noop());
        let mut theirs = Vec::new();
        for _ in 0..3 {
            let (ours, other) = memory::pair(16);
            keep(backend, ours, &LIMITS, now);
            theirs.push(other);
        }
        assert_eq!(counts().idle.load(Relaxed), 2);
        for other in [2, 1] {
            let mut taken = take(backend, now).unwrap();
            assert!(taken.poll_write(&mut cx, b"x").is_ready());
            let mut byte = [0];
            assert!(matches!(theirs[other].poll_read(&mut cx, &mut byte), Poll::Ready(Ok(1))));
        }
        assert!(take(backend, now).is_none());
    }

    #[test]
    fn the_one_that_has_waited_longest_gives_way_whose_ever_it_is() {
        clear();
        let (now, backends) = (Instant::now(), [id(), id()]);
        let mut theirs = Vec::new();
        for second in 0..3 {
            let (ours, other) = memory::pair(16);
            keep(backends[second % 2], ours, &LIMITS, now + Duration::from_secs(second as u64));
            theirs.push(other);
        }
        assert!(give_way());
        assert!(take(backends[0], now).is_some() && take(backends[0], now).is_none());
        assert!(give_way());
        assert!(take(backends[1], now).is_none());
        assert!(!give_way());
        assert_eq!(counts().idle.load(Relaxed), 0);
    }

    #[test]
    fn what_was_closed_has_spoken_or_has_waited_too_long_is_not_given_out() {
        clear();
        let (now, backend) = (Instant::now(), id());
        let (closed, theirs) = memory::pair(16);
        keep(backend, closed, &LIMITS, now);
        drop(theirs);
        assert!(take(backend, now).is_none());

        let (spoken, mut theirs) = memory::pair(16);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(theirs.poll_write(&mut cx, b"HTTP/1.1 408").is_ready());
        keep(backend, spoken, &LIMITS, now);
        assert!(take(backend, now).is_none());

        let (late, _theirs) = memory::pair(16);
        keep(backend, late, &LIMITS, now);
        assert!(take(backend, now + LIMITS.idle).is_none());

        let (swept, _theirs) = memory::pair(16);
        keep(backend, swept, &LIMITS, now);
        sweep(now + LIMITS.idle, |_| true);
        assert_eq!(counts().idle.load(Relaxed), 0);

        let (useless, _theirs) = memory::pair(16);
        keep(backend, useless, &LIMITS, now);
        sweep(now, |_| true);
        assert_eq!(counts().idle.load(Relaxed), 1);
        sweep(now, |other| other != backend);
        assert_eq!(counts().idle.load(Relaxed), 0);
    }
}
