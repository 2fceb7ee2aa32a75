//! A second decoder of chunks, as strict as RFC 9112 §7.1 and the limits of the first.
//!
//! It reads a whole input at once, by descent through the grammar, where the one under test is a
//! machine of states that takes a byte at a time.

use trunkline_actors::http::limits::{HeadLimits, MOST_FIELDS};

/// What some bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A body, and perhaps something behind it.
    Whole {
        /// Its data.
        data: Vec<u8>,
        /// The lines of its trailer section, without their ends.
        trailers: Vec<Vec<u8>>,
        /// Its bytes.
        used: usize,
    },
    /// The beginning of one.
    More,
    /// Nothing that could become one.
    Bad,
}

/// Decodes the body at the start of `bytes`, of which the data may be at most `limit` bytes.
#[must_use]
pub fn decode(bytes: &[u8], limit: Option<u64>, trailer: &HeadLimits) -> Decoded {
    let mut cursor = Cursor { bytes, at: 0, line: 0 };
    match cursor.body(limit, trailer) {
        Ok((data, trailers)) => Decoded::Whole { data, trailers, used: cursor.at },
        Err(Stop::More) => Decoded::More,
        Err(Stop::Bad) => Decoded::Bad,
    }
}

enum Stop {
    More,
    Bad,
}

struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
    /// Where the line of this chunk begins.
    line: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Result<u8, Stop> {
        self.bytes.get(self.at).copied().ok_or(Stop::More)
    }

    fn next(&mut self) -> Result<u8, Stop> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    fn expect(&mut self, wanted: &[u8]) -> Result<(), Stop> {
        wanted
            .iter()
            .try_for_each(|byte| if self.next()? == *byte { Ok(()) } else { Err(Stop::Bad) })
    }

    fn body(
        &mut self,
        limit: Option<u64>,
        trailer: &HeadLimits,
    ) -> Result<(Vec<u8>, Vec<Vec<u8>>), Stop> {
        let mut data = Vec::new();
        let mut announced = 0;
        loop {
            self.line = self.at;
            let size = self.size(limit.unwrap_or(u64::MAX) - announced)?;
            self.extensions()?;
            self.expect(b"\r\n")?;
            if size == 0 {
                return Ok((data, self.trailers(trailer)?));
            }
            announced += size;
            let rest = &self.bytes[self.at..];
            let there = usize::try_from(size).map_or(rest.len(), |size| size.min(rest.len()));
            data.extend_from_slice(&rest[..there]);
            self.at += there;
            if there as u64 != size {
                return Err(Stop::More);
            }
            self.expect(b"\r\n")?;
        }
    }

    fn size(&mut self, most: u64) -> Result<u64, Stop> {
        let mut size = 0_u64;
        loop {
            let byte = self.peek()?;
            let Some(digit) = char::from(byte).to_digit(16) else { break };
            if self.at - self.line == 16 || size > u64::MAX >> 5 {
                return Err(Stop::Bad);
            }
            size = size * 16 + u64::from(digit);
            if size > most {
                return Err(Stop::Bad);
            }
            self.at += 1;
        }
        if self.at == self.line { Err(Stop::Bad) } else { Ok(size) }
    }

    /// A byte of the line, which may be of 256.
    fn of_line(&mut self) -> Result<u8, Stop> {
        let byte = self.next()?;
        if self.at - self.line > 256 { Err(Stop::Bad) } else { Ok(byte) }
    }

    fn blank(&mut self) -> Result<bool, Stop> {
        let start = self.at;
        while matches!(self.peek()?, b' ' | b'\t') {
            self.of_line()?;
        }
        Ok(self.at > start)
    }

    /// `*( BWS ";" BWS name [ BWS "=" BWS value ] )`, up to the CR.
    fn extensions(&mut self) -> Result<(), Stop> {
        loop {
            let is_blank = self.blank()?;
            match self.peek()? {
                b'\r' if !is_blank => return Ok(()),
                b';' => self.of_line()?,
                _ => return Err(Stop::Bad),
            };
            self.blank()?;
            self.token()?;
            let back = self.at;
            self.blank()?;
            if self.peek()? != b'=' {
                self.at = back;
                continue;
            }
            self.of_line()?;
            self.blank()?;
            if self.peek()? == b'"' { self.quoted()? } else { self.token()? }
        }
    }

    fn token(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while is_token(self.peek()?) {
            self.of_line()?;
        }
        if self.at == start { Err(Stop::Bad) } else { Ok(()) }
    }

    fn quoted(&mut self) -> Result<(), Stop> {
        self.of_line()?;
        loop {
            match self.of_line()? {
                b'"' => return Ok(()),
                b'\\' if is_text(self.of_line()?) => {}
                b'\\' => return Err(Stop::Bad),
                byte if is_text(byte) => {}
                _ => return Err(Stop::Bad),
            }
        }
    }

    fn trailers(&mut self, limits: &HeadLimits) -> Result<Vec<Vec<u8>>, Stop> {
        let start = self.at;
        let mut lines = Vec::new();
        loop {
            let from = self.at;
            while is_text(self.peek()?) {
                self.at += 1;
                self.bound(start, limits)?;
            }
            let line = self.bytes[from..self.at].to_vec();
            for wanted in *b"\r\n" {
                self.expect(&[wanted])?;
                // Without trailers the empty line is not bounded.
                if !(lines.is_empty() && line.is_empty()) {
                    self.bound(start, limits)?;
                }
            }
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let all = lines.iter().all(|line| is_field(line));
        if all && lines.len() <= limits.fields.min(MOST_FIELDS) {
            Ok(lines)
        } else {
            Err(Stop::Bad)
        }
    }

    fn bound(&self, start: usize, limits: &HeadLimits) -> Result<(), Stop> {
        if self.at - start > limits.size { Err(Stop::Bad) } else { Ok(()) }
    }
}

fn is_field(line: &[u8]) -> bool {
    let name = line.iter().position(|byte| *byte == b':').map(|colon| &line[..colon]);
    name.is_some_and(|name| !name.is_empty() && name.iter().all(|byte| is_token(*byte)))
}

/// RFC 9110 §5.6.2.
#[must_use]
pub fn is_token(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
        || matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.')
        || matches!(byte, b'^' | b'_' | b'`' | b'|' | b'~')
}

fn is_text(byte: u8) -> bool {
    !byte.is_ascii_control() || byte == b'\t'
}
