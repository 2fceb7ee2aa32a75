//! A body on its way: the sender's framing in, the receiver's out.

use std::io::Write;

use thiserror::Error;

use super::chunked::{Chunked, Piece};
use super::limits::HeadLimits;
use super::refusal::{BadAnswer, Refusal};
use super::response::{AnswerBody, Framing};

/// How the sender frames it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming {
    /// There is none.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// All that comes until the sender closes.
    UntilClose,
}

impl From<AnswerBody> for Incoming {
    fn from(body: AnswerBody) -> Self {
        match body {
            AnswerBody::None => Self::None,
            AnswerBody::Length(length) => Self::Length(length),
            AnswerBody::Chunked => Self::Chunked,
            AnswerBody::UntilClose => Self::UntilClose,
        }
    }
}

/// How the receiver gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outgoing {
    /// A length stays a length, chunks stay the same chunks.
    AsItIs,
    /// What comes until close is written in chunks; other bodies are as they are.
    Chunked,
    /// Chunks are written as their data alone; other bodies are as they are.
    Plain,
}

impl From<Framing> for Outgoing {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::AsItIs => Self::AsItIs,
            Framing::Chunked => Self::Chunked,
            Framing::UntilClose => Self::Plain,
        }
    }
}

/// What [`Body::take`] made of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many bytes it took.
    pub used: usize,
    /// These bytes go on as they are; else what goes on was appended.
    pub verbatim: bool,
}

/// What is wrong with a body. All of it comes from chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BodyError {
    /// The size, the data or the extensions of a chunk are not what RFC 9112 §7.1 allows.
    #[error("a chunk is malformed")]
    BadChunk,
    /// The line of a chunk is longer than 256 bytes.
    #[error("the line of a chunk is longer than 256 bytes")]
    ChunkLineTooLong,
    /// A field of the trailer section is malformed.
    #[error("the trailer section is malformed")]
    BadTrailer,
    /// The trailer section is longer, or has more fields, than a head may have.
    #[error("the trailer section is longer than a head may be")]
    TrailerTooLong,
    /// The data is more than the limit.
    #[error("the body is longer than the limit")]
    TooLong,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::BadChunk | BodyError::ChunkLineTooLong => Self::BadChunk,
            BodyError::BadTrailer => Self::BadTrailer,
            BodyError::TrailerTooLong => Self::TrailerTooLong,
            BodyError::TooLong => Self::BodyTooLong,
        }
    }
}

impl From<BodyError> for BadAnswer {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::BadChunk | BodyError::ChunkLineTooLong => Self::BadChunk,
            BodyError::BadTrailer => Self::BadTrailer,
            BodyError::TrailerTooLong => Self::TrailerTooLong,
            BodyError::TooLong => Self::BodyTooLong,
        }
    }
}

/// The sender's stream ended before the body did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the stream ended before the body did")]
pub struct Truncated;

impl From<Truncated> for BadAnswer {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
}

#[derive(Debug)]
enum Rest {
    /// Bytes of a length that are to come, and of no body none.
    Length(u64),
    Chunked {
        chunks: Chunked,
        plain: bool,
    },
    UntilClose {
        chunks: bool,
    },
    /// What came until close is whole.
    Closed,
}

/// The body of one message, between the sender and the receiver.
#[derive(Debug)]
pub struct Body {
    rest: Rest,
    stated: bool,
    data: u64,
}

impl Body {
    /// A body that begins. `limit` bounds the data of chunks, and `trailer` the fields after them. A
    /// length is bounded by whoever reads the head, and what comes until close not at all.
    #[must_use]
    pub fn new(
        incoming: Incoming,
        outgoing: Outgoing,
        limit: Option<u64>,
        trailer: HeadLimits,
    ) -> Self {
        let rest = match incoming {
            Incoming::None => Rest::Length(0),
            Incoming::Length(length) => Rest::Length(length),
            Incoming::Chunked => Rest::Chunked {
                chunks: Chunked::new(limit, trailer),
                plain: outgoing == Outgoing::Plain,
            },
            Incoming::UntilClose => Rest::UntilClose { chunks: outgoing == Outgoing::Chunked },
        };
        Self { rest, stated: matches!(incoming, Incoming::Length(_)), data: 0 }
    }

