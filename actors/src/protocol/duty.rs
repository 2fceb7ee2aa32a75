//! What a connection does besides serving its peer.

use std::convert::Infallible;
use std::task::{Context, Poll};

use super::wire::Item;
use super::{Closed, Cx, Next, Protocol, Result};

/// The role of a connection: one that was accepted only serves, one that was made also asks.
///
/// What has a default concerns only a role in which messages of the peer belong to something that
/// went before.
pub(crate) trait Duty<P: Protocol>: 'static {
    /// Something to do.
    type Task;

    /// The next thing to do. What sends is to wait until the peer `has_room`, so that the
    /// connection goes on reading meanwhile: a peer that waits for that would never make room.
    fn poll_task(
        &mut self,
        task: &mut Context<'_>,
        has_room: impl FnOnce() -> bool,
    ) -> Poll<Self::Task>;

    /// Does it, as a hook of the protocol.
    fn perform(
        &mut self,
        protocol: &P,
        cx: &mut Cx<P>,
        task: Self::Task,
    ) -> impl Future<Output = Result<Next>>;

    /// A message has come; [`Self::offer`] follows, unless the message is lost before.
    fn arrives(&mut self) {}

    /// Takes a message that concerns it; one that does not is given back, for the protocol.
    ///
    /// # Errors
    /// A message that it cannot make sense of: a crash of the handler.
    fn offer(&mut self, protocol: &P, cx: &mut Cx<P>, item: Item<P>) -> Result<Option<Item<P>>>;

    /// How the connection is to end because of what was just offered or performed.
    fn fault(&mut self) -> Option<Closed> {
        None
    }

    /// The handler crashed, after the hook at hand had sent `sent` messages; or what has arrived
    /// is refused. Whether it is still known what each further message belongs to.
    fn crashed(&mut self, sent: u32) -> bool {
        let _ = sent;
        true
    }

    /// Whether something that the peer sent may be passed over, and what follows it still makes
    /// sense.
    fn can_miss(&self) -> bool {
        true
    }

    /// Ready when a connection that is to drain may be told so.
    fn poll_drain(&mut self, task: &mut Context<'_>) -> Poll<()> {
        let _ = task;
        Poll::Ready(())
    }
}

/// Serves, and has nothing else to do.
pub(crate) struct Serving;

impl<P: Protocol> Duty<P> for Serving {
    type Task = Infallible;

    fn poll_task(&mut self, _: &mut Context<'_>, _: impl FnOnce() -> bool) -> Poll<Infallible> {
        Poll::Pending
    }

    async fn perform(&mut self, _: &P, _: &mut Cx<P>, task: Infallible) -> Result<Next> {
        match task {}
    }

    fn offer(&mut self, _: &P, _: &mut Cx<P>, item: Item<P>) -> Result<Option<Item<P>>> {
        Ok(Some(item))
    }
}
