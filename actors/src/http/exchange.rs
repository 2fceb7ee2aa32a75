//! One request and its answer, as pure code: what comes from either side goes in, what the other
//! side is to get comes out.
//!
//! The request's head is written before an exchange begins; its body goes through
//! [`from_client`](Exchange::from_client). Everything of the backend goes through
//! [`from_backend`](Exchange::from_backend), in pieces of any size.

use std::mem::MaybeUninit;
use std::sync::Arc;

use super::body::{Body, Incoming, Outgoing, Taken};
use super::fields::Version;
use super::limits::{HeadLimits, MOST_FIELDS};
use super::refusal::{BadAnswer, Refusal};
use super::request::{RequestBody, RequestHead};
use super::response::{AnswerBody, Asked, Connection, Framing, Onward, ResponseHead, framing};

/// What the settings allow.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExchangeLimits {
    /// Of the head of an answer, and of trailers.
    pub heads: HeadLimits,
    /// The most data of a request's body, in bytes.
    pub body: Option<u64>,
}

/// One request on its way to a backend, and the answer on its way back.
#[derive(Debug)]
pub struct Exchange {
    asked: Asked,
    client: Version,
    heads: HeadLimits,
    request: Body,
    answer: Answer,
    status: u16,
    interim: u32,
    /// Lines of fields that the answer gets.
    also: Vec<u8>,
    /// Statuses that are not passed on.
    unwanted: Option<Arc<[u16]>>,
    /// The client wanted to send more requests.
    persistent: bool,
    client_stays: bool,
    backend_stays: bool,
}

#[derive(Debug)]
enum Answer {
    Head,
    Body(Body),
    Whole,
    Switched,
}

/// Interim answers to one request: more are no progress but a backend gone mad.
const MOST_INTERIM: u32 = 64;

impl Exchange {
    /// Begins with a request whose head has been read.
    ///
    /// # Errors
    /// When its body is longer than the limits allow.
    pub fn begin(head: &RequestHead<'_, '_>, limits: &ExchangeLimits) -> Result<Self, Refusal> {
        let incoming = match head.body {
            RequestBody::None => Incoming::None,
            RequestBody::Length(length) if limits.body.is_some_and(|most| length > most) => {
                return Err(Refusal::BodyTooLong);
            }
            RequestBody::Length(length) => Incoming::Length(length),
            RequestBody::Chunked => Incoming::Chunked,
        };
        Ok(Self {
            asked: Asked { head: head.method == "HEAD", upgrade: head.upgrade.is_some() },
            client: head.version,
            heads: limits.heads,
            request: Body::new(incoming, Outgoing::AsItIs, limits.body, limits.heads),
            answer: Answer::Head,
            status: 0,
            interim: 0,
            also: Vec::new(),
            unwanted: None,
            persistent: head.persistent,
            client_stays: head.persistent,
            backend_stays: false,
        })
    }

    /// The answer gets these whole lines of fields as well.
    pub fn add_fields(&mut self, lines: Vec<u8>) {
        self.also = lines;
    }

    /// Answers with these statuses are not passed on, but told by [`BadAnswer::Unwanted`]. None passes
    /// on whatever comes.
    pub fn refuse(&mut self, statuses: Option<Arc<[u16]>>) {
        self.unwanted = statuses;
    }

    /// The client's connection is to end with this answer.
    pub fn close_client(&mut self) {
        self.client_stays = false;
    }

    /// The backend's connection is to serve nothing more.
    pub fn close_backend(&mut self) {
        self.backend_stays = false;
    }

