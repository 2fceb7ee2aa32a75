//! The handle of a client, and the future of an answer.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use trunkline_runtime::{Deadline, Node};

use super::desk::{Asker, Desk, Outcome};
use super::{RequestError, Requests};

/// A client, to whoever asks. Cheap to clone; usable from any thread.
///
/// It is the same through all connections, and through crashes of the client's actor.
pub struct Client<P: Requests> {
    pub(super) desk: Arc<Desk<P>>,
    pub(super) node: Arc<Node>,
}

impl<P: Requests> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self { desk: Arc::clone(&self.desk), node: Arc::clone(&self.node) }
    }
}

impl<P: Requests> fmt::Debug for Client<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.desk.name())
    }
}

impl<P: Requests> Client<P> {
    pub(super) fn new(desk: Arc<Desk<P>>, node: &Arc<Node>) -> Self {
        Self { desk, node: Arc::clone(node) }
    }

    /// Asks the peer; the future gives the answer, or an error after `within` at the latest.
    ///
    /// The request is queued at once, not when the future is first polled. Past its deadline it is
    /// neither sent nor repeated. Dropping the future gives it up: what was not sent yet never is;
    /// the answer to what was is thrown away. The error comes up to 10 ms after the deadline.
    ///
    /// The future belongs to the thread that made it, as a [`Deadline`] does. A hook of the client's
    /// own protocol must not await it: the answer is read after the hook.
    pub fn request(&self, request: P::Request, within: Duration) -> Requested<P> {
        let (to, answer) = oneshot::channel();
        let state = match self.desk.admit(request, Asker::Future(to), within) {
            Ok(id) => State::Waiting {
                id,
                answer,
                deadline: Some(Deadline::after(within)),
                desk: Arc::clone(&self.desk),
            },
            Err(refused) => State::Refused(refused.error),
        };
        Requested { state }
    }

    /// Whether there is a connection at the moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.desk.peer().is_some()
    }
}

/// The future of an answer.
///
/// # Errors
/// See [`RequestError`].
#[must_use = "dropped, the request is given up"]
pub struct Requested<P: Requests> {
    state: State<P>,
}

enum State<P: Requests> {
    Refused(RequestError),
    Waiting {
        id: u64,
        answer: oneshot::Receiver<Outcome<P>>,
        /// None once it has passed, and the request was ending just then.
        deadline: Option<Deadline>,
        desk: Arc<Desk<P>>,
    },
    Done,
}

impl<P: Requests> Requested<P> {
    fn poll_outcome(&mut self, task: &mut Context<'_>) -> Poll<Outcome<P>> {
        match &mut self.state {
            State::Refused(error) => Poll::Ready(Err(*error)),
            State::Waiting { id, answer, deadline, desk } => {
                if let Poll::Ready(outcome) = Pin::new(answer).poll(task) {
                    // Whoever takes a request from the desk tells its end.
                    return Poll::Ready(outcome.unwrap_or(Err(RequestError::Broken)));
                }
                let Some(due) = deadline else { return Poll::Pending };
                if Pin::new(due).poll(task).is_pending() {
                    return Poll::Pending;
                }
                match desk.give_up(*id) {
                    Some(error) => Poll::Ready(Err(error)),
                    None => {
                        *deadline = None;
                        Poll::Pending
                    }
                }
            }
            State::Done => Poll::Pending,
        }
    }
}

impl<P: Requests> Future for Requested<P> {
    type Output = Outcome<P>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.poll_outcome(task);
        if polled.is_ready() {
            self.state = State::Done;
        }
        polled
    }
}

impl<P: Requests> fmt::Debug for Requested<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requested")
    }
}

impl<P: Requests> Drop for Requested<P> {
    fn drop(&mut self) {
        if let State::Waiting { id, desk, .. } = &self.state {
            desk.give_up(*id);
        }
    }
}
