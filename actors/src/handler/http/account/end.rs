//! What is told of a request at its end: its line in the log, its counts, its trace.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_observability::access::AccessLine;
use trunkline_observability::trace::{Clocks, Tracer};
use trunkline_runtime::{Placement, crash, is_crash};

use super::super::fault::Fault;
use super::super::spans::Finished;
use super::{Account, Phase};
use crate::closed::Moved;
use crate::metrics::ListenerMetrics;
use crate::metrics::request::Served;
use crate::trace::{Close, Trace, Travelled};

impl Drop for Account {
    fn drop(&mut self) {
        let crashed = self.code.is_none() && is_crash();
        let code = self.code.unwrap_or(if crashed { "crashed" } else { "drained" });
        let now = Instant::now();
        if crashed && self.status == 0 {
            self.status = 503;
        }
        self.log(code, crashed, now);
        self.count(now);
        if let Some(close) = self.close.take() {
            let moved = Moved { from_client: self.bytes_in, to_client: self.bytes_out };
            close.finish(code, crashed, moved, now);
        } else if self.trace.is_some() {
            let failure = self.failure(code, crashed);
            self.finish_trace(code, failure, now);
        }
    }
}

impl Account {
    fn since_whole(&self, then: Option<Instant>) -> Option<u64> {
        then.map(|then| micros(then.saturating_duration_since(self.whole)))
    }

    /// Counts it among those of its route.
    fn count(&self, now: Instant) {
        let of_route = self.route.as_ref().map(|route| &route.metrics);
        let unrouted = || self.connection.metrics().map(ListenerMetrics::unrouted);
        let Some(metrics) = of_route.or_else(unrouted) else { return };
        let took = self.ended.unwrap_or(now).saturating_duration_since(self.began);
        metrics.served(&Served {
            status: self.status,
            took: (self.phase != Phase::Stream).then_some(took),
            first_byte: self.first_byte.map(|at| at.saturating_duration_since(self.whole)),
            trace: self.context().filter(|of| of.sampled).map(|of| of.trace),
        });
    }

    fn log(&self, code: &'static str, crashed: bool, now: Instant) {
        if !self.site.log.is_on() {
            return;
        }
        let (method, rest) = self.said.split_at(self.method);
        let (host, path) = rest.split_at(self.host);
        let worker = worker();
        // Who is to blame for an answer of its own accord.
        let actor = if crashed {
            let (listener, id) = (self.connection.listener(), self.connection.id());
            format!("crashed: listeners/{listener}/connections/w{worker}/{id}")
        } else {
            String::new()
        };
        // Of one that has switched, the trace in which it did.
        let context = self.context().or_else(|| self.close.as_ref().map(|close| close.of));
        self.site.log.write(&AccessLine {
            request: self.id,
            client: self.connection.client(),
            listener: self.connection.listener(),
            connection: self.connection.id(),
            worker,
            method,
            host,
            path,
            protocol: if self.old { "HTTP/1.0" } else { "HTTP/1.1" },
            status: self.status,
            route: self.route.as_ref().map_or("", |route| &*route.name),
            pool: self.pool.as_deref().unwrap_or_default(),
            backend: self.backend.as_ref().map_or("", |backend| backend.name()),
            tries: self.tries,
            reused: self.reused,
            phase: self.phase.name(),
            code,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            wait_us: self.since_whole(self.sent).unwrap_or_default(),
            first_byte_us: self.since_whole(self.first_byte),
            total_us: micros(self.ended.unwrap_or(now).saturating_duration_since(self.began)),
            detail: &actor,
            trace: context.map(|context| (context.trace, context.span)),
        });
    }

    /// How it has failed, if that is not the client's doing.
    fn failure(&self, code: &'static str, crashed: bool) -> Option<Box<str>> {
        if crashed {
            let text = crash().map(|panic| format!("panicked: {panic}"));
            return Some(text.unwrap_or_else(|| code.to_owned()).into());
        }
        if self.code.is_none() {
            return Some("the server stopped before it was over".into());
        }
        Fault::failure(self.fault, self.status)
    }

    /// Another protocol begins, and may go on for long: what has led to it is told now.
    pub(in crate::handler::http) fn switches(&mut self) {
        self.phase = Phase::Stream;
        let now = Instant::now();
        let context = self.context();
        self.finish_trace("switched", None, now);
        self.trace = None;
        self.close = context.map(|context| {
            Box::new(Close {
                of: context,
                began: now,
                listener: Arc::clone(self.connection.listener()),
                connection: self.connection.id(),
                worker: worker(),
                pool: self.pool.clone(),
                backend: self.backend.clone(),
            })
        });
    }

    fn finish_trace(&mut self, code: &'static str, failure: Option<Box<str>>, now: Instant) {
        let Some(tracer) = Tracer::of_process() else { return };
        // Most are not wanted, and stay where they are: they are large.
        let is_wanted = |trace: &mut Trace| tracer.wants(&trace.origin.context, failure.is_some());
        let Some(mut trace) = self.trace.take_if(is_wanted) else { return };
        let worker = worker();
        let upstreams = &self.site.upstreams;
        let router = upstreams.routers.get(worker).map_or(0, |router| router.node().generation());
        let first_byte = self.first_byte.filter(|_| self.status != 0);
        tracer.spans().finish(Box::new(Finished {
            legs: Travelled::all(&mut trace.legs, &upstreams.directory),
            origin: trace.origin,
            clocks: Clocks::now(),
            began: self.began,
            whole: self.whole,
            answered: self.answering.or(first_byte),
            ended: self.ended.unwrap_or(now),
            said: self.said.as_slice().into(),
            host_at: self.method,
            path_at: self.method + self.host,
            was_read: self.phase != Phase::Head,
            route: self.route.as_ref().map(|route| Arc::clone(&route.name)),
            pool: self.pool.clone(),
            listener: Arc::clone(self.connection.listener()),
            client: self.connection.client(),
            connection: self.connection.id(),
            worker,
            router,
            id: self.id,
            version: if self.old { "1.0" } else { "1.1" },
            status: self.status,
            phase: self.phase.name(),
            code,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            failure,
        }));
    }
}

fn worker() -> usize {
    Placement::current().and_then(Placement::worker).unwrap_or_default()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