    /// Reads on in the request's body: what the backend is to get is `bytes[..used]` where that is
    /// verbatim, and else in `out`. What is behind the body is left alone.
    ///
    /// # Errors
    /// When the body is malformed or too long. Nothing more may be passed on then.
    pub fn from_client(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Taken, Refusal> {
        Ok(self.request.take(bytes, out)?)
    }

    /// Reads on in the answer: what the client is to get is `bytes[..used]` where that is verbatim,
    /// and else in `out`. A head that is not whole yet is left alone, and to be given again with
    /// what follows it.
    ///
    /// # Errors
    /// When the answer is malformed.
    pub fn from_backend(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Taken, BadAnswer> {
        match &mut self.answer {
            Answer::Head => self.head(bytes, out),
            Answer::Body(body) => {
                let taken = body.take(bytes, out)?;
                if body.is_done() {
                    self.answer = Answer::Whole;
                }
                Ok(taken)
            }
            Answer::Whole | Answer::Switched => Ok(Taken { used: 0, verbatim: false }),
        }
    }

    fn head(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Taken, BadAnswer> {
        let mut used = 0;
        loop {
            let mut storage = [const { MaybeUninit::uninit() }; MOST_FIELDS];
            let rest = &bytes[used..];
            let Some(head) = ResponseHead::parse(rest, &mut storage, &self.heads, &self.asked)?
            else {
                return Ok(Taken { used, verbatim: false });
            };
            // What was said before cannot be taken back.
            let unwanted = self.unwanted.as_ref().filter(|_| self.interim == 0);
            if unwanted.is_some_and(|statuses| statuses.contains(&head.status)) {
                return Err(BadAnswer::Unwanted(head.status));
            }
            used += head.length;
            if !head.is_interim() {
                self.begin_answer(&head, out);
                break;
            }
            self.interim += 1;
            if self.interim > MOST_INTERIM {
                return Err(BadAnswer::TooManyInterim);
            }
            // A client of HTTP/1.0 does not know them (RFC 9110 §15.2).
            if self.client == Version::Http11 {
                let connection = Connection::Silent;
                let also = &[];
                head.write(out, &Onward { framing: Framing::AsItIs, connection, also });
            }
        }
        if let Answer::Body(body) = &mut self.answer {
            let rest = &bytes[used..];
            let taken = match body.take(rest, out) {
                Ok(taken) => taken,
                Err(error) => {
                    // The head has not gone on yet, so the client can still be told.
                    self.status = 0;
                    return Err(error.into());
                }
            };
            if taken.verbatim {
                out.extend_from_slice(&rest[..taken.used]);
            }
            used += taken.used;
            if body.is_done() {
                self.answer = Answer::Whole;
            }
        }
        Ok(Taken { used, verbatim: false })
    }

    fn begin_answer(&mut self, head: &ResponseHead<'_, '_>, out: &mut Vec<u8>) {
        let framing = framing(head.body, self.client);
        self.status = head.status;
        self.backend_stays = head.persistent && head.body != AnswerBody::UntilClose;
        let until_close = match head.body {
            AnswerBody::None | AnswerBody::Length(_) => false,
            AnswerBody::Chunked | AnswerBody::UntilClose => self.client == Version::Http10,
        };
        // A body that is not all there would have to be read before the next request.
        self.client_stays &= !until_close && self.request.is_done();
        let switched = head.status == 101;
        let connection = match (switched, self.client_stays, self.client) {
            (true, ..) => Connection::Upgrade,
            (false, false, _) => Connection::Close,
            (false, true, Version::Http10) => Connection::KeepAlive,
            (false, true, Version::Http11) => Connection::Silent,
        };
        head.write(out, &Onward { framing, connection, also: &self.also });
        let incoming = match head.body {
            AnswerBody::None => Incoming::None,
            AnswerBody::Length(length) => Incoming::Length(length),
            AnswerBody::Chunked => Incoming::Chunked,
            AnswerBody::UntilClose => Incoming::UntilClose,
        };
        let outgoing = match framing {
            Framing::AsItIs => Outgoing::AsItIs,
            Framing::Chunked => Outgoing::Chunked,
            Framing::UntilClose => Outgoing::Plain,
        };
        let body = Body::new(incoming, outgoing, None, self.heads);
        self.answer = match (switched, body.is_done()) {
            (true, _) => Answer::Switched,
            (false, true) => Answer::Whole,
            (false, false) => Answer::Body(body),
        };
    }

    /// The backend's stream ended: the end of an answer that lasts until then, of which the rest is
    /// appended to `out`.
    ///
    /// # Errors
    /// When the answer is not whole.
    pub fn backend_ended(&mut self, out: &mut Vec<u8>) -> Result<(), BadAnswer> {
        self.backend_stays = false;
        match &mut self.answer {
            Answer::Head => Err(BadAnswer::Missing),
            Answer::Body(body) => {
                body.end(out).map_err(|_| BadAnswer::Truncated)?;
                self.answer = Answer::Whole;
                Ok(())
            }
            Answer::Whole | Answer::Switched => Ok(()),
        }
    }

    /// All of the request's body was read.
    #[must_use]
    pub fn request_is_whole(&self) -> bool {
        self.request.is_done()
    }

    /// Data of the request's body that is still to come, where that is known.
    #[must_use]
    pub fn request_remaining(&self) -> Option<u64> {
        if self.request.is_done() { Some(0) } else { self.request.remaining() }
    }

    /// The backend has answered something, if only in the interim.
    #[must_use]
    pub fn has_said_anything(&self) -> bool {
        self.status != 0 || self.interim != 0
    }

    /// The client wants to send its next request over the same connection, and nothing speaks
    /// against it so far.
    #[must_use]
    pub fn wants_to_stay(&self) -> bool {
        self.client_stays
    }

    /// The client has been given the beginning of the final answer.
    #[must_use]
    pub fn answer_has_begun(&self) -> bool {
        self.status != 0
    }

    /// All of the answer was read.
    #[must_use]
    pub fn answer_is_whole(&self) -> bool {
        matches!(self.answer, Answer::Whole)
    }

    /// The protocol was switched: from here on the bytes of both sides are none of ours.
    #[must_use]
    pub fn is_switched(&self) -> bool {
        matches!(self.answer, Answer::Switched)
    }

    /// The status of the answer; 0 before it has come.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The client may send its next request once this answer is whole.
    #[must_use]
    pub fn client_stays(&self) -> bool {
        self.client_stays && self.request.is_done()
    }

    /// The client has said by itself that this is its last request, and has sent all of it.
    #[must_use]
    pub fn client_is_quiet(&self) -> bool {
        !self.persistent && self.request.is_done()
    }

    /// The backend may be sent another request once this answer is whole.
    #[must_use]
    pub fn backend_stays(&self) -> bool {
        self.backend_stays && self.request.is_done()
    }

    /// The client speaks HTTP/1.0.
    #[must_use]
    pub fn client_version(&self) -> Version {
        self.client
    }
}
