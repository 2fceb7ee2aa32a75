//! Answers, and how they are written.

use std::borrow::Cow;
use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};

/// What a client is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A word of the server's own, such as `OK`.
    Status(&'static str),
    /// What is wrong, behind a word in capitals that names the kind.
    Error(Cow<'static, str>),
    /// A number.
    Integer(i64),
    /// Any bytes.
    Bulk(Bytes),
    /// No bytes.
    Nil,
    /// No array.
    NilArray,
    /// Answers in one.
    Array(Vec<Answer>),
    /// Answers in a row, each for itself: what subscribing to several channels gives.
    Row(Vec<Answer>),
}

impl Answer {
    /// It is done.
    pub const OK: Self = Self::Status("OK");

    /// A copy of `bytes`.
    #[must_use]
    pub fn text(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(Bytes::copy_from_slice(bytes.as_ref()))
    }

    /// How many there are.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The bytes, if there are any.
    #[must_use]
    pub fn maybe(bytes: Option<Bytes>) -> Self {
        bytes.map_or(Self::Nil, Self::Bulk)
    }

    /// An array of bytes.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Bytes>) -> Self {
        Self::Array(items.into_iter().map(Self::Bulk).collect())
    }

    /// Appends the answer as it goes over the wire.
    pub fn write(&self, target: &mut BytesMut) {
        match self {
            Self::Status(text) => line(target, b'+', text),
            Self::Error(text) => line(target, b'-', text),
            Self::Integer(number) => header(target, ':', *number),
            Self::Bulk(bytes) => {
                header(target, '$', bytes.len());
                target.reserve(bytes.len() + 2);
                target.put_slice(bytes);
                target.put_slice(b"\r\n");
            }
            Self::Nil => target.put_slice(b"$-1\r\n"),
            Self::NilArray => target.put_slice(b"*-1\r\n"),
            Self::Array(items) => {
                header(target, '*', items.len());
                items.iter().for_each(|item| item.write(target));
            }
            Self::Row(items) => items.iter().for_each(|item| item.write(target)),
        }
    }
}

fn header(target: &mut BytesMut, mark: char, number: impl std::fmt::Display) {
    // Writing into a buffer that grows cannot fail.
    let _ = write!(target, "{mark}{number}\r\n");
}

/// A line has no line breaks in it: an error may quote what the client sent.
fn line(target: &mut BytesMut, mark: u8, text: &str) {
    target.reserve(text.len() + 3);
    target.put_u8(mark);
    let clean = |byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
    target.extend(text.bytes().map(clean));
    target.put_slice(b"\r\n");
}
