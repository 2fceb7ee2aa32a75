//! An exporter with a collector of the test's own.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use trunkline_observability::trace::{self, Counts, Export, Exporter, Protocol};
use trunkline_tests::collector::{Collector, Received, Speaks};
use trunkline_tests::exporting::{Made, SPANS, beside};

/// Longer than anything here takes.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Both ways to speak to a collector.
pub(crate) const BOTH: [Speaks; 2] = [Speaks::Grpc, Speaks::Http];

/// An export to `collector`, and to nobody else.
pub(crate) fn export(collector: &Collector, speaks: Speaks, queue: usize) -> Export {
    Export {
        queue,
        keep: 0,
        trace_file: None,
        collector: Some(trace::Collector {
            endpoint: collector.endpoint(),
            protocol: match speaks {
                Speaks::Grpc => Protocol::Grpc,
                Speaks::Http => Protocol::Http,
            },
            timeout: Duration::from_secs(2),
            headers: vec![("x-tenant".to_owned(), "edge".to_owned())],
        }),
        resource: trace::resource("edge", &[("team".to_owned(), "proxies".to_owned())]),
    }
}

/// Runs `body` beside such an exporter; every span is accounted for when it has stopped.
pub(crate) fn run<T: Send>(
    export: Export,
    body: impl FnOnce(&Exporter) -> T + Send,
) -> (T, Counts) {
    let (result, counts) = beside(export, body).unwrap();
    assert!(counts.add_up() && counts.waiting == 0, "{counts:?}");
    (result, counts)
}

/// Hands in the requests with these numbers.
pub(crate) fn hand_in(exporter: &Exporter, numbers: std::ops::Range<u64>) {
    let (spans, pool) = (exporter.spans(), Arc::from("web"));
    numbers.for_each(|number| spans.finish(Box::new(Made::new(number, &pool))));
}

/// Looks at the counts again and again until they are as `wanted`.
pub(crate) fn until(exporter: &Exporter, wanted: impl Fn(&Counts) -> bool) -> Counts {
    let begun = Instant::now();
    loop {
        let counts = exporter.counts();
        assert!(counts.add_up(), "{counts:?}");
        if wanted(&counts) {
            return counts;
        }
        assert!(begun.elapsed() < SOON, "it never came to that: {counts:?}");
        // Counts change on another thread, which tells nobody.
        std::thread::yield_now();
    }
}

/// How many different spans there are.
pub(crate) fn different(spans: &[Received]) -> usize {
    let ids: HashSet<_> = spans.iter().map(|of| (&of.span.trace_id, &of.span.span_id)).collect();
    ids.len()
}

/// As many spans as so many requests have.
pub(crate) fn spans_of(requests: u64) -> usize {
    usize::try_from(requests).unwrap() * SPANS
}
