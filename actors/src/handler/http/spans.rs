//! The spans of a request that is over.
//!
//! | span | from | to |
//! |---|---|---|
//! | root | the first byte of its head | its end |
//! | `receive` | the first byte of its head | its last |
//! | `route` | the last byte of its head | the question for a backend, or an answer without one |
//! | `lease` | the question for a backend | the answer; one per try |
//! | `queue` | in `lease`, if all backends were at their limits | the answer |
//! | `try` | the lease | the end of the backend's answer, or how it failed |
//! | `response` | the first byte of an answer | its end |

use std::sync::Arc;

use smallvec::SmallVec;
use tokio::time::Instant;
use trunkline_observability::trace::{Clocks, Draft, Ended, Origin, SpanData, SpanKind};

use crate::trace::{Place, Travelled, Way, part, place};

/// A request that is over, on its way to whoever writes its spans down.
pub(super) struct Finished {
    pub(super) origin: Origin,
    pub(super) legs: SmallVec<[Travelled; 2]>,
    pub(super) clocks: Clocks,
    pub(super) began: Instant,
    pub(super) whole: Instant,
    /// When it began to be answered, if it was.
    pub(super) answered: Option<Instant>,
    pub(super) ended: Instant,
    /// Method, host and path, one behind the other; where the second and the third begin.
    pub(super) said: Box<[u8]>,
    pub(super) host_at: usize,
    pub(super) path_at: usize,
    /// It has a head that could be read.
    pub(super) was_read: bool,
    pub(super) route: Option<Arc<str>>,
    pub(super) pool: Option<Arc<str>>,
    pub(super) listener: Arc<str>,
    pub(super) client: std::net::SocketAddr,
    pub(super) connection: u64,
    pub(super) worker: usize,
    pub(super) router: u32,
    pub(super) id: u64,
    pub(super) version: &'static str,
    pub(super) status: u16,
    pub(super) phase: &'static str,
    pub(super) code: &'static str,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    /// How it has failed, in words, if that was not the client's doing.
    pub(super) failure: Option<Box<str>>,
}

impl Ended for Finished {
    fn spans(&self) -> usize {
        let legs: usize = self.legs.iter().map(Travelled::spans).sum();
        2 + usize::from(self.was_read) + legs + usize::from(self.answered.is_some())
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        let actor = Place::connection(&self.listener, self.worker, self.connection);
        out.push(self.root(&actor));
        let asked = self.legs.first().map(Travelled::asked);
        let asked = asked.or(self.answered).unwrap_or(self.ended);
        let root = &self.origin.context;
        let mut add = |name, from: Instant, to: Instant| {
            let times = self.clocks.between(from.into_std(), to.into_std());
            out.push(part(root, name, times, &actor, self.worker));
        };
        add("receive", self.began, self.whole);
        if self.was_read {
            add("route", self.whole, asked);
        }
        let way = Way {
            root: *root,
            clocks: &self.clocks,
            ended: self.ended,
            pool: self.pool.as_ref(),
            router: &Place::router(self.worker, self.router),
            worker: self.worker,
            attempt: "try",
        };
        way.build(&self.legs, out);
        if let Some(answered) = self.answered {
            let times = self.clocks.between(answered.into_std(), self.ended.into_std());
            out.push(part(root, "response", times, &actor, self.worker));
        }
    }
}

impl Finished {
    fn root(&self, actor: &Place) -> SpanData {
        let Origin { context, parent, link } = &self.origin;
        let (method, rest) = self.said.split_at(self.host_at);
        let (host, path) = rest.split_at(self.path_at - self.host_at);
        let times = self.clocks.between(self.began.into_std(), self.ended.into_std());
        let known = known_method(method);
        let name = match &self.route {
            Some(route) => format!("{} {route}", known.unwrap_or("HTTP")).into(),
            None => known.unwrap_or("HTTP").into(),
        };
        let name: std::borrow::Cow<'static, str> = name;
        let parent_span = parent.map(|parent| parent.span);
        let mut root = Draft::new(context, parent_span, name, times, 22).kind(SpanKind::Server);
        if parent.is_some() {
            root = root.remote_parent();
        }
        place(&mut root, actor, Some(self.worker));
        if self.was_read {
            root.word("http.request.method", known.unwrap_or("_OTHER"));
            if known.is_none() {
                root.bytes("http.request.method_original", method);
            }
            root.bytes("server.address", host);
            root.word("url.scheme", "http");
            // Not what is behind it: a query may hold secrets.
            let query = path.iter().position(|byte| *byte == b'?').unwrap_or(path.len());
            root.bytes("url.path", &path[..query]);
            root.word("network.protocol.version", self.version);
        }
        if let Some(route) = &self.route {
            root.name("http.route", route);
        }
        if self.status != 0 {
            root.number("http.response.status_code", self.status);
        }
        root.text("client.address", self.client.ip().to_canonical().to_string());
        root.number("client.port", self.client.port());
        root.text("trunkline.request", format!("{:016x}", self.id));
        root.name("trunkline.listener", &self.listener);
        if let Some(pool) = &self.pool {
            root.name("trunkline.pool", pool);
        }
        root.word("trunkline.phase", self.phase);
        root.word("trunkline.code", self.code);
        root.number("trunkline.bytes_in", self.bytes_in);
        root.number("trunkline.bytes_out", self.bytes_out);
        if let Some(failure) = &self.failure {
            // A whole answer may say by its status that something is wrong.
            match self.code {
                "done" => root.text("error.type", self.status.to_string()),
                code => root.word("error.type", code),
            }
            root.error(String::from(&**failure));
        }
        if let Some(link) = link {
            root.link(link);
        }
        root.done()
    }
}

/// The methods that may be part of a span's name: a client could send any number of others.
fn known_method(method: &[u8]) -> Option<&'static str> {
    const KNOWN: [&str; 10] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "QUERY"];
    KNOWN.into_iter().find(|known| known.as_bytes() == method)
}
