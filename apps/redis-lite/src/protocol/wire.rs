//! The codec of a connection, which outlives crashes of its handler, and so is where is kept what
//! the client believes of the connection.

use std::io;

use bytes::BytesMut;
use thiserror::Error;
use tokio_util::codec::{Decoder, Encoder};

use crate::resp::{Answer, Codec, ProtocolError, Request};

/// The codec, and whether the client takes itself for a subscriber.
#[derive(Debug)]
pub struct Wire {
    codec: Codec,
    subscribed: bool,
}

/// An answer, and whether the client is a subscriber when it has read it.
pub(super) struct Told {
    pub(super) answer: Answer,
    pub(super) subscribed: bool,
}

/// What a client is told whose request crashed the handler.
pub(super) struct Apology;

/// Why an apology is not enough.
#[derive(Debug, Error)]
pub(super) enum Unforgivable {
    #[error("the client's subscriptions are lost; it has to connect again")]
    Subscribed,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Wire {
    pub(super) fn new(limit: usize) -> Self {
        Self { codec: Codec::new(limit), subscribed: false }
    }
}

impl Decoder for Wire {
    type Item = Request;
    type Error = ProtocolError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        self.codec.decode(source)
    }
}

impl Encoder<Answer> for Wire {
    type Error = io::Error;

    fn encode(&mut self, answer: Answer, target: &mut BytesMut) -> io::Result<()> {
        self.codec.encode(answer, target)
    }
}

impl Encoder<Told> for Wire {
    type Error = io::Error;

    fn encode(&mut self, told: Told, target: &mut BytesMut) -> io::Result<()> {
        self.subscribed = told.subscribed;
        self.codec.encode(told.answer, target)
    }
}

impl Encoder<Apology> for Wire {
    type Error = Unforgivable;

    fn encode(&mut self, _: Apology, target: &mut BytesMut) -> Result<(), Unforgivable> {
        if self.subscribed {
            return Err(Unforgivable::Subscribed);
        }
        Ok(self.codec.encode(Answer::Error("ERR internal error".into()), target)?)
    }
}
