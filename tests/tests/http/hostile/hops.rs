//! Fields for the next hop alone, and those that Connection would make such; upgrades; Expect.

use super::case::{Case, get, passed, post, refused};

/// Fields that come, and what of them goes on in a GET, before the forwarding fields.
const FIELDS: [(&str, &str, &str); 24] = [
    ("hop-by-hop fields", "TE: trailers\r\nKeep-Alive: timeout=5\r\nX: y", "X: y\r\n"),
    ("a connection to a proxy", "Proxy-Connection: keep-alive\r\nX: y", "X: y\r\n"),
    ("what Connection names", "Connection: X-Secret\r\nX-Secret: 1\r\nX: y", "X: y\r\n"),
    ("what Connection names in another case", "X-SECRET: 1\r\nConnection: x-secret", ""),
    ("what a second Connection names", "Connection: A\r\nA: 1\r\nB: 2\r\nconnection: ,B,", ""),
    ("all of what Connection names", "A: 1\r\nConnection: A\r\na: 2\r\nX: y", "X: y\r\n"),
    ("Connection: Host", "Connection: Host", ""),
    ("Connection: X-Forwarded-For", "Connection: X-Forwarded-For\r\nX-Forwarded-For: 1.2.3.4", ""),
    ("Connection: X-Forwarded-Proto", "Connection: X-Forwarded-Proto, Forwarded", ""),
    ("Connection: Connection", "Connection: Connection, keep-alive", ""),
    ("Connection: what is not there", "Connection: X-None\r\nX: y", "X: y\r\n"),
    ("Connection: what is no name", "Connection: a b, \"\r\nX: y", "X: y\r\n"),
    ("Cookie is named", "Connection: Cookie\r\nCookie: a=b", ""),
    ("a forged address", "X-Forwarded-For: 1.2.3.4\r\nX: y", "X: y\r\n"),
    ("forged addresses", "x-forwarded-for: 1.2.3.4\r\nX-FORWARDED-FOR: 5.6.7.8, 9.9.9.9", ""),
    ("a forged Forwarded", "Forwarded: for=1.2.3.4;proto=https;host=b", ""),
    ("a forged host and protocol", "X-Forwarded-Host: b\r\nX-Forwarded-Proto: https", ""),
    ("a forged address in disguise", "X_Forwarded_For: 1.2.3.4\r\nX-Forwarded_Host: b", ""),
    ("an upgrade without Connection", "Upgrade: websocket\r\nX: y", "X: y\r\n"),
    ("Connection: upgrade without Upgrade", "Connection: upgrade\r\nX: y", "X: y\r\n"),
    ("h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk", ""),
    ("h2c in capitals", "Connection: Upgrade\r\nUpgrade: H2C", ""),
    ("h2c with a version", "Connection: Upgrade\r\nUpgrade: h2c/1", ""),
    ("HTTP2-Settings alone", "HTTP2-Settings: AAMAAABk\r\nX: y", "X: y\r\n"),
];

/// Offers that go on.
const OFFERS: [(&str, &str, &str); 3] = [
    ("an upgrade", "Upgrade: websocket\r\nConnection: keep-alive, upgrade", "websocket"),
    ("h2c first among offers", "Connection: upgrade\r\nUpgrade: h2c, websocket", "websocket"),
    ("h2c last among offers", "Connection: upgrade\r\nUpgrade: websocket, h2c", "websocket"),
];

/// Expectations that nobody meets.
const EXPECTATIONS: [(&str, &str); 5] = [
    ("an unknown expectation", "Expect: 200-ok"),
    ("an empty expectation", "Expect:"),
    ("two expectations in a list", "Expect: 100-continue, 100-continue"),
    ("two expectations", "Expect: 100-continue\r\nExpect: 100-continue"),
    ("an expectation with a parameter", "Expect: 100-continue;a=b"),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, fields, onward) in FIELDS {
        let onward = format!("GET /@@ HTTP/1.1\r\nHost: a\r\n{onward}{{a}}\r\n");
        cases.push(passed(&format!("hop: {name}"), get(fields), onward));
    }
    for (name, fields, offer) in OFFERS {
        let onward = format!(
            "GET /@@ HTTP/1.1\r\nHost: a\r\n{{a}}Connection: Upgrade\r\nUpgrade: {offer}\r\n\r\n"
        );
        cases.push(passed(name, get(fields), onward));
    }
    for (name, fields) in EXPECTATIONS {
        let sent = post(&format!("{fields}\r\nContent-Length: 5"), "hello");
        cases.push(refused(name, sent, 417, "unknown_expectation"));
    }
    let length = "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 5\r\n\r\nhello";
    let old = |fields: &str| format!("GET /@@ HTTP/1.0\r\nHost: a\r\n{fields}\r\n");
    let plain = "GET /@@ HTTP/1.1\r\nHost: a\r\n{a}\r\n";
    cases.extend([
        passed(
            "Connection: Content-Length",
            post("Connection: Content-Length\r\nContent-Length: 5", "hello"),
            length,
        ),
        passed(
            "Connection: Transfer-Encoding",
            post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
            "POST /@@ HTTP/1.1\r\nHost: a\r\n{a}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        passed("Connection: close", get("Connection: CLOSE"), plain).closing(),
        passed("close and keep-alive", get("Connection: keep-alive, close"), plain).closing(),
        passed("an upgrade of HTTP/1.0", old("Connection: upgrade\r\nUpgrade: x\r\n"), plain)
            .closing(),
        passed(
            "an expectation of HTTP/1.0",
            old("Expect: 100-continue\r\nContent-Length: 5\r\n") + "hello",
            "GET /@@ HTTP/1.1\r\nHost: a\r\n{a}Content-Length: 5\r\n\r\nhello",
        )
        .closing(),
        passed(
            "HTTP/1.0 that stays",
            old("Connection: Keep-Alive\r\n").replace("GET", "HEAD"),
            plain.replace("GET", "HEAD"),
        ),
    ]);
    cases
}
