//! The seam between listeners and what they serve: a [`Handler`] serves a stream until its end.
//!
//! | handler | does |
//! |---|---|
//! | [`Forwarding`] | asks for a lease, connects, moves bytes both ways |
//! | [`Http`] | reads requests, and has each answered by a backend |
//! | [`Echoing`] | sends every byte back |
//! | [`Hosted`](crate::protocol::Hosted) | runs an author's [`Protocol`](crate::protocol::Protocol) |
//!
//! A listener knows nothing of protocols, and a handler nothing of sockets, limits or supervision.

mod echoing;
mod forwarding;
mod http;
mod seat;
mod upstreams;
mod waiting;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

pub use echoing::Echoing;
pub use forwarding::Forwarding;
pub use http::{Http, Site, Times};
pub use seat::Seat;
pub(crate) use upstreams::Route;
pub use upstreams::{LEASE_LIMIT, Upstreams};

use crate::record::Record;
use crate::stream::Stream;

/// The future of a connection's service. It notes in the record how it ended.
pub type Service = Pin<Box<dyn Future<Output = ()>>>;

/// Serves streams.
///
/// The service is polled inside the connection's actor: a panic in it ends that connection alone,
/// and dropping it ends the connection at once. It must not block its thread.
pub trait Handler: Send + Sync + 'static {
    /// The name of the protocol, as in the configuration.
    fn name(&self) -> &str;

    /// What the listener's detail in the tree tells of it; see
    /// [`Detail`](trunkline_runtime::Detail).
    fn detail(&self) -> Option<serde_json::Value> {
        None
    }

    /// The routes of its requests, if it has such: their counts are shown with the listener's.
    fn routes(&self) -> Vec<Arc<crate::http::route::Route>> {
        Vec::new()
    }

    /// Begins to serve `stream`.
    fn serve(&self, stream: Stream, record: Rc<Record>, seat: Seat) -> Service;
}
