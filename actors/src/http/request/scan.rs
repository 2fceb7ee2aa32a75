//! What is wrong with a head, byte by byte: the slow look that names the first violation.
//!
//! `httparse` says only roughly what it refuses, and takes a bare line feed for the end of a line.
//! So heads that it refuses, and those that are not whole yet, are looked at once more here. A
//! violation is found at a byte, whatever follows it: however a head is cut into pieces, its first
//! violation is the same.

use crate::http::refusal::Refusal;

/// Where the request line begins: behind the one empty line that may come before it (RFC 9112
/// §2.2). `None`: more is wanted to know.
///
/// # Errors
/// When there is more than one, or half of one.
pub(super) fn skip_empty_line(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    match bytes {
        [b'\n', ..] | [b'\r', b'\n', b'\n', ..] => Err(Refusal::BareLineFeed),
        [b'\r', b'\n', b'\r', ..] => Err(Refusal::BadRequestLine),
        [] | [b'\r'] | [b'\r', b'\n'] => Ok(None),
        [b'\r', b'\n', _, ..] => Ok(Some(2)),
        [b'\r', ..] => Err(Refusal::BareCarriageReturn),
        [..] => Ok(Some(0)),
    }
}

/// The first violation in `bytes`, which begin with the request line and may be cut off anywhere.
pub(super) fn first_violation(bytes: &[u8], most_fields: usize) -> Option<Refusal> {
    let mut rest = Rest(bytes);
    match request_line(&mut rest).and_then(|()| fields(&mut rest, most_fields)) {
        Err(Stop::At(refusal)) => Some(refusal),
        Err(Stop::CutOff) | Ok(()) => None,
    }
}

/// Why a look ends before the head does.
enum Stop {
    CutOff,
    At(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::At(refusal)
    }
}

struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn next(&mut self) -> Result<u8, Stop> {
        let (first, rest) = self.0.split_first().ok_or(Stop::CutOff)?;
        self.0 = rest;
        Ok(*first)
    }

    /// What must follow a carriage return.
    fn line_feed(&mut self) -> Result<(), Stop> {
        match self.next()? {
            b'\n' => Ok(()),
            _ => Err(Refusal::BareCarriageReturn.into()),
        }
    }
}

fn request_line(rest: &mut Rest<'_>) -> Result<(), Stop> {
    word(rest, is_token, Refusal::BadRequestLine)?;
    word(rest, is_target, Refusal::BadTarget)?;
    version(rest)?;
    match rest.next()? {
        b'\r' => rest.line_feed(),
        b'\n' => Err(Refusal::BareLineFeed.into()),
        _ => Err(Refusal::BadRequestLine.into()),
    }
}

/// One word and the single space behind it.
fn word(rest: &mut Rest<'_>, allowed: fn(u8) -> bool, otherwise: Refusal) -> Result<(), Stop> {
    let mut is_empty = true;
    loop {
        match rest.next()? {
            b' ' if !is_empty => return Ok(()),
            b' ' | b'\r' | b'\n' => return Err(Refusal::BadRequestLine.into()),
            byte if allowed(byte) => is_empty = false,
            _ => return Err(otherwise.into()),
        }
    }
}

fn version(rest: &mut Rest<'_>) -> Result<(), Stop> {
    for expected in b"HTTP/" {
        if rest.next()? != *expected {
            return Err(Refusal::BadRequestLine.into());
        }
    }
    for (expected, is_number) in [("1", true), (".", false), ("01", true)] {
        let byte = rest.next()?;
        if !expected.as_bytes().contains(&byte) {
            let other = is_number && byte.is_ascii_digit();
            let refusal = if other { Refusal::UnknownVersion } else { Refusal::BadRequestLine };
            return Err(refusal.into());
        }
    }
    Ok(())
}

fn fields(rest: &mut Rest<'_>, most: usize) -> Result<(), Stop> {
    let mut count = 0;
    loop {
        match rest.next()? {
            b'\r' => return rest.line_feed(),
            b'\n' => return Err(Refusal::BareLineFeed.into()),
            b' ' | b'\t' => return Err(Refusal::ObsFold.into()),
            byte if is_token(byte) => {}
            _ => return Err(Refusal::BadFieldName.into()),
        }
        field(rest)?;
        count += 1;
        if count > most {
            return Err(Refusal::TooManyFields.into());
        }
    }
}

/// A field from the second byte of its name.
fn field(rest: &mut Rest<'_>) -> Result<(), Stop> {
    loop {
        match rest.next()? {
            b':' => break,
            b' ' | b'\t' => return Err(Refusal::SpaceBeforeColon.into()),
            byte if is_token(byte) => {}
            _ => return Err(Refusal::BadFieldName.into()),
        }
    }
    loop {
        match rest.next()? {
            b'\r' => return rest.line_feed(),
            b'\n' => return Err(Refusal::BareLineFeed.into()),
            b'\t' => {}
            byte if byte.is_ascii_control() => return Err(Refusal::BadFieldValue.into()),
            _ => {}
        }
    }
}

/// Whether `byte` may stand in a target. The grammar of RFC 3986 is narrower; browsers and clients
/// send what is more as it is, and it does no harm to the framing.
pub(super) fn is_target(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'#'
}

/// `tchar` of RFC 9110 §5.6.2.
pub(in crate::http) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
