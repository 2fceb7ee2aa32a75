//! The backend's part.

use trunkline_actors::http::refusal::BadAnswer;

use super::{Driver, State};

impl Driver {
    pub(super) fn backend(&mut self, piece: &[u8]) {
        match &mut self.state {
            State::Exchange(exchange) if exchange.answer_is_whole() => exchange.close_backend(),
            State::Exchange(exchange) => {
                self.head.extend_from_slice(piece);
                let bytes = std::mem::take(&mut self.head);
                let mut out = Vec::new();
                match exchange.from_backend(&bytes, &mut out) {
                    Ok(taken) => {
                        let (used, rest) = bytes.split_at(taken.used);
                        if taken.verbatim {
                            out.extend_from_slice(used);
                        }
                        let begun = exchange.answer_has_begun();
                        let whole = exchange.answer_is_whole();
                        let switched = exchange.is_switched();
                        if switched {
                            out.extend_from_slice(rest);
                        } else if begun && !rest.is_empty() {
                            assert!(whole, "no progress");
                            exchange.close_backend();
                        } else {
                            self.head.extend_from_slice(rest);
                        }
                        self.outcome.got.extend_from_slice(&out);
                        self.talk().answer.extend_from_slice(used);
                        if switched {
                            self.settle();
                        }
                    }
                    Err(bad) => {
                        let again = exchange.from_backend(&bytes, &mut Vec::new());
                        assert!(again.is_err(), "a malformed answer is taken up again");
                        self.backend_fails(bad);
                    }
                }
            }
            // Nobody asked: such a connection is not used again.
            State::Idle | State::Draining(_) => self.backend = None,
            State::Switched => self.outcome.got.extend_from_slice(piece),
            State::Over => {}
        }
    }

    pub(super) fn backend_ends(&mut self) {
        match &mut self.state {
            State::Exchange(exchange) => {
                let mut out = Vec::new();
                match exchange.backend_ended(&mut out) {
                    Ok(()) => self.outcome.got.extend_from_slice(&out),
                    Err(bad) => self.backend_fails(bad),
                }
            }
            State::Idle | State::Draining(_) => self.backend = None,
            State::Switched => self.state = State::Over,
            State::Over => {}
        }
    }

    pub(super) fn backend_resets(&mut self) {
        match &mut self.state {
            State::Exchange(exchange) if exchange.answer_is_whole() => {}
            State::Exchange(_) => self.backend_fails(BadAnswer::Missing),
            State::Idle | State::Draining(_) => self.backend = None,
            State::Switched => self.state = State::Over,
            State::Over => {}
        }
    }

    fn backend_fails(&mut self, _: BadAnswer) {
        self.head.clear();
        self.fail(502, false);
    }
}
