//! Long answers, made a portion at a time, so that the other actors of the thread have their turn
//! in between.

use std::convert::Infallible;
use std::task::Poll;

use axum::body::{Body, Bytes};
use futures_util::stream;

/// A body of what `next` makes: called once a turn of the thread, until it makes none.
pub(super) fn body(mut next: impl FnMut() -> Option<Vec<u8>> + Send + 'static) -> Body {
    let mut rests = false;
    Body::from_stream(stream::poll_fn(move |cx| {
        rests = !rests;
        if rests {
            Poll::Ready(next().map(|portion| Ok::<_, Infallible>(Bytes::from(portion))))
        } else {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

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
        assert_eq!((turns, got), (7, vec![2, 1, 0]));
    }
}
