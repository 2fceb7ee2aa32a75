//! What a pool counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use trunkline_observability::metrics::{Histogram, LATENCY};

use crate::pool::NoBackend;

/// Why a request is sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The backend has failed.
    Failed,
    /// The connection had been kept too long.
    Stale,
    /// The backend takes long, and a second one is asked as well.
    Hedge,
}

/// Why a pool gave no lease, as labels: the names of all of [`NoBackend`], and that whoever waited
/// gave up before its time was over.
pub const REFUSALS: [&str; 6] =
    ["empty", "all_down", "all_tried", "full", "queue_timeout", "abandoned"];

/// Why requests are sent once more, as labels.
pub const REPEATS: [&str; 2] = ["failed", "stale"];

/// Counts what happens on the way to a lease. All but the queue's wait is rare, or counted where the
/// pool's own cell is written anyway.
#[derive(Debug)]
pub struct PoolMetrics {
    pub(super) wait: Histogram,
    refused: [AtomicU64; REFUSALS.len()],
    repeated: [AtomicU64; REPEATS.len()],
    pub(super) hedged: AtomicU64,
    pub(super) over_budget: AtomicU64,
}

impl Default for PoolMetrics {
    fn default() -> Self {
        Self {
            wait: Histogram::new(&LATENCY),
            refused: Default::default(),
            repeated: Default::default(),
            hedged: AtomicU64::new(0),
            over_budget: AtomicU64::new(0),
        }
    }
}

impl PoolMetrics {
    /// No lease is given.
    pub fn refused(&self, reason: NoBackend) {
        let place = match reason {
            NoBackend::Empty => 0,
            NoBackend::AllDown => 1,
            NoBackend::AllTried => 2,
            NoBackend::Full => 3,
            NoBackend::QueueTimeout => 4,
        };
        self.refused[place].fetch_add(1, Relaxed);
    }

    /// Somebody has waited, and left the queue with or without a lease.
    pub fn waited(&self, time: Duration) {
        self.wait.observe(time);
    }

    /// Somebody left the queue before its time was over.
    pub fn abandoned(&self) {
        self.refused[5].fetch_add(1, Relaxed);
    }

    /// A request may be sent once more, or the budget does not allow it.
    pub fn again(&self, why: Again, may: bool) {
        let count = match why {
            _ if !may => &self.over_budget,
            Again::Failed => &self.repeated[0],
            Again::Stale => &self.repeated[1],
            Again::Hedge => &self.hedged,
        };
        count.fetch_add(1, Relaxed);
    }

    pub(super) fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REFUSALS.into_iter().zip(self.refused.iter().map(|count| count.load(Relaxed)))
    }

    pub(super) fn repeats(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REPEATS.into_iter().zip(self.repeated.iter().map(|count| count.load(Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;
    use crate::backend::Backend;
    use crate::backend::health::HealthPolicy;
    use crate::pool::{Asked, Grant, Limits, Member, Pool, PoolSettings};

    #[test]
    fn refusals_are_counted_under_their_own_names() {
        let reasons = [
            NoBackend::Empty,
            NoBackend::AllDown,
            NoBackend::AllTried,
            NoBackend::Full,
            NoBackend::QueueTimeout,
        ];
        for reason in reasons {
            let metrics = PoolMetrics::default();
            metrics.refused(reason);
            let counted: Vec<_> = metrics.refusals().filter(|(_, times)| *times == 1).collect();
            assert_eq!(counted, [(reason.name(), 1)]);
        }
    }

    #[test]
    fn what_the_budget_refuses_is_not_sent_again() {
        let metrics = PoolMetrics::default();
        for (why, may) in [(Again::Failed, true), (Again::Stale, false), (Again::Hedge, true)] {
            metrics.again(why, may);
        }
        assert_eq!(metrics.repeats().collect::<Vec<_>>(), [("failed", 1), ("stale", 0)]);
        assert_eq!((metrics.hedged.load(Relaxed), metrics.over_budget.load(Relaxed)), (1, 1));
    }

    /// A pool of one backend, which takes one request at a time.
    fn narrow() -> Arc<Pool> {
        let policy =
            HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };
        let backend = Backend::new(([10, 0, 0, 1], 80).into(), None, policy);
        let limits = Limits {
            in_flight: Some(1),
            backend_in_flight: None,
            queue: 1,
            queue_timeout: Duration::from_secs(5),
        };
        let settings = PoolSettings { limits, ..PoolSettings::default() };
        Arc::new(Pool::new("narrow", settings, vec![Member::new(Arc::new(backend))]))
    }

    fn grant(pool: &Arc<Pool>) -> Result<Grant, NoBackend> {
        pool.grant(Asked::default(), Instant::now(), &mut fastrand::Rng::with_seed(1))
    }

    fn queued(pool: &Arc<Pool>) -> crate::pool::Ticket {
        match grant(pool) {
            Ok(Grant::Queued(ticket)) => ticket,
            other => panic!("{other:?}"),
        }
    }

    fn refusals(pool: &Arc<Pool>) -> Vec<&'static str> {
        let counted = pool.metrics().refusals().filter(|(_, times)| *times > 0);
        counted.map(|(reason, _)| reason).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_counted_once_with_the_time_it_took() {
        let pool = narrow();
        let Ok(Grant::Lease(first)) = grant(&pool) else { panic!("there is a place") };
        let ticket = queued(&pool);
        let later = async {
            tokio::time::sleep(Duration::from_millis(40)).await;
            drop(first);
        };
        let (lease, ()) = tokio::join!(ticket, later);
        assert!(lease.is_ok());
        let wait = pool.metrics().wait.snapshot();
        assert_eq!((wait.count(), wait.sum), (1, 40_000_000));
        assert_eq!(refusals(&pool), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_is_told_from_whose_time_is_over() {
        let pool = narrow();
        let Ok(Grant::Lease(_first)) = grant(&pool) else { panic!("there is a place") };
        drop(queued(&pool));
        assert_eq!(pool.metrics().wait.snapshot().count(), 0, "nobody has waited");
        let ticket = queued(&pool);
        assert!(tokio::time::timeout(Duration::from_secs(1), ticket).await.is_err());
        assert_eq!(refusals(&pool), ["abandoned"]);
        let ticket = queued(&pool);
        assert_eq!(grant(&pool).err(), Some(NoBackend::Full));
        assert!(tokio::time::timeout(ticket.within, ticket).await.is_err());
        assert_eq!(refusals(&pool), ["full", "queue_timeout", "abandoned"]);
        assert_eq!(pool.metrics().wait.snapshot().count(), 2);
    }
}
