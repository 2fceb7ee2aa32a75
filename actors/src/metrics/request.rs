//! Requests of one route, or of none.

use std::time::Duration;

use trunkline_observability::metrics::{Counters, Histogram, LATENCY, TraceId};

/// The classes of statuses, as labels; the first is that of requests that got no answer.
pub const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is known of a request when it is over.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    /// The status it was answered with; 0 if it was not.
    pub status: u16,
    /// From its first byte to its end; none for one that became a stream of another protocol, which
    /// is as long as that.
    pub took: Option<Duration>,
    /// From its whole head to the first byte of a backend's answer, if there was one.
    pub first_byte: Option<Duration>,
    /// Its trace, if that one is kept.
    pub trace: Option<TraceId>,
}

/// Counts requests.
#[derive(Debug)]
pub struct RequestMetrics {
    pub(super) classes: Counters<{ CLASSES.len() }>,
    pub(super) duration: Histogram,
    pub(super) first_byte: Histogram,
}

impl Default for RequestMetrics {
    fn default() -> Self {
        Self {
            classes: Counters::default(),
            duration: Histogram::with_exemplars(&LATENCY),
            first_byte: Histogram::with_exemplars(&LATENCY),
        }
    }
}

impl RequestMetrics {
    /// A request is over.
    pub fn served(&self, request: &Served) {
        let class = usize::from(request.status / 100);
        self.classes.count(if class < CLASSES.len() { class } else { 0 });
        if let Some(took) = request.took {
            self.duration.observe_in(took, request.trace);
        }
        if let Some(first_byte) = request.first_byte {
            self.first_byte.observe_in(first_byte, request.trace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_the_class_of_their_status() {
        let metrics = RequestMetrics::default();
        for status in [0, 101, 200, 204, 302, 404, 503, 599, 600, 999, u16::MAX] {
            let took = Some(Duration::from_millis(1));
            metrics.served(&Served { status, took, first_byte: None, trace: None });
        }
        assert_eq!(metrics.classes.totals(), [4, 1, 2, 1, 1, 2]);
        assert_eq!(metrics.duration.snapshot().count(), 11);
        assert_eq!(metrics.first_byte.snapshot().count(), 0);
    }
}
