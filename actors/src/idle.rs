//! A time-out of a connection on which nothing moves.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use trunkline_runtime::Deadline;

/// Longer times mean the same and would overflow a sum.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// One timer per connection, none when it is off. Activity only notes the time; the timer is set
/// again when it fires too early, so it costs a busy connection one wake-up per time-out.
#[derive(Debug)]
pub(crate) struct Idle(Option<Watch>);

#[derive(Debug)]
struct Watch {
    /// In nanoseconds, which take half the room of a `Duration`.
    limit: u64,
    last_activity: Instant,
    timer: Deadline,
}

impl Idle {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self(limit.map(|limit| {
            let limit = limit.min(LONGEST);
            Watch {
                limit: limit.as_nanos() as u64,
                last_activity: Instant::now(),
                timer: Deadline::after(limit),
            }
        }))
    }

    /// Ready when nothing has moved for the limit. `active`: something moved since the last poll.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, active: bool) -> Poll<()> {
        let Some(watch) = &mut self.0 else {
            return Poll::Pending;
        };
        if active {
            watch.last_activity = Instant::now();
        }
        while Pin::new(&mut watch.timer).poll(cx).is_ready() {
            let deadline = watch.last_activity + Duration::from_nanos(watch.limit);
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            watch.timer.reset(deadline.into_std());
        }
        Poll::Pending
    }
}
