//! Who is on the other side.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::record::Record;
use crate::stream::Stream;

/// The two ends of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The peer's address.
    pub address: SocketAddr,
    /// Our own; none where the peer was gone before it could be asked for.
    pub local: Option<SocketAddr>,
    /// The name of the listener that accepted it, or of the client that made it.
    pub listener: Arc<str>,
    /// Its number: unique within the listener, as in the tree and in the log.
    pub connection: u64,
}

impl Peer {
    pub(super) fn new(stream: &Stream, record: &Record) -> Self {
        Self {
            address: record.client(),
            local: stream.local_addr().ok(),
            listener: Arc::clone(record.listener()),
            connection: record.id(),
        }
    }
}
