//! What a connection's handler knows of its client.

use bytes::Bytes;
use fastrand::Rng;
use indexmap::IndexSet;

/// What a connection's handler knows of its client.
#[derive(Debug)]
pub struct Session {
    pub(crate) id: u64,
    pub(crate) name: Bytes,
    /// The channels it hears, in the order of subscribing.
    pub(crate) channels: IndexSet<Bytes>,
    pub(crate) rng: Rng,
    pub(crate) closing: bool,
}

impl Session {
    /// A client that has said nothing yet. `id` is what `CLIENT ID` answers; `rng` is for members
    /// that are chosen by chance.
    #[must_use]
    pub fn new(id: u64, rng: Rng) -> Self {
        Self { id, name: Bytes::new(), channels: IndexSet::default(), rng, closing: false }
    }

    /// Whether the connection is to be closed when its last answer is sent.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether the client hears this channel.
    #[must_use]
    pub fn hears(&self, channel: &[u8]) -> bool {
        self.channels.contains(channel)
    }

    /// Whether the client hears any channel.
    #[must_use]
    pub fn is_subscribed(&self) -> bool {
        !self.channels.is_empty()
    }
}
