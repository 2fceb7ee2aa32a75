//! Connections that a program makes itself: supervised clients.
//!
//! The same protocol that serves can ask: it says how a request is sent and what an answer is
//! ([`Requests`]). See [`crate::guide::clients`].

use std::sync::Arc;

use trunkline_actors::protocol::Means;
use trunkline_runtime::SupervisorSpec;

pub use trunkline_actors::client::{
    Arrival, Asked, Broken, Client, ClientSettings, RequestError, Requested, Requests,
};
pub use trunkline_actors::socket::TcpOptions;

/// The supervisor `name` of a client, for [`App::child`](crate::App::child), and the client's
/// handle. Requests are taken at once, and wait for the first connection.
///
/// It connects as soon as it is started, to the first of `addresses` that answers: each is
/// `IP:PORT` or `HOST:PORT`, and host names are resolved again for each connection.
pub fn spec<P: Requests>(
    name: &str,
    addresses: impl IntoIterator<Item: Into<Box<str>>>,
    protocol: P,
    settings: ClientSettings,
) -> (SupervisorSpec, Client<P>) {
    let blocking = Arc::clone(crate::server::blocking());
    let means = Arc::new(Means { upstreams: None, blocking });
    trunkline_actors::client::spec(name, addresses, Arc::new(protocol), means, settings)
}
