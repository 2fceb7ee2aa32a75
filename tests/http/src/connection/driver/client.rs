//! The client's part.

use trunkline_actors::http::exchange::Exchange;
use trunkline_actors::http::refusal::Refusal;
use trunkline_actors::http::request::Onward;

use super::super::outcome::{End, Reply, Talk};
use super::{Driver, LIMITS, State};
use crate::request;
use crate::request_head::CLIENT;

impl Driver {
    pub(super) fn client(&mut self, piece: &[u8]) {
        if matches!(self.state, State::Over) || self.client_ended {
            return;
        }
        self.outcome.sent.extend_from_slice(piece);
        self.held.extend_from_slice(piece);
        self.advance();
    }

    /// Uses what is held of the client's.
    pub(super) fn advance(&mut self) {
        loop {
            match &mut self.state {
                State::Over => return,
                State::Switched => {
                    let held = std::mem::take(&mut self.held);
                    return self.tell_backend(&held);
                }
                State::Idle => {
                    let unused = self.held.len();
                    if unused == 0 || !self.begin() {
                        return self.leave_if_ended();
                    }
                }
                State::Exchange(exchange) if !exchange.request_is_whole() => {
                    if self.held.is_empty() {
                        return self.leave_if_ended();
                    }
                    if let Err(refusal) = self.pass_on(true) {
                        return self.fail(refusal.status(), true);
                    }
                }
                State::Exchange(_) => return,
                State::Draining(exchange) if exchange.request_is_whole() => {
                    self.talk().request_is_whole = true;
                    self.talk().stays = true;
                    self.state = State::Idle;
                }
                State::Draining(_) => {
                    if self.held.is_empty() {
                        return self.leave_if_ended();
                    }
                    if self.pass_on(false).is_err() {
                        return self.over(End::Closed);
                    }
                }
            }
        }
    }

    /// Begins with the head that is held; says whether there was a whole one.
    fn begin(&mut self) -> bool {
        let held = std::mem::take(&mut self.held);
        let starts = self.outcome.sent.len() - held.len();
        let begun = request(&held, &LIMITS.heads, |read| match read {
            Ok(Some(head)) => {
                let exchange = Exchange::begin(&head, &LIMITS);
                self.outcome.talks.push(Talk::of(&head, starts));
                let mut first = Vec::new();
                let (path, trusted) = (head.path.as_bytes(), starts % 2 == 1);
                let onward = Onward { path, client: CLIENT, trusted, close: false, trace: None };
                head.write(&mut first, &onward);
                Ok(Some((exchange, first, head.length)))
            }
            Ok(None) => Ok(None),
            Err(refusal) => Err(refusal),
        });
        let (exchange, first, length) = match begun {
            Ok(Some(begun)) => begun,
            Ok(None) => {
                self.held = held;
                return false;
            }
            Err(refusal) => {
                self.outcome.talks.push(Talk::refused(starts));
                self.answer(refusal.status(), Some("close"));
                self.over(End::Closed);
                return false;
            }
        };
        self.held.extend_from_slice(&held[length..]);
        match exchange {
            Err(refusal) => {
                self.answer(refusal.status(), Some("close"));
                self.over(End::Closed);
            }
            Ok(exchange) if self.talk().line.contains(" /own") => self.answer_own(200, exchange),
            Ok(exchange) => {
                let mut first = first;
                self.state = State::Exchange(Box::new(exchange));
                match self.first_of_body(&mut first) {
                    Ok(()) => self.connect_and_send(&first),
                    Err(refusal) => self.fail(refusal.status(), true),
                }
            }
        }
        true
    }

    /// As much of the body as came with the head is sent with it.
    fn first_of_body(&mut self, first: &mut Vec<u8>) -> Result<(), Refusal> {
        let State::Exchange(exchange) = &mut self.state else { return Ok(()) };
        let taken = exchange.from_client(&self.held, first)?;
        if taken.verbatim {
            first.extend_from_slice(&self.held[..taken.used]);
        }
        self.use_up(taken.used);
        Ok(())
    }

    fn connect_and_send(&mut self, first: &[u8]) {
        let backend = *self.backend.get_or_insert_with(|| {
            self.outcome.backends.push(Vec::new());
            self.outcome.backends.len() - 1
        });
        self.talk().backend = Some(backend);
        self.tell_backend(first);
    }

    fn use_up(&mut self, used: usize) {
        self.held.drain(..used);
        self.talk().ends += used;
    }

    pub(super) fn tell_backend(&mut self, bytes: &[u8]) {
        if let Some(stream) = self.backend.and_then(|at| self.outcome.backends.get_mut(at)) {
            stream.extend_from_slice(bytes);
        }
    }

    /// The next piece of a body, to the backend or to nobody.
    fn pass_on(&mut self, onward: bool) -> Result<(), Refusal> {
        let (State::Exchange(exchange) | State::Draining(exchange)) = &mut self.state else {
            return Ok(());
        };
        let mut out = Vec::new();
        let taken = match exchange.from_client(&self.held, &mut out) {
            Ok(taken) => taken,
            Err(refusal) => {
                let again = exchange.from_client(b"\r\n0\r\n\r\n", &mut Vec::new());
                assert_eq!(again, Err(refusal), "a refused body is taken up again");
                return Err(refusal);
            }
        };
        assert!(taken.used == self.held.len() || exchange.request_is_whole(), "no progress");
        if onward {
            if taken.verbatim {
                out.extend_from_slice(&self.held[..taken.used]);
            }
            self.tell_backend(&out);
        }
        self.use_up(taken.used);
        Ok(())
    }

    pub(super) fn client_ends(&mut self) {
        if self.client_ended {
            return;
        }
        self.client_ended = true;
        match self.state {
            State::Switched | State::Over => {}
            State::Idle | State::Exchange(_) | State::Draining(_) => self.leave_if_ended(),
        }
    }

    /// Whoever has ended sends no more of what is still wanted.
    fn leave_if_ended(&mut self) {
        if !self.client_ended {
            return;
        }
        match &self.state {
            State::Exchange(exchange) if !exchange.request_is_whole() => {
                let status = exchange.status();
                if status != 0 {
                    self.talk().reply = Reply::Broken(status);
                }
                self.over(End::Aborted);
            }
            State::Exchange(_) | State::Switched | State::Over => {}
            State::Idle | State::Draining(_) => self.over(End::Closed),
        }
    }
}
