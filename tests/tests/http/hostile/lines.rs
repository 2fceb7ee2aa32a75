//! Ends of lines, and names and values of fields.

use super::case::{Case, INNER, get, passed, refused};

/// Fields that are none, each behind `Host: a` and with a request behind.
const BAD: [(&str, &str, &str); 31] = [
    ("a line feed alone behind a field", "X: y\nZ: w", "bare_line_feed"),
    ("a line feed that would begin a length", "X: y\nContent-Length: 50", "bare_line_feed"),
    ("two line feeds that would end the head", "X: y\n\nGET / HTTP/1.1", "bare_line_feed"),
    ("a line feed and a carriage return", "X: y\n\rZ: w", "bare_line_feed"),
    ("a carriage return alone in a value", "X: y\rZ: w", "bare_carriage_return"),
    ("a carriage return before a length", "X: y\rContent-Length: 50", "bare_carriage_return"),
    ("two carriage returns", "X: y\r\r\nZ: w", "bare_carriage_return"),
    ("a carriage return at the start of a line", "X: y\r\n\rZ: w", "bare_carriage_return"),
    ("a folded value", "X: y\r\n z", "obs_fold"),
    ("a value folded with a tab", "X: y\r\n\tz", "obs_fold"),
    ("a coding folded away", "Transfer-Encoding:\r\n chunked", "obs_fold"),
    ("a length in a folded line", "X: y\r\n Content-Length: 50", "obs_fold"),
    ("a line of white space alone", "X: y\r\n \t", "obs_fold"),
    ("a space before a colon", "X : y", "space_before_colon"),
    ("a tab before a colon", "X\t: y", "space_before_colon"),
    ("a length with a space before its colon", "Content-Length : 50", "space_before_colon"),
    ("a coding with a space before its colon", "Transfer-Encoding : chunked", "space_before_colon"),
    ("a space within a name", "Content- Length: 50", "space_before_colon"),
    ("no name", ": y", "bad_field_name"),
    ("no colon", "Content-Length", "bad_field_name"),
    ("NUL in a name", "X\0: y", "bad_field_name"),
    ("NUL at the end of a length's name", "Content-Length\0: 50", "bad_field_name"),
    ("a vertical tab in a name", "Transfer-Encoding\x0b: chunked", "bad_field_name"),
    ("a form feed in a name", "Transfer\x0c-Encoding: chunked", "bad_field_name"),
    ("a slash in a name", "a/b: c", "bad_field_name"),
    ("a name in quotes", "\"X\": y", "bad_field_name"),
    ("a name beyond ASCII", "\u{fc}: y", "bad_field_name"),
    ("NUL in a value", "X: y\0z", "bad_field_value"),
    ("a delete in a value", "X: y\x7f", "bad_field_value"),
    ("an escape in a value", "X: \x1b[2J", "bad_field_value"),
    ("a vertical tab before a coding", "Transfer-Encoding: \x0bchunked", "bad_field_value"),
];

/// Heads as a whole.
const BAD_HEADS: [(&str, &str, &str); 9] = [
    ("line feeds alone", "GET /@@ HTTP/1.1\nHost: a\n\n", "bare_line_feed"),
    ("carriage returns alone", "GET /@@ HTTP/1.1\rHost: a\r\r", "bare_carriage_return"),
    ("a line feed behind the request line", "GET /@@ HTTP/1.1\nHost: a\r\n\r\n", "bare_line_feed"),
    ("a line feed for the empty line", "GET /@@ HTTP/1.1\r\nHost: a\r\n\n", "bare_line_feed"),
    ("a line feed in front", "\nGET /@@ HTTP/1.1\r\nHost: a\r\n\r\n", "bare_line_feed"),
    ("a carriage return in front", "\rGET /@@ HTTP/1.1\r\nHost: a\r\n\r\n", "bare_carriage_return"),
    ("two empty lines in front", "\r\n\r\nGET /@@ HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request_line"),
    ("a first field that is folded", "GET /@@ HTTP/1.1\r\n Host: a\r\n\r\n", "obs_fold"),
    ("white space for the first field", "GET /@@ HTTP/1.1\r\n \r\nHost: a\r\n\r\n", "obs_fold"),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, field, code) in BAD {
        cases.push(refused(name, format!("{}{INNER}", get(field)), 400, code));
    }
    for (name, head, code) in BAD_HEADS {
        cases.push(refused(name, format!("{head}{INNER}"), 400, code));
    }
    cases.extend([
        passed(
            "one empty line in front",
            format!("\r\n{}", get("X: y")),
            "GET /@@ HTTP/1.1\r\nHost: a\r\nX: y\r\n{a}\r\n",
        ),
        passed(
            "a value beyond ASCII, with a tab, or none",
            [get("X: ").trim_end().as_bytes(), b"\xfc\ty\r\nEmpty:\r\n\r\n"].concat(),
            b"GET /@@ HTTP/1.1\r\nHost: a\r\nX:\xfc\ty\r\nEmpty:\r\n{a}\r\n",
        ),
        passed(
            "all letters that a name may have",
            get("!#$%&'*+-.^_`|~09azAZ: y"),
            "GET /@@ HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09azAZ: y\r\n{a}\r\n",
        ),
        passed(
            "names that a backend could take for framing end here",
            get("Content_Length: 5\r\nTransfer_Encoding: chunked\r\nTransfer-encodinG_: x"),
            "GET /@@ HTTP/1.1\r\nHost: a\r\nTransfer-encodinG_: x\r\n{a}\r\n",
        ),
    ]);
    cases
}
