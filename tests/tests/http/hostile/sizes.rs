//! Heads and bodies at their limits, and beyond: 2 KiB, 16 fields, 1 KiB.

use super::case::{Case, INNER, get, passed, post, refused};

/// A GET whose head has `size` bytes, with a word of 8 letters.
fn head_of(size: usize) -> String {
    let empty = get("X: ");
    let short = empty.len() - "@@".len() + 8;
    get(&format!("X: {}", "x".repeat(size - short)))
}

/// A GET with `count` fields, Host among them.
fn with_fields(count: usize) -> String {
    let fields: Vec<_> = (1..count).map(|number| format!("X-{number}: y")).collect();
    get(&fields.join("\r\n"))
}

fn onward(head: &str) -> String {
    format!("{}{{a}}\r\n", head.strip_suffix("\r\n").unwrap_or(head))
}

pub(super) fn cases() -> Vec<Case> {
    let body = |count: usize| "x".repeat(count);
    let named: Vec<_> = (0..33).map(|number| format!("a{number}")).collect();
    let chunks = |count: usize| format!("200\r\n{}\r\n", body(512)).repeat(count);
    vec![
        passed("a head of the longest size", head_of(2048), onward(&head_of(2048))),
        refused("a head that is a byte too long", head_of(2049) + INNER, 431, "head_too_long"),
        refused("a head of 100 KiB", head_of(102_400), 431, "head_too_long"),
        refused(
            "a long target",
            format!("GET /@@{} HTTP/1.1\r\nHost: a\r\n\r\n", body(4000)),
            431,
            "head_too_long",
        ),
        refused("a long method", format!("{} /@@ HTTP/1.1\r\n", body(4000)), 431, "head_too_long"),
        refused("a long name", get(&format!("{}: y", body(4000))), 431, "head_too_long"),
        passed("as many fields as may be", with_fields(16), onward(&with_fields(16))),
        refused("a field too many", with_fields(17) + INNER, 431, "too_many_fields"),
        refused("a hundred fields", with_fields(100), 431, "too_many_fields"),
        refused(
            "more options than Connection may name",
            get(&format!("Connection: {}", named.join(","))),
            431,
            "too_many_options",
        ),
        passed(
            "a body of the longest size",
            post("Content-Length: 1024", &body(1024)),
            format!(
                "POST /@@ HTTP/1.1\r\nHost: a\r\n{{a}}Content-Length: 1024\r\n\r\n{}",
                body(1024)
            ),
        ),
        refused(
            "a body that is a byte too long",
            post("Content-Length: 1025", &body(1025)),
            413,
            "body_too_long",
        ),
        refused(
            "a length of all that there is",
            post("Content-Length: 9999999999999999999", INNER),
            413,
            "body_too_long",
        ),
        passed(
            "chunks of the longest size",
            post("Transfer-Encoding: chunked", &format!("{}0\r\n\r\n", chunks(2))),
            format!(
                "POST /@@ HTTP/1.1\r\nHost: a\r\n{{a}}Transfer-Encoding: chunked\r\n\r\n\
                 {}0\r\n\r\n",
                chunks(2)
            ),
        ),
        refused(
            "chunks that are too long together",
            post("Transfer-Encoding: chunked", &format!("{}1\r\nx\r\n0\r\n\r\n", chunks(2))),
            413,
            "body_too_long",
        ),
        refused(
            "a trailer that is too long",
            post("Transfer-Encoding: chunked", &format!("0\r\nX: {}\r\n\r\n", body(4000))),
            431,
            "trailer_too_long",
        ),
        refused(
            "too many trailers",
            post("Transfer-Encoding: chunked", &format!("0\r\n{}\r\n", "X: y\r\n".repeat(17))),
            431,
            "trailer_too_long",
        ),
    ]
}
