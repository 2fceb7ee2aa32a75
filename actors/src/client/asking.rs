//! Requests and answers as the duty of a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::desk::{Desk, Work};
use super::{Arrival, Broken, Requests};
use crate::protocol::{Closed, Cx, Duty, Item, Next, Result};

/// Asks, on one connection. Its drop is the end of the connection for the requests on it,
/// whatever ended it.
pub(super) struct Asking<P: Requests> {
    desk: Arc<Desk<P>>,
    /// Taken from the desk, and not yet all sent. Here and not in the hook's future, which may be
    /// dropped at any point.
    sending: Option<Sending<P::Request>>,
    /// A message has come and is not sorted yet.
    arrived: bool,
    fault: Option<Closed>,
}

struct Sending<R> {
    id: u64,
    request: R,
    /// None until the hook is called: nothing of it was sent.
    broken: Option<Broken>,
}

/// What there is to do.
pub(super) enum Task {
    /// Send what was taken from the desk.
    Send,
    Close,
}

impl<P: Requests> Asking<P> {
    pub(super) fn new(desk: &Arc<Desk<P>>, peer: SocketAddr) -> Self {
        desk.set_peer(Some(peer));
        Self { desk: Arc::clone(desk), sending: None, arrived: false, fault: None }
    }

    /// What was being sent is sent as far as it ever will be.
    fn let_go(&mut self) {
        if let Some(Sending { id, request, broken }) = self.sending.take() {
            match broken {
                None => self.desk.unsent(id, request),
                Some(Broken::Repeat) => self.desk.keep(id, request),
                Some(Broken::Fail) => self.desk.discard(Some(request)),
            }
        }
    }

    fn take(&mut self, id: Option<u64>, answer: P::Answer) {
        if !self.desk.answer(id, answer) {
            self.fault = Some(Closed::Unsolicited);
        }
    }
}

impl<P: Requests> Duty<P> for Asking<P> {
    type Task = Task;

    fn poll_task(
        &mut self,
        task: &mut Context<'_>,
        has_room: impl FnOnce() -> bool,
    ) -> Poll<Self::Task> {
        if !has_room() {
            return Poll::Pending;
        }
        self.desk.poll_work(task).map(|work| match work {
            Work::Send(id, request) => {
                self.sending = Some(Sending { id, request, broken: None });
                Task::Send
            }
            Work::Close => Task::Close,
        })
    }

    async fn perform(&mut self, protocol: &P, cx: &mut Cx<P>, task: Self::Task) -> Result<Next> {
        match (task, &mut self.sending) {
            (Task::Send, Some(Sending { id, request, broken })) => {
                *broken = Some(protocol.broken(request));
                let next = protocol.request(cx, *id, request).await?;
                self.let_go();
                Ok(next)
            }
            (Task::Send, None) => Ok(Next::Read),
            (Task::Close, _) => {
                self.fault = Some(Closed::Unanswered);
                Ok(Next::Close)
            }
        }
    }

    fn arrives(&mut self) {
        self.arrived = true;
    }

    fn offer(&mut self, protocol: &P, cx: &mut Cx<P>, item: Item<P>) -> Result<Option<Item<P>>> {
        let arrival = protocol.sort(cx, item)?;
        self.arrived = false;
        match arrival {
            Arrival::Next(answer) => self.take(None, answer),
            Arrival::To(id, answer) => self.take(Some(id), answer),
            Arrival::Message(item) => return Ok(Some(item)),
        }
        Ok(None)
    }

    fn fault(&mut self) -> Option<Closed> {
        self.fault
    }

    fn crashed(&mut self, sent: u32) -> bool {
        if let Some(Sending { id, request, .. }) = self.sending.take() {
            self.desk.crashed_over(id, sent > 0);
            self.desk.discard(Some(request));
        }
        if std::mem::take(&mut self.arrived) {
            let in_step = self.desk.is_grounded();
            self.desk.crashed_over_any();
            return in_step;
        }
        true
    }

    fn can_miss(&self) -> bool {
        self.desk.is_grounded()
    }

    fn poll_drain(&mut self, task: &mut Context<'_>) -> Poll<()> {
        self.desk.poll_done(task)
    }
}

impl<P: Requests> Drop for Asking<P> {
    fn drop(&mut self) {
        self.let_go();
        self.desk.set_peer(None);
        self.desk.broke();
    }
}
