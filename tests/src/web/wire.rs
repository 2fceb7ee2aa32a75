//! Heads and bodies on a socket.

use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::runs::pace::Pace;

use super::body::Body;
use super::pattern::Pattern;

/// The most that is sent or read at once, and the longest chunk.
const BLOCK: usize = 64 * 1024;
/// The longest line of a head.
const LONGEST: u64 = 8 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Wire(BufReader<TcpStream>);

/// The head of a message.
#[derive(Debug)]
pub(super) struct Head {
    /// Its first line.
    pub(super) first: String,
    fields: Vec<(String, String)>,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

/// What came is not HTTP, or not what was asked for.
pub(super) fn wrong(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, why.into())
}

impl Head {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter().filter(|(own, _)| own == name);
        fields.next().map(|(_, value)| value.as_str())
    }

    /// Without either field there is no body: answers that end with their connection are none that
    /// these clients get.
    pub(super) fn framing(&self) -> io::Result<Framing> {
        match (self.field("transfer-encoding"), self.field("content-length")) {
            (None, None) => Ok(Framing::Length(0)),
            (Some("chunked"), None) => Ok(Framing::Chunked),
            (None, Some(length)) => {
                let length = length.parse().map_err(|_| wrong(format!("{length:?} is no length")));
                Ok(Framing::Length(length?))
            }
            both => Err(wrong(format!("framed by {both:?}"))),
        }
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(BufReader::with_capacity(BLOCK, stream))
    }

    pub(super) fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }

    /// Whether the other side has ended, which is seen without waiting.
    ///
    /// # Errors
    /// When it has said something that nobody has asked for, and as the system has them.
    pub(super) fn is_over(&self) -> io::Result<bool> {
        self.stream().set_nonblocking(true)?;
        let peeked = self.stream().peek(&mut [0]);
        self.stream().set_nonblocking(false)?;
        match peeked {
            Ok(0) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => match self.0.buffer() {
                [] => Ok(false),
                _ => Err(wrong("more came than was asked for")),
            },
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(true),
            Err(error) => Err(error),
            Ok(_) => Err(wrong("something came that nobody has asked for")),
        }
    }

    /// Waits until something is there; false if it is the end.
    pub(super) fn wait(&mut self) -> io::Result<bool> {
        self.0.fill_buf().map(|bytes| !bytes.is_empty())
    }

    /// Reads a head.
    pub(super) fn head(&mut self) -> io::Result<Head> {
        let first = self.line()?;
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(Head { first, fields });
            }
            let field = line.split_once(':').ok_or_else(|| wrong(format!("the field {line:?}")))?;
            fields.push((field.0.to_ascii_lowercase(), field.1.trim().to_owned()));
        }
    }

    /// Reads a body and hands each piece to `take`; its length.
    pub(super) fn body(
        &mut self,
        framing: Framing,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<u64> {
        match framing {
            Framing::Length(length) => self.exactly(length, &mut take).map(|()| length),
            Framing::Chunked => {
                let mut whole = 0;
                loop {
                    let line = self.line()?;
                    let size = u64::from_str_radix(&line, 16);
                    let size =
                        size.map_err(|_| wrong(format!("{line:?} is no size of a chunk")))?;
                    self.exactly(size, &mut take)?;
                    if !self.line()?.is_empty() {
                        return Err(wrong("no end of a chunk, or a trailer"));
                    }
                    if size == 0 {
                        return Ok(whole);
                    }
                    whole += size;
                }
            }
        }
    }

    /// Sends `head`, and `body` if there is one.
    pub(super) fn send(
        &mut self,
        head: &str,
        body: Option<&Body>,
        pattern: &Pattern,
    ) -> io::Result<()> {
        let stream = self.0.get_mut();
        let mut out = head.as_bytes().to_vec();
        let Some(body) = body else { return stream.write_all(&out) };
        let mut pace = Pace::every(body.pause);
        pace.wait();
        let mut at = 0;
        for piece in 1..=body.pieces {
            pace.wait();
            let end = body.up_to(piece);
            while at < end {
                let size = (end - at).min(BLOCK as u64);
                if body.chunked {
                    write!(out, "{size:x}\r\n")?;
                }
                pattern.append(at, usize::try_from(size).unwrap_or(BLOCK), &mut out);
                if body.chunked {
                    out.extend_from_slice(b"\r\n");
                }
                at += size;
                stream.write_all(&out)?;
                out.clear();
            }
        }
        if body.chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
        stream.write_all(&out)
    }

    fn exactly(
        &mut self,
        mut left: u64,
        take: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        while left > 0 {
            let bytes = self.0.fill_buf()?;
            if bytes.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            take(&bytes[..count])?;
            self.0.consume(count);
            left -= count as u64;
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        (&mut self.0).take(LONGEST).read_line(&mut line)?;
        let text = line.strip_suffix("\r\n");
        text.map(str::to_owned).ok_or_else(|| match line.ends_with('\n') {
            true => wrong(format!("a line that ends with LF alone: {line:?}")),
            false => ErrorKind::UnexpectedEof.into(),
        })
    }
}
