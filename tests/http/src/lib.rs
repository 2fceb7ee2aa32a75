//! What the pure code of HTTP/1.1 in `trunkline_actors::http` is judged by.
//!
//! | module | what |
//! |---|---|
//! | [`lenient`] | readers as careless as some that stand behind a proxy: none may read another message |
//! | [`chunks`] | a second decoder of chunks, as strict as the one under test |
//! | [`request_head`], [`response_head`], [`chunked_body`] | oracles: they panic over an input that is read wrong |
//! | [`connection`] | the same for whole connections, with what both sides say and when |
//!
//! The fuzz targets in `tests/fuzz` hand their inputs to these oracles, and so does the test that
//! replays the corpora; nothing here knows the readers under test from inside.

use std::mem::MaybeUninit;

use trunkline_actors::http::limits::{HeadLimits, MOST_FIELDS};
use trunkline_actors::http::refusal::{BadAnswer, Refusal};
use trunkline_actors::http::request::RequestHead;
use trunkline_actors::http::response::{Asked, ResponseHead};

pub mod chunked_body;
pub mod chunks;
pub mod connection;
pub mod lenient;
pub mod request_head;
pub mod response_head;

/// Reads the head of a request for as long as `then` looks at it.
pub fn request<R>(
    bytes: &[u8],
    limits: &HeadLimits,
    then: impl FnOnce(Result<Option<RequestHead<'_, '_>>, Refusal>) -> R,
) -> R {
    let mut storage = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    then(RequestHead::parse(bytes, &mut storage, limits))
}

/// Reads the head of an answer for as long as `then` looks at it.
pub fn response<R>(
    bytes: &[u8],
    limits: &HeadLimits,
    asked: &Asked,
    then: impl FnOnce(Result<Option<ResponseHead<'_, '_>>, BadAnswer>) -> R,
) -> R {
    let mut storage = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    then(ResponseHead::parse(bytes, &mut storage, limits, asked))
}

/// Where to cut an input of `length` bytes for a test of prefixes: everywhere in a short one, and
/// in a long one in about 256 places.
pub(crate) fn cuts(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(length / 256 + 1)
}

/// A head that we write: its lines end in CRLF, there is no CR, LF or NUL elsewhere, and the one
/// empty line is at its end.
pub(crate) fn assert_clean(head: &[u8]) {
    let body = head.strip_suffix(b"\r\n\r\n");
    assert!(body.is_some(), "a head without an end: {}", head.escape_ascii());
    for line in lines(body.unwrap_or_default()) {
        let clean = !line.is_empty() && !line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        assert!(clean, "a line of its own: {}", head.escape_ascii());
    }
}

/// What stands between the CRLFs.
pub(crate) fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut from = 0;
    while let Some(end) =
        bytes.get(from..).and_then(|rest| rest.windows(2).position(|two| two == b"\r\n"))
    {
        lines.push(&bytes[from..from + end]);
        from += end + 2;
    }
    lines.push(&bytes[from..]);
    lines
}
