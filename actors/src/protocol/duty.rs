//! What a connection does besides serving its peer.

use std::convert::Infallible;
use std::task::{Context, Poll};

use super::wire::Item;
use super::{Cx, Next, Protocol, Result};

/// The role of a connection: one that was accepted only serves, one that was made also asks.
pub(crate) trait Duty<P: Protocol>: 'static {
    /// Something to do.
    type Task;

    /// The next thing to do.
    fn poll_task(&mut self, task: &mut Context<'_>) -> Poll<Self::Task>;

    /// Does it, as a hook of the protocol.
    fn perform(
        &mut self,
        protocol: &P,
        cx: &mut Cx<P>,
        task: Self::Task,
    ) -> impl Future<Output = Result<Next>>;

    /// Takes a message that concerns it; one that does not is given back, for the protocol.
    ///
    /// # Errors
    /// A message that it cannot make sense of: a crash of the handler.
    fn offer(&mut self, protocol: &P, cx: &mut Cx<P>, item: Item<P>) -> Result<Option<Item<P>>>;
}

/// Serves, and has nothing else to do.
pub(crate) struct Serving;

impl<P: Protocol> Duty<P> for Serving {
    type Task = Infallible;

    fn poll_task(&mut self, _: &mut Context<'_>) -> Poll<Infallible> {
        Poll::Pending
    }

    async fn perform(&mut self, _: &P, _: &mut Cx<P>, task: Infallible) -> Result<Next> {
        match task {}
    }

    fn offer(&mut self, _: &P, _: &mut Cx<P>, item: Item<P>) -> Result<Option<Item<P>>> {
        Ok(Some(item))
    }
}
