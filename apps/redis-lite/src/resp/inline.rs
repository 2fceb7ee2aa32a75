//! Requests typed by hand, split as `sdssplitargs` of redis does.

use super::{ProtocolError, Request};

/// Splits a line at white space. `"…"` takes the escapes `\n`, `\r`, `\t`, `\b`, `\a`, `\xHH`, and
/// a backslash before any other byte stands for that byte; `'…'` takes `\'` alone.
///
/// # Errors
/// [`ProtocolError::Quotes`] where a quote is not closed, or is not followed by white space.
pub(super) fn split(line: &[u8]) -> Result<Request, ProtocolError> {
    let mut frame = Vec::with_capacity(line.len());
    let mut arguments = Vec::new();
    let mut rest = line.trim_ascii_start();
    while !rest.is_empty() {
        let start = frame.len();
        rest = word(rest, &mut frame)?.trim_ascii_start();
        arguments.push(start..frame.len());
    }
    Ok(Request::new(frame.into(), arguments))
}

/// Takes one word from the start of `line`; what follows it is left.
fn word<'a>(mut line: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        match line {
            [] => return Ok(line),
            [space, ..] if space.is_ascii_whitespace() => return Ok(line),
            [b'"', rest @ ..] => return double_quoted(rest, word),
            [b'\'', rest @ ..] => return single_quoted(rest, word),
            [byte, rest @ ..] => {
                word.push(*byte);
                line = rest;
            }
        }
    }
}

fn double_quoted<'a>(mut line: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        let (byte, rest) = match line {
            [] => return Err(ProtocolError::Quotes),
            [b'"', rest @ ..] => return closed(rest),
            [b'\\', b'x', high, low, rest @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex(*high) << 4 | hex(*low), rest)
            }
            [b'\\', escape, rest @ ..] => (unescaped(*escape), rest),
            [byte, rest @ ..] => (*byte, rest),
        };
        word.push(byte);
        line = rest;
    }
}

fn single_quoted<'a>(mut line: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        let (byte, rest) = match line {
            [] => return Err(ProtocolError::Quotes),
            [b'\'', rest @ ..] => return closed(rest),
            [b'\\', b'\'', rest @ ..] => (b'\'', rest),
            [byte, rest @ ..] => (*byte, rest),
        };
        word.push(byte);
        line = rest;
    }
}

/// A closing quote ends the word.
fn closed(rest: &[u8]) -> Result<&[u8], ProtocolError> {
    match rest.first() {
        Some(byte) if !byte.is_ascii_whitespace() => Err(ProtocolError::Quotes),
        Some(_) | None => Ok(rest),
    }
}

fn unescaped(escape: u8) -> u8 {
    match escape {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}
