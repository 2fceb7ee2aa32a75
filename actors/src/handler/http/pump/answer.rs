//! The answer on its way to the client.

use std::task::{Context, Poll};

use super::{End, Pump, Step, lost};
use crate::handler::http::account::Phase;
use crate::handler::http::client::Answered;
use crate::handler::http::conversation::Conversation;
use crate::handler::http::fault::Fault;
use crate::http::body::Taken;
use crate::http::refusal::BadAnswer;
use crate::scratch::with_scratch;
use crate::spare::Lent;
use crate::stream::Loss;

impl Pump {
    /// One step of the answer on its way to the client.
    pub(super) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
    ) -> Result<Step, End> {
        if !self.to_client.is_empty() {
            let before = self.to_client.len();
            let polled = self.to_client.poll(|bytes| conversation.client.poll_write(cx, bytes));
            let count = before - self.to_client.len();
            self.begun.account.bytes_out += count as u64;
            return match polled {
                Poll::Pending if count == 0 => Ok(Step::Blocked),
                Poll::Pending => Ok(Step::Moved),
                Poll::Ready(Ok(())) => {
                    self.note_given(conversation);
                    Ok(Step::Moved)
                }
                Poll::Ready(Err(error)) => Err(lost(&error)),
            };
        }
        if self.begun.exchange.answer_is_whole() || self.begun.exchange.is_switched() {
            return Ok(Step::Blocked);
        }
        if std::mem::take(&mut self.unread) {
            let head = std::mem::take(&mut self.head);
            self.begun.account.answered();
            self.answer(cx, conversation, &head)?;
            return Ok(Step::Moved);
        }
        with_scratch(|scratch| match self.backend.poll_read(cx, scratch) {
            Poll::Pending => Ok(Step::Blocked),
            Poll::Ready(Ok(0)) => self.backend_ended(cx, conversation, Loss::Reset),
            Poll::Ready(Err(error)) => Err(End::Fault(Fault::BackendLost(Loss::of(&error)))),
            Poll::Ready(Ok(count)) => {
                self.received(cx, conversation, &scratch[..count])?;
                Ok(Step::Moved)
            }
        })
    }

    fn received(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
        bytes: &[u8],
    ) -> Result<(), End> {
        self.begun.account.answered();
        if self.head.is_empty() {
            return self.answer(cx, conversation, bytes);
        }
        let mut head = std::mem::take(&mut self.head);
        head.extend_from_slice(bytes);
        self.answer(cx, conversation, &head)
    }

    /// Passes on what the backend has said.
    fn answer(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
        bytes: &[u8],
    ) -> Result<(), End> {
        let mut out = Lent::new();
        let taken = self.begun.exchange.from_backend(bytes, &mut out);
        if let Err(BadAnswer::Unwanted(status)) = taken {
            self.head = Lent::of(bytes);
            return Err(End::Unwanted(status));
        }
        let Taken { used, verbatim } = taken.map_err(|bad| End::Fault(Fault::Answer(bad)))?;
        let rest = &bytes[used..];
        if self.begun.exchange.answer_has_begun() {
            conversation.client.answered = Answered::Partly;
            self.begun.account.phase = Phase::Answer;
            // Now, as a crash or a kill leaves no time for it.
            self.begun.account.status = self.begun.exchange.status();
            if self.begun.exchange.is_switched() {
                out.extend_from_slice(rest);
            } else if !rest.is_empty() {
                // Nobody asked for more than an answer.
                self.begun.exchange.close_backend();
            }
        } else {
            if used > 0 {
                // An interim answer is not yet the one that is waited for.
                self.begun.account.answered_for_now(!rest.is_empty());
            }
            self.head = Lent::of(rest);
        }
        let piece = if verbatim { &bytes[..used] } else { &out[..] };
        self.give(cx, conversation, piece)
    }

    fn give(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
        piece: &[u8],
    ) -> Result<(), End> {
        let sent = self.to_client.send(piece, |bytes| conversation.client.poll_write(cx, bytes));
        sent.map_err(|error| lost(&error))?;
        self.begun.account.bytes_out += (piece.len() - self.to_client.len()) as u64;
        self.note_given(conversation);
        Ok(())
    }

    /// A part of an interim answer is a part as well: nothing else can be said behind it.
    fn note_given(&self, conversation: &mut Conversation) {
        let partly = self.begun.exchange.answer_has_begun() || !self.to_client.is_empty();
        conversation.client.answered = if partly { Answered::Partly } else { Answered::Due };
    }

    /// The backend has ended in order, which may be the end of its answer.
    fn backend_ended(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
        loss: Loss,
    ) -> Result<Step, End> {
        let mut out = Lent::new();
        match self.begun.exchange.backend_ended(&mut out) {
            Ok(()) => {
                self.give(cx, conversation, &out)?;
                Ok(Step::Moved)
            }
            Err(BadAnswer::Missing) => Err(End::Fault(Fault::BackendLost(loss))),
            Err(bad) => Err(End::Fault(Fault::Answer(bad))),
        }
    }
}
