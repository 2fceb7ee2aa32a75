//! A request on its way to a backend and its answer on its way back, both at once, until one of them
//! ends it.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::account::Phase;
use super::begun::{Begun, Settled};
use super::conversation::Conversation;
use super::fault::Fault;
use crate::closed::Ending;
use crate::spare::Lent;
use crate::stream::{Loss, Stream};
use unsent::Unsent;

mod answer;
mod request;
mod unsent;

/// Steps in one poll; then the neighbours on the thread are served.
const STEPS: u32 = 8;

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    /// The client has its whole answer.
    Whole,
    /// Both sides speak another protocol from here on.
    Switched,
    /// Nothing reached the client, and the request goes again; `true` where the connection had only
    /// been kept too long, which says nothing about the backend.
    Again(Fault, bool),
    /// The answer has a status that is tried again elsewhere. None of it was passed on; see
    /// [`Pump::accept`].
    Unwanted(u16),
    /// It takes longer than most do: another backend may be asked as well. See [`Pump::switch`].
    Slow,
    /// The client is gone; the code says how.
    Left(&'static str),
    /// It cannot be served, or not to its end.
    Fault(Fault),
}

impl End {
    /// Its name, as that of a try.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Whole => "answered",
            Self::Switched => "switched",
            Self::Left(code) => code,
            Self::Again(fault, _) | Self::Fault(fault) => fault.code(),
            // What the race makes of these is an end of another kind.
            Self::Unwanted(_) | Self::Slow => "",
        }
    }

    /// The status of an answer that is not passed on.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Again(Fault::Unwanted(status), _) => Some(*status),
            Self::Whole
            | Self::Switched
            | Self::Left(_)
            | Self::Again(..)
            | Self::Fault(_)
            | Self::Unwanted(_)
            | Self::Slow => None,
        }
    }

    /// The backend has done what was asked of it, as far as the client has let it.
    pub(super) fn is_well(&self) -> bool {
        match self {
            Self::Whole | Self::Switched | Self::Left(_) => true,
            Self::Fault(fault) => fault.is_of_client(),
            Self::Again(..) | Self::Unwanted(_) | Self::Slow => false,
        }
    }
}

/// What a step came to; an error is the end.
enum Step {
    Moved,
    /// What came is for later: no progress.
    Heard,
    Blocked,
}

pub(super) struct Pump {
    backend: Stream,
    begun: Box<Begun>,
    /// What the backend has not taken yet, behind what it has, as long as all of that may have to be
    /// sent again.
    to_backend: Unsent,
    repeats: bool,
    /// The most of the body that is kept for that, in bytes.
    buffer: usize,
    /// The backend takes nothing more. It may have answered all the same.
    refuses: bool,
    /// What the client has not taken yet.
    to_client: Unsent,
    /// A head of the backend's that is not whole yet.
    head: Lent,
    /// What is there of a head is to be looked at before more is read.
    unread: bool,
    /// How long a try may take to the first byte of an answer.
    per_try: Option<Duration>,
    /// When another backend may be asked as well.
    hedge_due: Option<Instant>,
    progress: Instant,
}

impl Pump {
    pub(super) fn new(
        backend: Stream,
        mut begun: Box<Begun>,
        settled: &Settled,
        now: Instant,
    ) -> Self {
        begun.account.phase = Phase::Send;
        let to_backend = Unsent::of(std::mem::take(&mut begun.first));
        Self {
            backend,
            to_backend,
            repeats: begun.body <= settled.buffer,
            buffer: settled.buffer,
            refuses: false,
            to_client: Unsent::default(),
            head: Lent::default(),
            unread: false,
            per_try: settled.per_try,
            hedge_due: settled.hedge.map(|after| now + after),
            progress: now,
            begun,
        }
    }

    /// Whether all that was sent can be sent again, and the client has got nothing.
    pub(super) fn may_go_again(&self) -> bool {
        self.repeats && self.begun.repeatable && !self.begun.exchange.has_said_anything()
    }

    /// The request as it was sent, once all of it was and nothing has come.
    pub(super) fn waiting(&self) -> Option<Lent> {
        let waits = self.begun.exchange.request_is_whole()
            && self.to_backend.is_empty()
            && self.head.is_empty()
            && self.may_go_again();
        waits.then(|| self.to_backend.copy())
    }

    /// Passes on the answer after all that was unwanted.
    pub(super) fn accept(&mut self) {
        self.begun.exchange.refuse(None);
        self.unread = true;
    }

