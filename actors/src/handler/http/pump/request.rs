//! The request on its way to the backend.

use std::task::{Context, Poll};

use tokio::time::Instant;

use super::{End, Pump, Step, lost};
use crate::handler::http::account::Phase;
use crate::handler::http::conversation::Conversation;
use crate::handler::http::fault::Fault;
use crate::http::body::Taken;
use crate::scratch::with_scratch;
use crate::spare::Lent;

impl Pump {
    /// Looks after the client alone, when the backend is lost and another is still asked.
    pub(in crate::handler::http) fn poll_client(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
    ) -> Poll<End> {
        loop {
            match self.watch(cx, conversation) {
                Ok(Step::Heard) => {}
                Ok(Step::Moved | Step::Blocked) => return Poll::Pending,
                Err(end) => return Poll::Ready(end),
            }
        }
    }

    /// One step of the request on its way to the backend.
    pub(super) fn poll_request(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
    ) -> Result<Step, End> {
        if !self.refuses && !self.to_backend.is_empty() {
            let before = self.to_backend.len();
            return Ok(match self.to_backend.poll(|bytes| self.backend.poll_write(cx, bytes)) {
                Poll::Pending if self.to_backend.len() == before => Step::Blocked,
                Poll::Pending => Step::Moved,
                Poll::Ready(taken) => {
                    self.refuses = taken.is_err();
                    self.note_sent();
                    Step::Moved
                }
            });
        }
        if self.begun.exchange.request_is_whole() || self.refuses {
            return self.watch(cx, conversation);
        }
        if !conversation.client.held.is_empty() {
            let held = std::mem::take(&mut conversation.client.held);
            let used = self.pass_on(cx, &held)?;
            conversation.client.held.extend_from_slice(&held[used..]);
            return Ok(Step::Moved);
        }
        with_scratch(|scratch| match conversation.client.poll_read(cx, scratch) {
            Poll::Pending => Ok(Step::Blocked),
            Poll::Ready(Ok(0)) => {
                conversation.client.ended = true;
                Err(End::Left("client_closed"))
            }
            Poll::Ready(Ok(count)) => {
                let used = self.pass_on(cx, &scratch[..count])?;
                conversation.client.held.extend_from_slice(&scratch[used..count]);
                Ok(Step::Moved)
            }
            Poll::Ready(Err(error)) => Err(lost(&error)),
        })
    }

    /// Passes a piece of the body on; says how much of the bytes was the body's.
    fn pass_on(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Result<usize, End> {
        let mut out = Lent::new();
        let taken = self.begun.exchange.from_client(bytes, &mut out);
        let Taken { used, verbatim } =
            taken.map_err(|refusal| End::Fault(Fault::Request(refusal)))?;
        self.begun.account.bytes_in += used as u64;
        let write = |piece: &[u8]| self.backend.poll_write(cx, piece);
        let piece = if verbatim { &bytes[..used] } else { &out[..] };
        self.begun.body += piece.len();
        self.repeats &= self.begun.body <= self.buffer;
        let sent = if self.repeats {
            self.to_backend.append(piece, write)
        } else {
            self.to_backend.send(piece, write)
        };
        self.refuses = sent.is_err();
        self.note_sent();
        Ok(used)
    }

    fn note_sent(&mut self) {
        let account = &mut self.begun.account;
        if self.to_backend.is_empty()
            && self.begun.exchange.request_is_whole()
            && account.sent_at().is_none()
        {
            self.progress = Instant::now();
            account.sent(self.progress);
            self.begun.waits_since.get_or_insert(self.progress);
            if account.phase == Phase::Send {
                account.phase = Phase::Wait;
            }
        }
    }

    /// The request is through: what comes now is for later, and an end by force ends it all.
    fn watch(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
    ) -> Result<Step, End> {
        let most = conversation.site.limits.heads.size;
        let client = &mut conversation.client;
        // What was asked for with an end behind it is answered (RFC 9112 §9.6).
        if client.ended || client.held.len() >= most || self.refuses {
            return Ok(Step::Blocked);
        }
        with_scratch(|scratch| match client.poll_read(cx, scratch) {
            Poll::Pending => Ok(Step::Blocked),
            Poll::Ready(Ok(0)) => {
                client.ended = true;
                Ok(Step::Blocked)
            }
            Poll::Ready(Ok(count)) => {
                client.held.extend_from_slice(&scratch[..count]);
                Ok(Step::Heard)
            }
            Poll::Ready(Err(error)) => Err(lost(&error)),
        })
    }
}
