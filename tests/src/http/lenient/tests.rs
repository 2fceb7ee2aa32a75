//! What the readings agree on, and what they do not.

use super::*;

fn counts(bytes: &str) -> Vec<usize> {
    ALL.iter().map(|reading| reading.all(bytes.as_bytes()).0.len()).collect()
}

#[test]
fn all_readings_agree_on_plain_requests() {
    let plain = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
        POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n\
        GET /d HTTP/1.1\r\nHost: a\r\n\r\n";
    for reading in ALL {
        let (seen, left) = reading.all(plain.as_bytes());
        let targets: Vec<_> = seen.iter().map(|seen| seen.target.as_str()).collect();
        assert_eq!(targets, ["/a", "/b", "/c", "/d"], "{}", reading.name);
        assert_eq!((&seen[1].body[..], &seen[2].body[..]), (&b"hello"[..], &b"hello"[..]));
        assert_eq!(left, 0);
    }
}

#[test]
fn the_classics_are_read_in_more_than_one_way() {
    let inner = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    for fields in [
        "Content-Length: 30\r\nTransfer-Encoding: chunked",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: +5",
        "Content-Length : 5",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "X: y\r\n Content-Length: 5",
        "X: y\nContent-Length: 30",
    ] {
        let text = format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n0\r\n\r\n{inner}{inner}");
        let counts = counts(&text);
        assert!(counts.iter().any(|count| *count != counts[0]), "{fields:?}: {counts:?}");
    }
}
