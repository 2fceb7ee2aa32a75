//! Who is on the other side.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::record::Record;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The peer's address.
    pub address: SocketAddr,
    /// The name of the listener that accepted it, or of the client that made it.
    pub listener: Arc<str>,
    /// Its number: unique within the listener, as in the tree and in the log.
    pub connection: u64,
}

impl Peer {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            address: record.client(),
            listener: Arc::clone(record.listener()),
            connection: record.id(),
        }
    }
}
