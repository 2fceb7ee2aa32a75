//! Interim answers, and switches that nobody asked for.

use trunkline_tests::http::origin::Then;

use super::Ask::{Get, Old, Post, Upgrade};
use super::Told::{Bad, Ends, Stays};
use super::{Case, OK, OK_OLD};

pub(super) const CASES: [Case; 14] = [
    (
        "an interim answer",
        Get,
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays(
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ),
    ),
    (
        "an interim answer to HTTP/1.0",
        Old,
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Ends(OK_OLD),
    ),
    (
        "an interim answer with a length",
        Get,
        "HTTP/1.1 102 Processing\r\nContent-Length: 50\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ),
    (
        "an interim answer with chunks",
        Get,
        "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n",
        Then::Next,
        Bad("misplaced_coding"),
    ),
    (
        "an interim answer that closes",
        Get,
        "HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ),
    (
        "an interim answer alone",
        Get,
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        Then::End,
        Bad("backend_reset"),
    ),
    (
        "101 unasked",
        Get,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n§",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 to POST",
        Post,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 to HTTP/1.0",
        Old,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 without Upgrade",
        Upgrade,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 to h2c",
        Upgrade,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 in HTTP/1.0",
        Upgrade,
        "HTTP/1.0 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 after an interim one",
        Upgrade,
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi",
        Then::End,
        Ends(
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi",
        ),
    ),
    (
        "an upgrade refused",
        Upgrade,
        "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays(OK),
    ),
];
