//! Readers of HTTP/1.1 as careless as some servers and clients are.
//!
//! Each [`Dialect`] takes something that RFC 9112 forbids. Where all of them read the same message in
//! what a proxy has taken or written, no two parties can differ over where it ends: request
//! smuggling needs such a difference.

/// In what a reader is careless.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// A carriage return alone ends a line, as a line feed alone does in all dialects.
    pub lone_return: bool,
    /// Transfer-Encoding counts where both are there, and Content-Length else.
    pub coding_wins: bool,
    /// Of several Content-Length or Transfer-Encoding the last one counts, and the first one else.
    pub last_field: bool,
}

/// All combinations that differ.
pub const DIALECTS: [Dialect; 4] = [
    Dialect { lone_return: false, coding_wins: true, last_field: false },
    Dialect { lone_return: true, coding_wins: false, last_field: false },
    Dialect { lone_return: false, coding_wins: false, last_field: true },
    Dialect { lone_return: true, coding_wins: true, last_field: true },
];

/// How a careless reader takes a body to be framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Nothing is said of it.
    Unsaid,
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// A head as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The request line or the status line.
    pub line: Vec<u8>,
    /// Names in lower case, and values without white space around them.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// How a body is framed.
    pub framing: Framing,
    /// Its bytes, with the empty line.
    pub length: usize,
}

impl Head {
    /// Reads the head at the start of `bytes`. `None` if there is no end of one.
    #[must_use]
    pub fn read(bytes: &[u8], dialect: Dialect) -> Option<Self> {
        let mut at = 0;
        let mut line = next_line(bytes, &mut at, dialect)?;
        while line.is_empty() {
            line = next_line(bytes, &mut at, dialect)?;
        }
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        loop {
            let next = next_line(bytes, &mut at, dialect)?;
            if next.is_empty() {
                break;
            }
            if let ([b' ' | b'\t', ..], Some(last)) = (next, fields.last_mut()) {
                last.1.push(b' ');
                last.1.extend_from_slice(next.trim_ascii());
            } else if let Some(colon) = next.iter().position(|byte| *byte == b':') {
                let name = next[..colon].trim_ascii().to_ascii_lowercase();
                fields.push((name, trim(&next[colon + 1..]).to_vec()));
            }
        }
        let framing = framing(&fields, dialect);
        Some(Self { line: line.to_vec(), fields, framing, length: at })
    }

    /// The values of all fields of this name.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&[u8]> {
        let named = self.fields.iter().filter(|field| field.0 == name.as_bytes());
        named.map(|field| field.1.as_slice()).collect()
    }

    /// The word of the first line at this place.
    #[must_use]
    pub fn word(&self, place: usize) -> &[u8] {
        self.line.split(|byte| *byte == b' ').nth(place).unwrap_or_default()
    }
}

fn next_line<'b>(bytes: &'b [u8], at: &mut usize, dialect: Dialect) -> Option<&'b [u8]> {
    let rest = bytes.get(*at..)?;
    let ends = |byte: &u8| *byte == b'\n' || dialect.lone_return && *byte == b'\r';
    let end = rest.iter().position(ends)?;
    let is_pair = rest[end] == b'\r' && rest.get(end + 1) == Some(&b'\n');
    *at += end + 1 + usize::from(is_pair);
    let line = &rest[..end];
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

fn trim(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

fn framing(fields: &[(Vec<u8>, Vec<u8>)], dialect: Dialect) -> Framing {
    let value = |name: &str| {
        let mut named = fields.iter().filter(|field| field.0 == name.as_bytes());
        let field = if dialect.last_field { named.next_back() } else { named.next() };
        field.map(|field| field.1.as_slice())
    };
    let chunked = value("transfer-encoding")
        .is_some_and(|value| value.to_ascii_lowercase().windows(7).any(|part| part == b"chunked"));
    let length = value("content-length").map(|value| number(value, 10).0);
    match (chunked, length) {
        (true, None) => Framing::Chunked,
        (true, Some(_)) if dialect.coding_wins => Framing::Chunked,
        (_, Some(length)) => Framing::Length(length),
        (false, None) => Framing::Unsaid,
    }
}

/// The number that `text` begins with, and its digits.
fn number(text: &[u8], radix: u32) -> (u64, usize) {
    let digits = text.iter().map_while(|byte| char::from(*byte).to_digit(radix));
    let of =
        |number: u64, digit| number.saturating_mul(radix.into()).saturating_add(u64::from(digit));
    (digits.clone().fold(0, of), digits.count())
}

/// The data of the body at the start of `bytes`, and how many bytes it is. `None` if it is not whole.
#[must_use]
pub fn body(bytes: &[u8], framing: Framing, dialect: Dialect) -> Option<(Vec<u8>, usize)> {
    match framing {
        Framing::Unsaid => Some((Vec::new(), 0)),
        Framing::Length(length) => {
            let length = usize::try_from(length).ok()?;
            Some((bytes.get(..length)?.to_vec(), length))
        }
        Framing::Chunked => chunks(bytes, dialect),
    }
}

fn chunks(bytes: &[u8], dialect: Dialect) -> Option<(Vec<u8>, usize)> {
    let (mut data, mut at) = (Vec::new(), 0);
    loop {
        let line = next_line(bytes, &mut at, dialect)?.trim_ascii();
        // What follows the digits is not looked at.
        let (size, digits) = number(line, 16);
        if size == 0 || digits == 0 {
            while !next_line(bytes, &mut at, dialect)?.is_empty() {}
            return Some((data, at));
        }
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        data.extend_from_slice(bytes.get(at..end)?);
        at = end;
        next_line(bytes, &mut at, dialect)?;
    }
}
