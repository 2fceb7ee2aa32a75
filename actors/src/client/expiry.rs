//! Keeps the deadlines of requests, whatever else the client is about.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use trunkline_runtime::Deadline;

use super::Requests;
use super::desk::Desk;

/// Ends requests at their deadlines, up to 10 ms late.
pub(super) struct Expiry<P: Requests> {
    desk: Arc<Desk<P>>,
    /// Not later than the next deadline, while there is one.
    alarm: Option<(Instant, Deadline)>,
}

impl<P: Requests> Expiry<P> {
    pub(super) fn new(desk: &Arc<Desk<P>>) -> Self {
        Self { desk: Arc::clone(desk), alarm: None }
    }

    /// Does `work` in the same task, and after what is due: `work` is polled whenever a deadline
    /// comes, and finds things as they are then. Hooks that do not end keep no deadline back.
    pub(super) async fn beside<F: Future>(mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|task| {
            self.poll(task);
            work.as_mut().poll(task)
        })
        .await
    }

    fn poll(&mut self, task: &mut Context<'_>) {
        while let Some(next) = self.desk.expire(task) {
            // Set anew only when it would go off too late: most requests end long before their
            // deadlines, and one alarm too early is cheaper than one for each of them.
            let (at, alarm) = self.alarm.get_or_insert_with(|| (next, Deadline::at(next)));
            if next < *at {
                *at = next;
                alarm.reset(next);
            }
            if Pin::new(alarm).poll(task).is_pending() {
                return;
            }
            self.alarm = None;
        }
    }
}
