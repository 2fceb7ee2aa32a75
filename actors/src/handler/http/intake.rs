//! The next request of a client.

use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use super::account::Account;
use super::begun::{Begin, Begun, begin};
use super::client::Answered;
use super::conversation::Conversation;
use crate::http::refusal::Refusal;
use crate::http::request::has_end;
use crate::scratch::with_scratch;
use crate::stream::Loss;

/// What a client did.
pub(super) enum Next {
    /// It asked for something.
    Request(Box<Begun>),
    /// It sent what is no request, or not one for us.
    Refused(Refusal, Box<Account>),
    /// It did not get to the end of its head in time.
    TooSlow(Box<Account>),
    /// It ended within a head, or was cut off.
    Lost(Box<Account>, Option<Loss>),
    /// It asks for nothing more, or is asked for nothing more.
    Over,
}

impl Conversation {
    /// Reads until there is a request. A client that is silent between two requests just ends.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        // What came behind the request before, or as much of this one as is there.
        if std::mem::take(&mut self.fresh) && !self.client.held.is_empty() {
            self.head_began = Instant::now();
            if let Some(next) = self.begin_held(0) {
                return Poll::Ready(next);
            }
        }
        loop {
            if self.client.ended {
                return Poll::Ready(self.over(None));
            }
            let polled = with_scratch(|scratch| {
                let read = ready!(self.client.poll_read(cx, scratch));
                Poll::Ready(read.map(|count| self.received(&scratch[..count])))
            });
            match polled {
                Poll::Ready(Ok(Some(next))) => return Poll::Ready(next),
                Poll::Ready(Ok(None)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(self.over(Some(Loss::of(&error)))),
                Poll::Pending => break,
            }
        }
        self.poll_patience(cx)
    }

    fn received(&mut self, bytes: &[u8]) -> Option<Next> {
        if bytes.is_empty() {
            self.client.ended = true;
            return None;
        }
        if !self.client.held.is_empty() {
            let seen = self.client.held.len();
            self.client.held.extend_from_slice(bytes);
            return self.begin_held(seen);
        }
        self.head_began = Instant::now();
        match begin(&self.site, &self.record, bytes, self.head_began, self.head_began) {
            Begin::More => {
                self.client.held.extend_from_slice(bytes);
                None
            }
            Begin::Request(begun, used) => {
                self.client.held.extend_from_slice(&bytes[used..]);
                Some(self.asked(begun))
            }
            Begin::Refused(refusal, account) => Some(Next::Refused(refusal, account)),
        }
    }

    /// Reads what is held, of which the first `seen` bytes hold no end of a head.
    fn begin_held(&mut self, seen: usize) -> Option<Next> {
        // Who sends a head byte by byte must not have it read from its start each time.
        let is_long = self.client.held.len() >= self.site.limits.heads.size;
        if !is_long && !has_end(&self.client.held, seen.saturating_sub(3)) {
            return None;
        }
        let held = std::mem::take(&mut self.client.held);
        match begin(&self.site, &self.record, &held, self.head_began, Instant::now()) {
            Begin::More => {
                self.client.held = held;
                None
            }
            Begin::Request(begun, used) => {
                if used < held.len() {
                    self.client.held.extend_from_slice(&held[used..]);
                }
                Some(self.asked(begun))
            }
            Begin::Refused(refusal, account) => Some(Next::Refused(refusal, account)),
        }
    }

    fn asked(&mut self, begun: Box<Begun>) -> Next {
        self.client.answered = Answered::Due;
        Next::Request(begun)
    }

    /// The client has ended or was lost.
    fn over(&mut self, loss: Option<Loss>) -> Next {
        if self.client.held.is_empty() { Next::Over } else { Next::Lost(self.babble(), loss) }
    }

    /// Waits for as long as it may take.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if self.client.held.is_empty() {
            // Between two requests nobody is kept waiting by an end.
            if self.seat.poll_drain(cx).is_ready() {
                return Poll::Ready(Next::Over);
            }
            let due = self.idle_since + self.site.times.keep_alive;
            ready!(self.timer.poll(cx, due));
            return Poll::Ready(Next::Over);
        }
        let due = self.head_began + self.site.times.head;
        ready!(self.timer.poll(cx, due));
        Poll::Ready(Next::TooSlow(self.babble()))
    }

    /// The record of what is not a whole head.
    pub(super) fn babble(&self) -> Box<Account> {
        let mut account = Account::new(&self.record, &self.site, self.head_began, Instant::now());
        account.babbles(&self.client.held);
        account.bytes_in = self.client.held.len() as u64;
        Box::new(account)
    }
}
