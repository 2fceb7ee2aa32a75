//! What a test is told of its connections.

use std::collections::BTreeMap;

use tokio::sync::watch;

use crate::protocol::{Closed, Connection};

/// Told by the connections of one protocol, each by its number.
pub(in crate::protocol) struct Tap<P> {
    opened: watch::Sender<BTreeMap<u64, Connection<P>>>,
    closed: watch::Sender<BTreeMap<u64, Closed>>,
}

impl<P> Default for Tap<P> {
    fn default() -> Self {
        Self { opened: watch::Sender::default(), closed: watch::Sender::default() }
    }
}

impl<P> Tap<P> {
    /// For what takes a connection over: its end is the connection's.
    pub(in crate::protocol) fn taken_over<Q>(&self) -> Tap<Q> {
        Tap { opened: watch::Sender::default(), closed: self.closed.clone() }
    }

    pub(in crate::protocol) fn opened(&self, number: u64, connection: Connection<P>) {
        self.opened.send_modify(|all| _ = all.insert(number, connection));
    }

    pub(in crate::protocol) fn closed(&self, number: u64, closed: Closed) {
        self.closed.send_modify(|all| _ = all.insert(number, closed));
    }

    /// The connection's address, once it has one.
    pub(super) async fn connection(&self, number: u64) -> Option<Connection<P>> {
        let mut opened = self.opened.subscribe();
        let opened = opened.wait_for(|opened| opened.contains_key(&number)).await;
        opened.ok().and_then(|opened| opened.get(&number).cloned())
    }

    /// How the connection has ended, once it has.
    pub(super) async fn end(&self, number: u64) -> Option<Closed> {
        let mut closed = self.closed.subscribe();
        let closed = closed.wait_for(|closed| closed.contains_key(&number)).await;
        closed.ok().and_then(|closed| closed.get(&number).copied())
    }
}
