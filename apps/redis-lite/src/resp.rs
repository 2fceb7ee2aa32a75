//! RESP2, the protocol of redis: [`Codec`] reads [`Request`]s and writes [`Answer`]s.
//!
//! | module | what |
//! |---|---|
//! | `request` | a request: its bytes as they came, and where the arguments are in them |
//! | `inline` | requests typed by hand, with quotes |
//! | `answer` | answers, and how they are written |
//! | `error` | what a peer can do wrong, in the words of redis-server |
//! | `number` | integers and floats as redis reads and writes them |
//!
//! Source: <https://redis.io/docs/latest/develop/reference/protocol-spec/>, and `networking.c` of
//! redis 7.0 where that page is silent.

mod answer;
mod error;
mod inline;
pub(crate) mod number;
mod request;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::Range;

use bytes::{Buf, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

pub use answer::Answer;
pub use error::ProtocolError;
pub use request::Request;

/// The most arguments of a request, its name included.
pub const MAX_ARGUMENTS: usize = 1024 * 1024;

/// The longest request typed by hand, in bytes.
pub const MAX_INLINE: usize = 64 * 1024;

/// The longest header line: a sign, nineteen digits and their frame, with room to spare.
const MAX_HEADER: usize = 32;

/// Arguments that a request gets room for before the first has come: what a peer announces is not
/// what it sends.
const FIRST_ARGUMENTS: usize = 16;

/// Reads requests and writes answers.
///
/// A request that has come in part is not read again: the codec remembers how far it got. So the
/// buffer it is given must begin where it was left, as [`Decoder`] demands. After an error the
/// codec is of no more use, and the connection is to be closed.
#[derive(Debug)]
pub struct Codec {
    /// The most bytes of one request, headers included.
    limit: usize,
    /// How far the request at the start of the buffer is understood.
    position: usize,
    /// Its arguments that are still to come; none are when no request has begun.
    missing: usize,
    /// The length of the argument whose header has been read.
    bulk: Option<usize>,
    arguments: Vec<Range<usize>>,
}

impl Codec {
    /// A codec that takes requests of up to `limit` bytes, headers included.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, position: 0, missing: 0, bulk: None, arguments: Vec::new() }
    }

    /// Reads the header of an array. `None`: not all of it is there.
    fn begin(&mut self, source: &mut BytesMut) -> Result<Option<()>, ProtocolError> {
        let Some((count, end)) = header(source, 0, ProtocolError::MultibulkHeader)? else {
            return Ok(None);
        };
        let count = count.ok_or(ProtocolError::MultibulkLength)?;
        // An array of nothing, or of less, is no request; redis-server skips it as well.
        let Ok(count @ 1..) = usize::try_from(count) else {
            source.advance(end);
            return Ok(Some(()));
        };
        if count > MAX_ARGUMENTS {
            return Err(ProtocolError::MultibulkLength);
        }
        self.missing = count;
        self.position = end;
        self.arguments = Vec::with_capacity(count.min(FIRST_ARGUMENTS));
        Ok(Some(()))
    }

    /// Reads the next argument of an array. `None`: not all of it is there.
    fn argument(&mut self, source: &BytesMut) -> Result<Option<()>, ProtocolError> {
        let length = match self.bulk {
            Some(length) => length,
            None => match self.bulk_header(source)? {
                Some(length) => *self.bulk.insert(length),
                None => return Ok(None),
            },
        };
        let end = self.position + length;
        let Some(trailer) = source.get(end..end + 2) else {
            return Ok(None);
        };
        if trailer != b"\r\n" {
            return Err(ProtocolError::BulkTrailer);
        }
        self.arguments.push(self.position..end);
        self.position = end + 2;
        self.bulk = None;
        self.missing -= 1;
        Ok(Some(()))
    }

    fn bulk_header(&mut self, source: &BytesMut) -> Result<Option<usize>, ProtocolError> {
        match source.get(self.position) {
            None => return Ok(None),
            Some(b'$') => {}
            Some(&other) => return Err(ProtocolError::ExpectedBulk(other)),
        }
        let Some((length, end)) = header(source, self.position, ProtocolError::BulkHeader)? else {
            return Ok(None);
        };
        let length = length
            .and_then(|length| usize::try_from(length).ok())
            .filter(|&length| length <= self.limit)
            .ok_or(ProtocolError::BulkLength)?;
        if end + length + 2 > self.limit {
            return Err(ProtocolError::TooLong { limit: self.limit });
        }
        self.position = end;
        Ok(Some(length))
    }

    /// Reads a line typed by hand. `None`: its end is not there.
    fn inline(&mut self, source: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        let seen = self.position.min(source.len());
        let Some(at) = source[seen..].iter().position(|&byte| byte == b'\n') else {
            self.position = source.len();
            return match source.len() > self.limit.min(MAX_INLINE) {
                true => Err(ProtocolError::InlineTooLong),
                false => Ok(None),
            };
        };
        self.position = 0;
        if seen + at > self.limit.min(MAX_INLINE) {
            return Err(ProtocolError::InlineTooLong);
        }
        let line = source.split_to(seen + at + 1);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        inline::split(line).map(Some)
    }
}

impl Decoder for Codec {
    type Item = Request;
    type Error = ProtocolError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        while self.missing == 0 {
            let progress = match source.first() {
                None => return Ok(None),
                Some(b'*') => self.begin(source)?,
                Some(_) => match self.inline(source)? {
                    Some(request) if !request.is_empty() => return Ok(Some(request)),
                    Some(_) => Some(()),
                    None => None,
                },
            };
            if progress.is_none() {
                return Ok(None);
            }
        }
        while self.missing > 0 {
            if self.argument(source)?.is_none() {
                return Ok(None);
            }
        }
        let frame = source.split_to(self.position).freeze();
        self.position = 0;
        Ok(Some(Request::new(frame, std::mem::take(&mut self.arguments))))
    }
}

impl Encoder<Answer> for Codec {
    type Error = io::Error;

    fn encode(&mut self, answer: Answer, target: &mut BytesMut) -> io::Result<()> {
        answer.write(target);
        Ok(())
    }
}

/// The number in the header line at `start`, behind its mark, and where the line ends. `None`: the
/// end of the line is not there.
fn header(
    source: &[u8],
    start: usize,
    too_long: ProtocolError,
) -> Result<Option<(Option<i64>, usize)>, ProtocolError> {
    let rest = source.get(start..).unwrap_or_default();
    let line = &rest[..rest.len().min(MAX_HEADER)];
    let Some(end) = line.iter().position(|&byte| byte == b'\r') else {
        return if line.len() < MAX_HEADER { Ok(None) } else { Err(too_long) };
    };
    match rest.get(end + 1) {
        None => Ok(None),
        Some(b'\n') => {
            let digits = line.get(1..end).unwrap_or_default();
            Ok(Some((number::integer(digits), start + end + 2)))
        }
        Some(_) => Ok(Some((None, start + end + 2))),
    }
}
