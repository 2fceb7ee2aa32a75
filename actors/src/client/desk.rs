//! What outlives the actor of a client: its requests, and who waits for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::oneshot;
use tracing::error;
use trunkline_runtime::{Detail, Panic, Reply, clock, contain};

use super::pending::{Bounds, Ended, Pending, Turn};
use super::{RequestError, Requests};

/// How a request ends.
pub(super) type Outcome<P> = Result<<P as Requests>::Answer, RequestError>;

/// Who asked.
pub(super) enum Asker<P: Requests> {
    /// Whoever holds the future.
    Future(oneshot::Sender<Outcome<P>>),
    /// Another actor, by a message.
    Reply(Reply<Outcome<P>>),
}

impl<P: Requests> Asker<P> {
    fn tell(self, outcome: Outcome<P>) {
        match self {
            // Whoever asked may have stopped waiting just now.
            Self::Future(to) => drop(to.send(outcome)),
            Self::Reply(reply) => reply.send(outcome),
        }
    }
}

type Left<P> = Ended<<P as Requests>::Request, Asker<P>>;

/// Longer than any process runs, and well within the range of the clock.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The requests of a client. No code of an author's runs under its lock: neither destructors of
/// requests and answers, nor the wakers of those who wait.
pub(super) struct Desk<P: Requests> {
    name: Arc<str>,
    pending: Mutex<Pending<P::Request, Asker<P>>>,
    /// Of the client's actor, the only one who waits for requests.
    waker: AtomicWaker,
    /// The peer, while there is a connection.
    peer: Mutex<Option<SocketAddr>>,
    connections: AtomicU64,
    gone: AtomicBool,
}

/// What the connection is to do.
pub(super) enum Work<R> {
    Send(u64, R),
    /// The connection is of no use any more.
    Close,
}

