//! HTTP/1.1 as a handler: requests are read, routed, forwarded and answered one by one.
//!
//! | file | what |
//! |---|---|
//! | [`conversation`] | one connection of a client: its requests in turn |
//! | `client`, `intake` | its stream, and the next request on it |
//! | `begun` | a request whose head has been read |
//! | `reach` | from a lease to a connection that can be sent to |
//! | `pump` | both bodies on their way, and what ends them |
//! | `race`, `rival` | a try with one backend, and with a second where the first takes too long |
//! | `answering` | answers of our own, and how a connection ends after one |
//! | `fault` | why a request was not answered by a backend |
//! | `account` | the record of one request, and its line in the log |
//! | `spans` | the spans that are made of it |
//! | `timer` | one timer for all that may take too long |
//!
//! What the bytes mean is decided in [`crate::http`].

mod account;
mod answering;
mod begun;
mod client;
mod conversation;
mod fault;
mod intake;
mod pump;
mod race;
mod reach;
mod rival;
mod spans;
mod timer;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use trunkline_observability::access::AccessLog;

use super::{Handler, Seat, Service, Upstreams};
use crate::http::exchange::ExchangeLimits;
use crate::http::route::{Route, Routes};
use crate::record::Record;
use crate::stream::Stream;
use conversation::Conversation;

/// Serves HTTP/1.1.
pub struct Http {
    site: Arc<Site>,
}

/// What the connections of a listener have in common.
pub struct Site {
    /// Where requests go.
    pub routes: Routes,
    /// Whose word on where a request came from is believed.
    pub trusted: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// How long what may take.
    pub times: Times,
    /// Of heads and bodies.
    pub limits: ExchangeLimits,
    /// Requests of one connection.
    pub requests: NonZeroU32,
    /// The way to all pools.
    pub upstreams: Upstreams,
    /// Where a line of each request goes.
    pub log: AccessLog,
}

/// How long what may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// A head, from its first byte to its end.
    pub head: Duration,
    /// A body on which nothing moves.
    pub body: Duration,
    /// A connection that waits for its next request.
    pub keep_alive: Duration,
    /// The backend's answer, from the whole request to its first byte.
    pub first_byte: Duration,
    /// A request with its answer.
    pub request: Option<Duration>,
}

impl Http {
    /// Serves `site`.
    #[must_use]
    pub fn new(site: Site) -> Self {
        Self { site: Arc::new(site) }
    }
}

impl Handler for Http {
    fn name(&self) -> &str {
        "http"
    }

    fn routes(&self) -> Vec<Arc<Route>> {
        self.site.routes.all().cloned().collect()
    }

    fn serve(&self, stream: Stream, record: Rc<Record>, seat: Seat) -> Service {
        Box::pin(Conversation::new(Arc::clone(&self.site), stream, record, seat).run())
    }
}
