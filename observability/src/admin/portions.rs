//! Long answers, made a portion at a time, so that the other actors of the thread have their turn
//! in between.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::task::yield_now;

/// A body of what `next` makes: called once a turn of the thread, until it makes none.
///
/// Between two calls the thread looks at its sockets and timers as well. A task that only wakes
/// itself has its next turn at once: tokio looks at sockets after 61 of them.
pub(super) fn body(next: impl FnMut() -> Option<Vec<u8>> + Send + 'static) -> Body {
    Body::from_stream(stream::unfold(next, |mut next| async {
        yield_now().await;
        let portion = Bytes::from(next()?);
        Some((Ok::<_, Infallible>(portion), next))
    }))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use axum::body::HttpBody;
    use futures_util::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn between_two_portions_others_have_their_turn() {
        let mut left = 3u8;
        let mut body = pin!(body(move || {
            left = left.checked_sub(1)?;
            Some(vec![left])
        }));
        let (mut turns, mut got) = (0, Vec::new());
        poll_fn(|cx| {
            turns += 1;
            match body.as_mut().poll_frame(cx) {
                Poll::Ready(None) => Poll::Ready(()),
                Poll::Ready(Some(frame)) => {
                    got.extend(frame.unwrap().into_data().unwrap());
                    // As a connection does, which sends what it has.
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        assert_eq!((turns, got), (8, vec![2, 1, 0]));
    }
}