    /// Reads from `bytes` up to the end of the body: all of them, unless it ends in them. If the
    /// result is `verbatim`, the bytes used are to be written as they are and `out` was left alone;
    /// else what is to be written was appended to it, which may be nothing.
    ///
    /// What comes until close and goes on in chunks becomes one chunk a call.
    ///
    /// # Errors
    /// As soon as a byte is wrong. Nothing of `bytes` is to be written then, whatever is in `out`, and
    /// the body is broken for good: the same error comes again.
    pub fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Taken, BodyError> {
        match &mut self.rest {
            Rest::Length(left) => {
                let there = (*left).min(bytes.len() as u64);
                *left -= there;
                self.data += there;
                // Not more than the length of `bytes`.
                Ok(Taken { used: there as usize, verbatim: true })
            }
            Rest::Chunked { chunks, plain } => {
                take_chunks(chunks, *plain, &mut self.data, bytes, out)
            }
            Rest::UntilClose { chunks } => {
                self.data += bytes.len() as u64;
                // An empty chunk would end the body.
                let framed = *chunks && !bytes.is_empty();
                if framed {
                    write_chunk(bytes, out);
                }
                Ok(Taken { used: bytes.len(), verbatim: !framed })
            }
            Rest::Closed => Ok(Taken { used: 0, verbatim: true }),
        }
    }

    /// Whether all of it was taken.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match &self.rest {
            Rest::Length(left) => *left == 0,
            Rest::Chunked { chunks, .. } => chunks.is_done(),
            Rest::UntilClose { .. } => false,
            Rest::Closed => true,
        }
    }

    /// The sender's stream ended. What is still to be written is appended to `out`: the last chunk,
    /// where chunks are ours.
    ///
    /// # Errors
    /// If the body is not whole. The receiver must not take it for whole either: its connection is to
    /// be closed without a last chunk.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Truncated> {
        if let Rest::UntilClose { chunks } = self.rest {
            if chunks {
                out.extend_from_slice(b"0\r\n\r\n");
            }
            self.rest = Rest::Closed;
        }
        if self.is_done() { Ok(()) } else { Err(Truncated) }
    }

    /// Bytes of data so far, without framing.
    #[must_use]
    pub fn data(&self) -> u64 {
        self.data
    }

    /// Bytes that are still to come, where the sender stated a length.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        match self.rest {
            Rest::Length(left) if self.stated => Some(left),
            Rest::Length(_) | Rest::Chunked { .. } | Rest::UntilClose { .. } | Rest::Closed => None,
        }
    }
}

fn take_chunks(
    chunks: &mut Chunked,
    plain: bool,
    data: &mut u64,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<Taken, BodyError> {
    // What stays is copied in runs, and not at all where all of it stays.
    let (mut run, mut used, mut verbatim) = (0, 0, true);
    while used < bytes.len() && !chunks.is_done() {
        let (piece, length) = chunks.next(&bytes[used..])?;
        let stays = match piece {
            Piece::Data => {
                *data += length as u64;
                true
            }
            Piece::Framing => !plain,
            Piece::Extension | Piece::Trailer => false,
        };
        if !stays {
            out.extend_from_slice(&bytes[run..used]);
            run = used + length;
            verbatim = false;
        }
        used += length;
        if chunks.is_done() && !plain && !chunks.trailers().is_empty() {
            // They were dropped one by one as they came, so this is where they stand.
            out.extend_from_slice(chunks.trailers());
        }
    }
    if !verbatim {
        out.extend_from_slice(&bytes[run..used]);
    }
    Ok(Taken { used, verbatim })
}

fn write_chunk(data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len() + 20);
    // A vector takes whatever is written.
    let _ = write!(out, "{:x}\r\n", data.len());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
