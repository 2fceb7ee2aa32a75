//! Heads that are none.

use trunkline_tests::http::origin::Then;

use super::Ask::Get;
use super::Case;
use super::Told::{Bad, Stays};

pub(super) const CASES: [Case; 18] = [
    ("garbage", Get, "garbage\r\n\r\n", Then::Next, Bad("answer_bad_head")),
    ("garbage before an answer", Get, "x§", Then::Next, Bad("answer_bad_head")),
    ("an empty line before an answer", Get, "\r\n§", Then::Next, Bad("answer_bad_head")),
    ("HTTP/0.9", Get, "<html>hello</html>", Then::End, Bad("answer_bad_head")),
    ("HTTP/2", Get, "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Next, Bad("bad_version")),
    (
        "HTTP/1.2",
        Get,
        "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_version"),
    ),
    (
        "a status of two digits",
        Get,
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("answer_bad_head"),
    ),
    (
        "a status of four digits",
        Get,
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("answer_bad_head"),
    ),
    (
        "a status below 100",
        Get,
        "HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_status"),
    ),
    (
        "a status above 599",
        Get,
        "HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_status"),
    ),
    (
        "line feeds alone",
        Get,
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        Then::Next,
        Bad("answer_bad_head"),
    ),
    (
        "a line feed that hides a length",
        Get,
        "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Bad("answer_bad_head"),
    ),
    (
        "a carriage return in a value",
        Get,
        "HTTP/1.1 200 OK\r\nX: y\rSet-Cookie: a=b\r\n\r\n",
        Then::Next,
        Bad("answer_bad_head"),
    ),
    (
        "a folded value",
        Get,
        "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("answer_bad_head"),
    ),
    (
        "a space before a colon",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        Then::Next,
        Bad("answer_bad_head"),
    ),
    (
        "NUL in a value",
        Get,
        "HTTP/1.1 200 OK\r\nX: y\0\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("answer_bad_head"),
    ),
    ("no colon", Get, "HTTP/1.1 200 OK\r\nX\r\n\r\n", Then::Next, Bad("answer_bad_head")),
    (
        "no reason",
        Get,
        "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
    ),
];
