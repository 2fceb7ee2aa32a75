//! Content-Length: none, malformed, twice.

use super::case::{Case, INNER, get, passed, post, refused};

/// Values that are no length, whatever somebody makes of them.
const NO_LENGTHS: [(&str, &str); 22] = [
    ("an empty length", ""),
    ("a length with a plus", "+5"),
    ("a negative length", "-5"),
    ("a negative zero", "-0"),
    ("a length in hexadecimal digits", "0x5"),
    ("a length in letters", "five"),
    ("a length with a fraction", "5.0"),
    ("a length with an exponent", "5e0"),
    ("a length with a separator", "1_0"),
    ("a length of two words", "5 5"),
    ("a length and a tab and another", "5\t6"),
    ("a list of one length twice", "5, 5"),
    ("a list of two lengths", "5, 6"),
    ("a list without white space", "5,6"),
    ("a list that ends empty", "5,"),
    ("a list that begins empty", ",5"),
    ("a length with a parameter", "5;q=1"),
    ("a length in quotes", "\"5\""),
    ("a length that wraps around 64 bits", "18446744073709551621"),
    ("a length of 64 bits and a sign", "9223372036854775808000"),
    ("a length that wraps around 32 bits, in 20 digits", "00000000004294967301"),
    ("a length in digits of another script", "\u{665}"),
];

/// Two fields.
const TWICE: [(&str, &str); 6] = [
    ("the same length twice", "Content-Length: 5\r\nContent-Length: 5"),
    ("two lengths that differ", "Content-Length: 5\r\nContent-Length: 0"),
    ("a length behind a zero", "Content-Length: 0\r\nContent-Length: 5"),
    ("two lengths in other cases", "content-length: 5\r\nCONTENT-LENGTH: 6"),
    ("two lengths with others between", "Content-Length: 5\r\nX: y\r\nContent-Length: 5"),
    ("a length and an empty one", "Content-Length: 5\r\nContent-Length:"),
];

pub(super) fn cases() -> Vec<Case> {
    let no_length = |(name, value): &(&str, &str)| {
        let sent = post(&format!("Content-Length: {value}"), &format!("hello{INNER}"));
        refused(name, sent, 400, "bad_length")
    };
    let twice = |(name, fields): &(&str, &str)| {
        refused(name, post(fields, &format!("hello{INNER}")), 400, "bad_length")
    };
    let mut cases: Vec<_> = NO_LENGTHS.iter().map(no_length).collect();
    cases.extend(TWICE.iter().map(twice));
    cases.extend([
        passed(
            "a length",
            post("Content-Length: 5", "hello"),
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 5\r\n\r\nhello",
        ),
        passed(
            "a length with zeros in front goes on without them",
            post("Content-Length: 0005", "hello"),
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 5\r\n\r\nhello",
        ),
        passed(
            "a length with white space around it goes on without",
            post("Content-Length: \t 5 \t", "hello"),
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 5\r\n\r\nhello",
        ),
        passed(
            "a body that looks like a request is a body",
            post("cOnTeNt-LeNgTh: 38", "GET /@@-no HTTP/1.1\r\nHost: a\r\n\r\n"),
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 38\r\n\r\n\
             GET /@@-no HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        passed(
            "a length of zero is told",
            post("Content-Length: 0", ""),
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 0\r\n\r\n",
        ),
        passed(
            "POST without a length has no body",
            "POST /@@ HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}\r\n",
        ),
        passed(
            "GET with a body takes it along",
            format!("{}hello", get("Content-Length: 5")),
            "GET /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 5\r\n\r\nhello",
        ),
        passed(
            "HEAD with a body takes it along",
            "HEAD /@@ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            "HEAD /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 5\r\n\r\nhello",
        ),
        passed(
            "a field that is only like a length is none",
            get("X-Content-Length: 5\r\nContent-Lengths: 6"),
            "GET /@@ HTTP/1.1\r\nHost: a\r\nX-Content-Length: 5\r\nContent-Lengths: 6\r\n{a}\r\n",
        ),
    ]);
    cases
}
