//! Where else a client is to ask.

use thiserror::Error;

use super::path::{escape, stands};

/// An answer that sends the client elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Its status.
    pub status: u16,
    pieces: Box<[Piece]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Host,
    Target,
}

/// What is wrong with the place a redirect leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadRedirect {
    /// It has a brace that is none of `{host}` and `{target}`.
    #[error(
        "a brace that is not of {{host}} or {{target}}: write %7B or %7D for one that is meant"
    )]
    Placeholder,
    /// It has a byte that may not be in a URI.
    #[error("a character that may not be in a URI: percent-encode it")]
    Character,
}

impl Redirect {
    /// A redirect to a URI in which `{host}` is the host as sent, with its port, and `{target}` the
    /// path and query as sent.
    ///
    /// # Errors
    /// Refuses other placeholders, and characters that may not be in a URI.
    pub fn new(to: &str, status: u16) -> Result<Self, BadRedirect> {
        let mut pieces = Vec::new();
        let mut rest = to;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("{host}") {
                pieces.push(Piece::Host);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("{target}") {
                pieces.push(Piece::Target);
                rest = after;
            } else {
                let (text, after) = match rest.find('{') {
                    Some(0) => return Err(BadRedirect::Placeholder),
                    Some(end) => rest.split_at(end),
                    None => (rest, ""),
                };
                check(text)?;
                pieces.push(Piece::Text(text.into()));
                rest = after;
            }
        }
        Ok(Self { status, pieces: pieces.into() })
    }

    /// Whether there must be a host to put into it.
    #[must_use]
    pub fn wants_host(&self) -> bool {
        self.pieces.contains(&Piece::Host)
    }

    /// Writes the Location for a request's host and its path and query, both as sent.
    ///
    /// What may not be in that part of a URI is percent-encoded, line ends among it: whatever comes
    /// in, the Location is one value. A target without a slash in front (`*`) leads to the root,
    /// and one at the very beginning of the Location never begins with two: that would name another
    /// host.
    pub fn location(&self, host: &[u8], target: &[u8], to: &mut Vec<u8>) {
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => to.extend_from_slice(text.as_bytes()),
                Piece::Host => write(host, is_of_host, to),
                Piece::Target => {
                    let mut target = if target.starts_with(b"/") { target } else { b"/" };
                    while index == 0 && target.starts_with(b"//") {
                        target = target.get(1..).unwrap_or_default();
                    }
                    write(target, is_of_target, to);
                }
            }
        }
    }
}

fn check(text: &str) -> Result<(), BadRedirect> {
    match text.bytes().find(|byte| !is_of_target(*byte) && !matches!(byte, b'#' | b'[' | b']')) {
        None => Ok(()),
        Some(b'{' | b'}') => Err(BadRedirect::Placeholder),
        Some(_) => Err(BadRedirect::Character),
    }
}

fn write(bytes: &[u8], stands: fn(u8) -> bool, to: &mut Vec<u8>) {
    for &byte in bytes {
        if stands(byte) { to.push(byte) } else { escape(byte, to) }
    }
}

/// Path and query, in which what is already encoded stays so.
fn is_of_target(byte: u8) -> bool {
    stands(byte) || matches!(byte, b'%' | b'?')
}

/// Host and port: nothing that would end them.
fn is_of_host(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'%') || (stands(byte) && !matches!(byte, b'/' | b'@'))
}
