//! The request line: methods, targets, versions.

use super::case::{Case, INNER, passed, refused};

/// Request lines that are refused, with a Host behind.
const BAD: [(&str, &str, u16, &str); 31] = [
    ("two words", "GET /@@", 400, "bad_request_line"),
    ("one word", "GET", 400, "bad_request_line"),
    ("four words", "GET /@@ /b HTTP/1.1", 400, "bad_request_line"),
    ("two spaces before the target", "GET  /@@ HTTP/1.1", 400, "bad_request_line"),
    ("two spaces before the version", "GET /@@  HTTP/1.1", 400, "bad_request_line"),
    ("a tab before the target", "GET\t/@@ HTTP/1.1", 400, "bad_request_line"),
    ("a space in front", " GET /@@ HTTP/1.1", 400, "bad_request_line"),
    ("a space behind", "GET /@@ HTTP/1.1 ", 400, "bad_request_line"),
    ("a method that is no token", "G@T /@@ HTTP/1.1", 400, "bad_request_line"),
    ("a method with a colon", "GET: /@@ HTTP/1.1", 400, "bad_request_line"),
    ("a method with NUL", "GET\0 /@@ HTTP/1.1", 400, "bad_request_line"),
    ("a protocol in small letters", "GET /@@ http/1.1", 400, "bad_request_line"),
    ("a version without a point", "GET /@@ HTTP/11", 400, "bad_request_line"),
    ("a version with letters", "GET /@@ HTTP/1.x", 400, "bad_request_line"),
    ("a version with three numbers", "GET /@@ HTTP/1.1.1", 400, "bad_request_line"),
    ("a version of two digits", "GET /@@ HTTP/1.10", 400, "bad_request_line"),
    ("HTTP/0.9 by name", "GET /@@ HTTP/0.9", 505, "unknown_version"),
    ("HTTP/1.2", "GET /@@ HTTP/1.2", 505, "unknown_version"),
    ("HTTP/2.0", "GET /@@ HTTP/2.0", 505, "unknown_version"),
    ("the preface of HTTP/2", "PRI * HTTP/2.0", 505, "unknown_version"),
    ("a target with a fragment", "GET /@@#b HTTP/1.1", 400, "bad_target"),
    ("a target with NUL", "GET /@@\0 HTTP/1.1", 400, "bad_target"),
    ("a target with a tab", "GET /@@\tb HTTP/1.1", 400, "bad_target"),
    ("a target beyond ASCII", "GET /@@\u{fc} HTTP/1.1", 400, "bad_target"),
    ("a target with a carriage return", "GET /@@\rX: y HTTP/1.1", 400, "bad_request_line"),
    ("a target without a slash", "GET @@ HTTP/1.1", 400, "bad_target_form"),
    ("a star of GET", "GET * HTTP/1.1", 400, "bad_target_form"),
    ("a target with an authority alone", "GET a:80 HTTP/1.1", 400, "bad_target_form"),
    ("CONNECT", "CONNECT a:80 HTTP/1.1", 501, "connect"),
    ("CONNECT to a path", "CONNECT /@@ HTTP/1.1", 501, "connect"),
    ("CONNECT in small letters", "connect a:80 HTTP/1.1", 501, "connect"),
];

/// What goes on.
const GOOD: [(&str, &str, &str); 9] = [
    ("a method that nobody knows", "BREW /@@ HTTP/1.1", "BREW /@@ HTTP/1.1"),
    ("a method in small letters", "get /@@ HTTP/1.1", "get /@@ HTTP/1.1"),
    (
        "a query with anything",
        "GET /@@?a=b&c=[d]|\"^`\\ HTTP/1.1",
        "GET /@@?a=b&c=[d]|\"^`\\ HTTP/1.1",
    ),
    ("dots go on as they are", "GET /../@@/%2e%2e/ HTTP/1.1", "GET /../@@/%2e%2e/ HTTP/1.1"),
    (
        "ends of lines that are encoded",
        "GET /@@%0d%0aX:%20y HTTP/1.1",
        "GET /@@%0d%0aX:%20y HTTP/1.1",
    ),
    ("two slashes", "GET //@@ HTTP/1.1", "GET //@@ HTTP/1.1"),
    ("HTTP/1.0 goes on in 1.1", "GET /@@ HTTP/1.0", "GET /@@ HTTP/1.1"),
    ("TRACE goes on", "TRACE /@@ HTTP/1.1", "TRACE /@@ HTTP/1.1"),
    ("PRI of HTTP/1.1 is a method", "PRI /@@ HTTP/1.1", "PRI /@@ HTTP/1.1"),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, line, status, code) in BAD {
        let sent = format!("{line}\r\nHost: a\r\n\r\n{INNER}");
        cases.push(refused(&format!("request line: {name}"), sent, status, code));
    }
    for (name, line, onward) in GOOD {
        let sent = format!("{line}\r\nHost: a\r\n\r\n");
        let case = passed(name, sent, format!("{onward}\r\nHost: a\r\n{{a}}\r\n"));
        cases.push(if line.ends_with("1.0") { case.closing() } else { case });
    }
    cases.extend([
        refused("HTTP/0.9", "GET /@@\r\n", 400, "bad_request_line"),
        refused("a greeting of TLS", b"\x16\x03\x01\x02\0\x01\0", 400, "bad_request_line"),
        refused("a PROXY line", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n", 400, "bad_request_line"),
        refused("a PROXY v2 header", b"\r\n\r\n\0\r\nQUIT\n", 400, "bad_request_line"),
        refused("an SSH client", "SSH-2.0-OpenSSH_9.0\r\n", 400, "bad_request_line"),
    ]);
    cases
}
