//! Transfer-Encoding, alone and beside Content-Length: CL.TE, TE.CL, TE.TE, CL.0.

use super::case::{Case, INNER, get, passed, post, refused};

const LAST: &str = "0\r\n\r\n";

/// Codings that somebody could take for `chunked`, or for something else.
const UNKNOWN: [(&str, &str); 20] = [
    ("an empty coding", "Transfer-Encoding:"),
    ("the coding identity", "Transfer-Encoding: identity"),
    ("gzip alone", "Transfer-Encoding: gzip"),
    ("gzip and then chunked", "Transfer-Encoding: gzip, chunked"),
    ("chunked and then gzip", "Transfer-Encoding: chunked, gzip"),
    ("chunked twice in a list", "Transfer-Encoding: chunked, chunked"),
    ("chunked twice in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    ("identity behind chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    ("chunked behind identity", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
    ("chunked and an unknown field", "Transfer-Encoding: chunked\r\ntransfer-encoding: cow"),
    ("a coding with a letter in front", "Transfer-Encoding: xchunked"),
    ("a coding with a letter behind", "Transfer-Encoding: chunkedx"),
    ("a coding in quotes", "Transfer-Encoding: \"chunked\""),
    ("a coding with a parameter", "Transfer-Encoding: chunked;q=1"),
    ("a coding behind a comma", "Transfer-Encoding: ,chunked"),
    ("a coding before a comma", "Transfer-Encoding: chunked,"),
    ("a coding of two words", "Transfer-Encoding: chunked chunked"),
    ("a coding with a colon", "Transfer-Encoding:: chunked"),
    ("a coding with a long s", "Transfer-Encoding: chun\u{212a}ed"),
    ("a coding behind a no-break space", "Transfer-Encoding: \u{a0}chunked"),
];

/// Both.
const BOTH: [(&str, &str); 7] = [
    ("CL.TE", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
    ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
    ("0.TE", "Content-Length: 0\r\nTransfer-Encoding: chunked"),
    ("a length and a coding that is unknown", "Content-Length: 5\r\nTransfer-Encoding: x"),
    ("a length and an empty coding", "Content-Length: 5\r\nTransfer-Encoding:"),
    ("a length and identity", "Content-Length: 5\r\nTransfer-Encoding: identity"),
    ("both in other cases", "CONTENT-LENGTH: 5\r\nX: y\r\ntransfer-encoding: CHUNKED"),
];

pub(super) fn cases() -> Vec<Case> {
    let with = |fields: &str| post(fields, &format!("{LAST}{INNER}"));
    let mut cases: Vec<_> = UNKNOWN
        .iter()
        .map(|(name, fields)| refused(name, with(fields), 501, "unknown_coding"))
        .collect();
    cases.extend(
        BOTH.iter().map(|(name, fields)| refused(name, with(fields), 400, "length_and_coding")),
    );
    cases.extend([
        refused(
            "a malformed length beside chunks",
            with("Content-Length: 5, 5\r\nTransfer-Encoding: chunked"),
            400,
            "bad_length",
        ),
        refused(
            "a coding in HTTP/1.0",
            format!("POST /@@ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{LAST}{INNER}"),
            400,
            "coding_in_old_version",
        ),
        refused(
            "an unknown coding in HTTP/1.0",
            "POST /@@ HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n",
            400,
            "coding_in_old_version",
        ),
        passed(
            "chunked",
            post("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Transfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\n0\r\n\r\n",
        ),
        passed(
            "chunked in another case goes on as it is called",
            post("tRANSFER-eNCODING: \t ChUnKeD \t", "0\r\n\r\n"),
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        passed(
            "GET with chunks takes them along",
            format!("{}1\r\nx\r\n0\r\n\r\n", get("Transfer-Encoding: chunked")),
            "GET /@@ HTTP/1.1\r\nHost: a\r\n{a}Transfer-Encoding: chunked\r\n\r\n\
             1\r\nx\r\n0\r\n\r\n",
        ),
        passed(
            "fields that are only like a coding are none",
            get("X-Transfer-Encoding: chunked\r\nTransfer-Encodings: chunked"),
            "GET /@@ HTTP/1.1\r\nHost: a\r\nX-Transfer-Encoding: chunked\r\n\
             Transfer-Encodings: chunked\r\n{a}\r\n",
        ),
    ]);
    cases
}
