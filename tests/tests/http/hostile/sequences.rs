//! Several requests in one write, of which the last may be bad.

use super::case::{Case, Gets, get, several};

const FIRST: &str = "GET /@@-1 HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST /@@-2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKS: &str =
    "POST /@@-3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

fn first() -> Gets {
    Gets::Passed(b"GET /@@-1 HTTP/1.1\r\nHost: a\r\n{a}\r\n".to_vec())
}

fn second() -> Gets {
    let onward = b"POST /@@-2 HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 5\r\n\r\nhello";
    Gets::Passed(onward.to_vec())
}

fn third() -> Gets {
    let onward = b"POST /@@-3 HTTP/1.1\r\nHost: a\r\n{a}Transfer-Encoding: chunked\r\n\r\n\
        5\r\nhello\r\n0\r\n\r\n";
    Gets::Passed(onward.to_vec())
}

pub(super) fn cases() -> Vec<Case> {
    let behind = |name: &str, bad: &str, status, code| {
        several(name, format!("{FIRST}{bad}"), vec![first(), Gets::Refused(status, code)])
    };
    let all = format!("{FIRST}{POST}{CHUNKS}");
    vec![
        several("three good ones", &all, vec![first(), second(), third()]),
        several("an empty line between two", format!("{FIRST}\r\n{POST}"), vec![first(), second()]),
        behind("garbage behind a good one", "garbage\r\n\r\n", 400, "bad_request_line"),
        behind("a bad length behind a good one", &get("Content-Length: x"), 400, "bad_length"),
        behind("a coding behind a good one", &get("Transfer-Encoding: x"), 501, "unknown_coding"),
        behind("CONNECT behind a good one", "CONNECT a:1 HTTP/1.1\r\n\r\n", 501, "connect"),
        behind("no host behind a good one", "GET /@@ HTTP/1.1\r\n\r\n", 400, "no_host"),
        behind("a long head behind a good one", &get(&"x".repeat(3000)), 431, "head_too_long"),
        several(
            "a byte too many behind a length",
            format!("{POST}x{FIRST}"),
            // It belongs to the method of the next one, which may be called so.
            vec![second(), Gets::Passed(b"xGET /@@-1 HTTP/1.1\r\nHost: a\r\n{a}\r\n".to_vec())],
        ),
        several(
            "a line feed too many behind chunks",
            format!("{CHUNKS}\n{FIRST}"),
            vec![third(), Gets::Refused(400, "bare_line_feed")],
        ),
        several(
            "nothing is read behind a close",
            format!("GET /@@-1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n{POST}"),
            vec![first()],
        )
        .closing(),
        several(
            "nothing is read behind HTTP/1.0",
            format!("GET /@@-1 HTTP/1.0\r\nHost: a\r\n\r\n{POST}"),
            vec![first()],
        )
        .closing(),
        several(
            "a bad chunk behind a good request",
            format!(
                "{FIRST}POST /@@ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"
            ),
            vec![first(), Gets::Refused(400, "bad_chunk")],
        ),
    ]
}