    /// Another backend was faster: `first` is what it has said. The one before is given back.
    pub(super) fn switch(&mut self, backend: Stream, first: Lent) -> Stream {
        self.refuses = false;
        self.head = first;
        self.unread = true;
        self.per_try = None;
        std::mem::replace(&mut self.backend, backend)
    }

    /// Nothing of an answer has come.
    pub(super) fn is_unheard(&self) -> bool {
        self.head.is_empty() && !self.begun.exchange.has_said_anything()
    }

    /// The backend has taken all that has come of the request, which is not all of it.
    pub(super) fn waits_for_client(&self) -> bool {
        self.to_backend.is_empty() && !self.begun.exchange.request_is_whole()
    }

    /// The request and its record, while it is under way.
    pub(super) fn begun(&mut self) -> &mut Begun {
        &mut self.begun
    }

    /// The request, as far as it may go again, and the connection.
    pub(super) fn into_parts(mut self) -> (Box<Begun>, Stream) {
        self.begun.first = self.to_backend.into_whole();
        (self.begun, self.backend)
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
    ) -> Poll<End> {
        let mut active = false;
        let before = self.progress;
        if conversation.seat.is_draining() {
            self.begun.exchange.close_client();
        }
        for turn in 0..=STEPS {
            if turn == STEPS {
                cx.waker().wake_by_ref();
                break;
            }
            let request = self.poll_request(cx, conversation);
            let answer = self.poll_answer(cx, conversation);
            // What the backend has said counts for more than what the client does after it.
            let (request, answer) = match (request, answer) {
                (_, Err(end)) | (Err(end), Ok(_)) => return Poll::Ready(end),
                (Ok(request), Ok(answer)) => (request, answer),
            };
            if self.to_client.is_empty() {
                if self.begun.exchange.answer_is_whole() {
                    if self.refuses || !self.to_backend.is_empty() {
                        // It would take the next request for what is missing of this one.
                        self.begun.exchange.close_backend();
                    }
                    return Poll::Ready(End::Whole);
                }
                // The other protocol begins behind the request.
                if self.begun.exchange.is_switched()
                    && self.begun.exchange.request_is_whole()
                    && self.to_backend.is_empty()
                {
                    return Poll::Ready(End::Switched);
                }
            }
            if matches!((&request, &answer), (Step::Blocked, Step::Blocked)) {
                break;
            }
            active |= matches!(request, Step::Moved) || matches!(answer, Step::Moved);
        }
        if active && self.progress == before {
            self.progress = Instant::now();
        }
        let (due, fault) = self.due(conversation);
        if let Some(hedge_due) = self.hedge_due.filter(|hedge_due| *hedge_due < due)
            && self.begun.account.first_byte_at().is_none()
        {
            return conversation.timer.poll(cx, hedge_due).map(|()| {
                self.hedge_due = None;
                End::Slow
            });
        }
        conversation.timer.poll(cx, due).map(|()| {
            // Whoever takes nothing cannot be told either.
            if fault == Fault::SlowReader { End::Left(fault.code()) } else { End::Fault(fault) }
        })
    }

    /// When it will have taken too long, and what that will be.
    fn due(&self, conversation: &Conversation) -> (Instant, Fault) {
        let times = &conversation.site.times;
        let exchange = &self.begun.exchange;
        let (due, fault) = if !self.to_client.is_empty() {
            (self.progress + times.body, Fault::SlowReader)
        } else if exchange.answer_has_begun() || !self.to_backend.is_empty() {
            (self.progress + times.body, Fault::SlowBackend)
        } else if let (Some(sent), Some(_)) = (self.begun.waits_since, self.begun.account.sent_at())
        {
            (sent + times.first_byte, Fault::FirstByte)
        } else {
            (self.progress + times.body, Fault::SlowBody)
        };
        // The backend has no part in the time that the client takes for its body.
        let waits_for_client = !exchange.request_is_whole() && self.to_backend.is_empty();
        let per_try = self.per_try.filter(|_| self.is_unheard() && !waits_for_client);
        let (due, fault) = match per_try.map(|limit| self.progress + limit) {
            Some(try_due) if try_due < due => (try_due, Fault::TryTimeout),
            Some(_) | None => (due, fault),
        };
        match self.begun.deadline {
            Some(deadline) if deadline < due => (deadline, Fault::Deadline),
            Some(_) | None => (due, fault),
        }
    }
}

fn lost(error: &std::io::Error) -> End {
    End::Left(Ending::of_client(Loss::of(error)).name())
}
