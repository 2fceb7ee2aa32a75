//! Chunked framing, read strictly (RFC 9112 §7.1).
//!
//! ```text
//! chunk = 1*HEXDIG *( BWS ";" BWS name [ BWS "=" BWS value ] ) CRLF data CRLF
//! ```
//!
//! Leading zeros of a size are taken, since the grammar has them, but a size has at most 16 digits
//! and is at most 2^63-1. White space stands only where the grammar has it: not before CRLF.

mod trailer;

use super::body::BodyError;
use super::limits::HeadLimits;

/// The longest line of a chunk, CRLF not counted. What is longer is no extension that anybody uses.
const LINE: u16 = 256;
/// The longest size, in digits.
const DIGITS: u16 = 16;

/// What a range of the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Sizes and the ends of lines.
    Framing,
    /// Data.
    Data,
    /// Of an extension, with the white space before it.
    Extension,
    /// Of the trailer section, which is kept: see [`Chunked::trailers`].
    Trailer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the digits of a size.
    Size,
    /// After a size or a value and white space: only another extension may follow.
    Gap,
    /// Before the name of an extension.
    BeforeName,
    Name,
    /// After a name and white space.
    AfterName,
    BeforeValue,
    Token,
    Quoted,
    Escaped,
    /// After the closing quote.
    AfterQuote,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the start of a line of the trailer section.
    TrailerLine,
    InTrailer,
    TrailerLf,
    /// The LF of the last empty line.
    LastLf,
    Done,
    Broken(BodyError),
}

/// Reads chunked framing, in any pieces. It allocates for trailers only.
#[derive(Debug)]
pub struct Chunked {
    /// Data bytes of this chunk that are to come; in `Size`, what its digits say so far.
    left: u64,
    /// Data bytes of all chunks so far whose size is known.
    announced: u64,
    limit: u64,
    trailer_limits: HeadLimits,
    trailer: Vec<u8>,
    /// Bytes of the line of this chunk.
    line: u16,
    state: State,
}

impl Chunked {
    /// A body of at most `limit` bytes of data, and with trailers like a head of `trailer`.
    #[must_use]
    pub fn new(limit: Option<u64>, trailer: HeadLimits) -> Self {
        Self {
            left: 0,
            announced: 0,
            limit: limit.unwrap_or(u64::MAX),
            trailer_limits: trailer,
            trailer: Vec::new(),
            line: 0,
            state: State::Size,
        }
    }

    /// Whether the last line was read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// What of the trailer section may be passed on, with its empty line, once it is done; no bytes
    /// where there were no trailers, and the empty line was framing.
    #[must_use]
    pub fn trailers(&self) -> &[u8] {
        &self.trailer
    }

    /// What `bytes` begins with, and how many of them are that. Only nothing is nothing: zero is
    /// returned for no bytes, and when it is done.
    ///
    /// # Errors
    /// As soon as a byte is wrong. They stay: a broken body is never taken up again.
    pub fn next(&mut self, bytes: &[u8]) -> Result<(Piece, usize), BodyError> {
        let result = self.read(bytes);
        if let Err(error) = result {
            self.state = State::Broken(error);
        }
        result
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(Piece, usize), BodyError> {
        if self.state == State::Data {
            let there = self.left.min(bytes.len() as u64);
            self.left -= there;
            if self.left == 0 {
                self.state = State::DataCr;
            }
            // Not more than the length of `bytes`.
            return Ok((Piece::Data, there as usize));
        }
        let mut first = Piece::Framing;
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(self.state, State::Data | State::Done) {
                return Ok((first, index));
            }
            let (piece, state) = self.step(*byte)?;
            if index > 0 && piece != first {
                return Ok((first, index));
            }
            first = piece;
            self.enter(state, *byte)?;
        }
        Ok((first, bytes.len()))
    }

