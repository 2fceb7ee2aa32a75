//! Messages that are mostly right.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const FIELDS: [&str; 24] = [
    "Accept: */*",
    "X-Empty:",
    "X-Blank: \t ",
    "X-Twice: 1",
    "x-twice: 2",
    "Cookie: a=b; c=d",
    "X-Obs: \u{e9}",
    "Connection: close",
    "Connection: keep-alive",
    "Connection: x-twice",
    "TE: trailers",
    "Trailer: x",
    "Keep-Alive: 1",
    "X-Forwarded-For: 1.1.1.1",
    "Expect: 100-continue",
    "Content-Length: 5",
    "Content-Length: 05",
    "Content-Length: +5",
    "Content-Length: 5, 5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Host: b",
    "X-Folded: 1\r\n 2",
    "X-Space : 1",
];

/// How often one of them is chosen: those at the end are mostly wrong.
fn field() -> impl Strategy<Value = &'static str> {
    prop_oneof![30 => select(&FIELDS[..15]), 1 => select(&FIELDS[15..])]
}

/// Fields of a message, then those that frame its body, then the body.
pub(super) fn rest(host: &'static str) -> impl Strategy<Value = String> {
    let body = prop_oneof![
        4 => Just(("", "")),
        4 => Just(("Content-Length: 5\r\n", "hello")),
        1 => Just(("Content-Length: 0\r\n", "")),
        1 => Just(("content-length: 0005\r\n", "hello")),
        3 => chunked().prop_map(|body| ("Transfer-Encoding: chunked\r\n", body)),
        1 => chunked().prop_map(|body| ("transfer-encoding: Chunked\r\n", body)),
    ];
    let host = prop_oneof![20 => Just(host), 1 => Just("")];
    (host, vec(field(), 0..5), body).prop_map(|(host, fields, (framing, body))| {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        format!("{host}{fields}{framing}\r\n{body}")
    })
}

fn chunked() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "5\r\nhello\r\n0\r\n\r\n",
            "0\r\n\r\n",
            "1\r\nh\r\n0004\r\nello\r\n0\r\n\r\n",
            "5;a=b\r\nhello\r\n0;c\r\n\r\n",
            "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
            "5 ;a\r\nhello\r\n0\r\n\r\n",
            "5 \r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\r\n0\r\nX : 1\r\n\r\n",
            "5;a=\"b;\\\"\"\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello0\r\n\r\n",
        ][..],
    )
}

/// Some bytes of it are others, one is gone, or one is there twice.
pub(super) fn damaged(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => select(&b"\r\n\t :;,#/?\0\x7f\xff05aA"[..]), 1 => any::<u8>()];
    let damage = prop_oneof![
        6 => Just(vec![]),
        4 => vec((any::<Index>(), 0..3_u8, byte), 1..3),
    ];
    (text, damage).prop_map(|(text, damage)| {
        // U+00E9 as one byte, as it may stand in a field.
        let mut bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        for (place, how, byte) in damage {
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        bytes
    })
}
