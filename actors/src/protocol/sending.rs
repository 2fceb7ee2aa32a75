//! A message on its way to the peer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio_util::codec::Encoder;

use super::{Cx, Error, Protocol, Result};

/// The future of [`Cx::send`]. By hand, as it is a part of every connection's future: an `async fn`
/// would hold the message twice.
#[must_use = "nothing is sent unless it is awaited"]
pub struct Sending<'a, P: Protocol, I> {
    pub(super) cx: &'a mut Cx<P>,
    /// None when it was sent.
    pub(super) message: Option<I>,
}

// Nothing in it is ever pinned.
impl<P: Protocol, I> Unpin for Sending<'_, P, I> {}

impl<P: Protocol, I> Future for Sending<'_, P, I>
where
    P::Codec: Encoder<I, Error: Into<Error>>,
{
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.cx.poll_room(task))?;
        Poll::Ready(match self.message.take() {
            Some(message) => self.cx.encode(message),
            None => Ok(()),
        })
    }
}
