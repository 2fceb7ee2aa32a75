//! Chunked framing, extensions and trailers.

use super::case::{Case, INNER, passed, post, refused};

/// Bodies that are not framed as RFC 9112 §7.1 has it.
const BAD: [(&str, &str); 26] = [
    ("no size", "\r\nhello\r\n0\r\n\r\n"),
    ("a size that is no number", "g\r\nhello\r\n0\r\n\r\n"),
    ("a size with a prefix", "0x5\r\nhello\r\n0\r\n\r\n"),
    ("a size with a plus", "+5\r\nhello\r\n0\r\n\r\n"),
    ("a negative size", "-5\r\nhello\r\n0\r\n\r\n"),
    ("a size with a separator", "1_0\r\nhello\r\n0\r\n\r\n"),
    ("white space before a size", " 5\r\nhello\r\n0\r\n\r\n"),
    ("white space behind a size", "5 \r\nhello\r\n0\r\n\r\n"),
    ("a tab behind a size", "5\t\r\nhello\r\n0\r\n\r\n"),
    ("two sizes", "5 6\r\nhello\r\n0\r\n\r\n"),
    ("a size of 17 digits", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("a line feed behind a size", "5\nhello\r\n0\r\n\r\n"),
    ("a carriage return behind a size", "5\rhello\r\n0\r\n\r\n"),
    ("a doubled carriage return behind a size", "5\r\r\nhello\r\n0\r\n\r\n"),
    ("a line feed behind data", "5\r\nhello\n0\r\n\r\n"),
    ("a carriage return behind data", "5\r\nhello\r0\r\n\r\n"),
    ("data longer than its size", "5\r\nhello!\r\n0\r\n\r\n"),
    ("data shorter than its size", "7\r\nhello\r\n0\r\n\r\n"),
    ("nothing behind data", "5\r\nhello0\r\n\r\n"),
    ("a line feed in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("a carriage return in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("NUL in an extension", "5;a\0\r\nhello\r\n0\r\n\r\n"),
    ("an extension without a name", "5;\r\nhello\r\n0\r\n\r\n"),
    ("an extension with an open quote", "5;a=\"\r\nhello\r\n0\r\n\r\n"),
    ("an extension that is no token", "5;a=@\r\nhello\r\n0\r\n\r\n"),
    ("a size in digits of another script", "\u{665}\r\nhello\r\n0\r\n\r\n"),
];

/// Trailers that are none.
const BAD_TRAILERS: [(&str, &str); 8] = [
    ("a trailer without a colon", "0\r\nTrailer\r\n\r\n"),
    ("a trailer that ends in a line feed", "0\r\nX: y\n\r\n"),
    ("a trailer that ends in a carriage return", "0\r\nX: y\rZ: w\r\n\r\n"),
    ("a trailer with a folded line", "0\r\nX: y\r\n z\r\n\r\n"),
    ("a trailer with a space before its colon", "0\r\nX : y\r\n\r\n"),
    ("a trailer with NUL", "0\r\nX: y\0z\r\n\r\n"),
    ("an end of the trailers in a line feed", "0\r\n\n"),
    ("a request where trailers are", "0\r\nGET /@@-no HTTP/1.1\r\nHost: a\r\n\r\n"),
];

/// Bodies that go on, and as what.
const GOOD: [(&str, &str, &str); 13] = [
    ("zeros before a size", "0005\r\nhello\r\n000\r\n\r\n", "0005\r\nhello\r\n000\r\n\r\n"),
    ("a size in letters", "a\r\n0123456789\r\n0\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n"),
    ("a size in capitals", "A\r\n0123456789\r\n0\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n"),
    ("no data", "0\r\n\r\n", "0\r\n\r\n"),
    ("an extension ends here", "5;a=b\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"),
    (
        "an extension in quotes ends here",
        "5;a=\";\"\r\nhello\r\n0;x\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
    ),
    (
        "white space in extensions ends here",
        "5 ; a = b\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
    ),
    (
        "data like a last chunk is data",
        "5\r\n0\r\n\r\n\r\n0\r\n\r\n",
        "5\r\n0\r\n\r\n\r\n0\r\n\r\n",
    ),
    ("a trailer goes on", "0\r\nX-Sum: 1\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n"),
    ("a length among trailers ends here", "0\r\nContent-Length: 99\r\n\r\n", "0\r\n\r\n"),
    (
        "a coding among trailers ends here",
        "0\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n",
        "0\r\nX: y\r\n\r\n",
    ),
    ("a host among trailers ends here", "0\r\nHost: b\r\nX: y\r\n\r\n", "0\r\nX: y\r\n\r\n"),
    (
        "forwarding fields among trailers end here",
        "0\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nAuthorization: x\r\n\r\n",
        "0\r\n\r\n",
    ),
];

pub(super) fn cases() -> Vec<Case> {
    let chunked = |body: &str| post("Transfer-Encoding: chunked", body);
    let mut cases = Vec::new();
    for (name, body) in BAD {
        let sent = chunked(&format!("{body}{INNER}"));
        cases.push(refused(&format!("chunk: {name}"), sent, 400, "bad_chunk"));
    }
    for (name, body) in BAD_TRAILERS {
        cases.push(refused(name, chunked(&format!("{body}{INNER}")), 400, "bad_trailer"));
    }
    for (name, body, onward) in GOOD {
        let head = "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Transfer-Encoding: chunked\r\n\r\n";
        cases.push(passed(&format!("chunk: {name}"), chunked(body), format!("{head}{onward}")));
    }
    let wide = |digits: &str| chunked(&format!("{digits}\r\nhello\r\n0\r\n\r\n{INNER}"));
    cases.extend([
        refused(
            "a size that wraps around 64 bits",
            wide("10000000000000005"),
            413,
            "body_too_long",
        ),
        refused("a size of 64 bits", wide("ffffffffffffffff"), 413, "body_too_long"),
        refused("a size that wraps around 32 bits", wide("100000005"), 413, "body_too_long"),
        refused("a long line", wide(&format!("5;a={}", "x".repeat(300))), 400, "bad_chunk"),
    ]);
    cases
}
