//! Events through the pure code, in the order and by the rules of the handler of HTTP.
//!
//! There is one route to one pool, but that targets below `/own` are answered by ourselves, and the
//! reason of a refusal is all that stands in its body. Nothing is sent a second time, and time stands
//! still.

mod backend;

use std::time::UNIX_EPOCH;

use trunkline_actors::http::answer::{OwnAnswer, reason};
use trunkline_actors::http::exchange::{Exchange, ExchangeLimits};
use trunkline_actors::http::fields::Version;
use trunkline_actors::http::limits::HeadLimits;
use trunkline_actors::http::refusal::Refusal;
use trunkline_actors::http::request::Onward;

use super::outcome::{End, Outcome, Reply, Talk};
use super::script::Event;
use crate::request;
use crate::request_head::CLIENT;

/// Small enough for short inputs to reach them.
pub const LIMITS: ExchangeLimits =
    ExchangeLimits { heads: HeadLimits { size: 1024, fields: 16 }, body: Some(200) };
/// The most of an unwanted body that is read so that the connection can stay.
const DRAINED: u64 = 150;

enum State {
    Idle,
    Exchange(Box<Exchange>),
    /// Answered by ourselves; the rest of the body is read.
    Draining(Box<Exchange>),
    Switched,
    Over,
}

struct Driver {
    state: State,
    outcome: Outcome,
    /// The client's bytes that were not used yet.
    held: Vec<u8>,
    /// The beginning of an answer whose head is not whole.
    head: Vec<u8>,
    /// The connection to a backend that is in use or was kept.
    backend: Option<usize>,
    client_ended: bool,
}

/// Plays `events`, each in pieces of `size` bytes.
#[must_use]
pub fn drive(events: &[Event<'_>], size: usize) -> Outcome {
    let outcome = Outcome {
        backends: Vec::new(),
        sent: Vec::new(),
        got: Vec::new(),
        talks: Vec::new(),
        end: End::Open,
    };
    let mut driver = Driver {
        state: State::Idle,
        outcome,
        held: Vec::new(),
        head: Vec::new(),
        backend: None,
        client_ended: false,
    };
    for event in events {
        match event {
            Event::Client(bytes) => bytes.chunks(size).for_each(|piece| driver.client(piece)),
            Event::Backend(bytes) => {
                // What follows a fault belongs to the connection that was given up over it.
                let backend = driver.backend;
                for piece in bytes.chunks(size) {
                    if driver.backend == backend {
                        driver.backend(piece);
                    }
                }
            }
            Event::ClientEnds => driver.client_ends(),
            Event::BackendEnds => driver.backend_ends(),
            Event::BackendResets => driver.backend_resets(),
        }
        driver.settle();
    }
    if let State::Exchange(exchange) = &driver.state {
        let (status, whole) = (exchange.status(), exchange.request_is_whole());
        let talk = driver.talk();
        talk.note_whole(whole);
        if status != 0 {
            talk.reply = Reply::Broken(status);
        }
    }
    driver.outcome
}

impl Driver {
    fn talk(&mut self) -> &mut Talk {
        let Some(talk) = self.outcome.talks.last_mut() else { unreachable!("nothing was asked") };
        talk
    }

    fn client(&mut self, piece: &[u8]) {
        if matches!(self.state, State::Over) || self.client_ended {
            return;
        }
        self.outcome.sent.extend_from_slice(piece);
        self.held.extend_from_slice(piece);
        self.advance();
    }

    /// Uses what is held of the client's.
    fn advance(&mut self) {
        loop {
            match &mut self.state {
                State::Over => return,
                State::Switched => {
                    let held = std::mem::take(&mut self.held);
                    return self.to_backend(&held);
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
                head.write(&mut first, &Onward { path, client: CLIENT, trusted, close: false });
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
        self.to_backend(first);
    }

    fn use_up(&mut self, used: usize) {
        self.held.drain(..used);
        self.talk().ends += used;
    }

    fn to_backend(&mut self, bytes: &[u8]) {
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
            self.to_backend(&out);
        }
        self.use_up(taken.used);
        Ok(())
    }

    /// After each event: what is whole is over.
    fn settle(&mut self) {
        let State::Exchange(exchange) = &self.state else { return };
        let status = exchange.status();
        let request_is_whole = exchange.request_is_whole();
        if exchange.is_switched() {
            self.talk().note_whole(request_is_whole);
            self.talk().reply = Reply::Whole(status);
            self.state = State::Switched;
            self.outcome.end = End::Switched;
        } else if exchange.answer_is_whole() {
            let (client_stays, backend_stays) = (exchange.client_stays(), exchange.backend_stays());
            if !backend_stays {
                self.backend = None;
            }
            let talk = self.talk();
            talk.note_whole(request_is_whole);
            talk.reply = Reply::Whole(status);
            talk.stays = client_stays;
            if !client_stays {
                return self.over(End::Closed);
            }
            self.state = State::Idle;
        } else {
            return;
        }
        self.advance();
    }

    fn client_ends(&mut self) {
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

    /// The exchange cannot go on.
    fn fail(&mut self, status: u16, of_client: bool) {
        let State::Exchange(mut exchange) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        self.backend = None;
        self.head.clear();
        self.talk().note_whole(exchange.request_is_whole());
        if exchange.answer_has_begun() {
            self.talk().reply = Reply::Broken(exchange.status());
            return self.over(End::Aborted);
        }
        if of_client {
            exchange.close_client();
        }
        self.answer_own(status, *exchange);
        self.advance();
    }

    /// Answers for the backend. Where the rest of the body is short it is read; else that was it.
    fn answer_own(&mut self, status: u16, exchange: Exchange) {
        let rest = exchange.request_remaining();
        let stays = exchange.wants_to_stay()
            && !self.client_ended
            && rest.is_some_and(|rest| rest <= DRAINED);
        let connection = match (stays, exchange.client_version()) {
            (false, _) => Some("close"),
            (true, Version::Http10) => Some("keep-alive"),
            (true, Version::Http11) => None,
        };
        self.answer(status, connection);
        if stays {
            self.state = State::Draining(Box::new(exchange));
        } else {
            self.over(End::Closed);
        }
    }

    fn answer(&mut self, status: u16, connection: Option<&'static str>) {
        let talk = self.talk();
        talk.reply = Reply::Ours(status);
        let head = talk.asked.head;
        let body = reason(status).as_bytes();
        let content_type = "text/plain";
        let answer = OwnAnswer { status, content_type, body, location: None, head, connection };
        answer.write(UNIX_EPOCH, &mut self.outcome.got);
    }

    fn over(&mut self, end: End) {
        self.state = State::Over;
        self.outcome.end = end;
    }
}
