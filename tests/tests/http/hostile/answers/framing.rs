//! Lengths and codings.

use trunkline_tests::http::origin::Then;

use super::Ask::{Get, Head};
use super::Case;
use super::Told::Bad;

pub(super) const CASES: [Case; 14] = [
    (
        "both framings",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Then::Next,
        Bad("answer_length_and_coding"),
    ),
    (
        "both framings, the coding first",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n0\r\n\r\n",
        Then::Next,
        Bad("answer_length_and_coding"),
    ),
    (
        "both framings to HEAD",
        Head,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        Then::Next,
        Bad("answer_length_and_coding"),
    ),
    (
        "two lengths",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nokok",
        Then::Next,
        Bad("answer_bad_length"),
    ),
    (
        "the same length twice",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Bad("answer_bad_length"),
    ),
    (
        "a list of lengths",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        Then::Next,
        Bad("answer_bad_length"),
    ),
    (
        "a negative length",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
        Then::Next,
        Bad("answer_bad_length"),
    ),
    (
        "a length with a plus",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        Then::Next,
        Bad("answer_bad_length"),
    ),
    (
        "a length that wraps around",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok",
        Then::Next,
        Bad("answer_bad_length"),
    ),
    (
        "a bad length in 304",
        Get,
        "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n",
        Then::Next,
        Bad("answer_bad_length"),
    ),
    (
        "an unknown coding",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        Then::End,
        Bad("answer_unknown_coding"),
    ),
    (
        "gzip and chunked",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        Then::Next,
        Bad("answer_unknown_coding"),
    ),
    (
        "chunked twice",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Then::Next,
        Bad("answer_unknown_coding"),
    ),
    (
        "a coding in HTTP/1.0",
        Get,
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Then::End,
        Bad("misplaced_coding"),
    ),
];
