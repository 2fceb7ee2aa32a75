//! Host, and targets that name one.

use super::case::{Case, INNER, passed, refused};

/// Values of Host that are none.
const BAD: [(&str, &str); 18] = [
    ("an empty host", ""),
    ("a host with a space", "a b"),
    ("a host with a tab", "a\tb"),
    ("two hosts in a list", "a, b"),
    ("two hosts without white space", "a,b"),
    ("a host with a user", "me@a"),
    ("a host with a path", "a/b"),
    ("a host with a query", "a?b"),
    ("a host with a fragment", "a#b"),
    ("a host with a backslash", "a\\b"),
    ("a host with a scheme", "http://a"),
    ("a host with a port in letters", "a:b"),
    ("a host with two ports", "a:80:80"),
    ("a host with a port out of range", "a:65536"),
    ("a host with a port with a sign", "a:+80"),
    ("an IPv6 address without brackets", "::1"),
    ("an IPv6 address with an open bracket", "[::1"),
    ("a host beyond ASCII", "\u{e4}.example"),
];

/// Targets with a host.
const BAD_TARGETS: [(&str, &str, &str, &str); 10] = [
    ("another host", "http://b/@@", "a", "other_host"),
    ("another port", "http://a:81/@@", "a", "other_host"),
    ("a host that begins the same", "http://a.b/@@", "a", "other_host"),
    ("a user", "http://a@b/@@", "b", "bad_target_form"),
    ("https", "https://a/@@", "a", "bad_target_form"),
    ("another scheme", "ftp://a/@@", "a", "bad_target_form"),
    ("no host", "http:///@@", "a", "bad_target_form"),
    ("one slash", "http:/a/@@", "a", "bad_target_form"),
    ("a query without a path", "http://a?@@", "a", "bad_target_form"),
    ("a backslash", "http://a\\@@/", "a", "bad_target_form"),
];

/// Targets and hosts that go on, and as what: the target, the host.
const GOOD: [(&str, &str, &str, &str); 9] = [
    ("an absolute target", "http://a/@@", "a", "/@@"),
    ("an absolute target with a default port", "HTTP://A:80/@@?b", "a", "/@@?b"),
    ("an absolute target and a host with a default port", "http://a/@@", "a:80", "/@@"),
    ("a URI within a path", "/http://b/@@", "a", "/http://b/@@"),
    ("a host with a port", "/@@", "a:8080", "/@@"),
    ("a host in capitals", "/@@", "A.Example", "/@@"),
    ("a host with a dot at its end", "/@@", "a.example.", "/@@"),
    ("an IPv6 address", "/@@", "[::1]", "/@@"),
    ("an IPv6 address with a port", "/@@", "[::1]:81", "/@@"),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, host) in BAD {
        let sent = format!("GET /@@ HTTP/1.1\r\nHost: {host}\r\n\r\n{INNER}");
        cases.push(refused(name, sent, 400, "bad_host"));
    }
    for (name, target, host, code) in BAD_TARGETS {
        let sent = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n{INNER}");
        cases.push(refused(&format!("a target with {name}"), sent, 400, code));
    }
    for (name, target, host, path) in GOOD {
        let sent = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let onward = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{{{host}}}\r\n");
        cases.push(passed(name, sent, onward));
    }
    let two = |first: &str, second: &str| {
        format!("GET /@@ HTTP/1.1\r\nHost: {first}\r\nX: y\r\nhost: {second}\r\n\r\n{INNER}")
    };
    cases.extend([
        refused("no host", format!("GET /@@ HTTP/1.1\r\nX: y\r\n\r\n{INNER}"), 400, "no_host"),
        refused(
            "an absolute target without a host",
            format!("GET http://a/@@ HTTP/1.1\r\nX: y\r\n\r\n{INNER}"),
            400,
            "no_host",
        ),
        refused("two hosts", two("a", "b"), 400, "second_host"),
        refused("the same host twice", two("a", "a"), 400, "second_host"),
        refused("two hosts in HTTP/1.0", two("a", "b").replace("1.1", "1.0"), 400, "second_host"),
        passed(
            "HTTP/1.0 without a host gets an empty one",
            "GET /@@ HTTP/1.0\r\nX: y\r\n\r\n",
            "GET /@@ HTTP/1.1\r\nHost: \r\nX: y\r\n{}\r\n",
        )
        .closing(),
        passed(
            "an absolute target of HTTP/1.0 is its host",
            "GET http://b:81/@@ HTTP/1.0\r\n\r\n",
            "GET /@@ HTTP/1.1\r\nHost: b:81\r\n{b:81}\r\n",
        )
        .closing(),
    ]);
    cases
}
