//! The seam to publishing and subscribing: who hears a channel is no business of the commands.

use bytes::Bytes;
use trunkline::Message;

use crate::resp::Answer;

/// A message on its way to the subscribers of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The channel.
    pub channel: Bytes,
    /// What was published.
    pub payload: Bytes,
}

impl Message for Published {
    type Answer = ();
}

impl Published {
    /// What a subscriber is sent.
    #[must_use]
    pub fn answer(self) -> Answer {
        Answer::list([Bytes::from_static(b"message"), self.channel, self.payload])
    }
}

/// The channels, as one connection sees them.
///
/// The connection keeps the names it has subscribed to, so each is joined once and left once; one
/// that ends leaves all of them by dropping this.
pub trait Channels {
    /// The connection hears `channel` from now on.
    fn join(&mut self, channel: &Bytes);

    /// The connection does not hear `channel` any more.
    fn leave(&mut self, channel: &Bytes);

    /// Sends a message to all who hear its channel; how many those are.
    fn publish(&mut self, message: Published) -> u64;
}
