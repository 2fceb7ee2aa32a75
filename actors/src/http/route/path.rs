//! How paths are read and compared. Why so is in the [parent](super)'s page.

use std::borrow::Cow;

use super::trie::Place;

/// Which paths a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPattern {
    /// This path alone.
    Exact(String),
    /// This path and all below it. It is made of whole segments, so a `/` missing at its end counts
    /// as there; without its last `/` a path is not below it.
    Prefix(String),
}

impl PathPattern {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Exact(path) => Key { path: canonical(path.as_bytes()), place: Place::Exact },
            Self::Prefix(path) => {
                let path = path.strip_suffix('/').unwrap_or(path);
                Key { path: canonical(path.as_bytes()), place: Place::Below }
            }
        }
    }
}

/// What a rule is found by in an index of paths.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// In its canonical form; without the slash at the end if the rule is for all below it.
    pub(super) path: Vec<u8>,
    pub(super) place: Place,
}

impl Key {
    /// What it is found by among paths with merged slashes.
    pub(super) fn merged(&self) -> Self {
        let mut path = merged(&self.path);
        if self.place == Place::Below && path.ends_with(b"/") {
            path.pop();
        }
        Self { path, place: self.place }
    }
}

/// How a path is to be compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading<'p> {
    /// `*`: a request about the server as a whole.
    Asterisk,
    /// No path at all.
    Nothing,
    /// Everybody reads it as this one.
    One(Cow<'p, [u8]>),
    /// Slashes may be read in more than one way.
    Two {
        /// As sent.
        sent: Vec<u8>,
        /// With everything that may be a slash as one, and only one where there are several.
        merged: Vec<u8>,
    },
    /// It has dot segments: this much of it is there in every reading, and something below.
    Stem(Vec<u8>),
}

impl<'p> Reading<'p> {
    pub(super) fn of(path_and_query: &'p [u8]) -> Self {
        let path = path_and_query.split(|byte| *byte == b'?').next().unwrap_or_default();
        match path {
            b"*" => Self::Asterisk,
            b"" => Self::One(Cow::Borrowed(b"/")),
            [b'/', ..] if is_plain(path) => Self::One(Cow::Borrowed(path)),
            [b'/', ..] => Self::of_odd(path),
            _ => Self::Nothing,
        }
    }

    fn of_odd(path: &[u8]) -> Self {
        let sent = canonical(path);
        let merged = merged(&sent);
        if segments(&merged).any(is_dots) {
            Self::Stem(stem(sent, &merged))
        } else if sent == merged {
            Self::One(Cow::Owned(sent))
        } else {
            Self::Two { sent, merged }
        }
    }
}

/// The segments of a path: one after each slash, so the last is empty if the path ends with one.
pub(super) fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').skip(1)
}

/// Whether a byte may stand in a path as itself: `pchar` of RFC 3986 §3.3, and the slash.
pub(super) const fn stands(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
                | b'/'
        )
}

const STANDS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = stands(byte as u8);
        byte += 1;
    }
    table
};

/// Whether a path has one reading and is already in its canonical form. Says no to some that are
/// fine.
fn is_plain(path: &[u8]) -> bool {
    let mut before = 0;
    let mut odd = false;
    // No way out on the first find: without it there is no branch in the loop.
    for &byte in path {
        odd |= !STANDS[usize::from(byte)] | ((before == b'/') & ((byte == b'/') | (byte == b'.')));
        before = byte;
    }
    !odd
}

/// Each byte in its one form: as itself where it may stand so, otherwise as `%XX`. A slash that is
/// encoded stays so, and the number of slashes is the same.
pub(super) fn canonical(path: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, after @ ..] = rest {
        let (byte, encoded) = match after {
            [high, low, ..] if *first == b'%' => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, true),
                _ => (*first, false),
            },
            _ => (*first, false),
        };
        rest = if encoded { after.get(2..).unwrap_or_default() } else { after };
        if stands(byte) && !(encoded && byte == b'/') {
            canonical.push(byte);
        } else {
            escape(byte, &mut canonical);
        }
    }
    canonical
}

/// Writes a byte as `%XX`.
pub(super) fn escape(byte: u8, to: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    to.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A canonical path with all that may be a slash as one, and only one where there are several.
pub(super) fn merged(path: &[u8]) -> Vec<u8> {
    let mut merged = Vec::with_capacity(path.len());
    let mut rest = path;
    loop {
        match rest {
            [] => return merged,
            [b'/', after @ ..]
            | [b'%', b'2', b'F', after @ ..]
            | [b'%', b'5', b'C', after @ ..] => {
                if merged.last() != Some(&b'/') {
                    merged.push(b'/');
                }
                rest = after;
            }
            [byte, after @ ..] => {
                merged.push(*byte);
                rest = after;
            }
        }
    }
}

/// A dot segment, also one with a parameter, which some servers cut before they resolve it.
fn is_dots(segment: &[u8]) -> bool {
    is_up(segment) || without_parameters(segment) == b"."
}

fn is_up(segment: &[u8]) -> bool {
    without_parameters(segment) == b".."
}

fn without_parameters(segment: &[u8]) -> &[u8] {
    segment.split(|byte| *byte == b';').next().unwrap_or_default()
}

/// What of a path with dot segments is there in every reading.
fn stem(mut sent: Vec<u8>, merged: &[u8]) -> Vec<u8> {
    let same = |(one, other): &(&[u8], &[u8])| one == other && !is_dots(one);
    let clear = segments(&sent).zip(segments(merged)).take_while(same).count();
    let ups = segments(merged).filter(|segment| is_up(segment)).count();
    // At the end, RFC 3986 leaves a slash in place of the dots; some leave none.
    let end = segments(merged).last().is_some_and(is_dots);
    let certain = clear.saturating_sub(ups + usize::from(end));
    let length = segments(&sent).take(certain).map(|segment| segment.len() + 1).sum();
    sent.truncate(length);
    sent
}