    /// What a byte is, and where it leads. Changes nothing, so that it may be asked again.
    fn step(&self, byte: u8) -> Result<(Piece, State), BodyError> {
        use State::{
            AfterName, AfterQuote, BeforeName, BeforeValue, Broken, Data, DataCr, DataLf, Done,
            Escaped, Gap, InTrailer, LastLf, Name, Quoted, Size, SizeLf, Token, TrailerLf,
            TrailerLine,
        };
        let framing = |state| Ok((Piece::Framing, state));
        let extension = |state| Ok((Piece::Extension, state));
        let trailer = |state| Ok((Piece::Trailer, state));
        match (self.state, byte) {
            (Size, byte) if byte.is_ascii_hexdigit() => framing(Size),
            (Size, _) if self.line == 0 => Err(BodyError::BadChunk),
            (Size | Name | Token | AfterQuote, b'\r') => framing(SizeLf),
            (Size | Name | Token | AfterQuote | Gap | AfterName, b';') => extension(BeforeName),
            (Size | Token | AfterQuote | Gap, b' ' | b'\t') => extension(Gap),
            (Name | AfterName, b' ' | b'\t') => extension(AfterName),
            (Name | AfterName, b'=') => extension(BeforeValue),
            (BeforeName, b' ' | b'\t') => extension(BeforeName),
            (BeforeValue, b' ' | b'\t') => extension(BeforeValue),
            (BeforeValue, b'"') => extension(Quoted),
            (BeforeName | Name, byte) if is_token(byte) => extension(Name),
            (BeforeValue | Token, byte) if is_token(byte) => extension(Token),
            (Quoted, b'"') => extension(AfterQuote),
            (Quoted, b'\\') => extension(Escaped),
            (Quoted | Escaped, byte) if is_text(byte) => extension(Quoted),
            (SizeLf, b'\n') if self.left == 0 => framing(TrailerLine),
            (SizeLf, b'\n') => framing(Data),
            (DataCr, b'\r') => framing(DataLf),
            (DataLf, b'\n') => framing(Size),
            (TrailerLine, b'\r') if self.trailer.is_empty() => framing(LastLf),
            (TrailerLine, b'\r') => trailer(LastLf),
            (LastLf, b'\n') if self.trailer.is_empty() => framing(Done),
            (LastLf, b'\n') => trailer(Done),
            (InTrailer, b'\r') => trailer(TrailerLf),
            (TrailerLf, b'\n') => trailer(TrailerLine),
            (TrailerLine | InTrailer, byte) if is_text(byte) => trailer(InTrailer),
            (TrailerLine | InTrailer | TrailerLf | LastLf, _) => Err(BodyError::BadTrailer),
            (Broken(error), _) => Err(error),
            (
                Size | Gap | BeforeName | Name | AfterName | BeforeValue | Token | Quoted | Escaped
                | AfterQuote | SizeLf | Data | DataCr | DataLf | Done,
                _,
            ) => Err(BodyError::BadChunk),
        }
    }

    fn enter(&mut self, state: State, byte: u8) -> Result<(), BodyError> {
        match (self.state, state) {
            (State::DataLf, _) => (self.line, self.left) = (0, 0),
            (State::SizeLf, _) => self.announced = self.announced.saturating_add(self.left),
            (_, State::Size) => self.digit(byte)?,
            // Without trailers there is nothing to keep: the empty line is framing.
            (State::TrailerLine, State::LastLf) | (State::LastLf, State::Done)
                if self.trailer.is_empty() => {}
            (State::TrailerLine | State::InTrailer | State::TrailerLf | State::LastLf, _) => {
                self.keep(byte)?;
                if state == State::Done {
                    self.trailer = trailer::admitted(&self.trailer, &self.trailer_limits)?;
                }
            }
            (_, State::SizeLf | State::DataLf) => {}
            (_, _) => self.lengthen()?,
        }
        self.state = state;
        Ok(())
    }

    fn digit(&mut self, byte: u8) -> Result<(), BodyError> {
        self.lengthen()?;
        let value = char::from(byte).to_digit(16).ok_or(BodyError::BadChunk)?;
        if self.line > DIGITS || self.left >= 1 << 59 {
            return Err(BodyError::BadChunk);
        }
        self.left = self.left << 4 | u64::from(value);
        if self.announced.saturating_add(self.left) > self.limit {
            return Err(BodyError::TooLong);
        }
        Ok(())
    }

    fn lengthen(&mut self) -> Result<(), BodyError> {
        self.line += 1;
        if self.line > LINE { Err(BodyError::ChunkLineTooLong) } else { Ok(()) }
    }

    fn keep(&mut self, byte: u8) -> Result<(), BodyError> {
        if self.trailer.len() >= self.trailer_limits.size {
            return Err(BodyError::TrailerTooLong);
        }
        self.trailer.push(byte);
        Ok(())
    }
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// HTAB, SP, VCHAR and obs-text: what is no control (RFC 9110 §5.6.4, §5.5).
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests;