impl<P: Requests> Desk<P> {
    pub(super) fn new(name: &str, bounds: Bounds) -> Self {
        Self {
            name: name.into(),
            pending: Mutex::new(Pending::new(bounds)),
            waker: AtomicWaker::new(),
            peer: Mutex::new(None),
            connections: AtomicU64::new(0),
            gone: AtomicBool::new(false),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        *self.peer.lock()
    }

    pub(super) fn set_peer(&self, peer: Option<SocketAddr>) {
        *self.peer.lock() = peer;
    }

    /// The number of the next connection, from 1.
    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn admit(
        &self,
        request: P::Request,
        to: Asker<P>,
        within: Duration,
    ) -> Result<u64, Left<P>> {
        let now = clock::now();
        let (expired, admitted) = {
            let mut pending = self.pending.lock();
            // While the actor rests after a crash nobody else makes room.
            let expired = pending.expire(now);
            (expired, pending.admit(request, to, now + within.min(LONGEST)))
        };
        self.tell(expired);
        let id = admitted?;
        self.waker.wake();
        Ok(id)
    }

    /// How the request ends now that who asked gives up; none if it has ended already.
    pub(super) fn give_up(&self, id: u64) -> Option<RequestError> {
        let given_up = self.pending.lock().give_up(id);
        let Ended { error, .. } = given_up?;
        self.waker.wake();
        Some(error)
    }

    pub(super) fn open(&self) {
        self.pending.lock().open();
    }

    /// Takes no more requests.
    pub(super) fn drain(&self) {
        self.pending.lock().drain();
        self.waker.wake();
    }

    /// As [`Self::stop`], for good.
    pub(super) fn retire(&self) {
        self.gone.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// Whether it will never take a request again.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Whether it takes requests.
    pub(super) fn is_open(&self) -> bool {
        self.pending.lock().is_open()
    }

    /// How many requests have no answer yet.
    pub(super) fn unanswered(&self) -> u32 {
        let counts = self.pending.lock().counts();
        u32::try_from(counts.waiting + counts.in_flight).unwrap_or(u32::MAX)
    }

    /// Takes no more requests, and ends those that are there.
    pub(super) fn stop(&self) {
        let ended = self.pending.lock().stop();
        self.tell(ended);
    }

    /// Ready when there will be nothing to do any more.
    pub(super) fn poll_done(&self, task: &Context<'_>) -> Poll<()> {
        self.waker.register(task.waker());
        if self.is_done() { Poll::Ready(()) } else { Poll::Pending }
    }

    pub(super) fn is_done(&self) -> bool {
        self.pending.lock().is_done()
    }

    pub(super) fn poll_work(&self, task: &Context<'_>) -> Poll<Work<P::Request>> {
        self.waker.register(task.waker());
        loop {
            let turn = self.pending.lock().next(clock::now());
            match turn {
                Turn::Send(id, request) => return Poll::Ready(Work::Send(id, request)),
                Turn::Stalled => return Poll::Ready(Work::Close),
                Turn::Expired(ended) => self.tell([ended]),
                Turn::Rest => return Poll::Pending,
            }
        }
    }

    /// Ends all requests whose deadlines have passed; when the next one comes. The task is woken
    /// when that may have changed.
    pub(super) fn expire(&self, task: &Context<'_>) -> Option<Instant> {
        self.waker.register(task.waker());
        let (expired, next) = {
            let mut pending = self.pending.lock();
            (pending.expire(clock::now()), pending.due())
        };
        self.tell(expired);
        next
    }

    /// What was taken was not sent, and the connection ends.
    pub(super) fn unsent(&self, id: u64, request: P::Request) {
        let unwanted = self.pending.lock().unsent(id, request);
        self.discard(unwanted);
    }

    pub(super) fn keep(&self, id: u64, request: P::Request) {
        let unwanted = self.pending.lock().keep(id, request);
        self.discard(unwanted);
    }

    /// Gives an answer to who waits for it: to the request of this id, or to the oldest. False if
    /// there is no such request.
    pub(super) fn answer(&self, id: Option<u64>, answer: P::Answer) -> bool {
        let flight = {
            let mut pending = self.pending.lock();
            match id {
                Some(id) => pending.answered(id),
                None => pending.answered_next(),
            }
        };
        let Some(flight) = flight else { return false };
        if let Some(to) = flight.to {
            to.tell(Ok(answer));
        }
        true
    }

    pub(super) fn crashed_over(&self, id: u64, was_sent: bool) {
        let ended = self.pending.lock().crashed_over(id, was_sent);
        self.tell(ended);
    }

    pub(super) fn crashed_over_any(&self) {
        let ended = self.pending.lock().crashed_over_any();
        self.tell(ended);
    }

    /// The connection is over.
    pub(super) fn broke(&self) {
        let ended = self.pending.lock().broke(clock::now());
        self.tell(ended);
    }

    /// Whether no answer is to come.
    pub(super) fn is_grounded(&self) -> bool {
        self.pending.lock().is_grounded()
    }

    fn tell(&self, ended: impl IntoIterator<Item = Left<P>>) {
        for Ended { to, request, error } in ended {
            if let Some(to) = to {
                to.tell(Err(error));
            }
            self.discard(request);
        }
    }

    /// Drops what is an author's: a destructor that panics must not cost others their end.
    pub(super) fn discard(&self, request: Option<P::Request>) {
        if let Err(Panic { text, place, .. }) = contain(|| drop(request)) {
            let client = &*self.name;
            error!(client, panic = &*text, place = &*place, "a request's destructor panicked");
        }
    }
}

impl<P: Requests> Detail for Desk<P> {
    fn detail(&self) -> serde_json::Value {
        let counts = self.pending.lock().counts();
        json!({
            "peer": self.peer().map(|peer| peer.to_string()),
            "connections": self.connections.load(Ordering::Relaxed),
            "waiting": counts.waiting,
            "in_flight": counts.in_flight,
            "sent": counts.sent,
            "repeated": counts.repeated,
            "answered": counts.answered,
            "refused": counts.refused,
        })
    }
}
