//! The wait for a place in the queue of a pool, as long as somebody wants it.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::backend::lease::Lease;
use crate::pool::{NoBackend, Ticket};
use crate::stream::{Loss, Stream};

/// What comes of waiting with `ticket`, unless `client` is cut off before: then its place is free for
/// others. A client that has only ended its side still wants its answer (RFC 9112 §9.6).
///
/// # Errors
/// How the client was lost.
///
/// # Cancel safety
/// As that of [`Ticket`].
pub(super) async fn granted(
    ticket: Ticket,
    client: Option<&Stream>,
) -> Result<Result<Lease, NoBackend>, Loss> {
    let mut ticket = pin!(ticket);
    let mut lost = pin!(async {
        match client {
            Some(client) => client.cut_off().await,
            None => Loss::Reset,
        }
    });
    poll_fn(|cx| match ticket.as_mut().poll(cx) {
        Poll::Ready(granted) => Poll::Ready(Ok(granted)),
        Poll::Pending => lost.as_mut().poll(cx).map(Err),
    })
    .await
}
