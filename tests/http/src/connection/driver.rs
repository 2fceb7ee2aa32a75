//! Events through the pure code, in the order and by the rules of the handler of HTTP.
//!
//! There is one route to one pool, but that targets below `/own` are answered by ourselves, and the
//! reason of a refusal is all that stands in its body. Nothing is sent a second time, and time stands
//! still.

mod backend;
mod client;

use std::time::UNIX_EPOCH;

use trunkline_actors::http::answer::{OwnAnswer, reason};
use trunkline_actors::http::exchange::{Exchange, ExchangeLimits};
use trunkline_actors::http::fields::Version;
use trunkline_actors::http::limits::HeadLimits;

use super::outcome::{End, Outcome, Reply, Talk};
use super::script::Event;

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
        let answer = OwnAnswer {
            status,
            content_type,
            body,
            location: None,
            retry_after: None,
            head,
            connection,
        };
        answer.write(UNIX_EPOCH, &mut self.outcome.got);
    }

    fn over(&mut self, end: End) {
        self.state = State::Over;
        self.outcome.end = end;
    }
}
